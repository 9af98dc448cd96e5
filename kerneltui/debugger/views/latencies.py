"""Pictures of latencies: how long interrupts have waited, and how late timeouts were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from kerneltui.debugger.figures import Figures
from kerneltui.debugger.histogram import Histogram
from kerneltui.debugger.latencies import EACH_CORE, Latencies
from kerneltui.debugger.numbering import interrupt_label

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Makers


class FiguresView(msgspec.Struct, frozen=True):
    """Times of one kind, in ns."""

    count: int
    min_ns: int
    median_ns: int
    p99_ns: int
    max_ns: int
    is_exact: bool
    """else median and 99th percentile may be up to 1/32 too small"""


class LatencyView(msgspec.Struct, frozen=True):
    """One interrupt of one controller, on one core."""

    controller: str
    numbering: str
    number: int
    core: int
    count: int
    """handlers that have begun since tracing was switched on"""
    rate_hz: float | None
    """over the last 16 intervals; None before the second interrupt"""
    missed: int
    """became pending while it was so already: two have become one"""
    spurious: int
    """there was none when it was acknowledged, or no timeout was due"""
    latency: FiguresView | None
    """from becoming pending to the handler; None while nothing is known"""
    to_callback: FiguresView | None
    """from there to the first timer callback of that handler"""

    @property
    def label(self) -> str:
        """Number and numbering: ``irq 30``."""
        return interrupt_label(self.numbering, self.number)


class LatenessView(msgspec.Struct, frozen=True):
    """One timeout: from its due time to its callback."""

    ident: int
    """0 where it has none"""
    name: str
    lateness: FiguresView


def latency_views(latencies: Latencies, now_ns: int) -> Iterator[LatencyView]:
    """Interrupts by controller, number and core.

    What was missed while no core had it yet counts for each core that has had it.
    """
    for key in sorted(latencies.figures):
        name, number, core = key
        if core == EACH_CORE:
            continue
        figures = latencies.figures[key]
        shared = latencies.figures.get((name, number, EACH_CORE), Figures())
        rate_hz = figures.rate_hz(now_ns)
        yield LatencyView(
            name, latencies.numbering(name), number, core, figures.count,
            None if rate_hz is None else round(rate_hz, 3),
            figures.missed + shared.missed, figures.spurious,
            figures_view(figures.latency), figures_view(figures.to_callback),
        )  # fmt: skip


def lateness_views(latencies: Latencies) -> Iterator[LatenessView]:
    """Timeouts by identity, those that were called last."""
    for ident, name in sorted(latencies.timeouts):
        found = figures_view(latencies.timeouts[ident, name])
        if found is not None:
            yield LatenessView(ident, name, found)


def figures_view(times: Histogram) -> FiguresView | None:
    """None where there are none."""
    if not times.count:
        return None
    return FiguresView(
        times.count, times.least, times.rank(50), times.rank(99), times.most, times.is_exact
    )


MAKERS: Makers = {
    "latencies": lambda of: tuple(latency_views(of.recorder.latencies, of.machine.now)),
    "lateness": lambda of: figures_view(of.recorder.latencies.lateness),
    "latenesses": lambda of: tuple(lateness_views(of.recorder.latencies)),
}
