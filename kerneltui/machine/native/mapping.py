"""Where virtual addresses lead: a walk of the page tables, as the core's MMU does it.

Document: Arm Architecture Reference Manual for A-profile, DDI 0487, chapter D8: the VMSAv8-64
translation tables, stage 1.  Modelled: granules of 4, 16 and 64 KiB, both ranges of EL1 and EL0,
the one of EL2 and EL3.  To look changes nothing: no access flag is set, no permission checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from kerneltui.machine.native.engine import Engine
from kerneltui.machine.native.system_registers import OP1_OF_LEVEL, SystemRegister

ADDRESS = 0xFFFF_FFFF_F000
GRANULES0, GRANULES1 = {0: 12, 1: 16, 2: 14}, {1: 14, 2: 12, 3: 16}
"""TCR_ELx.TG0 and TG1 (D19.2.139): bits of a page's offset."""
MOST_LEAVES = 20_000


class MappedMemory(Protocol):
    """A core's memory, as it is looked at."""

    engine: Engine

    def physical_bytes(self, address: int, size: int) -> bytes:
        """What lies in the RAM; empty where there is none."""


class Leaf(NamedTuple):
    """A page or a block that is mapped."""

    virtual: int
    physical: int
    size: int


class _Range(NamedTuple):
    """One table, and what of an address it translates."""

    table: int
    page_bits: int
    size_bits: int
    base: int
    """of the virtual addresses"""


def _ranges(core: MappedMemory, level: int) -> list[_Range]:
    """The ranges of the translation regime of an exception level; none while its MMU is off."""
    level = max(level, 1)
    op1, system = OP1_OF_LEVEL[level], core.engine.system
    if not system(SystemRegister(3, op1, 1, 0, 0)) & 1:
        return []
    tcr = system(SystemRegister(3, op1, 2, 0, 2))
    table = system(SystemRegister(3, op1, 2, 0, 0)) & ADDRESS
    found = [_Range(table, GRANULES0.get(tcr >> 14 & 3, 12), 64 - (tcr & 63), 0)]
    if level == 1:
        table, size_bits = system(SystemRegister(3, 0, 2, 0, 1)) & ADDRESS, 64 - (tcr >> 16 & 63)
        base = (1 << 64) - (1 << size_bits)
        found.append(_Range(table, GRANULES1.get(tcr >> 30 & 3, 12), size_bits, base))
    return found


def _first_shift(of: _Range) -> int:
    """How far the index of the first table is to the left."""
    span = of.page_bits - 3
    levels = -(-(of.size_bits - of.page_bits) // span)
    return of.page_bits + span * (levels - 1)


def _entry(core: MappedMemory, table: int, index: int) -> int:
    return int.from_bytes(core.physical_bytes(table + 8 * index, 8), "little")


def physical(core: MappedMemory, address: int, level: int) -> int | None:
    """The physical address of a virtual one; None where nothing is mapped."""
    ranges = _ranges(core, level)
    if not ranges:
        return address
    for of in ranges:
        if of.base <= address < of.base + (1 << of.size_bits):
            return _walk(core, of, address)
    return None


def _walk(core: MappedMemory, of: _Range, address: int) -> int | None:
    table, shift, top = of.table, _first_shift(of), of.size_bits
    while True:
        entry = _entry(core, table, address >> shift & (1 << top - shift) - 1)
        if not entry & 1:
            return None
        if not entry & 2 or shift == of.page_bits:
            return entry & ADDRESS & -(1 << shift) | address & (1 << shift) - 1
        table, top, shift = entry & ADDRESS, shift, shift - (of.page_bits - 3)


def leaves(core: MappedMemory, level: int) -> Iterator[Leaf]:
    """All that is mapped, :data:`MOST_LEAVES` at most."""
    budget = [MOST_LEAVES]
    for of in _ranges(core, level):
        yield from _leaves(core, of, (of.table, _first_shift(of), of.size_bits, of.base), budget)


def _leaves(
    core: MappedMemory, of: _Range, at: tuple[int, int, int, int], budget: list[int]
) -> Iterator[Leaf]:
    table, shift, top, base = at
    count = 1 << top - shift
    entries = core.physical_bytes(table, 8 * count)
    for index in range(len(entries) // 8):
        entry = int.from_bytes(entries[8 * index : 8 * index + 8], "little")
        if not entry & 1 or budget[0] <= 0:
            continue
        virtual = base + (index << shift)
        if not entry & 2 or shift == of.page_bits:
            budget[0] -= 1
            yield Leaf(virtual, entry & ADDRESS & -(1 << shift), 1 << shift)
        else:
            below = entry & ADDRESS, shift - (of.page_bits - 3), shift, virtual
            yield from _leaves(core, of, below, budget)
