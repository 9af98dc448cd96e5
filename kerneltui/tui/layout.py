"""Which panels show: all at once, or where there is no room or no wish for that, one alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from textual.screen import Screen

from kerneltui.tui.panels import Panel, Panels
from kerneltui.tui.panels.kinds import (
    APICS,
    CLOCKS,
    CONSOLE,
    CPU,
    FIRMWARE,
    INTERRUPTS,
    KINDS,
    PATH,
    REGISTERS,
    SOURCE,
    TASKS,
    TIMELINE,
    TIMEOUTS,
    TIMERS,
    TRACE,
    PanelKind,
    sharing,
)

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


Places = tuple[tuple[PanelKind, ...], ...]
"""Panels that share one place: there the last chosen stands, at first the first."""
LEFT = REGISTERS, CLOCKS, APICS, FIRMWARE, TASKS
CORE = CPU, SOURCE
RIGHT = TRACE, TIMELINE
PLACES: dict[Arrangement, Places] = {
    Arrangement.PANELS: (LEFT, CORE, RIGHT),
    Arrangement.PATH: ((*LEFT, *CORE, TIMERS, *RIGHT),),
    Arrangement.BRIEF: ((TIMEOUTS, *LEFT, INTERRUPTS, *CORE, TIMERS, *RIGHT),),
    Arrangement.SINGLE: (),
}
ORDER = (PATH, *LEFT, INTERRUPTS, TIMEOUTS, *CORE, TIMERS, CONSOLE, *RIGHT)
"""As they fill the grid."""


def needs(width: int, height: int, *, typing: bool = False) -> str:
    """What is said where there is too little room."""
    wanted = f"kerneltui needs {NARROWEST}x{LOWEST}; this terminal has {width}x{height}."
    return f"{wanted}\nMake it larger. {'Esc ends typing, then q quits.' if typing else 'q quits.'}"


class Layout:
    """``kind`` is that of the panel that has the focus, or had it last."""

    def __init__(self, panels: Panels, *, with_path: bool) -> None:
        self.kind = PATH if with_path else REGISTERS
        self.zoomed = False
        self.with_path = with_path
        """the path is wanted, or else all panels"""
        self._mode = Arrangement.SINGLE
        self.shows_one_anyway = False
        """there is room for one panel only, zoomed or not"""
        self._panels = panels
        self._of_keys: dict[str, PanelKind] = {}
        """of panels that share a key, the one that was chosen last"""
        self._in_front = {mode: {place[0] for place in places} for mode, places in PLACES.items()}
        panels.on_made = self._show

    @property
    def current(self) -> Panel:
        """The panel that has the focus, or had it last."""
        return self._panels[self.kind]

    def choose(self, kind: PanelKind) -> None:
        """Make a panel the current one, in front of those that share its place."""
        self.kind = kind
        self._of_keys[kind.key] = kind
        if kind is PATH:
            self.with_path = True
        for mode, places in PLACES.items():
            for place in places:
                if kind in place:
                    self._in_front[mode].difference_update(place)
                    self._in_front[mode].add(kind)

    def chosen(self, key: str) -> PanelKind:
        """Of the panels of a key the one that was chosen last, or the first."""
        return self._of_keys.get(key) or sharing(key)[0]

    def meant(self, key: str) -> PanelKind:
        """The panel that a key focuses: where that is the current one, the next of the same key."""
        kind = self.chosen(key)
        if kind is self.kind:
            group = sharing(key)
            kind = group[(group.index(kind) + 1) % len(group)]
        return kind

    def toggle_path(self) -> None:
        """From the path to all panels, or back; where it cannot be seen, to the path."""
        self.with_path = not (self.with_path and self._panels.path.is_in_front)
        if self.with_path:
            self.kind = PATH
        elif self.kind is PATH:
            self.kind = REGISTERS

    def mode(self, width: int, height: int) -> Arrangement:
        """What shows at once on a screen of this size."""
        return Arrangement.SINGLE if self.zoomed else self._unzoomed(width, height)

    def _unzoomed(self, width: int, height: int) -> Arrangement:
        if width >= WIDE and height >= HIGH:
            return Arrangement.PATH if self.with_path else Arrangement.PANELS
        if self.with_path and width >= BRIEF_WIDE and height >= BRIEF_HIGH:
            return Arrangement.BRIEF
        return Arrangement.SINGLE

    def in_front(self) -> list[PanelKind]:
        """Those that have a place on the screen."""
        return [kind for kind in KINDS if self._shows(kind)]

    def _shows(self, kind: PanelKind) -> bool:
        mode = self._mode
        if mode is Arrangement.SINGLE:
            return kind is self.kind
        if any(kind in place for place in PLACES[mode]):
            return kind in self._in_front[mode]
        return mode is not Arrangement.PANELS or kind is not PATH

    def _show(self, panel: Panel) -> None:
        is_current = panel.KIND is self.kind
        single = self._mode is Arrangement.SINGLE
        panel.zoomed, panel.alone = self.zoomed, single and is_current
        panel.is_in_front = self._shows(panel.KIND)
        panel.set_class(is_current, "-current", update=panel.is_attached)
        panel.set_class(not panel.is_in_front, "-behind", update=panel.is_attached)

    def apply(self, screen: Screen[Any], width: int, height: int, taken: int = 0) -> bool:
        """Lay the screen out for its size; False when that is too small for any panel.

        Something else takes so many rows of it.  Of the panels those are made that show.
        """
        small = width < NARROWEST or height < LOWEST
        self._mode = self.mode(width, height - taken)
        self.shows_one_anyway = self._unzoomed(width, height - taken) is Arrangement.SINGLE
        screen.set_class(small, "-too-small", update=screen.is_attached)
        for mode in Arrangement:
            screen.set_class(mode is self._mode, f"-{mode}", update=screen.is_attached)
        for kind in self.in_front():
            self._panels[kind]  # makes it
        for panel in self._panels.made:
            self._show(panel)
        return not small
