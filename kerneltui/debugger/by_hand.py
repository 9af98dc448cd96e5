"""What a person may set by hand, what it holds now, and why the rest cannot be set.

Setting is poking (:mod:`kerneltui.debugger.pokes`): here a register, a field or a line is looked
up, told in words, and named as a poke names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kerneltui.debugger.lookup import (
    place_of_gate,
    register_named,
    register_of_event,
    way,
)
from kerneltui.debugger.meaning import Meaning, Section, meaning
from kerneltui.debugger.meaning.found import Found, find, value_of
from kerneltui.debugger.meaning.registers import now_says
from kerneltui.debugger.origins import Wiring
from kerneltui.debugger.pokes import name_for, parse, stored_as
from kerneltui.debugger.references import (
    ComparatorReference,
    CounterReference,
    EventReference,
    FieldReference,
    GateReference,
    InterruptReference,
    LineReference,
    Reference,
    RegisterReference,
)
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import is_wire_poke, poked_by
from kerneltui.debugger.way import Station, find_line, lines
from kerneltui.hw.register import RES0, RO, TAG, Access, Field, Register
from kerneltui.hw.rule import Gate

NOTHING_TO_SET = (
    "Put the cursor on a register, a field, a line or an interrupt, then poke it; here is none."
)
CHANGEABLE = tuple(kind for kind in Access if kind not in {RO, RES0, TAG})
REFUSALS = {
    RO: "is read-only (RO): the hardware alone sets it",
    RES0: "is reserved (RES0): it reads as zero, and a store has no effect",
    TAG: "is not modelled (TAG): it holds its reset value, and a store has no effect",
}
"""Why a store cannot set it, by access kind."""
HOW_WRITTEN = "like 10, 0x0a or 0b1010"
GROUP, ROW = 4, 32
"""Bits are shown in groups, and so many in a row."""
ASKED_BYTES = 'Hex like 03 1b 5b 41, text in quotes like "help" 0d'
_PART = re.compile(r'\s*(?:"([^"]*)"|\'([^\']*)\'|(?:0[xX])?([0-9a-fA-F]{2})(?=\s|["\']|$))')


class Setting(NamedTuple):
    """One thing that can be set."""

    title: str
    target: str
    """what stands before the ``=`` in the text of a poke"""
    value: str
    """the present one, as a person writes it"""
    label: str
    """what is asked for, and what is allowed"""
    now: Section
    """what it holds"""
    about: Meaning
    """what it is"""
    values: tuple[tuple[int, str], ...] = ()
    """what particular ones mean"""


def setting(session: Session, reference: Reference | None) -> Setting:
    """What a reference lets a person set.

    Raises ValueError, in a sentence, where that is nothing.
    """
    made = _SETTINGS.get(type(reference))
    if made is None:
        raise ValueError(NOTHING_TO_SET)
    found: Setting = made(session, reference)
    try:
        checked(session, found, found.value)
    except ValueError as error:  # a core that may not store what is there may store nothing
        raise ValueError(f"{error}.") from None
    return found


def checked(session: Session, what: Setting, text: str) -> str:
    """What a new value means, in words.  Raises ValueError, in words, where it cannot be set."""
    poke = parse(session.machine, f"{what.target}={text}", session.focus)
    value = poke.told_value
    said = dict(what.values).get(value, "")
    return f"{_three_ways(value)}{f': {said}' if said else ''}"


# -- registers -------------------------------------------------------------------------------------


def _register(session: Session, reference: RegisterReference) -> Setting:
    found = _found(session, reference)
    register, name = found.slot.register, found.slot.name
    stored = stored_as(found.file, found.slot)
    if stored is None or (stored.register.fields and not stored.register.mask_of(*CHANGEABLE)):
        kinds = {item.access for item in register.fields}
        kind = next((kind for kind in (RO, TAG, RES0) if kind in kinds), RO)
        raise ValueError(_refusal(name, register, kind))
    value = value_of(session, found)
    rows = [("value", _three_ways(value)), *_bit_rows(register, value)]
    if stored is not found.slot:
        rows.append(("stored as", f"{stored.name}, at the same address"))
    told = meaning(session, reference)
    fields = tuple(item for item in told.sections if item.title.startswith("Fields"))
    return Setting(
        str(reference), _name(session, reference), _written(value, register.width),
        _asked(register.width), Section(_now(session), tuple(rows)),
        told._replace(sections=fields),
    )  # fmt: skip


def _field(session: Session, reference: FieldReference) -> Setting:
    found = _found(session, reference.register)
    stored = stored_as(found.file, found.slot)
    shown = _named(found.slot.register, reference.name)
    item = _named(stored.register, reference.name) if stored is not None else None
    if shown is None:
        raise ValueError(f"There is no {reference} any more.")
    if item is None or item.access not in CHANGEABLE:
        label = f"{found.slot.name}.{reference.name}"
        raise ValueError(_refusal(label, found.slot.register, shown.access))
    value = value_of(session, found)
    part = shown.extract(value)
    said = dict(shown.values).get(part, "")
    rows = [("value", f"{_three_ways(part)}{f': {said}' if said else ''}")]
    if shown.irq is not None or shown.hex_shift:
        rows.append(("stands for", now_says(found, shown, value).removesuffix(".")))
    rows += _bit_rows(found.slot.register, value, shown)
    told = meaning(session, reference)
    known = tuple(item for item in told.sections if item.title.startswith("What it can"))
    return Setting(
        str(reference), f"{_name(session, reference.register)}.{reference.name}",
        _written(part, item.width), _asked(item.width), Section(_now(session), tuple(rows)),
        told._replace(sections=known), item.values,
    )  # fmt: skip


def _found(session: Session, reference: RegisterReference) -> Found:
    found = find(session, reference)
    if found is None:
        raise ValueError(f"{reference.name} is in no register table, so no poke reaches it.")
    return found


def _named(register: Register, name: str) -> Field | None:
    return next((item for item in register.fields if item.name == name), None)


def _name(session: Session, reference: RegisterReference) -> str:
    return name_for(session.machine, reference.owner, reference.block, reference.name)


def _refusal(label: str, register: Register, kind: Access) -> str:
    """One sentence."""
    changes = ""
    if kind is RO and register.changed_by:
        changes = f"; a store to {register.changed_by} changes it"
    return f"{label} {REFUSALS[kind]}{changes}."


def _now(session: Session) -> str:
    cores = len(session.machine.cores)
    return "Now" if cores == 1 else f"Now; core {session.focus} stores"


def _asked(width: int) -> str:
    return "New value, 0 or 1" if width == 1 else f"New value, 0 to {_most(width)}, {HOW_WRITTEN}"


def _most(width: int) -> str:
    return _written((1 << width) - 1, width)


def _written(value: int, width: int) -> str:
    """Single bits and small numbers in decimal."""
    return str(value) if width <= GROUP and value < 10 else hex(value)


def _three_ways(value: int) -> str:
    """Hex, decimal and binary; that where it is short enough to be read."""
    digits = f"{value:b}"
    if value <= 1:
        return digits
    if len(digits) > ROW // 2:
        return f"{value:#x} = {value}"
    return f"{value:#x} = {value} = 0b{_grouped(digits)}"


def _grouped(digits: str, space: str = "_") -> str:
    first = len(digits) % GROUP
    parts = [digits[:first]] if first else []
    parts += [digits[place : place + GROUP] for place in range(first, len(digits), GROUP)]
    return space.join(parts)


def _bit_rows(register: Register, value: int, only: Field | None = None) -> list[tuple[str, str]]:
    """The bits, the highest first; of a field those of the others are dots."""
    digits = f"{value:0{register.width}b}"
    if only is not None:
        mask = f"{only.mask:0{register.width}b}"
        digits = "".join(
            digit if shown == "1" else "·" for digit, shown in zip(digits, mask, strict=True)
        )
    rows = []
    for high in range(register.width, 0, -ROW):
        low = max(high - ROW, 0)
        part = digits[register.width - high : register.width - low]
        if only is None or part.strip("·"):
            rows.append((f"bits {high - 1}:{low}", _grouped(part, " ")))
    return rows


# -- lines, and what leads to one of these ---------------------------------------------------------


def _line(session: Session, reference: LineReference) -> Setting:
    device, output, index = find_line(session.machine, reference.name)
    level = device.outputs[output][index].level
    rows = (
        ("level", "1, high" if level else "0, low"),
        ("until", f"{device.name} computes another level: from then on it has that one"),
    )
    told = meaning(session, reference)
    return Setting(
        str(reference), reference.name, str(int(level)), "New level: 0 is low, 1 is high",
        Section("Now", rows), told._replace(sections=()), ((0, "low"), (1, "high")),
    )  # fmt: skip


def _interrupt(session: Session, reference: InterruptReference) -> Setting:
    """The wire that it comes by."""
    wiring = Wiring(session.machine)
    line = wiring.line_of(reference.controller, reference.number, session.focus)
    if line is None:
        raise ValueError(f"No line leads to {reference}: there is none to drive.")
    return _line(session, LineReference(line.name))


def _gate(session: Session, reference: GateReference) -> Setting:
    found = way(session, reference.interrupt)
    for gate in found.gates:
        if gate.name == reference.name:
            return setting_of_gate(session, found.station_of(gate), gate)
    raise ValueError(f"There is no {reference} any more.")


def setting_of_gate(session: Session, station: Station, gate: Gate) -> Setting:
    """What decides a gate.  Raises ValueError, in a sentence, where that cannot be set."""
    place: Reference | None = place_of_gate(session, station.owner, gate)
    if place is None and gate.register in _lines(session):
        place = LineReference(gate.register)
    if place is None:
        raise ValueError(f"No register holds this: {gate.register}.")
    return setting(session, place)


def _lines(session: Session) -> Iterator[str]:
    return (line.name for _, _, _, line in lines(session.machine))


def _event(session: Session, reference: EventReference) -> Setting:
    if is_wire_poke(reference.event):
        return _line(session, LineReference(poked_by(reference.event)[1]))
    if reference.event[3] == "line":
        return _line(session, LineReference(reference.event[-1]))
    return setting(session, register_of_event(session, reference))


def _comparator(session: Session, reference: ComparatorReference) -> Setting:
    return setting(session, register_named(session.machine, reference.name, reference.device))


def _counter(session: Session, reference: CounterReference) -> Setting:
    owners = (reference.owner, reference.owner.rstrip("0123456789"))
    found = (register_named(session.machine, reference.name, owner) for owner in owners)
    return setting(session, next(filter(None, found), None))


_SETTINGS: dict[type, Callable[[Session, Any], Setting]] = {
    RegisterReference: _register,
    FieldReference: _field,
    LineReference: _line,
    InterruptReference: _interrupt,
    GateReference: _gate,
    EventReference: _event,
    ComparatorReference: _comparator,
    CounterReference: _counter,
}


# -- the serial line -------------------------------------------------------------------------------


def parse_bytes(text: str) -> bytes:
    """Bytes as a person writes them: hex, and text in quotes.  Raises ValueError, in words."""
    data, place = bytearray(), 0
    text = text.strip()
    while place < len(text):
        part = _PART.match(text, place)
        if part is None:
            wrong = text[place:].split()[0]
            raise ValueError(f"'{wrong}' is no byte; write two hex digits for each, or quote text")
        said = part[1] if part[1] is not None else part[2]
        if said is not None and not said.isascii():
            wrong = next(letter for letter in said if not letter.isascii())
            raise ValueError(f"'{wrong}' is not ASCII; write its bytes in hex")
        data += bytes.fromhex(part[3]) if said is None else said.encode("ascii")
        place = part.end()
    if not data:
        raise ValueError("there is nothing to type")
    return bytes(data)


def told_bytes(text: str) -> str:
    """What will be typed, in words.  Raises ValueError as :func:`parse_bytes` does."""
    data = parse_bytes(text)
    return f"{len(data)} {'byte' if len(data) == 1 else 'bytes'}: {data.hex(' ')}"
