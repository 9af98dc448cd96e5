"""Console and trace follow their end, whatever sizes the terminal and the panel have had."""

from __future__ import annotations

import pytest
from dashboard import dashboard

SIZES = [(140, 40), (100, 30), (140, 40), (80, 24), (120, 50), (100, 30), (140, 40)]


def shows_end(panel):
    """The last line is in view."""
    assert panel.size.height
    return panel.scroll_offset.y + panel.size.height >= len(panel.lines)


@pytest.mark.parametrize(("board", "with_path"), [("rpi4", True), ("x86", False)])
async def test_the_console_goes_on_following_after_other_sizes(board, with_path):
    async with dashboard(board, size=SIZES[0], with_path=with_path) as hand:
        console = hand.app.panels.console
        seen = 0
        for size in SIZES[1:]:
            await hand.resize(*size)
            if console.is_in_front:
                assert shows_end(console), size
            await hand.press("n")
            await hand.arrived()
            if console.is_in_front:
                assert shows_end(console), size
                seen += 1
        assert seen >= 3 - (not with_path)


async def test_the_trace_shows_its_newest_row_after_zoom():
    async with dashboard("rpi4", keys=["6"]) as hand:
        trace = hand.app.panels.trace
        for key in ("n", "z", "n", "z", "n", "N", "z", "z", "d", "n", "d"):
            await hand.press(key)
            await hand.arrived()
            if trace.is_in_front:
                assert shows_end(trace), key


async def test_who_reads_further_up_is_not_taken_to_the_end():
    async with dashboard("x86", keys=["4", *["n"] * 6]) as hand:
        await hand.arrived()
        console = hand.app.panels.console
        console.scroll_to(y=2, animate=False, force=True, immediate=True)
        await hand.painted()
        await hand.press("1", "n")
        await hand.arrived()
        await hand.resize(140, 38)
        await hand.press("n")
        await hand.arrived()
        assert console.scroll_offset.y == 2
        await hand.press("4", "end", "n")
        await hand.arrived()
        assert shows_end(console)
