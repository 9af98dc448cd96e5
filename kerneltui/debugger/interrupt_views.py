"""Pictures of the interrupts that a core can get: those in use, or with a handler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from kerneltui.debugger.explain import way_to_core
from kerneltui.hw.device import InterruptController, InterruptState
from kerneltui.hw.gate import first_shut

if TYPE_CHECKING:
    from kerneltui.kernel.irq import IrqHandler
    from kerneltui.kernel.kernel import Kernel
    from kerneltui.machine.machine import Machine

MESSAGE = "message"
"""The source of what came by no input: a vector of a local APIC."""
Handlers = dict[tuple[str, int], "IrqHandler"]
"""By numbering and number."""


class InterruptView(msgspec.Struct, frozen=True):
    """One interrupt of one controller, as the core on show sees it."""

    controller: str
    number: int
    source: str
    name: str
    line: bool | None
    enabled: bool
    pending: bool
    active: bool | None
    priority: int | None
    targets: tuple[int, ...]
    trigger: str
    count: int | None
    """how often its handler has run; None without a handler"""
    blocked_by: str
    """the first shut gate on its way to the core; empty when all are open"""
    needs: str
    """what that gate looks at, and what would open it"""
    handler_runs: bool
    """it waits for nothing but the end of the handler that is running"""

    @property
    def waits(self) -> bool:
        """Whether it is asserted and something keeps it from the core.

        The line of an edge says nothing once that was sent on; where it is up at a closed input,
        the edge may have been lost there.
        """
        asserted = self.pending or (self.line and (self.trigger == "level" or not self.enabled))
        return bool(self.blocked_by and asserted and not self.active)


def interrupt_views(machine: Machine, kernel: Kernel, cpu: int) -> Iterator[InterruptView]:
    """The interrupts of core ``cpu``, with the handlers that this core has."""
    handlers: Handlers = {(h.irq.domain, h.irq.number): h for h in kernel.irq_handlers(cpu)}
    wired = {
        target: line.partition(".")[0]
        for line, targets in machine.wiring.items()
        for target in targets
    }
    controllers = machine.controllers
    listed = {
        name: controller.notable(
            cpu, {number for numbering, number in handlers if numbering == controller.NUMBERING}
        )
        for name, controller in controllers.items()
    }
    senders = {
        message: state.source
        for name, controller in controllers.items()
        for state in listed[name]
        if state.enabled and (message := controller.message_for(state.number)) is not None
    }
    for name, controller in controllers.items():
        states = listed[name]
        if not _is_used(controller, states, handlers):
            continue
        for state in _with_messages(controller, states, handlers, senders, cpu):
            handler = handlers.get((controller.NUMBERING, state.number))
            in_use = state.line or state.pending or state.active
            has_wire = state.line is not None
            if handler is None and not in_use and not (state.enabled and has_wire):
                continue
            label = handler.name if handler else wired.get(f"{name} {state.pin}", "")
            count = handler.count if handler else None
            yield _interrupt(machine, controller, state, label, count, cpu)


def _is_used(
    controller: InterruptController, states: list[InterruptState], handlers: Handlers
) -> bool:
    """Not where all is masked and the handlers are others': the 8259s of a PC with APICs."""
    its_own = any(numbering == controller.NUMBERING for numbering, _ in handlers)
    return its_own or not handlers or any(state.enabled for state in states)


def _with_messages(
    controller: InterruptController,
    states: list[InterruptState],
    handlers: Handlers,
    senders: dict[tuple[str, int], str],
    cpu: int,
) -> list[InterruptState]:
    """Messages say where they come from; those that cores send are listed before one comes too.

    Their number is a vector, whose upper four bits are its priority (Intel SDM 3A 10.8.3).
    """
    if controller.NUMBERING != "vector":
        return states
    listed = {state.number for state in states}
    name = controller.name
    awaited = [
        InterruptState(number, MESSAGE, None, True, False, False, number >> 4, (cpu,), "edge")
        for numbering, number in handlers
        if numbering == "vector" and number not in listed and (name, number) not in senders
    ]
    found = (
        replace(state, source=f"← {senders[name, state.number]}")
        if state.source == MESSAGE and (name, state.number) in senders
        else state
        for state in [*states, *awaited]
    )
    return sorted(found, key=lambda state: state.number)


def _interrupt(
    machine: Machine,
    controller: InterruptController,
    state: InterruptState,
    name: str,
    count: int | None,
    cpu: int,
) -> InterruptView:
    shut = first_shut(way_to_core(machine, controller.name, state.number, cpu))
    needs = f"{shut.register} {shut.field} is {shut.value:#x}; needs {shut.needs}" if shut else ""
    return InterruptView(
        controller.name, state.number, state.source, name, state.line, state.enabled,
        state.pending, state.active, state.priority, state.targets, state.trigger, count,
        blocked_by=shut.name if shut is not None else "",
        needs=needs,
        handler_runs=shut is not None and shut.register in {"DAIF", "RFLAGS"}
        and machine.cores[cpu].depth > 0,
    )  # fmt: skip
