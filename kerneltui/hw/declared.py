"""Addresses at which a chip has something that is not modelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar


class Declared:
    """Reads as zero, ignores stores, and tells of the first read and store at each register.

    A register is four bytes; the first has the offset ``first`` in what is called ``name``.
    ``on_unmodelled(text)`` observes; what has been told already is
    state, so that a machine that goes back in time tells it again.
    """

    TRANSIENT: ClassVar = frozenset(("on_unmodelled",))

    def __init__(self, name: str, first: int = 0) -> None:
        self.name = name
        self.first = first
        self.on_unmodelled: Callable[[str], None] | None = None
        self._told: set[tuple[int, str]] = set()

    def read(self, offset: int, size: int = 4, cpu: int = 0) -> int:
        """Zero."""
        self._tell(offset, "read of", "")
        return 0

    def peek(self, offset: int, size: int = 4, cpu: int = 0) -> int:
        """Zero, and nothing is told."""
        return 0

    def write(self, offset: int, value: int, size: int = 4, cpu: int = 0) -> None:
        """Nothing happens."""
        self._tell(offset, "store to", f" <- {value:#x}")

    def _tell(self, offset: int, access: str, value: str) -> None:
        register = offset & ~3
        if (register, access) not in self._told:
            self._told.add((register, access))
            if self.on_unmodelled is not None:
                text = f"{access} {self.name}+{self.first + offset:#x}{value}: not modelled"
                self.on_unmodelled(text)
