"""Which meaningful steps a machine has just come to, at any moment, however it came there.

One instant can bring several: the machine stands still while they are shown one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kerneltui.debugger.courses import COURSES, STATIONS, TITLES
from kerneltui.debugger.history import History
from kerneltui.debugger.marks import BY_HANDLERS, Mark, StepKind
from kerneltui.debugger.narrate import Step, Teller
from kerneltui.debugger.origins import SERIAL, source_kind
from kerneltui.debugger.references import InterruptReference
from kerneltui.debugger.sight import Story
from kerneltui.debugger.stored_now import stores_now, story_of
from kerneltui.debugger.way import interrupts_of_line, lines
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.core import StopReason
from kerneltui.machine.machine import Machine
from kerneltui.machine.position import Position

if TYPE_CHECKING:
    from kerneltui.debugger.marker import Marker

LAST = -1
"""The last step, or the stores by hand that come after it."""
DONE = -2
"""The first for which something had to be done; the last where there is none."""
NEAR = 2
"""The step before is looked for in so many stretches of the past."""
_ON_THE_WAY = frozenset((StopReason.MEANINGFUL, StopReason.BUDGET))


def new_marker(machine: Machine) -> Marker:
    """One that knows nothing yet."""
    from kerneltui.debugger.marker import Marker  # the first picture does not wait for it

    return Marker(machine)


class Storyteller:
    """``inspector()`` is what the kernel lets one see."""

    def __init__(self, history: History, inspector: Callable[[], Inspector]) -> None:
        self._history = history
        self._inspector = inspector
        self._looker: Marker | None = None
        self._at: Position | None = None
        """where the marker knows what has happened"""
        self._known_teller: Teller | None = None
        self._worded: tuple[Position, Teller, list[Mark], list[Step]] | None = None
        """where marks were put into words last, by whom, which ones, and the words"""
        self._marks: list[Mark] = []
        """where it has looked on: what has happened just there"""
        self._halted = False
        """whether it has looked on until there"""
        self._since: Position | None = None
        self._until: Position | None = None
        """between which moments (reset where there is none) all stops are known"""
        self._marks_of: dict[Position, list[Mark]] = {}
        """what has happened at each"""
        self._came: tuple[Position | None, Position | None] = None, None
        """a step, and the one that came before it"""
        self._shown: tuple[Position | None, int] = None, 0
        """where a phase was chosen, and which"""
        self._furthest: tuple[Position | None, int] = None, 0
        """where a later one has been on show there, and which"""

    @property
    def _marker(self) -> Marker:
        """It is made when it is wanted: the first picture does without."""
        if not self._has_marker():
            self._looker = new_marker(self._history.machine)
        assert self._looker is not None
        return self._looker

    def _has_marker(self) -> bool:
        """Whether there is one that looks at the present machine."""
        return self._looker is not None and self._looker.machine is self._history.machine

    @contextmanager
    def looking(self) -> Iterator[Marker]:
        """Look on while the machine runs, and halt it after each step."""
        self._know()
        recorder, before = self._history.recorder, self._history.here
        held = self._marks if self._halted and self._at == before else []
        is_stop = bool(held) or before == self._history.first
        if not self._halted:  # what was listened to up to here is no part of what comes
            self._marker.marks.clear()
        with self._marker.installed(recorder if recorder.tracing else None):
            yield self._marker
        self._at, self._halted = self._history.here, True
        if self._marker.has_come:
            self._marks = list(self._marker.marks)
            if is_stop:
                self._came = self._at, before
        else:  # a kernel that has halted for good stays at its last step
            self._marks = held if self._at == before else []

    @contextmanager
    def listening(self) -> Iterator[Marker]:
        """Look on while the machine runs, without halting it."""
        self._know()
        recorder, before = self._history.recorder, self._history.here
        is_stop = self._halted and self._at == before and bool(self._marks)
        if is_stop or before == self._history.first:
            self._marker.left = before
        with self._marker.installed(recorder if recorder.tracing else None, halts=False):
            yield self._marker
        self._at, self._halted = self._history.here, False
        came = self._marker.came
        self._came = (self._at, came) if came is not None else (None, None)

    def _know(self) -> None:
        """Have the marker know what has happened up to here."""
        history, here = self._history, self._history.here
        if self._at == here and self._has_marker():
            return
        if here == history.first:
            # Whoever looks on from where the kernel has booted has missed nothing.
            self._looker = None
            self._at, self._halted = here, False
            return
        found = self._scan(here)
        if not self._marks_of.get(here):
            found = self._run_to(here)
        self._marker.remember(found)
        self._at, self._halted = here, False

    def _scan(self, until: Position) -> Marker:
        """Find all stops up to a moment, from a checkpoint on; answers what the scout knows there.

        Nothing but the steps themselves halts the machine: a halt changes which core is the next.
        """
        scout = self._history.scout
        checkpoint = self._history.checkpoint_before(until)
        scout.load(checkpoint)
        self._since, self._until = None if checkpoint is None else checkpoint.position, until
        self._marks_of = {}
        marker = new_marker(scout.machine)
        with marker.installed():
            while scout.machine.position < until:
                if scout.run() is not StopReason.MEANINGFUL:
                    break
                if scout.machine.position <= until:
                    self._marks_of[scout.machine.position] = list(marker.marks)
        return marker

    def _run_to(self, here: Position) -> Marker:
        """What is known between two steps."""
        scout = self._history.scout
        scout.load(self._history.checkpoint_before(here))
        marker = new_marker(scout.machine)
        with marker.installed():
            while scout.machine.position < here and scout.run(to=here) in _ON_THE_WAY:
                pass
        marker.begin()
        return marker

    def _covers(self, position: Position) -> bool:
        """Whether the stops before a moment, and at it, are known as far back as one stretch."""
        if self._until is None or position > self._until:
            return False
        return self._since is None or self._since < position

    def search(self, before: Position) -> Generator[Position, None, Position | None]:
        """Where the last step before a moment was; None where there was none.

        Yields after each stretch of the past that has been searched, with where that began.
        """
        until = before
        while True:
            if not self._covers(until):
                self._scan(until)
            found = [position for position in self._marks_of if position < before]
            if found:
                return max(found)
            if self._since is None:
                return None
            until = self._since
            yield until

    def forget(self) -> None:
        """What comes after this moment will be another story."""
        self._at = self._until = self._worded = None
        self._marks_of = {}
        self._came = None, None
        self._furthest = None, 0

    def _marks_here(self) -> list[Mark]:
        here = self._history.here
        if self._at == here and self._halted:
            return self._marks
        if not self._covers(here):
            self._scan(here)
        return self._marks_of.get(here, [])

    def steps(self) -> list[Step]:
        """The steps of this position, in their order; none between two steps."""
        return self._steps_of(self._marks_here())

    def _steps_of(self, marks: list[Mark]) -> list[Step]:
        """A picture asks several times."""
        here, teller = self._history.here, self._teller()
        if self._worded is None or self._worded[:3] != (here, teller, marks):
            self._worded = here, teller, [*marks], teller.steps(marks)
        return self._worded[3]

    def _latest_marks(self) -> tuple[list[Mark], bool]:
        """What the machine has come to last, and whether it stands there."""
        here = self._history.here
        if self._at == here and self._halted and self._marks and self._has_marker():
            # Of several cores that execute an image, the others may be ahead of the step.
            return self._marks, True
        if self._at == here and self._has_marker() and self._marker.marks:
            marked_ns = self._marker.marked_ns
            goes_on = here.asleep or self._marker.computes
            is_past = goes_on and here.now_ns > marked_ns
            return self._marker.marks, self._marker.is_fresh and not is_past
        if here == self._history.first:  # of an image that is reset
            return [self._sleep(here)] if here.asleep else [], True
        if not self._covers(here):
            self._scan(here)
        position = max((at for at in self._marks_of if at <= here), default=here)
        first = self._history.first
        if not self._marks_of and first is not None and first.asleep and self._since == first:
            return [self._sleep(first)], False  # it has slept since it had booted
        return self._marks_of.get(position, []), position == here

    def _teller(self) -> Teller:
        """That of the present machine."""
        machine, known = self._history.machine, self._known_teller
        inspected = type(self._inspector())
        if known is None or known.machine is not machine or known.inspected is not inspected:
            known = self._known_teller = Teller(machine, self._inspector)
        return known

    def _interrupt_of(self, step: Step) -> InterruptReference | None:
        """Which one a step is about; a character that arrives is about the UART's."""
        if step.origin is not None:
            origin = step.origin
            return InterruptReference(origin.controller, origin.numbering, origin.number)
        if step.course != SERIAL:
            return None
        machine = self._history.machine
        for device, _, _, line in lines(machine):
            if source_kind(device) == SERIAL:
                for name, number in interrupts_of_line(machine, line.name, step.core):
                    return InterruptReference(name, machine.controllers[name].NUMBERING, number)
        return None

    def _sleep(self, booted: Position) -> Mark:
        """How a kernel has booted."""
        core = self._history.machine.cores[self._history.machine.stopped]
        return Mark(StepKind.ASLEEP, core.index, "", 0, exception=core.WAIT, at_ns=booted.now_ns)

    def told(self, focus: int = 0) -> Story | None:
        """The latest step, as pictures show it; or what a person has stored since.

        ``focus`` is the core on show.
        """
        found, stores = self._told(), stores_now(self._history)
        if not stores or not self.shows_stores:
            return found
        return story_of(self._history.machine, self._teller(), stores, found, focus)

    @property
    def shows_stores(self) -> bool:
        """Whether stores by hand are on show, if this moment has any: they come after its steps."""
        steps = self.steps()
        return not steps or self._place(steps) == len(steps)

    def _told(self) -> Story | None:
        marks, is_here = self._latest_marks()
        if not marks:
            return None
        steps = self._steps_of(marks)
        # Of several at one position it is the one on show; between two positions the last.
        place = min(self._place(steps), len(steps) - 1) if is_here else len(steps) - 1
        step = steps[place]
        if step.kind is StepKind.ASLEEP and not is_here:
            step = replace(step, title=TITLES[step.kind])  # whatever has woken the core since
        kinds = COURSES.get(step.course, ())
        later = {STATIONS[kind] for kind in kinds[max(step.number - 1, 0) :]}
        return Story(
            step.kind,
            step.target,
            step.heading,
            step.sentence if is_here else "",
            step.next_sentence,
            step.station,
            frozenset(
                STATIONS[kind]
                for kind in kinds
                if STATIONS[kind] not in later and (kind in step.seen or kind not in BY_HANDLERS)
            ),
            self._interrupt_of(step),
            step.subject,
            step.origin.controller if step.origin is not None else "",
            step.register,
            step.line,
            frozenset(item.kind for item in steps[place + 1 :]),
            step.by_itself,
            self._history.machine.now - step.at_ns,
            since=self._stop_before() if is_here else None,
        )

    def _stop_before(self) -> Position | None:
        """Where the step before this moment was, if that is near."""
        here = self._history.here
        if here == self._history.first:
            return None  # nobody has seen what was before
        at, before = self._came
        if at == here:
            return before
        search = self.search(here)
        for _ in range(NEAR):
            try:
                next(search)
            except StopIteration as end:
                found: Position | None = end.value
                first = self._history.first
                return first if found is None and first is not None and first < here else found
        return None

    @property
    def phase(self) -> int:
        """Which of them is on show; :data:`LAST` and :data:`DONE` are two that have no number."""
        position, phase = self._shown
        return phase if position == self._history.here else 0

    def place(self) -> int:
        """The same, counted from 0; 0 as well where this position has no step."""
        return max(self._place(self.steps()), 0)

    def show(self, phase: int) -> None:
        """Show another one of this position."""
        self._shown = self._history.here, phase

    def _place(self, steps: Sequence[Step]) -> int:
        """Which one of them that is; behind the last one are the stores by hand of this moment.

        Who has come by single instructions knows only what the last one brought: that can be less
        than what the step at this position was made of.
        """
        if self.phase == DONE:
            return next((n for n, step in enumerate(steps) if not step.by_itself), len(steps) - 1)
        pages = self._pages(steps)
        return self.phase if 0 <= self.phase < pages else pages - 1

    def _pages(self, steps: Sequence[Step]) -> int:
        """How much this position has to show, one after another."""
        return len(steps) + bool(steps and stores_now(self._history))

    def step(self) -> Step | None:
        """The one on show; the last one where that is a store by hand."""
        steps = self.steps()
        return steps[min(self._place(steps), len(steps) - 1)] if steps else None

    def turn(self, direction: int) -> bool:
        """Show what comes after or before (1, -1) at this position; False where that is nothing."""
        steps = self.steps()
        place = self._place(steps)
        if not 0 <= place + direction < self._pages(steps):
            return False
        here = self._history.here
        known = self._furthest[1] if self._furthest[0] == here else 0
        self._furthest = here, max(known, place, place + direction)
        self.show(place + direction)
        return True

    @property
    def is_turned_back(self) -> bool:
        """Whether a later one of this position has been on show."""
        position, furthest = self._furthest
        return position == self._history.here and self.place() < furthest
