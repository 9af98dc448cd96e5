"""The signal path: the stations between a source and the queue, as they stand at a moment.

It is the way of one interrupt (:mod:`kerneltui.debugger.way`), the one that is on its way or else
the one that timeouts wait for, with its gates as facts, then the handler, the callback and the
queue.  So a board with other devices has a path too.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import msgspec
from msgspec.structs import replace

from kerneltui.debugger.naming import main_interrupt
from kerneltui.debugger.references import (
    CoreReference,
    FieldReference,
    InterruptReference,
    LineReference,
    Reference,
    RegisterReference,
    TimeoutReference,
)
from kerneltui.debugger.register_marks import place_of
from kerneltui.debugger.sight import NO_STORY, Sight
from kerneltui.debugger.way import IS_HIGH, KERNEL, Station, Way, best_way, whole_ways
from kerneltui.hw.rule import Gate, Opens, first_shut
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.core import CoreState
from kerneltui.machine.machine import Machine
from kerneltui.units import format_briefly

SOURCE, LINE, CONTROLLER, CPU, HANDLER, CALLBACK, QUEUE = (
    "source", "line", "controller", "cpu", "handler", "callback", "queue",
)  # fmt: skip
MOST_IN_QUEUE = 5
MOST_CHANGES = 3
OPEN, SHUT, WAITING, PLAIN = "open", "shut", "waiting", "plain"


class PathFact(msgspec.Struct, frozen=True):
    """One thing that a station shows."""

    text: str
    state: str
    """:data:`OPEN`, :data:`SHUT` (software has to open it), :data:`WAITING` or :data:`PLAIN`"""
    about: Reference | None = None


class Stop(msgspec.Struct, frozen=True):
    """A station, or for :data:`LINE` the wire between two."""

    kind: str
    title: str
    facts: tuple[PathFact, ...]
    about: Reference | None = None
    level: bool | None = None
    """of a wire"""


class PathView(msgspec.Struct, frozen=True):
    """A way and what lies at its end, and how far the story of it has come.

    Where nobody follows the story, the texts are empty.
    """

    interrupt: InterruptReference
    core: int
    stops: tuple[Stop, ...]
    broken_at: int | None
    """the stop whose gate software has to open"""
    mend: str
    """what that one needs"""
    culprit: Reference | None = None
    """its register"""
    heading: str = ""
    """of the step: ``STEP 5/12 THE CPU TAKES IT``"""
    sentence: str = ""
    """what happened and why"""
    next_sentence: str = ""
    now: str = ""
    """the kind of the stop where it happened"""
    done: tuple[str, ...] = ()
    """the kinds of those that are behind"""
    changes: tuple[str, ...] = ()
    """what has changed since the present step began, as ``NAME old → new``"""

    @property
    def register(self) -> Reference | None:
        """A register of the stop where it happened, or else of the last one before with any."""
        found = None
        for stop in self.stops:
            if isinstance(stop.about, RegisterReference | FieldReference):
                found = stop.about
            if stop.kind == self.now:
                break
        return found


def path_view(sight: Sight) -> PathView | None:
    """The path of the interrupt that the story is about, or else of the one that timeouts wait for.

    None where there is none to show.
    """
    machine, inspector, story, cpu = sight.machine, sight.inspector, sight.story, sight.focus
    interrupt = main_interrupt(machine, inspector, cpu)
    if story is not None and story.interrupt is not None:
        interrupt = story.interrupt
    if interrupt is None:
        return None
    way = best_way(whole_ways(machine, inspector, interrupt.controller, interrupt.number, cpu))
    if machine.cores[cpu].depth:
        way = _quieted(way)
    stops = [*_stops(machine, way), _handler(way), *_kernel(machine, inspector)]
    broken = next((gate for gate in way.gates if not gate.open and gate.opens is Opens.STORE), None)
    place = None
    if broken is not None:
        title = _title(machine, way.station_of(broken))
        place = next((n for n, stop in enumerate(stops) if stop.title == title), None)
    told = story or NO_STORY
    return PathView(
        interrupt=interrupt,
        core=cpu,
        stops=tuple(stops),
        broken_at=place,
        mend="" if broken is None else f"{broken.says or broken.name}: it needs {broken.needs}",
        culprit=None if broken is None else _place(machine, way.station_of(broken).owner, broken),
        heading=told.heading,
        sentence=told.sentence,
        next_sentence=told.next_sentence,
        now=told.station,
        done=tuple(sorted(told.done)),
        changes=tuple(_changes(sight, {station.owner for station in way.stations})),
    )


def _quieted(way: Way) -> Way:
    """While a handler runs, what it has switched off at the source is to be on again at its end."""
    source, *later = way.stations
    gates = tuple(
        replace(gate, opens=Opens.END) if gate.opens is Opens.STORE else gate
        for gate in source.gates
    )
    return Way((replace(source, gates=gates), *later))


def _changes(sight: Sight, owners: set[str]) -> list[str]:
    """Registers of devices on the way first; counters change with time alone."""
    before, now = sight.registers.baseline, sight.registers.values
    if not before:
        return []
    on_way: list[str] = []
    others: list[str] = []
    for device in sight.machine.devices.values():
        for space, base, file in sight.machine.windows(device):
            for slot in file.slots():
                place = place_of(space, base, slot, sight.focus)
                old, new = before.get(place), now.get(place)
                if (
                    old is not None
                    and new is not None
                    and old != new
                    and not slot.register.volatile
                ):
                    found = on_way if device.name in owners else others
                    found.append(f"{slot.name} {old:#x} → {new:#x}")
    return [*on_way, *others][:MOST_CHANGES]


# -- stations of the way ---------------------------------------------------------------------------


def _stops(machine: Machine, way: Way) -> Iterable[Stop]:
    for station in way.stations:
        if station.owner == KERNEL:
            continue
        yield _stop(machine, station)
        wire = station.line
        if wire:
            level = _level(machine, wire)
            yield Stop(LINE, wire, (), LineReference(wire), level)


def _level(machine: Machine, wire: str) -> bool:
    return any(
        line.level
        for device in machine.devices.values()
        for lines in device.outputs.values()
        for line in lines
        if line.name == wire
    )


def _title(machine: Machine, station: Station) -> str:
    if station.owner.startswith("core "):
        return station.owner
    device = machine.devices.get(station.owner)
    if station.entrance is not None and device is not None:
        return f"{station.owner} {station.title}"
    return station.owner


def _kind(station: Station) -> str:
    if station.owner.startswith("core "):
        return CPU
    return SOURCE if station.entrance is None else CONTROLLER


def _stop(machine: Machine, station: Station) -> Stop:
    kind = _kind(station)
    facts = [_fact(machine, station, gate) for gate in _by_weight(station.gates)]
    about: Reference | None = next((fact.about for fact in facts if fact.about is not None), None)
    if kind is CPU:
        core = machine.cores[int(station.owner.removeprefix("core "))]
        about = CoreReference(core.index)
        asleep = core.state is CoreState.WAITING
        doing = "asleep" if asleep else f"handler, {core.depth} deep" if core.depth else "runs"
        facts = [PathFact(doing, PLAIN, about), *facts]
    return Stop(kind, _title(machine, station), tuple(facts), about)


def _by_weight(gates: tuple[Gate, ...]) -> list[Gate]:
    """What software has to open first, then what is waited for, then the rest."""
    weight = {Opens.STORE: 0, Opens.END: 1, Opens.EVENT: 1}
    return sorted(gates, key=lambda gate: 2 if gate.open else weight[gate.opens])


def _fact(machine: Machine, station: Station, gate: Gate) -> PathFact:
    text = gate.name
    if gate.due_ns is not None and not gate.open:
        text = f"in {format_briefly(gate.due_ns - machine.now).strip()}"
    state = OPEN if gate.open else SHUT if gate.opens is Opens.STORE else WAITING
    return PathFact(text, state, _place(machine, station.owner, gate))


def _place(machine: Machine, owner: str, gate: Gate) -> Reference | None:
    spot = gate.spot
    if spot is None:
        return LineReference(gate.register) if gate.name == IS_HIGH else None
    device = machine.devices.get(owner)
    file = machine.core.regs if device is None else device.files[spot.window]
    slot = file.slot_for(spot.key)
    register = RegisterReference(owner, "" if device is None else spot.window, slot.name)
    field = next((item for item in slot.register.fields if item.mask & spot.mask), None)
    return register if field is None else FieldReference(register, field.name)


# -- the kernel ------------------------------------------------------------------------------------


def _handler(way: Way) -> Stop:
    gates = [gate for station in way.stations if station.owner == KERNEL for gate in station.gates]
    shut = first_shut(gates)
    if not gates:
        return Stop(HANDLER, "", ())
    facts = () if shut is None else (PathFact("none registered", SHUT),)
    return Stop(HANDLER, gates[-1].field, facts)


def _kernel(machine: Machine, inspector: Inspector) -> Iterable[Stop]:
    """The callback that runs, and the queue."""
    now = machine.now
    running, armed = inspector.handled_timeout(), inspector.armed_timeout()
    pending = list(islice(inspector.timeouts(), MOST_IN_QUEUE))
    if running is None:
        yield Stop(CALLBACK, "", ())
    else:
        about = TimeoutReference(running.ident)
        yield Stop(CALLBACK, running.name, (PathFact("runs", PLAIN, about),), about)
    facts = (
        PathFact(
            f"{'▶' if item.ident == armed else ' '} {_wait(item.due_ns - now)} {item.name}",
            PLAIN,
            TimeoutReference(item.ident),
        )
        for item in pending
    )
    yield Stop(QUEUE, f"{len(inspector.timeouts())} pending", tuple(facts))


def _wait(ahead_ns: int) -> str:
    if ahead_ns < 0:
        return f"{format_briefly(-ahead_ns).strip()} late"
    return format_briefly(ahead_ns).strip()
