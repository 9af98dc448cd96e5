"""Asking for a new value of what is under the cursor: what it holds and is above, the box below."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, Static

from kerneltui.debugger.meaning import Meaning, Section
from kerneltui.tui.screens.dialog import BoxDialog, Button, buttons
from kerneltui.tui.screens.what import MeaningText


class EditScreen(BoxDialog[str | None]):
    """Answers the text, or None.

    ``check(text)`` says what a text means; it raises ValueError, in words, for one that cannot be
    used: then the dialog stays open.  ``now`` is always in sight; ``about`` scrolls.
    """

    DEFAULT_CSS = """
    #dialog.edit #about { height: auto; max-height: 30vh; }
    #dialog.edit #told {
        height: auto; min-height: 1; max-height: 3; margin-top: 1; color: $foreground 80%;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "Close"),
        ("up", "scroll(-1)", "Up"),
        ("down", "scroll(1)", "Down"),
        ("pageup", "scroll(-5)", "Page up"),
        ("pagedown", "scroll(5)", "Page down"),
    ]

    def __init__(
        self,
        verb: str,
        title: str,
        now: Section | None,
        about: Meaning,
        label: str,
        first: str,
        check: Callable[[str], str],
    ) -> None:
        """``verb`` is what will be done with ``title``; ``first`` stands in the box at first."""
        super().__init__()
        self._verb, self._title = verb, title
        self._now = now
        self._label = label
        self._check = check
        self._about = VerticalScroll(MeaningText(about, ()), id="about", can_focus=False)
        self._box = Input(first, compact=True)
        self._told = Static("", id="told")

    def compose(self) -> ComposeResult:
        """From what it is to what it shall be."""
        with Vertical(id="dialog", classes="edit") as dialog:
            dialog.border_title = Content(f"{self._verb.capitalize()} {self._title}")
            dialog.border_subtitle = buttons((
                Button("Enter", self._verb, "submit"), Button("Esc", "cancel", "dismiss"),
                Button("arrows", "scroll"),
            ))  # fmt: skip
            yield self._about
            if self._now is not None:
                yield MeaningText(Meaning("", (), sections=(self._now,)), ())
            yield Label(self._label, markup=False)
            yield self._box
            yield self._told

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what it means; no business of the app's filter."""
        event.stop()
        self._tell(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Done, if it can be used."""
        event.stop()
        self.action_submit()

    def action_submit(self) -> None:
        """Done, if it can be used."""
        if self._tell(self._box.value):
            self.dismiss(self._box.value.strip())

    def _tell(self, text: str) -> bool:
        """Say what a text means, or what is wrong with it; whether it can be used."""
        try:
            said, good = self._check(text), True
        except ValueError as error:
            said, good = str(error), False
        shown = f"{said[:1].upper()}{said[1:]}" if good else f"{said[:1].upper()}{said[1:]}."
        self._told.update(Content.styled(shown, "" if good else "bold $error"))
        return good

    def action_scroll(self, lines: int) -> None:
        """Move the text."""
        self._about.scroll_relative(y=lines, animate=False)
