"""The registers of the BCM2711's legacy interrupt controller (BCM2711 ARM Peripherals, 6.5.3)."""

from __future__ import annotations

from typing import Any

from kerneltui.hw.register import (
    RO,
    W1C,
    W1S,
    Access,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)

CORES = 4
GPU_SOURCES, ARM_SOURCES, SOFTWARE_SOURCES = 64, 8, 8
FIRST_ARM, FIRST_SOFTWARE, SOURCES = 64, 72, 80
KINDS = ("IRQ", "FIQ")
BLOCKS = tuple((kind, core) for kind in KINDS for core in range(CORES))
"""Each core has a block of registers for its IRQ, and one for its FIQ."""
PENDING = tuple(f"{kind}{core}_PENDING" for kind, core in BLOCKS)
ENABLES = tuple(f"{kind}{core}_SET_EN_" for kind, core in BLOCKS)
DISABLES = tuple(f"{kind}{core}_CLR_EN_" for kind, core in BLOCKS)
SUMMARY_1, SUMMARY_2, ANYTHING = 1 << 24, 1 << 25, 1 << 31
"""Bits of the third pending register: the first has something, the second has, any of the three."""
REF = "6.5.3"


def _sources(access: Access) -> tuple[Field, ...]:
    return (Field("SOURCES", 0, 32, access, "Bit i of register n: source 32 * n + i", irq=0),)


def _block(kind: str, core: int) -> tuple[Register, ...]:
    base = 0x100 * KINDS.index(kind) + 0x40 * core
    enables: dict[str, Any] = {
        "count": 3, "packed": True, "implemented": (1 << SOURCES) - 1,
        "store": f"{kind}{core}_ENABLED",
    }  # fmt: skip
    return (
        Register(f"{kind}{core}_PENDING{{n}}", base, _sources(RO),
                 f"Pending and enabled as {kind} of core {core}; the third also sums up", REF,
                 count=3, role_of_read=Role.IDENTIFY, changed_by=f"{kind}{core}_CLR_EN_"),
        Register(f"{kind}{core}_SET_EN_{{n}}", base + 0x10, _sources(W1S),
                 f"Enables sources as {kind} of core {core}", REF, **enables),
        Register(f"{kind}{core}_CLR_EN_{{n}}", base + 0x20, _sources(W1C),
                 f"Disables sources as {kind} of core {core}", REF, **enables),
    )  # fmt: skip


BCM2711_ARMC = RegisterTable(
    __name__,
    "BCM2711_ARMC",
    "BCM2711 legacy interrupt controller",
    size=0x200,
    ref="BCM2711 ARM Peripherals, 6.5.3",
    registers=(
        *(register for kind, core in BLOCKS for register in _block(kind, core)),
        Register("IRQ_STATUS{n}", 0x30, _sources(RO), "Levels of the sources, enabled or not", REF,
                 count=3, role_of_read=Role.IDENTIFY),
        Register("SWIRQ_SET", 0x1F0,
                 (Field("SW_TRIG_INT", 0, 8, W1S, "A one raises source 72 + bit"),),
                 "Interrupts that software raises", REF, store="SWIRQ",
                 roles_of_write=(WriteRole(Role.SEND),), may_write=("IRQ_STATUS",)),
        Register("SWIRQ_CLEAR", 0x1F4,
                 (Field("SW_TRIG_INT", 0, 8, W1C, "A one withdraws source 72 + bit"),),
                 "Withdraws interrupts that software has raised", REF, store="SWIRQ",
                 roles_of_write=(WriteRole(Role.QUIET),), may_write=("IRQ_STATUS",)),
    ),
)  # fmt: skip
