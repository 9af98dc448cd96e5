"""System timer: channel 3 of the BCM System Timer interrupts once a second, main counts.

After chapter 2 of Cheesecake OS.  The handler loop acknowledges until nothing is pending and ends
each interrupt before handling it; main prints a message each time it wakes.
"""

from __future__ import annotations

from kerneltui.kernel.arch.cpu import Aarch64Cpu
from kerneltui.kernel.bsp.raspberrypi import BOARDS
from kerneltui.kernel.drivers.gicv2 import Gicv2
from kerneltui.kernel.drivers.system_timer import SystemTimerDriver
from kerneltui.kernel.faults import variant
from kerneltui.kernel.kernel import VERSION, Kernel
from kerneltui.kernel.workload import Workload

INTERVAL_US = 1_000_000
CPU0_MASK = 0b0001


class SystemTimerProgram(Kernel):
    """Prints a message count once a second."""

    drain_interrupts = True

    def __init__(self, cpu: Aarch64Cpu, board: str, workload: Workload) -> None:
        self.message_count = 1
        self.support = BOARDS[board]
        driver = variant(SystemTimerDriver, workload)
        self.timer = driver(cpu, self.support.system_timer, INTERVAL_US)
        super().__init__(cpu, board, workload, self.timer)

    def boot(self) -> None:
        """Vectors, drivers, the timer's interrupt to this core, interrupts on, first message."""
        self.bring_up()
        self.platform.register_drivers(self.drivers, None)
        self.drivers.register(self.timer, self.support.irq_system_timer_3)
        self.init_drivers()
        irq_manager = self.platform.irq_manager
        if isinstance(irq_manager, Gicv2):
            irq_manager.target(self.support.irq_system_timer_3, CPU0_MASK)
        self.console.info("Hello from the system timer!")
        self.arch.enable_irqs()
        self._print_message()

    def _print_message(self) -> None:
        self.console.info(f"Version: {VERSION}")
        self.console.info(f"Message count: {self.message_count:x}")
        self.message_count += 1

    def idle(self) -> None:
        """Each interrupt ends one wait; main has its turn then."""
        while True:
            self.cpu.wait_for_interrupt()
            self._print_message()
            self.cpu.tracepoint("timer_callback_done", name="main")
