"""Which panels show: all at once, or where there is no room or no wish for that, one alone."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from kerneltui.tui.panels import Panel, Panels

WIDE, HIGH = 118, 34
"""From this size on all panels show at once."""
NARROWEST, LOWEST = 80, 24
"""Below this the dashboard only says what it needs."""


Places = tuple[tuple[Panel, ...], ...]


def shared_places(panels: Panels) -> Places:
    """Panels that share one place where all show at once: there the last chosen stands."""
    return (
        (panels.registers, panels.clocks, panels.apics, panels.firmware, panels.tasks),
        (panels.trace, panels.timeline),
    )


def in_order(panels: Panels) -> tuple[Panel, ...]:
    """As they fill the grid."""
    left, right = shared_places(panels)
    middle = panels.interrupts, panels.timeouts, panels.cpu, panels.timers, panels.console
    return (*left, *middle, *right)


def needs(width: int, height: int) -> str:
    """What is said where there is too little room."""
    return f"kerneltui needs {NARROWEST}x{LOWEST}; this terminal has {width}x{height}"


class Layout:
    """``current`` is the panel that has the focus, or had it last."""

    def __init__(self, panels: Panels) -> None:
        self.current: Panel = panels.registers
        self.zoomed = False
        self._panels = panels
        self._places = shared_places(panels)
        self._in_front = {place[0] for place in self._places}

    def choose(self, panel: Panel) -> None:
        """Make a panel the current one, in front of those that share its place."""
        self.current = panel
        for place in self._places:
            if panel in place:
                self._in_front.difference_update(place)
                self._in_front.add(panel)

    def _is_behind(self, panel: Panel) -> bool:
        return any(panel in place for place in self._places) and panel not in self._in_front

    def apply(self, screen: Screen[Any], width: int, height: int) -> bool:
        """Lay the screen out for its size; False when that is too small for any panel."""
        small = width < NARROWEST or height < LOWEST
        single = self.zoomed or width < WIDE or height < HIGH
        screen.set_class(small, "-too-small")
        screen.set_class(single, "-single")
        for panel in self._panels:
            is_current = panel is self.current
            panel.zoomed, panel.alone = self.zoomed, single and is_current
            is_behind = self._is_behind(panel)
            panel.is_in_front = is_current if single else not is_behind
            panel.set_class(is_current, "-current", update=panel.is_attached)
            panel.set_class(is_behind, "-behind", update=panel.is_attached)
        return not small
