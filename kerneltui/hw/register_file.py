"""Register files: a table's registers at work.

See :mod:`kerneltui.hw.register` for the declarations and for how hooks are named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, ClassVar

from msgspec.structs import replace

from kerneltui.hw.register import (
    RES0,
    RW,
    RW1C,
    TAG,
    W1C,
    W1S,
    WO,
    Key,
    Register,
    RegisterBits,
    RegisterError,
    RegisterTable,
    Slot,
    table_by_name,
)

EVERY_LANE = -1

Changes = tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]


@cache
def _layout(module: str, name: str, changes: Changes) -> dict[Key, Slot]:
    """Key -> slot of a table with a device's changes applied; one per process."""
    table = table_by_name(module, name)
    changed = {stem: dict(items) for stem, items in changes}
    layout: dict[Key, Slot] = {}
    for declared in table.registers:
        register = replace(declared, **changed.get(declared.stem, {}))
        for index, offset in table.elements(register):
            key = (offset, register.overlay) if register.overlay else offset
            layout[key] = Slot(register, index, offset, register.label(index), key)
    return layout


class Port:
    """A slot bound to one file's state and hooks: what an access needs, and nothing else.

    ``read(index, cpu)`` is a whole load and ``store(value, cpu)`` a whole store of the register's
    own ``size`` in bytes; ``tagged(value)`` is told of a store to a TAG field.
    """

    __slots__ = (
        "acts", "base", "cells", "clears", "index", "is_plain", "keeps", "key", "name", "peek",
        "per_cpu", "read", "readable", "sets", "shift", "size", "tagged", "tags", "window", "write",
        "writes",
    )  # fmt: skip

    def __init__(
        self, owner: object, slot: Slot, cells: list[int], tagged: Callable[[str], None]
    ) -> None:
        register = slot.register
        self.name = slot.name
        self.size = register.width // 8
        self.tagged = tagged
        full = (1 << register.width) - 1
        live = register.present(slot.index)
        if register.packed:
            self.shift = register.width * (register.first + slot.index)
            self.base, self.per_cpu = 0, 1 if register.banked else 0
        else:
            self.shift = 0
            self.base = slot.index
            self.per_cpu = register.count if register.banked else 0
        stem = register.stem
        self.index = slot.index
        self.key = slot.key
        self.cells = cells
        mask_of = register.masks_by_access().get
        self.writes = mask_of(RW, 0) & live
        self.sets = mask_of(W1S, 0) & live
        self.clears = (mask_of(W1C, 0) | mask_of(RW1C, 0)) & live
        self.tags = mask_of(TAG, 0)
        self.readable = full & live & ~(mask_of(WO, 0) | mask_of(RES0, 0))
        # Where all bits are read-only, a store acts whatever it drives: it is a command by itself.
        commands = mask_of(WO, 0) & live
        self.acts = self.writes | self.sets | self.clears | commands | self.tags or full
        self.is_plain = not (self.shift or self.sets or self.clears or self.tags)
        """a store changes the cell by the bits of ``writes`` alone, and tells nobody of tags"""
        self.keeps = ~((self.writes | self.clears) << self.shift)
        if self.is_plain and not register.packed:  # else the cell holds other elements too
            self.keeps &= full  # a number that is not negative is combined in half the time
        self.peek: Callable[[int, int], int] = getattr(owner, f"peek_{stem}", self._held)
        self.read: Callable[[int, int], int] = getattr(owner, f"read_{stem}", self.peek)
        self.write: Callable[[int, int, int], None] | None = getattr(owner, f"write_{stem}", None)
        self.window: _Window | None = None

    def _held(self, index: int, cpu: int) -> int:
        """What the cell holds, where no hook says otherwise."""
        return (self.cells[self.base + cpu * self.per_cpu] >> self.shift) & self.readable

    def store(self, value: int, cpu: int) -> None:
        """A store: access kinds first, then the register's hook."""
        if self.is_plain:
            writes = self.writes
            if writes:
                cells, cell = self.cells, self.base + cpu * self.per_cpu
                cells[cell] = cells[cell] & self.keeps | value & writes
        else:
            cells, cell = self.cells, self.base + cpu * self.per_cpu
            held, shift = cells[cell], self.shift
            cells[cell] = (
                held & self.keeps
                | held & (self.clears & ~value) << shift
                | (value & (self.writes | self.sets)) << shift
            )
            if value & self.tags:
                self.tagged(f"{self.name} <- {value:#x}: bits {value & self.tags:#x}")
        write = self.write
        if write is not None:
            write(self.index, cpu, value)


class _Window:
    """Hooks of a register that passes accesses on to the register that another one selects."""

    def __init__(self, file: RegisterFile, selector: list[int]) -> None:
        self._file = file
        self._selector = selector

    def peek(self, index: int, cpu: int) -> int:
        """Look at the selected register."""
        return self._file.peek(self._selector[0], cpu=cpu)

    def read(self, index: int, cpu: int) -> int:
        """Load from the selected register."""
        return self._file.read(self._selector[0], cpu=cpu)

    def write(self, index: int, cpu: int, value: int) -> None:
        """Store to the selected register."""
        self._file.write(self._selector[0], value, cpu=cpu)

    def write_lanes(self, value: int, lanes: int, cpu: int) -> None:
        """Store to some lanes of the selected register."""
        self._file.write_lanes(self._selector[0], value, lanes, cpu)


@cache
def _check_hooks(owner: Any, tables: tuple[RegisterTable, ...]) -> None:
    """Each hook-like method of a file's owner must name a register of one of its tables."""
    for attribute in dir(owner):
        kind, _, stem = attribute.partition("_")
        is_hook = kind in {"peek", "read", "write"} and stem[:1].isupper()
        if is_hook and not any(stem in table for table in tables):
            raise RegisterError(f"{owner.__name__}.{attribute} names no register")


class RegisterFile:
    """The registers of one block at work: state, access kinds and hooks.

    ``changes`` adapts single registers to a device's parameters, by stem:
    ``{"GICD_TYPER": {"reset": 0x66}}``.  Reads and writes take an offset in address units, a size
    in bytes and the accessing core.  An offset that the table does not declare reads as zero and
    is reported through ``on_unmodelled(text)``, as a store to a TAG field is; in a table that is
    ``raz_wi`` only an unaligned access to a register is.

    An access that is wider than the register goes on to those behind it.  Of registers of one byte,
    as of chips with eight data lines, that is reported through ``on_split(text)``: the bus makes
    several accesses of it, which seldom is what software means.

    A store that is narrower than its register drives some of its byte lanes only; the others are
    not zeros, they are not there.  The store changes nothing in them, and one that drives no bit
    that stores act on does nothing at all.  ``driven`` tells a write hook which bits it may
    believe: all of them, except in such a store.
    """

    TRANSIENT: ClassVar = frozenset((
        "_layout", "_overlaid", "_overlay", "_overlay_of_store", "_ports", "_stores", "driven",
        "known_bits", "on_split", "on_unmodelled",
    ))  # fmt: skip

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
        self.on_split: Callable[[str], None] | None = None
        self.was_split = False
        """a store was wider than the register at its address, and went to further ones"""
        self._bind()
        kind: Any = type(owner)
        _check_hooks(kind, getattr(owner, "TABLES", (table,)))
        self.reset()

    def _bind(self) -> None:
        self._layout = _layout(self.table.module, self.table.name, self._changes)
        self._ports: dict[Key, Port] = {}
        self.known_bits: dict[object, RegisterBits] = {}
        """what rules have found: where bits stand does not change"""
        self.driven = EVERY_LANE
        self._overlaid = {slot.offset for slot in self._layout.values() if slot.register.overlay}
        self._overlay: Callable[[int, bool], str] | None = getattr(self.owner, "overlay", None)
        self._overlay_of_store: Callable[[int, int], str] | None = getattr(
            self.owner, "overlay_of_store", None
        )

    # -- state ------------------------------------------------------------------------------

    def store(self, name: str) -> list[int]:
        """The live state behind registers: one int per element, or per core, or core-major both.

        The list's identity never changes: devices may keep it.
        """
        return self._stores[name]

    def stores(self) -> Iterable[list[int]]:
        """The live state behind all registers."""
        return self._stores.values()

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
        return (slot.register for slot in self._layout.values() if slot.index == 0)

    def slots(self) -> Iterator[Slot]:
        """Every register element of the block, in table order."""
        return iter(self._layout.values())

    def slot_for(self, key: Key) -> Slot:
        """The element with that key.  Raises KeyError where there is none."""
        return self._layout[key]

    def slot_at(self, offset: int, *, write: bool = False, value: int = 0) -> Slot | None:
        """The element that covers ``offset``, or None; of overlays, the one that answers now.

        ``value`` is what a store brings, for the owners to whom that matters.
        """
        sizes = (1, 2, 4, 8) if self.table.byte_addressed else (1,)
        for size in sizes:
            start = offset & -size
            key: Key = start
            if start in self._overlaid:
                key = (start, self._overlay_at(start, value, write=write))
            slot = self._layout.get(key)
            if slot is not None and (
                start == offset or offset - start < max(slot.register.width // 8, 1)
            ):
                return slot
        return None

    def _overlay_at(self, offset: int, value: int, *, write: bool) -> str:
        if write and self._overlay_of_store is not None:
            return self._overlay_of_store(offset, value)
        assert self._overlay is not None, self.table.name
        return self._overlay(offset, write)

    def port(self, slot: Slot) -> Port:
        """What serves an element of this block."""
        port = self._ports.get(slot.key)
        if port is None:
            register = slot.register
            cells = self._stores[register.store_name]
            port = self._ports[slot.key] = Port(self.owner, slot, cells, self._report)
            if register.window is not None:
                behind, selector = register.window
                files: dict[str, RegisterFile] = getattr(self.owner, "files")  # noqa: B009
                window = _Window(files[behind], self._stores[selector])
                port.peek, port.read, port.write = window.peek, window.read, window.write
                port.window = window
        return port

    def port_at(self, offset: int) -> Port | None:
        """What serves an access of a register's own size, where that is always the same.

        That is not so for an overlaid register, nor for one that is a window onto others.
        """
        slot = self._layout.get(offset)
        if slot is None or offset in self._overlaid or slot.register.window is not None:
            return None
        return self.port(slot)

    # -- accesses -----------------------------------------------------------------------------

    def read(self, offset: Key, size: int = 4, cpu: int = 0) -> int:
        """A load: the value, with the effects that the hardware has."""
        port = self._ports.get(offset)
        if port is None or port.size != size:
            return self._other_size(offset, size, cpu, effects=True)
        return port.read(port.index, cpu)

    def peek(self, offset: Key, size: int = 4, cpu: int = 0) -> int:
        """What ``read`` would return, without any effect."""
        port = self._ports.get(offset)
        if port is None or port.size != size:
            return self._other_size(offset, size, cpu, effects=False)
        return port.peek(port.index, cpu)

    def write(self, offset: Key, value: int, size: int = 4, cpu: int = 0) -> None:
        """A store: access kinds first, then the register's hook."""
        if offset in self._overlaid:
            port = self._ports.get((offset, self._overlay_at(offset, value, write=True)))
        else:
            port = self._ports.get(offset)
        if port is None or port.size != size:
            self._write_other_size(offset, value, size, cpu)
        else:
            port.store(value, cpu)

    def _other_size(self, offset: Key, size: int, cpu: int, *, effects: bool) -> int:
        """An overlaid or first access, another size than the register's, or none there at all."""
        if offset in self._overlaid:
            known = self._ports.get((offset, self._overlay_at(offset, 0, write=False)))
            if known is not None and known.size == size:
                return (known.read if effects else known.peek)(known.index, cpu)
        at, slot = self._resolve(offset, size, write=False)
        if slot is None:
            if effects:
                text = f"read of {self.table.name}+{at:#x} ({size} bytes): no register is there"
                self._nothing_at(at, cpu, text)
            return 0
        width = self.port(slot).size
        access = self.read if effects else self.peek
        if not self.table.byte_addressed or (size == width and at == slot.offset):
            return access(slot.key, width, cpu)
        if size > width:
            if effects:
                self._tell_split("read from", at, size, width)
            return sum(access(at + part, width, cpu) << 8 * part for part in range(0, size, width))
        value = access(slot.key, width, cpu) >> 8 * (at - slot.offset)
        return value & (1 << 8 * size) - 1

    def _write_other_size(self, offset: Key, value: int, size: int, cpu: int) -> None:
        at, slot = self._resolve(offset, size, write=True, value=value)
        if slot is None:
            text = f"{self.table.name}+{at:#x} <- {value:#x}: no register is there"
            self._nothing_at(at, cpu, text)
            return
        port = self.port(slot)
        width = port.size
        if not self.table.byte_addressed or (size == width and at == slot.offset):
            self.write(slot.key, value, width, cpu)
        elif size > width:
            self.was_split = True
            self._tell_split("stored to", at, size, width, value)
            for part in range(0, size, width):
                self.write(at + part, value >> 8 * part & (1 << 8 * width) - 1, width, cpu)
        else:
            shift = 8 * (at - slot.offset)
            self.write_lanes(slot.key, value << shift, (1 << 8 * size) - 1 << shift, cpu)

    def write_lanes(self, key: Key, value: int, lanes: int, cpu: int = 0) -> None:
        """A store that drives some lanes of a register: the bits of ``lanes``."""
        slot = self._layout.get(key)
        if slot is None:
            self.write(key, value & lanes, cpu=cpu)
            return
        port = self.port(slot)
        if port.window is not None:
            port.window.write_lanes(value, lanes, cpu)
        elif lanes & port.acts:
            held = port.cells[port.base + cpu * port.per_cpu] >> port.shift & port.writes
            self.driven = lanes
            try:
                self.write(slot.key, value & lanes | held & ~lanes, port.size, cpu)
            finally:
                self.driven = EVERY_LANE

    def _resolve(
        self, offset: Key, size: int, *, write: bool, value: int = 0
    ) -> tuple[int, Slot | None]:
        """The offset as a number, and what is there.

        An unaligned access finds nothing, except where each byte is a register of its own.
        """
        if isinstance(offset, tuple):
            return offset[0], self._layout[offset]
        slot = self.slot_at(offset, write=write, value=value)
        if slot is not None and slot.register.width > 8 and offset % size:
            return offset, slot if not self.table.byte_addressed else None
        return offset, slot

    def _tell_split(
        self, done: str, at: int, size: int, width: int, value: int | None = None
    ) -> None:
        """Which registers of one byte an access reaches; without a value it is a load."""
        if width > 1 or self.on_split is None:
            return
        parts = (
            self.slot_at(at + part, write=value is not None, value=(value or 0) >> 8 * part & 0xFF)
            for part in range(size)
        )
        names = ", ".join("nothing" if slot is None else slot.name for slot in parts)
        self.on_split(f"{size} bytes {done} {self.table.name}+{at:#x}: one each of {names}")

    def _nothing_at(self, at: int, cpu: int, text: str) -> None:
        """Some chips take note of it (the local APIC: illegal register address)."""
        notice: Callable[[str, int, int], None] | None = getattr(self.owner, "undeclared", None)
        if notice is not None:
            notice(self.table.name, at, cpu)
        if not self.table.raz_wi or self.slot_at(at) is not None:
            self._report(text)

    def _report(self, text: str) -> None:
        if self.on_unmodelled is not None:
            self.on_unmodelled(text)
