"""Counters and comparators."""

from __future__ import annotations

import re
from itertools import groupby

from kerneltui.debugger.views import ComparatorView, MachineView
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.widgets.line_view import Line, plain
from kerneltui.units import format_duration


class TimersPanel(Panel):
    """Every timer device: its counter, its comparators and when they match."""

    KEY = "7"
    TITLE = "Timers"
    SHORT = "Timers"
    ABOUT = (
        "Each timer's counter and rate, and its comparators: the compare value, whether it is "
        "enabled and masked, and in how long it matches."
    )

    def content(self, view: MachineView, width: int) -> list[Line]:
        """A heading for each device, a line or two for each comparator."""
        lines: list[Line] = []
        for device, items in groupby(view.comparators, key=lambda item: item.device):
            comparators = list(items)
            first = comparators[0]
            lines.append(((f"▪ {device}", "head"), (f"  {_rate(first.hz)}", "dim")))
            lines.append(((" count ", "dim"), (str(first.counter), "text")))
            names = [_short(item.name) for item in comparators]
            width = max(len(name) for name in names)
            for name, item in zip(names, comparators, strict=True):
                lines.extend(comparator_lines(name.ljust(width), item))
        return lines


def comparator_lines(name: str, item: ComparatorView) -> list[Line]:
    """One comparator: idle ones in one line, others with what they wait for."""
    if not item.enabled:
        return [((f" {name}  off", "dim"),)]
    masked = " masked" if item.masked else ""
    if item.met:
        met = plain(f"   met{masked}", "alert")
        return [((f"!{name}  {item.compare}", "alert"),), met]
    wait = "never" if item.in_ns is None else f"in {format_duration(item.in_ns)}"
    if not item.compare:
        return [((f" {name}  0  {wait}", "dim"),)]
    return [
        ((f" {name}  ", "text"), (str(item.compare), "strong")),
        plain(f"   {wait}{masked}", "strong"),
    ]


def _short(name: str) -> str:
    """Without the suffix that only tells from which exception level on it is accessible."""
    return re.sub("_EL[0-3]$", "", name)


def _rate(hz: int) -> str:
    return f"{hz / 1_000_000:g} MHz"
