"""What the command line changes: of the board, and of what is given to the machine when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import methodcaller
from typing import Literal

import msgspec

from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import PokeRequest, TimedInput
from kerneltui.errors import Mistakes, UserError
from kerneltui.machine.checked_board import Board
from kerneltui.scenarios.reading import ProgramScenario, Scenario


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


class BoardChange(msgspec.Struct, frozen=True):
    """One change to the board, and how an error is told that it has caused."""

    make: Callable[[Board], Board]
    """raises ValueError, in words, for what the board does not have"""
    told: Callable[[str], UserError]

    def made(self, board: Board) -> Board:
        """The board with this change.  Raises :class:`UserError`."""
        try:
            return self.make(board)
        except ValueError as error:
            raise self.told(str(error)) from None


def session_on(
    board: Board, scenario: Scenario, changes: Changes, make: Callable[[Board], Session]
) -> Session:
    """What ``make`` answers for the board as scenario and command line want it.

    Raises :class:`UserError` for what the board does not have; where the board no longer makes
    sense, it is told with the change that is the cause.
    """
    wanted = board
    mistakes = Mistakes()
    for change in _changes_to_board(scenario, changes):
        with mistakes.noted():
            wanted = change.made(wanted)
    mistakes.tell()
    try:
        return make(wanted)
    except UserError as error:
        raise _by_its_cause(error, board, _changes_to_board(scenario, changes), make) from None


def _by_its_cause(
    error: UserError, board: Board, changes: Iterable[BoardChange], make: Callable[[Board], object]
) -> UserError:
    """An error of the board, told with the first change since which it is there."""
    said, place = str(error.each[0]), f"{board.file.path}:"
    if not said.startswith(place) or _error_of(board, make):
        return error
    for change in changes:
        board = change.made(board)
        if _error_of(board, make) == said:
            return change.told(said.removeprefix(place).partition(": ")[2])
    return error


def _error_of(board: Board, make: Callable[[Board], object]) -> str:
    try:
        make(board)
    except UserError as error:
        return str(error.each[0])
    return ""


def _changes_to_board(scenario: Scenario, changes: Changes) -> Iterator[BoardChange]:
    """All, in order; what the scenario has removed may be removed again."""
    spec = scenario.spec
    for name in dict.fromkeys(spec.without):
        place = "without", spec.without.index(name)
        yield BoardChange(methodcaller("without", name), partial(scenario.error, place))
    for name, config in spec.config.items():
        yield BoardChange(
            methodcaller("with_config", name, config), partial(scenario.error, ("config", name))
        )
    for name in dict.fromkeys(changes.without):
        if name not in spec.without:
            yield BoardChange(methodcaller("without", name), _told_of(f"--no {name}"))
    if isinstance(scenario, ProgramScenario) and scenario.spec.cpu:
        features = scenario.spec.cpu
        yield BoardChange(
            methodcaller("with_features", features), partial(scenario.error, ("cpu",))
        )
    if changes.cpu:
        yield BoardChange(
            methodcaller("with_features", changes.cpu), _told_of(f"--cpu {changes.cpu}")
        )


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


def _told_of(option: str) -> Callable[[str], UserError]:
    """Tells an error with the option that wants it."""
    return lambda text: UserError(f"{option}: {text}")
