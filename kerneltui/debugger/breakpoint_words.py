"""How registers, interrupts and names with spaces are written in a breakpoint."""

from __future__ import annotations

from kerneltui.debugger.naming import interrupt_named
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.references import (
    InterruptReference,
    RegisterReference,
)
from kerneltui.debugger.register_names import RegisterSite, label_of, registers_named
from kerneltui.debugger.session import Session
from kerneltui.errors import UserError
from kerneltui.machine.core import CoreState
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import CORE_REGISTERS


def quoted(text: str) -> str:
    """As a name stands in a breakpoint."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def on_core(session: Session, core: int) -> str:
    """Which core is meant, where several have been started."""
    started = [item for item in session.machine.cores if item.state is not CoreState.OFF]
    return f" core {core}" if len(started) > 1 else ""


def site_of(machine: Machine, reference: RegisterReference) -> RegisterSite | None:
    """Where it is; None for the general registers of a core."""
    own = not reference.block
    for site in registers_named(machine, reference.name):
        if site.slot.name != reference.name:
            continue
        is_own = site.space == CORE_REGISTERS
        if is_own == own and (
            own or (site.device, site.block) == (reference.owner, reference.block)
        ):
            return site
    return None


def label(machine: Machine, site: RegisterSite) -> str:
    """Its shortest name."""
    return label_of(site, registers_named(machine, site.slot.name))


def access_of(session: Session, reference: RegisterReference, verb: str) -> str:
    """A breakpoint on a register; raises ValueError for a general one, in a sentence."""
    machine = session.machine
    site = site_of(machine, reference)
    if site is None:
        raise ValueError(f"{reference} is a general register: no breakpoint can watch it.")
    return f"{verb} {label(machine, site)}{whose(session, reference)}"


def whose(session: Session, reference: RegisterReference) -> str:
    """Which core's register it is, where that has to be said."""
    if reference.block:
        return ""
    return on_core(session, int(reference.owner.removeprefix("core ")))


def interrupt_name(machine: Machine, reference: InterruptReference) -> str:
    """As ``kerneltui explain --irq`` has it; raises ValueError where that cannot name it."""
    numberings = {item.NUMBERING for item in machine.controllers.values()}
    number = interrupt_label(reference.numbering, reference.number).rpartition(" ")[2]
    name = number if len(numberings) == 1 else f"{reference.numbering}:{number}"
    try:
        found = interrupt_named(machine, name)
    except UserError as error:
        raise ValueError(f"{error}.") from None
    if found != reference:
        raise ValueError(f"A breakpoint cannot name {reference}: {name} is {found}.")
    return name


def vector_name(machine: Machine, number: int) -> str:
    """As :func:`interrupt_name`, of a vector."""
    for name, controller in machine.controllers.items():
        if controller.NUMBERING == "vector":
            return interrupt_name(machine, InterruptReference(name, "vector", number))
    raise ValueError("No controller of this board numbers vectors.")
