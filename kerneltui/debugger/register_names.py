"""Registers as people name them, on one machine.

A name is that of the datasheet and the panels (``GICC_PMR``, ``IOREDTBL2_LOW``).  Where several
have it, the device or the block stands in front (``ioapic1/IOWIN``, ``I8259_SLAVE/IMR``).  Of a
register that secure and other accesses see differently the plain name means what other software
sees.  Behind the name can be a field (``CNTP_CTL_EL0.IMASK``), or one bit of a field
(``IMR.M[3]``).  ``core1/`` in front of all names a core.  Whatever is wrong with a name raises
ValueError, in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from kerneltui.errors import suggestion
from kerneltui.hw.register import Field, Register, Slot
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import CORE_REGISTERS

NEAREST = 3
"""how many names an error proposes"""
NUMBER = r"0[xX][0-9a-fA-F][0-9a-fA-F_]*|0[bB][01][01_]*|[0-9][0-9_]*"
"""What is taken for a number, as a pattern."""
_CORE = re.compile(r"core ?([0-9]+)")
_FIELD = re.compile(r"(\w+)(?:\[([0-9]+)\])?")


class RegisterSite(NamedTuple):
    """A register, and where it is reached."""

    device: str
    block: str
    file: RegisterFile
    slot: Slot
    space: str
    address: int
    is_out_of_sight: bool = False
    """software meets another register of that name in its place: see :attr:`Machine.sight`"""

    @property
    def overlay(self) -> str:
        """Which one it is where the address does not say."""
        return self.slot.register.overlay


class _Sites(NamedTuple):
    """All registers of a machine, in order and by name."""

    every: tuple[RegisterSite, ...]
    by_name: dict[str, list[RegisterSite]]


def _sites(machine: Machine) -> _Sites:
    found: _Sites | None = machine.known_sites
    if found is None:
        found = machine.known_sites = _Sites(tuple(_found(machine)), {})
        for site in found.every:
            found.by_name.setdefault(site.slot.name, []).append(site)
    return found


def sites(machine: Machine) -> Sequence[RegisterSite]:
    """Every register of the devices, and those of a core.

    A block that a board shows at several addresses is named once: where it comes first.
    """
    return _sites(machine).every


def _found(machine: Machine) -> Iterator[RegisterSite]:
    for device in machine.devices.values():
        named: set[int] = set()
        for space, base, file in machine.windows(device):
            if id(file) in named:
                continue
            named.add(id(file))
            block = file.table.name
            for slot in file.slots():
                if slot.register.overlay or space not in machine.spaces:
                    here, address = f"{device.name}.{block}", slot.offset
                else:
                    here, address = space, base + slot.offset
                yield RegisterSite(
                    device.name, block, file, slot, here, address,
                    machine.is_out_of_sight(file.table),
                )  # fmt: skip
    regs = machine.core.regs
    for slot in regs.slots():
        yield RegisterSite("core", regs.table.name, regs, slot, CORE_REGISTERS, slot.offset)


def split_core(fronts: Sequence[str]) -> tuple[int | None, list[str]]:
    """The core that is named in front of all, if one is; and what else is in front."""
    rest = list(fronts)
    chosen = _CORE.fullmatch(rest[0]) if rest else None
    return (int(chosen[1]), rest[1:]) if chosen else (None, rest)


def check_core(machine: Machine, core: int) -> None:
    """Whether the board has that core."""
    count = len(machine.cores)
    if core >= count:
        known = f"cores 0 to {count - 1}" if count > 1 else "core 0 alone"
        raise ValueError(f"there is no core {core}; {machine.board_name} has {known}")


def register_and_label(
    machine: Machine, fronts: Sequence[str], name: str
) -> tuple[RegisterSite, str]:
    """The register of a name, by the devices and blocks in front; and the shortest name for it."""
    alike = registers_named(machine, name)
    if not alike:
        close = nearest(name, [site.slot.name for site in sites(machine)])
        hint = f"did you mean {listed(close)}?" if close else "panel 1 shows those that there are"
        raise ValueError(f"no register '{name}' on {machine.board_name}; {hint}")
    site = _only(alike, fronts, name, machine)
    return site, label_of(site, alike)


def registers_named(machine: Machine, name: str) -> list[RegisterSite]:
    """All registers of a name; if none has exactly that one, those that differ in case."""
    known = _sites(machine)
    found = known.by_name.get(name)
    if found is not None:
        return list(found)
    return [site for site in known.every if site.slot.name.lower() == name.lower()]


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The names that are most like one.

    First those of the same letters in another order, then the shortest that contain it.
    """
    names, asked = {item.lower(): item for item in known}, name.lower()
    near = get_close_matches(asked, names, n=len(names))
    anagrams = [item for item in near if sorted(item) == sorted(asked)]
    longer = sorted((item for item in names if asked in item), key=len)
    found = dict.fromkeys((*anagrams, *(longer if len(asked) > 1 else ()), *near))
    return [names[item] for item in list(found)[:NEAREST]]


def listed(words: Sequence[str]) -> str:
    """``'a', 'b' or 'c'``."""
    *most, last = (f"'{word}'" for word in words)
    return f"{', '.join(most)} or {last}" if most else last


def _only(
    alike: Sequence[RegisterSite], fronts: Sequence[str], name: str, machine: Machine
) -> RegisterSite:
    """The one that is meant by devices and blocks in front."""
    for front in fronts:
        names = [name for site in sites(machine) for name in (site.device, site.block)]
        if front not in names:
            hint = suggestion(front, dict.fromkeys(names))
            raise ValueError(f"no device or block '{front}' on {machine.board_name}{hint}")
    if not fronts and not all(site.is_out_of_sight for site in alike):
        alike = [site for site in alike if not site.is_out_of_sight]
    found = [site for site in alike if {*fronts} <= {site.device, site.block}]
    labels = [label_of(site, alike) for site in alike]
    if not found:
        raise ValueError(
            f"'{'/'.join(fronts)}' has no register '{name}'; there is {listed(labels)}"
        )
    if len(found) > 1:
        raise ValueError(f"there are several registers '{name}'; write {listed(labels)}")
    return found[0]


def label_of(site: RegisterSite, alike: Sequence[RegisterSite]) -> str:
    """The shortest name that no other one of the same name has."""
    name = site.slot.name
    if not site.is_out_of_sight:
        alike = [item for item in alike if not item.is_out_of_sight]
    if len(alike) == 1:
        return name
    if [item.device for item in alike].count(site.device) == 1:
        return f"{site.device}/{name}"
    if [item.block for item in alike].count(site.block) == 1:
        return f"{site.block}/{name}"
    return f"{site.device}/{site.block}/{name}"


def bits_named(register: Register, label: str, text: str) -> tuple[Field, int, int]:
    """A field, or one bit of it: with the lowest bit's place and the width."""
    read = _FIELD.fullmatch(text)
    names = {item.name: item for item in register.fields}
    field = names.get(read[1]) if read else None
    if read is None or field is None:
        raise ValueError(f"{label} has no field '{text}'{suggestion(text, names)}")
    if read[2] is None:
        return field, field.lsb, field.width
    bit = int(read[2])
    if bit >= field.width:
        raise ValueError(f"{label}.{field.name} has bits 0 to {field.width - 1}, and no bit {bit}")
    return field, field.lsb + bit, 1


def to_number(text: str) -> int:
    """What a text of the form :data:`NUMBER` says."""
    if not re.fullmatch(NUMBER, text):
        raise ValueError(f"'{text}' is not a number; write it like 10, 0x0a or 0b1010")
    digits = text.replace("_", "")
    base = {"0x": 16, "0b": 2}.get(digits[:2].lower(), 10)
    return int(digits[2:] if base != 10 else digits, base)
