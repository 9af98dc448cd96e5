"""Shell: a command line on the UART; timeouts are set and cancelled by typing."""

from __future__ import annotations

from kerneltui.kernel.arch.cpu import Arch, Cpu
from kerneltui.kernel.platform import ConsoleDriver
from kerneltui.kernel.programs.tasks_program import Tasks
from kerneltui.kernel.shell.shell import Shell
from kerneltui.kernel.tasks.task import Kind, Operation, Task
from kerneltui.kernel.workload import Workload

PIECE = 4
"""Characters sent between two looks at the receiver.

So many can be in the transmitter when a handler begins to print, and it sends as many itself before
its first look: twice as many arrive meanwhile, and the receiver holds 16.
"""


class AttentiveUart:
    """Sends as its driver does, but lets the receiver have its turn where interrupts are masked.

    A callback's line takes longer than a receive FIFO of 16 characters lasts.  While it is printed
    the UART cannot interrupt, so every few characters its handler is called without.  The
    transmitter is never filled: to wait for a full one would take as long.
    """

    def __init__(self, uart: ConsoleDriver, arch: Arch) -> None:
        self._uart = uart
        self._arch = arch
        self._sent = 0

    def write_char(self, char: int) -> None:
        """As the driver."""
        self._uart.write_char(char)
        self._sent += 1
        if self._sent % PIECE == 0:
            self.flush()

    def flush(self) -> None:
        """As the driver; where the receiver cannot interrupt, it is looked after now."""
        self._uart.flush()
        if self._arch.exception_masks()["IRQ"]:
            self._uart.handle()


class ShellProgram(Tasks):
    """Sets the workload's timeouts, lets its tasks loose, then does what is typed.

    The shell is a thread of the kernel beside them: with the policy ``coop`` a task that never
    gives way keeps it from running, too.
    """

    def __init__(self, cpu: Cpu, board: str, workload: Workload) -> None:
        super().__init__(cpu, board, workload)
        self.shell = Shell(self)
        self.platform.uart.receive = self._receive

    def boot(self) -> None:
        """As ever; the shell is ready first, to print its prompt."""
        super().boot()
        self.console.device = AttentiveUart(self.platform.uart, self.arch)
        self.shell.keep_boot_log()
        thread = Task(self.run_queue.next_id, "shell", (Operation(Kind.SERVE),), None, only_on=0)
        self.run_queue.add(thread)
        self.executor.services[thread.id] = self.shell
        self.executor.scheduler.make_ready(thread)

    def _receive(self, char: int) -> None:
        """In the UART's handler: the thread is ready from here on."""
        self.shell.receive(char)
        self.executor.wake_threads()

    def _say_ready(self) -> None:
        self.console.info("Shell: help lists the commands")

    def _went_idle(self) -> bool:
        """No report: the command ``tasks`` prints one."""
        return False
