"""The schedulers under random workloads: order, fairness, states, exact quanta, same every time."""

from collections import deque

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.kernel.programs.tasks_program import Tasks
from kerneltui.kernel.tasks.quantum import CoreQuantum, QueuedQuantum
from kerneltui.kernel.tasks.run_queue import RunQueue
from kerneltui.kernel.tasks.task import Kind, Operation, TaskRequest, TaskState
from kerneltui.kernel.workload import Workload
from kerneltui.machine.board import load_board
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session

US, MS, S = 1_000, 1_000_000, 1_000_000_000
BOARDS = ("rpi3", "rpi4", "x86")
all_boards = pytest.mark.parametrize("board", BOARDS)

operations = st.one_of(
    st.builds(Operation, st.just(Kind.COMPUTE), st.integers(1, 9 * MS)),
    st.builds(Operation, st.just(Kind.SLEEP), st.integers(1, 8).map(lambda ms: ms * MS)),
    st.just(Operation(Kind.YIELD)),
)
waits = st.integers(1, 5).map(
    lambda ms: [
        Operation(Kind.EVERY, ms * MS), Operation(Kind.WAIT), Operation(Kind.COMPUTE, MS // 2),
        Operation(Kind.WAIT), Operation(Kind.CANCEL),
    ]
)  # fmt: skip
bodies = st.one_of(st.lists(operations, min_size=1, max_size=5), waits)


@st.composite
def workloads(draw):
    cores = draw(st.integers(1, 2))
    requests = tuple(
        TaskRequest(
            f"T{n}",
            tuple(draw(bodies)),
            draw(st.integers(0, 5 * MS)),
            draw(st.integers(1, 3)),
            draw(st.sampled_from([None, *range(cores)])),
        )
        for n in range(draw(st.integers(1, 5)))
    )
    quantum_ns = draw(st.integers(200 * US, 4 * MS))
    sched = draw(st.sampled_from(["coop", "rr"]))
    return Workload(tasks=requests, cores=cores, sched=sched, quantum_ns=quantum_ns)


class Watched(RunQueue):
    """Keeps a queue of its own beside the real one and compares."""

    def __init__(self, *args):
        super().__init__(*args)
        self.model = deque()
        self.taken = 0

    def take(self, core):
        self.model += [task for task in self.ready if task not in self.model]
        found = super().take(core)
        wanted = next((item for item in self.model if item.only_on in {None, core}), None)
        assert found is wanted, "first in, first out, of those that may run here"
        if found is not None:
            assert found.state is TaskState.READY
            self.model.remove(found)
            self.taken += 1
        assert all(task.state is TaskState.READY for task in self.ready)
        return found


class WatchedTasks(Tasks):
    def _make_queue(self):
        made = super()._make_queue()
        return Watched(made.tasks, made.policy, made.quantum_ns)


def session_of(board, workload, program=WatchedTasks):
    board = load_board(board)
    session = Session(Setup(board, lambda cpu: program(cpu, board.spec.bsp, workload)))
    session.recorder.trace(False)
    return session


def wanted_ns(request):
    computing = sum(item.ns for item in request.operations if item.kind is Kind.COMPUTE)
    return computing * request.repeat


@pytest.mark.parametrize("board", ["rpi4", "x86"])
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(workload=workloads())
def test_any_workload_ends_in_order_with_all_time_accounted_for(board, workload):
    session = session_of(board, workload)
    session.run_until(S)
    assert session.machine.halt_reason == ""
    queue = session.kernel.run_queue
    assert queue.all_done()
    assert queue.taken >= len(workload.tasks)
    assert not session.view(frozenset({"timeouts"})).timeouts
    for core in session.view(frozenset({"scheduling"})).scheduling.cores:
        parts = core.idle_ns + core.user_ns + core.kernel_ns + core.irq_ns + core.scheduler_ns
        assert parts == core.elapsed_ns
    interrupts = sum(core.interrupts_taken for core in session.machine.cores)
    for request, task in zip(workload.tasks, list(queue.tasks.values()), strict=False):
        more_ns = task.times.user_ns - wanted_ns(request)
        # Ways in to handlers and back that the accounts cannot see, and ticks of the counter.
        assert -100 * (task.switches + task.expired + interrupts) <= more_ns <= 500 * interrupts
    session.close()


@pytest.mark.parametrize("board", ["rpi4", "x86"])
@settings(max_examples=8)
@given(
    lengths=st.lists(st.integers(100 * US, 30 * MS), min_size=2, max_size=5),
    quantum_ns=st.integers(300 * US, 5 * MS),
    cores=st.integers(1, 2),
)
def test_with_quanta_nobody_waits_longer_than_for_a_quantum_of_each_other(
    board, lengths, quantum_ns, cores
):
    tasks = tuple(
        TaskRequest(f"T{n}", (Operation(Kind.COMPUTE, ns),), repeat=None)
        for n, ns in enumerate(lengths)
    )
    workload = Workload(tasks=tasks, cores=cores, sched="rr", quantum_ns=quantum_ns)
    session = session_of(board, workload)
    session.run_until(250 * MS)
    switch_ns = 10 * US
    for scheduler in session.kernel.run_queue.schedulers.values():
        assert scheduler.is_idle is (scheduler.number >= len(tasks))
    for task in session.view(frozenset({"tasks"})).tasks[cores:]:
        assert task.worst_latency_ns <= (len(tasks) - 1) * (quantum_ns + switch_ns)
    used = [task.user_ns for task in session.view(frozenset({"tasks"})).tasks[cores:]]
    fair_ns = 2 * (quantum_ns + switch_ns) + 250 * MS // 100
    assert max(used) - min(used) <= fair_ns
    session.close()


@all_boards
@pytest.mark.parametrize("cores", [1, 2])
def test_a_quantum_is_over_within_an_instruction(board, cores, monkeypatch):
    """From where it was due to where its interrupt is taken, which any computing lets in at once.

    A comparator rounds up to a tick of its counter; a count down, as the local APIC's, begins an
    instruction after the clock was read.
    """
    late = []
    for cls, method in ((QueuedQuantum, "_over"), (CoreQuantum, "handle")):
        original = getattr(cls, method)

        def watch(self, original=original):
            due_ns = self.due_ns
            taken_ns = next(
                event[1]
                for event in reversed(session.recorder.events)
                if event[3] in {"irq", "intr"} and event[2] == session.machine.turns.current.index
            )
            late.append(taken_ns - due_ns)
            original(self)

        monkeypatch.setattr(cls, method, watch)
    tasks = tuple(
        TaskRequest(f"T{n}", (Operation(Kind.COMPUTE, 50 * MS),), repeat=None) for n in range(4)
    )
    workload = Workload(tasks=tasks, cores=cores, sched="rr", quantum_ns=3_333_333)
    session = session_of(board, workload, Tasks)
    session.recorder.trace(True)
    session.run_until(S)
    assert len(late) > 250 * cores
    tick_ns = {"rpi3": 53, "rpi4": 19, "x86": 1}[board]
    entry_ns = session.machine.core.costs.exception_entry
    assert min(late) >= 0
    assert max(late) <= 2 * tick_ns + entry_ns


@all_boards
@pytest.mark.parametrize("scenario", ["two-cores", "round-robin"])
def test_every_run_is_the_same_event_for_event(board, scenario):
    events = []
    for _ in range(2):
        session = open_session(board, scenario)
        found = []
        session.recorder.sink = found.append
        session.run_until(150 * MS)
        events.append(found)
    assert events[0] == events[1]
    assert len(events[0]) > 1000


def test_start_exit_and_repetition():
    workload = Workload(
        sched="coop",
        tasks=(
            TaskRequest("late", (Operation(Kind.COMPUTE, MS), Operation(Kind.EXIT)), 50 * MS, None),
            TaskRequest("thrice", (Operation(Kind.COMPUTE, MS), Operation(Kind.YIELD)), 0, 3),
        ),
    )
    session = session_of("rpi4", workload)
    session.run_until(40 * MS)
    assert session.kernel.run_queue.tasks[1].state is TaskState.NEW
    assert session.kernel.run_queue.tasks[1].waits_for == "its start"
    session.run_until(200 * MS)
    late, thrice = (session.kernel.run_queue.tasks[n] for n in (1, 2))
    assert late.state is thrice.state is TaskState.DONE
    assert late.times.user_ns == pytest.approx(MS, rel=0.01)
    assert thrice.times.user_ns == pytest.approx(3 * MS, rel=0.01)


@all_boards
def test_with_quanta_nobody_starves(board):
    session = open_session(board, "starvation", Changes(sched="rr"))
    session.recorder.trace(False)
    session.run_until(2 * S)
    turns = sum("polite: my turn" in line for line in session.recorder.console.lines())
    assert turns >= 30
