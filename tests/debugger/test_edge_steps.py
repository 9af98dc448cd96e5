"""Steps of interrupts whose controller takes the edge: a PC's PIT and RTC at the pair of 8259s."""

import pytest

from kerneltui.debugger.marks import StepKind
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.scenarios.scenario import open_session

S = 1_000_000_000
PARTS = frozenset({"path"})


def steps(scenario, until, board="x86"):
    """All steps, each with the path that is on show with it."""
    session = open_session(board, scenario)
    session.boot()
    session.follows_story = True
    found = []
    while session.machine.now < until:
        session.next_step()
        found.append((session.story.step(), session.view(PARTS).path))
    session.close()
    return found


@pytest.fixture(scope="module")
def ticks():
    return steps("pair-of-8259s", S // 5)


def test_a_line_that_stays_high_does_not_ask_again_where_the_edge_counts(ticks):
    quiet = [step for step, _ in ticks if step.kind is StepKind.QUIET and step.by_itself]
    assert quiet
    for step in quiet:
        assert step.title == "Quiet the source"
        assert "again at once" not in step.sentence
    assert any("takes the edge" in step.sentence for step in quiet)


def test_the_steps_of_a_tick_come_in_the_order_of_their_numbers(ticks):
    numbers = [step.number for step, _ in ticks if step.course == "timer"]
    ends = [place for place, number in enumerate(numbers) if number == 12]
    for first, last in zip([0, *ends], ends, strict=False):
        course = numbers[first + 1 : last + 1] if first else numbers[: last + 1]
        assert course == sorted(course)


def test_no_station_is_ticked_off_at_which_nothing_has_happened(ticks):
    armed = [path for step, path in ticks if step.kind is StepKind.ARMED and step.depth]
    assert armed
    for path in armed:
        assert "callback" not in path.done, "no timeout was due"
        assert "source" in path.done


def test_a_station_at_which_something_has_happened_is_ticked_off():
    found = steps("timer-callbacks", 3 * S // 2, "rpi4")
    ended = [path for step, path in found if step.kind is StepKind.ENDED and step.course == "timer"]
    assert ended
    assert all("callback" in path.done for path in ended)


def test_a_timer_that_cannot_count_so_far_is_not_set_for_the_head_of_the_queue(ticks):
    armed = [step for step, _ in ticks if step.kind is StepKind.ARMED and step.depth]
    assert all("is set; the head of the queue" in step.sentence for step in armed)


def test_a_line_through_a_device_leads_to_the_controllers_behind_it(ticks):
    rises = [step.sentence for step, _ in ticks if step.kind is StepKind.LINE]
    assert rises
    assert all(
        "leads through the hpet to 'ioapic0 gsi 2' and 'pic irq 0'" in text for text in rises
    )


def test_of_two_chips_the_one_is_named_to_which_an_interrupt_comes():
    found = steps("pair-of-8259s", 3 * S // 2)
    noted = {step.sentence.partition(".")[0] for step, _ in found if step.kind is StepKind.PENDING}
    assert "The 8259A master (pic) notes IRQ 0" in noted
    assert "The 8259A slave (pic) notes IRQ 8" in noted
    changes = {text.partition(" ")[0] for _, path in found for text in path.changes}
    assert {"I8259_MASTER/IRR", "I8259_SLAVE/IRR"} <= changes


@pytest.mark.parametrize(
    ("board", "scenario"), [("rpi4", "priority-of-irqs"), ("x86", "same-deadline")]
)
def test_the_story_of_the_last_timeout_ends_with_the_core_asleep(board, scenario):
    """Its idle loop sleeps at once: the wait comes although nothing is due behind it."""
    session = open_session(board, scenario)
    session.boot()
    while session.next_step() is StopReason.MEANINGFUL:
        pass
    assert session.story.step().kind is StepKind.ASLEEP
    assert session.core.state is CoreState.WAITING
    assert session.last_stop == "idle, and nothing is due"
    assert session.previous_step()
    assert session.story.step().kind is StepKind.RETURNED
    session.close()


def test_the_output_of_a_pit_is_high_and_dips_for_one_clock(ticks):
    """Intel 8254, "Mode Definitions": in modes 2 and 4 OUT is low for one clock, 1/1193182 Hz."""
    lines = [step for step, _ in ticks if step.kind is StepKind.LINE and step.line == "pit.out0"]
    assert lines
    for step in lines:
        assert "It is high as a rule, and was low for one clock, 838 ns." in step.sentence


def test_a_count_of_0_is_told_as_what_it_stands_for(ticks):
    zeros = [step for step, _ in ticks if "writes 0x0 to COUNTER0" in step.sentence]
    assert zeros
    assert all("(a count of 0 stands for 65536)." in step.sentence for step in zeros)


@pytest.mark.parametrize(
    ("board", "scenario", "sooner"),
    [("x86", "pair-of-8259s", True), ("x86", "timer-callbacks", False),
     ("rpi4", "timer-callbacks", False)],
)  # fmt: skip
def test_a_timer_that_interrupts_before_anything_is_due_is_told(board, scenario, sooner):
    session = open_session(board, scenario)
    session.run_until(S // 10)
    view = session.view(frozenset({"timer_sooner_ns", "timeouts"}))
    assert (view.timer_sooner_ns is not None) is sooner
    if sooner:
        assert 0 < view.timer_sooner_ns < 55_000_000 < view.timeouts[0].in_ns
    session.close()
