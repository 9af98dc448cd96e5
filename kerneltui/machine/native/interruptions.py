"""How a core is interrupted, how it waits, and the instructions that are executed by hand."""

from __future__ import annotations

from typing import Any, cast

from kerneltui.hw.clock import NEVER
from kerneltui.hw.line import Sink
from kerneltui.machine.aarch64_registers import MASK_ALL, MASK_F, MASK_I
from kerneltui.machine.core import Core, CoreState, StopReason
from kerneltui.machine.native import exceptions as ex
from kerneltui.machine.native import system_registers as sr
from kerneltui.machine.native.accesses import INSTRUCTION_NS, DeviceAccesses
from kerneltui.machine.native.core_state import GRANULE
from kerneltui.machine.native.engine import Raised, Stretch
from kerneltui.machine.native.image import EL2, EL3, NativeImage
from kerneltui.machine.native.opcodes import WORD, Decoded, Special, is_system_register_access
from kerneltui.machine.native.system_registers import by_encoding
from kerneltui.machine.native.troubles import Troubles

SCR_OF_FIRMWARE = 0x5B1
"""SCR_EL3 as the firmware leaves it: EL2 is AArch64 and non-secure, HVC is enabled."""
IMPLEMENTATION_DEFINED = frozenset((11, 15))
"""CRn of registers that only the processor's own manual knows (C5.1.4)."""


class Interruptions(DeviceAccesses):
    """See the module."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.troubles = Troubles()

    # -- power -------------------------------------------------------------------------------------

    def power_on(self, program: NativeImage) -> None:
        """Begin to execute an image at its entry, now."""
        self.start_at(program.entry, program.level, program.registers)

    def start_at(self, address: int, level: int, registers: tuple[int, ...] = ()) -> None:
        """Begin to execute at a physical address; the registers are as the firmware leaves them."""
        engine = self.engine
        engine.close()
        engine.start()
        self.scr = SCR_OF_FIRMWARE if level < EL3 else 0
        self.hcr = sr.HCR_RW if level < EL2 else 0
        engine.pstate = MASK_ALL | level << 2 | 1
        engine.set_system(sr.SCR_EL3, self.scr)
        engine.set_system(sr.HCR_EL2, self.hcr)
        for number, value in enumerate(registers):
            engine.set_x(number, value)
        engine.pc = address
        self.aliases = ()
        self._code_changed = True
        self._choose_space()
        self.state = CoreState.RUNNING
        self.loops.forget()
        self._tell_activity()
        self.turns.wake(self)

    def look_for_release(self) -> None:
        """A parked core leaves WFE and begins at the address that stands in its spin table."""
        if self.state is CoreState.OFF and self.release_address is not None:
            address = self._spaces[1].read(self.release_address, 8)
            if address:
                self.start_at(address, self.parked_level)

    # -- interrupts --------------------------------------------------------------------------------

    def input(self, pin: str) -> Sink:
        """The end of a wire: ``irq`` or ``fiq``, both levels."""
        return self.set_irq if pin == "irq" else self.set_fiq

    def set_irq(self, level: bool) -> None:
        """The IRQ input."""
        self.inputs = self.inputs | MASK_I if level else self.inputs & ~MASK_I
        self._input_changed()

    def set_fiq(self, level: bool) -> None:
        """The FIQ input."""
        self.inputs = self.inputs | MASK_F if level else self.inputs & ~MASK_F
        self._input_changed()

    def _input_changed(self) -> None:
        if self.inputs and self.state is CoreState.WAITING and self._is_woken():
            self.turns.wake(self)

    def _deliverable(self) -> str:
        """The interrupt that is let in now, FIQ first; else empty."""
        pstate = self.engine.pstate
        for kind, bit in ((ex.FIQ, MASK_F), (ex.IRQ, MASK_I)):
            if self.inputs & bit:
                target = ex.target_of(kind, self.scr, self.hcr)
                if ex.is_let_in(kind, pstate, target):
                    return kind
        return ""

    def _take_interrupt(self) -> bool:
        kind = self._deliverable()
        if not kind:
            return False
        self._take(kind, ex.target_of(kind, self.scr, self.hcr))
        self.interrupts_taken += 1
        if self.stop_on_interrupt:
            self.request_stop(StopReason.INTERRUPT)
        return True

    def _take(self, kind: str, target: int) -> None:
        """Take an exception; that is a step of its own."""
        self.loops.forget()
        self._bring_clock()  # what has caused it is over
        self.troubles.takes(self, kind, target)
        offset = ex.enter(self.engine, self.banks, kind, target)
        self._choose_space()
        self.depth += 1
        if self.observer is not None:
            self.observer.exception(cast("Core", self), kind, offset)
        self.retired += 1
        self.ready_at += self.costs.exception_entry

    # -- waiting -----------------------------------------------------------------------------------

    def _begin_wait(self, kind: Special) -> None:
        self._waits_by = kind
        self._bring_clock()
        self.turns.look_at_monitors()  # what this core has stored is seen now
        watched = self.engine.watched() if kind is Special.WFE else None
        if watched is not None:
            granule = watched & -GRANULE
            self.watches = granule, self.fetch(granule, GRANULE)
        self.tell(kind, 0, 0)
        self.state = CoreState.WAITING
        self.is_interruptible = True
        self._tell_activity()
        self.ready_at = NEVER
        if self.stop_on_wait or self.stop_on_idle:
            self.request_stop(StopReason.IDLE)

    def _is_woken(self) -> bool:
        """Whether the wait is over (D1.7).  A loop ends when an interrupt can be taken."""
        if self._waits_by is Special.WFI:
            return bool(self.inputs)
        if self._waits_by is Special.WFE and self.event:
            return True
        return bool(self.inputs and self._deliverable())

    def _go_on_waiting(self) -> StopReason | None:
        """Sleep until something ends the wait; or why that is not now."""
        clock = self.clock
        while not self._is_woken():
            # Anew each time: what woke the core may have gone before its turn came.
            self.ready_at = NEVER
            if self.retired >= self.stop_at:
                return self.stop_reason
            if self.horizon < NEVER:
                return StopReason.TURN
            due = clock.next_due
            if due <= self.until and due < NEVER:
                clock.advance(due)
            elif self.until < NEVER:
                clock.advance(self.until)
                return StopReason.TIME
            else:
                return StopReason.NOTHING_DUE
        if self.ready_at >= NEVER:
            self.ready_at = clock.now
        reason = self._reach(self.ready_at)
        if reason is not None:
            return reason
        self.is_interruptible = False
        self.watches = None
        self.state = CoreState.RUNNING
        self._bring_clock()
        if self._waits_by is not Special.IDLE:
            self.retired += 1
            self.ready_at += self.costs.wait
            self.event &= self._waits_by is not Special.WFE
        self._tell_activity()
        return None

    def _reach(self, when: int) -> StopReason | None:
        """Let time pass until ``when``, with what falls due on the way; or why not so far."""
        clock = self.clock
        # What falls due may wake another core, and so end this one's turn sooner.
        while clock.next_due <= min(when, self.until, self.horizon):
            clock.advance(clock.next_due)
            if when == self.ready_at:
                when = self.ready_at = self.loops.woken_at(clock.now, when)
        if when >= self.until and self.until <= self.horizon:
            self.turns.show(self.until)
            return StopReason.TIME
        if when >= self.horizon:
            return StopReason.TURN
        if self.horizon >= NEVER:
            clock.advance(when)
        return None

    def _bring_clock(self) -> None:
        """To where the core is; while others run it is left behind between accesses.

        Where a stretch begins depends on where somebody has stopped; what others find must not.
        """
        clock = self.clock
        if clock.now < self.ready_at:
            clock.now = min(self.ready_at, clock.next_due)

    def send_event(self) -> None:
        """Another core executes SEV, or this one."""
        self.event = True
        if self.state is CoreState.WAITING and self._waits_by is Special.WFE:
            self.turns.wake(self)
        self.look_for_release()

    # -- exceptions of instructions ----------------------------------------------------------------

    def _raise(self, raised: Raised) -> None:
        """A synchronous exception goes to the level that the engine tells."""
        engine = self.engine
        engine.set_system(sr.ESR[raised.level], raised.syndrome)
        if raised.is_abort:
            engine.set_system(sr.FAR[raised.level], raised.address)
        self._take(ex.SYNC, raised.level)

    def _fault(self, done: Stretch) -> None:
        """Nothing answers at an address: an external abort, to the present level or EL1."""
        fault, engine = done.fault, self.engine
        assert fault is not None
        self.retired = self._began + max(done.executed, 1)
        self.ready_at = self._begun_ns + max(done.executed, 1) * INSTRUCTION_NS + self._extra_ns
        level = ex.level_of(engine.pstate)
        target = max(level, 1)
        syndrome = ex.abort_syndrome(
            level, target, is_fetch=fault.is_fetch, is_store=fault.is_store
        )
        engine.set_system(sr.ESR[target], syndrome)
        engine.set_system(sr.FAR[target], fault.address)
        self._take(ex.SYNC, target)

    def _is_done_by_hand(self, raised: Raised) -> bool:
        """A register that the processor has and the engine does not: it reads as 0."""
        if not raised.is_undefined:
            return False
        engine = self.engine
        pc = engine.pc
        access = is_system_register_access(self.word_at(pc))
        if access is None:
            return False
        reads, encoding, number = access
        register = by_encoding(encoding)
        if register.crn not in IMPLEMENTATION_DEFINED or not ex.level_of(engine.pstate):
            return False
        if reads and number < 31:
            engine.set_x(number, 0)
        engine.pc = pc + WORD
        return True

    # -- instructions by hand ----------------------------------------------------------------------

    def _set_masks(self, special: Decoded) -> None:
        engine = self.engine
        pstate, bits = engine.pstate, special.operand
        if special.kind is Special.SET_MASKS:
            wanted = engine.x(special.operand) & MASK_ALL
        elif special.kind is Special.MASK:
            wanted = pstate & MASK_ALL | bits << 6
        else:
            wanted = pstate & MASK_ALL & ~(bits << 6)
        if special.kind is Special.SET_MASKS:
            self.tell("msr", sr.DAIF.encoding, wanted)
            self.tell_store(sr.DAIF, wanted)
        else:
            self.tell(special.kind, 0, bits)
        engine.pstate = pstate & ~MASK_ALL | wanted

    def _return(self) -> None:
        """ERET."""
        engine = self.engine
        level = ex.level_of(engine.pstate)
        if self.observer is not None:
            self.tell("eret", engine.system(sr.ELR[level]), engine.system(sr.SPSR[level]))
        wrong = ex.leave(engine, self.banks, self.scr, self.hcr)
        self.loops.forget()
        self.retired += 1
        self.ready_at += INSTRUCTION_NS + self.costs.exception_return
        if wrong:
            self.give_up(f"ERET at {self.place(engine.pc)} is illegal: {wrong}")
            return
        self._choose_space()
        self.troubles.returns(self)
        if self.depth:
            self.depth -= 1
            if self.depth < self.stop_below_depth:
                self.request_stop(StopReason.HANDLER_DONE)
        self._tell_activity()
