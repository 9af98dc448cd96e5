"""What the command line changes: of the board, and of what is given to the machine when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec

from kerneltui.debugger.setup import PokeRequest, TimedInput
from kerneltui.errors import UserError
from kerneltui.machine.board import Board
from kerneltui.scenarios.reading import Scenario


class Changes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the command line changes: of the board, and of what the kernel is asked to do."""

    append: str = ""
    cpu: str = ""
    without: tuple[str, ...] = ()
    queue: str = ""
    sched: str = ""
    pokes: tuple[str, ...] = ()
    """registers to store to, each with its time in front"""
    typed: tuple[str, ...] = ()
    """what is typed, each with its time in front"""
    entry: Literal["", "el2", "el3"] = ""
    """the level that an image of machine code is entered at; empty: as config.txt says"""
    load: str = ""
    """where a raw image is loaded, as it was written; empty: as config.txt says"""
    cmdline: str | None = None
    """what the mailbox tells an image; None: what cmdline.txt says"""


UNCHANGED = Changes()


def changed_board(board: Board, scenario: Scenario, changes: Changes) -> Board:
    """The board as scenario and command line want it; what is gone already may be removed again.

    Raises :class:`UserError` for what the board does not have.
    """
    spec = scenario.spec
    for number, name in enumerate(dict.fromkeys(spec.without)):
        with told_at(scenario, "without", number):
            board = board.without(name)
    for name, config in spec.config.items():
        with told_at(scenario, "config", name):
            board = board.with_config(name, config)
    for name in dict.fromkeys(changes.without):
        if name not in spec.without:
            with told_of("--no"):
                board = board.without(name)
    return board


def pokes_of(changes: Changes) -> Iterator[PokeRequest]:
    """Those of the command line."""
    if not changes.pokes:
        return
    from kerneltui.debugger.pokes import split_time  # what is not poked waits for no grammar

    for text in changes.pokes:

        def error(said: str, text: str = text) -> UserError:
            return UserError(f"--poke {text}: {said}")

        try:
            at_ns, store = split_time(text)
        except ValueError as mistake:
            raise error(str(mistake)) from None
        yield PokeRequest(at_ns, store, error, is_scripted=False)


def inputs_with(inputs: Iterable[TimedInput], changes: Changes) -> tuple[TimedInput, ...]:
    """What is typed when, with what the command line types.  Raises :class:`UserError`."""
    if not changes.typed:
        return tuple(inputs)
    from kerneltui.scenarios.typing_option import typed_input

    both = [*inputs, *map(typed_input, changes.typed)]
    return tuple(sorted(both, key=lambda item: item.at_ns))


@contextmanager
def told_at(scenario: Scenario, *place: str | int) -> Iterator[None]:
    """A change that cannot be made is told with its line in the scenario's file."""
    try:
        yield
    except ValueError as error:
        raise scenario.error(place, str(error)) from None


@contextmanager
def told_of(option: str) -> Iterator[None]:
    """A change that cannot be made is told with the option that wants it."""
    try:
        yield
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None
