"""The program's first screen, where nobody has said what to open."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App
from textual.await_complete import AwaitComplete
from textual.binding import BindingType

from kerneltui.lessons.progress import StudentProgress
from kerneltui.tui.offers import Offer, first_choice, is_new_here, offers
from kerneltui.tui.screens.welcome import WelcomeScreen
from kerneltui.tui.themes import DEFAULT_THEME, THEMES


class FirstScreen(WelcomeScreen):
    """There is nothing behind it: what is chosen is the app's answer."""

    DEFAULT_CSS = """
    FirstScreen { align: center middle; background: $background; }
    """

    def dismiss(self, result: Offer | None = None) -> AwaitComplete:
        """End the app, if that has not happened yet."""
        if not self._answered:
            self._answered = True
            self.app.exit(result)
        return AwaitComplete()


class WelcomeApp(App[Offer | None]):
    """Answers what is to be opened, or None."""

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

    def get_default_screen(self) -> FirstScreen:
        """There is nothing else to see."""
        found = offers(self._progress)
        return FirstScreen(found, is_new=is_new_here(self._progress), first=first_choice(found))

    def on_ready(self) -> None:
        """Tell what was wrong."""
        if self._told:
            self.notify(self._told, severity="error", timeout=20, markup=False)
