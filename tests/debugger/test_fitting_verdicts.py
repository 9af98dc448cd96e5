"""Verdicts fit the kind of device that they are about, and accuse no healthy machine."""

from __future__ import annotations

from kerneltui.debugger.explain import Verdict
from kerneltui.debugger.naming import interrupt_named
from kerneltui.debugger.why import why
from kerneltui.scenarios.scenario import open_session
from kerneltui.units import parse_duration


def told_at(board, scenario, moment, interrupt):
    session = open_session(board, scenario)
    session.run_until(parse_duration(moment))
    found = why(session, interrupt_named(session.machine, interrupt), 0)
    session.close()
    return found


def test_an_output_that_stays_high_after_its_interrupt_was_served_is_not_lost():
    # The handler has just ended, and the counter is armed again.
    found = told_at("x86", "pit-by-apics", "1.0444908s", "gsi:2")
    assert found.verdict is Verdict.WAITS
    assert "is due in" in found.headline


def test_a_line_that_its_handler_has_left_high_is_told_otherwise_than_one_nobody_served():
    unquieted = told_at("x86", "fault-rtc-c", "6.5s", "gsi:8")
    assert unquieted.verdict is Verdict.LOST
    assert "its handler has run, but line rtc.irq is high still" in unquieted.headline
    assert "nobody took it" in told_at("x86", "fault-lost-edge", "1.2s", "gsi:4").headline


def test_a_counter_is_not_served_but_written_anew():
    found = told_at("x86", "fault-lost-tick", "3s", "gsi:2")
    assert found.verdict is Verdict.LOST
    assert found.advice == "Write a new count to COUNTER0: at its end the output rises anew."


def test_a_counter_whose_level_is_taken_cannot_be_quieted_by_a_handler():
    found = told_at("x86", "fault-trigger", "1.951s", "gsi:2")
    assert found.verdict is Verdict.MISBEHAVES
    assert "COUNTER0 stays high after its time" in found.headline
    assert "edge triggered" in found.advice
