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
    "brcm,bcm2835-aux": "kerneltui.devices.bcm.bcm2835_aux:Bcm2835Aux",
    "brcm,bcm2835-gpio": "kerneltui.devices.bcm.bcm2835_gpio:Bcm2835Gpio",
    "brcm,bcm2711-gpio": "kerneltui.devices.bcm.bcm2835_gpio:Bcm2711Gpio",
    "brcm,bcm2835-mbox": "kerneltui.devices.bcm.bcm2835_mbox:Bcm2835Mbox",
    "brcm,bcm2711-armctrl-ic": "kerneltui.devices.bcm.bcm2711_armc:Bcm2711Armc",
    "brcm,bcm2711-local": "kerneltui.devices.bcm.bcm2711_local:Bcm2711Local",
    "brcm,bcm2835-rng": "kerneltui.devices.bcm.bcm2835_rng:Bcm2835Rng",
    "intel,82093aa": "kerneltui.devices.x86.io_apic:IoApic",
    "intel,local-apic": "kerneltui.devices.x86.local_apic:LocalApic",
    "intel,i8254": "kerneltui.devices.x86.i8254:I8254",
    "intel,hpet": "kerneltui.devices.x86.hpet:Hpet",
    "acpi,pm-timer": "kerneltui.devices.x86.acpi_pm_timer:AcpiPmTimer",
    "intel,i8259": "kerneltui.devices.x86.i8259:I8259Pair",
    "ns16550a": "kerneltui.devices.x86.ns16550:Ns16550",
    "motorola,mc146818": "kerneltui.devices.x86.mc146818:Mc146818",
    "brcm,bcm2836-l1-intc": "kerneltui.devices.bcm.bcm2836_local_ic:Bcm2836LocalIc",
}


def model(compatible: str) -> type[Device]:
    """The device class for a ``compatible`` string.  Raises KeyError for an unknown one."""
    module, _, name = MODELS[compatible].partition(":")
    found: type[Device] = getattr(import_module(module), name)
    return found
