"""One key after another, each when the one before has done what it does.

A key goes from the focused widget up to the app, and what it opens stands a moment later.  A key
that waits meanwhile, as over a slow line or where somebody types fast, would go to what has been
there before.  Here it waits for its turn.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from textual.events import Event, Key, MouseDown, MouseUp, Paste
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widgets import Input

from kerneltui.tui.commands import BY_IDENT, COMMANDS, CURSOR_KEYS
from kerneltui.tui.pointing import Pointing

MOST_TICKS = 20
"""A turn that has not ended by then counts as over: no key waits for ever.

The app ticks twenty times a second, but not while something takes long: that is no standstill.
"""
MOST_WAVES = 6
"""from the focused widget up to the app, while messages wait on the way"""
HELD_KEYS = frozenset(CURSOR_KEYS) | {
    item.key for item in COMMANDS if item.group in {"Stepping", "Stepping back"}
} - {BY_IDENT["go_to"].key}
"""They can be held down, and lead nowhere else."""


class InTurn(Pointing):
    """Stands before the app's own base class."""

    _turn: Event | None = None
    """what is being dealt with; of a key that is held down, the last one"""
    _ticks = 0
    """since it began"""
    _began_on: Screen[Any] | None = None
    _wave: object = None
    """what waits for the end of the turn"""
    _ahead: deque[Event]
    """what has come since"""

    if TYPE_CHECKING:  # the app's

        @property
        def keys_are_text(self) -> bool:
            """Whether somebody types."""

    def begin_turns(self) -> None:
        """Before the first event."""
        self._ahead = deque()

    def is_typed_ahead(self) -> bool:
        """Whether a key waits for its turn."""
        return bool(self._ahead)

    async def on_event(self, event: Event) -> None:
        """As Textual does, in turn."""
        if not isinstance(event, Key | Paste | MouseDown | MouseUp) or event.is_forwarded:
            await super().on_event(event)
        elif self._turn is None or self._goes_on(event):
            await self._take(event)
        else:
            self._ahead.append(event)

    def _goes_on(self, event: Event) -> bool:
        """Whether it belongs to the present turn: a key that is held down, a double click."""
        is_held = isinstance(event, MouseDown | MouseUp) or (
            isinstance(event, Key) and event.key in HELD_KEYS
        )
        return is_held and not self._ahead and _is_alike(event, self._turn)

    async def _take(self, event: Event) -> None:
        if self._is_text(event):
            await super().on_event(event)
            return
        begins = self._turn is None
        self._turn, self._ticks = event, 0
        target: MessagePump = self.focused or self.screen
        if begins:
            self._began_on = self.screen
        await super().on_event(event)
        if isinstance(event, MouseDown | MouseUp):
            target = self._mouse_down_widget or self.screen
        if begins:
            self._wait_behind(target, event)

    def _is_text(self, event: Event) -> bool:
        """A letter goes where the one before has gone, and leads nowhere else."""
        is_text = self.keys_are_text or isinstance(self.focused, Input)
        return is_text and isinstance(event, Key) and event.is_printable

    def _wait_behind(self, first: MessagePump, event: Event, number: int = 1) -> None:
        """Until ``first`` and all above it have dealt with the event, and with what that sent.

        What a key means is known at the top, and there it can begin below anew: Enter in a box of
        text sends from there that the text is complete.
        """
        is_more, began_on = number == 1, self._front()
        self._wave = wave = object()

        def go_on(pump: MessagePump | None) -> None:
            nonlocal is_more
            while pump is not None:
                above = pump._parent  # noqa: SLF001 - where it goes on to
                is_more = is_more or pump.message_queue_size > 0
                if above is not None and above.call_later(go_on, above):
                    return
                pump = above
            if wave is not self._wave:
                return  # that took too long
            has_changed = self._front() is not began_on
            if (is_more or has_changed) and number < MOST_WAVES:
                again = (self.focused or self._front()) if has_changed else first
                self._wait_behind(again or self, event, number + 1)
            elif self._waiting:  # it acts on what has to be laid out first
                self._waiting = *self._waiting, lambda: self._wait_for_screen(event)
            else:
                self._wait_for_screen(event)

        if not first.call_later(go_on, first):
            go_on(first)

    def _front(self) -> Screen[Any] | None:
        """The screen that keys go to; None while the app leaves."""
        return self.screen_stack[-1] if self.screen_stack else None

    def _wait_for_screen(self, event: Event) -> None:
        """Until what has been opened is there and has the focus."""
        wave = self._wave

        def is_there() -> None:
            if wave is self._wave:
                self.call_later(self._end_turn, event)

        if not (self.screen_stack and self.screen.call_later(is_there)):
            is_there()

    async def _end_turn(self, event: Event) -> None:
        if self._turn is not None and event is not self._turn:
            self._wait_behind(self.focused or self.screen, self._turn)  # the key has been held
            return
        self._turn = None
        if self.screen_stack and self.screen is not self._began_on:
            while self._ahead and _is_alike(self._ahead[0], event):
                self._ahead.popleft()  # pressed twice, it was meant once
        while self._ahead and self._turn is None:
            await self._take(self._ahead.popleft())

    async def end_long_turn(self) -> None:
        """To be called at each tick: what is dealt with may have gone with its widget."""
        self._ticks += 1
        if self._turn is not None and self._ticks > MOST_TICKS:
            self._wave = None
            await self._end_turn(self._turn)


def _is_alike(event: Event, before: Event | None) -> bool:
    if isinstance(event, Key):
        return isinstance(before, Key) and event.key == before.key
    if isinstance(event, Paste):
        return False
    return isinstance(before, MouseDown | MouseUp)
