"""Asking for a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from kerneltui.tui.screens.dialog import Dialog

Field = str | tuple[str, ...]
"""What stands in a box at first, or the words of which one is to be chosen."""


class Choice(Static, can_focus=True):
    """A few words beside each other, one of them chosen: by arrows, space, or its first letter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("left,up", "move(-1)", "Before"),
        ("right,down,space", "move(1)", "Next"),
        ("enter", "submit", "Go on"),
    ]

    class Submitted(Message):
        """Enter was pressed."""

    def __init__(self, words: tuple[str, ...]) -> None:
        super().__init__()
        self._words = words
        self._place = 0
        self._show()

    @property
    def value(self) -> str:
        """The chosen word."""
        return self._words[self._place]

    def _show(self) -> None:
        self.update(Content.assemble(*(
            Content.styled(f" ● {word} ", "bold reverse") if place == self._place else f" ○ {word} "
            for place, word in enumerate(self._words)
        )))  # fmt: skip

    def action_move(self, step: int) -> None:
        """To a neighbour, round and round."""
        self._place = (self._place + step) % len(self._words)
        self._show()

    def action_submit(self) -> None:
        """On to the next field."""
        self.post_message(self.Submitted())

    def on_key(self, event: object) -> None:
        """A word by its first letter."""
        letter = getattr(event, "character", None)
        for place, word in enumerate(self._words):
            if letter and word.startswith(letter):
                self._place = place
                self._show()


class AskScreen(Dialog[tuple[str, ...] | None]):
    """Answers the words of all fields, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Close")]

    def __init__(self, title: str, fields: Mapping[str, Field]) -> None:
        """``fields``: label -> what stands in it at first, or what it can be."""
        super().__init__()
        self._title = title
        self._fields = fields
        self._boxes: list[Input | Choice] = []

    def compose(self) -> ComposeResult:
        """A label and a box for each field."""
        with Vertical(id="dialog") as dialog:
            dialog.border_title = self._title
            dialog.border_subtitle = "Enter: go on, Esc: cancel"
            for label, given in self._fields.items():
                yield Label(label)
                box = Choice(given) if isinstance(given, tuple) else Input(given, compact=True)
                self._boxes.append(box)
                yield box

    def on_input_changed(self, event: Input.Changed) -> None:
        """No business of the app's filter."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """On to the next field; after the last, done."""
        event.stop()
        self._go_on(event.input)

    def on_choice_submitted(self) -> None:
        """On to the next field; after the last, done."""
        self._go_on(self.focused)

    def _go_on(self, box: Widget | None) -> None:
        if box is self._boxes[-1]:
            self.dismiss(tuple(box.value for box in self._boxes))
        else:
            self.focus_next()
