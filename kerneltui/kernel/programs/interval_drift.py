"""Interval drift: two intervals of the same period, whose ticks take some milliseconds of work.

The good one is a periodic timeout: its next due time is counted from its last one.  The bad one is
a one-shot timeout that sets itself anew when its work is done, counted from then: what the work and
everything around it takes is added to each period, and never made up for.
"""

from __future__ import annotations

from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks

PERIOD_NS = 100_000_000
WORK_NS = (1_000_000, 3_000_000, 2_000_000)
"""What a tick takes, in turn."""
NS_PER_S, NS_PER_US = 1_000_000_000, 1_000
TICKS_TOLD = 10
"""Of the good one, between two reports."""
HEADING = f"{'ticks':>9}{'due s':>11}{'came s':>11}{'late us':>9}{'worst':>9}"


class Interval:
    """What was seen of one of the two.  ``schedule_ns`` is when its first tick should come."""

    def __init__(self, name: str, schedule_ns: int) -> None:
        self.name = name
        self.ticks = 0
        self.due_ns = self.came_ns = schedule_ns
        """of the latest tick: when it should have come, and when it did"""
        self.worst_ns = 0
        """by how much the latest of all was late"""
        self._schedule_ns = schedule_ns

    @property
    def late_ns(self) -> int:
        """By how much the latest tick was late."""
        return self.came_ns - self.due_ns

    @property
    def work_ns(self) -> int:
        """What the latest tick has to do."""
        return WORK_NS[(self.ticks - 1) % len(WORK_NS)]

    def note(self, now_ns: int) -> None:
        """A tick has come."""
        self.due_ns = self._schedule_ns + self.ticks * PERIOD_NS
        self.came_ns = now_ns
        self.ticks += 1
        self.worst_ns = max(self.worst_ns, self.late_ns)

    def __str__(self) -> str:
        """A row under :data:`HEADING`."""
        times = "".join(f"{ns / NS_PER_S:>11.6f}" for ns in (self.due_ns, self.came_ns))
        late = "".join(f"{ns / NS_PER_US:>9.1f}" for ns in (self.late_ns, self.worst_ns))
        return f"{self.name:<4}{self.ticks:>5}{times}{late}"


class IntervalDrift(TimerCallbacks):
    """Lets both run, and compares them each time the good one has ticked ten times."""

    def boot(self) -> None:
        """As ever; both are to tick at the same times."""
        super().boot()
        manager = self.time_manager
        ident = manager.set_timeout_periodic(PERIOD_NS, self._good_tick, "good: from due time")
        first_ns = manager.due_ns(ident)
        self.good, self.bad = Interval("good", first_ns), Interval("bad", first_ns)
        self.told = 0
        manager.set_timeout_at(first_ns, self._bad_tick, "bad: from now")
        self.console.info(HEADING)

    def _good_tick(self) -> None:
        self._work(self.good)

    def _bad_tick(self) -> None:
        self._work(self.bad)
        self.time_manager.set_timeout_once(PERIOD_NS, self._bad_tick, "bad: from now")

    def _work(self, interval: Interval) -> None:
        interval.note(self.time_manager.uptime_ns())
        self.cpu.compute(interval.work_ns)

    def _has_report(self) -> bool:
        return self.good.ticks - self.told >= TICKS_TOLD

    def _tell(self) -> None:
        self.told = self.good.ticks
        for interval in (self.good, self.bad):
            self.console.info(str(interval))

    def idle(self) -> None:
        """Reports are printed here, outside any handler, so that no tick is late with them.

        No instruction lies between the last look and the wait, so no tick comes in between.
        """
        while True:
            self.cpu.wait_for_interrupt()
            while self._has_report():
                self._tell()
