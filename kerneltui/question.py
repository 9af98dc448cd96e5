"""``kerneltui explain``: one question, asked without a screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from kerneltui.debugger.elsewhere import in_words, kept_out_besides
from kerneltui.debugger.naming import interrupt_named, line_named, main_interrupt, timeout_named
from kerneltui.debugger.references import InterruptReference, Reference
from kerneltui.debugger.session import Session
from kerneltui.debugger.troubles import is_booting
from kerneltui.debugger.verdict import Explanation
from kerneltui.debugger.why import why
from kerneltui.debugger.writers import Writers, find_writers
from kerneltui.errors import UserError
from kerneltui.export.explanation import as_dict, as_text
from kerneltui.machine.core import CoreState
from kerneltui.parameters import Opened, come_to
from kerneltui.progress import Progress
from kerneltui.units import format_time


class Question(NamedTuple):
    """What is asked, and when, as ``--at`` has it.

    At most one of the first three is given; without any the timer's interrupt is meant.
    """

    irq: str
    timeout: str
    line: str
    core: int
    at: int | str | None = None


def answer(machine: Opened, question: Question, *, as_json: bool) -> Iterator[str]:
    """The text to write, in pieces.  Raises UserError for a question that cannot be asked."""
    session = machine.session
    if sum(map(bool, question[:3])) > 1:
        raise UserError("ask for one of --irq N, --timeout NAME and --line NAME")
    cores = len(session.machine.cores)
    if question.core >= cores:
        raise UserError(f"there is no core {question.core}: this board has 0 to {cores - 1}")
    come_to(machine, question.at)
    found = why(session, _reference(session, question), question.core)
    if found is None:
        raise UserError("this kernel does not say which interrupt its timeouts wait for")
    writers = _writers(session, found, only_shut=not as_json)
    if as_json:
        besides = [_as_asked(item) for item in kept_out_besides(session, found, question.core)]
        told = as_dict(found, session.machine, writers, besides)
        yield msgspec.json.encode(told).decode() + "\n"
        return
    at = format_time(session.machine.now)
    yield f"{found.subject}, core {question.core}, at {at} s\n\n"
    for line in as_text(found, writers, _besides(session, found, question)):
        yield f"{line}\n"


def _besides(session: Session, found: Explanation, question: Question) -> str:
    """Where nothing was named and all is well there, what else does not come."""
    if any(question[:3]):
        return ""
    kept_out = kept_out_besides(session, found, question.core)
    if not kept_out:
        return ""
    return f"{in_words(kept_out)}; 'kerneltui explain --irq {_as_asked(kept_out[0])}' says why."


def _as_asked(interrupt: InterruptReference) -> str:
    """``gsi:4``, as ``--irq`` takes it."""
    return f"{interrupt.numbering}:{interrupt.number}"


def _writers(session: Session, found: Explanation, *, only_shut: bool) -> Writers:
    """Who wrote last what decides the gates of all ways, or the shut ones of the first."""
    now = session.machine.now
    looked_at = now
    ways = (found.way,) if only_shut else (found.way, *found.others)
    stations = (station for way in ways for station in way.stations)
    search = find_writers(session.history, stations, only_shut=only_shut)

    def tell() -> tuple[int, str]:
        return now - looked_at, f"looking who wrote last, at {looked_at / 1e9:.3f} virtual s"

    with Progress(now, tell):
        while True:
            try:
                looked_at = next(search).now_ns
            except StopIteration as end:
                writers: Writers = end.value
                return writers


def _reference(session: Session, question: Question) -> Reference:
    if question.irq:
        return interrupt_named(session.machine, question.irq)
    if question.line:
        return line_named(session.machine, question.line)
    if question.timeout:
        return timeout_named(session.inspector, question.timeout)
    found = main_interrupt(session.machine, session.inspector, question.core)
    if found is None:
        why_none = "no interrupt has a handler here"
        if is_booting(session.machine, question.core):
            why_none = "the kernel is still booting, and no interrupt has a handler yet"
            if session.machine.cores[question.core].state is CoreState.OFF:
                why_none = f"core {question.core} is off: {why_none}"
        raise UserError(f"{why_none}: ask for one with --irq N or --line NAME")
    return found
