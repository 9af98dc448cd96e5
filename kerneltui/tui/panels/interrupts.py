"""Pending and active interrupts."""

from __future__ import annotations

from kerneltui.debugger.views import InterruptView, MachineView
from kerneltui.tui.panels.base import Panel, fit, mark
from kerneltui.tui.widgets.line_view import Line, plain

HEAD = " IRQ  input    L E P A prio cpu  count  "


class InterruptsPanel(Panel):
    """Interrupts in use, as core 0 sees them."""

    TITLE = "Interrupts"
    SHORT = "IRQs"
    ABOUT = (
        "Interrupts that are enabled or have a handler. L line, E enabled, P pending, A active. "
        "The last column says which gate stops one that waits."
    )

    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each interrupt; those that are pending or active stand out."""
        if not view.interrupts:
            return [plain("No interrupt is enabled yet, and no handler is registered.", "dim")]
        lines: list[Line] = [((HEAD + "handler, or why it waits", "dim"),)]
        lines += [interrupt_line(item, width) for item in view.interrupts]
        return lines

    def caption(self, view: MachineView) -> str:
        """How many wait and are being handled."""
        pending = sum(item.pending for item in view.interrupts)
        active = sum(bool(item.active) for item in view.interrupts)
        return f"{pending} pending, {active} active"


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
    why = f"shut: {item.blocked_by}" if item.blocked_by and (item.line or item.pending) else ""
    name = item.name or "(no handler)"
    room = width - len(left) - 1
    if why and not item.active:
        return ((marker, style), (left, style), (fit(f"{name}  {why}", room), "alert"))
    return ((marker, style), (left, style), (fit(name, room), style))
