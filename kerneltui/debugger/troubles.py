"""What keeps an interrupt out that ought to come: an alarm, which a healthy machine never shows.

A shut gate alone is none.  Software switches a source off when it needs it no more, and keeps
interrupts out for a while.  It is one where something asks, or is waited for, and nobody is about
to open the gate.
"""

from __future__ import annotations

import msgspec

from kerneltui.debugger.handling import LONG_NS, masked
from kerneltui.debugger.recorder import Recorder
from kerneltui.debugger.way import KERNEL, Station, Way, find_line
from kerneltui.hw.device import TimerDevice
from kerneltui.hw.rule import Gate, Opens
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.core import Core, CoreState
from kerneltui.machine.machine import Machine


class Trouble(msgspec.Struct, frozen=True):
    """What keeps it out."""

    gates: tuple[Gate, ...]
    """those that nobody opens"""
    told: str
    """what is the matter, as a clause"""
    needs: str
    """what would mend it, as a clause"""


def trouble_of(
    machine: Machine,
    recorder: Recorder,
    inspector: Inspector,
    way: Way,
    cpu: int,
    *,
    is_timers: bool,
) -> Trouble | None:
    """What keeps an interrupt out of a core on its best way; None where all is well.

    ``is_timers`` says that it is the one that timeouts wait for.
    """
    late_ns = late_by(machine, inspector, cpu) if is_timers else None
    is_wanted = is_asked(machine, way) and _is_handled(way)
    if is_timers:  # whose line may stay high between two times
        is_wanted = late_ns is not None
    core = machine.cores[cpu]
    sleeps = core.state is CoreState.WAITING and inspector.offers_look and _is_handled(way)
    shut = _kept_shut(machine, way, cpu, is_wanted=is_wanted)
    if is_wanted or sleeps or core.state is CoreState.HALTED:
        shut += _kept_out_by_core(machine, recorder, way, core)
    if shut:
        gate = shut[0]
        return Trouble(tuple(shut), gate.says or gate.name, gate.needs)
    unended = unended_gate(machine, way)
    if unended is not None:
        told = f"an interrupt never ended: {unended.says or unended.name}, but no handler runs"
        return Trouble((unended,), told, end_advice(unended) or unended.needs)
    lost = edge_gone(machine, way, cpu)
    if lost is not None and (not is_timers or (late_ns or 0) > LONG_NS):
        source = way.stations[0]
        told = f"it is lost: line {source.line} is high, but only its edge asks, which has gone by"
        counter = down_counter(machine, source, cpu)
        needs = f"{source.owner} to be served, so that its line falls and rises again"
        if counter:
            needs = f"a new count in {counter}, at whose end its output rises anew"
        return Trouble((lost,), told, needs)
    return None


def late_by(machine: Machine, inspector: Inspector, cpu: int) -> int | None:
    """By how much the head of the queue is late (ns), as its core sleeps or goes on regardless.

    None where nothing is due and the core does not wait for it either.
    """
    core = machine.cores[cpu]
    timeouts = inspector.timeouts()
    if not timeouts or core is not machine.core or core.depth:
        return None
    late_ns = machine.now - next(iter(timeouts)).due_ns
    return late_ns if late_ns > 0 or core.state is CoreState.WAITING else None


def _kept_shut(machine: Machine, way: Way, cpu: int, *, is_wanted: bool) -> list[Gate]:
    """The gates before the core that software has to open, and does not."""
    if not is_wanted or is_booting(machine, cpu):
        return []
    return [gate for station in way.to_pass if not _is_core(station)
            for gate in _to_be_opened(station)]  # fmt: skip


def _kept_out_by_core(machine: Machine, recorder: Recorder, way: Way, core: Core) -> list[Gate]:
    """The core's own, but for what the code that it runs has shut for a while."""
    if is_booting(machine, core.index):
        return []
    for_now = masked(machine, recorder, way, core)
    return [gate for station in way.to_pass if _is_core(station)
            for gate in _to_be_opened(station) if gate not in for_now]  # fmt: skip


def _is_core(station: Station) -> bool:
    return station.owner.startswith("core ")


def _to_be_opened(station: Station) -> list[Gate]:
    return [gate for gate in station.gates if not gate.open and gate.opens is Opens.STORE]


def is_asked(machine: Machine, way: Way) -> bool:
    """Whether an interrupt is on its way: its own wire is high, or a controller has noted it.

    The wires behind a controller belong to other interrupts too.
    """
    for station in way.stations:
        if station.entrance is None and station.line and _is_high(machine, station.line):
            return True
        if station.noted is not None and station.noted.open:
            return True
    return False


def _is_handled(way: Way) -> bool:
    """Whether the kernel has a handler for it, as far as it lets one see."""
    return all(gate.open for station in way.stations if station.owner == KERNEL
               for gate in station.gates)  # fmt: skip


def _is_high(machine: Machine, line: str) -> bool:
    try:
        device, output, index = find_line(machine, line)
    except KeyError:
        return False
    return device.outputs[output][index].level


def is_booting(machine: Machine, cpu: int) -> bool:
    """Whether the kernel boots, on its first core or on this one: it has not opened all gates yet.

    One that sleeps on the way waits for an interrupt, and has to have let that in.  Where a kernel
    of machine code has booted is not known: it never boots.
    """
    cores = machine.core, machine.cores[cpu]
    return any(
        not core.booted and core.state is CoreState.RUNNING and not core.is_asleep for core in cores
    )


def is_handling(machine: Machine) -> bool:
    """Whether some core runs a handler."""
    return any(core.depth for core in machine.cores)


def unended_gate(machine: Machine, way: Way) -> Gate | None:
    """What the end of a handler would open, while none runs; None where one does."""
    if is_handling(machine):
        return None
    return next((gate for gate in way.holding if gate.opens is Opens.END), None)


def end_advice(gate: Gate) -> str:
    """What handlers have to do for a gate that their end opens."""
    return f"each handler to write {gate.ends_by} at its end" if gate.ends_by else ""


def down_counter(machine: Machine, source: Station, cpu: int) -> str:
    """The counter that a source is, where it counts down from what is written; empty for others.

    Nobody serves such a one: its output stays high after its time.
    """
    device = machine.devices.get(source.owner)
    if not isinstance(device, TimerDevice) or source.entrance is not None:
        return ""
    states = device.comparators(cpu) if source.line else []
    names = {state.name for state in states if state.counts_down}
    return next((gate.register for gate in source.gates if gate.register in names), "")


def edge_gone(machine: Machine, way: Way, cpu: int) -> Gate | None:
    """The gate that waits for an edge which has gone by: the line of its source is high still."""
    source, *later = way.stations
    gate = None if is_handling(machine) else next(iter(way.holding), None)
    if gate is None or not source.line or gate is not way.station_of(gate).noted:
        return None
    first = next((item for item in later if item.entrance is not None), None)
    return gate if first is not None and _wants_edge(machine, first, cpu) else None


def _wants_edge(machine: Machine, station: Station, cpu: int) -> bool:
    name, number = station.entrance or ("", 0)
    if not isinstance(number, int):
        return False
    state = machine.controllers[name].interrupt(number, cpu)
    return state is not None and state.line is True and state.trigger == "edge"
