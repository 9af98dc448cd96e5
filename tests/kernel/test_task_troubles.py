"""Tasks in each other's way: cores that cancel, kill and print in the same moment, greedy loops."""

import re

import pytest

from kerneltui.errors import UserError
from kerneltui.kernel.programs.tasks_program import FIRST_START_NS, Tasks
from kerneltui.kernel.tasks.task import TaskState
from kerneltui.kernel.time.timers import TimerState
from kerneltui.machine.board import load_board
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session

US, MS, S = 1_000, 1_000_000, 1_000_000_000
BOARDS = ("rpi3", "rpi4", "x86")
all_boards = pytest.mark.parametrize("board", BOARDS)


def opened(board, text, tmp_path, program="tasks", sched=""):
    path = tmp_path / "mine.yaml"
    path.write_text(f"title: t\nprogram: {program}\n{text}")
    session = make_session(load_board(board), load_scenario(str(path)), "", Changes(sched=sched))
    session.recorder.trace(False)
    session.history.on = False  # nobody goes back
    return session


def said(session):
    return [line.split("] ", 1)[-1] for line in session.recorder.console.lines()]


def times_of(session, text):
    found = (re.match(r"\[. +([0-9.]+)\] (.*)", line) for line in session.recorder.console.lines())
    return [float(line[1]) for line in found if line and line[2] == text]


@pytest.mark.parametrize(
    ("board", "compute"),
    [("rpi4", "140.5ms"), ("rpi3", "140.5ms"), ("x86", "106ms"), ("x86", "106.2ms")],
)
def test_a_timer_may_be_cancelled_by_a_core_while_another_is_about_to_handle_it(
    board, compute, tmp_path
):
    text = (
        "cores: 2\ntasks:\n"
        f"  - {{name: T, core: 1, do: [every: 1ms, compute: {compute}, cancel: timer, "
        "print: fine]}\n"
        "timeouts:\n  - {at: 100ms, busy: 50ms}\n"
    )
    session = opened(board, text, tmp_path)
    session.run_until(400 * MS)
    assert session.machine.halt_reason == ""
    assert "T: fine" in said(session)
    assert session.kernel.timers.pending_timer_count() == 0
    assert not session.view(frozenset({"timeouts"})).timeouts


@pytest.mark.parametrize(("board", "first_ns"), [("rpi4", 0), ("x86", 20)])
def test_a_core_may_cancel_at_any_moment_of_a_callback_of_another(board, first_ns, tmp_path):
    """Every 40 ns from before the interrupt to after its handler."""
    for ns in range(first_ns, 1600, 40):
        text = (
            "cores: 2\ntasks:\n"
            f"  - {{name: T, core: 1, do: [every: 1ms, compute: {998_700 + ns}ns, "
            "cancel: timer]}\n"
        )
        session = opened(board, text, tmp_path)
        session.run_until(60 * MS)
        assert session.machine.halt_reason == "", ns
        (timer,) = session.kernel.timers.known()
        assert timer.state is TimerState.CANCELLED, ns
        assert not session.view(frozenset({"timeouts"})).timeouts, ns
        session.close()


@pytest.mark.parametrize(
    ("board", "body"),
    [("rpi4", "yield"), ("x86", "every: 10ms"), ("rpi4", "cancel: timer"), ("x86", "compute: 0ns")],
)
def test_tasks_that_only_call_the_kernel_keep_no_interrupt_out(board, body, tmp_path):
    text = (
        f"tasks:\n  - {{name: spin, repeat: 1_000_000, do: [{body}]}}\n"
        "timeouts:\n  - {every: 3ms, print: beat}\n"
    )
    session = opened(board, text, tmp_path)
    session.boot()
    session.run_until(session.machine.now + 11 * MS)
    assert sum(line.endswith("beat") for line in said(session)) == 3


@all_boards
def test_a_task_that_only_yields_lets_sleepers_run(board, tmp_path):
    text = (
        "sched: coop\ntasks:\n  - {name: spin, repeat: 1_000_000, do: [yield]}\n"
        "  - {name: s, repeat: 3, do: [sleep: 3ms, print: woken]}\n"
    )
    session = opened(board, text, tmp_path)
    session.boot()
    session.run_until(session.machine.now + 15 * MS)
    assert said(session).count("s: woken") == 3


@pytest.mark.parametrize("quantum", ["0s", "1ns", "19.999us"])
def test_a_quantum_that_leaves_no_time_is_refused(quantum, tmp_path):
    text = f"quantum: {quantum}\ntasks:\n  - {{name: A, do: [yield]}}\n"
    with pytest.raises(UserError, match=r"mine.yaml:3: the shortest quantum .* is 20us"):
        opened("rpi4", text, tmp_path)
    with pytest.raises(UserError, match=r"mine.yaml:3: the shortest quantum .* is 20us"):
        opened("rpi4", f"quantum: {quantum}\n", tmp_path, "shell")


@pytest.mark.parametrize(
    "body", ["yield", "compute: 0s", "compute: 0ns, yield", "yield, yield", "compute: 0 min"]
)
def test_a_task_that_takes_no_time_for_ever_is_refused(body, tmp_path):
    text = f"tasks:\n  - name: A\n    do: [{body}]\n    repeat: forever\n"
    with pytest.raises(
        UserError,
        match=r"mine.yaml:6: a task that repeats for ever must take time; add 'compute: 1ms'",
    ):
        opened("rpi4", text, tmp_path)
    opened("rpi4", text.replace("forever", "1000"), tmp_path).close()


@pytest.mark.parametrize(
    "body",
    ["compute: 1ns", "yield, compute: 1us", "print: x", "sleep: 1ms", "yield, exit",
     "every: 1ms, wait: timer", "every: 1s", "cancel: timer"],
)  # fmt: skip
def test_a_task_that_lets_time_pass_may_go_on_for_ever(body, tmp_path):
    session = opened("rpi4", f"tasks:\n  - {{name: A, repeat: forever, do: [{body}]}}\n", tmp_path)
    session.boot()
    before = session.machine.now
    session.run_until(before + MS // 10)
    assert session.machine.now > before
    session.close()


@all_boards
def test_the_shortest_quantum_leaves_time(board, tmp_path):
    tasks = "".join(f"  - {{name: {name}, do: [compute: 1ms]}}\n" for name in "AB")
    text = f"quantum: 20us\ntasks:\n{tasks}"
    session = opened(board, text, tmp_path)
    session.run_until(100 * MS)
    assert session.kernel.run_queue.all_done()


@all_boards
def test_a_line_from_another_core_does_not_cost_the_prompt(board, tmp_path):
    text = (
        "cores: 2\ntasks:\n"
        "  - {name: T, core: 1, start: 300ms, do: [sleep: 50ms, print: one, compute: 30s]}\n"
        'inputs:\n  - {at: 320ms, uart: "hel"}\n'
    )
    session = opened(board, text, tmp_path, "shell")
    session.run_until(600 * MS)
    lines = session.recorder.console.lines()
    assert lines[-2].endswith("T: one")
    assert lines[-1] == "> hel"


@all_boards
def test_what_belongs_to_a_task_is_not_cancelled_behind_its_back(board, tmp_path):
    text = (
        "tasks:\n  - {name: T, do: [sleep: 1s, print: awake]}\n"
        "  - {name: U, start: 1s, do: [print: begun]}\n"
        'inputs:\n  - {at: 500ms, uart: "timers\\rcancel 2\\rcancel 4\\r"}\n'
    )
    session = opened(board, text, tmp_path, "shell")
    session.run_until(2 * S)
    text = said(session)
    assert "cancel: it is task 1's; kill 1 ends that with its timers" in text
    assert "cancel: it is task 2's; kill 2 ends that with its timers" in text
    assert any(line.startswith("1 of tasks, the next in 0.") for line in text)
    assert "T: awake" in text
    assert "U: begun" in text


@all_boards
def test_a_task_that_has_not_begun_is_killed_with_its_start(board, tmp_path):
    text = (
        "tasks:\n  - {name: U, start: 1s, do: [print: begun]}\n"
        'inputs:\n  - {at: 500ms, uart: "kill 1\\rtimers\\r"}\n'
    )
    session = opened(board, text, tmp_path, "shell")
    session.run_until(2 * S)
    assert "no timeout is pending" in said(session)
    assert "U: begun" not in said(session)


def test_a_task_killed_at_any_moment_of_its_way_to_sleep_leaves_no_timer(tmp_path, monkeypatch):
    """It runs on core 1; the command is carried out on core 0, at moments 40 ns apart."""
    met, kill = [], Tasks.kill

    def watch(self, ident):
        met.append((session.machine.now, self.run_queue.tasks[ident].state))
        kill(self, ident)

    monkeypatch.setattr(Tasks, "kill", watch)
    start_ns = S
    for ns in range(0, 1600, 40):
        text = (
            "cores: 2\ntasks:\n"
            f"  - {{name: A, core: 1, start: {start_ns - ns}ns, do: [sleep: 3s]}}\n"
            'inputs:\n  - {at: 20ms, uart: "kill 1\\r"}\n'
        )
        session = opened("rpi4", text, tmp_path, "shell")
        session.run_until(25 * MS)
        assert session.kernel.timers.pending_timer_count() == 0, ns
        assert session.kernel.run_queue.tasks[1].state is TaskState.DONE, ns
        if start_ns == S:  # the first run only tells when the command is carried out
            begun_ns = session.view(frozenset({"scheduling"})).scheduling.cores[0].started_ns
            start_ns = met[0][0] - begun_ns - FIRST_START_NS
        session.close()
    assert {TaskState.RUNNING, TaskState.SLEEPING} <= {state for _, state in met}


@all_boards
def test_the_shell_is_ready_when_a_key_is_pressed_not_a_quantum_later(board, tmp_path):
    text = (
        "quantum: 500ms\ntasks:\n  - {name: A, repeat: forever, do: [compute: 100s]}\n"
        'inputs:\n  - {at: 1.1s, uart: "uptime\\r"}\n'
    )
    session = opened(board, text, tmp_path, "shell")
    session.run_until(3 * S)
    (line,) = [line for line in said(session) if line.startswith("up ")]
    assert 1.1 < float(line.split()[1]) < 1.1 + 0.5 + 0.2
    shell = next(task for task in session.view(frozenset({"tasks"})).tasks if task.name == "shell")
    assert shell.worst_latency_ns <= 500 * MS + 10 * US


@all_boards
def test_a_spawned_task_is_ready_from_the_command_on(board, tmp_path):
    text = 'inputs:\n  - {at: 500ms, uart: "help\\rhelp\\rhelp\\rspawn x compute 1ms\\r"}\n'
    session = opened(board, text, tmp_path, "shell")
    session.run_until(S)
    task = next(task for task in session.view(frozenset({"tasks"})).tasks if task.name == "x")
    assert task.state == "done"
    # The shell goes on until nothing is left to do: it prints the answer and the prompt.
    assert 0 < task.worst_latency_ns < 5 * MS


@all_boards
def test_warnings_are_printed_with_interrupts_let_in(board, tmp_path):
    text = (
        f"tasks:\n  - {{name: {'n' * 190}, repeat: 5, do: [cancel: timer, compute: 10ms]}}\n"
        "timeouts:\n  - {every: 1ms, name: tick}\n"
    )
    session = opened(board, text, tmp_path)
    session.run_until(200 * MS)
    assert sum("timer_cancel = -ENOENT" in line for line in said(session)) == 5
    assert session.view(frozenset({"worst_lateness_ns"})).worst_lateness_ns < 20 * US


def test_a_long_callback_while_core_1_begins_does_not_end_the_boot(tmp_path):
    for ns in range(43_973_000, 43_975_000, 90):
        text = (
            "cores: 2\ntasks:\n  - {name: A, core: 1, do: [print: hello]}\n"
            f"timeouts:\n  - {{at: {ns}ns, busy: 20ms}}\n"
        )
        session = opened("x86", text, tmp_path)
        session.run_until(100 * MS)
        assert session.machine.halt_reason == "", ns
        assert "A: hello" in said(session), ns
        session.close()


@pytest.mark.parametrize(
    "body",
    ["wait: timer", "cancel: timer, wait: timer", "every: 5ms, cancel: timer, wait: timer"],
)
def test_waiting_for_a_timer_that_is_not_there_is_refused(body, tmp_path):
    with pytest.raises(UserError, match=r"mine.yaml:4: no interval timer runs here"):
        opened("rpi4", f"tasks:\n  - {{name: A, do: [{body}]}}\n", tmp_path)


def test_only_periods_can_be_left_out(tmp_path):
    text = "timeouts:\n  - {once: 10ms, catch_up: skip}\n"
    with pytest.raises(UserError, match=r"mine.yaml:4: 'catch_up' needs 'every'"):
        opened("rpi4", text, tmp_path, "timer-callbacks")


@all_boards
@pytest.mark.parametrize(("policy", "ticks"), [("all", 20), ("skip", 16)])
def test_a_scenario_says_what_becomes_of_late_periods(board, policy, ticks, tmp_path):
    text = (
        f"timeouts:\n  - {{every: 10ms, print: tick, catch_up: {policy}}}\n"
        "  - {once: 95ms, busy: 45ms}\n"
    )
    session = opened(board, text, tmp_path, "timer-callbacks")
    session.run_until(270 * MS)
    begun = times_of(session, "tick")[0]
    assert sum(at < begun + 0.1955 for at in times_of(session, "tick")) == ticks
