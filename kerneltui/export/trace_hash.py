"""One number for a whole trace, which a changed line of the kernel's source leaves alone."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.machine.instructions import INSTRUCTIONS

CODE_REGISTERS = frozenset(("ELR_EL1", "RIP"))
"""What these hold is a place in the kernel's code."""


def hash_trace(session: Session, until_ns: int) -> str:
    """Run ``session`` from where it is to ``until_ns``: SHA-256 of its events, in hex.

    Left out are places in the code: where an exception came from, and where it returns to.
    """
    digest = sha256()
    encode = msgspec.json.Encoder().encode

    def add(event: RawEvent) -> None:
        digest.update(encode(_without_places(session, event)))

    session.recorder.sink = add
    try:
        session.run_until(until_ns)
    finally:
        session.recorder.sink = None
    return digest.hexdigest()


def _without_places(session: Session, event: RawEvent) -> RawEvent:
    step, time_ns, core, kind, target, value, text = event
    known = INSTRUCTIONS.get(kind)
    if known is not None:
        if known.is_exception or session.names.name(kind, target) in CODE_REGISTERS:
            value = 0
        elif known.is_return:
            target = 0
    return step, time_ns, core, kind, target, value, text
