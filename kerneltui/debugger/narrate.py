"""A machine's story: its meaningful steps, each in a plain sentence, with what comes next.

What happened is a :class:`~kerneltui.debugger.marks.Mark`; :mod:`kerneltui.debugger.sentences`
has the words.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from kerneltui.debugger.courses import BEFORE, COURSES, HEADINGS, STANDS_FOR, STATIONS, TITLES
from kerneltui.debugger.marks import Mark, StepKind
from kerneltui.debugger.origins import CALL, SERIAL, TIMER, Origin, Wiring, call_sent
from kerneltui.debugger.roles import Roles
from kerneltui.debugger.sentences import Sentences
from kerneltui.debugger.story_facts import StoryFacts, takes_next
from kerneltui.debugger.upcoming import Upcoming
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.core import CoreState
from kerneltui.machine.machine import Machine


class Step(msgspec.Struct, frozen=True):
    """One meaningful step, after which the machine stands."""

    kind: StepKind
    core: int
    course: str
    """the kind of its episode, a key of :data:`COURSES`, or empty"""
    depth: int
    """handlers in progress on the core; one that interrupts another is deeper"""
    station: str
    """one of :data:`STATIONS`"""
    title: str
    sentence: str
    next_sentence: str
    number: int
    """from 1 on, its place in the course of its episode; 0 where it has none"""
    total: int
    phase: int = 0
    """of several steps at one position, which it is"""
    origin: Origin | None = None
    """the interrupt that it is about"""
    target: int = 0
    """the core that this one is for: of a message the one that gets it"""
    register: str = ""
    """that was accessed for it"""
    line: str = ""
    """the wire that it is about"""
    by_itself: bool = False
    """nothing had to be done for it"""
    seen: frozenset[StepKind] = frozenset()
    """what its handler has done so far"""
    at_ns: int = 0
    """when it happened (virtual time), as the trace has it"""

    @property
    def subject(self) -> str:
        """``Timer interrupt, IRQ 30``; empty where it is about nothing in particular."""
        if self.kind is StepKind.ASLEEP or not self.course:
            return ""
        label = "" if self.origin is None else f", {self.origin.label}"
        return f"{HEADINGS[self.course]}{label}"

    @property
    def heading(self) -> str:
        """``STEP 5/12 THE CPU TAKES IT``."""
        place = f" {self.number}/{self.total}" if self.number else ""
        return f"STEP{place} {self.title.upper()}"


class Teller:
    """Puts marks of one machine into words, as it stands now; looking changes nothing."""

    def __init__(self, machine: Machine, inspector: Callable[[], Inspector]) -> None:
        """``inspector()`` is what the kernel lets one see now: what it had before may be gone."""
        self.machine = self._machine = machine
        self.inspected = type(inspector())
        """A kernel lets nothing be seen before it has begun; then another teller is needed."""
        self._facts = StoryFacts(machine, inspector)
        self._roles = Roles(machine)
        self._upcoming = Upcoming(machine, self._facts, self._roles)
        self._wiring = Wiring(machine)
        self._sentences = Sentences(machine, inspector, self._facts, self._roles)

    def steps(self, marks: list[Mark]) -> list[Step]:
        """The steps of one position."""
        found = [self._step(mark, phase) for phase, mark in enumerate(marks)]
        kinds = [step.kind for step in found]
        return [
            replace(step, next_sentence="So many are enough: the UART raises its line.")
            if step.kind is StepKind.ARRIVED and StepKind.LINE in kinds[place:]
            else step
            for place, step in enumerate(found)
        ]

    def state(self, index: int) -> str:
        """What a core does now, in a sentence or two."""
        return self._sentences.state(index)

    def taking(self, focus: int) -> tuple[int, Origin | None] | None:
        """The core that takes an interrupt before its next instruction, and which one that is.

        Of several cores it is ``focus`` if that is one of them.  None: no core takes any.
        """
        order = sorted(self._machine.cores, key=lambda core: core.index != focus)
        core = next((core for core in order if takes_next(core)), None)
        return None if core is None else (core.index, self._facts.most_urgent(core.index))

    def following(self, index: int) -> str:
        """What comes next on a core, as it stands."""
        return self._upcoming.following(self._machine.cores[index])

    def _step(self, mark: Mark, phase: int) -> Step:
        kind, core = mark.kind, self._machine.cores[mark.core]
        course = mark.course
        if kind is StepKind.ASLEEP:
            course = TIMER if self._facts.next_timer(mark.core) is not None else ""
        elif kind is StepKind.SENT:
            course = CALL
        origin, target = mark.origin, mark.core
        if kind is StepKind.SENT:  # in a handler of another one, or in none
            origin, target = call_sent(self._machine, self._wiring, mark.core)
            mark = replace(mark, origin=origin)
        usual = COURSES.get(course, ())
        place = STANDS_FOR.get(kind, kind)
        number = usual.index(place) + 1 if place in usual else 0
        return Step(
            kind, mark.core, course, mark.depth, self._station(mark), self._title(mark),
            self._turn(mark) + self._sentences.told(mark, core), self._upcoming.told(mark, core),
            number,
            len(usual), phase, origin, target,
            "" if mark.meaning is None else mark.meaning.register, mark.line, mark.by_itself,
            mark.seen, mark.at_ns,
        )  # fmt: skip

    def _turn(self, mark: Mark) -> str:
        """That it is about another interrupt than the step before: which one, and where."""
        if not mark.is_turn or mark.origin is None:
            return ""
        cores = sum(core.state is not CoreState.OFF for core in self._machine.cores)
        where = f" of core {mark.core}" if cores > 1 else ""
        label = f"{mark.origin.label}{where}"
        is_new = mark.kind in BEFORE or mark.kind is StepKind.TAKEN
        return f"Another interrupt, {label}. " if is_new else f"Back to {label}. "

    def _title(self, mark: Mark) -> str:
        is_left = mark.kind is StepKind.QUIET and mark.by_itself and mark.course != SERIAL
        if is_left and self._sentences.asks_on(mark):
            return "The source is not quieted"
        if mark.kind is StepKind.LINE and not mark.line:
            return "It asks without a wire"
        if mark.kind is StepKind.ASLEEP:
            core = self._machine.cores[mark.core]
            if core.state is CoreState.RUNNING:
                return "It does not sleep"
        if mark.kind is StepKind.SENT and mark.origin is None:
            return "A message is sent"
        if mark.kind is StepKind.WHO and mark.again:
            return "Who exactly?"
        return TITLES[mark.kind]

    @staticmethod
    def _station(mark: Mark) -> str:
        """What has no wire happens where it comes from; only timeouts have callbacks."""
        if mark.kind is StepKind.LINE and not mark.line:
            return STATIONS[StepKind.DUE]
        if mark.kind is StepKind.WOKEN and mark.course != TIMER:
            return STATIONS[StepKind.RECEIVED]
        return STATIONS[mark.kind]
