"""The moment that a step of a lesson speaks of: it comes back to it, and goes on from it."""

import pytest

from kerneltui.debugger.references import InterruptReference
from kerneltui.lessons.goals import Hands
from kerneltui.lessons.lesson import load_lesson
from kerneltui.lessons.play import Play, come_to
from kerneltui.lessons.progress import StudentProgress

LESSON = """\
title: t
about: a
board: rpi4
steps:
  - {text: one, goal: {when: callbacks >= 1 and depth == 0}, done: d, solution: n}
  - {text: two, goal: {command: why, "on": irq 30, when: callbacks == 0}, solution: w escape}
  - {text: three, begin: 1500ms}
"""
SEVERAL_AT_ONCE = ("the-pair-of-8259s", 3), ("from-8259-to-apic", 5)
"""Lessons, and steps that begin where one instant has several meaningful steps."""


def begun(lesson, number=0):
    session = lesson.session(number)
    session.boot()
    session.follows_story = True
    come_to(session, lesson, number)
    return Play(lesson, session, number)


@pytest.fixture
def play(tmp_path):
    path = tmp_path / "three.yaml"
    path.write_text(LESSON)
    found = begun(load_lesson(str(path)))
    yield found
    found.session.close()


def shown(session):
    return session.here, session.story.step().heading


@pytest.mark.parametrize(("name", "number"), SEVERAL_AT_ONCE)
def test_f2_brings_back_the_step_that_was_on_show(name, number):
    play = begun(load_lesson(name), number)
    before = shown(play.session)
    assert play.session.story.place() > 0, "a later one of its instant"
    for _ in range(3):
        play.session.next_step()
    play.go_back()
    assert shown(play.session) == before
    assert not play.problem


@pytest.mark.parametrize(("name", "number"), SEVERAL_AT_ONCE)
def test_a_lesson_that_is_gone_on_with_shows_that_step_too(name, number, tmp_path):
    play = begun(load_lesson(name), number)
    StudentProgress(tmp_path).note(play)
    session = StudentProgress(tmp_path).session_at(play.lesson, number)
    session.follows_story = True
    assert shown(session) == shown(play.session)
    assert not Play(play.lesson, session, number).problem


def test_a_step_begins_where_the_one_before_was_done(play):
    play.session.next_timer_event()
    assert play.observe(Hands())
    there = play.session.page
    assert not play.has_gone_on
    play.session.next_timer_event()
    play.observe(Hands())
    assert play.has_gone_on
    assert play.go_on()
    assert (play.session.page, play.has_returned) == (there, True)
    assert play.start == there


def test_what_came_after_that_is_forgotten_so_that_no_goal_takes_it_for_done():
    play = begun(load_lesson("tour"), 1)
    for _ in range(2):
        play.session.next_timer_event()
        play.observe(Hands())
    play.go_on()
    assert (play.number, play.has_returned) == (2, True)
    assert not play.observe(Hands()), "nobody has pressed N"


def test_after_a_reset_it_comes_there_again(play):
    play.session.next_timer_event()
    play.observe(Hands())
    there = play.session.page
    play.session.restart()
    play.observe(Hands())
    play.go_on()
    assert (play.session.page, play.has_returned) == (there, True)
    play.session.restart()
    assert not play.has_lost_its_start
    play.go_back()
    assert play.session.page == there


def test_what_was_stored_before_a_step_is_lost_by_a_reset(play):
    play.session.poke("GICC_PMR=0x70")
    play.jump(1)
    play.session.go_to_booted()
    assert not play.has_lost_its_start
    play.session.restart()
    assert play.has_lost_its_start


def test_it_was_done_where_the_command_that_has_done_it_ended(play):
    play.session.next_timer_event()
    assert play.observe(Hands(), is_running=True)
    play.session.next_timer_event()
    play.observe(Hands())
    assert not play.has_gone_on
    assert play.reached == play.session.page


def test_what_was_typed_since_then_is_not_taken_away(play):
    play.session.next_timer_event()
    play.observe(Hands())
    play.session.type(b"abc")
    play.session.next_timer_event()
    here = play.session.here
    play.go_on()
    assert (play.session.here, play.has_returned) == (here, False)


def test_a_step_with_a_moment_of_its_own_begins_there(play):
    play.jump(1)
    play.is_done = True
    play.session.next_timer_event()
    play.go_on()
    assert play.session.here.now_ns == 1_500_000_000
    assert not play.has_returned


def test_a_command_counts_where_it_is_wanted(play):
    play.jump(1)
    timer, uart = (InterruptReference("gic", "gic", number) for number in (30, 153))
    play.used("why", uart)
    assert not play.observe(Hands(play.commands, "2", timer)), "it was used on another interrupt"
    play.used("why", timer)
    assert play.observe(Hands(play.commands, "2", uart))


def test_a_question_is_about_the_moment_at_which_it_was_asked():
    play = begun(load_lesson("the-pair-of-8259s"), 3)
    before = shown(play.session)
    play.session.next_step()
    assert play.answer(play.question.right)
    assert play.has_gone_on
    play.go_on()
    assert shown(play.session) == before
