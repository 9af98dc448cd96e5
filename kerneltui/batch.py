"""Running without a screen: what ``kerneltui run`` writes, and when."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter
from typing import IO, NamedTuple

import msgspec
from msgspec.structs import replace

from kerneltui import progress
from kerneltui.debugger.breakpoints.breakpoint import BreakpointHit
from kerneltui.debugger.session import Session
from kerneltui.debugger.watch import until_time
from kerneltui.export.jsonl import hit_as_dict
from kerneltui.machine.core import StopReason
from kerneltui.streams import put_bytes

FIRST_SLICE = 10_000
"""Instructions before the first look at the clock on the wall."""
SLICE_S = 0.05
"""About so far are two looks apart: an interrupt takes as long as thousands of instructions."""


class EarlyEnds(NamedTuple):
    """What a run is to show, and when it ends before its time."""

    expected: tuple[str, ...] = ()
    """texts that the board must have sent"""
    exit_on: str = ""
    """the text that ends the run; empty: none does"""
    patience_ns: int | None = None
    """how long the run itself may take"""


class Done(NamedTuple):
    """What came of a run."""

    hits: tuple[BreakpointHit, ...]
    missing: list[str]
    """texts that were expected, and have not come"""
    is_too_long: bool


def run_to(
    session: Session, until_ns: int, wanted: EarlyEnds, *, as_json: bool, stats: bool
) -> Done:
    """Run a session to a virtual time.

    Its serial output, or its final view, goes to standard output, figures to standard error.  A
    KeyboardInterrupt leaves out the final view alone.
    """
    breaks = len(session.breakpoints)
    for sent in _as_sent(wanted.exit_on):
        session.breakpoints.add(session.machine, _console(sent))
    missing = _Missing(wanted.expected)
    session.recorder.trace(as_json)
    session.history.on = as_json  # for a picture at the end; nobody goes back
    write = None if as_json else _writer(sys.stdout.buffer, sys.stdout.isatty())
    if write is not None and not wanted.expected:
        session.recorder.console.on_byte = write
    else:
        session.recorder.console.on_byte = partial(missing.hear, write)
    started = perf_counter()
    try:
        with progress.of_session(session, until_ns, wanted=as_json):
            is_too_long = _run(session, until_ns, wanted.patience_ns)
    except KeyboardInterrupt:
        _finish(session, perf_counter() - started, stats)
        raise
    wall_s = perf_counter() - started
    found = tuple(hit for hit in session.hits if not (wanted.exit_on and hit.number > breaks))
    if as_json:
        named = replace(session.view(), scenario=session.setup.scenario_name)
        view = msgspec.json.encode(named)
        if breaks or found:
            hits = [hit_as_dict(hit) for hit in found]
            view = view[:-1] + b',"hits":' + msgspec.json.encode(hits) + b"}"
        put_bytes(view + b"\n")
    _finish(session, wall_s, stats)
    return Done(found, missing.texts, is_too_long)


def _run(session: Session, until_ns: int, patience_ns: int | None) -> bool:
    """Run on; whether that took too long."""
    if patience_ns is None:
        session.run_until(until_ns)
        return False
    goal, now = until_time(until_ns), perf_counter()
    ends, count = now + patience_ns / 1e9, FIRST_SLICE
    while session.advance(goal, instructions=count) is StopReason.BUDGET:
        before, now = now, perf_counter()
        if now > ends:
            return True
        count = count * 2 if now - before < SLICE_S else max(count // 2, FIRST_SLICE)
    return False


def _as_sent(text: str) -> tuple[bytes, ...]:
    """What a board may send for a text: its lines may end in CR LF, which a reader takes as LF."""
    sent = text.encode(errors="surrogateescape")
    both = sent, sent.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return tuple(dict.fromkeys(item for item in both if item))


def _console(sent: bytes) -> str:
    """The breakpoint on a text that the board sends."""
    text = sent.decode("latin-1")
    return 'console "' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Missing:
    """Texts that have not come yet."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = list(dict.fromkeys(text for text in texts if text))
        self._sent = {text: _as_sent(text) for text in self.texts}
        self._longest = max((len(sent) for all_ in self._sent.values() for sent in all_), default=1)
        self._tail = b""

    def hear(self, write: Callable[[int], None] | None, byte: int) -> None:
        """The board has sent a character; it is passed on."""
        if write is not None:
            write(byte)
        if not self.texts:
            return
        self._tail = (self._tail + bytes((byte,)))[-self._longest :]
        self.texts = [text for text in self.texts if not self._tail.endswith(self._sent[text])]


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
