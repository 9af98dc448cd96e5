"""Styled lines: plain data, so that what a panel shows can be tested without a screen.

A line is a tuple of pieces.  A piece is ``(text, style)``; it may go on with what it is about, and
with all that it says, where the text is cut.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Piece: TypeAlias = tuple[str, str, *tuple[Any, ...]]
"""``(text, style)``, ``(text, style, about)`` or ``(text, style, about, whole)``."""
Line: TypeAlias = tuple[Piece, ...]

STYLES = ("text", "dim", "strong", "head", "changed", "alert", "good", "interrupt", "now",
          "breakpoint", "keyword", "string", "number", "comment", "definition",
          "here", "pointed")  # fmt: skip
"""Names of looks.  A style is one of them, and may go on with a ground, as ``keyword here``."""


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
