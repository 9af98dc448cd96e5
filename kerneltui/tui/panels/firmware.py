"""The ACPI tables that the firmware left in memory."""

from __future__ import annotations

from textwrap import wrap

from kerneltui.debugger.references import TableReference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.firmware import AcpiTableView
from kerneltui.tui import signs
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.fitting import fitted, flow
from kerneltui.tui.panels.kinds import FIRMWARE
from kerneltui.tui.widgets.lines import Line, Piece, plain


class FirmwarePanel(Panel):
    """Every table: where it lies, whether it adds up, and what it says."""

    KIND = FIRMWARE
    PARTS = frozenset({"firmware"})

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """A heading for each table, then its entries."""
        lines: list[Line] = []
        for table in view.firmware:
            lines += table_lines(table, width)
        return lines or [plain("This board's firmware leaves no ACPI tables.", "dim")]

    def caption(self, view: MachineView) -> str:
        """How many, and how many are broken."""
        broken = sum(not table.is_sound for table in view.firmware)
        return f"{len(view.firmware)} tables, {broken} broken" if view.firmware else ""


def table_lines(table: AcpiTableView, width: int) -> list[Line]:
    """One table; what is wrong with it stands first."""
    place = f" {table.address:#x} {table.length} bytes  "
    sound = ("sound  ", "good") if table.is_sound else ("✖ broken  ", "alert")
    wrong = 0 if table.is_sound else 1
    thing = TableReference(table.signature, table.address)
    head: list[Piece] = [
        (f"{signs.HEADING} {table.signature}", "head", thing), (place, "dim", thing),
        (*sound, thing),
        (table.title, "text", thing),
    ]  # fmt: skip
    lines = list(flow(head, width))
    for number, told in enumerate(table.lines):
        look = "alert" if number < wrong else "text"
        rows = wrap(told, max(width - 2, 20), initial_indent="  ", subsequent_indent="    ")
        lines += [plain(row, look, thing) for row in rows]
    return lines
