"""Takes the picture of how timeouts lie in the queue: of so many as fit a screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kerneltui.debugger.views.timeouts import (
    ArrayView,
    EntryView,
    LevelView,
    RowView,
    ShapeView,
    SlotView,
    SublistsView,
    TreeView,
    WheelView,
)
from kerneltui.kernel.time.queues.shapes import Array, Row, Sublists, Tree, Wheel
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import TimeoutQueue

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Makers, Sight

MOST_SHOWN = 63
"""Timeouts of a picture, more only where there are more slots: six levels of a heap."""


def shape_view(queue: TimeoutQueue) -> ShapeView:
    """The shape of a queue, cut to :data:`MOST_SHOWN` before anything is made of it."""
    match queue.shape(MOST_SHOWN):
        case Sublists(count, rows):
            return SublistsView(count, tuple(map(_row, rows)))
        case Array(row):
            return ArrayView(_row(row))
        case Tree() as tree:
            return TreeView(tree.size, tuple(_levels(tree)))
        case Wheel() as wheel:
            return WheelView(_row(wheel.ready), tuple(_wheels(wheel)), _row(wheel.beyond))


def _row(row: Row) -> RowView:
    return RowView(row.length, _entries(row.timeouts))


def _entries(timeouts: Iterable[Timeout]) -> tuple[EntryView, ...]:
    return tuple(EntryView(item.ident, item.due_ns) for item in timeouts)


def _levels(tree: Tree) -> Iterable[tuple[EntryView, ...]]:
    for level, timeouts in enumerate(tree.levels):
        yield tuple(
            EntryView(item.ident, item.due_ns, (level, place) in tree.stale)
            for place, item in enumerate(timeouts)
        )


def _wheels(wheel: Wheel) -> Iterable[LevelView]:
    for level in wheel.levels:
        slots = tuple(SlotView(slot.index, _row(slot.row)) for slot in level.slots)
        yield LevelView(level.granularity_ns, level.current, slots)


def _shape(of: Sight) -> ShapeView | None:
    queue = of.inspector.timeouts()
    return shape_view(queue) if isinstance(queue, TimeoutQueue) else None


MAKERS: Makers = {
    "queue_shape": _shape,
}
