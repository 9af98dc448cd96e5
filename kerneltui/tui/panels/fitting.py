"""What does not fit: panels cut their lines here, and set their columns here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, wraps
from typing import Any, TypeVar

from rich.cells import cell_len, set_cell_size

from kerneltui.debugger.views import MachineView
from kerneltui.tui import signs
from kerneltui.tui.panels.base import Panel, fit
from kerneltui.tui.widgets.lines import Line, Piece, line_text, whole_of, with_text

ELLIPSIS = signs.CUT
GAP = "  "
"""Between two columns."""
SCROLL_BAR = 1
"""Cells at the right of a panel that a scroll bar may take."""
AnyPanel = TypeVar("AnyPanel", bound=Panel)
Content = Callable[[AnyPanel, MachineView, int], Sequence[Line]]


def fitted(content: Content[AnyPanel]) -> Content[AnyPanel]:
    """For a panel's ``content``: no line is wider than the panel, and what is cut says so.

    The column of the scroll bar stays free, whether there is one or not: it would hide a digit.
    """

    @wraps(content)
    def cut_to_width(panel: AnyPanel, view: MachineView, width: int) -> Sequence[Line]:
        room = width - SCROLL_BAR
        return [cut(line, room) for line in content(panel, view, room)]

    return cut_to_width


def cells(text: str) -> int:
    """How wide a text is on the screen; most are plain, and quickly measured."""
    return len(text) if text.isascii() else cell_len(text)


@lru_cache(4_000)
def cut(line: Line, width: int) -> Line:
    """The line in at most ``width`` cells; an ellipsis stands for the rest, and remembers it.

    Half a number is a wrong one: nobody may take it for the whole.
    """
    if sum(cells(piece[0]) for piece in line) <= width:
        return line
    if len(line_text(line).rstrip()) <= width:
        return line  # blanks that do not show are no loss
    kept: list[Piece] = []
    room = width - len(ELLIPSIS)
    for number, piece in enumerate(line):
        text = piece[0]
        if cells(text) > room:
            whole = "".join(map(whole_of, line[number:]))
            kept.append(with_text(piece, set_cell_size(text, max(room, 0)) + ELLIPSIS, whole))
            break
        kept.append(piece)
        room -= cells(text)
    return tuple(kept)


def flow(pieces: Iterable[Piece], width: int, indent: int = 3) -> Iterator[Line]:
    """Pieces on a line, as many as fit; a piece that does not goes on below, whole."""
    row: list[Piece] = []
    used = 0
    for piece in pieces:
        text = piece[0]
        if row and used + cell_len(text.rstrip()) > width:
            yield tuple(row)
            row, used, text = [(" " * indent, "text")], indent, text.lstrip()
        row.append(with_text(piece, text))
        used += cell_len(text)
    yield tuple(row)


def shortened(text: str, width: int) -> str:
    """The text, or as much of it as fits before an ellipsis."""
    return text if cell_len(text) <= width else fit(text, width)


def shortened_piece(text: str, width: int, style: str, thing: Any = None) -> Piece:
    """A piece of exactly ``width`` cells that remembers what is cut."""
    return with_text(("", style, thing), fit(text, width), text if cells(text) > width else None)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], gap: str = GAP) -> list[str]:
    """Headings, then rows, in columns as wide as what stands in them.

    A heading that begins with ``>`` stands at the right of its column, as do the cells below it;
    the last column is as long as it is.
    """
    names = [head.removeprefix(">") for head in heads]
    grid = [names, *(list(row) for row in rows)]
    widths = [max(map(cells, column)) for column in zip(*grid, strict=True)]
    sides = [head.startswith(">") for head in heads]
    last = len(heads) - 1
    return [
        gap.join(
            text if n == last else _set(text, widths[n], right=sides[n])
            for n, text in enumerate(row)
        )
        for row in grid
    ]


def _set(text: str, width: int, *, right: bool) -> str:
    blank = " " * (width - cells(text))
    return blank + text if right else text + blank
