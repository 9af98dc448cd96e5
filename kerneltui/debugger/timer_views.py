"""Pictures of the timers that system calls have set."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from kerneltui.kernel.inspector import Inspector

MOST_TIMERS_SHOWN = 500


class TimerView(msgspec.Struct, frozen=True):
    """One timer; of those that have ended the latest are remembered."""

    id: int
    state: str
    """``Pending``, ``Fired`` or ``Cancelled``"""
    due_ns: int
    """uptime at which it fires next, or should have fired last"""
    interval_ns: int | None
    wake_task: int
    """0: nobody"""
    fired_count: int


def timer_views(inspector: Inspector) -> Iterator[TimerView]:
    """By id; none in a program without such timers."""
    service = inspector.timer_service()
    for timer in islice(service.known() if service is not None else (), MOST_TIMERS_SHOWN):
        yield TimerView(
            timer.id, timer.state.value, timer.due_ns, timer.interval_ns, timer.wake_task,
            timer.fired_count,
        )  # fmt: skip
