"""What is under the cursor: an explanation in a window, which scrolls where it is long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kerneltui.debugger.meaning import Meaning
from kerneltui.tui.screens.dialog import Dialog

Word = tuple[str, str]
"""A word as it is shown, and its short sentence."""
LONGEST_LABEL = 22
"""Cells: labels of facts stand in a column, and longer ones push their text aside."""


class WhatScreen(Dialog[None]):
    """One explanation, then words; Esc, h, Enter and q close it, arrows scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        (key, "dismiss", "Close") for key in ("escape", "h", "enter", "q")
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
            dialog.border_subtitle = "Esc closes, arrows scroll"
            yield Static(what_text(self._what, self._words))


def what_text(what: Meaning, words: Sequence[tuple[str, Sequence[Word]]]) -> Content:
    """Sentences first, then who, where in the manual, facts, and words."""
    parts: list[Content | str] = [" ".join(what.sentences), "\n"]
    for label, text in (("Who", what.who), ("Manual", what.manual)):
        if text:
            parts += ["\n", Content.styled(f"{label}: ", "bold"), text, "\n"]
    for section in what.sections:
        parts += _list(section.title, section.rows)
    for title, found in words:
        parts += _list(title, found)
    return Content.assemble(*parts)


def _list(title: str, rows: Sequence[tuple[str, str]]) -> Iterator[Content | str]:
    if not rows:
        return
    yield "\n"
    yield Content.styled(title, "bold")
    yield "\n"
    width = min(max(len(label) for label, _ in rows), LONGEST_LABEL)
    for label, text in rows:
        if label:
            yield Content.styled(f"  {label:<{width}}  ", "bold")
            yield f"{text}\n"
        else:
            yield f"  {text}\n"
