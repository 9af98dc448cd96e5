"""Pokes act as a core's stores do, on every kind of register; what they let in is taken next."""

import pytest
from core_bench import ALL_MASKED, COSTS, ENCODING, I_BIT, IRQ_WIRE, WIRES, Bench, Kernel

from kerneltui.hw.register import MEMORY
from kerneltui.machine.core import StopReason
from kerneltui.machine.poke import CORE_REGISTERS, Poke, Poker
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session

S, MS, US = 1_000_000_000, 1_000_000, 1_000
UNMASK = Poke(CORE_REGISTERS, ENCODING["DAIF"], 0, 8)
RAISE = Poke(MEMORY, IRQ_WIRE, 1, 4)


class Poked(Bench):
    """A core that can be poked."""

    def __init__(self, kernel):
        super().__init__(kernel)
        self.poker = Poker(self.clock, [self.core], {MEMORY: self.core.memory}, {}, {})


class Masked(Kernel):
    """Keeps interrupts out while an input is high."""

    def boot(self):
        self.vectors(irq=self.handle)
        self.cpu.write(IRQ_WIRE, 1)

    def handle(self):
        self.log.append(self.cpu.clock.now - COSTS.exception_entry)
        self.cpu.write(IRQ_WIRE, 0)


class Computes(Masked):
    def boot(self):
        super().boot()
        self.work()
        self.log.append("done")
        self.done_at = self.cpu.clock.now
        self.cpu.write(IRQ_WIRE, 0)

    def work(self):
        self.cpu.compute(10 * US)


class Task(Computes):
    def work(self):
        left = 10 * US
        while left:
            left = self.cpu.run_task(left)


class Stores(Masked):
    def boot(self):
        super().boot()
        while not self.log:
            self.cpu.write(0, 1)


@pytest.mark.parametrize("kernel", [Computes, Task])
@pytest.mark.parametrize("paused", [0, 1, 5_000])
def test_what_a_poke_lets_in_while_a_core_computes_is_taken_at_once(kernel, paused):
    """Wherever the debugger has halted it: the next moment of computing samples."""
    bench = Poked(kernel)
    bench.run(until=COSTS.store + COSTS.sysreg + paused)
    then = bench.clock.now
    bench.poker.store(UNMASK)
    assert bench.clock.now == then, "a poke takes no time"
    bench.run()
    assert bench.kernel.log[0] == then + 1
    assert bench.kernel.log[1] == "done"


@pytest.mark.parametrize("kernel", [Computes, Task, Stores])
def test_a_poke_at_its_time_is_taken_as_an_event_from_outside(kernel):
    bench = Poked(kernel)
    bench.poker.play([(4 * US, UNMASK, True)])
    bench.run()
    late = bench.kernel.log[0] - 4 * US
    assert 0 <= late < COSTS.store


@pytest.mark.parametrize("kernel", [Computes, Task])
def test_a_halt_alone_changes_nothing(kernel):
    """A masked input is high; halting anywhere in computing costs no nanosecond and no step."""
    straight, halted = Poked(kernel), Poked(kernel)
    straight.run()
    while "done" not in halted.kernel.log:
        halted.run(until=halted.clock.now + 700)
    halted.run()
    assert halted.kernel.done_at == straight.kernel.done_at
    assert halted.core.retired == straight.core.retired
    assert halted.kernel.log == straight.kernel.log


def test_a_poke_wakes_a_core_that_sleeps():
    class Sleeps(Masked):
        def boot(self):
            self.vectors(irq=self.handle)
            self.cpu.unmask(2)

    bench = Poked(Sleeps)
    bench.run(until=S)
    bench.poker.store(RAISE)
    bench.run(until=2 * S)
    assert bench.kernel.log == [S + COSTS.wait]


def test_what_a_poke_takes_away_before_its_interrupt_is_taken_is_not_taken():
    """Halted before the entry of an IRQ, with an FIQ that is let in only then."""

    class Open(Masked):
        def boot(self):
            self.vectors(irq=self.handle, fiq=lambda: self.log.append("fiq"))
            self.cpu.unmask(2)
            self.cpu.write(IRQ_WIRE, 1)

    bench = Poked(Open)
    bench.run(instructions=3)
    assert bench.core.pending.kind == "irq"
    bench.poker.store(Poke(MEMORY, IRQ_WIRE, 0, 4))
    bench.poker.store(Poke(MEMORY, WIRES + 4, 1, 4))
    bench.run(until=MS)  # not long: while the FIQ waits, no sleep lasts
    assert bench.kernel.log == []
    bench.poker.store(Poke(CORE_REGISTERS, ENCODING["DAIF"], ALL_MASKED & ~(1 << 6), 8, keep=I_BIT))
    bench.run(instructions=3)
    assert bench.kernel.log[:1] == ["fiq"]


def test_a_poke_where_nothing_answers_does_nothing():
    bench = Poked(Kernel)
    bench.poker.store(Poke(MEMORY, 0xFFFF_0000, 1, 4))
    bench.run(until=S)
    assert bench.core.halt_reason == ""


# -- on the boards --------------------------------------------------------------------------------

PIT = "nohz=off clock=pit timer=acpi"
SHUT_AND_OPEN = [
    ("rpi4", "", "GICC_PMR=0", "GICC_PMR=0xff"),
    ("rpi4", "", "0xFF842004=0", "0xFF842004=0xff"),
    ("rpi4", "", "GICC_CTLR=0", "GICC_CTLR=1"),
    ("rpi4", "", "GICD_ICENABLER0.PPI[14]=1", "GICD_ISENABLER0.PPI[14]=1"),
    ("rpi4", "", "CNTP_CTL_EL0.IMASK=1", "CNTP_CTL_EL0.IMASK=0"),
    ("rpi4", "", "DAIF.I=1", "DAIF.I=0"),
    ("rpi4", "", "DAIF=0x3c0", "core0/DAIF=0"),
    ("rpi3", "", "CNTP_CTL_EL0.IMASK=1", "CNTP_CTL_EL0.IMASK=0"),
    ("rpi3", "", "CORE0_TIMER_INTERRUPT_CONTROL=0", "CORE0_TIMER_INTERRUPT_CONTROL=2"),
    ("rpi3", "", "DAIF.I=1", "DAIF.I=0"),
    ("x86", "", "RFLAGS.IF=0", "RFLAGS.IF=1"),
    ("x86", "", "TPR=0xff", "TPR=0"),
    ("x86", PIT, "ioapic0/IOREDTBL2_LOW.MASK=1", "ioapic0/IOREDTBL2_LOW.MASK=0"),
    ("x86", PIT, "RFLAGS.IF=0", "RFLAGS.IF=1"),
    ("x86", f"apic=off {PIT}", "I8259_MASTER/IMR.M[0]=1", "I8259_MASTER/IMR.M[0]=0"),
    ("x86", f"apic=off {PIT}", "port:0x21=0xff", "I8259_MASTER/IMR=0"),
    ("x86", f"apic=off {PIT}", "I8259_MASTER/OCW1=0xff", "port:0x21=0"),
]


@pytest.mark.parametrize(("board", "boot", "shut", "opened"), SHUT_AND_OPEN)
def test_a_poke_shuts_interrupts_out_and_another_lets_them_in(board, boot, shut, opened):
    session = open_session(board, "timer-callbacks", Changes(append=boot))
    session.run_until(S + 3 * MS)  # the PC's clock has told the new second
    core = session.machine.core
    session.poke(shut, 0)
    then, retired, taken = session.machine.now, core.retired, core.interrupts_taken
    assert (session.machine.now, core.retired) == (then, retired)
    session.run_until(S + (60 if board == "x86" else 9) * MS)
    assert core.interrupts_taken == taken, "the first timeout was due"
    session.poke(opened, 0)
    before = session.machine.now
    assert session.next_interrupt() is StopReason.INTERRUPT
    waited = session.machine.now - before
    # An I/O APIC forgets edges at a masked pin: the next tick comes.
    assert waited < (10 * MS if "IOREDTBL" in opened else 2 * US), "what had come is taken at once"
    session.run_until(before + 20 * MS)
    assert core.halt_reason == ""


def test_a_masked_local_timer_loses_its_interrupt():
    """A masked entry of the local vector table makes none, and nothing remembers it."""
    session = open_session("x86", "timer-callbacks")
    session.run_until(S + 3 * MS)
    session.poke("LVT_TIMER.MASK=1", 0)
    taken = session.machine.core.interrupts_taken
    session.run_until(S + 100 * MS)
    session.poke("LVT_TIMER.MASK=0", 0)
    session.run_until(S + 200 * MS)
    assert session.machine.core.interrupts_taken == taken


def test_a_register_behind_a_window_is_poked_without_its_index():
    session = open_session("x86", "timer-callbacks")
    session.run_until(S)
    devices = session.machine.devices
    chip, rtc = devices["ioapic0"], devices["rtc"]
    index = chip.files["IO_APIC"].store("IOREGSEL")[0]
    rtc_index = rtc.files["RTC"].store("RTC_INDEX")[0]
    behind = chip.files["IO_APIC_INDIRECT"]
    before = behind.peek(0x10 + 2 * 5)
    session.poke("ioapic0/IOREDTBL5_LOW.INTVEC=0x55")
    assert behind.peek(0x10 + 2 * 5) == before & ~0xFF | 0x55
    assert chip.files["IO_APIC"].store("IOREGSEL")[0] == index
    session.poke("RAM64=0x5a")
    assert rtc.files["CMOS"].peek(64, 1) == 0x5A
    assert rtc.files["RTC"].store("RTC_INDEX")[0] == rtc_index


def test_msrs_and_a_core_of_their_own():
    session = open_session("x86", "timer-callbacks")
    session.run_until(S + 3 * MS)
    zero, one = session.machine.cores
    session.poke("IA32_TIME_STAMP_COUNTER=1000", 1)
    assert one.clocks.tsc() == 1000
    assert zero.clocks.tsc() > 2_000_000_000
    session.poke("LVT_TIMER.MODE=2", 0)  # TSC-deadline; the count that ran in one-shot mode stops
    taken = zero.interrupts_taken
    session.poke(f"IA32_TSC_DEADLINE={zero.clocks.tsc() + 1_000_000}", 0)
    session.poke("IA32_TSC_DEADLINE=0", 0)
    session.run_until(S + 50 * MS)
    assert zero.interrupts_taken == taken, "the deadline is disarmed"
    session.poke(f"IA32_TSC_DEADLINE={zero.clocks.tsc() + 1_000_000}", 0)
    session.run_until(S + 60 * MS)
    assert zero.interrupts_taken > taken, "and armed again"
    session.poke("core1/IA32_APIC_BASE.EN=0", 0)
    assert one.memory.window_at(0xFEE0_0000) is None
    assert zero.memory.window_at(0xFEE0_0000) is not None
    session.run_until(S + 70 * MS)


def test_banked_registers_are_those_of_the_core_that_pokes():
    session = open_session("rpi4", "timer-callbacks")
    session.run_until(S)
    pmr = session.machine.devices["gic"].files["GICC"].peek
    before = pmr(4, 4, 0)
    session.poke("core2/GICC_PMR=0x70", 0)
    assert (pmr(4, 4, 0), pmr(4, 4, 2)) == (before, 0x70)


def test_a_field_keeps_the_others_of_a_register_and_sets_no_bits_of_one_that_sets():
    session = open_session("rpi4", "timer-callbacks")
    session.run_until(S)
    machine = session.machine
    enabled = machine.memory.peek(0xFF84_1100)
    session.poke("GICD_ICENABLER0.PPI[14]=1")
    assert machine.memory.peek(0xFF84_1100) == enabled & ~(1 << 30)
    session.poke("GICD_ISENABLER0.PPI[14]=0")
    assert machine.memory.peek(0xFF84_1100) == enabled & ~(1 << 30), "zeros do nothing there"
    session.poke("VBAR_EL1=0x80000")
    session.poke("VBAR_EL1.BASE=3")
    assert machine.core.regs.peek(ENCODING["VBAR_EL1"], 8) == 3 << 11
