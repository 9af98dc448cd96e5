"""A strip of time: what is due, to scale, from now on."""

from __future__ import annotations

from collections.abc import Sequence

from kerneltui.debugger.views.path import Due
from kerneltui.tui import signs
from kerneltui.tui.panels.fitting import shortened
from kerneltui.tui.widgets.lines import Line, Piece, cells
from kerneltui.units import format_duration

SHORTEST_NS = 1_000
"""The strip stands for at least so much."""
NICE = (1, 2, 5)
ARMED, DUE, BOOKMARK = signs.TIMER_SET, signs.NOT_YET, signs.BOOKMARK
"""The timeout that the timer is set for, any other, and a moment to come back to."""
LEAST_WIDE = 30


def time_strip(due: Sequence[Due], width: int) -> Line:
    """``now ├──◆ Periodic ─────○ Once 2 ───┤ 5 s``; empty where nothing is due, or no room.

    The cursor finds the timeouts in the queue's box, and has one place for each.
    """
    if not due or width < LEAST_WIDE:
        return (("", "text"),)
    span_ns = _nice(max(item.in_ns for item in due))
    end = f"┤ {format_duration(span_ns)}"
    room = width - cells("now ├") - cells(end)
    places = [min(max(item.in_ns, 0) * (room - 1) // span_ns, room - 1) for item in due]
    pieces: list[Piece] = [("now ├", "dim")]
    at = 0
    for number, (item, place) in enumerate(zip(due, places, strict=True)):
        if place < at:
            continue  # it stands where another one is told already
        following = next((other for other in places[number + 1 :] if other > place), room)
        sign = BOOKMARK if item.is_bookmark else ARMED if item.is_armed else DUE
        label = _label(sign, item.name, following - place)
        pieces.append(("─" * (place - at), "dim"))
        pieces.append((label, "now" if item.is_armed else "text"))
        at = place + cells(label)
    pieces.append(("─" * (room - at) + end, "dim"))
    return tuple(pieces)


def _label(sign: str, name: str, room: int) -> str:
    """The sign, and the name as far as there is room before the next one."""
    space = room - cells(sign) - 2
    return f"{sign} {shortened(name, space)} " if space >= min(cells(name), 4) else sign


def _nice(ns: int) -> int:
    """A round time that is not shorter."""
    unit = SHORTEST_NS
    while True:
        for factor in NICE:
            if factor * unit >= ns:
                return factor * unit
        unit *= 10
