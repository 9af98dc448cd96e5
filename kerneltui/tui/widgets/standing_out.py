"""What a lesson points at stands out in a view of lines, and comes into sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from kerneltui.tui.widgets.lines import Line, Piece, about

if TYPE_CHECKING:
    from textual.scroll_view import ScrollView

    _Mixed = ScrollView
else:  # Textual gathers a widget's looks along its first bases that are widgets
    _Mixed = object


class StationName(msgspec.Struct, frozen=True):
    """A station of the path by its kind: to be pointed at, also where nothing is known of it."""

    kind: str


class StandingOut(_Mixed):
    """Stands before a scroll view of lines."""

    lines: list[Line]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pointed: frozenset[Any] = frozenset()
        """what stands out: what pieces are about"""
        self._wanted_top = self._shown_from = 0
        """the first row as somebody wants it, and as it is for the sake of what is pointed at"""
        self._rows_pointed = 0
        """rows that are pointed at, as far as they were looked for"""

    def set_pointed(self, things: frozenset[Any]) -> None:
        """Have what is about these stand out."""
        if things != self.pointed:
            self.pointed = things
            self.pointed_changed()
            self.show_pointed()

    def pointed_changed(self) -> None:
        """Lines look otherwise now."""

    def stands_out(self, piece: Piece) -> bool:
        """Whether a piece is about something that is pointed at."""
        return bool(self.pointed) and about(piece) in self.pointed

    def show_pointed(self) -> None:
        """Scroll where a row that is pointed at is out of sight, and back when that is over."""
        top, height = self.scroll_offset.y, self.size.height
        if top != self._shown_from:
            self._wanted_top = top  # somebody has scrolled since
        rows = self._pointed_rows()
        self._rows_pointed = len(rows)
        wanted = top_for(rows, self._wanted_top, height) if rows and height else self._wanted_top
        self._shown_from = wanted
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)

    def show_new_pointed(self) -> None:
        """The lines are others: do the same where rows that are pointed at have come."""
        if self.pointed:
            before, self._rows_pointed = self._rows_pointed, len(self._pointed_rows())
            if self._rows_pointed > before:
                self.show_pointed()

    def _pointed_rows(self) -> list[int]:
        return [n for n, line in enumerate(self.lines) if any(map(self.stands_out, line))]


def top_for(rows: Sequence[int], top: int, height: int) -> int:
    """The nearest first row from which all these are in sight; else the first of them is."""
    first, last = rows[0], min(rows[-1], rows[0] + height - 1)
    return first if first < top else max(top, last - height + 1)
