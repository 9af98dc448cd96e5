"""Pictures of the dashboard, without a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.keys import Keys

from kerneltui.debugger.session import Session
from kerneltui.errors import UserError, suggestion
from kerneltui.tui.app import KernelTui
from kerneltui.tui.themes import theme_names

COMMON_KEYS = ("enter", "escape", "space", "tab", "backspace", "up", "down", "pageup", "pagedown",
               "home", "end", "slash", "plus", "minus", "question_mark", "ctrl+p")  # fmt: skip
KEYS = {key.value for key in Keys} | set(COMMON_KEYS)


def take(session: Session, size: tuple[int, int], theme: str = "", keys: Sequence[str] = ()) -> str:
    """An SVG of the dashboard over ``session`` at ``size`` (columns, rows), after ``keys``."""
    if theme and theme not in theme_names():
        raise UserError(f"unknown theme '{theme}'{suggestion(theme, theme_names())}")
    for key in keys:
        if len(key) > 1 and key.rpartition("+")[2] not in KEYS and len(key.rpartition("+")[2]) > 1:
            raise UserError(f"unknown key '{key}'{suggestion(key, COMMON_KEYS)}")
    return asyncio.run(_take(KernelTui(session, theme=theme), size, keys))


async def _take(app: KernelTui, size: tuple[int, int], keys: Sequence[str]) -> str:
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        return app.export_screenshot(title="kerneltui")
