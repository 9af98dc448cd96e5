"""A core that runs a Python kernel: every hardware access is an instruction."""

import pytest
from core_bench import COSTS, ENCODING, FIQ_WIRE, I_BIT, IRQ_WIRE, Bench, Kernel

from kerneltui.machine.core import CoreState, StopReason


class Straight(Kernel):
    """One of each instruction."""

    def boot(self):
        cpu = self.cpu
        cpu.write(0x10, 0x1234)
        self.log.append(cpu.read(0x10))
        cpu.write_sysreg(ENCODING["FAR_EL1"], 7)
        self.log.append(cpu.read_sysreg(ENCODING["FAR_EL1"]))
        cpu.unmask(0b0010)
        cpu.mask(0b0010)
        cpu.compute(500)


KINDS = ["str", "ldr", "msr", "mrs", "daifclr", "daifset", "compute", "wfi"]
COST_OF = [60, 100, 10, 10, 10, 10, 500]


def test_the_core_can_be_halted_before_every_single_instruction():
    bench = Bench(Straight)
    seen = []
    for retired in range(len(KINDS)):
        bench.run(instructions=0)
        assert bench.core.retired == retired
        seen.append(bench.core.pending.kind)
        bench.run(instructions=1)
    assert seen == KINDS


def test_a_halted_instruction_has_had_no_effect_yet():
    bench = Bench(Straight)
    bench.run(instructions=0)
    assert (bench.core.pending.target, bench.core.pending.value) == (0x10, 0x1234)
    assert bench.core.memory.peek(0x10) == 0
    bench.run(instructions=1)
    assert bench.core.memory.peek(0x10) == 0x1234
    assert bench.kernel.log == []


def test_every_instruction_takes_the_time_that_the_board_gives():
    bench = Bench(Straight)
    took = []
    for _ in COST_OF:
        before = bench.clock.now
        assert bench.run(instructions=1) is StopReason.BUDGET
        took.append(bench.clock.now - before)
    assert took == COST_OF
    assert bench.kernel.log == [0x1234, 7]


def test_zero_instructions_are_none():
    bench = Bench(Straight)
    bench.run(instructions=3)
    before = bench.core.retired, bench.clock.now
    for _ in range(5):
        assert bench.run(instructions=0) is StopReason.BUDGET
    assert (bench.core.retired, bench.clock.now) == before


def test_the_stack_of_a_halted_kernel_can_be_read():
    class Deep(Kernel):
        def boot(self):
            self.outer()

        def outer(self):
            self.inner()

        def inner(self):
            self.cpu.read(0)

    bench = Bench(Deep)
    bench.run(instructions=0)
    frames = bench.core.frames()
    assert [frame.function.rpartition(".")[2] for frame in frames] == ["inner", "outer", "boot"]
    assert all(frame.file == __file__ for frame in frames)
    lines = [frame.line for frame in frames]
    assert lines == sorted(lines, reverse=True)


def test_time_limit_halts_at_the_first_instruction_end_that_reaches_it():
    bench = Bench(Straight)
    assert bench.run(until=61) is StopReason.TIME
    assert (bench.core.retired, bench.clock.now) == (2, 160)
    assert bench.run(until=160) is StopReason.TIME
    assert bench.core.retired == 2


def test_computing_can_be_halted_at_any_time_on_the_way():
    bench = Bench(Straight)
    assert bench.run(until=333) is StopReason.TIME
    assert bench.clock.now == 333
    assert bench.core.pending.kind == "compute"
    assert bench.core.pending.value == 367
    bench.run(until=334)
    assert bench.core.pending.value == 366


def test_the_rest_of_a_halted_computation_is_one_step():
    bench = Bench(Straight)
    bench.run(until=333)
    assert bench.core.pending.kind == "compute"
    bench.run(instructions=1)
    assert bench.clock.now == 700
    assert bench.core.pending.kind == "wfi"


def test_an_event_on_the_way_does_not_cut_a_computation_into_two_steps():
    bench = Bench(Straight)
    bench.at(400, lambda: None)
    bench.run(instructions=6)
    assert bench.core.pending.kind == "compute"
    bench.run(instructions=1)
    assert bench.clock.now == 700
    assert bench.core.pending.kind == "wfi"


class Busy(Kernel):
    """Computes with interrupts on; the handler lowers the wire."""

    def boot(self):
        self.vectors(irq=self.handle)
        self.cpu.unmask(0b0010)
        self.cpu.compute(1000)
        self.log.append(("done", self.cpu.clock.now))

    def handle(self):
        self.log.append(("irq", self.cpu.clock.now))
        self.cpu.write(IRQ_WIRE, 0)


def test_an_interrupt_breaks_into_a_computation_which_then_goes_on():
    bench = Bench(Busy)
    bench.raise_irq_at(300)
    bench.run(instructions=100)
    handling = COSTS.exception_entry + COSTS.store + COSTS.exception_return
    assert bench.kernel.log == [("irq", 300 + COSTS.exception_entry), ("done", 1020 + handling)]


def test_several_interrupts_in_one_computation_each_cost_their_handling():
    bench = Bench(Busy)
    for due in (300, 600, 1100):
        bench.raise_irq_at(due)
    bench.run(instructions=100)
    assert bench.kernel.log[-1] == ("done", 1020 + 3 * (40 + 60 + 30))
    assert bench.core.interrupts_taken == 3


class Sleeper(Kernel):
    """Sleeps once with interrupts masked."""

    def idle(self):
        self.cpu.wait_for_interrupt()
        self.log.append(self.cpu.clock.now)
        self.cpu.compute(1)
        self.cpu.halt("enough")


def test_wfi_wakes_on_a_masked_interrupt_without_taking_it():
    bench = Bench(Sleeper)
    bench.raise_irq_at(5000)
    assert bench.run() is StopReason.HALTED
    assert bench.kernel.log == [5000 + COSTS.wait]
    assert bench.core.interrupts_taken == 0
    assert bench.core.inputs == I_BIT


def test_wfi_does_not_sleep_while_an_interrupt_already_waits():
    bench = Bench(Sleeper)
    bench.core.set_irq(True)
    bench.run()
    assert bench.kernel.log == [COSTS.wait]


def test_a_sleeping_core_is_halted_exactly_at_the_time_asked_for():
    bench = Bench(Kernel)
    bench.raise_irq_at(9_999_999)
    for until in (1, 2, 1000, 1_234_567):
        assert bench.run(until=until) is StopReason.TIME
        assert bench.clock.now == until
        assert bench.core.state is CoreState.WAITING


def test_a_core_that_nothing_will_wake_says_so_instead_of_hanging():
    bench = Bench(Kernel)
    assert bench.run() is StopReason.NOTHING_DUE
    assert bench.run(instructions=1) is StopReason.NOTHING_DUE
    bench.core.set_irq(True)
    assert bench.run(instructions=1) is StopReason.BUDGET


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no such thing"), "ValueError: no such thing"),
        (KeyError("gone"), "KeyError: 'gone'"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError"),
        (RecursionError("too deep"), "RecursionError"),
    ],
)
def test_a_python_error_in_the_kernel_halts_the_core_with_one_line(error, said):
    class Broken(Kernel):
        def boot(self):
            self.cpu.write(0, 1)
            raise error

    bench = Bench(Broken)
    assert bench.run() is StopReason.HALTED
    assert bench.core.state is CoreState.HALTED
    assert said in bench.core.halt_reason
    assert "boot" in bench.core.halt_reason
    assert "\n" not in bench.core.halt_reason
    assert bench.run() is StopReason.HALTED
    assert bench.core.retired == 1


def test_an_error_of_the_host_is_not_the_kernels():
    class FullDisk:
        def instruction(self, core, kind, target, value):
            raise BrokenPipeError("the reader has gone")

    bench = Bench(Straight)
    bench.core.observer = FullDisk()
    with pytest.raises(BrokenPipeError):
        bench.run()


def test_a_kernel_that_leaves_its_idle_loop_has_halted():
    class Leaves(Kernel):
        def idle(self):
            self.cpu.compute(1)

    bench = Bench(Leaves)
    assert bench.run() is StopReason.HALTED
    assert "idle" in bench.core.halt_reason


def test_halting_leaves_everything_as_it_was():
    class Panics(Kernel):
        def boot(self):
            self.cpu.write(0x20, 0xAB)
            self.fail()

        def fail(self):
            self.cpu.halt("cannot go on")

    bench = Bench(Panics)
    assert bench.run() is StopReason.HALTED
    assert bench.core.halt_reason == "cannot go on"
    assert bench.core.memory.peek(0x20) == 0xAB
    assert [frame.function.rpartition(".")[2] for frame in bench.core.frames()] == ["fail", "boot"]
    before = bench.clock.now, bench.core.retired
    for _ in range(3):
        assert bench.run(instructions=10) is StopReason.HALTED
    assert (bench.clock.now, bench.core.retired) == before


def test_100_000_interrupts_back_to_back_do_not_grow_the_stack():
    class Storm(Kernel):
        left = 100_000

        def boot(self):
            self.vectors(irq=self.handle)
            self.cpu.unmask(0b0010)
            self.log.append("through")

        def handle(self):
            self.left -= 1
            if not self.left:
                self.cpu.write(IRQ_WIRE, 0)

    bench = Bench(Storm)
    bench.core.set_irq(True)
    assert bench.run(until=10**12) is StopReason.TIME
    assert bench.core.interrupts_taken == 100_000
    assert bench.core.halt_reason == ""
    assert bench.kernel.log == ["through"]
    assert bench.core.depth == 0


def test_closing_runs_no_more_of_the_kernel():
    class Careful(Kernel):
        def boot(self):
            try:
                self.cpu.compute(10)
            finally:
                self.log.append("let go")

    bench = Bench(Careful)
    bench.run(instructions=0)
    bench.core.close()
    bench.core.close()
    assert bench.kernel.log == ["let go"]
    assert bench.clock.now == 0


def test_an_address_where_nothing_answers_is_not_a_python_error():
    class Wild(Kernel):
        def boot(self):
            self.cpu.write(FIQ_WIRE + 4, 1)

    bench = Bench(Wild)
    bench.run()
    assert "sync exception, but no code at 0x200" in bench.core.halt_reason
