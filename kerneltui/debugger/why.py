"""What may be asked why: interrupts, wires, timeouts, comparators; by reference or by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from kerneltui.debugger.explain import Explanation, Verdict, explain
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
from kerneltui.debugger.way import KERNEL, Station, Way, find_line, lines, ways_of_line, whole_ways
from kerneltui.errors import UserError, suggestion
from kerneltui.hw.rule import Gate, Opens
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.machine.machine import Machine
from kerneltui.units import format_duration

_NUMBERED = re.compile(r"(?:([a-z]+):)?(0x[0-9a-f]+|\d+)")


def why(session: Session, reference: Reference, cpu: int) -> Explanation | None:
    """The verdict on what a reference is about, for one core; None where there is no why."""
    asked = _ASKED.get(type(reference))
    return asked(session, reference, cpu) if asked is not None else None


def can_ask(reference: Reference | None) -> bool:
    """Whether :func:`why` has an answer for this kind."""
    return type(reference) in _ASKED


def timer_interrupt(session: Session) -> InterruptReference | None:
    """The interrupt that timeouts wait for; None in a kernel that has none."""
    irq = session.inspector.timer_irq()
    return None if irq is None else interrupt_numbered(session.machine, irq.domain, irq.number)


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
    found = timer_interrupt(session)
    if place is None or found is None:
        return None
    timeout = timeouts[place]
    station = _in_queue(timeout, place, inspector.armed_timeout())
    ways = [
        Way((*way.stations, station))
        for way in whole_ways(machine, inspector, found.controller, found.number, 0)
    ]
    told = explain(session, f"'{timeout.name}'", ways, 0)
    if told.verdict is Verdict.WAITS and place and told.gate is not None:
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


# -- by name ---------------------------------------------------------------------------------------


def interrupt_named(machine: Machine, text: str) -> InterruptReference:
    """``30`` on a Pi 4, ``local:1``, ``periph:57`` on a Pi 3, ``gsi:2``, ``vector:0xec`` on a PC.

    Raises UserError, in words.
    """
    known = list(dict.fromkeys(item.NUMBERING for item in machine.controllers.values()))
    forms = " or ".join(f"{name}:N" for name in known)
    found = _NUMBERED.fullmatch(text.strip().lower())
    if found is None:
        raise UserError(f"'{text}' names no interrupt; write {forms}")
    kind, number = found[1], int(found[2], 0)
    if kind is None:
        if len(known) > 1:
            raise UserError(f"'{text}' can be several interrupts here; write {forms}")
        return interrupt_numbered(machine, known[0], number)
    wanted = [name for name in known if name.startswith(kind)]
    if not wanted:
        raise UserError(f"no interrupt is numbered '{kind}:' here; write {forms}")
    return interrupt_numbered(machine, wanted[0], number)


def interrupt_numbered(machine: Machine, numbering: str, number: int) -> InterruptReference:
    """The interrupt of that number at the controller that has it.  Raises UserError."""
    told = ""
    for name, controller in machine.controllers.items():
        if numbering == controller.NUMBERING:
            try:
                controller.passages(number, 0)
            except ValueError as error:
                told = str(error)
            else:
                return InterruptReference(name, numbering, number)
    raise UserError(f"there is no {interrupt_label(numbering, number)}: {told}")


def line_named(machine: Machine, text: str) -> LineReference:
    """A wire, such as ``uart0.irq``.  Raises UserError."""
    try:
        find_line(machine, text)
    except KeyError:
        names = [line.name for _, _, _, line in lines(machine)]
        raise UserError(f"there is no line '{text}'{suggestion(text, names)}") from None
    return LineReference(text)


def timeout_named(session: Session, text: str) -> TimeoutReference:
    """The timeout of that name that is due first.  Raises UserError."""
    timeouts = session.inspector.timeouts()
    for item in timeouts:
        if item.name == text:
            return TimeoutReference(item.ident)
    names = [item.name for item in timeouts]
    if not names:
        raise UserError(f"no timeout '{text}' is pending: the queue is empty")
    raise UserError(f"no timeout '{text}' is pending{suggestion(text, names)}")
