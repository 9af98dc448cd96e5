"""Raspberry Pi 3 and 4: memory and interrupt maps, and how their drivers come up.

Addresses from BCM2835 ARM Peripherals (rebased as in BCM2837), BCM2836 ARM-local peripherals (QA7)
and BCM2711 ARM Peripherals, in the ARM's low-peripheral view.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Never

import msgspec

from kerneltui.kernel.arch.aarch64 import Aarch64, Vectors
from kerneltui.kernel.arch.cpu import Aarch64Cpu
from kerneltui.kernel.driver import DriverManager
from kerneltui.kernel.drivers.arch_timer import ArchTimer
from kerneltui.kernel.drivers.bcm_ic import MAILBOX_IRQ, BcmInterruptController
from kerneltui.kernel.drivers.gicv2 import CALL_SGI, Gicv2
from kerneltui.kernel.drivers.pl011 import Pl011Driver
from kerneltui.kernel.faults import variant
from kerneltui.kernel.irq import Irq, KernelError
from kerneltui.kernel.platform import CoreSupport, Platform
from kerneltui.kernel.time.time_manager import TimeManager
from kerneltui.kernel.workload import Workload

CORES = 4
SPIN_TABLE = 0xD8
"""Where the firmware has parked each core to wait for its entry address: 8 bytes for each.

As ``cpu-release-addr`` in the boards' device trees says.
"""


class BoardSupport(msgspec.Struct, frozen=True):
    """What the kernel knows of a board.  Interrupt controllers: a GIC, or the Pi 3's pair."""

    board_name: str
    pl011_uart: int
    system_timer: int
    irq_timer: Irq
    """the non-secure physical timer"""
    irq_pl011: Irq
    irq_system_timer_3: Irq
    irq_call: Irq
    gicd: int = 0
    gicc: int = 0
    local_ic: int = 0
    peripheral_ic: int = 0

    def interrupt_controller(
        self, cpu: Aarch64Cpu, wanted: Workload, number: int = 0, *, drain: bool = False
    ) -> Gicv2 | BcmInterruptController:
        """The driver of the board's interrupt controller, for core ``number``.

        ``drain`` matters to the GIC alone: the Pi 3's pair shows all pending interrupts at once.
        """
        if self.gicd:
            gic = variant(Gicv2, wanted)
            options = {"drain": True} if drain else {}
            return gic(cpu, self.gicd, self.gicc, **options)
        driver = variant(BcmInterruptController, wanted)
        return driver(cpu, self.local_ic, self.peripheral_ic, number)

    def timer_of(self, cpu: Aarch64Cpu, wanted: Workload, number: int) -> ArchTimer:
        """Core ``number``'s timer.  One with an interrupt of its own serves the boot core alone."""
        kind: Any = variant(ArchTimer, wanted)
        if number and getattr(kind, "irq", None) is not None:
            kind = ArchTimer
        made: ArchTimer = kind(cpu)
        return made


BOARDS = {
    "rpi3": BoardSupport(
        board_name="Raspberry Pi 3",
        pl011_uart=0x3F20_1000,
        system_timer=0x3F00_3000,
        irq_timer=Irq("local", 1),
        irq_pl011=Irq("peripheral", 57),
        irq_system_timer_3=Irq("peripheral", 3),
        irq_call=Irq("local", MAILBOX_IRQ),
        local_ic=0x4000_0000,
        peripheral_ic=0x3F00_B200,
    ),
    "rpi4": BoardSupport(
        board_name="Raspberry Pi 4",
        pl011_uart=0xFE20_1000,
        system_timer=0xFE00_3000,
        irq_timer=Irq("gic", 30),
        irq_pl011=Irq("gic", 153),
        irq_system_timer_3=Irq("gic", 99),
        irq_call=Irq("gic", CALL_SGI),
        gicd=0xFF84_1000,
        gicc=0xFF84_2000,
    ),
}


class RaspberryPi(Platform):
    """Everything is where the board's manual says: nothing has to be found."""

    def __init__(self, cpu: Aarch64Cpu, board: str, workload: Workload, *, drain: bool) -> None:
        """Raises KernelError for boot parameters, as there are none here."""
        if workload.boot:
            raise KernelError(f"boot parameters are for a PC's kernel: '{workload.boot}'")
        self._cpu = cpu
        self.support = support = BOARDS[board]
        self.board_name = support.board_name
        self._wanted = workload
        self.arch = variant(Aarch64, workload)(cpu)
        self.uart = variant(Pl011Driver, workload)(cpu, support.pl011_uart)
        self.irq_uart = support.irq_pl011
        self.irq_call = support.irq_call
        self.irq_manager: Gicv2 | BcmInterruptController = support.interrupt_controller(
            cpu, workload, drain=drain
        )
        self.timer: ArchTimer = support.timer_of(cpu, workload, 0)
        self.vectors: Vectors | None = None

    def install_vectors(self, panic: Callable[[str], Never]) -> Vectors:
        """The IRQ vector asks the interrupt controller what it is."""
        kind = variant(Vectors, self._wanted)
        self.vectors = _install_vectors(self._cpu, self.irq_manager, panic, kind)
        return self.vectors

    @property
    def irq_timer(self) -> Irq:
        return self._irq_of(self.timer)

    def _irq_of(self, timer: ArchTimer) -> Irq:
        """What a timer's interrupt arrives as: a driver of another timer says so itself."""
        irq: Irq | None = getattr(timer, "irq", None)
        return irq or self.support.irq_timer

    def uptime_ns(self) -> int:
        """The architectural counter runs since power-on."""
        return self.timer.uptime_ns()

    def register_drivers(self, drivers: DriverManager, time_manager: TimeManager | None) -> None:
        """Timer, UART, interrupt controller."""
        if time_manager is not None:
            drivers.register(time_manager, self.irq_timer)
        drivers.register(self.uart, self.irq_uart if time_manager is not None else None)
        drivers.register(self.irq_manager)

    def core_count(self) -> int:
        """Both boards have four."""
        return CORES

    def start_core(self, number: int, address: int) -> None:
        """The spin table's entry, then an event: parked cores sleep in WFE and look after it."""
        self._cpu.write(SPIN_TABLE + 8 * number, address, 8)
        self._cpu.send_event()

    def core_support(self, number: int, cpu: Aarch64Cpu) -> CoreSupport:
        """The architectural counter is the same for all cores."""
        support = self.support
        if number == 0:
            return CoreSupport(
                arch=self.arch,
                interrupts=self.irq_manager,
                uart=self.uart,
                timer=self.timer,
                irq_timer=self.irq_timer,
                install_vectors=self.install_vectors,
            )
        wanted = self._wanted
        interrupts = support.interrupt_controller(cpu, wanted, number)
        kind, timer = variant(Vectors, wanted), support.timer_of(cpu, wanted, number)
        return CoreSupport(
            arch=variant(Aarch64, wanted)(cpu),
            interrupts=interrupts,
            uart=variant(Pl011Driver, wanted)(cpu, support.pl011_uart),
            timer=timer,
            irq_timer=self._irq_of(timer),
            install_vectors=partial(_install_vectors, cpu, interrupts, kind=kind),
        )

    def timer_lines(self) -> list[str]:
        """Its resolution; another timer than the core's own says what it is."""
        timer = self.timer
        if getattr(timer, "irq", None) is not None or not hasattr(timer, "resolution_ns"):
            return [f"Timer: {timer.compatible}"]
        return [f"Architectural timer resolution: {timer.resolution_ns()} ns"]


def _install_vectors(
    cpu: Aarch64Cpu,
    interrupts: Gicv2 | BcmInterruptController,
    panic: Callable[[str], Never],
    kind: type[Vectors],
) -> Vectors:
    """A core's table, installed by that core."""
    vectors = kind(cpu, interrupts.handle_pending, panic)
    vectors.install()
    return vectors
