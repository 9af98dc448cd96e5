"""What went wrong with interrupts, and the hardware told nobody: lost edges, wrong ends.

Devices tell it as it happens (:meth:`kerneltui.hw.device.Device._remark`).  What is kept is, for
each interrupt and kind, how often it has happened, and the last time.
"""

from __future__ import annotations

import msgspec

KINDS = ("lost", "dropped", "spurious", "misuse", "retriggered", "ignored")


class Remark(msgspec.Struct, frozen=True):
    """The last of its kind for one interrupt."""

    times: int
    at_ns: int
    event: int
    """how many events had been recorded before it"""
    text: str


Subject = tuple[str, int, str]
"""A device, an interrupt's number there, and a kind of :data:`KINDS`."""


class Remarks:
    """Those up to the moment on show."""

    def __init__(self) -> None:
        self._found: dict[Subject, Remark] = {}

    def add(self, subject: Subject, at_ns: int, event: int, text: str) -> None:
        """One more."""
        before = self._found.get(subject)
        times = 1 if before is None else before.times + 1
        self._found[subject] = Remark(times, at_ns, event, text)

    def get(self, device: str, number: int, kind: str) -> Remark | None:
        """The last one, or None."""
        return self._found.get((device, number, kind))

    def of_device(self, device: str, kind: str) -> list[tuple[int, Remark]]:
        """Those of all interrupts of a controller, with the interrupt's number; the last first."""
        found = [(key[1], item) for key, item in self._found.items() if key[::2] == (device, kind)]
        return sorted(found, key=lambda item: -item[1].event)

    def save(self) -> tuple[tuple[Subject, Remark], ...]:
        """What is known at this moment."""
        return tuple(self._found.items())

    def load(self, saved: tuple[tuple[Subject, Remark], ...]) -> None:
        """Go to another moment."""
        self._found = dict(saved)
