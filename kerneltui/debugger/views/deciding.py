"""Which registers decide at this moment whether interrupts arrive.

Panel 1 shows them whatever they hold: one at its reset value can be what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerneltui.debugger.gate_places import place_of_gate
from kerneltui.debugger.naming import main_interrupt
from kerneltui.debugger.references import FieldReference, InterruptReference, RegisterReference
from kerneltui.debugger.sight import Makers, Sight
from kerneltui.debugger.way import Station, best_way, ways_to_core, whole_ways
from kerneltui.hw.rule import Gate, decisive


def deciding(sight: Sight) -> tuple[RegisterReference, ...]:
    """Of all gates on the way that the signal path shows, and of the gate that stops another one.

    Each once, in the order of the ways; registers of cores are not among them.
    """
    machine, inspector, story = sight.machine, sight.inspector, sight.story
    cpu = sight.focus if story is None else story.core
    main = main_interrupt(machine, inspector, cpu)
    if story is not None and story.interrupt is not None:
        main = story.interrupt
    gates: list[tuple[Station, Gate]] = []
    if main is not None:
        ways = whole_ways(machine, inspector, main.controller, main.number, cpu, sight.glance)
        way = best_way(ways)
        gates = [(station, gate) for station in way.stations for gate in station.gates]
    for other in _asking(sight):
        ways = ways_to_core(machine, other.controller, other.number, sight.focus, sight.glance)
        way = best_way(ways)
        shut = decisive(way.gates)
        if shut is not None:
            gates.append((way.station_of(shut), shut))
    found: dict[RegisterReference, None] = {}
    for station, gate in gates:
        if station.owner not in machine.devices:
            continue
        place = place_of_gate(machine, machine.cores[cpu], station.owner, gate)
        if place is not None:
            found[place.register if isinstance(place, FieldReference) else place] = None
    return tuple(found)


def _asking(sight: Sight) -> Iterator[InterruptReference]:
    """Those that ask and are not in service, on every controller."""
    for name, controller in sight.machine.controllers.items():
        for state in controller.notable(sight.focus, set()):
            if (state.line or state.pending) and not state.active:
                yield InterruptReference(name, controller.NUMBERING, state.number)


MAKERS: Makers = {
    "deciding": deciding,
}
