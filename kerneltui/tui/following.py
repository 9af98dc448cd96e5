"""What Enter and ``w`` do with what is under the cursor; :data:`ON_ENTER` is by its kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from kerneltui.debugger.ear import LastWrite
from kerneltui.debugger.lookup import (
    interrupt_of_line,
    interrupt_of_vector,
    place_of_gate,
    register_named,
    register_of_event,
    way,
)
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
from kerneltui.debugger.trace import is_wire_poke, poked_by
from kerneltui.debugger.way import Station, Way
from kerneltui.hw.rule import Gate, first_shut
from kerneltui.machine.position import Position
from kerneltui.tui.panels.kinds import (
    CLOCKS,
    CONSOLE,
    CPU,
    FIRMWARE,
    INTERRUPTS,
    REGISTERS,
    SOURCE,
    TASKS,
    TIMEOUTS,
    TIMERS,
)
from kerneltui.tui.requests import Ask, GoTo, Point, PokeRegisters, Request, Situation, Tell

if TYPE_CHECKING:
    from kerneltui.debugger.verdict import Explanation

_FACT = r"\b{}=(-?\d+)"
"""A number among the facts of a tracepoint."""


def follow(now: Situation, reference: Reference) -> Request:
    """What Enter wants done on a reference."""
    return ON_ENTER[type(reference)](now, reference)


def _register(now: Situation, reference: RegisterReference) -> Request:
    """Those of cores are in the CPU panel."""
    is_core = not reference.block
    return Point(CPU if is_core else REGISTERS, (reference,))


def _field(now: Situation, reference: FieldReference) -> Request:
    place = _register(now, reference.register)
    assert isinstance(place, Point)
    return replace(place, references=(reference, reference.register))


def _interrupt(now: Situation, reference: InterruptReference) -> Request:
    """The bits that stop it; where nothing does, the first that let it through."""
    found = way(now.session, reference)
    shut = first_shut(found.gates)
    for gate in [*([shut] if shut is not None else []), *found.gates]:
        place = place_of_gate(now.session, found.station_of(gate).owner, gate)
        if place is not None:
            return follow(now, place)
    return Tell(f"No register decides about {reference}.")


def _gate(now: Situation, reference: GateReference) -> Request:
    found = way(now.session, reference.interrupt)
    for gate in found.gates:
        if gate.name == reference.name:
            return _place(now, found.station_of(gate).owner, gate)
    return Tell(f"There is no {reference} any more.")


def _place(now: Situation, owner: str, gate: Gate) -> Request:
    place = place_of_gate(now.session, owner, gate)
    return (
        Tell(f"No register holds this: {gate.register}.") if place is None else follow(now, place)
    )


def _vector(now: Situation, reference: VectorReference) -> Request:
    interrupt = interrupt_of_vector(now.session, reference.number)
    return Point(INTERRUPTS, () if interrupt is None else (interrupt,))


def _line(now: Situation, reference: LineReference) -> Request:
    """The interrupt that it raises; else it ends at a core, or at another device."""
    interrupt = interrupt_of_line(now.session, reference.name)
    if interrupt is not None:
        return Point(INTERRUPTS, (interrupt,))
    targets = now.session.machine.wiring.get(reference.name, [])
    if any(target.startswith("cpu ") for target in targets):
        return Point(CPU, (CoreReference(now.session.focus),))
    return Tell(f"{reference} leads to {', '.join(targets) or 'nothing'}.")


def _timeout(now: Situation, reference: TimeoutReference) -> Request:
    """All wait for the comparator that is armed for the soonest."""
    view = now.session.view(frozenset({"timeouts", "comparators"}))
    armed = next((item for item in view.timeouts if item.armed), None)
    running = [
        item for item in view.comparators
        if item.enabled and not item.masked and item.in_ns is not None
    ]  # fmt: skip
    if armed is None or not running:
        return Point(TIMERS)
    item = min(running, key=lambda found: abs((found.in_ns or 0) - armed.in_ns))
    return Point(TIMERS, (ComparatorReference(item.device, item.name),))


def _comparator(now: Situation, reference: ComparatorReference) -> Request:
    register = register_named(now.session.machine, reference.name, reference.device)
    return Tell(f"{reference} is no register.") if register is None else _register(now, register)


def _counter(now: Situation, reference: CounterReference) -> Request:
    """One that each core has is listed by device and core."""
    machine = now.session.machine
    for owner in (reference.owner, reference.owner.rstrip("0123456789")):
        register = register_named(machine, reference.name, owner)
        if register is not None:
            return _register(now, register)
    return Point(CLOCKS, (reference,))


def _task(now: Situation, reference: TaskReference) -> Request:
    return Point(TASKS, (reference,))


def _core(now: Situation, reference: CoreReference) -> Request:
    return Point(CPU, (reference,))


def _event(now: Situation, reference: EventReference) -> Request:
    """Go there; from there, the register of an access, the interrupt of a wire, and so on."""
    if not now.session.is_just_after(reference.event):
        return GoTo(reference.event)
    _, _, core, kind, target, _, text = reference.event
    register = register_of_event(now.session, reference)
    if register is not None:
        return follow(now, register)
    if kind == "line":
        return _line(now, LineReference(text))
    if is_wire_poke(reference.event):
        return _line(now, LineReference(poked_by(reference.event)[1]))
    if kind in {"tx", "rx"}:
        return Point(CONSOLE)
    if kind == "tracepoint":
        return _tracepoint(text)
    if kind in {"intr", "nmi"}:
        return _vector(now, VectorReference(core, target))
    return Point(CPU, (CoreReference(core),))


def _tracepoint(text: str) -> Request:
    number = re.search(_FACT.format("id"), text)
    ident = int(number[1]) if number is not None else None
    if text.startswith("sched_"):
        return Point(TASKS, () if ident is None else (TaskReference(ident),))
    return Point(TIMEOUTS, () if ident is None else (TimeoutReference(ident),))


def _code(now: Situation, reference: CodeReference) -> Request:
    return Point(SOURCE, (reference,))


def _console_line(now: Situation, reference: ConsoleReference) -> Request:
    return Point(CONSOLE, (reference,))


def _table(now: Situation, reference: TableReference) -> Request:
    return Point(FIRMWARE, (reference,))


ON_ENTER: dict[type, Callable[[Situation, Any], Request]] = {
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
    EventReference: _event,
    CodeReference: _code,
    ConsoleReference: _console_line,
    TableReference: _table,
}


# -- why -------------------------------------------------------------------------------------------

NOTHING_TO_ASK = (
    "Put the cursor on an interrupt, a timeout, a timer or a line, then ask why it does not come."
)


def ask_why(now: Situation, reference: Reference | None) -> Request:
    """What ``w`` wants done on a reference; elsewhere, ask for the timer."""
    from kerneltui.debugger.meaning.found import meaning_of
    from kerneltui.debugger.naming import main_interrupt
    from kerneltui.debugger.why import can_ask, why
    from kerneltui.debugger.writers import driver_of, event_of, find_writer, place_of
    from kerneltui.tui.editing import ask_for_gate
    from kerneltui.tui.screens.why import Answer, Change, Chosen, Mend, Search, WhyScreen

    session = now.session
    asked = reference
    if not can_ask(asked):
        asked = main_interrupt(session.machine, session.inspector, session.focus)
    told = why(session, asked, session.focus) if asked is not None else None
    if told is None:
        return Tell(NOTHING_TO_ASK)

    def look(station: Station, gate: Gate) -> Search | None:
        driver = driver_of(session.recorder, gate)
        if driver is not None:
            return _known(driver)
        place = place_of(station, gate)
        return None if place is None else find_writer(session.history, place, gate)

    def chosen(answer: Answer | None) -> Request | None:
        if answer is None:
            return None
        if isinstance(answer, Mend):
            return PokeRegisters(answer.stores)
        if isinstance(answer, Change):
            return ask_for_gate(now, answer.station, answer.gate)
        if isinstance(answer, Chosen):
            return _place(now, answer.station.owner, answer.gate)
        event = event_of(answer)
        return GoTo(event) if event is not None else None

    def meanings(station: Station, gate: Gate) -> str:
        place = place_of_gate(session, station.owner, gate)
        return meaning_of(session, place, gate.value) if isinstance(place, FieldReference) else ""

    def toggle(gate: Gate) -> str:
        from kerneltui.debugger.obvious import toggle_gate

        return toggle_gate(session, told.way, gate)

    gate = _gate_at(session, told.way, reference)
    shown = _with_others(session, told)
    screen = WhyScreen(shown, look, toggle, gate, meanings=meanings)
    return Ask(screen, chosen, halts=True)


def _with_others(session: Session, told: Explanation) -> Explanation:
    """A verdict that also says, where all is well, what else does not come."""
    from kerneltui.debugger.elsewhere import in_words, kept_out_besides

    besides = in_words(kept_out_besides(session, told, session.focus))
    if not besides:
        return told
    return replace(told, advice=f"{told.advice}\n{besides}; w on it in panel 2 says why.")


def _known(write: LastWrite) -> Generator[Position, None, LastWrite]:
    """A search that has ended."""
    yield from ()
    return write


def _gate_at(session: Session, way: Way, reference: Reference | None) -> Gate | None:
    """The gate of a way that a field, or a register, decides; None where none is meant."""
    if not isinstance(reference, FieldReference | RegisterReference):
        return None
    for station in way.stations:
        for gate in station.gates:
            place = place_of_gate(session, station.owner, gate)
            if place is not None and reference in {place, getattr(place, "register", None)}:
                return gate
    return None
