"""Computing in a task: it ends when an interrupt has been handled, with the time that is left."""

import pytest
from core_bench import COSTS, IRQ_WIRE, Bench, Kernel

from kerneltui.machine.core import StopReason

HANDLER_NS = COSTS.exception_entry + COSTS.store + COSTS.exception_return
IRQS = 0b0010


class Runs(Kernel):
    """Computes 1000 ns in a task, with interrupts let in; notes what is left each time."""

    MASKED = False

    def boot(self):
        self.vectors(irq=self.handle)
        if not self.MASKED:
            self.cpu.unmask(IRQS)
        left = 1000
        while left:
            left = self.cpu.run_task(left)
            self.log.append((self.cpu.clock.now, left))

    def handle(self):
        self.cpu.write(IRQ_WIRE, 0)


class Masked(Runs):
    """The same with interrupts kept out."""

    MASKED = True


START = 2 * COSTS.sysreg
"""The vectors are set and interrupts let in."""


def test_without_an_interrupt_it_is_computing():
    bench = Bench(Runs)
    bench.run()
    assert bench.kernel.log == [(START + 1000, 0)]
    assert bench.core.retired == 3


def test_an_interrupt_ends_it_when_its_handler_has_returned():
    bench = Bench(Runs)
    bench.raise_irq_at(START + 300)
    bench.run()
    assert bench.kernel.log == [
        (START + 300 + HANDLER_NS, 700),
        (START + 1000 + HANDLER_NS, 0),
    ]


@pytest.mark.parametrize("raised", [1, 2, 999])
def test_no_nanosecond_is_lost_or_done_twice(raised):
    bench = Bench(Runs)
    bench.raise_irq_at(START + raised)
    bench.run()
    assert [left for _, left in bench.kernel.log] == [1000 - raised, 0]
    assert bench.kernel.log[-1][0] == START + 1000 + HANDLER_NS


def test_an_interrupt_at_its_very_end_is_taken_with_nothing_left():
    bench = Bench(Runs)
    bench.raise_irq_at(START + 1000)
    bench.run()
    assert bench.kernel.log == [(START + 1000 + HANDLER_NS, 0)]
    assert bench.core.interrupts_taken == 1


def test_several_interrupts_end_it_each():
    bench = Bench(Runs)
    for due in (100, 500, 900):
        bench.raise_irq_at(START + due)
    bench.run()
    assert len(bench.kernel.log) == 4
    assert bench.kernel.log[-1] == (START + 1000 + 3 * HANDLER_NS, 0)


def test_a_masked_interrupt_does_not_end_it():
    bench = Bench(Masked)
    bench.raise_irq_at(300)
    bench.run(until=COSTS.sysreg + 1001)
    assert bench.kernel.log == [(COSTS.sysreg + 1000, 0)]


def test_an_event_without_an_interrupt_does_not_end_it():
    bench = Bench(Runs)
    seen = []
    bench.at(START + 400, lambda: seen.append(bench.clock.now))
    bench.run()
    assert seen == [START + 400]
    assert bench.kernel.log == [(START + 1000, 0)]


def test_it_can_be_halted_on_the_way_and_goes_on():
    bench = Bench(Runs)
    bench.raise_irq_at(START + 700)
    assert bench.run(until=START + 333) is StopReason.TIME
    assert bench.clock.now == START + 333
    assert (bench.core.pending.kind, bench.core.pending.value) == ("compute", 667)
    bench.run()
    assert bench.kernel.log == [
        (START + 700 + HANDLER_NS, 300),
        (START + 1000 + HANDLER_NS, 0),
    ]


def test_halting_changes_nothing():
    direct, halted = Bench(Runs), Bench(Runs)
    for bench in (direct, halted):
        bench.raise_irq_at(START + 450)
    direct.run()
    for until in range(1, START + 1300, 37):
        halted.run(until=until)
    halted.run()
    assert halted.kernel.log == direct.kernel.log
    assert halted.core.retired == direct.core.retired


def test_no_time_is_an_instruction_too():
    class Nothing(Runs):
        def boot(self):
            self.log.append(self.cpu.run_task(0))

    bench = Bench(Nothing)
    bench.run()
    assert bench.kernel.log == [0]
    assert (bench.core.retired, bench.clock.now) == (1, 0)
