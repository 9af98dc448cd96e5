"""Shell: a command line on the UART; timeouts are set and cancelled by typing."""

from __future__ import annotations

from kerneltui.kernel.arch.cpu import Arch, Cpu
from kerneltui.kernel.platform import ConsoleDriver
from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks
from kerneltui.kernel.shell import Shell
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


class ShellProgram(TimerCallbacks):
    """Sets the workload's timeouts, then does what is typed."""

    def __init__(self, cpu: Cpu, board: str, workload: Workload) -> None:
        super().__init__(cpu, board, workload)
        self.shell = Shell(self)
        self.platform.uart.receive = self.shell.receive

    def boot(self) -> None:
        """As ever, and then the first prompt."""
        super().boot()
        self.console.device = AttentiveUart(self.platform.uart, self.arch)
        self.shell.keep_boot_log()
        self._run_shell()

    def _run_shell(self) -> None:
        """Until there is nothing to do, and the next instruction has to be the wait."""
        while not self.arch.about_to_wait(self.shell.has_work):
            self.shell.run()

    def idle(self) -> None:
        """The shell runs here, outside any handler.

        The wait comes first: the loop may be entered anew there, where :meth:`_run_shell` left off.
        """
        while True:
            self.cpu.wait_for_interrupt()
            self.arch.enable_irqs()
            self._run_shell()
