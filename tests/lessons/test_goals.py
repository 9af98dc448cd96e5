"""Goals: what counts as reached, and when."""

import pytest

from kerneltui.errors import UserError
from kerneltui.lessons.goals import Goal, Hands
from kerneltui.lessons.names import NAMES, beginning, quantities
from kerneltui.lessons.pointing_at import pointed
from kerneltui.lessons.spec import GoalSpec
from kerneltui.scenarios.scenario import open_session


@pytest.fixture
def session():
    found = open_session("rpi4", "timer-callbacks")
    found.boot()
    found.follows_story = True
    return found


def goal(session, **spec):
    return Goal(session, GoalSpec(**spec), beginning(session))


def test_each_name_has_a_reading(session):
    assert quantities(session, beginning(session)).keys() == NAMES.keys()


@pytest.mark.parametrize(
    ("condition", "does"),
    [
        ("callbacks >= 1", lambda session: session.next_timer_event()),
        ("taken == 1", lambda session: session.next_interrupt()),
        ("elapsed > 500ms", lambda session: session.run_until(900_000_000)),
        ("step == 5", lambda session: [session.next_step() for _ in range(4)]),
        ("pending == 2", lambda session: [session.next_timer_event() for _ in range(4)]),
        ("poked == 1", lambda session: session.poke("GICC_PMR=0")),
        ("typed == 3", lambda session: session.type(b"abc")),
        ("GICC_PMR.Priority == 0", lambda session: session.poke("GICC_PMR=0")),
        ("depth == 1", lambda session: session.next_interrupt()),
    ],
)
def test_a_condition_holds_when_that_has_been_done(session, condition, does):
    wanted = goal(session, when=condition)
    assert not wanted.is_met(Hands())
    does(session)
    assert wanted.is_met(Hands())


def test_the_past_is_known_by_what_comes_after(session):
    session.next_timer_event()
    session.next_timer_event()
    wanted = goal(session, when="back == 1")
    assert not wanted.is_met(Hands())
    session.go_to_time(1_500_000_000)
    assert wanted.is_met(Hands())
    session.go_to_booted()
    assert goal(session, when="back == 2").is_met(Hands())


def test_counts_are_never_below_nothing(session):
    session.next_timer_event()
    wanted = goal(session, when="taken == 0 and callbacks == 0 and elapsed == 0")
    session.go_to_booted()
    assert wanted.is_met(Hands())


def test_a_machine_made_anew_is_asked_anew(session):
    wanted = goal(session, when="time < 1ms")
    session.go_to_reset()
    assert wanted.is_met(Hands())


def test_what_was_sent_before_does_not_count(session):
    session.next_timer_event()
    wanted = goal(session, console="Periodic")
    assert not wanted.is_met(Hands())
    session.next_timer_event()
    assert wanted.is_met(Hands())


def test_commands_panels_and_the_cursor(session):
    assert goal(session, command="why").is_met(Hands({"why": ()}))
    assert not goal(session, command="why").is_met(Hands({"help": ()}))
    assert goal(session, panel="3").is_met(Hands((), "3"))
    assert not goal(session, panel="3").is_met(Hands((), "1"))
    mask = pointed(session, "register GICC_PMR").reference
    assert goal(session, on="register GICC_PMR").is_met(Hands((), "1", mask))
    assert not goal(session, on="register GICC_PMR").is_met(Hands((), "1", None))


def test_all_that_is_asked_for_has_to_hold(session):
    wanted = goal(session, panel="3", when="taken > 0")
    assert not wanted.is_met(Hands((), "3"))
    session.next_interrupt()
    assert not wanted.is_met(Hands((), "1"))
    assert wanted.is_met(Hands((), "3"))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"when": "GICC_PRM == 0"}, "no register or name 'GICC_PRM'"),
        ({"when": "pending ="}, "column"),
        ({"when": "value == 1"}, "only read, write, access and change have 'value'"),
        ({"on": "GICC_PMR"}, "cannot be pointed at"),
        ({"on": "station cup"}, "did you mean 'cpu'"),
        ({"on": "field GICC_PMR"}, "write REGISTER.FIELD"),
        ({"on": "irq 5000"}, "no "),
    ],
)
def test_what_makes_no_sense_is_told(session, spec, words):
    with pytest.raises(UserError, match=words):
        goal(session, **spec)
