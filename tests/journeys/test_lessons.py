"""A lesson in the dashboard: read, do, answer, ask for hints, leave, come back."""

import pytest
from dashboard import dashboard

from kerneltui.lessons.progress import StudentProgress, data_folder
from kerneltui.sessions.autosave import Autosave
from kerneltui.tui.requests import StartLesson
from kerneltui.tui.widgets.lesson_pane import LessonPane

LESSON = "life-of-an-interrupt"
SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)])


async def begin(seen, number=0):
    seen.app.carry_out(StartLesson(LESSON, number))
    await seen.until(lambda: seen.app.play is not None and seen.app.query(LessonPane))
    await seen.painted()


@SIZES
async def test_reading_answering_and_doing(size):
    async with dashboard(size=size, with_path=True, notifications=True) as seen:
        await begin(seen)
        assert "The life of one timer interrupt: 1 of 8" in seen.screen()
        await seen.press("l")
        assert "2 of 8" in seen.screen()
        await seen.press("l")
        play = seen.app.play
        await seen.until(lambda: len(seen.app.screen_stack) == 2)
        wrong = next(item for item in play.question.options if item != play.question.right)
        names = list(play.question.options)
        await seen.press("home", *["down"] * names.index(wrong), "enter")
        await seen.until(lambda: "Not that" in seen.screen())
        assert (play.wrong, play.is_done, play.number) == (1, False, 1)
        await seen.press("L", "enter")
        await seen.until(lambda: "A periodic timeout goes back" in seen.screen())
        await seen.press("l", "home", *["down"] * names.index(play.question.right), "enter")
        await seen.until(lambda: "\u2713 A periodic timeout goes back" in seen.screen())
        await seen.press("l")
        assert play.number == 2
        await seen.press("l")
        await seen.until(lambda: "not done yet" in seen.screen())
        await seen.go(".")
        await seen.until(lambda: "\u2713 Done." in seen.screen())
        await seen.press("l")
        assert play.number == 3


async def test_what_a_step_points_at_stands_out():
    async with dashboard(with_path=True) as seen:
        await begin(seen, 2)
        pointed = seen.app.panels.path._pointed
        assert {type(item).__name__ for item in pointed} == {"FieldReference", "RegisterReference"}
        await begin(seen, 6)
        assert seen.app.panels.console.has_class("-pointed")
        assert not seen.app.panels.path._pointed


async def test_f2_leads_back_to_where_the_step_began():
    async with dashboard(with_path=True) as seen:
        await begin(seen, 2)
        start = seen.session.here
        await seen.go("n", "n")
        await seen.press("c", "x", "escape")
        assert seen.session.typed
        await seen.press("f2")
        await seen.until(lambda: seen.app.play is not None and seen.session.here == start)
        assert not seen.session.typed
        assert seen.app.play.number == 2


async def test_a_lesson_that_was_left_is_gone_on_with():
    async with dashboard(with_path=True, notifications=True) as seen:
        await begin(seen, 3)
        await seen.press("L", "end")
        screen = seen.app.screen
        names = [name for _, name in screen._choices.values()]
        await seen.press("home", *["down"] * names.index("Leave"), "enter")
        await seen.until(lambda: seen.app.play is None)
        assert not seen.app.query_one(LessonPane).display
        await seen.press("l")
        await seen.until(lambda: seen.app.play is not None)
        assert seen.app.play.number == 3


async def test_one_jumps_to_any_step_and_to_the_end():
    async with dashboard(with_path=True, notifications=True) as seen:
        await begin(seen)
        await seen.press("L", "end", "enter")
        await seen.until(lambda: seen.app.play.number == 7)
        await seen.go("n", "n", "N")
        await seen.until(lambda: seen.app.play.is_done)
        await seen.press("l")
        await seen.until(lambda: "This lesson is over" in seen.screen())


async def test_progress_is_kept_between_two_starts():
    async with dashboard(with_path=True, autosave=Autosave()) as seen:
        await begin(seen, 2)
        await seen.go(".")
        await seen.press("l")
        assert seen.app.play.number == 3
        here = seen.session.here
    progress = StudentProgress(data_folder())
    assert progress.latest() == LESSON
    async with dashboard(with_path=True, autosave=Autosave()) as seen:
        seen.app.carry_out(StartLesson(LESSON, None))
        await seen.until(lambda: seen.app.play is not None)
        assert (seen.app.play.number, seen.session.here) == (3, here)


async def test_only_what_a_step_allows_acts(tmp_path):
    path = tmp_path / "few.yaml"
    path.write_text(
        "title: t\nabout: a\nboard: rpi4\nsteps:\n  - text: Press n.\n"
        "    allow: [next_timer_event]\n    goal: {when: callbacks > 0}\n    solution: n\n"
    )
    async with dashboard(with_path=True, notifications=True) as seen:
        seen.app.carry_out(StartLesson(str(path), 0))
        await seen.until(lambda: seen.app.play is not None)
        before = seen.session.here
        await seen.press("i")
        await seen.until(lambda: "about n. L" in seen.screen())
        assert seen.session.here == before
        await seen.press("question_mark", "escape")
        await seen.go("n")
        await seen.until(lambda: seen.app.play.is_done)


async def test_another_scenario_ends_the_lesson():
    async with dashboard(with_path=True) as seen:
        await begin(seen)
        await seen.open("starvation")
        await seen.until(lambda: "starvation" in seen.status())
        assert seen.app.play is None


async def test_a_lesson_that_cannot_be_opened_is_told():
    async with dashboard(notifications=True) as seen:
        seen.app.carry_out(StartLesson("no-such-lesson", None))
        await seen.until(lambda: "unknown lesson 'no-such-lesson'" in seen.screen())
        assert seen.app.play is None
