"""My driver: comparator 0 of the HPET as the kernel's clock device: what interrupts.

The main counter counts up.  Its period stands in the capabilities, in femtoseconds.  The comparator
matches when the counter shows its value, once: one that the counter has passed is a round away.

Where to look the registers up:
    kerneltui docs registers --block HPET
    in the dashboard: panel 1 (key 1); / finds one, and h on it tells where it is and what it does
Use self._cpu.read(address, 8) and self._cpu.write(address, value, 8): its registers have 64 bits.
What you print() is an event of the trace (panel 6), with the line that printed it.
"""

from fractions import Fraction

from kerneltui.kernel.irq import Irq, KernelError

CAPABILITIES = ...
CONFIGURATION = ...
STATUS = ...
COUNTER = ...
T0_CONFIGURATION = ...
T0_COMPARATOR = ...
"""Offsets from the base, to be looked up."""


class MyDriver:
    """base is where its registers lie.  standard_routing: it may choose an I/O APIC input.

    Without, or where it has no such input, it takes the place of the PIT (legacy routing), which is
    ISA interrupt 0.
    """

    name = "hpet"
    compatible = "My HPET"

    def __init__(self, cpu, base, *, standard_routing):
        self._cpu = cpu
        self._base = base or 0
        self._standard_routing = standard_routing
        self.irq = Irq("isa", 0)

    @property
    def max_oneshot_ns(self):
        """The longest delay, in ns."""
        raise NotImplementedError("tell the longest delay")

    def init(self):
        """Bring it up, silent; choose the route, and set self.irq: Irq("gsi", n) for an input."""
        raise NotImplementedError("bring it up")

    def start_periodic(self, hz):
        """Interrupt hz times a second; answer the exact length of a tick in ns, as a Fraction.

        Raise KernelError for a rate that it cannot do.
        """
        raise NotImplementedError("interrupt at a rate")

    def set_oneshot(self, delay_ns):
        """Interrupt once, not before delay_ns; a longer one than max_oneshot_ns is cut to that."""
        raise NotImplementedError("interrupt once")

    def stop(self):
        """Interrupt no more."""
        raise NotImplementedError("be silent")

    def conclude(self):
        """Take the interrupt back: a level stays until its status is cleared."""
        raise NotImplementedError("clear the status")
