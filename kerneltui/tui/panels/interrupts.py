"""Pending and active interrupts."""

from __future__ import annotations

from textwrap import wrap

from kerneltui.debugger.interrupt_views import InterruptView
from kerneltui.debugger.views import MachineView
from kerneltui.tui.panels.base import Panel, fit, mark
from kerneltui.tui.widgets.line_view import Line, plain

HEAD = " IRQ  input    L E P A prio cpu  count  "


class InterruptsPanel(Panel):
    """Interrupts in use, as the core on show sees them."""

    KEY = "2"
    TITLE = "Interrupts"
    SHORT = "IRQs"
    ABOUT = (
        "Interrupts that are enabled or have a handler. L line, E enabled, P pending, A active. "
        "Below one that waits stands the gate that stops it, and what would open it."
    )

    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each interrupt; those that are pending or active stand out."""
        if not view.interrupts:
            return [plain("No interrupt is enabled yet, and no handler is registered.", "dim")]
        lines: list[Line] = [((HEAD + "handler", "dim"),)]
        # First what a driver got wrong: the panel may be too low for all.
        for item in sorted(view.interrupts, key=lambda item: not item.waits or item.handler_runs):
            lines.append(interrupt_line(item, width))
            if item.waits:
                lines.extend(why_lines(item, width))
        return lines

    def caption(self, view: MachineView) -> str:
        """How many wait and are being handled."""
        pending = sum(item.pending for item in view.interrupts)
        active = sum(bool(item.active) for item in view.interrupts)
        return f"{pending} pending, {active} active"


def why_lines(item: InterruptView, width: int) -> list[Line]:
    """What stops an interrupt that waits; a core that is busy with a handler is no mistake."""
    if item.handler_runs:
        said, look = "not acknowledged yet; IRQs are masked while a handler runs", "dim"
    else:
        said, look = f"gate '{item.blocked_by}' is shut: {item.needs}", "alert"
    first, rest = "       └ ", "         "
    rows = wrap(said, max(width, 30), initial_indent=first, subsequent_indent=rest)
    return [plain(row, look) for row in rows]


def interrupt_line(item: InterruptView, width: int) -> Line:
    """One interrupt."""
    style = "changed" if item.active else "alert" if item.pending else "text"
    marker = "▶" if item.active else "!" if item.pending else " "
    priority = "   -" if item.priority is None else f"  {item.priority:02x}"
    targets = "".join(str(cpu) for cpu in item.targets) or "-"
    count = "-" if item.count is None else str(item.count)
    flags = " ".join(
        (
            mark(item.line, "L"),
            mark(item.enabled, "E"),
            mark(item.pending, "P"),
            mark(item.active, "A"),
        )
    )
    left = f"{item.number:>4}  {fit(item.source, 8)} {flags} {priority} {targets:<4}{count:>6}  "
    name = item.name or "(no handler)"
    room = width - len(left) - 1
    return ((marker, style), (left, style), (fit(name, room), style))
