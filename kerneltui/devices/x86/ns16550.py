"""16550A UART, the PC's serial port.

Document: National Semiconductor PC16550D (June 1995).  Modelled: character and FIFO mode, baud
rate, all interrupts with their priorities, character timeout, errors that travel with their
characters, overrun, loopback, break on the wire, modem inputs, and the PC's gate that lets the
interrupt through only while OUT2 is on.  A break is a level: a character that it touches does not
leave whole, nor does one during which loopback begins or ends.  Not modelled: RXRDY and TXRDY,
transmission of parity, a receiver clock of its own.

Where the manual is open: a change of FCR0 or a reset of the transmitter FIFO announces an empty
transmitter anew, a timeout is identified before received data, an empty FIFO reads as 0, and the
divisor is 12 at power-on, as in QEMU; a store to a full transmitter FIFO is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kerneltui.devices.x86.ns16550_character import (
    BESIDE,
    WITH_CHARACTER,
    data_mask,
    duration_ns,
    fifo_entry,
    half_bits,
)
from kerneltui.devices.x86.ns16550_interrupts import (
    IIR_NONE,
    IIR_THRE,
    MCR_LOOP,
    Config,
    Interrupts,
)
from kerneltui.devices.x86.ns16550_modem import DELTAS, PINS, ModemInputs
from kerneltui.devices.x86.ns16550_registers import NS16550
from kerneltui.hw.clock import NEVER, Clock
from kerneltui.hw.line import Sink

__all__ = ["Config", "Ns16550"]

FIFO_DEPTH = 16
LEVELS = (1, 4, 8, 14)
"""The trigger levels of FCR (8.5)."""
TIMEOUT_CHARACTERS = 4

_FCR = NS16550["FCR"]
DR, OE, THRE, TEMT, FIFO_ERROR = NS16550["LSR"].masks("DR", "OE", "THRE", "TEMT", "FIFO_ERROR")

ERBFI, ETBEI, ELSI, EDSSI = NS16550["IER"].masks("ERBFI", "ETBEI", "ELSI", "EDSSI")
IIR_SOURCE, IIR_FIFO = IIR_NONE | NS16550["IIR"]["ID"].mask, NS16550["IIR"]["FIFO"].mask
FCR_ENABLE, FCR_RCVR_RESET, FCR_XMIT_RESET = _FCR.masks("FIFO_ENABLE", "RCVR_RESET", "XMIT_RESET")
LCR_BREAK, LCR_DLAB = NS16550["LCR"].masks("BREAK", "DLAB")


class Ns16550(Interrupts):
    """The UART; inputs ``cts``, ``dsr``, ``ri``, ``dcd`` (high = on), output ``irq``.

    ``transmit`` is called with each character when its last bit has left the wire.
    """

    COMPATIBLE = "ns16550a"
    TABLES = (NS16550,)
    CONFIG = Config
    __slots__ = (
        "_data_mask", "_empty", "_enabled", "_errors", "_frame_ns", "_line_control", "_modem",
        "_modem_control", "_received", "_shifting", "_stop_bit_ns", "_thre_pending", "_two_waited",
        "_waiting",
    )  # fmt: skip
    """What each character asks: see :class:`~kerneltui.machine.hosted_core.HostedCore`."""

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self.transmit: Callable[[int], None] | None = None
        self.regs = self._file(NS16550)
        self._enabled, self._line_control, self._modem_control, self._low, self._high = (
            self.regs.store(stem) for stem in ("IER", "LCR", "MCR", "DLL", "DLM")
        )
        self._irq = self._output("irq")[0]
        self._modem = ModemInputs()
        self._sender = clock.deadline(f"{name}.TX", self._sent)
        self._emptier = clock.deadline(f"{name}.THRE", self._announce_empty)
        self._timeout = clock.deadline(f"{name}.timeout", self._timed_out)
        self.reset()

    def reset(self) -> None:
        """Master reset (table III); the modem inputs are not ours to reset."""
        self.regs.reset()
        self._decode()
        self._sender.cancel()
        self._shifting: int | None = None
        self._is_spoilt = False
        self._control_before = 0
        self._fifo = False
        self._trigger = LEVELS[0]
        self._errors = 0
        self._clear_receiver()
        self._clear_transmitter()
        self._thre_pending = False
        self._enabled_before = 0
        self._modem.reset(self._modem_control[0])
        self._update()

    def _clear_receiver(self) -> None:
        self._received: list[int] = []
        self._last = 0
        self._timed = False
        self._timeout.cancel()
        self._errors &= OE

    def _clear_transmitter(self) -> None:
        """The shift register goes on with its character (8.5)."""
        self._waiting: list[int] = []
        self._emptier.cancel()
        self._empty = self._thre_pending = True
        self._two_waited = True

    # -- receiver ---------------------------------------------------------------------------------

    def frame_ns(self) -> int:
        """How long one character takes (8.1, 8.3)."""
        return self._frame_ns

    def _decode(self) -> None:
        """What the settings come to for each character; they change less often."""
        control, divisor = self._line_control[0], self._high[0] << 8 | self._low[0]
        self._data_mask = data_mask(control)
        self._frame_ns = duration_ns(half_bits(control), divisor, self.config.clock_hz)
        self._stop_bit_ns = duration_ns(2, divisor, self.config.clock_hz)

    def receive(self, byte: int, errors: int = 0) -> None:
        """A character's stop bit ends now; ``errors`` joins FE = 1, PE = 2 and BE = 4.

        In loopback the receive pin is disconnected (8.8).
        """
        if not self._modem_control[0] & MCR_LOOP:
            self._arrive(byte, errors)
            self._update()

    def _arrive(self, byte: int, errors: int) -> None:
        """An overrun costs the old character in character mode, the new one in FIFO mode (8.4)."""
        entry = fifo_entry(byte, errors, self._line_control[0])
        if not self._fifo:
            if self._received:
                self._errors |= OE
            self._received = [entry]
            self._show_errors()
            return
        if len(self._received) == FIFO_DEPTH:
            self._errors |= OE
        else:
            self._received.append(entry)
            if len(self._received) == 1:
                self._show_errors()
        self._await_timeout()

    def _show_errors(self) -> None:
        """Errors show when their character has come to the top (8.4, bits 2 to 4)."""
        if self._received:
            self._errors |= self._received[0] >> BESIDE

    def _await_timeout(self) -> None:
        """Four character times from the last character or the last read on (8.12)."""
        if self._timed:
            return
        if self._fifo and self._received:
            self._timeout.arm(self.clock.now + TIMEOUT_CHARACTERS * self._frame_ns)
        else:
            self._timeout.cancel()

    def _timed_out(self) -> None:
        self._timed = True
        self._update()

    def peek_RBR(self, index: int, cpu: int) -> int:
        """The oldest character; the holding register of character mode keeps what was read."""
        return self._received[0] & 0xFF if self._received else self._last

    def read_RBR(self, index: int, cpu: int) -> int:
        """Takes the character out, and ends a timeout (8.12)."""
        value = self.peek_RBR(0, cpu)
        if self._received:
            del self._received[0]
            self._show_errors()
        if not self._fifo:
            self._last = value
        self._timed = False
        self._await_timeout()
        self._update()
        return value

    # -- transmitter ------------------------------------------------------------------------------

    def write_THR(self, index: int, cpu: int, value: int) -> None:
        """A store ends the interrupt; it comes again as the transmitter takes the character."""
        if not self._fifo:
            self._waiting = [value]
        elif len(self._waiting) < FIFO_DEPTH:
            self._waiting.append(value)
        if len(self._waiting) > 1:
            self._two_waited = True
        self._empty = False
        if self._emptier.due < NEVER:
            self._emptier.cancel()
        if self._thre_pending:
            self._thre_pending = False
            self._update()
        if self._shifting is None:
            self._proceed()

    def _proceed(self) -> None:
        """The shift register, which is empty, takes the next character if there is one."""
        if not self._waiting:
            return
        self._is_spoilt = self._line_control[0] & LCR_BREAK != 0 and self._is_breaking()
        if self.config.instant:
            sent, self._waiting = self._waiting, []
            self._announce_empty()
            for byte in sent if not self._is_spoilt else ():
                self._deliver(byte & self._data_mask)
            return
        self._shifting = self._waiting.pop(0) & self._data_mask
        done_ns = self.clock.now + self._frame_ns
        self._sender.arm(done_ns)
        if self._waiting:
            return
        if self._fifo and not self._two_waited:
            # So that one character at a time does not make one interrupt after the other (8.12).
            self._emptier.arm(done_ns - self._stop_bit_ns)
        else:
            self._announce_empty()

    def _announce_empty(self) -> None:
        self._empty = self._thre_pending = True
        self._two_waited = False
        self._update()

    def _sent(self) -> None:
        """The last stop bit is over; the next character follows without a gap."""
        byte, self._shifting = self._shifting, None
        is_whole = not self._is_spoilt
        self._proceed()
        if byte is not None and is_whole:
            self._deliver(byte)

    def _is_breaking(self) -> bool:
        """A break acts on SOUT alone, and that marks in loopback, which is before it (8.1, 8.8)."""
        control = self._modem_control[0]
        return not control & MCR_LOOP and self._line_control[0] & LCR_BREAK != 0

    def _spoil(self) -> None:
        """The character in the shift register will not arrive whole where it was going to."""
        self._is_spoilt = self._shifting is not None

    def _deliver(self, byte: int) -> None:
        """To the receiver in loopback, else to the wire."""
        if self._modem_control[0] & MCR_LOOP:
            self._arrive(byte, 0)
            self._update()
        elif self.transmit is not None:
            self.transmit(byte)

    # -- modem inputs -----------------------------------------------------------------------------

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        if pin not in PINS or number:
            raise ValueError(
                f"{self.name} ({self.COMPATIBLE}) has no input {pin!r} {number}: only "
                f"{', '.join(PINS)}"
            )
        return partial(self._set_pin, PINS[pin])

    def _set_pin(self, bit: int, level: bool) -> None:
        self._modem.drive(bit, level=level)
        self._modem.sense(self._modem_control[0])
        self._update()

    # -- registers --------------------------------------------------------------------------------

    def overlay(self, offset: int, write: bool) -> str:
        """Offsets 0 and 1 by DLAB and direction, offset 2 by direction (table II)."""
        if offset == 2:
            return "FCR" if write else "IIR"
        if self._line_control[0] & LCR_DLAB:
            return "DLM" if offset else "DLL"
        if offset:
            return "IER"
        return "THR" if write else "RBR"

    def write_IER(self, index: int, cpu: int, value: int) -> None:
        """Enabling the transmitter's interrupt makes one if the transmitter is empty (8.7)."""
        if (value ^ self._enabled_before) & ETBEI:
            self._thre_pending = bool(value & ETBEI) and self._empty
        self._enabled_before = value
        self._update()

    def peek_IIR(self, index: int, cpu: int) -> int:
        """Bits 7 and 6 tell a 16550 whose FIFOs are on."""
        return self._identification() | (IIR_FIFO if self._fifo else 0)

    def read_IIR(self, index: int, cpu: int) -> int:
        """Reading that the transmitter is empty ends that interrupt (table V)."""
        value = self.peek_IIR(0, cpu)
        if value & IIR_SOURCE == IIR_THRE:
            self._thre_pending = False
            self._update()
        return value

    def write_FCR(self, index: int, cpu: int, value: int) -> None:
        """The other bits count only together with bit 0; its change empties both FIFOs (8.5)."""
        fifo = bool(value & FCR_ENABLE)
        changed = fifo is not self._fifo
        self._fifo = fifo
        if changed or (fifo and value & FCR_RCVR_RESET):
            self._clear_receiver()
        if changed or (fifo and value & FCR_XMIT_RESET):
            self._clear_transmitter()
        self._trigger = LEVELS[_FCR["TRIGGER"].extract(value)] if fifo else 1
        self._update()

    def write_LCR(self, index: int, cpu: int, value: int) -> None:
        """A break holds the wire at once, in the middle of a character too (8.1, bit 6)."""
        if self._is_breaking():
            self._spoil()
        self._decode()

    def write_DLL(self, index: int, cpu: int, value: int) -> None:
        """The divisor's lower half (8.3)."""
        self._decode()

    def write_DLM(self, index: int, cpu: int, value: int) -> None:
        """The divisor's upper half (8.3)."""
        self._decode()

    def write_MCR(self, index: int, cpu: int, value: int) -> None:
        """In loopback the outputs are modem inputs; OUT2 gates the interrupt on a PC (8.8).

        Of a character that is on its way as loopback begins or ends, neither side gets all bits.
        """
        if (value ^ self._control_before) & MCR_LOOP or self._is_breaking():
            self._spoil()
        self._control_before = value
        self._modem.sense(self._modem_control[0])
        self._update()

    def peek_LSR(self, index: int, cpu: int) -> int:
        """The state of both directions (8.4)."""
        value = self._errors
        if self._received:
            value |= DR
        if self._fifo and (
            self._errors & WITH_CHARACTER or max(self._received, default=0) >> BESIDE
        ):
            value |= FIFO_ERROR
        if self._empty:
            value |= THRE
            if self._shifting is None:
                value |= TEMT
        return value

    def read_LSR(self, index: int, cpu: int) -> int:
        """Clears the errors, those of the character at the top of the FIFO too."""
        value = self.peek_LSR(0, cpu)
        if self._errors:
            self._errors = 0
            if self._received:
                self._received[0] &= 0xFF
            self._update()
        return value

    def peek_MSR(self, index: int, cpu: int) -> int:
        """The inputs, and what has changed since the last read."""
        return self._modem.status

    def read_MSR(self, index: int, cpu: int) -> int:
        """Clears the deltas, and with them the interrupt (8.9)."""
        value = self._modem.status
        if value & DELTAS:
            self._modem.status &= ~DELTAS
            self._update()
        return value
