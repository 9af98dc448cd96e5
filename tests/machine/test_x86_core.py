"""An x86-64 core: instructions, interrupts and their frame, NMI, faults, CPUID."""

import itertools

import pytest
from x86_bench import (
    ALL,
    APIC,
    ICR_HIGH,
    ICR_LOW,
    IDT,
    IF,
    INTR_WIRE,
    NMI_WIRE,
    PORT,
    SVR,
    TSC_HZ,
    VECTOR,
    WIRES,
    Bench,
    Kernel,
    write_gate,
)

from kerneltui.debugger.onlooker import Indifferent
from kerneltui.devices.x86.local_apic import Config, LocalApic
from kerneltui.hw.bus import BusFault
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.machine.state import State
from kerneltui.machine.x86_exceptions import KERNEL_CS, KERNEL_SS, NMI_VECTOR

GP = 13
ONE = 1 << 1


class Straight(Kernel):
    """One of each instruction."""

    def boot(self):
        cpu = self.cpu
        cpu.write(0x10, 0x1234)
        self.log.append(cpu.read(0x10))
        cpu.write_port(PORT, 0x5A)
        self.log.append(cpu.read_port(PORT))
        cpu.write_msr(0x10, 1_000_000)
        self.log.append(cpu.read_msr(0x10))
        self.log.append(cpu.read_tsc())
        cpu.cpuid(0)
        cpu.cli()
        cpu.sti()
        self.log.append(cpu.read_flags())
        cpu.write_flags(0)
        cpu.load_idt(0x3_0000, 0x1FF)
        cpu.push(0x77)
        cpu.release_stack(8)
        cpu.compute(500)


KINDS = ["store", "load", "out", "in", "wrmsr", "rdmsr", "rdtsc", "cpuid", "cli", "sti", "pushf",
         "popf", "lidt", "push", "add rsp", "compute", "hlt"]  # fmt: skip
COST_OF = [60, 100, 700, 700, *[10] * 11, 500]


def test_the_core_can_be_halted_before_every_single_instruction():
    bench = Bench(Straight)
    seen = []
    for retired in range(len(KINDS)):
        assert bench.run(instructions=0) is StopReason.BUDGET
        assert bench.core.retired == retired
        seen.append(bench.core.pending.kind)
        bench.run(instructions=1)
    assert seen == KINDS


def test_every_instruction_takes_the_time_that_the_board_gives():
    bench = Bench(Straight)
    took = []
    for _ in COST_OF:
        before = bench.clock.now
        assert bench.run(instructions=1) is StopReason.BUDGET
        took.append(bench.clock.now - before)
    assert took == COST_OF
    ticks = 10 * TSC_HZ // 10**9
    assert bench.kernel.log == [0x1234, 0x5A, 1_000_000 + ticks, 1_000_000 + 2 * ticks, IF | ONE]
    assert (bench.reg("IDTR_BASE"), bench.reg("IDTR_LIMIT")) == (0x3_0000, 0x1FF)


def test_a_halted_instruction_has_had_no_effect_yet():
    bench = Bench(Straight)
    bench.run(instructions=2)
    bench.run(instructions=0)
    pending = bench.core.pending
    assert (pending.kind, pending.target, pending.value) == ("out", PORT, 0x5A)
    assert bench.ports.peek(PORT, 1) == 0
    bench.run(instructions=1)
    assert bench.ports.peek(PORT, 1) == 0x5A


def test_every_step_tells_the_observer_of_one_instruction_or_exception():
    class Mixed(Kernel):
        def boot(self):
            self.gate(0x80, lambda: self.cpu.read(0))
            self.gate(VECTOR, lambda: self.cpu.read(4))
            self.gate(GP, lambda: self.cpu.read(8), has_error_code=True)
            self.cpu.interrupt(0x80)
            self.cpu.sti()
            self.cpu.write(INTR_WIRE, 1)
            self.cpu.read_msr(0x999)
            self.cpu.read(12)

    class Watcher(Indifferent):
        def __init__(self):
            self.seen = []

        def instruction(self, core, kind, target, value):
            self.seen.append(kind)

        def exception(self, core, kind, vector):
            self.seen.append((kind, vector))

    bench, watcher = Bench(Mixed), Watcher()
    bench.observe(watcher)
    steps = 0
    while bench.core.state is not CoreState.WAITING:
        assert bench.core.halt_reason == ""
        bench.run(instructions=1)
        steps += 1
        assert len(watcher.seen) <= steps + 1, watcher.seen
    assert watcher.seen == [
        ("int", 0x80), "load", "iret", "sti", "store", ("intr", VECTOR), "load", "iret",
        ("fault", GP), "load", "add rsp", "iret", "rdmsr", "load", "hlt",
    ]  # fmt: skip


# -- the interrupt frame ---------------------------------------------------------------------------


class OneInterrupt(Kernel):
    """Takes an interrupt with a stack pointer that is not aligned."""

    def boot(self):
        cpu = self.cpu
        self.gate(VECTOR, self.handler)
        self.gate(GP, self.handler, has_error_code=True)
        cpu.push(0xAAAA)
        self.before = cpu.stack_pointer()
        cpu.sti()
        self.act()
        self.after = cpu.stack_pointer(), cpu.read_flags()

    def act(self):
        self.cpu.write(INTR_WIRE, 1)

    def handler(self):
        cpu = self.cpu
        top = cpu.stack_pointer()
        self.frame = [cpu.read(top + 8 * n, 8) for n in range(6)]
        self.top, self.inside = top, cpu.read_flags()


def test_the_frame_in_memory_is_that_of_64_bit_mode():
    kernel = (bench := Bench(OneInterrupt)).kernel
    bench.run()
    rip, cs, flags, rsp, ss = kernel.frame[:5]
    assert (cs, flags, rsp, ss) == (KERNEL_CS, IF | ONE, kernel.before, KERNEL_SS)
    assert rip == bench.reg("RIP") != 0
    assert kernel.before % 16 == 8
    assert kernel.top == kernel.before - 8 - 40, "aligned to 16 before the five words"


def test_interrupts_are_masked_inside_and_come_back_with_iret():
    kernel = (bench := Bench(OneInterrupt)).kernel
    bench.run()
    assert kernel.inside == ONE
    assert kernel.after == (kernel.before, IF | ONE)
    assert bench.core.interrupts_taken == 1


def test_iret_takes_the_flags_from_the_frame_in_memory():
    class Changes(OneInterrupt):
        def handler(self):
            super().handler()
            self.cpu.write(self.top + 16, ONE, 8)

    kernel = (bench := Bench(Changes)).kernel
    bench.run()
    assert kernel.after == (kernel.before, ONE)


def test_an_unknown_msr_is_a_protection_fault_with_an_error_code_on_top():
    class Fault(OneInterrupt):
        def act(self):
            self.log.append(self.cpu.read_msr(0xC000_0080))

    kernel = (bench := Bench(Fault)).kernel
    bench.run()
    error, _, cs, flags, rsp, ss = kernel.frame
    assert (error, cs, flags, rsp, ss) == (0, KERNEL_CS, IF | ONE, kernel.before, KERNEL_SS)
    assert kernel.after == (kernel.before, IF | ONE)
    assert bench.core.interrupts_taken == 0, "a fault is not an interrupt"


@pytest.mark.parametrize("number", [0, 0x1A, 0x1C, 0x6DF, 0x6E1])
@pytest.mark.parametrize("how", ["read", "write"])
def test_numbers_between_a_devices_msrs_fault_like_all_others(number, how):
    class Probes(Kernel):
        def boot(self):
            self.gate(GP, lambda: self.log.append("fault"), has_error_code=True)
            if how == "read":
                self.cpu.read_msr(number)
            else:
                self.cpu.write_msr(number, 0)

    bench = Bench(Probes, apic=True)
    bench.run()
    assert bench.kernel.log == ["fault"]


def test_the_devices_own_msrs_do_not_fault():
    class Reads(Kernel):
        def boot(self):
            self.log.append(self.cpu.read_msr(0x1B))

    bench = Bench(Reads, apic=True)
    bench.run()
    assert bench.kernel.log == [APIC | 1 << 11 | 1 << 8]


@pytest.mark.parametrize("bit", [*range(8), 9, 10, *range(36, 64)])
def test_a_reserved_bit_of_the_apic_base_is_a_protection_fault_and_changes_nothing(bit):
    class Writes(Kernel):
        def boot(self):
            self.gate(GP, self.fault, has_error_code=True)
            self.cpu.write_msr(0x1B, APIC | 1 << 8 | 1 << bit)
            self.log.append(self.cpu.read_msr(0x1B))
            self.cpu.write_msr(0x1B, APIC | 1 << 8 | 1 << 11)

        def fault(self):
            self.log.append(("fault", self.cpu.read(self.cpu.stack_pointer(), 8)))

    bench = Bench(Writes, apic=True)
    bench.run()
    assert bench.kernel.log == [("fault", 0), APIC | 1 << 8 | 1 << 11]


@pytest.mark.parametrize("how", ["read", "write"])
def test_an_apic_without_the_deadline_mode_has_no_msr_for_it(how):
    class Probes(Kernel):
        def boot(self):
            self.gate(GP, lambda: self.log.append("fault"), has_error_code=True)
            if how == "read":
                self.cpu.read_msr(0x6E0)
            else:
                self.cpu.write_msr(0x6E0, 5)

    bench = Bench(Probes)
    bench.apic = LocalApic("lapic", Config(tsc_deadline=False), bench.clock)
    bench.msrs.attach(0x1B, 0x6C6, "lapic", bench.apic.files["LOCAL_APIC_MSR"])
    bench.run()
    assert bench.kernel.log == ["fault"]


# -- a local APIC that is off ----------------------------------------------------------------------


class TurnsOff(Kernel):
    """Switches its APIC off, looks, switches it on again, and looks."""

    def boot(self):
        cpu = self.cpu
        cpu.write(SVR, 0x1FF)
        cpu.write(APIC + 0x80, 0x30)
        self.look()
        base = cpu.read_msr(0x1B)
        cpu.write_msr(0x1B, base & ~(1 << 11))
        self.look()
        cpu.write(SVR, 0x1FF)
        self.log.append(self.cpu.read_msr(0x1B) >> 11 & 1)
        cpu.write_msr(0x1B, base)
        self.look()

    def look(self):
        cpu = self.cpu
        has_apic = cpu.cpuid(1)[3] >> 9 & 1
        self.log.append((has_apic, cpu.read(APIC + 0x20), cpu.read(SVR), cpu.read(APIC + 0x80)))


def test_a_core_whose_apic_is_off_finds_none():
    """Not in CPUID, nothing at the page; afterwards it is as after power-up (10.4.3)."""
    bench = Bench(TurnsOff, apic=True)
    bench.run()
    nothing = 0xFFFF_FFFF
    assert bench.kernel.log == [
        (1, 0, 0x1FF, 0x30), (0, nothing, nothing, nothing), 0, (1, 0, 0xFF, 0),
    ]  # fmt: skip


class StaysOff(TurnsOff):
    """Switches its APIC off, and stays there for a while."""

    def boot(self):
        self.cpu.write_msr(0x1B, self.cpu.read_msr(0x1B) & ~(1 << 11))
        self.cpu.compute(10_000)


def test_other_cores_keep_theirs():
    class Looks(TurnsOff):
        def boot(self):
            self.cpu.compute(300)
            self.look()
            self.cpu.write(ICR_HIGH, 0)
            self.cpu.write(ICR_LOW, 0x4000 | VECTOR)

    bench = Bench(StaysOff, Looks, apic=True)
    bench.run()
    assert bench.kernels[1].log == [(1, 1 << 24, 0xFF, 0)]
    assert bench.apic.regs.peek(0x210, 4, 0) == 0, "no IPI arrives"


def test_a_core_goes_on_without_its_apic_from_saved_state():
    bench = Bench(StaysOff, apic=True)
    state, core = State(bench), bench.core
    on = state.save()
    bench.run()
    off = state.save()
    for _ in range(2):
        state.load(off)
        assert core.memory.window_at(APIC) is None
        with pytest.raises(BusFault):
            core.memory.read(APIC + 0x30)
        core.msrs.write(0x1B, APIC | 1 << 11, 8)
        core.find_local_apic()
        assert core.memory.read(APIC + 0x30) >> 16 == 0x106
        state.load(on)
        assert core.memory.read(APIC + 0x30) >> 16 == 0x106


def test_the_observer_is_told_of_an_access_to_an_apic_that_is_off():
    class Reads(StaysOff):
        def boot(self):
            super().boot()
            self.cpu.read(SVR)

    class Watcher(Indifferent):
        def __init__(self):
            self.texts = []

        def unmodelled(self, text):
            self.texts.append(text)

    bench, watcher = Bench(Reads, apic=True), Watcher()
    bench.observe(watcher)
    bench.run()
    assert watcher.texts == [f"nothing answers at memory address {SVR:#x}"]


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_a_load_that_nobody_answers_finds_all_ones(size):
    class Reads(Kernel):
        def boot(self):
            self.log.append(self.cpu.read(0x8000_0000, size))
            self.log.append(self.cpu.read_port(0x999, min(size, 4)))
            self.cpu.write(0x8000_0000, 1, size)
            self.cpu.write_port(0x999, 1, min(size, 4))

    bench = Bench(Reads)
    assert bench.run() is StopReason.NOTHING_DUE
    assert bench.kernel.log == [(1 << 8 * size) - 1, (1 << 8 * min(size, 4)) - 1]


def test_int_n_goes_through_its_gate_whatever_the_flag_says():
    class Calls(Kernel):
        def boot(self):
            self.gate(0x80, lambda: self.log.append("called"))
            self.cpu.interrupt(0x80)
            self.log.append(self.cpu.read_flags())

    bench = Bench(Calls)
    bench.run()
    assert bench.kernel.log == ["called", ONE]
    assert bench.core.interrupts_taken == 0


def test_what_came_during_int_n_is_taken_as_it_returns():
    class Calls(Kernel):
        def boot(self):
            self.gate(0x80, lambda: self.cpu.write(INTR_WIRE, 1))
            self.gate(VECTOR, lambda: self.log.append(self.cpu.clock.now))
            self.cpu.sti()
            self.cpu.interrupt(0x80)
            self.cpu.compute(1_000_000)

    bench = Bench(Calls)
    bench.run()
    assert bench.kernel.log == [10 + 40 + 60 + 30 + 40]


def test_a_stack_without_memory_loses_the_frame_and_says_nothing_wrong():
    class Lost(Kernel):
        def boot(self):
            self.cpu.release_stack(0x100_0000)
            self.gate(VECTOR, self.handler)
            self.cpu.sti()
            self.cpu.write(INTR_WIRE, 1)

        def handler(self):
            self.log.append(self.cpu.read(self.cpu.stack_pointer(), 8))

    bench = Bench(Lost)
    bench.run(instructions=40)
    assert "BusFault" not in bench.core.halt_reason
    assert bench.kernel.log[0] == (1 << 64) - 1


# -- masking ---------------------------------------------------------------------------------------


class Counts(Kernel):
    """Logs each interrupt with the time."""

    def boot(self):
        self.gate(VECTOR, self.handler)
        self.gate(NMI_VECTOR, self.nmi)
        self.act()

    def handler(self):
        self.log.append(("intr", self.cpu.clock.now))

    def nmi(self):
        self.log.append(("nmi", self.cpu.clock.now))

    def kinds(self):
        return [entry[0] if isinstance(entry, tuple) else entry for entry in self.log]


def kernel_that(act):
    return type("Acts", (Counts,), {"act": act})


def logged(act, prepare=lambda bench: None, **run):
    bench = Bench(kernel_that(act))
    prepare(bench)
    bench.run(**run)
    assert not bench.core.halt_reason
    return bench.kernel


def test_the_shadow_of_sti_covers_one_instruction():
    def act(self):
        self.cpu.write(INTR_WIRE, 1)
        self.cpu.sti()
        self.log.append("after sti")
        self.cpu.read(0)
        self.log.append("after load")

    assert logged(act).kinds() == ["after sti", "intr", "after load"]


def test_computing_after_sti_is_interrupted_at_once_and_not_at_its_end():
    def act(self):
        self.cpu.write(INTR_WIRE, 1)
        self.cpu.sti()
        self.cpu.compute(1_000_000)

    assert logged(act).log == [("intr", 60 + 10 + 1 + 40)]


def test_sti_and_cli_let_nothing_in():
    def act(self):
        self.cpu.write(INTR_WIRE, 1)
        for _ in range(3):
            self.cpu.sti()
            self.cpu.cli()
        self.log.append("end")

    assert logged(act).kinds() == ["end"]


def test_only_the_sti_that_sets_the_flag_casts_a_shadow():
    def act(self):
        self.cpu.write(INTR_WIRE, 1)
        self.cpu.sti()
        self.cpu.sti()
        self.log.append("after two")

    assert logged(act).kinds() == ["intr", "after two"]


def test_popf_casts_no_shadow():
    def act(self):
        self.cpu.write(INTR_WIRE, 1)
        self.cpu.write_flags(IF)
        self.log.append("after popf")

    assert logged(act).kinds() == ["intr", "after popf"]


def test_sti_hlt_loses_no_interrupt():
    def act(self):
        self.cpu.write(INTR_WIRE, 1)
        self.cpu.sti()
        self.cpu.wait_for_interrupt()
        self.log.append("woken")

    assert logged(act).kinds() == ["intr", "woken"]


def test_hlt_with_interrupts_masked_is_ended_by_an_nmi_alone():
    def act(self):
        self.cpu.wait_for_interrupt()
        self.log.append(("woken", self.cpu.clock.now))

    def prepare(bench):
        bench.raise_intr_at(1_000)
        bench.raise_nmi_at(5_000)

    kernel = logged(act, prepare)
    assert kernel.log == [("nmi", 5_000 + 20 + 40), ("woken", 5_000 + 20 + 40 + 30)]


def test_a_blocked_nmi_does_not_end_a_halt():
    def act(self):
        self.cpu.write(NMI_WIRE, 1)
        self.log.append("done")

    def nmi(self):
        self.log.append("nmi")
        if len(self.log) == 1:
            self.cpu.write(NMI_WIRE, 1)
            self.cpu.wait_for_interrupt()
            self.log.append("woken")

    bench = Bench(type("Halts", (Counts,), {"act": act, "nmi": nmi}))
    assert bench.run() is StopReason.NOTHING_DUE
    assert bench.kernel.log == ["nmi"]
    assert bench.core.state is CoreState.WAITING


def test_an_nmi_is_latched_and_blocked_until_iret():
    def act(self):
        self.cpu.write(NMI_WIRE, 1)
        self.log.append("end")

    def nmi(self):
        self.log.append("begin")
        if self.log.count("begin") == 1:
            self.cpu.write(NMI_WIRE, 1)
            self.cpu.write(NMI_WIRE, 1)
            self.cpu.read(0)
        self.log.append("return")

    bench = Bench(type("Nmis", (Counts,), {"act": act, "nmi": nmi}))
    bench.run()
    assert bench.kernel.log == ["begin", "return", "begin", "return", "end"], "one edge is held"


def test_an_nmi_comes_before_an_interrupt_and_its_handler_has_interrupts_masked():
    def act(self):
        self.cpu.write(INTR_WIRE, 1)
        self.cpu.write(WIRES + 4, 1)
        self.log.append("masked")
        self.cpu.sti()
        self.cpu.read(0)

    assert logged(act).kinds() == ["nmi", "masked", "intr"]


def test_a_handler_that_lets_interrupts_in_is_interrupted():
    depths = []

    def act(self):
        self.cpu.sti()
        self.cpu.write(INTR_WIRE, 1)
        self.log.append(self.cpu.stack_pointer())

    def handler(self):
        depths.append(self.cpu.depth)
        self.log.append(self.cpu.stack_pointer())
        if len(depths) < 4:
            self.cpu.sti()
            self.cpu.write(INTR_WIRE, 1)

    bench = Bench(type("Nests", (Counts,), {"act": act, "handler": handler}))
    top = bench.reg("RSP")
    bench.run()
    assert depths == [1, 2, 3, 4]
    pointers = bench.kernel.log
    assert pointers[-1] == top
    assert all(a - b in {40, 48} for a, b in itertools.pairwise([top, *pointers[:-1]]))
    assert bench.core.depth == 0


def test_a_computing_core_is_interrupted_on_the_way_and_then_goes_on():
    def act(self):
        self.cpu.sti()
        self.cpu.compute(10_000)
        self.log.append(("end", self.cpu.clock.now))

    kernel = logged(act, lambda bench: bench.raise_intr_at(3_000))
    assert kernel.log == [("intr", 3_040), ("end", 10_010 + 70)]


def test_an_hlt_with_interrupts_masked_does_not_deafen_later_computing():
    """What ends the one wait is not asked of the next stretch of computing."""
    ipi_at = 20_000

    class Receiver(Counts):
        def act(self):
            self.cpu.wait_for_interrupt()
            self.cpu.sti()
            self.cpu.compute(100_000)

    class Sender(Kernel):
        def boot(self):
            self.cpu.compute(ipi_at)
            self.cpu.write(INTR_WIRE, 1)

    bench = Bench(Receiver, Sender)
    bench.raise_nmi_at(1_000)
    bench.run()
    assert bench.kernel.log == [("nmi", 1_060), ("intr", ipi_at + 40)]


# -- gates that are not there ----------------------------------------------------------------------


def halted(kernel):
    bench = Bench(kernel)
    assert bench.run() is StopReason.HALTED
    assert bench.core.state is CoreState.HALTED
    return bench.core.halt_reason


class Interrupted(Kernel):
    def boot(self):
        self.prepare()
        self.cpu.sti()
        self.cpu.write(INTR_WIRE, 1)

    def prepare(self):
        pass


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda self: None, "not present"),
        (lambda self: self.cpu.load_idt(IDT, 16 * VECTOR + 14), "beyond the IDT"),
        (lambda self: self.cpu.load_idt(0x9000_0000, 0xFFF), "no code at 0xffffffffffffffff"),
        (lambda self: write_gate(self.cpu, VECTOR, lambda: None), "ended without IRET"),
    ],
)
def test_a_gate_that_leads_nowhere_ends_the_core_in_words(prepare, words):
    reason = halted(type("Bad", (Interrupted,), {"prepare": prepare}))
    assert words in reason
    assert f"{VECTOR:#x}" in reason


def test_the_last_byte_of_the_gate_decides_whether_it_is_in_the_idt():
    def act(self):
        self.cpu.load_idt(IDT, 16 * VECTOR + 15)
        self.cpu.sti()
        self.cpu.write(INTR_WIRE, 1)

    assert logged(act).kinds() == ["intr"]


def test_the_gate_is_read_from_memory_at_each_interrupt():
    def act(self):
        cpu = self.cpu
        cpu.sti()
        cpu.write(INTR_WIRE, 1)
        self.gate(VECTOR, lambda: self.log.append("other"))
        cpu.write(INTR_WIRE, 1)
        cpu.write(IDT + 16 * VECTOR, 0, 8)
        cpu.write(INTR_WIRE, 1)

    bench = Bench(kernel_that(act))
    bench.run()
    assert bench.kernel.kinds() == ["intr", "other"]
    assert "not present" in bench.core.halt_reason


# -- CPUID -----------------------------------------------------------------------------------------

PLACES = {
    "apic": (0x1, 3, 9), "tsc-deadline": (0x1, 2, 24), "arat": (0x6, 0, 2),
    "invtsc": (0x8000_0007, 3, 8),
}  # fmt: skip
COMBINATIONS = [
    frozenset(chosen) for n in range(5) for chosen in itertools.combinations(sorted(ALL), n)
]


@pytest.mark.parametrize("features", COMBINATIONS, ids=lambda it: "+".join(sorted(it)) or "none")
def test_cpuid_shows_each_feature_in_its_bit(features):
    class Asks(Kernel):
        def boot(self):
            self.leaves = {
                leaf: self.cpu.cpuid(leaf) for leaf in (0, 1, 6, 7, *range(1 << 31, (1 << 31) + 9))
            }

    bench = Bench(Asks, Asks, features=features)
    bench.run()
    for index, kernel in enumerate(bench.kernels):
        leaves = kernel.leaves
        for name, (leaf, register, bit) in PLACES.items():
            assert leaves[leaf][register] >> bit & 1 == (name in features), name
        highest, ebx, ecx, edx = leaves[0]
        assert highest >= 7
        assert b"".join(it.to_bytes(4, "little") for it in (ebx, edx, ecx)).isalpha()
        assert leaves[1][1] >> 24 == index, "the initial APIC ID"
        assert leaves[1][1] >> 16 & 0xFF == 2
        assert leaves[1][3] >> 28 & 1, "so many cores are only told with HTT"
        assert leaves[1][3] >> 4 & 3 == 0b11, "TSC, and the MSR instructions just used"
        assert leaves[1 << 31][0] >= 0x8000_0008
        assert leaves[0x8000_0001][3] >> 29 & 1, "64-bit mode"


def test_leaves_beyond_the_highest_are_zero_as_the_highest_is():
    class Asks(Kernel):
        def boot(self):
            self.log = [self.cpu.cpuid(leaf) for leaf in (7, 8, 0x4000_0000, 0x8000_0009)]

    bench = Bench(Asks)
    bench.run()
    assert bench.kernel.log == [(0, 0, 0, 0)] * 4


def test_looking_at_the_tsc_costs_nothing():
    bench = Bench(Kernel)
    bench.at(1_000, lambda: None)
    bench.run(until=1_000)
    assert bench.core.regs.peek(0x10, 8) == 2_400
    assert bench.clock.now == 1_000
