"""A bar: one line that takes clicks.

It does not change its size with its text, so it asks for no new layout.
"""

from __future__ import annotations

from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from kerneltui.tui.widgets.kept_rows import KeptRows
from kerneltui.tui.widgets.lines import Line, about, cut, line_text
from kerneltui.tui.widgets.looks import look


def action_of(command: str) -> str:
    """Of the app, for a command's name in :mod:`kerneltui.tui.commands`."""
    return f"app.choose('{command}')"


class Bar(KeptRows, Widget):
    """One line.  What a piece of it is about is the action that a click there runs."""

    ALLOW_SELECT = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.line: Line = ()
        self._looks: dict[tuple[str, str | None], Style] = {}
        """by style and action"""

    @property
    def text(self) -> str:
        """What it says."""
        return line_text(self.line)

    def say(self, line: Line) -> None:
        """Draw this line, if it is another one."""
        if line != self.line:
            self.line = line
            self.refresh()

    def notify_style_update(self) -> None:
        """A new theme."""
        super().notify_style_update()
        self._looks.clear()

    def render_line(self, y: int) -> Strip:
        """All of it, or as much as fits before an ellipsis."""
        width = self.size.width
        pieces = cut(self.line, width)
        segments = [Segment(piece[0], self._look(piece[1], about(piece))) for piece in pieces]
        return Strip(segments).crop_extend(0, width, self.rich_style)

    def _look(self, style: str, action: str | None) -> Style:
        found = self._looks.get((style, action))
        if found is None:
            if action is None:
                found = look(style, self.app.theme_variables, self.background_colors[1])
            else:
                found = self._look(style, None) + Style.from_meta({"@click": action})
            self._looks[style, action] = found
        return found
