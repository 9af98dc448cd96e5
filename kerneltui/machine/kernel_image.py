"""The hosted kernel as a program image: addresses for its code, its call stack, its source.

A hosted kernel has no machine code.  Every function gets 256 instruction slots at an address
derived from its name: the same in every run, whatever else has been looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import Any
from zlib import crc32

import msgspec

BASE = 0x8_0000
"""Where the boot firmware loads a 64-bit kernel image."""
ENTRIES = 0x10_0000
PROGRAMS = 0x8000
SLOTS = 256
INSTRUCTION_BYTES = 4
_MACHINE = __name__.rpartition(".")[0]


class KernelImage:
    """What a kernel has linked to fixed addresses: vector tables, entry code, start-up code."""

    def __init__(self) -> None:
        self.vectors: dict[int, dict[int, Callable[[], None]]] = {}
        self.entries: dict[int, Callable[[], None]] = {}
        self.programs: dict[int, Callable[[Any], Any]] = {}

    def place_vectors(self, table: Mapping[int, Callable[[], None]]) -> int:
        """A vector table, on a 2 KiB boundary above the image's start."""
        address = BASE + 0x800 * (1 + len(self.vectors))
        self.vectors[address] = dict(table)
        return address

    def place_entry(self, entry: Callable[[], None]) -> int:
        """Entry code of an interrupt or exception, 16 bytes for each."""
        address = ENTRIES + 16 * len(self.entries)
        self.entries[address] = entry
        return address

    def place_program(self, entry: Callable[[Any], Any]) -> int:
        """Start-up code of further cores, in a page of its own below 1 MiB (SDM 3A, 10.4.4)."""
        address = PROGRAMS + 0x1000 * len(self.programs)
        self.programs[address] = entry
        return address


class SourceFrame(msgspec.Struct, frozen=True):
    """One kernel function on the halted core's stack."""

    function: str
    file: str
    line: int


_places: dict[CodeType, int] = {}
"""Address of each function that has been asked for; -1 for functions of the core itself."""


def _place(frame: FrameType) -> int:
    place = _places.get(frame.f_code)
    if place is None:
        module, function = str(frame.f_globals["__name__"]), frame.f_code.co_qualname
        if module.startswith(_MACHINE):
            place = -1
        else:
            name = f"{module.partition('.kernel.')[2] or module}.{function}"
            place = BASE + (crc32(name.encode()) & 0xFFFF) * SLOTS * INSTRUCTION_BYTES
        _places[frame.f_code] = place
    return place


def code_address(frame: FrameType | None) -> int:
    """The address of the kernel line that ``frame``, or what called it, is in."""
    known = _places.get
    while frame is not None:
        place = known(frame.f_code)
        if place is None:
            place = _place(frame)
        if place >= 0:
            line = frame.f_lineno - frame.f_code.co_firstlineno
            return place + line % SLOTS * INSTRUCTION_BYTES
        frame = frame.f_back
    return 0


def call_stack(frame: FrameType | None) -> list[SourceFrame]:
    """The kernel's functions from ``frame`` outwards."""
    found = []
    while frame is not None:
        if _place(frame) >= 0:
            code = frame.f_code
            found.append(SourceFrame(code.co_qualname, code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return found
