"""Python source as pieces of styled lines.

Pygments is there wherever Rich is.  It is imported when the first file is shown, as to start the
dashboard must not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from kerneltui.tui.widgets.lines import Line, Piece

TAB = 8
FILES_KEPT = 100
C_FILES = frozenset((".c", ".h", ".cc", ".cpp", ".cxx", ".hpp"))


@lru_cache(FILES_KEPT)
def highlighted(lines: tuple[str, ...], ending: str = ".py") -> tuple[Line, ...]:
    """Each line of a file, with styles of :data:`~kerneltui.tui.widgets.looks.LOOKS`.

    ``ending`` is that of its name: of what is neither Python nor C, nothing is set off.
    """
    clean = [_printable(line) for line in lines]
    found: list[list[Piece]] = [[]]
    for text, style in _tokens("\n".join(clean), ending):
        first, *others = text.split("\n")
        _add(found[-1], first, style)
        for part in others:
            found.append([])
            _add(found[-1], part, style)
    return tuple(map(tuple, found[: len(lines)]))


def _printable(line: str) -> str:
    text = line.expandtabs(TAB)
    return text if text.isprintable() else "".join(c if c.isprintable() else "·" for c in text)


def _add(line: list[Piece], text: str, style: str) -> None:
    """To the piece before, where that has the same style."""
    if line and line[-1][1] == style:
        text = line.pop()[0] + text
    if text:
        line.append((text, style))


def _tokens(source: str, ending: str) -> Iterator[tuple[str, str]]:
    if ending in C_FILES:
        from pygments.lexers.c_cpp import CppLexer as SomeLexer
    elif ending == ".py":
        from pygments.lexers.python import PythonLexer as SomeLexer
    else:
        yield source, "text"
        return
    from pygments.token import Comment, Keyword, Name, Number, Operator, String

    styles = {
        Comment: "comment", Keyword: "keyword", Operator.Word: "keyword", String: "string",
        Number: "number", Keyword.Constant: "number", Name.Decorator: "definition",
        Name.Function: "definition", Name.Class: "definition", String.Doc: "comment",
    }  # fmt: skip
    known: dict[object, str] = {}
    lexer = SomeLexer(stripnl=False, stripall=False, ensurenl=False)
    for kind, text in lexer.get_tokens(source):
        style = known.get(kind)
        if style is None:
            found = (styles[item] for item in reversed(kind.split()) if item in styles)
            style = known[kind] = next(found, "text")
        yield text, style
