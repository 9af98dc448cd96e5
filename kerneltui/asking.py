"""``kerneltui explain``: one question, asked without a screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from kerneltui.debugger.naming import interrupt_named, line_named, timeout_named
from kerneltui.debugger.references import Reference
from kerneltui.debugger.session import Session
from kerneltui.debugger.why import why
from kerneltui.errors import UserError
from kerneltui.export.explanation import as_dict, as_text
from kerneltui.units import format_time


class Question(NamedTuple):
    """What is asked, of which one of the first three is given, and when (virtual ns)."""

    irq: str
    timeout: str
    line: str
    core: int
    at_ns: int | None


def answer(session: Session, question: Question, *, as_json: bool) -> Iterator[str]:
    """The text to write, in pieces.  Raises UserError for a question that cannot be asked."""
    if sum(map(bool, question[:3])) != 1:
        raise UserError("ask for one of --irq N, --timeout NAME and --line NAME")
    cores = len(session.machine.cores)
    if question.core >= cores:
        raise UserError(f"there is no core {question.core}: this board has 0 to {cores - 1}")
    if question.at_ns is None:
        session.boot()
    else:
        session.run_until(question.at_ns)
    found = why(session, _reference(session, question), question.core)
    if found is None:
        raise UserError("this kernel does not say which interrupt its timeouts wait for")
    if as_json:
        yield msgspec.json.encode(as_dict(found, session.machine)).decode() + "\n"
        return
    at = format_time(session.machine.now)
    yield f"{found.subject}, core {question.core}, at {at} s\n\n"
    for line in as_text(found):
        yield f"{line}\n"


def _reference(session: Session, question: Question) -> Reference:
    if question.irq:
        return interrupt_named(session.machine, question.irq)
    if question.line:
        return line_named(session.machine, question.line)
    return timeout_named(session.inspector, question.timeout)
