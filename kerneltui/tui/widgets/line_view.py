"""A scrollable view of styled lines that renders only what is visible.

A line is a tuple of ``(text, style)`` pieces; a style is a name of :data:`STYLES`, which the
stylesheet gives a look.  Plain data keeps the panels' contents testable without a screen.

A frame costs what has changed.  Drawn lines are kept by their content, so that one that has moved
is not put together again; rows of the frame are kept until something makes them dirty; and the
edges beside the lines (border and padding) are drawn once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from kerneltui.tui.widgets.kept_rows import Ground, KeptRows, KeptScrollBar

Line = tuple[tuple[str, str], ...]

STYLES = ("text", "dim", "strong", "head", "changed", "alert", "good", "interrupt")
STRIPS_KEPT = 2_000


def plain(text: str, style: str = "text") -> Line:
    """A line of one piece."""
    return ((text, style),)


def line_text(line: Line) -> str:
    """What a line says, without its look."""
    return "".join(text for text, _ in line)


class LineScreen(Ground, Screen[None]):
    """The screen of line views: it has the looks of lines, once for all of them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line-view--{style}" for style in STYLES}


class LineView(KeptRows, ScrollView, can_focus=True):
    """See the module.  ``follow`` keeps the end in view as lines are added."""

    DEFAULT_CSS = """
    LineView { height: 1fr; overflow-y: scroll; }
    """

    def __init__(self, *, follow: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.follow = follow
        self.lines: list[Line] = []
        self._strips: dict[Line, Strip] = {}
        self._looks: dict[str, Style] = {}
        self._base: Style | None = None
        self._edges: tuple[Strip, Strip] | None = None
        """what stands left and right of each line"""
        self._span = (0, 0)
        """the columns that the kept strips show: first, and beyond the last"""

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """As Textual makes it, but for what it costs to draw."""
        if self._vertical_scrollbar is None:
            width = self.scrollbar_size_vertical
            bar = KeptScrollBar(vertical=True, name="vertical", thickness=width)
            self._vertical_scrollbar = bar
            bar.display = False
            self.app._start_widget(self, bar)  # noqa: SLF001 - as Textual does
        return self._vertical_scrollbar

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines; only those that differ are drawn anew."""
        old, new = self.lines, list(lines)
        if old == new:
            return
        at_end = self.scroll_offset.y >= self.max_scroll_y
        self.lines = new
        self._set_height(len(new))
        if self.follow and at_end:
            self.scroll_end(animate=False, force=True, immediate=True)
        self._redraw(old, new)

    def _set_height(self, height: int) -> None:
        """Tell the scroll bar, which always shows, so that nothing else has to be laid out anew.

        Setting ``virtual_size`` alone would ask for a layout of the whole screen.
        """
        size = Size(self.size.width, height)
        if size == self.virtual_size:
            return
        if not self.show_vertical_scrollbar or size.width != self.virtual_size.width:
            self.virtual_size = size
            return
        self.set_reactive(Widget.virtual_size, size)
        bar = self.vertical_scrollbar
        bar.window_virtual_size = size.height
        bar.window_size = self.container_size.height
        self.scroll_y = self.validate_scroll_y(self.scroll_y)

    def _redraw(self, old: list[Line], new: list[Line]) -> None:
        top, width = self.scroll_offset.y, self.size.width
        end = min(top + self.size.height, max(len(old), len(new)))
        rows = [
            y - top
            for y in range(top, end)
            if y >= len(old) or y >= len(new) or old[y] != new[y]
        ]  # fmt: skip
        if rows:
            self.refresh(*(Region(0, row, width, 1) for row in rows))

    def notify_style_update(self) -> None:
        """A new theme, or another focus: every line is drawn anew."""
        super().notify_style_update()
        self._strips.clear()
        self._looks.clear()
        self._base = None

    def _set_dirty(self, *regions: Region) -> None:
        super()._set_dirty(*regions)
        if not regions:
            self._edges = None

    def finished_rows(self, span: range, width: int) -> list[Strip]:
        """Textual draws the borders, and one line with its edges; these serve for all lines."""
        place, size = self.content_offset, self.size
        lines = range(place.y, place.y + size.height)
        background, filters = self.background_colors[1], self.get_line_filters()
        strips = []
        for y in span:
            if y in self._rows:
                strips.append(self._rows[y])
            elif y in lines and self._edges is not None:
                line = self.render_line(y - place.y)
                for line_filter in filters:
                    line = line.apply_filter(line_filter, background)
                left, right = self._edges
                strips.append(Strip([*left, *line, *right], width))
            else:
                (strip,) = super().finished_rows(range(y, y + 1), width)
                strips.append(strip)
                if y in lines:
                    edge = place.x + size.width
                    self._edges = strip.crop(0, place.x), strip.crop(edge, width)
        return strips

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        scroll_x, scroll_y = self.scroll_offset
        row, width = y + scroll_y, self.size.width
        base = self._base
        if base is None:
            base = self._base = self.rich_style
        if row >= len(self.lines):
            return Strip.blank(width, base)
        span = (scroll_x, scroll_x + width)
        if span != self._span or len(self._strips) > STRIPS_KEPT:
            self._span = span
            self._strips.clear()
        line = self.lines[row]
        strip = self._strips.get(line)
        if strip is None:
            segments = [Segment(text, self._look(style, base)) for text, style in line]
            strip = self._strips[line] = Strip(segments).crop_extend(*span, base)
        return strip

    def _look(self, style: str, base: Style) -> Style:
        look = self._looks.get(style)
        if look is None:
            look = base + self.screen.get_component_rich_style(f"line-view--{style}")
            self._looks[style] = look
        return look
