"""Which panels show: all at once, or where there is no room or no wish for that, one alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.screen import Screen

from kerneltui.tui.panels import Panel

WIDE, HIGH = 118, 34
"""From this size on all panels show at once."""
NARROWEST, LOWEST = 80, 24
"""Below this the dashboard only says what it needs."""
SHARED = ((1, 8, 9, 10, 11), (6, 12))
"""Panels, by number, that share one place where all show at once: there the last chosen stands."""
ORDER = (*SHARED[0], 2, 3, 5, 7, 4, *SHARED[1])
"""The panels in the order in which they fill the grid."""


def needs(width: int, height: int) -> str:
    """What is said where there is too little room."""
    return f"kerneltui needs {NARROWEST}x{LOWEST}; this terminal has {width}x{height}"


class Layout:
    """``current`` is the number of the panel that has the focus, or had it last."""

    def __init__(self, panels: Sequence[Panel]) -> None:
        self.current = 1
        self.zoomed = False
        self._panels = panels
        self._in_front = {group: group[0] for group in SHARED}

    def choose(self, number: int) -> None:
        """Make a panel the current one, in front of those that share its place."""
        self.current = number
        for group in SHARED:
            if number in group:
                self._in_front[group] = number

    def _is_behind(self, number: int) -> bool:
        return any(number in group and number != self._in_front[group] for group in SHARED)

    def apply(self, screen: Screen[Any], width: int, height: int) -> bool:
        """Lay the screen out for its size; False when that is too small for any panel."""
        small = width < NARROWEST or height < LOWEST
        single = self.zoomed or width < WIDE or height < HIGH
        screen.set_class(small, "-too-small")
        screen.set_class(single, "-single")
        for panel in self._panels:
            is_current = panel.number == self.current
            panel.zoomed, panel.alone = self.zoomed, single and is_current
            is_behind = self._is_behind(panel.number)
            panel.is_in_front = is_current if single else not is_behind
            panel.set_class(is_current, "-current", update=panel.is_attached)
            panel.set_class(is_behind, "-behind", update=panel.is_attached)
        return not small
