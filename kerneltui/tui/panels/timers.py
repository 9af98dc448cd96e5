"""Counters and comparators."""

from __future__ import annotations

import re
from itertools import groupby

from kerneltui.debugger.references import ComparatorReference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.timers import ComparatorView
from kerneltui.tui import signs
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.fitting import fitted, flow
from kerneltui.tui.panels.kinds import TIMERS
from kerneltui.tui.widgets.lines import Line, plain
from kerneltui.units import format_duration

UNSET = {0, (1 << 32) - 1, (1 << 64) - 1}
"""What comparators hold at reset."""


class TimersPanel(Panel):
    """Every timer device: its counter, its comparators and when they match."""

    KIND = TIMERS
    PARTS = frozenset({"comparators"})

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """A heading for each device, a line or two for each comparator."""
        lines: list[Line] = []
        for device, items in groupby(view.comparators, key=lambda item: item.device):
            comparators = list(items)
            first = comparators[0]
            lines += flow(
                [(f"{signs.HEADING} {device}", "head"), (f"  {_rate(first.hz)}", "dim")], width
            )
            lines += flow([(" count ", "dim"), (str(first.counter), "text")], width)
            names = [_short(item.name) for item in comparators]
            name_width = max(len(name) for name in names)
            for name, item in zip(names, comparators, strict=True):
                lines += comparator_lines(name.ljust(name_width), item, width)
        return lines


def comparator_lines(name: str, item: ComparatorView, width: int) -> list[Line]:
    """One comparator, in two lines; in one while software has set nothing in it.

    One that is off keeps the value that it was set to, and its second line: nothing moves when a
    handler switches it off for a moment.
    """
    thing = ComparatorReference(item.device, item.name)
    masked = " masked" if item.masked else ""
    wait = "never" if item.in_ns is None else f"in {format_duration(item.in_ns)}"
    marker, look = " ", "strong"
    if not item.enabled:
        wait, masked, look = "off", "", "dim"
    elif item.met:
        marker, wait, look = signs.MET, "met", "alert"
    elif item.compare in UNSET:
        look = "dim"
    if item.compare in UNSET and (not item.enabled or not item.met):
        value = f"  {wait}" if not item.enabled else f"  {item.compare}  {wait}{masked}"
        return list(flow([(f"{marker}{name}", look, thing), (value, look, thing)], width))
    return [
        *flow([(f"{marker}{name}  ", "text" if look == "strong" else look, thing),
               (str(item.compare), look, thing)], width),
        plain(f"   {wait}{masked}", look, thing),
    ]  # fmt: skip


def _short(name: str) -> str:
    """Without the suffix that only tells from which exception level on it is accessible."""
    return re.sub("_EL[0-3]$", "", name)


def _rate(hz: int) -> str:
    return f"{hz / 1_000_000:g} MHz"
