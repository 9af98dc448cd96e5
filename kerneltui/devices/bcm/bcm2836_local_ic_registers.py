"""The registers of the BCM2836 local interrupt controller (QA7, revision 3.4, chapter 4)."""

from __future__ import annotations

from kerneltui.hw.register import (
    RO,
    TAG,
    W1C,
    W1S,
    WO,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)

CORES = 4
EVERY_CORE = tuple(range(CORES))
MAILBOXES = 4
SOURCE_NAMES = (
    "CNTPSIRQ", "CNTPNSIRQ", "CNTHPIRQ", "CNTVIRQ",
    "MAILBOX0", "MAILBOX1", "MAILBOX2", "MAILBOX3", "GPU", "PMU", "AXI", "LOCAL_TIMER",
)  # fmt: skip


FIQ_SHIFT = 4
"""A routing register has the FIQ bit of a source so many bits above its IRQ bit (3.2.1)."""


def _routing(names: tuple[str, ...]) -> tuple[Field, ...]:
    """Four IRQ bits, and four FIQ bits that override them (3.2.1)."""
    return tuple(
        Field(f"{name}_{kind}", place + FIQ_SHIFT * fiq, 1, doc=f"Route {name} to {kind}")
        for fiq, kind in enumerate(("IRQ", "FIQ"))
        for place, name in enumerate(names)
    )


_PMU_ROUTING = tuple(
    (f"PMU{core}_{kind}", core + FIQ_SHIFT * fiq, f"Route the PMU of core {core} to {kind}")
    for fiq, kind in enumerate(("IRQ", "FIQ"))
    for core in EVERY_CORE
)
_CORES = tuple((core, f"core {core}") for core in EVERY_CORE)
_SOURCES = (
    "the secure physical timer", "the non-secure physical timer", "the hypervisor's timer",
    "the virtual timer", "mailbox 0", "mailbox 1", "mailbox 2", "mailbox 3",
    "the peripherals' controller", "the performance monitor", "a bus that has been quiet",
    "the local timer",
)  # fmt: skip
_SOURCE_FIELDS = tuple(
    Field(name, n, 1, RO, f"It is from {said}")
    for n, (name, said) in enumerate(zip(SOURCE_NAMES, _SOURCES, strict=True))
)

BCM2836_LOCAL = RegisterTable(
    __name__,
    "BCM2836_LOCAL",
    "BCM2836 local interrupt controller",
    size=0x100,
    ref="QA7 rev 3.4, ch. 4",
    registers=(
        Register(
            "CONTROL", 0x00,
            (Field("CORE_TIMER_CLOCK", 8, 1, TAG, "Core timer counts the crystal or APB clock"),
             Field("CORE_TIMER_INCREMENT", 9, 1, TAG, "Core timer steps by 1 or 2")),
            "Clock of the 64-bit core timer", "4.2",
        ),
        Register("CORE_TIMER_PRESCALER", 0x08,
                 (Field("PRESCALER", 0, 32, TAG, "2^31 divides by 1"),),
                 "Core timer frequency = prescaler / 2^31 * input frequency", "3.1.1, 4.3",
                 reset=0x8000_0000),
        Register(
            "GPU_INTERRUPT_ROUTING", 0x0C,
            (Field("GPU_IRQ", 0, 2, doc="The core whose IRQ is the GPU's", values=_CORES),
             Field("GPU_FIQ", 2, 2, doc="The core whose FIQ is the GPU's", values=_CORES)),
            "Which cores get the interrupts of the peripheral interrupt controller", "4.4",
        ),
        Register("PMU_INTERRUPT_ROUTING_SET", 0x10,
                 tuple(Field(name, lsb, 1, W1S, doc) for name, lsb, doc in _PMU_ROUTING),
                 "Performance monitor routing; a FIQ bit overrides the IRQ bit", "4.5",
                 store="PMU_ROUTING"),
        Register("PMU_INTERRUPT_ROUTING_CLEAR", 0x14,
                 tuple(Field(name, lsb, 1, W1C, doc) for name, lsb, doc in _PMU_ROUTING),
                 "Performance monitor routing; a FIQ bit overrides the IRQ bit", "4.5",
                 store="PMU_ROUTING"),
        Register("CORE_TIMER_ACCESS_LS", 0x1C, (Field("COUNT", 0, 32, TAG, "Bits 31:0"),),
                 "Core timer; a read holds the high half for CORE_TIMER_ACCESS_MS", "3.1.2, 4.3",
                 volatile=True),
        Register("CORE_TIMER_ACCESS_MS", 0x20, (Field("COUNT", 0, 32, TAG, "Bits 63:32"),),
                 "Core timer: the high half as it was at the last read of the low one",
                 "3.1.2, 4.3", volatile=True),
        Register(
            "LOCAL_INTERRUPT_ROUTING", 0x24,
            (Field("CORE", 0, 2, doc="The core that gets the local timer", values=_CORES),
             Field("FIQ", 2, 1, doc="As", values=((0, "IRQ"), (1, "FIQ")))),
            "Where local interrupt 0, the local timer, goes", "4.11",
        ),
        Register(
            "AXI_OUTSTANDING_COUNTERS", 0x2C,
            (Field("READS", 0, 10, RO, "Reads under way; none on this bus outlasts a load"),
             Field("WRITES", 16, 10, RO, "Writes under way")),
            "Outstanding transactions of core 0", "4.8",
        ),
        Register(
            "AXI_OUTSTANDING_IRQ", 0x30,
            (Field("TIMEOUT", 0, 20, TAG, "Quiet time before the interrupt"),
             Field("ENABLE", 20, 1, doc="Interrupt core 0 when the bus has been quiet")),
            "Interrupt when no transaction has been under way for a time", "4.8",
        ),
        Register(
            "LOCAL_TIMER_CONTROL_STATUS", 0x34,
            (Field("RELOAD", 0, 28, doc="Period in edges of the crystal's clock"),
             Field("TIMER_ENABLE", 28, 1, doc="Count down"),
             Field("INTERRUPT_ENABLE", 29, 1, doc="Interrupt while the flag is set"),
             Field("INTERRUPT_FLAG", 31, 1, RO, "Set at each re-load")),
            "Local timer control and status", "4.11", changed_by="LOCAL_TIMER_CLEAR_RELOAD",
        ),
        Register(
            "LOCAL_TIMER_CLEAR_RELOAD", 0x38,
            (Field("RELOAD", 30, 1, WO, "Re-load now, without an interrupt"),
             Field("INTERRUPT_FLAG_CLEAR", 31, 1, WO, "Clear the interrupt flag")),
            "Local timer interrupt clear and re-load", "4.11",
            roles_of_write=(WriteRole(Role.QUIET, "INTERRUPT_FLAG_CLEAR", 1),),
        ),
        Register("CORE{n}_TIMER_INTERRUPT_CONTROL", 0x40, _routing(SOURCE_NAMES[:4]),
                 "Routing of the core's generic timer interrupts", "4.6", count=CORES),
        Register("CORE{n}_MAILBOX_INTERRUPT_CONTROL", 0x50, _routing(SOURCE_NAMES[4:8]),
                 "Routing of the core's mailbox interrupts", "4.7", count=CORES),
        Register("CORE{n}_INTERRUPT_SOURCE", 0x60, _SOURCE_FIELDS,
                 "What raises the core's IRQ", "4.10", count=CORES, role_of_read=Role.IDENTIFY),
        Register("CORE{n}_FIQ_SOURCE", 0x70, _SOURCE_FIELDS,
                 "What raises the core's FIQ", "4.10", count=CORES, role_of_read=Role.IDENTIFY),
        Register("MAILBOX{n}_SET", 0x80, (Field("BITS", 0, 32, WO, "A one sets the bit"),),
                 "Mailbox write-set; mailboxes 4 * c to 4 * c + 3 interrupt core c", "3.3",
                 count=CORES * MAILBOXES, roles_of_write=(WriteRole(Role.SEND),),
                 may_write=("MAILBOX_CLEAR",)),
        Register("MAILBOX{n}_CLEAR", 0xC0, (Field("BITS", 0, 32, W1C, "A one clears the bit"),),
                 "Mailbox read and write-clear", "3.3", count=CORES * MAILBOXES,
                 roles_of_write=(WriteRole(Role.QUIET),)),
    ),
)  # fmt: skip
