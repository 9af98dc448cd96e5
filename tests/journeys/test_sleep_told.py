"""What the story says of a core that sleeps, or would: of its timer, and of what asks already."""

from __future__ import annotations

import pytest
from dashboard import booted

S = 1_000_000_000


def told(session):
    session.follows_story = True
    return session.view(frozenset({"path"})).path


@pytest.mark.parametrize(
    ("board", "scenario"),
    [("x86", "fault-svr"), ("x86", "fault-lvt"), ("rpi3", "fault-imask"), ("rpi4", "fault-imask")],
)
def test_a_timer_that_is_set_but_masked_is_named(board, scenario):
    session = booted(board, scenario)
    said = told(session).sentence
    assert "Its timer is due in 499.6" in said
    assert "its interrupt is masked: as it stands, that will not wake the core." in said
    session.run_until(6 * S // 10)  # nothing but the timer has come
    path = told(session)
    assert path.heading == "STEP ASLEEP"
    assert path.next_sentence == "What keeps the timer's interrupt out changes, or a device asks."


def test_a_timer_that_is_off_is_not_armed():
    assert "No timer is armed for it" in told(booted("rpi4", "fault-timer-off")).sentence


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_a_wait_beside_a_masked_interrupt_is_no_sleep(board):
    session = booted(board, "fault-daif")
    session.run_until(S)
    assert told(session).heading == "STEP 1/12 ASLEEP"  # since it had booted
    assert told(session).ago_ns == S - session.history.first.now_ns
    number = {"rpi3": 1, "rpi4": 30}[board]
    while "NOTES IT" not in told(session).heading:
        session.next_step()
    session.next_step()
    path = told(session)
    assert path.heading == "STEP IT DOES NOT SLEEP"
    assert path.sentence == (
        f"WFI is over at once, as IRQ {number} asks already; but interrupts are masked, "
        "so core 0 does not take it."
    )
    assert path.next_sentence.startswith("An interrupt asks already")
    session.poke("DAIF.I=0")
    # It stands before the wait, and inputs are sampled after each instruction.
    assert told(session).next_sentence == f"Core 0 takes IRQ {number} after its next instruction."
    session.next_step()
    path = told(session)
    assert path.sentence == f"WFI is over at once, as IRQ {number} asks already."
    assert path.next_sentence == f"Core 0 takes IRQ {number} before its next instruction."
    session.next_step()
    assert told(session).heading == "STEP 5/12 THE CPU TAKES IT"
