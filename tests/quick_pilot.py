"""Textual's pilot, without its waiting for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from textual.pilot import Pilot

from kerneltui.tui.app import KernelTui

MOST_TURNS = 10_000
"""of the event loop, until the pilot asks each widget of an app that goes on by itself"""
_ask_each_widget = Pilot._wait_for_screen


async def _until_quiet(pilot: Pilot[Any], timeout: float = 30.0) -> bool:
    """Until all that could go on at once has done so; what waits for a time may wait.

    The pilot would send a message to each widget and wait for all answers, which takes longer than
    most keys.  Where the app does not come to rest, as a machine runs, it has to.
    """
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    app = pilot.app
    quiet = 0
    for _ in range(MOST_TURNS):
        if isinstance(app, KernelTui) and app.runner.running:
            break
        await asyncio.sleep(0)
        quiet = 0 if ready else quiet + 1
        if quiet == 2:  # what came from outside in between has been seen
            return True
    return await _ask_each_widget(pilot, timeout)


async def _at_once(*_: float) -> None:
    await asyncio.sleep(0)


@contextmanager
def quick_pilot() -> Iterator[None]:
    """Each pilot waits until the app has nothing to do at once.

    By itself it waits after each key until the process uses no processor time, up to a second while
    a machine runs.  A dashboard tells when it has painted; waiting for that is enough.
    """
    with (
        patch("textual.app.wait_for_idle", _at_once),
        patch("textual.pilot.wait_for_idle", _at_once),
        patch.object(Pilot, "_wait_for_screen", _until_quiet),
    ):
        yield
