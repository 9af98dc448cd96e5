"""A scrollable view of styled lines, with a cursor, that renders only what is visible.

What a style of a line's piece looks like is said in :mod:`kerneltui.tui.widgets.looks`.

A frame costs what has changed.  Finished rows are kept by what they say, so that a line that has
moved or comes again is not put together again; rows of the frame are kept until something makes
them dirty; and the edges beside the lines (border and padding) are drawn once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal, TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.events import Click, Focus, MouseDown
from textual.geometry import Region, Size
from textual.message import Message
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from kerneltui.tui import signs
from kerneltui.tui.widgets.cursor import Cursor, cells_of, first_thing
from kerneltui.tui.widgets.kept_rows import KeptRows, KeptScrollBar
from kerneltui.tui.widgets.lines import Line, about
from kerneltui.tui.widgets.looks import ground_of, look
from kerneltui.tui.widgets.standing_out import StandingOut

STRIPS_KEPT = 2_000
Move: TypeAlias = Literal["up", "down", "left", "right", "pageup", "pagedown", "home", "end"]
REVERSE, UNDERLINE = Style(reverse=True), Style(underline=True)
CURSOR = signs.CURSOR
"""Beside the row under the cursor, where the padding is."""
ENABLED, DISABLED = signs.BREAKPOINT, signs.DISABLED
"""In the same place: a breakpoint is about something in the row."""
UNDER_CURSOR: Mapping[str, str] = {
    ENABLED: signs.CURSOR_ON_BREAKPOINT, DISABLED: signs.CURSOR_ON_DISABLED,
}  # fmt: skip


class LineView(KeptRows, StandingOut):
    """Stands before a scroll view.  ``follow`` keeps the end in view as lines are added."""

    def __init__(self, *, follow: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.follow = follow
        self._holds_end = follow
        """the end was in view when somebody scrolled last: another size does not change that"""
        self.lines: list[Line] = []
        self.cursor = Cursor(follows=follow)
        self._finished: dict[Line, Strip] = {}
        """rows by what they say, with their edges"""
        self._looks: dict[str, Style] = {}
        self._base: Style | None = None
        self._edges: tuple[Strip, Strip] | None = None
        """what stands left and right of each line"""
        self._signs: Mapping[Any, bool] = {}
        """what has a breakpoint, and whether an enabled one"""
        self._columns = (0, 0)
        """which ones of the lines the finished rows show: the first, and how many"""

    class Chosen(Message):
        """The row under the cursor has been clicked twice, or once with Ctrl."""

        def __init__(self, view: LineView) -> None:
            super().__init__()
            self.view = view

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
            self._keep_end()  # the size may be another one
            return
        before = self.cursor.row
        in_sight, place = self._shows_row(before), before - self.scroll_offset.y
        self.lines = new
        self.cursor.settle(new)
        self._set_height(len(new))
        moved = self.cursor.row - before
        if not self._keep_end() and self._leads and moved and in_sight:
            # The row stays in its place on the screen.
            self._show_from(self.cursor.row - place)
        self._redraw(old, new)
        if moved:
            self._redraw_rows(before, self.cursor.row)
        self.show_new_pointed()

    @property
    def _leads(self) -> bool:
        """Somebody has put the cursor on a row: that one stays in view."""
        return self.shows_cursor and not self.cursor.at_end

    def _keep_end(self) -> bool:
        """Show the end if it is to be followed; whether it is."""
        follows = self.follow and self._holds_end and not self._leads
        if follows and self.scroll_offset.y < self.max_scroll_y:
            self.scroll_end(animate=False, force=True, immediate=True)
        return follows

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Whether the end is in view is known by the last time that this was scrolled."""
        super().watch_scroll_y(old_value, new_value)
        self._holds_end = self.scroll_offset.y >= self.max_scroll_y

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

    # -- the cursor -------------------------------------------------------------------------------

    @property
    def shows_cursor(self) -> bool:
        """Whether there is one to be seen and moved."""
        return self.has_focus

    @property
    def under_cursor(self) -> Any:
        """What the cursor stands on, or would with the focus; or None."""
        return self.cursor.under(self.lines)

    def cursor_moved(self) -> None:
        """It stands elsewhere now, or has come or gone."""

    def move_cursor(self, to: Move) -> None:
        """As a key wants it, which can be faster than the focus."""
        before, page = self.cursor.row, max(self.size.height - 1, 1)
        if to in {"left", "right"}:
            self.cursor.go_sideways(-1 if to == "left" else 1, self.lines)
        else:
            rows = {
                "up": before - 1, "down": before + 1, "pageup": before - page,
                "pagedown": before + page, "home": 0, "end": len(self.lines) - 1,
            }  # fmt: skip
            self.cursor.put(rows[to], 0, self.lines)
        self._has_moved(before)

    def seek(self, *things: Any) -> bool:
        """Put the cursor on the first of ``things`` that is shown, at once or as soon as one is."""
        before = self.cursor.row
        found = self.cursor.seek(things, self.lines)
        self._has_moved(before)
        return found

    def on_mouse_down(self, event: MouseDown) -> None:
        """Where one clicks, there the cursor is."""
        place = event.get_content_offset(self)
        row = 0 if place is None else place.y + self.scroll_offset.y
        if place is None or row >= len(self.lines):
            return
        before = self.cursor.row
        column = place.x + self.scroll_offset.x
        ends = accumulate(cell_len(text) for text, *_ in self.lines[row])
        piece = sum(end <= column for end in ends)
        self.cursor.put_at_piece(row, piece, self.lines)
        self._has_moved(before)
        self.clicked()

    def clicked(self) -> None:
        """Somebody has put the cursor where it is now, with the mouse."""

    def on_click(self, event: Click) -> None:
        """Twice in the same place means Enter, and so does once with Ctrl."""
        wanted = 1 if event.ctrl else 2
        if event.chain == wanted and event.get_content_offset(self) is not None:
            self.post_message(self.Chosen(self))

    def on_focus(self, event: Focus) -> None:
        """Show where the cursor is, but for a click, which puts it elsewhere first.

        What a lesson points at comes before it.
        """
        self.call_after_refresh(self._show_cursor)

    def _show_cursor(self) -> None:
        self._has_moved(self.cursor.row)
        if self.pointed:
            self.show_pointed()

    def watch_has_focus(self, has_focus: bool) -> None:
        """The cursor comes and goes with the focus."""
        super().watch_has_focus(has_focus)
        self.cursor_moved()

    def _has_moved(self, before: int) -> None:
        row, top, height = self.cursor.row, self.scroll_offset.y, self.size.height
        if row < top:
            self._show_from(row)
        elif height and row >= top + height:
            self._show_from(row - height + 1)
        self._redraw_rows(before, row)
        self.cursor_moved()

    def _shows_row(self, row: int) -> bool:
        return 0 <= row - self.scroll_offset.y < self.size.height

    def _show_from(self, top: int) -> None:
        self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def _redraw_rows(self, *rows: int) -> None:
        """The cursor has come or gone there; its mark stands in the padding."""
        top, width = self.scroll_offset.y, self.size.width
        places = {row - top for row in rows if self._shows_row(row)}
        if places:
            self.refresh(*(Region(-1, place, width + 1, 1) for place in places))

    # -- drawing ----------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        """A new theme, or another focus: every line is drawn anew."""
        super().notify_style_update()
        self._finished.clear()
        self._looks.clear()
        self._base = None

    def _set_dirty(self, *regions: Region) -> None:
        super()._set_dirty(*regions)
        if not regions:
            self._edges = None

    def finished_rows(self, span: range, width: int) -> list[Strip]:
        """Textual draws the borders, and one line with its edges; these serve for all lines."""
        place, size, (left, top) = self.content_offset, self.size, self.scroll_offset
        lines = range(place.y, place.y + size.height)
        marked = self.cursor.row if self._marks_row else -1
        if (left, size.width) != self._columns or len(self._finished) > STRIPS_KEPT:
            self._columns = left, size.width
            self._finished.clear()
        ground: Color | None = None
        strips = []
        for y in span:
            if y in self._rows:
                strips.append(self._rows[y])
                continue
            if y not in lines or self._edges is None:
                (strip,) = super().finished_rows(range(y, y + 1), width)
                if y not in lines:
                    strips.append(strip)
                    continue
                edge = place.x + size.width
                self._edges = strip.crop(0, place.x), strip.crop(edge, width)
                self._finished.clear()
            row = y - place.y + top
            line = self.lines[row] if row < len(self.lines) else ()
            has_cursor = row == marked
            mark = self._mark(row, has_cursor=has_cursor) if has_cursor or self._signs else None
            known = self._finished.get(line) if mark is None else None
            if known is None:
                ground = ground or self.background_colors[1]
                known = self._finish(self.render_line(y - place.y), width, mark, ground)
                if mark is None:
                    self._finished[line] = known
            strips.append(known)
        return strips

    @property
    def _marks_row(self) -> bool:
        return self.shows_cursor and self.cursor.row < len(self.lines)

    def _finish(self, line: Strip, width: int, mark: Segment | None, ground: Color) -> Strip:
        """A line between its edges, with what stands in the padding beside it."""
        assert self._edges is not None
        left, right = self._edges
        if mark is not None and left.cell_length > 1:
            line = Strip([mark, *line])
            left = left.crop(0, left.cell_length - 1)
        for line_filter in self.get_line_filters():
            line = line.apply_filter(line_filter, ground)
        return Strip([*left, *line, *right], width)

    def _mark(self, row: int, *, has_cursor: bool) -> Segment | None:
        """What stands in the padding beside a line: the cursor, or that it has a breakpoint."""
        sign = self._sign(row)
        base = self._base or self.rich_style
        if has_cursor:
            return Segment(UNDER_CURSOR.get(sign, CURSOR), self._look("head", base))
        return Segment(sign, self._look("breakpoint", base)) if sign else None

    def _sign(self, row: int) -> str:
        """Of a row that goes on with what stands above it, none."""
        signs, lines = self._signs, self.lines
        found = [signs[thing] for thing in map(about, lines[row] if row < len(lines) else ())
                 if thing in signs]  # fmt: skip
        if not found or (row and first_thing(lines[row - 1]) == first_thing(lines[row])):
            return ""
        return ENABLED if any(found) else DISABLED

    @property
    def marks_beside(self) -> str:
        """What may stand in the padding now: the cursor, and marks of breakpoints."""
        marks = {ENABLED if is_on else DISABLED for is_on in self._signs.values()}
        here = UNDER_CURSOR.get(self._sign(self.cursor.row), CURSOR)
        return "".join(sorted((*marks, here)))

    def pointed_changed(self) -> None:
        """Draw all lines anew."""
        self._finished.clear()
        self.refresh()

    def set_signs(self, signs: Mapping[Any, bool]) -> None:
        """Mark the rows that are about one of these; True: a breakpoint there is enabled."""
        if signs != self._signs:
            self._signs = signs
            self.refresh()

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
        line = self.lines[row]
        if self._marks_row and row == self.cursor.row:
            return self._cursor_strip(line, span, base)
        out = self.stands_out if self.pointed else None
        segments = [
            Segment(piece[0], self._look("pointed" if out and out(piece) else piece[1], base))
            for piece in line
        ]
        return Strip(segments).crop_extend(*span, base)

    def _cursor_strip(self, line: Line, span: tuple[int, int], base: Style) -> Strip:
        """On a ground of its own; of several things the one under the cursor stands out."""
        ground = self._looks.get("cursor")
        if ground is None:
            ground = self._looks["cursor"] = ground_of("cursor", self.app.theme_variables)
        cells = cells_of(line)
        chosen = range(0)
        if len(cells) > 1:
            cell = cells[min(self.cursor.cell, len(cells) - 1)]
            chosen = range(cell.begin, cell.end)
        lit = self.lit(line)
        segments = []
        for n, piece in enumerate(line):
            if self.pointed and self.stands_out(piece):  # it keeps its own ground
                style = self._look("pointed", base) + (UNDERLINE if n in chosen else Style())
            else:
                style = self._look(piece[1], base)
                if n in lit:
                    style += ground + REVERSE if n in chosen else ground
            segments.append(Segment(piece[0], style))
        rest = base + ground if lit.stop >= len(line) else base
        return Strip(segments).crop_extend(*span, rest)

    def lit(self, line: Line) -> range:
        """The pieces of the row under the cursor that stand on the cursor's ground."""
        return range(len(line))

    def _look(self, style: str, base: Style) -> Style:
        found = self._looks.get(style)
        if found is None:
            found = self._looks[style] = base + look(style, self.app.theme_variables)
        return found
