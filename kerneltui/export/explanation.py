"""An explanation as text for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kerneltui.debugger.ear import By, LastWrite
from kerneltui.debugger.verdict import Explanation
from kerneltui.debugger.way import Station, Way, reading
from kerneltui.debugger.writers import Writers, code_path, in_words, place_of
from kerneltui.hw.rule import Gate
from kerneltui.machine.machine import Machine

WRITER_INDENT = " " * 11
"""below the names of the gates"""


def as_text(explanation: Explanation, writers: Writers, besides: str = "") -> Iterator[str]:
    """Lines: the verdict, its sentence, and the way with each gate and who has shut it.

    ``besides`` is said below the sentence: what is the matter elsewhere.
    """
    yield f"{explanation.verdict}: {explanation.headline}"
    yield explanation.advice
    if besides:
        yield besides
    for store in explanation.mend:
        yield f"mend: {store}"
    for station in explanation.way.stations:
        yield ""
        yield f"{station.title} ({station.owner})"
        for gate in station.gates:
            yield f"  {gate_text(explanation, gate)}"
            place = place_of(station, gate)
            if place is not None and not gate.open:
                yield f"{WRITER_INDENT}{in_words(writers[place])}"
    yield from _others(explanation)


def _others(explanation: Explanation) -> Iterator[str]:
    """The further ways: those alike but for their sources together, with what keeps them out."""
    groups: dict[str, dict[str, list[str]]] = {}
    for way in explanation.others:
        first, *rest = [station.title for station in way.stations]
        through = f", through {', '.join(rest)}" if rest else ""
        groups.setdefault(through, {}).setdefault(_kept_out(explanation, way), []).append(first)
    for through, sources in groups.items():
        count = sum(map(len, sources.values()))
        yield ""
        yield f"{count} further {'way' if count == 1 else 'ways'}{through}:"
        for told, firsts in sources.items():
            yield f"  from {', '.join(firsts)}: {told}"


def _kept_out(explanation: Explanation, way: Way) -> str:
    """The gates that are not open."""
    shut = [gate.name for gate in way.shut if explanation.is_shut(gate)]
    later = [gate.name for gate in way.shut if not explanation.is_shut(gate)]
    told = [f"shut: {', '.join(shut)}"] if shut else []
    told += [f"not yet: {', '.join(later)}"] if later else []
    return "; ".join(told) or "all is open"


def gate_text(explanation: Explanation, gate: Gate) -> str:
    """``open     enabled                GICD_ISENABLER0.PPI[14] = 1``, with what a shut one needs.

    ``SHUT`` is one that nobody is about to open.
    """
    state = "open" if gate.holds else "SHUT" if explanation.is_shut(gate) else "not yet"
    told = f"{state:<7}  {gate.name:<24} {reading(gate)}"
    return told if gate.open else f"{told}; needs {gate.needs}"


def as_dict(
    explanation: Explanation, machine: Machine, writers: Writers, besides: Sequence[str]
) -> dict[str, Any]:
    """What ``kerneltui explain --json`` writes.

    ``besides`` are other interrupts that do not come, as ``--irq`` takes them.
    """
    return {
        "subject": explanation.subject,
        "verdict": explanation.verdict,
        "headline": explanation.headline,
        "advice": explanation.advice,
        "gates": _gates(machine, explanation.way, writers),
        "mend": list(explanation.mend),
        "others": [_gates(machine, way, writers) for way in explanation.others],
        "besides": list(besides),
    }


def _gates(machine: Machine, way: Way, writers: Writers) -> list[dict[str, Any]]:
    return [
        _gate(machine, station, gate, writers) for station in way.stations for gate in station.gates
    ]


def _gate(machine: Machine, station: Station, gate: Gate, writers: Writers) -> dict[str, Any]:
    place = place_of(station, gate)
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
        "last_write": None if place is None else _write(writers[place]),
    }


def _write(write: LastWrite) -> dict[str, Any] | None:
    """Null where no store reaches the bits; of ``reset`` there is nothing more to be said."""
    if write.by is By.HARDWARE:
        return None
    has_written, is_code = write.by is not By.RESET, bool(write.file)
    return {
        "by": write.by,
        "is_reset": write.is_reset,
        "is_ignored": write.is_ignored,
        "step": write.step if has_written else None,
        "t_ns": write.t_ns if has_written else None,
        "core": write.core if has_written else None,
        "function": write.function if is_code else None,
        "file": code_path(write.file) if is_code else None,
        "line": write.line if is_code else None,
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
