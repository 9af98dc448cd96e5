"""What running code has shut for a while: it is its to open that again.

A handler quiets its timer, or masks its device, and undoes that before it returns.  Code that must
not be interrupted keeps interrupts out while it runs.  Until then a gate that is shut so is no
fault.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerneltui.debugger.bits import Bits
from kerneltui.debugger.recorder import EVENTS_BEHIND, Recorder
from kerneltui.debugger.trace import poked_by
from kerneltui.debugger.way import Way
from kerneltui.hw.rule import Gate, Opens, Spot
from kerneltui.machine.core import Core, CoreState
from kerneltui.machine.instructions import INSTRUCTIONS, SPACES, STORES, WRITES
from kerneltui.machine.machine import Machine

LONG_NS = 1_000_000
"""No kernel keeps interrupts out for so long on purpose."""


def switched_off(machine: Machine, recorder: Recorder, way: Way) -> tuple[Gate, ...]:
    """The shut gates of a way that the interrupt's own handler, now running, has shut itself.

    A poke is no handler's deed, and a core that has halted for good undoes nothing.
    """
    cores = [
        core
        for core in machine.cores
        if core.depth
        and core.state is not CoreState.HALTED
        and is_own(machine, recorder, core, way)
    ]
    return tuple(
        gate
        for owner, gate, spot in (_shut_by_stores(way) if cores else ())
        if any(_has_stored(recorder, core, Bits(machine, owner, spot)) for core in cores)
    )


def masked(machine: Machine, recorder: Recorder, way: Way, core: Core) -> tuple[Gate, ...]:
    """The shut gates of a core that it has shut itself outside handlers, and may open again.

    A critical section lasts microseconds; no kernel keeps interrupts out for 1 ms on purpose.  A
    kernel may wait with them kept out, where an interrupt ends the wait all the same, and let them
    in afterwards.  One that has not done so when it waits again never does.
    """
    if core.depth or not (core.state is CoreState.RUNNING or sleeps_masked(core)):
        return ()
    since_ns = machine.now - LONG_NS
    return tuple(
        gate
        for owner, gate, spot in _shut_by_stores(way)
        if owner == f"core {core.index}"
        and _may_open(recorder, core, Bits(machine, owner, spot), since_ns)
    )


def sleeps_masked(core: Core) -> bool:
    """Whether a core is in a wait that ends for an interrupt that is kept out, too."""
    return core.state is CoreState.WAITING and core.WAKES_FOR_MASKED


def _may_open(recorder: Recorder, core: Core, bits: Bits, since_ns: int) -> bool:
    """Whether an instruction of a core was the last to write its own bits, and that lately.

    The time of one wait does not count.
    """
    pokes = {register.slot.name for register in bits.ways}
    wait = core.WAIT.lower()
    is_before_wait = core.state is CoreState.RUNNING and core.is_asleep
    waits = int(is_before_wait)
    for event in reversed(recorder.last(EVENTS_BEHIND)):
        _, t_ns, cpu, kind, target, _, _ = event
        if kind == "poke" and poked_by(event)[1].partition(".")[0] in pokes:
            return False
        if cpu != core.index or kind not in INSTRUCTIONS:
            continue
        if kind == wait:
            waits += 1
            since_ns = t_ns - LONG_NS
        if waits > 1 or t_ns < since_ns:
            return False
        place = (SPACES[kind], target) if kind in STORES else (kind, 0)
        if (kind in STORES or kind in WRITES) and bits.is_reached_by(place):
            return True
    return core.state is CoreState.WAITING  # no more is sure to be known: it has slept since


def is_own(machine: Machine, recorder: Recorder, core: Core, way: Way) -> bool:
    """Whether a core runs the handler of what takes a way: the kernel or a controller says so."""
    if not core.depth:
        return False
    begun = recorder.latencies.in_progress(core.index)
    for station in way.stations:
        if station.interrupt is not None:
            name, number = station.interrupt
            state = machine.controllers[name].interrupt(number, core.index)
            if station.interrupt in begun or (state is not None and state.active):
                return True
    return False


def _shut_by_stores(way: Way) -> Iterator[tuple[str, Gate, Spot]]:
    for station in way.to_pass:
        for gate in station.gates:
            if not gate.open and gate.opens is Opens.STORE and gate.spot is not None:
                yield station.owner, gate, gate.spot


def _has_stored(recorder: Recorder, core: Core, bits: Bits) -> bool:
    """Whether the last to write the bits is a core, since it has taken its exception."""
    entry = recorder.entered[core.index]
    if entry is None:
        return False
    events = recorder.recorded - entry.event
    pokes = {register.slot.name for register in bits.ways}
    for event in reversed(recorder.last(min(events, EVENTS_BEHIND))):
        _, _, cpu, kind, target, _, _ = event
        if kind == "poke":
            if poked_by(event)[1].partition(".")[0] in pokes:
                return False
        elif kind in STORES:
            if bits.is_reached_by((SPACES[kind], target)):
                return cpu == core.index
        elif kind in WRITES and bits.is_reached_by((kind, 0)):
            return cpu == core.index
    # No more is sure to be known; but when its handler began the interrupt had got through.
    return events > EVENTS_BEHIND
