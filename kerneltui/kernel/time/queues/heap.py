"""A binary heap with lazy deletion, as axeberg keeps its timers."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

from kerneltui.kernel.time.queues.shapes import Tree
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import (
    ALL,
    TimeoutQueue,
    not_pending,
    nothing_to_pop,
    order,
)

FEW = 16
"""So many stale entries are never worth a clean-up."""


class HeapQueue(TimeoutQueue):
    """Each entry is due before the two below it; nothing is said of neighbours.

    Equal due times come out of a heap in no particular order by nature; here the identity is part
    of what is compared.  A removed timeout's entry stays as a stale one until it gets to the top,
    or until more entries are stale than not; the top itself is never stale.

    Moves: every entry that a sift writes to another place, the new or last one included.
    """

    def __init__(self) -> None:
        super().__init__()
        self._heap: list[int] = []
        """the :func:`order` of each timeout, which also finds it in one of the following"""
        self._live: dict[int, Timeout] = {}
        self._stale: dict[int, Timeout] = {}

    def push(self, timeout: Timeout) -> None:
        """O(log n), on average O(1)."""
        self.work.begin("push")
        entry = order(timeout)
        self._live[entry] = timeout
        if self._stale.pop(entry, None) is None:  # else it still lies where it belongs
            self._heap.append(entry)
            self._rise(len(self._heap) - 1, 0)

    def pop(self) -> Timeout:
        """O(log n), and as much again for each stale entry that gets to the top."""
        if not self._heap:
            raise nothing_to_pop()
        self.work.begin("pop")
        timeout = self._live.pop(self._heap[0])
        self._drop_top()
        self._drop_stale()
        return timeout

    def remove(self, timeout: Timeout) -> None:
        """O(1) for the mark; the entry itself goes later, at O(log n)."""
        if timeout not in self:
            raise not_pending(timeout)
        self.work.begin("remove")
        entry = order(timeout)
        self._stale[entry] = self._live.pop(entry)
        self._drop_stale()
        if len(self._stale) > len(self._live) + FEW:
            self._clean_up()

    def head(self) -> Timeout | None:
        """O(1)."""
        return self._live[self._heap[0]] if self._heap else None

    def shape(self, limit: int = ALL) -> Tree:
        """The tree level by level, stale entries included; no level is cut short."""
        levels: list[tuple[Timeout, ...]] = []
        stale: set[tuple[int, int]] = set()
        size = len(self._heap)
        for level in range(min(size, limit).bit_length()):
            entries = self._heap[(1 << level) - 1 : (2 << level) - 1]
            levels.append(tuple(self._live.get(item) or self._stale[item] for item in entries))
            if self._stale:
                stale.update((level, n) for n, entry in enumerate(entries) if entry in self._stale)
        return Tree(size, tuple(levels), frozenset(stale))

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, timeout: object) -> bool:
        return isinstance(timeout, Timeout) and self._live.get(order(timeout)) is timeout

    def __iter__(self) -> Iterator[Timeout]:
        """Best first from the top, so that a look at the first few costs only these."""
        heap = self._heap
        ahead = [(heap[0], 0)] if heap else []
        while ahead:
            entry, place = heappop(ahead)
            if entry in self._live:
                yield self._live[entry]
            for child in range(2 * place + 1, min(2 * place + 3, len(heap))):
                heappush(ahead, (heap[child], child))

    def _drop_top(self) -> None:
        last = self._heap.pop()
        if self._heap:
            self._heap[0] = last
            self._sink(0)

    def _drop_stale(self) -> None:
        """Leave a live entry at the top: :meth:`head` need not change anything."""
        while self._stale and self._heap[0] in self._stale:
            del self._stale[self._heap[0]]
            self._drop_top()

    def _clean_up(self) -> None:
        """Without it, timeouts that are set and removed for ever would fill the memory."""
        self._heap = [entry for entry in self._heap if entry in self._live]
        self._stale.clear()
        for place in reversed(range(len(self._heap) // 2)):
            self._sink(place)

    def _rise(self, place: int, top: int) -> None:
        """Put the entry at ``place`` where it belongs on the way up to ``top``."""
        heap = self._heap
        entry = heap[place]
        comparisons, moves = 0, 1
        while place > top:
            parent = (place - 1) // 2
            comparisons += 1
            if heap[parent] < entry:
                break
            heap[place] = heap[parent]
            moves += 1
            place = parent
        heap[place] = entry
        self.work.count(comparisons, moves)

    def _sink(self, top: int) -> None:
        """Put the entry at ``top`` where it belongs below.

        All the way down along the sooner children and up again, as the entry came from the bottom
        and most likely belongs there: half the comparisons of asking at each level.
        """
        heap = self._heap
        entry, place, child, end = heap[top], top, 2 * top + 1, len(heap)
        comparisons = moves = 0
        while child < end:
            if child + 1 < end:
                comparisons += 1
                if heap[child + 1] < heap[child]:
                    child += 1
            heap[place] = heap[child]
            moves += 1
            place, child = child, 2 * child + 1
        heap[place] = entry
        self.work.count(comparisons, moves)
        self._rise(place, top)
