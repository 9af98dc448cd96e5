"""Writes a run in one of the formats for other tools."""

from __future__ import annotations

from importlib import import_module
from typing import IO

from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.export.fold import Fold
from kerneltui.export.forms import OTHERS
from kerneltui.export.selection import Selection
from kerneltui.export.teller import RunTeller


def write_as(
    name: str, session: Session, until_ns: int, out: IO[bytes], selection: Selection
) -> RunTeller:
    """Run ``session`` to ``until_ns`` and write it as one of :data:`OTHERS`, as it happens."""
    teller = teller_of(name, session, out, selection)
    if OTHERS[name].has_events:
        _tell_events(session, teller, selection, until_ns)
        return teller
    fold = Fold
    if session.runs_image and OTHERS[name].has_handlers:
        fold = import_module("kerneltui.export.image_fold").ImageFold
    try:
        fold(session, teller, selection).run(until_ns)
    finally:
        teller.close()
    return teller


def _tell_events(session: Session, teller: RunTeller, selection: Selection, until_ns: int) -> None:
    """Run, and tell each event that is wanted."""

    def tell(event: RawEvent) -> None:
        if selection.wants_event(event, session.names):
            teller.event(event)

    teller.begin(selection.from_ns)
    session.recorder.sink = tell
    try:
        session.run_until(until_ns)
    finally:
        session.recorder.sink = None


def teller_of(name: str, session: Session, out: IO[bytes], selection: Selection) -> RunTeller:
    """Who writes that format; the libraries that it needs are imported now."""
    found = OTHERS[name]
    module = import_module(f"kerneltui.export.{found.module}")
    teller: RunTeller = getattr(module, found.teller)(session, out, selection)
    return teller
