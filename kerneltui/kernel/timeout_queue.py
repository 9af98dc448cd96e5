"""The ordered timeout queue: what is due next, equal due times first in, first out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sortedcontainers import SortedKeyList


@dataclass(slots=True)
class Timeout:
    """A callback that is due at a time; periodic ones come back."""

    ident: int
    """ever growing: decides between equal due times"""
    due_ns: int
    """uptime at which it is due"""
    period_ns: int | None
    callback: Callable[[], None]
    name: str

    @property
    def is_periodic(self) -> bool:
        """Whether it comes back."""
        return self.period_ns is not None

    def refresh(self) -> None:
        """The next due time of a periodic timeout: counted from the last one, so without drift."""
        if self.period_ns is not None:
            self.due_ns += self.period_ns


def _order(timeout: Timeout) -> tuple[int, int]:
    return timeout.due_ns, timeout.ident


class TimeoutQueue:
    """Timeouts in order of (due time, identity)."""

    def __init__(self) -> None:
        self._timeouts: SortedKeyList = SortedKeyList(key=_order)

    def push(self, timeout: Timeout) -> None:
        """O(log n)."""
        self._timeouts.add(timeout)

    def pop(self) -> Timeout:
        """The one that is due next.  Raises IndexError when empty."""
        timeout: Timeout = self._timeouts.pop(0)
        return timeout

    def head(self) -> Timeout | None:
        """The one that is due next, left where it is; or None."""
        timeouts = self._timeouts
        return timeouts[0] if timeouts else None

    def __len__(self) -> int:
        return len(self._timeouts)

    def __contains__(self, timeout: object) -> bool:
        return timeout in self._timeouts

    def __iter__(self) -> Iterator[Timeout]:
        return iter(self._timeouts)
