"""A core that executes an AArch64 image, instruction by instruction, on the devices of a board.

The engine executes stretches: to the next deadline, the end of the turn, or the debugger's limit.
An instruction takes :data:`INSTRUCTION_NS`; an access to a device costs on top what the board says.
Inside a stretch the time is exact: a device is told it before each access, and whatever an access
changes (an input rises, a deadline comes nearer) ends the stretch after that instruction.  So what
happens does not depend on where stretches end.

Instructions that can let interrupts in, that concern other cores or that wait are found in the code
beforehand and executed here (:mod:`kerneltui.machine.native.opcodes`).  Loops that wait for a
device are in :mod:`kerneltui.machine.native.waiting_loops`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FrameType

from kerneltui.hw.bus import AddressSpace, Target
from kerneltui.hw.device import CounterState
from kerneltui.hw.rule import Gate
from kerneltui.machine.core import FOREVER, Core, CoreState, Pending, StopReason
from kerneltui.machine.kernel_image import SourceFrame
from kerneltui.machine.native import code
from kerneltui.machine.native import exceptions as ex
from kerneltui.machine.native import system_registers as sr
from kerneltui.machine.native.accesses import INSTRUCTION_NS, WORK
from kerneltui.machine.native.disassembly import DisassembledLine, disassemble
from kerneltui.machine.native.engine import Raised, Stretch
from kerneltui.machine.native.interruptions import Interruptions
from kerneltui.machine.native.live_registers import REGISTER_BYTES
from kerneltui.machine.native.opcodes import WORD, Decoded, Special, countdown, decode
from kerneltui.machine.native.routing import RULES, judged

INSTRUCTIONS_OF_WORK = 100
"""What takes as long as one instruction of a kernel in Python."""
VECTOR_INSTRUCTIONS = 32
"""There is room for so many at each vector."""
STRETCH = 1_000_000
"""Instructions that are executed at once, at most."""
MOST_DOUBLED = 6
FIRST_STRETCH = STRETCH >> MOST_DOUBLED
"""The same after an access; without one each stretch is twice as long as the one before."""

NOT_AT_EL0 = frozenset((Special.ERET, Special.MASK, Special.UNMASK, Special.SET_MASKS))
"""Instructions that are undefined there, or trapped (SCTLR_EL1.UMA)."""


class NativeCore(Interruptions):
    """One core of a machine that runs an image."""

    def leave(self) -> None:
        """Nothing: all state can be replaced between two instructions."""

    def close(self) -> None:
        """Let go of the engine."""
        self.engine.close()

    def enter_anew(self) -> None:
        """The state has been replaced: the engine's own is there already."""
        self._code_changed = True
        self._routes.clear()

    def run(self) -> StopReason:
        """Execute until one of the ``stop_*`` wishes, ``stop_at`` or ``until`` says halt."""
        if self.state in {CoreState.HALTED, CoreState.OFF}:
            return StopReason.HALTED
        self.stop_reason = StopReason.BUDGET
        if self._code_changed:
            self._set_exits()
        while True:
            reason = self._before_instruction()
            if reason is not None:
                if self.state is CoreState.RUNNING and self.retired >= self.stop_at:
                    self.stop_reason = reason
                return reason
            self._execute()

    def _set_exits(self) -> None:
        """Have the engine stop where something is to be done by hand."""
        self._code_changed = False
        before = self.exits
        self.exits = code.exits_of(self.image, self.aliases) | self.breakpoints.keys()
        self.engine.set_exits(self.exits)
        if before and before != self.exits:
            self.engine.forget_code()

    def add_breakpoint(self, address: int, told: Callable[[Core], None]) -> None:
        """Tell before the instruction at a virtual address; elsewhere that costs nothing."""
        self.breakpoints.setdefault(address, []).append(told)
        self._code_changed = True

    def remove_breakpoint(self, address: int, told: Callable[[Core], None]) -> None:
        """The opposite of :meth:`add_breakpoint`."""
        self.breakpoints[address].remove(told)
        if not self.breakpoints[address]:
            del self.breakpoints[address]
        self._code_changed = True

    def pass_breakpoint(self) -> None:
        """The instruction that comes next is not told of."""
        self._passed = self.engine.pc if self.state is CoreState.RUNNING else -1

    def _before_instruction(self) -> StopReason | None:
        """Come to where the next instruction can begin; or why that is not now."""
        while True:
            if self.state is CoreState.HALTED:
                return StopReason.HALTED
            # The end of an instruction comes before any halt: what falls due then has happened.
            is_running = self.state is CoreState.RUNNING
            reason = self._reach(self.ready_at) if is_running else None
            if self.retired >= self.stop_at:
                return self.stop_reason
            if self.work >= self.enough:
                return StopReason.BUDGET
            if not is_running:
                reason = self._go_on_waiting()
            if reason is not None:
                return reason
            if not is_running:
                continue
            if self.work >= self.rest_after:
                self.rest_after = FOREVER
                return StopReason.REST
            if not (self.inputs and self._take_interrupt()):
                return self._at_breakpoint()

    def _at_breakpoint(self) -> StopReason | None:
        if not self.breakpoints:
            return None
        pc = self.engine.pc
        if pc == self._passed:
            return None
        self._passed = -1
        for told in self.breakpoints.get(pc, ()):
            self._passed = pc
            told(self)
        return self.stop_reason if self.retired >= self.stop_at else None

    # -- executing ---------------------------------------------------------------------------------

    def _execute(self) -> None:
        """A stretch of instructions, or one that is done by hand."""
        engine, now = self.engine, self.ready_at
        self._begun_ns, self._extra_ns, self._began = now, 0, self.retired
        self.work += WORK
        pc = engine.pc
        if pc in self.exits:
            special = code.special_at(self, pc)
            if special is not None:
                self._do(special, pc)
                return
        last = min(self.clock.next_due, self.until, self.horizon)
        if self.has_accessed:
            self.quiet, self.has_accessed = 0, False
        stretch = FIRST_STRETCH << self.quiet
        count = min(stretch, self.stop_at - self.retired, -((now - last) // INSTRUCTION_NS))
        if self.loops.wants_steps:
            self.loops.look_at(self, self.word_at(pc))
            count = 1
        is_exit = pc in self.exits
        done = engine.step_over_exit(pc) if is_exit else engine.run(pc, max(count, 1))
        self.retire(done)
        if done.executed == stretch and not self.has_accessed:
            self._was_quiet()

    def _was_quiet(self) -> None:
        """A stretch without an access: perhaps it is a loop that can be leapt over."""
        if self.loops.leap_if_counted(self, self.step_once):
            self.quiet = 0
        elif self.quiet < MOST_DOUBLED:
            self.quiet += 1
        else:
            self.loops.leap_if_idle(self, self.step_once)

    def step_once(self) -> None:
        """One instruction that is no special one."""
        self._begun_ns, self._extra_ns, self._began = self.ready_at, 0, self.retired
        self.retire(self.engine.run(self.engine.pc, 1))

    def retire(self, done: Stretch) -> None:
        """The end of a stretch."""
        executed = done.executed
        if done.fault is not None:
            self._fault(done)
            return
        raised = done.raised
        if raised is not None:
            if self._is_mistaken(raised) or self._was_fetched_before(raised):
                executed = max(executed, 1)
                raised = None
            elif self._is_done_by_hand(raised):
                raised = None
        self.work += executed // INSTRUCTIONS_OF_WORK
        self.retired = self._began + executed
        self.ready_at = self._begun_ns + executed * INSTRUCTION_NS + self._extra_ns
        if raised is not None:
            self._raise(raised)
        elif self.loops.is_due:
            self.ready_at += self.loops.leap(self)
        elif done.is_early and self.engine.pc not in self.exits:
            self._stopped_early()
        if self._mapping_changed:
            self._map_anew()

    def _map_anew(self) -> None:
        """The MMU has been switched on: the code may be at other addresses too."""
        self._mapping_changed = False
        aliases = code.aliases_of(self)
        if aliases != self.aliases:
            self.aliases = aliases
            self._set_exits()

    def _is_mistaken(self, raised: Raised) -> bool:
        """At EL0 the engine takes an exit for an instruction that is not allowed there."""
        pc = self.engine.pc
        is_before_exit = raised.is_undefined and pc + WORD in self.exits
        if not is_before_exit or ex.level_of(self.engine.pstate) or not self.word_at(pc):
            return False
        self.engine.pc = pc + WORD
        return True

    def _was_fetched_before(self, raised: Raised) -> bool:
        """Behind MSR SCTLR without ISB: that instruction is executed as if the MMU were off."""
        engine, pc = self.engine, self.engine.pc
        at, self.mmu_on_at = self.mmu_on_at, -1
        if not raised.is_prefetch_abort or pc != at + WORD:
            return False
        control = sr.SCTLR[max(ex.level_of(engine.pstate), 1)]
        value = engine.system(control)
        engine.set_system(control, value & ~1)
        engine.forget_translations()
        engine.run(pc, 1)
        engine.set_system(control, value)
        engine.forget_translations()
        return engine.pc != pc

    def _stopped_early(self) -> None:
        """A WFI that was not known to be one: in code that was moved, or mapped elsewhere."""
        at = self.engine.pc - WORD
        if decode(self.word_at(at)) == Decoded(Special.WFI):
            self.retired -= 1
            self._begin_wait(Special.WFI)

    def _do(self, special: Decoded, pc: int) -> None:
        engine, kind = self.engine, special.kind
        self._bring_clock()
        if kind is Special.IDLE:
            self.troubles.idles(self)
            self._begin_wait(kind)
            return
        if kind is Special.COUNT:
            loop = countdown(code.words_up_to(self, pc))
            if loop is not None:
                self.loops.count_down(self, loop)
            return
        if kind in NOT_AT_EL0 and not ex.level_of(engine.pstate):
            self.retire(engine.step_over_exit(pc))  # the engine tells that it is undefined
            return
        if kind is Special.ERET:
            self._return()
            return
        engine.pc = pc + WORD
        if kind not in NOT_AT_EL0:
            self.loops.end_watch()
        if kind is Special.WFI or (kind is Special.WFE and not self.event):
            self._begin_wait(kind)
            return
        self.retired += 1
        self.ready_at += INSTRUCTION_NS
        if kind is Special.WFE:
            self.event = False
        elif kind is Special.SEVL:
            self.event = True
        elif kind is Special.SEV:
            self.tell("sev", 0, 0)
            for core in self.turns.cores:
                core.send_event()
        else:
            self._set_masks(special)

    # -- looking -----------------------------------------------------------------------------------

    @property
    def pending(self) -> Pending | None:
        """The instruction that is executed next; None while it waits, or is off."""
        if self.state is not CoreState.RUNNING:
            return None
        kind = self._deliverable() if self.inputs else ""
        if kind:
            return Pending(kind, self._vector(kind))
        return code.pending(self)

    def _vector(self, kind: str) -> int:
        """Where an interrupt is taken to."""
        target = ex.target_of(kind, self.scr, self.hcr)
        offset = ex.vector_of(kind, self.engine.pstate, target)
        return self.engine.system(sr.VBAR[target]) + offset

    def handler_of(self, kind: str) -> str:
        """The function of the image that its vector leads to; empty where no name is known."""
        if not self.engine.is_started:
            return ""
        return code.branches_to(self, self._vector(kind), VECTOR_INSTRUCTIONS)

    def frames(self) -> list[SourceFrame]:
        """The functions on the core's stack, innermost first, by its frame records."""
        return code.frames(self) if self.engine.is_started else []

    def stack(self) -> list[int]:
        """PC, and where each of :meth:`frames` but the first returns to."""
        return code.stack(self) if self.engine.is_started else []

    def place_of_instruction(self) -> tuple[SourceFrame | None, SourceFrame | None]:
        """The function that executes, and who wanted it, where it only passes on what to store."""
        return code.place_of_instruction(self)

    def general_registers(self) -> dict[str, int]:
        """X0 to X30, SP, PC and PSTATE; none while it is off."""
        if not self.engine.is_started:
            return {}
        names = (*(f"x{number}" for number in range(31)), "sp", "pc", "pstate")
        return dict(zip(names, self.engine.general(), strict=True))

    def disassemble(self, address: int, count: int) -> list[DisassembledLine]:
        """So many instructions from a virtual address on, as far as memory is there."""
        return list(disassemble(self, address, count))

    def source_at(self, address: int) -> tuple[str, int]:
        """The file and the line of an address; an empty name and 0 where none is known."""
        row = self.image.symbols.line_at(address)
        return (row.file, row.line) if row is not None else ("", 0)

    def kernel_frames(self) -> Iterator[FrameType]:
        """None: this kernel is not in Python."""
        return iter(())

    def masks_on_entry(self, vector: int) -> bool:
        """Each exception masks interrupts."""
        return True

    def counters(self) -> list[CounterState]:
        """None of its own."""
        return []

    def gates(self, pin: str, vector: int | None = None) -> list[Gate]:
        """The conditions for taking an ``irq`` or ``fiq``."""
        return judged(self, RULES[pin])

    # -- pokes -------------------------------------------------------------------------------------

    def poke_target(self, space: AddressSpace, address: int, value: int) -> tuple[Target, int]:
        """What answers to a store of this core."""
        return space.resolve(address)

    def poke_bus(self, space: AddressSpace, address: int, value: int, size: int) -> None:
        """What a store of this core does, but no instruction."""
        target, offset = self.poke_target(space, address, value)
        target.write(offset, value, size, self.index)

    def poke_register(self, address: int, value: int) -> None:
        """Store to a register of the core."""
        self.regs.write(address, value, REGISTER_BYTES)

    def look_again(self) -> None:
        """Somebody has poked a register: what could not be taken may be now."""
        if self.state is CoreState.RUNNING:
            self.ready_at = self.loops.woken_at(self.clock.now, self.ready_at)
        self._input_changed()
