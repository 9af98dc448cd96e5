"""Registers of the local APIC.

Document: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3A, order number
253668, chapter "Advanced Programmable Interrupt Controller (APIC)" (chapter 10, in later issues 11
and 12; sections are cited with chapter 10's numbers).
"""

from __future__ import annotations

from kerneltui.hw.register import (
    MSRS,
    RES0,
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

FIXED, LOWEST_PRIORITY, SMI, NMI, INIT, STARTUP, EXTINT = 0, 1, 2, 4, 5, 6, 7
"""Delivery modes, as the ICR, the local vector table and I/O APICs encode them (10.6.1)."""

ONE_SHOT, PERIODIC, TSC_DEADLINE = 0, 1, 2
"""Modes of the timer (10.5.4)."""

DEFAULT_BASE = 0xFEE0_0000

MODES = (
    (FIXED, "fixed"), (LOWEST_PRIORITY, "lowest priority"), (SMI, "SMI"), (NMI, "NMI"),
    (INIT, "INIT"), (STARTUP, "start-up"), (EXTINT, "ExtINT"),
)  # fmt: skip
LOCAL_MODES = tuple(mode for mode in MODES if mode[0] not in {LOWEST_PRIORITY, STARTUP})

_MASK = Field("MASK", 16, 1, doc="Interrupt masked")
_IDLE = Field("DELIVERY_STATUS", 12, 1, RO, "Idle (0): delivery takes no time here")
_VECTOR = Field("VECTOR", 0, 8, doc="Interrupt vector, 16 to 255", hex_shift=0)
_MODE = Field("DELIVERY_MODE", 8, 3, doc="What is delivered", values=LOCAL_MODES)


def _lvt(
    name: str, offset: int, doc: str, *fields: Field, may_write: tuple[str, ...] = ()
) -> Register:
    return Register(
        name, offset, (_VECTOR, *fields, _IDLE, _MASK), f"Local vector table: {doc}",
        "SDM 3A 10.5.1", banked=True, reset=_MASK.mask, may_write=may_write,
    )  # fmt: skip


def _lint(number: int, offset: int) -> Register:
    return _lvt(
        f"LVT_LINT{number}", offset, f"the pin LINT{number}", _MODE,
        Field("POLARITY", 13, 1, doc="Active low; kept, but a line here says whether it is active"),
        Field("REMOTE_IRR", 14, 1, RO, "A fixed level interrupt was accepted and not yet ended"),
        Field("TRIGGER", 15, 1, doc="For fixed delivery at LINT0: level, not edge"),
    )  # fmt: skip


def _vectors(name: str, offset: int, doc: str, changed_by: str = "") -> Register:
    return Register(
        f"{name}{{n}}", offset, (Field("VECTORS", 0, 32, RO, doc, irq=0),), doc, "SDM 3A 10.8.4",
        count=8, stride=0x10, banked=True, packed=True, changed_by=changed_by,
    )  # fmt: skip


def _priority(
    name: str, offset: int, access: Access, doc: str, ref: str, changed_by: str = ""
) -> Register:
    fields = (
        Field("SUB_CLASS", 0, 4, access, "Sub-class; decides nothing"),
        Field("CLASS", 4, 4, access, "Priority class, as bits 7:4 of a vector"),
    )
    return Register(name, offset, fields, doc, ref, banked=True, changed_by=changed_by)


LOCAL_APIC = RegisterTable(
    __name__,
    "LOCAL_APIC",
    "Local APIC",
    size=0x1000,
    ref="Intel SDM 3A, Advanced Programmable Interrupt Controller",
    registers=(
        Register("APIC_ID", 0x020, (Field("ID", 24, 8, doc="Physical destinations match it"),),
                 "Local APIC ID", "SDM 3A 10.4.6", banked=True, kept_by_reset=True),
        Register(
            "APIC_VERSION", 0x030,
            (
                Field("VERSION", 0, 8, RO, "10h to 15h: integrated APIC"),
                Field("MAX_LVT", 16, 8, RO, "Entries of the local vector table, less one"),
                Field("DIRECTED_EOI", 24, 1, RO, "EOI broadcasts can be suppressed"),
            ),
            "Local APIC version", "SDM 3A 10.4.8", banked=True, kept_by_reset=True,
        ),
        _priority("TPR", 0x080, Access.RW, "Task priority: only higher classes interrupt",
                  "SDM 3A 10.8.3.1"),
        _priority("APR", 0x090, RO, "Arbitration priority; reads 0, as since the Pentium 4",
                  "SDM 3A 10.6.2.4"),
        _priority("PPR", 0x0A0, RO, "Processor priority: of the task, or of what is in service",
                  "SDM 3A 10.8.3.1", "TPR"),
        Register("EOI", 0x0B0, (Field("EOI", 0, 32, WO, "Any value, 0 is advised"),),
                 "Ends the interrupt of highest priority in service", "SDM 3A 10.8.5", banked=True,
                 roles_of_write=(WriteRole(Role.END),)),
        Register("RRD", 0x0C0, (Field("DATA", 0, 32, TAG, "Not since the Pentium 4"),),
                 "Remote read", "SDM 3A 10.4.1", banked=True),
        Register("LDR", 0x0D0, (Field("LOGICAL_ID", 24, 8, doc="Logical destinations match it"),),
                 "Logical destination", "SDM 3A 10.6.2.2", banked=True),
        Register(
            "DFR", 0x0E0,
            (
                Field("RESERVED", 0, 28, RO, "All ones"),
                Field("MODEL", 28, 4, doc="How logical destinations are matched",
                      values=((0xF, "flat"), (0x0, "cluster"))),
            ),
            "Destination format", "SDM 3A 10.6.2.2", banked=True, reset=0xFFFF_FFFF,
        ),
        Register(
            "SVR", 0x0F0,
            (
                Field("VECTOR", 0, 8, doc="Taken when the interrupt is held back meanwhile",
                      hex_shift=0),
                Field("ENABLE", 8, 1, doc="APIC software enable"),
                Field("FOCUS", 9, 1, TAG, "Focus checking; not since the Pentium 4"),
                Field("SUPPRESS_BROADCAST", 12, 1, doc="An EOI is not told to I/O APICs"),
            ),
            "Spurious interrupt vector, and software enable", "SDM 3A 10.9",
            banked=True, reset=0xFF,
            may_write=("LVT_CMCI", "LVT_TIMER", "LVT_THERMAL", "LVT_PMI", "LVT_LINT0", "LVT_LINT1",
                       "LVT_ERROR"),
        ),
        _vectors("ISR", 0x100, "In service: taken, and not yet ended", changed_by="EOI"),
        _vectors("TMR", 0x180, "Accepted as level triggered: the EOI is told to I/O APICs"),
        _vectors("IRR", 0x200, "Requested: accepted, and not yet taken", changed_by="ICR_LOW"),
        Register(
            "ESR", 0x280,
            (
                Field("SEND_CHECKSUM", 0, 1, RO, "Not since the Pentium 4"),
                Field("RECEIVE_CHECKSUM", 1, 1, RO, "Not since the Pentium 4"),
                Field("SEND_ACCEPT", 2, 1, RO, "Not since the Pentium 4"),
                Field("RECEIVE_ACCEPT", 3, 1, RO, "Not since the Pentium 4"),
                Field("REDIRECTABLE_IPI", 4, 1, RO, "Where lowest priority IPIs are not supported"),
                Field("SEND_ILLEGAL_VECTOR", 5, 1, RO, "Sent a vector of 0 to 15"),
                Field("RECEIVE_ILLEGAL_VECTOR", 6, 1, RO, "Received a vector of 0 to 15"),
                Field("ILLEGAL_ADDRESS", 7, 1, RO, "A reserved address was accessed"),
            ),
            "Errors up to the last write, which may be of any value", "SDM 3A 10.5.3", banked=True,
        ),
        _lvt("LVT_CMCI", 0x2F0, "corrected machine checks", _MODE),
        Register(
            "ICR_LOW", 0x300,
            (
                _VECTOR,
                Field("DELIVERY_MODE", 8, 3, doc="What is sent", values=MODES),
                Field("DESTINATION_MODE", 11, 1, values=((0, "physical"), (1, "logical"))),
                _IDLE,
                Field("LEVEL", 14, 1, doc="0 only for INIT level de-assert"),
                Field("TRIGGER", 15, 1, doc="1 only for INIT level de-assert"),
                Field("SHORTHAND", 18, 2, values=(
                    (0, "none"), (1, "self"), (2, "all"), (3, "all but self"))),
            ),
            "Interrupt command: a write sends", "SDM 3A 10.6.1", banked=True,
            roles_of_write=(WriteRole(Role.SEND),),
        ),
        Register("ICR_HIGH", 0x310, (Field("DESTINATION", 24, 8, doc="Whom to send to"),),
                 "Interrupt command: destination", "SDM 3A 10.6.1", banked=True),
        _lvt("LVT_TIMER", 0x320, "the timer",
             Field("MODE", 17, 2, values=((ONE_SHOT, "one-shot"), (PERIODIC, "periodic"),
                                          (TSC_DEADLINE, "TSC-deadline"))),
             may_write=("LOCAL_APIC_MSR.IA32_TSC_DEADLINE",)),
        _lvt("LVT_THERMAL", 0x330, "the thermal sensor", _MODE),
        _lvt("LVT_PMI", 0x340, "performance counters; an interrupt sets the mask", _MODE),
        _lint(0, 0x350),
        _lint(1, 0x360),
        _lvt("LVT_ERROR", 0x370, "errors of the APIC itself"),
        Register("INIT_COUNT", 0x380, (Field("COUNT", 0, 32, doc="What the timer counts from"),),
                 "Timer initial count: a write starts it, 0 stops it", "SDM 3A 10.5.4",
                 banked=True,
                 roles_of_write=(WriteRole(Role.DISARM, "COUNT", 0), WriteRole(Role.ARM))),
        Register("CUR_COUNT", 0x390, (Field("COUNT", 0, 32, RO, "What is left"),),
                 "Timer current count", "SDM 3A 10.5.4", banked=True, volatile=True,
                 changed_by="INIT_COUNT"),
        Register(
            "DIV_CONF", 0x3E0,
            (
                Field("DIVIDE_LOW", 0, 2, doc="Bits 1:0 of 0 to 7: divide by 2 to 128, 7: by 1"),
                Field("RESERVED", 2, 1, RES0, "Zero"),
                Field("DIVIDE_HIGH", 3, 1, doc="Bit 2 of it"),
            ),
            "Timer divide configuration", "SDM 3A 10.5.4", banked=True,
        ),
    ),
)  # fmt: skip

VECTOR, DELIVERY_MODE, REMOTE_IRR, LEVEL_TRIGGERED, MASKED = LOCAL_APIC["LVT_LINT0"].masks(
    "VECTOR", "DELIVERY_MODE", "REMOTE_IRR", "TRIGGER", "MASK"
)
MODE_SHIFT = LOCAL_APIC["LVT_LINT0"]["DELIVERY_MODE"].lsb
"""The same in all entries of the local vector table, and in the ICR."""
ASSERT = LOCAL_APIC["ICR_LOW"]["LEVEL"].mask
SEND_ILLEGAL_VECTOR, RECEIVE_ILLEGAL_VECTOR, ILLEGAL_ADDRESS = LOCAL_APIC["ESR"].masks(
    "SEND_ILLEGAL_VECTOR", "RECEIVE_ILLEGAL_VECTOR", "ILLEGAL_ADDRESS"
)
ENABLED, SUPPRESS_BROADCAST = LOCAL_APIC["SVR"].masks("ENABLE", "SUPPRESS_BROADCAST")
ID_SHIFT = LOCAL_APIC["APIC_ID"]["ID"].lsb
CLASS_SHIFT = LOCAL_APIC["TPR"]["CLASS"].lsb
FIRST_LEGAL = 16
"""Vectors below are refused wherever they come from (SDM 3A 10.5.2)."""


def delivery_mode(value: int) -> int:
    """What an entry of the local vector table, or the ICR, says of delivery."""
    return (value & DELIVERY_MODE) >> MODE_SHIFT


APIC_BASE, TSC_DEADLINE_MSR = 0x1B, 0x6E0
_ENABLE = Field("EN", 11, 1, doc="APIC global enable; 0 resets the APIC")

LOCAL_APIC_MSR = RegisterTable(
    __name__,
    "LOCAL_APIC_MSR",
    "Local APIC, model-specific registers",
    size=TSC_DEADLINE_MSR - APIC_BASE + 1,
    space=MSRS,
    ref="Intel SDM 3A 10.4.4 and 10.5.4.1",
    byte_addressed=False,
    base=APIC_BASE,
    registers=(
        Register(
            "IA32_APIC_BASE", 0,
            (
                Field("BSP", 8, 1, RO, "Bootstrap processor"),
                Field("EXTD", 10, 1, RES0, "x2APIC mode, which is not there"),
                _ENABLE,
                Field("BASE", 12, 24, doc="Where the registers lie, in pages; kept, not acted on",
                      hex_shift=12),
            ),
            "APIC base address and global enable", "SDM 3A 10.4.4",
            width=64, banked=True, reset=DEFAULT_BASE | _ENABLE.mask, kept_by_reset=True,
        ),
        Register("IA32_TSC_DEADLINE", TSC_DEADLINE_MSR - APIC_BASE,
                 (Field("DEADLINE", 0, 64, doc="Time-stamp counter value; 0 disarms"),),
                 "When the timer interrupts in TSC-deadline mode", "SDM 3A 10.5.4.1",
                 width=64, banked=True,
                 roles_of_write=(WriteRole(Role.DISARM, "DEADLINE", 0), WriteRole(Role.ARM))),
    ),
)  # fmt: skip

BSP, GLOBAL_ENABLE = LOCAL_APIC_MSR["IA32_APIC_BASE"].masks("BSP", "EN")
