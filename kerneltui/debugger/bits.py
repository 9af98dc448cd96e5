"""Some bits of a register, and all the ways by which software reaches them.

A register can have several faces: windows, overlays, banks, a set and a clear register, another
view of the same block, a field that chooses which one a store is for; and instructions and
exceptions write some bits of a core by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import product
from typing import NamedTuple

from kerneltui.debugger.watch import Address, reset_of
from kerneltui.hw.device import Device
from kerneltui.hw.register import MEMORY, NON_SECURE, RegisterTable, Slot
from kerneltui.hw.register_file import Port, RegisterFile
from kerneltui.hw.rule import Spot
from kerneltui.machine.core import Core
from kerneltui.machine.instructions import WRITES
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import CORE_REGISTERS

OWNER_CORE = "core "


class WayToBits(NamedTuple):
    """A register through which software writes the bits."""

    slot: Slot
    port: Port
    file: RegisterFile
    always: bool = False
    """each of its stores does, whatever it brings"""
    perhaps: bool = False
    """a store does that changes them"""
    chooses: str = ""
    """a store does whose field of that name holds the number of the bits' element"""
    tries: bool = False
    """by another view of the register: a store that is allowed to goes on to the register itself"""


class Bits:
    """The bits, in one machine, and the ways to them."""

    def __init__(self, machine: Machine, owner: str, spot: Spot) -> None:
        self.machine = machine
        self.owner = owner
        self.spot = spot
        self.core: Core | None = None
        """whose own register it is"""
        if owner.startswith(OWNER_CORE):
            self.core = machine.cores[int(owner.removeprefix(OWNER_CORE))]
            self.file = self.core.regs
        else:
            self.file = machine.devices[owner].files[spot.window]
        self.slot = self.file.slot_for(spot.key)
        self.port = self.file.port(self.slot)
        self.state = spot.mask << self.port.shift
        """the bits, in the cell"""
        self.ways = [*self._ways()]
        self.is_software = any(not way.perhaps for way in self.ways)
        """whether any store reaches the bits, and not only by what it does to the device"""
        self.can_be_reset = self._resets() and not self.slot.register.kept_by_reset
        self._places = self._reached_by()
        if self.core is not None:
            self._ask_instructions()

    @property
    def may_be_heard(self) -> bool:
        """Whether anything but the device itself can change the bits."""
        return self.is_software or bool(self.ways) or self.can_be_reset

    def _resets(self) -> bool:
        """Whether the owner can be reset, but by power-on."""
        if self.core is not None:
            return self.core.CAN_BE_RESET
        return self._device().CAN_BE_RESET

    def bits(self) -> int:
        """What the cell holds."""
        return self.port.cells[self.port.base + self.spot.cpu * self.port.per_cpu] & self.state

    def shown(self) -> int:
        """What software sees."""
        return self.port.peek(self.port.index, self.spot.cpu) & self.spot.mask

    def at_reset(self) -> int:
        """What software sees after a reset."""
        register, port = self.slot.register, self.port
        return register.reset >> port.shift & port.readable & self.spot.mask

    def is_copy_of(self, cpu: int) -> bool:
        """Whether stores of a core can concern them: of a banked register, only that core's."""
        return not self.port.per_cpu or cpu == self.spot.cpu

    def may_be_written(self, accessed: frozenset[Address] | None) -> bool:
        """Whether they can have been in a stretch that has accessed these; None: not known."""
        return accessed is None or not accessed.isdisjoint(self._places)

    def is_reached_by(self, access: Address) -> bool:
        """Whether a store, or an instruction that writes registers by itself, can write them."""
        return access in self._places

    def _ways(self) -> Iterator[WayToBits]:
        store, mine = self.slot.register.store_name, self.port
        for slot in self.file.slots():
            register, port = slot.register, self.file.port(slot)
            if register.store_name == store and (port.base, port.per_cpu) == (
                mine.base, mine.per_cpu
            ):  # fmt: skip
                if (port.writes | port.sets | port.clears) << port.shift & self.state:
                    yield WayToBits(slot, port, self.file)
            elif self._is_among(register.writes, self.file.table) and (
                slot.index == self.slot.index or register.count == 1
            ):
                yield WayToBits(slot, port, self.file, always=True, chooses=register.chooses)
        if self.core is None:
            yield from self._other_views()
        files = [self.file] if self.core is not None else self._device().files.values()
        for file in files:
            for slot in file.slots():
                if self._is_among(slot.register.may_write, file.table):
                    yield WayToBits(slot, file.port(slot), file, perhaps=True)

    def _other_views(self) -> Iterator[WayToBits]:
        """The same registers, as far as they look the same, in a block that stands for this one."""
        store = self.slot.register.store_name
        for file in self._device().files.values():
            if file.table.stands_for != self.file.table.name:
                continue
            for slot in file.slots():
                here = self.file.slot_for(slot.key)
                if here.register.store_name == store and here.index == self.slot.index and (
                    _layout(here) == _layout(slot)
                ):  # fmt: skip
                    yield WayToBits(slot, file.port(slot), file, tries=True)

    def _device(self) -> Device:
        return self.machine.devices[self.owner]

    def _is_among(self, stems: tuple[str, ...], of: RegisterTable) -> bool:
        """Whether the bits are meant by one of the stems that a register of a table names."""
        table, store = self.file.table, self.slot.register.store_name
        for item in stems:
            named, _, stem = item.rpartition(".")
            if (named or of.name) == table.name and table[stem].store_name == store:
                return True
        return False

    def _reached_by(self) -> set[Address]:
        """The addresses of all ways, and of the windows onto them; and what pokes name them by."""
        if self.core is not None:
            spaces = self.file.table.space, CORE_REGISTERS
            places = {(space, way.slot.offset) for way in self.ways for space in spaces}
            return places | {reset_of(self.owner, 0)}
        places = {reset_of(self.owner, self.spot.cpu)}
        slots = [(way.file, way.slot) for way in self.ways]
        return places | places_of(self.machine, self._device(), slots)

    def _ask_instructions(self) -> None:
        """Which of them, and which exceptions, write the bits without naming their register."""
        stem = self.slot.register.stem
        for kind, registers in WRITES.items():
            for written in registers:
                if written.register == stem and written.mask & self.spot.mask:
                    self.is_software = True
                    self._places.add((kind, 0))


def _layout(slot: Slot) -> list[int]:
    return [item.mask for item in slot.register.fields]


def places_of(
    machine: Machine, device: Device, registers: Collection[tuple[RegisterFile, Slot]]
) -> set[Address]:
    """The addresses of some registers of a device, and of the windows onto them.

    And what pokes name them by.
    """
    places: set[Address] = set()
    behind = {file.table.name for file, _ in registers}
    for space, base, here in machine.windows(device):
        block = f"{device.name}.{here.table.name}"
        slots = [slot for file, slot in registers if file is here]
        places.update((block, slot.offset) for slot in slots)
        slots += [
            slot
            for slot in here.slots()
            if slot.register.window and slot.register.window[0] in behind
        ]
        for slot in slots:
            # Instructions that access memory do not tell by which view.
            seen = {space, MEMORY} if space == NON_SECURE else {space}
            places.update(product(seen, (base + place for place in _covered_by(here, slot))))
    return places


def _covered_by(file: RegisterFile, slot: Slot) -> Iterator[int]:
    """Where stores begin that can reach a register."""
    if not file.table.byte_addressed:
        yield slot.offset
        return
    yield from range(slot.offset, slot.offset + slot.register.width // 8)
    if file.was_split:
        yield from (slot.offset & -size for size in (2, 4, 8))
