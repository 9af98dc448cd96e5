"""The registers of the PL011 UART (Arm DDI 0183G, chapters 3 and 4)."""

from __future__ import annotations

from kerneltui.hw.register import (
    RO,
    TAG,
    WO,
    Access,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)

_INTERRUPTS = (
    ("RI", "nUARTRI changed"),
    ("CTS", "nUARTCTS changed"),
    ("DCD", "nUARTDCD changed"),
    ("DSR", "nUARTDSR changed"),
    ("RX", "Receive FIFO has filled to its trigger level"),
    ("TX", "Transmit FIFO has emptied to its trigger level"),
    ("RT", "Receive timeout: characters wait and none has come for 32 bit times"),
    ("FE", "Framing error"),
    ("PE", "Parity error"),
    ("BE", "Break"),
    ("OE", "Overrun: a character came and the receive FIFO was full"),
)
_LEVELS = ((0, "1/8"), (1, "1/4"), (2, "1/2"), (3, "3/4"), (4, "7/8"))


def _interrupts(suffix: str, access: Access) -> tuple[Field, ...]:
    """The eleven interrupts, at the same bits of five registers (3.3.10 to 3.3.13)."""
    return tuple(
        Field(f"{name}M{suffix}" if bit < 4 else f"{name}{suffix}", bit, 1, access, doc)
        for bit, (name, doc) in enumerate(_INTERRUPTS)
    )


def _identification(stem: str, offset: int, values: tuple[int, ...], ref: str) -> list[Register]:
    return [
        Register(f"{stem}{n}", offset + 4 * n,
                 (Field(f"{stem}{n}", 0, 8, RO, f"Byte {n} of four"),),
                 "Identification", ref, reset=value)
        for n, value in enumerate(values)
    ]  # fmt: skip


PL011 = RegisterTable(
    __name__,
    "PL011",
    "PL011 UART",
    size=0x1000,
    ref="Arm DDI 0183G, ch. 3",
    registers=(
        Register(
            "UARTDR", 0x000,
            (Field("DATA", 0, 8, doc="Read: received character; write: character to send"),
             Field("FE", 8, 1, RO, "Framing error in this character"),
             Field("PE", 9, 1, RO, "Parity error in this character"),
             Field("BE", 10, 1, RO, "Break"),
             Field("OE", 11, 1, RO, "Characters were lost before this one")),
            "Data register: the two FIFOs", "3.3.1",
            role_of_read=Role.RECEIVE, roles_of_write=(WriteRole(Role.TRANSMIT),),
        ),
        Register(
            "UARTRSR", 0x004,
            (Field("FE", 0, 1, RO, "Framing error in the character last read"),
             Field("PE", 1, 1, RO, "Parity error in the character last read"),
             Field("BE", 2, 1, RO, "Break in the character last read"),
             Field("OE", 3, 1, RO, "Overrun; set when it happens")),
            "Receive status register; as UARTECR, a store of any value clears it", "3.3.2",
        ),
        Register(
            "UARTFR", 0x018,
            (Field("CTS", 0, 1, RO, "Clear to send"),
             Field("DSR", 1, 1, RO, "Data set ready"),
             Field("DCD", 2, 1, RO, "Data carrier detect"),
             Field("BUSY", 3, 1, RO, "Characters wait or are being sent"),
             Field("RXFE", 4, 1, RO, "Receive FIFO empty"),
             Field("TXFF", 5, 1, RO, "Transmit FIFO full"),
             Field("RXFF", 6, 1, RO, "Receive FIFO full"),
             Field("TXFE", 7, 1, RO, "Transmit FIFO empty"),
             Field("RI", 8, 1, RO, "Ring indicator")),
            "Flag register", "3.3.3",
        ),
        Register("UARTILPR", 0x020, (Field("ILPDVSR", 0, 8, TAG, "IrDA low-power divisor"),),
                 "IrDA low-power counter register", "3.3.4"),
        Register("UARTIBRD", 0x024,
                 (Field("BAUD_DIVINT", 0, 16, doc="Integer part; 0 is invalid"),),
                 "Integer baud rate register; takes effect at the next UARTLCR_H store", "3.3.5"),
        Register("UARTFBRD", 0x028, (Field("BAUD_DIVFRAC", 0, 6, doc="Fractional part, 1/64"),),
                 "Fractional baud rate register; takes effect as UARTIBRD does", "3.3.6"),
        Register(
            "UARTLCR_H", 0x02C,
            (Field("BRK", 0, 1, doc="Send break"),
             Field("PEN", 1, 1, doc="Parity bit"),
             Field("EPS", 2, 1, doc="Even parity"),
             Field("STP2", 3, 1, doc="Two stop bits"),
             Field("FEN", 4, 1, doc="FIFOs enabled; otherwise holding registers of one character"),
             Field("WLEN", 5, 2, doc="Data bits",
                   values=((0, "5"), (1, "6"), (2, "7"), (3, "8"))),
             Field("SPS", 7, 1, doc="Stick parity")),
            "Line control register", "3.3.7",
        ),
        Register(
            "UARTCR", 0x030,
            (Field("UARTEN", 0, 1, doc="UART enabled"),
             Field("SIREN", 1, 1, TAG, "IrDA SIR encoder and decoder enabled"),
             Field("SIRLP", 2, 1, TAG, "IrDA low-power mode"),
             Field("LBE", 7, 1, doc="Loopback"),
             Field("TXE", 8, 1, doc="Transmitter enabled"),
             Field("RXE", 9, 1, doc="Receiver enabled"),
             Field("DTR", 10, 1, doc="Data transmit ready"),
             Field("RTS", 11, 1, doc="Request to send"),
             Field("Out1", 12, 1, doc="nUARTOut1; data carrier detect of a DTE"),
             Field("Out2", 13, 1, doc="nUARTOut2; ring indicator of a DTE"),
             Field("RTSEn", 14, 1, TAG, "RTS by the receive FIFO's level"),
             Field("CTSEn", 15, 1, doc="Send only while clear to send")),
            "Control register", "3.3.8", reset=0x300,
        ),
        Register(
            "UARTIFLS", 0x034,
            (Field("TXIFLSEL", 0, 3, doc="Transmit: at most this full", values=_LEVELS),
             Field("RXIFLSEL", 3, 3, doc="Receive: at least this full", values=_LEVELS)),
            "Interrupt FIFO level select register", "3.3.9", reset=0x12,
        ),
        Register("UARTIMSC", 0x038, _interrupts("IM", Access.RW),
                 "Interrupt mask set/clear register: a one lets the interrupt through", "3.3.10"),
        Register("UARTRIS", 0x03C, _interrupts("RIS", RO), "Raw interrupt status register",
                 "3.3.11", changed_by="UARTICR"),
        Register("UARTMIS", 0x040, _interrupts("MIS", RO), "Masked interrupt status register",
                 "3.3.12", changed_by="UARTIMSC"),
        Register("UARTICR", 0x044, _interrupts("IC", WO), "Interrupt clear register", "3.3.13",
                 roles_of_write=(WriteRole(Role.QUIET),)),
        Register(
            "UARTDMACR", 0x048,
            (Field("RXDMAE", 0, 1, doc="DMA for the receive FIFO"),
             Field("TXDMAE", 1, 1, doc="DMA for the transmit FIFO"),
             Field("DMAONERR", 2, 1, doc="No receive DMA request while an error interrupt is up")),
            "DMA control register; no DMA controller listens to the requests", "3.3.14",
        ),
        Register(
            "UARTTCR", 0x080,
            (Field("ITEN", 0, 1, TAG, "Integration test enable"),
             Field("TESTFIFO", 1, 1, TAG, "Test FIFO enable"),
             Field("SIRTEST", 2, 1, TAG, "SIR test enable")),
            "Test control register", "4.3.1",
        ),
        Register("UARTITIP", 0x084, (Field("INPUTS", 0, 8, TAG, "Input pins"),),
                 "Integration test input register", "4.3.2"),
        Register("UARTITOP", 0x088, (Field("OUTPUTS", 0, 16, TAG, "Output pins"),),
                 "Integration test output register", "4.3.3"),
        Register("UARTTDR", 0x08C, (Field("DATA", 0, 11, TAG, "The other ends of the FIFOs"),),
                 "Test data register", "4.3.4"),
        # Revision 2 (r1p3 and r1p4) is the last with FIFOs of 16; r1p5 says 3 and has 32.
        *_identification("UARTPeriphID", 0xFE0, (0x11, 0x10, 0x24, 0x00), "3.3.15"),
        *_identification("UARTPCellID", 0xFF0, (0x0D, 0xF0, 0x05, 0xB1), "3.3.16"),
    ),
)  # fmt: skip

ENTRY_ERRORS, RAW_ERRORS = PL011["UARTDR"]["FE"].lsb, PL011["UARTRIS"]["FERIS"].lsb
"""Where the error bits of UARTRSR begin in UARTDR and in UARTRIS."""
MODEM = {
    name.lower(): (
        PL011["UARTFR"][name].mask,
        PL011["UARTRIS"][f"{name}MRIS"].mask,
        PL011["UARTCR"][output].mask,
    )
    for name, output in (("RI", "Out2"), ("CTS", "RTS"), ("DCD", "Out1"), ("DSR", "DTR"))
}
"""A modem input: its bit in UARTFR, its interrupt, the output that loopback feeds to it (3.3.8)."""
OUTPUTS = (
    ("irq", PL011["UARTRIS"].mask_of(RO)),
    ("rx", PL011["UARTRIS"]["RXRIS"].mask),
    ("tx", PL011["UARTRIS"]["TXRIS"].mask),
    ("rt", PL011["UARTRIS"]["RTRIS"].mask),
    ("ms", sum(interrupt for _, interrupt, _ in MODEM.values())),
    ("e", PL011["UARTRSR"].mask_of(RO) << RAW_ERRORS),
)
"""UARTINTR and the five that it joins, with their bits in UARTRIS (2.8)."""
TITLES: tuple[str, ...] = (
    "a change of nUARTRI", "a change of nUARTCTS", "a change of nUARTDCD", "a change of nUARTDSR",
    "the receive interrupt", "the transmit interrupt", "the receive timeout",
    "a framing error", "a parity error", "a break", "an overrun",
)  # fmt: skip
"""The eleven interrupts, at their bits."""
CONDITIONS: tuple[str, ...] = (
    *(f"the input {name} to change" for name in ("nUARTRI", "nUARTCTS", "nUARTDCD", "nUARTDSR")),
    "the receive FIFO to fill to its trigger level",
    "the transmit FIFO to be emptied to its trigger level",
    "one character, and then none for 32 bit times",
    "a character without a stop bit",
    "a character of the other parity",
    "the line to be held low for longer than a character",
    "a character to come while the receive FIFO is full",
)
"""What raises each of them."""
