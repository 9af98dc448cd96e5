"""A cursor over styled lines: a row, and within it one of the things that the row is about.

Once somebody has put it somewhere, it stays on the same thing when the lines change, else on the
same row; until then it stands in the first row about something.  Knows lines, and nothing of
screens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from kerneltui.tui.widgets.lines import Line, about


class Cell(msgspec.Struct, frozen=True):
    """Neighbouring pieces of a line that are about the same thing."""

    begin: int
    """the first piece"""
    end: int
    """beyond the last"""
    about: Any


def cells_of(line: Line) -> list[Cell]:
    """From left to right; none in a line that is about nothing."""
    found: list[Cell] = []
    for place, piece in enumerate(line):
        thing = about(piece)
        if thing is None:
            continue
        if found and found[-1].about == thing and found[-1].end == place:
            found[-1] = replace(found[-1], end=place + 1)
        else:
            found.append(Cell(place, place + 1, thing))
    return found


class Cursor:
    """See the module.  One that ``follows`` begins in the last row, and stays there."""

    def __init__(self, *, follows: bool = False) -> None:
        self.follows = follows
        self.forget()

    def forget(self) -> None:
        """Begin anew: other lines come, which have nothing in common with these."""
        self.row = 0
        self.cell = 0
        self.at_end = self.follows
        """it stays in the last row"""
        self._is_placed = False
        self._thing: Any = None
        self._line: Line = ()
        self._sought: tuple[Any, ...] = ()

    def under(self, lines: Sequence[Line]) -> Any:
        """What it stands on, or None."""
        if self.row >= len(lines):
            return None
        cells = cells_of(lines[self.row])
        return cells[min(self.cell, len(cells) - 1)].about if cells else None

    @property
    def held(self) -> Any:
        """What somebody has put it on; None where nobody has put it anywhere."""
        return self._thing if self._is_placed else None

    def put(self, row: int, cell: int, lines: Sequence[Line]) -> None:
        """Into a row, as near as there is one, and onto one of its things."""
        self.row = min(max(row, 0), max(len(lines) - 1, 0))
        self.cell = cell
        self.at_end = self.follows and self.row == len(lines) - 1
        self._is_placed = True
        self._sought = ()
        self._keep(lines)

    def put_at_piece(self, row: int, piece: int, lines: Sequence[Line]) -> None:
        """Into a row, onto the thing at one of its pieces, or else the last one before that."""
        cells = cells_of(lines[row]) if 0 <= row < len(lines) else []
        before = [n for n, cell in enumerate(cells) if cell.begin <= piece]
        self.put(row, before[-1] if before else 0, lines)

    def go_sideways(self, step: int, lines: Sequence[Line]) -> None:
        """To a neighbouring thing of the row."""
        count = len(cells_of(lines[self.row])) if self.row < len(lines) else 0
        self.put(self.row, min(max(self.cell + step, 0), max(count - 1, 0)), lines)

    def seek(self, things: Sequence[Any], lines: Sequence[Line]) -> bool:
        """Onto the first of ``things`` that there is; else as soon as lines with one come.

        A row that is about it before all else comes first.
        """
        self._sought = tuple(things)
        self._is_placed = True
        return self._find_sought(lines)

    def _find_sought(self, lines: Sequence[Line]) -> bool:
        for thing in self._sought:
            own = (n for n, line in enumerate(lines) if first_thing(line) == thing)
            found = next(((row, 0) for row in own), None) or self._nearest(thing, lines)
            if found is not None:
                self.put(*found, lines)
                return True
        return False

    def settle(self, lines: Sequence[Line]) -> None:
        """The lines are others now."""
        if self._sought and self._find_sought(lines):
            return
        if not self._is_placed:
            first = next((n for n, line in enumerate(lines) if cells_of(line)), 0)
            self.put(len(lines) - 1 if self.follows else first, 0, lines)
            self._is_placed = False  # nobody wants it there: it goes wherever the first row is
        elif self.at_end:
            self.row = max(len(lines) - 1, 0)
        elif (found := self._nearest(self._thing, lines)) is not None:
            self.row, self.cell = found
        self.row = min(self.row, max(len(lines) - 1, 0))
        self._keep(lines)

    def _keep(self, lines: Sequence[Line]) -> None:
        self._thing = self.under(lines)
        self._line = lines[self.row] if self.row < len(lines) else ()

    def _nearest(self, thing: Any, lines: Sequence[Line]) -> tuple[int, int] | None:
        """Row and place in it; a row about nothing is known by what it says."""
        for row in _outwards(self.row, len(lines)):
            line = lines[row]
            if thing is None:
                if line == self._line:
                    return row, 0
                continue
            for piece in line:
                if about(piece) == thing:
                    places = [cell.about for cell in cells_of(line)]
                    kept = self.cell if row == self.row else 0
                    if kept < len(places) and places[kept] == thing:
                        return row, kept
                    return row, places.index(thing)
        return None


def first_thing(line: Line) -> Any:
    """What a row is about before all else, or None."""
    return next((thing for piece in line if (thing := about(piece)) is not None), None)


def _outwards(start: int, count: int) -> Iterator[int]:
    """All rows, the nearest first."""
    if start < count:
        yield start
    for distance in range(1, max(start, count) + 1):
        for row in (start - distance, start + distance):
            if 0 <= row < count:
                yield row
