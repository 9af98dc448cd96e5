"""Which meaningful steps a machine has just come to, at any moment, however it came there.

One instant can bring several: the machine stands still while they are shown one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kerneltui.debugger.history import History
from kerneltui.debugger.marker import Marker
from kerneltui.debugger.marks import Mark
from kerneltui.debugger.narrate import Step, Teller
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.core import StopReason
from kerneltui.machine.machine import Position

LAST = -1


class Storyteller:
    """``inspector()`` is what the kernel lets one see."""

    def __init__(self, history: History, inspector: Callable[[], Inspector]) -> None:
        self._history = history
        self._inspector = inspector
        self._marker = Marker(history.machine)
        self._at: Position | None = None
        """where the marker knows what has happened"""
        self._marks: list[Mark] = []
        """what has happened just there"""
        self._shown: tuple[Position | None, int] = None, 0
        """where a phase was chosen, and which"""

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look on while the machine runs, and halt it after each step."""
        self._know()
        recorder = self._history.recorder
        with self._marker.installed(recorder if recorder.tracing else None):
            yield
        self._at = self._history.here
        self._marks = list(self._marker.marks) if self._marker.has_come else []

    def _know(self) -> None:
        """Have the marker know what has happened up to here."""
        history, here = self._history, self._history.here
        if self._at == here and self._marker.machine is history.machine:
            return
        if self._marker.machine is not history.machine:
            self._marker = Marker(history.machine)
        scout = history.scout
        scout.load(history.checkpoint_before(here))
        marker = Marker(scout.machine)
        with marker.installed():
            while scout.machine.position < here:
                if scout.run(to=here) is not StopReason.MEANINGFUL:
                    break
        self._marker.remember(marker)
        self._at, self._marks = here, list(marker.marks) if marker.has_come else []

    def forget(self) -> None:
        """The past is another one."""
        self._at = None

    def steps(self) -> list[Step]:
        """The steps of this position, in their order; none between two steps."""
        self._know()
        return Teller(self._history.machine, self._inspector()).steps(self._marks)

    @property
    def phase(self) -> int:
        """Which of them is on show; :data:`LAST` is the last."""
        position, phase = self._shown
        return phase if position == self._history.here else 0

    def show(self, phase: int) -> None:
        """Show another one of this position."""
        self._shown = self._history.here, phase

    def step(self) -> Step | None:
        """The one on show."""
        steps = self.steps()
        return steps[self.phase] if steps else None

    def turn(self, direction: int) -> bool:
        """Show the one after or before (1, -1) at this position; False where there is none."""
        count = len(self.steps())
        phase = self.phase if self.phase >= 0 else count - 1
        if not 0 <= phase + direction < count:
            return False
        self.show(phase + direction)
        return True
