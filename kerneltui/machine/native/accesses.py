"""The accesses of a core to devices, as its engine asks for them."""

from __future__ import annotations

from functools import partial
from typing import Any

from kerneltui.hw.bus import BusFault, Target
from kerneltui.machine.core import StopReason
from kerneltui.machine.native import exceptions as ex
from kerneltui.machine.native import system_registers as sr
from kerneltui.machine.native.core_state import NativeCoreState
from kerneltui.machine.native.image import EL2, EL3
from kerneltui.machine.native.live_registers import REGISTER_BYTES
from kerneltui.machine.native.system_registers import SystemRegister
from kerneltui.machine.native.waiting_loops import WaitingLoops

INSTRUCTION_NS = 1
"""What an instruction takes, beside what its accesses take."""
WORK = 9
"""What a callback of the engine, or a stretch, takes: see :attr:`Core.work`."""


class DeviceAccesses(NativeCoreState):
    """Each is told its exact time, and may end the stretch of instructions that it is part of."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.loops = WaitingLoops()

    def _begin_access(self) -> None:
        """Bring the clock to the instruction under way."""
        begun = self.engine.begun - 1
        now = self._begun_ns + begun * INSTRUCTION_NS + self._extra_ns
        self.retired = self._began + begun
        self._inputs_before = self.inputs
        self.work += WORK
        self.has_accessed = True
        clock = self.clock
        if now >= clock.next_due:
            clock.advance(now)
        elif now > clock.now:
            clock.now = now

    def _end_access(self, cost: int) -> None:
        """What was accessed may have changed what comes next."""
        if self.stop_on_access:
            self.request_stop(StopReason.STEP)
        self._extra_ns += cost
        engine = self.engine
        if engine.is_closed:
            return
        end = self._begun_ns + engine.begun * INSTRUCTION_NS + self._extra_ns
        last = min(self.clock.next_due, self.until, self.horizon)
        if end >= last or self.inputs & ~self._inputs_before or self.loops.wants_steps:
            engine.end_here()
        else:
            engine.shorten(-((end - last) // INSTRUCTION_NS))

    def load(self, address: int, size: int) -> int:
        """A load from a device."""
        self._begin_access()
        target: Target | None
        port = self.memory.ports.get(address)
        try:
            if port is not None and port.size == size and self.loops.knows(address):
                target, value = None, port.read(port.index, self.index)
            else:
                target, offset = self.memory.access(address)
                watch = self.loops.watch
                reads = target.read if watch is None else partial(watch.read, target)
                value = reads(offset, size, self.index)
        except BusFault as fault:
            target, value = None, self._nothing_at(fault, "read")
        self.tell(self.LOAD, address, value)
        cost = self.costs.load + self.loops.polled(self, target, address, value)
        self._end_access(cost)
        return value

    def store(self, address: int, size: int, value: int) -> None:
        """A store to a device."""
        self._begin_access()
        self.tell(self.STORE, address, value)
        port = self.memory.ports.get(address)
        try:
            if port is not None and port.size == size:
                port.store(value, self.index)
            else:
                target, offset = self.memory.access(address)
                target.write(offset, value, size, self.index)
        except BusFault as fault:
            self._nothing_at(fault, f"write of {value:#x}")
        self.loops.forget()
        self._end_access(self.costs.store)

    def _nothing_at(self, fault: BusFault, what: str) -> int:
        """A place among the devices that no model claims: it reads as 0, and is told."""
        if self.observer is not None:
            self.observer.unmodelled(f"{what} at {fault.address:#x}: nothing is modelled there")
        return 0

    def read_register(self, register: SystemRegister) -> int | None:
        """MRS, of what is not the engine's."""
        if register == sr.MPIDR_EL1:
            return 1 << 31 | self.index
        if register == sr.ISR_EL1:
            return self.inputs
        route = self.route(register)
        if route is None:
            return None
        file, place = route
        self._begin_access()
        watch = self.loops.watch
        reads = file.read if watch is None else partial(watch.read, file)
        value = reads(place, REGISTER_BYTES, self.index)
        self.tell("mrs", register.encoding, value)
        cost = self.costs.sysreg + self.loops.polled(self, file, place, value)
        self._end_access(cost)
        return value

    def write_register(self, register: SystemRegister, value: int) -> bool:
        """MSR; answers whether it is done."""
        route = self.route(register)
        if route is None:
            self._own_register(register, value)
            return False
        file, place = route
        self._begin_access()
        self.tell("msr", register.encoding, value)
        file.write(place, value, REGISTER_BYTES, self.index)
        self.loops.forget()
        self._end_access(self.costs.sysreg)
        return True

    def _own_register(self, register: SystemRegister, value: int) -> None:
        """The engine is about to write one of the core's registers."""
        if self.regs.slot_at(register.encoding) is not None:
            self._begin_access()
            self.tell("msr", register.encoding, value)
            self.tell_store(register, value)
        if register not in sr.SAVED_ON_ENTRY:
            self.loops.forget_period()
        level = ex.level_of(self.engine.pstate)
        if register == sr.SCR_EL3 and level == EL3:
            self.scr = value
            self.engine.end_here()
        elif register == sr.HCR_EL2 and level >= EL2:
            self.hcr = value
            self.engine.end_here()
        elif register in sr.SCTLRS:
            if value & 1 and not self.engine.system(register) & 1:
                self.mmu_on_at = self.engine.pc
                self._mapping_changed = True
                self.engine.end_here()
        elif register == sr.TTBR1_EL1 and self.engine.system(sr.SCTLR_EL1) & 1:
            self._mapping_changed = True
            self.engine.end_here()
