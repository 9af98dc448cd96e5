"""The event trace as JSON lines: one object an event, the same bytes on every machine."""

from __future__ import annotations

from typing import IO, Any

import msgspec

from kerneltui.debugger.breakpoints.breakpoint import BreakpointHit
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.debugger.writers import code_path
from kerneltui.export.selection import Selection
from kerneltui.machine.core import StopReason


def write_hits(
    session: Session, until_ns: int, out: IO[bytes], selection: Selection | None = None
) -> None:
    """As :func:`write_trace`, but only where breakpoints are hit: an object for each hit.

    Of ``selection`` only the time counts.
    """
    from_ns = 0 if selection is None else selection.from_ns
    encode = msgspec.json.Encoder().encode
    wanted = [item.text for item in session.breakpoints.enabled.values()]
    out.write(encode({**_header(session), "only": wanted}) + b"\n")
    while session.run_until(until_ns) is StopReason.BREAKPOINT:
        for hit in session.hits:
            if hit.t_ns < from_ns:
                continue
            out.write(encode(hit_as_dict(hit)) + b"\n")


def hit_as_dict(hit: BreakpointHit) -> dict[str, Any]:
    """A hit as JSON has it; numbers that were moved are in hex, as in the trace."""
    found: dict[str, Any] = {
        "step": hit.step, "t": hit.t_ns, "cpu": hit.core, "op": "breakpoint",
        "breakpoint": hit.breakpoint.text, "text": hit.told,
    }  # fmt: skip
    if hit.value is not None:
        found["value"] = hex(hit.value)
    if hit.old is not None:
        found["old"] = hex(hit.old)
    if hit.place is not None:
        file = code_path(hit.place.file)
        found |= {"function": hit.place.function, "file": file, "line": hit.place.line}
    return found


def _header(session: Session) -> dict[str, str]:
    setup = session.setup
    return {"board": setup.board.name, "scenario": setup.scenario_name, "unit": "ns"}


def write_trace(
    session: Session, until_ns: int, out: IO[bytes], selection: Selection | None = None
) -> None:
    """Run ``session`` from where it is to ``until_ns`` and write every event as it happens.

    With ``selection`` only those that are wanted.  The first line is a header: board, scenario, and
    the time unit of ``t``.
    """
    encode = msgspec.json.Encoder().encode
    out.write(encode(_header(session)) + b"\n")

    def write(event: RawEvent) -> None:
        out.write(encode(session.names.as_dict(event)) + b"\n")

    def write_wanted(event: RawEvent) -> None:
        if selection is not None and selection.wants_event(event, session.names):
            write(event)

    is_all = selection is None or selection.is_all
    session.recorder.sink = write if is_all else write_wanted
    try:
        session.run_until(until_ns)
    finally:
        session.recorder.sink = None
