"""Bookmarks: moments that a person wants to come back to, each with a note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from kerneltui.errors import UserError, suggestion
from kerneltui.machine.position import Position
from kerneltui.units import format_time

PREFIX = "bookmark:"
"""Before the name or the number of one, where a moment can be given in several ways."""


class Bookmark(msgspec.Struct, frozen=True):
    """One moment."""

    at_ns: int
    """virtual time"""
    note: str = ""
    name: str = ""
    """by which the command line finds it"""
    position: Position | None = None
    """the moment itself; None where only the time is known"""
    phase: int = 0
    """which of the meaningful steps of that moment, from 0"""

    @property
    def title(self) -> str:
        """What it is about, in a line."""
        said = ": ".join(part for part in (self.name, self.note) if part)
        return said or f"t {format_time(self.at_ns)} s"


class Bookmarks:
    """In order of time.  ``changed`` counts how often somebody has changed them."""

    def __init__(self, items: Iterable[Bookmark] = ()) -> None:
        self._items = sorted(items, key=_order)
        self.changed = 0

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Bookmark]:
        return iter(self._items)

    def put_all(self, items: Iterable[Bookmark]) -> None:
        """Others in place of all."""
        self._items = sorted(items, key=_order)

    def add(self, item: Bookmark) -> int:
        """Set one; answers its number, from 1."""
        self._items.append(item)
        self._items.sort(key=_order)
        self.changed += 1
        return self.number_of(item)

    def put(self, old: Bookmark, new: Bookmark) -> None:
        """Another one in place of one."""
        self.remove(old)
        self.add(new)

    def learn(self, item: Bookmark, position: Position) -> Bookmark:
        """The moment of one that had only a time; nobody has changed anything."""
        known = replace(item, position=position)
        self._items[self._items.index(item)] = known
        self._items.sort(key=_order)
        return known

    def remove(self, item: Bookmark) -> None:
        """Delete one."""
        self._items.remove(item)
        self.changed += 1

    def number_of(self, item: Bookmark) -> int:
        """Its place among all, from 1."""
        return self._items.index(item) + 1

    def at(self, here: Position, phase: int) -> Bookmark | None:
        """The one of a moment, and of that step of it; else another one of that moment, or None."""
        found = [item for item in self if _is_at(item, here)]
        return next((item for item in found if item.phase == phase), found[0] if found else None)

    def beside(self, here: Position, phase: int, direction: int) -> Bookmark | None:
        """The nearest one after a moment, or before it (1, -1)."""
        order = _order_of(here, phase)
        if direction > 0:
            found = (item for item in self if _order(item) > order and not _is_now(item, here))
        else:
            found = (
                item for item in reversed(self._items)
                if _order(item) < order and not _is_now(item, here)
            )  # fmt: skip
        return next(found, None)

    def named(self, words: str) -> Bookmark:
        """The one of that name or number.  Raises :class:`UserError`, with what there is."""
        if words.isdecimal() and 1 <= int(words) <= len(self):
            return self._items[int(words) - 1]
        for item in self:
            if words and item.name.lower() == words.lower():
                return item
        names = [item.name for item in self if item.name]
        if not len(self):
            raise UserError(f"there is no bookmark '{words}': none is set")
        known = f"1 to {len(self)}" if len(self) > 1 else "1"
        hint = suggestion(words, names)
        if not hint.startswith("; did"):  # numbers can be given too
            hint = f"; there are {', '.join((known, *names))}"
        raise UserError(f"there is no bookmark '{words}'{hint}")

    def lose_after(self, here: Position) -> None:
        """What comes after a moment will be another story: of later ones only the time is left."""
        self._items = [
            replace(item, position=None, phase=0)
            if item.position is not None and item.position > here
            else item
            for item in self
        ]


def _order_of(position: Position, phase: int) -> tuple[int, int, int, int]:
    return position.now_ns, position.step, position.retired, phase


def _order(item: Bookmark) -> tuple[int, int, int, int]:
    """One that has only a time comes before all that happens then."""
    if item.position is None:
        return item.at_ns, -1, -1, 0
    return _order_of(item.position, item.phase)


def _is_at(item: Bookmark, here: Position) -> bool:
    return item.position == here or _is_now(item, here)


def _is_now(item: Bookmark, here: Position) -> bool:
    """Whether one that has only a time stands for the present moment."""
    return item.position is None and item.at_ns == here.now_ns
