"""Notifications do not cover for long what people look at."""

from __future__ import annotations

import pytest
from dashboard import dashboard

from kerneltui.tui.app import TASK_S
from kerneltui.tui.breaking import HIT_SHOWN_S

SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)], ids=["140x40", "80x24"])
PUZZLE = "fault-pmr"


def notes(seen):
    return [note.message for note in seen.app._notifications]


@SIZES
async def test_the_task_of_a_puzzle_goes_with_the_first_key(size):
    async with dashboard(scenario=PUZZLE, size=size, notifications=True) as seen:
        assert [note.timeout for note in seen.app._notifications] == [TASK_S]
        assert TASK_S <= 8
        assert "Find out why" in seen.screen()
        await seen.press("down")
        assert notes(seen) == []
        assert "Find out why" not in seen.screen()


@SIZES
async def test_a_hit_goes_with_the_next_command(size):
    async with dashboard(size=size, notifications=True) as seen:
        seen.session.breakpoints.add(seen.session.machine, "irq 30 taken")
        await seen.go("space")
        (note,) = seen.app._notifications
        assert note.message.startswith("Breakpoint 1 (irq 30 taken): ")
        assert note.timeout == HIT_SHOWN_S <= 5
        await seen.press("down")
        assert notes(seen) == []


@pytest.mark.parametrize("key", ["question_mark", "g", "B", "o", "ctrl+p", "h", "w"])
async def test_a_dialog_opens_without_any(key):
    async with dashboard(size=(80, 24), notifications=True) as seen:
        await seen.press("Z")
        assert notes(seen) == ["The key Z does nothing here. ? lists the keys."]
        await seen.press(key)
        assert len(seen.app.screen_stack) == 2
        assert notes(seen) == []
        assert "does nothing here" not in seen.screen()


async def test_what_cannot_be_seen_does_not_act():
    async with dashboard(size=(79, 24), notifications=True) as seen:
        before = seen.session.here
        await seen.press("s", "n", "i", ".", "space", "S", "r", "o", "g", "B", "question_mark", "h",
                         "e", "b", "1", "down", "enter", "ctrl+p", "c", "slash", "Z")  # fmt: skip
        assert seen.session.here == before
        assert not seen.app.runner.running
        assert len(seen.app.screen_stack) == 1
        assert notes(seen) == []
        assert not seen.app.keys_are_text
        assert not seen.session.breakpoints
        await seen.resize(80, 24)
        await seen.go("s")
        assert seen.session.here > before
        await seen.resize(60, 10)
        await seen.press("q")
        assert seen.app.return_code == 0


async def test_typing_goes_on_where_nothing_can_be_seen():
    async with dashboard(scenario="shell") as seen:
        await seen.press("c", "a")
        await seen.resize(60, 10)
        await seen.press("b", "q")
        await seen.resize(80, 24)
        assert seen.app.keys_are_text
        await seen.press("c")
        assert [item.given for item in seen.session.typed] == [b"a", b"b", b"q", b"c"]
        await seen.resize(60, 10)
        await seen.press("escape", "n")
        assert not seen.app.keys_are_text
        assert not seen.app.runner.running


async def test_breakpoint_signs_do_not_stand_on_the_path():
    async with dashboard(with_path=True) as seen:
        await seen.go("n")
        shown = "\n".join(seen.screen().splitlines()[:17])
        for text in ("irq 30 taken", "write GICC_EOIR", "line timer.cntpnsirq0 rises"):
            seen.session.breakpoints.add(seen.session.machine, text)
        seen.app.refresh_view()
        await seen.painted()
        assert "\n".join(seen.screen().splitlines()[:17]) == shown
        await seen.press("2")
        assert any(sign in row for row in seen.screen().splitlines()[17:] for sign in "●◉")
