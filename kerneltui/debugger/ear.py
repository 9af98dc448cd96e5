"""An ear at some bits of a register: hears who stores to them, by whatever way.

It listens at each register through which software can reach the bits.  What it hears there is what
the register file does: byte lanes, windows, overlays and banks have been sorted out already.  A
poke is heard as a store is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from functools import partial
from types import FrameType
from typing import NamedTuple

import msgspec

from kerneltui.debugger.onlooker import Indifferent
from kerneltui.debugger.watch import Address
from kerneltui.hw.register import Slot
from kerneltui.hw.register_file import Port, RegisterFile
from kerneltui.hw.rule import Spot
from kerneltui.machine.core import Core
from kerneltui.machine.hosted_core import HostedCore
from kerneltui.machine.instructions import INSTRUCTIONS, WRITES
from kerneltui.machine.kernel_image import SourceFrame, kernel_frames, source_of
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import CORE_REGISTERS

OWNER_CORE = "core "
SHORT = 2
"""lines: a helper of the kernel that only passes on what is to be stored has no more"""


class By(StrEnum):
    """Who wrote it."""

    CODE = "code"
    POKE = "poke"
    """a person"""
    SCENARIO = "scenario"
    """a poke of the scenario's"""
    EXCEPTION = "exception"
    """what a core does when it takes one"""
    HARDWARE = "hardware"
    """the device alone changes these bits: no store does"""
    RESET = "reset"
    """nobody has"""


class LastWrite(msgspec.Struct, frozen=True):
    """Who wrote some bits last.

    ``step`` counts the instructions of ``core``, as the trace does; ``t_ns`` is virtual time.
    ``function``, ``file`` and ``line`` are the kernel's innermost; of an exception, those that it
    interrupted.  ``register`` is the one that was stored to, which can be another face of the bits,
    and ``value`` what that store brought, or the instruction's operand; of an exception, what the
    bits hold then.
    """

    by: By
    step: int = 0
    t_ns: int = 0
    core: int = 0
    function: str = ""
    file: str = ""
    line: int = 0
    value: int = 0
    register: str = ""
    instruction: str = ""
    """the mnemonic, where the instruction names no register (``daifset``), or the exception's
    kind"""
    vector: int | None = None
    """of an exception"""
    caller: SourceFrame | None = None
    """where the innermost function is a helper: who wanted the store"""
    changed_since: bool = False
    """the device has changed the bits since then"""


class Hit(NamedTuple):
    """What an ear has heard last."""

    write: LastWrite
    after: int | None
    """what the bits held then; None: not looked at"""


class _Way(NamedTuple):
    """A register through which software writes the bits."""

    slot: Slot
    port: Port
    always: bool = False
    """each of its stores does, whatever it brings"""
    perhaps: bool = False
    """a store does that changes them"""


class Bits:
    """The bits, in one machine, and the ways to them."""

    def __init__(self, machine: Machine, owner: str, spot: Spot) -> None:
        self.machine = machine
        self.owner = owner
        self.spot = spot
        self.core: HostedCore | None = None
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
        self.is_software = bool(self.ways)
        """whether any store reaches the bits"""
        self.by_exceptions = False
        self._places = self._reached_by()
        if self.core is not None:
            self._ask_instructions()

    def bits(self) -> int:
        """What the cell holds."""
        return self.port.cells[self.port.base + self.spot.cpu * self.port.per_cpu] & self.state

    def shown(self) -> int:
        """What software sees."""
        return self.port.peek(self.port.index, self.spot.cpu) & self.spot.mask

    def is_copy_of(self, cpu: int) -> bool:
        """Whether stores of a core can concern them: of a banked register, only that core's."""
        return not self.port.per_cpu or cpu == self.spot.cpu

    def may_be_written(self, accessed: frozenset[Address] | None) -> bool:
        """Whether they can have been in a stretch that has accessed these; None: not known."""
        return accessed is None or self.by_exceptions or not accessed.isdisjoint(self._places)

    def _ways(self) -> Iterator[_Way]:
        store, mine = self.slot.register.store_name, self.port
        table = self.file.table
        for slot in self.file.slots():
            register, port = slot.register, self.file.port(slot)
            if register.store_name == store and (port.base, port.per_cpu) == (
                mine.base, mine.per_cpu
            ):  # fmt: skip
                if (port.writes | port.sets | port.clears) << port.shift & self.state:
                    yield _Way(slot, port)
            elif slot.index == self.slot.index or register.count == 1:
                if any(table[stem].store_name == store for stem in register.writes):
                    yield _Way(slot, port, always=True)
                elif any(table[stem].store_name == store for stem in register.may_write):
                    yield _Way(slot, port, perhaps=True)

    def _reached_by(self) -> set[Address]:
        """The addresses of all ways, and of the windows onto them; and what pokes name them by."""
        if self.core is not None:
            spaces = self.file.table.space, CORE_REGISTERS
            return {(space, way.slot.offset) for way in self.ways for space in spaces}
        slots = [way.slot for way in self.ways]
        return places_of(self.machine, self.owner, self.file, slots)

    def _ask_instructions(self) -> None:
        """Which of them, and which exceptions, write the bits without naming their register."""
        stem = self.slot.register.stem
        for kind, registers in WRITES.items():
            for written in registers:
                if written.register == stem and written.mask & self.spot.mask:
                    self.is_software = True
                    self.by_exceptions |= INSTRUCTIONS[kind].is_exception
                    self._places.add((kind, 0))


def places_of(
    machine: Machine, owner: str, file: RegisterFile, slots: Collection[Slot]
) -> set[Address]:
    """The addresses of some registers of a device, and of the windows onto them.

    And what pokes name them by.
    """
    device = machine.devices[owner]
    block = f"{device.name}.{file.table.name}"
    window = next(name for name, item in device.files.items() if item is file)
    places: set[Address] = {(block, slot.offset) for slot in slots}
    for space, base, here in machine.windows(device):
        reaching = [
            slot
            for slot in here.slots()
            if slot.register.window and slot.register.window[0] == window
        ]
        if here is file:
            reaching += slots
        for slot in reaching:
            places.update((space, base + place) for place in _covered_by(here, slot))
    return places


def _covered_by(file: RegisterFile, slot: Slot) -> Iterator[int]:
    """Where stores begin that can reach a register."""
    if not file.table.byte_addressed:
        yield slot.offset
        return
    yield from range(slot.offset, slot.offset + slot.register.width // 8)
    if file.was_split:
        yield from (slot.offset & -size for size in (2, 4, 8))


class Ear(Indifferent):
    """Hears what is stored to the bits, and keeps the last of it."""

    def __init__(self, target: Bits) -> None:
        self.hit: Hit | None = None
        self.target = target
        self._machine = target.machine
        self._before = ""
        """the instruction before, of the core whose registers they are"""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """At every way to the bits."""
        ways = self.target.ways
        hooks = [way.port.write for way in ways]
        for way in ways:
            way.port.write = partial(self._stored, way, way.port.write)
        try:
            yield
        finally:
            for way, hook in zip(ways, hooks, strict=True):
                way.port.write = hook

    # -- stores -----------------------------------------------------------------------------------

    def _stored(
        self,
        way: _Way,
        hook: Callable[[int, int, int], None] | None,
        index: int,
        cpu: int,
        value: int,
    ) -> None:
        """In place of a register's write hook, which comes after the access kinds."""
        target, driven = self.target, self.target.file.driven
        before = target.bits()
        if hook is not None:
            hook(index, cpu, value)
        if not target.is_copy_of(cpu):
            return
        port = way.port
        if way.always:
            wrote = True
        elif way.perhaps:
            wrote = target.bits() != before
        else:
            acts = port.writes | (port.sets | port.clears) & value
            wrote = (acts & driven) << port.shift & target.state != 0
        if wrote:
            self._heard(way.slot.name, value & driven, target.shown())

    def _heard(self, register: str, value: int, after: int) -> None:
        machine = self._machine
        poking, core = machine.poker.in_progress, machine.turns.current
        by = By.CODE if core is not None else By.HARDWARE
        if poking is not None:
            poke, is_scripted = poking
            by, core = By.SCENARIO if is_scripted else By.POKE, machine.cores[poke.core]
        core = core or machine.core
        write = LastWrite(by, core.retired, machine.now, core.index, value=value, register=register)
        if by is By.CODE:
            write = _placed(write, sys._getframe(1))  # noqa: SLF001 - the documented way to a frame
        self.hit = Hit(write, after)

    # -- the core's own instructions --------------------------------------------------------------

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`Observer`."""
        if core is self.target.core:
            self._executed(By.CODE, core, kind, value)
            self._before = kind

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """See :class:`Observer`."""
        if core is self.target.core:
            self._executed(By.EXCEPTION, core, kind, self.target.bits(), vector)
            self._before = kind

    def _executed(
        self, by: By, core: HostedCore, kind: str, value: int, vector: int | None = None
    ) -> None:
        target = self.target
        stem = target.slot.register.stem
        for written in WRITES.get(kind, ()):
            if written.register != stem:
                continue
            if not written.bits(value, self._before) & target.spot.mask:
                continue
            leaves_masks = vector is not None and not core.masks_on_entry(vector)
            if leaves_masks and stem == core.MASK_REGISTER:
                continue
            write = LastWrite(
                by, core.retired, self._machine.now, core.index, value=value,
                register=target.slot.name, instruction=kind, vector=vector,
            )  # fmt: skip
            self.hit = Hit(_placed(write, sys._getframe(1)), None)  # noqa: SLF001 - as above


class _Ears(Indifferent):
    """Passes on to several ears what cores execute."""

    def __init__(self, ears: Collection[Ear]) -> None:
        self._ears = ears

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`Observer`."""
        for ear in self._ears:
            ear.instruction(core, kind, target, value)

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """See :class:`Observer`."""
        for ear in self._ears:
            ear.exception(core, kind, vector)


@contextmanager
def listening_all(machine: Machine, ears: Collection[Ear]) -> Iterator[None]:
    """Cores are observed only where an instruction can write one of the targets by itself."""
    with ExitStack() as stack:
        for ear in ears:
            stack.enter_context(ear.listening())
        by_instructions = [ear for ear in ears if ear.target.core is not None]
        if by_instructions:
            machine.observe(_Ears(by_instructions))
            stack.callback(machine.observe, None)
        yield


def _placed(write: LastWrite, frame: FrameType | None) -> LastWrite:
    """With the place in the kernel's source that ``frame`` has been called from."""
    inner, caller = place_in_kernel(frame)
    if inner is None:
        return write
    return msgspec.structs.replace(
        write, function=inner.function, file=inner.file, line=inner.line, caller=caller
    )


def place_in_kernel(frame: FrameType | None) -> tuple[SourceFrame | None, SourceFrame | None]:
    """The innermost of the kernel's functions that have led to ``frame``; who wanted it.

    The second is told where the first only passes on what is to be stored.
    """
    machine = __name__.partition(".")[0] + ".machine"
    while frame is not None and not str(frame.f_globals["__name__"]).startswith(machine):
        frame = frame.f_back
    frames = [*kernel_frames(frame)]
    if not frames:
        return None, None
    caller = None
    if _is_helper(frames[0]):
        caller = next((source_of(item) for item in frames if not _is_helper(item)), None)
    return source_of(frames[0]), caller


def _is_helper(frame: FrameType) -> bool:
    """Whether a function only passes on what is to be stored: a private one of a line or two."""
    code = frame.f_code
    lines = {line for _, _, line in code.co_lines() if line and line > code.co_firstlineno}
    return code.co_name.startswith("_") and len(lines) <= SHORT
