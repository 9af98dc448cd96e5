"""An explanation as text for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kerneltui.debugger.explain import Explanation
from kerneltui.debugger.way import Station
from kerneltui.hw.rule import Gate
from kerneltui.machine.machine import Machine


def as_text(explanation: Explanation) -> Iterator[str]:
    """Lines: the verdict, its sentence, and the way with each gate."""
    yield f"{explanation.verdict}: {explanation.headline}"
    yield explanation.advice
    for store in explanation.mend:
        yield f"mend: {store}"
    for station in explanation.way.stations:
        yield ""
        yield f"{station.title} ({station.owner})"
        yield from (f"  {gate_text(gate)}" for gate in station.gates)
    for number, way in enumerate(explanation.others, 2):
        shut = ", ".join(gate.name for gate in way.shut) or "nothing"
        through = ", ".join(station.title for station in way.stations)
        yield ""
        yield f"way {number}, by {through}: shut is {shut}"


def gate_text(gate: Gate) -> str:
    """``open  enabled                GICD_ISENABLER0.PPI[14] = 1``, with what a shut one needs."""
    state = "open" if gate.open else "SHUT"
    where = f"{gate.register}.{gate.field}" if gate.field else gate.register
    value = gate.value if gate.value < 10 else f"{gate.value:#x}"
    told = f"{state}  {gate.name:<24} {where} = {value}"
    return told if gate.open else f"{told}; needs {gate.needs}"


def as_dict(explanation: Explanation, machine: Machine) -> dict[str, Any]:
    """What ``kerneltui explain --json`` writes."""
    return {
        "subject": explanation.subject,
        "verdict": explanation.verdict,
        "headline": explanation.headline,
        "advice": explanation.advice,
        "gates": [
            _gate(machine, station, gate)
            for station in explanation.way.stations
            for gate in station.gates
        ],
        "mend": list(explanation.mend),
        "others": [
            [_gate(machine, station, gate) for station in way.stations for gate in station.gates]
            for way in explanation.others
        ],
    }


def _gate(machine: Machine, station: Station, gate: Gate) -> dict[str, Any]:
    return {
        "station": station.owner,
        "title": station.title,
        "name": gate.name,
        "open": gate.open,
        "register": gate.register,
        "field": gate.field,
        "address": address(machine, station, gate),
        "value": gate.value,
        "needs": gate.needs,
        "opens_by": gate.opens,
        "due_ns": gate.due_ns,
        "ref": gate.ref,
    }


def address(machine: Machine, station: Station, gate: Gate) -> str | None:
    """Where the register lies, in hex; its encoding or number where it is in no memory.

    None for what is no register: a wire, a state of a core.
    """
    spot = gate.spot
    if spot is None:
        return None
    offset = spot.key if isinstance(spot.key, int) else spot.key[0]
    device = machine.devices.get(station.owner)
    if device is None:
        return hex(offset)
    file = device.files[spot.window]
    bases = [base for _, base, found in machine.windows(device) if found is file]
    return hex(bases[0] + offset) if bases else hex(offset)
