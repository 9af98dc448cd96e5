"""The box of a lesson: its words are explained, its menu goes on, and it says of when it speaks."""

import pytest
from dashboard import dashboard

from kerneltui.tui.asking import IN_LESSON
from kerneltui.tui.learning import NEXT, RETURNED
from kerneltui.tui.requests import StartLesson
from kerneltui.tui.screens.what import what_lines
from kerneltui.tui.widgets.lesson_pane import keys

SIZES = pytest.mark.parametrize("size", [(140, 40), (100, 30), (80, 24)])


async def begin(seen, name, number=0):
    seen.app.carry_out(StartLesson(name, number))
    await seen.until(lambda: seen.app.play is not None and seen.app.play.number == number)
    await seen.painted()
    return seen.app.play


@SIZES
async def test_h_explains_the_words_of_the_step(size):
    async with dashboard(size=size, with_path=True) as seen:
        play = await begin(seen, "masking-and-priority")
        assert "h: these words" in seen.screen()
        assert keys(play).endswith("h: these words")
        await seen.press("h")
        await seen.until(lambda: len(seen.app.screen_stack) == 2)
        screen = seen.app.screen
        text = "\n".join(line.plain for line in what_lines(screen._what, screen._words, 70))
        before, _, told = text.partition(IN_LESSON)
        assert before.strip(), "what is under the cursor comes first"
        for word in ("priority mask", "GICC_PMR", "DAIF", "SGI"):
            assert f"\n  {word} " in told, word
        await seen.press("escape")


async def test_without_a_lesson_there_are_no_words_of_one():
    async with dashboard(with_path=True) as seen:
        await seen.press("h")
        await seen.until(lambda: len(seen.app.screen_stack) == 2)
        assert IN_LESSON not in [title for title, _ in seen.app.screen._words]


async def test_the_menu_of_a_step_that_is_done_goes_on_first():
    async with dashboard(with_path=True) as seen:
        play = await begin(seen, "tour")
        await seen.press("L")
        await seen.until(lambda: len(seen.app.screen_stack) == 2)
        assert next(iter(seen.app.screen._choices.values()))[1] != NEXT
        await seen.press("escape")
        await seen.go(".")
        await seen.until(lambda: play.is_done)
        await seen.press("L", "home", "enter")
        await seen.until(lambda: play.number == 1)


@SIZES
async def test_what_was_reached_is_told_of_its_moment_and_gone_on_from_there(size):
    async with dashboard(size=size, with_path=True, notifications=True) as seen:
        play = await begin(seen, "masking-and-priority", 1)
        await seen.go("n", "2")
        await seen.until(lambda: play.is_done)
        there = seen.session.page
        assert "(This was at" not in seen.screen()
        await seen.go("n")
        await seen.until(lambda: "(This was at 1.010 410 400 s.)" in seen.screen())
        await seen.press("l")
        await seen.until(lambda: play.number == 2)
        assert seen.session.page == there
        await seen.until(lambda: RETURNED[:24] in seen.screen())


async def test_f2_finds_the_beginning_of_a_step_after_a_reset_too():
    async with dashboard(with_path=True, notifications=True) as seen:
        play = await begin(seen, "life-of-an-interrupt", 2)
        await seen.press("c", "x", "escape")
        await seen.go("n")
        play.jump(3)
        seen.app.progress.note(play)
        there, typed = seen.session.page, seen.session.typed[:]
        seen.session.restart()
        await seen.press("f2")
        await seen.until(lambda: seen.app.play is not play)
        assert (seen.session.page, seen.app.play.number) == (there, 3)
        assert seen.session.typed == typed


async def test_w_on_another_interrupt_is_not_what_was_asked_for():
    async with dashboard(with_path=True) as seen:
        play = await begin(seen, "from-8259-to-apic", 7)
        await seen.press("2", "w")
        await seen.until(lambda: len(seen.app.screen_stack) == 2)
        await seen.press("escape")
        assert not play.is_done
        await seen.press("down", "down", "w")
        await seen.until(lambda: len(seen.app.screen_stack) == 2)
        await seen.press("escape")
        await seen.until(lambda: play.is_done)
