"""The signal path: the stations between a source and the queue, as they stand at a moment.

It is the way of one interrupt (:mod:`kerneltui.debugger.way`), the one that is on its way or else
the one that timeouts wait for, with its gates as facts, then the handler, the callback and the
queue.  So a board with other devices has a path too.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from kerneltui.debugger.gate_places import place_of_gate
from kerneltui.debugger.marks import StepKind
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
from kerneltui.debugger.sight import Makers, Sight, Story
from kerneltui.debugger.troubles import trouble_of
from kerneltui.debugger.views.path_changes import register_changes, unchanged_words
from kerneltui.debugger.way import IS_HIGH, KERNEL, Station, Way, best_way, whole_ways
from kerneltui.hw.rule import Gate, Opens, first_shut
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.core import Core, CoreState
from kerneltui.machine.machine import Machine
from kerneltui.units import format_briefly

SOURCE, LINE, CONTROLLER, CPU, HANDLER, CALLBACK, QUEUE = (
    "source", "line", "controller", "cpu", "handler", "callback", "queue",
)  # fmt: skip
MOST_IN_QUEUE = 5
OPEN, SHUT, WAITING, UNTOLD, PLAIN = "open", "shut", "waiting", "untold", "plain"
"""A gate: it holds; it does not, and nobody is about to change that; it does not yet; the story has
not come to it, though it is of the same instant.  And what is no gate."""


class PathFact(msgspec.Struct, frozen=True):
    """One thing that a station shows."""

    text: str
    state: str
    """:data:`OPEN`, :data:`SHUT` (software has to open it), :data:`WAITING`, :data:`UNTOLD` or
    :data:`PLAIN`"""
    about: Reference | None = None


class Stop(msgspec.Struct, frozen=True):
    """A station, or for :data:`LINE` the wire between two."""

    kind: str
    title: str
    facts: tuple[PathFact, ...]
    about: Reference | None = None
    level: bool | None = None
    """of a wire; None where the story has not come to it"""
    owner: str = ""
    """the device or the core that it is"""


class Due(msgspec.Struct, frozen=True):
    """A timeout that is pending, or a bookmark that is ahead."""

    name: str
    in_ns: int
    """how far ahead; less than nothing for a timeout that is late"""
    is_armed: bool
    """the timer is set for it"""
    is_bookmark: bool = False


class PathView(msgspec.Struct, frozen=True):
    """A way and what lies at its end, and how far the story of it has come.

    Where nobody follows the story, the texts are empty.
    """

    interrupt: InterruptReference | None
    """None where the story is about none"""
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
    subject: str = ""
    """``Timer interrupt, IRQ 30``"""
    sentence: str = ""
    """what happened and why"""
    next_sentence: str = ""
    unstepped: str = ""
    """where a step is looked for and none is near: what is there instead, in a sentence"""
    now_at: int | None = None
    """the stop where it happened"""
    done: tuple[str, ...] = ()
    """the kinds of those that are behind"""
    changes: tuple[str, ...] = ()
    """what has changed since the present step began, as ``NAME old → new``"""
    unchanged: str = ""
    """where that is no register, what it was instead; empty where nobody knows"""
    is_ahead: bool = False
    """the next step is of the same instant: the machine, and all other panels, are there already"""
    ago_ns: int = 0
    """how long ago the step was, where its sentence is empty"""
    due: tuple[Due, ...] = ()
    """the next timeouts, and the bookmarks before the last of them, in order"""
    is_timers: bool = True
    """it is the interrupt that timeouts wait for: what lies behind its handler belongs to it"""

    @property
    def register(self) -> Reference | None:
        """A register of the stop where it happened, or else of the last one before with any."""
        found = None
        for place, stop in enumerate(self.stops):
            if isinstance(stop.about, RegisterReference | FieldReference):
                found = stop.about
            if place == self.now_at:
                break
        return found


def path_view(sight: Sight) -> PathView | None:
    """The path of the interrupt that the story is about, or else of the one that timeouts wait for.

    None where there is none to show.
    """
    machine, inspector, story = sight.machine, sight.inspector, sight.story
    cpu = sight.focus if story is None else story.core
    timers = main_interrupt(machine, inspector, cpu)
    interrupt = timers
    if story is not None and (story.interrupt is not None or story.kind is StepKind.SENT):
        interrupt = story.interrupt
    if interrupt is None:
        is_told = story is not None or sight.is_followed
        return _told(PathView(None, cpu, (), None, ""), sight, []) if is_told else None
    ways = whole_ways(machine, inspector, interrupt.controller, interrupt.number, cpu, sight.glance)
    way = best_way(ways)
    is_timers = interrupt == timers and bool(inspector.queue_structure())
    trouble = trouble_of(machine, sight.recorder, inspector, way, cpu, is_timers=is_timers)
    kept = () if trouble is None else trouble.gates
    ahead = frozenset[StepKind]() if story is None else story.ahead
    stops = [
        *_stops(machine, way, kept, ahead), _handler(machine, way, interrupt, kept, cpu),
        *_kernel(machine, inspector, story),
    ]  # fmt: skip
    if story is not None and story.interrupt is None and story.subject:
        # A system call, say: no interrupt has brought the core here.
        stops = [replace(stop, title=story.subject) if stop.kind == HANDLER else stop
                 for stop in stops]  # fmt: skip
    place, culprit = None, None
    if trouble is not None:
        station = way.station_of(trouble.gates[0])
        owner = _title(machine, station)
        place = next((n for n, stop in enumerate(stops) if stop.title == owner), None)
        if station.owner == KERNEL:
            place = next(n for n, stop in enumerate(stops) if stop.kind == HANDLER)
        culprit = _place(machine, station.owner, trouble.gates[0])
    view = PathView(
        interrupt, cpu, tuple(stops), place,
        "" if trouble is None else f"{trouble.told}: it needs {trouble.needs}",
        culprit, due=_due(sight), is_timers=is_timers,
    )  # fmt: skip
    return _told(view, sight, [station.owner for station in way.stations])


def _told(view: PathView, sight: Sight, owners: list[str]) -> PathView:
    """A view with what the story says; ``owners`` are the devices on the way, in order."""
    story = sight.story
    source = view.stops[0].owner if view.stops else ""
    changes = tuple(register_changes(sight, owners, source))
    view = replace(view, changes=changes, unchanged="" if changes else unchanged_words(sight))
    if story is None:
        if sight.is_followed:
            from kerneltui.debugger.unstepped import told  # as a rule there is a step

            view = replace(view, unstepped=told(sight))
        return view
    return replace(
        view,
        heading=story.heading,
        subject=story.subject,
        sentence=story.sentence,
        next_sentence=story.next_sentence,
        now_at=_now_at(view.stops, story),
        done=tuple(sorted(story.done)),
        is_ahead=bool(story.ahead),
        ago_ns=story.ago_ns,
    )


def _now_at(stops: tuple[Stop, ...], story: Story) -> int | None:
    """Where it happens: of several controllers at that one, of several wires on that one."""
    kinds = [place for place, stop in enumerate(stops) if stop.kind == story.station]
    named = {story.owner} if story.station == CONTROLLER else {story.line}
    found = (place for place in kinds if named & {stops[place].owner, stops[place].title})
    return next(found, kinds[0] if kinds else None)


# -- stations of the way ---------------------------------------------------------------------------


def _stops(
    machine: Machine, way: Way, kept: tuple[Gate, ...], ahead: frozenset[StepKind]
) -> Iterable[Stop]:
    """``kept`` are the gates that nobody opens; ``ahead`` is of this instant and not told yet."""
    is_first_wire = True
    for station in way.stations:
        if station.owner == KERNEL:
            continue
        yield _stop(machine, station, kept, ahead)
        if station.line:
            untold = StepKind.PENDING in ahead
            if is_first_wire and station.entrance is None:
                untold = StepKind.LINE in ahead
            level = None if untold else _level(machine, station.line)
            yield Stop(LINE, station.line, (), LineReference(station.line), level)
            is_first_wire = False


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


def _stop(
    machine: Machine, station: Station, kept: tuple[Gate, ...], ahead: frozenset[StepKind]
) -> Stop:
    kind = _kind(station)
    is_untold = kind is not SOURCE and StepKind.PENDING in ahead
    noted = next((gate for gate in station.gates if gate.opens is Opens.EVENT), None)
    facts = [
        _fact(machine, station, gate, kept, is_untold and kind is CONTROLLER and gate is noted)
        for gate in station.gates
    ]
    about: Reference | None = next((fact.about for fact in facts if fact.about is not None), None)
    if kind is CPU:
        core = machine.cores[int(station.owner.removeprefix("core "))]
        about = CoreReference(core.index)
        state = UNTOLD if is_untold else PLAIN
        facts = [PathFact("" if is_untold else _doing(core, ahead), state, about), *facts]
    return Stop(kind, _title(machine, station), tuple(facts), about, owner=station.owner)


def _doing(core: Core, ahead: frozenset[StepKind]) -> str:
    if core.state is CoreState.WAITING:
        return "asleep"
    if core.state in {CoreState.HALTED, CoreState.OFF}:
        return str(core.state)
    if StepKind.RETURNED in ahead:
        return "returns"
    return (
        f"in a handler, {core.depth} deep"
        if core.depth > 1
        else "in a handler"
        if core.depth
        else "runs"
    )


def _fact(
    machine: Machine, station: Station, gate: Gate, kept: tuple[Gate, ...], is_untold: bool
) -> PathFact:
    text = gate.name
    if gate.due_ns is not None and not gate.open and gate not in kept:
        text = f"in {format_briefly(gate.due_ns - machine.now).strip()}"
    state = OPEN if gate.holds else SHUT if gate in kept else WAITING
    if is_untold:
        state = UNTOLD
    return PathFact(text, state, _place(machine, station.owner, gate))


def _place(machine: Machine, owner: str, gate: Gate) -> Reference | None:
    if gate.spot is None:
        return LineReference(gate.register) if gate.name == IS_HIGH else None
    return place_of_gate(machine, machine.core, owner, gate)


# -- the kernel ------------------------------------------------------------------------------------


def _handler(
    machine: Machine, way: Way, interrupt: InterruptReference, kept: tuple[Gate, ...], cpu: int
) -> Stop:
    gates = [gate for station in way.stations if station.owner == KERNEL for gate in station.gates]
    shut = first_shut(gates)
    if not gates:
        core: Any = machine.cores[cpu]
        name = ""
        if core.can_rest_anywhere:
            is_fiq = any(station.title.startswith("fiq") for station in way.stations)
            name = core.handler_of("fiq" if is_fiq else "irq")
        return Stop(HANDLER, name, (), interrupt)
    state = SHUT if shut in kept else WAITING
    facts = () if shut is None else (PathFact("none registered", state),)
    return Stop(HANDLER, gates[-1].field, facts, interrupt)


def _kernel(machine: Machine, inspector: Inspector, story: Story | None) -> Iterable[Stop]:
    """The callback that runs, and the queue."""
    if not inspector.offers_look:
        unseen = (PathFact("no look inside", PLAIN),)
        yield Stop(CALLBACK, "", unseen)
        yield Stop(QUEUE, "", unseen)
        return
    now = machine.now
    running, armed = inspector.handled_timeout(), inspector.armed_timeout()
    pending = list(islice(inspector.timeouts(), MOST_IN_QUEUE))
    if running is None:
        yield Stop(CALLBACK, "", ())
    else:
        has_run = story is not None and story.kind is StepKind.CALLBACK
        about = TimeoutReference(running.ident)
        doing = PathFact("has run" if has_run else "runs", PLAIN, about)
        yield Stop(CALLBACK, running.name, (doing,), about)
    facts = (
        PathFact(
            f"{'◆' if item.ident == armed else ' '} {_wait(item.due_ns - now)} {item.name}",
            PLAIN,
            TimeoutReference(item.ident),
        )
        for item in pending
    )
    first = TimeoutReference(pending[0].ident) if pending else None
    yield Stop(QUEUE, f"{len(inspector.timeouts())} pending", tuple(facts), first)


def _due(sight: Sight) -> tuple[Due, ...]:
    inspector, now = sight.inspector, sight.machine.now
    armed = inspector.armed_timeout()
    found = [
        Due(item.name, item.due_ns - now, item.ident == armed)
        for item in islice(inspector.timeouts(), MOST_IN_QUEUE)
    ]
    last_ns = found[-1].in_ns if found else 0
    found += [
        Due(item.title, item.at_ns - now, is_armed=False, is_bookmark=True)
        for item in sight.bookmarks
        if now < item.at_ns <= now + last_ns
    ]
    return tuple(sorted(found, key=lambda item: item.in_ns))


def _wait(ahead_ns: int) -> str:
    if ahead_ns < 0:
        return f"{format_briefly(-ahead_ns).strip()} late"
    return format_briefly(ahead_ns).strip()


MAKERS: Makers = {
    "path": path_view,
}
