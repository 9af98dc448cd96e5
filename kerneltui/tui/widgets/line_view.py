"""A scrollable view of styled lines that renders only what is visible.

A line is a tuple of ``(text, style)`` pieces; a style is a name of :data:`STYLES`, which the
stylesheet gives a look.  Plain data keeps the panels' contents testable without a screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

Line = tuple[tuple[str, str], ...]

STYLES = ("text", "dim", "strong", "head", "changed", "alert", "good")


def plain(text: str, style: str = "text") -> Line:
    """A line of one piece."""
    return ((text, style),)


def line_text(line: Line) -> str:
    """What a line says, without its look."""
    return "".join(text for text, _ in line)


class LineView(ScrollView, can_focus=True):
    """See the module.  ``follow`` keeps the end in view as lines are added."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line-view--{style}" for style in STYLES}
    DEFAULT_CSS = """
    LineView { height: 1fr; }
    """

    def __init__(self, *, follow: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.follow = follow
        self.lines: list[Line] = []
        self._strips: dict[int, Strip] = {}

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines; only those that differ are drawn anew."""
        old, new = self.lines, list(lines)
        if old == new:
            return
        at_end = self.scroll_offset.y >= self.max_scroll_y
        self.lines = new
        size = Size(self.size.width, len(new))
        if size != self.virtual_size:
            self.virtual_size = size
        if self.follow and at_end:
            self.scroll_end(animate=False, force=True, immediate=True)
        self._redraw(old, new)

    def _redraw(self, old: list[Line], new: list[Line]) -> None:
        count = max(len(old), len(new))
        changed = [y for y in range(count) if y >= len(old) or y >= len(new) or old[y] != new[y]]
        for y in changed:
            self._strips.pop(y, None)
        width, top = self.size.width, self.scroll_offset.y
        rows = [y - top for y in changed if 0 <= y - top < self.size.height]
        if rows:
            self.refresh(*(Region(0, row, width, 1) for row in rows))

    def notify_style_update(self) -> None:
        """A new theme: every line is drawn anew."""
        super().notify_style_update()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        scroll_x, scroll_y = self.scroll_offset
        row, width = y + scroll_y, self.size.width
        base = self.rich_style
        if row >= len(self.lines):
            return Strip.blank(width, base)
        strip = self._strips.get(row)
        if strip is None:
            segments = [
                Segment(text, self.get_component_rich_style(f"line-view--{style}"))
                for text, style in self.lines[row]
            ]
            strip = self._strips[row] = Strip(segments)
        return strip.crop_extend(scroll_x, scroll_x + width, base).apply_style(base)
