"""Keys that seem to do nothing say in a word why, and what has become of the machine."""

from __future__ import annotations

import pytest
from dashboard import dashboard


def notes(seen):
    return [note.message for note in seen.app._notifications]


ALONE = "This panel has the whole screen already: z changes nothing here."


@pytest.mark.parametrize("panel", ["d", "2", "3", "4", "5", "6", "7", "8", "t"])
async def test_z_says_so_where_it_changes_nothing(panel):
    async with dashboard(size=(80, 24), notifications=True, with_path=True) as seen:
        await seen.press(*([] if panel == "d" else [panel]))
        before = seen.app.arrangement.current.lines
        await seen.press("z")
        assert notes(seen) == [ALONE]
        assert seen.app.arrangement.current.lines == before
        assert not seen.app.arrangement.zoomed
        await seen.press("down")
        assert notes(seen) == []


@pytest.mark.parametrize("keys", [["1"], ["p"]])
async def test_z_shows_what_is_left_out_else_at_80x24_too(keys):
    async with dashboard(scenario="wake-tasks", size=(80, 24), notifications=True) as seen:
        await seen.press(*keys)
        before = list(seen.app.arrangement.current.lines)
        await seen.press("z")
        assert notes(seen) == []
        assert len(seen.app.arrangement.current.lines) > len(before)
        await seen.press("z")
        assert seen.app.arrangement.current.lines == before


@pytest.mark.parametrize("size", [(140, 40), (100, 30)])
async def test_z_zooms_the_path_where_there_is_more_on_the_screen(size):
    async with dashboard(size=size, notifications=True, with_path=True) as seen:
        await seen.press("z")
        assert notes(seen) == []
        assert seen.displayed() == [13]
        await seen.press("z")
        assert len(seen.displayed()) > 1


async def test_a_terminal_that_is_too_small_says_the_size_and_the_key():
    async with dashboard(size=(60, 20)) as seen:
        text = " ".join(seen.screen().split())
        assert "kerneltui needs 80x24; this terminal has 60x20." in text
        assert "Make it larger. q quits." in text
        await seen.resize(80, 24)
        await seen.press("c")
        await seen.resize(60, 20)
        assert "Esc ends typing, then q quits." in " ".join(seen.screen().split())
        await seen.press("escape", "q")
        assert seen.app.return_code == 0


@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_escape_from_the_dialog_of_g_says_where_the_machine_stands(size):
    async with dashboard(size=size, notifications=True, keys=["1"]) as seen:
        await seen.press("g", "escape")
        (said,) = notes(seen)
        assert said == "Nothing was changed. The machine stands at 0.008 636 630 s, as before."
        await seen.press("space")
        await seen.until(lambda: seen.now > 20_000_000)
        await seen.press("g")
        await seen.press("escape")
        (said,) = notes(seen)
        assert said.startswith("Nothing was changed. The machine was halted at 0.")
        assert said.endswith(" s; space runs it on.")
        assert not seen.app.runner.running
        await seen.press("6", "end", "space")
        await seen.press("h")
        await seen.press("escape")
        (said,) = notes(seen)
        assert said.startswith("The machine was halted at ")
