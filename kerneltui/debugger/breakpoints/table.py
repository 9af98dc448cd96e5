"""The breakpoints of a session."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kerneltui.debugger.breakpoints.breakpoint import (
    NO_NUMBER,
    Breakpoint,
    BreakpointHit,
    FoundHits,
)

if TYPE_CHECKING:  # who sets none does not wait for them
    from kerneltui.debugger.breakpoints.search import BackwardSearch
    from kerneltui.debugger.breakpoints.sentry import Sentry
    from kerneltui.debugger.history import History
    from kerneltui.machine.machine import Machine
    from kerneltui.machine.position import Position


class Breakpoints:
    """By number, from 1, in the order in which they were set.  A number is given once."""

    def __init__(self) -> None:
        self._items: dict[int, Breakpoint] = {}
        self._goal: Breakpoint | None = None
        self._last = 0
        self._sentry: Sentry | None = None
        self._search: BackwardSearch | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[tuple[int, Breakpoint]]:
        return iter(self._items.items())

    def __getitem__(self, number: int) -> Breakpoint:
        return self._items[number]

    def get(self, number: int) -> Breakpoint | None:
        """The one of that number; None where there is none (any more)."""
        return self._items.get(number)

    @property
    def enabled(self) -> dict[int, Breakpoint]:
        """Those that are, and the goal of a run, if there is one, as :data:`NO_NUMBER`."""
        found = {number: item for number, item in self if item.enabled}
        return found if self._goal is None else {**found, NO_NUMBER: self._goal}

    def number_of(self, item: Breakpoint) -> int | None:
        """The one that waits for the same on the same core; None where none does."""
        wanted = item.what, item.core
        found = (number for number, known in self if (known.what, known.core) == wanted)
        return next(found, None)

    def add(self, machine: Machine, item: str | Breakpoint) -> int:
        """Set one; answers its number.  Raises :class:`BreakpointError`."""
        from kerneltui.debugger.breakpoints.grammar import bind, parse_breakpoint

        if isinstance(item, str):
            item = parse_breakpoint(item)
        bind(machine, self._last + 1, item)
        self._last += 1
        self._items[self._last] = item
        self._sentry = None
        return self._last

    def run_to(self, machine: Machine, text: str) -> None:
        """Have a run end at something that is no breakpoint of the list.

        Raises :class:`BreakpointError`.
        """
        from kerneltui.debugger.breakpoints.grammar import bind, parse_breakpoint

        goal = parse_breakpoint(text)
        bind(machine, NO_NUMBER, goal)
        self._goal = goal
        self._sentry = None

    def forget_run_to(self) -> None:
        """That run has ended."""
        if self._goal is not None:
            self._goal = self._sentry = None

    def put(self, machine: Machine, number: int, item: str | Breakpoint) -> None:
        """Another one in place of that of a number.  Raises :class:`BreakpointError`."""
        from kerneltui.debugger.breakpoints.grammar import bind, parse_breakpoint

        if isinstance(item, str):
            item = replace(parse_breakpoint(item), enabled=self._items[number].enabled)
        bind(machine, number, item)
        self._items[number] = item
        self._sentry = None

    def toggle(self, number: int) -> None:
        """Enable one, or disable it."""
        item = self._items[number]
        self._items[number] = replace(item, enabled=not item.enabled)
        self._sentry = None

    def remove(self, number: int) -> None:
        """Delete one."""
        del self._items[number]
        self._sentry = None

    def clear(self) -> None:
        """Delete all."""
        self._items.clear()
        self._goal = None
        self._sentry = None

    def were_hit(self, hits: Sequence[BreakpointHit]) -> None:
        """Those that were to be hit once are deleted, and so is the goal of a run."""
        for hit in hits:
            if hit.number == NO_NUMBER:
                self.forget_run_to()
            elif hit.breakpoint.once and hit.number in self._items:
                self.remove(hit.number)

    @property
    def passed_over(self) -> int:
        """How many hits the last search in the past has found and, as it should, ignored."""
        return 0 if self._search is None else self._search.passed_over

    # -- at work ----------------------------------------------------------------------------------

    def sentry(self, machine: Machine) -> Sentry | None:
        """Who watches a machine for the enabled ones; None where there are none."""
        enabled = self.enabled
        if not enabled:
            return None
        if self._sentry is None or self._sentry.machine is not machine:
            from kerneltui.debugger.breakpoints.search import sentry_for

            self._sentry = sentry_for(machine, enabled)
        return self._sentry

    def search(
        self, history: History, before: Position
    ) -> Generator[Position, None, FoundHits | None]:
        """Where an enabled one was hit last before a moment; None where none was.

        Yields after each stretch of the past that has been searched, with where that began.
        """
        if not self.enabled:
            return None
        from kerneltui.debugger.breakpoints.search import BackwardSearch

        if self._search is None or not self._search.is_for(history, self.enabled):
            self._search = BackwardSearch(history, self.enabled)
        return (yield from self._search.run(before))
