"""Several cores on all boards: start-up, calls from core to core, and panics away from core 0."""

import functools
import itertools
from functools import partial

import pytest

from kerneltui.configfile import ConfigFile
from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.watch import FREE
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks
from kerneltui.kernel.workload import Workload
from kerneltui.machine.board import load_board, read_board
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session

MS, S = 1_000_000, 1_000_000_000
CORES = {"x86": 2, "rpi4": 4, "rpi3": 4}
LAPIC = 0xFEE0_0000
GICD, GICC = 0xFF84_1000, 0xFF84_2000
LOCAL = 0x4000_0000
CALL_VECTOR, CALL_SGI = 0xFD, 1
every_board = pytest.mark.parametrize("board", CORES)
board_of = functools.cache(load_board)


class Several(TimerCallbacks):
    """All cores up; ``ran`` lists what called cores did: (core, word)."""

    def wants_cores(self):
        return True

    def __init__(self, cpu, board, workload):
        super().__init__(cpu, board, workload)
        self.ran = []

    def boot(self):
        super().boot()
        self.begin()

    def begin(self):
        """What the test is about."""

    def after(self, delay_ns, callback):
        self.time_manager.set_timeout_once(delay_ns, callback, "test")

    @property
    def me(self):
        return self.smp.cores[0]

    def note(self, word, core):
        self.ran.append((core.number, word))


def session_of(board, program, boot="", sink=None):
    board = board_of(board) if isinstance(board, str) else board
    workload = Workload(boot=boot)
    kernel = partial(program, board=board.spec.bsp, workload=workload)
    session = Session(Setup(board, kernel), sink)
    session.recorder.trace(sink is not None)
    return session


def lines_of(session):
    return [line.split("] ", 1)[-1] for line in session.recorder.console.lines() if line]


def one_instruction(session):
    """Of whichever core comes next."""
    return session.advance(FREE, instructions=1)


def states_seen(session, look, until):
    """What ``look`` gives before and after each instruction, without repetitions."""
    seen = [look()]
    while session.machine.now < until:
        one_instruction(session)
        seen.append(look())
    return [state for state, _ in itertools.groupby(seen)]


# -- starting --------------------------------------------------------------------------------------


@every_board
def test_all_cores_come_online_and_the_log_counts_them(board):
    session = session_of(board, Several)
    assert session.boot() is StopReason.IDLE
    session.run_until(session.machine.now + MS)
    assert f"Cores: {CORES[board]} online" in lines_of(session)
    assert all(core.online for core in session.kernel.smp.cores.values())
    assert [core.state for core in session.machine.cores] == [CoreState.WAITING] * CORES[board]
    assert session.machine.at_rest
    assert session.machine.halt_reason == ""


def test_a_pc_starts_its_second_core_whatever_the_program():
    session = open_session("x86", "timer-callbacks")
    session.boot()
    lines = lines_of(session)
    assert lines.count("Cores: 2 online") == 1
    assert lines.index("Cores: 2 online") < lines.index("Echoing input now")
    assert session.machine.cores[1].state is CoreState.WAITING


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
@pytest.mark.parametrize("scenario", ["timer-callbacks", "system-timer"])
def test_the_tutorials_stay_on_one_core(board, scenario):
    session = open_session(board, scenario)
    session.run_until(2 * S)
    assert not any("ores" in line for line in lines_of(session))
    assert [core.state for core in session.machine.cores[1:]] == [CoreState.OFF] * 3


@pytest.mark.parametrize("boot", ["smp=off", "apic=off"])
@pytest.mark.parametrize("scenario", ["timer-callbacks", "ipi"])
def test_without_smp_or_without_apics_the_pc_has_one_core(boot, scenario):
    session = open_session("x86", scenario, Changes(append=boot))
    session.boot()
    session.run_until(S)
    assert "Cores: 1 online" in lines_of(session)
    assert session.machine.cores[1].state is CoreState.OFF
    assert session.machine.cores[1].retired == 0
    assert session.machine.halt_reason == ""


def test_the_pc_sends_init_waits_and_sends_two_start_up_messages():
    events = []
    session = session_of("x86", Several, sink=events.append)
    session.boot()
    page = next(iter(session.machine.cores[0].image.programs)) >> 12
    icr = [(at, value) for _, at, _, kind, target, value, _ in events
           if kind == "store" and target == LAPIC + 0x300]  # fmt: skip
    assert [value for _, value in icr] == [0x4500, 0x4600 | page, 0x4600 | page]
    assert icr[1][0] - icr[0][0] >= 10 * MS
    assert icr[2][0] - icr[1][0] >= 200_000
    high = [value for _, _, _, kind, target, value, _ in events
            if kind == "store" and target == LAPIC + 0x310]  # fmt: skip
    assert high == [1 << 24] * 3


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_a_pi_fills_the_spin_table_and_sends_an_event_for_each_core(board):
    events = []
    session = session_of(board, Several, sink=events.append)
    session.boot()
    programs = list(session.machine.cores[0].image.programs)
    writes = [(target, value) for _, _, core, kind, target, value, _ in events
              if kind == "str" and target < 0x100 and core == 0]  # fmt: skip
    assert writes == list(zip([0xE0, 0xE8, 0xF0], programs, strict=True))
    assert sum(kind == "sev" for _, _, _, kind, *_ in events) == 3


def test_a_core_that_does_not_start_is_reported_and_the_rest_works(tmp_path):
    text = board_of("rpi4").file.path.read_text().replace("0xD8, 0xE0, 0xE8", "0xD8, 0x100, 0xE8")
    path = tmp_path / "deaf.yaml"
    path.write_text(text)
    session = session_of(read_board(ConfigFile.load(path), path), Several)
    assert session.boot() is StopReason.IDLE
    lines = lines_of(session)
    assert lines.index("core 1 did not start") < lines.index("Cores: 3 online")
    assert session.kernel.smp.others_online(0) == [2, 3]
    with pytest.raises(KernelError, match="core 1 is not online"):
        session.kernel.smp.online(1)


def test_a_pcs_core_that_does_not_start_is_reported(monkeypatch):
    session = session_of("x86", Several)
    monkeypatch.setattr(session.machine.cores[1], "start_up", lambda vector: None)
    session.boot()
    lines = lines_of(session)
    assert "core 1 did not start" in lines
    assert "Cores: 1 online" in lines


# -- calls -----------------------------------------------------------------------------------------


class OneCall(Several):
    """After 1 ms core 0 calls core 1 once."""

    def begin(self):
        self.after(MS, self.send)

    def send(self):
        self.sent = self.me.call(1, partial(self.note, "called"))


@every_board
def test_a_call_is_run_by_the_called_core_and_its_latency_kept(board):
    session = session_of(board, OneCall)
    session.boot()
    session.run_until(session.machine.now + 2 * MS)
    kernel = session.kernel
    assert kernel.ran == [(1, "called")]
    assert kernel.sent.done
    target = kernel.smp.cores[1]
    assert target.calls == 1
    assert 100 < target.last_latency_ns < 2000
    assert target.worst_latency_ns == target.last_latency_ns
    assert session.machine.cores[1].interrupts_taken == 1


def until_sent(session):
    """To the instruction before the interrupt is sent, and 10 us beyond it."""
    session.boot()
    session.next_interrupt()
    return session.machine.now + 10_000


def test_on_a_pc_the_vector_is_requested_and_then_in_service_at_the_other_core():
    session = session_of("x86", OneCall)
    until = until_sent(session)
    word, bit = CALL_VECTOR // 32 * 0x10, 1 << CALL_VECTOR % 32

    def irr_isr(cpu=1):
        memory = session.machine.memory
        irr, isr = (memory.peek(LAPIC + base + word, 4, cpu) & bit for base in (0x200, 0x100))
        return bool(irr), bool(isr)

    assert states_seen(session, irr_isr, until) == [
        (False, False), (True, False), (False, True), (False, False),
    ]  # fmt: skip
    assert irr_isr(0) == (False, False)


def test_on_a_pi_4_the_sgi_is_pending_and_then_active_in_the_other_cores_bank():
    events = []
    session = session_of("rpi4", OneCall, sink=events.append)
    until = until_sent(session)

    def pending_active(cpu=1):
        memory = session.machine.memory
        return tuple(
            bool(memory.peek(GICD + base, 4, cpu) & 1 << CALL_SGI) for base in (0x200, 0x300)
        )

    assert states_seen(session, pending_active, until) == [
        (False, False), (True, False), (False, True), (False, False),
    ]  # fmt: skip
    assert pending_active(2) == (False, False)
    sent = [(core, value) for _, _, core, _, target, value, _ in events if target == GICD + 0xF00]
    assert sent == [(0, 1 << 17 | CALL_SGI)]


def test_on_a_pi_3_the_mailbox_holds_the_senders_bit_until_it_is_emptied():
    session = session_of("rpi3", OneCall)
    until = until_sent(session)
    memory = session.machine.memory

    def mailbox():
        return memory.peek(LOCAL + 0xC0 + 16), memory.peek(LOCAL + 0x64) >> 4 & 1

    assert states_seen(session, mailbox, until) == [(0, 0), (1, 1), (0, 0)]


class CallBack(Several):
    """Core 0 calls the last core, which calls back."""

    def begin(self):
        self.after(MS, self.send)

    def send(self):
        self.me.call(max(self.smp.cores), self.on_the_last)

    def on_the_last(self, core):
        self.note("there", core)
        core.call(0, partial(self.note, "back"))


@every_board
def test_a_called_core_can_call_back(board):
    session = session_of(board, CallBack)
    session.boot()
    session.run_until(session.machine.now + 2 * MS)
    assert session.kernel.ran == [(CORES[board] - 1, "there"), (0, "back")]
    assert session.kernel.me.calls == 1


def test_the_acknowledge_register_names_the_core_that_sent_the_sgi_and_is_written_back_whole():
    events = []
    session = session_of("rpi4", CallBack, sink=events.append)
    session.boot()
    session.run_until(session.machine.now + 2 * MS)

    def values(core, address):
        return [event[5] for event in events if event[2] == core and event[4] == address]

    assert CALL_SGI | 3 << 10 in values(0, GICC + 0x0C)
    assert values(0, GICC + 0x10) == values(0, GICC + 0x0C)
    assert values(3, GICC + 0x10) == values(3, GICC + 0x0C) == [CALL_SGI]


def test_a_pi_3s_mailbox_names_the_core_that_calls():
    events = []
    session = session_of("rpi3", CallBack, sink=events.append)
    session.boot()
    session.run_until(session.machine.now + 2 * MS)
    emptied = [(core, value) for _, _, core, kind, target, value, _ in events
               if kind == "str" and target in {LOCAL + 0xC0, LOCAL + 0xC0 + 3 * 16}]  # fmt: skip
    assert emptied == [(3, 1 << 0), (0, 1 << 3)]


class Everybody(Several):
    """Core 0 calls itself, then all others at once, and waits for them."""

    def begin(self):
        self.me.wait(self.me.call(0, partial(self.note, "self")))
        for call in self.me.call_others(partial(self.note, "other")):
            self.me.wait(call)
        self.note("all done", self.me)


@every_board
def test_waiting_goes_on_when_all_have_run(board):
    session = session_of(board, Everybody)
    session.boot()
    ran = session.kernel.ran
    assert ran[0] == (0, "self")
    assert sorted(ran[1:-1]) == [(number, "other") for number in range(1, CORES[board])]
    assert ran[-1] == (0, "all done")


class Impatient(Several):
    """Core 0 calls core 1, which does not come back, and waits."""

    def begin(self):
        call = self.me.call(1, self.slow)
        try:
            self.me.wait(call)
        except KernelError as error:
            self.complaint = str(error)

    def slow(self, core):
        core.cpu.compute(50 * MS)


@every_board
def test_waiting_is_bounded(board):
    session = session_of(board, Impatient)
    session.boot()
    assert session.kernel.complaint == "core 1 has not run a call for 10 ms"


class Burst(Several):
    """Core 1 is busy in a call when ten more are sent to it."""

    def begin(self):
        self.me.call(1, self.busy)
        self.me.cpu.compute(5_000)
        for number in range(10):
            self.me.call(1, partial(self.note, number))

    def busy(self, core):
        core.cpu.compute(100_000)


@every_board
def test_calls_whose_interrupts_melt_into_one_are_all_run_in_order(board):
    session = session_of(board, Burst)
    session.boot()
    session.run_until(session.machine.now + MS)
    assert session.kernel.ran == [(1, number) for number in range(10)]
    assert session.machine.cores[1].interrupts_taken == 2


class Storm(Several):
    """Every 3 us core 0 calls all others, each of which calls core 0 and its neighbour."""

    ROUNDS = 400
    PERIOD_NS = 9_000

    def begin(self):
        self.sent = dict.fromkeys(self.smp.cores, 0)
        self.got = dict.fromkeys(self.smp.cores, 0)
        self.rounds = 0
        for _ in range(3):
            self.time_manager.set_timeout_periodic(self.PERIOD_NS, self.tick, "storm")

    def tick(self):
        if self.rounds < self.ROUNDS:
            self.rounds += 1
            self.send(self.me, self.smp.others_online(0), self.relay)

    def send(self, core, targets, function):
        for number in targets:
            self.sent[number] += 1
            core.call(number, function)

    def count(self, core):
        self.got[core.number] += 1

    def relay(self, core):
        self.count(core)
        core.cpu.compute(37 * core.number)
        self.send(core, [0, core.number % (len(self.sent) - 1) + 1], self.count)


@every_board
def test_a_storm_of_calls_in_all_directions_loses_none(board):
    session = session_of(board, Storm)
    session.boot()
    session.run_until(session.machine.now + 20 * MS)
    kernel = session.kernel
    assert session.machine.halt_reason == ""
    assert kernel.rounds == Storm.ROUNDS
    assert kernel.got == kernel.sent
    assert all(count >= Storm.ROUNDS for count in kernel.got.values())
    assert {n: core.calls for n, core in kernel.smp.cores.items()} == kernel.got
    assert not any(
        core.inbox.calls or core.inbox.lock.is_held for core in kernel.smp.cores.values()
    )


@every_board
def test_a_storm_is_the_same_in_every_run(board):
    def trace():
        events = []
        session = session_of(board, Storm, sink=events.append)
        session.boot()
        session.run_until(session.machine.now + MS)
        return events

    first = trace()
    assert {event[2] for event in first} >= set(range(CORES[board]))
    assert trace() == first


class Breeze(Storm):
    """A storm that even a kernel with slow clocks weathers."""

    ROUNDS = 60
    PERIOD_NS = 1_500_000


@pytest.mark.parametrize(
    "boot", ["timer=tsc", "timer=hpet", "timer=acpi", "timer=pit", "nohz=off", "clock=hpet"]
)
def test_a_further_core_reads_the_same_time_from_whatever_counter(boot):
    session = session_of("x86", Breeze, boot)
    session.run_until(S)
    kernel = session.kernel
    assert session.machine.halt_reason == ""
    assert kernel.rounds == Breeze.ROUNDS
    assert kernel.got == kernel.sent
    for core in kernel.smp.cores.values():
        assert 200 < core.worst_latency_ns < 50_000
        assert 0 < core.last_latency_ns <= core.worst_latency_ns


# -- panics ----------------------------------------------------------------------------------------


class Breaks(Several):
    """Core 1 has a KernelError; core 0 prints all the time, in a handler."""

    delay_ns = 20_000

    def begin(self):
        self.after(MS, self.send)
        self.time_manager.set_timeout_periodic(300_000, self.chat, "chat")

    def chat(self):
        self.console.info("chat")

    def send(self):
        self.me.call(1, self.fail)

    def fail(self, core):
        core.cpu.compute(self.delay_ns)
        raise KernelError("it broke")


@every_board
@pytest.mark.parametrize("delay_ns", range(20_000, 320_000, 60_000))
def test_a_panic_on_another_core_names_the_core_and_stops_the_others(board, delay_ns):
    session = session_of(board, Breaks)
    session.kernel.delay_ns = delay_ns
    session.boot()
    session.run_until(S)
    assert session.machine.halt_reason == "Kernel panic on core 1: it broke"
    lines = lines_of(session)
    assert lines[-2:] == ["Kernel panic on core 1!", "it broke"]
    assert set(lines[lines.index("Echoing input now") + 1 : -2]) == {"chat"}
    assert session.machine.stopped == 1
    assert session.kernel.me.is_parked


class BreaksMeanwhile(Breaks):
    """Core 1 breaks while core 0 prints with interrupts on."""

    delay_ns = 150_000

    def begin(self):
        self.send()
        self.console.info("a long line " * 10)


@every_board
def test_a_panic_has_a_line_of_its_own(board):
    session = session_of(board, BreaksMeanwhile)
    session.run_until(S)
    *_, cut, panic, reason = lines_of(session)
    assert cut.startswith("a")
    assert len(cut) < 40
    assert (panic, reason) == ("Kernel panic on core 1!", "it broke")


class BothBreak(Breaks):
    """Core 0 breaks too, while core 1 panics."""

    def send(self):
        super().send()
        self.me.cpu.compute(30_000)
        raise KernelError("this one too")


@every_board
def test_of_two_panics_the_first_is_told(board):
    session = session_of(board, BothBreak)
    session.boot()
    session.run_until(S)
    assert session.machine.halt_reason == "Kernel panic on core 1: it broke"
    assert lines_of(session)[-2:] == ["Kernel panic on core 1!", "it broke"]


class BreaksHere(Breaks):
    """The other way round: core 0 breaks."""

    def send(self):
        self.fail(self.me)


@every_board
def test_a_panic_on_core_0_reads_as_ever_and_stops_the_others(board):
    session = session_of(board, BreaksHere)
    session.boot()
    session.run_until(S)
    assert session.machine.halt_reason == "Kernel panic: it broke"
    assert lines_of(session)[-2:] == ["Kernel panic!", "it broke"]
    # At their last instruction: a stretch of doing nothing, with interrupts off.
    for core in session.machine.cores[1:]:
        assert core.depth == 1
        assert core.masks()[1]


def test_a_vector_that_nobody_handles_is_named_with_its_core():
    session = session_of("x86", Several)
    session.boot()
    session.machine.memory.write(LAPIC + 0x310, 1 << 24, 4, 0)
    session.machine.memory.write(LAPIC + 0x300, 0x4000 | 0x99, 4, 0)
    session.run_until(session.machine.now + 50 * MS)
    expected = "Kernel panic on core 1: No handler registered for vector 0x99"
    assert session.machine.halt_reason == expected
