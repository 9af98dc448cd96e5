"""Interrupts, wires and timeouts by the names that people give them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from contextlib import suppress

from kerneltui.debugger.numbering import FORMATS, INTERRUPT, interrupt_label
from kerneltui.debugger.references import InterruptReference, LineReference, TimeoutReference
from kerneltui.debugger.way import find_line, interrupts_of_line, lines, whole_ways
from kerneltui.errors import UserError, near, suggestion
from kerneltui.hw.device import InterruptController, InterruptState
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.machine import Machine

_NUMBERED = r"(?:([a-z]+)[: ] *)?(0x[0-9a-f]+|\d+)"


def inspector_of(machine: Machine) -> Inspector:
    """What the kernel lets one see: nothing, in a program that offers no inspector."""
    offered: Inspector | None = getattr(machine.program, "inspector", None)
    if machine.has_own_drivers and offered is not None:
        from kerneltui.debugger.careful import CarefulInspector  # most kernels need none

        return CarefulInspector(offered)
    return offered or Inspector()


def timer_interrupt(machine: Machine, inspector: Inspector) -> InterruptReference | None:
    """The interrupt that timeouts wait for; None in a kernel that has none.

    None too where the board has no such interrupt: the kernel is for another one.  Where its wire
    leads to several controllers, as IRQ 0 of a PC does, it is the one that is in use.
    """
    irq = inspector.timer_irq()
    if irq is None:
        return None
    try:
        found = interrupt_numbered(machine, irq.domain, irq.number)
    except UserError:
        return None
    return _where_in_use(machine, inspector, found)


def timer_comparators(machine: Machine, inspector: Inspector) -> set[tuple[str, str]]:
    """What may raise the interrupt that timeouts wait for: devices' names, and registers'."""
    found = timer_interrupt(machine, inspector)
    if found is None:
        return set()
    sources = (
        way.stations[0] for way in whole_ways(machine, inspector, found.controller, found.number)
    )
    return {(source.owner, gate.register) for source in sources for gate in source.gates}


def is_in_use(
    controller: InterruptController,
    states: Iterable[InterruptState],
    handled: Collection[tuple[str, int]],
) -> bool:
    """Not where all is masked and the handlers are others': the 8259s of a PC with APICs.

    ``states`` are its interrupts, ``handled`` the numberings and numbers that have a handler.
    """
    its_own = any(numbering == controller.NUMBERING for numbering, _ in handled)
    return its_own or not handled or any(state.enabled for state in states)


def _where_in_use(
    machine: Machine, inspector: Inspector, interrupt: InterruptReference
) -> InterruptReference:
    """What its wire is to the controller that the kernel uses, that with a handler first."""
    handled = {(item.irq.domain, item.irq.number) for item in inspector.irq_handlers(0)}
    if interrupt.numbering in {numbering for numbering, _ in handled}:
        return interrupt

    def used(name: str) -> bool:
        controller = machine.controllers[name]
        return is_in_use(controller, controller.notable(0, set()), handled)

    if used(interrupt.controller):
        return interrupt
    here = interrupt.controller, interrupt.number
    found = [
        InterruptReference(name, machine.controllers[name].NUMBERING, number)
        for _, _, _, line in lines(machine)
        if here in (driven := interrupts_of_line(machine, line.name, 0))
        for name, number in driven
        if name != interrupt.controller and used(name)
    ]
    has_handler = (item for item in found if (item.numbering, item.number) in handled)
    return next(has_handler, found[0] if found else interrupt)


def main_interrupt(machine: Machine, inspector: Inspector, cpu: int) -> InterruptReference | None:
    """The timer's where timeouts wait for it, or else the first that has a handler.

    Of a kernel that offers no look inside: that of a timer which asks, or which may interrupt.
    """
    if not inspector.offers_look:
        return _interrupt_of_timers(machine, cpu)
    if inspector.queue_structure():
        return timer_interrupt(machine, inspector)
    for handler in inspector.irq_handlers(cpu):
        for name, controller in machine.controllers.items():
            if handler.irq.domain == controller.NUMBERING:
                return InterruptReference(name, handler.irq.domain, handler.irq.number)
    return timer_interrupt(machine, inspector)


def _interrupt_of_timers(machine: Machine, cpu: int) -> InterruptReference | None:
    """Of those whose wire is high, or else of all: the first that its controller lets through."""
    found: list[tuple[tuple[bool, bool, bool], InterruptReference]] = []
    for device, output, index, line in lines(machine):
        is_others = len(device.outputs[output]) > 1 and index != cpu
        if is_others or not hasattr(device, "comparators"):
            continue
        for name, number in interrupts_of_line(machine, line.name, cpu):
            controller = machine.controllers[name]
            state = controller.interrupt(number, cpu)
            is_enabled = state is not None and bool(state.enabled)
            if line.level or is_enabled:
                uses = any(item.enabled for item in controller.notable(cpu, set()))
                rank = not line.level, not is_enabled, not uses
                found.append((rank, InterruptReference(name, controller.NUMBERING, number)))
    return min(found, key=lambda item: item[0])[1] if found else None


def interrupt_named(machine: Machine, text: str) -> InterruptReference:
    """``30`` on a Pi 4, ``local:1``, ``periph:57`` on a Pi 3, ``gsi:2``, ``vector:0xec`` on a PC.

    And so that what is printed can be given back: ``irq:30`` or ``irq 30``, ``vec 0xec``.  Raises
    UserError, in words, also where several interrupts of the board are called so.
    """
    known = list(dict.fromkeys(item.NUMBERING for item in machine.controllers.values()))
    found = re.fullmatch(_NUMBERED, text.strip().lower())
    kind = None if found is None else found[1]
    wanted = [name for name in known if kind is None or _is_meant(kind, name)]
    if found is None or not wanted:
        raise UserError(f"'{text}' names no interrupt of this board; write {_forms(known)}")
    number = int(found[2], 0)
    if len(wanted) == 1:
        return interrupt_numbered(machine, wanted[0], number)
    references = []
    for name in wanted:
        with suppress(UserError):
            references.append(interrupt_numbered(machine, name, number))
    if not references:
        raise UserError(f"there is no interrupt '{text}' on this board; write {_forms(known)}")
    if len(references) > 1:
        forms = _either(f"{item.numbering}:{found[2]}" for item in references)
        raise UserError(f"'{text}' can be several interrupts here; write {forms}")
    return references[0]


def _is_meant(kind: str, numbering: str) -> bool:
    """``gsi``, ``periph`` or what stands before the number where it is printed: ``irq``."""
    return numbering.startswith(kind) or FORMATS.get(numbering, INTERRUPT)[0] == kind


def _forms(known: list[str]) -> str:
    """How interrupts can be written on a board with these numberings."""
    plain = ["N", "irq:N"] if len(known) == 1 and known[0] not in FORMATS else []
    return _either([*plain, *(f"{name}:N" for name in known)])


def _either(items: Iterable[str]) -> str:
    """``N, irq:N or gic:N``."""
    *before, last = items
    return f"{', '.join(before)} or {last}" if before else last


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


def line_hint(text: str, names: Iterable[str]) -> str:
    """Which wires may be meant: those of a device, those of an output, or names that are near."""
    known = list(names)
    device, _, output = text.lower().partition(".")
    of_device = [name for name in known if name.lower().partition(".")[0] == device]
    of_output = [name for name in known if output and name.lower().partition(".")[2] == output]
    if of_device and not near(output, [name.partition(".")[2] for name in of_device]):
        return f"; the lines of {device} are {', '.join(of_device)}"
    return suggestion(text, of_device or of_output or known)


def line_named(machine: Machine, text: str) -> LineReference:
    """A wire, such as ``uart0.irq``.  Raises UserError."""
    try:
        find_line(machine, text)
    except KeyError:
        names = [line.name for _, _, _, line in lines(machine)]
        raise UserError(f"there is no line '{text}'{line_hint(text, names)}") from None
    return LineReference(text)


def timeout_named(inspector: Inspector, text: str) -> TimeoutReference:
    """The timeout of that name that is due first.  Raises UserError."""
    if not inspector.offers_look:
        raise UserError("this kernel offers no look inside: its timeouts cannot be seen")
    timeouts = inspector.timeouts()
    for item in timeouts:
        if item.name == text:
            return TimeoutReference(item.ident)
    names = [item.name for item in timeouts]
    if not names:
        raise UserError(f"no timeout '{text}' is pending: the queue is empty")
    raise UserError(f"no timeout '{text}' is pending{suggestion(text, names)}")
