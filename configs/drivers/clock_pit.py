"""My driver: counter 0 of the 8254 (PIT) as the kernel's clock device: what interrupts.

It counts down 1,193,182 times a second, from at most 65,536.  Its interrupt is an edge: nothing has
to be taken back.

Where to look the registers up:
    kerneltui docs registers --block I8254_PORTS
    in the dashboard: panel 1 (key 1); / finds one, and h on it tells where it is and what it does
Use self._cpu.read_port(port) and self._cpu.write_port(port, value): 8 bits each.
What you print() is an event of the trace (panel 6), with the line that printed it.
"""

from fractions import Fraction

from kerneltui.kernel.irq import Irq, KernelError

COUNTER0 = ...
CONTROL = ...
"""Ports, to be looked up."""
HZ = 1_193_182
NS_PER_S = 1_000_000_000


class MyDriver:
    """Mode 2 interrupts again and again, mode 4 once."""

    name = "pit"
    compatible = "My 8254"
    irq = Irq("isa", 0)
    max_oneshot_ns = 65_536 * NS_PER_S // HZ

    def __init__(self, cpu):
        self._cpu = cpu

    def init(self):
        """Bring it up, silent: after its control word a counter waits for its first count."""
        raise NotImplementedError("bring it up")

    def start_periodic(self, hz):
        """Interrupt hz times a second; answer the exact length of a tick in ns, as a Fraction.

        Raise KernelError for a rate that no count from 2 to 65,536 gives.
        """
        raise NotImplementedError("interrupt at a rate")

    def set_oneshot(self, delay_ns):
        """Interrupt once, not before delay_ns; a longer one than max_oneshot_ns is cut to that."""
        raise NotImplementedError("interrupt once")

    def stop(self):
        """Interrupt no more."""
        raise NotImplementedError("be silent")
