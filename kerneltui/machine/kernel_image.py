"""The hosted kernel as a program image: addresses for its code, its call stack, its source.

A hosted kernel has no machine code.  Every function gets 256 instruction slots, one a line, at an
address derived from its name and that of its file: the same in every run, whatever else has been
looked at and in whatever folder the file lies.  The addresses are virtual ones, of 42 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FrameType
from typing import Any
from zlib import crc32

import msgspec

BASE = 0x8_0000
"""Where the boot firmware loads a 64-bit kernel image."""
HEADER_SIZE, VECTORS_SIZE = 0x40, 0x800
"""What a 64-bit image begins with, and a table of sixteen vectors (DDI 0487 D1.3.1)."""
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

    def place_vectors(
        self, table: Mapping[int, Callable[[], None]], align: int = VECTORS_SIZE
    ) -> int:
        """A vector table, behind what is there already, on a boundary of ``align`` bytes."""
        end = max(self.vectors) + VECTORS_SIZE if self.vectors else BASE + HEADER_SIZE
        address = (end + align - 1) // align * align
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


_places: dict[int, tuple[int, int, CodeType]] = {}
"""Of each code object that has been asked for, by its identity, as two files may hold equal ones:
its address, or -1 if it is the core's own, the number of the line that stands there, and the
object itself, which lives on with its identity."""


def function_address(module: str, function: str) -> int:
    """Where the code of a function begins, by its qualified name."""
    file = module.rpartition(".")[2] if ".kernel." in module else module
    return BASE + crc32(f"{file}.{function}".encode()) * SLOTS * INSTRUCTION_BYTES


def written_in(code: CodeType, module: Mapping[str, Any]) -> CodeType:
    """The function of a module whose text holds some code: itself or, if it is nested, another.

    A closure, a lambda or a comprehension has the lines of the function around it: several in one
    function are called alike, and from Python 3.12 on a comprehension has no frame of its own.
    """
    function, nested, _ = code.co_qualname.partition(".<locals>")
    if not nested:
        return code
    found: Any = None
    for name in function.split("."):
        found = module.get(name)
        module = getattr(found, "__dict__", {})
    found = getattr(found, "fget", found)
    found = getattr(getattr(found, "__wrapped__", found), "__code__", code)
    return found if found.co_qualname == function else code


def _place(frame: FrameType) -> tuple[int, int, CodeType]:
    place = _places.get(id(frame.f_code))
    if place is None:
        module = str(frame.f_globals["__name__"])
        if module.startswith(_MACHINE):
            place = -1, 0, frame.f_code
        else:
            code = written_in(frame.f_code, frame.f_globals)
            address = function_address(module, code.co_qualname)
            place = address, code.co_firstlineno, frame.f_code
        _places[id(frame.f_code)] = place
    return place


def code_address(frame: FrameType | None) -> int:
    """The address of the kernel line that ``frame``, or what called it, is in."""
    known = _places.get
    while frame is not None:
        address, first, _ = known(id(frame.f_code)) or _place(frame)
        if address >= 0:
            return address + (frame.f_lineno - first) % SLOTS * INSTRUCTION_BYTES
        frame = frame.f_back
    return 0


def kernel_frames(frame: FrameType | None) -> Iterator[FrameType]:
    """Those of the kernel's functions, from ``frame`` outwards."""
    while frame is not None:
        if _place(frame)[0] >= 0:
            yield frame
        frame = frame.f_back


def source_of(frame: FrameType) -> SourceFrame:
    """Where a frame stands in the kernel's source."""
    code = frame.f_code
    return SourceFrame(code.co_qualname, code.co_filename, frame.f_lineno)
