"""Where the bits of a gate stand: in which register, and which field of it."""

from __future__ import annotations

from kerneltui.debugger.references import FieldReference, RegisterReference
from kerneltui.hw.rule import Gate
from kerneltui.machine.core import Core
from kerneltui.machine.machine import Machine


def place_of_gate(
    machine: Machine, core: Core, owner: str, gate: Gate
) -> FieldReference | RegisterReference | None:
    """The bits that decide, or the register; None where it is a wire, or the board's wiring.

    ``owner`` is the station's: a device's name, or that of ``core``.
    """
    spot = gate.spot
    if spot is None:
        return None
    device = machine.devices.get(owner)
    file = core.regs if device is None else device.files[spot.window]
    slot = file.slot_for(spot.key)
    register = RegisterReference(owner, "" if device is None else spot.window, slot.name)
    # The bit of an array of bits is no field of its own.
    field = next((item for item in slot.register.fields if item.mask & spot.mask), None)
    return register if field is None else FieldReference(register, field.name)
