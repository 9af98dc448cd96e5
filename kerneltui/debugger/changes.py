"""What has changed at a moment: since its step began.

That is since the last instruction of the core on show; where that core sleeps or has just returned
from an interrupt, since the last one that it took.  So a moment looks the same whatever the way
there.
"""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.debugger.history import History
from kerneltui.debugger.recorder import EVENTS_BEHIND
from kerneltui.debugger.register_marks import RegisterLook, RegisterMarks, RegisterValues
from kerneltui.debugger.trace import RawEvent
from kerneltui.debugger.traveller import DivergedError
from kerneltui.machine.core import CoreState, ResumePoint
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.machine.machine import Machine
from kerneltui.machine.position import Position

FARTHEST = 100_000
"""Changes are not told where the step began so many steps after any checkpoint.

But for an image of machine code: it has checkpoints wherever it is, and a loop of a hundred million
steps costs it nothing.
"""


def last_instruction(history: History, core: int) -> RawEvent | None:
    """The event of the last instruction that a core has begun; None where that is long ago."""
    for event in reversed(history.recorder.last(EVENTS_BEHIND)):
        known = INSTRUCTIONS.get(event[3])
        if event[2] == core and known is not None and not known.is_exception:
            return event
    return None


def before_last_instruction(history: History, index: int) -> Position | None:
    """Of a core; None at its first."""
    core, event = history.machine.cores[index], last_instruction(history, index)
    if event is not None and event[0] == core.retired:
        return before(event)  # it has begun, and is not over
    # That of a core that sleeps or computes may be farther back than events are kept.
    goes_on = core.state is CoreState.WAITING or core.resume_point is ResumePoint.TASK
    retired = core.retired if event is None and goes_on else core.retired - 1
    return None if retired < 0 else Position(-1, 0, False, index, retired)


def before(event: RawEvent) -> Position:
    """The moment before the instruction that an event tells of."""
    retired, now_ns, core, *_ = event
    return Position(-1, now_ns, False, core, retired)


def step_began(history: History, index: int) -> tuple[Position, int] | None:
    """Where the present step of a core began, and the number of its first event."""
    core, recorder = history.machine.cores[index], history.recorder
    entry, event = recorder.entered[index], last_instruction(history, index)
    returned = event is not None and INSTRUCTIONS[event[3]].is_return
    if entry is not None and core.depth == 0 and (core.is_asleep or returned):
        return entry.position, entry.event
    if event is None:
        position = before_last_instruction(history, index)
        return None if position is None else (position, recorder.recorded - EVENTS_BEHIND)
    back = next(n for n, item in enumerate(reversed(recorder.events), 1) if item is event)
    return before(event), recorder.recorded - back


LOOKS_KEPT = 32
"""From the entry of an interrupt to its end there are about ten meaningful steps."""


class ChangeMarks:
    """Marks registers; where a step began elsewhere than at one of the last looks, the scout looks.

    Going back and forth between the same moments is common, and steps of one instant have begun at
    the same moment.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._seen: dict[tuple[int, ...], RegisterValues] = {}
        """by moment what the registers held; the last look comes last"""
        self._scouted: RegisterLook | None = None

    def look(self, registers: RegisterMarks, focus: int, *, marks: bool) -> None:
        """Look at the registers as core ``focus`` sees them, and mark what has changed."""
        registers.look(focus)
        self._keep(_place(self._history.here, focus), registers.values)
        began = step_began(self._history, focus) if marks else None
        values = self.values_at(began[0], focus) if began is not None else None
        if began is None or values is None:
            registers.unmark()
        else:
            registers.mark(values, self._history.recorder.touched(began[1]))

    def forget(self) -> None:
        """The story has become another one: at the same moments registers may hold other values."""
        self._seen.clear()

    def _keep(self, place: tuple[int, ...], values: RegisterValues) -> RegisterValues:
        self._seen.pop(place, None)
        self._seen[place] = values
        if len(self._seen) > LOOKS_KEPT:
            del self._seen[next(iter(self._seen))]
        return values

    def values_at(self, position: Position, focus: int) -> RegisterValues | None:
        """The registers at a moment shortly before; None where that is not to be had."""
        place = _place(position, focus)
        seen = self._seen.get(place)
        if seen is not None:
            return seen
        return self._scout(place, focus, position, lambda: self._history.look_at(position))

    def values_before_given(self, number: int, focus: int) -> RegisterValues | None:
        """The registers just before a person gave input ``number``; None as before."""
        history = self._history
        position = history.inputs[number].position
        place = *_place(position, focus), number
        seen = self._seen.get(place)
        if seen is not None:
            return seen
        return self._scout(place, focus, position, lambda: history.look_before_given(number))

    def _scout(
        self, place: tuple[int, ...], focus: int, position: Position, look: Callable[[], Machine]
    ) -> RegisterValues | None:
        history = self._history
        if not history.machine.core.can_rest_anywhere and history.distance_to(position) > FARTHEST:
            return None
        try:
            machine = look()
        except DivergedError:
            return None
        if self._scouted is None or self._scouted.machine is not machine:
            self._scouted = RegisterLook(machine)
        return self._keep(place, self._scouted.values(focus))


def _place(position: Position, focus: int) -> tuple[int, ...]:
    """What tells whether the registers have been looked at there, as a core sees them."""
    return position.core, position.retired, position.now_ns, focus
