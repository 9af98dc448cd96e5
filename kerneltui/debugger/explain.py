"""Why an interrupt does or does not arrive: the gates on its way, from its input to the core.

Controllers and cores give their own gates; here they are only strung together along the wires.
"""

from __future__ import annotations

from kerneltui.hw.gate import Gate
from kerneltui.machine.machine import Machine


def way_to_core(machine: Machine, controller: str, number: int, cpu: int = 0) -> list[Gate]:
    """All gates of an interrupt, in the order in which it meets them.

    An interrupt of a controller that feeds another one (the Pi 3's peripheral controller) goes on
    through that one.  Where the board leads a controller's output nowhere, or in a circle, the way
    ends at a shut gate.  Raises KeyError for a device that is no controller, ValueError for a
    number that the controller does not have.
    """
    gates: list[Gate] = []
    passed: set[str] = set()
    output = machine.controllers[controller].output_for(number, cpu)
    while True:
        device = machine.controllers[controller]
        gates += device.fiq_gates(number, cpu) if output == "fiq" else device.gates(number, cpu)
        lines = device.outputs[output]
        wire = lines[min(cpu, len(lines) - 1)].name
        target, _, pin = machine.wiring.get(wire, "").partition(" ")
        if target == "cpu":
            return gates + machine.cores[cpu].gates(pin)
        passed.add(controller)
        onward = machine.controllers.get(target) if target not in passed else None
        arrival = onward.arriving_at(pin, cpu) if onward is not None else None
        if arrival is None:
            return [*gates, _lost(controller, output)]
        controller, (number, output) = target, arrival


def _lost(controller: str, output: str) -> Gate:
    wire = f"{controller}.{output}"
    needs = f"'interrupts: {{{output}: cpu {output}}}' of '{controller}' in the board file"
    return Gate("wired to a core", False, wire, "level at a core", 0, needs, "board file")
