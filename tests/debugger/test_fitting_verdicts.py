"""Verdicts fit the kind of device that they are about, and accuse no healthy machine."""

from __future__ import annotations

from kerneltui.debugger.naming import interrupt_named
from kerneltui.debugger.verdict import Verdict
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


def test_a_timer_that_counts_down_has_no_compare_value_and_its_divider_is_named():
    for moment in ("0.1s", "3s"):
        found = told_at("x86", "fault-divide", moment, "vector:0xec")
        assert found.verdict is Verdict.MISBEHAVES
        assert "its count takes 2 times as long as the timeout has to wait" in found.headline
        assert "DIV_CONF" in found.advice
        assert "compare" not in found.headline.lower() + found.advice.lower()


def test_a_count_before_its_mode_has_to_be_written_once_more():
    found = told_at("x86", "fault-count-first", "3s", "vector:0xec")
    assert "INIT_COUNT.COUNT is 0xf4240" in found.headline
    assert "its count was written first" in found.headline
    assert found.advice == "It needs the count to be written again, after the mode."
    assert found.mend == ("INIT_COUNT.COUNT=0xf4240",)


def test_a_source_that_the_kernel_has_switched_off_after_it_came_is_at_rest():
    found = told_at("x86", "timer-callbacks", "3s", "gsi:8")
    assert found.verdict is Verdict.WAITS
    assert "the kernel has switched its source off (REGISTER_B.AIE" in found.headline
    assert found.headline.endswith("after it came once.")
    assert found.mend == ()


def test_a_source_that_a_person_has_switched_off_is_shut():
    session = open_session("x86", "timer-callbacks")
    session.run_until(3_000_000_000)
    session.poke("REGISTER_B.AIE=1", 0)
    session.poke("REGISTER_B.AIE=0", 0)
    found = why(session, interrupt_named(session.machine, "gsi:8"), 0)
    assert found.verdict is Verdict.SHUT
    assert "REGISTER_B.AIE is 0" in found.headline
    session.close()


def test_no_step_of_a_healthy_counter_is_told_as_lost():
    # While it was calibrated, an edge came to a masked input; nobody waited for that one.
    session = open_session("x86", "pit-by-apics")
    session.follows_story = True
    reference = interrupt_named(session.machine, "gsi:2")
    for _ in range(60):
        session.next_step()
        assert why(session, reference, 0).verdict is not Verdict.LOST
    session.close()
