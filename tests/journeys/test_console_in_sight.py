"""Where the path is alone on the screen, what the board printed last stays in sight."""

from __future__ import annotations

import pytest
from dashboard import dashboard

from kerneltui.tui.panels.path import UART

PRINTED = "] Periodic 1 sec"


def seen_rows(seen):
    """The rows of the path that can be seen, with its lower border."""
    region = seen.app.panels.path.region
    return seen.screen().splitlines()[region.y : region.bottom]


@pytest.mark.parametrize("taken", range(12))
async def test_a_box_of_any_size_below_it_leaves_the_last_line(taken):
    async with dashboard(size=(80, 24), with_path=True) as seen:
        path = seen.app.panels.path
        for key in "n", ".", ".", "n":
            await seen.go(key)
            path.styles.max_height = 24 - 3 - taken
            await seen.painted()
            last = [row for row in seen_rows(seen) if PRINTED in row]
            assert last, seen.screen()
            if "UART console" not in seen.screen():
                assert UART in last[-1]


async def test_empty_rows_and_the_strip_of_time_go_first():
    async with dashboard(size=(80, 24), with_path=True) as seen:
        path = seen.app.panels.path
        await seen.go("n")
        steps = [row for row in seen_rows(seen) if any(f"{n} " in row[:9] for n in range(1, 7))]
        path.styles.max_height = 24 - 3 - 7
        await seen.painted()
        rows = seen_rows(seen)
        assert all(any(step[:40] in row for row in rows) for step in steps)
        assert "now ├" not in "".join(rows)
        assert PRINTED in rows[-2]


async def test_where_even_that_is_too_little_the_border_says_it():
    async with dashboard(size=(80, 24), with_path=True) as seen:
        path = seen.app.panels.path
        await seen.go("n")
        path.styles.max_height = 8
        await seen.painted()
        assert PRINTED in seen_rows(seen)[-1]


async def test_beside_the_console_it_says_nothing_of_it():
    async with dashboard(size=(100, 30), with_path=True, keys=["n"]) as seen:
        assert PRINTED not in "".join(seen_rows(seen))
