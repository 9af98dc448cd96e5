"""A session once more, with drivers whose files have changed: the same inputs, the new code.

What was given is given again at its virtual times.  The exact instruction is not to be found again:
another program executes other ones.
"""

from __future__ import annotations

from time import perf_counter
from typing import NamedTuple

from msgspec.structs import replace

from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.breakpoints.grammar import parse_breakpoint
from kerneltui.debugger.session import Session
from kerneltui.errors import UserError
from kerneltui.machine.poke import Poke
from kerneltui.own.driver import OwnDriver
from kerneltui.own.loading import load_driver

PATIENCE_S = 10.0
"""Inputs that are not reached by then are left out: a person waits."""


class Reloaded(NamedTuple):
    """The new session, booted and asleep, with its future known as far as its last input."""

    session: Session
    given: int
    """how many inputs were given again"""
    left_out: int
    """and how many were not"""


def changed_drivers(session: Session) -> list[OwnDriver]:
    """Those whose files hold something else than what was loaded."""
    return [driver for driver in session.setup.drivers if driver.has_changed]


def reloaded(session: Session) -> Reloaded:
    """Load the files anew, boot, and do again what was done by hand.

    The session stays as it is.  Raises :class:`UserError` for a file that cannot be loaded.
    """
    setup = session.setup
    if setup.again is None:
        raise UserError("this session cannot be opened again with other drivers")
    bsp = setup.board.spec.bsp
    drivers = tuple(load_driver(driver.role, driver.path, bsp) for driver in setup.drivers)
    made: Session = setup.again(drivers)
    _carry_over(session, made)
    made.boot()
    given = _give_again(session, made)
    made.go_to_booted()
    return Reloaded(made, given, len(session.history.inputs) - given)


def _carry_over(before: Session, after: Session) -> None:
    """Breakpoints; and bookmarks, by their times."""
    for _, item in before.breakpoints:
        try:
            wanted = replace(parse_breakpoint(item.text), enabled=item.enabled)
            after.breakpoints.add(after.machine, wanted)
        except UserError:
            continue  # of a function, say, that the new code does not have
    after.bookmarks.put_all(Bookmark(mark.at_ns, mark.note, mark.name) for mark in before.bookmarks)


def _give_again(before: Session, after: Session) -> int:
    began = perf_counter()
    given = 0
    for item in before.history.inputs:
        if item.position.now_ns > after.machine.now:
            after.run_until(item.position.now_ns)
        if after.machine.halt_reason or perf_counter() - began > PATIENCE_S:
            break
        if isinstance(item.given, Poke):
            after.poke(item.written, item.given.core)
        else:
            after.type(item.given)
        given += 1
    return given
