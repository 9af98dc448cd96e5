"""The rigs: for each family of traces its devices, wired as on the machine that was recorded.

A new family is a function from a trace's header to a rig, and an entry in :data:`RIGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerneltui.conformance import rigs_x86
from kerneltui.conformance.rig import Rig
from kerneltui.conformance.timer_rig import TimerRig
from kerneltui.devices.arm.gic400 import Config as GicConfig
from kerneltui.devices.arm.gic400 import Gic400
from kerneltui.devices.arm.pl011 import Config as Pl011Config
from kerneltui.devices.arm.pl011 import Pl011
from kerneltui.devices.bcm.bcm2835_ic import Bcm2835Ic
from kerneltui.devices.bcm.bcm2835_ic import Config as IcConfig
from kerneltui.devices.bcm.bcm2836_local_ic import Bcm2836LocalIc
from kerneltui.devices.bcm.bcm2836_local_ic import Config as LocalIcConfig
from kerneltui.devices.bcm.bcm2836_local_ic_registers import BCM2836_LOCAL
from kerneltui.devices.bcm.system_timer import Config as SystemTimerConfig
from kerneltui.devices.bcm.system_timer import SystemTimer
from kerneltui.hw.line import Sink

CORES = 4

SYSTEM_TIMER_BASE = 0x3F00_3000
IC_BASE = 0x3F00_B200
PL011_BASE = 0x3F20_1000
LOCAL_IC_BASE = 0x4000_0000
CORE0_INTERRUPT_SOURCE = LOCAL_IC_BASE + 0x60
RASPI4B_GIC = (0xFF84_1000, 0xFF84_2000)
VIRT_GIC = (0x0800_0000, 0x0801_0000)

PPI_INTIDS = {"cntpsirq": 29, "cntpnsirq": 30, "cnthpirq": 26, "cntvirq": 27}
LOCAL_TIMER, CLEAR_RELOAD = (
    BCM2836_LOCAL[name] for name in ("LOCAL_TIMER_CONTROL_STATUS", "LOCAL_TIMER_CLEAR_RELOAD")
)
FIRST_PPI, PRIVATE = 16, 32
GIC_SPIS = 192
GIC_PRIORITY_BITS = 8
GIC_IIDR = 0x43B
"""QEMU's model of a GICv2 is no GIC-400: it has all priority bits and names Arm alone.

It also takes GICC_IAR from the pseudocode, which the model does for such an IIDR.
"""


def _gic(rig: Rig, bases: tuple[int, int], irqs: int = PRIVATE + GIC_SPIS) -> Gic400:
    config = GicConfig(irqs, GIC_PRIORITY_BITS, GIC_IIDR)
    gic = Gic400("gic", config, rig.clock, CORES)
    rig.mount(gic, *bases)
    return gic


def _gic_timer(header: Mapping[str, Any], bases: tuple[int, int], irqs: int) -> Rig:
    rig = TimerRig(header, CORES)
    gic = _gic(rig, bases, irqs)
    for output, intid in PPI_INTIDS.items():
        for core, line in enumerate(rig.timer.outputs[output]):
            line.connect(gic.input("ppi", intid - FIRST_PPI, core))
    rig.irq = gic.outputs["irq"][0]
    rig.acknowledge_at, rig.end_at = bases[1] + 0x0C, bases[1] + 0x10
    return rig


def gentimer_raspi4b(header: Mapping[str, Any]) -> Rig:
    """The timers' PPIs at the Pi 4's GIC."""
    return _gic_timer(header, RASPI4B_GIC, 224)


def gentimer_virt(header: Mapping[str, Any]) -> Rig:
    """The timers' PPIs at the GIC of QEMU's virt machine."""
    return _gic_timer(header, VIRT_GIC, 288)


def gentimer_raspi3b(header: Mapping[str, Any]) -> Rig:
    """The timers at the Pi 3's per-core interrupt controller."""
    rig = TimerRig(header, CORES)
    local = _local_ic(rig)
    for output, lines in rig.timer.outputs.items():
        for core, line in enumerate(lines):
            line.connect(local.input(output, cpu=core))
    rig.irq = local.outputs["irq"][0]
    rig.acknowledge_at = CORE0_INTERRUPT_SOURCE
    return rig


def gicv2(header: Mapping[str, Any]) -> Rig:
    """The Pi 4's GIC: outputs 0-3 are the cores' IRQ, 4-7 their FIQ."""
    rig = Rig(header)
    gic = _gic(rig, RASPI4B_GIC)
    rig.intercept([*gic.outputs["irq"], *gic.outputs["fiq"]])
    rig.pins["unnamed-gpio-in"] = (gic, "spi", False)
    return rig


class _GicRig(Rig):
    """Behind the SPIs the trace numbers the PPIs: 32 lines for each core, the INTIDs 0 to 31."""

    def pin(self, gpio: str, number: int) -> Sink:
        if number < GIC_SPIS:
            return super().pin(gpio, number)
        gic, _, _ = self.pins[gpio]
        core, intid = divmod(number - GIC_SPIS, PRIVATE)
        return gic.input("ppi", intid - FIRST_PPI, core)


def gicv2_x(header: Mapping[str, Any]) -> Rig:
    """As :func:`gicv2`, with PPIs, and accesses from each core."""
    rig = _GicRig(header)
    rig.cores = CORES
    gic = _gic(rig, RASPI4B_GIC)
    rig.intercept([*gic.outputs["irq"], *gic.outputs["fiq"]])
    rig.pins["unnamed-gpio-in"] = (gic, "spi", False)
    return rig


def _local_ic(rig: Rig) -> Bcm2836LocalIc:
    local = Bcm2836LocalIc("local", LocalIcConfig(), rig.clock, CORES)
    rig.mount(local, LOCAL_IC_BASE)
    return local


def _system_timer(rig: Rig) -> SystemTimer:
    timer = SystemTimer("systimer", SystemTimerConfig(), rig.clock)
    rig.mount(timer, SYSTEM_TIMER_BASE)
    return timer


def _peripherals(rig: Rig) -> Bcm2835Ic:
    """The Pi 3's peripheral interrupt controller; system timer n is its GPU interrupt n."""
    ic = Bcm2835Ic("ic", IcConfig(), rig.clock)
    rig.mount(ic, IC_BASE)
    for number, lines in enumerate(_system_timer(rig).outputs.values()):
        lines[0].connect(ic.input("gpu", number))
    return ic


def _intercept_local(rig: Rig, local: Bcm2836LocalIc, output: str) -> Rig:
    rig.intercept(local.outputs[output])
    for name in PPI_INTIDS:
        rig.pins[name] = (local, name, True)
    for name in ("gpu-irq", "gpu-fiq"):
        rig.pins[name] = (local, name, False)
    return rig


def bcm2836_local(header: Mapping[str, Any]) -> Rig:
    """The Pi 3's per-core interrupt controller: outputs are the cores' IRQ."""
    rig = Rig(header)
    return _intercept_local(rig, _local_ic(rig), "irq")


class _QemuLocalTimer:
    """The registers with QEMU's store to the local timer: it keeps the flag's bit and re-loads.

    Other families are recorded with a clear before and a re-load after each such store, so that
    it does not matter; these two are made here.
    """

    def __init__(self, local: Bcm2836LocalIc) -> None:
        self._regs = local.regs
        self.read, self.peek = local.regs.read, local.regs.peek

    def write(self, offset: int, value: int, size: int = 4, cpu: int = 0) -> None:
        control = offset == LOCAL_TIMER.offset
        if control and not value & LOCAL_TIMER["INTERRUPT_FLAG"].mask:
            self._regs.write(CLEAR_RELOAD.offset, CLEAR_RELOAD["INTERRUPT_FLAG_CLEAR"].mask)
        self._regs.write(offset, value, size, cpu)
        if control:
            self._regs.write(CLEAR_RELOAD.offset, CLEAR_RELOAD["RELOAD"].mask)


def bcm2836_local_x(header: Mapping[str, Any]) -> Rig:
    """As :func:`bcm2836_local`, but outputs are the cores' FIQ."""
    rig = Rig(header)
    local = Bcm2836LocalIc("local", LocalIcConfig(), rig.clock, CORES)
    rig.space("mmio").attach(
        LOCAL_IC_BASE, BCM2836_LOCAL.size, BCM2836_LOCAL.name, _QemuLocalTimer(local)
    )
    return _intercept_local(rig, local, "fiq")


def bcm2835_ic(header: Mapping[str, Any]) -> Rig:
    """The Pi 3's peripheral interrupt controller: output 0 is IRQ, 1 is FIQ."""
    rig = Rig(header)
    ic = _peripherals(rig)
    rig.intercept([*ic.outputs["irq"], *ic.outputs["fiq"]])
    rig.pins.update({"gpu-irq": (ic, "gpu", False), "arm-irq": (ic, "arm", False)})
    return rig


def bcm2835_systmr(header: Mapping[str, Any]) -> Rig:
    """The System Timer: an output for each comparator."""
    rig = Rig(header)
    rig.intercept(lines[0] for lines in _system_timer(rig).outputs.values())
    return rig


def bcm2837_chain(header: Mapping[str, Any]) -> Rig:
    """System Timer, peripheral and per-core interrupt controller: outputs are the cores' IRQ."""
    rig = Rig(header)
    ic = _peripherals(rig)
    local = _local_ic(rig)
    for output in ("irq", "fiq"):
        ic.outputs[output][0].connect(local.input(f"gpu-{output}"))
    rig.intercept(local.outputs["irq"])
    return rig


def pl011(header: Mapping[str, Any]) -> Rig:
    """The UART with a transmitter that takes no time: outputs irq, rx, tx, rt, ms, e."""
    rig = Rig(header)
    uart = Pl011("uart0", Pl011Config(clock_hz=48_000_000, instant=True), rig.clock)
    rig.mount(uart, PL011_BASE)
    rig.intercept(uart.outputs[name][0] for name in ("irq", "rx", "tx", "rt", "ms", "e"))
    uart.transmit = rig.transmitted
    rig.receiver = uart.receive
    return rig


RIGS: dict[str, Callable[[Mapping[str, Any]], Rig]] = {
    "gicv2": gicv2,
    "gicv2_x": gicv2_x,
    "gentimer-raspi3b": gentimer_raspi3b,
    "gentimer-raspi4b": gentimer_raspi4b,
    "gentimer-virt": gentimer_virt,
    "bcm2836_local": bcm2836_local,
    "bcm2836_local_x": bcm2836_local_x,
    "bcm2835_ic": bcm2835_ic,
    "bcm2835_systmr": bcm2835_systmr,
    "bcm2837_chain": bcm2837_chain,
    "pl011": pl011,
    **rigs_x86.RIGS,
}


class UnknownDeviceError(ValueError):
    """A trace is of a device that nobody has built a rig for."""


def build(header: Mapping[str, Any]) -> Rig:
    """The rig for a trace's header.

    Raises :class:`UnknownDeviceError`, and ValueError when the header lacks what its device needs.
    """
    device = header["device"]
    if device not in RIGS:
        raise UnknownDeviceError(f"unknown device {device!r}; known are {', '.join(sorted(RIGS))}")
    return RIGS[device](header)
