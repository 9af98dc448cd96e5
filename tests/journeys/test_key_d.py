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
