"""Which panels show: all at once, or where there is no room or no wish for that, one alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from textual.screen import Screen

from kerneltui.tui.panels import Panel, Panels

WIDE, HIGH = 118, 34
"""From this size on all panels show at once."""
NARROWEST, LOWEST = 80, 24
"""Below this the dashboard only says what it needs."""


BRIEF_WIDE, BRIEF_HIGH = 100, 30
"""From this size on the path has the queue and the console beside it."""


class Arrangement(StrEnum):
    """What shows at once."""

    PANELS = "panels"
    """all panels but the path"""
    PATH = "path"
    """the path, and below it the panels of its ends and one more"""
    BRIEF = "brief"
    """the path, the console and one more"""
    SINGLE = "single"
    """one panel alone"""


Places = tuple[tuple[Panel, ...], ...]


def shared_places(panels: Panels, mode: Arrangement) -> Places:
    """Panels that share one place: there the last chosen stands, at first the first."""
    left = panels.registers, panels.clocks, panels.apics, panels.firmware, panels.tasks
    right = panels.trace, panels.timeline
    core = panels.cpu, panels.source
    others = *core, panels.timers
    if mode is Arrangement.PANELS:
        return left, core, right
    if mode is Arrangement.PATH:
        return ((*left, *others, *right),)
    return ((panels.timeouts, *left, panels.interrupts, *others, *right),)


def in_order(panels: Panels) -> tuple[Panel, ...]:
    """As they fill the grid."""
    left, core, right = shared_places(panels, Arrangement.PANELS)
    middle = panels.interrupts, panels.timeouts, *core, panels.timers, panels.console
    return (panels.path, *left, *middle, *right)


def needs(width: int, height: int) -> str:
    """What is said where there is too little room."""
    return f"kerneltui needs {NARROWEST}x{LOWEST}; this terminal has {width}x{height}"


class Layout:
    """``current`` is the panel that has the focus, or had it last."""

    def __init__(self, panels: Panels, *, with_path: bool) -> None:
        self.current: Panel = panels.path if with_path else panels.registers
        self.zoomed = False
        self.with_path = with_path
        """the path is wanted, or else all panels"""
        self._panels = panels
        self._of_keys: dict[str, Panel] = {}
        """of panels that share a key, the one that was chosen last"""
        self._places = {mode: shared_places(panels, mode) for mode in Arrangement}
        self._in_front = {
            mode: {place[0] for place in places} for mode, places in self._places.items()
        }

    def choose(self, panel: Panel) -> None:
        """Make a panel the current one, in front of those that share its place."""
        self.current = panel
        self._of_keys[panel.KEY] = panel
        if panel is self._panels.path:
            self.with_path = True
        for mode, places in self._places.items():
            for place in places:
                if panel in place:
                    self._in_front[mode].difference_update(place)
                    self._in_front[mode].add(panel)

    def chosen(self, key: str) -> Panel:
        """Of the panels of a key the one that was chosen last, or the first."""
        return self._of_keys.get(key) or self._panels.sharing(key)[0]

    def meant(self, key: str) -> Panel:
        """The panel that a key focuses: where that is the current one, the next of the same key."""
        panel = self.chosen(key)
        if panel is self.current:
            group = self._panels.sharing(key)
            panel = group[(group.index(panel) + 1) % len(group)]
        return panel

    def toggle_path(self) -> None:
        """From the path to all panels, or back; where it cannot be seen, to the path."""
        self.with_path = not (self.with_path and self._panels.path.is_in_front)
        if self.with_path:
            self.current = self._panels.path
        elif self.current is self._panels.path:
            self.current = self._panels.registers

    def mode(self, width: int, height: int) -> Arrangement:
        """What shows at once on a screen of this size."""
        if self.zoomed:
            return Arrangement.SINGLE
        if width >= WIDE and height >= HIGH:
            return Arrangement.PATH if self.with_path else Arrangement.PANELS
        if self.with_path and width >= BRIEF_WIDE and height >= BRIEF_HIGH:
            return Arrangement.BRIEF
        return Arrangement.SINGLE

    def _shows(self, panel: Panel, mode: Arrangement) -> bool:
        if mode is Arrangement.SINGLE:
            return panel is self.current
        if any(panel in place for place in self._places[mode]):
            return panel in self._in_front[mode]
        return mode is not Arrangement.PANELS or panel is not self._panels.path

    def apply(self, screen: Screen[Any], width: int, height: int, taken: int = 0) -> bool:
        """Lay the screen out for its size; False when that is too small for any panel.

        Something else takes so many rows of it.
        """
        small = width < NARROWEST or height < LOWEST
        mode = self.mode(width, height - taken)
        screen.set_class(small, "-too-small", update=screen.is_attached)
        for kind in Arrangement:
            screen.set_class(kind is mode, f"-{kind}", update=screen.is_attached)
        for panel in self._panels:
            is_current = panel is self.current
            single = mode is Arrangement.SINGLE
            panel.zoomed, panel.alone = self.zoomed, single and is_current
            panel.is_in_front = self._shows(panel, mode)
            panel.set_class(is_current, "-current", update=panel.is_attached)
            panel.set_class(not panel.is_in_front, "-behind", update=panel.is_attached)
        return not small
