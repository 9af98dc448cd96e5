"""The screen that line views stand on."""

from __future__ import annotations

from textual.events import ScreenResume
from textual.screen import Screen

from kerneltui.tui.widgets.kept_rows import Ground


class LineScreen(Ground, Screen[None]):
    """The screen of line views: coming back to it costs no more than it must."""

    _has_resumed = False

    def on_screen_resume(self, event: ScreenResume) -> None:
        """At first all has its styles: it has just been mounted."""
        event.refresh_styles = self._has_resumed
        self._has_resumed = True
