"""A sorted list of sublists: binary search for the sublist, and again in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sortedcontainers import SortedKeyList

from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import (
    ALL,
    TimeoutQueue,
    not_pending,
    nothing_to_pop,
    order,
)

if TYPE_CHECKING:
    from kerneltui.kernel.time.queues.shapes import Sublists


def halvings(length: int, place: int) -> int:
    """How often a bisection of ``length`` items compares before it arrives at ``place``."""
    low, high, count = 0, length, 0
    while low < high:
        count += 1
        middle = (low + high) // 2
        if place <= middle:
            high = middle
        else:
            low = middle + 1
    return count


class SortedQueue(TimeoutQueue):
    """The soonest is first.  Sublists split beyond 2000 entries and join below 500.

    Equal due times stay in order of arrival by nature; the identity is compared all the same, as a
    periodic timeout that comes back is older than what was set meanwhile.

    Moves: the new timeout, those that make room or close ranks behind it in its sublist, and those
    that a split or a join puts into another sublist.
    """

    def __init__(self) -> None:
        super().__init__()
        self._timeouts: SortedKeyList = SortedKeyList(key=order)

    def push(self, timeout: Timeout) -> None:
        """O(log n) comparisons."""
        self.work.begin("push")
        sublists = self._timeouts._lists  # noqa: SLF001 - the shape is in there
        count = len(sublists)
        at, place, comparisons = self._search(order(timeout))
        moves = 1 + (len(sublists[at]) - place if count else 0)
        self._timeouts.add(timeout)
        if len(sublists) > count > 0:
            moves += len(sublists[at + 1])
        self.work.count(comparisons, moves)

    def pop(self) -> Timeout:
        """No comparison: the first of the first sublist."""
        sublists = self._timeouts._lists  # noqa: SLF001 - the shape is in there
        if not sublists:
            raise nothing_to_pop()
        self.work.begin("pop")
        timeout: Timeout = sublists[0][0]
        self._delete(0, 0)
        return timeout

    def remove(self, timeout: Timeout) -> None:
        """O(log n) comparisons."""
        if timeout not in self._timeouts:
            raise not_pending(timeout)
        self.work.begin("remove")
        at, place, comparisons = self._search(order(timeout))
        self.work.count(comparisons + 1, 0)
        self._delete(at, place)

    def head(self) -> Timeout | None:
        """O(1)."""
        sublists: list[list[Timeout]] = self._timeouts._lists  # noqa: SLF001 - the shape is in there
        return sublists[0][0] if sublists else None

    def shape(self, limit: int = ALL) -> Sublists:
        """The sublists as they are, each from its beginning."""
        # Here, not above: this structure is the default, and start-up need not pay for drawing it.
        from kerneltui.kernel.time.queues.shapes import Row, Sublists, share

        sublists = self._timeouts._lists  # noqa: SLF001 - the shape is in there
        each = share(limit, len(sublists))
        rows = (Row(len(sublist), tuple(sublist[:each])) for sublist in sublists[:limit])
        return Sublists(len(sublists), tuple(rows))

    def __len__(self) -> int:
        return len(self._timeouts)

    def __contains__(self, timeout: object) -> bool:
        return isinstance(timeout, Timeout) and timeout in self._timeouts

    def __iter__(self) -> Iterator[Timeout]:
        return iter(self._timeouts)

    def __getstate__(self) -> dict[str, Any]:
        """All of the list: its own way to be pickled forgets where the sublists end."""
        return {"work": self.work, "timeouts": vars(self._timeouts)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.work = state["work"]
        self._timeouts = SortedKeyList(key=order)
        vars(self._timeouts).update(state["timeouts"])

    def _search(self, key: int) -> tuple[int, int, int]:
        """The sublist and the place in it where the list finds or puts a key; and comparisons.

        The list compares in C, where nothing can count; the same bisections are made beside it.
        """
        maxes, keys = self._timeouts._maxes, self._timeouts._keys  # noqa: SLF001
        at = bisect_left(maxes, key)
        comparisons = halvings(len(maxes), at)
        if at == len(maxes):
            return (at - 1, len(keys[at - 1]), comparisons) if keys else (0, 0, comparisons)
        place = bisect_left(keys[at], key)
        return at, place, comparisons + halvings(len(keys[at]), place)

    def _delete(self, at: int, place: int) -> None:
        """The list may join the sublist with its left neighbour, the first with its right one."""
        sublists = self._timeouts._lists  # noqa: SLF001 - the shape is in there
        count, join = len(sublists), at or 1
        right = sublists[join] if count > 1 else None
        moves = len(sublists[at]) - place - 1
        self._timeouts._delete(at, place)  # noqa: SLF001 - the place is known already
        if right is not None and (join == len(sublists) or sublists[join] is not right):
            moves += len(right)
            if len(sublists) == count:  # and split again
                moves += len(sublists[join])
        self.work.count(0, moves)
