"""Pending and active interrupts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap

from kerneltui.debugger.references import GateReference, InterruptReference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.interrupts import InterruptView, each_once
from kerneltui.debugger.views.latencies import LatencyView
from kerneltui.tui import signs
from kerneltui.tui.panels.base import Panel, mark
from kerneltui.tui.panels.fitting import fitted, shortened, table
from kerneltui.tui.panels.kinds import INTERRUPTS
from kerneltui.tui.panels.latency_columns import (
    Column,
    Interrupt,
    cells_of,
    columns_in,
    heads_of,
    on_core,
)
from kerneltui.tui.widgets.lines import Line, cells, plain, with_text

HEADS = ("interrupt", "input", "L E P A", "prio", "cpu", ">count", "handler")
WIDEST_INPUT = 9
LOST = (
    "lost: its line is high, but only its edge asks, which has gone by; needs another edge: "
    "its device to be served, so that the line falls and rises again, or a new count in a counter"
)


class InterruptsPanel(Panel):
    """Interrupts in use, as the core on show sees them."""

    KIND = INTERRUPTS
    PARTS = frozenset({"interrupts", "latencies"})

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each interrupt, always in the same place; why one waits below it."""
        if not view.interrupts:
            return [plain("No interrupt is enabled yet, and no handler is registered.", "dim")]
        late = on_core(view.latencies, view.cpu.index)
        room = width - 1 - max(map(cells, interrupt_rows(view.interrupts)))
        columns = columns_in(room)
        head, *rows = interrupt_rows(view.interrupts, columns=columns, late=late)
        wholes = rows
        if any(len(item.source) > WIDEST_INPUT for item in view.interrupts):
            wholes = interrupt_rows(view.interrupts, whole=True, columns=columns, late=late)[1:]
        lines, for_now = [plain(f" {head}", "dim")], list[Line]()
        for item, row, whole in zip(view.interrupts, rows, wholes, strict=True):
            is_cut = len(item.source) > WIDEST_INPUT
            lines.append(interrupt_line(item, row, whole if is_cut else ""))
            if item.waits:
                # A handler that runs is no mistake: nothing moves for it.
                (for_now if item.handler_runs else lines).extend(why_lines(item, width))
        return lines + for_now

    def caption(self, view: MachineView) -> str:
        """How many are on their way and being handled, and which are stopped for good."""
        pending = len(each_once(view.interrupts, lambda item: item.pending))
        active = [item.label for item in each_once(view.interrupts, lambda item: item.active)]
        stopped = [item.label for item in view.interrupts if item.waits and not item.handler_runs]
        more = f", stopped: {', '.join(stopped)}" if stopped else ""
        which = f" ({', '.join(active)})" if active else ""
        return f"{pending} pending, {len(active)} active{which}{more}"


def why_lines(item: InterruptView, width: int) -> list[Line]:
    """What stops an interrupt that waits; a core that is busy with a handler is no mistake."""
    if item.handler_runs:
        said, look = f"{item.label}: {item.needs}", "dim"
    elif item.is_lost:
        said, look = LOST, "alert"
    else:
        state = "is shut" if item.is_shut else "is not open yet"
        said, look = f"gate '{item.blocked_by}' {state}: {item.needs}", "alert"
    first, rest = f"       {signs.STOPPED_BY} ", "         "
    rows = wrap(said, max(width, 30), initial_indent=first, subsequent_indent=rest)
    gate = GateReference(reference(item), item.blocked_by)
    return [plain(row, look, gate) for row in rows]


def reference(item: InterruptView) -> InterruptReference:
    """What names it."""
    return InterruptReference(item.controller, item.numbering, item.number)


def interrupt_rows(
    items: Sequence[InterruptView],
    *,
    whole: bool = False,
    columns: Sequence[Column] = (),
    late: Mapping[Interrupt, LatencyView] | None = None,
) -> list[str]:
    """Headings, then the rows below them; ``whole`` inputs make wider columns.

    ``columns`` come between the count and the handler, and are filled from ``late``.
    """
    found = late or {}
    rows = (
        (
            *_cells(item, whole=whole),
            *cells_of(columns, found.get((item.controller, item.number))),
            item.name or "(no handler)",
        )
        for item in items
    )
    return table((*HEADS[:-1], *heads_of(columns), HEADS[-1]), rows, gap=" ")


def _cells(item: InterruptView, *, whole: bool) -> tuple[str, ...]:
    flags = ((item.line, "L"), (item.enabled, "E"), (item.pending, "P"), (item.active, "A"))
    return (
        item.label,
        item.source if whole else shortened(item.source, WIDEST_INPUT),
        " ".join(mark(flag, letter) for flag, letter in flags),
        "-" if item.priority is None else f"{item.priority:#04x}",
        "".join(str(cpu) for cpu in item.targets) or "-",
        "-" if item.count is None else str(item.count),
    )


def interrupt_line(item: InterruptView, row: str, whole: str = "") -> Line:
    """One interrupt; those that are active stand out, and those that are pending or stopped."""
    thing = reference(item)
    asks = item.pending or item.waits
    style = "strong" if item.active else "alert" if asks else "text"
    marker = signs.IN_SERVICE if item.active else signs.ASKS if asks else " "
    return ((marker, style, thing), with_text((row, style, thing), row, whole or None))
