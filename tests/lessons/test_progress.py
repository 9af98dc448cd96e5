"""How far a student is: kept, gone on with, and of no weight where nothing can be kept."""

import pytest

from kerneltui.lessons.lesson import load_lesson
from kerneltui.lessons.play import Play
from kerneltui.lessons.progress import NAME, StudentProgress

LESSON = "life-of-an-interrupt"


def play(number=0):
    lesson = load_lesson(LESSON)
    session = lesson.session()
    session.boot()
    session.follows_story = True
    return Play(lesson, session, number)


def test_one_goes_on_at_the_step_that_had_begun(tmp_path):
    under_way = play()
    under_way.go_on()
    StudentProgress(tmp_path).note(under_way)
    again = StudentProgress(tmp_path)
    assert again.step_of(under_way.lesson) == 1
    assert again.latest() == LESSON
    assert again.in_words(under_way.lesson) == ", at step 2 of 8"
    assert not again.is_finished(under_way.lesson)


def test_the_machine_is_as_it_was_when_the_step_began(tmp_path):
    under_way = play()
    under_way.session.type(b"abc")
    under_way.session.next_timer_event()
    under_way.jump(3)
    StudentProgress(tmp_path).note(under_way)
    session = StudentProgress(tmp_path).session_at(under_way.lesson, 3)
    assert session.here == under_way.session.here
    assert session.typed == under_way.session.typed
    assert StudentProgress(tmp_path).session_at(under_way.lesson, 2) is None


def test_a_lesson_that_is_done_begins_anew(tmp_path):
    under_way = play(7)
    progress = StudentProgress(tmp_path)
    progress.note(under_way)
    progress.finish(under_way)
    again = StudentProgress(tmp_path)
    assert again.is_finished(under_way.lesson)
    assert again.step_of(under_way.lesson) == 0
    assert again.latest() == ""


def test_a_lesson_that_was_done_stays_so_when_it_is_played_once_more(tmp_path):
    under_way = play(7)
    progress = StudentProgress(tmp_path)
    progress.note(under_way)
    progress.finish(under_way)
    assert progress.in_words(under_way.lesson) == ", done"
    under_way.jump(0)
    progress.note(under_way)
    assert progress.in_words(under_way.lesson) == ", done"
    under_way.jump(5)
    progress.note(under_way)
    again = StudentProgress(tmp_path)
    assert again.is_finished(under_way.lesson)
    assert again.in_words(under_way.lesson) == ", done, at step 6 of 8"
    assert (again.step_of(under_way.lesson), again.latest()) == (5, LESSON)
    assert again.in_brief(LESSON, 8) == "done, step 6/8"
    assert len(again.in_brief(LESSON, 16)) <= 17


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', "\x00", '{"a": {"step": -1}}' * 9])
def test_a_broken_file_is_as_none(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    assert StudentProgress(tmp_path).latest() == ""


def test_a_folder_that_cannot_be_written_hurts_nobody(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    progress = StudentProgress(blocked / "lessons")
    progress.note(play())
    assert progress.has_begun
    assert not StudentProgress(blocked / "lessons").has_begun


def test_who_went_too_far_is_asked_about_the_right_moment():
    """The question after the step that ends as the core takes the interrupt: who will it be?"""
    exact, too_far = play(), play()
    for under_way, more in ((exact, 0), (too_far, 2)):
        while under_way.step.predict is None or under_way.number < 4:
            for key in under_way.step.solution.split():
                assert key == "."
                under_way.session.next_step()
            for _ in range(more if under_way.number == 3 else 0):
                under_way.session.next_step()
            under_way.is_done = True
            under_way.reached = under_way.session.page  # as with a goal that holds there too
            under_way.go_on()
    assert too_far.number == exact.number == 4
    assert too_far.question == exact.question
    assert too_far.session.here == exact.session.here
    assert too_far.session.history.in_past
