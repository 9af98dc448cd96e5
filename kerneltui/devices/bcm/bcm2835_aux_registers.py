"""The registers of the BCM2835 auxiliary peripherals (chapter 2), as the errata correct them.

Documents: BCM2835 ARM Peripherals (2012), chapter 2; the list of errata to it at elinux.org;
BCM2711 ARM Peripherals (2022), chapter 2.  The first has the two enables of AUX_MU_IER exchanged,
says that one bit of AUX_MU_LCR makes eight data bits where it takes both, and shows CTS at bit 5
of AUX_MU_MSR, where nothing is.
"""

from __future__ import annotations

from kerneltui.hw.register import RO, TAG, Field, Register, RegisterTable, Role, WriteRole

ROOM_LEFT = ((0, "3"), (1, "2"), (2, "1"), (3, "4"))
"""CNTL.RTS_LEVEL: RTS ends when so many places are free in the receive FIFO (p. 17)."""


def _spi(number: int, base: int) -> tuple[Register, ...]:
    """The registers of one of the two auxiliary SPI masters."""

    def register(name: str, offset: int, doc: str, count: int = 1, reset: int = 0) -> Register:
        index = "{n}" if count > 1 else ""
        return Register(f"AUX_SPI{number}_{name}{index}", base + offset,
                        (Field(name, 0, 32, TAG, doc),), doc, "2.3.4", count=count,
                        reset=reset)  # fmt: skip

    return (
        register("CNTL0", 0x00, "Control register 0", reset=0xE_0000),
        register("CNTL1", 0x04, "Control register 1"),
        register("STAT", 0x08, "Status"),
        register("PEEK", 0x0C, "Received data, without taking it out"),
        register("IO", 0x20, "Data; ends the access", 4),
        register("TXHOLD", 0x30, "Data; chip select stays", 4),
    )


BCM2835_AUX = RegisterTable(
    __name__,
    "BCM2835_AUX",
    "BCM2835 auxiliary peripherals: mini UART, SPI1, SPI2",
    size=0x1000,
    ref="BCM2835 ARM Peripherals, ch. 2, and its errata | BCM2711 ARM Peripherals, ch. 2",
    registers=(
        Register(
            "AUX_IRQ", 0x00,
            (Field("MINI_UART", 0, 1, RO, "The mini UART asks for an interrupt"),
             Field("SPI1", 1, 1, RO, "SPI1 asks for one"),
             Field("SPI2", 2, 1, RO, "SPI2 asks for one")),
            "Pending interrupts of the three", "p. 9 | 2.1", role_of_read=Role.IDENTIFY,
        ),
        Register(
            "AUX_ENABLES", 0x04,
            (Field("MINI_UART", 0, 1, doc="On; while it is 0, none of its registers answers"),
             Field("SPI1", 1, 1, TAG, "SPI1 is on"),
             Field("SPI2", 2, 1, TAG, "SPI2 is on")),
            "Switches the three on", "p. 9 | 2.1",
            may_write=("AUX_MU_IO", "AUX_MU_BAUDL", "AUX_MU_IER", "AUX_MU_BAUDH", "AUX_MU_IIR",
                       "AUX_MU_LCR", "AUX_MU_MCR", "AUX_MU_LSR", "AUX_MU_MSR", "AUX_MU_SCRATCH",
                       "AUX_MU_CNTL", "AUX_MU_STAT", "AUX_MU_BAUD"),
        ),
        Register(
            "AUX_MU_IO", 0x40,
            (Field("DATA", 0, 8, doc="Read: received character; write: character to send"),),
            "The two FIFOs, of 8 characters each; where DLAB is 0", "p. 11 | 2.2.2", overlay="IO",
            role_of_read=Role.RECEIVE, roles_of_write=(WriteRole(Role.TRANSMIT),),
            may_write=("AUX_MU_IIR", "AUX_MU_LSR", "AUX_MU_STAT"),
        ),
        Register("AUX_MU_BAUDL", 0x40, (Field("BAUD", 0, 8, doc="Bits 7:0 of AUX_MU_BAUD"),),
                 "Baud rate, low; where DLAB is 1", "p. 11 | 2.2.2", overlay="BAUD",
                 writes=("AUX_MU_BAUD",)),
        Register(
            "AUX_MU_IER", 0x44,
            (Field("RX", 0, 1, doc="Interrupt while a received character waits"),
             Field("TX", 1, 1, doc="Interrupt while the transmit FIFO is empty"),
             Field("LINE", 2, 2, doc="Keep their value; as in a 16550, where they enable more")),
            "Interrupt enable register; where DLAB is 0", "p. 12, errata | 2.2.2", overlay="IER",
        ),
        Register("AUX_MU_BAUDH", 0x44, (Field("BAUD", 0, 8, doc="Bits 15:8 of AUX_MU_BAUD"),),
                 "Baud rate, high; where DLAB is 1", "p. 12 | 2.2.2", overlay="BAUD",
                 writes=("AUX_MU_BAUD",)),
        Register(
            "AUX_MU_IIR", 0x48,
            (Field("NONE", 0, 1, RO, "No interrupt is pending"),
             Field("ID", 1, 2, RO, "What asks; in a store, bit 1 empties the receive FIFO, and "
                   "bit 2 the transmit FIFO",
                   values=((0, "none"), (1, "transmit FIFO empty"), (2, "character received"))),
             Field("FIFO", 6, 2, RO, "Both FIFOs are always on")),
            "Interrupt identify register", "p. 13 | 2.2.2", reset=0xC1,
            changed_by="AUX_MU_IER", role_of_read=Role.IDENTIFY,
            may_write=("AUX_MU_LSR", "AUX_MU_STAT"),
        ),
        Register(
            "AUX_MU_LCR", 0x4C,
            (Field("DATA_SIZE", 0, 2, doc="Data bits; a 3 makes it eight",
                   values=((0, "7"), (1, "7"), (2, "7"), (3, "8"))),
             Field("BREAK", 6, 1, doc="The output is held low"),
             Field("DLAB", 7, 1, doc="The first two registers are the baud rate")),
            "Line control register", "p. 14, errata | 2.2.2",
        ),
        Register("AUX_MU_MCR", 0x50,
                 (Field("RTS", 1, 1, doc="The pin RTS is low; without effect in auto flow"),),
                 "Modem control register", "p. 14 | 2.2.2", may_write=("AUX_MU_STAT",)),
        Register(
            "AUX_MU_LSR", 0x54,
            (Field("DATA_READY", 0, 1, RO, "A received character waits"),
             Field("RX_OVERRUN", 1, 1, RO, "A character was lost; a read clears it"),
             Field("TX_EMPTY", 5, 1, RO, "The transmit FIFO has room for a character"),
             Field("TX_IDLE", 6, 1, RO, "The transmit FIFO is empty and nothing is being sent")),
            "Line status register", "p. 15 | 2.2.2", changed_by="AUX_MU_IO",
        ),
        Register("AUX_MU_MSR", 0x58, (Field("CTS", 4, 1, RO, "The pin CTS is low"),),
                 "Modem status register", "p. 15, errata | 2.2.2"),
        Register("AUX_MU_SCRATCH", 0x5C, (Field("SCRATCH", 0, 8, doc="The programmer's"),),
                 "Scratch register", "p. 16 | 2.2.2"),
        Register(
            "AUX_MU_CNTL", 0x60,
            (Field("RX_ENABLE", 0, 1, doc="Receiver on"),
             Field("TX_ENABLE", 1, 1, doc="Transmitter on"),
             Field("RTS_AUTO", 2, 1, doc="RTS follows the receive FIFO"),
             Field("CTS_AUTO", 3, 1, doc="Send only while CTS is asserted"),
             Field("RTS_LEVEL", 4, 2, doc="RTS ends when so many places are free",
                   values=ROOM_LEFT),
             Field("RTS_LOW", 6, 1, doc="Auto flow asserts RTS low, else high"),
             Field("CTS_LOW", 7, 1, doc="Auto flow takes CTS as asserted low, else high")),
            "Extra control register", "p. 16-17 | 2.2.2", reset=3, may_write=("AUX_MU_STAT",),
        ),
        Register(
            "AUX_MU_STAT", 0x64,
            (Field("SYMBOL", 0, 1, RO, "A received character waits"),
             Field("SPACE", 1, 1, RO, "The transmit FIFO has room"),
             Field("RX_IDLE", 2, 1, RO, "Nothing is being received"),
             Field("TX_IDLE", 3, 1, RO, "Nothing is being sent"),
             Field("RX_OVERRUN", 4, 1, RO, "A character was lost; a read of AUX_MU_LSR clears it"),
             Field("TX_FULL", 5, 1, RO, "The transmit FIFO is full"),
             Field("RTS", 6, 1, RO, "Level of the pin RTS"),
             Field("CTS", 7, 1, RO, "Level of the pin CTS"),
             Field("TX_EMPTY", 8, 1, RO, "The transmit FIFO is empty"),
             Field("TX_DONE", 9, 1, RO, "TX_IDLE and TX_EMPTY"),
             Field("RX_LEVEL", 16, 4, RO, "Characters in the receive FIFO, 0-8"),
             Field("TX_LEVEL", 24, 4, RO, "Characters in the transmit FIFO, 0-8")),
            "Extra status register", "p. 18 | 2.2.2", changed_by="AUX_MU_IO",
        ),
        Register("AUX_MU_BAUD", 0x68, (Field("BAUD", 0, 16, doc="Clock / 8 / rate - 1"),),
                 "Baud rate", "p. 19 | 2.2.2", writes=("AUX_MU_BAUDL", "AUX_MU_BAUDH")),
        *_spi(1, 0x80),
        *_spi(2, 0xC0),
    ),
)  # fmt: skip
