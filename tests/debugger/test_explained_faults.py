"""Why, for each cause that people meet: the verdict, the headline, and stores that really mend."""

from __future__ import annotations

import pytest
from faults import CAUSES

from kerneltui.debugger.naming import interrupt_named
from kerneltui.debugger.verdict import Verdict
from kerneltui.debugger.why import why
from kerneltui.hw.rule import Opens
from kerneltui.scenarios.scenario import open_session
from kerneltui.units import parse_duration

MOST = 40
"""Interrupts within which one that was mended has come."""


def asked(cause):
    """A session at the moment of the question, and what is asked about."""
    session = open_session(cause.board, cause.name)
    session.run_until(parse_duration(cause.at))
    return session, interrupt_named(session.machine, cause.interrupt)


def handled(session, told):
    """How often the handler at the end of the way has run."""
    met = {
        (session.machine.controllers[name].NUMBERING, number)
        for station in told.way.stations
        if station.entrance is not None
        for name, number in (station.entrance,)
    }
    handlers = session.inspector.irq_handlers(0)
    return sum(item.count for item in handlers if (item.irq.domain, item.irq.number) in met)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: f"{cause.name}-{cause.board}")
def test_the_verdict_names_the_cause_and_its_stores_mend_it(cause):
    session, reference = asked(cause)
    told = why(session, reference, 0)
    assert told.verdict == cause.verdict
    for word in cause.words:
        assert word.lower() in told.headline.lower()
    assert told.headline.endswith(".")
    assert told.advice.endswith(".")
    if told.verdict is Verdict.SHUT:
        assert told.gate is not None
        assert told.gate.says, f"'{told.gate.name}' does not say what it means that it is shut"
        assert told.gate.opens is Opens.STORE
    if told.mend:
        before = handled(session, told)
        for store in told.mend:
            session.poke(store, 0)
        for _ in range(MOST):
            session.next_interrupt()
            session.finish()
            if handled(session, told) > before:
                break
        assert handled(session, told) > before, "mended, but it does not arrive"
    session.close()


def test_what_one_store_can_mend_is_told_as_one():
    """Where the table knows a store for a shut gate, the explanation has one too."""
    missing = []
    for cause in CAUSES:
        if cause.verdict == "shut" and cause.mend is not None:
            session, reference = asked(cause)
            if not why(session, reference, 0).mend:
                missing.append(f"{cause.name} on {cause.board}")
            session.close()
    assert missing == []
    # A store starts the timer there, but how long it is to run is for the kernel to say.
