"""What registers and their fields are: all from the tables that the device models run on.

Who reads or writes a register is told by its access kinds, and by what the trace has of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from kerneltui.debugger.meaning.accesses import faces, last_accesses
from kerneltui.debugger.meaning.found import Found, find, value_of
from kerneltui.debugger.meaning.parts import Meaning, Section, gone, named, sentence
from kerneltui.debugger.numbering import interrupts_label
from kerneltui.debugger.references import FieldReference, RegisterReference
from kerneltui.debugger.session import Session
from kerneltui.glossary import GlossaryEntry, glossary
from kerneltui.hw.register import MEMORY, MSRS, PORTS, Access, Field
from kerneltui.units import format_time

ACCESS = {
    Access.RW: "software reads and writes it",
    Access.RO: "software only reads it; a write has no effect",
    Access.WO: "software only writes it; a read gives zero",
    Access.W1S: "software sets a bit by writing a one; a zero leaves it",
    Access.W1C: "software clears a bit by writing a one; a zero leaves it",
    Access.RW1C: "the hardware sets a bit; software clears it by writing a one",
    Access.RES0: "reserved: it reads as zero, and a write has no effect",
    Access.TAG: "not modelled: it holds its reset value, and a write has no effect here",
}
"""What a read and a write do, in words."""
KEPT = frozenset((Access.RW, Access.W1S, Access.W1C))
"""Access kinds of bits that hold what software has written."""
PLACES = {MEMORY: "address", PORTS: "port", MSRS: "number"}
"""What the place of a register is called, by address space."""
RESULTS = {"x0", "rax"}
"""Where the result of a system call comes back."""


def register(session: Session, reference: RegisterReference) -> Meaning:
    """A register: what it is for, and what is in it."""
    found = find(session, reference)
    if found is None:
        return _general(session, reference)
    told = _entries(found)
    sentences = [sentence(found.doc)]
    for entry in told:
        sentences.append(entry.sentences)
    if found.slot.register.banked:
        sentences.append("Each core has one of its own; this is that of the core on show.")
    value = value_of(session, found)
    fields = tuple(
        (_bits(item), " ".join(filter(None, (now_says(found, item, value), sentence(item.doc)))))
        for item in sorted(found.slot.register.fields, key=lambda item: -item.lsb)
    )
    now = (("value", f"{value:#x}, at {format_time(session.machine.now)} s"),)
    accesses, written = last_accesses(session, found)
    sections = [Section("Now", now), *_place(found), accesses]
    if fields:
        sections.append(Section("Fields, the highest bits first", fields))
    return Meaning(
        found.title, tuple(filter(None, sentences)), _who(session, found, told), found.manual,
        tuple(sections), told, written, found.names,
    )  # fmt: skip


def field(session: Session, reference: FieldReference) -> Meaning:
    """Some bits of a register: what they say now, and what they can say."""
    found = find(session, reference.register)
    fields = () if found is None else found.slot.register.fields
    item = next((item for item in fields if item.name == reference.name), None)
    if found is None or item is None:
        return gone(reference)
    entry = glossary().of_name(f"{found.slot.name}.{item.name}")
    sentences = [sentence(item.doc)]
    if entry is not None:
        sentences.append(entry.sentences)
    if item.irq is not None:
        sentences.append("Each bit stands for an interrupt.")
    about = sentence(found.doc)
    if about:
        sentences.append(f"The register {found.slot.name}: {about}")
    value = value_of(session, found)
    accesses, written = last_accesses(session, found)
    now = ((_bits(item), now_says(found, item, value)),)
    sections = [Section("Now", now), accesses._replace(title=f"{found.slot.name}: by whom")]
    if item.values:
        known = tuple((str(number), meaning) for number, meaning in item.values)
        sections.append(Section("What it can say", known))
    who = sentence(ACCESS[item.access])
    missing = _missing(found, (item,))
    if missing:
        who = f"{who} {missing}"
    if entry is not None and entry.who:
        who = f"{entry.who} {who}"
    return Meaning(
        f"{item.name} in {found.title}", tuple(filter(None, sentences)), who, found.manual,
        tuple(sections), () if entry is None else (entry,), written, found.names,
    )  # fmt: skip


def _entries(found: Found) -> tuple[GlossaryEntry, ...]:
    """Of a core's own it says more than the table."""
    entry = glossary().of_name(found.slot.name)
    return () if entry is None else (entry,)


def _place(found: Found) -> tuple[Section, ...]:
    """Where a driver finds it; of a core's own its name is enough."""
    words = PLACES.get(found.space)
    if words is None or found.core is not None:
        return ()
    told = f"{found.address:#x}"
    if found.space in {MEMORY, PORTS}:
        told += f": {found.slot.offset:#x} from the base of {found.file.table.name}"
    return (Section("Where", ((words, told),)),)


def _bits(item: Field) -> str:
    """Its name and where it is: ``EL 3:2``."""
    last = item.lsb + item.width - 1
    return f"{item.name} {item.lsb}" if item.width == 1 else f"{item.name} {last}:{item.lsb}"


def now_says(found: Found, item: Field, value: int) -> str:
    """What it says now, in words."""
    number = item.extract(value)
    if item.irq is not None:
        first = item.irq + found.slot.index * found.slot.register.width
        return f"{interrupts_label(found.numbering, number, first)}."
    meaning = dict(item.values).get(number, "")
    shown = f"{number}" if item.hex_shift is None else f"{number << item.hex_shift:#x}"
    return f"{shown}: {meaning}." if meaning else f"{shown}."


# -- who -------------------------------------------------------------------------------------------


def _who(session: Session, found: Found, told: tuple[GlossaryEntry, ...]) -> str:
    said = [entry.who for entry in told if entry.who]
    kinds: dict[Access, list[str]] = {}
    for item in found.slot.register.fields:
        kinds.setdefault(item.access, []).append(item.name)
    others = [name for name in faces(session, found) if name != found.slot.name]
    if [*kinds] == [Access.RO] and others:
        said.append(f"Software reads it here, and writes it by way of {named(others)}.")
    elif len(kinds) == 1:
        said.append(sentence(ACCESS[next(iter(kinds))]))
    else:
        said += [f"{named(names)}: {ACCESS[kind]}." for kind, names in kinds.items()]
    said += filter(None, [_missing(found, found.slot.register.fields)])
    if getattr(found.file.owner, f"read_{found.slot.register.stem}", None) is not None:
        said.append("A read by software changes something in the device; looking here does not.")
    return " ".join(said)


def _missing(found: Found, fields: Iterable[Field]) -> str:
    """Which bits of some fields the chip does not have; empty where it has all."""
    kept = sum((1 << item.width) - 1 << item.lsb for item in fields if item.access in KEPT)
    absent = kept & ~found.slot.register.present(found.slot.index)
    bits = [bit for bit in range(absent.bit_length()) if absent >> bit & 1]
    runs = [
        (bit, next(end for end in range(bit, absent.bit_length() + 1) if not absent >> end & 1) - 1)
        for bit in bits
        if not bit or not absent >> bit - 1 & 1
    ]
    if not runs:
        return ""
    which = named(str(first) if first == last else f"{last}:{first}" for first, last in runs)
    if len(bits) == 1:
        return f"This chip does not have bit {which}: it reads as zero."
    return f"This chip does not have bits {which}: they read as zero."


def _general(session: Session, reference: RegisterReference) -> Meaning:
    """A general register: those are shown that a system call has used."""
    for core in session.machine.cores:
        if reference.name not in core.registers or reference.owner != f"core {core.index}":
            continue
        is_number = reference.name == core.CALL_REGISTERS[0]
        role = "the number of a system call" if is_number else "an argument of a system call"
        if reference.name in RESULTS:
            role += ", and after the call its result"
        value = core.registers[reference.name]
        return Meaning(
            f"{reference.name}, general register of core {core.index}",
            ("A general register holds whatever a program puts there.", f"This one has {role}."),
            "The task writes number and arguments, and the kernel writes the result.",
            sections=(Section("Now", (("value", f"{value:#x}"),)),),
        )  # fmt: skip
    return gone(reference)
