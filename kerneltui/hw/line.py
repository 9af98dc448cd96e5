"""Interrupt wires.

A :class:`Line` holds its level: setting a level that it already has does nothing, a new sink is
told the present level, and a watcher, which is no part of the state, sees every edge once.  Whether
an input is level- or edge-sensitive is the business of the controller at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

Sink = Callable[[bool], None]
"""What a wire ends in: called with the new level at every edge."""


class Line:
    """A wire from one output to any number of inputs."""

    TRANSIENT: ClassVar = frozenset(("watcher",))
    __slots__ = ("_sinks", "level", "name", "watcher")

    def __init__(self, name: str) -> None:
        self.name = name
        self.level = False
        self.watcher: Callable[[Line], None] | None = None
        self._sinks: list[Sink] = []

    def set(self, level: bool) -> None:
        """Drive the wire; sinks are called in the order in which they were connected."""
        if level == self.level:
            return
        self.level = level
        if self.watcher is not None:
            self.watcher(self)
        for sink in self._sinks:
            sink(level)

    def connect(self, sink: Sink) -> None:
        """Add an end to the wire; a high level is passed on at once."""
        self._sinks.append(sink)
        if self.level:
            sink(True)

    def __repr__(self) -> str:
        return f"<Line {self.name} {'high' if self.level else 'low'}>"


class OrGate:
    """Joins several lines into one input: high while any of them is."""

    __slots__ = ("_high", "_inputs", "_sink")

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._inputs = 0
        self._high = 0

    def input(self) -> Sink:
        """A further input of the gate."""
        self._inputs += 1
        return partial(self._set, 1 << (self._inputs - 1))

    def _set(self, bit: int, level: bool) -> None:
        before = bool(self._high)
        self._high = self._high | bit if level else self._high & ~bit
        if bool(self._high) != before:
            self._sink(not before)
