"""Tasks on the three boards: wake times, accounts that add up, determinism, going back."""

import re

import pytest

from kerneltui.errors import UserError
from kerneltui.kernel.tasks.scheduler import Scheduler
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import open_session

MS, S = 1_000_000, 1_000_000_000
all_boards = pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])


def ran(board, scenario, until):
    session = open_session(board, scenario)
    session.recorder.trace(False)
    session.run_until(until)
    assert not session.machine.halt_reason
    return session


def said(session):
    """What tasks have printed: (ms since they began, name and text)."""
    begun = session.view(frozenset({"scheduling"})).scheduling.cores[0].started_ns
    found = re.findall(
        r"\[. +(\d+)\.(\d{6})\] ([A-D]|polite): (.*)", "\n".join(session.recorder.console.lines())
    )
    return [
        ((int(s) * S + int(us) * 1000 - begun) // MS, f"{who} {what}") for s, us, who, what in found
    ]


def total(view):
    """Of all accounts; the elapsed time has to be the same."""
    return sum(core.scheduler_ns for core in view.scheduling.cores) + sum(
        task.user_ns + task.kernel_ns + task.irq_ns for task in view.tasks
    )


def elapsed(view):
    return sum(core.elapsed_ns for core in view.scheduling.cores)


@all_boards
def test_tasks_wake_after_50_100_and_150_ms_and_the_interval_until_cancelled(board):
    session = ran(board, "wake-tasks", 400 * MS)
    assert said(session) == [
        (50, "A woken"), (50, "D first interval"), (100, "B woken"), (100, "D second interval"),
        (150, "C woken"), (150, "D third interval"), (200, "D cancelled"),
    ]  # fmt: skip
    view = session.view()
    assert [task.state for task in view.tasks] == ["running", "done", "done", "done", "done"]
    assert not view.timeouts
    assert total(view) == elapsed(view)


@all_boards
def test_the_view_shows_the_timers_with_their_states(board):
    session = open_session(board, "wake-tasks")
    session.recorder.trace(False)
    session.boot()
    begun = session.machine.now
    seen = {}
    for ms in (25, 75, 125, 175, 225):
        session.run_until(begun + ms * MS)
        seen[ms] = [
            (item.wake_task, item.state, item.fired_count)
            for item in session.view(frozenset({"timers"})).timers
        ]
    ab, d = [(1, "Fired", 1), (2, "Fired", 1)], "Pending"
    assert seen[25] == [(1, d, 0), (2, d, 0), (3, d, 0), (4, d, 0)]
    assert seen[75] == [(1, "Fired", 1), (2, d, 0), (3, d, 0), (4, d, 1)]
    assert seen[125] == [*ab, (3, d, 0), (4, d, 2)]
    assert seen[175] == [*ab, (3, "Fired", 1), (4, d, 3)]
    assert seen[225] == [*ab, (3, "Fired", 1), (4, "Cancelled", 4)]


@all_boards
def test_twenty_seconds_of_round_robin_add_up_to_the_nanosecond(board):
    view = (session := ran(board, "round-robin", 21 * S)).view()
    assert elapsed(view) > 20 * S
    assert total(view) == elapsed(view)
    idle, first, second, _, fourth = view.tasks
    assert idle.user_ns < MS // 5, "only before the first task"
    assert first.user_ns == pytest.approx(second.user_ns, rel=0.01)
    assert fourth.worst_latency_ns < 24 * MS
    assert session.kernel.run_queue.tasks[3].expired == 0


@all_boards
def test_a_cooperative_scheduler_never_preempts(board):
    session = ran(board, "starvation", S)
    polite, greedy = session.view(frozenset({"tasks"})).tasks[1:]
    assert (polite.state, said(session)) == ("ready", [])
    assert polite.ready_for_ns > 900 * MS
    assert greedy.switches == 1


@pytest.mark.usefixtures("with_past")
@all_boards
def test_back_where_all_wait_it_goes_on_as_if_nothing_had_been(board):
    direct = ran(board, "wake-tasks", 400 * MS)
    session = ran(board, "wake-tasks", 120 * MS)
    moment = session.here
    for _ in range(2):
        session.run_until(400 * MS)
        assert session.recorder.console.lines() == direct.recorder.console.lines()
        assert session.machine.core.retired == direct.machine.core.retired
        session.go_to(moment)


def test_a_wait_without_an_interval_is_told_with_its_line(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("title: t\nprogram: tasks\ntasks:\n  - name: A\n    do:\n      - wait: timer\n")
    with pytest.raises(UserError, match=r"mine.yaml:6: no interval timer runs here"):
        load_scenario(str(path))


@all_boards
def test_a_quantum_is_over_when_it_is_over(board, monkeypatch):
    used, before, pick = [], {}, Scheduler.pick

    def watch(self):
        task = self.current
        if self.need_resched:
            used.append(task.times.user_ns + task.times.irq_ns - before[task.id])
        chosen = pick(self)
        before[chosen.id] = chosen.times.user_ns + chosen.times.irq_ns
        return chosen

    monkeypatch.setattr(Scheduler, "pick", watch)
    ran(board, "round-robin", S)
    assert len(used) > 50
    # The way into the quantum, out of its interrupt, and a tick of the counter.
    assert all(abs(ns - 10 * MS) < 5000 for ns in used)
