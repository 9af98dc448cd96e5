"""BCM2835 auxiliary peripherals, as on every Raspberry Pi up to the 4: the mini UART.

Documents: BCM2835 ARM Peripherals (2012), chapter 2, as the list of errata at elinux.org corrects
it; BCM2711 ARM Peripherals (2022), chapter 2.  Modelled: the mini UART, with FIFOs of eight
characters, baud rate, both interrupts, overrun, break, CTS and RTS with auto flow.  Not modelled:
SPI1 and SPI2, whose registers are only declared.

A character is a start bit, seven or eight data bits and a stop bit; there is no parity (2.2).  One
that has begun is completed, in both directions, whatever happens to the enables (p. 17).

Where the manual is open: the errata ask for bits 3:2 of AUX_MU_IER, but drivers that leave them 0
receive interrupts on real boards, so they only keep their value; a store to a full transmit FIFO
is lost, as is a character that comes while the receive FIFO is full; what is sent during a break
is lost; the FIFOs keep what they hold while the mini UART is switched off; and a 1 or 2 in the
data size is seven bits.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kerneltui.devices.bcm.bcm2835_aux_interrupts import (
    CNTL_RX,
    CNTL_TX,
    IIR_NONE,
    ON_BIT,
    Interrupts,
)
from kerneltui.devices.bcm.bcm2835_aux_registers import BCM2835_AUX, ROOM_LEFT
from kerneltui.hw.clock import Clock, ticks_to_ns
from kerneltui.hw.hooks import variant_hook
from kerneltui.hw.line import Sink

FIFO_DEPTH = 8
CLOCKS_PER_BIT = 8

SETTINGS = ("AUX_MU_IER", "AUX_MU_LCR", "AUX_MU_MCR", "AUX_MU_SCRATCH", "AUX_MU_CNTL",
            "AUX_MU_BAUD")  # fmt: skip
"""The registers of the mini UART that keep what is stored."""
BAUD = SETTINGS.index("AUX_MU_BAUD")
HALVES = ("AUX_MU_BAUDL", "AUX_MU_BAUDH")
IRQ_MINI_UART = BCM2835_AUX["AUX_IRQ"]["MINI_UART"].mask
IIR_FIFO = BCM2835_AUX["AUX_MU_IIR"]["FIFO"].mask
CLEAR_RECEIVED, CLEAR_WAITING = 0b010, 0b100
DATA_SIZE = BCM2835_AUX["AUX_MU_LCR"]["DATA_SIZE"]
LCR_BREAK, LCR_DLAB = BCM2835_AUX["AUX_MU_LCR"].masks("BREAK", "DLAB")
MCR_RTS = BCM2835_AUX["AUX_MU_MCR"]["RTS"].mask
MSR_CTS = BCM2835_AUX["AUX_MU_MSR"]["CTS"].mask
LSR_READY, LSR_OVERRUN, LSR_EMPTY, LSR_IDLE = BCM2835_AUX["AUX_MU_LSR"].masks(
    "DATA_READY", "RX_OVERRUN", "TX_EMPTY", "TX_IDLE"
)
RTS_AUTO, CTS_AUTO, RTS_LOW, CTS_LOW = BCM2835_AUX["AUX_MU_CNTL"].masks(
    "RTS_AUTO", "CTS_AUTO", "RTS_LOW", "CTS_LOW"
)
RTS_LEVEL = BCM2835_AUX["AUX_MU_CNTL"]["RTS_LEVEL"]
STAT = {field.name: field.lsb for field in BCM2835_AUX["AUX_MU_STAT"].fields}


class Config(msgspec.Struct, frozen=True):
    """``clock_hz``: the VideoCore's core clock, which the baud rate is made from."""

    clock_hz: int = 250_000_000

    def __post_init__(self) -> None:
        if not 1 <= self.clock_hz < 1 << 32:
            raise ValueError(f"clock_hz must be 1 to 4294967295, not {self.clock_hz}")


class Bcm2835Aux(Interrupts):
    """The block; output ``irq``, which the three share; input ``cts``, the level of that pin.

    ``transmit`` is called with each character when its last bit has left the wire.
    """

    COMPATIBLE = "brcm,bcm2835-aux"
    TABLES = (BCM2835_AUX,)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self.transmit: Callable[[int], None] | None = None
        self.regs = self._file(BCM2835_AUX)
        self._on = self.regs.store("AUX_ENABLES")
        self._cells = [self.regs.store(stem) for stem in SETTINGS]
        self._enabled, self._line_control, self._modem_control, _, self._control, self._baud = (
            self._cells
        )
        self._irq = self._output("irq")[0]
        self._cts = False
        self._sender = clock.deadline(f"{name}.TX", self._sent)
        self.reset()

    def reset(self) -> None:
        """Switched off; seven data bits, receiver and transmitter on; the pins stay."""
        self.regs.reset()
        self._sender.cancel()
        self._settings = [cell[0] for cell in self._cells]
        self._waiting: list[int] = []
        self._received: list[int] = []
        self._shifting: int | None = None
        self._overrun = False
        self._answers = False
        """the mini UART is on"""
        self._receiving = False
        self._stopped_ns: int | None = None
        self._decode()
        self._update()

    # -- the wire ---------------------------------------------------------------------------------

    def frame_ns(self) -> int:
        """How long one character takes: its bits of 8 * (AUX_MU_BAUD + 1) clocks (2.2.1)."""
        return self._frame_ns

    def _decode(self) -> None:
        """What the settings come to for each character."""
        data = 8 if DATA_SIZE.extract(self._line_control[0]) == DATA_SIZE.mask else 7
        self._data_mask = (1 << data) - 1
        clocks = (data + 2) * CLOCKS_PER_BIT * (self._baud[0] + 1)
        self._frame_ns = ticks_to_ns(clocks, self.config.clock_hz)

    def receive(self, byte: int, errors: int = 0) -> None:
        """A character's stop bit ends now; errors of characters are not noticed (2.2.1)."""
        if not self._receiving:
            if self._stopped_ns is None or self.clock.now - self._frame_ns >= self._stopped_ns:
                return
            self._stopped_ns = None
        if len(self._received) < FIFO_DEPTH:
            self._received.append(byte & self._data_mask)
        else:
            self._overrun = True
        self._update()

    def _switched(self) -> None:
        """The receiver may have been switched; so may the transmitter."""
        receiving = self._answers and self._control[0] & CNTL_RX != 0
        if self._receiving and not receiving:
            self._stopped_ns = self.clock.now
        self._receiving = receiving
        self._proceed()

    def _may_send(self) -> bool:
        control = self._control[0]
        if control & CTS_AUTO and self._cts == (control & CTS_LOW != 0):
            return False
        return self._answers and control & CNTL_TX != 0

    def _proceed(self) -> None:
        """Send what may be sent, after anything that could let the transmitter go on."""
        if self._shifting is None and self._waiting and self._may_send():
            self._shifting = self._waiting.pop(0)
            self._sender.arm(self.clock.now + self._frame_ns)
        self._update()

    def _sent(self) -> None:
        """The stop bit is over; the next character follows without a gap."""
        byte, self._shifting = self._shifting, None
        self._proceed()
        is_seen = not self._line_control[0] & LCR_BREAK
        if byte is not None and is_seen and self.transmit is not None:
            self.transmit(byte & self._data_mask)

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        if pin != "cts" or number:
            raise ValueError(
                f"{self.name} ({self.COMPATIBLE}) has no input {pin!r} {number}: only cts"
            )
        return self._set_cts

    def _set_cts(self, level: bool) -> None:
        self._cts = level
        self._proceed()

    # -- registers --------------------------------------------------------------------------------

    def overlay(self, offset: int, write: bool) -> str:
        """DLAB puts the baud rate in place of the first two registers (p. 11-12)."""
        if self._line_control[0] & LCR_DLAB:
            return "BAUD"
        return "IO" if offset == BCM2835_AUX["AUX_MU_IO"].offset else "IER"

    def write_AUX_ENABLES(self, index: int, cpu: int, value: int) -> None:
        """Switched on, it receives, and sends what waits."""
        self._answers = value & ON_BIT != 0
        self._switched()

    def peek_AUX_IRQ(self, index: int, cpu: int) -> int:
        """The mini UART's; the SPI masters never ask."""
        return IRQ_MINI_UART if self._identification() != IIR_NONE else 0

    def peek_AUX_MU_IO(self, index: int, cpu: int) -> int:
        """The oldest character received; 0 while there is none, which the manual leaves open."""
        return self._received[0] if self._answers and self._received else 0

    def read_AUX_MU_IO(self, index: int, cpu: int) -> int:
        """Takes the character out."""
        value = self.peek_AUX_MU_IO(index, cpu)
        if self._answers and self._received:
            del self._received[0]
            self._update()
        return value

    def write_AUX_MU_IO(self, index: int, cpu: int, value: int) -> None:
        """The character waits until it is sent."""
        if self._answers and len(self._waiting) < FIFO_DEPTH:
            self._waiting.append(value & 0xFF)
            self._proceed()

    @variant_hook("peek", SETTINGS)
    def _setting(self, which: int, index: int, cpu: int) -> int:
        """Nothing of the mini UART answers while it is off (p. 9)."""
        return self._cells[which][0] if self._answers else 0

    @variant_hook("write", SETTINGS)
    def _setting_written(self, which: int, index: int, cpu: int, value: int) -> None:
        """A store to a UART that is off is lost."""
        if not self._answers:
            self._cells[which][0] = self._settings[which]
            return
        self._settings[which] = self._cells[which][0]
        self._decode()
        self._switched()

    @variant_hook("peek", HALVES)
    def _half(self, which: int, index: int, cpu: int) -> int:
        return self._setting(BAUD, index, cpu) >> 8 * which & 0xFF

    @variant_hook("write", HALVES)
    def _half_written(self, which: int, index: int, cpu: int, value: int) -> None:
        """Both halves are the same state as AUX_MU_BAUD (p. 19)."""
        shift = 8 * which
        self._baud[0] = self._baud[0] & ~(0xFF << shift) | (value & 0xFF) << shift
        self._setting_written(BAUD, index, cpu, self._baud[0])

    def peek_AUX_MU_IIR(self, index: int, cpu: int) -> int:
        """What asks, with the FIFO enables, which are always 1 (p. 13)."""
        return self._identification() | IIR_FIFO if self._answers else 0

    def write_AUX_MU_IIR(self, index: int, cpu: int, value: int) -> None:
        """A one empties a FIFO; what is being sent goes on (p. 13)."""
        if self._answers:
            if value & CLEAR_RECEIVED:
                self._received = []
            if value & CLEAR_WAITING:
                self._waiting = []
            self._update()

    def peek_AUX_MU_LSR(self, index: int, cpu: int) -> int:
        """TX_EMPTY means room for a character, not an empty FIFO (p. 15)."""
        if not self._answers:
            return 0
        flags = LSR_READY if self._received else 0
        if self._overrun:
            flags |= LSR_OVERRUN
        if len(self._waiting) < FIFO_DEPTH:
            flags |= LSR_EMPTY
        if not self._waiting and self._shifting is None:
            flags |= LSR_IDLE
        return flags

    def read_AUX_MU_LSR(self, index: int, cpu: int) -> int:
        """Clears the overrun (p. 15)."""
        flags = self.peek_AUX_MU_LSR(index, cpu)
        if flags & LSR_OVERRUN:
            self._overrun = False
        return flags

    def peek_AUX_MU_MSR(self, index: int, cpu: int) -> int:
        """The inverse of the pin (p. 15)."""
        return MSR_CTS if self._answers and not self._cts else 0

    def _rts(self) -> bool:
        """The level of the pin: as MCR says, or asserted while there is room (p. 14, 17)."""
        control = self._control[0]
        if not control & RTS_AUTO:
            return not self._modem_control[0] & MCR_RTS
        left = int(dict(ROOM_LEFT)[RTS_LEVEL.extract(control)])
        has_room = FIFO_DEPTH - len(self._received) > left
        return has_room != (control & RTS_LOW != 0)

    def peek_AUX_MU_STAT(self, index: int, cpu: int) -> int:
        """The receiver is always idle: a character comes whole, at its end."""
        if not self._answers:
            return 0
        waiting, received = len(self._waiting), len(self._received)
        idle = self._shifting is None
        bits = {
            "SYMBOL": received > 0, "SPACE": waiting < FIFO_DEPTH, "RX_IDLE": True,
            "TX_IDLE": idle, "RX_OVERRUN": self._overrun, "TX_FULL": waiting == FIFO_DEPTH,
            "RTS": self._rts(), "CTS": self._cts, "TX_EMPTY": not waiting,
            "TX_DONE": idle and not waiting, "RX_LEVEL": received, "TX_LEVEL": waiting,
        }  # fmt: skip
        return sum(value << STAT[name] for name, value in bits.items())
