"""Why an interrupt does or does not arrive: the gates on its way, from its input to the core.

Controllers and cores give their own gates; here they are only strung together along the wires and
messages.
"""

from __future__ import annotations

from kerneltui.hw.device import InterruptController
from kerneltui.hw.gate import Gate
from kerneltui.machine.machine import Machine


def way_to_core(machine: Machine, controller: str, number: int, cpu: int = 0) -> list[Gate]:
    """All gates of an interrupt, in the order in which it meets them.

    An interrupt of a controller that feeds another one (the Pi 3's peripheral controller, an I/O
    APIC) goes on through that one.  Where the board leads a controller's output nowhere, or in a
    circle, the way ends at a shut gate.  Raises KeyError for a device that is no controller,
    ValueError for a number that the controller does not have.
    """
    gates: list[Gate] = []
    passed: set[str] = set()
    device = machine.controllers[controller]
    output = _output(device, number, cpu)
    while True:
        gates += device.fiq_gates(number, cpu) if output == "fiq" else device.gates(number, cpu)
        passed.add(controller)
        if device.message_for(number) is None:
            end = _end(machine, device, output, cpu)
            if end is not None:
                return gates + end
        station = _onward(machine, device, number, output, cpu)
        if station is None or (station[0] in passed and device.message_for(number) is None):
            return [*gates, _lost(controller, output)]
        controller, number, output = station
        device = machine.controllers[controller]


def onward(machine: Machine, controller: str, number: int, cpu: int) -> tuple[str, int] | None:
    """What an interrupt is to the next controller on its way; None where there is none."""
    device = machine.controllers[controller]
    output = _output(device, number, cpu)
    station = _onward(machine, device, number, output, cpu)
    return None if station is None else station[:2]


def _onward(
    machine: Machine, device: InterruptController, number: int, output: str, cpu: int
) -> tuple[str, int, str] | None:
    """The next controller, the interrupt's number there, and the output that it leaves by."""
    message = device.message_for(number)
    if message is not None:
        return *message, _output(machine.controllers[message[0]], message[1], cpu)
    for name, pin in _targets(machine, device, output, cpu):
        controller = machine.controllers.get(name)
        arrival = controller.arriving_at(pin, cpu) if controller is not None else None
        if arrival is not None:
            return name, *arrival
    return None


def _output(device: InterruptController, number: int, cpu: int) -> str:
    """The output that it leaves by; an I/O APIC has none, but messages."""
    return device.output_for(number, cpu) if device.outputs else "messages"


def _targets(
    machine: Machine, device: InterruptController, output: str, cpu: int
) -> list[tuple[str, str]]:
    """Device and pin of everything that an output is wired to."""
    lines = device.outputs.get(output, [])
    if not lines:
        return []
    wire = lines[min(cpu, len(lines) - 1)].name
    parts = (target.partition(" ") for target in machine.wiring.get(wire, []))
    return [(name, pin) for name, _, pin in parts]


def _end(machine: Machine, device: InterruptController, output: str, cpu: int) -> list[Gate] | None:
    """The last gates, where an output leads to a core, perhaps through a pin that lets it pass."""
    for name, pin in _targets(machine, device, output, cpu):
        if name == "cpu":
            return machine.cores[cpu].gates(pin)
        onward = machine.controllers.get(name)
        passing = onward.pin_gates(pin, cpu) if onward is not None else None
        if onward is not None and passing is not None:
            for last, core_pin in _targets(machine, onward, next(iter(onward.outputs)), cpu):
                if last == "cpu":
                    return passing + machine.cores[cpu].gates(core_pin)
    return None


def _lost(controller: str, output: str) -> Gate:
    wire = f"{controller}.{output}"
    needs = f"'interrupts: {{{output}: cpu {output}}}' of '{controller}' in the board file"
    return Gate("wired to a core", False, wire, "level at a core", 0, needs, "board file")
