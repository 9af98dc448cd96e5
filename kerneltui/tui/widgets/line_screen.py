"""The screen that line views stand on."""

from __future__ import annotations

from typing import ClassVar

from textual.events import ScreenResume
from textual.screen import Screen

from kerneltui.tui.widgets.kept_rows import Ground
from kerneltui.tui.widgets.lines import STYLES


class LineScreen(Ground, Screen[None]):
    """The screen of line views: it has the looks of lines, once for all of them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-view--cursor", *(f"line-view--{style}" for style in STYLES)
    }  # fmt: skip
    _has_resumed = False

    def on_screen_resume(self, event: ScreenResume) -> None:
        """At first all has its styles: it has just been mounted."""
        event.refresh_styles = self._has_resumed
        self._has_resumed = True
