"""How exceptions are taken and returned from, at EL0 to EL3.

Document: Arm Architecture Reference Manual for A-profile, DDI 0487, chapter D1: D1.3.1 (entry),
D1.3.2 (return), D1.3.6 (routing and masks of interrupts).  The engine executes instructions; where
an exception leads is decided here.  Not modelled: AArch32, virtual interrupts, SError.
"""

from __future__ import annotations

from kerneltui.machine.aarch64_registers import MASK_ALL, MASK_F, MASK_I
from kerneltui.machine.native import system_registers as sr
from kerneltui.machine.native.engine import Engine

SYNC, IRQ, FIQ = "sync", "irq", "fiq"
VECTORS = {SYNC: 0x000, IRQ: 0x080, FIQ: 0x100}
"""Offsets from VBAR_ELx, from the current level with SP_EL0 (D1.3.1, table D1-5)."""
WITH_OWN_SP, FROM_LOWER = 0x200, 0x400
PSTATE_KEPT = 0xF030_03CF
"""The bits of SPSR_ELx that a return takes: NZCV, SS, IL, DAIF and M."""
AARCH32 = 1 << 4
EC_ABORTS = {False: (0x24, 0x25), True: (0x20, 0x21)}
"""Exception classes of aborts, from a lower level and from the same: of data, and of a fetch."""
IL, EXTERNAL, WRITE = 1 << 25, 0x10, 1 << 6
"""Syndromes: a 32-bit instruction; a synchronous external abort; by a store."""


def level_of(pstate: int) -> int:
    """The exception level, 0 to 3."""
    return pstate >> 2 & 3


def target_of(kind: str, scr: int, hcr: int) -> int:
    """The exception level to which an interrupt goes (D1.3.6)."""
    to_el3, to_el2 = (sr.SCR_IRQ, sr.HCR_IMO) if kind == IRQ else (sr.SCR_FIQ, sr.HCR_FMO)
    if scr & to_el3:
        return 3
    return 2 if scr & sr.SCR_NS and hcr & (to_el2 | sr.HCR_TGE) else 1


def is_let_in(kind: str, pstate: int, target: int) -> bool:
    """Whether an interrupt that goes to a level is taken now (D1.3.6)."""
    level = level_of(pstate)
    if level != target:
        # What goes to EL2 or EL3 from below is not masked; to a level below it never goes.
        return level < target and (target > 1 or not pstate & _mask(kind))
    return not pstate & _mask(kind)


def _mask(kind: str) -> int:
    return MASK_I if kind == IRQ else MASK_F


class Banks:
    """The stack pointers that are not in use: the engine keeps all but that of EL3."""

    def __init__(self) -> None:
        self.sp_el3 = 0

    def store(self, engine: Engine, bank: int, value: int) -> None:
        """Put away the stack pointer of SP_EL0 (0) to SP_EL3 (3)."""
        if bank == 3:
            self.sp_el3 = value
        else:
            engine.set_system((sr.SP_EL0, sr.SP_EL1, sr.SP_EL2)[bank], value)

    def load(self, engine: Engine, bank: int) -> int:
        """The other way round."""
        return self.sp_el3 if bank == 3 else engine.system((sr.SP_EL0, sr.SP_EL1, sr.SP_EL2)[bank])


def _bank(pstate: int) -> int:
    return level_of(pstate) if pstate & 1 else 0


def _go_to_level(engine: Engine, banks: Banks, before: int, after: int) -> None:
    """Change PSTATE, and with it the stack pointer that is in use."""
    old, new = _bank(before), _bank(after)
    sp = engine.sp
    if old != new:
        banks.store(engine, old, sp)
        sp = banks.load(engine, new)
    engine.pstate = after
    # A store to a system register has the engine look at PSTATE anew.
    engine.set_system(sr.SP_EL0, engine.system(sr.SP_EL0))
    engine.sp = sp


def vector_of(kind: str, pstate: int, target: int) -> int:
    """The offset of its vector from VBAR of the level that it is taken to (table D1-5)."""
    if level_of(pstate) < target:
        return VECTORS[kind] + FROM_LOWER
    return VECTORS[kind] + (WITH_OWN_SP if pstate & 1 else 0)


def enter(engine: Engine, banks: Banks, kind: str, target: int) -> int:
    """Take an exception to a level (D1.3.1); answers the offset of its vector.

    The return address is the engine's PC.
    """
    pstate, pc = engine.pstate, engine.pc
    offset = vector_of(kind, pstate, target)
    _go_to_level(engine, banks, pstate, MASK_ALL | target << 2 | 1)
    engine.set_system(sr.SPSR[target], pstate)
    engine.set_system(sr.ELR[target], pc)
    engine.pc = engine.system(sr.VBAR[target]) + offset
    return offset


def why_not(spsr: int, level: int, scr: int, hcr: int) -> str:
    """Why ERET from a level to what SPSR says is not possible, in words; else empty (D1.3.2)."""
    to = level_of(spsr)
    if spsr & AARCH32:
        return f"SPSR_EL{level} = {spsr:#x} asks for AArch32, which this board's cores do not run"
    if to > level:
        return f"SPSR_EL{level} = {spsr:#x} asks for EL{to}, which is above EL{level}"
    if spsr & 2 or (to == 0 and spsr & 1):
        return f"SPSR_EL{level} = {spsr:#x} has a reserved value in bits 3 to 0"
    if level == 3 and to < 3 and not scr & sr.SCR_RW:
        return "SCR_EL3.RW is 0: the levels below EL3 would run AArch32"
    if level > 1 >= to and scr & sr.SCR_NS and not hcr & sr.HCR_RW:
        return "HCR_EL2.RW is 0: EL1 would run AArch32"
    return ""


def leave(engine: Engine, banks: Banks, scr: int, hcr: int) -> str:
    """ERET: PSTATE, PC and the stack pointer; or why that is illegal, in words (D1.3.2)."""
    pstate = engine.pstate
    level = level_of(pstate)
    spsr, elr = engine.system(sr.SPSR[level]), engine.system(sr.ELR[level])
    wrong = why_not(spsr, level, scr, hcr)
    if not wrong:
        _go_to_level(engine, banks, pstate, spsr & PSTATE_KEPT)
        engine.pc = elr
    return wrong


def abort_syndrome(level: int, target: int, *, is_fetch: bool, is_store: bool) -> int:
    """ESR_ELx of an access to where nothing answers."""
    exception_class = EC_ABORTS[is_fetch][level == target]
    return exception_class << 26 | IL | EXTERNAL | (WRITE if is_store else 0)
