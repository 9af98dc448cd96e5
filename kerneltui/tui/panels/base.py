"""What all panels share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.events import Resize
from textual.geometry import Region
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kerneltui.debugger.references import Reference
from kerneltui.debugger.views import MachineView
from kerneltui.tui import signs
from kerneltui.tui.panels.kinds import PanelKind
from kerneltui.tui.widgets.line_view import LineView
from kerneltui.tui.widgets.lines import Line, line_text, whole_text

CORNERS = 6
"""Cells that the lower border needs beside what it says."""


class Panel(LineView, ScrollView, can_focus=True, inherit_bindings=False):
    """A bordered view.  Its title stands in the border behind its key.

    Subclasses give ``content(view, width)``, a pure function of the view (and of what the user has
    set in the panel), and may give ``caption(view)`` for the lower border.
    """

    KIND: ClassVar[PanelKind]
    FOLLOW: ClassVar[bool] = False
    HAS_MORE_ZOOMED: ClassVar[bool] = False
    """zoomed it shows what it leaves out also where it is alone on the screen"""
    PARTS: ClassVar[frozenset[str]]
    """what of a :class:`MachineView` it shows, by the names of its fields"""

    def __init__(self, **options: Any) -> None:
        super().__init__(follow=self.FOLLOW, id=type(self).__name__, **options)
        self.zoomed = False
        """the user wants this panel alone: it shows everything that it has"""
        self.is_in_front = True
        """it has a place on the screen"""
        self.alone = False
        """it is the only one on the screen, zoomed or because the terminal is small"""
        self.border_title = f"{self.KIND.key} {self.KIND.title}"
        self._view: MachineView | None = None
        self._made: frozenset[str] = frozenset()
        """the parts of the view that were asked for"""
        self._shown: tuple[object, ...] = ()
        self._caption = self._said_below = ""
        self._height = 0
        """rows of it that can be seen"""

    class Outdated(Message):
        """The view that the panel has lacks parts that it shows."""

    def parts(self) -> frozenset[str]:
        """The parts of a view that it shows as it is now."""
        return self.PARTS

    def lacks(self, view: MachineView, made: frozenset[str]) -> bool:
        """Whether ``made``, the parts of a view that were asked for, are too few for this panel."""
        return not self.parts() <= made

    def show(self, view: MachineView, made: frozenset[str]) -> None:
        """Take a view, and which parts of it were asked for."""
        self._view, self._made = view, made
        self._catch_up()

    def _catch_up(self) -> None:
        """Show the view; nothing is done while the panel cannot be seen."""
        view = self._view
        if view is None or not (self.display and self.size.width):
            return
        if self.lacks(view, self._made):
            self.post_message(self.Outdated())
            if not self.parts() <= self._made | {"timeline"}:
                return  # a timeline of another window is better than none
        shown = self.shown(view)
        if shown != self._shown:
            self._shown = shown
            self.update()

    def shown(self, view: MachineView) -> tuple[object, ...]:
        """All that its lines are made from: where that is the same, so are they."""
        parts = (getattr(view, part) for part in self.parts())
        return (self.size, self.zoomed, self.alone, *parts)

    def forget(self) -> None:
        """The next view is of another session."""
        self._view, self._shown = None, ()
        self.cursor.forget()

    def outdate(self) -> None:
        """The same view is to be shown in another way: now, or when the panel comes into sight."""
        self._shown = ()
        self._catch_up()

    def enter(self) -> bool:
        """What Enter does within the panel itself; False: it leads to where the row speaks of."""
        return False

    def reveal(self, reference: Reference) -> None:
        """Show what is left out otherwise: the cursor is to go there."""

    @property
    def under_cursor(self) -> Reference | None:
        """What the cursor stands on; None on a row about nothing."""
        found: Reference | None = super().under_cursor
        return found

    @property
    def row_text(self) -> str:
        """All that the row under the cursor says; empty where there is none."""
        row = self.cursor.row
        return whole_text(self.lines[row]).strip() if row < len(self.lines) else ""

    def update(self) -> None:
        """Show the present view anew."""
        if self._view is not None:
            self.set_lines(self.content(self._view, self.size.width))
            self._caption = self.caption(self._view)
            self.cursor_moved()

    def cursor_moved(self) -> None:
        """The lower border says what the row under the cursor does not."""
        below = self._below()
        if below != self._said_below:
            # Content, as it can carry what the user typed: brackets are no markup there.
            self._said_below = below
            self._set_caption(Content(below))

    def _below(self) -> str:
        row = self.cursor.row
        if not self.shows_cursor or row >= len(self.lines):
            return self._caption
        if self.cursor.cell:
            return str(self.under_cursor)
        whole = " ".join(whole_text(self.lines[row]).split())
        if whole == " ".join(line_text(self.lines[row]).split()):
            return self._caption
        room = self.outer_size.width - CORNERS
        return whole if cell_len(whole) <= room else f"…{tail(whole, room - 1)}"

    def _set_caption(self, caption: Content) -> None:
        """Draw the lower border anew; setting ``border_subtitle`` would draw the whole panel."""
        self._border_subtitle = caption
        width, height = self.outer_size
        origin = self.content_offset
        self.refresh(Region(-origin.x, height - 1 - origin.y, width, 1))

    def on_resize(self, event: Resize) -> None:
        """A panel that was hidden or narrow catches up; with less room the cursor stays in view."""
        before, self._height = self._height, self.size.height
        if event.size.width:
            self._catch_up()
            self._keep_cursor(before)
            self.show_pointed()

    def _keep_cursor(self, before: int) -> None:
        row = self.cursor.row - self.scroll_offset.y
        if self._height <= row < before:
            self.scroll_relative(
                y=row - self._height + 1, animate=False, force=True, immediate=True
            )

    def render_lines(self, crop: Region) -> list[Strip]:
        """The first frame has contents too: only now is it known how wide the panel is."""
        self._catch_up()
        return super().render_lines(crop)

    def content(self, view: MachineView, width: int) -> Sequence[Line]:
        """The lines for this view, at this width in cells."""
        raise TypeError(f"{type(self).__name__} shows nothing of {view.board} at {width}")

    def caption(self, view: MachineView) -> str:
        """What stands in the lower border."""
        return ""


def tail(text: str, width: int) -> str:
    """The end of a text, in so many cells at most: its beginning stands in the row."""
    while text and cell_len(text) > width:
        text = text[max(cell_len(text) - width, 1) :]
    return text


def fit(text: str, width: int) -> str:
    """Exactly ``width`` cells: cut with an ellipsis, or padded."""
    if cell_len(text) > width:
        return set_cell_size(text, max(width - 1, 0)) + "…" if width > 0 else ""
    return set_cell_size(text, width)


def mark(flag: bool | None, letter: str) -> str:
    """A flag as a letter, a dot when it is off, a space when there is no such flag."""
    return " " if flag is None else letter if flag else signs.FLAG_OFF
