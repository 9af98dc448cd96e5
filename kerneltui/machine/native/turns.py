"""Who goes next among cores that execute machine code: quanta on a fixed grid.

To give turns by exact time would have an engine stop after nearly each instruction.  So each core
executes to the end of a quantum of virtual time before the next one begins it, the first core
first.  The grid is the same wherever a run stops, and a turn that was interrupted by the debugger
goes on: the order of instructions follows from the image and its inputs alone.
"""

from __future__ import annotations

from typing import Protocol, cast

from kerneltui.hw.clock import NEVER, Clock
from kerneltui.machine.core import Core, CoreState, StopReason
from kerneltui.machine.turns import Turns

QUANTUM_NS = 1_000


class Watching(Protocol):
    """A core that can wait for a store of another one."""

    watches: tuple[int, bytes] | None

    def is_watched_changed(self) -> bool:
        """Whether there was one."""

    def send_event(self) -> None:
        """Another core's doing ends its wait."""


class QuantumTurns(Turns):
    """See the module."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._holder: Core | None = None
        """whose turn has begun and is not over"""
        self._ends = NEVER
        """when it is over; NEVER while all others sleep"""
        self._shown = self._hidden = -1
        """while stopped: the time that is shown, and where the clock goes on from"""

    def _set_horizon(self, core: Core) -> None:
        """Another core has woken or fallen asleep, or a turn begins."""
        others = any(item is not core and self._concerns(item, core) for item in self.cores)
        if not others:
            self._ends = NEVER
        elif self._ends >= NEVER:
            self._ends = (max(self._clock.now, 0) // QUANTUM_NS + 1) * QUANTUM_NS
        core.set_horizon(self._ends)

    @staticmethod
    def _concerns(other: Core, core: Core) -> bool:
        """Whether a core's turn has to end for another one, which acts or watches its stores."""
        if other.ready_at < NEVER:
            return True
        return core.ready_at < NEVER and cast("Watching", other).watches is not None

    def run(self) -> tuple[Core, StopReason]:
        """Give turns until a core halts for another reason; answers which core and why."""
        if self._clock.now == self._shown:
            self._clock.now = self._hidden
        self._shown = -1
        while True:
            core = self._holder
            if core is None or core.ready_at >= NEVER:
                core = self._begin_turn()
            self.current = core
            self._set_horizon(core)
            reason = core.run()
            self.current = None
            if reason is not StopReason.TURN:
                if reason is not StopReason.TIME and self._ends < NEVER:
                    self.show(min(core.ready_at, self._ends, core.until))
                return core, reason
            self._holder = None
            self.look_at_monitors()

    def look_at_monitors(self) -> None:
        """A core in WFE is woken by a store to what its exclusive monitor watches."""
        for core in self.cores:
            watching = cast("Watching", core)
            if watching.watches and watching.is_watched_changed():
                watching.watches = None
                watching.send_event()

    def show(self, when: int) -> None:
        """A run stops at this time: that is shown, but what cores do later must not depend on it.

        Another core may not have come so far.
        """
        clock = self._clock
        when = min(when, clock.next_due)
        if when > clock.now:
            if self._shown < 0:
                self._hidden = clock.now
            clock.now = self._shown = when

    def _begin_turn(self) -> Core:
        """Whose it is; while all sleep, that of one who waits until something wakes a core."""
        core = min(self.cores, key=_quantum)
        self._ends = NEVER
        if core.ready_at >= NEVER:
            asleep = (item for item in self.cores if item.state is CoreState.WAITING)
            core = next(asleep, self.cores[0])
        else:
            self._ends = (core.ready_at // QUANTUM_NS + 1) * QUANTUM_NS
        self._holder = core
        return core


def _quantum(core: Core) -> tuple[int, int]:
    return core.ready_at // QUANTUM_NS, core.index
