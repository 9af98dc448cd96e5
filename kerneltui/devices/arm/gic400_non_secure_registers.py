"""What non-secure accesses see of a GIC-400 with the Security Extensions, as register tables.

They are GICD and GICC again (:mod:`kerneltui.devices.arm.gic400_registers`), at the same offsets.
Three kinds differ.  Registers that are banked by security have other fields: GICD_CTLR and
GICC_CTLR.  Secure registers read as zero and ignore stores: GICD_IGROUPR, GICD_NSACR, GICC_NSAPR
and the aliases of what non-secure accesses see anyway.  All others show what concerns group 1
(IHI 0048B 4.1.4, tables 4-1 and 4-2).
"""

from __future__ import annotations

from msgspec.structs import replace

from kerneltui.devices.arm.gic400_registers import DISABLED, ENABLED, GICC, GICD, MODES
from kerneltui.hw.register import NON_SECURE, RES0, Field, Register, RegisterTable

HIDDEN_FROM_RESET = (
    "GICD_ISENABLER", "GICD_ICENABLER", "GICD_ISENABLER0", "GICD_ICENABLER0", "GICD_ICFGR0",
    "GICD_ICFGR1", "GICD_ICFGR",
)  # fmt: skip
"""Those that hold something at reset, when all interrupts are in group 0."""
SECURE_ONLY = (
    "GICD_IGROUPR0", "GICD_IGROUPR", "GICD_NSACR_PRIVATE", "GICD_NSACR", "GICC_ABPR", "GICC_AIAR",
    "GICC_AEOIR", "GICC_AHPPIR", "GICC_NSAPR",
)  # fmt: skip
"""By stem: what non-secure accesses read as zero, and cannot write."""


def _secure_only(register: Register) -> Register:
    fields = tuple(replace(item, access=RES0, values=()) for item in register.fields)
    return replace(
        register, fields=fields, doc=f"For secure accesses alone: {register.doc}", reset=0,
        role_of_read=None, roles_of_write=(), store="",
    )  # fmt: skip


def _seen(table: RegisterTable, own: dict[str, Register]) -> tuple[Register, ...]:
    """All registers of a block, as non-secure accesses see them; ``own`` are those that differ."""
    return tuple(own.get(register.stem) or _view(register) for register in table.registers)


def _view(register: Register) -> Register:
    if register.stem in SECURE_ONLY:
        return _secure_only(register)
    return replace(register, reset=0) if register.stem in HIDDEN_FROM_RESET else register


GICD_NS = RegisterTable(
    __name__,
    "GICD_NS",
    "GIC-400 Distributor, non-secure view",
    size=GICD.size,
    ref=GICD.ref,
    space=NON_SECURE,
    raz_wi=True,
    stands_for="GICD",
    registers=_seen(GICD, {
        "GICD_CTLR": replace(GICD["GICD_CTLR"], fields=(
            Field("EnableGrp1", 0, doc="Forward pending group 1 interrupts to the CPU interfaces",
                  values=(DISABLED, ENABLED)),
        )),
        "GICD_SGIR": replace(
            GICD["GICD_SGIR"], may_write=("GICD.GICD_SPENDSGIR", "GICD.GICD_ISPENDR0")
        ),
    }),
)  # fmt: skip

GICC_NS = RegisterTable(
    __name__,
    "GICC_NS",
    "GIC-400 CPU interface, non-secure view",
    size=GICC.size,
    ref=GICC.ref,
    space=NON_SECURE,
    raz_wi=True,
    stands_for="GICC",
    registers=_seen(GICC, {
        "GICC_CTLR": replace(GICC["GICC_CTLR"], fields=(
            Field("EnableGrp1", 0, doc="Signal group 1 interrupts", values=(DISABLED, ENABLED)),
            Field("FIQBypDisGrp1", 5, doc="FIQ bypass"),
            Field("IRQBypDisGrp1", 6, doc="IRQ bypass"),
            Field("EOImodeNS", 9, doc="What GICC_EOIR does", values=MODES),
        )),
        "GICC_BPR": replace(
            GICC["GICC_BPR"], doc="The binary point of group 1 interrupts",
            may_write=("GICC.GICC_ABPR",),
        ),
        "GICC_APR": replace(
            GICC["GICC_APR"], may_write=("GICC.GICC_NSAPR",),
            doc="Group priorities that are active, group 1, as non-secure accesses count them",
        ),
    }),
)  # fmt: skip
