"""Tasks and timeline: what the panels make of a view, and how the dashboard shows them."""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec
import pytest
from dashboard import CPU, QUEUE, TRACE, booted, dashboard
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.debugger.timeline import CoreTimelineView, OccupantView, Window
from kerneltui.tui.panels.cpu import general_lines
from kerneltui.tui.panels.tasks import TasksPanel, gauge
from kerneltui.tui.panels.timeline import (
    LENGTHS_NS,
    NAME,
    PERCENT,
    axis,
    strips,
)
from kerneltui.tui.widgets.lines import line_text
from kerneltui.tui.widgets.looks import LOOKS

MS, S = 1_000_000, 1_000_000_000
TASKS, TIMELINE = 11, 12
DEFAULT = "the last 200 ms"


def session_at(scenario, until, board="rpi4"):
    session = booted(board, scenario)
    session.run_until(until)
    return session


def tasks_of(session, width=66, *, zoomed=False):
    panel = TasksPanel()
    panel.zoomed = zoomed
    return [line_text(line) for line in panel.content(session.view(panel.parts()), width)]


def with_word(lines, word):
    (found,) = (line for line in lines if word in line)
    return found


# -- tasks -----------------------------------------------------------------------------------------


def test_a_program_without_tasks_says_so_in_one_line():
    lines = tasks_of(booted())
    assert len(lines) == 1
    assert "no tasks" in lines[0]


def test_policy_queue_and_cores_come_first_then_two_lines_for_each_task():
    session = session_at("round-robin", S)
    view, lines = session.view(), tasks_of(session)
    names = {task.id: task.name for task in view.tasks}
    ready = ", ".join(names[ident] for ident in view.scheduling.ready)
    assert lines[0] == f"rr, quanta of 10 ms   ready: {ready}"
    (core,) = view.scheduling.cores
    assert f"core 0  {names[core.running]}, user" in lines[1]
    assert len(lines) == 3 + 2 * 4
    assert [line.split()[0] for line in lines[3::2] if not line.startswith("▶")] == [
        str(task.id) for task in view.tasks if task.id > 0 and task.state != "running"
    ]


def test_the_running_task_has_a_mark_and_a_gauge_of_its_quantum():
    session = session_at("round-robin", S)
    (running,) = (
        task for task in session.view(frozenset({"tasks"})).tasks if task.state == "running"
    )
    line = with_word(tasks_of(session), "▶")
    assert f" {running.name} " in line
    assert gauge(running.quantum_left_ns, 10 * MS) in line
    assert re.search(r" [\d.]+ ms left$", line.rstrip())


def test_a_sleeping_task_says_for_which_timer_and_for_how_long():
    session = session_at("wake-tasks", 70 * MS)
    line = with_word(tasks_of(session), " B ")
    (task,) = (task for task in session.view(frozenset({"tasks"})).tasks if task.name == "B")
    (due,) = (
        item
        for item in session.view(frozenset({"timeouts"})).timeouts
        if f"timer {item.ident}" == task.waits_for
    )
    assert task.wakes_in_ns == due.in_ns
    assert f"{task.waits_for}, in {due.in_ns // MS}." in line
    assert line.rstrip().endswith("then print")


def test_a_task_that_waits_for_its_interval_says_when_that_fires_next():
    (task,) = (
        t
        for t in session_at("wake-tasks", 70 * MS).view(frozenset({"tasks"})).tasks
        if t.name == "D"
    )
    assert task.state == "waiting"
    assert 35 * MS < task.wakes_in_ns < 40 * MS


def test_a_thread_of_the_kernel_waits_for_work():
    session = booted("rpi4", "shell")
    assert with_word(tasks_of(session), " shell ").rstrip().endswith("for work")
    assert TasksPanel().caption(session.view()) == "1 task"


def test_starvation_stands_out_after_ten_quanta():
    session = session_at("starvation", 200 * MS)
    panel = TasksPanel()
    for until, starving in ((100 * MS, False), (200 * MS, True)):
        session = session_at("starvation", until)
        view = session.view()
        (line,) = (
            line for line in panel.content(view, 66) if " polite " in line_text(line)
        )  # fmt: skip
        assert line_text(line).startswith("!") == starving
        assert (line[1][1] == "alert") == starving
        assert ("starves for" in line_text(line)) == starving
        assert ("1 starving" in panel.caption(view)) == starving


def test_a_task_that_has_yielded_can_starve_too(tmp_path):
    path = tmp_path / "yields.yaml"
    path.write_text(
        "title: t\nprogram: tasks\nsched: coop\ntasks:\n"
        "  - {name: A, repeat: forever, do: [compute: 1ms, yield]}\n"
        "  - {name: B, do: [compute: 10s]}\n"
    )
    session = session_at(str(path), S)
    assert "starves for 9" in with_word(tasks_of(session), " A ")


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_zoomed_the_times_of_a_core_add_up_to_the_nanosecond(board):
    lines = tasks_of(session_at("round-robin", S, board), zoomed=True)
    numbers = {
        line.split()[0]: int("".join(line.split()[1:]).replace(".", "")) for line in lines[-7:]
    }  # fmt: skip
    parts = [numbers[name] for name in ("idle", "user", "kernel", "interrupt", "scheduler")]
    assert sum(parts) == numbers["sum"] == numbers["elapsed"] > 900 * MS


def test_a_sum_that_differs_would_be_an_alert():
    view = session_at("round-robin", 100 * MS).view()
    (core,) = view.scheduling.cores
    wrong = msgspec.structs.replace(core, elapsed_ns=core.elapsed_ns + 1)
    panel = TasksPanel()
    panel.zoomed = True
    for cores, look in (((core,), "good"), ((wrong,), "alert")):
        scheduling = msgspec.structs.replace(view.scheduling, cores=cores)
        lines = panel.content(msgspec.structs.replace(view, scheduling=scheduling), 66)
        assert lines[-2][1][1] == look


def test_kernel_and_user_time_are_drawn_with_different_characters(tmp_path):
    path = tmp_path / "prints.yaml"
    path.write_text(
        "title: t\nprogram: tasks\nsched: coop\ntasks:\n"
        "  - {name: A, repeat: forever, do: [compute: 5ms, print: some words]}\n"
    )
    bar = tasks_of(session_at(str(path), S), 140)[-1].split()[0]
    assert re.fullmatch("█+▓+", bar)


@pytest.mark.parametrize("scenario", ["wake-tasks", "round-robin", "starvation"])
@pytest.mark.parametrize("width", [56, 66, 76, 136])
def test_every_line_fits_and_has_a_known_look(scenario, width):
    session = booted("rpi4", scenario)
    panel = TasksPanel()
    panel.zoomed = True
    for _ in range(40):
        session.run_until(session.machine.now + 7 * MS)
        for line in panel.content(session.view(panel.PARTS), width):
            assert len(line_text(line)) <= width
            assert {look for _, look, *_ in line} <= set(LOOKS)


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_gauge_has_a_fixed_size_and_more_is_more(left, whole):
    left = min(left, whole)
    drawn = gauge(left, whole)
    assert len(drawn) == len(gauge(0, whole)) == len(gauge(whole, whole))
    order = " ▏▎▍▌▋▊▉█"
    filled = [order.index(char) for char in drawn[1:-1]]
    assert sum(filled) == left * 64 // whole


# -- the timeline ----------------------------------------------------------------------------------


def core_of(*rows, width=100):
    """A core with bins of ``width`` ns."""
    made = tuple(OccupantView(name, kind, ns) for name, kind, ns in rows)
    total = sum(sum(ns) for _, _, ns in rows)
    bins = len(rows[0][2])
    return CoreTimelineView(0, total, made), tuple(range(0, width * (bins + 1), width))


def test_a_column_is_as_high_as_its_share_and_a_nanosecond_shows():
    core, edges = core_of(("A", "task", (0, 1, 50, 99, 100)), ("idle", "idle", (100, 99, 50, 1, 0)))
    texts = [line_text(line) for line in strips(core, edges)]
    assert texts == ["A        ▁▄██  50.0%", "idle    ██▄▁   50.0%"]


@given(st.lists(st.integers(0, 100), min_size=1, max_size=60))
def test_whoever_ran_at_all_shows_and_nobody_else(shares):
    core, edges = core_of(("A", "task", tuple(shares)), ("B", "task", (*[1] * len(shares),)))
    text = line_text(next(strips(core, edges)))
    columns = text[NAME : NAME + len(shares)]
    assert [char != " " for char in columns] == [share > 0 for share in shares]
    heights = [" ▁▂▃▄▅▆▇█".index(char) for char in columns]
    for (one, high), (other, higher) in pairwise(sorted(zip(shares, heights, strict=True))):
        assert one <= other
        assert high <= higher


def test_a_share_too_small_for_a_percentage_is_not_called_zero():
    core, edges = core_of(("IRQ", "IRQ", (1,)), ("A", "task", (9_999,)), width=10_000)
    assert line_text(next(strips(core, edges))).endswith("<0.1%")


@pytest.mark.parametrize("length_ns", LENGTHS_NS)
@pytest.mark.parametrize("bins", [40, 52, 62, 120])
def test_the_axis_has_round_times_where_they_begin(length_ns, bins):
    text = axis(Window(length_ns, bins))
    assert text.endswith("│now")
    assert text.index("│now") == NAME + bins
    for place, label in ((m.start(), m[1]) for m in re.finditer(r"│-([\d.]+ \w+)", text)):
        number, unit = label.split()
        ns = round(float(number) * {"us": 1000, "ms": MS, "s": S}[unit])
        assert ns % (length_ns // 20) == 0
        assert place == NAME + bins * (length_ns - ns) // length_ns


def test_the_windows_go_from_ten_microseconds_to_ten_seconds():
    assert (LENGTHS_NS[0], LENGTHS_NS[-1]) == (10_000, 10 * S)
    assert all(
        longer * 10 // shorter in {20, 25} for shorter, longer in pairwise(LENGTHS_NS)
    )  # fmt: skip


# -- the dashboard ---------------------------------------------------------------------------------


async def test_p_and_t_take_the_places_of_the_registers_and_the_trace():
    async with dashboard(scenario="round-robin") as seen:
        await seen.press("t")
        assert seen.displayed() == [1, 2, 3, 4, 5, 7, TIMELINE]
        assert seen.current() == TIMELINE
        await seen.press("p")
        assert seen.displayed() == [2, 3, 4, 5, 7, TASKS, TIMELINE]
        await seen.press("6", "8")
        assert seen.displayed() == [2, 3, 4, 5, TRACE, 7, 8]
        for title in ("─ p Tasks", "─ t Timeline", "━ t Timeline"):
            assert title not in seen.screen()


async def test_the_timeline_is_asked_for_only_while_it_can_be_seen():
    async with dashboard(scenario="round-robin", keys=["n"]) as seen:
        trace = seen.app.panels.numbered(TRACE)
        assert trace._view.timeline is None
        await seen.press("t", "n")
        await seen.until(lambda: len(trace._view.timeline.edges_ns) > 40)
        await seen.press("6", "n")
        assert trace._view.timeline is None


async def test_the_timeline_shows_at_once_and_follows_every_stop():
    async with dashboard(session=session_at("round-robin", S), keys=["t"]) as seen:
        await seen.until(lambda: len(seen.lines(TIMELINE)) > 1)
        names = [line.split()[0] for line in seen.lines(TIMELINE)[1:]]
        assert names == ["A", "B", "C", "D", "IRQ"]
        before = seen.lines(TIMELINE)
        await seen.go("n")
        assert seen.lines(TIMELINE) != before


async def test_the_brackets_change_the_window_from_anywhere():
    async with dashboard(session=session_at("round-robin", S), keys=["3"]) as seen:
        await seen.press("right_square_bracket")
        assert seen.current() == TIMELINE
        assert "the last 500 ms" in seen.screen()
        await seen.until(lambda: "-400 ms" in seen.lines(TIMELINE)[0])
        for _ in range(30):
            await seen.press("left_square_bracket")
        assert "the last 10 us" in seen.screen()
        await seen.until(lambda: "-8 us" in seen.lines(TIMELINE)[0])
        for _ in range(30):
            await seen.press("right_square_bracket")
        assert "the last 10 s" in seen.screen()
        await seen.until(lambda: "-8 s" in seen.lines(TIMELINE)[0])
        await seen.choose_in_palette("shorter")
        assert "the last 5 s" in seen.screen()


async def test_looking_at_the_timeline_changes_nothing():
    plain, looked = session_at("wake-tasks", 60 * MS), session_at("wake-tasks", 60 * MS)
    async with dashboard(session=looked, keys=["t", "right_square_bracket", "p", "z"]):
        pass
    plain.run_until(300 * MS)
    looked = session_at("wake-tasks", 60 * MS)
    for length_ns in LENGTHS_NS:
        looked.view(timeline=Window(length_ns, 70))
    looked.run_until(300 * MS)
    assert looked.recorder.recorded == plain.recorder.recorded
    assert looked.recorder.last(500) == plain.recorder.last(500)


async def test_zoomed_and_resized_the_strips_have_the_room_that_there_is():
    async with dashboard(session=session_at("round-robin", S), keys=["t"]) as seen:
        for width, height, keys in ((140, 40, ["z"]), (80, 24, []), (80, 24, ["z"]), (200, 50, [])):
            await seen.resize(width, height)
            await seen.press(*keys)
            room = seen.app.panels.numbered(TIMELINE).size.width - 1
            await seen.until(
                lambda room=room: seen.lines(TIMELINE)[0].find("│now") == room - PERCENT
            )
            assert len(seen.lines(TIMELINE)[1]) == room


async def test_at_80x24_both_are_tabs():
    async with dashboard(session=session_at("round-robin", S), size=(80, 24), keys=["p"]) as seen:
        assert seen.displayed() == [TASKS]
        assert "quanta of 10 ms" in seen.screen()
        assert "latency" in seen.screen()
        await seen.press("t")
        assert seen.displayed() == [TIMELINE]
        await seen.until(lambda: "│now" in seen.screen())


async def test_the_tasks_panel_zooms_to_the_sums():
    async with dashboard(session=session_at("round-robin", S), keys=["p"]) as seen:
        assert "elapsed" not in seen.screen()
        await seen.press("z")
        assert "elapsed" in seen.screen()
        assert "scheduler" in seen.screen()


async def test_a_reset_empties_both():
    async with dashboard(session=session_at("round-robin", S), keys=["p", "t"]) as seen:
        seen.app.action_reset()
        await seen.painted()
        assert seen.lines(TIMELINE) == ["Nothing has run yet."]
        assert any("new" in line for line in seen.lines(TASKS))
        assert seen.line(QUEUE, "empty")


# -- registers of a system call --------------------------------------------------------------------


@pytest.mark.parametrize(("board", "number"), [("rpi4", "x8"), ("x86", "rax")])
async def test_stepping_a_system_call_shows_number_argument_and_result(board, number):
    session = booted(board, "wake-tasks")
    names = session.machine.core.registers
    while session.core.pending is None or session.core.pending.kind not in {"svc", "int"}:
        session.step()
    async with dashboard(session=session) as seen:
        before = seen.line(CPU, f"{number} 0x")
        assert " 0x32 " in f"{before} ", "50 ms"
        depth = session.core.depth
        await seen.press("s")
        while session.core.depth > depth:
            await seen.press("s")
        names = session.core.registers
        result = names["x0" if board == "rpi4" else "rax"]
        assert f"{result:#x}" in seen.line(CPU, f"{number} 0x")
        assert seen.line(CPU, f"{number} 0x") != before


def test_a_negative_result_is_an_error_and_reads_as_such():
    (line,) = general_lines({"x8": 1, "x0": (1 << 64) - 22}, 38)
    assert line_text(line).split() == ["x8", "0x1", "x0", "-22"]


def test_registers_take_as_many_lines_as_they_need():
    lines = general_lines({f"x{n}": 0x1234_5678_9ABC for n in range(6)}, 38)
    texts = [line_text(line) for line in lines]
    assert len(texts) > 1
    assert all(len(text) <= 39 for text in texts)
    assert "".join(texts).split()[::2] == [f"x{n}" for n in range(6)]
