"""Where an interrupt comes from: the device behind a controller's input, a vector or a wire."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from kerneltui.debugger.numbering import interrupt_label
from kerneltui.hw.device import (
    ComparatorState,
    Device,
    InterruptController,
    InterruptState,
    TimerDevice,
)
from kerneltui.hw.line import Line
from kerneltui.machine.machine import Machine

TIMER, SERIAL, CALL, DEVICE = "timer", "uart", "ipi", "device"
"""What raises interrupts: a timer, a serial line, a core, anything else."""


class Origin(msgspec.Struct, frozen=True):
    """An interrupt, and what has raised it."""

    source: str
    """:data:`TIMER`, :data:`SERIAL`, :data:`CALL` or :data:`DEVICE`"""
    device: str
    """its name; empty for a call from a core"""
    controller: str
    """the one that the device is wired to"""
    numbering: str
    number: int

    @property
    def label(self) -> str:
        """``IRQ 30``, ``vector 0xec``, ``GSI 4``."""
        word, _, number = interrupt_label(self.numbering, self.number).partition(" ")
        return f"{'vector' if word == 'vec' else word.upper()} {number}"


def source_kind(device: Device) -> str:
    """What a device is to those whom it interrupts."""
    if hasattr(device, "transmit"):
        return SERIAL
    return TIMER if hasattr(device, "comparators") else DEVICE


def comparators_of(machine: Machine, origin: Origin, core: int) -> tuple[ComparatorState, ...]:
    """Those of the device behind an interrupt, as they stand now; none of one that is no timer."""
    device = machine.devices.get(origin.device)
    return tuple(device.comparators(core)) if isinstance(device, TimerDevice) else ()


class Wiring:
    """The wires of one machine, in both directions."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._lines: dict[str, tuple[Device, str, int, Line]] = {}
        self._arrivals: dict[str, list[Line]] = {}
        for device in machine.devices.values():
            for output, lines in device.outputs.items():
                for n, line in enumerate(lines):
                    self._lines[line.name] = device, output, n if len(lines) > 1 else -1, line
                    for target in machine.wiring.get(line.name, ()):
                        self._arrivals.setdefault(target, []).append(line)

    def driver(self, line: str) -> tuple[Device, str, int]:
        """The device and the output that drive a line, and the core that it is for, or -1."""
        return self._lines[line][:3]

    def leads_to(self, line: str) -> list[str]:
        """The inputs at the ends of a line, as a board file names them."""
        return self._machine.wiring.get(line, [])

    def source_of(self, controller: str, pin: str, cpu: int) -> Line | None:
        """The line at an input: of several the one that is high; through what only passes it on."""
        lines = self._arrivals.get(f"{controller} {pin}", [])
        lines = [line for line in lines if self._lines[line.name][2] in {-1, cpu}]
        line = next((line for line in lines if line.level), lines[0] if lines else None)
        if line is not None:
            device, output, _, _ = self._lines[line.name]
            passed = device.passes_on(output)
            if passed:
                return self.source_of(device.name, passed, cpu) or line
        return line

    def line_of(self, controller: str, number: int, cpu: int) -> Line | None:
        """The line of an interrupt: its input's, or that of the message which brings it.

        None where neither is there: a call from a core, or what arises in the controller itself.
        """
        device = self._machine.controllers[controller]
        state = device.interrupt(number, cpu)
        if state is not None and state.pin:
            return self.source_of(controller, state.pin, cpu)
        if device.TAKES_MESSAGES:
            for other in self._machine.controllers.values():
                for sent in other.interrupts(cpu) if other.SENDS_MESSAGES else ():
                    if other.onward(sent.number) == (controller, number):
                        return self.line_of(other.name, sent.number, cpu)
        return None

    def arriving(self, line: Line, target: str, cpu: int) -> Origin | None:
        """What a line is to the controller at its end; through a device that only passes it on."""
        name, _, pin = target.partition(" ")
        controller = self._machine.controllers.get(name)
        device = self.driver(line.name)[0]
        if controller is not None:
            number = controller.entrance(pin, cpu)
            if not isinstance(number, int):
                return None
            return Origin(source_kind(device), device.name, name, controller.NUMBERING, number)
        onward = self._machine.devices.get(name)
        if onward is None:
            return None
        for output, lines in onward.outputs.items():
            if onward.passes_on(output) == pin:
                ends = self.leads_to(lines[0].name)
                there = [self.arriving(lines[0], further, cpu) for further in ends]
                known = [item for item in there if item is not None]
                best = next((item for item in known if self.is_enabled(item, cpu)), None)
                for item in known:
                    if best is None or item is best:
                        return replace(item, source=source_kind(device), device=device.name)
        return None

    def is_enabled(self, origin: Origin, cpu: int) -> bool:
        """Whether the controller lets an interrupt in; for core 0 where ``cpu`` is below 0."""
        controller = self._machine.controllers[origin.controller]
        state = controller.interrupt(origin.number, max(cpu, 0))
        return state is not None and state.enabled


def pending(machine: Machine, wiring: Wiring, cpu: int, vector: int | None) -> Origin | None:
    """The interrupt that a core takes or has taken; ``vector`` where the core knows that.

    None where nothing is pending or active: an interrupt that has gone before it was taken.
    """
    found: list[tuple[tuple[int, int], Origin]] = []
    for name, controller in machine.controllers.items():
        for state in controller.notable(cpu, set()):
            if not state.enabled or not (state.pending or state.active):
                continue
            origin = _origin(machine, wiring, controller, state, cpu)
            if origin is None:
                continue
            if vector is not None and _vector(machine, name, state.number) == vector:
                return origin
            if vector is not None and (not state.active or controller.NUMBERING == "vector"):
                continue  # a controller that is asked by the core itself tells the vector
            # Of what waits or runs, the most urgent; controllers differ in what comes first.
            rank = state.priority or 0
            found.append(((-rank if controller.HIGH_WINS else rank, state.number), origin))
    return min(found)[1] if found else None


def asking(
    machine: Machine, wiring: Wiring, controller: InterruptController, number: int, cpu: int
) -> Origin | None:
    """An interrupt that becomes pending at a controller; None where that is none of its own."""
    state = controller.interrupt(number, cpu)
    return None if state is None else _origin(machine, wiring, controller, state, cpu)


def call_sent(machine: Machine, wiring: Wiring, sender: int) -> tuple[Origin | None, int]:
    """The interrupt that a core has just sent, and to whom; None where its message was no such.

    It waits at the core that gets it, or that one has taken it already.
    """
    found: list[tuple[tuple[bool, bool], Origin, int]] = []
    for core in machine.cores:
        for name, controller in machine.controllers.items():
            for state in controller.notable(core.index, set()):
                if not (state.pending or state.active):
                    continue
                origin = _origin(machine, wiring, controller, state, core.index)
                if origin is not None and (origin.source, origin.controller) == (CALL, name):
                    rank = not state.pending, core.index == sender
                    found.append((rank, origin, core.index))
    if not found:
        return None, sender
    _, origin, receiver = min(found, key=lambda item: item[0])
    return origin, receiver


def _vector(machine: Machine, controller: str, number: int) -> int | None:
    device = machine.controllers[controller]
    message = device.onward(number)
    if message is not None:
        return message[1]
    return number if device.NUMBERING == "vector" else None


def _origin(
    machine: Machine, wiring: Wiring, controller: InterruptController, state: InterruptState,
    cpu: int,
) -> Origin | None:  # fmt: skip
    """None for what another controller passes on: that one knows it better."""
    name, numbering = controller.name, controller.NUMBERING
    if state.pin:
        line = wiring.source_of(name, state.pin, cpu)
        device = None if line is None else wiring.driver(line.name)[0]
        if isinstance(device, InterruptController):
            return None
        kind = DEVICE if device is None else source_kind(device)
        return Origin(kind, device.name if device else "", name, numbering, state.number)
    if state.is_message:
        for other in machine.controllers.values():
            for sent in other.interrupts(cpu):
                if other.onward(sent.number) == (name, state.number):
                    return _origin(machine, wiring, other, sent, cpu)
        return Origin(CALL, "", name, numbering, state.number)
    if source_kind(controller) == TIMER and state.line is None and "timer" in state.source.lower():
        return Origin(TIMER, name, name, numbering, state.number)
    return Origin(CALL if state.line is None else DEVICE, "", name, numbering, state.number)
