"""Textual's pilot, without its waiting for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.screen import Screen

from kerneltui.debugger.history import History
from kerneltui.tui.app import KernelTui

MOST_TURNS = 10_000
"""of the event loop, until the pilot asks each widget of an app that goes on by itself"""
_ask_each_widget = Pilot._wait_for_screen
_parse_rules = Stylesheet._parse_rules
_rules: dict[tuple[object, ...], list[RuleSet]] = {}
"""of each text and the variables in it"""


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


def _render_widgets(
    compositor: Compositor,
    full: bool = False,
    screen_stack: list[Screen] | None = None,
    simplify: bool = False,
) -> None:
    """Ask whatever is to be painted anew for its lines, as for an update of the terminal.

    Without a terminal Textual puts the update together and throws it away.
    """
    visible_screen_stack.set(screen_stack or [])
    dirty = [compositor.size.region] if full else [*compositor._dirty_regions]
    compositor._dirty_regions = set()
    for widget, (region, clip) in [*compositor.visible_widgets.items()] if dirty else []:
        shown = region.intersection(clip)
        if shown and any(item.overlaps(shown) for item in dirty):
            widget.render_lines(shown.translate(-region.offset))


def _parse_once(sheet: Stylesheet, *text: Any, **facts: Any) -> list[RuleSet]:
    """All apps of a process have the same style sheets: each is parsed once."""
    key = text, *sorted(facts.items()), *sorted(sheet._variables.items())
    if key not in _rules:
        _rules[key] = _parse_rules(sheet, *text, **facts)
    return _rules[key]


@contextmanager
def quick_pilot(*, prepares: bool = False) -> Iterator[None]:
    """Each pilot waits until the app has nothing to do at once.

    By itself it waits after each key until the process uses no processor time, up to a second while
    a machine runs.  A dashboard tells when it has painted; waiting for that is enough.

    The second machine, for going back, boots when it is needed, as where a person is quicker than a
    dashboard that prepares for that: whether it is there must not hang on how long a test takes.
    With ``prepares`` the dashboard does so.
    """
    prepare = History.prepare
    with (
        patch.object(History, "prepare", prepare if prepares else lambda _: None),
        patch.object(Compositor, "render_update", _render_widgets),
        patch.object(Stylesheet, "_parse_rules", _parse_once),
        patch("textual.app.wait_for_idle", _at_once),
        patch("textual.pilot.wait_for_idle", _at_once),
        patch.object(Pilot, "_wait_for_screen", _until_quiet),
    ):
        yield
