"""Keys that nobody presses by hand: those of the command line."""

from __future__ import annotations

import asyncio
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.events import Key
from textual.keys import Keys, _character_to_key, key_to_character

from kerneltui.errors import UserError, suggestion

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from kerneltui.tui.steering import Steering

COMMON_KEYS = ("enter", "escape", "space", "tab", "backspace", "up", "down", "pageup", "pagedown",
               "home", "end", "slash", "plus", "minus", "question_mark", "ctrl+p")  # fmt: skip
PAUSE_S = 0.01
CHARACTERS = {_character_to_key(item): item for item in string.punctuation + " "}
"""by the names of their keys"""
KEYS = {key.value for key in Keys} | set(COMMON_KEYS)


def check_keys(keys: Sequence[str]) -> None:
    """Raises :class:`UserError` for one that there is not."""
    for key in keys:
        name = key.rpartition("+")[2]
        if len(key) > 1 and len(name) > 1 and name not in KEYS:
            raise UserError(f"unknown key '{key}'{suggestion(key, COMMON_KEYS)}")


def is_on_its_way(app: Steering) -> bool:
    """Whether a goal is pursued that will be reached."""
    return app.runner.is_bound


async def press(pilot: Pilot[int], app: Steering, keys: Sequence[str]) -> None:
    """Press keys one after another, each when the one before has reached its goal."""
    await pilot.pause()
    for key in keys:
        await pilot.press(key)
        while is_on_its_way(app):
            await pilot.pause(PAUSE_S)
    await pilot.pause()


async def press_on_screen(app: Steering, keys: Sequence[str]) -> None:
    """The same in a terminal, each when the picture before has been drawn."""
    for key in keys:
        name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
        app.post_message(Key(name, CHARACTERS.get(name) or key_to_character(name)))
        await asyncio.sleep(PAUSE_S)
        while is_on_its_way(app) or app.frames.is_asked:
            await asyncio.sleep(PAUSE_S)
