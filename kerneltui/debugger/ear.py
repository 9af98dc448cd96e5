"""An ear at some bits of a register: hears who stores to them, by whatever way.

It listens at each register through which software can reach the bits.  What it hears there is what
the register file does: byte lanes, windows, overlays and banks have been sorted out already.  A
poke is heard as a store is, and so is a store that resets the device or the core.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from functools import partial
from itertools import product
from types import FrameType
from typing import NamedTuple

import msgspec

from kerneltui.debugger.onlooker import Indifferent
from kerneltui.debugger.watch import Address, reset_of
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Device
from kerneltui.hw.register import MEMORY, NON_SECURE, RegisterTable, Slot
from kerneltui.hw.register_file import Port, RegisterFile
from kerneltui.hw.rule import Spot
from kerneltui.machine.core import Core
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
    SIGNAL = "signal"
    """a reset that no store has brought about: an INIT message of a device"""
    HARDWARE = "hardware"
    """the device itself, and no store"""
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
    is_reset: bool = False
    """the device, or the core, was reset, bits and all; ``value`` is then what the bits came to"""
    changed_since: bool = False
    """the device has changed the bits since then"""
    is_ignored: bool = False
    """it changed nothing, as that access was not allowed to: the bits are hidden from it"""


class Hit(NamedTuple):
    """What an ear has heard last."""

    write: LastWrite
    after: int | None
    """what the bits held then; None: not looked at"""


class _Way(NamedTuple):
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
        self.by_exceptions = False
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
        return accessed is None or self.by_exceptions or not accessed.isdisjoint(self._places)

    def is_reached_by(self, access: Address) -> bool:
        """Whether a store, or an instruction that writes registers by itself, can write them."""
        return access in self._places

    def _ways(self) -> Iterator[_Way]:
        store, mine = self.slot.register.store_name, self.port
        for slot in self.file.slots():
            register, port = slot.register, self.file.port(slot)
            if register.store_name == store and (port.base, port.per_cpu) == (
                mine.base, mine.per_cpu
            ):  # fmt: skip
                if (port.writes | port.sets | port.clears) << port.shift & self.state:
                    yield _Way(slot, port, self.file)
            elif self._is_among(register.writes, self.file.table) and (
                slot.index == self.slot.index or register.count == 1
            ):
                yield _Way(slot, port, self.file, always=True, chooses=register.chooses)
        if self.core is None:
            yield from self._other_views()
        files = [self.file] if self.core is not None else self._device().files.values()
        for file in files:
            for slot in file.slots():
                if self._is_among(slot.register.may_write, file.table):
                    yield _Way(slot, file.port(slot), file, perhaps=True)

    def _other_views(self) -> Iterator[_Way]:
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
                    yield _Way(slot, file.port(slot), file, tries=True)

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
                    self.by_exceptions |= INSTRUCTIONS[kind].is_exception
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
        target, driven, port = self.target, way.file.driven, way.port
        before = (target.bits(), target.shown()) if way.perhaps else None
        heard = self.hit
        if hook is not None:
            hook(index, cpu, value)
        if way.tries:
            # What it may do, the register itself has heard meanwhile.
            if self.hit is heard and target.is_copy_of(cpu):
                self._heard_in_vain(way, value, driven)
            return
        if before is not None:
            wrote = (target.bits(), target.shown()) != before
        elif not target.is_copy_of(cpu):
            return
        elif way.always:
            chosen = way.slot.register[way.chooses].extract(value) if way.chooses else None
            wrote = chosen is None or chosen == target.slot.index
        else:
            acts = port.writes | (port.sets | port.clears) & value
            wrote = (acts & driven) << port.shift & target.state != 0
        if wrote:
            frame = sys._getframe(1)  # noqa: SLF001 - the documented way to a frame
            self.hit = Hit(self._write_of(way.slot.name, value & driven, frame), target.shown())

    def _heard_in_vain(self, way: _Way, value: int, driven: int) -> None:
        """A store that was ignored; of bits that only ones write, one of ones."""
        asked = driven if way.port.writes else driven & value
        if asked & self.target.spot.mask:
            frame = sys._getframe(1)  # noqa: SLF001 - the documented way to a frame
            write = self._write_of(way.slot.name, value & driven, frame)
            write = msgspec.structs.replace(write, is_ignored=True)
            self.hit = Hit(write, self.target.shown())

    def reset_begins(self, owner: str, cpu: int) -> None:
        """See :class:`Observer`.  Of bits that stores do not reach only where it changes them."""
        target = self.target
        if owner != target.owner or not target.can_be_reset or not target.is_copy_of(cpu):
            return
        after = target.at_reset()
        if target.is_software or after != target.shown():
            store = _store_of(sys._getframe(1))  # noqa: SLF001 - the documented way to a frame
            self._was_reset(store, after)

    def _was_reset(self, store: FrameType | None, after: int) -> None:
        """By a store that is under way in a frame; without one, by a message of a device."""
        register = store.f_locals["self"].name if store is not None else ""
        write = self._write_of(register, after, store)
        by = write.by if store is not None else By.SIGNAL
        write = msgspec.structs.replace(write, by=by, is_reset=True)
        self.hit = Hit(write, None if self.target.core else after)

    def _write_of(self, register: str, value: int, frame: FrameType | None) -> LastWrite:
        """Who stores to a register now, in what a frame has called."""
        machine = self._machine
        poking, core = machine.poker.in_progress, machine.turns.current
        by = By.CODE if core is not None else By.HARDWARE
        if poking is not None:
            poke, is_scripted = poking
            by, core = By.SCENARIO if is_scripted else By.POKE, machine.cores[poke.core]
        core = core or machine.core
        write = LastWrite(by, core.retired, machine.now, core.index, value=value, register=register)
        return _placed(write, frame) if by is By.CODE else write

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
        self, by: By, core: Core, kind: str, value: int, vector: int | None = None
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

    def reset_begins(self, owner: str, cpu: int) -> None:
        """See :class:`Observer`."""
        for ear in self._ears:
            ear.reset_begins(owner, cpu)


@contextmanager
def listening_all(machine: Machine, ears: Collection[Ear]) -> Iterator[None]:
    """Cores are observed only where an instruction can write one of the targets by itself."""
    by_device: defaultdict[str, list[Ear]] = defaultdict(list)
    with ExitStack() as stack:
        for ear in ears:
            stack.enter_context(ear.listening())
            if ear.target.core is None and ear.target.can_be_reset:
                by_device[ear.target.owner].append(ear)
        for owner, resettable in by_device.items():
            machine.devices[owner].on_reset = _Ears(resettable).reset_begins
            stack.callback(setattr, machine.devices[owner], "on_reset", None)
        by_instructions = [ear for ear in ears if ear.target.core is not None]
        if by_instructions:
            machine.observe(_Ears(by_instructions))
            stack.callback(machine.observe, None)
        yield


def _store_of(frame: FrameType | None) -> FrameType | None:
    """Where the store began that is under way in a frame; None where time has passed instead."""
    while frame is not None and frame.f_code is not Port.store.__code__:
        frame = None if frame.f_code is Clock.advance.__code__ else frame.f_back
    return frame


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
    if frame is not None and frame.f_globals["__name__"].startswith(f"{machine}.native."):
        # The engine has called back: the functions of an image are not Python's.
        placed: tuple[SourceFrame | None, SourceFrame | None]
        placed = frame.f_locals["self"].place_of_instruction()
        return placed
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
