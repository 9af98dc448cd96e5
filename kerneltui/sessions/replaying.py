"""Running a session file again, and comparing what comes of it with what came of it before."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from kerneltui.debugger.event_words import EventWords
from kerneltui.debugger.session import Session
from kerneltui.machine.position import Position
from kerneltui.sessions.opening import SessionFile, changed_origins, resume, run_to_end
from kerneltui.sessions.spec import TraceSpec
from kerneltui.sessions.witness import Witness
from kerneltui.units import format_time


class Replayed(NamedTuple):
    """What came of it."""

    trace: TraceSpec
    departs: str
    """in words, where it was something else; empty where it was the same"""
    was_compared: bool
    """the file tells what came of it before"""


def replay(session: Session, saved: SessionFile) -> Generator[Position, None, Replayed]:
    """Run ``session``, just opened from the file, to its end.  Yields how far it has come."""
    known = saved.spec.trace
    witness = Witness(session, known)
    session.history.on = False
    session.recorder.sink = witness.see
    try:
        has_come = yield from _until_it_departs(session, saved, witness)
    finally:
        session.recorder.sink = None
    departs = _told(session, witness, saved, has_come=has_come)
    return Replayed(witness.spec, departs, known is not None)


def resume_compared(session: Session, saved: SessionFile) -> Generator[Position, None, Replayed]:
    """As :func:`resume`; says too whether the same has come of it as before."""
    witness = Witness(session, saved.spec.trace)
    session.recorder.sink = witness.see
    try:
        yield from resume(session, saved)
    finally:
        session.recorder.sink = None
    departs = _told(session, witness, saved, has_come=True)
    return Replayed(witness.spec, departs, saved.spec.trace is not None)


def _until_it_departs(
    session: Session, saved: SessionFile, witness: Witness
) -> Generator[Position, None, bool]:
    running = run_to_end(session, saved)
    while witness.departed is None:
        try:
            yield next(running)
        except StopIteration as end:
            return bool(end.value)
    return False


def _told(session: Session, witness: Witness, saved: SessionFile, *, has_come: bool) -> str:
    known = saved.spec.trace
    if witness.departed is not None and known is not None:
        number = f"{witness.departed_at:,}"
        first = f"event {number}"
        if known.every > 1:
            first = f"one of the {known.every} events up to event {number}"
        said = f"departs at {first}: {_event(session, witness.departed)}"
    elif not has_come:
        last = "" if witness.last is None else f": {_event(session, witness.last)}"
        said = f"does not come to its end; its last event is number {witness.count:,}{last}"
    elif known is not None and witness.spec.sha256 != known.sha256:
        less = f"it has {witness.count:,} events, and had {known.events:,}"
        said = f"comes to the same end in another way: {less}"
    else:
        return ""
    return "; ".join((said, *changed_origins(saved, session.setup.drivers)))


def _event(session: Session, event: tuple[int, int, int, str, int, int, str]) -> str:
    words = EventWords(session.machine, session.names)
    return f"at {format_time(event[1])} s: {words.sentence(event)}"
