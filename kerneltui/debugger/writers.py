"""Who wrote last what decides a gate, and that in words."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path

from kerneltui.debugger.ear import By, LastWrite
from kerneltui.debugger.history import History
from kerneltui.debugger.last_write import Place, find_last_writes
from kerneltui.debugger.trace import RawEvent
from kerneltui.debugger.way import Station
from kerneltui.hw.rule import Gate
from kerneltui.machine.machine import Position
from kerneltui.units import format_time

Writers = dict[Place, LastWrite]
PACKAGE = __name__.partition(".")[0]
NOT_WRITTEN = frozenset((By.HARDWARE, By.RESET))
"""Nobody did it, at no moment."""


def place_of(station: Station, gate: Gate) -> Place | None:
    """The bits that decide; None where they are in no register."""
    return None if gate.spot is None else (station.owner, gate.spot)


def find_writers(
    history: History, stations: Iterable[Station]
) -> Generator[Position, None, Writers]:
    """Those of all gates of some stations; yields how far into the past it has looked."""
    found = (place_of(station, gate) for station in stations for gate in station.gates)
    places = list(dict.fromkeys(place for place in found if place is not None))
    writes = yield from find_last_writes(history, places)
    return dict(zip(places, writes, strict=True))


def event_of(write: LastWrite) -> RawEvent | None:
    """What to go to (:meth:`Session.go_to_event`); None where nobody has written."""
    if write.by in NOT_WRITTEN:
        return None
    kind = "poke" if write.by in {By.POKE, By.SCENARIO} else ""
    return write.step, write.t_ns, write.core, kind, 0, 0, ""


def code_path(file: str) -> str:
    """A file from the package's folder on, or all of it where it is none of the package's."""
    path = Path(file)
    folders = [folder for folder in path.parents if folder.name == PACKAGE]
    return path.relative_to(folders[0]).as_posix() if folders else file


def in_words(write: LastWrite) -> str:
    """Who it was, and when: a clause without its subject."""
    if write.by is By.HARDWARE:
        return "set by the device alone: no store reaches it"
    if write.by is By.RESET:
        return "written by nobody since reset"
    at = f"at {format_time(write.t_ns)} s"
    if write.by is By.SCENARIO:
        return f"last written by a poke of the scenario {at}"
    if write.by is By.POKE:
        return f"last written by your poke {at}"
    who = write.function or f"core {write.core}"
    place = f" ({code_path(write.file)}:{write.line})" if write.file else ""
    if write.by is By.EXCEPTION:
        taken = write.instruction.upper()
        return f"last written by core {write.core} when it took {taken}, in {who}{place} {at}"
    wanted = f" for {write.caller.function}" if write.caller is not None else ""
    return f"last written by {who}{place}{wanted} {at}"
