"""My driver: the 16550 UART, the console of a PC.  921,600 baud, eight bits, no parity.

Where to look the registers up:
    kerneltui docs registers --block NS16550
    in the dashboard: panel 1 (key 1); / finds one, and h on it tells where it is and what it does
Use self._cpu.read_port(port) and self._cpu.write_port(port, value): 8 bits each.
self._cpu.compute(ns) lets time pass, as between two looks at a flag.
What you print() is an event of the trace (panel 6), with the line that printed it.
"""

THR = RBR = DLL = ...
IER = DLM = ...
FCR = ...
LCR = ...
MCR = ...
LSR = ...
"""Offsets from the base, to be looked up: data (out, in) or the divisor's low byte, interrupt
enable or its high byte, FIFO control, line control, modem control, line status."""
CLOCK_HZ = 14_745_600
BAUD = 921_600
FIFO_DEPTH = 16


class MyDriver:
    """base is its first port.  Whoever wants what is typed sets self.receive."""

    compatible = "My 16550"

    def __init__(self, cpu, base):
        self._cpu = cpu
        self._base = base

    def init(self):
        """Divisor (CLOCK_HZ / (16 * BAUD), with DLAB set), frame, FIFOs, interrupt on what arrives.

        On a PC the interrupt goes through the output OUT2 of the modem control register.
        """
        raise NotImplementedError("set the UART up")

    def write_char(self, char):
        """Wait for room, then send.  A flag tells only an empty FIFO: then sixteen fit."""
        raise NotImplementedError("send a character")

    def flush(self):
        """Wait until the last character has left the wire."""
        raise NotImplementedError("wait until the transmitter is empty")

    def handle(self):
        """Characters have arrived: call self.receive(char) for each, until none is left."""
        raise NotImplementedError("read what has arrived")
