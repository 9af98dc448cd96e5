"""The past of one machine: how to come to any moment again.

The truth is the setup, what a person has typed and poked, and checkpoints.  A moment is reached by
loading the nearest checkpoint before it and running on from there.  Between checkpoints lies a
bounded amount of work, so no step back takes long, however long the past is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from time import perf_counter
from typing import Any

from msgspec.structs import replace

from kerneltui.debugger.recorder import EVENTS_BEHIND, Recorder
from kerneltui.debugger.trace import RawEvent
from kerneltui.debugger.traveller import (
    BEYOND_NS,
    Checkpoint,
    DivergedError,
    Found,
    Input,
    Past,
    Traveller,
    position_of,
)
from kerneltui.debugger.watch import Address, Watch
from kerneltui.machine.core import FOREVER, StopReason
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import Poke
from kerneltui.machine.position import Position
from kerneltui.machine.saving import UnsavableError

EVERY = 3_300
"""Work between two checkpoints, at least: those of some 110 interrupts."""
SHARE, SHARE_IN_BOOT = 10, 5
"""A checkpoint may take one part in so many of the time that the machine runs."""
CLOSE = 600
"""Steps between two checkpoints where one travels."""
CLOSE_BY = 50
"""The same, of a core that executes machine code: instructions."""
CLOSE_KEPT = 64
STRETCH = 1_000
"""Instructions on a long way before somebody can say that it is long enough."""
WORTH = 3
"""One more is taken there when the way has taken so many times as long as a checkpoint does."""


class History:
    """Owns the machine: whoever lets it run does so here.

    ``power_on()`` makes a machine that stands at reset; ``replaced()`` is called when that has been
    done for a moment before the first checkpoint.  A second machine, the scout, looks at other
    moments: the one on show is left alone.
    """

    def __init__(
        self,
        power_on: Callable[[], Machine],
        sink: Callable[[RawEvent], None] | None = None,
        replaced: Callable[[], None] | None = None,
    ) -> None:
        self._past = Past()
        self._main = Traveller(power_on, self._past)
        self._power_on = power_on
        self._replaced = replaced
        self._scout: Traveller | None = None
        self.recorder = Recorder(self.machine, sink)
        self.end = self.here
        """where the known past ends"""
        self.end_interrupts = 0
        """how many had been taken by then"""
        self.end_retired = [0 for _ in self.machine.cores]
        """instructions by then, of each core"""
        self.cuts = 0
        """how often what was known to come has been forgotten"""
        self.on = True
        """whether checkpoints are taken"""
        self.first_can_wait = False
        """whether the first one, which takes as long as half a boot, is made when the machine goes
        on from there or somebody prepares for that: who only looks does not wait for it"""
        self._origin = self.recorder.save()
        self._next_work = 0
        self._waiting: Position | None = None
        """where the machine stands and its first checkpoint is yet to be made"""
        self._ran_s = self._took_s = 0.0
        """since the last checkpoint, and for it"""
        self._knows_accessed = True
        """whether the recorder has seen all that was accessed since the last checkpoint"""
        self._interned: dict[frozenset[Address], frozenset[Address]] = {}
        self._found: tuple[object, Position, list[Position]] = None, self.here, []
        """of the last search: for what, before when, and where in the stretch that it ended in"""

    # -- where we are -----------------------------------------------------------------------------

    @property
    def machine(self) -> Machine:
        """The machine, at the moment on show."""
        return self._main.machine

    @property
    def here(self) -> Position:
        """The moment on show."""
        return self._main.machine.position

    @property
    def in_past(self) -> bool:
        """Whether something is known to come."""
        return self.here < self.end

    @property
    def interrupts(self) -> int:
        """How many have been taken up to here."""
        return sum(core.interrupts_taken for core in self.machine.cores)

    @property
    def first(self) -> Position | None:
        """The first checkpoint: booted, asleep."""
        return self._past.first if self._waiting is None else self._waiting

    @property
    def inputs(self) -> list[Input]:
        """What a person has typed and poked."""
        return self._past.inputs

    @property
    def size(self) -> int:
        """Bytes that the past takes, about."""
        kept = sum(len(item.packed) + 200 for item in (*self._past.checkpoints, *self._past.close))
        return kept + self.recorder.size

    # -- forwards ---------------------------------------------------------------------------------

    def run(
        self,
        *,
        instructions: int = FOREVER,
        steps: int = FOREVER,
        focus: int = 0,
        to: Position | None = None,
        **conditions: Any,
    ) -> StopReason:
        """As :meth:`Machine.run`; what a person gave is given again, and checkpoints are taken."""
        main, machine = self._main, self.machine
        self._take_if_due()
        while True:
            goal = main.nearer(to)
            before = [core.work for core in machine.cores]
            retired = machine.cores[focus].retired
            started = perf_counter()
            reason = machine.run(
                instructions=instructions, steps=steps, focus=focus, to=goal,
                rest_after=self._until_checkpoint(), **conditions,
            )  # fmt: skip
            self._ran_s += perf_counter() - started
            spent = [core.work - then for core, then in zip(machine.cores, before, strict=True)]
            instructions -= max(spent)
            steps -= machine.cores[focus].retired - retired
            if reason is StopReason.REACHED:
                self._take_if_due()  # before something is given, as in give()
                main.reached(goal)
                if goal == to:
                    break
            elif reason is not StopReason.REST:
                break
            self._take_if_due()
            machine.leave_landing()
            if instructions <= 0:
                reason = StopReason.BUDGET
                break
        if self.first_can_wait and not (self._past.checkpoints or machine.core.is_landed):
            self._waiting = self.here if self._is_due() else None
        else:
            self._take_if_due()
        main.settle()
        if machine.position > self.end:
            self._end_here()
        return reason

    def _end_here(self) -> None:
        self.end, self.end_interrupts = self.here, self.interrupts
        self._past.end_ns = self.machine.now
        self.end_retired = [core.retired for core in self.machine.cores]

    def expect(self, inputs: Iterable[Input]) -> None:
        """Of a machine at reset: give these, which are in order of time, when it comes there."""
        self._past.inputs[:] = inputs

    def do_again(self, until: Position) -> Generator[Position, None, None]:
        """From reset run on to a moment that is not known here, with what is expected on the way.

        Yields after each stretch.  Raises :class:`DivergedError` where the machine does not come
        there, or to where something is to be given.
        """
        reason = StopReason.BUDGET
        while reason is StopReason.BUDGET:
            reason = self.run(
                to=until, until=until.now_ns + BEYOND_NS, focus=until.core, instructions=STRETCH
            )
            yield self.here
        if self.here != until or self._main.given < len(self.inputs):
            raise DivergedError

    def give(self, given: bytes | Poke, written: str = "") -> None:
        """A person types or pokes, now.  In the past: what came after this moment is forgotten.

        ``written`` is what a person wrote of a poke.
        """
        self._take_if_due()
        if self.in_past or self._main.given < len(self.inputs):
            self.forget_rest()
            self._take_if_due()  # the first one, where that lay after this moment
        # A checkpoint is made before: every machine comes to the first one with nothing given, and
        # a poke can wake a core that would come out of a checkpoint awake.
        self.inputs.append(Input(self.here, given, written))
        self._main.give()

    @property
    def given(self) -> int:
        """How many of :attr:`inputs` have been given by this moment."""
        return self._main.given

    def take_back(self) -> None:
        """Undo what a person gave last, before this moment or at it: all that at one moment.

        Ends at that moment, as it was before; what came after it is forgotten.
        """
        last = self.inputs[self.given - 1].position
        count = next(n for n, item in enumerate(self.inputs) if item.position == last)
        self._past.forget_given(count)
        self._load(self._with_events(self._past.last_before(last)))
        self._main.run_to(last)
        if self._scout is not None:
            self._scout.reset()  # it may have been given what is undone
        self.forget_rest()

    def forget_rest(self) -> None:
        """What comes after this moment will be another story."""
        here = self.here
        self.cuts += 1
        self._end_here()
        self._past.forget_after(here, self._main.given)
        checkpoints = self._past.checkpoints
        since = self.machine.step - checkpoints[-1].position.step if checkpoints else 0
        self._next_work = self.machine.work - since + EVERY if checkpoints else 0
        # The way to here may have begun at a checkpoint where one travels.
        self._knows_accessed = False
        self.recorder.forget_rest()
        self._found = None, here, []
        for traveller in (self._main, self._scout):
            if traveller is not None:
                traveller.machine.forget_numbers(here)
        if self._scout is not None and self._scout.machine.position > here:
            # It has seen a future that will not be; from reset it comes into the right one.
            self._scout.reset()

    # -- checkpoints ------------------------------------------------------------------------------

    def _until_checkpoint(self) -> int:
        """In how many steps one is welcome."""
        checkpoints = self._past.checkpoints
        if not self.on or (checkpoints and self.here < checkpoints[-1].position):
            return FOREVER
        return max(self._next_work - self.machine.work, 0) if checkpoints else 0

    def _is_due(self) -> bool:
        """Whether one is due and can be made."""
        return self._until_checkpoint() == 0 and self.machine.at_rest

    def _take_if_due(self) -> None:
        self._waiting = None
        if self._is_due():
            self._take()

    def _take(self) -> None:
        """Make a checkpoint of this moment.

        Where one takes long, further ones are taken after a longer time.
        """
        past, recorder, machine = self._past, self.recorder, self.machine
        kept = past.in_boot if machine.core.is_landed else past.checkpoints
        if kept and self.here <= kept[-1].position:
            return
        if machine.core.is_landed and machine.work < self._next_work:
            return
        accessed = frozenset(recorder.accessed) if self._knows_accessed else None
        try:
            if not kept:
                machine.number()
            started = perf_counter()
            checkpoint = self._checkpoint(accessed)
        except UnsavableError as error:
            # Nothing could go back from here on: the driver's author is to hear of it at once.
            machine.core.give_up(str(error))
            return
        kept.append(checkpoint)
        if kept is past.checkpoints:
            recorder.forget_accessed()
            self._knows_accessed = True
        self._took_s = took_s = perf_counter() - started
        share = SHARE if kept is past.checkpoints else SHARE_IN_BOOT
        wanted = EVERY * max(1.0, share * took_s / max(self._ran_s, took_s))
        self._next_work = self.machine.work + round(wanted)
        self._ran_s = 0.0

    def _checkpoint(self, accessed: frozenset[Address] | None = None) -> Checkpoint:
        machine, recorder = self.machine, self.recorder
        is_landed = machine.core.is_landed
        packed = self._past.packer.pack(machine.save(), recorder.save(), alone=is_landed)
        has_none_before = is_landed or not self._past.checkpoints
        tail = tuple(recorder.last(EVENTS_BEHIND)) if has_none_before else ()
        if accessed is not None:
            accessed = self._interned.setdefault(accessed, accessed)
        retired = tuple(core.retired for core in machine.cores)
        return Checkpoint(
            self.here, retired, self._main.given, recorder.recorded, accessed, packed, tail
        )

    # -- to any moment ----------------------------------------------------------------------------

    def seek(self, to: Position) -> None:
        """Go to a known moment; of one before an instruction ``step`` may be -1.

        Raises :class:`DivergedError` where the machine does not come there again.
        """
        for _ in self.travel(to):
            pass

    def travel(self, to: Position) -> Generator[Position, None, None]:
        """As :meth:`seek`, stretch by stretch; left half-way, the machine is somewhere before."""
        self._take_if_due()
        if self.here == to:
            return
        checkpoint = self._past.last_before(to)
        if not self._main.is_before(to) or (checkpoint and checkpoint.position > self.here):
            self._load(self._with_events(checkpoint))
        core = self.machine.cores[to.core]
        since = perf_counter()
        # Where it can rest anywhere, it does so often enough for whoever waits.
        close = CLOSE_BY if core.can_rest_anywhere else CLOSE
        while (ahead := to.retired - core.retired) > 2 * close:
            reason = self._main.run(
                focus=to.core, steps=ahead - close, rest_after=CLOSE, instructions=STRETCH
            )
            if reason is StopReason.REST:
                if perf_counter() - since > WORTH * self._took_s:
                    self._keep_close()
                    since = perf_counter()
                self.machine.leave_landing()
            elif reason is not StopReason.BUDGET:
                break
            yield self.here
        self._main.run_to(to)

    def seek_reset(self) -> None:
        """Go to before the first instruction."""
        self._take_if_due()
        self._load(None)
        self._main.settle()

    def restart(self) -> None:
        """Go to before the first instruction, and forget all that was."""
        self._load(None)
        self.forget_rest()

    def seek_time(self, now_ns: int) -> None:
        """Go to the first known moment at a virtual time (ns); run to one that is to come."""
        self._take_if_due()
        checkpoints = self._past.checkpoints
        at = bisect_right(checkpoints, now_ns, key=lambda item: item.position.now_ns)
        self._load_if_better(self.machine.now >= now_ns, at)
        self.run(until=now_ns)

    def _load_if_better(self, must: bool, count: int) -> None:
        """Go to the last of the first ``count`` checkpoints, if one must or that saves time."""
        checkpoint = self._past.checkpoints[count - 1] if count else None
        if must or (checkpoint is not None and checkpoint.position > self.here):
            self._load(self._with_events(checkpoint))

    def _load(self, checkpoint: Checkpoint | None) -> None:
        before, self._waiting = self.machine, None
        recorded = self._main.load(checkpoint)
        if self.machine is not before:
            self.recorder.attach(self.machine)
            if self._replaced is not None:
                self._replaced()
        tail = checkpoint.tail if checkpoint is not None else ()
        self.recorder.load(recorded or self._origin, tail)

    def _with_events(self, checkpoint: Checkpoint | None) -> Checkpoint | None:
        """One from which on the events before a moment are known as far as they are shown."""
        if checkpoint is None or checkpoint.tail:
            return checkpoint
        wanted = checkpoint.events
        while self.recorder.reach(checkpoint.events) < min(checkpoint.events, EVENTS_BEHIND):
            if wanted - checkpoint.events >= EVENTS_BEHIND:
                break
            at = bisect_left(self._past.checkpoints, checkpoint.position, key=position_of)
            checkpoint = self._past.checkpoints[max(at - 1, 0)]
        return checkpoint

    def _keep_close(self) -> None:
        """A checkpoint where one travels."""
        close, numbered_at = self._past.close, self.machine.numbered_at
        if numbered_at is None or numbered_at != self._past.numbered_at(self.here):
            return  # what is saved here is told in terms of other parts
        at = bisect_left(close, self.here, key=position_of)
        if at == len(close) or close[at].position != self.here:
            with suppress(UnsavableError):  # then one goes on without it
                close.insert(at, self._checkpoint())
            if len(close) > CLOSE_KEPT:
                # The farthest away is of least use.
                del close[0 if at > CLOSE_KEPT // 2 else -1]

    def checkpoint_before(self, to: Position) -> Checkpoint | None:
        """The last checkpoint that lies before a moment, not at it."""
        return self._past.last_before(replace(to, retired=to.retired - 1))

    # -- looking at other moments -----------------------------------------------------------------

    @property
    def scout(self) -> Traveller:
        """The second machine."""
        if self._scout is None:
            self._scout = Traveller(self._power_on, self._past)
        return self._scout

    def distance_to(self, to: Position) -> int:
        """How many steps lie between the last checkpoint before a moment and this one, at most."""
        checkpoint = self._past.last_before(to)
        return self.machine.step - (checkpoint.position.step if checkpoint is not None else 0)

    def look_at(self, to: Position) -> Machine:
        """The scout, at another moment: not to be changed."""
        self.scout.seek(to)
        return self.scout.machine

    def look_before_given(self, number: int) -> Machine:
        """The scout where input ``number`` was given, just before that: not to be changed."""
        self.scout.seek_before_given(number)
        return self.scout.machine

    def prepare(self) -> None:
        """Have the scout ready before it is needed."""
        self._take_if_due()
        with suppress(DivergedError):  # that is told when somebody wants to go back
            for kept in (self._past.in_boot, self._past.checkpoints):
                if kept:
                    self.scout.load(kept[0])

    def search(
        self, watch: Watch, focus: int, before: Position
    ) -> Generator[Position, None, Position | None]:
        """Where ``watch`` stopped the machine last before a moment, or None.

        Yields after each stretch of the past that has been searched, with where that began.
        """
        key = watch, focus
        searched, until, known = self._found
        if searched == key and before <= until:
            known = [position for position in known if position < before]
            if known:
                return known[-1]
        found = yield from self.scout.search(watch, focus, before)
        self._found = key, before, found
        return found[-1] if found else None

    def look_back(
        self,
        may_be_in: Callable[[frozenset[Address] | None], bool],
        look: Callable[[Traveller, Position], list[Found]],
        before: Position | None = None,
    ) -> Generator[Position, None, list[Found]]:
        """What the scout finds in the last stretch before a moment that holds something.

        None: before this one.  ``look`` lets it run on to the end of a stretch: see
        :meth:`Traveller.backwards`.
        """
        self._take_if_due()
        scout, until = self.scout, before or self.here
        return (yield from scout.backwards(may_be_in, lambda until: look(scout, until), until))

    def can_hold(self, may_be_in: Callable[[frozenset[Address] | None], bool]) -> bool:
        """Whether any stretch up to here can, by what was accessed in it; runs nothing."""
        checkpoints = self._past.checkpoints
        number = bisect_left(checkpoints, self.here, key=position_of)
        if any(may_be_in(item.accessed) for item in checkpoints[: number + 1]):
            return True
        if number < len(checkpoints):
            return False
        return may_be_in(frozenset(self.recorder.accessed) if self._knows_accessed else None)

    def close(self) -> None:
        """Let go of the machines' stacks."""
        self.machine.close()
        if self._scout is not None:
            self._scout.machine.close()
