"""My driver: the local APIC's timer as the kernel's clock device: what interrupts.

It counts down from its initial count; a store to that starts it, and zero stops it.  Its rate is
nowhere to be read: the kernel measures it, by read(), and sets self.hz.

Where to look the registers up:
    kerneltui docs registers --block LOCAL_APIC
    in the dashboard: panel 1 (key 1); / finds one, and h on it tells where it is and what it does
Load and store with self._cpu.read(address) and self._cpu.write(address, value): 32 bits each.
What you print() is an event of the trace (panel 6), with the line that printed it.
"""

from fractions import Fraction

from kerneltui.kernel.irq import Irq, KernelError

LVT_TIMER = ...
INIT_COUNT = ...
CUR_COUNT = ...
DIV_CONF = ...
"""Offsets from the base, to be looked up."""


class MyDriver:
    """base is where the local APIC lies (None: not in use), vector what it is to interrupt with."""

    name = "arat"
    compatible = "My APIC timer"

    def __init__(self, cpu, base, vector):
        self._cpu = cpu
        self._base = base or 0
        self.irq = Irq("vector", vector)
        self.hz = Fraction(0)

    @property
    def max_oneshot_ns(self):
        """The longest delay, in ns."""
        raise NotImplementedError("tell the longest delay")

    def init(self):
        """Count down from the top, masked, undivided: what read() needs."""
        raise NotImplementedError("bring it up")

    def read(self):
        """How far it has counted since init."""
        raise NotImplementedError("tell how far it has counted")

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
