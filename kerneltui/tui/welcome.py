"""The program's first screen, where nobody has said what to open."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from kerneltui.lessons.progress import StudentProgress
from kerneltui.tui.offers import Offer, first_choice, is_new_here, offers
from kerneltui.tui.screens.welcome import WelcomeScreen
from kerneltui.tui.themes import DEFAULT_THEME, THEMES


class WelcomeApp(App[Offer | None]):
    """Answers what is to be opened, or None."""

    CSS_PATH = "kerneltui.tcss"
    TITLE = "kerneltui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+c", "quit", "Quit")]

    def __init__(self, progress: StudentProgress, theme: str = "", told: str = "") -> None:
        """``told`` is what was wrong with the choice before."""
        super().__init__()
        for extra in THEMES:
            self.register_theme(extra)
        self.theme = theme or DEFAULT_THEME
        self._progress = progress
        self._told = told

    def on_mount(self) -> None:
        """There is nothing else to see."""
        is_new = is_new_here(self._progress)
        found = offers(self._progress)
        screen = WelcomeScreen(found, is_new=is_new, first=first_choice(found))
        self.push_screen(screen, self.exit)
        if self._told:
            self.notify(self._told, severity="error", timeout=20, markup=False)
