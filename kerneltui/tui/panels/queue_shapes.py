"""The structure of the timeout queue, drawn as timeouts lie in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kerneltui.debugger.references import TimeoutReference
from kerneltui.debugger.views.timeouts import (
    ArrayView,
    EntryView,
    LevelView,
    QueueView,
    RowView,
    ShapeView,
    SlotView,
    SublistsView,
    TreeView,
    WheelView,
    in_words,
)
from kerneltui.tui import signs
from kerneltui.tui.widgets.lines import Line, Piece, plain, with_text
from kerneltui.units import format_briefly

SLOTS = 64
GAP = "  "


def shape_lines(queue: QueueView, shape: ShapeView, width: int) -> list[Line]:
    """Which structure it is, what it has cost, and how it looks."""
    title = f"{signs.HEADING} {queue.structure}: {in_words(queue.structure)}"
    return [plain(title, "head"), *work_lines(queue, width), *_drawn(shape, queue.head, width)]


def work_lines(queue: QueueView, width: int) -> Iterator[Line]:
    """Comparisons and moves of the last operation and of all, on one line if they fit."""
    if not queue.last_operation:
        return
    last = f"last: {queue.last_operation}, {_work(queue.last_comparisons, queue.last_moves)}"
    total = (
        f"total: {_count(queue.operations, 'operation')}, {_work(queue.comparisons, queue.moves)}"
    )
    if len(last) + len(total) + 2 <= width:
        yield (f"{last}; ", "strong"), (total, "text")
    else:
        yield plain(last, "strong")
        yield plain(total)


def _work(comparisons: int, moves: int) -> str:
    return f"{_count(comparisons, 'comparison')}, {_count(moves, 'move')}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _drawn(shape: ShapeView, head: int | None, width: int) -> Iterator[Line]:
    match shape:
        case SublistsView():
            return _sublists(shape, head, width)
        case ArrayView():
            return _array(shape.row, head, width)
        case TreeView():
            return _tree(shape, head, width)
        case WheelView():
            return _wheel(shape, head, width)


# -- timeouts --------------------------------------------------------------------------------------


def piece(entry: EntryView, head: int | None, *, due: bool = True) -> Piece:
    """A timeout by its identity, and the millisecond of uptime in which it is due."""
    mark, style = "", "text"
    if entry.ident == head:
        mark, style = signs.ARMED, "good"
    elif entry.stale:
        mark, style = signs.REMOVED, "dim"
    text = f"{mark}{entry.ident}" + (f"@{entry.due_ns // 1_000_000}" if due else "")
    return text, style, None if entry.stale else TimeoutReference(entry.ident)


def legend(more: str = "") -> Line:
    """What the marks mean."""
    return plain(f"id@due in ms, ▶ next{more}", "dim")


def folded(pieces: Sequence[Piece], width: int, label: Callable[[int], str]) -> Iterator[Line]:
    """Pieces side by side, on as many lines as they need.

    A line begins with the label for the number of its first piece; labels are of one width.
    """
    line: list[Piece] = []
    used = 0
    for number, item in enumerate(pieces):
        if line and used + len(GAP) + len(item[0]) > width:
            yield tuple(line)
            line = []
        before = (GAP, "text") if line else (label(number), "dim")
        used = (used if line else 0) + len(before[0]) + len(item[0])
        line += [before, item]
    if line:
        yield tuple(line)


def row_pieces(row: RowView, head: int | None, *, from_end: bool = False) -> list[Piece]:
    """A row's timeouts, and how many more there are on the side that is cut."""
    pieces = [piece(entry, head) for entry in row.entries]
    hidden = row.length - len(pieces)
    if hidden:
        pieces.insert(0 if from_end else len(pieces), (f"… {hidden:,} more", "dim"))
    return pieces


# -- list and array --------------------------------------------------------------------------------


def _sublists(shape: SublistsView, head: int | None, width: int) -> Iterator[Line]:
    for number, row in enumerate(shape.rows):
        first = f"sublist {number:<3} of {row.length:>4,}  "
        blank = " " * len(first)
        labels = partial_label(first, blank)
        yield from folded(row_pieces(row, head), width, labels)
    if shape.count > len(shape.rows):
        yield plain(f"… {shape.count - len(shape.rows):,} more sublists", "dim")
    yield legend()


def partial_label(first: str, other: str) -> Callable[[int], str]:
    """A label for the first line, another for those that follow."""
    return lambda number: other if number else first


def _array(row: RowView, head: int | None, width: int) -> Iterator[Line]:
    hidden = row.length - len(row.entries)
    digits = len(str(row.length))
    if hidden:
        yield plain(f"… {hidden:,} that are due later lie before", "dim")
    pieces = [piece(entry, head) for entry in row.entries]
    yield from folded(pieces, width, lambda number: f"[{hidden + number:>{digits}}]  ")
    yield legend()


# -- heap ------------------------------------------------------------------------------------------


def centre(level: int, place: int, width: int) -> int:
    """The column in which an entry of the tree stands."""
    return (2 * place + 1) * width >> level + 1


def _tree(shape: TreeView, head: int | None, width: int) -> Iterator[Line]:
    shown = 0
    for level, entries in enumerate(shape.levels):
        pieces = _that_fit(entries, head, width >> level)
        if not pieces:
            break
        if level:
            yield _branches(level, len(entries), width)
        yield _spread(pieces, [centre(level, place, width) for place in range(len(pieces))])
        shown += len(entries)
    if shape.size > shown:
        yield plain(f"… {shape.size - shown:,} more below", "dim")
    yield legend(", ✗ removed but still in the way")


def _that_fit(entries: tuple[EntryView, ...], head: int | None, room: int) -> list[Piece]:
    """A level's entries with due times, else without, or none: each in ``room`` columns."""
    for due in (True, False):
        pieces = [piece(entry, head, due=due) for entry in entries]
        if max(len(item[0]) for item in pieces) < room:
            return pieces
    return []


def _spread(pieces: list[Piece], centres: list[int]) -> Line:
    line: list[Piece] = []
    column = 0
    for item, middle in zip(pieces, centres, strict=True):
        text = item[0]
        start = max(middle - len(text) // 2, column)
        line += [(" " * (start - column), "text"), item]
        column = start + len(text)
    return tuple(line)


def _branches(level: int, count: int, width: int) -> Line:
    """From the entries above to so many of a level."""
    row = [" "] * width
    for place in range(count):
        parent, child = centre(level - 1, place // 2, width), centre(level, place, width)
        for column in range(min(parent, child), max(parent, child)):
            row[column] = "─"
        row[child] = "┐" if place % 2 else "┌"
        row[parent] = "┴" if place % 2 else "┘"
    drawn = "".join(row).rstrip()
    branches = drawn.lstrip()
    return (" " * (len(drawn) - len(branches)), "text"), (branches, "dim")


# -- wheel -----------------------------------------------------------------------------------------


def _wheel(shape: WheelView, head: int | None, width: int) -> Iterator[Line]:
    yield from _one_line("ready", row_pieces(shape.ready, head, from_end=True), width)
    first = (
        None if shape.ready.length else next((item for item in shape.levels if item.slots), None)
    )
    for number, level in enumerate(shape.levels):
        yield from _level(number, level, head, width, has_head=level is first)
    yield from _one_line("beyond", row_pieces(shape.beyond, head), width)
    yield legend(", ◆ where the wheel stands, 1-9 + how many in a slot")


def _one_line(label: str, pieces: list[Piece], width: int) -> Iterator[Line]:
    """What fits behind a label."""
    yield ((f" {label:<10} ", "dim"), *_what_fits(pieces or [("none", "dim")], width - 12))


def _what_fits(pieces: list[Piece], width: int) -> Line:
    lines = list(folded(pieces, width - 3, lambda _: ""))
    return (*lines[0], ("  …", "dim")) if len(lines) > 1 else lines[0] if lines else ()


def _level(
    number: int, level: LevelView, head: int | None, width: int, *, has_head: bool
) -> Iterator[Line]:
    """The ring, and what is in its slots: beside it where there is room, else below."""
    label = f"{number} {format_briefly(level.granularity_ns):>8} "
    ring: list[str] = [signs.EMPTY_SLOT] * SLOTS
    ring[level.current] = signs.WHEEL_AT
    for slot in level.slots:
        ring[slot.index] = str(slot.row.length) if slot.row.length < 10 else "+"
    pieces = [item for slot in level.slots for item in _slot_pieces(slot, head)]
    line: list[Piece] = [(signs.ARMED if has_head else " ", "good"), (label, "dim")]
    line += [("".join(ring), "strong" if level.slots else "dim"), (GAP, "text")]
    used = sum(len(item[0]) for item in line)
    if width - used > SLOTS // 2:
        yield (*line, *_what_fits(pieces, width - used))
        return
    yield tuple(line[:-1])
    if pieces:
        yield ((" " * 12, "text"), *_what_fits(pieces, width - 12))


def _slot_pieces(slot: SlotView, head: int | None) -> Iterator[Piece]:
    """A slot's timeouts; its number stands before the first."""
    first, *others = row_pieces(slot.row, head)
    yield with_text(first, f"{slot.index}: {first[0]}")
    yield from others
