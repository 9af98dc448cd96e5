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


@SIZES
@pytest.mark.parametrize("key", ["question_mark", "g", "B", "o", "ctrl+p", "h", "w"])
async def test_a_dialog_opens_without_any(key, size):
    async with dashboard(size=size, notifications=True) as seen:
        await seen.press("Z")
        assert notes(seen) == ["The key Z does nothing here. ? lists the keys."]
        await seen.press(key)
        assert len(seen.app.screen_stack) == 2
        assert notes(seen) == []
        assert "does nothing here" not in seen.screen()
