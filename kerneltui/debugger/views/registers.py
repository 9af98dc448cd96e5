"""Pictures of the registers: what each holds now, and what an instruction did to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import msgspec

from kerneltui.debugger.numbering import interrupts_label
from kerneltui.debugger.register_marks import RegisterMarks, RegisterPlace, place_of
from kerneltui.hw.device import Device, InterruptController, TimerDevice
from kerneltui.hw.register import (
    BEHIND_WINDOW,
    MEMORY,
    MSRS,
    NON_SECURE,
    PORTS,
    SYSTEM_REGISTERS,
    Register,
    RegisterTable,
    Slot,
)
from kerneltui.machine.instructions import STORES

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Makers, Sight
    from kerneltui.machine.machine import Machine

PLACES = {
    SYSTEM_REGISTERS: "system registers", MSRS: "MSRs", BEHIND_WINDOW: "by index and data",
}  # fmt: skip


class FieldView(msgspec.Struct, frozen=True):
    """One decoded field."""

    name: str
    value: int
    width: int
    meaning: str
    first_irq: int | None
    """each bit stands for an interrupt, bit 0 for this one"""
    numbering: str = ""
    """of these interrupts: ``gic``, ``vector`` and so on, as of their controller"""
    hex_shift: int | None = None
    """an address or a vector, without so many lower bits"""

    @property
    def text(self) -> str:
        """``1``, ``1023(spurious)``, ``0xfee00000``, ``irq 30``."""
        if self.first_irq is not None:
            return interrupts_label(self.numbering, self.value, self.first_irq)
        shift = self.hex_shift
        value = f"{self.value}" if shift is None else f"{self.value << shift:#x}"
        return f"{value}({self.meaning})" if self.meaning else value


def digits(width: int, value: int) -> str:
    """The hex digits of a register ``width`` bits wide: 8, or 16 where it holds more than 32."""
    return f"{value:0{16 if width > 32 and value >> 32 else 8}x}"


class RegisterView(msgspec.Struct, frozen=True):
    """One register of a device."""

    name: str
    address: int
    value: int
    fields: tuple[FieldView, ...]
    """of the value; none of a register that only shows zero, as one can only write it"""
    width: int
    alias_of: str
    """the first register of the block that is a face of the same state (of GICD_ICENABLER0 it is
    GICD_ISENABLER0), or empty"""
    at_reset: bool
    """holds its reset value and has not been accessed since the last stop"""
    changed: bool
    """holds another value than at the last stop"""
    access: str
    """what an instruction did to it since the last stop: ``read``, ``wrote``; or empty"""
    access_value: int
    """what it got or brought"""
    access_fields: tuple[FieldView, ...]
    """of that; none where it is the value still"""


class BlockView(msgspec.Struct, frozen=True):
    """One register block of a device."""

    device: str
    name: str
    title: str
    base: int | None
    """its address or first port; None where registers have names or numbers only"""
    place: str
    """where it lies, in words: ``0xfee00000``, ``port 0x20``, ``system registers``"""
    is_controller: bool
    registers: tuple[RegisterView, ...]


class RegisterBlock(msgspec.Struct, frozen=True):
    """What of a block never changes, as one core sees it."""

    device: str
    space: str
    base: int
    table: RegisterTable
    is_controller: bool
    numbering: str
    slots: tuple[Slot, ...]
    places: tuple[RegisterPlace, ...]
    addresses: frozenset[tuple[str, int]]
    """where they lie: space and address"""
    aliases: tuple[str, ...]
    """of each slot as in :class:`RegisterView`"""
    title: str


def block_views(sight: Sight) -> Iterator[BlockView]:
    """Every register of every block: controllers first.

    The last view's block is taken again where nothing differs.
    """
    marks, focus = sight.registers, sight.focus
    touched = marks.touched_addresses
    blocks = cast("tuple[RegisterBlock, ...] | None", marks.known.get(("blocks", focus)))
    if blocks is None:
        blocks = marks.known["blocks", focus] = tuple(register_blocks(sight.machine, focus))
    for number, block in enumerate(blocks):
        key = number, focus
        if not touched.isdisjoint(block.addresses):
            marks.known.pop(key, None)
            yield _block_view(marks, focus, block)
            continue
        held = [(marks.values[place], marks.baseline.get(place)) for place in block.places]
        known = cast("tuple[object, BlockView] | None", marks.known.get(key))
        if known is None or known[0] != held:
            known = marks.known[key] = held, _block_view(marks, focus, block)
        yield known[1]


def register_blocks(machine: Machine, focus: int) -> Iterator[RegisterBlock]:
    """All blocks: controllers first, then timers, then the rest; otherwise as on the board."""

    def role(device: Device) -> int:
        return (
            0
            if isinstance(device, InterruptController)
            else 1
            if isinstance(device, TimerDevice)
            else 2
        )

    for device in sorted(machine.devices.values(), key=role):
        is_controller = isinstance(device, InterruptController)
        numbering = device.NUMBERING if isinstance(device, InterruptController) else ""
        for space, base, file in machine.windows(device):
            slots, faces = tuple(file.slots()), _first_faces(file.table)
            yield RegisterBlock(
                device.name, space, base, file.table, is_controller, numbering, slots,
                tuple(place_of(space, base, slot, focus) for slot in slots),
                frozenset((space, base + slot.offset) for slot in slots),
                tuple(_alias(slot, faces[slot.register.stem]) for slot in slots),
                f"{file.table.title}{', secure view' * machine.is_out_of_sight(file.table)}",
            )  # fmt: skip


def _alias(slot: Slot, first: Register) -> str:
    return "" if first.stem == slot.register.stem else first.label(slot.index)


def _block_view(marks: RegisterMarks, focus: int, block: RegisterBlock) -> BlockView:
    table, base = block.table, block.base
    registers = tuple(_register(marks, focus, block, number) for number in range(len(block.slots)))
    return BlockView(
        block.device, table.name, block.title, base if table.byte_addressed else None,
        _place(table.space, base), block.is_controller, registers,
    )  # fmt: skip


def _place(space: str, base: int) -> str:
    """Where a block lies."""
    if space in (MEMORY, NON_SECURE):
        return f"{base:#x}"
    return f"port {base:#x}" if space == PORTS else PLACES[space]


def _register(marks: RegisterMarks, focus: int, block: RegisterBlock, number: int) -> RegisterView:
    """One register; the last view's is taken again where nothing differs."""
    slot, place = block.slots[number], block.places[number]
    address = block.base + slot.offset
    value = marks.values[place]
    changed = marks.baseline.get(place, value) != value and not slot.register.volatile
    touched = marks.touched(block.space, address, focus)
    if touched is not None and slot.register.overlay and touched[2] != slot.name:
        touched = None
    key = (value, changed, touched)
    known = cast("tuple[object, RegisterView] | None", marks.known.get(place))
    if known is None or known[0] != key:
        made = _make_register(
            slot, address, value, touched, block.aliases[number], block.numbering, changed=changed
        )
        known = marks.known[place] = key, made
    return known[1]


def _make_register(
    slot: Slot,
    address: int,
    value: int,
    touched: tuple[str, int, str] | None,
    alias_of: str,
    numbering: str,
    *,
    changed: bool,
) -> RegisterView:
    """The value now, and apart from that what was read or written: two moments."""
    register = slot.register
    access, moved = "", value
    if touched is not None:
        access, moved = "wrote" if touched[0] in STORES else "read", touched[1]
    is_write_only = register.is_write_only
    return RegisterView(
        slot.name, address, value,
        () if is_write_only else tuple(field_views(slot, value, numbering)),
        register.width,
        alias_of=alias_of,
        at_reset=(value == register.reset or register.volatile) and not access and not changed,
        changed=changed,
        access=access,
        access_value=moved,
        access_fields=tuple(field_views(slot, moved, numbering))
        if access and (moved != value or is_write_only) else (),
    )  # fmt: skip


def _first_faces(table: RegisterTable) -> dict[str, Register]:
    """By the stem of each register, the first one that shows the same bits of the same state."""
    first: dict[object, Register] = {}
    return {
        item.stem: first.setdefault(
            (item.store_name, tuple((field.lsb, field.width) for field in item.fields)), item
        )
        for item in table.registers
    }


def field_views(slot: Slot, value: int, numbering: str) -> Iterator[FieldView]:
    """The fields of a value; ``numbering`` is that of the controller, else empty."""
    for item in slot.register.fields:
        found = item.extract(value)
        first = None if item.irq is None else item.irq + slot.index * slot.register.width
        meaning = dict(item.values).get(found, "") if item.values else ""
        yield FieldView(item.name, found, item.width, meaning, first, numbering, item.hex_shift)


MAKERS: Makers = {
    "blocks": lambda of: tuple(block_views(of)),
}
