"""Who executed an instruction of the trace: the same that was seen when it was executed."""

from __future__ import annotations

import pytest

from kerneltui.debugger.doer import doer_of
from kerneltui.debugger.meaning import meaning
from kerneltui.debugger.references import EventReference
from kerneltui.scenarios.scenario import open_session


@pytest.mark.parametrize(
    ("board", "register"),
    [("rpi3", "CNTP_CTL_EL0"), ("rpi4", "CNTP_CTL_EL0"), ("rpi4", "GICC_EOIR"), ("x86", "EOI")],
)
def test_it_is_who_a_breakpoint_has_seen(board, register):
    session = open_session(board, "timer-callbacks")
    session.boot()
    session.breakpoints.add(session.machine, f"write {register}")
    session.run_until(3_000_000_000)
    (hit,) = session.hits
    (event,) = [
        item
        for item in session.recorder.events
        if (item[0], item[2], item[5]) == (hit.step, hit.core, hit.value)
        and session.names.as_text(item).count(register)
    ]
    for _ in range(2):  # just after it, and long after it
        doer = doer_of(session.history, event)
        assert doer == hit.place
        assert doer.function.rpartition(".")[2] in meaning(session, EventReference(event)).text
        session.breakpoints.clear()
        session.run_until(4_000_000_000)
    here = session.here
    assert doer_of(session.history, event) == hit.place
    assert session.here == here, "looking changes nothing"
    session.close()


def test_what_is_no_instruction_has_no_doer():
    session = open_session("rpi4", "timer-callbacks")
    session.boot()
    session.next_timer_event()
    kinds = {item[3]: item for item in session.recorder.events}
    for kind in ("line", "tracepoint", "irq"):
        assert doer_of(session.history, kinds[kind]) is None
        assert "by" not in dict(meaning(session, EventReference(kinds[kind])).sections[0].rows)
    session.close()
