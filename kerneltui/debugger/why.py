"""What may be asked why: interrupts, wires, timeouts, comparators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from kerneltui.debugger.explain import explain
from kerneltui.debugger.naming import timer_interrupt
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.references import (
    ComparatorReference,
    GateReference,
    InterruptReference,
    LineReference,
    Reference,
    TimeoutReference,
    VectorReference,
)
from kerneltui.debugger.session import Session
from kerneltui.debugger.verdict import Explanation, Verdict
from kerneltui.debugger.way import KERNEL, Station, Way, lines, ways_of_line, whole_ways
from kerneltui.hw.rule import Gate, Opens
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.units import format_duration


def why(session: Session, reference: Reference, cpu: int) -> Explanation | None:
    """The verdict on what a reference is about, for one core; None where there is no why."""
    asked = _ASKED.get(type(reference))
    return asked(session, reference, cpu) if asked is not None else None


def can_ask(reference: Reference | None) -> bool:
    """Whether :func:`why` has an answer for this kind."""
    return type(reference) in _ASKED


def _of_interrupt(session: Session, reference: InterruptReference, cpu: int) -> Explanation:
    ways = whole_ways(
        session.machine, session.inspector, reference.controller, reference.number, cpu
    )
    return explain(session, interrupt_label(reference.numbering, reference.number), ways, cpu)


def _of_gate(session: Session, reference: GateReference, cpu: int) -> Explanation:
    return _of_interrupt(session, reference.interrupt, cpu)


def _of_vector(session: Session, reference: VectorReference, _cpu: int) -> Explanation | None:
    for name, controller in session.machine.controllers.items():
        if controller.NUMBERING == "vector":
            interrupt = InterruptReference(name, controller.NUMBERING, reference.number)
            return _of_interrupt(session, interrupt, reference.core)
    return None


def _of_line(session: Session, reference: LineReference, cpu: int) -> Explanation:
    ways = ways_of_line(session.machine, session.inspector, reference.name, cpu)
    return explain(session, f"line {reference.name}", ways, cpu)


def _of_comparator(
    session: Session, reference: ComparatorReference, cpu: int
) -> Explanation | None:
    """Its output is the one whose causes name the compare register."""
    machine = session.machine
    for device, output, index, line in lines(machine):
        if device.name == reference.device and index in {0, cpu}:
            for cause in device.causes(output, cpu):
                if any(gate.register == reference.name for gate in cause.gates):
                    return _of_line(session, LineReference(line.name), cpu)
    return None


def _of_timeout(session: Session, reference: TimeoutReference, _cpu: int) -> Explanation | None:
    """The way of the timer's interrupt, and then its place in the queue.

    The timer is the boot core's.
    """
    inspector, machine = session.inspector, session.machine
    timeouts = list(inspector.timeouts())
    place = next((n for n, item in enumerate(timeouts) if item.ident == reference.ident), None)
    found = timer_interrupt(machine, inspector)
    if place is None or found is None:
        return None
    timeout = timeouts[place]
    station = _in_queue(timeout, place, inspector.armed_timeout())
    ways = [
        Way((*way.stations, station))
        for way in whole_ways(machine, inspector, found.controller, found.number, 0)
    ]
    told = explain(session, f"'{timeout.name}'", ways, 0)
    if told.verdict in {Verdict.WAITS, Verdict.SERVED} and place and told.gate is not None:
        first = f"{place} {'timeout is' if place == 1 else 'timeouts are'} called before it"
        due = format_duration(timeout.due_ns - machine.now)
        return replace(told, headline=f"'{timeout.name}' is due in {due}; {first}.")
    return told


def _in_queue(timeout: Timeout, place: int, armed: int | None) -> Station:
    is_next = armed == timeout.ident
    gate = Gate(
        "the timer is armed for it",
        is_next,
        "timeout queue",
        "place",
        place,
        "the timeouts before it to be called",
        "",
        Opens.EVENT,
        says="others in the queue are due first"
        if place
        else "the timer is armed for another time",
    )
    return Station(KERNEL, f"timeout '{timeout.name}'", (gate,))


_ASKED: dict[type[Reference], Callable[[Session, Any, int], Explanation | None]] = {
    InterruptReference: _of_interrupt,
    GateReference: _of_gate,
    VectorReference: _of_vector,
    LineReference: _of_line,
    ComparatorReference: _of_comparator,
    TimeoutReference: _of_timeout,
}
