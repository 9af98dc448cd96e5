"""An x86-64 core in 64-bit mode at ring 0: its instructions, and what answers to them.

How it takes interrupts is in :mod:`kerneltui.machine.x86_exceptions`.

Document: Intel SDM, volumes 2A and 2B (instructions) and 3A, 8.4 (start-up of further processors).
Modelled: ports, MSRs with their general protection faults, flags, stack, LIDT, INT n, IRET, CPUID,
HLT with the idle model of :mod:`kerneltui.machine.x86_clocks`, INIT and start-up messages.
General registers hold what system calls put there.  Not modelled: other rings, the TSS, paging,
descriptor tables but the IDT, CR8 (use TPR).
"""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.devices.x86.local_apic_registers import APIC_BASE
from kerneltui.hw.bus import AddressSpace, BusFault, Target
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import CounterState
from kerneltui.machine import x86_cpuid, x86_msrs
from kerneltui.machine.core import CoreState, Costs
from kerneltui.machine.instruction_core import misfit
from kerneltui.machine.x86_clocks import CoreClocks
from kerneltui.machine.x86_exceptions import FRAME_SIZE, WORD, X86Exceptions
from kerneltui.machine.x86_registers import ALWAYS_ONE, IF, TSC_MSR

GENERAL_PROTECTION = 13
"""The vector of its fault."""
WORD_MASK = (1 << 64) - 1


class X86Core(X86Exceptions):
    """One core; the inputs take the wires of its local APIC, or of a PC's 8259 pair."""

    LOAD, STORE, WAIT, RETURN = "load", "store", "hlt", "IRET"
    CAN_BE_RESET = True
    CALL_REGISTERS = ("rax", "rdi", "rsi")

    def __init__(
        self,
        index: int,
        clock: Clock,
        memory: AddressSpace,
        ports: AddressSpace,
        msrs: AddressSpace,
        costs: Costs,
        features: frozenset[str],
        clocks: CoreClocks,
    ) -> None:
        super().__init__(index, clock, memory, costs)
        self.ports, self.msrs = ports, msrs
        self._all_memory = memory
        self._memory_without_apic = x86_msrs.without_local_apic(memory)
        self.features = features
        self.clocks = clocks
        self._sysreg_ns, self._port_ns = costs.sysreg, costs.port

    # -- messages ---------------------------------------------------------------------------------

    def init(self) -> None:
        """An INIT message (8.4.3); of the boot core's firmware, there is no code to begin anew."""
        if self.turns.current is self:
            self.halt("reset by its own INIT message")
        self.power_off()
        self.clocks.wake()
        if self.observer is not None:
            self.observer.reset_begins(f"core {self.index}", 0)
        self._reset()
        if self.index == 0:
            self._halted("the boot core was reset by an INIT message")

    def start_up(self, vector: int) -> None:
        """A start-up message: execution begins at page ``vector`` (8.4.3)."""
        if self.state is CoreState.OFF:
            self._start_at(vector << 12)

    # -- what answers -----------------------------------------------------------------------------

    def counters(self) -> list[CounterState]:
        """The time-stamp counter."""
        return [self.clocks.counter()]

    def poke_target(self, space: AddressSpace, address: int, value: int) -> tuple[Target, int]:
        own = self.memory if space is self._all_memory else space
        return x86_msrs.resolve(own, address, value)

    def poke_bus(self, space: AddressSpace, address: int, value: int, size: int) -> None:
        super().poke_bus(space, address, value, size)
        if space is self.msrs and address == APIC_BASE:
            self.find_local_apic()

    def poke_register(self, address: int, value: int) -> None:
        self.regs.write(address, value, WORD)

    def look_again(self) -> None:
        self.wakes_on = self._open()
        super().look_again()

    def _fault(self, fault: BusFault, size: int) -> int:
        """A load that nobody answers finds all ones; with MSRs it is a protection fault."""
        if fault.space == self.msrs.name:
            self._enter("fault", GENERAL_PROTECTION, 0)
            return 0
        if self.observer is not None:
            self.observer.unmodelled(str(fault))
        return (1 << 8 * size) - 1

    # -- instructions -----------------------------------------------------------------------------

    def _fell_asleep(self) -> None:
        """HLT: until an interrupt that can be taken (SDM 2A, HLT)."""
        self.wakes_on = self._open()
        self.clocks.halt()

    def _woke(self) -> None:
        self.clocks.wake()

    def _begin(self, kind: str, target: int = 0, value: int = 0, size: int = 8) -> None:
        """The start of an instruction that writes: halt if asked to, tell the observer.

        Those of every interrupt do the same without the call.
        """
        if value >> (size << 3):
            misfit(value, size)
        if self.retired >= self.stop_at:
            self._pause(kind, target, value, size)
        if self.observer is not None:
            self.observer.instruction(self, kind, target, value)

    def _load(self, kind: str, space: AddressSpace, address: int, size: int) -> int:
        """An instruction that reads from the ports or the MSRs."""
        if self.retired >= self.stop_at:
            self._pause(kind, address, 0, size)
        port = space.ports.get(address)
        if port is not None and port.size == size:
            value = port.read(port.index, self.index)
        else:
            try:
                target, offset = x86_msrs.resolve(space, address)
                value = target.read(offset, size, self.index)
            except BusFault as fault:
                value = self._fault(fault, size)
        if self.observer is not None:
            self.observer.instruction(self, kind, address, value)
        return value

    def _store(self, kind: str, space: AddressSpace, address: int, value: int, size: int) -> None:
        """An instruction that writes to the ports or the MSRs."""
        self._begin(kind, address, value, size)
        port = space.ports.get(address)
        if port is not None and port.size == size and space is self.ports:
            port.store(value, self.index)
            return
        try:
            target, offset = x86_msrs.resolve(space, address, value)
            target.write(offset, value, size, self.index)
        except BusFault as fault:
            self._fault(fault, size)

    def read_port(self, port: int, size: int = 1) -> int:
        """IN."""
        value = self._load("in", self.ports, port, size)
        self._retire(self._port_ns)
        return value

    def write_port(self, port: int, value: int, size: int = 1) -> None:
        """OUT."""
        self._store("out", self.ports, port, value, size)
        self._retire(self._port_ns)

    def read_msr(self, number: int) -> int:
        """RDMSR."""
        if number == TSC_MSR:
            return self.read_tsc("rdmsr")
        value = self._load("rdmsr", self.msrs, number, 8)
        self._retire(self._sysreg_ns)
        return value

    def write_msr(self, number: int, value: int) -> None:
        """WRMSR."""
        if number == TSC_MSR:
            self._begin("wrmsr", number, value)
            self.regs.write(number, value, WORD)
        else:
            self._store("wrmsr", self.msrs, number, value, 8)
        if number == APIC_BASE:
            self.find_local_apic()
        self._retire(self._sysreg_ns)

    def find_local_apic(self) -> None:
        """IA32_APIC_BASE has changed: an APIC that is off is as if it were not there (10.4.3)."""
        found = x86_msrs.has_local_apic(self.msrs, self.index)
        self.memory = self._all_memory if found else self._memory_without_apic

    def read_tsc(self, kind: str = "rdtsc") -> int:
        """RDTSC, or RDMSR of the same counter."""
        if self.retired >= self.stop_at:
            self._pause(kind, TSC_MSR, 0, 8)
        value = self.clocks.tsc()
        if self.observer is not None:
            self.observer.instruction(self, kind, TSC_MSR, value)
        self._retire(self._sysreg_ns)
        return value

    def write_IA32_TIME_STAMP_COUNTER(self, index: int, cpu: int, value: int) -> None:
        """WRMSR of the counter."""
        self.clocks.set_tsc(value)

    def peek_IA32_TIME_STAMP_COUNTER(self, index: int, cpu: int) -> int:
        """The counter of the core that is looked at."""
        return self.clocks.tsc()

    def cpuid(self, leaf: int, subleaf: int = 0) -> x86_cpuid.Leaf:
        """CPUID."""
        self._begin("cpuid", leaf)
        shown = self.features - x86_msrs.hidden_features(self.msrs, self.index)
        found = x86_cpuid.leaf(leaf, shown, self.index, len(self.turns.cores))
        self._retire(self._sysreg_ns)
        return found

    def read_flags(self) -> int:
        """PUSHF; a pop."""
        if self.retired >= self.stop_at:
            self._pause("pushf", size=WORD)
        if self.observer is not None:
            self.observer.instruction(self, "pushf", 0, 0)
        flags = self._flags[0]
        self._retire(self._sysreg_ns)
        return flags

    def write_flags(self, value: int) -> None:
        """POPF."""
        if self.retired >= self.stop_at:
            self._pause("popf", 0, value, WORD)
        if self.observer is not None:
            self.observer.instruction(self, "popf", 0, value)
        self._flags[0] = value & IF | ALWAYS_ONE
        self._retire(self._sysreg_ns)

    def cli(self) -> None:
        """CLI."""
        if self.retired >= self.stop_at:
            self._pause("cli", size=WORD)
        if self.observer is not None:
            self.observer.instruction(self, "cli", 0, 0)
        self._flags[0] &= ~IF
        self._retire(self._sysreg_ns)

    def sti(self) -> None:
        """STI: interrupts are taken after the next instruction (SDM 2B, STI)."""
        self._begin("sti")
        if self._flags[0] & IF:
            self._retire(self._sysreg_ns)
            return
        self._flags[0] |= IF
        # Not sampled: that is the shadow.
        self.retired += 1
        self._shadow_at = self.retired
        self._pass_time(self.clock.now + self._sysreg_ns)

    def load_idt(self, base: int, limit: int) -> None:
        """LIDT."""
        self._begin("lidt", base, limit)
        self._idt[0], self._idt_limit[0] = base, limit
        self._retire(self._sysreg_ns)

    def stack_pointer(self) -> int:
        """RSP: a general register costs nothing to look at."""
        return self._rsp[0]

    def push(self, word: int) -> None:
        """PUSH of eight bytes."""
        if self.retired >= self.stop_at:
            self._pause("push", self._rsp[0] - WORD, word, WORD)
        if self.observer is not None:
            self.observer.instruction(self, "push", self._rsp[0] - WORD, word)
        self._push(word)
        self._retire(self._sysreg_ns)

    def release_stack(self, size: int) -> None:
        """ADD RSP: forget what was pushed."""
        if self.retired >= self.stop_at:
            self._pause("add rsp", 0, size, WORD)
        if self.observer is not None:
            self.observer.instruction(self, "add rsp", 0, size)
        self._rsp[0] += size
        self._retire(self._sysreg_ns)

    def interrupt(self, vector: int) -> None:
        """INT n: through the gate, whatever RFLAGS.IF says (6.4.4)."""
        if self.retired >= self.stop_at:
            self._pause("int", vector)
        self._enter("int", vector)
        if self.inputs:
            self._sample()

    def return_from_interrupt(self) -> None:
        """IRET: the frame's RFLAGS and RSP come back; the gate's code must end with it."""
        if self.retired >= self.stop_at:
            self._pause("iret")
        frame = self._peek(self._rsp[0], FRAME_SIZE)
        rip, flags = frame & WORD_MASK, frame >> 128 & WORD_MASK
        if self.observer is not None:
            self.observer.instruction(self, "iret", rip, flags)
        self._flags[0] = flags & IF | ALWAYS_ONE
        self._rsp[0] = frame >> 192 & WORD_MASK
        self._nmi_blocked = False
        self._returned = True
        # Not sampled here but after the handler's frame is gone: see _sample.
        self.retired += 1
        self._pass_time(self.clock.now + self.costs.exception_return)

    def place_code(self, entry: Callable[[], None]) -> int:
        """Link entry code into the image; answers its address."""
        return self.image.place_entry(entry)
