"""Rigs of the x86 PC's families of traces (QEMU's q35)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerneltui.conformance.apic_rig import IO_APIC_BASE, ApicRig, QemuIoApic
from kerneltui.conformance.lapic_rig import LapicRig
from kerneltui.conformance.pit_rig import pit
from kerneltui.conformance.rig import Instants, Rig
from kerneltui.devices.x86.acpi_pm_timer import AcpiPmTimer
from kerneltui.devices.x86.acpi_pm_timer import Config as AcpiPmTimerConfig
from kerneltui.devices.x86.hpet import Config as HpetConfig
from kerneltui.devices.x86.hpet import Hpet
from kerneltui.devices.x86.i8259 import Config as I8259Config
from kerneltui.devices.x86.i8259 import I8259Pair
from kerneltui.devices.x86.io_apic import Config as IoApicConfig
from kerneltui.devices.x86.io_apic_registers import IO_APIC
from kerneltui.devices.x86.mc146818 import Config as Mc146818Config
from kerneltui.devices.x86.mc146818 import Mc146818
from kerneltui.devices.x86.ns16550 import Config as Ns16550Config
from kerneltui.devices.x86.ns16550 import Ns16550
from kerneltui.hw.line import Sink

HPET_BASE = 0xFED0_0000
ACPI_PM_BASE = 0x600


def ioapic(header: Mapping[str, Any]) -> Rig:
    """The I/O APIC, whose messages nobody receives."""
    rig = Rig(header)
    apic = QemuIoApic("ioapic", IoApicConfig(), rig.clock)
    rig.space("mmio").attach(IO_APIC_BASE, IO_APIC.size, IO_APIC.name, apic.regs)
    rig.pins["unnamed-gpio-in"] = (apic, "pin", False)
    return rig


class PicRig(Rig):
    """Both 8259: the output is the master's INT."""

    def __init__(self, header: Mapping[str, Any]) -> None:
        super().__init__(header)
        self.pair = I8259Pair("pic", I8259Config(), self.clock)
        self.mount(self.pair, 0x20, 0xA0, 0x4D0, space="io")
        self.intercept(self.pair.outputs["int"])
        for gpio in ("master", "slave"):
            self.pins[gpio] = (self.pair, "irq", False)

    def pin(self, gpio: str, number: int) -> Sink:
        """The trace numbers the inputs of each 8259 from 0."""
        return super().pin(gpio, number + 8 if gpio == "slave" else number)

    def window(self, at: Instants) -> list[int]:  # noqa: ARG002
        """One INTA cycle."""
        return [self.pair.acknowledge()]


def uart16550(header: Mapping[str, Any]) -> Rig:
    """The first serial port, with a transmitter that takes no time and a modem that is there."""
    rig = Rig(header)
    uart = Ns16550("uart", Ns16550Config(instant=True), rig.clock)
    rig.mount(uart, 0x3F8, space="io")
    rig.intercept(uart.outputs["irq"], first=4)
    for pin in ("cts", "dsr", "dcd"):
        uart.input(pin)(True)
    uart.transmit = rig.transmitted
    rig.receiver = uart.receive
    return rig


def rtc(header: Mapping[str, Any]) -> Rig:
    """The clock at the time that the header tells."""
    rig = Rig(header)
    clock = Mc146818("rtc", Mc146818Config(str(header.get("base"))), rig.clock)
    rig.mount(clock, 0x70, space="io")
    rig.intercept(clock.outputs["irq"], first=8)
    return rig


def hpet(header: Mapping[str, Any]) -> Rig:
    """The HPET at 100 MHz: outputs are the I/O APIC's inputs 16 to 18."""
    rig = Rig(header)
    timer = Hpet("hpet", HpetConfig(period_fs=10_000_000, routes=0x00FF_0104), rig.clock)
    rig.mount(timer, HPET_BASE)
    rig.intercept((timer.outputs[f"irq{n}"][0] for n in (16, 17, 18)), first=16)
    return rig


def acpi_pm(header: Mapping[str, Any]) -> Rig:
    """The power management block in ACPI mode: the output is SCI."""
    rig = Rig(header)
    timer = AcpiPmTimer("acpi", AcpiPmTimerConfig(), rig.clock)
    rig.mount(timer, ACPI_PM_BASE, space="io")
    rig.space("io").write(ACPI_PM_BASE + 4, 1, 2)
    rig.intercept(timer.outputs["sci"], first=9)
    return rig


RIGS: dict[str, Callable[[Mapping[str, Any]], Rig]] = {
    "acpi_pm": acpi_pm,
    "apic_x": ApicRig,
    "hpet": hpet,
    "ioapic": ioapic,
    "lapic": LapicRig,
    "pic": PicRig,
    "pic_x": PicRig,
    "pit": pit,
    "rtc": rtc,
    "uart16550": uart16550,
}
