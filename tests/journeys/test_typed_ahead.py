"""Keys that come in one packet, as over a slow line, do what they do one by one."""

from __future__ import annotations

import pytest
from dashboard import booted, dashboard

from kerneltui.tui import in_turn
from kerneltui.tui.pressing import press_on_screen
from kerneltui.tui.screens.why import WhyScreen

SEQUENCES = (
    "g ctrl+u 0 . 3 s enter",
    "2 end up w e",
    "w m",
    "w b escape 6",
    "o down down enter n",
    "question_mark escape n",
    "slash I S E N enter e 1 enter",
    "c h i escape n",
    "d right right left 2",
    "m l a t e tab n less_than_sign enter",
    "2 down down b n n",
    "z 3 z 2 down e enter",
    "ctrl+p t h e m e",
    "u 1 s tab x enter",
)


@pytest.mark.parametrize("keys", SEQUENCES)
async def test_a_packet_of_keys_does_what_they_do_one_by_one(keys):
    seen_last = []
    for at_once in (False, True):
        async with dashboard(session=booted("rpi4", "fault-pmr"), size=(100, 30)) as seen:
            if at_once:
                await seen.burst(*keys.split())
            else:
                for key in keys.split():
                    await seen.press(key)
            await seen.arrived()
            said = [str(item.message) for item in seen.app._notifications]
            seen_last.append((seen.now, said, seen.screen()))
    assert seen_last[0] == seen_last[1]


async def test_keys_of_the_command_line_are_letters_too_where_somebody_writes():
    async with dashboard() as seen:
        await press_on_screen(
            seen.app, ["/", "A", "minus", "/", "plus", "-", "[", "space", "_", "1"]
        )
        assert seen.app.filter_box.value == "A-/+-[ _1"


async def test_a_key_whose_end_nobody_sees_holds_the_others_up_for_a_moment_only(monkeypatch):
    monkeypatch.setattr(in_turn, "MOST_TICKS", 2)
    async with dashboard() as seen:
        seen.app._wait_behind = lambda *_: None
        await seen.burst("2", "w")
        await seen.until(lambda: isinstance(seen.app.screen, WhyScreen))
        assert seen.current() == 2


async def test_a_line_feed_is_an_enter_but_for_the_board():
    async with dashboard() as seen:
        await seen.press("g", *"0.3s", "ctrl+j")
        await seen.arrived()
        assert seen.now == 300_000_000
        await seen.press("c", "ctrl+j", "ä")
        assert [item.given for item in seen.session.history.inputs] == [b"\n", b"?"]
        assert any("ASCII" in str(item.message) for item in seen.app._notifications)
