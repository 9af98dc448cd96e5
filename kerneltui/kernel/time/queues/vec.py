"""An array that is sorted at every push, as in chapter 20 of the Rust Raspberry Pi OS tutorials."""

from __future__ import annotations

from collections.abc import Iterator

from kerneltui.kernel.time.queues.shapes import Array, Row
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import (
    ALL,
    SoonestLast,
    TimeoutQueue,
    not_pending,
    nothing_to_pop,
)


class VecQueue(TimeoutQueue):
    """The soonest is last, where it is cheap to pop.

    A push appends and sorts: n comparisons even though all but one are in order.  The tutorial
    sorts stably by due time alone, latest first, so that of equal due times the one set *last*
    runs first; here the identity decides, as in the other structures.

    Moves: the new timeout, and those that are due before it and make room or close ranks.
    """

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[SoonestLast] = []

    def push(self, timeout: Timeout) -> None:
        """O(n): a stable sort finds what is sorted already, and has to look at all of it."""
        self.work.begin("push")
        entry = SoonestLast(timeout, self.work)
        self._entries.append(entry)
        self._entries.sort()
        self.work.count(0, len(self._entries) - self._entries.index(entry))

    def pop(self) -> Timeout:
        """O(1)."""
        if not self._entries:
            raise nothing_to_pop()
        self.work.begin("pop")
        return self._entries.pop().timeout

    def remove(self, timeout: Timeout) -> None:
        """O(n)."""
        place = self._find(timeout)
        if place is None:
            raise not_pending(timeout)
        self.work.begin("remove")
        self.work.count(place + 1, len(self._entries) - place - 1)
        del self._entries[place]

    def head(self) -> Timeout | None:
        """O(1)."""
        return self._entries[-1].timeout if self._entries else None

    def shape(self, limit: int = ALL) -> Array:
        """The array as it lies in memory."""
        shown = tuple(entry.timeout for entry in self._entries[-limit:])
        return Array(Row(len(self._entries), shown))

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, timeout: object) -> bool:
        return self._find(timeout) is not None

    def __iter__(self) -> Iterator[Timeout]:
        return (entry.timeout for entry in reversed(self._entries))

    def _find(self, timeout: object) -> int | None:
        for place, entry in enumerate(self._entries):
            if entry.timeout is timeout:
                return place
        return None
