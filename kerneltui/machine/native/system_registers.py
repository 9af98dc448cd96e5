"""The system registers of a core that executes machine code, at all exception levels.

Document: Arm Architecture Reference Manual for A-profile, DDI 0487, chapters C5 and D19.
"""

from __future__ import annotations

from typing import NamedTuple

from kerneltui.hw.register import SYSTEM_REGISTERS, Field, Register, RegisterTable
from kerneltui.machine.aarch64_registers import AARCH64


class SystemRegister(NamedTuple):
    """Its encoding, as in MRS and MSR."""

    op0: int
    op1: int
    crn: int
    crm: int
    op2: int

    @property
    def encoding(self) -> int:
        """As an address in the space of system registers."""
        return self.op0 << 14 | self.op1 << 11 | self.crn << 7 | self.crm << 3 | self.op2


def by_encoding(encoding: int) -> SystemRegister:
    """The register of an address in the space of system registers."""
    return SystemRegister(
        encoding >> 14, encoding >> 11 & 7, encoding >> 7 & 15, encoding >> 3 & 15, encoding & 7
    )


S = SystemRegister
OP1_OF_LEVEL = {1: 0, 2: 4, 3: 6}
"""How encodings tell EL1, EL2 and EL3 apart (C5.1.3)."""
MPIDR_EL1, ISR_EL1 = S(3, 0, 0, 0, 5), S(3, 0, 12, 1, 0)
CURRENT_EL, DAIF, SP_SEL = S(3, 0, 4, 2, 2), S(3, 3, 4, 2, 1), S(3, 0, 4, 2, 0)
SP_EL0, SP_EL1, SP_EL2 = S(3, 0, 4, 1, 0), S(3, 4, 4, 1, 0), S(3, 6, 4, 1, 0)
SCTLR_EL1, TCR_EL1, TTBR0_EL1, TTBR1_EL1 = (
    S(3, 0, 1, 0, 0), S(3, 0, 2, 0, 2), S(3, 0, 2, 0, 0), S(3, 0, 2, 0, 1)
)  # fmt: skip
HCR_EL2, SCR_EL3 = S(3, 4, 1, 1, 0), S(3, 6, 1, 1, 0)
SPSR, ELR, ESR, FAR, VBAR, SCTLR = (
    {level: S(3, op1, crn, crm, op2) for level, op1 in OP1_OF_LEVEL.items()}
    for crn, crm, op2 in ((4, 0, 0), (4, 0, 1), (5, 2, 0), (6, 0, 0), (12, 0, 0), (1, 0, 0))
)  # fmt: skip
"""By exception level."""
SCTLRS = frozenset(SCTLR.values())
SAVED_ON_ENTRY = frozenset((SP_EL0, *SPSR.values(), *ELR.values(), *ESR.values(), *FAR.values()))
"""What handlers save and put back: it says nothing about how the code behind them goes on."""

HCR_FMO, HCR_IMO, HCR_TGE, HCR_RW = 1 << 3, 1 << 4, 1 << 27, 1 << 31
SCR_NS, SCR_IRQ, SCR_FIQ, SCR_RW = 1 << 0, 1 << 1, 1 << 2, 1 << 10


def _of_levels() -> tuple[Register, ...]:
    """Those of EL2 and EL3 that AARCH64 has for EL1."""
    found = []
    for level in (2, 3):
        for name in ("SPSR", "ELR", "ESR", "FAR", "VBAR"):
            like = AARCH64[f"{name}_EL1"]
            one = by_encoding(like.offset)
            place = one._replace(op1=OP1_OF_LEVEL[level]).encoding
            found.append(
                Register(f"{name}_EL{level}", place, like.fields, like.doc, like.ref, like.width)
            )
    return tuple(found)


NATIVE_CORE = RegisterTable(
    __name__,
    "NATIVE_CORE",
    "AArch64 core with all exception levels",
    size=0x1_0000,
    space=SYSTEM_REGISTERS,
    byte_addressed=False,
    ref="Arm DDI 0487, C5.2 and D19.2",
    registers=(
        *AARCH64.registers,
        *_of_levels(),
        Register("SCTLR_EL1", SCTLR_EL1.encoding, (Field("M", 0, doc="MMU on"),
                 Field("C", 2, doc="Data cacheable"), Field("I", 12, doc="Instructions cacheable"),
                 Field("OTHER", 13, 19, doc="See the manual")),
                 "System control: MMU and caches of EL1 and EL0", "D19.2.118", 64),
        Register("HCR_EL2", HCR_EL2.encoding, (Field("FMO", 3, doc="FIQs to EL2"),
                 Field("IMO", 4, doc="IRQs to EL2"), Field("AMO", 5, doc="SErrors to EL2"),
                 Field("TGE", 27, doc="All exceptions of EL0 to EL2"),
                 Field("RW", 31, doc="EL1 is AArch64")),
                 "What goes to EL2 instead of EL1", "D19.2.48", 64),
        Register("SCR_EL3", SCR_EL3.encoding, (Field("NS", 0, doc="EL0 to EL2 are non-secure"),
                 Field("IRQ", 1, doc="IRQs to EL3"), Field("FIQ", 2, doc="FIQs to EL3"),
                 Field("EA", 3, doc="SErrors and external aborts to EL3"),
                 Field("SMD", 7, doc="SMC is UNDEFINED"), Field("HCE", 8, doc="HVC is enabled"),
                 Field("RW", 10, doc="The next lower level is AArch64")),
                 "Security state, and what goes to EL3", "D19.2.117", 64),
    ),
)  # fmt: skip
