"""16550 UART driver: polled output, interrupt-driven input with echo.

Offsets and bits from National PC16550D (June 1995), chapter 8.
"""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.kernel.arch.cpu import X86Cpu

RBR = THR = DLL = 0
IER = DLM = 1
FCR = 2
LCR = 3
MCR = 4
LSR = 5

IER_ERBFI = 1 << 0
FCR_ENABLE = 1 << 0
FCR_RCVR_RESET = 1 << 1
FCR_XMIT_RESET = 1 << 2
FCR_TRIGGER_1 = 0b00 << 6
LCR_WLS_8 = 0b11
LCR_DLAB = 1 << 7
MCR_DTR = 1 << 0
MCR_RTS = 1 << 1
MCR_OUT2 = 1 << 3
"""On a PC this output lets the interrupt through."""
LSR_DR = 1 << 0
LSR_THRE = 1 << 5
LSR_TEMT = 1 << 6

CLOCK_HZ = 14_745_600
"""Eight times the PC's first clock, as on faster serial cards."""
BAUD = 921_600
FIFO_DEPTH = 16
CHARACTER_NS = 10 * 1_000_000_000 // BAUD
"""Start bit, eight data bits, stop bit."""
POLL_NS = 8_000
"""Pause between two looks at a full FIFO: less than a character, so that no gap arises."""


class Ns16550Driver:
    """The console UART at 921600 baud, 8N1, FIFOs on; ``base`` is its first port."""

    compatible = "NS16550A UART"

    def __init__(self, cpu: X86Cpu, base: int) -> None:
        self.receive: Callable[[int], None] = self.echo
        """gets each character that arrives, in IRQ context"""
        self._cpu = cpu
        self._base = base
        self._written = 0
        self._left = 0
        """how many of those written have certainly left the FIFO"""

    def init(self) -> None:
        """Flush, interrupts off, set the divisor, FIFOs on and empty, interrupt on received data.

        The divisor is 16 times oversampled; DLAB shows it in place of data and IER (8.3).
        """
        self.flush()
        write, base = self._cpu.write_port, self._base
        write(base + IER, 0)
        divisor = CLOCK_HZ // (16 * BAUD)
        write(base + LCR, LCR_DLAB)
        write(base + DLL, divisor & 0xFF)
        write(base + DLM, divisor >> 8)
        write(base + LCR, LCR_WLS_8)
        write(base + FCR, FCR_ENABLE | FCR_RCVR_RESET | FCR_XMIT_RESET | FCR_TRIGGER_1)
        write(base + MCR, MCR_DTR | MCR_RTS | MCR_OUT2)
        write(base + IER, IER_ERBFI)

    def flush(self) -> None:
        """Wait until the last character has left the wire."""
        self._await(LSR_TEMT)

    def write_char(self, char: int) -> None:
        """Wait for room in the FIFO, then send.

        No flag tells a full FIFO, only an empty one: sixteen characters fit after each time that it
        has been seen empty (8.4, THRE).
        """
        while self._written - self._left >= FIFO_DEPTH:
            self._await(LSR_THRE)
        self._written += 1
        self._cpu.write_port(self._base + THR, char)

    def handle(self) -> None:
        """Characters have arrived.

        Received data is the only source that is on, so IIR has nothing to tell; a PC sees only the
        rise of the line, so none may be left behind (8.6, 8.7).
        """
        cpu, base = self._cpu, self._base
        while cpu.read_port(base + LSR) & LSR_DR:
            self.receive(cpu.read_port(base + RBR))

    def echo(self, char: int) -> None:
        """Send back what has arrived, carriage return as a new line."""
        if char in {0x0D, 0x0A}:
            self.write_char(0x0D)
            char = 0x0A
        self.write_char(char)

    def _await(self, empty: int) -> None:
        """Poll until the transmitter says that it is empty.

        That says nothing of what an interrupt handler writes meanwhile, so the count that it stands
        for is taken before.  Ports are slow: the time that the characters in the FIFO take at least
        passes without asking.
        """
        cpu, base = self._cpu, self._base
        pause_ns = max(self._written - self._left - 2, 0) * CHARACTER_NS
        while True:
            written = self._written
            if cpu.read_port(base + LSR) & empty:
                self._left = written
                return
            cpu.compute(pause_ns or POLL_NS)
            pause_ns = 0
