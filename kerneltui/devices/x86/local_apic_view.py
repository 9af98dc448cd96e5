"""A picture of a local APIC: what a panel of its own shows."""

from __future__ import annotations

import msgspec

from kerneltui.hw.by_name import fields, meaning, peek
from kerneltui.hw.register_file import RegisterFile

LVT = ("TIMER", "CMCI", "THERMAL", "PMI", "LINT0", "LINT1", "ERROR")
BITMAP_WORDS, WORD_BITS = 8, 32


class LvtView(msgspec.Struct, frozen=True):
    """One entry of a local vector table."""

    name: str
    vector: int
    mode: str
    masked: bool


class LocalApicView(msgspec.Struct, frozen=True):
    """The local APIC of one core."""

    core: int
    ident: int
    """its APIC ID"""
    is_on: bool
    """globally: without, there is as good as no APIC"""
    enabled: bool
    """by software, in the SVR"""
    tpr: int
    ppr: int
    irr: int
    """256 bits, one for each vector, as ISR and TMR"""
    isr: int
    tmr: int
    lvt: tuple[LvtView, ...]
    timer_mode: str
    timer_initial: int
    timer_current: int
    timer_divide: int
    timer_deadline: int
    """in ticks of the time-stamp counter; 0 when none is armed"""
    errors: tuple[str, ...]
    """the bits that are set in the ESR"""


def local_apic_view(file: RegisterFile, msrs: RegisterFile, cpu: int) -> LocalApicView:
    """That of core ``cpu``."""
    from kerneltui.devices.x86.local_apic_timer import divisor  # a board without one has no need

    def bitmap(stem: str) -> int:
        words = (peek(file, stem, cpu, word) << WORD_BITS * word for word in range(BITMAP_WORDS))
        return sum(words)

    lvt_timer, esr = file.table["LVT_TIMER"], file.table["ESR"]
    mode = fields(lvt_timer, peek(file, "LVT_TIMER", cpu))["MODE"]
    errors = fields(esr, peek(file, "ESR", cpu))
    return LocalApicView(
        core=cpu,
        ident=peek(file, "APIC_ID", cpu) >> 24,
        is_on=fields(msrs.table["IA32_APIC_BASE"], peek(msrs, "IA32_APIC_BASE", cpu))["EN"] != 0,
        enabled=fields(file.table["SVR"], peek(file, "SVR", cpu))["ENABLE"] != 0,
        tpr=peek(file, "TPR", cpu),
        ppr=peek(file, "PPR", cpu),
        irr=bitmap("IRR"),
        isr=bitmap("ISR"),
        tmr=bitmap("TMR"),
        lvt=tuple(_lvt(file, name, cpu) for name in LVT),
        timer_mode=meaning(lvt_timer, "MODE", mode),
        timer_initial=peek(file, "INIT_COUNT", cpu),
        timer_current=peek(file, "CUR_COUNT", cpu),
        timer_divide=divisor(peek(file, "DIV_CONF", cpu)),
        timer_deadline=peek(msrs, "IA32_TSC_DEADLINE", cpu),
        errors=tuple(name for name, value in errors.items() if value),
    )


def _lvt(file: RegisterFile, name: str, cpu: int) -> LvtView:
    """Those of timer and errors have no delivery mode: they are fixed (SDM 3A, 10.5.1)."""
    register = file.table[f"LVT_{name}"]
    found = fields(register, peek(file, register.stem, cpu))
    mode = found.get("DELIVERY_MODE", 0)
    told = meaning(register, "DELIVERY_MODE", mode) if "DELIVERY_MODE" in found else "fixed"
    return LvtView(name, found["VECTOR"], told, found["MASK"] != 0)
