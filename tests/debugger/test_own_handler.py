"""While an interrupt's own handler runs, what that has switched off is no fault."""

from __future__ import annotations

import pytest

from kerneltui.debugger.naming import interrupt_named, interrupt_numbered, timer_interrupt
from kerneltui.debugger.verdict import Verdict
from kerneltui.debugger.why import why
from kerneltui.machine.core import StopReason
from kerneltui.scenarios.scenario import open_session

BOARDS = ("rpi3", "rpi4", "x86")
MOST = 3_000
"""Instructions of a handler."""
STEPS = 60
S = 1_000_000_000


def in_its_handler(board):
    """A session just after the timer's handler has switched the timer off."""
    session = open_session(board, "timer-callbacks")
    session.follows_story = True
    session.boot()
    while "QUIET THE SOURCE" not in session.view(frozenset({"path"})).path.heading:
        assert session.next_step() is StopReason.MEANINGFUL
    return session


@pytest.mark.parametrize("board", BOARDS)
def test_from_its_entry_to_its_return_a_timer_is_served_or_waits(board):
    session = open_session(board, "timer-callbacks")
    session.boot()
    timer = timer_interrupt(session.machine, session.inspector)
    session.next_interrupt()
    verdicts = set()
    for _ in range(MOST):
        told = why(session, timer, 0)
        verdicts.add(told.verdict)
        assert verdicts <= {Verdict.SERVED, Verdict.WAITS}, told.headline
        assert not told.mend
        if not session.machine.core.depth:
            break
        session.step()
    assert not session.machine.core.depth
    session.close()


@pytest.mark.parametrize(
    ("board", "scenario", "name", "bit"),
    [
        ("rpi4", "timer-callbacks", "30", "GICD_ISACTIVER0.PPI[14] is 1"),
        ("rpi3", "timer-callbacks", "local:1", "DAIF.I is 1"),
        ("x86", "pair-of-8259s", "isa:0", "master ISR.IS[0] is 1"),
        ("x86", "timer-callbacks", "gsi:8", "ISR1.VECTORS[24] is 1"),
    ],
)
def test_what_is_in_service_is_told_to_be_served(board, scenario, name, bit):
    session = open_session(board, scenario)
    session.run_until(S)
    asked = interrupt_named(session.machine, name)
    while (asked.controller, asked.number) not in session.recorder.latencies.in_progress(0):
        session.step()
    told = why(session, asked, 0)
    assert told.verdict is Verdict.SERVED
    assert told.headline.endswith(f"is being served: core 0 is running its handler ({bit}).")
    assert not any(told.is_shut(gate) for gate in told.way.gates)
    session.close()


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_what_the_handler_has_switched_off_it_switches_on_again(board):
    session = in_its_handler(board)
    told = why(session, timer_interrupt(session.machine, session.inspector), 0)
    assert "its handler is running, and meanwhile the timer is switched off" in told.headline
    assert told.advice == "At its end the handler arms the timer for the head of the queue."
    assert [gate.bits for gate in told.for_now] == ["CNTP_CTL_EL0.ENABLE"]
    session.finish()
    told = why(session, timer_interrupt(session.machine, session.inspector), 0)
    assert not told.for_now
    session.close()


def test_a_poke_in_the_handler_is_not_the_handlers_deed():
    session = in_its_handler("rpi4")
    timer = timer_interrupt(session.machine, session.inspector)
    session.poke("GICC_PMR=0", 0)
    told = why(session, timer, 0)
    assert told.verdict is Verdict.SHUT
    assert "GICC_PMR.Priority is 0" in told.headline
    assert told.mend == ("GICC_PMR.Priority=0xff",), "the timer is not a person's to arm"
    session.poke("CNTP_CTL_EL0=0", 0)
    assert not why(session, timer, 0).for_now
    session.close()


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("scenario", ["shell", "nested"])
def test_in_no_handler_of_a_healthy_machine_is_its_own_interrupt_shut(board, scenario):
    session = open_session(board, scenario)
    session.follows_story = True
    seen = set()
    for _ in range(STEPS):
        if session.next_step() is not StopReason.MEANINGFUL:
            break
        machine = session.machine
        running = session.recorder.latencies.in_progress(0) if machine.core.depth else ()
        handled = {(item.irq.domain, item.irq.number) for item in session.inspector.irq_handlers(0)}
        for name, number in running:
            numbering = machine.controllers[name].NUMBERING
            if (numbering, number) in handled:
                told = why(session, interrupt_numbered(machine, numbering, number), 0)
                assert told.verdict is not Verdict.SHUT, told.headline
                seen.add(number)
    assert seen
    session.close()
