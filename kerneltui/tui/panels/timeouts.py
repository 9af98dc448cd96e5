"""The ordered timeout queue."""

from __future__ import annotations

from kerneltui.debugger.views import MachineView, TimeoutView
from kerneltui.tui.panels.base import Panel, fit
from kerneltui.tui.widgets.line_view import Line, plain
from kerneltui.units import format_duration, format_time

HEAD = "      due (uptime)       in             period     name"


class TimeoutsPanel(Panel):
    """What is due next, in order."""

    KEY = "3"
    TITLE = "Timeout queue"
    SHORT = "Queue"
    ABOUT = (
        "Pending timeouts, next due first, equal due times in order of setting. An arrow marks the "
        "one that the comparator is armed for. Overdue ones say so; "
        "a star marks the one whose callback is running."
    )

    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each timeout."""
        if not view.timeouts:
            return [plain("The queue is empty.", "dim")]
        lines: list[Line] = [plain(HEAD, "dim")]
        lines += [timeout_line(item, width) for item in view.timeouts]
        if view.timeout_count > len(view.timeouts):
            lines.append(plain(f"… and {view.timeout_count - len(view.timeouts)} more", "dim"))
        return lines

    def caption(self, view: MachineView) -> str:
        """How many there are, how late callbacks have been, what the queue's structure has cost."""
        late, queue = view.worst_lateness_ns, view.queue
        cost = ""
        if queue is not None and queue.last_operation:
            cost = f", {queue.structure}: {queue.comparisons} comparisons, {queue.moves} moves"
        worst = f", worst lateness {format_duration(late)}" if late >= 1_000_000 else ""
        return f"{view.timeout_count} pending{worst}{cost}"


def timeout_line(item: TimeoutView, width: int) -> Line:
    """One timeout."""
    period = format_duration(item.period_ns) if item.period_ns is not None else "once"
    overdue = item.in_ns < 0
    wait = f"{format_duration(-item.in_ns)} late" if overdue else format_duration(item.in_ns)
    style = "alert" if overdue else "strong" if item.armed else "text"
    if item.handling:
        wait, style = "callback runs", "changed"
    left = f"{format_time(item.due_ns):>16}  {wait:<15}  {period:<9}  "
    marker = "▶ " if item.armed else "* " if item.handling else "  "
    return (
        (marker, "good"),
        (left, style),
        (fit(item.name, max(width - len(left) - 2, 8)), style),
    )
