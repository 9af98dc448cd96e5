"""Tasks on several cores: one run queue, calls to cores that sleep, accounts for each core."""

import re

import pytest

from kerneltui.errors import UserError
from kerneltui.kernel.tasks.scheduler import Scheduler
from kerneltui.kernel.tasks.task import TaskState
from kerneltui.machine.board import load_board
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session, open_session

MS, S = 1_000_000, 1_000_000_000
BOARDS = ("rpi3", "rpi4", "x86")
all_boards = pytest.mark.parametrize("board", BOARDS)


def opened(board, text, tmp_path, changes=None):
    path = tmp_path / "mine.yaml"
    path.write_text(f"title: t\nprogram: tasks\n{text}")
    session = make_session(load_board(board), load_scenario(str(path)), "", changes or Changes())
    session.recorder.trace(False)
    return session


def lines_of(session):
    return session.recorder.console.lines()


def accounts_add_up(session):
    """Of each core, and of all tasks together with the schedulers."""
    view = session.view()
    for core in view.scheduling.cores:
        parts = core.idle_ns + core.user_ns + core.kernel_ns + core.irq_ns + core.scheduler_ns
        assert parts == core.elapsed_ns
    tasks = sum(task.user_ns + task.kernel_ns + task.irq_ns for task in view.tasks)
    schedulers = sum(core.scheduler_ns for core in view.scheduling.cores)
    assert tasks + schedulers == sum(core.elapsed_ns for core in view.scheduling.cores)


@all_boards
def test_a_timer_on_core_0_wakes_a_task_on_core_1(board):
    session = open_session(board, "two-cores")
    session.run_until(400 * MS)
    told = [line.split("] ")[-1] for line in lines_of(session) if "woken" in line]
    assert told == ["there: woken from core 0", "here: woken", "there: woken from core 0",
                    "here: woken", "there: woken from core 0"]  # fmt: skip
    task = next(item for item in session.view(frozenset({"tasks"})).tasks if item.name == "there")
    assert task.core == 1
    assert 0 < task.worst_latency_ns < 10_000
    accounts_add_up(session)


@all_boards
def test_no_core_is_called_that_has_something_to_do_or_sleeps_for_nothing(board, tmp_path):
    session = opened(
        board,
        "cores: 2\ntasks:\n  - {name: A, repeat: forever, do: [compute: 7ms]}\n"
        "  - {name: B, repeat: forever, do: [compute: 7ms]}\n",
        tmp_path,
    )
    session.run_until(100 * MS)
    before = {core: _calls(session, core) for core in (0, 1)}
    session.run_until(S)
    assert {core: _calls(session, core) for core in (0, 1)} == before
    busy = {task.name: task.user_ns for task in session.view(frozenset({"tasks"})).tasks}
    assert busy["A"] > 900 * MS
    assert busy["B"] > 900 * MS
    accounts_add_up(session)


def _calls(session, core):
    """How often a core has been interrupted by another one."""
    handlers = session.kernel.inspector.irq_handlers(core)
    return next(item.count for item in handlers if item.name == "Call from a core")


@all_boards
def test_who_is_bound_to_a_core_runs_there_alone(board, tmp_path):
    session = opened(
        board,
        "cores: 2\nquantum: 3ms\ntasks:\n"
        "  - {name: free, repeat: forever, do: [compute: 1ms, yield]}\n"
        "  - {name: bound, core: 1, repeat: forever, do: [compute: 5ms]}\n"
        "  - {name: boss, core: 0, repeat: forever, do: [sleep: 10ms, compute: 8ms]}\n",
        tmp_path,
    )
    seen = {}
    for at in range(20, 400, 7):
        session.run_until(at * MS)
        for task in session.view(frozenset({"tasks"})).tasks:
            if task.state == "running":
                seen.setdefault(task.name, set()).add(task.core)
    assert seen["bound"] == {1}
    assert seen["boss"] == {0}
    assert seen["free"] == {0, 1}, "it makes way for boss on core 0"
    accounts_add_up(session)


@all_boards
def test_a_task_on_core_1_sets_timers_that_fire_on_core_0(board, tmp_path):
    session = opened(
        board,
        "cores: 2\nsched: coop\ntasks:\n"
        "  - {name: A, core: 1, repeat: 4, do: [every: 20ms, wait: timer, wait: timer, "
        "print: twice, cancel: timer]}\n",
        tmp_path,
    )
    session.run_until(300 * MS)
    begun = session.view(frozenset({"scheduling"})).scheduling.cores[0].started_ns
    at = [float(re.match(r"\[. +([0-9.]+)\]", line)[1]) * 1e9 for line in lines_of(session)
          if "twice" in line]  # fmt: skip
    apart = [round((later - sooner) / MS) for sooner, later in zip([begun, *at], at, strict=False)]
    assert apart == [40, 40, 40, 40]
    assert not session.view(frozenset({"timeouts"})).timeouts
    assert session.kernel.run_queue.all_done()
    accounts_add_up(session)


@pytest.mark.usefixtures("with_past")
@all_boards
@pytest.mark.parametrize("cores", [1, 2])
def test_gone_back_it_goes_on_as_if_nothing_had_been(board, cores, tmp_path):
    text = (
        f"cores: {cores}\nquantum: 3ms\ntasks:\n"
        "  - {name: A, repeat: 6, do: [compute: 8ms, sleep: 30ms]}\n"
        "  - {name: B, repeat: 6, do: [compute: 5ms, sleep: 25ms, print: hello]}\n"
        f"  - {{name: C, core: {cores - 1}, repeat: 4, do: [sleep: 40ms, compute: 4ms]}}\n"
    )
    direct = opened(board, text, tmp_path)
    direct.run_until(600 * MS)
    session = opened(board, text, tmp_path)
    while True:
        session.run_until(session.machine.now + 500_000)
        if session.machine.now > 60 * MS and session.machine.at_rest:
            break
    moment = session.here
    for _ in range(2):
        session.run_until(600 * MS)
        assert lines_of(session) == lines_of(direct)
        retired = [core.retired for core in session.machine.cores]
        assert retired == [core.retired for core in direct.machine.cores]
        session.go_to(moment)


@pytest.mark.parametrize("board", ["rpi3", "rpi4"])
def test_four_cores_share_the_work(board, tmp_path):
    tasks = "".join(f"  - {{name: T{n}, do: [compute: 100ms]}}\n" for n in range(8))
    session = opened(board, f"cores: 4\nquantum: 10ms\ntasks:\n{tasks}", tmp_path)
    session.run_until(S)
    assert session.kernel.run_queue.all_done()
    cores = session.view(frozenset({"scheduling"})).scheduling.cores
    assert [core.core for core in cores] == [0, 1, 2, 3]
    for core in cores:
        assert core.user_ns == pytest.approx(200 * MS, rel=0.1)
    accounts_add_up(session)


@all_boards
def test_two_cores_that_print_do_not_mix_their_lines(board, tmp_path):
    session = opened(
        board,
        "cores: 2\ntasks:\n"
        "  - {name: A, core: 0, repeat: 20, do: [print: aaaaaaaaaaaaaaaaaaaaaaaa]}\n"
        "  - {name: B, core: 1, repeat: 20, do: [print: bbbbbbbbbbbbbbbbbbbbbbbb]}\n",
        tmp_path,
    )
    session.run_until(S)
    said = [line.split("] ")[-1] for line in lines_of(session)]
    assert said.count("A: " + "a" * 24) == said.count("B: " + "b" * 24) == 20


@all_boards
def test_a_task_that_runs_on_another_core_is_killed_at_once(board, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "title: t\nprogram: shell\ncores: 2\nsched: coop\ntasks:\n"
        "  - {name: A, core: 1, do: [compute: 1h]}\n"
        'inputs:\n  - at: 500ms\n    uart: "kill 1\\r"\n'
    )
    session = open_session(board, str(path))
    session.run_until(S)
    task = next(item for item in session.view(frozenset({"tasks"})).tasks if item.name == "A")
    assert task.state == "done"
    assert 400 * MS < task.user_ns < 520 * MS
    assert session.kernel.run_queue.schedulers[1].is_idle
    accounts_add_up(session)


@pytest.mark.parametrize("boot", ["clock=hpet", "clock=pit", "nohz=off", "timer=pit", "timer=acpi",
                                  "clock=hpet timer=hpet nohz=off"])  # fmt: skip
def test_whatever_a_pc_has_chosen_for_time_both_cores_keep_their_quanta(boot):
    session = open_session("x86", "two-cores", Changes(append=boot))
    session.recorder.trace(False)
    session.run_until(2 * S)
    assert session.machine.halt_reason == ""
    tasks = {task.name: task for task in session.view(frozenset({"tasks"})).tasks}
    assert all(tasks[name].state == "done" for name in ("A", "B", "C", "here", "there"))
    # 400 ms in quanta of 10 ms, on a ticking core 0 up to a tick of 10 ms longer.
    assert all(20 <= tasks[name].switches <= 45 for name in "ABC")
    accounts_add_up(session)


def test_one_core_alone_tells_who_can_never_run():
    session = open_session("x86", "two-cores", Changes(append="smp=off"))
    session.run_until(S)
    assert (
        sum("there can never run: core 1 runs no tasks" in line for line in lines_of(session)) == 1
    )
    assert session.machine.halt_reason == ""


def test_a_panic_on_one_core_is_not_held_up_by_another_that_prints(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "title: t\nprogram: shell\ncores: 2\ntasks:\n"
        "  - {name: A, core: 1, repeat: forever, do: [print: again and again]}\n"
        'inputs:\n  - at: 300ms\n    uart: "panic enough\\r"\n'
    )
    session = open_session("rpi4", str(path))
    session.run_until(S)
    assert "Kernel panic: enough" in session.machine.halt_reason
    assert lines_of(session)[-3:-1] == ["enough", ""]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cores: 2\ntasks:\n  - {name: A, core: 2, do: [yield]}\n", "mine.yaml:5: core 2 runs no"),
        ("cores: 0\n", "mine.yaml:3"),
        ("cores: 9\n", "mine.yaml:3"),
        ("tasks:\n  - {name: A, core: -1, do: [yield]}\n", "mine.yaml:4"),
    ],
)
def test_cores_that_cannot_be_are_told_with_their_line(text, told, tmp_path):
    with pytest.raises(UserError, match=re.escape(told)):
        opened("rpi4", text, tmp_path)


def test_a_board_without_enough_cores_is_told(tmp_path):
    with pytest.raises(
        UserError, match=r"mine.yaml:3: the scenario wants 3 cores, but x86 has only 2"
    ):
        opened("x86", "cores: 3\ntasks: [{name: A, do: [yield]}]\n", tmp_path)


@all_boards
def test_nobody_can_find_a_task_asleep_before_its_core_has_let_go_of_it(board, monkeypatch):
    """Another core would run it at once, while this one still works for it."""
    end, seen = Scheduler.end, []

    def look(self):
        end(self)
        seen.append(self.current is self.idle or self.current.state is TaskState.RUNNING)

    monkeypatch.setattr(Scheduler, "end", look)
    session = open_session(board, "wake-tasks")
    session.run_until(400 * MS)
    assert len(seen) > 20
    assert all(seen[:-1])  # the last is the report's, when all are done


def test_a_core_that_gives_a_task_up_does_not_run_it_on(tmp_path):
    """What is woken in the moment of falling asleep runs on one core alone."""
    session = opened(
        "x86",
        "cores: 2\nsched: coop\ntasks:\n"
        "  - {name: A, repeat: 200, do: [every: 1ms, compute: 990us, wait: timer]}\n"
        "  - {name: B, repeat: 200, do: [every: 1ms, compute: 980us, wait: timer]}\n",
        tmp_path,
        Changes(append="timer=pit"),
    )
    while session.machine.now < 300 * MS:
        session.run_until(session.machine.now + 20_000)
        queue = session.kernel.run_queue
        running = [task for task in queue.tasks.values() if task.state is TaskState.RUNNING]
        assert sorted(task.core for task in running) == sorted({task.core for task in running})
        assert not set(queue.ready) & set(running)
    computed = {task.name: task.user_ns for task in session.view(frozenset({"tasks"})).tasks}
    rounds = {task.name: 200 - task.rounds_left for task in queue.tasks.values() if task.id > 0}
    assert computed["A"] == pytest.approx(rounds["A"] * 990_000, rel=0.05)
    assert computed["B"] == pytest.approx(rounds["B"] * 980_000, rel=0.05)
