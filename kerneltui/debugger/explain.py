"""Why an interrupt does or does not arrive: the gates on its way, from its input to the core.

Controllers and cores give their own gates; here they are only strung together along the wires.
"""

from __future__ import annotations

from kerneltui.hw.gate import Gate
from kerneltui.machine.machine import Machine


def way_to_core(machine: Machine, controller: str, number: int, cpu: int = 0) -> list[Gate]:
    """All gates of an interrupt, in the order in which it meets them.

    An interrupt of a controller that feeds another one (the Pi 3's peripheral controller) goes on
    through that one.  Raises KeyError for a device that is no controller, ValueError for a number
    that the controller does not have.
    """
    device = machine.controllers[controller]
    gates = device.gates(number, cpu)
    lines = device.outputs["irq"]
    target, _, pin = machine.wiring[lines[min(cpu, len(lines) - 1)].name].partition(" ")
    if target == "cpu":
        return gates + machine.cores[cpu].gates(pin)
    onward = next(item for item in machine.controllers[target].interrupts(cpu) if item.pin == pin)
    return gates + way_to_core(machine, target, onward.number, cpu)
