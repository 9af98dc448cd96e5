"""Columns of latencies beside what a panel lists: as many as there is room for.

Each has its width always, so that a number that grows moves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from kerneltui.debugger.views.latencies import FiguresView, LatencyView
from kerneltui.units import format_briefly

CELLS = 9
"""Room for the longest of all: ``~999.6 us``."""
NOTHING = "-"
GAP = 1


class Column(msgspec.Struct, frozen=True):
    """``text`` makes a cell."""

    head: str
    text: Callable[[LatencyView], str]


def rate_text(rate_hz: float | None) -> str:
    """So many a second, in three digits or all that stand before the point."""
    if rate_hz is None:
        return NOTHING
    return f"{rate_hz:.0f}/s" if rate_hz >= 100 else f"{rate_hz:.3g}/s"


def median_text(times: FiguresView | None) -> str:
    """The middle one; a tilde marks one that is not exact."""
    return NOTHING if times is None else _rank(times.median_ns, times)


def p99_text(times: FiguresView | None) -> str:
    """What 99 of 100 do not exceed; a tilde marks one that is not exact."""
    return NOTHING if times is None else _rank(times.p99_ns, times)


def max_text(times: FiguresView | None) -> str:
    """The longest."""
    return NOTHING if times is None else format_briefly(times.max_ns)


def _rank(ns: int, times: FiguresView) -> str:
    return format_briefly(ns) if times.is_exact else f"~{format_briefly(ns)}"


RATE = Column("rate", lambda item: rate_text(item.rate_hz))
MISSED = Column("missed", lambda item: str(item.missed))
SPURIOUS = Column("spurious", lambda item: str(item.spurious))
MEDIAN = Column("late med", lambda item: median_text(item.latency))
P99 = Column("late p99", lambda item: p99_text(item.latency))
MAX = Column("late max", lambda item: max_text(item.latency))
TO_CALLBACK = Column("callback", lambda item: median_text(item.to_callback))
CHOICES = (
    (RATE, MISSED, SPURIOUS, MEDIAN, P99, MAX, TO_CALLBACK),
    (RATE, MEDIAN, P99, MAX),
    (MEDIAN, P99, MAX),
    (MEDIAN, MAX),
    (MAX,),
)
Interrupt: TypeAlias = tuple[str, int]
"""A controller's name and a number there."""


def columns_in(room: int) -> Sequence[Column]:
    """Those that fit into so many cells."""
    return next((found for found in CHOICES if len(found) * (CELLS + GAP) <= room), ())


def heads_of(columns: Sequence[Column]) -> list[str]:
    """Headings, as wide as their columns."""
    return [f">{column.head:>{CELLS}}" for column in columns]


def cells_of(columns: Sequence[Column], item: LatencyView | None) -> list[str]:
    """Cells; of an interrupt that has not come yet there is nothing to tell."""
    return [NOTHING if item is None else column.text(item) for column in columns]


def on_core(latencies: Sequence[LatencyView], core: int) -> Mapping[Interrupt, LatencyView]:
    """Those of a core."""
    return {(item.controller, item.number): item for item in latencies if item.core == core}
