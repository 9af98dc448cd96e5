"""What lessons point at, as authors write it: ``station cpu``, ``register GICC_PMR``."""

from __future__ import annotations

from typing import NamedTuple

from kerneltui.debugger.naming import interrupt_named, line_named, timeout_named
from kerneltui.debugger.references import FieldReference, Reference, RegisterReference
from kerneltui.debugger.register_names import bits_named, register_and_label
from kerneltui.debugger.session import Session
from kerneltui.errors import UserError, suggestion
from kerneltui.machine.poke import CORE_REGISTERS

STATIONS = "source", "line", "controller", "cpu", "handler", "callback", "queue"
KINDS = "station", "panel", "register", "field", "timeout", "irq", "line"
FORM = "write what kind it is first, such as 'register GICC_PMR' or 'panel 3'"


class Pointed(NamedTuple):
    """Exactly one of the three is given."""

    reference: Reference | None = None
    panel: str = ""
    """its key"""
    station: str = ""
    """of the path"""


def pointed(session: Session, text: str) -> Pointed:
    """What a text means on a machine at this moment.  Raises :class:`UserError`.

    A timeout that is not in the queue at present is nothing to point at; it is an error too.
    """
    kind, _, name = text.strip().partition(" ")
    name = name.strip()
    if kind not in KINDS or not name:
        raise UserError(f"'{text}' cannot be pointed at; {FORM}{suggestion(kind, KINDS)}")
    if kind == "station":
        if name not in STATIONS:
            raise UserError(f"there is no station '{name}'{suggestion(name, STATIONS)}")
        return Pointed(station=name)
    if kind == "panel":
        return Pointed(panel=name)
    machine = session.machine
    if kind == "irq":
        return Pointed(interrupt_named(machine, name))
    if kind == "line":
        return Pointed(line_named(machine, name))
    if kind == "timeout":
        return Pointed(timeout_named(session.inspector, name))
    return Pointed(register_of(session, name, with_field=kind == "field"))


def register_of(session: Session, text: str, *, with_field: bool | None = None) -> Reference:
    """A register, or a field of one: ``ioapic0/IOWIN``, ``CNTP_CTL_EL0.IMASK``.

    ``with_field`` says which is wanted; None: either.  Raises :class:`UserError`.
    """
    path, dot, field = text.partition(".")
    if with_field is not None and bool(dot) is not with_field:
        form = "REGISTER.FIELD" if with_field else "a register alone"
        raise UserError(f"'{text}': write {form}")
    *owners, name = path.split("/")
    try:
        site, label = register_and_label(session.machine, owners, name)
        if dot:
            bits_named(site.slot.register, label, field)
    except ValueError as error:
        raise UserError(str(error)) from None
    if site.space == CORE_REGISTERS:
        register = RegisterReference(f"core {session.focus}", "", site.slot.name)
    else:
        register = RegisterReference(site.device, site.block, site.slot.name)
    return FieldReference(register, field) if dot else register
