"""What a PC's kernel would read from its timer device at this moment, without reading it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from kerneltui.hw.device import Device, TimerDevice
    from kerneltui.machine.machine import Machine
    from kerneltui.machine.x86_core import X86Core

PLACES = {"hpet": ("intel,hpet", "MAIN_CNT"), "acpi": ("acpi,pm-timer", "PM_TMR")}
"""The device of each boot parameter, and its counter."""
PIT, PIT_COUNTER, PIT_MASK = "intel,i8254", 2, 0xFFFF


def raw_counter(machine: Machine, name: str) -> int:
    """The counter that the boot parameter ``timer=`` calls ``name``, counting up; a peek."""
    if name == "tsc":
        return cast("X86Core", machine.core).clocks.tsc()
    if name == "pit":
        device = _device(machine, PIT)
        return -cast("TimerDevice", device).comparators(0)[PIT_COUNTER].counter & PIT_MASK
    compatible, register = PLACES[name]
    file = next(iter(_device(machine, compatible).files.values()))
    slot = next(slot for slot in file.slots() if slot.name == register)
    return file.peek(slot.offset, slot.register.width // 8)


def _device(machine: Machine, compatible: str) -> Device:
    found = (item for item in machine.devices.values() if compatible == item.COMPATIBLE)
    return next(found)
