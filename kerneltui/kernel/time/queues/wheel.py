"""A hierarchical timing wheel, as Linux had it until 4.7 (kernel/time/timer.c, "cascade").

A timeout lies in a wheel whose slots are the coarser the farther its due time is, and is moved to
finer ones as that comes near.  Linux 4.8 gave up these moves and lets a far timeout fire late, by
up to an eighth of its delay; the order would then not be that of the due times.

Levels are of 64 slots, as since 4.8: of 1.024 us each in level 0, of 65.5 us, 4.19 ms, 268 ms,
17.2 s, and of 18.3 min in level 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from kerneltui.kernel.time.queues.shapes import Row, Wheel, WheelLevel, WheelSlot, share
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import (
    ALL,
    SoonestLast,
    TimeoutQueue,
    not_pending,
    nothing_to_pop,
    order,
)

TICK_BITS = 10
"""A tick is 2**10 ns."""
SLOT_BITS = 6
SLOTS = 1 << SLOT_BITS
LEVELS = 6
"""Levels of slots; the one above them is a single slot for all that is beyond, 19.5 h and more."""


class Bucket:
    """A slot's timeouts by identity, in order of arrival, and which of them is due first."""

    __slots__ = ("soonest", "timeouts")

    def __init__(self, timeout: Timeout) -> None:
        self.timeouts = {timeout.ident: timeout}
        self.soonest = timeout

    def first(self, count: int) -> Row:
        """Those that came first, to show them."""
        return Row(len(self.timeouts), tuple(islice(self.timeouts.values(), count)))


class Ring:
    """A level's occupied slots, also as the bits of ``occupied``."""

    __slots__ = ("buckets", "occupied")

    def __init__(self) -> None:
        self.buckets: dict[int, Bucket] = {}
        self.occupied = 0

    def take(self, index: int) -> Bucket:
        """The slot's timeouts; it is empty then."""
        self.occupied &= ~(1 << index)
        return self.buckets.pop(index)


class WheelQueue(TimeoutQueue):
    """Timeouts in slots; ``base``, the tick of the latest due time popped, says which.

    The level is that of the highest digit (base 64) in which a due tick differs from the base, the
    slot is that digit.  Linux goes by the distance instead, and a slot behind the current one then
    belongs to the next turn; here every slot is ahead, and all of a level is due before all of the
    next.  So a timeout stays where it is until the base gets into its very slot.

    A slot knows no order, in Linux first in, first out by arrival.  To be exact, what shares a tick
    is sorted when the tick comes, into ``ready``, where also goes what was due before.

    Comparisons: with the slot's soonest; in ``ready``; in a slot whose soonest is removed, with
    all others, as Linux too looks through a slot for the next due time.
    Moves: every timeout put into a slot or into ``ready``, those that shift in it included.
    """

    def __init__(self) -> None:
        super().__init__()
        self._base = 0
        self._ready: list[Timeout] = []
        self._rings = [Ring() for _ in range(LEVELS + 1)]
        self._size = 0

    def push(self, timeout: Timeout) -> None:
        """O(1); in ``ready`` O(log n) comparisons."""
        self.work.begin("push")
        self._size += 1
        if timeout.due_ns >> TICK_BITS > self._base:
            self._place(timeout)
            return
        place, comparisons = self._search(timeout)
        self._ready.insert(place, timeout)
        self.work.count(comparisons, len(self._ready) - place)

    def pop(self) -> Timeout:
        """O(1) on average: no timeout goes through more than all levels."""
        head = self.head()
        if head is None:
            raise nothing_to_pop()
        self.work.begin("pop")
        if not self._ready:
            self._cascade(head)
        self._size -= 1
        return self._ready.pop()

    def remove(self, timeout: Timeout) -> None:
        """O(1), but for the soonest of a slot, see the class; in ``ready`` O(log n)."""
        if timeout not in self:
            raise not_pending(timeout)
        self.work.begin("remove")
        self._size -= 1
        if timeout.due_ns >> TICK_BITS <= self._base:
            after, comparisons = self._search(timeout)
            self.work.count(comparisons, len(self._ready) - after)
            del self._ready[after - 1]
            return
        level, index = self._locate(timeout)
        bucket = self._rings[level].buckets[index]
        del bucket.timeouts[timeout.ident]
        if not bucket.timeouts:
            self._rings[level].take(index)
        elif bucket.soonest is timeout:
            bucket.soonest = min(bucket.timeouts.values(), key=order)
            self.work.count(len(bucket.timeouts) - 1, 0)

    def head(self) -> Timeout | None:
        """O(1): the soonest of the first slot of the first level that has any."""
        if self._ready:
            return self._ready[-1]
        for ring in self._rings:
            if ring.occupied:
                first = (ring.occupied & -ring.occupied).bit_length() - 1
                return ring.buckets[first].soonest
        return None

    def shape(self, limit: int = ALL) -> Wheel:
        """The levels with all of their occupied slots."""
        each = share(limit, sum(len(ring.buckets) for ring in self._rings))
        levels = []
        for level, ring in enumerate(self._rings[:LEVELS]):
            slots = tuple(WheelSlot(n, ring.buckets[n].first(each)) for n in sorted(ring.buckets))
            digit = self._base >> level * SLOT_BITS & SLOTS - 1
            levels.append(WheelLevel(1 << TICK_BITS + level * SLOT_BITS, digit, slots))
        beyond = self._rings[LEVELS].buckets.get(0)
        return Wheel(
            Row(len(self._ready), tuple(self._ready[-limit:])),
            tuple(levels),
            beyond.first(limit) if beyond else Row(0, ()),
        )

    def __len__(self) -> int:
        return self._size

    def __contains__(self, timeout: object) -> bool:
        if not isinstance(timeout, Timeout):
            return False
        if timeout.due_ns >> TICK_BITS <= self._base:
            place = self._search(timeout)[0] - 1
            return place >= 0 and self._ready[place] is timeout
        level, index = self._locate(timeout)
        bucket = self._rings[level].buckets.get(index)
        return bucket is not None and bucket.timeouts.get(timeout.ident) is timeout

    def __iter__(self) -> Iterator[Timeout]:
        """Slot by slot, each sorted when its turn comes."""
        yield from reversed(self._ready)
        for ring in self._rings:
            for index in sorted(ring.buckets):
                yield from sorted(ring.buckets[index].timeouts.values(), key=order)

    def _locate(self, timeout: Timeout) -> tuple[int, int]:
        """Level and slot of a timeout that is due after the base."""
        tick = timeout.due_ns >> TICK_BITS
        level = ((tick ^ self._base).bit_length() - 1) // SLOT_BITS
        if level >= LEVELS:
            return LEVELS, 0
        return level, tick >> level * SLOT_BITS & SLOTS - 1

    def _place(self, timeout: Timeout) -> None:
        """Into its slot."""
        level, index = self._locate(timeout)
        ring = self._rings[level]
        bucket = ring.buckets.get(index)
        if bucket is None:
            ring.buckets[index] = Bucket(timeout)
            ring.occupied |= 1 << index
            self.work.count(0, 1)
            return
        bucket.timeouts[timeout.ident] = timeout
        if order(timeout) < order(bucket.soonest):
            bucket.soonest = timeout
        self.work.count(1, 1)

    def _cascade(self, head: Timeout) -> None:
        """Move the base to the head's tick.  Only the head's slot contains the new base."""
        level, index = self._locate(head)
        bucket = self._rings[level].take(index)
        self._base = head.due_ns >> TICK_BITS
        for timeout in bucket.timeouts.values():
            if timeout.due_ns >> TICK_BITS > self._base:
                self._place(timeout)
            else:
                self._ready.append(timeout)
        self.work.count(0, len(self._ready))
        if len(self._ready) > 1:
            entries = sorted(SoonestLast(item, self.work) for item in self._ready)
            self._ready = [entry.timeout for entry in entries]

    def _search(self, timeout: Timeout) -> tuple[int, int]:
        """A timeout's place in ``ready``, behind itself if it is in; and the comparisons made."""
        low, high, comparisons = 0, len(self._ready), 0
        key = order(timeout)
        while low < high:
            middle = (low + high) // 2
            comparisons += 1
            if order(self._ready[middle]) < key:
                high = middle
            else:
                low = middle + 1
        return low, comparisons
