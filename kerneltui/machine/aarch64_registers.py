"""The registers of an AArch64 core at EL1 that matter to interrupts.

Document: Arm Architecture Reference Manual for A-profile, DDI 0487, chapters C5 and D19.
"""

from __future__ import annotations

from kerneltui.hw.register import RO, SYSTEM_REGISTERS, Field, Register, RegisterTable

MASK_D, MASK_A, MASK_I, MASK_F = 1 << 9, 1 << 8, 1 << 7, 1 << 6
MASK_ALL = MASK_D | MASK_A | MASK_I | MASK_F
"""The mask bits of PSTATE, where DAIF and SPSR_EL1 hold them; also the interrupt inputs' bits."""


def _system(op1: int, crn: int, crm: int, op2: int) -> int:
    return 3 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2


def _flags(doc: str) -> tuple[Field, ...]:
    return tuple(
        Field(name, bit, 1, doc=f"{doc} {what}")
        for name, bit, what in (
            ("D", 9, "debug exceptions"), ("A", 8, "SError"), ("I", 7, "IRQ"), ("F", 6, "FIQ"),
        )
    )  # fmt: skip


AARCH64 = RegisterTable(
    __name__,
    "AARCH64",
    "AArch64 core",
    size=0x1_0000,
    space=SYSTEM_REGISTERS,
    byte_addressed=False,
    ref="Arm DDI 0487, C5.2 and D19.2",
    registers=(
        Register("CurrentEL", _system(0, 4, 2, 2), (Field("EL", 2, 2, RO, "Exception level"),),
                 "The current exception level", "C5.2.1", 64, reset=1 << 2),
        Register("DAIF", _system(3, 4, 2, 1), _flags("masks"),
                 "Interrupt mask bits of PSTATE", "C5.2.2", 64, reset=MASK_ALL),
        Register("SPSR_EL1", _system(0, 4, 0, 0), (*_flags("masked"),
                 Field("M", 0, 4, doc="EL and stack pointer")),
                 "PSTATE of what the exception interrupted", "C5.2.19", 64),
        Register("ELR_EL1", _system(0, 4, 0, 1), (Field("ADDR", 0, 64, doc="Return address"),),
                 "Where the exception returns to", "C5.2.7", 64),
        Register("ESR_EL1", _system(0, 5, 2, 0), (Field("EC", 26, 6, doc="Exception class"),
                 Field("IL", 25, doc="32-bit instruction"), Field("ISS", 0, 25, doc="Syndrome")),
                 "Why a synchronous exception was taken", "D19.2.37", 64),
        Register("FAR_EL1", _system(0, 6, 0, 0), (Field("ADDR", 0, 64, doc="Faulting address"),),
                 "The address that faulted", "D19.2.40", 64),
        Register("VBAR_EL1", _system(0, 12, 0, 0), (Field("BASE", 11, 53, doc="Vector base"),),
                 "Base of the exception vectors, 2 KiB aligned", "D19.2.153", 64),
        Register("ISR_EL1", _system(0, 12, 1, 0), (Field("A", 8, 1, RO, "SError pending"),
                 Field("I", 7, 1, RO, "IRQ pending"), Field("F", 6, 1, RO, "FIQ pending")),
                 "Interrupts that wait at the core", "D19.2.61", 64),
        Register("MPIDR_EL1", _system(0, 0, 0, 5), (Field("Aff0", 0, 8, RO, "Core number"),
                 Field("RES1", 31, 1, RO, "Reads as one")),
                 "Which core this is", "D19.2.98", 64),
    ),
)  # fmt: skip
