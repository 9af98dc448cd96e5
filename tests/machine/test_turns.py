"""Several cores: who goes next, and that nobody can tell how a run was cut."""

from __future__ import annotations

from functools import partial

import pytest
from core_bench import COSTS as ARM_COSTS
from core_bench import Kernel as ArmKernel
from hypothesis import given, settings
from hypothesis import strategies as st
from x86_bench import EOI, ICR_HIGH, ICR_LOW, SVR, VECTOR, Bench, Kernel

from kerneltui.debugger.onlooker import Indifferent
from kerneltui.hw.bus import AddressSpace, Memory
from kerneltui.hw.clock import NEVER, Clock
from kerneltui.machine.aarch64_core import Aarch64Core
from kerneltui.machine.core import FOREVER, CoreState, StopReason
from kerneltui.machine.kernel_image import KernelImage
from kerneltui.machine.state import State
from kerneltui.machine.turns import Turns

INIT, START_UP = 0x4500, 0x4600


class Trace(Indifferent):
    """Everything that cores do: (time, core, kind, what)."""

    def __init__(self, bench):
        self.clock = bench.clock
        self.seen = []
        bench.observe(self)

    def instruction(self, core, kind, target, value):
        self.seen.append((self.clock.now, core.index, kind, target, value))

    def exception(self, core, kind, vector):
        self.seen.append((self.clock.now, core.index, kind, vector, core.retired))

    def unmodelled(self, text):
        self.seen.append((self.clock.now, text))

    def split(self, text):
        self.seen.append((self.clock.now, text))

    @property
    def order(self):
        return [(time, core, kind) for time, core, kind, *_ in self.seen]


class Doer(Kernel):
    """Carries out a list of deeds: (name, argument)."""

    deeds: tuple[tuple[str, int], ...] = ()

    def boot(self):
        cpu = self.cpu
        self.gate(VECTOR, self.handler)
        if cpu.memory.window_at(SVR):
            cpu.write(SVR, 0x1FF)
            cpu.sti()
        for name, argument in self.deeds:
            getattr(self, name)(argument)

    def load(self, place):
        self.log.append(self.cpu.read(0x100 + 4 * place))

    def store(self, place):
        self.cpu.write(0x100 + 4 * place, len(self.log) << 8 | self.cpu.index)

    def compute(self, ns):
        self.cpu.compute(ns)

    def wait(self, _):
        self.cpu.wait_for_interrupt()

    def mask(self, ns):
        self.cpu.cli()
        self.cpu.compute(ns)
        self.cpu.sti()

    def ipi(self, core):
        self.cpu.write(ICR_HIGH, core << 24)
        self.cpu.write(ICR_LOW, VECTOR)

    def everybody(self, _):
        self.cpu.write(ICR_LOW, 3 << 18 | VECTOR)

    def nmi(self, core):
        self.cpu.write(ICR_HIGH, core << 24)
        self.cpu.write(ICR_LOW, 0x400)

    def handler(self):
        self.log.append(self.cpu.clock.now)
        self.store(0)
        if self.cpu.memory.window_at(EOI):
            self.cpu.write(EOI, 0)


def doers(*programs, **options):
    kernels = [type(f"Doer{n}", (Doer,), {"deeds": tuple(it)}) for n, it in enumerate(programs)]
    bench = Bench(*kernels, **options)
    for kernel in bench.kernels:
        kernel.gate(2, partial(kernel.cpu.read, 0x80))
    return bench, Trace(bench)


# -- the order -------------------------------------------------------------------------------------


def test_the_smallest_local_time_goes_next_and_of_equal_ones_the_first():
    bench, trace = doers([("load", 0)] * 3, [("store", 1)] * 4, [("load", 2)] * 2)
    bench.run(until=301)
    assert trace.order == [
        (0, 0, "load"), (0, 1, "store"), (0, 2, "load"), (60, 1, "store"), (100, 0, "load"),
        (100, 2, "load"), (120, 1, "store"), (180, 1, "store"), (200, 0, "load"), (200, 2, "hlt"),
        (240, 1, "hlt"), (300, 0, "hlt"),
    ]  # fmt: skip


@pytest.mark.parametrize("due", [59, 60, 61, 99, 100, 101, 119, 120, 121, 160])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_event_comes_before_the_instruction_that_begins_at_its_time(due, order):
    programs = [[("load", 0)] * 4, [("store", 1)] * 6]
    bench, trace = doers(*[programs[n] for n in order])
    bench.at(due, lambda: trace.seen.append((bench.clock.now, -1, "event")))
    bench.run(until=500)
    times = [time for time, *_ in trace.order]
    assert times == sorted(times)
    at = trace.order.index((due, -1, "event"))
    assert all(time < due for time, *_ in trace.order[:at])
    assert all(time >= due for time, *_ in trace.order[at:])
    begun = [time for time, _, kind in trace.order if kind == "store"]
    assert begun == [0, 60, 120, 180, 240, 300], "an event does not hold up what begins before it"


def test_a_sleeping_core_is_woken_by_an_event_while_another_one_works():
    bench, trace = doers([("wait", 0), ("load", 7)], [("load", 0)] * 30)
    bench.kernel.cpu.regs.store("RFLAGS")[0] |= 1 << 9
    bench.raise_intr_at(1_234)
    bench.run(until=2_500)
    assert (1_234, 0, "hlt") not in trace.order
    mine = [entry for entry in trace.order if entry[1] == 0]
    assert mine[:3] == [(0, 0, "hlt"), (1_254, 0, "intr"), (1_294, 0, "store")]
    assert (1_384, 0, "load") in mine


def test_a_sleeping_core_is_woken_by_another_one():
    bench, trace = doers([("compute", 1_000), ("ipi", 1), ("compute", 2_000)],
                         [("wait", 0), ("load", 3)], apic=True)  # fmt: skip
    bench.run(until=10_000)
    sent = next(time for time, core, kind, target, _ in trace.seen if target == ICR_LOW)
    assert bench.kernels[1].log[0] == sent + 20 + 40
    times = [time for time, *_ in trace.order]
    assert times == sorted(times)


def test_a_computing_core_is_interrupted_in_the_middle_by_anothers_message():
    bench, trace = doers([("compute", 1_000), ("ipi", 1)], [("compute", 50_000)], apic=True)
    bench.run(until=100_000)
    sent = next(time for time, core, kind, target, _ in trace.seen if target == ICR_LOW)
    assert bench.kernels[1].log == [sent + 40]
    idle = next(time for time, core, kind, *_ in trace.seen if (core, kind) == (1, "hlt"))
    handler = 40 + 60 + 60 + 30
    assert idle == 70 + 50_000 + handler


def test_a_message_that_is_withdrawn_before_a_sleepers_turn_leaves_it_asleep():
    class Pulse(Kernel):
        def boot(self):
            self.cpu.compute(500)
            self.cpu.turns.cores[1].set_intr(True)
            self.cpu.turns.cores[1].set_intr(False)
            for _ in range(10):
                self.cpu.read(0)

    class Sleeper(Kernel):
        def boot(self):
            self.cpu.sti()

    bench = Bench(Pulse, Sleeper)
    assert bench.run() is StopReason.NOTHING_DUE
    assert bench.cores[1].retired == 1
    assert bench.clock.now == 1_500


# -- limits ----------------------------------------------------------------------------------------


def test_the_instruction_limit_is_each_cores_own():
    bench, _ = doers([("load", 0)] * 50, [("store", 0)] * 50)
    assert bench.run(instructions=10) is StopReason.BUDGET
    assert [core.retired for core in bench.cores] == [7, 10]
    assert bench.run(instructions=0) is StopReason.BUDGET
    assert [core.retired for core in bench.cores] == [7, 10]


def test_the_time_limit_holds_while_one_core_computes_and_another_sleeps():
    bench, _ = doers([("compute", 1_000_000)], [("load", 0), ("wait", 0)])
    bench.run(instructions=1)
    for limit in (50, 99, 100, 101, 5_000, 5_001, 777_777):
        assert bench.run(until=limit) is StopReason.TIME
        assert limit <= bench.clock.now < limit + 100
    assert bench.run(until=2_000_000) is StopReason.TIME
    assert bench.clock.now == 2_000_000


def test_the_limit_of_a_new_run_cuts_computing_that_an_earlier_one_began():
    bench, _ = doers([("compute", 1_000_000)], [("load", 0)] * 100)
    assert bench.run(instructions=20) is StopReason.BUDGET
    assert bench.clock.now < 10_000
    for limit in (20_000, 30_000):
        assert bench.run(until=limit) is StopReason.TIME
        assert bench.clock.now == limit


def test_all_asleep_with_nothing_due_says_so():
    bench, _ = doers([], [])
    assert bench.run() is StopReason.NOTHING_DUE
    assert bench.run() is StopReason.NOTHING_DUE
    assert bench.run(until=1_000) is StopReason.TIME
    assert bench.clock.now == 1_000


# -- any cut is the same run -----------------------------------------------------------------------

NS = st.one_of(st.integers(1, 30), st.sampled_from([40, 60, 100, 160]), st.integers(1, 3_000))
PLACE = st.integers(0, 3)
DEED = st.one_of(
    st.tuples(st.sampled_from(["load", "store", "ipi", "nmi"]), PLACE),
    st.tuples(st.sampled_from(["compute", "mask"]), NS),
    st.tuples(st.sampled_from(["wait", "everybody"]), st.just(0)),
)
PROGRAMS = st.lists(st.lists(DEED, max_size=12), min_size=1, max_size=4)
END = 60_000
SLICES = st.lists(
    st.one_of(st.tuples(st.just("instructions"), st.integers(0, 4)),
              st.tuples(st.just("ns"), st.integers(1, 2_000)),
              st.tuples(st.just("one core"), PLACE)),
    max_size=40,
)  # fmt: skip
EVENTS = st.lists(st.tuples(st.integers(1, 20_000), PLACE), max_size=6)


class Tick:
    """A timer that interrupts a core now and then, and leaves a mark in the trace."""

    def __init__(self, bench, trace, due, core):
        self.bench, self.trace, self.core = bench, trace, core % len(bench.cores)
        bench.at(due, self)

    def __call__(self):
        self.trace.seen.append((self.bench.clock.now, -1, "event"))
        self.bench.apic.deliver(VECTOR, 0, False, self.core, False)


def prepared(programs, events):
    bench, trace = doers(*programs, apic=True)
    for due, core in events:
        Tick(bench, trace, due, core)
    return bench, trace


def finish(bench, trace):
    bench.run(until=END)
    for core in bench.cores:
        core.close()
    return trace.seen, [core.retired for core in bench.cores], [it.log for it in bench.kernels]


@settings(max_examples=200)
@given(programs=PROGRAMS, slices=SLICES, events=EVENTS)
def test_a_run_in_slices_is_the_run_in_one_go(programs, slices, events):
    whole = finish(*prepared(programs, events))
    times = [time for time, *_ in whole[0]]
    assert times == sorted(times), "no core executes before what was executed already"
    bench, trace = prepared(programs, events)
    for kind, amount in slices:
        if kind == "ns":
            bench.run(until=min(bench.clock.now + amount, END))
        elif kind == "instructions":
            bench.run(instructions=amount, until=END)
        else:
            for core in bench.cores:
                core.until, core.stop_at = END, FOREVER
            one = bench.cores[amount % len(bench.cores)]
            one.stop_at = one.retired + 1
            bench.turns.run()
    assert finish(bench, trace) == whole


@settings(max_examples=40)
@given(programs=PROGRAMS, events=EVENTS)
def test_a_run_halted_after_every_instruction_is_the_run_in_one_go(programs, events):
    whole = finish(*prepared(programs, events))
    bench, trace = prepared(programs, events)
    while bench.clock.now < END:
        bench.run(instructions=1, until=END)
    assert finish(bench, trace) == whole


# -- saved state -----------------------------------------------------------------------------------


class Pinger(Kernel):
    """Sleeps, and passes on every interrupt to the next core, a little later."""

    def boot(self):
        self.gate(VECTOR, self.handler)
        self.cpu.write(SVR, 0x1FF)
        self.cpu.sti()

    def handler(self):
        self.log.append(self.cpu.clock.now)
        self.cpu.compute(700 + 13 * self.cpu.index)
        self.cpu.write(EOI, 0)
        self.cpu.write(ICR_HIGH, (self.cpu.index + 1) % len(self.cpu.turns.cores) << 24)
        self.cpu.write(ICR_LOW, VECTOR)


@pytest.mark.parametrize("cores", [1, 2, 4])
@pytest.mark.parametrize("features", [frozenset(), frozenset(("apic", "arat", "invtsc"))])
def test_idle_cores_go_on_alike_from_saved_state(cores, features):
    bench = Bench(*[Pinger] * cores, apic=True, features=features)
    bench.run(until=200_000)
    state = State(bench)
    bench.run(until=250_000)
    bench.apic.deliver(VECTOR, 0, False, 0, False)
    assert all(core.at_rest for core in bench.cores)
    saved = state.save()
    runs = []
    for _ in range(3):
        assert bench.run(until=300_000) is StopReason.TIME
        logs = [list(core.program.log) for core in bench.cores]
        runs.append((logs, [core.retired for core in bench.cores], bench.clock.now))
        for core in bench.cores:
            core.close()
        state.load(saved)
        for core in bench.cores:
            core.enter_anew()
    assert runs[0] == runs[1] == runs[2]
    assert sum(map(len, runs[0][0])) > 20
    for core in bench.cores:
        core.close()


def test_a_core_in_the_middle_of_something_is_not_at_rest():
    bench, _ = doers([("load", 0)] * 9, [("store", 0)] * 9)
    bench.run(instructions=3)
    assert [core.at_rest for core in bench.cores] == [False, False]


# -- INIT and start-up -----------------------------------------------------------------------------


class Starter(Kernel):
    """Starts core 1 with the classic sequence, at the page that ``page`` finds."""

    def boot(self):
        self.cpu.write(SVR, 0x1FF)
        self.message(INIT)
        self.cpu.compute(10_000)
        self.message(START_UP | self.page())
        self.cpu.compute(5_000)

    def page(self):
        return self.cpu.place_program(partial(self.second, self.log)) >> 12

    @staticmethod
    def second(log, cpu):
        kernel = Kernel(cpu)
        kernel.boot = lambda: log.append((cpu.index, cpu.clock.now, cpu.read(0, 4)))
        return kernel

    def message(self, what):
        self.cpu.write(ICR_HIGH, 1 << 24)
        self.cpu.write(ICR_LOW, what)


def test_init_and_start_up_begin_a_core_at_its_page():
    class Busy(Kernel):
        def boot(self):
            self.cpu.sti()
            self.cpu.compute(10**9)
            self.log.append("never")

    bench = Bench(Starter, Busy, apic=True)
    trace = Trace(bench)
    bench.run(until=50)
    assert bench.cores[1].state is CoreState.RUNNING
    bench.run(until=5_000)
    second = bench.cores[1]
    assert second.state is CoreState.OFF
    assert not second._flags[0] & 1 << 9, "reset"
    bench.run(until=100_000)
    sent = [time for time, _, _, target, _ in trace.seen if target == ICR_LOW][1]
    assert bench.kernel.log == [(1, sent, 0)]
    assert bench.kernels[1].log == []
    assert second.state is CoreState.WAITING


def test_a_start_up_message_means_nothing_to_a_core_that_runs():
    class Twice(Starter):
        def boot(self):
            super().boot()
            self.message(START_UP | 0x55)

    bench = Bench(Twice, Kernel, apic=True)
    bench.run(until=100_000)
    assert len(bench.kernel.log) == 1
    assert not bench.cores[1].halt_reason


def test_a_start_address_without_code_halts_in_words_and_at_once():
    class Wrong(Starter):
        def page(self):
            return 0x55

    bench = Bench(Wrong, Kernel, apic=True)
    assert bench.run(until=10**9) is StopReason.HALTED
    assert bench.clock.now < 20_000
    second = bench.cores[1]
    assert second.state is CoreState.HALTED
    assert second.halt_reason == "started at 0x55000, but no code is there"


@pytest.mark.parametrize("sender", [0, 1])
def test_an_init_message_to_the_boot_core_halts_in_words(sender):
    class Resets(Kernel):
        def boot(self):
            if self.cpu.index == sender:
                self.cpu.write(SVR, 0x1FF)
                self.cpu.write(ICR_HIGH, 0)
                self.cpu.write(ICR_LOW, INIT)

    bench = Bench(Resets, Resets, apic=True)
    bench.run(until=1_000)
    assert "INIT message" in bench.core.halt_reason


def test_an_nmi_does_not_reach_a_core_that_is_off():
    bench = Bench(Starter, Kernel, apic=True)
    bench.run(until=5_000)
    bench.cores[1].set_nmi(True)
    bench.run(until=5_100)
    assert bench.cores[1].state is CoreState.OFF
    assert bench.cores[1].ready_at == NEVER


# -- Arm: the spin table ---------------------------------------------------------------------------

RELEASE = 0xE0


class Releaser(ArmKernel):
    """Writes entries into the spin table, and sends events."""

    entries: tuple[int, ...] = ()

    def boot(self):
        cpu = self.cpu
        self.started = []
        self.address = cpu.place_program(partial(self.second, self.started))
        cpu.send_event()
        for index in self.entries:
            cpu.write(RELEASE + 8 * index, self.target(), 8)
        cpu.compute(1_000)
        cpu.send_event()

    def target(self):
        return self.address

    @staticmethod
    def second(started, cpu):
        kernel = ArmKernel(cpu)
        kernel.boot = lambda: started.append((cpu.index, cpu.clock.now, cpu.read(0)))
        return kernel


def arm_cores(kernel, count=4):
    clock, memory = Clock(), AddressSpace("memory")
    memory.attach(0, 4096, "ram", Memory(4096))
    turns, image = Turns(clock), KernelImage()
    for index in range(count):
        core = Aarch64Core(index, clock, memory, AddressSpace("system register"), ARM_COSTS)
        core.turns, core.image = turns, image
        core.release_address = RELEASE + 8 * index
        turns.cores.append(core)
    program = kernel(turns.cores[0])
    turns.cores[0].power_on(program)
    return turns, program


def test_an_event_releases_exactly_the_cores_whose_entry_is_written():
    turns, kernel = arm_cores(type("Some", (Releaser,), {"entries": (1, 3)}))
    assert turns.run()[1] is StopReason.NOTHING_DUE
    sent = 10 + 2 * 60 + 1_000
    assert kernel.started == [(1, sent, 0), (3, sent, 0)]
    states = [core.state for core in turns.cores]
    assert states == [CoreState.WAITING, CoreState.WAITING, CoreState.OFF, CoreState.WAITING]


def test_a_release_to_an_address_without_code_halts_in_words():
    wrong = type("Wrong", (Releaser,), {"entries": (2,), "target": lambda self: 0x1234})
    turns, _ = arm_cores(wrong)
    core, reason = turns.run()
    assert (core.index, reason) == (0, StopReason.HALTED)
    assert turns.cores[2].halt_reason == "started at 0x1234, but no code is there"
