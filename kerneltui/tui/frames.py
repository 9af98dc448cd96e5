"""When the screen is drawn anew: one view and one frame for all that came in since the last one.

A key changes the machine at once; the view is taken when no further key waits.  What a person types
ahead is carried out.  A held key, or a burst of one key, is not carried out beyond what fits into
the time of a frame, so that the screen keeps up with the machine.
"""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable
from time import perf_counter
from typing import Any

from textual.app import App

VIEWS_PER_S = 20
"""while the machine runs"""
FRAME_S = 1 / 30
"""So long may repeats of a command go on before their frame is drawn."""
TYPED_AHEAD = 8
"""So many repeats of a command are carried out in any case."""
HELD_S = 1.0
"""A key that comes again within that time may be held down."""
LONGEST_STILL_S = 0.4
"""Views are so far apart while time passes and nothing happens: counters show that they count."""
LONGEST_SAME_TIME_S = 0.095
"""The clock in the bar is drawn so often meanwhile."""


class Frames:
    """See the module.

    ``draw`` takes a view and shows it; ``draw_time`` shows the clock alone; ``is_typed_ahead``
    tells whether keys wait for their turn.
    """

    def __init__(
        self,
        app: App[Any],
        draw: Callable[[], None],
        draw_time: Callable[[], None],
        is_typed_ahead: Callable[[], bool],
    ) -> None:
        self._app = app
        self._is_typed_ahead = is_typed_ahead
        self.draw = draw
        self.draw_time = draw_time
        self._asked_at: float | None = None
        self._happened: tuple[int, ...] = ()
        self._viewed_at = self._timed_at = 0.0
        self._command: object = None
        self._repeats = 0
        self._idle_key = ("", 0.0)

    def ask(self) -> None:
        """The present picture is out of date."""
        if self._asked_at is None:
            self._asked_at = perf_counter()
            self._wait()

    @property
    def is_asked(self) -> bool:
        """Whether a picture is due."""
        return self._asked_at is not None

    def catch_up(self) -> None:
        """Draw at once what is due: the next key is about what it shows."""
        if self.is_asked:
            self._draw()

    def has_room_for(self, command: object) -> bool:
        """Whether to carry ``command`` out, or to drop it as one repeat too many in this frame."""
        if not self.is_asked or command != self._command:
            self._repeats = 0
        self._command = command
        self._repeats += 1
        if self._repeats <= TYPED_AHEAD or self._asked_at is None:
            return True
        return perf_counter() - self._asked_at < FRAME_S

    def is_repeated(self, key: str) -> bool:
        """Whether a key that means nothing came just now too: a held one is told of once."""
        now, before = perf_counter(), self._idle_key
        self._idle_key = key, now
        return key == before[0] and now - before[1] < HELD_S

    def _wait(self) -> None:
        """Draw when no key waits any more, or has waited for the time of a frame."""
        app = self._app
        if not app.screen_stack:
            return  # leaving
        pumps = (app, app.screen, app.focused)
        waiting = self._is_typed_ahead() or any(pump.message_queue_size for pump in pumps if pump)
        if waiting and self._asked_at is not None and perf_counter() - self._asked_at < FRAME_S:
            get_running_loop().call_soon(self._wait)
        else:
            app.call_next(self._draw)

    def _draw(self) -> None:
        if self._asked_at is None:
            return  # something has drawn it already
        self.draw()
        self._asked_at = None

    def tick(self, happened: tuple[int, ...]) -> None:
        """While the machine runs, see whether there is anything new to show.

        ``happened`` differs from the one before if anything but the passing of time has happened.
        """
        now = perf_counter()
        if happened != self._happened or now - self._viewed_at >= LONGEST_STILL_S:
            self._happened = happened
            self._viewed_at = self._timed_at = now
            self.ask()
        elif now - self._timed_at >= LONGEST_SAME_TIME_S:
            self._timed_at = now
            self.draw_time()
