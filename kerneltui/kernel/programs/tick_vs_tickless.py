"""Ticks or none: how late callbacks come in either mode, as histograms.

The same periodic timeout runs first with the clock ticking, then tickless; its period is no
multiple of the tick's, so that due times fall everywhere between two ticks.
"""

from __future__ import annotations

from kerneltui.kernel.pc.pc_timer import PcTimer
from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks

PERIOD_NS = 13_700_000
TICK_HZ = 100
SAMPLES = 140
"""Taken in each mode: about two seconds."""
BOUNDS_NS = (1_000, 10_000, 100_000, 1_000_000, 2_500_000, 5_000_000, 7_500_000)
LABELS = ("< 1 us", "< 10 us", "< 100 us", "< 1 ms", "< 2.5 ms", "< 5 ms", "< 7.5 ms", ">= 7.5 ms")
BAR_SAMPLES = 4
"""Samples for one mark of a bar."""


class TickVsTickless(TimerCallbacks):
    """Measures, changes the mode, measures again, prints."""

    def boot(self) -> None:
        """As ever; measuring begins in tick mode whatever the boot parameters say."""
        super().boot()
        self.histograms: list[list[int]] = []
        with self.arch.irq_lock():
            self._begin(ticking=True)
        self.time_manager.set_timeout_periodic(PERIOD_NS, self._measure, "probe")

    def _begin(self, *, ticking: bool) -> None:
        timer = self.platform.timer
        if isinstance(timer, PcTimer):
            if ticking:
                timer.start_ticks(TICK_HZ)
            else:
                timer.start_tickless()
        self.histograms.append([0] * len(LABELS))

    def _measure(self) -> None:
        timeout = self.time_manager.handling
        if timeout is None or len(self.histograms) > 2:
            return
        # A periodic timeout is refreshed before its callback runs.
        late_ns = self.platform.uptime_ns() - (timeout.due_ns - PERIOD_NS)
        histogram = self.histograms[-1]
        histogram[sum(late_ns >= bound for bound in BOUNDS_NS)] += 1
        if sum(histogram) == SAMPLES:
            self._next_mode()

    def _next_mode(self) -> None:
        if len(self.histograms) == 1:
            self.console.info(f"{SAMPLES} callbacks with ticks; now without")
            self._begin(ticking=False)
            return
        self.console.info(f"Latency of {SAMPLES} callbacks each, ticks at {TICK_HZ} Hz:")
        self.console.info(f"{'':>11} {'with ticks':<42} tickless")
        for label, ticking, tickless in zip(LABELS, *self.histograms, strict=True):
            self.console.info(f"{label:>11} {_bar(ticking):<42} {_bar(tickless)}".rstrip())
        self.histograms.append([])


def _bar(count: int) -> str:
    return f"{count:>3} {'#' * -(-count // BAR_SAMPLES)}"
