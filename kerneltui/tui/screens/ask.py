"""Asking for a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input

from kerneltui.tui.screens.dialog import Dialog


class AskScreen(Dialog[tuple[str, ...] | None]):
    """Answers the words of all fields, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Close")]

    def __init__(self, title: str, fields: Mapping[str, str]) -> None:
        """``fields``: label -> what stands in it at first."""
        super().__init__()
        self._title = title
        self._fields = fields

    def compose(self) -> ComposeResult:
        """A box for each field."""
        with Vertical(id="dialog") as dialog:
            dialog.border_title = self._title
            dialog.border_subtitle = "Enter goes on and ends, Esc closes"
            for label, value in self._fields.items():
                box = Input(value, placeholder=label)
                box.border_title = label
                yield box

    def on_input_changed(self, event: Input.Changed) -> None:
        """No business of the app's filter."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """On to the next field; after the last, done."""
        event.stop()
        boxes = list(self.query(Input))
        if event.input is boxes[-1]:
            self.dismiss(tuple(box.value for box in boxes))
        else:
            self.focus_next()
