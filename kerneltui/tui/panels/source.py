"""The kernel's source where the core on show is, and the way there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.cells import cell_len

from kerneltui.debugger.references import CodeReference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.source import SourceFileView, SourceView, StackFrameView
from kerneltui.tui.panels.base import CORNERS, tail
from kerneltui.tui.panels.fitting import fitted, flow
from kerneltui.tui.panels.kinds import SOURCE
from kerneltui.tui.panels.source_cursor import SourceCursor, areas
from kerneltui.tui.panels.source_rows import (
    BESIDE,
    HEIGHT,
    HERE,
    LOW,
    STACK_WIDE,
    WAITS,
    WIDE,
    Area,
    CellPlace,
    PanelRow,
    grounded,
    heading,
    joined,
    limited,
    listed,
    listing_rows,
    register_rows,
    sign_of,
    source_line,
    stack_line,
)
from kerneltui.tui.widgets.cursor import cells_of
from kerneltui.tui.widgets.lines import Line, cut, line_text, plain


class SourcePanel(SourceCursor):
    """Stack, variables and source.  The cursor is in the stack, or in the source.

    It is as high as its place: it does not scroll, but shows another part of the file.
    """

    KIND = SOURCE
    PARTS = frozenset({"source", "halt_reason"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._breakpoints: dict[tuple[str, int], bool] = {}
        """by file and line: whether one is enabled"""
        self._stops: dict[int, bool] = {}
        """the same by address, of instructions"""

    def set_signs(self, signs: Mapping[Any, bool]) -> None:
        """They stand beside the lines of the source, and not at the edge."""
        found: dict[tuple[str, int], bool] = {}
        stops: dict[int, bool] = {}
        for thing, enabled in signs.items():
            if isinstance(thing, CodeReference) and thing.address is not None:
                stops[thing.address] = stops.get(thing.address, False) or enabled
            elif isinstance(thing, CodeReference):
                place = thing.file, thing.line
                found[place] = found.get(place, False) or enabled
        if (found, stops) != (self._breakpoints, self._stops):
            self._breakpoints, self._stops = found, stops
            self.outdate()

    # -- lines ------------------------------------------------------------------------------------

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """As many lines as there is room for."""
        source = view.source
        self._panel_rows = []
        if source is None:
            return []
        if not source.frames:
            words = _nothing(source, view.halt_reason).split()
            return list(flow([(f"{word} ", "text") for word in words], width, 0))
        self._settle(source)
        height = self.size.height or HEIGHT
        self._panel_rows = (
            self._beside(source, width, height)
            if width >= WIDE
            else self._above(source, width, height)
        )
        return [row.line for row in self._panel_rows]

    def _beside(self, source: SourceView, width: int, height: int) -> list[PanelRow]:
        """The stack and the variables at the left, the source at the right."""
        frame = source.frames[self._chosen]
        rows = height - 1
        if source.registers:
            others, word = register_rows(source.registers, STACK_WIDE), "registers"
        else:
            others, word = list(map(PanelRow, listed(frame, STACK_WIDE))), "variables"
        most = max(rows - len(others) - 1, rows * 2 // 3)
        left = [PanelRow(plain("call stack", "head")), *self._stack_rows(source, STACK_WIDE, most)]
        left += [PanelRow(plain(word, "head")), *others]
        room = width - STACK_WIDE - len(BESIDE)
        right = self._code_rows(source, room, height)
        return [
            joined(left[n] if n < len(left) else PanelRow(()), right[n], room)
            for n in range(min(height, len(right)))
        ] + left[len(right) : height]

    def _code_rows(self, source: SourceView, room: int, height: int) -> list[PanelRow]:
        """The source; of an image the instructions below it, or alone."""
        frame = source.frames[self._chosen]
        parts = areas(source, self._chosen)
        if Area.LISTING not in parts:
            return [PanelRow(heading(frame)), *self._source_rows(source, room, height - 1)]
        found: list[PanelRow] = []
        if Area.SOURCE in parts:
            found = [PanelRow(heading(frame))]
            found += self._source_rows(source, room, height // 2 - 1)
        name = plain("instructions" if found else f"instructions  {frame.function}", "head")
        rest = self._listing_rows(source, room, height - len(found) - 1)
        return [*found, PanelRow(name), *rest]

    def _listing_rows(self, source: SourceView, width: int, rows: int) -> list[PanelRow]:
        frame = source.frames[self._chosen]
        at = self._line if self._area is Area.LISTING and self._line is not None else None
        return listing_rows(frame, frame.address if at is None else at, self._stops, width, rows)

    def _above(self, source: SourceView, width: int, height: int) -> list[PanelRow]:
        """A part of the stack and the variables, and the source below them."""
        frame = source.frames[self._chosen]
        low = height < LOW
        stack = self._stack_rows(source, width, 2 if low else height // 4)
        words = [(f"{item.name} = {item.value}  ", "dim") for item in frame.variables]
        variables = limited(list(flow(words, width, 0)), 1 if low else 2) if words else []
        rows = [*stack, *map(PanelRow, variables)]
        if not low:
            rows.append(PanelRow(heading(frame)))
        room = max(height - len(rows), 1)
        parts = areas(source, self._chosen)
        if self._area is Area.LISTING or (Area.SOURCE not in parts and Area.LISTING in parts):
            return rows + self._listing_rows(source, width, room)
        return rows + self._source_rows(source, width, room)

    def _stack_rows(self, source: SourceView, width: int, most: int) -> list[PanelRow]:
        """Those around the chosen one; from the innermost on."""
        frames = source.frames
        most = max(min(most, len(frames)), 1)
        first = min(max(self._chosen - (most - 1) // 2, 0), len(frames) - most)
        digits = len(str(len(frames)))
        return [
            PanelRow(stack_line(frames[n], n, digits, width, is_chosen=n == self._chosen),
                (CellPlace(Area.STACK, n),))
            for n in range(first, first + most)
        ]  # fmt: skip

    def _source_rows(self, source: SourceView, width: int, rows: int) -> list[PanelRow]:
        from kerneltui.tui.highlight import highlighted  # the first picture has no source

        frame = source.frames[self._chosen]
        file = source.files[frame.text]
        if not file.lines:
            return [PanelRow(plain(f"The source of {file.name} cannot be read.", "dim"))]
        top = self._first_line(frame, file, rows)
        texts = highlighted(file.lines, f".{file.name.rpartition('.')[2]}")
        waiting = {item.line for item in source.frames if item.text == frame.text}
        digits = len(str(len(file.lines)))
        found = []
        for number in range(top, min(top + rows, len(file.lines) + 1)):
            code = CodeReference(file.function_at(number), file.name, number)
            sign = sign_of(self._breakpoints.get((file.name, number)))
            is_here = number == frame.line
            mark = HERE if is_here else WAITS if number in waiting else " "
            line = source_line(texts[number - 1], code, sign, mark, digits)
            line = cut(line, width)
            found.append(
                PanelRow(
                    grounded(line, width) if is_here else line, (CellPlace(Area.SOURCE, number),)
                )
            )
        return found

    def _first_line(self, frame: StackFrameView, file: SourceFileView, rows: int) -> int:
        """The function is in the middle, or if it is longer, the line; the cursor is in sight."""
        top = self._top
        if top is None:
            around = [item for item in file.functions if item.line <= frame.line <= item.last]
            function = max(around, key=lambda item: item.line, default=None)
            top = frame.line - rows // 2
            if function is not None and (length := function.last - function.line + 1) <= rows:
                top = function.line - (rows - length) // 2
        at = self._line if self._area is Area.SOURCE else None
        if at is not None:
            top = min(max(top, at - rows + 1), at)
        top = max(min(top, len(file.lines) - rows + 1), 1)
        if self._top is not None or at is not None:
            self._top = top
        return top

    def caption(self, view: MachineView) -> str:
        """Which core, and which function of how many."""
        source = view.source
        if source is None:
            return ""
        count = len(source.frames)
        place = f", function {self._chosen + 1} of {count}" if count else ""
        return f"core {source.core}{place}"

    def _below(self) -> str:
        row = self.cursor.row
        if not self.shows_cursor or row >= len(self.lines):
            return self._caption
        cells = cells_of(self.lines[row])
        whole = " ".join(self.row_text.split())
        cell = cells[min(self.cursor.cell, len(cells) - 1)] if cells else None
        pieces = self.lines[row] if cell is None else self.lines[row][cell.begin : cell.end]
        if whole == " ".join(line_text(pieces).split()):
            return self._caption
        room = self.outer_size.width - CORNERS
        return whole if cell_len(whole) <= room else f"…{tail(whole, room - 1)}"


def _nothing(source: SourceView, halt_reason: str) -> str:
    """Why there is no source to show."""
    if source.state == "off":
        return f"Core {source.core} is off: it executes nothing."
    if source.state == "halted":
        return f"Core {source.core} has stopped for good: {halt_reason}."
    return f"Core {source.core} has executed nothing yet: s executes its first access."
