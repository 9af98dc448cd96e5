"""A timeout: what the ordered queues hold."""

from __future__ import annotations

from collections.abc import Callable


class Timeout:
    """A callback that is due at a time; periodic ones come back.

    ``ident`` ever grows and decides between equal due times.  ``due_ns`` is the uptime at which it
    is due, and may change only while the timeout is in no queue.
    """

    __slots__ = ("callback", "due_ns", "ident", "name", "period_ns")

    def __init__(
        self,
        ident: int,
        due_ns: int,
        period_ns: int | None,
        callback: Callable[[], None],
        name: str,
    ) -> None:
        self.ident = ident
        self.due_ns = due_ns
        self.period_ns = period_ns
        self.callback = callback
        self.name = name

    def __reduce__(self) -> tuple[object, ...]:
        """How it is pickled: thousands of them are saved at once."""
        return Timeout, (self.ident, self.due_ns, self.period_ns, self.callback, self.name)

    @property
    def is_periodic(self) -> bool:
        """Whether it comes back."""
        return self.period_ns is not None

    def refresh(self) -> None:
        """The next due time of a periodic timeout: counted from the last one, so without drift."""
        if self.period_ns is not None:
            self.due_ns += self.period_ns
