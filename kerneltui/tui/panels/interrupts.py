"""Pending and active interrupts."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.interrupts import InterruptView, each_once
from kerneltui.tui.panels.base import Panel, mark
from kerneltui.tui.panels.fitting import fitted, shortened, table
from kerneltui.tui.widgets.line_view import Line, plain

HEADS = ("interrupt", "input", "L E P A", "prio", "cpu", ">count", "handler")
WIDEST_INPUT = 9


class InterruptsPanel(Panel):
    """Interrupts in use, as the core on show sees them."""

    KEY = "2"
    TITLE = "Interrupts"
    SHORT = "IRQs"
    PARTS = frozenset({"interrupts"})
    ABOUT = (
        "Interrupts that are enabled or have a handler; vec is a vector, gsi a global system "
        "interrupt. L line, E enabled, P pending, A active. Below one that waits stands the gate "
        "that stops it, and what would open it; at the end, those that wait for nothing but the "
        "end of a handler."
    )

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each interrupt, always in the same place; why one waits below it."""
        if not view.interrupts:
            return [plain("No interrupt is enabled yet, and no handler is registered.", "dim")]
        head, *rows = interrupt_rows(view.interrupts)
        lines, for_now = [plain(f" {head}", "dim")], list[Line]()
        for item, row in zip(view.interrupts, rows, strict=True):
            lines.append(interrupt_line(item, row))
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
    else:
        said, look = f"gate '{item.blocked_by}' is shut: {item.needs}", "alert"
    first, rest = "       └ ", "         "
    rows = wrap(said, max(width, 30), initial_indent=first, subsequent_indent=rest)
    return [plain(row, look) for row in rows]


def interrupt_rows(items: Sequence[InterruptView]) -> list[str]:
    """Headings, then the rows below them."""
    return table(HEADS, map(_cells, items), gap=" ")


def _cells(item: InterruptView) -> tuple[str, ...]:
    flags = ((item.line, "L"), (item.enabled, "E"), (item.pending, "P"), (item.active, "A"))
    return (
        item.label,
        shortened(item.source, WIDEST_INPUT),
        " ".join(mark(flag, letter) for flag, letter in flags),
        "-" if item.priority is None else f"{item.priority:#04x}",
        "".join(str(cpu) for cpu in item.targets) or "-",
        "-" if item.count is None else str(item.count),
        item.name or "(no handler)",
    )


def interrupt_line(item: InterruptView, row: str) -> Line:
    """One interrupt; those that are pending or active stand out."""
    style = "strong" if item.active else "alert" if item.pending else "text"
    marker = "▶" if item.active else "!" if item.pending else " "
    return ((marker, style), (row, style))
