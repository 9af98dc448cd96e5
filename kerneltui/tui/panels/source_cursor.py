"""The cursor of the source: in the call stack, or in the lines of one of its functions."""

from __future__ import annotations

from typing import Any

from kerneltui.debugger.references import CodeReference
from kerneltui.debugger.views.source import SourceView
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.source_rows import BESIDE, Area, CellPlace, PanelRow
from kerneltui.tui.widgets.cursor import cells_of
from kerneltui.tui.widgets.line_view import Move
from kerneltui.tui.widgets.lines import Line, whole_of


class SourceCursor(Panel):
    """What stands below the panel: which function and which line are chosen."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._panel_rows: list[PanelRow] = []
        self._sought: tuple[CodeReference, ...] = ()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._stack: tuple[object, ...] = ()
        """that for which the choice of a function holds"""
        self._chosen = 0
        """the place in the stack of the function on show"""
        self._area = Area.STACK
        self._line: int | None = None
        """the line or the address of the cursor; None: where the function is"""
        self._top: int | None = None
        """the first line in sight, once the cursor has moved it"""

    def forget(self) -> None:
        """See :class:`Panel`."""
        super().forget()
        self._sought = ()
        self._begin_anew()

    # -- what is on show --------------------------------------------------------------------------

    def _settle(self, source: SourceView) -> None:
        """Another stack is another moment: it begins with the innermost function."""
        stack = (source.core, *((item.function, item.text, item.line) for item in source.frames))
        if stack != self._stack:
            area = self._area
            self._begin_anew()
            self._stack = stack
            if source.frames and area in areas(source, 0):
                self._area = area
        if self._sought:
            self._find(source)

    def _find(self, source: SourceView) -> bool:
        """Go to the first thing sought that is there: a function on the stack, or a line."""
        for wanted in self._sought:
            if wanted.address is not None:
                if self._find_instruction(source, wanted.address):
                    return True
                continue
            places = [
                n for n, item in enumerate(source.frames)
                if (item.file, item.line) == (wanted.file, wanted.line)
            ]  # fmt: skip
            exact = [n for n in places if source.frames[n].function == wanted.function]
            if places:
                self._choose((exact or places)[0])
                self._area = Area.SOURCE
                return True
            for n, item in enumerate(source.frames):
                if item.file == wanted.file:
                    self._choose(n)
                    self._area, self._line = Area.SOURCE, wanted.line
                    return True
        return False

    def _find_instruction(self, source: SourceView, address: int) -> bool:
        for n, item in enumerate(source.frames):
            if any(at.address == address for at in item.listing):
                self._choose(n)
                self._area = Area.LISTING
                self._line = None if item.address == address else address
                return True
        return False

    def _choose(self, place: int) -> None:
        self._chosen, self._line, self._top = place, None, None

    def _catch_up(self) -> None:
        super()._catch_up()
        if self._view is not None and self.display and self.size.width:
            self._sought = ()

    def seek(self, *things: Any) -> bool:
        """See :class:`LineView`; a line of the source is found too."""
        self._sought = tuple(item for item in things if isinstance(item, CodeReference))
        source = None if self._view is None else self._view.source
        if source is None or not self._find(source):
            return False
        if self.display and self.size.width:
            self.update()
        return True

    def update(self) -> None:
        """See :class:`Panel`; the cursor stays in the stack or in the source."""
        super().update()
        target = CellPlace(self._area, self._line_here())
        for n, row in reversed([*enumerate(self._panel_rows)]):
            if target in row.spots:
                before = self.cursor.row
                self.cursor.put(n, row.spots.index(target), self.lines)
                self._has_moved(before)
                return

    # -- the cursor -------------------------------------------------------------------------------

    @property
    def _source(self) -> SourceView | None:
        """What is on show, where there is code."""
        source = None if self._view is None else self._view.source
        return source if source is not None and source.frames and self._panel_rows else None

    @property
    def _in_source(self) -> bool:
        return self._area is not Area.STACK

    def _line_here(self) -> int:
        source = self._source
        if source is None or self._chosen >= len(source.frames):
            return 0
        frame = source.frames[self._chosen]
        own = {Area.STACK: self._chosen, Area.SOURCE: frame.line, Area.LISTING: frame.address}
        return own[self._area] if self._line is None else self._line

    def move_cursor(self, to: Move) -> None:
        """Up and down in the stack, or in the source; right goes there, and left comes back."""
        source = self._source
        if source is None:
            return
        if to in {"left", "right"}:
            parts = areas(source, self._chosen)
            place = parts.index(self._area) + (1 if to == "right" else -1)
            self._choose(self._chosen)  # around its own line
            self._area = parts[min(max(place, 0), len(parts) - 1)]
        elif self._area is Area.STACK:
            last = len(source.frames) - 1
            self._choose(_moved(self._chosen, to, 0, last, max(self.size.height // 4, 1)))
        else:
            shown = sum(row.spots[-1:] != () and row.spots[-1].area is self._area
                        for row in self._panel_rows)  # fmt: skip
            self._line = self._moved_in_code(source, to, max(shown - 1, 1))
        self.update()

    def _moved_in_code(self, source: SourceView, to: Move, page: int) -> int:
        frame = source.frames[self._chosen]
        if self._area is Area.SOURCE:
            return _moved(self._line_here(), to, 1, len(source.files[frame.text].lines), page)
        places = [item.address for item in frame.listing]
        here = self._line_here()
        at = places.index(here) if here in places else len(places) // 2
        return places[_moved(at, to, 0, len(places) - 1, page)]

    def lit(self, line: Line) -> range:
        """The stack's side or the source's: a line of the other one is not meant."""
        between = next((n for n, piece in enumerate(line) if piece[0] == BESIDE), None)
        if between is None:
            return range(len(line))
        return range(between + 1, len(line)) if self._in_source else range(between)

    def clicked(self) -> None:
        """Choose the function, or the line."""
        row, cell = self.cursor.row, self.cursor.cell
        spots = self._panel_rows[row].spots if row < len(self._panel_rows) else ()
        if spots:
            spot = spots[min(cell, len(spots) - 1)]
            self._area = spot.area
            if spot.area is Area.STACK:
                self._choose(spot.number)
            else:
                self._line = spot.number
        self.update()

    def enter(self) -> bool:
        """From the stack into the source of the function."""
        if self._source is None or self._in_source:
            return False
        self.move_cursor("right")
        return True

    @property
    def row_text(self) -> str:
        """What the cursor is on: a function with its place, or a line of the source."""
        row = self.cursor.row
        if row >= len(self.lines):
            return ""
        line = self.lines[row]
        cells = cells_of(line)
        if not cells:
            return super().row_text
        cell = cells[min(self.cursor.cell, len(cells) - 1)]
        return "".join(map(whole_of, line[cell.begin : cell.end])).strip()


def _moved(at: int, to: Move, first: int, last: int, page: int) -> int:
    places = {"up": at - 1, "down": at + 1, "pageup": at - page, "pagedown": at + page,
              "home": first, "end": last}  # fmt: skip
    return min(max(places[to], first), last)


def areas(source: SourceView, chosen: int) -> list[Area]:
    """Where the cursor can be: what there is of a function on the stack."""
    frame = source.frames[min(chosen, len(source.frames) - 1)]
    found = [Area.STACK]
    if source.files[frame.text].lines or not frame.listing:
        found.append(Area.SOURCE)
    return [*found, Area.LISTING] if frame.listing else found
