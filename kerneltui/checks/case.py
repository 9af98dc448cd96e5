"""A case: one thing that a driver has to do, in plain words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


class CheckFailure(Exception):  # noqa: N818 - it is no error of the program
    """The driver does something else; ``str()`` says what, in a sentence."""


class LeftOutError(Exception):
    """The case has nothing to judge: the driver need not have it, the board has no such device, or
    it has not happened.  ``str()`` says which.
    """


class Case(msgspec.Struct, frozen=True):
    """What is looked at, who says so, and what depends on it."""

    name: str
    ref: str
    """document and section"""
    seen: str
    """what a kernel sees where a driver gets this wrong"""
    run: Callable[[Any], None]
    """executes on the bench's core; raises :class:`CheckFailure`"""
    needs: str = ""
    """the name of the only clock device, or the only board, that it is for"""


class Cases(list[Case]):
    """Those of a role, in order."""

    def case(
        self, name: str, ref: str, seen: str, needs: str = ""
    ) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
        """Make a function a case."""

        def add(run: Callable[[Any], None]) -> Callable[[Any], None]:
            self.append(Case(name, ref, seen, run, needs))
            return run

        return add


def expect(holds: object, said: str) -> None:
    """Raise :class:`CheckFailure` unless it holds."""
    if not holds:
        raise CheckFailure(said)


def nothing_seen(seen: object, said: str) -> None:
    """Leave the case out where what it would judge has not happened: to see nothing is no "ok"."""
    if not seen:
        raise LeftOutError(said)


def in_us(ns: int) -> str:
    """A time as people read it: ``1,000.5 us``."""
    return f"{ns / 1000:,.1f} us".replace(".0 us", " us")
