"""What is counted and measured of one interrupt on one core."""

from __future__ import annotations

from collections import deque

import msgspec

from kerneltui.debugger.histogram import Histogram, HistogramState
from kerneltui.hw.clock import NS_PER_S

RATE_OVER = 16
"""A rate is that of the last so many intervals between two interrupts."""


class FiguresState(msgspec.Struct, frozen=True):
    """See :class:`Figures`."""

    handlers: int
    missed: int
    spurious: int
    begun: tuple[int, ...]
    latency: HistogramState
    to_callback: HistogramState


class Figures:
    """What is known of one interrupt on one core."""

    __slots__ = ("begun", "count", "latency", "missed", "spurious", "to_callback")

    def __init__(self, state: FiguresState | None = None) -> None:
        self.count = 0
        """handlers that have begun"""
        self.missed = 0
        """it became pending while it was so already: two have become one"""
        self.spurious = 0
        """there was none, or no timeout was due"""
        self.begun: deque[int] = deque(maxlen=RATE_OVER + 1)
        """when the last handlers began"""
        self.latency = Histogram(None if state is None else state.latency)
        """from becoming pending to the handler; of those whose beginning is known"""
        self.to_callback = Histogram(None if state is None else state.to_callback)
        """from there to the first timer callback"""
        if state is not None:
            self.count, self.missed, self.spurious = state.handlers, state.missed, state.spurious
            self.begun.extend(state.begun)

    def save(self) -> FiguresState:
        """What another one can be made of."""
        return FiguresState(
            self.count, self.missed, self.spurious, tuple(self.begun), self.latency.save(),
            self.to_callback.save(),
        )  # fmt: skip

    def rate_hz(self, now_ns: int) -> float | None:
        """Over the last intervals, and over the time since then where that is longer than one.

        None before the second interrupt.
        """
        intervals = len(self.begun) - 1
        if intervals < 1:
            return None
        span = self.begun[-1] - self.begun[0]
        overdue = now_ns - self.begun[-1] - span // intervals
        return intervals * NS_PER_S / max(span + max(overdue, 0), 1)
