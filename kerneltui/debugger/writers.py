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


def places_of(stations: Iterable[Station], *, only_shut: bool = False) -> list[Place]:
    """The bits that decide the gates of some stations, or those of them that are shut."""
    found = (
        place_of(station, gate)
        for station in stations
        for gate in station.gates
        if not (only_shut and gate.open)
    )
    return list(dict.fromkeys(place for place in found if place is not None))


def find_writers(history: History, places: list[Place]) -> Generator[Position, None, Writers]:
    """Who wrote them; yields how far into the past it has looked."""
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
        return "set by the device itself, not by a store"
    if write.by is By.RESET:
        return "written by nobody since reset"
    at = f"at {format_time(write.t_ns)} s"
    if write.by is By.SIGNAL:
        return f"last reset by an INIT message that no core has sent, {at}"
    done = "reset" if write.is_reset else "written"
    if write.by in {By.SCENARIO, By.POKE}:
        whose = "a poke of the scenario" if write.by is By.SCENARIO else "your poke"
        which = f" of {write.register}" if write.is_reset else ""
        return f"last {done} by {whose}{which} {at}{_since(write)}"
    who = write.function or f"core {write.core}"
    place = f" ({code_path(write.file)}:{write.line})" if write.file else ""
    if write.by is By.EXCEPTION:
        taken = write.instruction.upper()
        return f"last written by core {write.core} when it took {taken}, in {who}{place} {at}"
    by_way_of = f" with a store to {write.register}" if write.is_reset else ""
    wanted = f" for {write.caller.function}" if write.caller is not None else ""
    return f"last {done} by {who}{place}{wanted}{by_way_of} {at}{_since(write)}"


def _since(write: LastWrite) -> str:
    return ", and changed by the device since" if write.changed_since else ""
