"""``d`` shows the signal path where it cannot be seen, and leaves it where it can."""

from __future__ import annotations

import pytest
from dashboard import dashboard


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 40)])
@pytest.mark.parametrize(
    ("panel", "zoom"), [("1", ()), ("2", ("z",)), ("5", ()), ("5", ("z",)), ("6", ("z",))]
)
async def test_d_always_changes_what_is_seen(size, panel, zoom):
    async with dashboard(size=size, with_path=True) as seen:
        path = seen.app.panels.path
        assert path.is_in_front
        await seen.press(panel, *zoom)
        before, shown = path.is_in_front, seen.displayed()
        await seen.press("d")
        assert path.is_in_front is not before
        assert seen.displayed() != shown
        await seen.press("d")
        assert path.is_in_front is before
        await seen.press("d")
        assert path.is_in_front is not before


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
@pytest.mark.parametrize(
    ("with_path", "said"),
    [
        (True, "The next start opens without the signal path; d shows it again."),
        (False, "The next start opens with the signal path; d hides it again."),
    ],
)
async def test_d_says_once_that_the_choice_lasts_and_how_to_come_back(size, with_path, said):
    chosen = []
    async with dashboard(
        size=size, with_path=with_path, notifications=True, on_path=chosen.append
    ) as seen:
        await seen.press("d")
        assert chosen == [not with_path]
        assert said in seen.screen()
        await seen.press("d")
        assert chosen == [not with_path, with_path]
        await seen.press("d")
        assert "The next start" not in seen.screen()


async def test_d_that_leads_back_to_the_path_chooses_nothing():
    chosen = []
    async with dashboard(
        size=(80, 24), with_path=True, keys=["2"], notifications=True, on_path=chosen.append
    ) as seen:
        await seen.press("d")
        assert seen.app.panels.path.is_in_front
        assert chosen == []
        assert "The next start" not in seen.screen()


async def test_d_says_nothing_of_a_choice_that_nobody_keeps():
    async with dashboard(with_path=True, notifications=True) as seen:
        await seen.press("d")
        assert "The next start" not in seen.screen()
