"""Styled lines: plain data, so that what a panel shows can be tested without a screen.

A line is a tuple of pieces.  A piece is ``(text, style)``; it may go on with what it is about, and
with all that it says, where the text is cut.  A style is one of
:data:`~kerneltui.tui.widgets.looks.LOOKS`, and may go on with a ground, as ``keyword here``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

from rich.cells import cell_len, set_cell_size

from kerneltui.tui import signs

ELLIPSIS = signs.CUT
Piece: TypeAlias = tuple[str, str, *tuple[Any, ...]]
"""``(text, style)``, ``(text, style, about)`` or ``(text, style, about, whole)``."""
Line: TypeAlias = tuple[Piece, ...]


def plain(text: str, style: str = "text", thing: Any = None) -> Line:
    """A line of one piece."""
    return ((text, style),) if thing is None else ((text, style, thing),)


def line_text(line: Line) -> str:
    """What a line says, without its look."""
    return "".join(piece[0] for piece in line)


def about(piece: Piece) -> Any:
    """What a piece is about, or None."""
    return piece[2] if len(piece) > 2 else None


def whole_of(piece: Piece) -> str:
    """All that a piece says."""
    return piece[3] if len(piece) > 3 else piece[0]


def whole_text(line: Line) -> str:
    """All that a line says: of what is cut, too."""
    return "".join(map(whole_of, line))


def with_text(piece: Piece, text: str, whole: str | None = None) -> Piece:
    """The same piece with another text; ``whole`` is all that it says, if that is more."""
    if whole is not None and whole != text:
        return (text, piece[1], about(piece), whole)
    return (text, *piece[1:])


def cells(text: str) -> int:
    """How wide a text is on the screen; most are plain, and quickly measured."""
    return len(text) if text.isascii() else cell_len(text)


def width_of(line: Line) -> int:
    """How wide a line is."""
    return sum(cells(piece[0]) for piece in line)


@lru_cache(4_000)
def cut(line: Line, width: int) -> Line:
    """The line in at most ``width`` cells; an ellipsis stands for the rest, and remembers it.

    Half a number is a wrong one: nobody may take it for the whole.
    """
    if width_of(line) <= width:
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
