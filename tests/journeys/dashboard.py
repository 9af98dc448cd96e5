"""A hand on the dashboard's keys and an eye on its screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any

from panel_classes import PANELS
from quick_pilot import quick_pilot
from textual.command import CommandPalette
from textual.events import Key, MouseDown, MouseMove, MouseUp
from textual.keys import key_to_character
from textual.pilot import Pilot

from kerneltui.debugger.session import Session
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.app import KernelTui
from kerneltui.tui.offers import OfferKind
from kerneltui.tui.panels import Panel
from kerneltui.tui.pressing import CHARACTERS
from kerneltui.tui.screens.dialog import Chooser
from kerneltui.tui.screens.welcome import WelcomeScreen
from kerneltui.tui.widgets.bar import Bar
from kerneltui.tui.widgets.lines import about, line_text

REGISTERS, INTERRUPTS, QUEUE, CONSOLE, CPU, TRACE, TIMERS = range(1, 8)
REPLACED_KEYS = {"/": "slash", "[": "left_square_bracket", "]": "right_square_bracket",
                 " ": "space", "?": "question_mark", "+": "plus", "-": "minus"}  # fmt: skip
SOURCE = 14
LONGEST_WAIT = 400
"""Pauses of the pilot before a condition is given up."""
LONGEST_PAINTING = 100
"""Pauses until a screen that is painted again and again counts as painted."""


def keys_to(kind: type[Panel]) -> list[str]:
    """The keys that show a panel first: its own, again for each of those before it."""
    sharing = [item for item in PANELS if item.KIND.key == kind.KIND.key]
    return [kind.KIND.key] * (sharing.index(kind) + 1)


def booted(board: str = "rpi4", scenario: str = "timer-callbacks") -> Session:
    """A session at its first idle."""
    session = open_session(board, scenario)
    session.boot()
    return session


class Dashboard:
    """The running app."""

    def __init__(self, app: KernelTui, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def session(self) -> Session:
        return self.app.session

    @property
    def now(self) -> int:
        return self.session.machine.now

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
        await self.painted()

    async def burst(self, *keys: str) -> None:
        """Keys that come in one packet: nothing is painted between them."""
        driver = self.app._driver
        assert driver is not None
        for key in keys:
            name = REPLACED_KEYS.get(key, key)
            driver.send_message(Key(name, CHARACTERS.get(name) or key_to_character(name)))
        await self.painted()
        await self.painted()

    async def click(
        self, column: int, row: int, times: int = 1, *, ctrl: bool = False, button: int = 1
    ) -> None:
        """Click on a cell of the screen, or several times at once; by default with the left."""
        width, height = self.app.size
        driver = self.app._driver
        assert driver is not None
        place = (min(column, width - 1), min(row, height - 1))
        for _ in range(times):
            for event in (MouseMove, MouseDown, MouseUp):
                held = 0 if event is MouseMove else button
                driver.send_message(event(None, *place, 0, 0, held, False, False, ctrl, *place))
        await self.painted()
        await self.painted()

    async def click_on(self, words: str, *, ctrl: bool = False, times: int = 1) -> None:
        """Click on words that the screen shows; the first such place."""
        rows = self.screen().splitlines()
        row = next(n for n, text in enumerate(rows) if words in text)
        await self.click(rows[row].index(words), row, times, ctrl=ctrl)

    async def painted(self) -> None:
        """Until everything that has happened is on the screen, or the app has ended."""
        for _ in range(LONGEST_PAINTING):
            await self.pilot.pause()
            await self.pilot._wait_for_screen()  # what the painting has set going
            screen = self.app.screen_stack[-1] if self.app.is_running else None
            if screen is None or not (
                screen._layout_required
                or screen._dirty_widgets
                or screen._callbacks
                or self.app.is_typed_ahead()
                or self.app.frames.is_asked
            ):
                return
            await asyncio.sleep(0.005)

    async def write(self, text: str) -> None:
        names = {**REPLACED_KEYS, "_": "underscore"}
        await self.press(*(names.get(letter, letter) for letter in text))

    async def resize(self, width: int, height: int) -> None:
        await self.pilot.resize_terminal(width, height)
        await self.painted()
        await self.painted()

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(LONGEST_WAIT):
            if condition():
                return
            await asyncio.sleep(0.02)
            await self.painted()
        raise AssertionError(f"waited in vain; the screen says\n{self.screen()}")

    async def arrived(self) -> None:
        """Until the goal of a stepping key has been reached."""
        await self.until(lambda: not self.app.runner.running)
        await self.painted()

    async def go(self, *keys: str) -> None:
        """Press stepping keys, each when the one before has reached its goal."""
        for key in keys:
            await self.press(key)
            await self.arrived()

    async def open(self, name: str, kind: OfferKind = OfferKind.SCENARIO) -> None:
        """Open a scenario, or something else, with the key o."""
        await self.press("o")
        await self.until(lambda: isinstance(self.app.screen, WelcomeScreen))
        screen = self.app.screen
        assert isinstance(screen, WelcomeScreen)
        screen.query_one(Chooser).highlighted = screen.place_of(kind, name)
        await self.press("enter")
        await self.until(lambda: not isinstance(self.app.screen, WelcomeScreen))

    async def choose_in_palette(self, words: str) -> None:
        """Search the palette for ``words`` and take the first match."""
        await self.press("ctrl+p")
        await self.write(words)
        await self.until(lambda: len(self.app.screen.query("OptionList").first().options) > 0)
        await self.press("enter")
        await self.until(lambda: not self.palette_open())

    def palette_open(self) -> bool:
        return any(isinstance(screen, CommandPalette) for screen in self.app.screen_stack)

    def screen(self) -> str:
        """All characters on the screen."""
        rows = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in row) for row in rows)

    def status(self) -> str:
        return self.app.screen_stack[0].query_one("#status", Bar).text

    def tabs(self) -> str:
        return self.app.screen_stack[0].query_one("#tabs", Bar).text

    def footer(self) -> str:
        """What the bar at the bottom offers."""
        return " ".join(self.app.screen_stack[0].query_one("#commands", Bar).text.split())

    def commands(self) -> list[str]:
        """What the bar at the bottom offers: the keys and the words of each command."""
        line = self.app.screen_stack[0].query_one("#commands", Bar).line
        grouped = groupby(line, lambda piece: about(piece) is not None)
        return [
            "".join(text for text, *_ in pieces) for is_command, pieces in grouped if is_command
        ]

    def lines(self, panel: int) -> list[str]:
        """What a panel holds."""
        return [line_text(line) for line in self.app.panels.numbered(panel).lines]

    def line(self, panel: int, words: str) -> str:
        """The one line of a panel that contains ``words``; ``""`` when none does."""
        found = [line for line in self.lines(panel) if words in line]
        assert len(found) <= 1, found
        return found[0] if found else ""

    def displayed(self) -> list[int]:
        """The numbers of the panels on the screen; none where that is too small for any."""
        if self.app.screen_stack[0].query_one("#too-small").display:
            return []
        return [
            panel.KIND.number
            for panel in self.app.panels.made
            if panel.display and panel.size.width
        ]

    def current(self) -> int:
        marked = [
            panel.KIND.number for panel in self.app.panels.made if panel.has_class("-current")
        ]
        assert len(marked) == 1, marked
        return marked[0]

    def console(self) -> list[str]:
        return self.session.recorder.console.lines()


@asynccontextmanager
async def dashboard(
    board: str = "rpi4",
    scenario: str = "timer-callbacks",
    *,
    size: tuple[int, int] = (140, 40),
    notifications: bool = False,
    session: Session | None = None,
    keys: Sequence[str] = (),
    with_path: bool = False,
    prepares: bool = False,
    **options: Any,
) -> AsyncIterator[Dashboard]:
    """The dashboard in a terminal of ``size``, after ``keys``; with all panels, or the path."""
    app = KernelTui(session or booted(board, scenario), with_path=with_path, **options)
    app.animation_level = "none"
    with quick_pilot(prepares=prepares):
        async with app.run_test(size=size, notifications=notifications) as pilot:
            hand = Dashboard(app, pilot)
            await hand.press(*keys)
            yield hand
    app.session.close()
