"""Pokes: stores to registers from outside the kernel, by a person or by a scenario.

A poke is a store as a core would do it, with all effects that the hardware has, but no instruction:
it takes no virtual time.  What it lets in is taken where the core samples its inputs next.

Or it drives a wire.  Then the wire has the other level as if its device had changed it just then,
and whatever is at its ends notices the edge.  The device knows nothing of it: when it computes its
output the next time, the wire gets the level that it has computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import msgspec

from kerneltui.hw.bus import AddressSpace, BusFault
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Device
from kerneltui.hw.line import Line
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.core import Core

CORE_REGISTERS = "core"
"""Where a core's own registers are."""
WIRES = "wire"
"""Where wires are: by name, at no address."""
NO_ADDRESS = -1


class Poke(msgspec.Struct, frozen=True):
    """One store, or one level of a wire.

    ``space`` says where the address is one: an address space (the store goes over the bus),
    :data:`CORE_REGISTERS`, or a block of registers by device and table (``ioapic0.IO_APIC``).  In a
    block the store goes straight to the register.  So it reaches one behind an index/data window,
    or one that shares its address with others, and the index (or DLAB, or whatever selects it)
    stays as it is.  In :data:`WIRES` the name says which one is meant, and the value is its level.
    """

    space: str
    address: int
    """or an encoding, or the offset in the block; :data:`NO_ADDRESS` of a wire"""
    value: int
    size: int
    """bytes; 0 of a wire"""
    core: int = 0
    """which core stores"""
    overlay: str = ""
    """which one of those that share the address in a block"""
    keep: int = 0
    """bits that are read, and stored as they were"""
    name: str = ""
    """the register's, and the field's, where that is not to be asked of the bus; or the wire's"""
    shift: int = 0
    """of the value, so many bits are below the field of that name"""

    @property
    def told_value(self) -> int:
        """What the register, the field or the wire is set to."""
        return self.value >> self.shift


def wire_poke(name: str, *, level: bool) -> Poke:
    """What drives a wire; it is no core's doing."""
    return Poke(WIRES, NO_ADDRESS, int(level), 0, name=name)


TimedPoke = tuple[int, Poke, bool]
"""Virtual time (ns since power-on), what, and whether it is the scenario's."""


class Poker:
    """Carries out the pokes of one machine.

    ``blocks`` are the register files by device and table, ``wires`` all outputs by name, with the
    device that drives each.  ``on_poke(poke, name, is_scripted)`` is
    told of each before it is stored; ``in_progress`` is the one that is being stored, and whether
    it is the scenario's.  Neither is part of the state.
    """

    TRANSIENT: ClassVar = frozenset(("in_progress", "on_poke"))

    def __init__(
        self,
        clock: Clock,
        cores: Sequence[Core],
        spaces: Mapping[str, AddressSpace],
        blocks: Mapping[str, RegisterFile],
        wires: Mapping[str, tuple[Device, Line]],
    ) -> None:
        self._cores = tuple(cores)
        self._spaces = dict(spaces)
        self._blocks = dict(blocks)
        self._wires = dict(wires)
        self._script: tuple[TimedPoke, ...] = ()
        self._next = 0
        self._due = clock.deadline("pokes", self._play_next)
        self.on_poke: Callable[[Poke, str, bool], None] | None = None
        self.in_progress: tuple[Poke, bool] | None = None

    @property
    def last_due_ns(self) -> int:
        """When the script pokes for the last time (ns since power-on); 0 if it has no more."""
        return self._script[-1][0] if self._next < len(self._script) else 0

    def play(self, script: Sequence[TimedPoke]) -> None:
        """Carry out each at its time; they are in order of time.

        One that is due at power-on comes before the first instruction.
        """
        self._script, self._next = tuple(script), 0
        self._arm()

    def _arm(self) -> None:
        if self._next < len(self._script):
            self._due.arm(self._script[self._next][0])

    def _play_next(self) -> None:
        _, poke, is_scripted = self._script[self._next]
        self._next += 1
        self._arm()
        self.store(poke, is_scripted=is_scripted)

    def store(self, poke: Poke, *, is_scripted: bool = False) -> None:
        """Carry one out, now.  Where nothing answers (any more), nothing happens."""
        core = self._cores[poke.core]
        space = self._spaces.get(poke.space)
        if self.on_poke is not None:
            name = poke.name
            if not name and space is not None:
                name = space.name_at(poke.address, write=True, value=poke.value)
            self.on_poke(poke, name, is_scripted)
        self.in_progress = poke, is_scripted
        try:
            if space is not None:
                self._store_to_bus(core, space, poke)
            elif poke.space == CORE_REGISTERS:
                held = core.regs.peek(poke.address, poke.size)
                core.poke_register(poke.address, poke.value | held & poke.keep)
            elif poke.space == WIRES:
                self._drive(*self._wires[poke.name], level=bool(poke.value))
            else:
                self._store_to_block(self._blocks[poke.space], poke)
        except BusFault:
            return
        finally:
            self.in_progress = None
        for item in self._cores:
            item.look_again()

    @staticmethod
    def _drive(device: Device, line: Line, *, level: bool) -> None:
        line.set(level)
        device.output_driven()

    @staticmethod
    def _store_to_bus(core: Core, space: AddressSpace, poke: Poke) -> None:
        value = poke.value
        if poke.keep:
            value |= space.peek(poke.address, poke.size, poke.core) & poke.keep
        core.poke_bus(space, poke.address, value, poke.size)

    @staticmethod
    def _store_to_block(file: RegisterFile, poke: Poke) -> None:
        key = (poke.address, poke.overlay) if poke.overlay else poke.address
        held = file.peek(key, poke.size, poke.core) if poke.keep else 0
        file.write(key, poke.value | held & poke.keep, poke.size, poke.core)
