"""System calls: the table, and calls by a trap on the three boards."""

import functools

import pytest
from kernel_bench import FakeConsole, FakeCpu, FakeTimer

from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.kernel.arch.cpu import signed
from kerneltui.kernel.errno import Errno
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks
from kerneltui.kernel.syscalls import Syscall, Syscalls
from kerneltui.kernel.time.time_manager import TimeManager
from kerneltui.kernel.time.timers import MAX_DELAY_MS, TimerService, TimerState
from kerneltui.kernel.workload import Workload
from kerneltui.machine.board import load_board
from kerneltui.scenarios.scenario import open_session

MS = 1_000_000
BOARDS = ("rpi3", "rpi4", "x86")
all_boards = pytest.mark.parametrize("board", BOARDS)
board_of = functools.cache(load_board)
TRAP = {"rpi3": ("svc", "sync", "eret"), "rpi4": ("svc", "sync", "eret"), "x86": ("int", "iret")}
RETURN = {"rpi3": "eret", "rpi4": "eret", "x86": "iret"}


# -- the table -------------------------------------------------------------------------------------


@pytest.fixture
def handle():
    return Syscalls(TimerService(TimeManager(FakeCpu(), FakeTimer(), FakeConsole()))).handle


@pytest.mark.parametrize("call", [Syscall.TIMER_SET, Syscall.TIMER_INTERVAL])
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0, 1), Errno.EINVAL),
        ((-1, 1), Errno.EINVAL),
        ((1, -1), Errno.EINVAL),
        ((MAX_DELAY_MS + 1, 1), Errno.ERANGE),
        ((1 << 62, 1), Errno.ERANGE),
    ],
)
def test_delays_out_of_range_are_answered_with_an_error_number(handle, call, arguments, error):
    assert handle(call, (*arguments, 7, 7, 7, 7)) == -error


def test_the_longest_delay_is_accepted(handle):
    assert handle(Syscall.TIMER_SET, (MAX_DELAY_MS, 0)) > 0


def test_unknown_calls_and_unknown_timers_are_told_apart(handle):
    assert handle(99, (1, 2, 3)) == -Errno.ENOSYS
    assert handle(0, ()) == -Errno.ENOSYS
    assert handle(Syscall.TIMER_CANCEL, (1,)) == -Errno.ENOENT
    timer = handle(Syscall.TIMER_SET, (5, 0))
    assert handle(Syscall.TIMER_CANCEL, (timer,)) == 0
    assert handle(Syscall.TIMER_CANCEL, (timer,)) == -Errno.EALREADY


def test_error_numbers_are_linuxs():
    values = {"ENOENT": 2, "EINVAL": 22, "ERANGE": 34, "ENOSYS": 38, "EALREADY": 114}
    assert {error.name: error.value for error in Errno} == values


@pytest.mark.parametrize("number", [0, 1, -1, 5, -114, (1 << 63) - 1, -(1 << 63)])
def test_a_number_with_a_sign_survives_a_register(number):
    assert signed(number & (1 << 64) - 1) == number


# -- by a trap -------------------------------------------------------------------------------------


def recorded(board, until_ms):
    events = []
    session = open_session(board, "timer-syscalls")
    session.recorder.sink = events.append
    session.run_until(until_ms * MS)
    return session, events


def said(session):
    lines = session.recorder.console.lines()
    texts = [line.partition("] ")[2] for line in lines]
    return texts[texts.index("Echoing input now") + 1 : -1]


@all_boards
def test_the_program_prints_calls_results_and_wakings_in_due_order(board):
    session, _ = recorded(board, 600)
    longest = MAX_DELAY_MS + 1
    assert said(session) == [
        "timer_set(50 ms, task 1) = 1",
        "timer_set(100 ms, task 2) = 2",
        "timer_set(150 ms, task 3) = 3",
        "timer_interval(50 ms, task 4) = 4",
        "timer_set(0 ms, task 1) = -EINVAL",
        "timer_set(-5 ms, task 1) = -EINVAL",
        f"timer_set({longest} ms, task 1) = -ERANGE",
        "timer_cancel(timer 12345) = -ENOENT",
        "system call 99 = -ENOSYS",
        "Task 1 wakes",
        "Task 4 wakes",
        "Task 2 wakes",
        "Task 4 wakes",
        "Task 3 wakes",
        "Task 4 wakes",
        "Task 4 wakes",
        "timer_cancel(timer 4) = 0",
        "timer_cancel(timer 4) = -EALREADY",
    ]
    kernel = session.kernel
    assert kernel.timers.pending_timer_count() == 0
    assert not kernel.inspector.timeouts()
    assert kernel.inspector.armed_timeout() is None
    assert not session.machine.core.halt_reason
    states = [kernel.timers.timer(number).state for number in (1, 2, 3, 4)]
    assert states == [TimerState.FIRED] * 3 + [TimerState.CANCELLED]


@all_boards
def test_each_call_is_one_trap_and_one_return(board):
    _, events = recorded(board, 60)
    first = next(n for n, event in enumerate(events) if event[3] == TRAP[board][0])
    kinds = [event[3] for event in events[first:]]
    entry = TRAP[board][:-1]
    assert tuple(kinds[: len(entry)]) == entry
    assert RETURN[board] in kinds
    vector = events[first + len(entry) - 1][4]
    assert vector == (0x80 if board == "x86" else 0x200)
    assert sum(kind == TRAP[board][0] for kind in kinds) == 9, "as many as lines of calls"


@all_boards
def test_a_call_can_be_stepped_into_and_its_registers_looked_at(board):
    _, events = recorded(board, 60)
    trap = next(event for event in events if event[3] == TRAP[board][0])
    session = open_session(board, "timer-syscalls")
    session.run_until(trap[1] - 300)
    while session.core.pending is None or session.core.pending.kind != TRAP[board][0]:
        session.step()
    shown = session.view(frozenset()).cpu
    assert (
        shown.next_instruction
        == {
            "svc": "svc #0: timer_set(50 ms, task 1)",
            "int": "int 0x80: timer_set(50 ms, task 1)",
        }[TRAP[board][0]]
    )
    assert shown.depth == 0
    registers = session.core.registers
    if board == "x86":
        assert registers == {"rax": Syscall.TIMER_SET, "rdi": 50, "rsi": 1}
        masked = session.core.masks()
        session.step()
        assert session.core.masks() == masked, "a trap gate"
    else:
        assert registers == {"x8": Syscall.TIMER_SET, "x0": 50, "x1": 1}
        session.step()
        assert session.core.masks()[1]
        assert session.core.regs.store("ESR_EL1")[0] == 0x15 << 26 | 1 << 25
    assert session.core.depth == 1
    session.finish()
    assert session.core.depth == 0
    assert session.core.registers["rax" if board == "x86" else "x0"] == 1


@all_boards
def test_the_trace_names_traps(board):
    session, events = recorded(board, 60)
    trap = next(event for event in events if event[3] == TRAP[board][0])
    text = session.names.as_text(trap)
    assert text.startswith("INT taken, vector 0x80" if board == "x86" else "svc #0")
    if board != "x86":
        assert session.names.as_dict(trap)["immediate"] == 0


@pytest.mark.usefixtures("with_past")
@all_boards
def test_back_between_calls_it_goes_on_as_if_nothing_had_been(board):
    direct, _ = recorded(board, 600)
    session = open_session(board, "timer-syscalls")
    session.boot()
    moment = session.here
    session.run_until(150 * MS)
    session.go_to(moment)
    session.run_until(600 * MS)
    assert said(session) == said(direct)
    assert session.machine.core.retired == direct.machine.core.retired


class CallsInCallbacks(TimerCallbacks):
    """A periodic callback that makes a call in the midst of main's calls."""

    def boot(self):
        super().boot()
        self.results, self.inner = [], []
        self.arch.install_syscalls(self.answer, self.panic)
        self.time_manager.set_timeout_periodic(20_000, self.inside)
        for number in range(200):
            self.results.append(self.arch.syscall(number, -number))
        self.arch.disable_irqs()

    def answer(self, number, arguments):
        self.cpu.compute(1000)
        return -number if number else arguments[0]

    def inside(self):
        self.inner.append(self.arch.syscall(0, 1234))


@all_boards
def test_a_call_inside_an_interrupt_disturbs_neither_the_call_outside_nor_the_masks(board):
    loaded = board_of(board)
    bsp = loaded.spec.bsp
    session = Session(Setup(loaded, lambda cpu: CallsInCallbacks(cpu, bsp, Workload())))
    session.boot()
    kernel = session.kernel
    assert not session.machine.core.halt_reason
    assert kernel.results == [0, *(-number for number in range(1, 200))]
    assert len(kernel.inner) > 5, "interrupts go on after a call inside one"
    assert set(kernel.inner) == {1234}


class Broken(TimerCallbacks):
    """Another exception than a call, on a kernel that takes calls."""

    def boot(self):
        super().boot()
        self.arch.install_syscalls(self.answer, self.panic)
        self.cpu.read(0x7_0000_0000)
        self.console.info("alive")

    def answer(self, number, arguments):
        return 0


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_other_synchronous_exceptions_are_a_panic_as_before(board):
    loaded = board_of(board)
    bsp = loaded.spec.bsp
    session = Session(Setup(loaded, lambda cpu: Broken(cpu, bsp, Workload())))
    session.boot()
    assert "CPU exception: Data abort, current EL" in session.machine.core.halt_reason
    assert "alive" not in "".join(session.recorder.console.lines())


class Fails(TimerCallbacks):
    """A call whose handling fails in the kernel."""

    def boot(self):
        super().boot()
        self.arch.install_syscalls(self.answer, self.panic)
        self.arch.syscall(1)

    def answer(self, number, arguments):
        raise KernelError("the timer is gone")


@all_boards
def test_an_operation_that_fails_inside_a_call_is_a_panic(board):
    loaded = board_of(board)
    bsp = loaded.spec.bsp
    session = Session(Setup(loaded, lambda cpu: Fails(cpu, bsp, Workload())))
    session.boot()
    assert session.machine.core.halt_reason == "Kernel panic: the timer is gone"
    assert "the timer is gone" in session.recorder.console.lines()
