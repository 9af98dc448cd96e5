"""The breakpoint that is meant by pointing at something: :func:`obvious` gives its text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kerneltui.debugger.breakpoint_words import (
    access_of,
    interrupt_name,
    label,
    on_core,
    quoted,
    site_of,
    vector_name,
    whose,
)
from kerneltui.debugger.breakpoints.accesses import READ, WRITE
from kerneltui.debugger.breakpoints.grammar import parse_breakpoint
from kerneltui.debugger.breakpoints.happenings import RISES
from kerneltui.debugger.kernel_source import function_around, paths_named
from kerneltui.debugger.obvious_events import of_event
from kerneltui.debugger.origins import TIMER
from kerneltui.debugger.references import (
    CodeReference,
    ComparatorReference,
    ConsoleReference,
    CoreReference,
    CounterReference,
    EventReference,
    FieldReference,
    GateReference,
    InterruptReference,
    LineReference,
    Reference,
    RegisterReference,
    TableReference,
    TaskReference,
    TimeoutReference,
    VectorReference,
)
from kerneltui.debugger.session import Session
from kerneltui.debugger.way import Way, lines, whole_ways
from kerneltui.errors import UserError
from kerneltui.hw.device import InterruptController
from kerneltui.hw.register import RES0, RO, WO
from kerneltui.hw.rule import Gate

LONGEST_TEXT = 200
"""characters of the console that are waited for: a breakpoint has to be readable"""
_SENT = re.compile(rb"[ -~]+")
NOTHING = "Nothing is known of this row that a breakpoint could wait for."


def obvious(session: Session, reference: Reference | None) -> str:
    """What to wait for where somebody points at ``reference``, as a breakpoint's text.

    Raises ValueError, in a sentence, where there is none.
    """
    if reference is None:
        raise ValueError(NOTHING)
    return _OF[type(reference)](session, reference)


def toggle(session: Session, reference: Reference | None) -> str:
    """Set the obvious breakpoint, or delete it if it is set; says in a sentence what was done."""
    try:
        text = obvious(session, reference)
        item = parse_breakpoint(text)
        number = session.breakpoints.number_of(item)
        is_new = number is None
        if number is None:
            number = session.breakpoints.add(session.machine, item)
    except (ValueError, UserError) as error:
        return str(error)
    if is_new:
        return f"Breakpoint {number} is set: {text}"
    known = session.breakpoints[number].text
    session.breakpoints.remove(number)
    return f"Breakpoint {number} is deleted: {known}"


def toggle_gate(session: Session, shown: Way, gate: Gate) -> str:
    """The same for a gate of a way: of the interrupt that comes into a controller on it."""
    holder = shown.station_of(gate).owner
    for station in shown.stations:
        if station.entrance is not None and isinstance(station.entrance[1], int):
            owner, number = station.entrance[0], station.entrance[1]
            numbering = session.machine.controllers[owner].NUMBERING
            reference = InterruptReference(owner, numbering, number)
            return toggle(session, GateReference(reference, gate.name, holder))
    return "This way leads to no interrupt: a breakpoint cannot name its gates."


# -- registers ------------------------------------------------------------------------------------


def _register(session: Session, reference: RegisterReference) -> str:
    """Nobody writes what can only be read."""
    site = site_of(session.machine, reference)
    fields = () if site is None else site.slot.register.fields
    only_read = bool(fields) and all(field.access in {RO, RES0} for field in fields)
    return access_of(session, reference, READ if only_read else WRITE)


def _field(session: Session, reference: FieldReference) -> str:
    """What can only be written has nothing that changes."""
    machine, register = session.machine, reference.register
    site = site_of(machine, register)
    if site is None:
        raise ValueError(f"{register} is a general register: no breakpoint can watch it.")
    field = next(item for item in site.slot.register.fields if item.name == reference.name)
    verb = WRITE if field.access is WO else "change"
    return f"{verb} {label(machine, site)}.{field.name}{whose(session, register)}"


# -- interrupts -----------------------------------------------------------------------------------


def _interrupt(session: Session, reference: InterruptReference) -> str:
    return f"irq {interrupt_name(session.machine, reference)} taken"


def _gate(session: Session, reference: GateReference) -> str:
    """For the core on show, which is core 0 where none is named."""
    name = interrupt_name(session.machine, reference.interrupt)
    asked, cpu = reference.interrupt, session.focus
    found = whole_ways(session.machine, session.inspector, asked.controller, asked.number, cpu)
    owners = {
        station.owner: gate.open
        for item in found
        for station in item.stations
        for gate in station.gates
        if gate.name == reference.name
    }
    if not owners:
        raise ValueError(f"There is no {reference} at present.")
    # Who shows a gate without its owner shows one that is shut.
    shut = [owner for owner, is_open in owners.items() if not is_open]
    owner = reference.owner or next(iter(shut or owners))
    core = f" core {session.focus}" if session.focus else ""
    return f"gate {quoted(f'{owner}/{reference.name}')} of irq {name}{core}"


def _vector(session: Session, reference: VectorReference) -> str:
    core = on_core(session, reference.core)
    return f"irq {vector_name(session.machine, reference.number)} taken{core}"


def _line(_: Session, reference: LineReference) -> str:
    return f"line {reference.name} {RISES}"


def _comparator(session: Session, reference: ComparatorReference) -> str:
    """The line that it drives, or the interrupt that it raises inside its controller."""
    machine, cpu = session.machine, session.focus
    own: LineReference | None = None
    for device, output, index, line in lines(machine):
        if device.name != reference.device or (len(device.outputs[output]) > 1 and index != cpu):
            continue
        own = own or LineReference(line.name)
        for cause in device.causes(output, cpu):
            if any(gate.register == reference.name for gate in cause.gates):
                return _line(session, LineReference(line.name))
    controller = machine.devices.get(reference.device)
    if isinstance(controller, InterruptController):
        for state in controller.interrupts(cpu):
            if state.line is None and TIMER in state.source.lower():
                found = InterruptReference(controller.name, controller.NUMBERING, state.number)
                return _interrupt(session, found)
    if own is not None:
        return _line(session, own)
    raise ValueError(f"The {reference} raises no interrupt as it is set now.")


# -- the kernel -----------------------------------------------------------------------------------


def _timeout(session: Session, reference: TimeoutReference) -> str:
    inspector = session.inspector
    handled = inspector.handled_timeout()
    known = [*inspector.timeouts(), *([] if handled is None else [handled])]
    for item in known:
        if item.ident == reference.ident:
            return f"timeout {quoted(item.name)}"
    raise ValueError(f"There is no {reference} at present.")


def _task(session: Session, reference: TaskReference) -> str:
    scheduling = session.inspector.scheduling()
    found = None if scheduling is None else scheduling.tasks.get(reference.id)
    if found is None:
        raise ValueError(f"There is no {reference} at present.")
    return f"task {quoted(found.name)}"


def _core(_: Session, reference: CoreReference) -> str:
    return f"irq any taken core {reference.index}"


def _code(session: Session, reference: CodeReference) -> str:
    """Where a function begins, the function: nothing halts at its ``def``."""
    machine, line = session.machine, reference.line
    if machine.core.can_rest_anywhere:
        return _instruction(machine.program.symbols, reference)
    place = f"{reference.file}:{line}"
    found = [function_around(path, line) for path in paths_named(machine, reference.file)]
    around = [item for item in found if item is not None]
    if not any(line in item.code for item in around):
        place = next((item.name for item in around if item.line == line), "")
    if not place:
        raise ValueError(f"No code stands in line {line} of {reference.file}: nothing halts there.")
    return f"code {quoted(place) if re.search(r'[^!#-~]', place) else place}"


def _instruction(symbols: Any, reference: CodeReference) -> str:
    """In an image: by name where a function begins, else by address; or a line with code."""
    if reference.address is not None:
        name = reference.function
        return f"code {name if name in symbols.by_name else hex(reference.address)}"
    if not symbols.addresses_of_line(reference.file, reference.line):
        where = f"line {reference.line} of {reference.file}"
        raise ValueError(f"No code comes from {where}: nothing halts there.")
    return f"code {reference.file}:{reference.line}"


def _console_line(session: Session, reference: ConsoleReference) -> str:
    """The longest part of it without control characters, as what they do is not sent."""
    sent = session.recorder.console.data.split(b"\n")
    parts = _SENT.findall(sent[reference.number - 1]) if reference.number <= len(sent) else []
    text = max(parts, key=len, default=b"").decode("ascii")[:LONGEST_TEXT]
    if not text.strip():
        raise ValueError("This line of the console is empty: there is no text to wait for.")
    return f"console {quoted(text)}"


# -- without one ----------------------------------------------------------------------------------


def _counter(_: Session, reference: CounterReference) -> str:
    raise ValueError(f"The {reference} moves all the time: to halt at a time, write time 1.5s.")


def _table(_: Session, reference: TableReference) -> str:
    raise ValueError(f"The {reference} stays as it is: there is nothing to wait for.")


_OF: dict[type, Callable[[Session, Any], str]] = {
    RegisterReference: _register,
    FieldReference: _field,
    InterruptReference: _interrupt,
    GateReference: _gate,
    VectorReference: _vector,
    LineReference: _line,
    TimeoutReference: _timeout,
    ComparatorReference: _comparator,
    CounterReference: _counter,
    TaskReference: _task,
    CoreReference: _core,
    EventReference: of_event,
    CodeReference: _code,
    ConsoleReference: _console_line,
    TableReference: _table,
}
