"""How timeouts lie in a queue's structure: plain data to draw it from."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from kerneltui.kernel.time.queues.timeout import Timeout


class Row(msgspec.Struct, frozen=True):
    """Timeouts that lie one behind the other: ``length`` of them, or as many as were asked for."""

    length: int
    timeouts: tuple[Timeout, ...]


class Sublists(msgspec.Struct, frozen=True):
    """A sorted list: ``count`` sublists one after the other, the first of each soonest first."""

    count: int
    rows: tuple[Row, ...]


class Array(msgspec.Struct, frozen=True):
    """An array, soonest last; a part of it is its end."""

    row: Row


class Tree(msgspec.Struct, frozen=True):
    """A binary heap: level n has up to 2**n entries, those below entry i are 2i and 2i + 1."""

    size: int
    """entries of all levels"""
    levels: tuple[tuple[Timeout, ...], ...]
    """from the top; no further than was asked for"""
    stale: frozenset[tuple[int, int]]
    """(level, place) of the entries that have been removed but are still in the way"""


class WheelSlot(msgspec.Struct, frozen=True):
    """Timeouts of one slot, in order of arrival."""

    index: int
    row: Row


class WheelLevel(msgspec.Struct, frozen=True):
    """A wheel: its occupied slots, all of them after ``current``."""

    granularity_ns: int
    """time that one slot stands for"""
    current: int
    """index of the slot in which the latest popped due time lies"""
    slots: tuple[WheelSlot, ...]


class Wheel(msgspec.Struct, frozen=True):
    """Wheels of ever coarser slots, what is due before them and what is due after them."""

    ready: Row
    """soonest last; a part of it is its end"""
    levels: tuple[WheelLevel, ...]
    beyond: Row
    """in order of arrival"""


def share(limit: int, rows: int) -> int:
    """How many of each row to show where ``limit`` are shown in all; one at least."""
    return max(1, limit // max(rows, 1))


Shape: TypeAlias = Sublists | Array | Tree | Wheel
