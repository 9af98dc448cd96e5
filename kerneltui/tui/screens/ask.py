"""Asking for a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from kerneltui.tui.screens.dialog import BoxDialog, Button, buttons

Field = str | tuple[str, ...]
"""What stands in a box at first, or the words of which one is to be chosen."""


class Mistake(NamedTuple):
    """Why what stands in a field cannot be used."""

    field: int
    """its place, from 0"""
    text: str
    """in a sentence"""


class Choice(Static, can_focus=True):
    """A few words beside each other, one of them chosen: by arrows, space, or its first letter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("left,up", "move(-1)", "Before"),
        ("right,down,space", "move(1)", "Next"),
        ("enter", "submit", "Go on"),
    ]

    class Submitted(Message):
        """Enter was pressed."""

    class Passed(Message):
        """A character was typed that begins none of the words."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

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

    def on_key(self, event: Key) -> None:
        """A word by its first letter; another character is meant for the next field."""
        letter = event.character
        if letter is None or not event.is_printable or letter == " ":
            return
        for place, word in enumerate(self._words):
            if word.startswith(letter.lower()):
                self._place = place
                self._show()
                return
        self.post_message(self.Passed(letter))


class AskScreen(BoxDialog[tuple[str, ...] | None]):
    """Answers the words of all fields, or None.

    ``check(words)`` says what is wrong with them, if anything is: then the dialog stays open, with
    the sentence under the field.
    """

    DEFAULT_CSS = """
    #dialog .mistake { height: auto; color: $error; text-style: bold; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Close")]

    def __init__(
        self,
        title: str,
        fields: Mapping[str, Field],
        check: Callable[[Sequence[str]], Mistake | None] = lambda _: None,
        asked: int | None = None,
    ) -> None:
        """``fields``: label -> what stands in it at first, or what it can be.

        Enter goes from one to the next; where not all have to be filled in, so many are ``asked``
        for, and Tab leads to the others.
        """
        super().__init__()
        self._title = title
        self._fields = fields
        self._check = check
        self._asked = len(fields) if asked is None else asked
        self._boxes: list[Input | Choice] = []
        self._told: list[Static] = []
        """what is wrong with each field"""

    def compose(self) -> ComposeResult:
        """A label and a box for each field, and below it room for what is wrong."""
        with Vertical(id="dialog") as dialog:
            dialog.border_title = self._title
            onward = [Button("Enter", "goes on", "go_on")]
            if self._asked < len(self._fields):
                onward = [Button("Enter", "done", "go_on"), Button("Tab", "next field", "pass")]
            dialog.border_subtitle = buttons((*onward, Button("Esc", "cancel", "dismiss")))
            for label, given in self._fields.items():
                yield Label(label)
                box = Choice(given) if isinstance(given, tuple) else Input(given, compact=True)
                self._boxes.append(box)
                yield box
                told = Static("", classes="mistake")
                told.display = False
                self._told.append(told)
                yield told

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was wrong may be mended; no business of the app's filter."""
        event.stop()
        self._tell(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """On to the next field; after the last, done."""
        event.stop()
        self._go_on(event.input)

    def on_choice_submitted(self) -> None:
        """On to the next field; after the last, done."""
        self._go_on(self.focused)

    def on_choice_passed(self, event: Choice.Passed) -> None:
        """Who types a duration at once means the field behind the words: it begins there."""
        place = next((n for n, box in enumerate(self._boxes) if isinstance(box, Input)), None)
        if place is None:
            return
        box = self._boxes[place]
        assert isinstance(box, Input)
        if self.focused is not box:
            box.select_on_focus = False  # else the next character would replace this one
            box.clear()
            self.set_focus(box)
        box.insert_text_at_cursor(event.character)

    def action_pass(self) -> None:
        """As Tab does."""
        self.focus_next()

    def action_go_on(self) -> None:
        """As Enter in the field that has the focus."""
        self._go_on(self.focused)

    def _go_on(self, box: Widget | None) -> None:
        words = tuple(box.value for box in self._boxes)
        here = next((n for n, item in enumerate(self._boxes) if item is box), 0)
        is_last = here >= self._asked - 1
        wrong = self._check(words)
        if wrong is not None and (is_last or wrong.field <= here):
            self._tell(wrong)
            self._boxes[wrong.field].focus()
        elif is_last:
            self.dismiss(words)
        else:
            self.focus_next()

    def _tell(self, wrong: Mistake | None) -> None:
        for place, told in enumerate(self._told):
            told.display = wrong is not None and wrong.field == place
            if wrong is not None and told.display:
                told.update(Content(wrong.text))
