"""Session files in tests: save one, open it, run it again."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from kerneltui.debugger.session import Session
from kerneltui.scenarios.changes import UNCHANGED, Changes
from kerneltui.scenarios.scenario import open_session
from kerneltui.sessions.opening import SessionFile, load_session, open_saved, resume
from kerneltui.sessions.replaying import Replayed, replay
from kerneltui.sessions.saving import spec_of, text_of, with_trace

MS = 1_000_000


def ended(work: Generator[Any, None, Any]) -> Any:
    """What something long answers at its end."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def booted(board: str, scenario: str, changes: Changes = UNCHANGED) -> Session:
    session = open_session(board, scenario, changes)
    session.boot()
    return session


def file_of(session: Session, path: Path, *, with_checks: bool = False) -> SessionFile:
    """The session saved, and read again."""
    spec = spec_of(session)
    if with_checks:
        spec = ended(with_trace(spec))
    path.write_text(text_of(spec, path), encoding="utf-8")
    return load_session(path)


def resumed(file: SessionFile) -> Session:
    """It goes on where it was."""
    session = open_saved(file)
    ended(resume(session, file))
    return session


def replayed(file: SessionFile) -> Replayed:
    session = open_saved(file)
    try:
        found: Replayed = ended(replay(session, file))
        return found
    finally:
        session.close()
