"""What interrupts, their gates, vectors, lines, comparators, counters and cores are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kerneltui.debugger.lookup import (
    interrupt_of_line,
    interrupt_of_vector,
    register_named,
    way,
)
from kerneltui.debugger.meaning.found import find
from kerneltui.debugger.meaning.parts import Meaning, Section, gone, named, sentence, yes_no
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.references import (
    ComparatorReference,
    CoreReference,
    CounterReference,
    GateReference,
    InterruptReference,
    LineReference,
    VectorReference,
)
from kerneltui.debugger.session import Session
from kerneltui.debugger.way import next_controller
from kerneltui.glossary import GlossaryEntry, glossary
from kerneltui.hw.device import InterruptState
from kerneltui.hw.line import Line
from kerneltui.hw.rule import Opens, first_shut
from kerneltui.units import format_duration

EXCEPTIONS = 32
"""So many vectors of a PC belong to exceptions."""
_SHUT = {
    Opens.STORE: "is shut",
    Opens.EVENT: "is not open yet",
    Opens.END: "is not open yet: it opens when a handler is over",
}
"""As the signal path has it: ✗, or ○ for what opens in the course of things."""
_GIC_KINDS = ((16, "SGI"), (32, "PPI"), (1020, "SPI"), (1024, "spurious"))
_NUMBERINGS = {
    "local": "local controller", "peripheral": "peripheral controller", "vector": "vector",
    "gsi": "GSI", "isa": "ISA IRQ",
}  # fmt: skip


def _word(term: str) -> GlossaryEntry:
    entry = glossary().find(term)
    if entry is None:
        raise KeyError(term)
    return entry


# -- interrupts ------------------------------------------------------------------------------------


def interrupt(session: Session, reference: InterruptReference) -> Meaning:
    """What its number means, where it comes from, who handles it, and how it stands."""
    kind = _word(_kind(reference))
    label = interrupt_label(reference.numbering, reference.number)
    state = _state(session, reference)
    known = f"the controller {reference.controller} knows as {label}{_input(state)}"
    sentences = [
        f"This is an interrupt, which {known}.",
        kind.sentences,
        *_origin(session, reference),
        *_handler(session, reference),
    ]
    found = way(session, reference).gates
    shut = first_shut(found)
    if shut is not None and state is not None and (state.pending or state.line):
        said = f"the gate '{shut.name}' {_SHUT[shut.opens]}, and needs {shut.needs}"
        sentences.append(f"It waits: {said}.")
    who = "A device or a core raises it, and the kernel's handler serves it."
    sections = [] if state is None else [Section("Now", tuple(_standing(state)))]
    return Meaning(f"{label} of {reference.controller}", tuple(sentences), who, "",
                   tuple(sections), (kind,))  # fmt: skip


def _kind(reference: InterruptReference) -> str:
    """The word that explains its number."""
    if reference.numbering == "gic":
        return next((word for end, word in _GIC_KINDS if reference.number < end), "INTID")
    return _NUMBERINGS.get(reference.numbering, "interrupt")


def _state(session: Session, reference: InterruptReference) -> InterruptState | None:
    controller = session.machine.controllers.get(reference.controller)
    if controller is None:
        return None
    return controller.interrupt(reference.number, session.focus)


def _input(state: InterruptState | None) -> str:
    if state is None or not state.source:
        return ""
    if state.is_message:
        return "; it comes as a message"
    return f"; its input is {state.source}"


def _origin(session: Session, reference: InterruptReference) -> Iterator[str]:
    """The devices whose lines end there, or the controllers that send it as a message."""
    wires = [line.name for line in _lines(session)
             if interrupt_of_line(session, line.name) == reference]  # fmt: skip
    if wires:
        owners = dict.fromkeys(wire.rpartition(".")[0] for wire in wires)
        yield f"It is asked for by {named(owners)}, by way of {named(wires)}."
    senders = [
        f"{interrupt_label(controller.NUMBERING, state.number)} of {name}"
        for name, controller in session.machine.controllers.items()
        for state in controller.interrupts(session.focus)
        if state.enabled
        and controller.onward(state.number) == (reference.controller, reference.number)
    ]
    if senders:
        yield f"It comes as a message from {named(senders)}."
    step = next_controller(way(session, reference))
    if step is not None:
        label = interrupt_label(session.machine.controllers[step[0]].NUMBERING, step[1])
        yield f"On its way to the core it becomes {label} of {step[0]}."


def _lines(session: Session) -> Iterator[Line]:
    """Every output; of those that each core has, that of the core on show."""
    for device in session.machine.devices.values():
        for lines in device.outputs.values():
            yield from lines if len(lines) == 1 else lines[session.focus : session.focus + 1]


def _handler(session: Session, reference: InterruptReference) -> Iterator[str]:
    for item in session.inspector.irq_handlers(session.focus):
        if (item.irq.domain, item.irq.number) == (reference.numbering, reference.number):
            function = _function_of(item.handle)
            times = "once" if item.count == 1 else f"{item.count} times"
            yield f"Its handler, {item.name}, is the function {function}; it has run {times}."
            return
    yield "The kernel has no handler for it under this number."


def _function_of(called: object) -> str:
    """Its name; of one that is called with some arguments already given, that of the function."""
    while isinstance(called, partial):
        called = called.func
    return getattr(called, "__qualname__", "") or type(called).__qualname__


def _standing(state: InterruptState) -> Iterator[tuple[str, str]]:
    if state.line is not None:
        yield "line", yes_no(on=state.line, yes="asserted", no="not asserted")
    yield "enabled", yes_no(on=state.enabled, yes="yes", no="no: the controller holds it back")
    yield "pending", yes_no(on=state.pending, yes="yes: not acknowledged yet", no="no")
    if state.active is not None:
        yield "active", yes_no(on=state.active, yes="yes: its handler runs", no="no")
    if state.priority is not None:
        yield "priority", f"{state.priority:#04x}"
    cores = named(str(core) for core in state.targets)
    yield "core", f"may go to core {cores}" if cores else "goes to no core"
    yield "trigger", state.trigger


def gate(session: Session, reference: GateReference) -> Meaning:
    """A condition: what decides, and what would open it."""
    word = _word("gate")
    found = next(
        (g for g in way(session, reference.interrupt).gates if g.name == reference.name), None
    )
    if found is None:
        return gone(reference)
    label = interrupt_label(reference.interrupt.numbering, reference.interrupt.number)
    place = " ".join(filter(None, (found.register, found.field)))
    sentences = [f"This gate looks at {place}, which holds {found.value:#x}."]
    if found.open:
        sentences.append("It is open: the interrupt passes here.")
    else:
        sentences.append(f"It {_SHUT[found.opens]}. To open it needs {found.needs}.")
        if found.ends_by:
            sentences.append(f"It opens when the handler that runs writes {found.ends_by}.")
    return Meaning(
        f"gate '{found.name}' of {label}", (*sentences, word.sentences), word.who, found.ref, (),
        (word,),
    )  # fmt: skip


def vector(session: Session, reference: VectorReference) -> Meaning:
    """A number from 0 to 255: what it leads to."""
    word = _word("vector")
    number = reference.number
    sentences = [word.sentences]
    if number < EXCEPTIONS:
        sentences.append(f"Vector {number:#04x} belongs to an exception.")
    else:
        sentences.append(f"Its priority class is {number >> 4}.")
    named_as = interrupt_of_vector(session, number)
    sections: tuple[Section, ...] = ()
    if named_as is not None:
        sentences += [*_origin(session, named_as), *_handler(session, named_as)]
        state = _state(session, named_as)
        if state is not None:
            sections = (Section("Now", tuple(_standing(state))),)
    return Meaning(str(reference), tuple(sentences), word.who, "", sections, (word,))


def line(session: Session, reference: LineReference) -> Meaning:
    """A wire: who drives it, where it ends, and how it stands."""
    word = _word("line")
    device, _, output = reference.name.rpartition(".")
    ends = session.machine.wiring.get(reference.name, [])
    sentences = [word.sentences, f"This one is the output {output} of {device}."]
    sentences.append(f"It leads to {named(ends)}." if ends else "On this board it leads nowhere.")
    raised = interrupt_of_line(session, reference.name)
    if raised is not None:
        sentences.append(f"There it is {raised}.")
    wires = (item for device_ in session.machine.devices.values()
             for items in device_.outputs.values() for item in items)  # fmt: skip
    level = next((item.level for item in wires if item.name == reference.name), None)
    now = () if level is None else (("line", yes_no(on=level, yes="asserted", no="not asserted")),)
    return Meaning(str(reference), tuple(sentences), word.who, "",
                   (Section("Now", now),) if now else (), (word,))  # fmt: skip


# -- timers ----------------------------------------------------------------------------------------


def comparator(session: Session, reference: ComparatorReference) -> Meaning:
    """What it waits for, and when that will be."""
    word = _word("comparator")
    view = session.view(frozenset({"comparators"}))
    wanted = reference.device, reference.name
    item = next((item for item in view.comparators if (item.device, item.name) == wanted), None)
    if item is None:
        return gone(reference)
    when = "never, as things are" if item.in_ns is None else f"in {format_duration(item.in_ns)}"
    what = "counts down to zero" if item.counts_down else f"waits for the value {item.compare}"
    sentences = [word.sentences, f"{item.name} of {item.device} {what}."]
    if item.counts_down:
        sentences.append("A counter that runs down to zero does the work of a comparator here.")
    sentences += _register_of(session, reference)
    rows = (
        ("counter", f"{item.counter}, at {item.hz / 1_000_000:g} MHz"),
        ("enabled", yes_no(on=item.enabled, yes="yes", no="no: it is off")),
        ("masked", yes_no(on=item.masked, yes="yes: no interrupt", no="no")),
        ("matches", yes_no(on=item.met, yes="it has", no=when)),
    )
    return Meaning(str(reference), tuple(sentences), word.who,
                   _manual_of(session, reference.name, reference.device),
                   (Section("Now", rows),), (word,))  # fmt: skip


def counter(session: Session, reference: CounterReference) -> Meaning:
    """How fast it counts."""
    word = _word("counter")
    view = session.view(frozenset({"counters"}))
    wanted = reference.owner, reference.name
    item = next((item for item in view.counters if (item.device, item.name) == wanted), None)
    if item is None:
        return gone(reference)
    measured = item.note or "-"
    if item.measured_hz is not None:
        measured = f"{item.measured_hz / 1_000_000:.6f} MHz, wrong by {item.error_ppm} ppm"
    rows = (
        ("value", str(item.value)),
        ("nominal rate", f"{item.hz / 1_000_000:g} MHz"),
        ("measured rate", measured),
    )
    owners = (reference.owner, reference.owner.rstrip("0123456789"))
    manual = next(filter(None, (_manual_of(session, reference.name, at) for at in owners)), "")
    return Meaning(str(reference), (word.sentences,), word.who, manual, (Section("Now", rows),),
                   (word,))  # fmt: skip


def _register_of(session: Session, reference: ComparatorReference) -> Iterator[str]:
    named_so = register_named(session.machine, reference.name, reference.device)
    found = None if named_so is None else find(session, named_so)
    if found is not None:
        yield f"The register {reference.name}: {sentence(found.doc)}"


def _manual_of(session: Session, name: str, owner: str) -> str:
    reference = register_named(session.machine, name, owner)
    found = None if reference is None else find(session, reference)
    return "" if found is None else found.manual


# -- cores -----------------------------------------------------------------------------------------


def core(session: Session, reference: CoreReference) -> Meaning:
    """What it is doing."""
    word = _word("core")
    item = session.machine.cores[reference.index]
    masks, masked = item.masks()
    rows = (
        ("state", str(item.state)),
        ("masks", f"{masks}: interrupts {yes_no(on=masked, yes='must wait', no='may come')}"),
        ("handler depth", str(item.depth)),
        ("instructions", f"{item.retired} since reset"),
        ("interrupts", f"{item.interrupts_taken} taken since reset"),
    )
    shown = "It is the core on show." if reference.index == session.focus else ""
    return Meaning(str(reference), tuple(filter(None, (word.sentences, shown))), "", "",
                   (Section("Now", rows),), (word,))  # fmt: skip
