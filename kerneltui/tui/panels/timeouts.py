"""The ordered timeout queue."""

from __future__ import annotations

from typing import Any

from kerneltui.debugger.views import MachineView, TimeoutView
from kerneltui.tui.panels.base import Panel, fit
from kerneltui.tui.widgets.line_view import Line, plain
from kerneltui.units import format_duration, format_time

HEAD = "      due (uptime)       in             period     "
SOONEST = 4
"""So many come before the drawing of the structure, however little room there is."""


class TimeoutsPanel(Panel):
    """What is due next, in order; and with the screen for itself, how it lies in the structure."""

    KEY = "3"
    TITLE = "Timeout queue"
    SHORT = "Queue"
    ABOUT = (
        "Pending timeouts, next due first, equal due times in order of setting. An arrow marks the "
        "one that the comparator is armed for. Overdue ones say so; a star marks the one whose "
        "callback is running. Zoomed, the structure that keeps the order is drawn too."
    )

    def wanted(self) -> dict[str, Any]:
        """The shape, where there is room for it."""
        return {"shape": True} if self.alone and self.in_sight else {}

    def held(self, view: MachineView) -> dict[str, Any]:
        """Some programs have a queue of another kind, or none."""
        has_shape = view.queue is None or view.queue_shape is not None
        return {"shape": True} if self.alone and has_shape else {}

    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each timeout; the structure among them, where it is in sight."""
        drawn = self._structure(view, width)
        lines = list_lines(view, width, idents=bool(drawn))
        room = max(self.size.height - len(drawn) - 1, SOONEST + 1)
        if not drawn or len(lines) <= room:
            return lines + drawn
        later = plain(f"… {len(lines) - room} more, below the structure", "dim")
        return [*lines[:room], later, *drawn, *lines[room:]]

    def _structure(self, view: MachineView, width: int) -> list[Line]:
        if not self.alone or view.queue is None or view.queue_shape is None:
            return []
        from kerneltui.tui.panels.queue_shapes import shape_lines

        return shape_lines(view.queue, view.queue_shape, width - 1)  # beside the scroll bar

    def caption(self, view: MachineView) -> str:
        """How many there are, how late callbacks have been, what the queue's structure has cost."""
        late, queue = view.worst_lateness_ns, view.queue
        cost = ""
        if queue is not None and queue.last_operation:
            cost = f", {queue.structure}: {queue.comparisons} comparisons, {queue.moves} moves"
        worst = f", worst lateness {format_duration(late)}" if late >= 1_000_000 else ""
        return f"{view.timeout_count} pending{worst}{cost}"


def list_lines(view: MachineView, width: int, *, idents: bool) -> list[Line]:
    """The timeouts in order, with or without their identities."""
    if not view.timeouts:
        return [plain("The queue is empty.", "dim")]
    lines = [plain(f"{HEAD}id   name" if idents else f"{HEAD}name", "dim")]
    lines += [timeout_line(item, width, ident=idents) for item in view.timeouts]
    if view.timeout_count > len(view.timeouts):
        lines.append(plain(f"… and {view.timeout_count - len(view.timeouts)} more", "dim"))
    return lines


def timeout_line(item: TimeoutView, width: int, *, ident: bool = False) -> Line:
    """One timeout."""
    period = format_duration(item.period_ns) if item.period_ns is not None else "once"
    overdue = item.in_ns < 0
    wait = f"{format_duration(-item.in_ns)} late" if overdue else format_duration(item.in_ns)
    style = "alert" if overdue else "strong" if item.armed else "text"
    if item.handling:
        wait, style = "callback runs", "changed"
    left = f"{format_time(item.due_ns):>16}  {wait:<15}  {period:<9}  "
    if ident:
        left += f"{item.ident:<3}  "
    marker = "▶ " if item.armed else "* " if item.handling else "  "
    return (
        (marker, "good"),
        (left, style),
        (fit(item.name, max(width - len(left) - 2, 8)), style),
    )
