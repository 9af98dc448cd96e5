"""Moments as people write them in the dialog of the key ``g``."""

from __future__ import annotations

import re

from kerneltui.debugger.bookmarks import PREFIX
from kerneltui.debugger.references import FieldReference, RegisterReference
from kerneltui.debugger.register_names import bits_named, register_and_label, registers_named
from kerneltui.debugger.session import Session
from kerneltui.errors import UserError
from kerneltui.units import parse_duration

HOW = (
    "Type a time like 1.5s, an instruction of the trace like #1200, start, booted or end, a "
    "bookmark like bookmark:1, or a register: its last write."
)
STEP_NUMBER = re.compile(r"#\s*(\d{1,18})")
PLACES = "start", "booted", "end"
TIME, INSTRUCTION, BOOKMARK = "time", "instruction", "bookmark"


def read_place(session: Session, words: str) -> tuple[str, int]:
    """One of :data:`PLACES` with 0, or :data:`TIME` in ns, or the number of an INSTRUCTION or
    of a BOOKMARK.

    Raises ValueError, in sentences, for what is none of these.
    """
    words = words.strip().lower()
    if words in PLACES:
        return words, 0
    if words.startswith(PREFIX):
        bookmarks = session.bookmarks
        try:
            found = bookmarks.named(words.removeprefix(PREFIX).strip())
        except UserError as error:
            said = str(error)
            raise ValueError(f"{said[:1].upper()}{said[1:]}.") from None
        return BOOKMARK, bookmarks.number_of(found)
    number = STEP_NUMBER.fullmatch(words)
    if number is None:
        try:
            return TIME, parse_duration(words)
        except ValueError as error:
            said = str(error)
            raise ValueError(f"{said[:1].upper()}{said[1:]}. {HOW}") from None
    known = session.history.end_retired[session.focus]
    if int(number[1]) >= known:
        raise ValueError(f"Instruction {int(number[1])} is still to come: {known} are known.")
    return INSTRUCTION, int(number[1])


def read_register(session: Session, words: str) -> RegisterReference | FieldReference | None:
    """``GICC_PMR``, ``CNTP_CTL_EL0.IMASK``, ``ioapic1/IOWIN``; None where it is no such name.

    Raises ValueError, in a sentence, where several registers have it, or none that field.
    """
    *fronts, name = words.strip().split("/")
    name, dot, bits = name.partition(".")
    machine = session.machine
    if not registers_named(machine, name):
        return None
    try:
        site, label = register_and_label(machine, fronts, name)
        field = bits_named(site.slot.register, label, bits)[0] if dot else None
    except ValueError as error:
        said = str(error)
        raise ValueError(f"{said[:1].upper()}{said[1:]}.") from None
    is_core = site.device == "core"
    register = (
        RegisterReference(f"core {session.focus}", "", site.slot.name)
        if is_core
        else RegisterReference(site.device, site.block, site.slot.name)
    )
    return register if field is None else FieldReference(register, field.name)
