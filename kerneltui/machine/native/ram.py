"""RAM that engines execute from, and whose content is saved page by page.

It appears in chunks, when it is first touched: an engine that works on host memory asks for the
chunk around an address.  Saved is which content each page has, as a number: the contents themselves
lie in a :class:`PagePool`, once for all moments of all machines that run one image.
"""

from __future__ import annotations

import ctypes
import mmap
import zlib
from array import array
from collections.abc import Callable, Iterator
from itertools import pairwise

CHUNK = 2 << 20
PAGE = 4096
BLOCK = 64 << 10
"""What is compared at once."""
_FASTEST = 1
_ZERO_PAGE, _ZERO_BLOCK = bytes(PAGE), bytes(BLOCK)
ZERO = 0
"""The number of a page that holds nothing but zeros."""
Place = tuple[int, bytes]
"""A physical address in the RAM, and what lies there."""


class PagePool:
    """The contents that pages have had, by number; each stands there once, compressed."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {_ZERO_PAGE: ZERO}
        self._packed: list[bytes] = [zlib.compress(_ZERO_PAGE, _FASTEST)]

    def number(self, page: bytes) -> int:
        """The number of a content."""
        packed = zlib.compress(page, _FASTEST) if page != _ZERO_PAGE else _ZERO_PAGE
        number = self._numbers.get(packed)
        if number is None:
            number = self._numbers[packed] = len(self._packed)
            self._packed.append(packed)
        return number

    def page(self, number: int) -> bytes:
        """The content of a number."""
        return zlib.decompress(self._packed[number])

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return sum(map(len, self._packed)) + 150 * len(self._packed)


class NativeRam:
    """A bus target of ``size`` bytes from physical address ``base`` on, all zero at first."""

    def __init__(self, base: int, size: int, pool: PagePool) -> None:
        self.base = base
        self.size = size
        self.on_replaced: list[Callable[[int, bytes], None]] = []
        """told of each page that loading saved state changes: its physical address, its content;
        whoever executes from it must forget what it has translated"""
        self._pool = pool
        self._chunks: dict[int, mmap.mmap] = {}
        self._seen: dict[int, list[bytes]] = {}
        """of each chunk its blocks, as they were saved or loaded last"""
        self._numbers: dict[int, array[int]] = {}
        """of each chunk its pages' contents then"""

    # -- for engines ------------------------------------------------------------------------------

    def chunk_around(self, offset: int) -> int:
        """The number of the chunk at an offset; it is there from now on."""
        number = offset // CHUNK
        if number not in self._chunks:
            self._chunks[number] = mmap.mmap(-1, min(CHUNK, self.size - number * CHUNK))
        return number

    def chunks(self) -> Iterator[int]:
        """The numbers of all chunks that are there."""
        return iter(tuple(self._chunks))

    def pointer(self, number: int) -> tuple[int, int, int]:
        """Of a chunk: its physical address, its size, and where it lies in this process."""
        chunk = self._chunks[number]
        at = ctypes.addressof(ctypes.c_char.from_buffer(chunk))
        return self.base + number * CHUNK, len(chunk), at

    # -- the bus ----------------------------------------------------------------------------------

    def read(self, offset: int, size: int = 4, cpu: int = 0) -> int:
        """A little-endian load."""
        return int.from_bytes(self.bytes_at(offset, size), "little")

    peek = read

    def write(self, offset: int, value: int, size: int = 4, cpu: int = 0) -> None:
        """A little-endian store."""
        self.load(offset, (value & (1 << 8 * size) - 1).to_bytes(size, "little"))

    def bytes_at(self, offset: int, size: int) -> bytes:
        """What lies there; shorter at the end of the RAM."""
        found = []
        end = min(offset + size, self.size)
        while offset < end:
            number, place = divmod(offset, CHUNK)
            part = min(end - offset, CHUNK - place)
            chunk = self._chunks.get(number)
            found.append(bytes(part) if chunk is None else chunk[place : place + part])
            offset += part
        return b"".join(found)

    def load(self, offset: int, data: bytes) -> None:
        """Put bytes there; not an access of a core.  Raises ValueError beyond the end."""
        if offset + len(data) > self.size:
            raise ValueError(f"{offset:#x} is not in a RAM of {self.size:#x} bytes")
        while data:
            place = offset % CHUNK
            part = data[: CHUNK - place]
            self._chunks[self.chunk_around(offset)][place : place + len(part)] = part
            offset += len(part)
            data = data[len(part) :]

    # -- saved state ------------------------------------------------------------------------------

    def freeze(self) -> dict[int, bytes]:
        """Which content each page of each chunk has, as numbers of the pool."""
        for number, chunk in self._chunks.items():
            numbers = self._numbers_of(number)
            for page, content in self._changed(number, chunk):
                numbers[page] = self._pool.number(content)
        return {number: numbers.tobytes() for number, numbers in self._numbers.items()}

    def thaw(self, frozen: dict[int, bytes]) -> None:
        """Put back what :meth:`freeze` told."""
        for number in (*self._chunks, *(frozen.keys() - self._chunks.keys())):
            self.chunk_around(number * CHUNK)
            chunk, numbers = self._chunks[number], self._numbers_of(number)
            wanted = (
                array("I", frozen[number])
                if number in frozen
                else array("I", bytes(len(numbers) * 4))
            )
            stale = {page for page, _ in self._changed(number, chunk)}
            stale.update(
                page
                for page, pair in enumerate(zip(numbers, wanted, strict=True))
                if pair[0] != pair[1]
            )
            for page in sorted(stale):
                content = self._pool.page(wanted[page])
                place = page * PAGE
                if chunk[place : place + PAGE] != content:
                    chunk[place : place + PAGE] = content
                    for told in self.on_replaced:
                        told(self.base + number * CHUNK + place, content)
            numbers[:] = wanted
            for block in {page * PAGE // BLOCK for page in stale}:
                self._seen[number][block] = chunk[block * BLOCK : (block + 1) * BLOCK]

    def _numbers_of(self, number: int) -> array[int]:
        numbers = self._numbers.get(number)
        if numbers is None:
            size = len(self._chunks[number])
            numbers = self._numbers[number] = array("I", bytes(4 * (size // PAGE)))
            self._seen[number] = [_ZERO_BLOCK] * -(-size // BLOCK)
        return numbers

    def _changed(self, number: int, chunk: mmap.mmap) -> Iterator[tuple[int, bytes]]:
        """The pages of a chunk that differ from what was seen last, and is now seen."""
        seen = self._seen[number]
        for block, before in enumerate(seen):
            now = chunk[block * BLOCK : (block + 1) * BLOCK]
            if now == before:
                continue
            seen[block] = now
            first = block * BLOCK // PAGE
            for n, (place, end) in enumerate(pairwise(range(0, len(now) + PAGE, PAGE))):
                if now[place:end] != before[place:end]:
                    yield first + n, now[place:end]
