"""Register declarations, and the file that serves accesses from them.

One frozen table per register block drives everything: reads, writes, names in the trace, the
decoded register panel and the Markdown reference.  A device declares the table, adds *hooks* where
hardware does more than store bits, and never parses an offset itself.

Hooks are methods of the owning device, bound by the register's name (index braces dropped):

``peek_NAME(index, cpu) -> int``
    the value that a read would return, without any effect; for computed registers (a counter)
``read_NAME(index, cpu) -> int``
    a read with its effect (an acknowledge, a FIFO pop); needs a ``peek_NAME`` beside it unless the
    stored value is what a read returns
``write_NAME(index, cpu, value) -> None``
    called after the access kinds have been applied to the stored value, with the bits as written

``index`` is the element of a register array (0 for single registers), ``cpu`` the accessing core.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any


class Access(StrEnum):
    """What a load and a store do to one field."""

    RW = "RW"
    """reads back what was written"""
    RO = "RO"
    """stores are ignored"""
    WO = "WO"
    """reads as zero; a store acts through the register's write hook and is not kept"""
    W1S = "W1S"
    """reads the state; a one sets the bit, a zero leaves it"""
    W1C = "W1C"
    """reads the state; a one clears the bit (the other face of a W1S register)"""
    RW1C = "RW1C"
    """a status bit that hardware sets and a one clears"""
    RES0 = "RES0"
    """reserved: reads as zero, stores are ignored"""
    TAG = "TAG"
    """declared, not modelled: reads the reset value, a store is reported and has no effect"""


RW, RO, WO, W1S, W1C = Access.RW, Access.RO, Access.WO, Access.W1S, Access.W1C
RW1C, RES0, TAG = Access.RW1C, Access.RES0, Access.TAG


class RegisterError(Exception):
    """A register table or its hooks contradict themselves (a programming error)."""


@dataclass(frozen=True, slots=True)
class Field:
    """Bits ``lsb .. lsb+width-1`` of a register."""

    name: str
    lsb: int
    width: int = 1
    access: Access = Access.RW
    doc: str = ""
    values: tuple[tuple[int, str], ...] = ()
    """what particular values mean, for the decoded view"""
    irq: int | None = None
    """each bit stands for an interrupt; bit 0 for this one, in the first element of an array"""

    @property
    def mask(self) -> int:
        """The field's bits, in place."""
        return ((1 << self.width) - 1) << self.lsb

    def extract(self, value: int) -> int:
        """The field's value out of a register value."""
        return (value >> self.lsb) & ((1 << self.width) - 1)


@dataclass(frozen=True, slots=True)
class Register:
    """One register, or an array of ``count`` equal ones when the name carries ``{n}``.

    ``offset`` is that of the first element, from the block's base.  ``first`` is the number that
    the datasheet gives to the first element.  ``store`` names the state behind the register:
    registers with the same store are faces of one state (ISENABLER and ICENABLER).  ``packed``
    keeps a whole array in one integer, element ``n`` at bit ``n * width``: made for bitmaps over
    interrupt numbers.  ``banked`` gives each core a copy of its own.  ``implemented`` masks the
    bits that exist (over the whole integer when packed); the others read as zero.  ``part`` tells
    apart the parts of one array that differ in kind (banked and shared): it stands in the stem
    instead of the index, and never in a label.  A ``volatile`` register changes with time alone (a
    counter): nobody needs to be told that it did.
    """

    name: str
    offset: int
    fields: tuple[Field, ...] = ()
    doc: str = ""
    ref: str = ""
    width: int = 32
    reset: int = 0
    count: int = 1
    stride: int = 0
    first: int = 0
    banked: bool = False
    packed: bool = False
    store: str = ""
    implemented: int = -1
    part: str = ""
    volatile: bool = False

    @property
    def stem(self) -> str:
        """The name without its index, as hooks and stores use it."""
        return self.name.replace("{n}", self.part)

    @property
    def store_name(self) -> str:
        """The name of the state behind this register."""
        return self.store or self.stem

    def mask_of(self, *kinds: Access) -> int:
        """The bits of all fields with one of these access kinds."""
        mask = 0
        for item in self.fields:
            if item.access in kinds:
                mask |= item.mask
        return mask

    def label(self, index: int) -> str:
        """The datasheet's name of one element (``index`` counts from 0)."""
        return self.name.replace("{n}", str(self.first + index))


@dataclass(frozen=True)
class RegisterTable:
    """All registers of one block, as the datasheet lists them.

    ``module`` and ``name`` say under which global the table lives: tables are pickled by reference.
    ``size`` is the extent of the block in address units.  ``byte_addressed`` is false where each
    address names a whole register (system registers, MSRs, index/data windows); ``base`` is then
    the block's place in that space, which no board can choose.
    """

    module: str
    name: str
    title: str
    size: int
    registers: tuple[Register, ...]
    ref: str = ""
    byte_addressed: bool = True
    base: int = 0
    _by_stem: dict[str, Register] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        taken: dict[int, str] = {}
        for register in self.registers:
            if register.stem in self._by_stem:
                raise RegisterError(f"{self.name}: {register.name} is declared twice")
            self._by_stem[register.stem] = register
            self._check(register, taken)

    def _check(self, register: Register, taken: dict[int, str]) -> None:
        bits: dict[int, str] = {}
        for item in register.fields:
            for bit in range(item.lsb, item.lsb + item.width):
                if bit >= register.width:
                    raise RegisterError(
                        f"{register.name}.{item.name}: beyond {register.width} bits"
                    )
                if bit in bits:
                    raise RegisterError(f"{register.name}: {item.name} overlaps {bits[bit]}")
                bits[bit] = item.name
        for index, offset in self.elements(register):
            span = register.width // 8 if self.byte_addressed else 1
            for unit in range(offset, offset + span):
                if unit in taken:
                    raise RegisterError(
                        f"{self.name}: {register.label(index)} overlaps {taken[unit]}"
                    )
                if unit >= self.size:
                    raise RegisterError(
                        f"{self.name}: {register.label(index)} is outside the block"
                    )
                taken[unit] = register.label(index)

    def elements(self, register: Register) -> Iterator[tuple[int, int]]:
        """``(index, offset)`` of each element of a register (array)."""
        stride = register.stride or (register.width // 8 if self.byte_addressed else 1)
        for index in range(register.count):
            yield index, register.offset + index * stride

    def __getitem__(self, stem: str) -> Register:
        return self._by_stem[stem]

    def __contains__(self, stem: str) -> bool:
        return stem in self._by_stem

    def __reduce__(self) -> tuple[Any, ...]:
        return _table_by_name, (self.module, self.name)


def _table_by_name(module: str, name: str) -> RegisterTable:
    table: RegisterTable = getattr(importlib.import_module(module), name)
    return table


@dataclass(frozen=True, slots=True)
class Slot:
    """One register element at its place in the block."""

    register: Register
    index: int
    offset: int

    @property
    def name(self) -> str:
        """The element's datasheet name."""
        return self.register.label(self.index)


Changes = tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]


@cache
def _layout(module: str, name: str, changes: Changes) -> dict[int, Slot]:
    """Offset -> slot of a table with a device's changes applied; one per process."""
    table = _table_by_name(module, name)
    changed = {stem: dict(items) for stem, items in changes}
    layout: dict[int, Slot] = {}
    for declared in table.registers:
        register = replace(declared, **changed.get(declared.stem, {}))
        for index, offset in table.elements(register):
            layout[offset] = Slot(register, index, offset)
    return layout


class _Port:
    """A slot bound to one file's state and hooks: what an access needs, and nothing else."""

    __slots__ = (
        "base", "cells", "clears", "index", "is_plain", "keeps", "peek", "per_cpu", "read",
        "readable", "sets", "shift", "size", "tags", "write", "writes",
    )  # fmt: skip

    def __init__(self, owner: object, slot: Slot, cells: list[int], size: int) -> None:
        register = slot.register
        full = (1 << register.width) - 1
        live = full
        if register.packed:
            self.shift = register.width * (register.first + slot.index)
            live &= register.implemented >> self.shift
            self.base, self.per_cpu = 0, 1 if register.banked else 0
        else:
            self.shift = 0
            live &= register.implemented
            self.base = slot.index
            self.per_cpu = register.count if register.banked else 0
        stem = register.stem
        self.index = slot.index
        self.cells = cells
        self.size = size
        self.writes = register.mask_of(RW) & live
        self.sets = register.mask_of(W1S) & live
        self.clears = register.mask_of(W1C, RW1C) & live
        self.tags = register.mask_of(TAG)
        self.readable = full & live & ~register.mask_of(WO, RES0)
        self.keeps = ~((self.writes | self.clears) << self.shift)
        self.is_plain = not (self.shift or self.sets or self.clears)
        self.peek: Callable[[int, int], int] | None = getattr(owner, f"peek_{stem}", None)
        self.read: Callable[[int, int], int] | None = getattr(owner, f"read_{stem}", self.peek)
        self.write: Callable[[int, int, int], None] | None = getattr(owner, f"write_{stem}", None)


_HOOK = re.compile(r"(peek|read|write)_([A-Z].*)")


class RegisterFile:
    """The registers of one block at work: state, access kinds and hooks.

    ``changes`` adapts single registers to a device's parameters, by stem:
    ``{"GICD_TYPER": {"reset": 0x66}}``.  Reads and writes take an offset in address units, a size
    in bytes and the accessing core.  An offset that the table does not declare reads as zero and
    is reported through ``on_unmodelled(text)``, as a store to a TAG field is.
    """

    def __init__(
        self,
        owner: object,
        table: RegisterTable,
        *,
        cpus: int = 1,
        changes: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.owner = owner
        self.table = table
        self.cpus = cpus
        self._changes: Changes = tuple(
            (stem, tuple(sorted(items.items()))) for stem, items in sorted((changes or {}).items())
        )
        for stem, _ in self._changes:
            if stem not in table:
                raise RegisterError(f"{table.name}: no register {stem} to change")
        self._stores: dict[str, list[int]] = {}
        self.on_unmodelled: Callable[[str], None] | None = None
        self._bind()
        self._check_hooks()
        self.reset()

    def _bind(self) -> None:
        self._layout = _layout(self.table.module, self.table.name, self._changes)
        self._ports: dict[int, _Port] = {}

    def __getstate__(self) -> tuple[Any, ...]:
        return (
            self.owner, self.table, self.cpus, self._changes, self._stores,
        )  # fmt: skip

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.owner, self.table, self.cpus, self._changes, self._stores = state
        self.on_unmodelled = None
        self._bind()

    def _check_hooks(self) -> None:
        """Each hook-like method of the owner must name a register of one of its tables."""
        tables: tuple[RegisterTable, ...] = getattr(self.owner, "TABLES", (self.table,))
        for attribute in dir(type(self.owner)):
            found = _HOOK.fullmatch(attribute)
            if found and not any(found[2] in table for table in tables):
                raise RegisterError(f"{type(self.owner).__name__}.{attribute} names no register")

    # -- state ------------------------------------------------------------------------------

    def store(self, name: str) -> list[int]:
        """The live state behind registers: one int per element, or per core, or core-major both.

        The list's identity never changes: devices may keep it.
        """
        return self._stores[name]

    def reset(self) -> None:
        """Every register to its reset value."""
        done: set[str] = set()
        for register in self._registers():
            name = register.store_name
            if name in done:
                continue
            done.add(name)
            copies = self.cpus if register.banked else 1
            elements = 1 if register.packed else register.count
            self._stores.setdefault(name, [])[:] = [register.reset] * (copies * elements)

    def _registers(self) -> Iterator[Register]:
        seen: set[str] = set()
        for slot in self._layout.values():
            if slot.register.stem not in seen:
                seen.add(slot.register.stem)
                yield slot.register

    def slots(self) -> Iterator[Slot]:
        """Every register element of the block, in table order."""
        return iter(self._layout.values())

    def slot_at(self, offset: int) -> Slot | None:
        """The element that covers ``offset``, or None."""
        if not self.table.byte_addressed:
            return self._layout.get(offset)
        for size in (1, 2, 4, 8):
            slot = self._layout.get(offset & -size)
            if slot is not None and offset - slot.offset < slot.register.width // 8:
                return slot
        return None

    def _port(self, slot: Slot) -> _Port:
        port = self._ports.get(slot.offset)
        if port is None:
            register = slot.register
            cells = self._stores[register.store_name]
            port = self._ports[slot.offset] = _Port(self.owner, slot, cells, register.width // 8)
        return port

    # -- accesses -----------------------------------------------------------------------------

    def read(self, offset: int, size: int = 4, cpu: int = 0) -> int:
        """A load: the value, with the effects that the hardware has."""
        port = self._ports.get(offset)
        if port is None or port.size != size:
            return self._other_size(offset, size, cpu, effects=True)
        if port.read is not None:
            return port.read(port.index, cpu)
        return (port.cells[port.base + cpu * port.per_cpu] >> port.shift) & port.readable

    def peek(self, offset: int, size: int = 4, cpu: int = 0) -> int:
        """What ``read`` would return, without any effect."""
        port = self._ports.get(offset)
        if port is None or port.size != size:
            return self._other_size(offset, size, cpu, effects=False)
        if port.peek is not None:
            return port.peek(port.index, cpu)
        return (port.cells[port.base + cpu * port.per_cpu] >> port.shift) & port.readable

    def write(self, offset: int, value: int, size: int = 4, cpu: int = 0) -> None:
        """A store: access kinds first, then the register's hook."""
        port = self._ports.get(offset)
        if port is None or port.size != size:
            self._write_other_size(offset, value, size, cpu)
            return
        cells, shift = port.cells, port.shift
        cell = port.base + cpu * port.per_cpu
        if port.is_plain:
            cells[cell] = cells[cell] & port.keeps | value & port.writes
        else:
            cells[cell] = (
                (cells[cell] & port.keeps)
                | (cells[cell] & ((port.clears & ~value) << shift))
                | ((value & (port.writes | port.sets)) << shift)
            )
        if port.tags and value & port.tags:
            self._report(f"{self._layout[offset].name} <- {value:#x}: bits {value & port.tags:#x}")
        if port.write is not None:
            port.write(port.index, cpu, value)

    def _other_size(self, offset: int, size: int, cpu: int, *, effects: bool) -> int:
        """A first access, one narrower or wider than the register, or one beside any register."""
        slot = self.slot_at(offset)
        if slot is None:
            if effects:
                self._report(f"read of {self.table.name}+{offset:#x}, where no register is")
            return 0
        width = slot.register.width // 8
        access = self.read if effects else self.peek
        self._port(slot)
        if not self.table.byte_addressed or (size == width and offset == slot.offset):
            return access(slot.offset, width, cpu)
        if size > width:
            return sum(
                access(offset + part, width, cpu) << (8 * part) for part in range(0, size, width)
            )
        value = access(slot.offset, width, cpu) >> (8 * (offset - slot.offset))
        return value & ((1 << (8 * size)) - 1)

    def _write_other_size(self, offset: int, value: int, size: int, cpu: int) -> None:
        slot = self.slot_at(offset)
        if slot is None:
            self._report(f"{self.table.name}+{offset:#x} <- {value:#x}: no register is there")
            return
        width = slot.register.width // 8
        port = self._port(slot)
        if not self.table.byte_addressed or (size == width and offset == slot.offset):
            self.write(slot.offset, value, width, cpu)
        elif size > width:
            for part in range(0, size, width):
                chunk = (value >> (8 * part)) & ((1 << (8 * width)) - 1)
                self.write(offset + part, chunk, width, cpu)
        else:
            # The byte lanes that the store does not drive keep what read-write bits hold there.
            lanes = ((1 << (8 * size)) - 1) << (8 * (offset - slot.offset))
            held = port.cells[port.base + cpu * port.per_cpu] >> port.shift
            merged = (value << (8 * (offset - slot.offset))) & lanes | held & port.writes & ~lanes
            self.write(slot.offset, merged, width, cpu)

    def _report(self, text: str) -> None:
        if self.on_unmodelled is not None:
            self.on_unmodelled(text)
