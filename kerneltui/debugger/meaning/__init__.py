"""What is this?  The answer for each kind of reference: :data:`MEANINGS`.

An explanation is made of the register tables' own texts, of the glossary, and of the present state.
Looking changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerneltui.debugger.lookup import exists
from kerneltui.debugger.meaning import hardware, kernel, registers
from kerneltui.debugger.meaning.parts import Meaning, Section, gone
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

MEANINGS: dict[type, Callable[[Session, Any], Meaning]] = {
    RegisterReference: registers.register,
    FieldReference: registers.field,
    InterruptReference: hardware.interrupt,
    GateReference: hardware.gate,
    VectorReference: hardware.vector,
    LineReference: hardware.line,
    TimeoutReference: kernel.timeout,
    ComparatorReference: hardware.comparator,
    CounterReference: hardware.counter,
    TaskReference: kernel.task,
    CoreReference: hardware.core,
    EventReference: kernel.event,
    CodeReference: kernel.code,
    ConsoleReference: kernel.console_line,
    TableReference: kernel.table,
}
HARDWARE = (
    InterruptReference, VectorReference, LineReference, ComparatorReference, CounterReference,
)  # fmt: skip
"""Beside registers and their fields: what is said of these is about hardware."""


def meaning(session: Session, reference: Reference) -> Meaning:
    """What a reference names, in words; one that is gone says so."""
    if not exists(session, reference):
        return gone(reference)
    found = MEANINGS[type(reference)](session, reference)
    if found.names is None and isinstance(reference, HARDWARE):
        return found._replace(names=frozenset())
    return found


__all__ = ["MEANINGS", "Meaning", "Section", "meaning"]
