"""A wrong answer is met with what the machine does instead; the right one is not given away."""

import pytest

from kerneltui.lessons.predict import EXAMPLES, NO_HEAD, LessonQuestion, question
from kerneltui.lessons.spec import PredictSpec
from kerneltui.scenarios.scenario import open_session


@pytest.fixture
def session():
    session = open_session("rpi4", "timer-callbacks")
    session.boot()
    session.follows_story = True
    yield session
    session.close()


def asked(session, ask, **more):
    return question(session, PredictSpec(ask, **more))


def test_each_wrong_head_is_told_how_it_stands_to_the_right_one(session):
    found = asked(session, "head", after="n")
    assert found.right == "Periodic 1 sec"
    assert found.remark("Once 2") == "'Once 2' is due 999.999 ms after the head."
    assert found.remark("Once 5") == "'Once 5' is due 2.999 s after the head."
    assert found.remark(NO_HEAD) == "The queue has 3 then."
    assert found.remark(found.right) == ""


def test_a_head_that_has_been_called_is_not_in_the_queue(session):
    found = asked(session, "head", after="n n n n")
    assert found.remark("Once 2") == "'Once 2' has been called by then, and is not in the queue."


def test_a_step_is_behind_or_still_to_come(session):
    session.next_step()
    session.next_step()
    found = asked(session, "next")
    assert found.right == "The controller notes it"
    assert found.remark("Time reached") == "'Time reached' stands earlier on the way."
    assert found.remark("Who is it?") == "'Who is it?' stands later on the way."


def test_a_bit_that_stays_is_told_with_what_it_holds(session):
    session.next_interrupt()
    names = ["GICD_ISACTIVER0.PPI[14]", "CNTP_CTL_EL0.ENABLE", "GICC_PMR.Priority"]
    found = asked(session, "changes", after=".", among=names)
    assert found.remark("CNTP_CTL_EL0.ENABLE") == "CNTP_CTL_EL0.ENABLE is 1, and stays so."
    assert found.remark("GICC_PMR.Priority") == "GICC_PMR.Priority is 0xf8, and stays so."


def test_a_line_of_the_console_comes_later(session):
    assert asked(session, "console").remark("Once 2") == "'Once 2' comes later."


def test_an_open_gate_is_not_the_cause():
    session = open_session("rpi4", "fault-pmr")
    session.boot()
    session.run_until(2_500_000_000)
    answers = {"the mask": "GICC_PMR", "the timer": "CNTP_CTL_EL0", "nobody": "no such words"}
    found = asked(session, "diagnosis", answers=answers)
    assert found.remark("the timer") == "CNTP_CTL_EL0.ENABLE is 1: 'enabled' holds."
    assert found.remark("nobody") == ""


def test_a_number_is_too_small_too_large_or_that_of_now(session):
    found = asked(session, "value", of="callbacks", after="n n")
    assert (found.right, found.before) == ("2", 0)
    assert found.remark("0") == "That is what it is now; something changes it."
    assert found.remark("1") == "It is more than that."
    assert found.remark("0x10") == "It is less than that."
    assert found.remark("many") == ""


def test_a_pattern_of_bits_is_no_amount():
    session = open_session("x86", "pair-of-8259s")
    session.boot()
    found = asked(session, "value", of="I8259_MASTER/OCW1")
    assert found.right == str(0b1110_1010)
    mirrored = found.remark("0b01010111")
    assert mirrored == "That is the mirror image: in a number, bit 0 stands on the right."
    assert found.remark("0b00010101") == "Each bit is the other way round: 0 is 1, and 1 is 0."
    assert found.remark("0x20") == ""


@pytest.mark.parametrize("of", ["GICC_HPPIR.PENDINTID", "GICC_PMR.Priority"])
def test_the_number_of_an_interrupt_is_not_more_or_less(session, of):
    assert asked(session, "value", of=of).remark("6") == ""


@pytest.mark.parametrize("of", ["system-timer/CLO", "CNTP_CVAL_EL0", "elapsed", "taken"])
def test_times_and_amounts_are(session, of):
    found = asked(session, "value", of=of, after="n n")
    assert found.remark("1000000000000") == "It is less than that."


def test_the_right_one_stands_at_any_place_and_always_at_the_same(session):
    names = ["CNTP_CTL_EL0.IMASK", "GICC_PMR.Priority", "DAIF.I"]
    places = set()
    for number in range(12):
        text = f"Question {number}?"
        found = [
            asked(session, "changes", after=". . . . . .", among=names, question=text).options
            for _ in range(2)
        ]
        assert found[0] == found[1]
        assert sorted(found[0]) == sorted(names)
        places.add(found[0].index(names[0]))
    assert places == {0, 1, 2}


def test_nothing_is_said_of_a_number_that_would_be_the_answer_then(session):
    found = asked(session, "value", of="GICC_CTLR.EnableGrp0")
    assert (found.right, found.remark("0"), found.remark("7")) == ("1", "", "")


@pytest.mark.parametrize("right", [*EXAMPLES, 30, 0])
def test_the_example_is_never_the_answer(right):
    found = LessonQuestion("How many?", (), str(right))
    decimal, hexadecimal = found.example.split(" or ")
    assert int(decimal) == int(hexadecimal, 0) != right


def test_a_told_number_can_be_compared_with_the_panels():
    assert LessonQuestion("?", (), "176").told == "176, or 0xb0"
    assert LessonQuestion("?", (), "9").told == "9"
    assert LessonQuestion("?", ("a", "b"), "b").told == "b"
