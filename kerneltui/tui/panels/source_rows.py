"""What the rows of the source panel consist of: the stack, lines of source, instructions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec
from rich.cells import cell_len

from kerneltui.debugger.references import CodeReference
from kerneltui.debugger.views.source import InstructionView, StackFrameView
from kerneltui.tui import signs
from kerneltui.tui.panels.fitting import shortened_piece
from kerneltui.tui.widgets.line_view import DISABLED, ENABLED
from kerneltui.tui.widgets.lines import Line, Piece, cut, line_text, plain, with_text

WIDE = 100
"""From this width on the stack stands beside the source, else above it."""
STACK_WIDE = 44
"""Cells of the stack beside the source."""
BESIDE = " │ "
LOW = 13
"""Below this height there is no heading between stack and source."""
HEIGHT = 40
"""Rows, where nobody has given it a place on the screen."""
HERE, WAITS = signs.LINE_HERE, signs.LINE_WAITS
"""Beside a line: the function on show is there; another one of the stack is."""


class Area(StrEnum):
    """The parts of the panel that the cursor can be in, from the left to the right."""

    STACK = "stack"
    SOURCE = "source"
    LISTING = "listing"
    """the instructions of an image"""


class CellPlace(msgspec.Struct, frozen=True):
    """What a cell of a row stands for."""

    area: Area
    number: int
    """the line, the address, or the place in the stack, 0 being the innermost"""


class PanelRow(msgspec.Struct, frozen=True):
    """A line of the panel, and what its cells stand for."""

    line: Line
    spots: tuple[CellPlace, ...] = ()


def heading(frame: StackFrameView) -> Line:
    """File and function."""
    return ((frame.file, "head"), (f"  {frame.function}", "dim"))


def stack_line(
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


def source_line(text: Line, code: CodeReference, sign: str, mark: str, digits: int) -> Line:
    """With its margin: breakpoint, mark, number."""
    style = "now" if mark == HERE else "dim"
    return (
        (sign, "breakpoint", code),
        (mark, "now", code),
        (f"{code.line:>{digits + 1}} ", style, code),
        *((part, look, code) for part, look, *_ in text),
    )


def grounded(line: Line, width: int) -> Line:
    """On the ground of the line that is executed, to the end of its column."""
    rest = width - sum(cell_len(piece[0]) for piece in line)
    ground: list[Piece] = [(text, f"{style} here", *others) for text, style, *others in line]
    if rest > 0:
        ground.append((" " * rest, "text here"))
    return tuple(ground)


def listed(frame: StackFrameView, width: int) -> Iterator[Line]:
    """Each variable on a line of its own, and what is too long on several."""
    for item in frame.variables:
        text = f"{item.name} = {item.value}"
        yield ((text[: len(item.name)], "text"), (text[len(item.name) : width], "dim"))
        for begin in range(width, len(text), width - 2):
            yield plain(f"  {text[begin : begin + width - 2]}", "dim")


def limited(lines: Sequence[Line], most: int) -> list[Line]:
    """The first of them; where more follow, the last one says so."""
    if len(lines) <= most:
        return list(lines)
    *others, last = lines[:most]
    text = line_text(last).rstrip()
    rest = " ".join(line_text(line).strip() for line in lines[most:])
    return [*others, (with_text(("", "dim"), f"{text} …", f"{text} {rest}"),)]


def joined(left: PanelRow, right: PanelRow, width: int) -> PanelRow:
    """Both in one row, with a line between them."""
    used = sum(cell_len(piece[0]) for piece in left.line)
    blank: Piece = (" " * max(STACK_WIDE - used, 0), "text")
    line = (*cut(left.line, STACK_WIDE), blank, (BESIDE, "dim"), *cut(right.line, width))
    return PanelRow(line, left.spots + right.spots)


def sign_of(enabled: bool | None) -> str:
    """What stands beside a line for a breakpoint there; a space for none."""
    return " " if enabled is None else ENABLED if enabled else DISABLED


def listing_rows(
    frame: StackFrameView, at: int, signs: Mapping[int, bool], width: int, rows: int
) -> list[PanelRow]:
    """The instructions around one address: names of functions stand on rows of their own."""
    found: list[PanelRow] = []
    place = 0
    for item in frame.listing:
        is_first = item.symbol != "" and "+" not in item.symbol
        if is_first:
            code = CodeReference(item.symbol, "", 0, item.address)
            found.append(PanelRow((("   ", "dim"), (f"{item.symbol}:", "definition", code)),
                                  (CellPlace(Area.LISTING, item.address),)))  # fmt: skip
        if item.address == at:
            place = len(found)
        found.append(_listing_row(frame, item, sign_of(signs.get(item.address)), width))
    first = max(min(place - rows // 2, len(found) - rows), 0)
    return found[first : first + rows]


def _listing_row(frame: StackFrameView, item: InstructionView, sign: str, width: int) -> PanelRow:
    is_here = item.address == frame.address
    code = CodeReference(item.symbol, "", 0, item.address)
    name, _, target = item.text.partition(" ")
    line: Line = (
        (sign, "breakpoint", code),
        (HERE if is_here else " ", "now", code),
        (f" {item.address:x}  ", "now" if is_here else "dim", code),
        (f"{name:<7}", "keyword", code),
        (f" {target}", "text", code),
    )
    line = cut(line, width)
    spot = (CellPlace(Area.LISTING, item.address),)
    return PanelRow(grounded(line, width) if is_here else line, spot)


def register_rows(registers: Sequence[tuple[str, int]], width: int) -> list[PanelRow]:
    """Two in a row, down the columns."""
    half = -(-len(registers) // 2)
    texts = [f"{name:<3} {value:0{16 if len(name) <= 3 else 13}x}" for name, value in registers]
    left, right = texts[:half], [*texts[half:], ""]
    return [
        PanelRow(cut(((f"{a}  ", "text"), (b, "text")), width))
        for a, b in zip(left, right, strict=False)
    ]
