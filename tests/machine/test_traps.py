"""Traps: SVC and INT n, which a kernel's users enter it by, and what they leave of the masks."""

import sys

import core_bench
import pytest
import x86_bench
from core_bench import ALL_MASKED, ENCODING, I_BIT, IRQ_WIRE

from kerneltui.kernel.arch import aarch64, x86_64
from kerneltui.kernel.arch.x86_64 import INTERRUPT_GATE, TRAP_GATE
from kerneltui.machine import x86_gates
from kerneltui.machine.core import StopReason
from kerneltui.machine.kernel_image import INSTRUCTION_BYTES, code_address

SVC = 0x15
CALL = 0x80
IF = 1 << 9


class Calls(core_bench.Kernel):
    """One SVC; the handler logs what it sees."""

    unmasked = 0

    def boot(self):
        self.vectors(sync=self.sync, irq=self.irq)
        self.cpu.unmask(self.unmasked)
        self.before = code_address(sys._getframe())
        self.cpu.supervisor_call(0x1234)
        self.log.append("returned")

    def sync(self):
        names = ("ESR_EL1", "ELR_EL1", "SPSR_EL1", "DAIF")
        self.log.append({name: self.cpu.read_sysreg(ENCODING[name]) for name in names})

    def irq(self):
        self.log.append("irq")
        self.cpu.write(IRQ_WIRE, 0)


@pytest.mark.parametrize(("unmasked", "masks"), [(0, ALL_MASKED), (0b10, ALL_MASKED & ~I_BIT)])
def test_svc_is_taken_whatever_daif_says_and_returns_to_the_next_instruction(unmasked, masks):
    bench = core_bench.Bench(type("Unmasked", (Calls,), {"unmasked": unmasked}))
    bench.run()
    seen, after = bench.kernel.log
    assert seen["ESR_EL1"] == SVC << 26 | 1 << 25 | 0x1234
    call = bench.kernel.before + INSTRUCTION_BYTES
    assert seen["ELR_EL1"] == call + INSTRUCTION_BYTES
    assert (seen["SPSR_EL1"], seen["DAIF"]) == (masks | 0b0101, ALL_MASKED)
    assert after == "returned"
    assert bench.reg("DAIF") == masks
    assert bench.core.interrupts_taken == 0


def test_svc_with_its_entry_is_one_step_and_costs_an_exception_entry():
    bench = core_bench.Bench(Calls)
    while bench.core.pending is None or bench.core.pending.kind != "svc":
        assert bench.run(instructions=1) is StopReason.BUDGET
    assert bench.core.pending.target == 0x1234
    began = bench.clock.now
    bench.run(instructions=1)
    assert bench.clock.now - began == core_bench.COSTS.exception_entry
    assert (bench.core.depth, bench.core.pending.kind) == (1, "mrs")


def test_an_interrupt_that_comes_during_a_call_is_taken_right_after_it():
    class Raises(Calls):
        unmasked = 0b10

        def sync(self):
            self.cpu.write(IRQ_WIRE, 1)
            self.log.append("call")

    bench = core_bench.Bench(Raises)
    bench.run()
    assert bench.kernel.log == ["call", "irq", "returned"]


def test_a_saved_context_brings_back_registers_and_the_way_to_return():
    core = core_bench.Bench(Calls).core
    core.registers = {"x0": 5}
    core.write_sysreg(ENCODING["ELR_EL1"], 0x1000)
    core.write_sysreg(ENCODING["SPSR_EL1"], 0x3C5)
    context = core.save_context()
    core.registers["x0"] = 6
    core.write_sysreg(ENCODING["ELR_EL1"], 0)
    core.write_sysreg(ENCODING["SPSR_EL1"], 0)
    core.restore_context(context)
    assert core.registers == {"x0": 5}
    assert core.return_address == 0x1000
    assert core.regs.peek(ENCODING["SPSR_EL1"], 8) == 0x3C5


class Interrupts(x86_bench.Kernel):
    """INT 80h through a gate of some kind, while INTR is high."""

    kind = INTERRUPT_GATE

    def boot(self):
        cpu = self.cpu
        self.gate(x86_bench.VECTOR, self.interrupt)
        address = cpu.place_code(self.enter)
        place = x86_bench.IDT + 16 * CALL
        cpu.write(place, address & 0xFFFF | 8 << 16 | self.kind << 32 | address >> 16 << 48, 8)
        cpu.write(place + 8, address >> 32, 8)
        cpu.sti()
        cpu.compute(10)
        cpu.interrupt(CALL)
        self.log.append("returned")

    def enter(self):
        self.log.append(self.cpu.read_flags() & IF)
        self.cpu.write(x86_bench.INTR_WIRE, 1)
        self.log.append("call")
        self.cpu.return_from_interrupt()

    def interrupt(self):
        self.log.append("interrupt")


class Traps(Interrupts):
    kind = TRAP_GATE


@pytest.mark.parametrize(
    ("kernel", "log"),
    [
        (Interrupts, [0, "call", "interrupt", "returned"]),
        (Traps, [IF, "interrupt", "call", "returned"]),
    ],
)
def test_a_trap_gate_leaves_interrupts_let_in_and_an_interrupt_gate_does_not(kernel, log):
    bench = x86_bench.Bench(kernel)
    bench.run()
    assert bench.kernel.log == log
    assert bench.reg("RFLAGS") & IF


def test_a_trap_gate_leaves_masked_interrupts_masked():
    class Masked(Traps):
        def enter(self):
            self.log.append(self.cpu.read_flags() & IF)
            self.cpu.return_from_interrupt()

        def boot(self):
            self.cpu.sti = self.cpu.cli
            super().boot()

    bench = x86_bench.Bench(Masked)
    bench.run()
    assert bench.kernel.log[0] == 0


def test_int_with_its_entry_is_one_step():
    bench = x86_bench.Bench(Traps)
    while bench.core.pending is None or bench.core.pending.kind != "int":
        assert bench.run(instructions=1) is StopReason.BUDGET
    assert bench.core.pending.target == CALL
    bench.run(instructions=1)
    assert (bench.core.depth, bench.core.pending.kind) == (1, "pushf")


def test_a_gate_holds_its_address_in_three_parts():
    gate = x86_gates.decode(0x1234_5678 << 64 | 0x9ABC << 48 | 0x8F00 << 32 | 8 << 16 | 0xDEF0)
    assert gate == x86_gates.InterruptGate(0x1234_5678_9ABC_DEF0, is_present=True, clears_if=False)
    assert x86_gates.decode(0x8E00 << 32).clears_if
    assert not x86_gates.decode(0x0E00 << 32).is_present


class CalledTwice:
    """An interrupt waits for the end of a call, and makes one itself before its result is read."""

    def boot(self):
        cpu = self.cpu
        self.vectors_of(cpu, self.interrupt, cpu.halt).install()
        self.arch = self.arch_of(cpu)
        self.arch.install_syscalls(self.answer, cpu.halt)
        self.arch.enable_irqs()
        cpu.compute(10)
        self.log.append(self.arch.syscall(1, 111))

    def answer(self, number, arguments):
        if number == 1:
            self.arch.disable_irqs()
            self.cpu.write(self.wire, 1)
        return arguments[0]

    def interrupt(self, *vector):
        self.cpu.write(self.wire, 0)
        self.log.append(self.arch.syscall(2, 222))


class Aarch64CalledTwice(CalledTwice, core_bench.Kernel):
    vectors_of, arch_of, wire = aarch64.Vectors, aarch64.Aarch64, IRQ_WIRE


class X86CalledTwice(CalledTwice, x86_bench.Kernel):
    vectors_of, arch_of, wire = x86_64.Vectors, x86_64.X86Arch, x86_bench.INTR_WIRE


@pytest.mark.parametrize(
    ("made", "kernel"), [(core_bench.Bench, Aarch64CalledTwice), (x86_bench.Bench, X86CalledTwice)]
)
def test_a_call_inside_an_interrupt_leaves_the_result_of_the_call_before_it(made, kernel):
    bench = made(kernel)
    bench.run()
    assert bench.kernel.log == [222, 111]
    assert not bench.core.masks()[1]
