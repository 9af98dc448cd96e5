"""A machine that can be brought to any known moment.

What the machine does follows from its setup and from what a person has typed and poked; so it does
the same again, from reset or from any checkpoint, when the same is given at the same positions.
"""

from __future__ import annotations

import pickle
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from kerneltui.debugger.recorder import Recorded
from kerneltui.debugger.trace import RawEvent
from kerneltui.debugger.watch import Address, Watch
from kerneltui.errors import UserError
from kerneltui.machine.core import StopReason
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import Poke
from kerneltui.machine.position import Position
from kerneltui.machine.saving import UnsavableError

Found = TypeVar("Found")
FASTEST = 1
BEYOND_NS = 1_000
"""More than the time of an instruction."""


class DivergedError(UserError):
    """The machine did not do again what it had done."""

    def __init__(
        self,
        why: str = "does it keep something outside its objects ('kerneltui check' tells), or use "
        "random numbers or the computer's clock?",
    ) -> None:
        super().__init__(f"the kernel did not do the same again, so there is no way back; {why}")


class Input(msgspec.Struct, frozen=True):
    """What a person has typed, or a register that a person has poked."""

    position: Position
    given: bytes | Poke
    written: str = ""
    """of a poke: as a person wrote it, without the core that stores"""


class Checkpoint(msgspec.Struct, frozen=True):
    """A moment to go on from."""

    position: Position
    retired: tuple[int, ...]
    """instructions, of each core"""
    inputs: int
    """how many had been given"""
    events: int
    """how many had been recorded"""
    accessed: frozenset[Address] | None
    """by instructions and pokes, since the checkpoint before; None: not known"""
    packed: bytes
    """see :class:`Packer`"""
    tail: tuple[RawEvent, ...] = ()
    """the last events, where none can be had from before"""


class Packer:
    """Compresses state.  One that was packed before serves as dictionary: most is as it was."""

    def __init__(self) -> None:
        self._dictionary = b""
        self._count = 0

    def pack(self, state: bytes, recorded: Recorded, *, alone: bool = False) -> bytes:
        """A checkpoint's state.  ``alone``: it has little in common with the others."""
        data = pickle.dumps((state, recorded), pickle.HIGHEST_PROTOCOL)
        if alone:
            return b"\0" + zlib.compress(data, FASTEST)
        if self._dictionary:
            packer = zlib.compressobj(FASTEST, zdict=self._dictionary)
            return b"\1" + packer.compress(data) + packer.flush()
        self._count += 1
        if self._count > 1:
            self._dictionary = data  # the first is nearly empty
        return b"\0" + zlib.compress(data, FASTEST)

    def unpack(self, packed: bytes) -> tuple[bytes, Recorded]:
        """What was packed."""
        unpacker = zlib.decompressobj(zdict=self._dictionary) if packed[0] else zlib.decompressobj()
        found: tuple[bytes, Recorded] = pickle.loads(unpacker.decompress(packed[1:]))
        return found


class Past:
    """What is known of a machine: inputs of a person, and checkpoints, each in order of time."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.checkpoints: list[Checkpoint] = []
        self.in_boot: list[Checkpoint] = []
        """before all those, at landings of a boot that takes long"""
        self.close: list[Checkpoint] = []
        """further ones, where one travels"""
        self.packer = Packer()
        self.end_ns = 0
        """virtual time at its end"""

    @property
    def first(self) -> Position | None:
        """The first checkpoint: booted, asleep."""
        return self.checkpoints[0].position if self.checkpoints else None

    def numbered_at(self, position: Position) -> Position | None:
        """Where a machine is numbered whose state is saved at a moment, if that is known."""
        is_in_boot = self.first is None or position < self.first
        kept = self.in_boot if is_in_boot else self.checkpoints
        return kept[0].position if kept else None

    @property
    def _kept(self) -> tuple[list[Checkpoint], ...]:
        return self.in_boot, self.checkpoints, self.close

    def last_before(self, to: Position) -> Checkpoint | None:
        """The last checkpoint that is not after a moment."""
        found = (_last_before(kept, to) for kept in self._kept)
        return max((item for item in found if item is not None), key=position_of, default=None)

    def forget_given(self, count: int) -> None:
        """All but the first ``count`` inputs are undone, and what has seen one of them."""
        del self.inputs[count:]
        for kept in self._kept:
            kept[:] = [item for item in kept if item.inputs <= count]

    def forget_after(self, here: Position, inputs: int) -> None:
        """What comes after a moment, by which so many were given, will be another story."""
        del self.inputs[inputs:]
        for kept in self._kept:
            del kept[bisect_right(kept, here, key=position_of) :]


class Traveller:
    """``power_on()`` makes a machine that stands at reset."""

    def __init__(self, power_on: Callable[[], Machine], past: Past) -> None:
        self.machine = power_on()
        self.past = past
        self.given = 0
        """how many of the inputs the machine has been given"""
        self.recorded: Recorded | None = None
        """how far the records had come where it was brought last; None: at reset"""
        self._power_on = power_on
        self._most: int | None = None
        """so many of the inputs are to be given, and no more"""

    @property
    def _to_give(self) -> int:
        """How many of the inputs are to be given on the way."""
        return len(self.past.inputs) if self._most is None else self._most

    # -- running what is known --------------------------------------------------------------------

    def run(self, to: Position | None = None, **conditions: Any) -> StopReason:
        """As :meth:`Machine.run`; what a person gave is given again."""
        core = self.machine.cores[conditions.get("focus", 0)]
        # A machine that comes there has not done the same again, and may never come anywhere.
        conditions["until"] = self.past.end_ns + BEYOND_NS
        while True:
            goal = self.nearer(to)
            before = core.retired
            reason = self.machine.run(to=goal, **conditions)
            if reason is not StopReason.REACHED or goal is to:
                return reason
            if "steps" in conditions:
                conditions["steps"] -= core.retired - before
            self.reached(goal)

    def nearer(self, to: Position | None) -> Position | None:
        """``to``, or where something is to be done before that."""
        due = to
        if self.given < self._to_give:
            due = self.past.inputs[self.given].position
            due = to if to is not None and to < due else due
        first = self._numbers_at()
        if first is not None:
            due = first if due is None or first < due else due
        return due

    def _numbers_at(self) -> Position | None:
        """Where a machine that has not come there yet gets its numbers: at the first checkpoint."""
        first = self.past.first
        return None if self.machine.numbered_at == first else first

    def reached(self, goal: Position | None) -> None:
        """What is to be done at a position on the way."""
        if goal is not None and goal == self._numbers_at():
            self._number(goal)
        if self.given < self._to_give and goal == self.past.inputs[self.given].position:
            self.give()

    def settle(self) -> None:
        """What a person gave at this very moment belongs to it."""
        inputs = self.past.inputs
        while self.given < self._to_give and inputs[self.given].position == self.machine.position:
            self.give()

    def give(self) -> None:
        """Type what was typed next, or poke what was poked."""
        given = self.past.inputs[self.given].given
        if isinstance(given, Poke):
            self.machine.poke(given)
        else:
            self.machine.terminal.type(given)
        self.given += 1

    def run_to(self, to: Position) -> None:
        """To a known moment ahead; of one before an instruction ``step`` may be -1.

        Raises :class:`DivergedError` where the machine does not come there again.
        """
        if to.step < 0:
            core = self.machine.cores[to.core]
            while (missing := to.retired - core.retired) > 0:
                if self.run(focus=to.core, steps=missing) is not StopReason.STEP:
                    raise DivergedError
        elif self.run(to=to) is not StopReason.REACHED and not self._has_halted_at(to):
            raise DivergedError
        self.machine.stopped = to.core
        self.settle()

    def _has_halted_at(self, to: Position) -> bool:
        return bool(self.machine.halt_reason) and self.machine.position >= to

    # -- to any moment ----------------------------------------------------------------------------

    def is_before(self, to: Position) -> bool:
        """Whether the machine has not come there yet."""
        if to.step >= 0:
            return self.machine.position <= to
        return self.machine.cores[to.core].retired < to.retired

    def seek(self, to: Position) -> None:
        """Go to a known moment, from where the machine is or from a checkpoint."""
        checkpoint = self.past.last_before(to)
        if not self.is_before(to) or (
            checkpoint is not None and checkpoint.position > self.machine.position
        ):
            self.load(checkpoint)
        self.run_to(to)

    def seek_before_given(self, number: int) -> None:
        """Go to where input ``number`` was given: it and all after it are not given yet."""
        to = self.past.inputs[number].position
        if self.given > number or not self.is_before(to):
            self.load(self.past.last_before(replace(to, step=to.step - 1)))
        self._most = number
        try:
            self.run_to(to)
        finally:
            self._most = None

    def load(self, checkpoint: Checkpoint | None) -> Recorded | None:
        """Go to a checkpoint, or to reset; answers how far the records had come there."""
        if checkpoint is None:
            self.reset()
            return None
        at = self.past.numbered_at(checkpoint.position)
        if at is not None and not self.machine.has_numbers_of(at):
            self._get_numbers(at)
        state, recorded = self.past.packer.unpack(checkpoint.packed)
        try:
            self.machine.load(state, at)
        except UnsavableError as error:
            raise DivergedError(str(error)) from None
        self.given = checkpoint.inputs
        self.recorded = recorded
        return recorded

    def _get_numbers(self, at: Position) -> None:
        """Bring the machine to where it is to be numbered."""
        if at == self.past.first:
            if self.run(to=at) is not StopReason.REACHED:
                raise DivergedError
        else:
            if not (self.machine.position < at or self.machine.core.is_landed):
                self.reset()
            self._run_to_landing(at)
        if not self.machine.has_numbers_of(at):  # what was given just there may have come before
            self._number(at)

    def _run_to_landing(self, at: Position) -> None:
        """To a known moment in the boot: not yet before the instruction that follows."""
        inputs, core = self.past.inputs, self.machine.cores[at.core]
        reason = StopReason.REACHED
        while reason is StopReason.REACHED:
            due = inputs[self.given].position if self.given < len(inputs) else at
            reason = self.machine.run(
                to=due if due < at else None,
                rest_after=at.retired - core.retired,
                until=at.now_ns + BEYOND_NS,
            )
            if reason is StopReason.REACHED:
                self.give()
        if reason is not StopReason.REST or self.machine.position != at:
            raise DivergedError

    def _number(self, here: Position) -> None:
        """From here on the machine saves and loads state in terms of its present parts.

        Those that it has had here before come back: most is told in terms of them.
        """
        try:
            if self.machine.has_numbers_of(here):
                state, _ = self.past.packer.unpack(self.past.checkpoints[0].packed)
                self.machine.load(state, here)
            else:
                self.machine.number(here)
        except UnsavableError as error:
            raise DivergedError(str(error)) from None

    def reset(self) -> None:
        """Go to before the first instruction, with a machine made anew."""
        self.machine.close()
        self.machine = self._power_on()
        self.given = 0
        self.recorded = None

    # -- searching --------------------------------------------------------------------------------

    def search(
        self, watch: Watch, focus: int, before: Position
    ) -> Generator[Position, None, list[Position]]:
        """Where ``watch`` stopped the machine last before a moment: the positions of one stretch.

        Yields after each stretch of the past that has been searched, with where that began.
        """

        def look(until: Position) -> list[Position]:
            return [hit for hit in self._hits(watch, focus, until) if hit < before]

        return (yield from self.backwards(_anywhere, look, before))

    def backwards(
        self,
        may_be_in: Callable[[frozenset[Address] | None], bool],
        look: Callable[[Position], list[Found]],
        before: Position,
    ) -> Generator[Position, None, list[Found]]:
        """What is found in the last stretch before a moment that holds something.

        The machine stands where a stretch begins when ``look(until)`` is asked to run on to its
        end; stretches in whose accessed addresses it cannot be are left out.  Yields after each.
        """
        checkpoints = self.past.checkpoints
        until = before
        while True:
            number = bisect_left(checkpoints, until, key=position_of)
            following = None
            if number < len(checkpoints) and not self._was_given_at(checkpoints[number], before):
                following = checkpoints[number].accessed
            if may_be_in(following):
                self.load(checkpoints[number - 1] if number else None)
                found = look(until)
                if found:
                    return found
            if not number:
                return []
            until = checkpoints[number - 1].position
            yield until

    def _was_given_at(self, checkpoint: Checkpoint, here: Position) -> bool:
        """Whether something was given at a moment after the checkpoint of that moment was made."""
        inputs = self.past.inputs
        return (
            checkpoint.position == here
            and checkpoint.inputs < len(inputs)
            and inputs[checkpoint.inputs].position == here
        )

    def _hits(self, watch: Watch, focus: int, until: Position) -> Generator[Position, None, None]:
        """Where the watch stops the machine on its way to ``until``."""

        def run(**conditions: Any) -> StopReason:
            return self.run(to=until, **conditions)

        while self.machine.position < until and watch.stops(run, self.machine, focus):
            yield self.machine.position


def _anywhere(_: frozenset[Address] | None) -> bool:
    """No stretch can be left out."""
    return True


def position_of(checkpoint: Checkpoint) -> Position:
    """The moment of a checkpoint."""
    return checkpoint.position


def _last_before(checkpoints: Sequence[Checkpoint], to: Position) -> Checkpoint | None:
    if to.step >= 0:
        count = bisect_right(checkpoints, to, key=position_of)
    else:
        count = bisect_left(checkpoints, to.retired, key=lambda item: item.retired[to.core])
    return checkpoints[count - 1] if count else None
