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
        await seen.until(lambda: "Not that. " in seen.screen())
        assert play.question.remarks[wrong].split()[0] in seen.screen()
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
        await seen.until(lambda: "\u2713 The row CHANGED says" in seen.screen())
        await seen.press("l")
        assert play.number == 3


async def test_what_a_step_points_at_stands_out():
    async with dashboard(with_path=True) as seen:
        await begin(seen, 2)
        pointed = seen.app.panels.path.pointed
        kinds = {type(item).__name__ for item in pointed}
        assert kinds == {"StationName", "FieldReference", "RegisterReference"}
        seen.app.carry_out(StartLesson("what-is-an-interrupt", 8))
        await seen.until(lambda: seen.app.panels.console.has_class("-pointed"))
        assert not seen.app.panels.path.pointed


async def test_after_the_last_hint_the_answer_is_told():
    async with dashboard(size=(80, 24), with_path=True, notifications=True) as seen:
        await begin(seen, 1)
        play = seen.app.play
        for _ in play.step.hints:
            await seen.press("L", "home", "enter")
        await seen.until(lambda: play.hints == len(play.step.hints))
        await seen.press("L")
        await seen.until(lambda: "tell the answer" in seen.screen())
        await seen.press("home", "enter")
        await seen.until(lambda: f"The answer is: {play.question.right}" in seen.screen())
        assert (play.is_done, play.wrong) == (True, 0)
        await seen.press("l")
        assert (play.number, play.is_told) == (2, False)


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
        await seen.until(lambda: "\u2713 You can go back over every step" in seen.screen())
        assert "This lesson is over. l goes on to: One comparator, many" in seen.screen()
        assert seen.app.progress.is_finished(seen.app.play.lesson)
        await seen.press("l")
        await seen.until(lambda: seen.app.play.lesson.name == "ordered-queue")


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


async def test_a_lesson_is_played_to_its_end_with_wrong_answers_hints_and_a_break():
    """One with goals, with questions to choose an answer, and such to type one."""
    async with dashboard(with_path=True, notifications=True) as seen:
        seen.app.carry_out(StartLesson("ordered-queue", 0))
        await seen.until(lambda: seen.app.play is not None)
        count = seen.app.play.count
        for number in range(count):
            play = seen.app.play
            assert play.number == number
            if number == count // 2:  # leave in the middle, look at something else, come back
                seen.app.leave_lesson()
                await seen.press("l")
                await seen.until(lambda: seen.app.play is not None)
                play = seen.app.play
                assert (play.number, play.wrong, play.hints) == (number, 0, 0)
            if play.question is not None:
                await answer_wrongly_then_rightly(seen, play)
            elif play.step.goal is not None:
                assert not play.is_done
                await seen.press("l")
                assert play.number == number, "it does not go on before its work is done"
                await seen.go(*play.step.solution.split())
                await seen.until(lambda play=play: play.is_done)
            if number + 1 < count:
                await seen.press("l")
                await seen.painted()
        assert seen.app.play.is_over
        await seen.until(lambda: "This lesson is over" in seen.screen())


async def answer_wrongly_then_rightly(seen, play):
    asked = play.question
    wrong = [item for item in asked.options if item != asked.right] or [str(int(asked.right) + 1)]
    for words, is_right in ((wrong[0], False), (asked.right, True)):
        await seen.press("l")
        await seen.until(lambda: len(seen.app.screen_stack) == 2)
        if asked.options:
            names = list(asked.options)
            await seen.press("home", *["down"] * names.index(words), "enter")
        else:
            await seen.write(words)
            await seen.press("enter")
        await seen.until(lambda: len(seen.app.screen_stack) == 1)
        assert play.is_done is is_right
        if not is_right and play.step.hints:
            before = play.hints
            await seen.press("L", "home", "enter")
            await seen.until(lambda before=before: play.hints == before + 1)
    assert play.wrong == 1
