"""A driver of the System Timer, as the lesson "Write a timer's driver" leads to it."""

from kerneltui.kernel.irq import Irq

NEVER = 1 << 63
BASE = 0xFE00_3000
CS = 0x00
CLO = 0x04
CHI = 0x08
C3 = 0x18
M3 = 1 << 3
NS_PER_TICK = 1000
AHEAD = 2
"""Ticks: a value so near that the counter could pass it before it is stored would be lost."""


class MyTimer:
    """Counts in microseconds; the kernel counts in nanoseconds."""

    compatible = "My System Timer"
    irq = Irq("gic", 99)

    def __init__(self, cpu):
        self._cpu = cpu

    def uptime_ns(self):
        """Both halves belong together only if the higher one is the same before and after."""
        while True:
            high = self._cpu.read(BASE + CHI)
            low = self._cpu.read(BASE + CLO)
            if self._cpu.read(BASE + CHI) == high:
                return (high << 32 | low) * NS_PER_TICK

    def set_timeout_irq(self, due_ns):
        """The first tick that is not before due_ns; of the past, one that is still to come."""
        now = self.uptime_ns() // NS_PER_TICK
        if due_ns >= NEVER:
            tick = now - 1
        else:
            tick = max(-(-due_ns // NS_PER_TICK), now + AHEAD)
        self._cpu.write(BASE + C3, tick & 0xFFFF_FFFF)

    def conclude_timeout_irq(self):
        """A one clears the match, and the wire falls with it."""
        self._cpu.write(BASE + CS, M3)
