"""What the Raspberry Pi's firmware does to a GIC with security before it starts the kernel.

Its first code, the armstub, runs on each core at EL3, secure: it puts all interrupts into group 1,
switches both groups on and lets every priority through.  Then the kernel can be non-secure, and use
the GIC all the same.  The stores are those of the public armstub8.
"""

from __future__ import annotations

from collections.abc import Iterable

from kerneltui.devices.arm.gic400 import Gic400
from kerneltui.hw.device import Device
from kerneltui.hw.register import Register
from kerneltui.hw.register_file import RegisterFile

BOTH_GROUPS = 3
"""GICD_CTLR: EnableGrp0 and EnableGrp1."""
INTERFACE = 0x1E7
"""GICC_CTLR: both groups, AckCtl, and no bypass."""
LOWEST_MASK = 0xFF
ALL_GROUP_1 = 0xFFFF_FFFF


def set_up(devices: Iterable[Device], cores: int) -> None:
    """Do so, in no time, to each GIC that has the Security Extensions."""
    for device in devices:
        if isinstance(device, Gic400) and device.config.security:
            for core in range(cores):
                _set_up(device.files["GICD"], device.files["GICC"], core)


def _set_up(gicd: RegisterFile, gicc: RegisterFile, core: int) -> None:
    """The stores of one core."""
    gicd.write(gicd.table["GICD_CTLR"].offset, BOTH_GROUPS, cpu=core)
    gicc.write(gicc.table["GICC_CTLR"].offset, INTERFACE, cpu=core)
    gicc.write(gicc.table["GICC_PMR"].offset, LOWEST_MASK, cpu=core)
    for offset in _elements(gicd, gicd.table["GICD_IGROUPR0"], gicd.table["GICD_IGROUPR"]):
        gicd.write(offset, ALL_GROUP_1, cpu=core)


def _elements(file: RegisterFile, *registers: Register) -> list[int]:
    """The offsets of all that the file has of some arrays."""
    stems = {register.stem for register in registers}
    return [slot.offset for slot in file.slots() if slot.register.stem in stems]
