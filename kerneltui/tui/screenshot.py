"""Pictures of the dashboard, and its screen as plain text, without a terminal."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from kerneltui.debugger.session import Session
from kerneltui.errors import UserError, suggestion
from kerneltui.tui.app import KernelTui
from kerneltui.tui.pressing import check_keys, press
from kerneltui.tui.themes import theme_names

SIZE = (140, 40)
Size = tuple[int, int]
"""Columns and rows."""


def rows(app: KernelTui) -> list[str]:
    """The screen of a running app, a text for each row, without blanks at their ends."""
    width, height = app.size
    console = Console(
        width=width, height=height, file=io.StringIO(), force_terminal=True, record=True,
        legacy_windows=False,
    )  # fmt: skip
    # The same update that Textual makes its own pictures from; it has no public name.
    compositor = app.screen._compositor  # noqa: SLF001
    behind = app._background_screens  # noqa: SLF001
    console.print(compositor.render_update(full=True, screen_stack=behind))
    found = [row.rstrip() for row in console.export_text().split("\n")]
    return [*found, *[""] * height][:height]


def screen_text(
    session: Session, size: Size = SIZE, keys: Sequence[str] = (), theme: str = ""
) -> str:
    """The dashboard's screen after ``keys``: as many lines as ``size`` has rows.

    Blanks at the ends of lines are left out.  ``session`` has been booted.  Raises
    :class:`UserError` for an unknown key or theme.
    """
    return _taken(session, size, keys, theme, lambda app: "\n".join([*rows(app), ""]))


def picture(session: Session, size: Size = SIZE, keys: Sequence[str] = (), theme: str = "") -> str:
    """The same as an SVG."""
    return _taken(session, size, keys, theme, lambda app: app.export_screenshot(title="kerneltui"))


FORMATS: dict[str, Callable[..., str]] = {".svg": picture, ".txt": screen_text}
"""What a file gets, by its ending."""


def format_of(output: Path) -> Callable[..., str]:
    """What makes the content of a file; ``-`` is plain text.  Raises :class:`UserError`."""
    if str(output) == "-":
        return screen_text
    made = FORMATS.get(output.suffix.lower())
    if made is None:
        known = " or ".join(FORMATS)
        raise UserError(f"{output}: a screenshot's name ends in {known}, or is - for plain text")
    return made


def _taken(
    session: Session, size: Size, keys: Sequence[str], theme: str, take: Callable[[KernelTui], str]
) -> str:
    if theme and theme not in theme_names():
        raise UserError(f"unknown theme '{theme}'{suggestion(theme, theme_names())}")
    check_keys(keys)
    return asyncio.run(_drive(KernelTui(session, theme=theme), size, keys, take))


async def _drive(
    app: KernelTui, size: Size, keys: Sequence[str], take: Callable[[KernelTui], str]
) -> str:
    async with app.run_test(size=size) as pilot:
        await press(pilot, app, keys)
        return take(app)
