"""The ordered timeout queue."""

from __future__ import annotations

from collections.abc import Iterable

from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.timeouts import TimeoutView
from kerneltui.debugger.views.timers import ComparatorView
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.fitting import fitted, table
from kerneltui.tui.widgets.line_view import Line, plain
from kerneltui.units import format_duration, format_time

HEADS = (">due (uptime)", "in           ", "period", ">id", "name")
SOONEST = 4
"""So many come before the drawing of the structure, however little room there is."""


class TimeoutsPanel(Panel):
    """What is due next, in order; and with the screen for itself, how it lies in the structure."""

    KEY = "3"
    TITLE = "Timeout queue"
    SHORT = "Queue"
    PARTS = frozenset({"timeouts", "timeout_count", "queue", "worst_lateness_ns", "comparators"})
    ABOUT = (
        "Pending timeouts, next due first, equal due times in order of setting. An arrow marks the "
        "one that the comparator is armed for. Overdue ones say so; a star marks the one whose "
        "callback is running. Zoomed, the structure that keeps the order is drawn too."
    )

    def parts(self) -> frozenset[str]:
        """The shape too, where there is room for it."""
        return self.PARTS | {"queue_shape"} if self.alone else self.PARTS

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each timeout; the structure among them, where it is in sight."""
        drawn = self._structure(view, width)
        lines = list_lines(view, idents=bool(drawn))
        room = max(self.size.height - len(drawn) - 1, SOONEST + 1)
        if not drawn or len(lines) <= room:
            return lines + drawn
        later = plain(f"… {len(lines) - room} more, below the structure", "dim")
        return [*lines[:room], later, *drawn, *lines[room:]]

    def _structure(self, view: MachineView, width: int) -> list[Line]:
        if not self.alone or view.queue is None or view.queue_shape is None:
            return []
        from kerneltui.tui.panels.queue_shapes import shape_lines

        return shape_lines(view.queue, view.queue_shape, width)

    def caption(self, view: MachineView) -> str:
        """How many there are, how late callbacks have been, what the queue's structure has cost."""
        late, queue = view.worst_lateness_ns, view.queue
        cost = ""
        if queue is not None and queue.last_operation:
            cost = f", {queue.structure}: {queue.comparisons} comparisons, {queue.moves} moves"
        worst = f", worst lateness {format_duration(late)}" if late >= 1_000_000 else ""
        return f"{view.timeout_count} pending{worst}{cost}"


def list_lines(view: MachineView, *, idents: bool) -> list[Line]:
    """The timeouts in order, with or without their identities."""
    if not view.timeouts:
        return empty_lines(view.comparators)
    heads = HEADS if idents else (*HEADS[:-2], HEADS[-1])
    head, *rows = table(heads, (_cells(item, ident=idents) for item in view.timeouts))
    lines = [plain(f"  {head}", "dim")]
    lines += [timeout_line(item, row) for item, row in zip(view.timeouts, rows, strict=True)]
    if view.timeout_count > len(view.timeouts):
        lines.append(plain(f"… and {view.timeout_count - len(view.timeouts)} more", "dim"))
    return lines


def empty_lines(comparators: Iterable[ComparatorView]) -> list[Line]:
    """Some kernels arm a timer by themselves, without the queue."""
    lines = [plain("The queue is empty.", "dim")]
    for item in comparators:
        is_set = item.compare or item.counts_down
        if item.enabled and not item.masked and item.in_ns is not None and is_set:
            said = f"Armed without it: {item.device} {item.name}"
            if not item.counts_down:
                said += f" = {item.compare}"
            lines.append(plain(f"{said}, in {format_duration(item.in_ns)}"))
    return lines


def _cells(item: TimeoutView, *, ident: bool) -> list[str]:
    wait = f"{format_duration(-item.in_ns)} late" if item.in_ns < 0 else ""
    return [
        f"{format_time(item.due_ns)} s",
        "callback runs" if item.handling else wait or format_duration(item.in_ns),
        "once" if item.period_ns is None else format_duration(item.period_ns),
        *([str(item.ident)] if ident else []),
        item.name,
    ]


def timeout_line(item: TimeoutView, row: str) -> Line:
    """One timeout."""
    style = "alert" if item.in_ns < 0 else "strong" if item.armed else "text"
    if item.handling:
        style = "strong"
    marker = "▶ " if item.armed else "* " if item.handling else "  "
    return ((marker, "good"), (row, style))
