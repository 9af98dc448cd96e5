"""The modem inputs of the 16550 UART (National PC16550D, June 1995, 8.8 and 8.9)."""

from __future__ import annotations

from kerneltui.devices.x86.ns16550_registers import NS16550

_MCR, _MSR = NS16550["MCR"], NS16550["MSR"]
CTS, DSR, RI, DCD = _MSR.masks("CTS", "DSR", "RI", "DCD")
_DELTAS = _MSR.masks("DCTS", "DDSR", "TERI", "DDCD")
TERI = _MSR["TERI"].mask
DELTAS = sum(_DELTAS)
DELTA_SHIFT = _MSR["CTS"].lsb - _MSR["DCTS"].lsb
LOOP = _MCR["LOOP"].mask

PINS = {"cts": CTS, "dsr": DSR, "ri": RI, "dcd": DCD}
LOOPED = tuple(zip(_MCR.masks("RTS", "DTR", "OUT1", "OUT2"), PINS.values(), strict=True))
"""In loopback: which output of MCR takes the place of which input (8.8)."""


class ModemInputs:
    """The four pins, and ``status``: what MSR shows of them and of their changes."""

    def __init__(self) -> None:
        self.status = 0
        self._pins = 0

    def reset(self, control: int) -> None:
        """No changes; the pins are not ours to reset."""
        self.status = self._inputs(control)

    def drive(self, bit: int, *, level: bool) -> None:
        """A pin changes."""
        self._pins = self._pins | bit if level else self._pins & ~bit

    def sense(self, control: int) -> None:
        """Each change sets its delta; of the ring indicator only the end counts (8.9)."""
        before, now = self.status, self._inputs(control)
        deltas = (before ^ now) >> DELTA_SHIFT
        if now & RI:
            deltas &= ~TERI
        self.status = now | before & DELTAS | deltas & DELTAS

    def _inputs(self, control: int) -> int:
        """The pins, or in loopback the outputs that MCR names in their place."""
        if not control & LOOP:
            return self._pins
        return sum(flag for output, flag in LOOPED if control & output)
