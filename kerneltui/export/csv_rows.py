"""A row for each interrupt and each timeout, for a spreadsheet.

Written when it is over, so in the order in which handlers and callbacks end.  What began before the
selection does is left out; what is in progress at the end has no end.

A spreadsheet takes a text for a formula that begins with one of :data:`FORMULAS`.  Such a text gets
an apostrophe in front, and so does one that begins with an apostrophe: whoever reads the rows by
program takes one leading apostrophe away.
"""

from __future__ import annotations

import csv
from io import StringIO
from typing import IO

from kerneltui.debugger.session import Session
from kerneltui.export.selection import Selection
from kerneltui.export.teller import CallbackRun, HandlerRun, RunTeller

COLUMNS = (
    "kind", "name", "handler", "controller", "id", "core",
    "raised_ns", "taken_ns", "handler_begin_ns", "handler_end_ns",
    "callback_begin_ns", "callback_end_ns", "due_ns", "called_ns",
    "raised_to_taken_ns", "raised_to_handler_ns", "handler_to_callback_ns", "handler_ns",
    "callback_ns", "late_ns",
)  # fmt: skip

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Also what some spreadsheets skip or take for these: white space, and full-width forms."""
TEXT = "'"
"""Says to a spreadsheet that a text follows."""


class CsvRows(RunTeller):
    """Times in ns since power-on; empty where there is none."""

    def __init__(self, session: Session, out: IO[bytes], selection: Selection) -> None:
        super().__init__(session, out, selection)
        self._text = StringIO()
        self._rows = csv.DictWriter(self._text, COLUMNS, restval="", lineterminator="\n")
        self._open: dict[int, HandlerRun | CallbackRun] = {}
        """by identity those in progress"""
        self._since = 0

    def begin(self, t: int) -> None:
        self._since = t
        self._rows.writeheader()
        self._write()

    def finish(self, t: int) -> None:
        for run in list(self._open.values()):
            if isinstance(run, HandlerRun):
                self._interrupt(run)
            else:
                self._timeout(run)

    def handler(self, t: int, run: HandlerRun) -> None:
        self._open[id(run)] = run

    def handler_end(self, t: int, run: HandlerRun) -> None:
        self._interrupt(run)

    def callback(self, t: int, run: CallbackRun) -> None:
        self._open[id(run)] = run

    def callback_end(self, t: int, run: CallbackRun) -> None:
        self._timeout(run)

    def _interrupt(self, run: HandlerRun) -> None:
        self._open.pop(id(run), None)
        raised, taken = run.raised_ns, run.taken_ns
        if raised is not None and taken is not None and taken < raised:
            taken = None  # it came when the core was in the exception already
        self._row(
            run.begin_ns,
            kind="interrupt", name=run.label, handler=run.name, controller=run.controller,
            id=run.number, core=run.core, raised_ns=raised, taken_ns=taken,
            handler_begin_ns=run.begin_ns, handler_end_ns=run.end_ns,
            callback_begin_ns=run.callback_begin_ns, callback_end_ns=run.callback_end_ns,
            raised_to_taken_ns=_between(raised, taken),
            raised_to_handler_ns=_between(raised, run.begin_ns),
            handler_to_callback_ns=_between(run.begin_ns, run.callback_begin_ns),
            handler_ns=_between(run.begin_ns, run.end_ns),
            callback_ns=_between(run.callback_begin_ns, run.callback_end_ns),
        )  # fmt: skip

    def _timeout(self, run: CallbackRun) -> None:
        self._open.pop(id(run), None)
        if run.due_ns is None:
            return  # a timer driver's own, that is told with its interrupt
        self._row(
            run.begin_ns,
            kind="timeout", name=run.name, id=run.ident, core=run.core,
            handler="" if run.handler is None else run.handler.label,
            callback_begin_ns=run.begin_ns, callback_end_ns=run.end_ns,
            due_ns=run.due_ns, called_ns=run.begin_ns,
            callback_ns=_between(run.begin_ns, run.end_ns),
            late_ns=_between(run.due_ns, run.begin_ns),
        )  # fmt: skip

    def _row(self, begin_ns: int, **cells: str | int | None) -> None:
        if begin_ns >= self._since:
            self._rows.writerow({name: _shown(cell) for name, cell in cells.items()})
            self._write()

    def _write(self) -> None:
        self.out.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


def _shown(cell: str | int | None) -> str | int:
    """A number stays one, also a negative."""
    if isinstance(cell, str) and cell.startswith((*FORMULAS, TEXT)):
        return TEXT + cell
    return "" if cell is None else cell


def _between(begin_ns: int | None, end_ns: int | None) -> int | None:
    return None if begin_ns is None or end_ns is None else end_ns - begin_ns
