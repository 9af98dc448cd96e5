"""Device models: one real chip a file.

``MODELS`` maps a board file's ``compatible`` to the class; classes are imported when a board
names them.
"""

from __future__ import annotations

from importlib import import_module

from kerneltui.hw.device import Device

MODELS = {
    "arm,gic-400": "kerneltui.devices.arm.gic400:Gic400",
    "arm,armv8-timer": "kerneltui.devices.arm.generic_timer:GenericTimer",
    "arm,pl011": "kerneltui.devices.arm.pl011:Pl011",
    "brcm,bcm2835-system-timer": "kerneltui.devices.bcm.system_timer:SystemTimer",
    "brcm,bcm2836-armctrl-ic": "kerneltui.devices.bcm.bcm2835_ic:Bcm2835Ic",
    "brcm,bcm2836-l1-intc": "kerneltui.devices.bcm.bcm2836_local_ic:Bcm2836LocalIc",
}


def model(compatible: str) -> type[Device]:
    """The device class for a ``compatible`` string.  Raises KeyError for an unknown one."""
    module, _, name = MODELS[compatible].partition(":")
    found: type[Device] = getattr(import_module(module), name)
    return found
