"""The registers of the two 8259A of a PC, and of the edge/level control beside them."""

from __future__ import annotations

from kerneltui.hw.register import (
    PORTS,
    RO,
    TAG,
    WO,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)

_RIS = ((0, "IRR"), (1, "ISR"))
_COMMANDS = (
    (0, "rotate in automatic EOI mode: off"),
    (1, "non-specific EOI"),
    (2, "no operation"),
    (3, "specific EOI"),
    (4, "rotate in automatic EOI mode: on"),
    (5, "rotate on non-specific EOI"),
    (6, "set priority"),
    (7, "rotate on specific EOI"),
)
_EOIS = (1, 3, 5, 7)


def _chip(name: str, title: str, first: int, icw3: Field) -> RegisterTable:
    """The two ports of one chip; ``first`` is the number of the ISA interrupt at its IR0."""
    return RegisterTable(
        __name__,
        name,
        title,
        size=2,
        space=PORTS,
        ref="Intel 8259A (231468-003)",
        registers=(
            Register(
                "ICW1", 0,
                (Field("IC4", 0, 1, doc="ICW4 will follow"),
                 Field("SNGL", 1, 1, doc="Single: no cascade, no ICW3"),
                 Field("ADI", 2, 1, TAG, "Call address interval; MCS-80/85 mode only"),
                 Field("LTIM", 3, 1, doc="All inputs are level triggered"),
                 Field("ICW1", 4, 1, WO, "A one tells ICW1 from the operation command words"),
                 Field("A7_A5", 5, 3, TAG, "Vector address bits; MCS-80/85 mode only")),
                "Initialization command word 1: restarts the chip", "ICW1", width=8,
                overlay="ICW1", writes=("IMR", "ICW2", "ICW4", "OCW3"),
                may_write=("ICW3", "IRR", "ISR"),
            ),
            Register(
                "OCW2", 0,
                (Field("L", 0, 3, WO, "The level that a specific command acts on"),
                 Field("COMMAND", 5, 3, WO, "R, SL and EOI", values=_COMMANDS)),
                "Operation command word 2: end of interrupt and rotation", "OCW2", width=8,
                overlay="OCW2",
                roles_of_write=tuple(WriteRole(Role.END, "COMMAND", code) for code in _EOIS),
            ),
            Register(
                "OCW3", 0,
                (Field("RIS", 0, 1, doc="What the next reads at this port show", values=_RIS),
                 Field("RR", 1, 1, WO, "RIS is meant"),
                 Field("P", 2, 1, doc="Poll: the next read acknowledges"),
                 Field("OCW3", 3, 1, WO, "A one tells OCW3 from OCW2"),
                 Field("SMM", 5, 1, doc="Special mask mode"),
                 Field("ESMM", 6, 1, WO, "SMM is meant")),
                "Operation command word 3: what is read, and special mask mode", "OCW3", width=8,
                overlay="OCW3",
            ),
            Register("IRR", 0, (Field("IR", 0, 8, RO, "The input requests", irq=first),),
                     "Interrupt request register", "Reading the 8259A status", width=8,
                     overlay="IRR"),
            Register("ISR", 0, (Field("IS", 0, 8, RO, "Acknowledged, not ended", irq=first),),
                     "In-service register", "Reading the 8259A status", width=8, overlay="ISR",
                     changed_by="OCW2"),
            Register(
                "POLL{n}", 0,
                (Field("W", 0, 3, RO, "The level of highest priority that requests"),
                 Field("I", 7, 1, RO, "There is one")),
                "Poll word: after OCW3 with P, a read at either port is an acknowledge",
                "Poll command", width=8, count=2, overlay="POLL",
            ),
            Register(
                "ICW2", 1,
                (Field("A10_A8", 0, 3, TAG, "Vector address bits; MCS-80/85 mode only"),
                 Field("T7_T3", 3, 5, doc="Vector of IR0, in units of eight", hex_shift=3)),
                "Initialization command word 2: vectors", "ICW2", width=8, overlay="ICW2",
            ),
            Register("ICW3", 1, (icw3,), "Initialization command word 3: cascade", "ICW3", width=8,
                     overlay="ICW3"),
            Register(
                "ICW4", 1,
                (Field("uPM", 0, 1, doc="8086 mode; the other one is not modelled"),
                 Field("AEOI", 1, 1, doc="Automatic end of interrupt"),
                 Field("M_S", 2, 1, TAG, "Master, in buffered mode"),
                 Field("BUF", 3, 1, TAG, "Buffered mode"),
                 Field("SFNM", 4, 1, doc="Special fully nested mode")),
                "Initialization command word 4: modes", "ICW4", width=8, overlay="ICW4",
            ),
            Register("OCW1", 1, (Field("M", 0, 8, doc="The input is masked", irq=first),),
                     "Operation command word 1: the mask", "OCW1", width=8, overlay="OCW1",
                     store="IMR"),
            Register("IMR", 1, (Field("M", 0, 8, RO, "The input is masked", irq=first),),
                     "Interrupt mask register", "Reading the 8259A status", width=8,
                     overlay="IMR", store="IMR"),
        ),
    )  # fmt: skip


I8259_MASTER = _chip(
    "I8259_MASTER", "8259A master", 0, Field("S", 0, 8, doc="A slave is at this input", irq=0)
)
I8259_SLAVE = _chip(
    "I8259_SLAVE", "8259A slave", 8, Field("ID", 0, 3, doc="The master's input that it is at")
)
ELCR = RegisterTable(
    __name__,
    "ELCR",
    "8259A edge/level control",
    size=2,
    space=PORTS,
    ref="Intel 82371AB (PIIX4), 4.2.5",
    registers=(
        Register(
            "ELCR1", 0, (Field("ECL_3_7", 3, 5, doc="Level triggered: IRQ 3 to 7", irq=3),),
            "Edge/level control of the master; IRQ 0, 1 and 2 are always edge triggered",
            "4.2.5.1", width=8,
        ),
        Register(
            "ELCR2", 1,
            (Field("ECL_9_12", 1, 4, doc="Level triggered: IRQ 9 to 12", irq=9),
             Field("ECL_14_15", 6, 2, doc="Level triggered: IRQ 14 and 15", irq=14)),
            "Edge/level control of the slave; IRQ 8 and 13 are always edge triggered",
            "4.2.5.2", width=8,
        ),
    ),
)  # fmt: skip
