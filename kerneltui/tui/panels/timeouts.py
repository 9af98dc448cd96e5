"""The ordered timeout queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kerneltui.debugger.references import ComparatorReference, TimeoutReference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.latencies import FiguresView
from kerneltui.debugger.views.timeouts import TimeoutView
from kerneltui.debugger.views.timers import ComparatorView
from kerneltui.tui import signs
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.fitting import GAP, fitted, table
from kerneltui.tui.panels.kinds import TIMEOUTS
from kerneltui.tui.panels.latency_columns import CELLS, NOTHING, max_text, median_text, p99_text
from kerneltui.tui.widgets.lines import Line, cells, plain
from kerneltui.units import format_duration, format_time

HEADS = (">due (uptime)", "in           ", "period", ">id", "name")
MARKER = 2
"""Cells before a row."""
LATE = (
    ("calls", "late med", "late p99", "late max"),
    ("late med", "late p99", "late max"),
    ("late med", "late max"),
    ("late max",),
)
"""Columns of lateness: the first of these that there is room for."""
SOONEST = 4
"""So many come before the drawing of the structure, however little room there is."""


EMPTY = "The queue is empty."
NO_LOOK = "This kernel offers no look inside: its timeouts cannot be seen."


class TimeoutsPanel(Panel):
    """What is due next, in order; and with the screen for itself, how it lies in the structure."""

    KIND = TIMEOUTS
    PARTS = frozenset({
        "timeouts", "timeout_count", "timer_sooner_ns", "queue", "worst_lateness_ns", "comparators",
        "latenesses",
    })  # fmt: skip

    def parts(self) -> frozenset[str]:
        """The shape too, where there is room for it."""
        return self.PARTS | {"queue_shape"} if self.alone else self.PARTS

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each timeout; the structure among them, where it is in sight."""
        drawn = self._structure(view, width)
        lines = list_lines(view, idents=bool(drawn), width=width)
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
        if not view.offers_look:
            return ""
        if queue is not None and queue.last_operation:
            cost = f", {queue.structure}: {queue.comparisons} comparisons, {queue.moves} moves"
        worst = f", worst lateness {format_duration(late)}" if late >= 1_000_000 else ""
        return f"{view.timeout_count} pending{worst}{cost}"


def list_lines(view: MachineView, *, idents: bool, width: int) -> list[Line]:
    """The timeouts in order, with or without their identities; lateness, where there is room."""
    if not view.timeouts:
        return empty_lines(view.comparators, NO_LOOK if not view.offers_look else EMPTY)
    heads = HEADS if idents else (*HEADS[:-2], HEADS[-1])
    given = [_cells(item, ident=idents) for item in view.timeouts]
    room = width - MARKER - max(map(cells, table(heads, given)))
    late = {item.ident: item.lateness for item in view.latenesses if item.ident}
    shown = next((found for found in LATE if len(found) * (CELLS + len(GAP)) <= room), ())
    heads = (*heads[:-1], *(f">{name:>{CELLS}}" for name in shown), heads[-1])
    head, *rows = table(
        heads,
        (
            [*row[:-1], *_late_cells(shown, late.get(item.ident)), row[-1]]
            for item, row in zip(view.timeouts, given, strict=True)
        ),
    )
    lines = [plain(f"  {head}", "dim")]
    for item, row in zip(view.timeouts, rows, strict=True):
        lines.append(timeout_line(item, row))
        if item.armed and view.timer_sooner_ns is not None:
            ahead = format_duration(view.timer_sooner_ns)
            lines.append(plain(f"    └ the timer interrupts before that, in {ahead}", "dim"))
    if view.timeout_count > len(view.timeouts):
        lines.append(plain(f"… and {view.timeout_count - len(view.timeouts)} more", "dim"))
    return lines


def empty_lines(comparators: Iterable[ComparatorView], said: str) -> list[Line]:
    """Some kernels arm a timer by themselves, without the queue."""
    lines = [plain(said, "dim")]
    for item in comparators:
        is_set = item.compare or item.counts_down
        if item.enabled and not item.masked and item.in_ns is not None and is_set:
            without = " without it" if said == EMPTY else ""
            armed = f"Armed{without}: {item.device} {item.name}"
            if not item.counts_down:
                armed += f" = {item.compare}"
            thing = ComparatorReference(item.device, item.name)
            lines.append(plain(f"{armed}, in {format_duration(item.in_ns)}", "text", thing))
    return lines


def _late_cells(shown: Sequence[str], lateness: FiguresView | None) -> list[str]:
    if lateness is None:
        return [NOTHING for _ in shown]
    texts = {
        "calls": str(lateness.count),
        "late med": median_text(lateness),
        "late p99": p99_text(lateness),
        "late max": max_text(lateness),
    }
    return [texts[name] for name in shown]


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
    marker = f"{signs.ARMED} " if item.armed else f"{signs.CALLBACK} " if item.handling else "  "
    thing = TimeoutReference(item.ident)
    return ((marker, "good", thing), (row, style, thing))
