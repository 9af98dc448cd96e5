"""The ordered timeout queue: what is due next, equal due times first in, first out.

Several structures keep that order, see :data:`QUEUES`; a trace does not tell which was used, the
counters of :class:`Work` do.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING

from kerneltui.kernel.time.queues.timeout import Timeout

if TYPE_CHECKING:
    from kerneltui.kernel.time.queues.shapes import Shape

QUEUES = {
    "sorted": "kerneltui.kernel.time.queues.sorted_list:SortedQueue",
    "vec": "kerneltui.kernel.time.queues.vec:VecQueue",
    "heap": "kerneltui.kernel.time.queues.heap:HeapQueue",
    "wheel": "kerneltui.kernel.time.queues.wheel:WheelQueue",
}
"""The structures: a sorted list of sublists, an array sorted at each push, a binary heap with lazy
deletion, a hierarchical timing wheel."""


OWN = "own"
"""What a structure of a person's own is called beside these."""
IDENT_BITS = 64
ALL = 1 << 62
"""More than there are timeouts."""


def order(timeout: Timeout) -> int:
    """What every queue sorts by: (due time, identity) as one number, no two are equal.

    A pair would say the same, but a comparison would read three objects in place of one: with many
    timeouts pending, memory is what a comparison waits for.
    """
    return timeout.due_ns << IDENT_BITS | timeout.ident


class Work:
    """What a structure has cost so far, as counts: the same on every machine.

    A comparison is one question which of two timeouts is due first (or whether they are the same).
    A move is one timeout (or reference to one) that is put where it was not before; to take it out
    of the queue is none.
    """

    __slots__ = (
        "comparisons", "last_comparisons", "last_moves", "last_operation", "moves", "operations",
    )  # fmt: skip

    def __init__(self) -> None:
        self.operations = self.comparisons = self.moves = 0
        self.last_operation = ""
        """``push``, ``pop`` or ``remove``; looking at the queue is none"""
        self.last_comparisons = self.last_moves = 0

    def begin(self, operation: str) -> None:
        """What is counted from here on is the work of ``operation``."""
        self.operations += 1
        self.last_operation = operation
        self.last_comparisons = self.last_moves = 0

    def count(self, comparisons: int, moves: int) -> None:
        """Add to the latest operation and to the totals."""
        self.comparisons += comparisons
        self.last_comparisons += comparisons
        self.moves += moves
        self.last_moves += moves


class SoonestLast:
    """A timeout to hand to a ready-made sort, which says nothing of how often it compares.

    What is due later is the lesser: an array is cheapest to pop at its end.
    """

    __slots__ = ("_order", "_work", "timeout")

    def __init__(self, timeout: Timeout, work: Work) -> None:
        self.timeout = timeout
        self._order = order(timeout)
        self._work = work

    def __lt__(self, other: SoonestLast) -> bool:
        self._work.count(1, 0)
        return other._order < self._order


class TimeoutQueue(Collection[Timeout]):
    """Timeouts in order of (due time, identity); iterating changes nothing and counts nothing."""

    def __init__(self) -> None:
        self.work = Work()

    @abstractmethod
    def push(self, timeout: Timeout) -> None:
        """Put in a timeout that is not in yet."""

    @abstractmethod
    def pop(self) -> Timeout:
        """Take out the one that is due next.  Raises IndexError when empty."""

    @abstractmethod
    def remove(self, timeout: Timeout) -> None:
        """Take out this very object.  Raises ValueError when it is not in."""

    @abstractmethod
    def head(self) -> Timeout | None:
        """The one that is due next, left where it is; or None."""

    def shape(self, limit: int = ALL) -> Shape:
        """How the timeouts lie in the structure, for drawing it; sizes are told in full.

        About ``limit`` timeouts (from 1 on) are in it, and no more are looked at: those at the end
        where the soonest is popped, and of each sublist and each slot one at least.  A structure
        that says nothing of itself is drawn as an array.
        """
        from kerneltui.kernel.time.queues.shapes import Array, Row  # start-up need not pay for it

        soonest = list(islice(self, limit))
        return Array(Row(len(self), tuple(reversed(soonest))))

    @abstractmethod
    def __iter__(self) -> Iterator[Timeout]: ...

    def __contains__(self, timeout: object) -> bool:
        return any(item is timeout for item in self)


QueueChoice = str | Callable[[], TimeoutQueue]
"""One of the :data:`QUEUES`, or what makes an empty queue."""


def nothing_to_pop() -> IndexError:
    """For ``pop`` of an empty queue."""
    return IndexError("no timeout is pending")


def not_pending(timeout: Timeout) -> ValueError:
    """For ``remove`` of a timeout that is not in."""
    return ValueError(f"timeout {timeout.ident} '{timeout.name}' is not pending")


def make_queue(choice: QueueChoice = "sorted") -> TimeoutQueue:
    """An empty queue of one of the :data:`QUEUES`.  Raises KeyError for an unknown name."""
    if not isinstance(choice, str):
        return choice()
    module, _, cls = QUEUES[choice].partition(":")
    found: Callable[[], TimeoutQueue] = getattr(import_module(module), cls)
    return found()
