"""Virtual time and what is due in it.

Time is an integer of nanoseconds since power-on.  Counters are computed from it
(:func:`ns_to_ticks`), never ticked; a deadline is the first nanosecond at which the counter shows
the wanted value (:func:`ticks_to_ns`), never earlier.  Events are long-lived :class:`Deadline`
objects, one per comparator; they run in order of (due, sequence of arming), which is total.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import ClassVar

NS_PER_S = 1_000_000_000
NEVER = 1 << 63
"""Later than everything: the due time of an idle deadline, in ns (292 years)."""


def ns_to_ticks(ns: int, hz: int) -> int:
    """What a counter of ``hz`` that started at 0 shows at ``ns``."""
    return ns * hz // NS_PER_S


def ticks_to_ns(ticks: int, hz: int) -> int:
    """The first nanosecond at which a counter of ``hz`` shows at least ``ticks``."""
    return -(-ticks * NS_PER_S // hz)


class Deadline:
    """One of a device's deadlines.  ``action()`` runs when virtual time reaches ``due``."""

    __slots__ = ("_clock", "action", "due", "name", "sequence")

    def __init__(self, clock: Clock, name: str, action: Callable[[], None]) -> None:
        self.name = name
        self.action = action
        self.due = NEVER
        self._clock = clock
        self.sequence = 0

    def arm(self, due: int) -> None:
        """Fire at ``due`` (ns); a time that has passed fires at the next instruction's end."""
        before, clock = self.due, self._clock
        if due == before:
            return
        if due >= NEVER:
            self.cancel()
            return
        self.due = due
        clock.sequence += 1
        self.sequence = clock.sequence
        heappush(clock.queue, (due, self.sequence, self))
        if len(clock.queue) > clock.tidy_above:
            clock.tidy()
        if due < clock.next_due:
            clock.next_due = due
        elif before == clock.next_due:
            clock.discard_stale()

    def cancel(self) -> None:
        """Do not fire."""
        before, clock = self.due, self._clock
        if before != NEVER:
            self.due = NEVER
            if before == clock.next_due:
                clock.discard_stale()

    def is_current(self, due: int, sequence: int) -> bool:
        """Whether a queue entry still speaks for this deadline."""
        return self.due == due and self.sequence == sequence


class Clock:
    """The virtual time of one machine.

    ``now`` and ``next_due`` are plain attributes because the CPU compares them once per
    instruction; everyone else treats them as read-only.  The queue's head is never stale: it is
    what is due next.
    """

    __slots__ = ("fired", "next_due", "now", "on_fired", "queue", "sequence", "tidy_above")
    TRANSIENT: ClassVar = frozenset(("on_fired",))

    def __init__(self) -> None:
        self.now = 0
        self.fired = 0
        """deadlines that have run so far"""
        self.next_due = NEVER
        self.sequence = 0
        self.queue: list[tuple[int, int, Deadline]] = []
        self.tidy_above = 64
        self.on_fired: Callable[[], None] | None = None
        """called after each deadline that has run"""

    def deadline(self, name: str, action: Callable[[], None]) -> Deadline:
        """A new deadline, not armed.  ``action`` must be picklable: a bound method or a partial."""
        return Deadline(self, name, action)

    def discard_stale(self) -> None:
        """Drop re-armed and cancelled entries from the head, and tell ``next_due`` anew."""
        queue = self.queue
        while queue:
            due, sequence, deadline = queue[0]
            if deadline.due == due and deadline.sequence == sequence:
                self.next_due = due
                return
            heappop(queue)
        self.next_due = NEVER

    def tidy(self) -> None:
        """Drop re-armed and cancelled entries everywhere.

        A deadline that is armed far ahead and then nearer, over and over, leaves entries deep in
        the queue; saved state must not grow with them.
        """
        self.queue[:] = [entry for entry in self.queue if entry[2].is_current(*entry[:2])]
        heapify(self.queue)
        self.tidy_above = max(64, 4 * len(self.queue))

    def advance(self, to: int) -> None:
        """Let time pass until ``to`` (ns), running what falls due, each at its own time.

        A deadline whose due time lies in the past runs at the present time: time never goes back.
        """
        while self.next_due <= to:
            due, _, deadline = heappop(self.queue)
            if due > self.now:
                self.now = due
            deadline.due = NEVER
            self.fired += 1
            self.discard_stale()
            deadline.action()
            if self.on_fired is not None:
                self.on_fired()
        if to > self.now:
            self.now = to

    def armed(self) -> list[Deadline]:
        """All armed deadlines, next due first."""
        live = [entry for entry in self.queue if entry[2].is_current(entry[0], entry[1])]
        return [deadline for _, _, deadline in sorted(live, key=lambda entry: entry[:2])]
