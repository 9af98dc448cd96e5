"""Running without a screen: what ``kerneltui run`` writes, and when."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import IO

import msgspec

from kerneltui import progress
from kerneltui.debugger.session import Session
from kerneltui.export.jsonl import hit_as_dict
from kerneltui.streams import put_bytes


def run_to(session: Session, until_ns: int, *, as_json: bool, stats: bool) -> None:
    """Run a session to a virtual time.

    Its serial output, or its final view, goes to standard output, figures to standard error.  A
    KeyboardInterrupt leaves out the final view alone.
    """
    session.recorder.trace(as_json)
    session.history.on = as_json  # for a picture at the end; nobody goes back
    if not as_json:
        session.recorder.console.on_byte = _writer(sys.stdout.buffer, sys.stdout.isatty())
    started = perf_counter()
    try:
        with progress.of_session(session, until_ns, wanted=as_json):
            session.run_until(until_ns)
    except KeyboardInterrupt:
        _finish(session, perf_counter() - started, stats)
        raise
    wall_s = perf_counter() - started
    if as_json:
        view = msgspec.json.encode(session.view())
        if len(session.breakpoints) or session.hits:
            hits = [hit_as_dict(hit) for hit in session.hits]
            view = view[:-1] + b',"hits":' + msgspec.json.encode(hits) + b"}"
        put_bytes(view + b"\n")
    _finish(session, wall_s, stats)


def _writer(out: IO[bytes], by_line: bool) -> Callable[[int], None]:
    """Takes the bytes of the serial line; a person at a terminal sees each line as it comes."""

    def write(byte: int) -> None:
        # A serial line carries CR LF; standard output wants LF.
        if byte != 0x0D:
            out.write(bytes([byte]))
        if by_line and byte == 0x0A:
            out.flush()

    return write


def _finish(session: Session, wall_s: float, stats: bool) -> None:
    sys.stdout.flush()
    if not stats:
        return
    core = session.machine.core
    figures = {
        "virtual_seconds": f"{session.machine.now / 1e9:.9f}",
        "accesses": core.retired,
        "interrupts": core.interrupts_taken,
        "wall_seconds": f"{wall_s:.6f}",
        "accesses_per_second": f"{core.retired / max(wall_s, 1e-9):.0f}",
        "interrupts_per_second": f"{core.interrupts_taken / max(wall_s, 1e-9):.0f}",
    }
    for key, value in figures.items():
        sys.stderr.write(f"{key}: {value}\n")
