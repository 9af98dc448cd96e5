"""Quanta: what interrupts a task that has had a core for long enough.

On the boot core the end of a quantum is a timeout like any other, in the one queue.  The other
cores have no queue; each sets the comparator of its own core.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kerneltui.kernel.time.time_manager import NEVER, TimeManager, TimerDriver


class Quantum(Protocol):
    """One core's.  ``due_ns`` is the uptime of its end, None while none runs."""

    due_ns: int | None
    timeout: int
    """identity of the timeout that it is; 0: none"""
    on_end: Callable[[], None]
    """called in IRQ context"""

    def begin(self, length_ns: int, name: str) -> None:
        """So long from now; ``name`` says whose it is."""

    def end(self) -> None:
        """Whether it is over or not."""


def nothing() -> None:
    """What the end of a quantum does until somebody cares."""


class QueuedQuantum:
    """The boot core's: a timeout."""

    def __init__(self, time_manager: TimeManager) -> None:
        self.due_ns: int | None = None
        self.on_end: Callable[[], None] = nothing
        self._time_manager = time_manager
        self.timeout = 0

    def begin(self, length_ns: int, name: str) -> None:
        """Set the timeout."""
        manager = self._time_manager
        self.timeout = manager.set_timeout_once(length_ns, self._over, name)
        self.due_ns = manager.due_ns(self.timeout)

    def end(self) -> None:
        """Cancel what has not fired."""
        if self.due_ns is not None:
            self.due_ns = None
            self._time_manager.cancel(self.timeout)

    def _over(self) -> None:
        self.due_ns = None
        self.on_end()


class CoreQuantum:
    """A further core's: its own timer, which serves nothing else."""

    def __init__(self, timer: TimerDriver) -> None:
        self.due_ns: int | None = None
        self.timeout = 0
        self.on_end: Callable[[], None] = nothing
        self._timer = timer

    def begin(self, length_ns: int, name: str) -> None:  # noqa: ARG002 - nobody sees the name
        """Set the comparator."""
        self.due_ns = self._timer.uptime_ns() + length_ns
        self._timer.set_timeout_irq(self.due_ns)

    def end(self) -> None:
        """Let the comparator rest."""
        if self.due_ns is not None:
            self.due_ns = None
            self._timer.set_timeout_irq(NEVER)

    def handle(self) -> None:
        """The timer interrupt; it may be early where a counter cannot go so far in one."""
        self._timer.conclude_timeout_irq()
        if self.due_ns is None:
            return
        if self._timer.uptime_ns() < self.due_ns:
            self._timer.set_timeout_irq(self.due_ns)
            return
        self.end()
        self.on_end()
