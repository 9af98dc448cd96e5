"""A register at its place: what explanations of registers begin with."""

from __future__ import annotations

import re
from typing import NamedTuple

from kerneltui.debugger.references import FieldReference, RegisterReference
from kerneltui.debugger.session import Session
from kerneltui.hw.device import InterruptController
from kerneltui.hw.manual import place_in
from kerneltui.hw.register import Slot
from kerneltui.hw.register_file import RegisterFile

_NUMBERED = re.compile(r"\d*n\b")
"""In a register's text: the number that stands in its name."""


class Found(NamedTuple):
    """A register at its place."""

    reference: RegisterReference
    file: RegisterFile
    slot: Slot
    space: str
    address: int
    """or its encoding, or its number"""
    core: int | None
    """whose own it is"""
    numbering: str
    """of the interrupts that its bits stand for"""
    cites: str = ""
    """the manual of the board's chip"""

    @property
    def title(self) -> str:
        """The register and its block, as the manual calls them."""
        return f"{self.slot.name}, {self.file.table.title}"

    @property
    def doc(self) -> str:
        """The table's text; where it counts by n, what that is here."""
        register, number = self.slot.register, self.slot.register.first + self.slot.index
        text = register.doc.replace("{n}", str(number))
        if register.count > 1 and _NUMBERED.search(text):
            text += f" (n is {number} here)"
        return text

    @property
    def names(self) -> frozenset[str]:
        """Of the registers of its block, and of its own fields."""
        registers = (name for slot in self.file.slots() for name in (slot.name, slot.register.stem))
        return frozenset((*registers, *(item.name for item in self.slot.register.fields)))

    @property
    def manual(self) -> str:
        """Document and section."""
        return place_in(self.file.table.ref, self.slot.register.ref, self.cites)


def find(session: Session, reference: RegisterReference) -> Found | None:
    """Where a register is; None for one that is in no table."""
    machine = session.machine
    for device in machine.devices.values():
        if device.name != reference.owner:
            continue
        numbering = device.NUMBERING if isinstance(device, InterruptController) else ""
        for space, base, file in machine.windows(device):
            if file.table.name == reference.block:
                for slot in file.slots():
                    if slot.name == reference.name:
                        place = base + slot.offset
                        return Found(reference, file, slot, space, place, None, numbering,
                                     device.manual)  # fmt: skip
    for core in machine.cores:
        if f"core {core.index}" == reference.owner:
            for slot in core.regs.slots():
                if slot.name == reference.name:
                    space = core.regs.table.space
                    return Found(reference, core.regs, slot, space, slot.offset, core.index, "")
    return None


def value_of(session: Session, found: Found) -> int:
    """What it holds; where each core has its own, that of the core on show."""
    core = session.focus if found.core is None else found.core
    size = 8 if found.core is not None else found.slot.register.width // 8
    return found.file.peek(found.slot.key, size, core)


def meaning_of(session: Session, reference: FieldReference, value: int) -> str:
    """What a field says when it holds a value, in the table's words; mostly it has none."""
    found = find(session, reference.register)
    if found is None:
        return ""
    return dict(found.slot.register[reference.name].values).get(value, "")
