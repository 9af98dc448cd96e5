"""My driver: the PL011 UART, the console of a Raspberry Pi.  921,600 baud, eight bits, no parity.

Where to look the registers up:
    kerneltui docs registers --block PL011
    in the dashboard: panel 1 (key 1); / finds one, and h on it tells where it is and what it does
Load and store with self._cpu.read(address) and self._cpu.write(address, value): 32 bits each.
self._cpu.compute(ns) lets time pass, as between two looks at a flag.
What you print() is an event of the trace (panel 6), with the line that printed it.
"""

UARTDR = ...
UARTFR = ...
UARTIBRD = ...
UARTFBRD = ...
UARTLCR_H = ...
UARTCR = ...
UARTIFLS = ...
UARTIMSC = ...
UARTICR = ...
"""Offsets from the base, to be looked up: data, flags, divisor (whole part, 64ths), line control,
control, levels of the FIFOs, which interrupts are let out, which are cleared."""
CLOCK_HZ = 48_000_000
BAUD = 921_600


class MyDriver:
    """base is where its registers lie.  Whoever wants what is typed sets self.receive."""

    compatible = "My PL011"

    def __init__(self, cpu, base):
        self._cpu = cpu
        self._base = base

    def init(self):
        """Wait until it is idle, switch it off, set it up, switch it on.

        The divisor is CLOCK_HZ / (16 * BAUD), with six bits behind the point.  Received characters
        are to interrupt: when the FIFO has reached its level, and when one has waited (timeout).
        """
        raise NotImplementedError("set the UART up")

    def write_char(self, char):
        """Wait until the FIFO has room, then send."""
        raise NotImplementedError("send a character")

    def flush(self):
        """Wait until the last character has left the wire."""
        raise NotImplementedError("wait until the UART is not busy")

    def handle(self):
        """Characters have arrived: clear the interrupt, call self.receive(char) for each."""
        raise NotImplementedError("read what has arrived")
