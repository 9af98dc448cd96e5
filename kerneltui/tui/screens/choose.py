"""Choosing one of a list."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from kerneltui.tui.screens.dialog import CLOSE, BoxDialog, Button, Chooser, buttons

Choice = tuple[str, str]
"""A section's title and a name in it."""
LEAST_NAME = 18
"""As wide as names are shown at least."""


class ChooseScreen(BoxDialog[Choice | None]):
    """Answers the section and the name that were chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "Close"),
        ("q", "dismiss", "Close"),
    ]

    def __init__(
        self,
        title: str,
        sections: Mapping[str, Mapping[str, str]],
        current: Collection[Choice] = (),
        highlighted: Choice | None = None,
    ) -> None:
        """``sections``: title, which may be empty -> name -> description.

        ``current`` are marked; ``highlighted``, or the first, is the one that Enter takes.
        """
        super().__init__()
        self._title = title
        self._sections = sections
        self._current = current
        self._highlighted = highlighted
        self._choices: dict[str, Choice] = {}

    def compose(self) -> ComposeResult:
        """The list, with the current choices marked."""
        options: list[Option] = []
        highlighted = None
        names_of_all = [name for names in self._sections.values() for name in names]
        width = max(LEAST_NAME, 1 + max(map(len, names_of_all), default=0))
        for section, names in self._sections.items():
            if section:
                options.append(Option(Content.styled(section, "bold"), disabled=True))
            for name, what in names.items():
                choice = (section, name)
                ident = f"choice-{len(options)}"
                self._choices[ident] = choice
                if highlighted is None or choice == self._highlighted:
                    highlighted = len(options)
                marker = "● " if choice in self._current else "  "
                told = Content.styled(f"{name:<{width}}", "bold")
                options.append(Option(Content.assemble(marker, told, what), id=ident))
        with Vertical(id="dialog") as dialog:
            dialog.border_title = self._title
            chooses = Button("Enter", "chooses", "choose_highlighted")
            dialog.border_subtitle = buttons((chooses, CLOSE))
            chooser = Chooser(*options)
            yield chooser
            chooser.highlighted = highlighted

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Done."""
        self.dismiss(self._choices.get(event.option.id or ""))
