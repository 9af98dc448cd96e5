"""PL011 UART driver: polled output, interrupt-driven input with echo.

Offsets and bits from the PL011 technical reference manual, DDI 0183G, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.kernel.arch.cpu import Cpu

UARTDR = 0x00
UARTFR = 0x18
UARTIBRD = 0x24
UARTFBRD = 0x28
UARTLCR_H = 0x2C
UARTCR = 0x30
UARTIFLS = 0x34
UARTIMSC = 0x38
UARTMIS = 0x40
UARTICR = 0x44

FR_BUSY = 1 << 3
FR_RXFE = 1 << 4
FR_TXFF = 1 << 5
LCR_H_FEN = 1 << 4
LCR_H_WLEN_8 = 0b11 << 5
CR_UARTEN = 1 << 0
CR_TXE = 1 << 8
CR_RXE = 1 << 9
IFLS_RX_ONE_EIGHTH = 0b000 << 3
INT_RX = 1 << 4
INT_RT = 1 << 6
INT_ALL = 0x7FF

CLOCK_HZ = 48_000_000
BAUD = 921_600
POLL_NS = 4_000
"""Pause between two looks at a full FIFO: under half a character."""


class Pl011Driver:
    """The console UART at 921600 baud, 8N1, FIFOs on."""

    compatible = "BCM PL011 UART"

    def __init__(self, cpu: Cpu, base: int) -> None:
        self.receive: Callable[[int], None] = self.echo
        """gets each character that arrives, in IRQ context"""
        self._cpu = cpu
        self._base = base

    def init(self) -> None:
        """Flush, switch off, set the divisor, switch on (DDI 0183G, 3.3.8).

        The divisor is 16 times oversampled and has six fractional bits (3.3.6).
        """
        self.flush()
        write, base = self._cpu.write, self._base
        write(base + UARTCR, 0)
        write(base + UARTICR, INT_ALL)
        divisor = (CLOCK_HZ * 4 + BAUD // 2) // BAUD
        write(base + UARTIBRD, divisor >> 6)
        write(base + UARTFBRD, divisor & 0x3F)
        write(base + UARTLCR_H, LCR_H_WLEN_8 | LCR_H_FEN)
        write(base + UARTIFLS, IFLS_RX_ONE_EIGHTH)
        write(base + UARTIMSC, INT_RX | INT_RT)
        write(base + UARTCR, CR_UARTEN | CR_TXE | CR_RXE)

    def flush(self) -> None:
        """Wait until the last character has left the wire."""
        while self._cpu.read(self._base + UARTFR) & FR_BUSY:
            self._cpu.compute(POLL_NS)

    def write_char(self, char: int) -> None:
        """Wait for room in the FIFO, then send."""
        cpu, base = self._cpu, self._base
        while cpu.read(base + UARTFR) & FR_TXFF:
            cpu.compute(POLL_NS)
        cpu.write(base + UARTDR, char)

    def handle(self) -> None:
        """Characters have arrived."""
        cpu, base = self._cpu, self._base
        pending = cpu.read(base + UARTMIS)
        cpu.write(base + UARTICR, pending)
        if not pending & (INT_RX | INT_RT):
            return
        while not cpu.read(base + UARTFR) & FR_RXFE:
            self.receive(cpu.read(base + UARTDR) & 0xFF)

    def echo(self, char: int) -> None:
        """Send back what has arrived, carriage return as a new line."""
        if char in {0x0D, 0x0A}:
            self.write_char(0x0D)
            char = 0x0A
        self.write_char(char)
