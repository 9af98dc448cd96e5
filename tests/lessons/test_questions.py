"""Questions: a second machine finds the answer, which changes with the scenario."""

import pytest

from kerneltui.lessons.predict import UnfitQuestionError, question
from kerneltui.lessons.spec import PredictSpec
from kerneltui.lessons.twin import press, twin
from kerneltui.scenarios.scenario import open_session

BOARDS = "rpi4", "rpi3", "x86"


def booted(board="rpi4", scenario="timer-callbacks"):
    session = open_session(board, str(scenario))
    session.boot()
    session.follows_story = True
    return session


def asked(session, ask, **more):
    return question(session, PredictSpec(ask, **more))


@pytest.mark.parametrize("board", BOARDS)
def test_the_head_of_the_queue_is_what_the_machine_itself_has_then(board):
    session = booted(board)
    for keys in ("n", "n n", "n n n"):
        found = asked(session, "head", after=keys)
        other = twin(session)
        press(other, keys)
        assert found.right == next(iter(other.inspector.timeouts())).name
        assert found.right in found.options
        assert found.is_right(found.right)
        assert not any(found.is_right(item) for item in found.options if item != found.right)


SCENARIO = """\
title: Two timeouts
program: timer-callbacks
timeouts:
  - {{once: {first}, print: one}}
  - {{once: {second}, print: two}}
"""


@pytest.mark.parametrize("ask", ["head", "console"])
def test_a_changed_scenario_changes_the_answer(tmp_path, ask):
    path = tmp_path / "two.yaml"
    answers = []
    for first, second in (("1s", "2s"), ("2s", "1s")):
        path.write_text(SCENARIO.format(first=first, second=second))
        answers.append(asked(booted("rpi4", path), ask).right)
    assert answers == ["one", "two"]


def test_asking_leaves_the_machine_alone():
    session = booted()
    session.type(b"x\r")
    session.next_interrupt()
    before = session.here, session.history.end, bytes(session.recorder.console.data)
    for ask, more in (
        ("head", {"after": "n"}), ("next", {}), ("console", {}), ("value", {"of": "pending"}),
    ):  # fmt: skip
        asked(session, ask, **more)
    assert (session.here, session.history.end, bytes(session.recorder.console.data)) == before


def test_what_was_typed_and_poked_counts_for_the_second_machine():
    session = booted()
    session.poke("GICC_PMR=0")
    found = asked(session, "value", of="GICC_PMR", after="s")
    assert found.options == ()
    assert found.right == "0"
    assert found.is_right("0x0")
    assert not found.is_right("1")
    assert not found.is_right("none")


@pytest.mark.parametrize("board", BOARDS)
def test_the_step_that_comes_next(board):
    session = booted(board)
    for _ in range(12):
        found = asked(session, "next")
        session.next_step()
        assert session.story.step().title == found.right


def test_which_bit_changes():
    session = booted()
    session.next_interrupt()
    names = ["GICD_ISACTIVER0.PPI[14]", "CNTP_CTL_EL0.ENABLE", "GICC_PMR.Priority"]
    assert asked(session, "changes", after=".", among=names).right == names[0]
    with pytest.raises(UnfitQuestionError, match=r"exactly one of .* here: none"):
        asked(session, "changes", after="s", among=["GICC_PMR.Priority", "CNTP_CTL_EL0.IMASK"])


def test_a_diagnosis_is_borne_out_by_the_explanation():
    session = booted("rpi4", "fault-pmr")
    session.run_until(2_500_000_000)
    answers = {"the mask": "GICC_PMR", "the timer": "CNTP_CTL_EL0", "no handler": "no handler"}
    assert asked(session, "diagnosis", answers=answers).right == "the mask"
    with pytest.raises(UnfitQuestionError, match="exactly one answer is to be right; here: none"):
        asked(session, "diagnosis", answers={"the timer": "CNTP_CTL_EL0"})


def test_the_lines_that_come_are_told_apart_without_their_times():
    session = booted()
    found = asked(session, "console")
    assert found.right == "Periodic 1 sec"
    assert {"Once 2", "hello"} <= set(found.options)
    assert len(set(found.options)) == len(found.options)


@pytest.mark.parametrize("is_shown", [True, False])
def test_the_second_machine_stands_at_the_same_of_several_steps_at_one_moment(is_shown):
    session = booted("x86", "ipi")
    for _ in range(10):
        session.next_step()
    session.follows_story = is_shown
    assert session.story.step().title == "Who is it?"
    other = twin(session)
    assert other.story.step().title == "Who is it?"
    press(other, ".")
    session.next_step()
    assert (other.story.step().title, other.here) == ("An interrupt is sent", session.here)
    other.close()


def test_a_diagnosis_can_be_about_another_interrupt_than_the_timers():
    session = booted("rpi4", "fault-no-target")
    answers = {"no core to go to": "GICD_ITARGETSR38", "the timer": "CNTP_CTL_EL0"}
    found = asked(session, "diagnosis", of="irq 153", answers=answers)
    assert found.right == "no core to go to"
    with pytest.raises(UnfitQuestionError):
        asked(session, "diagnosis", answers=answers)
