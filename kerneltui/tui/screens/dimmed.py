"""The dashboard behind a dialog, dimmed.

A dialog is painted several times until all of it stands, and Textual dims everything behind it each
time, piece by piece.  Here a line that has been dimmed stays so until it is another one, and each
style is dimmed once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import Screen
from textual.strip import Strip
from textual.visual import Visual

STYLES_KEPT = 1_000


class Dimmed(Visual):
    """What a dialog has for its background; it is kept for as long as the dialog is there."""

    def __init__(self) -> None:
        self._behind: Screen[Any] | None = None
        self._color = Color(0, 0, 0)
        self._base = Style.null()
        """what styles stand upon"""
        self._lines: dict[int, tuple[Strip, Strip]] = {}
        """by their places: as they are behind the dialog, and dimmed"""

    def look(self, behind: Screen[Any], color: Color) -> None:
        """Show this screen, tinted with a colour that lets it shine through."""
        if behind is not self._behind or color != self._color:
            self._lines.clear()
        self._behind, self._color = behind, color

    def render_strips(
        self, width: int, height: int | None, style: Any, options: Any
    ) -> list[Strip]:
        """See :class:`Visual`."""
        if self._behind is None:
            return []
        if style.rich_style != self._base:
            self._lines.clear()
            self._base = style.rich_style
        lines = self._behind._compositor.render_strips()  # noqa: SLF001 - as Textual does
        return [self._dimmed(place, line, width) for place, line in enumerate(lines[:height])]

    def _dimmed(self, place: int, line: Strip, width: int) -> Strip:
        kept = self._lines.get(place)
        if kept is not None and kept[0] == line and kept[1].cell_length == width:
            return kept[1]
        dimmed = Strip([self._dimmed_segment(segment) for segment in line])
        dimmed = dimmed.adjust_cell_length(width)
        self._lines[place] = line, dimmed
        return dimmed

    def _dimmed_segment(self, segment: Segment) -> Segment:
        if segment.control:
            return segment
        return Segment(segment.text, _dimmed(segment.style, self._color, self._base))

    def get_optimal_width(self, rules: Any, container_width: int) -> int:
        """See :class:`Visual`: as wide as there is room."""
        return container_width

    def get_height(self, rules: Any, width: int) -> int:
        """See :class:`Visual`."""
        return 0 if self._behind is None else self._behind.size.height


@lru_cache(STYLES_KEPT)
def _dimmed(style: Style | None, color: Color, base: Style) -> Style | None:
    (made,) = BackgroundScreen.process_segments([Segment("", style)], color)
    return base if made.style is None else base + made.style
