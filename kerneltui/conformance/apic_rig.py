"""The rig of four local APICs and an I/O APIC: cores that take one interrupt when asked to.

QEMU's local APICs have no entry for corrected machine checks and send every EOI on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerneltui.conformance.rig import Instants, Rig
from kerneltui.devices.x86.io_apic import Config as IoApicConfig
from kerneltui.devices.x86.io_apic import IoApic
from kerneltui.devices.x86.io_apic_registers import IO_APIC
from kerneltui.devices.x86.local_apic import Config, LocalApic
from kerneltui.devices.x86.local_apic_registers import DEFAULT_BASE, LOCAL_APIC

CORES = 4
IO_APIC_BASE = 0xFEC0_0000


def timer_hz(header: Mapping[str, Any]) -> int:
    """The input clock of the local APICs' timers; ValueError when the header has none."""
    hz = header.get("timer_hz")
    if type(hz) is not int or hz <= 0:
        raise ValueError('the header\'s "timer_hz" is missing or no frequency')
    return hz


class QemuIoApic(IoApic):
    """Takes for granted that messages are accepted; NMI and INIT too are levels where it says so.

    By the manual remote IRR means that a local APIC has accepted, and NMI and INIT are edges.
    """

    def is_level(self, pin: int) -> bool:
        return self.trigger_mode(pin)

    def send(self, pin: int) -> bool:
        super().send(pin)
        return True


class ApicRig(Rig):
    """Each core finds its own local APIC; the trace's input lines are the I/O APIC's pins."""

    def __init__(self, header: Mapping[str, Any]) -> None:
        super().__init__(header)
        self.cores = CORES
        config = Config(timer_hz=timer_hz(header), cmci=False, directed_eoi=False)
        self.apic = LocalApic("lapic", config, self.clock, CORES)
        chip = QemuIoApic("ioapic", IoApicConfig(), self.clock, CORES)
        chip.connect(self.apic)
        self.apic.eoi_listeners.append(chip.eoi)
        for base, table, file in (
            (IO_APIC_BASE, IO_APIC, chip.regs),
            (DEFAULT_BASE, LOCAL_APIC, self.apic.regs),
        ):
            self.spaces["mmio"].attach(base, table.size, table.name, file)
        self.pins["unnamed-gpio-in"] = (chip, "pin", False)

    def window(self, at: Instants) -> list[int]:  # noqa: ARG002
        """One INTA cycle of the present core: the vector, or nothing while INTR is low."""
        return [self.apic.take(self.cpu)] if self.apic.outputs["intr"][self.cpu].level else []
