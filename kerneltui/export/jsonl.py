"""The event trace as JSON lines: one object an event, the same bytes on every machine."""

from __future__ import annotations

from typing import IO

import msgspec

from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent


def write_trace(session: Session, until_ns: int, out: IO[bytes]) -> None:
    """Run ``session`` from where it is to ``until_ns`` and write every event as it happens.

    The first line is a header: board, scenario, and the time unit of ``t``.
    """
    encode = msgspec.json.Encoder().encode
    setup = session.setup
    header = {"board": setup.board.name, "scenario": setup.scenario_name, "unit": "ns"}
    out.write(encode(header) + b"\n")

    def write(event: RawEvent) -> None:
        out.write(encode(session.names.as_dict(event)) + b"\n")

    session.recorder.sink = write
    try:
        session.run_until(until_ns)
    finally:
        session.recorder.sink = None
