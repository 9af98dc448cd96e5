"""Counters and comparators."""

from __future__ import annotations

from itertools import groupby

from kerneltui.debugger.views import ComparatorView, MachineView
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.widgets.line_view import Line
from kerneltui.units import format_duration


class TimersPanel(Panel):
    """Every timer device: its counter, its comparators and when they match."""

    TITLE = "Timers"
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
            for item in comparators:
                lines.extend(comparator_lines(item))
        return lines


def comparator_lines(item: ComparatorView) -> list[Line]:
    """One comparator: idle ones in one line, others with what they wait for."""
    name = item.name.replace("_EL0", "").replace("_EL1", "").replace("_EL2", "")
    if not item.enabled:
        return [((f" {name:<11}", "dim"), ("off", "dim"))]
    masked = " masked" if item.masked else ""
    if item.met:
        return [((f"!{name:<11}", "alert"), (f"{item.compare} met{masked}", "alert"))]
    wait = "never" if item.in_ns is None else f"in {format_duration(item.in_ns)}"
    compare = str(item.compare)
    if len(compare) < 3:
        return [((f" {name:<11}", "dim"), (f"{compare}  {wait}", "dim"))]
    return [
        ((f" {name:<11}", "text"), (compare, "text")),
        (("             ", "text"), (f"{wait}{masked}", "strong")),
    ]


def _rate(hz: int) -> str:
    return f"{hz / 1_000_000:g} MHz"
