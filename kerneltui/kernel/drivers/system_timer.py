"""Driver of channel 3 of the BCM System Timer: an interrupt at a fixed interval.

Offsets from BCM2711 ARM Peripherals, chapter 10.
"""

from __future__ import annotations

from kerneltui.kernel.arch.cpu import Cpu

TIMER_CS = 0x00
TIMER_CLO = 0x04
TIMER_CHI = 0x08
TIMER_C3 = 0x18
CS_M3 = 1 << 3
CLOCK_HZ = 1_000_000


class SystemTimerDriver:
    """Interrupts every ``interval_us`` microseconds, counted from the last interrupt's handling."""

    compatible = "BCM System Timer 3"

    def __init__(self, cpu: Cpu, base: int, interval_us: int) -> None:
        self._cpu = cpu
        self._base = base
        self._interval_us = interval_us

    def init(self) -> None:
        """Match one interval from now."""
        now = self._cpu.read(self._base + TIMER_CLO)
        self._cpu.write(self._base + TIMER_C3, (now + self._interval_us) & 0xFFFF_FFFF)

    def handle(self) -> None:
        """Set the next match, then clear this one: the line falls with it."""
        self._cpu.tracepoint("timer_callback", name=self.compatible)
        self.init()
        self._cpu.write(self._base + TIMER_CS, CS_M3)

    def uptime_ns(self) -> int:
        """The 64-bit counter; read again when the high half has moved meanwhile."""
        while True:
            high = self._cpu.read(self._base + TIMER_CHI)
            low = self._cpu.read(self._base + TIMER_CLO)
            if self._cpu.read(self._base + TIMER_CHI) == high:
                return (high << 32 | low) * (1_000_000_000 // CLOCK_HZ)
