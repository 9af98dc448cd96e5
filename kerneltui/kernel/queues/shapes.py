"""How timeouts lie in a queue's structure: plain data to draw it from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # the queue's module imports this one
    from kerneltui.kernel.timeout_queue import Timeout


@dataclass(frozen=True, slots=True)
class Row:
    """Timeouts that lie one behind the other: ``length`` of them, or as many as were asked for."""

    length: int
    timeouts: tuple[Timeout, ...]


@dataclass(frozen=True, slots=True)
class Sublists:
    """A sorted list: ``count`` sublists one after the other, the first of each soonest first."""

    count: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """An array, soonest last; a part of it is its end."""

    row: Row


@dataclass(frozen=True, slots=True)
class Tree:
    """A binary heap: level n has up to 2**n entries, those below entry i are 2i and 2i + 1."""

    size: int
    """entries of all levels"""
    levels: tuple[tuple[Timeout, ...], ...]
    """from the top; no further than was asked for"""
    stale: frozenset[tuple[int, int]]
    """(level, place) of the entries that have been removed but are still in the way"""


@dataclass(frozen=True, slots=True)
class Slot:
    """Timeouts of one slot, in order of arrival."""

    index: int
    row: Row


@dataclass(frozen=True, slots=True)
class Level:
    """A wheel: its occupied slots, all of them after ``current``."""

    granularity_ns: int
    """time that one slot stands for"""
    current: int
    """index of the slot in which the latest popped due time lies"""
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Wheel:
    """Wheels of ever coarser slots, what is due before them and what is due after them."""

    ready: Row
    """soonest last; a part of it is its end"""
    levels: tuple[Level, ...]
    beyond: Row
    """in order of arrival"""


def share(limit: int, rows: int) -> int:
    """How many of each row to show where ``limit`` are shown in all; one at least."""
    return max(1, limit // max(rows, 1))


Shape: TypeAlias = Sublists | Array | Tree | Wheel
