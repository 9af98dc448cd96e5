"""My driver: the timer that the kernel's timeouts are set by, on channel 3 of the System Timer.

The System Timer is a counter of 64 bits that counts microseconds since power-on and never stops.
It has four compare registers of 32 bits.  When the lower half of the counter comes to the value of
one, that channel matches: its bit in CS is set, and its interrupt is raised until software clears
the bit.  It only matches at that very moment: a value that the counter has passed already matches
when the lower half has gone all the way round, 71 minutes later.

Where to look the registers up:
    kerneltui docs registers --block SYSTEM_TIMER
    in the dashboard: panel 1 (key 1); / finds one, and h on it tells where it is and what it does
Load and store with self._cpu.read(address) and self._cpu.write(address, value): 32 bits each.
What you print() is an event of the trace (panel 6), with the line that printed it.
"""

from kerneltui.kernel.irq import Irq

NEVER = 1 << 63
"""The kernel asks for no interrupt."""
BASE = 0xFE00_3000
"""Where the System Timer's registers lie."""
CS = ...
CLO = ...
CHI = ...
C3 = ...
"""Offsets from BASE, to be looked up: control and status, counter (lower, higher), compare 3."""


class MyDriver:
    """Counts in microseconds; the kernel counts in nanoseconds."""

    compatible = "My System Timer"
    irq = Irq("gic", 99)
    """What channel 3 arrives as."""

    def __init__(self, cpu):
        self._cpu = cpu

    def uptime_ns(self):
        """Answer the time since power-on in ns, from both halves of the counter.

        They are two loads: what if the lower half goes round between them?
        """
        raise NotImplementedError("read the counter")

    def set_timeout_irq(self, due_ns):
        """Have the timer interrupt at uptime due_ns (in ns), or as soon after as it can.

        due_ns may have passed already, or pass while this runs: then it is to interrupt at once.
        For NEVER it is not to interrupt at all: nothing switches a channel off, but a value that
        the counter has just passed is 71 minutes away.
        What is due within the next 71 minutes must not come early.
        """
        raise NotImplementedError("set the compare register")

    def conclude_timeout_irq(self):
        """Take the interrupt back: the timer's handler has begun."""
        raise NotImplementedError("clear the match")
