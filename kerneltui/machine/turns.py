"""Who goes next: the order of instructions on several cores.

Each core has a local time, ``ready_at``: when its next instruction begins.  The core with the
smallest goes next, of equal ones the first; events that fall due before that fire first.  So the
order follows from virtual time alone and is the same in every run.  A core that sleeps has no local
time until something wakes it.
"""

from __future__ import annotations

from typing import ClassVar

from kerneltui.hw.clock import NEVER, Clock
from kerneltui.machine.core import Core, CoreState, StopReason


class Turns:
    """The cores of one machine; ``current`` is the one whose turn it is."""

    TRANSIENT: ClassVar = frozenset(("current",))

    def __init__(self, clock: Clock) -> None:
        self.cores: list[Core] = []
        self.current: Core | None = None
        self._clock = clock

    @property
    def at_rest(self) -> bool:
        """Whether the state of every core is plain data."""
        return all(core.at_rest for core in self.cores)

    def wake(self, core: Core) -> None:
        """From now on ``core`` has something to execute."""
        now = self._clock.now
        if now >= core.ready_at:
            return
        core.ready_at = now
        if self.current is not None and self.current is not core:
            self._set_horizon(self.current)

    def rest(self, core: Core) -> None:
        """``core`` has nothing to execute any more."""
        core.ready_at = NEVER
        if self.current is not None:
            self._set_horizon(self.current)

    def _set_horizon(self, core: Core) -> None:
        """A core may begin instructions before the first that another one is to begin."""
        horizon = NEVER
        for other in self.cores:
            if other is not core and other.ready_at < NEVER:
                horizon = min(horizon, other.ready_at + (core.index < other.index))
        core.set_horizon(horizon)

    def run(self) -> tuple[Core, StopReason]:
        """Give turns until a core halts for another reason; answers which core and why."""
        for core in self.cores:
            # Computing can halt at any time, so at the debugger's limit too.
            if core.is_interruptible and core.state is CoreState.RUNNING:
                core.ready_at = min(core.ready_at, max(core.until, self._clock.now))
        while True:
            core = min(self.cores, key=_local_time)
            if core.ready_at >= NEVER:
                core = next(
                    (item for item in self.cores if item.state is CoreState.WAITING), self.cores[0]
                )
            elif self._clock.next_due <= core.ready_at:
                # An event before that may wake another core.
                self._clock.advance(self._clock.next_due)
                continue
            else:
                self._clock.advance(core.ready_at)
            self.current = core
            self._set_horizon(core)
            reason = core.run()
            self.current = None
            if reason is not StopReason.TURN:
                return core, reason


def _local_time(core: Core) -> tuple[int, int]:
    return core.ready_at, core.index
