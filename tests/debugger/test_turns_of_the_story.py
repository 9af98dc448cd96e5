"""A step that is about another interrupt than the one before says so, whatever the way to it."""

from __future__ import annotations

import pytest

from kerneltui.debugger.marks import StepKind
from kerneltui.machine.core import StopReason
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session

S = 1_000_000_000
TYPED = Changes(typed=("1.2s:hello",))


def told(session, until_ns):
    found = []
    while session.machine.now < until_ns and session.next_step() is StopReason.MEANINGFUL:
        found.append(session.story.step())
    return found


def test_in_a_handler_another_interrupt_comes_and_the_story_goes_back():
    session = open_session("rpi4", "overload", TYPED)
    session.run_until(12 * S // 10 - 1_000_000)
    steps = told(session, 132 * S // 100)
    line = next(step for step in steps if step.kind is StepKind.LINE and step.course == "uart")
    assert line.depth
    assert line.sentence.startswith("Another interrupt, IRQ 153. Line uart0.irq ")
    later = steps[steps.index(line) + 1 :]
    back = next(step for step in later if step.course == "timer")
    assert back.sentence.startswith("Back to IRQ 30. The callback of 'work' has run.")
    session.close()


def test_of_one_interrupt_after_the_other_each_is_named_where_it_is_taken():
    session = open_session("rpi4", "priority-of-irqs")
    steps = told(session, 2_030_000_000)
    taken = [step for step in steps if step.kind is StepKind.TAKEN]
    assert len(taken) > 6
    for step in taken:
        assert step.origin.label in step.sentence.partition(" Core ")[0]
    nested = [step for step in taken if step.depth > 1]
    assert nested
    assert all(step.sentence.startswith(f"Another interrupt, {step.origin.label}. ")
               for step in nested)  # fmt: skip
    session.close()


@pytest.mark.parametrize(("board", "scenario"), [("rpi4", "two-cores"), ("x86", "two-cores")])
def test_the_core_is_named_where_several_run(board, scenario):
    session = open_session(board, scenario)
    turns = [step for step in told(session, S // 4) if step.sentence.startswith(
        ("Back to ", "Another interrupt, "))]  # fmt: skip
    assert turns
    for step in turns:
        assert step.sentence.partition(".")[0].endswith(f" of core {step.core}")
    session.close()


@pytest.mark.parametrize("scenario", ["two-cores", "priority-of-irqs"])
def test_it_is_said_whatever_the_way_to_the_step(scenario):
    session = open_session("rpi4", scenario)
    session.boot()
    steps, places = [], []
    for _ in range(60):
        session.next_step()
        steps.append(session.story.step())
        places.append(session.here)
    for number in range(len(steps) - 1, 0, -7):
        session.go_to_end()
        session.go_to(places[number])
        session.story.show(steps[number].phase)
        assert session.story.step() == steps[number]
    session.close()
