"""An ear at some bits of a register: hears who stores to them, by whatever way.

It listens at each register through which software can reach the bits: those are known to
:mod:`kerneltui.debugger.bits`.  What it hears there is what the register file does: byte lanes,
windows, overlays and banks have been sorted out already.  A poke is heard as a store is, and so is
a store that resets the device or the core.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from functools import partial
from types import FrameType
from typing import NamedTuple

import msgspec

from kerneltui.debugger.bits import Bits, WayToBits
from kerneltui.debugger.onlooker import Indifferent
from kerneltui.hw.clock import Clock
from kerneltui.hw.register_file import Port
from kerneltui.machine.core import Core
from kerneltui.machine.instructions import WRITES
from kerneltui.machine.kernel_image import SourceFrame, kernel_frames, source_of
from kerneltui.machine.machine import Machine

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
    again: LastWrite | None = None
    """where it was asked who has changed the bits: who has written last what they held already"""


class Hit(NamedTuple):
    """What an ear has heard last."""

    write: LastWrite
    after: int | None
    """what the bits held then; None: not looked at"""


class Ear(Indifferent):
    """Hears what is stored to the bits, and keeps the last of it, and the last that changed them.

    What is stored to bits that change by themselves counts as a change.
    """

    def __init__(self, target: Bits) -> None:
        self.hit: Hit | None = None
        self.change: Hit | None = None
        self._held: int | None = target.shown()
        """the bits, as far as it has heard; None where it does not know"""
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
        way: WayToBits,
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
            self._held = before[1]
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
            after = target.shown()
            self._hear(Hit(self._write_of(way.slot.name, value & driven, frame), after), after)

    def _hear(self, hit: Hit, held: int | None) -> None:
        """``held`` is what the bits hold then; None where that is not known."""
        self.hit = hit
        if held is None or held != self._held or self.target.slot.register.volatile:
            self.change = hit
        self._held = held

    def _heard_in_vain(self, way: WayToBits, value: int, driven: int) -> None:
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
        self._hear(Hit(write, None if self.target.core else after), after)

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
            held: int | None = None
            if vector is not None:
                held = target.shown()
            elif written.effect is not None and self._held is not None:
                held = written.effect(self._held, value) & target.spot.mask
            frame = sys._getframe(1)  # noqa: SLF001 - as above
            self._hear(Hit(_placed(write, frame), None), held)


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
