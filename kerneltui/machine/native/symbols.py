"""The names and source lines of an image, from the ELF file that it was made of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from kerneltui.machine.kernel_image import SourceFrame

KINDS = frozenset(("STT_FUNC", "STT_NOTYPE", "STT_OBJECT"))
NOWHERE = frozenset(("SHN_UNDEF", "SHN_ABS"))
"""Sections of names that are no place: those of others, and numbers."""


class Symbol(NamedTuple):
    """What begins at an address; of size 0 it reaches to the next one."""

    address: int
    size: int
    name: str


class LineRow(NamedTuple):
    """From an address on, a line of a file; line 0: none."""

    address: int
    file: str
    line: int


class Symbols:
    """Read when they are first asked for.  Without a file there are none.

    ``shifts`` are the differences between where code is linked and where it lies: names are found
    for both.
    """

    def __init__(self, path: Path | None, shifts: tuple[int, ...] = ()) -> None:
        self.path = path
        self._shifts = (0, *shifts)

    @cached_property
    def _table(self) -> list[Symbol]:
        return sorted(self._read_table()) if self.path is not None else []

    @cached_property
    def _addresses(self) -> list[int]:
        return [item.address for item in self._table]

    def _read_table(self) -> Iterator[Symbol]:
        from elftools.common.exceptions import ELFError
        from elftools.elf.elffile import ELFFile

        assert self.path is not None
        with suppress(ELFError, OSError), self.path.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            for item in table.iter_symbols() if table is not None else ():
                is_named = item.name and not item.name.startswith("$")
                if (
                    is_named
                    and item["st_info"]["type"] in KINDS
                    and item["st_shndx"] not in NOWHERE
                ):
                    yield Symbol(item["st_value"], item["st_size"], item.name)

    @cached_property
    def by_name(self) -> dict[str, int]:
        """The address of each name."""
        return {item.name: item.address for item in self._table}

    def _at(self, address: int) -> tuple[Symbol, int] | None:
        """What an address lies in, and how far."""
        for shift in self._shifts:
            place = bisect_right(self._addresses, address + shift) - 1
            if place >= 0:
                found = self._table[place]
                away = address + shift - found.address
                if away < found.size or (not found.size and away < 0x1_0000):
                    return found, away
        return None

    def function_at(self, address: int) -> str:
        """The name of what an address lies in; empty where nothing is known."""
        found = self._at(address)
        return found[0].name if found is not None else ""

    def name_at(self, address: int) -> str:
        """``main+0x8``; empty where nothing is known."""
        found = self._at(address)
        if found is None:
            return ""
        symbol, away = found
        return f"{symbol.name}+{away:#x}" if away else symbol.name

    def exact_name(self, address: int) -> str:
        """The name of what begins at an address; else empty."""
        found = self._at(address)
        return found[0].name if found is not None and not found[1] else ""

    def frame(self, address: int, looked_at: int) -> SourceFrame:
        """A function on the stack; ``looked_at`` is where its call stands."""
        row = self.line_at(looked_at)
        if row is None:
            return SourceFrame(self.name_at(address) or f"{address:#x}", "", 0)
        return SourceFrame(self.function_at(address) or f"{address:#x}", row.file, row.line)

    def size_of(self, address: int) -> int:
        """Bytes of the function at an address; 0 where that is not known."""
        found = self._at(address)
        return found[0].size if found is not None else 0

    def where(self, address: int) -> Iterator[int]:
        """A linked address, and where its code lies or is mapped instead."""
        return (address - shift for shift in self._shifts)

    # -- lines ------------------------------------------------------------------------------------

    @cached_property
    def lines(self) -> list[LineRow]:
        """The line table, in order of addresses (DWARF 5, 6.2)."""
        return sorted(self._read_lines()) if self.path is not None else []

    @cached_property
    def _line_addresses(self) -> list[int]:
        return [row.address for row in self.lines]

    def line_at(self, address: int) -> LineRow | None:
        """The source line of an address; None where none is known."""
        for shift in self._shifts:
            place = bisect_right(self._line_addresses, address + shift) - 1
            if place >= 0 and self.lines[place].line:
                return self.lines[place]
        return None

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The source files that code comes from."""
        return tuple(dict.fromkeys(row.file for row in self.lines if row.file))

    def addresses_of_line(self, file: str, line: int) -> list[int]:
        """Where the code of a line begins; ``file`` is the end of its path."""
        found, before = list[int](), ("", 0)
        for row in self.lines:
            is_there = row.line == line and f"/{row.file}".endswith(f"/{file}")
            if is_there and before != (row.file, row.line):
                found += self.where(row.address)
            before = row.file, row.line
        return found

    def _read_lines(self) -> Iterator[LineRow]:
        from elftools.common.exceptions import DWARFError, ELFError
        from elftools.elf.elffile import ELFFile

        assert self.path is not None
        with suppress(ELFError, DWARFError, OSError), self.path.open("rb") as file:
            elf = ELFFile(file)
            if not elf.has_dwarf_info():
                return
            dwarf = elf.get_dwarf_info()
            for unit in dwarf.iter_CUs():
                program = dwarf.line_program_for_CU(unit)
                if program is not None:
                    yield from _rows(unit, program)


def _rows(unit: Any, program: Any) -> Iterator[LineRow]:
    names: dict[int, str] = {}
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if state.end_sequence:
            yield LineRow(state.address, "", 0)
            continue
        if state.file not in names:
            names[state.file] = _file_name(unit, program.header, state.file)
        yield LineRow(state.address, names[state.file], state.line)


def _file_name(unit: Any, header: Any, number: int) -> str:
    """A file of the line table, as a path (DWARF 5, 6.2.4; up to version 4 both count from 1)."""
    is_new = header["version"] >= 5
    files, folders = header["file_entry"], header["include_directory"]
    made_in = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
    home = made_in.value.decode() if made_in is not None else ""
    try:
        entry = files[number if is_new else number - 1]
        place = entry.dir_index if is_new else entry.dir_index - 1
        folder = folders[place].decode() if place >= 0 else ""
    except IndexError:
        return ""
    if not folder.startswith("/"):
        folder = f"{home}/{folder}" if folder else home
    name = entry.name.decode()
    return f"{folder}/{name}" if folder and not name.startswith("/") else name
