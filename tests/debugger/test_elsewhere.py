"""Where the timer is well and another interrupt does not come, that one is named."""

from __future__ import annotations

import json

import pytest

from kerneltui.debugger.elsewhere import in_words, kept_out_besides
from kerneltui.debugger.naming import main_interrupt
from kerneltui.debugger.why import why
from kerneltui.machine.core import StopReason
from kerneltui.scenarios.scenario import open_session


def besides(session, cpu=0):
    main = main_interrupt(session.machine, session.inspector, cpu)
    return in_words(kept_out_besides(session, why(session, main, cpu), cpu))


@pytest.mark.parametrize(
    ("board", "scenario", "at_ms", "name"),
    [
        ("rpi4", "fault-spi-offset", 2_100, "irq 153"),
        ("rpi4", "fault-other-core", 2_100, "irq 153"),
        ("x86", "fault-lost-edge", 1_200, "gsi 4"),
        ("x86", "fault-rtc-c", 6_500, "gsi 8"),
        ("x86", "fault-remote-irr", 2_500, "gsi 30"),
    ],
)
def test_a_fault_elsewhere_is_named_where_the_timer_is_well(board, scenario, at_ms, name):
    session = open_session(board, scenario)
    session.run_until(at_ms * 1_000_000)
    assert besides(session) == f"Another interrupt does not come: {name}"
    session.close()


def test_a_fault_of_the_timer_itself_is_told_alone():
    session = open_session("rpi4", "fault-pmr")
    session.run_until(2_100_000_000)
    assert not besides(session)
    session.close()


@pytest.mark.parametrize(
    ("board", "scenario"),
    [("rpi3", "timer-callbacks"), ("rpi4", "two-cores"), ("x86", "timer-callbacks"),
     ("x86", "pit-by-apics")],
)  # fmt: skip
def test_a_healthy_machine_names_none(board, scenario):
    session = open_session(board, scenario)
    session.follows_story = True
    for _ in range(60):
        if session.next_step() is not StopReason.MEANINGFUL:
            break
        for cpu in range(len(session.machine.cores)):
            if main_interrupt(session.machine, session.inspector, cpu) is not None:
                assert not besides(session, cpu)
    session.close()


@pytest.mark.parametrize(("arguments", "is_told"), [((), True), (("--irq", "gsi:4"), False)])
def test_explain_says_how_to_ask_about_it(said, arguments, is_told):
    status, text, _ = said("explain", "--scenario", "fault-lost-edge", "--at", "1.2s", *arguments)
    assert status == 0
    told = "Another interrupt does not come: gsi 4; 'kerneltui explain --irq gsi:4' says why."
    assert (told in text.splitlines()) == is_told


def test_explain_as_json_names_it_too(said):
    arguments = "explain", "--scenario", "fault-lost-edge", "--at", "1.2s", "--json"
    _, text, _ = said(*arguments)
    assert json.loads(text)["besides"] == ["gsi:4"]
    _, text, _ = said(*arguments, "--irq", "gsi:4")
    assert json.loads(text)["besides"] == []
