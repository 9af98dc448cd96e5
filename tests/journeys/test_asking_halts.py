"""A dialog that asks about the present moment halts the machine: what it asks about stays true."""

from __future__ import annotations

import pytest
from dashboard import dashboard

from kerneltui.debugger.watch import until_time
from kerneltui.tui.panels.kinds import REGISTERS, TRACE
from kerneltui.tui.requests import StartLesson


async def asked(seen, *keys):
    """Run, press keys that ask, and let time pass if it does."""
    await seen.press("space")
    assert seen.app.runner.running
    await seen.press(*keys)
    await seen.until(lambda: len(seen.app.screen_stack) == 2)
    await seen.pilot.pause(0.1)
    return not seen.app.runner.running


@pytest.mark.parametrize("kind", [REGISTERS, TRACE])
async def test_where_to_go_from_a_thing_under_the_cursor(kind):
    async with dashboard() as seen:
        await seen.press(kind.key, "down" if kind is REGISTERS else "up")
        assert await asked(seen, "g")
        assert seen.session.last_stop == "paused"


async def test_which_timeout_to_cancel_and_then_it_runs_on():
    async with dashboard(scenario="shell") as seen:
        seen.session.type(b"once 5s boo\r")
        seen.session.advance(until_time(seen.now + 100_000_000))
        assert await asked(seen, "x")
        before = seen.now
        await seen.press("enter")
        assert seen.app.runner.running
        await seen.until(lambda: "> cancel 1" in seen.console())
        assert seen.now > before
        assert not [item for item in seen.session.inspector.timeouts() if item.name == "boo"]


async def test_which_timeout_to_cancel_and_esc_leaves_it_paused():
    async with dashboard(scenario="shell") as seen:
        seen.session.type(b"once 5s boo\r")
        seen.session.advance(until_time(seen.now + 100_000_000))
        assert await asked(seen, "x")
        await seen.press("escape")
        assert not seen.app.runner.running
        await seen.press("x", "enter")
        assert not seen.app.runner.running, "it did not run before"


async def test_what_to_undo():
    async with dashboard(scenario="shell") as seen:
        seen.session.type(b"a")
        await seen.press("space")
        await seen.app.action_choose("undo")
        assert not seen.app.runner.running


async def test_typing_in_the_past():
    async with dashboard(keys=["n"] * 5) as seen:
        await seen.go("N", "N", "N")
        seen.app.runner.set_speed(0.1)
        assert await asked(seen, "c", "a")
        assert seen.session.last_stop == "paused"


@pytest.mark.parametrize("lesson", ["what-is-an-interrupt", "gic-states"])
async def test_the_question_of_a_lesson(lesson):
    async with dashboard() as seen:
        number = 0
        while seen.app.play is None or seen.app.play.question is None:
            seen.app.carry_out(StartLesson(lesson, number))
            number += 1
        await seen.painted()
        assert await asked(seen, "l")
