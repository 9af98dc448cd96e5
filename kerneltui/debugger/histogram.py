"""How many of which numbers there were, in bounded memory."""

from __future__ import annotations

import msgspec

MOST_EXACT = 128
"""So many different numbers are kept as they are; of more than that the nearest share a part."""
PART_BITS = 6
"""A part begins with a number's first bits, so it is at most 1/32 of the number wide."""


class HistogramState(msgspec.Struct, frozen=True):
    """See :class:`Histogram`."""

    total: int
    least: int
    most: int
    is_exact: bool
    held: dict[int, int]


class Histogram:
    """Numbers by value.  ``count``, ``least`` and ``most`` are exact always, ``is_exact`` says
    whether ranks between them are too; else they are up to 1/32 too near to zero.
    """

    __slots__ = ("_held", "is_exact", "least", "most")

    def __init__(self, state: HistogramState | None = None) -> None:
        self.least = self.most = 0
        self.is_exact = True
        self._held: dict[int, int] = {}
        if state is not None:
            self.least, self.most, self.is_exact = state.least, state.most, state.is_exact
            self._held = dict(state.held)

    def save(self) -> HistogramState:
        """What another one can be made of."""
        return HistogramState(self.count, self.least, self.most, self.is_exact, dict(self._held))

    def add(self, number: int) -> None:
        """One more."""
        held = self._held
        if number in held and self.is_exact:
            held[number] += 1
            return
        if not held:
            self.least = self.most = number
        elif number > self.most:
            self.most = number
        elif number < self.least:
            self.least = number
        part = number if self.is_exact else _part(number)
        if part in held:
            held[part] += 1
        else:
            held[part] = 1
            if self.is_exact and len(held) > MOST_EXACT:
                self._coarsen()

    def _coarsen(self) -> None:
        self.is_exact = False
        exact, self._held = self._held, {}
        for number, count in exact.items():
            part = _part(number)
            self._held[part] = self._held.get(part, 0) + count

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self._held.values())

    def rank(self, percent: int) -> int:
        """The least number that so many percent (1 to 100) of all do not exceed.

        Raises ValueError where there are none.
        """
        count = self.count
        if not count:
            raise ValueError("an empty histogram has no ranks")
        wanted = -(-count * percent // 100)
        if wanted == count:
            return self.most
        for number in sorted(self._held):
            wanted -= self._held[number]
            if wanted <= 0:
                return min(max(number, self.least), self.most)
        return self.most

    @property
    def parts(self) -> int:
        """How many numbers or parts are held."""
        return len(self._held)


def _part(number: int) -> int:
    """The number of a part that is nearest to zero."""
    if number < 0:
        return -_part(-number)
    shift = max(number.bit_length() - PART_BITS, 0)
    return number >> shift << shift
