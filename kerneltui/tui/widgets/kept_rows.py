"""Widgets whose finished rows are kept until something makes them dirty.

Textual draws all that lies in the rectangle around what has changed.  It keeps lines too, but asks
for borders, titles and filters anew each time; here a row that is clean costs a look into a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from rich.segment import Segment
from textual.containers import Container
from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from rich.color import Color
    from rich.style import Style

    _Mixed = Widget
else:  # Textual gathers a widget's looks along its first bases that are widgets
    _Mixed = object


class KeptRows(_Mixed):
    """Stands before a widget's own base class: see the module."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._rows: dict[int, Strip] = {}
        """finished rows by their place in the widget, borders among them"""

    def _set_dirty(self, *regions: Region) -> None:
        # All that makes Textual draw a widget anew ends here; regions are of the content.
        super()._set_dirty(*regions)
        if regions:
            top = self.content_offset.y
            for region in regions:
                for y in region.line_range:
                    self._rows.pop(y + top, None)
        else:
            self._rows.clear()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows in ``crop``, which is of the whole widget."""
        width = self.outer_size.width
        rows = self._rows
        missing = [y for y in crop.line_range if y not in rows]
        if missing:
            span = range(missing[0], missing[-1] + 1)
            rows.update(zip(span, self.finished_rows(span, width), strict=True))
        strips = [rows[y] for y in crop.line_range]
        first, last = crop.column_span
        if (first, last) == (0, width):
            return strips
        return [strip.crop(first, last) for strip in strips]

    def finished_rows(self, span: range, width: int) -> list[Strip]:
        """Rows with all that belongs to them, as Textual draws them."""
        return super().render_lines(Region(0, span.start, width, len(span)))


class KeptScrollBar(KeptRows, ScrollBar):
    """A scroll bar that is drawn when it has moved, and then without a detour by Rich's console."""

    def finished_rows(self, span: range, width: int) -> list[Strip]:
        """All of its rows are made at once; most of them are alike."""
        shown = cast("ScrollBarRender", self.render())
        look = cast("Style", shown.style)
        segments = shown.render_bar(
            size=self.outer_size.height, virtual_size=shown.virtual_size,
            window_size=shown.window_size, position=shown.position, thickness=width,
            back_color=cast("Color", look.bgcolor), bar_color=cast("Color", look.color),
        ).segments  # fmt: skip
        filters, background = self.get_line_filters(), self.background_colors[1]
        base = self.visual_style.rich_style
        rows: dict[Segment, Strip] = {}
        for segment in dict.fromkeys(segments):
            row = Strip(Segment.apply_style([segment], base), width)
            for line_filter in filters:
                row = row.apply_filter(line_filter, background)
            rows[segment] = row
        return [rows[segments[y]] for y in span]


class Ground(KeptRows):
    """Of what other widgets cover: rows of one colour, which need no styling."""

    def finished_rows(self, span: range, width: int) -> list[Strip]:
        """Each is a strip of its own, as Textual notes in it how it was cut."""
        look = self.visual_style.rich_style
        return [Strip.blank(width, look) for _ in span]


class KeptContainer(Ground, Container):
    """The ground below the panels."""
