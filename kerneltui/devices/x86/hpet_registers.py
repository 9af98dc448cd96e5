"""The registers of the HPET, as IA-PC HPET Specification 1.0a lists them (2.3)."""

from __future__ import annotations

from kerneltui.hw.register import (
    RO,
    RW,
    RW1C,
    TAG,
    WO,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)

MOST_TIMERS = 24
"""As many as fit into the block's 1 KiB (2.3.2)."""

_TIMER_STRIDE = 0x20

_TRIGGER = ((0, "edge"), (1, "level"))
_KIND = ((0, "one-shot"), (1, "periodic"))

HPET = RegisterTable(
    __name__,
    "HPET",
    "High Precision Event Timers",
    size=0x400,
    ref="IA-PC HPET Specification 1.0a, 2.3",
    registers=(
        Register(
            "GCAP_ID", 0x000,
            (
                Field("REV_ID", 0, 8, RO, "Revision; never 0"),
                Field("NUM_TIM_CAP", 8, 5, RO, "Number of the last timer"),
                Field("COUNT_SIZE_CAP", 13, 1, RO, "Main counter",
                      ((0, "32 bits"), (1, "64 bits"))),
                Field("LEG_RT_CAP", 15, 1, RO, "Legacy replacement routing is there"),
                Field("VENDOR_ID", 16, 16, RO, "As in PCI"),
                Field("COUNTER_CLK_PERIOD", 32, 32, RO, "Period of the main counter in fs"),
            ),
            "General capabilities and identification", "HPET 1.0a 2.3.4", width=64,
        ),
        Register(
            "GEN_CONF", 0x010,
            (
                Field("ENABLE_CNF", 0, 1, RW, "Main counter runs, timers may interrupt"),
                Field("LEG_RT_CNF", 1, 1, RW, "Timers 0 and 1 take the place of 8254 and RTC"),
            ),
            "General configuration", "HPET 1.0a 2.3.5", width=64,
        ),
        Register(
            "GINTR_STA", 0x020, (Field("Tn_INT_STS", 0, 32, RW1C, "Level-triggered timers up"),),
            "General interrupt status; write one to clear", "HPET 1.0a 2.3.6", width=64,
            roles_of_write=(WriteRole(Role.QUIET),),
        ),
        Register(
            "MAIN_CNT", 0x0F0, (Field("COUNTER_VAL", 0, 64, RW, "Counter"),),
            "Main counter; written only while halted", "HPET 1.0a 2.3.7", width=64, volatile=True,
        ),
        Register(
            "T{n}_CONF_CAP", 0x100,
            (
                Field("Tn_INT_TYPE_CNF", 1, 1, RW, "Trigger", _TRIGGER),
                Field("Tn_INT_ENB_CNF", 2, 1, RW, "Timer interrupts"),
                Field("Tn_TYPE_CNF", 3, 1, RW, "Kind of timer", _KIND),
                Field("Tn_PER_INT_CAP", 4, 1, RO, "Periodic mode is there"),
                Field("Tn_SIZE_CAP", 5, 1, RO, "Timer", ((0, "32 bits"), (1, "64 bits"))),
                Field("Tn_VAL_SET_CNF", 6, 1, WO,
                      "The next write of a periodic timer's comparator sets its accumulator too"),
                Field("Tn_32MODE_CNF", 8, 1, RW, "A timer of 64 bits acts as one of 32"),
                Field("Tn_INT_ROUTE_CNF", 9, 5, RW, "I/O APIC input"),
                Field("Tn_FSB_EN_CNF", 14, 1, TAG, "Interrupts as messages"),
                Field("Tn_FSB_INT_DEL_CAP", 15, 1, RO, "Messages are there: no"),
                Field("Tn_INT_ROUTE_CAP", 32, 32, RO, "I/O APIC inputs that can be chosen"),
            ),
            "Timer n configuration and capabilities", "HPET 1.0a 2.3.8",
            width=64, count=MOST_TIMERS, stride=_TIMER_STRIDE, may_write=("T_COMP", "GINTR_STA"),
        ),
        Register(
            "T{n}_COMP", 0x108, (Field("Tn_COMP", 0, 64, RW, "Compare value"),),
            "Timer n comparator; in periodic mode a write gives the period, and a read the value "
            "of the next match", "HPET 1.0a 2.3.9",
            width=64, count=MOST_TIMERS, stride=_TIMER_STRIDE,
            roles_of_write=(WriteRole(Role.ARM),),
        ),
        Register(
            "T{n}_FSB_ROUTE", 0x110,
            (
                Field("Tn_FSB_INT_VAL", 0, 32, TAG, "Value of the message"),
                Field("Tn_FSB_INT_ADDR", 32, 32, TAG, "Address of the message", hex_shift=0),
            ),
            "Timer n FSB interrupt route", "HPET 1.0a 2.3.10",
            width=64, count=MOST_TIMERS, stride=_TIMER_STRIDE,
        ),
    ),
)  # fmt: skip
