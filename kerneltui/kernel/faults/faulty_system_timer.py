"""Faults of the BCM System Timer's driver."""

from __future__ import annotations

from kerneltui.kernel.drivers.system_timer import TIMER_C3, TIMER_CLO, SystemTimerDriver

SHORT_US, SLOW_NS = 10, 20_000
WORK_NS = 50_000


class ComparePast(SystemTimerDriver):
    """A short interval, and something slow between the look at the counter and the store.

    The timer compares for equality: what has been passed matches when the counter comes round,
    after 2^32 us, which is more than an hour.
    """

    def init(self) -> None:
        """The slow part may be a print, or another interrupt."""
        now = self._cpu.read(self._base + TIMER_CLO)
        self._cpu.compute(SLOW_NS)
        self._cpu.write(self._base + TIMER_C3, (now + SHORT_US) & 0xFFFF_FFFF)


class UnclearedMatch(SystemTimerDriver):
    """A new compare value is taken to clear the old match: the line stays high.

    The interrupt comes again as soon as its handler is done, for ever: the main loop starves.
    """

    def handle(self) -> None:
        """Do some work and set the next match, and no more."""
        self._cpu.tracepoint("timer_callback", name=self.compatible)
        self._cpu.compute(WORK_NS)
        self.init()
