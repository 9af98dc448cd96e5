"""The kernel's source where the core on show is, and the way there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len

from kerneltui.debugger.references import CodeReference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.source import SourceFileView, SourceView, StackFrameView
from kerneltui.tui.highlight import highlighted
from kerneltui.tui.panels.base import CORNERS, Panel, tail
from kerneltui.tui.panels.fitting import cut, fitted, flow, shortened_piece
from kerneltui.tui.widgets.cursor import cells_of
from kerneltui.tui.widgets.line_view import DISABLED, ENABLED, Move
from kerneltui.tui.widgets.lines import Line, Piece, line_text, plain, whole_of, with_text

WIDE = 100
"""From this width on the stack stands beside the source, else above it."""
STACK_WIDE = 44
"""Cells of the stack beside the source."""
BESIDE = " │ "
LOW = 13
"""Below this height there is no heading between stack and source."""
HEIGHT = 40
"""Rows, where nobody has given it a place on the screen."""
HERE, WAITS = "▶", "▷"
"""Beside a line: the function on show is there; another one of the stack is."""


class CellPlace(NamedTuple):
    """What a cell of a row stands for."""

    in_source: bool
    number: int
    """of the line, or the place in the stack, 0 being the innermost"""


class PanelRow(NamedTuple):
    """A line of the panel, and what its cells stand for."""

    line: Line
    spots: tuple[CellPlace, ...] = ()


class SourcePanel(Panel):
    """Stack, variables and source.  The cursor is in the stack, or in the source.

    It is as high as its place: it does not scroll, but shows another part of the file.
    """

    KEY = "5"
    TITLE = "Source"
    SHORT = "Src"
    PARTS = frozenset({"source", "halt_reason"})
    ABOUT = (
        "The source of the kernel where the core on show is: '▶' marks the line whose access comes "
        "next. The call stack has the innermost function first; up and down choose a function, "
        "right goes into its source and left comes back. There 'b' sets a breakpoint on the line, "
        "'G' runs to it: both halt at the first access made from there. Below the call stack "
        "stand the variables of the function."
    )

    def __init__(self, number: int, **options: Any) -> None:
        super().__init__(number, **options)
        self._breakpoints: dict[tuple[str, int], bool] = {}
        """by file and line: whether one is enabled"""
        self._panel_rows: list[PanelRow] = []
        self._sought: tuple[CodeReference, ...] = ()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._stack: tuple[object, ...] = ()
        """that for which the choice of a function holds"""
        self._chosen = 0
        """the place in the stack of the function on show"""
        self._in_source = False
        self._line: int | None = None
        """where the cursor is in the source; None: where the function is"""
        self._top: int | None = None
        """the first line in sight, once the cursor has moved it"""

    def forget(self) -> None:
        """See :class:`Panel`."""
        super().forget()
        self._sought = ()
        self._begin_anew()

    # -- what is on show --------------------------------------------------------------------------

    def _settle(self, source: SourceView) -> None:
        """Another stack is another moment: it begins with the innermost function."""
        stack = (source.core, *((item.function, item.text, item.line) for item in source.frames))
        if stack != self._stack:
            in_source = self._in_source
            self._begin_anew()
            self._stack, self._in_source = stack, in_source and bool(source.frames)
        if self._sought:
            self._find(source)

    def _find(self, source: SourceView) -> bool:
        """Go to the first thing sought that is there: a function on the stack, or a line."""
        for wanted in self._sought:
            places = [
                n for n, item in enumerate(source.frames)
                if (item.file, item.line) == (wanted.file, wanted.line)
            ]  # fmt: skip
            exact = [n for n in places if source.frames[n].function == wanted.function]
            if places:
                self._choose((exact or places)[0])
                self._in_source = True
                return True
            for n, item in enumerate(source.frames):
                if item.file == wanted.file:
                    self._choose(n)
                    self._in_source, self._line = True, wanted.line
                    return True
        return False

    def _choose(self, place: int) -> None:
        self._chosen, self._line, self._top = place, None, None

    def _catch_up(self) -> None:
        super()._catch_up()
        if self._view is not None and self.display and self.size.width:
            self._sought = ()

    def seek(self, *things: Any) -> bool:
        """See :class:`LineView`; a line of the source is found too."""
        self._sought = tuple(item for item in things if isinstance(item, CodeReference))
        source = None if self._view is None else self._view.source
        if source is None or not self._find(source):
            return False
        if self.display and self.size.width:
            self.update()
        return True

    def set_signs(self, signs: Mapping[Any, bool]) -> None:
        """They stand beside the lines of the source, and not at the edge."""
        found: dict[tuple[str, int], bool] = {}
        for thing, enabled in signs.items():
            if isinstance(thing, CodeReference):
                place = thing.file, thing.line
                found[place] = found.get(place, False) or enabled
        if found != self._breakpoints:
            self._breakpoints = found
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
        variables = list(_listed(frame, STACK_WIDE))
        most = max(rows - len(variables) - 1, rows * 2 // 3)
        left = [PanelRow(plain("call stack", "head")), *self._stack_rows(source, STACK_WIDE, most)]
        left += [PanelRow(plain("variables", "head")), *map(PanelRow, variables)]
        room = width - STACK_WIDE - len(BESIDE)
        right = [PanelRow(_heading(frame)), *self._source_rows(source, room, rows)]
        return [
            _joined(left[n] if n < len(left) else PanelRow(()), right[n], room)
            for n in range(min(height, len(right)))
        ] + left[len(right) : height]

    def _above(self, source: SourceView, width: int, height: int) -> list[PanelRow]:
        """A part of the stack and the variables, and the source below them."""
        frame = source.frames[self._chosen]
        low = height < LOW
        stack = self._stack_rows(source, width, 2 if low else height // 4)
        words = [(f"{item.name} = {item.value}  ", "dim") for item in frame.variables]
        variables = _limited(list(flow(words, width, 0)), 1 if low else 2) if words else []
        rows = [*stack, *map(PanelRow, variables)]
        if not low:
            rows.append(PanelRow(_heading(frame)))
        return rows + self._source_rows(source, width, max(height - len(rows), 1))

    def _stack_rows(self, source: SourceView, width: int, most: int) -> list[PanelRow]:
        """Those around the chosen one; from the innermost on."""
        frames = source.frames
        most = max(min(most, len(frames)), 1)
        first = min(max(self._chosen - (most - 1) // 2, 0), len(frames) - most)
        digits = len(str(len(frames)))
        return [
            PanelRow(_stack_line(frames[n], n, digits, width, is_chosen=n == self._chosen),
                (CellPlace(False, n),))
            for n in range(first, first + most)
        ]  # fmt: skip

    def _source_rows(self, source: SourceView, width: int, rows: int) -> list[PanelRow]:
        frame = source.frames[self._chosen]
        file = source.files[frame.text]
        if not file.lines:
            return [PanelRow(plain(f"The source of {file.name} cannot be read.", "dim"))]
        top = self._first_line(frame, file, rows)
        texts = highlighted(file.lines)
        waiting = {item.line for item in source.frames if item.text == frame.text}
        digits = len(str(len(file.lines)))
        found = []
        for number in range(top, min(top + rows, len(file.lines) + 1)):
            code = CodeReference(file.function_at(number), file.name, number)
            sign = ""
            enabled = self._breakpoints.get((file.name, number))
            if enabled is not None:
                sign = ENABLED if enabled else DISABLED
            is_here = number == frame.line
            mark = HERE if is_here else WAITS if number in waiting else " "
            line = _source_line(texts[number - 1], code, sign or " ", mark, digits)
            line = cut(line, width)
            found.append(
                PanelRow(_grounded(line, width) if is_here else line, (CellPlace(True, number),))
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
        at = self._line
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

    def update(self) -> None:
        """See :class:`Panel`; the cursor stays in the stack or in the source."""
        super().update()
        target = CellPlace(False, self._chosen)
        if self._in_source:
            target = CellPlace(True, self._line_here())
        for n, row in enumerate(self._panel_rows):
            if target in row.spots:
                before = self.cursor.row
                self.cursor.put(n, row.spots.index(target), self.lines)
                self._has_moved(before)
                return

    # -- the cursor -------------------------------------------------------------------------------

    @property
    def _source(self) -> SourceView | None:
        """What is on show, where there is code."""
        source = None if self._view is None else self._view.source
        return source if source is not None and source.frames and self._panel_rows else None

    def _line_here(self) -> int:
        source = self._source
        if source is None or self._chosen >= len(source.frames):
            return 0
        return source.frames[self._chosen].line if self._line is None else self._line

    def move_cursor(self, to: Move) -> None:
        """Up and down in the stack, or in the source; right goes there, and left comes back."""
        source = self._source
        if source is None:
            return
        if to in {"left", "right"}:
            self._in_source = to == "right"
            if to == "left":  # the function again, around its own line
                self._choose(self._chosen)
        elif self._in_source:
            last = len(source.files[source.frames[self._chosen].text].lines)
            page = max(sum(row.spots[-1:] != () and row.spots[-1].in_source
                           for row in self._panel_rows) - 1, 1)  # fmt: skip
            self._line = _moved(self._line_here(), to, 1, last, page)
        else:
            last = len(source.frames) - 1
            self._choose(_moved(self._chosen, to, 0, last, max(self.size.height // 4, 1)))
        self.update()

    def lit(self, line: Line) -> range:
        """The stack's side or the source's: a line of the other one is not meant."""
        between = next((n for n, piece in enumerate(line) if piece[0] == BESIDE), None)
        if between is None:
            return range(len(line))
        return range(between + 1, len(line)) if self._in_source else range(between)

    def clicked(self) -> None:
        """Choose the function, or the line."""
        row, cell = self.cursor.row, self.cursor.cell
        spots = self._panel_rows[row].spots if row < len(self._panel_rows) else ()
        if spots:
            spot = spots[min(cell, len(spots) - 1)]
            self._in_source = spot.in_source
            if not spot.in_source:
                self._choose(spot.number)
            else:
                self._line = spot.number
        self.update()

    def enter(self) -> bool:
        """From the stack into the source of the function."""
        if self._source is None or self._in_source:
            return False
        self.move_cursor("right")
        return True

    @property
    def row_text(self) -> str:
        """What the cursor is on: a function with its place, or a line of the source."""
        row = self.cursor.row
        if row >= len(self.lines):
            return ""
        line = self.lines[row]
        cells = cells_of(line)
        if not cells:
            return super().row_text
        cell = cells[min(self.cursor.cell, len(cells) - 1)]
        return "".join(map(whole_of, line[cell.begin : cell.end])).strip()

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


def _moved(at: int, to: Move, first: int, last: int, page: int) -> int:
    places = {"up": at - 1, "down": at + 1, "pageup": at - page, "pagedown": at + page,
              "home": first, "end": last}  # fmt: skip
    return min(max(places[to], first), last)


def _nothing(source: SourceView, halt_reason: str) -> str:
    """Why there is no source to show."""
    if source.state == "off":
        return f"Core {source.core} is off: it executes nothing."
    if source.state == "halted":
        return f"Core {source.core} has stopped for good: {halt_reason}."
    return f"Core {source.core} has executed nothing yet: s executes its first access."


def _heading(frame: StackFrameView) -> Line:
    return ((frame.file, "head"), (f"  {frame.function}", "dim"))


def _stack_line(
    frame: StackFrameView, place: int, digits: int, width: int, *, is_chosen: bool
) -> Line:
    """Number, function, file and line."""
    code = CodeReference(frame.function, frame.file, frame.line)
    number = f"{place + 1:>{digits}} "
    where = f" {frame.file}:{frame.line}"
    room = max(width - len(number) - len(where), 1)
    style = "strong" if is_chosen else "text"
    return (
        (number, "now" if is_chosen else "dim", code),
        shortened_piece(frame.function, room, style, code),
        (where, "dim", code),
    )


def _source_line(text: Line, code: CodeReference, sign: str, mark: str, digits: int) -> Line:
    """With its margin: breakpoint, mark, number."""
    style = "now" if mark == HERE else "dim"
    return (
        (sign, "breakpoint", code),
        (mark, "now", code),
        (f"{code.line:>{digits + 1}} ", style, code),
        *((part, look, code) for part, look, *_ in text),
    )


def _grounded(line: Line, width: int) -> Line:
    """On the ground of the line that is executed, to the end of its column."""
    rest = width - sum(cell_len(piece[0]) for piece in line)
    ground: list[Piece] = [(text, f"{style} here", *others) for text, style, *others in line]
    if rest > 0:
        ground.append((" " * rest, "text here"))
    return tuple(ground)


def _listed(frame: StackFrameView, width: int) -> Iterator[Line]:
    """Each variable on a line of its own, and what is too long on several."""
    for item in frame.variables:
        text = f"{item.name} = {item.value}"
        yield ((text[: len(item.name)], "text"), (text[len(item.name) : width], "dim"))
        for begin in range(width, len(text), width - 2):
            yield plain(f"  {text[begin : begin + width - 2]}", "dim")


def _limited(lines: Sequence[Line], most: int) -> list[Line]:
    """The first of them; where more follow, the last one says so."""
    if len(lines) <= most:
        return list(lines)
    *others, last = lines[:most]
    text = line_text(last).rstrip()
    rest = " ".join(line_text(line).strip() for line in lines[most:])
    return [*others, (with_text(("", "dim"), f"{text} …", f"{text} {rest}"),)]


def _joined(left: PanelRow, right: PanelRow, width: int) -> PanelRow:
    """Both in one row, with a line between them."""
    used = sum(cell_len(piece[0]) for piece in left.line)
    blank: Piece = (" " * max(STACK_WIDE - used, 0), "text")
    line = (*cut(left.line, STACK_WIDE), blank, (BESIDE, "dim"), *cut(right.line, width))
    return PanelRow(line, left.spots + right.spots)
