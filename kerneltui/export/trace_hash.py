"""One number for a whole trace, which a changed line of the kernel's source leaves alone."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.machine.instructions import INSTRUCTIONS

CODE_REGISTERS = frozenset(("ELR_EL1", "RIP"))
"""What these hold is a place in the kernel's code."""


class TraceHash:
    """SHA-256 of the events of a session.

    Left out are places in the code: where an exception came from, and where it returns to.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._digest = sha256()
        self._encode = msgspec.json.Encoder().encode

    def add(self, event: RawEvent) -> bytes:
        """What has happened next; answers what counts of it."""
        counted = self._encode(_without_places(self._session, event))
        self._digest.update(counted)
        return counted

    @property
    def number(self) -> str:
        """In hex."""
        return self._digest.hexdigest()


def _without_places(session: Session, event: RawEvent) -> RawEvent:
    step, time_ns, core, kind, target, value, text = event
    known = INSTRUCTIONS.get(kind)
    if known is not None:
        if known.is_exception or known.is_return:
            text = ""  # the level, which the numbers imply
        if known.is_exception or session.names.name(kind, target) in CODE_REGISTERS:
            value = 0
        elif known.is_return:
            target = 0
    return step, time_ns, core, kind, target, value, text


def hash_trace(session: Session, until_ns: int) -> str:
    """Run ``session`` from where it is to ``until_ns``: the number of its events."""
    summed = TraceHash(session)

    def add(event: RawEvent) -> None:
        summed.add(event)

    session.recorder.sink = add
    try:
        session.run_until(until_ns)
    finally:
        session.recorder.sink = None
    return summed.number
