"""Run-time accounting: every nanosecond of the kernel's clock belongs to exactly one account.

Each boundary reads the clock once and books what has passed since the last one, so that nothing
is lost between two accounts and nothing is counted twice: all accounts together are the time
between the first boundary and the last.  What a boundary costs itself is the next account's, from
the moment on at which the counter was read.
"""

from __future__ import annotations

from kerneltui.kernel.console import UptimeClock
from kerneltui.kernel.tasks.task import Mode, Task, Times


class Accounting:
    """All methods are called with interrupts masked.

    An interrupt between the reading of the clock and the booking would book its time twice.
    """

    def __init__(self, clock: UptimeClock, idle: Task) -> None:
        self.idle = idle
        """the idle task of the core, which is the current one at first"""
        self.task = idle
        """the current one"""
        self.times = Times()
        """of all tasks on this core, the idle one among them"""
        self.mode = Mode.SCHEDULER
        self.scheduler_ns = 0
        self.interrupts = 0
        self._clock = clock
        self._interrupted: list[Mode] = []
        self.started_ns = self.booked_ns = 0
        """uptime at the first boundary, and at the last"""

    def begin(self) -> None:
        """The first boundary, in the scheduler."""
        self.started_ns = self.booked_ns = self._clock.uptime_ns()

    @property
    def elapsed_ns(self) -> int:
        """From the first boundary to the last: all accounts together."""
        return self.booked_ns - self.started_ns

    def switch(self, mode: Mode) -> int:
        """A boundary: from now on time is ``mode``'s; answers the uptime."""
        now_ns = self._clock.uptime_ns()
        passed_ns = now_ns - self.booked_ns
        if self.mode is Mode.SCHEDULER:
            self.scheduler_ns += passed_ns
        else:
            self.task.times.book(self.mode, passed_ns)
            self.times.book(self.mode, passed_ns)
        self.booked_ns = now_ns
        self.mode = mode
        return now_ns

    def enter_irq(self) -> None:
        """The beginning of a handler; it may interrupt another."""
        self._interrupted.append(self.mode)
        self.interrupts += 1
        self.switch(Mode.IRQ)

    def leave_irq(self) -> None:
        """Its end: what it has interrupted goes on."""
        self.switch(self._interrupted.pop())
