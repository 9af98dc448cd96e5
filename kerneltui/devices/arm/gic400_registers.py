"""Register tables of the ARM GIC-400: the distributor and the CPU interface.

Documents: CoreLink GIC-400 Technical Reference Manual, Arm DDI 0471B, chapter 3; Generic Interrupt
Controller Architecture Specification, GICv2, Arm IHI 0048B, chapter 4.  References below are to
the latter unless they say "DDI 0471B".

Arrays are declared for the largest GIC-400, 512 interrupt IDs; a device takes what it implements.
All other addresses are reserved, and read as zero and ignore stores (4.1): those of IDs that a
device does not implement, and without the Security Extensions GICD_NSACR, and the bypass bits of
GICC_CTLR, as where there is no bypass (4.4.1).  With them GICC_CTLR has the fields
``SECURE_CONTROL``; what non-secure accesses see is in
:mod:`kerneltui.devices.arm.gic400_non_secure_registers`.
The parts of an array that are banked (IDs 0-31, one copy per core) and shared are two
declarations, as their state is kept apart.
"""

from __future__ import annotations

from kerneltui.hw.register import (
    RES0,
    RO,
    RW,
    W1C,
    W1S,
    WO,
    Access,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)

WORDS = 15
"""32-bit words of a bitmap over all SPIs of the largest GIC-400."""

ENABLED, DISABLED = (1, "enabled"), (0, "disabled")


def _bitmap(
    stem: str,
    offset: int,
    fields: tuple[Field, ...],
    field: Field,
    doc: str,
    ref: str,
    *,
    store: str = "",
    reset: int = 0,
    sgis_by: str = "",
) -> tuple[Register, Register]:
    """One bit per interrupt: a banked word for the private IDs, packed words for the SPIs.

    ``sgis_by`` is the register that changes the bits of SGIs, where these only read here.
    """
    return (
        Register(f"{stem}0", offset, fields, doc, ref, banked=True, reset=reset,
                 store=store and f"{store}0", changed_by=sgis_by),
        Register(f"{stem}{{n}}", offset + 4, (field,), doc, ref, count=WORDS, first=1, packed=True,
                 store=store),
    )  # fmt: skip


def _faces(
    kind: str, verb: str, offset: int, sgi: Access, doc: str, ref: str, reset: int = 0
) -> tuple[Register, ...]:
    """A set and a clear register array over one state; ``sgi`` says how SGI bits are written."""
    store = f"GICD_IS{kind}R"
    made: tuple[Register, ...] = ()
    for name, place, access in (("S", offset, W1S), ("C", offset + 0x80, W1C)):
        word = ("SET_" if access is W1S else "CLEAR_") + verb
        private = (
            Field("SGI", 0, 16, sgi if sgi is RO else access, "IDs 0-15", irq=0),
            Field("PPI", 16, 16, access, "IDs 16-31", irq=16),
        )
        text = f"{doc}; a one {'sets' if access is W1S else 'clears'} it, a zero does nothing"
        shared = Field(word, 0, 32, access, "Bit i: ID 32n+i", irq=32)
        made += _bitmap(f"GICD_I{name}{kind}R", place, private, shared, text, ref,
                        store=store, reset=reset,
                        sgis_by=f"GICD_{name}PENDSGIR" if kind == "PEND" else "")  # fmt: skip
    return made


def _bytes(name: str, access: Access, what: str) -> tuple[Field, ...]:
    """A byte for each of four interrupts."""
    return tuple(Field(f"{name}{k}", 8 * k, 8, access, f"{what} ID 4n+{k}") for k in range(4))


def _trigger(access: Access) -> tuple[Field, ...]:
    meaning = ((0, "level"), (1, "level, 1-N"), (2, "edge"), (3, "edge, 1-N"))
    return tuple(Field(f"INT_CONFIG{n}", 2 * n, 2, access, values=meaning) for n in range(16))


GRANTS = (
    (0, "none"), (1, "set pending, send"), (2, "clear pending and read active too"),
    (3, "targets too"),
)  # fmt: skip
"""What GICD_NSACR allows non-secure accesses of a group 0 interrupt."""


def _grants(name: str, offset: int, count: int, first: int, part: str) -> Register:
    return Register(
        name, offset, tuple(Field(f"NS_access{k}", 2 * k, 2, doc=f"For ID 16n+{k}", values=GRANTS)
                            for k in range(16)),
        "What non-secure accesses may do with interrupts 16n to 16n+15 of group 0; it is there "
        "with the Security Extensions only", "4.3.14",
        count=count, first=first, banked=bool(part), part=part,
    )  # fmt: skip


PPI_INPUTS = (
    "virtual maintenance", "CNTHP", "CNTV", "legacy FIQ", "CNTPS", "CNTPNS", "legacy IRQ",
)  # fmt: skip
"""What GIC-400 wires to IDs 25-31 (DDI 0471B, 2.3.2)."""

IDENTITY = {
    "GICD_PIDR4": (0xFD0, 0x04), "GICD_PIDR5": (0xFD4, 0), "GICD_PIDR6": (0xFD8, 0),
    "GICD_PIDR7": (0xFDC, 0), "GICD_PIDR0": (0xFE0, 0x90), "GICD_PIDR1": (0xFE4, 0xB4),
    "GICD_PIDR2": (0xFE8, 0x2B), "GICD_PIDR3": (0xFEC, 0), "GICD_CIDR0": (0xFF0, 0x0D),
    "GICD_CIDR1": (0xFF4, 0xF0), "GICD_CIDR2": (0xFF8, 0x05), "GICD_CIDR3": (0xFFC, 0xB1),
}  # fmt: skip


def _part_of(name: str) -> str:
    kind = "component" if "CIDR" in name else "peripheral"
    return f"Byte {name[-1]} of the {kind} identification"


GICD = RegisterTable(
    __name__,
    "GICD",
    "GIC-400 Distributor",
    size=0x1000,
    ref="DDI 0471B 3.2",
    raz_wi=True,
    registers=(
        Register(
            "GICD_CTLR", 0x000,
            (Field("EnableGrp0", 0, doc="Forward pending group 0 interrupts to the CPU interfaces",
                   values=(DISABLED, ENABLED)),
             Field("EnableGrp1", 1, doc="Forward pending group 1 interrupts to the CPU interfaces",
                   values=(DISABLED, ENABLED))),
            "Distributor control", "4.3.1",
        ),
        Register(
            "GICD_TYPER", 0x004,
            (Field("ITLinesNumber", 0, 5, RO, "32 * (N + 1) interrupt IDs"),
             Field("CPUNumber", 5, 3, RO, "N + 1 CPU interfaces"),
             Field("SecurityExtn", 10, 1, RO, "Security Extensions implemented"),
             Field("LSPI", 11, 5, RO, "Lockable SPIs")),
            "Interrupt controller type", "4.3.2",
        ),
        Register(
            "GICD_IIDR", 0x008,
            (Field("Implementer", 0, 12, RO, "JEP106 code", ((0x43B, "Arm"),)),
             Field("Revision", 12, 4, RO, "Minor revision"),
             Field("Variant", 16, 4, RO, "Major revision"),
             Field("ProductID", 24, 8, RO, values=((2, "GIC-400"),))),
            "Distributor implementer identification", "4.3.3; DDI 0471B 3.2",
        ),
        *_bitmap("GICD_IGROUPR", 0x080, (Field("GROUP_STATUS", 0, 32, doc="Bit i: ID i", irq=0),),
                 Field("GROUP_STATUS", 0, 32, doc="Bit i: ID 32n+i", irq=32),
                 "Interrupt group: 0 is group 0, 1 is group 1", "4.3.4"),
        *_faces("ENABLE", "ENABLE", 0x100, RO,
                "Whether an interrupt is forwarded; SGIs always are", "4.3.5, 4.3.6", 0xFFFF),
        *_faces("PEND", "PENDING", 0x200, RO,
                "Pending state; SGIs have GICD_SPENDSGIR for it", "4.3.7, 4.3.8"),
        *_faces("ACTIVE", "ACTIVE", 0x300, W1S, "Active state", "4.3.9, 4.3.10"),
        Register("GICD_IPRIORITYR{n}", 0x400, _bytes("PRIORITY", RW, "Priority of"),
                 "Priorities of IDs 4n to 4n+3, lower is more urgent", "4.3.11",
                 count=8, banked=True, part="_PRIVATE"),
        Register("GICD_IPRIORITYR{n}", 0x420, _bytes("PRIORITY", RW, "Priority of"),
                 "Priorities of IDs 4n to 4n+3, lower is more urgent", "4.3.11",
                 count=8 * WORDS, first=8),
        Register("GICD_ITARGETSR{n}", 0x800,
                 _bytes("CPU_TARGETS", RO, "The reading core, which gets"),
                 "Reads as the reading core, in each byte", "4.3.12",
                 count=8, banked=True, part="_PRIVATE"),
        Register("GICD_ITARGETSR{n}", 0x820, _bytes("CPU_TARGETS", RW, "Bit i: core i gets"),
                 "The cores that IDs 4n to 4n+3 go to, one bit a core", "4.3.12",
                 count=8 * WORDS, first=8),
        Register("GICD_ICFGR0", 0xC00, _trigger(RO), "SGIs: edge-triggered",
                 "4.3.13", reset=0xAAAA_AAAA),
        Register("GICD_ICFGR1", 0xC04, _trigger(RO), "PPIs: IDs 25-31, level-sensitive",
                 "4.3.13; DDI 0471B 3.2", reset=0x5554_0000),
        Register("GICD_ICFGR{n}", 0xC08, _trigger(RW),
                 "IDs 16n to 16n+15: bit 1 of a field chooses edge, bit 0 (1-N) reads as one",
                 "4.3.13; DDI 0471B 3.2", reset=0x5555_5555, count=2 * WORDS, first=2),
        Register("GICD_PPISR", 0xD00,
                 tuple(Field(f"ID{25 + n}", 9 + n, 1, RO, text)
                       for n, text in enumerate(PPI_INPUTS)),
                 "Levels of the reading core's PPI inputs", "DDI 0471B 3.3.1", banked=True),
        Register("GICD_SPISR{n}", 0xD04,
                 (Field("SPI_STATUS", 0, 32, RO, "Bit i: SPI 32n+i", irq=32),),
                 "Levels of SPI inputs 32n to 32n+31", "DDI 0471B 3.3.2", count=WORDS),
        _grants("GICD_NSACR{n}", 0xE00, 1, 0, "_PRIVATE"),
        _grants("GICD_NSACR{n}", 0xE08, 2 * WORDS, 2, ""),
        Register(
            "GICD_SGIR", 0xF00,
            (Field("SGIINTID", 0, 4, WO, "The SGI to send"),
             Field("NSATT", 15, 1, WO, "Group of the SGI; Security Extensions only"),
             Field("CPUTargetList", 16, 8, WO, "Receivers, where the filter says so"),
             Field("TargetListFilter", 24, 2, WO, "Who receives",
                   ((0, "CPUTargetList"), (1, "all others"), (2, "the sender"), (3, "reserved")))),
            "Sends a software generated interrupt", "4.3.15",
            roles_of_write=(WriteRole(Role.SEND),), may_write=("GICD_SPENDSGIR", "GICD_ISPENDR0"),
        ),
        Register("GICD_CPENDSGIR{n}", 0xF10,
                 _bytes("SGI_CLEAR", W1C, "Bit i: core i has sent"),
                 "The cores that SGIs 4n to 4n+3 are pending from; a one clears", "4.3.16",
                 count=4, banked=True, packed=True, store="GICD_SPENDSGIR"),
        Register("GICD_SPENDSGIR{n}", 0xF20,
                 _bytes("SGI_SET", W1S, "Bit i: core i has sent"),
                 "The cores that SGIs 4n to 4n+3 are pending from; a one sets", "4.3.17",
                 count=4, banked=True, packed=True),
        *(Register(name, offset, (Field("ID", 0, 8, RO, _part_of(name)),),
                   "Identification", "DDI 0471B 3.2",
                   reset=value) for name, (offset, value) in IDENTITY.items()),
    ),
)  # fmt: skip


def _id_fields(number: str, access: Access, none: str = "spurious") -> tuple[Field, ...]:
    return (
        Field(number, 0, 10, access, "Interrupt ID",
              ((1022, "group 1, see GICC_CTLR.AckCtl"), (1023, none))),
        Field("CPUID", 10, 3, access, "The core that sent the SGI; zero for other interrupts"),
    )  # fmt: skip


ACTIVE_PRIORITIES = Field(
    "ACTIVE_PRIORITIES", 0, 32, doc="Bit i: the i-th group priority, from the highest, is active"
)


def _banked(name: str, offset: int, fields: tuple[Field, ...], doc: str, ref: str,
            reset: int = 0, reads: Role | None = None,
            writes: tuple[WriteRole, ...] = (), changed_by: str = "") -> Register:  # fmt: skip
    return Register(
        name, offset, fields, doc, ref, reset=reset, banked=True,
        role_of_read=reads, roles_of_write=writes, changed_by=changed_by,
    )  # fmt: skip


def _bypass(name: str, lsb: int, access: Access) -> Field:
    return Field(name, lsb, 1, access, f"{name[:3]} bypass")


CONTROL = (
    Field("EnableGrp0", 0, doc="Signal group 0 interrupts", values=(DISABLED, ENABLED)),
    Field("EnableGrp1", 1, doc="Signal group 1 interrupts", values=(DISABLED, ENABLED)),
    Field("AckCtl", 2, doc="GICC_IAR acknowledges group 1 interrupts too",
          values=((0, "IAR reads 1022"), (1, "IAR acknowledges"))),
    Field("FIQEn", 3, doc="Signal group 0 interrupts as FIQ", values=((0, "IRQ"), (1, "FIQ"))),
    Field("CBPR", 4, doc="Common binary point",
          values=((0, "group 1 uses GICC_ABPR"), (1, "both use GICC_BPR"))),
)  # fmt: skip
BYPASS = "FIQBypDisGrp0", "IRQBypDisGrp0", "FIQBypDisGrp1", "IRQBypDisGrp1"
MODES = ((0, "drop and deactivate"), (1, "drop only, GICC_DIR deactivates"))
SECURE_CONTROL = (
    *CONTROL,
    *(_bypass(name, 5 + n, RW) for n, name in enumerate(BYPASS)),
    Field("EOImodeS", 9, doc="What a secure access to GICC_EOIR does", values=MODES),
    Field("EOImodeNS", 10, doc="What GICC_AEOIR does, and a non-secure access to GICC_EOIR",
          values=MODES),
)  # fmt: skip
"""The fields of GICC_CTLR with the Security Extensions, for secure accesses (table 4-31)."""

GICC = RegisterTable(
    __name__,
    "GICC",
    "GIC-400 CPU interface",
    size=0x2000,
    ref="DDI 0471B 3.4",
    raz_wi=True,
    registers=(
        _banked(
            "GICC_CTLR", 0x0000,
            (*CONTROL, *(_bypass(name, 5 + n, RES0) for n, name in enumerate(BYPASS)),
             Field("EOImode", 9, doc="What GICC_EOIR does", values=MODES)),
            "CPU interface control", "4.4.1",
        ),
        _banked("GICC_PMR", 0x0004, (Field("Priority", 0, 8, doc="The mask", hex_shift=0),),
                "Only interrupts of higher priority (a lower value) are signalled", "4.4.2"),
        _banked("GICC_BPR", 0x0008,
                (Field("Binary_point", 0, 3, doc="Bits N:0 of a priority do not pre-empt"),),
                "Splits a priority into group priority and subpriority", "4.4.3"),
        _banked("GICC_IAR", 0x000C, _id_fields("INTERRUPT_ID", RO),
                "A read acknowledges the signalled interrupt", "4.4.4", 0x3FF,
                reads=Role.ACKNOWLEDGE),
        _banked("GICC_EOIR", 0x0010, _id_fields("EOIINTID", WO),
                "A write of what GICC_IAR gave ends the interrupt", "4.4.5",
                writes=(WriteRole(Role.END),)),
        _banked("GICC_RPR", 0x0014,
                (Field("Priority", 0, 8, RO, values=((255, "idle"),), hex_shift=0),),
                "Group priority of the active interrupt", "4.4.6", 0xFF, changed_by="GICC_EOIR"),
        _banked("GICC_HPPIR", 0x0018, _id_fields("PENDINTID", RO, "none to take"),
                "The pending interrupt of highest priority; without effect", "4.4.7", 0x3FF),
        _banked("GICC_ABPR", 0x001C,
                (Field("Binary_point", 0, 3, doc="Bits N-1:0 of a priority do not pre-empt"),),
                "The binary point of group 1 interrupts", "4.4.8"),
        _banked("GICC_AIAR", 0x0020, _id_fields("INTERRUPT_ID", RO),
                "A read acknowledges the signalled interrupt if it is in group 1", "4.4.9", 0x3FF,
                reads=Role.ACKNOWLEDGE),
        _banked("GICC_AEOIR", 0x0024, _id_fields("INTERRUPT_ID", WO),
                "A write of what GICC_AIAR gave ends the interrupt", "4.4.10",
                writes=(WriteRole(Role.END),)),
        _banked("GICC_AHPPIR", 0x0028, _id_fields("PENDINTID", RO, "none to take"),
                "As GICC_HPPIR, for a group 1 interrupt", "4.4.11", 0x3FF),
        Register("GICC_APR{n}", 0x00D0, (ACTIVE_PRIORITIES,),
                 "Group priorities that are active, group 0", "4.4.12",
                 count=4, banked=True, packed=True),
        Register("GICC_NSAPR{n}", 0x00E0, (ACTIVE_PRIORITIES,),
                 "Group priorities that are active, group 1", "4.4.13",
                 count=4, banked=True, packed=True),
        _banked(
            "GICC_IIDR", 0x00FC,
            (Field("Implementer", 0, 12, RO, "JEP106 code", ((0x43B, "Arm"),)),
             Field("Revision", 12, 4, RO, "Revision of the CPU interface"),
             Field("Architecture_version", 16, 4, RO, values=((2, "GICv2"),)),
             Field("ProductID", 20, 12, RO, values=((0x20, "GIC-400"),))),
            "CPU interface identification", "4.4.14; DDI 0471B 3.5.3", 0x0202_143B,
        ),
        _banked("GICC_DIR", 0x1000, _id_fields("INTERRUPT_ID", WO),
                "Deactivates an interrupt, where EOImode leaves that to it", "4.4.15",
                writes=(WriteRole(Role.END),)),
    ),
)  # fmt: skip
