"""The registers of a core, looked at and poked where they are: in the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.aarch64_registers import MASK_ALL
from kerneltui.machine.native import system_registers as sr
from kerneltui.machine.native.engine import Engine
from kerneltui.machine.native.system_registers import NATIVE_CORE, SystemRegister, by_encoding

LEVEL_BITS = 0b1100
REGISTER_BYTES = 8
_NOT_THE_ENGINES = frozenset((sr.MPIDR_EL1, sr.ISR_EL1, sr.CURRENT_EL, sr.DAIF))


class LiveRegisters:
    """What a register file asks of the core that it belongs to."""

    engine: Engine
    regs: RegisterFile
    inputs: int
    is_told_only: bool
    """a store is not to be done: an instruction does it just now"""
    scr: int
    hcr: int

    def peek_ISR_EL1(self, _index: int, _cpu: int) -> int:
        """The inputs' levels."""
        return self.inputs

    def peek_CurrentEL(self, _index: int, _cpu: int) -> int:
        """PSTATE.EL."""
        return self._pstate & LEVEL_BITS

    def peek_DAIF(self, _index: int, _cpu: int) -> int:
        """The mask bits of PSTATE."""
        return self._pstate & MASK_ALL

    def write_DAIF(self, _index: int, _cpu: int, value: int) -> None:
        """As MSR DAIF."""
        if self.engine.is_started and not self.is_told_only:
            self.engine.pstate = self._pstate & ~MASK_ALL | value & MASK_ALL

    @property
    def _pstate(self) -> int:
        return self.engine.pstate if self.engine.is_started else MASK_ALL

    def tell_store(self, register: SystemRegister, value: int) -> None:
        """An instruction stores to a register: whoever listens to its stores is told."""
        self.is_told_only = True
        try:
            self.regs.write(register.encoding, value, REGISTER_BYTES)
        finally:
            self.is_told_only = False

    def look_into(self, register: SystemRegister) -> int:
        """What the engine holds; 0 while the core is off."""
        return self.engine.system(register) if self.engine.is_started else 0

    def store_into(self, register: SystemRegister, value: int) -> None:
        """As MSR does it, whatever the level."""
        if not self.engine.is_started or self.is_told_only:
            return
        self.engine.set_system(register, value)
        if register == sr.SCR_EL3:
            self.scr = value
        elif register == sr.HCR_EL2:
            self.hcr = value
        elif register in sr.SCTLRS:
            self.engine.forget_translations()


def _hooks(register: SystemRegister) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def peek(self: LiveRegisters, _index: int, _cpu: int) -> int:
        return self.look_into(register)

    def write(self: LiveRegisters, _index: int, _cpu: int, value: int) -> None:
        self.store_into(register, value)

    return peek, write


for _item in NATIVE_CORE.registers:
    if by_encoding(_item.offset) not in _NOT_THE_ENGINES:
        _peek, _write = _hooks(by_encoding(_item.offset))
        setattr(LiveRegisters, f"peek_{_item.stem}", _peek)
        setattr(LiveRegisters, f"write_{_item.stem}", _write)
