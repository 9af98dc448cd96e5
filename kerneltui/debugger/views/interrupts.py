"""Pictures of the interrupts that a core can get: those in use, or with a handler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from kerneltui.debugger.handling import LONG_NS
from kerneltui.debugger.naming import is_in_use, timer_interrupt
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.references import InterruptReference
from kerneltui.debugger.troubles import is_handling, late_by
from kerneltui.debugger.way import Glance, Way, best_way, next_controller, ways_to_core
from kerneltui.hw.device import InterruptController, InterruptState
from kerneltui.hw.rule import Gate, Opens, decisive

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Makers
    from kerneltui.kernel.inspector import Inspector
    from kerneltui.kernel.irq import IrqHandler
    from kerneltui.machine.machine import Machine

UNACKNOWLEDGED = "nothing is acknowledged here: its line is up until its device is served"
Handlers = dict[tuple[str, int], "IrqHandler"]
"""By numbering and number."""


class InterruptView(msgspec.Struct, frozen=True):
    """One interrupt of one controller, as the core on show sees it."""

    controller: str
    numbering: str
    """what its number is one of: ``gic``, ``vector`` and so on"""
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
    """it waits for nothing but the end of the handler that is running: ``needs`` says so"""
    onward: tuple[str, int] | None
    """while it is pending or active, what it is to the next controller on its way"""
    is_shut: bool = True
    """that gate has to be opened by software: it does not open in the course of things"""
    is_lost: bool = False
    """its line is high, but only an edge asks, and that has gone by while nobody took it"""

    @property
    def label(self) -> str:
        """Number and numbering: ``irq 30``, ``vec 0xec``, ``gsi 2``."""
        return interrupt_label(self.numbering, self.number)

    @property
    def waits(self) -> bool:
        """Whether it is asserted and something keeps it from the core.

        The line of an edge says nothing once that was sent on; where it is up at a closed input,
        the edge may have been lost there.
        """
        is_asked = self.line and (self.trigger == "level" or not self.enabled)
        asserted = self.pending or is_asked or self.is_lost
        return bool(self.blocked_by and asserted and not self.active)


def interrupt_views(
    machine: Machine, inspector: Inspector, cpu: int, glance: Glance
) -> Iterator[InterruptView]:
    """The interrupts of core ``cpu``, with the handlers that this core has.

    Each keeps its place; those that are only on their way, a message say, come last.
    """
    handlers: Handlers = {(h.irq.domain, h.irq.number): h for h in inspector.irq_handlers(cpu)}
    wired: dict[str, str] | None = None
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
        if state.enabled and (message := controller.onward(state.number)) is not None
    }
    for_now: list[InterruptView] = []
    for name, controller in controllers.items():
        states = listed[name]
        if not is_in_use(controller, states, handlers):
            continue
        for state in _with_messages(controller, states, handlers, senders, cpu):
            handler = handlers.get((controller.NUMBERING, state.number))
            in_use = state.line or state.pending or state.active
            has_wire = state.enabled and state.line is not None
            stays = has_wire or (handler is not None and (name, state.number) not in senders)
            if not stays and not in_use:
                continue
            if handler is None and wired is None:
                wired = _wired(machine)
            label = handler.name if handler else (wired or {}).get(f"{name} {state.pin}", "")
            count = handler.count if handler else None
            view = _interrupt(glance, inspector, controller, state, label, count, cpu, listed)
            if stays:
                yield view
            else:
                for_now.append(view)
    yield from for_now


def each_once(
    interrupts: Iterable[InterruptView], has: Callable[[InterruptView], bool | None]
) -> list[InterruptView]:
    """Those that have something (are pending, active), wherever they are on their way.

    One that passes several controllers has it at each of them, and is the first one's.
    """
    found = [item for item in interrupts if has(item)]
    later = {item.onward for item in found}
    return [item for item in found if (item.controller, item.number) not in later]


def _wired(machine: Machine) -> dict[str, str]:
    """Who drives each input: of several devices at one input those that do now, or else all."""
    meeting: dict[str, list[tuple[str, bool]]] = {}
    passed_on: dict[str, str] = {}
    for device in machine.devices.values():
        for output, lines in device.outputs.items():
            pin = device.passes_on(output)
            for line in lines:
                for target in machine.wiring.get(line.name, []):
                    meeting.setdefault(target, []).append((device.name, line.level))
                    if pin:
                        passed_on[target] = f"{device.name} {pin}"
    return {
        target: ", ".join(dict.fromkeys(_drivers(meeting.get(passed_on.get(target, ""), wires))))
        for target, wires in meeting.items()
    }


def _drivers(wires: list[tuple[str, bool]]) -> list[str]:
    return [name for name, level in wires if level] or [name for name, _ in wires]


def _with_messages(
    controller: InterruptController,
    states: list[InterruptState],
    handlers: Handlers,
    senders: dict[tuple[str, int], str],
    cpu: int,
) -> list[InterruptState]:
    """Messages say where they come from; those that cores send are listed before one comes too."""
    if not controller.TAKES_MESSAGES:
        return states
    listed = {state.number for state in states}
    name = controller.name
    awaited = [
        controller.message(number, cpu)
        for numbering, number in handlers
        if numbering == controller.NUMBERING
        and number not in listed
        and (name, number) not in senders
    ]
    found = (
        replace(state, source=f"← {senders[name, state.number]}")
        if state.is_message and (name, state.number) in senders
        else state
        for state in [*states, *awaited]
    )
    return sorted(found, key=lambda state: state.number)


def _interrupt(
    glance: Glance,
    inspector: Inspector,
    controller: InterruptController,
    state: InterruptState,
    name: str,
    count: int | None,
    cpu: int,
    listed: dict[str, list[InterruptState]],
) -> InterruptView:
    machine = glance.machine
    way = best_way(ways_to_core(machine, controller.name, state.number, cpu, glance))
    shut = decisive(way.gates)
    needs = f"{shut.bits} is {shut.held}; needs {shut.needs}" if shut else ""
    passes = state.pending or state.active
    waits_for_end = ""
    if shut is not None and machine.cores[cpu].depth > 0:
        waits_for_end = _waits_for_end(machine, controller, way, shut, cpu, listed)
    return InterruptView(
        controller.name, controller.NUMBERING, state.number, state.source, name, state.line,
        state.enabled, state.pending, state.active, state.priority, state.targets, state.trigger,
        count,
        blocked_by=shut.name if shut is not None else "",
        needs=waits_for_end or needs,
        handler_runs=bool(waits_for_end),
        onward=next_controller(way) if passes else None,
        is_shut=shut is not None and shut.opens is Opens.STORE,
        is_lost=_is_lost(machine, inspector, InterruptReference(
            controller.name, controller.NUMBERING, state.number), state, way, cpu),
    )  # fmt: skip


def _is_lost(
    machine: Machine, inspector: Inspector, interrupt: InterruptReference, state: InterruptState,
    way: Way, cpu: int,
) -> bool:  # fmt: skip
    """Whether another edge is needed; the line of a timer may stay high between two times."""
    if not state.line or state.trigger != "edge" or not state.enabled or is_handling(machine):
        return False
    gate = next(iter(way.holding), None)
    if gate is None or gate is not way.station_of(gate).noted:
        return False
    if interrupt != timer_interrupt(machine, inspector):
        return True
    return (late_by(machine, inspector, cpu) or 0) > LONG_NS


# -- what the end of a handler ends ----------------------------------------------------------------


def _waits_for_end(
    machine: Machine,
    controller: InterruptController,
    way: Way,
    shut: Gate,
    cpu: int,
    listed: dict[str, list[InterruptState]],
) -> str:
    """Why an interrupt waits until the running handler ends; empty where something else stops it.

    Either the priority of the interrupt that is active keeps it out, or the core's mask.
    """
    if shut.register == machine.cores[cpu].MASK_REGISTER:
        done = controller.ACKNOWLEDGED
        said = f"not acknowledged yet ({done})" if done else UNACKNOWLEDGED
        mask = f"{shut.bits} is {shut.value}"
        return f"{said}; interrupts are masked while a handler runs ({mask})"
    if not shut.ends_by:
        return ""
    entrance = way.station_of(shut).entrance
    if entrance is None or not isinstance(entrance[1], int):
        return ""
    device = machine.controllers[entrance[0]]
    return _outranked(device, entrance[1], shut.ends_by, listed[device.name])


def _outranked(
    device: InterruptController, number: int, ends_by: str, states: list[InterruptState]
) -> str:
    """Which active interrupt keeps ``number`` waiting, how their priorities compare, until when."""
    sign = -1 if device.HIGH_WINS else 1
    active = [item for item in states if item.active and item.priority is not None]
    own = next((item.priority for item in states if item.number == number), None)
    if not active or own is None:
        return ""
    running = min(active, key=lambda item: sign * (item.priority or 0))
    first = running.priority or 0
    wins = "higher" if device.HIGH_WINS else "lower"
    compared = (
        f"at a more urgent priority ({first:#04x}; this one's is {own:#04x}, and the {wins} number "
        "is more urgent)"
    )
    if first == own:
        compared = f"at equal priority ({own:#04x})"
    elif sign * first > sign * own:
        compared = f"at equal group priority ({first:#04x} and {own:#04x})"
    runs = interrupt_label(device.NUMBERING, running.number)
    return f"the handler of {runs} runs {compared}; this one waits until it writes {ends_by}"


MAKERS: Makers = {
    "interrupts": lambda of: tuple(interrupt_views(of.machine, of.inspector, of.focus, of.glance)),
}
