"""Marks of a machine as they come: which ones a stop has, and when the machine halts for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kerneltui.debugger.marks import Mark, StepKind
from kerneltui.debugger.onlooker import Onlooker
from kerneltui.debugger.origins import SERIAL
from kerneltui.machine.core import Core, StopReason
from kerneltui.machine.machine import Machine, MachineObserver
from kerneltui.machine.position import Position

COMPUTE = "compute"
Subject = tuple[str, int, int]
"""What a mark is about: an interrupt's controller and number, and the core."""


class Marking(Onlooker):
    """Stands below :class:`kerneltui.debugger.marker.Marker`, which knows what is marked."""

    if TYPE_CHECKING:  # the marker's

        def _depth(self, core: int) -> int:
            """How many handlers a core is in, as far as it has seen."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.on_mark: Callable[[Mark], None] | None = None
        self.marks: list[Mark] = []
        """those of the last stop, or since"""
        self.has_come = False
        """the machine has halted for them"""
        self.came: Position | None = None
        """where it stood before the last ones, if it has looked on since the step before"""
        self.left: Position | None = None
        """where it has stood with the last ones"""
        self.is_fresh = False
        """no instruction has begun since the last one"""
        self.computes = False
        """the instruction that has begun last computes: time goes on in the midst of it"""
        self.marked_ns = 0
        """when the last one came (virtual time)"""
        self._subject: Subject | None = None
        """what the last mark was about, as long as some handler is in progress"""
        self._halts = True
        self._asked: set[int] = set()
        """the cores that are to halt for them: the first that does, does for all"""

    def _remember_marks(self, other: Marking) -> None:
        self.marks, self.has_come = list(other.marks), other.has_come
        self.is_fresh, self.marked_ns = other.is_fresh, other.marked_ns
        self.computes = other.computes
        self._subject = other._subject
        self.came = self.left = None  # what it has stood at itself is on another way
        self._asked = set(other._asked)

    # -- halting ----------------------------------------------------------------------------------

    def begin(self) -> None:
        """See :class:`~kerneltui.machine.machine.Stopper`."""
        if self.has_come:
            self.has_come, self.marks = False, []
            self._asked.clear()
        self._ask()

    def judge(self, core: int, reason: StopReason) -> StopReason:
        """See :class:`~kerneltui.machine.machine.Stopper`."""
        self.has_come = core in self._asked
        return StopReason.MEANINGFUL if self.has_come else reason

    @contextmanager
    def installed(
        self, inner: MachineObserver | None = None, *, halts: bool = True
    ) -> Iterator[None]:
        """The machine is looked at; ``inner`` is told everything too.

        Where it is not to halt, only the marks since the last instruction with any are kept.
        """
        machine, self._inner = self.machine, inner
        received = machine.terminal.on_input
        machine.observe(self)
        machine.stopper = self if halts else None
        self._halts = halts

        def arrive(byte: int, is_scripted: bool) -> None:
            if received is not None:
                received(byte, is_scripted)
            self._mark(Mark(StepKind.ARRIVED, 0, SERIAL, self._depth(0), numbers=(0, byte),
                            text="the scenario" if is_scripted else "you"))  # fmt: skip

        machine.terminal.on_input = arrive
        try:
            yield
        finally:
            machine.terminal.on_input = received
            machine.stopper = None
            machine.observe(inner)

    def _mark(self, mark: Mark) -> None:
        if self._halts and self.has_come:
            return  # by a person, where the machine has halted: that is told as what it is
        now = self.machine.now
        if not self._halts and not (self.is_fresh and now == self.marked_ns):
            self.came, self.left = self.left, self.machine.position
            self.marks.clear()
        self.is_fresh, self.marked_ns = True, now
        mark = replace(mark, at_ns=now, is_turn=self._turns(mark))
        self.marks.append(mark)
        if self.on_mark is not None:
            self.on_mark(mark)
        if not self._halts:
            return
        current = self.machine.turns.current
        cores: list[Core] = self.machine.cores if current is None else [current]
        self._asked.update(core.index for core in cores)
        self._ask()

    def _turns(self, mark: Mark) -> bool:
        """Whether a mark is about another interrupt than the one before it.

        What was before the handlers in progress counts only at the same stop: a marker that looks
        on from a checkpoint has not seen it.
        """
        before, subject = self._subject, subject_of(mark)
        in_progress = sum(self._depth(core.index) for core in self.machine.cores)
        if not in_progress:
            before = subject_of(self.marks[-1]) if self.marks else None
        ends = mark.kind is StepKind.RETURNED
        self._subject = (subject or before) if in_progress > ends else None
        return None not in {before, subject} and subject != before

    def _ask(self) -> None:
        for index in self._asked:
            self.machine.cores[index].request_stop(StopReason.MEANINGFUL)

    # -- what has come since ----------------------------------------------------------------------

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`~kerneltui.machine.core.Observer`."""
        if self.is_fresh:
            self.is_fresh, self.left = False, self._before(core)
        super().instruction(core, kind, target, value)
        self.computes = kind == COMPUTE

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """See :class:`~kerneltui.machine.core.Observer`."""
        super().exception(core, kind, vector)
        self.computes = False
        if self.is_fresh:  # nothing has been executed since: a task may have computed on
            machine = self.machine
            here = Position(machine.step, machine.now, False, core.index, core.retired)
            self.is_fresh, self.left = False, here

    def _before(self, core: Core) -> Position:
        """The moment before the present instruction of a core: between two, nothing changes."""
        return Position(-1, self.machine.now, False, core.index, core.retired)


def subject_of(mark: Mark) -> Subject | None:
    """None for what is about no interrupt, or says itself what it is about."""
    if mark.kind is StepKind.ARRIVED:
        return SERIAL, 0, mark.core
    if mark.origin is None or mark.kind is StepKind.SENT:
        return None
    return mark.origin.controller, mark.origin.number, mark.core
