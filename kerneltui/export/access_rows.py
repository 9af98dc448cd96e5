"""A row for each access of a core to a register or to memory, for a spreadsheet."""

from __future__ import annotations

import csv
from io import StringIO

from kerneltui.debugger.trace import RawEvent
from kerneltui.export.teller import RunTeller
from kerneltui.machine.instructions import INSTRUCTIONS, STORES

COLUMNS = ("step", "t_ns", "core", "access", "instruction", "register", "address", "value")


class AccessRows(RunTeller):
    """Times in ns since power-on, addresses and values in hex."""

    def begin(self, t: int) -> None:  # noqa: ARG002 - rows have their own times
        self._write(COLUMNS)

    def event(self, event: RawEvent) -> None:
        """What has happened; all but accesses is left out."""
        step, t, core, kind, target, value, text = event
        known = INSTRUCTIONS.get(kind)
        if known is None or not known.space:
            return
        register = text or self.session.names.name(kind, target, value)
        access = "write" if kind in STORES else "read"
        self._write((step, t, core, access, kind, register, hex(target), hex(value)))

    def _write(self, cells: tuple[str | int, ...]) -> None:
        text = StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)
        self.out.write(text.getvalue().encode())
