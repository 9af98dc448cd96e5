"""Clock sources: once a second all counters of a PC say how much time has passed.

System time is the judge.  A counter that stands still while the core sleeps gives itself away.
"""

from __future__ import annotations

from kerneltui.kernel.bsp.pc import ComparedCounter, Pc
from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks

INTERVAL_NS = 1_000_000_000
NS_PER_MS = 1_000_000


class ClockSources(TimerCallbacks):
    """Prints, for each counter that does not wrap within the interval, the time that it counted."""

    def boot(self) -> None:
        """As ever, and then the first readings."""
        super().boot()
        platform = self.platform
        self.counters: list[ComparedCounter] = (
            platform.idle_counters() if isinstance(platform, Pc) else []
        )
        self._take_readings()
        self.time_manager.set_timeout_periodic(INTERVAL_NS, self._compare, "compare counters")

    def _take_readings(self) -> None:
        self._since_ns = self.platform.uptime_ns()
        self._readings = [counter.read() for counter in self.counters]

    def _compare(self) -> None:
        before, since_ns = self._readings, self._since_ns
        self._take_readings()
        told = [
            f"{counter.label} {_passed(counter, old, new)}"
            for counter, old, new in zip(self.counters, before, self._readings, strict=True)
        ]
        passed_ms = (self._since_ns - since_ns) / NS_PER_MS
        self.console.info(f"{passed_ms:.3f} ms have passed: {', '.join(told)}")


def _passed(counter: ComparedCounter, old: int, new: int) -> str:
    ticks = new - old & counter.mask
    return f"{float(ticks * 1000 / counter.hz):.3f} ms"
