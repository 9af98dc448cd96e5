"""What does not fit: panels cut their lines here, and set their columns here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from typing import Any, TypeVar

from rich.cells import cell_len

from kerneltui.debugger.views import MachineView
from kerneltui.tui.panels.base import Panel, fit
from kerneltui.tui.widgets.lines import Line, Piece, cells, cut, with_text

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
