"""What takes long on the way to another moment says so, with how far it is, and Esc ends it."""

from __future__ import annotations

import pytest
from dashboard import booted, dashboard
from test_time_travel import endless

from kerneltui.sessions.saving import spec_of, text_of
from kerneltui.sessions.writing import write_atomically
from kerneltui.tui import runner

SIZES = pytest.mark.parametrize("size", [(140, 40), (80, 24)], ids=["140x40", "80x24"])
STORM = "fault-daif"
"""From 1.95 s on the core wakes again and again: half a second takes minutes."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(runner, "PATIENCE_S", 0.2)
    monkeypatch.setattr(runner, "LAP_S", 0.1)


def row(seen):
    return seen.screen().splitlines()[0].rstrip()


@SIZES
async def test_a_storm_on_the_way_to_a_time_tells_what_is_left(size):
    async with dashboard("rpi3", STORM, size=size) as seen:
        await seen.press("g")
        await seen.write("2.5s")
        await seen.press("enter")
        await seen.until(lambda: " left, Esc ends it" in row(seen))
        assert "time 2.5 s: about " in row(seen)
        await seen.press("escape")
        assert not seen.app.runner.running
        assert 1_950_000_000 < seen.now < 2_500_000_000
        assert "■ paused" in row(seen)


@SIZES
async def test_what_never_comes_tells_how_long_it_has_been_waited_for(size):
    async with dashboard("rpi3", STORM, size=size) as seen:
        await seen.press("n")
        await seen.until(lambda: " s so far, Esc ends it" in row(seen))
        assert "the next timer event: " in row(seen)
        await seen.press("escape")
        assert not seen.app.runner.running


@SIZES
async def test_a_search_of_the_past_tells_where_it_is(size):
    async with dashboard(size=size) as seen:
        seen.session.back = lambda goal: endless()
        await seen.press("I")
        await seen.until(lambda: "Esc ends it" in row(seen))
        assert "the last interrupt: at 0.000 s, Esc ends it" in row(seen)
        await seen.press("escape")
        assert not seen.app.runner.running


async def test_esc_ends_the_way_before_it_ends_typing_and_never_a_run():
    async with dashboard("rpi3", STORM) as seen:
        await seen.press("n", "c", "escape")
        await seen.until(lambda: not seen.app.runner.running)  # keys wait until it is their turn
        assert seen.app.keys_are_text
        await seen.press("escape", "space", "escape")
        assert not seen.app.keys_are_text
        assert seen.app.runner.running


async def test_a_saved_session_that_takes_long_to_open(tmp_path):
    saved, other = tmp_path / "a.session.yaml", booted("rpi4", "round-robin")
    other.run_until(12_000_000_000)
    write_atomically(saved, text_of(spec_of(other), saved))
    async with dashboard("rpi3", size=(80, 24)) as seen:
        before = seen.session
        seen.app.open_session_file(saved)
        await seen.until(lambda: "the saved moment: at " in row(seen))
        assert " s, Esc ends it" in row(seen)
        await seen.press("escape")
        assert not seen.app.runner.running
        await seen.pilot.pause(0.2)
        assert seen.session is before
        seen.app.open_session_file(saved)
        await seen.until(lambda: seen.session is not before)
        assert seen.session.here == other.here
        assert "rpi4" in row(seen)
    other.close()
