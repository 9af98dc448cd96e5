"""A character of the 16550 UART: its frame on the line, and its entry in the receiver FIFO.

Document: National PC16550D (June 1995), 8.1, 8.3 and 8.4.
"""

from __future__ import annotations

from kerneltui.devices.x86.ns16550_registers import NS16550
from kerneltui.hw.clock import ticks_to_ns

FE, PE, BE = 1, 2, 4
"""Errors of one character, as :meth:`Ns16550.receive` takes them."""
_WLS, _STB, _PEN = NS16550["LCR"].masks("WLS", "STB", "PEN")
_LSR_PE, _LSR_FE, _LSR_BI = NS16550["LSR"].masks("PE", "FE", "BI")
WITH_CHARACTER = _LSR_PE | _LSR_FE | _LSR_BI
BESIDE = 8
"""An entry has its errors above the character."""
DEFAULT_BAUD = 115_200


def data_mask(line_control: int) -> int:
    """Five to eight data bits."""
    return (1 << 5 + (line_control & _WLS)) - 1


def half_bits(line_control: int) -> int:
    """Half bit times of a frame: start, data, parity and stop bits, of which there may be 1 1/2."""
    halves = 2 * (7 + (line_control & _WLS)) + (2 if line_control & _PEN else 0)
    if line_control & _STB:
        halves += 2 if line_control & _WLS else 1
    return halves


def duration_ns(halves: int, divisor: int, clock_hz: int) -> int:
    """Half a bit time = 8 * divisor / clock (8.3).

    With a divisor of 0, which the manual does not allow, that of 115200 baud.
    """
    if not divisor:
        return ticks_to_ns(halves, 2 * DEFAULT_BAUD)
    return ticks_to_ns(halves * 8 * divisor, clock_hz)


def fifo_entry(byte: int, errors: int, line_control: int) -> int:
    """What a break brings is a character of zeros, whatever was sampled (8.4, bit 4)."""
    entry = 0 if errors & BE else byte & data_mask(line_control)
    for error, flag in ((PE, _LSR_PE), (FE, _LSR_FE), (BE, _LSR_BI)):
        if errors & error:
            entry |= flag << BESIDE
    return entry
