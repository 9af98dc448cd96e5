"""Where breakpoints were hit before a moment: the scout runs stretches of the past again.

Stretches in which no breakpoint can have been hit are left out, as far as that is known: where none
of the addresses was accessed that all of them wait for.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from msgspec.structs import replace

from kerneltui.debugger.breakpoints.breakpoint import Breakpoint, BreakpointHit, FoundHits
from kerneltui.debugger.breakpoints.grammar import LONGEST, bind
from kerneltui.debugger.breakpoints.sentry import Sentry
from kerneltui.debugger.history import History
from kerneltui.debugger.traveller import Traveller
from kerneltui.debugger.watch import Address
from kerneltui.machine.core import StopReason
from kerneltui.machine.machine import Machine
from kerneltui.machine.position import Position


def sentry_for(machine: Machine, items: Mapping[int, Breakpoint]) -> Sentry:
    """Who watches a machine for some breakpoints, by number."""
    return Sentry(machine, [bind(machine, *item) for item in items.items()])


class BackwardSearch:
    """For some breakpoints, by number."""

    def __init__(self, history: History, items: Mapping[int, Breakpoint]) -> None:
        self._history = history
        self._items = dict(items)
        # How many hits are passed over depends on where the search begins.
        self._plain = {number: replace(item, ignore=0) for number, item in items.items()}
        self._places = sentry_for(history.machine, self._plain).places
        self._left = {number: item.ignore for number, item in items.items()}
        """how many hits of each are still to be passed over"""
        self._cuts = history.cuts
        self._known: tuple[Position, Position, list[FoundHits]] | None = None
        """a stretch that has been searched: from where to where, and all hits in it"""
        self._since: Position | None = None

    def is_for(self, history: History, items: Mapping[int, Breakpoint]) -> bool:
        """Whether what it knows is true of these, and of the past as it is now."""
        return (history, history.cuts, items) == (self._history, self._cuts, self._items)

    @property
    def passed_over(self) -> int:
        """How many hits the last search has found and ignored."""
        return sum(item.ignore - self._left[number] for number, item in self._items.items())

    def run(self, before: Position) -> Generator[Position, None, FoundHits | None]:
        """Where one was hit last before a moment; None where none was.

        Yields after each stretch that has been searched, with where that began.
        """
        self._left = {number: item.ignore for number, item in self._items.items()}
        if self._known is not None:
            since, until, hits = self._known
            if since < before <= until:
                found = self._last_that_counts([item for item in hits if item.position < before])
                if found:
                    return found[0]
                before = since
        self._until = before
        found = yield from self._history.look_back(self._may_be_in, self._look, before)
        return found[0] if found else None

    def _may_be_in(self, accessed: frozenset[Address] | None) -> bool:
        places = self._places
        return accessed is None or places is None or not accessed.isdisjoint(places)

    def _look(self, scout: Traveller, until: Position) -> list[FoundHits]:
        """All hits from where the scout stands to ``until``; those that count are answered."""
        sentry = sentry_for(scout.machine, self._plain)
        total = scout.recorded.console if scout.recorded is not None else 0
        sentry.start(self._history.recorder.console.before(total, LONGEST))
        since = scout.machine.position
        hits: list[FoundHits] = []
        with sentry.installed():
            while scout.machine.position < until:
                if scout.run(to=until) is not StopReason.BREAKPOINT:
                    break
                said = tuple(
                    replace(hit, breakpoint=self._items[hit.number]) for hit in sentry.hits
                )
                hits.append(FoundHits(scout.machine.position, said))
        self._known = since, until, hits
        return self._last_that_counts([item for item in hits if item.position < self._until])

    def _last_that_counts(self, found: list[FoundHits]) -> list[FoundHits]:
        """The last that is not passed over; the others are counted."""
        for item in reversed(found):
            counted: list[BreakpointHit] = []
            for hit in item.hits:
                if self._left[hit.number]:
                    self._left[hit.number] -= 1
                else:
                    counted.append(hit)
            if counted:
                return [FoundHits(item.position, tuple(counted))]
        return []
