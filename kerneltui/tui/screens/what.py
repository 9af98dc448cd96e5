"""What is under the cursor: an explanation in a window, which scrolls where it is long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from kerneltui.debugger.meaning import Meaning
from kerneltui.debugger.trace import RawEvent
from kerneltui.tui.screens.dialog import CLOSE, BoxDialog, Button, buttons

Word = tuple[str, str]
"""A word as it is shown, and its short sentence."""
LONGEST_LABEL = 22
"""Cells: labels stand in a column; a longer one has its text below it."""
NARROWEST = 20
"""Cells that a text gets, however little room there is."""


class MeaningText(Widget):
    """The text, in lines that fit the width."""

    DEFAULT_CSS = "MeaningText { height: auto; }"

    def __init__(self, what: Meaning, words: Sequence[tuple[str, Sequence[Word]]]) -> None:
        super().__init__()
        self._what = what
        self._words = words

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as there are lines."""
        return len(what_lines(self._what, self._words, width))

    def render(self) -> Content:
        """The lines, for the width that there is."""
        return Content("\n").join(what_lines(self._what, self._words, self.size.width))


class WhatScreen(BoxDialog[RawEvent | None]):
    """One explanation, then words; Esc, h, Enter and q close it, arrows scroll.

    The answer is the write to go to.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *((key, "dismiss", "Close") for key in ("escape", "h", "enter", "q")),
        ("g", "go_to_write", "Go to the write"),
    ]

    def __init__(self, what: Meaning, words: Sequence[tuple[str, Sequence[Word]]]) -> None:
        """``words``: titles of lists, and what is in them."""
        super().__init__()
        self._what = what
        self._words = words

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll(id="dialog") as dialog:
            dialog.border_title = Content(self._what.title)
            goes = Button("g", "goes to the last write", "go_to_write")
            offered = [CLOSE, Button("arrows", "scroll")]
            if self._what.written is not None:
                offered.insert(0, goes)
            dialog.border_subtitle = buttons(offered)
            yield MeaningText(self._what, self._words)

    def action_go_to_write(self) -> None:
        """The moment of the last write."""
        if self._what.written is None:
            self.notify("No write of this is known: there is no moment to go to.")
        else:
            self.dismiss(self._what.written)


def what_lines(
    what: Meaning, words: Sequence[tuple[str, Sequence[Word]]], width: int
) -> list[Content]:
    """Sentences first, then who, where in the manual, facts, and words."""
    width = max(width, NARROWEST)
    lines = [Content(row) for row in wrap(" ".join(what.sentences), width)]
    for label, text in (("Who: ", what.who), ("Manual: ", what.manual)):
        if text:
            first, *rest = wrap(f"{label}{text}", width)
            head = Content.assemble((label, "bold"), first.removeprefix(label))
            lines += [Content(), head, *map(Content, rest)]
    for title, rows in [*what.sections, *words]:
        lines += _list(title, rows, width)
    return lines


def _list(title: str, rows: Sequence[tuple[str, str]], width: int) -> Iterator[Content]:
    """A title, and below it labels and texts in two columns."""
    if not rows:
        return
    yield Content()
    yield Content.styled(title, "bold")
    longest = min(max(len(label) for label, _ in rows), LONGEST_LABEL)
    indent = longest + 4 if longest else 2
    for label, text in rows:
        first, *rest = wrap(text, max(width - indent, NARROWEST)) or [""]
        if len(label) > longest:
            yield Content.styled(f"  {label}", "bold")
            yield Content(f"{' ' * indent}{first}")
        elif label:
            yield Content.assemble((f"  {label:<{longest}}  ", "bold"), first)
        else:
            yield Content(f"  {first}")
        yield from (Content(f"{' ' * indent}{row}") for row in rest)
