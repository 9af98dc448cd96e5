"""Who wrote last what decides a gate, and that in words."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path

from kerneltui.debugger.ear import By, LastWrite
from kerneltui.debugger.history import History
from kerneltui.debugger.last_write import Place, find_last_write, find_last_writes
from kerneltui.debugger.recorder import Recorder
from kerneltui.debugger.trace import SCENARIO, RawEvent, is_wire_poke, poked_by
from kerneltui.debugger.way import IS_HIGH, Station
from kerneltui.hw.rule import Gate
from kerneltui.machine.position import Position
from kerneltui.units import format_time

Writers = dict[Place, LastWrite]
PACKAGE = __name__.partition(".")[0]
NOT_WRITTEN = frozenset((By.HARDWARE, By.RESET))
"""Nobody did it, at no moment."""


def place_of(station: Station, gate: Gate) -> Place | None:
    """The bits that decide; None where they are in no register."""
    return None if gate.spot is None else (station.owner, gate.spot)


def _places_of(stations: Iterable[Station], *, only_shut: bool) -> list[Place]:
    """The bits that decide the gates of some stations, or those of them that are shut."""
    found = (
        place_of(station, gate)
        for station in stations
        for gate in station.gates
        if not (only_shut and gate.open)
    )
    return list(dict.fromkeys(place for place in found if place is not None))


def driver_of(recorder: Recorder, gate: Gate) -> LastWrite | None:
    """The poke that has driven a wire to the level that it has; None where its device has."""
    events = iter(reversed(recorder.events))
    changed = next((it for it in events if it[3] == "line" and it[-1] == gate.register), None)
    before = next(events, None)  # a poke is told just before the change that it makes
    if gate.name != IS_HIGH or changed is None or before is None or not is_wire_poke(before):
        return None
    who, wire = poked_by(before)
    if wire != gate.register:
        return None
    step, t_ns, core, _, _, value, _ = before
    by = By.SCENARIO if who == SCENARIO else By.POKE
    return LastWrite(by, step, t_ns, core, value=value, register=wire)


def find_writers(
    history: History, stations: Iterable[Station], *, only_shut: bool = False
) -> Generator[Position, None, Writers]:
    """Who wrote what decides the gates of some stations, or those of them that are shut.

    Of a shut one it is who has made it so.  Yields how far into the past it has looked.
    """
    met = [*stations]
    shut, places = _places_of(met, only_shut=True), _places_of(met, only_shut=only_shut)
    writes = yield from find_last_writes(history, places, shut)
    return dict(zip(places, writes, strict=True))


def find_writer(history: History, place: Place, gate: Gate) -> Generator[Position, None, LastWrite]:
    """The same of one gate, whose bits are at a place."""
    return find_last_write(history, *place, is_change=not gate.open)


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
    """Who it was, and when: a clause without its subject.

    Who has only written once more what was there stands behind that.
    """
    told, again = _told(write), write.again
    if again is None:
        return told
    who = _told(again).replace("last written", "last written, with that same value,")
    if write.by is By.RESET:
        return f"as it is out of reset: nobody has changed it; {who}"
    return f"{told.replace('last written', 'last changed')}; {who}"


def _told(write: LastWrite) -> str:
    if write.by is By.HARDWARE:
        return "set by the hardware, not by a store"
    if write.by is By.RESET:
        return "written by nobody since reset"
    at = f"at {format_time(write.t_ns)} s"
    if write.by is By.SIGNAL:
        return f"last reset by an INIT message that no core has sent, {at}"
    done = "reset" if write.is_reset else "driven" if "." in write.register else "written"
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
    if write.is_ignored:
        return ", by a non-secure access: ignored (RAZ/WI)"
    return ", and changed by the hardware since" if write.changed_since else ""
