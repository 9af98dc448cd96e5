"""A record: numbers in the order in which they came, up to a moment that may lie in the past.

What came after that moment stays known.  A machine that goes on from there does the same again:
until the known end is reached, adding only counts.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator

PART = 32_768
"""So many numbers are packed together."""
FASTEST = 1


class Record:
    """``count`` numbers up to the moment on show, ``known`` in all.

    ``typecode`` is that of an :class:`array.array`.
    """

    def __init__(self, typecode: str) -> None:
        self.count = 0
        self.known = 0
        self._typecode = typecode
        self._parts: list[bytes] = []
        self._recent = array(typecode)
        self._opened: tuple[int, array[int]] = -1, self._recent

    def add(self, number: int) -> None:
        """What comes next."""
        self.count += 1
        if self.count > self.known:
            self.known += 1
            self._recent.append(number)
            if len(self._recent) >= 2 * PART:
                self._pack()

    def add_pair(self, first: int, second: int) -> None:
        """What comes next; in a record of nothing but pairs."""
        self.count += 2
        if self.count > self.known:
            self.known += 2
            recent = self._recent
            recent.append(first)
            recent.append(second)
            if len(recent) >= 2 * PART:
                self._pack()

    def _pack(self) -> None:
        self._parts.append(zlib.compress(self._recent[:PART].tobytes(), FASTEST))
        del self._recent[:PART]

    def go_to(self, count: int) -> None:
        """To the moment at which there were so many; at most ``known``."""
        self.count = count

    def forget_rest(self) -> None:
        """What comes after the moment on show will be another thing."""
        while self.count < len(self._parts) * PART:
            self._recent = self._part(len(self._parts) - 1) + self._recent
            del self._parts[-1]
        self._opened = -1, array(self._typecode)
        del self._recent[self.count - len(self._parts) * PART :]
        self.known = self.count

    def last(self, length: int, count: int | None = None) -> array[int]:
        """The last ``length`` of the first ``count`` numbers, or as many as there are.

        None: of those up to the moment on show.
        """
        end = self.count if count is None else min(count, self.known)
        start = max(end - length, 0)
        found = array(self._typecode)
        for number in range(start // PART, -(-end // PART)):
            begin = number * PART
            found += self._part(number)[max(start - begin, 0) : end - begin]
        return found

    def backwards(self) -> Iterator[int]:
        """From the last one on."""
        for number in reversed(range(-(-self.count // PART))):
            yield from reversed(self._part(number)[: self.count - number * PART])

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return sum(map(len, self._parts)) + len(self._recent) * self._recent.itemsize

    def _part(self, number: int) -> array[int]:
        packed = len(self._parts)
        if number >= packed:
            start = (number - packed) * PART
            return self._recent[start : start + PART]
        if self._opened[0] != number:
            part = array(self._typecode)
            part.frombytes(zlib.decompress(self._parts[number]))
            self._opened = number, part
        return self._opened[1]
