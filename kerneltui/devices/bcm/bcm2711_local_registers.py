"""The registers of the BCM2711's block beside the cores (BCM2711 ARM Peripherals, 6.5.2).

It is that of the BCM2836, with other names; bits and their names are those of QA7, revision 3.4.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from kerneltui.devices.bcm.bcm2836_local_ic_registers import BCM2836_LOCAL
from kerneltui.hw.register import TAG, Field, Register, RegisterTable

NAMES = {
    "CONTROL": "ARM_CONTROL",
    "CORE_TIMER_PRESCALER": "CORE_TIMER_PRESCALER",
    "GPU_INTERRUPT_ROUTING": "CORE_IRQ_CONTROL",
    "PMU_INTERRUPT_ROUTING_SET": "PMU_CONTROL_SET",
    "PMU_INTERRUPT_ROUTING_CLEAR": "PMU_CONTROL_CLR",
    "CORE_TIMER_ACCESS_LS": "CORE_TIMER_ACCESS_LS",
    "CORE_TIMER_ACCESS_MS": "CORE_TIMER_ACCESS_MS",
    "LOCAL_INTERRUPT_ROUTING": "PERI_IRQ_ROUTE0",
    "AXI_OUTSTANDING_COUNTERS": "AXI_OUTSTANDING_COUNTERS",
    "AXI_OUTSTANDING_IRQ": "AXI_QUIET_TIME",
    "LOCAL_TIMER_CONTROL_STATUS": "LOCAL_TIMER_CONTROL",
    "LOCAL_TIMER_CLEAR_RELOAD": "LOCAL_TIMER_IRQ",
    "CORE_TIMER_INTERRUPT_CONTROL": "TIMER_CNTRL{n}",
    "CORE_MAILBOX_INTERRUPT_CONTROL": "MAILBOX_CNTRL{n}",
    "CORE_INTERRUPT_SOURCE": "IRQ_SOURCE{n}",
    "CORE_FIQ_SOURCE": "FIQ_SOURCE{n}",
    "MAILBOX_SET": "MBOX_SET{n}",
    "MAILBOX_CLEAR": "MBOX_CLR{n}",
}
"""What QA7 calls a register, and what the manual of the BCM2711 does."""
STEMS = {old: new.replace("{n}", "") for old, new in NAMES.items()}


def _renamed(register: Register) -> Register:
    """The same register under its new name; its state keeps the name that the code knows."""
    changes: dict[str, Any] = {
        "name": NAMES[register.stem],
        "store": register.store_name,
        "ref": "6.5.2",
        "changed_by": STEMS.get(register.changed_by, ""),
        "may_write": tuple(STEMS[stem] for stem in register.may_write),
    }
    if register.stem == "GPU_INTERRUPT_ROUTING":
        changes["fields"] = (Field("VC_IRQ", 0, 8, TAG, "Interrupts to the VideoCore"),)
        changes["doc"] = "Control of interrupts to the VideoCore"
    return replace(register, **changes)


BCM2711_LOCAL = RegisterTable(
    __name__,
    "BCM2711_LOCAL",
    "BCM2711 ARM local block",
    size=0x100,
    ref="BCM2711 ARM Peripherals, 6.5.2",
    registers=tuple(_renamed(register) for register in BCM2836_LOCAL.registers),
    also_known=tuple((old, new) for old, new in STEMS.items() if old != new),
)
