"""Who ran when: for each core the boundaries between those that it was busy with.

A core is asleep, or in an interrupt handler, or else with the kernel's current task, whose system
calls and printing and whose share of the scheduler count as its own.  Where no task is current,
the kernel is busy for itself.  Pokes are marked.  Like the trace, all of this lives outside the
machine's state.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Reversible, Sequence
from typing import TYPE_CHECKING

import msgspec

from kerneltui.debugger.record import Record
from kerneltui.machine.core import OFF as CORE_OFF
from kerneltui.machine.core import WAITING, Core
from kerneltui.machine.instructions import EXTERNAL

if TYPE_CHECKING:
    from kerneltui.machine.machine import Machine

BOUNDARIES_SHOWN = 16_384
"""Of each core: many seconds of scheduling, or one of the densest interrupts."""
MOST_CHANGED = 64
"""So many changes are noted for whoever looks at each; nobody may."""
IRQ, KERNEL, IDLE, OFF = 0, -1, -2, -3
"""Occupants of a core beside tasks, which are told by their ids: from 1 on."""
KINDS = {IRQ: "IRQ", KERNEL: "kernel", IDLE: "idle", OFF: "off"}

PokeEvent = tuple[int, int, int, str, int, int, str]
"""What the trace tells of a poke (:data:`kerneltui.debugger.trace.RawEvent`)."""
Boundary = tuple[int, int]
"""Since when (ns), and who has the core from then on."""


class Window(msgspec.Struct, frozen=True):
    """What somebody wants to see: the last ``length_ns`` (from 1 on), in so many ``bins``."""

    length_ns: int
    bins: int


class OccupantView(msgspec.Struct, frozen=True):
    """One of those that had a core."""

    name: str
    kind: str
    """``task``, ``IRQ``, ``kernel``, ``idle``, or ``off`` before the core was started"""
    ns: tuple[int, ...]
    """how much of each bin"""
    id: int = 0
    """of a task; 0 for all others"""


class CoreTimelineView(msgspec.Struct, frozen=True):
    """One core, over a window.  The times of all occupants of a bin add up to the bin."""

    core: int
    recorded_ns: int
    """how much of the window is known: bins before that belong to nobody"""
    occupants: tuple[OccupantView, ...]
    """tasks by id, then the others"""


class PokeMark(msgspec.Struct, frozen=True):
    """A poke in a window."""

    bin: int
    event: PokeEvent


class TimelineView(msgspec.Struct, frozen=True):
    """A window of the timeline, up to the present."""

    edges_ns: tuple[int, ...]
    """virtual times at which bins begin, and the end of the last"""
    cores: tuple[CoreTimelineView, ...]
    """those that were on"""
    pokes: tuple[PokeMark, ...] = ()
    """in order of time"""


class LaneState(msgspec.Struct, frozen=True):
    """How far a lane had come at a moment."""

    numbers: int
    since: int
    occupant: int | None
    task: int
    interrupts: tuple[bool, ...]


class TimelineState(msgspec.Struct, frozen=True):
    """How far all of it had come."""

    lanes: tuple[LaneState, ...]
    pokes: int


class Lane:
    """One core's boundaries, and what tells who has it."""

    def __init__(self, core: Core, changed: list[int]) -> None:
        """``changed`` are cores; this one is added when somebody else has it."""
        self.core = core
        self._changed = changed
        self._numbers = Record("q")
        """of each boundary two: how long (ns) after the one before, and who has the core then"""
        self.since = 0
        """the last boundary"""
        self.occupant: int | None = None
        self.task = 0
        """id of the current task, 0 without"""
        self.interrupts = [True] * core.depth
        """of each exception in progress, whether it is an interrupt, as far as that is known"""

    def note(self, now: int) -> None:
        """Somebody else may have the core now."""
        core, interrupts = self.core, self.interrupts
        if len(interrupts) > core.depth:
            del interrupts[core.depth :]
        if core.state is WAITING:
            occupant = IDLE
        elif True in interrupts:
            occupant = IRQ
        elif core.state is CORE_OFF:
            self.task, occupant = 0, OFF
        else:
            occupant = self.task or KERNEL
        if occupant != self.occupant:
            self.occupant = occupant
            changed = self._changed
            if len(changed) < MOST_CHANGED:
                changed.append(core.index)
            self._numbers.add_pair(now - self.since, occupant)
            self.since = now

    def boundaries(self, start: int) -> list[Boundary]:
        """Oldest first: those since ``start`` (ns) and the one before, as far as they are shown."""
        found: list[Boundary] = []
        since, numbers = self.since, self._numbers.backwards()
        for occupant, after in zip(numbers, numbers, strict=False):
            found.append((since, occupant))
            if since <= start or len(found) == BOUNDARIES_SHOWN:
                break
            since -= after
        found.reverse()
        return found

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return self._numbers.size

    def save(self) -> LaneState:
        """How far it has come."""
        return LaneState(
            self._numbers.count, self.since, self.occupant, self.task, tuple(self.interrupts)
        )

    def load(self, state: LaneState) -> None:
        """Go to another moment."""
        self.since, self.occupant, self.task = state.since, state.occupant, state.task
        self.interrupts = list(state.interrupts)
        self._numbers.go_to(state.numbers)

    def forget_rest(self) -> None:
        """What comes after this moment will be another story."""
        self._numbers.forget_rest()


class Timeline:
    """Records a machine from now on; told by :class:`~kerneltui.debugger.recorder.Recorder`."""

    def __init__(self, machine: Machine) -> None:
        self._names: dict[int, str] = {}
        self._lanes: list[Lane] = []
        self.lanes: Sequence[Lane] = self._lanes
        """the cores, each with who has it since when"""
        self.changed: list[int] = []
        """cores that somebody else has got, in order; whoever looks at them clears it"""
        self._pokes: list[PokeEvent] = []
        """those after the moment on show too, if they are known"""
        self._poked = 0
        """how many there have been up to the moment on show"""
        self._clock = machine.clock
        for core in machine.cores:
            lane = Lane(core, self.changed)
            lane.note(self._clock.now)
            self._lanes.append(lane)

    def attach(self, machine: Machine) -> None:
        """Record this machine from now on."""
        self._clock = machine.clock
        for lane, core in zip(self._lanes, machine.cores, strict=True):
            lane.core = core

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return sum(lane.size for lane in self._lanes)

    def save(self) -> TimelineState:
        """How far it has come."""
        return TimelineState(tuple(lane.save() for lane in self._lanes), self._poked)

    def load(self, state: TimelineState) -> None:
        """Go to another moment."""
        for lane, saved in zip(self._lanes, state.lanes, strict=True):
            lane.load(saved)
        self._poked = state.pokes

    def forget_rest(self) -> None:
        """What comes after this moment will be another story."""
        for lane in self._lanes:
            lane.forget_rest()
        del self._pokes[self._poked :]

    # -- recording --------------------------------------------------------------------------------

    def exception(self, core: Core, kind: str) -> None:
        """One was taken; what is no interrupt is the doing of whoever has the core."""
        lane = self._lanes[core.index]
        lane.interrupts.append(kind in EXTERNAL)
        lane.note(self._clock.now)

    def switched(self, core: Core, ident: int, name: str) -> None:
        """The kernel goes on with a task; those with an id of 0 and less are idle tasks."""
        lane = self._lanes[core.index]
        lane.task = max(ident, 0)
        self._names[lane.task] = name
        lane.note(self._clock.now)

    def poked(self, event: PokeEvent) -> None:
        """Somebody has poked, now."""
        self._pokes[self._poked : self._poked + 1] = [event]
        self._poked += 1

    # -- looking ----------------------------------------------------------------------------------

    def view(self, window: Window) -> TimelineView:
        """The window that ends now."""
        length_ns, bins = window.length_ns, window.bins
        start = self._clock.now - length_ns
        edges = tuple(start + length_ns * n // bins for n in range(bins + 1))
        cores = (self._core(lane, edges) for lane in self._lanes)
        found = tuple(core for core in cores if _was_on(core))
        return TimelineView(edges, found, tuple(self._marks(edges)))

    def _marks(self, edges: Sequence[int]) -> Iterator[PokeMark]:
        """The last edge is now: what is poked now is in the bin before."""
        pokes = self._pokes[: self._poked]
        for event in pokes[bisect_left(pokes, edges[0], key=_time_of) :]:
            yield PokeMark(min(bisect_right(edges, event[1]), len(edges) - 1) - 1, event)

    def _core(self, lane: Lane, edges: Sequence[int]) -> CoreTimelineView:
        found = occupancy(lane.boundaries(edges[0]), edges)
        tasks = sorted(who for who in found if who > 0)
        others = [who for who in KINDS if who in found]
        rows = tuple(
            OccupantView(self._name(who), KINDS.get(who, "task"), tuple(found[who]), id=max(who, 0))
            for who in (*tasks, *others)
        )
        return CoreTimelineView(lane.core.index, sum(map(sum, found.values())), rows)

    def _name(self, occupant: int) -> str:
        return KINDS.get(occupant) or self._names[occupant]


def _time_of(event: PokeEvent) -> int:
    return event[1]


def _was_on(core: CoreTimelineView) -> bool:
    return any(row.kind != "off" for row in core.occupants)


def occupancy(boundaries: Reversible[Boundary], edges: Sequence[int]) -> dict[int, list[int]]:
    """How long (ns) each occupant had the core in each bin between two ``edges``, which ascend.

    The occupant of the last boundary has it to this day.
    """
    start, until = edges[0], edges[-1]
    found: dict[int, list[int]] = {}
    for since, who in reversed(boundaries):
        begin = max(since, start)
        if begin < until:
            bins = found.setdefault(who, [0] * (len(edges) - 1))
            first, last = bisect_right(edges, begin) - 1, bisect_left(edges, until) - 1
            if first == last:
                bins[first] += until - begin
            else:
                bins[first] += edges[first + 1] - begin
                for n in range(first + 1, last):
                    bins[n] += edges[n + 1] - edges[n]
                bins[last] += until - edges[last]
            until = since
        if since <= start:
            break
    return found
