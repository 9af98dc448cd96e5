"""Session files: from the text to a machine that does again what was done."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from kerneltui.configfile import ConfigFile, available
from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.breakpoints.grammar import BreakpointError, parse_breakpoint
from kerneltui.debugger.pokes import parse
from kerneltui.debugger.session import Session
from kerneltui.debugger.traveller import DivergedError, Input
from kerneltui.errors import Mistakes, UserError, suggestion
from kerneltui.machine.board import read_board
from kerneltui.machine.machine import Machine
from kerneltui.machine.position import Position
from kerneltui.own.driver import OwnDriver
from kerneltui.scenarios.own_drivers import kind_for_drivers, no_drivers
from kerneltui.scenarios.reading import ImageScenario, Scenario, check_names, read_scenario
from kerneltui.scenarios.scenario import make_session
from kerneltui.sessions.spec import (
    FORMAT,
    BreakpointSpec,
    GivenSpec,
    MomentSpec,
    OriginSpec,
    SavedBookmarkSpec,
    SessionSpec,
)

KEYS = frozenset(("format", "board", "scenario", "kernel", "here", "end"))
"""What session files have: scenario or kernel, or both."""
GIVEN = ("type", "bytes", "poke")


class SessionFile(msgspec.Struct, frozen=True):
    """A checked session file, or one that is about to be written."""

    spec: SessionSpec
    file: ConfigFile


def looks_like_session(data: dict[str, Any]) -> bool:
    """Some keys may be misspelt, or missing."""
    return len(KEYS & set(data)) >= 3


def load_session(path: Path) -> SessionFile:
    """Read a session file.  Raises :class:`UserError`."""
    return read_session(ConfigFile.load(path))


def read_session(file: ConfigFile) -> SessionFile:
    """Check a parsed session file.  Raises :class:`UserError`."""
    if not looks_like_session(file.data):
        raise file.error((), "this is no session file: it has no 'format: 1', 'here:' and 'end:'")
    found = file.data.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise file.error(
            ("format",), f"format {found} is of a newer kerneltui; this one reads 1 to {FORMAT}"
        )
    spec = file.decode(SessionSpec)
    _check_order(file, spec)
    return SessionFile(spec, file)


def _check_order(file: ConfigFile, spec: SessionSpec) -> None:
    """What is not built in, and moments that cannot be in this past, or not in this order."""
    found = Mistakes()
    for key in ("board", "scenario"):
        _check_origin(file, key, getattr(spec, key), found)
    if spec.scenario is None and spec.kernel is None:
        found.add(file.error((), "a session needs a scenario, a kernel or both; here: none"))
    end = spec.end.position
    if spec.here.position > end:
        found.add(file.error(("here",), "this moment comes after 'end'"))
    before = None
    for number, item in enumerate(spec.inputs):
        place = ("inputs", number)
        given = [key for key in GIVEN if getattr(item, key) is not None]
        if len(given) != 1:
            said = " and ".join(given) or "none"
            found.add(
                file.error(place, f"an input needs exactly one of {_listed(GIVEN)}; here: {said}")
            )
        if item.core and item.poke is None:
            found.add(file.error((*place, "core"), "only a poke is done by a core; remove this"))
        position = item.moment.position
        if position > end:
            found.add(file.error((*place, "moment"), "this moment comes after 'end'"))
        if before is not None and position < before:
            found.add(
                file.error((*place, "moment"), "inputs stand in order of time; this is too late")
            )
        before = position
    check_names(file, spec.bookmarks, found)
    for number, mark in enumerate(spec.bookmarks):
        place = ("bookmarks", number)
        if (mark.moment is None) == (mark.at is None):
            said = "none" if mark.at is None else "both"
            found.add(
                file.error(place, f"a bookmark needs exactly one of moment and at; here: {said}")
            )
        if mark.moment is not None and mark.moment.position > end:
            found.add(file.error((*place, "moment"), "this moment comes after 'end'"))
    found.tell()


def _check_origin(file: ConfigFile, key: str, origin: OriginSpec | None, found: Mistakes) -> None:
    """One without its text must be built in."""
    known = available(f"{key}s")
    if origin is not None and origin.text is None and origin.name not in known:
        hint = suggestion(origin.name, known)
        found.add(file.error((key, "name"), f"there is no built-in {key} '{origin.name}'{hint}"))


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


# -- a session of it -------------------------------------------------------------------------------


def open_saved(
    saved: SessionFile, drivers: Callable[[str], tuple[OwnDriver, ...]] = no_drivers
) -> Session:
    """A session at reset, which is given what was given as it runs.

    ``drivers`` loads a person's own, for a kind of board.  Raises :class:`UserError`.
    """
    spec, file = saved.spec, saved.file
    board_file = _origin(saved, "board")
    board = read_board(board_file, board_file.path)
    board = replace(board, name=spec.board.name)
    scenario = _scenario(saved)
    kind = kind_for_drivers(board, scenario)
    own = drivers(kind) if kind else ()  # what is wrong in a driver's file is told with that file
    try:
        if not kind:
            drivers(kind)  # an image has no place for them
        _check_drivers(saved, own)
        session = make_session(board, scenario, scenario.name, spec.changes, own)
    except UserError as error:
        said = str(error)
        is_told = said.startswith(str(file.path))
        place = ("changes",) if spec.kernel is None else ("kernel", "path")
        raise error if is_told else file.error(place, said) from None
    try:
        _check_cores(saved, session.machine)
        session.history.expect(_inputs(saved, session.machine))
        session.bookmarks.put_all(_bookmark(item) for item in spec.bookmarks)
        found = Mistakes()
        for number, item in enumerate(spec.breakpoints):
            try:
                session.breakpoints.add(session.machine, _breakpoint(item))
            except BreakpointError as error:
                found.add(file.error(("breakpoints", number, "at"), str(error)))
        found.tell()
    except UserError:
        session.close()
        raise
    return session


def _scenario(saved: SessionFile) -> Scenario:
    """What runs; of an image, with the file where that is now."""
    spec = saved.spec
    if spec.scenario is None:
        from kerneltui.scenarios.images import image_scenario  # nobody else needs the engine

        return image_scenario(_image_of(saved))
    file = _origin(saved, "scenario")
    scenario = replace(read_scenario(file, file.path), name=spec.scenario.name)
    if isinstance(scenario, ImageScenario):
        if spec.kernel is None:
            said = "this scenario runs an image; 'kernel' must name it, with path and sha256"
            raise saved.file.error(("scenario",), said)
        return replace(scenario, path=_image_of(saved, scenario.spec.start.file))
    if spec.kernel is not None:
        raise saved.file.error(("kernel",), "the scenario of this session runs no image; remove it")
    return scenario


def _image_of(saved: SessionFile, written: str = "") -> Path:
    """The image that it was saved with.

    If a folder has been moved with all that is in it, the image lies as it did to the session, or
    to the scenario, where ``written`` is its path.
    """
    wanted = saved.spec.kernel
    assert wanted is not None
    path, here, place = Path(wanted.path), saved.file.path.parent, ("kernel", "path")
    places = dict.fromkeys((path, here / written, here / path.name))
    there = [item for item in places if os.path.isfile(item)]  # noqa: PTH113 - of any name
    if not there:
        said = f"{path}: No such file or directory; bring it back, or write where it is now"
        raise saved.file.error(place, said)
    for item in there:
        try:
            with item.open("rb") as file:
                if file_digest(file, sha256).hexdigest() == wanted.sha256:
                    return item
        except OSError as error:
            raise saved.file.error(place, f"{item}: {error.strerror or error}") from None
    raise saved.file.error(
        ("kernel", "sha256"),
        f"the image {there[0]} is not the one that this was saved with; bring back the file "
        "as it was, or begin anew without this session",
    )


def _check_drivers(saved: SessionFile, own: Sequence[OwnDriver]) -> None:
    """A session file never names a file to execute: the command line does, for the same roles."""
    wanted = {item.role: item for item in saved.spec.drivers}
    given = {item.role for item in own}
    place = saved.file.path
    for role, item in wanted.items():
        if role not in given:
            raise UserError(
                f"{place}: it was made with a driver of one's own, {item.name}; add "
                f"--driver {role}=FILE"
            )
    for role in given - wanted.keys():
        raise UserError(f"{place}: it was made without a driver of one's own; leave out {role}")


def _origin(saved: SessionFile, key: str) -> ConfigFile:
    """The file of the board or the scenario; one that is not built in stands in the session."""
    spec: OriginSpec = getattr(saved.spec, key)
    if spec.text is not None:
        path = saved.file.path
        return ConfigFile(Path(f"{path} ({key}: text)"), spec.text, within=path)
    return ConfigFile.load(available(f"{key}s")[spec.name])


def changed_origins(saved: SessionFile, drivers: Iterable[OwnDriver] = ()) -> Iterator[str]:
    """What a session was saved with and is not the same any more, each in a sentence."""
    for key in ("board", "scenario"):
        spec: OriginSpec | None = getattr(saved.spec, key)
        if spec is not None and spec.text is None and spec.sha256 is not None:
            path = available(f"{key}s").get(spec.name)
            if path is not None and content_hash(ConfigFile.load(path)) != spec.sha256:
                yield f"the built-in {key} '{spec.name}' has changed since this was saved"
    known = {driver.role: driver for driver in drivers}
    for item in saved.spec.drivers:
        driver = known.get(item.role)
        if driver is not None and driver.sha256 != item.sha256:
            yield f"the driver {driver.path} has changed since this was saved"


def content_hash(file: ConfigFile) -> str:
    """Of what a file says, however it is written."""
    return sha256(msgspec.json.encode(file.data, order="deterministic")).hexdigest()


def _check_cores(saved: SessionFile, machine: Machine) -> None:
    """Whether each moment's core is there."""
    spec, count = saved.spec, len(machine.cores)
    moments: list[tuple[tuple[str | int, ...], MomentSpec]] = [
        (("here",), spec.here), (("end",), spec.end),
        *((("inputs", n, "moment"), item.moment) for n, item in enumerate(spec.inputs)),
        *(
            (("bookmarks", n, "moment"), item.moment)
            for n, item in enumerate(spec.bookmarks) if item.moment is not None
        ),
    ]  # fmt: skip
    for place, moment in moments:
        if moment.core >= count:
            said = f"there is no core {moment.core}; {machine.board_name} has 0 to {count - 1}"
            raise saved.file.error((*place, "core"), said)


def _inputs(saved: SessionFile, machine: Machine) -> Iterator[Input]:
    for number, item in enumerate(saved.spec.inputs):
        position = item.moment.position
        if item.poke is None:
            yield Input(position, _typed(item))
            continue
        try:
            poke = parse(machine, item.poke, item.core)
        except ValueError as error:
            raise saved.file.error(("inputs", number, "poke"), str(error)) from None
        yield Input(position, poke, item.poke)


def _typed(item: GivenSpec) -> bytes:
    return bytes.fromhex(item.bytes) if item.bytes is not None else (item.type or "").encode()


def _breakpoint(item: BreakpointSpec) -> Any:
    return replace(parse_breakpoint(item.at), enabled=item.enabled)


def _bookmark(item: SavedBookmarkSpec) -> Bookmark:
    if item.moment is None:
        return Bookmark(int(item.at or 0), item.note, item.name or "")
    position = item.moment.position
    return Bookmark(position.now_ns, item.note, item.name or "", position, item.phase)


# -- doing it again --------------------------------------------------------------------------------


def resume(session: Session, saved: SessionFile) -> Generator[Position, None, None]:
    """From reset on do again what was done, and go to where one was.

    Yields how far it has come.  Raises :class:`UserError` where the machine does not come there.
    """
    spec = saved.spec
    try:
        yield from session.history.do_again(spec.end.position)
        session.go_to_page((spec.here.position, spec.phase))
    except DivergedError:
        said = _departs(saved, session.setup.drivers)
        raise saved.file.error(("end",), said) from None


def _departs(saved: SessionFile, drivers: Iterable[OwnDriver]) -> str:
    by = saved.spec.versions
    version = f" (kerneltui {by.kerneltui})" if by is not None else ""
    why = next(changed_origins(saved, drivers), "")
    more = f"; {why}" if why else ""
    return (
        f"the machine does not come to this moment as it did when this was saved{version}{more}; "
        f"'kerneltui replay {saved.file.path}' tells which event is the first that is another"
    )


def run_to_end(session: Session, saved: SessionFile) -> Generator[Position, None, bool]:
    """From reset on to the end; False where the machine does not come there."""
    try:
        yield from session.history.do_again(saved.spec.end.position)
    except DivergedError:
        return False
    return True
