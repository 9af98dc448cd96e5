"""PL011 UART, as on every Raspberry Pi.

Document: PrimeCell UART (PL011) Technical Reference Manual, Arm DDI 0183G; FIFOs of 16 characters,
as BCM2835 ARM Peripherals (2012), chapter 13, and BCM2711 ARM Peripherals (2022), chapter 11, say.
Modelled: data path with FIFOs or holding registers, baud rate, all eleven interrupts, character
errors, overrun, receive timeout, loopback, CTS flow control, modem inputs.  Not modelled: IrDA
SIR, DMA (UARTDMACR keeps its bits), test registers, and RTS flow control (RTS reaches nothing but
the loopback).

A character in progress is completed, in both directions, whatever happens to the enables (3.3.8).
A break is a level: in loopback the receiver takes one character for it, when the transmitter, the
receiver and UARTEN are all on and the break has begun (3.3.7).

Where the manual is open: both FIFOs are flushed when FEN changes, a read of an empty receiver
returns what its memory holds, and a break in loopback arrives as it begins, as in QEMU; a store to
a full transmitter is lost; the receive timeout starts again when software clears it or unmasks it
while characters wait.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from kerneltui.devices.arm.pl011_interrupts import (
    CR_RXE,
    CR_TXE,
    CR_UARTEN,
    INT_RT,
    INT_RX,
    INT_TX,
    Interrupts,
)
from kerneltui.devices.arm.pl011_registers import (
    ENTRY_ERRORS,
    MODEM,
    OUTPUTS,
    PL011,
    RAW_ERRORS,
)
from kerneltui.hw.clock import NEVER, Clock, ticks_to_ns
from kerneltui.hw.line import Sink

FIFO_DEPTH = 16
LEVELS = (2, 4, 8, 12, 14, 14, 14, 14)
"""Trigger levels that UARTIFLS selects: eighths of the FIFO; 5 to 7 are reserved (3.3.9)."""
DEFAULT_BAUD = 115_200
TIMEOUT_BITS = 32

FE, PE, BE, OE = PL011["UARTRSR"].masks("FE", "PE", "BE", "OE")
"""Error bits of one character, as UARTRSR shows them and :meth:`Pl011.receive` takes them."""
CHARACTER_ERRORS = FE | PE | BE
DATA = PL011["UARTDR"]["DATA"].mask
FLAG_BUSY, FLAG_RXFE, FLAG_TXFF, FLAG_RXFF, FLAG_TXFE, FLAG_CTS = PL011["UARTFR"].masks(
    "BUSY", "RXFE", "TXFF", "RXFF", "TXFE", "CTS"
)
LCR_BRK, LCR_PEN, LCR_STP2, LCR_FEN = PL011["UARTLCR_H"].masks("BRK", "PEN", "STP2", "FEN")
CR_LBE, CR_CTSEN = PL011["UARTCR"].masks("LBE", "CTSEn")
SENDS, RECEIVES = CR_UARTEN | CR_TXE, CR_UARTEN | CR_RXE
INT_OE = PL011["UARTRIS"]["OERIS"].mask
WORD_LENGTH = PL011["UARTLCR_H"]["WLEN"]
TX_LEVEL, RX_LEVEL = (PL011["UARTIFLS"][name] for name in ("TXIFLSEL", "RXIFLSEL"))
DIVISOR_FRACTION = PL011["UARTFBRD"]["BAUD_DIVFRAC"].width


class Config(msgspec.Struct, frozen=True):
    """``clock_hz``: UARTCLK.  ``instant``: characters are sent in no time, as QEMU does."""

    clock_hz: int = 48_000_000
    instant: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.clock_hz < 1 << 32:
            raise ValueError(f"clock_hz must be 1 to 4294967295, not {self.clock_hz}")


class Pl011(Interrupts):
    """The UART; inputs ``cts``, ``dsr``, ``dcd``, ``ri`` (high = asserted).

    ``transmit`` is called with each character when its last bit has left the wire.
    """

    COMPATIBLE = "arm,pl011"
    TABLES = (PL011,)
    CONFIG = Config
    __slots__ = (
        "_control", "_count", "_depth", "_driven", "_frame_ns", "_line_control", "_mask", "_raw",
        "_shifting", "_shifting_since", "_waiting",
    )  # fmt: skip
    """What each character asks: see :class:`~kerneltui.machine.hosted_core.HostedCore`."""

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self.transmit: Callable[[int], None] | None = None
        self.regs = self._file(PL011)
        self._rsr, self._control, self._line_control, self._ifls, self._mask, self._raw = (
            self.regs.store(f"UART{stem}") for stem in ("RSR", "CR", "LCR_H", "IFLS", "IMSC", "RIS")
        )
        self._wires = [(self._output(output)[0], bits) for output, bits in OUTPUTS]
        self._driven = 0
        self._modem_pins = 0
        self._sender = clock.deadline(f"{name}.TX", self._sent)
        self._timeout = clock.deadline(f"{name}.RT", self._timed_out)
        self.reset()

    def reset(self) -> None:
        """Disabled, five-bit characters, character mode; the modem inputs are not ours to reset."""
        self.regs.reset()
        self._sender.cancel()
        self._shifting: int | None = None
        self._shifting_since = 0
        self._receiving = self._break = False
        self._receiving_since = 0
        self._stopped_ns: int | None = None
        self._received = [0] * FIFO_DEPTH
        self._overrun = False
        self._divisor = 0
        self._set_depth(1)
        self._decode()
        self._modem = self._modem_inputs()
        self._update()

    def _set_depth(self, depth: int) -> None:
        """FIFOs of 16, or holding registers: FIFOs of one (2.4.3); what they held is lost."""
        self._depth = depth
        self._waiting: list[int] = []
        self._first = 0
        self._count = 0
        self._timeout.cancel()

    # -- the wire ---------------------------------------------------------------------------------

    def _bits_ns(self, bits: int) -> int:
        """Bit time = 16 * divisor / UARTCLK, the divisor in 64ths (3.3.6); 0 is invalid."""
        if self._divisor < 1 << DIVISOR_FRACTION:
            return ticks_to_ns(bits, DEFAULT_BAUD)
        return ticks_to_ns(bits * self._divisor, 4 * self.config.clock_hz)

    def frame_ns(self) -> int:
        """How long one character takes: start, data, parity and stop bits (2.4.5, 3.3.7).

        With a divisor of 0, which the manual calls invalid, that of 115200 baud.
        """
        return self._frame_ns

    def _decode(self) -> None:
        """What the settings come to for each character; they change less often."""
        control, levels = self._line_control[0], self._ifls[0]
        data = 5 + WORD_LENGTH.extract(control)
        self._data_mask = (1 << data) - 1
        bits = 2 + data + bool(control & LCR_PEN) + bool(control & LCR_STP2)
        self._frame_ns = self._bits_ns(bits)
        single = self._depth == 1
        self._transmit_level = 0 if single else LEVELS[TX_LEVEL.extract(levels)]
        self._receive_level = 1 if single else LEVELS[RX_LEVEL.extract(levels)]

    def receive(self, byte: int, errors: int = 0) -> None:
        """A character's stop bit ends now; ``errors`` joins FE = 1, PE = 2 and BE = 4.

        In loopback the receive pin is disconnected (3.3.8).
        """
        if not self._control[0] & CR_LBE:
            lasted = 0 if self.config.instant else self._frame_ns
            self._arrive(byte, errors, self.clock.now - lasted)
            self._update()

    def _arrive(self, byte: int, errors: int, began_ns: int) -> None:
        """Into the FIFO; when that is full the character is lost, what it holds stays (2.4.3).

        A receiver that has been disabled completes the one character that began before (3.3.8).
        An overrun goes into the status register at once, and into the FIFO with the next
        character that finds room.
        """
        if not self._receiving:
            if self._stopped_ns is None or began_ns >= self._stopped_ns:
                return
            self._stopped_ns = None
        errors &= CHARACTER_ERRORS
        self._raw[0] |= errors << RAW_ERRORS
        if self._count == self._depth:
            self._raw[0] |= INT_OE
            self._rsr[0] |= OE
            self._overrun = True
        else:
            if self._overrun:
                errors |= OE
                self._overrun = False
            place = (self._first + self._count) % self._depth
            self._received[place] = byte & self._data_mask | errors << ENTRY_ERRORS
            self._count += 1
            if self._count == self._receive_level:
                self._raw[0] |= INT_RX
        self._await_timeout()

    def _await_timeout(self) -> None:
        """The period runs from the last character on, if the mask enables the counter (2.8.4)."""
        if self._count and self._mask[0] & INT_RT:
            self._timeout.arm(self.clock.now + self._bits_ns(TIMEOUT_BITS))

    def _timed_out(self) -> None:
        self._raw[0] |= INT_RT
        self._update()

    def _may_send(self) -> bool:
        """A character that has begun is completed whatever happens to the enables (3.3.8)."""
        control = self._control[0]
        if control & CR_CTSEN and not self._modem & FLAG_CTS:
            return False
        return control & SENDS == SENDS and not self._line_control[0] & LCR_BRK

    def _send(self) -> list[int]:
        """Move on to the next character; returns what has been sent at once.

        The interrupt comes as the level is passed, not while it is below: filling a FIFO beyond
        the level is what makes the first one (2.8.3).
        """
        waiting = self._waiting
        if not waiting or not self._may_send():
            return []
        if self.config.instant:
            self._waiting = []
            self._raw[0] |= INT_TX
            return waiting
        if self._shifting is None:
            self._shifting = waiting.pop(0)
            self._shifting_since = self.clock.now
            if len(waiting) == self._transmit_level:
                self._raw[0] |= INT_TX
            self._sender.arm(self.clock.now + self._frame_ns)
        return []

    def _proceed(self) -> None:
        """Send what may be sent, after anything that could let the transmitter go on."""
        sent = self._send()
        self._update()
        for byte in sent:
            self._deliver(byte, self.clock.now)

    def _sent(self) -> None:
        """The last stop bit is over; the next character follows without a gap, or a break."""
        byte, self._shifting = self._shifting, None
        began_ns = self._shifting_since
        self._proceed()
        if byte is not None:
            self._deliver(byte, began_ns)
        if self._line_control[0] & LCR_BRK:
            self._sense_break()
            self._update()

    def _deliver(self, byte: int, began_ns: int) -> None:
        byte &= self._data_mask
        if self._control[0] & CR_LBE:
            self._arrive(byte, 0, began_ns)
            self._update()
        if self.transmit is not None:
            self.transmit(byte)

    def _sense_break(self) -> None:
        """In loopback, a line that goes low and stays so is one character, a break (3.3.1, 3.3.7).

        It goes low when the character in progress has been sent.
        """
        before, control = self._break, self._control[0]
        connected = SENDS | RECEIVES | CR_LBE
        self._break = (
            self._line_control[0] & LCR_BRK != 0
            and control & connected == connected
            and self._shifting is None
        )
        if self._break and not before:
            self._arrive(0, BE, self.clock.now)

    # -- modem inputs -----------------------------------------------------------------------------

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        if pin not in MODEM or number:
            raise ValueError(
                f"{self.name} ({self.COMPATIBLE}) has no input {pin!r} {number}: only "
                f"{', '.join(MODEM)}"
            )
        return partial(self._set_pin, MODEM[pin][0])

    def _set_pin(self, bit: int, level: bool) -> None:
        self._modem_pins = self._modem_pins | bit if level else self._modem_pins & ~bit
        self._sense_modem()
        self._proceed()

    def _modem_inputs(self) -> int:
        """The inputs as flags; in loopback the UART's own outputs (3.3.8)."""
        control = self._control[0]
        if not control & CR_LBE:
            return self._modem_pins
        return sum(flag for flag, _, output in MODEM.values() if control & output)

    def _sense_modem(self) -> None:
        """Each change of a modem input interrupts, in both directions (2.8.1)."""
        before, self._modem = self._modem, self._modem_inputs()
        for flag, interrupt, _ in MODEM.values():
            if (before ^ self._modem) & flag:
                self._raw[0] |= interrupt

    # -- registers --------------------------------------------------------------------------------

    def peek_UARTDR(self, index: int, cpu: int) -> int:
        """The oldest character received, with its errors."""
        return self._received[self._first]

    def read_UARTDR(self, index: int, cpu: int) -> int:
        """Takes the character out; its errors go to UARTRSR (3.3.2)."""
        entry = self._received[self._first]
        self._rsr[0] = self._rsr[0] & OE | entry >> ENTRY_ERRORS & CHARACTER_ERRORS
        if self._count:
            self._count -= 1
            self._first = (self._first + 1) % self._depth
        if self._count < self._receive_level:
            self._raw[0] &= ~INT_RX
        if not self._count:
            self._raw[0] &= ~INT_RT
            self._timeout.cancel()
        self._update()
        return entry

    def write_UARTDR(self, index: int, cpu: int, value: int) -> None:
        """A store above the trigger level withdraws the transmit interrupt (2.8.3)."""
        if len(self._waiting) < self._depth:
            self._waiting.append(value & DATA)
        if len(self._waiting) > self._transmit_level:
            self._raw[0] &= ~INT_TX
        self._proceed()

    def write_UARTRSR(self, index: int, cpu: int, value: int) -> None:
        """A store here is to UARTECR: any value clears all four errors (3.3.2)."""
        self._rsr[0] = 0
        self._overrun = False

    def peek_UARTFR(self, index: int, cpu: int) -> int:
        """BUSY counts characters that wait, even while the UART is disabled (3.3.3)."""
        flags = self._modem
        if self._waiting or self._shifting is not None:
            flags |= FLAG_BUSY
        if not self._waiting:
            flags |= FLAG_TXFE
        elif len(self._waiting) >= self._depth:
            flags |= FLAG_TXFF
        if not self._count:
            flags |= FLAG_RXFE
        elif self._count >= self._depth:
            flags |= FLAG_RXFF
        return flags

    def write_UARTLCR_H(self, index: int, cpu: int, value: int) -> None:
        """The store also brings UARTIBRD and UARTFBRD into effect (3.3.7)."""
        integer, fraction = self.regs.store("UARTIBRD")[0], self.regs.store("UARTFBRD")[0]
        self._divisor = integer << DIVISOR_FRACTION | fraction
        depth = FIFO_DEPTH if value & LCR_FEN else 1
        if depth != self._depth:
            self._set_depth(depth)
        self._decode()
        self._sense_break()
        self._proceed()

    def write_UARTCR(self, index: int, cpu: int, value: int) -> None:
        """Characters stored before the transmitter was enabled start now (2.8.3)."""
        receiving, now = self._control[0] & RECEIVES == RECEIVES, self.clock.now
        if receiving and not self._receiving:
            self._receiving_since = now
        elif self._receiving and not receiving:
            self._stopped_ns = now if now > self._receiving_since else None
        self._receiving = receiving
        self._sense_modem()
        self._sense_break()
        self._proceed()

    def write_UARTIFLS(self, index: int, cpu: int, value: int) -> None:
        """Other levels make no interrupt by themselves: interrupts are transitions (3.3.9)."""
        self._decode()

    def write_UARTIMSC(self, index: int, cpu: int, value: int) -> None:
        """The timeout's mask also enables its counter, so raw and masked are alike (3.3.11)."""
        if not value & INT_RT:
            self._raw[0] &= ~INT_RT
            self._timeout.cancel()
        elif not self._raw[0] & INT_RT and self._timeout.due == NEVER:
            self._await_timeout()
        self._update()

    def peek_UARTMIS(self, index: int, cpu: int) -> int:
        """What drives the outputs."""
        return self._shown()

    def write_UARTICR(self, index: int, cpu: int, value: int) -> None:
        """Clears what it names, even if its cause persists: interrupts are transitions (3.3.9)."""
        if value & self._raw[0] & INT_RT:
            self._await_timeout()
        self._raw[0] &= ~value
        self._update()
