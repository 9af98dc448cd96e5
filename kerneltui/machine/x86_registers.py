"""The registers of an x86-64 core that matter to interrupts.

The addresses are of this table alone, but for MSRs, which have their own numbers.
"""

from __future__ import annotations

from kerneltui.hw.register import MSRS, RO, Field, Register, RegisterTable

IF, ALWAYS_ONE = 1 << 9, 1 << 1
TSC_MSR = 0x10

X86_64 = RegisterTable(
    __name__,
    "X86_64",
    "x86-64 core",
    size=TSC_MSR + 1,
    byte_addressed=False,
    space=MSRS,
    ref="Intel SDM volume 3A, chapter 2",
    registers=(
        Register("RFLAGS", 0x0, (Field("IF", 9, 1, doc="Maskable interrupts are taken"),
                 Field("FIXED", 1, 1, RO, "Always one")),
                 "Flags", "SDM 3A 2.3", 64, reset=ALWAYS_ONE),
        Register("RIP", 0x1, (Field("ADDR", 0, 64, doc="Address"),),
                 "Where the last interrupt came from", "SDM 3A 6.14.2", 64),
        Register("RSP", 0x2, (Field("ADDR", 0, 64, doc="Address"),), "Stack pointer",
                 "SDM 3A 6.14.2", 64),
        Register("IDTR_BASE", 0x3, (Field("ADDR", 0, 64, doc="Address"),),
                 "Where the interrupt descriptor table lies", "SDM 3A 2.4.3", 64),
        Register("IDTR_LIMIT", 0x4, (Field("LIMIT", 0, 16, doc="Offset of its last byte"),),
                 "Size of the interrupt descriptor table, less one", "SDM 3A 2.4.3", 64),
        Register("IA32_TIME_STAMP_COUNTER", TSC_MSR, (Field("COUNT", 0, 64, doc="Counter"),),
                 "Time-stamp counter", "SDM 3B 17.17", 64, volatile=True, kept_by_reset=True),
    ),
)  # fmt: skip
