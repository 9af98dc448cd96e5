"""Choosing one of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from kerneltui.tui.screens.dialog import Chooser, Dialog


class ChooseScreen(Dialog[str | None]):
    """Answers the chosen name, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "Close"),
        ("q", "dismiss", "Close"),
    ]

    def __init__(self, title: str, choices: Mapping[str, str], current: str) -> None:
        """``choices``: name -> description."""
        super().__init__()
        self._title = title
        self._choices = choices
        self._current = current

    def compose(self) -> ComposeResult:
        """The list, with the current choice marked and highlighted."""
        options = [
            Option(
                Content.assemble(
                    "● " if name == self._current else "  ",
                    Content.styled(f"{name:<18}", "bold"),
                    what,
                ),
                id=name,
            )
            for name, what in self._choices.items()
        ]
        with Vertical(id="dialog") as dialog:
            dialog.border_title = self._title
            dialog.border_subtitle = "Enter chooses, Esc closes"
            chooser = Chooser(*options)
            yield chooser
            names = list(self._choices)
            chooser.highlighted = names.index(self._current) if self._current in names else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Done."""
        self.dismiss(event.option.id)
