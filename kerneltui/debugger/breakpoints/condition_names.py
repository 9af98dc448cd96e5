"""What names stand for in the condition of a breakpoint."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from kerneltui.debugger.breakpoints.condition_words import CONNECTIVES, LONGEST_SHOWN, quoted
from kerneltui.debugger.register_names import (
    NEAREST,
    RegisterSite,
    bits_named,
    check_core,
    label_of,
    listed,
    nearest,
    register_and_label,
    registers_named,
    sites,
    split_core,
)
from kerneltui.hw.register import RES0, WO, Register
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import CORE_REGISTERS

NAMES = {
    "value": ("what was stored or read", "value == 30"),
    "old": ("what was there before", "old != value"),
    "core": ("the core on which it happens", "core == 1"),
    "time": ("virtual time in ns", "time > 1_000_000_000"),
    "depth": ("handlers in progress on the core", "depth > 1"),
    "interrupts": ("interrupts that all cores together have taken so far", "interrupts > 100"),
}
"""What each stands for, and an example."""
OFFERED_BY = {"value": "read, write, access and change", "old": "write and change"}
"""Which kinds of breakpoints have a name that not all of them have."""


class Event(NamedTuple):
    """What a condition is asked about: something has just happened, on a core.

    It carries the values that the condition has been promised.
    """

    core: int
    value: int | None = None
    """what a store brought"""
    old: int | None = None
    """what the register showed before"""
    stored: int | None = None
    """what a store brought for the whole register, where the subject is a part of it"""
    loaded: int | None = None
    """what the subject showed to a load, which may have changed it (GICC_IAR)"""


Reading = Callable[[Event], int]
Quantities = Mapping[str, Callable[[], int]]
"""Further names, and what each is at present."""


class NamedReading(NamedTuple):
    """What a name stands for."""

    spelling: str
    """as the datasheet has it"""
    reading: Reading
    width: int | None = None
    """bits, of a register or a part of it"""


class ConditionNames:
    """The names, on a machine, for a breakpoint whose own register is ``subject``."""

    def __init__(
        self,
        machine: Machine,
        subject: RegisterSite | None,
        values: Collection[str],
        quantities: Quantities,
    ) -> None:
        self._machine = machine
        self._subject = subject
        self._values = values
        self._quantities = quantities
        fields = subject.slot.register.fields if subject is not None else ()
        self._fields = [item.name for item in fields]
        """of the subject"""
        self.reads: set[str] = set()
        """registers that have been asked for, by their shortest names"""

    def find(self, word: str) -> NamedReading:
        """What a name stands for.  Raises ValueError, in words."""
        if len(word) > LONGEST_SHOWN:
            raise ValueError(f"no register or name is as long as {quoted(word)}")
        stem = re.split(r"[.\[]", word, maxsplit=1)[0]
        further = self._quantities.get(stem)
        if further is not None or stem in NAMES:
            if stem != word:
                raise ValueError(f"'{stem}' is a number and has no fields; write {stem} & MASK")
            if further is not None:
                return NamedReading(word, lambda _: further())
            return NamedReading(word, self._quantity(word))
        path, dot, field = word.partition(".")
        if self._subject is not None and stem in self._fields and not dot:
            alike = registers_named(self._machine, self._subject.slot.name)
            label = label_of(self._subject, alike)
            return self._register(word, self._subject, label, word, None)
        *fronts, name = path.split("/")
        name, bracket, bit = name.partition("[")
        if not fronts and not registers_named(self._machine, name):
            raise ValueError(self._unknown(name))
        chosen, owners = split_core(fronts)
        if chosen is not None:
            check_core(self._machine, chosen)
        site, label = register_and_label(self._machine, owners, name)
        if bracket:
            raise ValueError(f"a bit is one of a field; write {label}.FIELD[{bit}")
        spelling = "/".join((*fronts, site.slot.name)) + dot + field
        return self._register(spelling, site, label, field if dot else None, chosen)

    def _quantity(self, name: str) -> Reading:
        """One of :data:`NAMES`."""
        machine = self._machine
        if name in OFFERED_BY and name not in self._values:
            kind = OFFERED_BY[name]
            raise ValueError(f"of breakpoints only {kind} have '{name}'")
        cores = machine.cores
        readings: dict[str, Reading] = {
            "value": _brought,
            "old": _held_before,
            "core": lambda now: now.core,
            "time": lambda _: machine.now,
            "depth": lambda now: cores[now.core].depth,
            "interrupts": lambda _: sum(core.interrupts_taken for core in cores),
        }
        return readings[name]

    def _unknown(self, name: str) -> str:
        """That there is no such name, with those that may be meant."""
        known = list(sites(self._machine))
        offered = [item for item in NAMES if item not in OFFERED_BY or item in self._values]
        names = [*(site.slot.name for site in known), *offered, *self._quantities, *self._fields]
        close = [item for item in (*names, *CONNECTIVES) if item.lower() == name.lower()]
        if not close:
            fields_of_others = [
                f"{label_of(site, registers_named(self._machine, site.slot.name))}.{item.name}"
                for site in known
                for item in site.slot.register.fields
                if item.name.lower() == name.lower()
            ][:NEAREST]
            close = [*nearest(name, names), *fields_of_others][:NEAREST]
        hint = f"did you mean {listed(close)}?" if close else "panel 1 shows the registers"
        return f"no register or name '{name}'; {hint}"

    def _register(
        self, spelling: str, site: RegisterSite, label: str, field: str | None, core: int | None
    ) -> NamedReading:
        """A register, or bits of it; ``core``: as that one sees it, whoever makes the event."""
        register = site.slot.register
        shift, width, is_write_only = 0, register.width, _is_write_only(register)
        if field is not None:
            item, shift, width = bits_named(register, label, field)
            is_write_only = item.access is WO
        mask = (1 << width) - 1
        if is_write_only:
            if not self._is_subject(site) or "value" not in self._values:
                raise ValueError(f"{spelling} is write-only: it shows nothing to compare")
            return NamedReading(spelling, lambda now: _stored(now) >> shift & mask, width)
        self.reads.add(label if core is None else f"core{core}/{label}")
        peek = self._peek(site, core)
        if core is None and self._is_subject(site):
            peek = _loaded_or(peek)
        return NamedReading(spelling, lambda now: peek(now) >> shift & mask, width)

    def _peek(self, site: RegisterSite, core: int | None) -> Reading:
        """A whole register, without any effect."""
        key, size, file = site.slot.key, site.slot.register.width // 8, site.file
        if site.space == CORE_REGISTERS:
            files = [item.regs for item in self._machine.cores]
            if core is None:
                return lambda now: files[now.core].peek(key, size)
            file = files[core]  # of one core: what is in it has no other copies
            return lambda _: file.peek(key, size)
        if core is None:
            return lambda now: file.peek(key, size, now.core)
        return lambda _: file.peek(key, size, core)

    def _is_subject(self, site: RegisterSite) -> bool:
        own = self._subject
        return own is not None and own.file is site.file and own.slot.key == site.slot.key


def _is_write_only(register: Register) -> bool:
    return bool(register.fields) and all(item.access in {WO, RES0} for item in register.fields)


def _brought(now: Event) -> int:
    assert now.value is not None
    return now.value


def _loaded_or(peek: Reading) -> Reading:
    """What the register showed to the load in question, or shows now."""
    return lambda now: peek(now) if now.loaded is None else now.loaded


def _stored(now: Event) -> int:
    return _brought(now) if now.stored is None else now.stored


def _held_before(now: Event) -> int:
    assert now.old is not None
    return now.old
