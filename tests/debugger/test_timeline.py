"""The timeline: bins that add up, who has a core, agreement with the kernel's own accounts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.debugger.timeline import BOUNDARIES_SHOWN, Window, occupancy
from kerneltui.scenarios.scenario import open_session

MS, S = 1_000_000, 1_000_000_000
TICK_NS = {"rpi3": 53, "rpi4": 19, "x86": 1}
"""Of the kernel's clock, rounded up."""
TWO_CORES = """
title: Two cores
program: tasks
sched: rr
cores: 2
tasks:
  - {name: A, repeat: forever, do: [compute: 25ms]}
  - {name: B, repeat: forever, do: [compute: 7ms, sleep: 20ms]}
  - {name: C, repeat: forever, do: [compute: 3ms, print: done, yield]}
"""


def session_of(board, scenario, until=None):
    session = open_session(board, scenario)
    session.boot()
    if until is not None:
        session.run_until(until)
    return session


def looked(session, length_ns, bins=1):
    return session.view(timeline=Window(length_ns, bins)).timeline


def totals(session, core=0):
    """ns of everybody that ever had a core."""
    (found,) = (
        item for item in looked(session, session.machine.now).cores if item.core == core
    )  # fmt: skip
    assert found.recorded_ns == session.machine.now
    return {row.name: sum(row.ns) for row in found.occupants}


# -- bins ------------------------------------------------------------------------------------------

boundaries = st.lists(
    st.tuples(st.integers(0, 2_000), st.integers(-3, 4)), min_size=1, max_size=40
).map(lambda found: sorted(found, key=lambda boundary: boundary[0]))


@given(boundaries, st.integers(1, 3_000), st.integers(1, 80), st.integers(0, 500))
def test_the_bins_of_all_occupants_add_up_to_each_bin(found, length, bins, later):
    end = found[-1][0] + later
    start = end - length
    edges = [start + length * n // bins for n in range(bins + 1)]
    shares = occupancy(found, edges)
    known_from = found[0][0]
    for n, (begin, until) in enumerate(pairwise(edges)):
        column = [row[n] for row in shares.values()]
        assert all(ns >= 0 for ns in column)
        assert sum(column) == max(until - max(begin, known_from), 0)


@given(boundaries, st.integers(1, 400), st.integers(0, 50))
def test_each_nanosecond_belongs_to_whoever_came_last(found, length, later):
    end = found[-1][0] + later
    shares = occupancy(found, range(end - length, end + 1))
    for n, moment in enumerate(range(end - length, end)):
        came = [who for since, who in found if since <= moment]
        assert [who for who, row in shares.items() if row[n]] == came[-1:]


def test_pokes_are_marked_at_their_moments_and_undone_by_going_back():
    session = session_of("rpi4", "wake-tasks", S)
    session.poke("GICC_PMR=0xff")
    session.run_until(S + 50 * MS)
    session.poke("uart0.irq=1")

    def marks():
        names = session.names
        return [
            (item.bin, names.as_text(item.event)) for item in looked(session, 100 * MS, 10).pokes
        ]

    last = "poke uart0.irq = 1, by you"
    assert marks() == [(5, "poke GICC_PMR = 0xff, by you"), (9, last)], "what is poked now is last"
    session.run_until(S + 101 * MS)
    assert marks() == [(4, last)]
    session.go_to_time(S + 20 * MS)
    assert [column for column, _ in marks()] == [8]
    session.go_to_time(S - 1 * MS)
    assert marks() == []
    session.go_to_end()
    assert marks() == [(4, last)]
    session.go_to_time(S + 20 * MS)
    session.poke("uart0.irq=1")  # another story
    session.run_until(S + 60 * MS)
    assert [column for column, _ in marks()] == [4, 6]


def test_a_view_without_a_wish_has_no_timeline():
    assert session_of("rpi4", "wake-tasks").view().timeline is None


# -- who has a core --------------------------------------------------------------------------------


def test_before_the_first_instruction_nobody_had_a_core():
    assert not looked(open_session("rpi4", "wake-tasks"), S).cores


def test_a_handler_is_an_interrupts_until_it_has_returned():
    session = session_of("rpi4", "timer-callbacks")
    session.next_interrupt()
    taken = session.machine.now
    session.finish()
    handled = session.machine.now - taken
    core = looked(session, session.machine.now, 1).cores[0]
    (irq,) = (sum(row.ns) for row in core.occupants if row.kind == "IRQ")
    assert 0 <= irq - handled < 1000, "it began with the exception's entry"


def test_a_core_that_sleeps_is_idle_and_wakes_as_the_kernels():
    session = session_of("rpi4", "timer-callbacks", S)
    before = totals(session)
    session.run_until(S + 5 * MS)
    after = totals(session)
    assert after["idle"] - before["idle"] == 5 * MS
    assert after["kernel"] == before["kernel"]


def test_a_system_call_is_its_tasks_doing():
    session = session_of("rpi4", "wake-tasks")
    while session.core.depth == 0 or session.machine.core.registers.get("x8") is None:
        session.step()
    assert session.view(frozenset({"tasks"})).tasks[1].state == "running"
    before = totals(session)
    while session.core.depth:
        session.step()
    after = totals(session)
    assert {name for name in after if after[name] != before.get(name)} == {"A"}


def test_another_core_is_off_until_the_kernel_starts_it(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(TWO_CORES)
    session = session_of("rpi4", str(path), 300 * MS)
    cores = looked(session, session.machine.now).cores
    off = [
        sum(sum(row.ns) for row in core.occupants if row.kind == "off") for core in cores
    ]  # fmt: skip
    assert off[0] == 0
    assert 0 < off[1] < 20 * MS
    assert [row.kind for row in looked(session, 100 * MS).cores[1].occupants][-1] != "off"


@pytest.mark.parametrize(
    ("board", "scenario"),
    [("rpi3", "timer-callbacks"), ("rpi4", "ipi"), ("x86", "nested"), ("rpi4", "burst"),
     ("x86", "ipi")],
)  # fmt: skip
def test_every_nanosecond_of_any_program_belongs_to_somebody(board, scenario):
    session = session_of(board, scenario, 1100 * MS)
    view = looked(session, 300 * MS, 61)
    assert view.cores[0].recorded_ns == 300 * MS, "the boot core has run all the time"
    for core in view.cores:
        assert core.recorded_ns <= 300 * MS
        columns = [sum(column) for column in zip(*(row.ns for row in core.occupants), strict=True)]
        widths = [end - begin for begin, end in pairwise(view.edges_ns)]
        if core.recorded_ns == 300 * MS:
            assert columns == widths


# -- bounds, going back, restarting ----------------------------------------------------------------


def test_what_is_shown_is_bounded_and_it_is_the_present():
    session = session_of("rpi4", "burst")
    lane = session.recorder.timeline._lanes[0]
    since = None
    while since in {None, 0}:
        session.run_until(session.machine.now + 100 * MS)
        boundaries = lane.boundaries(0)
        since = boundaries[0][0]
        assert len(boundaries) <= BOUNDARIES_SHOWN
        assert boundaries[-1] == (lane.since, lane.occupant)
    core = looked(session, session.machine.now).cores[0]
    assert core.recorded_ns == session.machine.now - since


@pytest.mark.parametrize(
    ("board", "scenario"),
    [("rpi3", "wake-tasks"), ("rpi4", "ipi"), ("x86", "timer-callbacks"), ("rpi3", "ipi")],
)
def test_gone_back_one_sees_the_timeline_that_there_was(board, scenario):
    session = session_of(board, scenario, 120 * MS)
    moment, before = session.here, looked(session, 200 * MS, 50)
    session.run_until(1500 * MS)
    once = looked(session, 1500 * MS, 1000)
    session.go_to(moment)
    assert looked(session, 200 * MS, 50) == before
    session.run_until(1500 * MS)
    assert looked(session, 1500 * MS, 1000) == once


def test_after_a_restart_nothing_is_left():
    session = session_of("rpi4", "wake-tasks", 300 * MS)
    session.restart()
    assert not looked(session, S).cores
    session.boot()
    assert "A" not in totals(session)


def test_what_nobody_recorded_is_nobodys():
    session = session_of("rpi4", "wake-tasks", 100 * MS)
    session.recorder.trace(False)
    session.run_until(120 * MS)
    session.recorder.trace(True)
    session.run_until(130 * MS)
    assert looked(session, 100 * MS).cores[0].recorded_ns == 10 * MS


# -- agreement with the kernel's accounts ----------------------------------------------------------


@pytest.mark.parametrize(
    ("board", "scenario"),
    [("rpi3", "wake-tasks"), ("rpi4", "round-robin"), ("x86", "starvation"), ("x86", "wake-tasks")],
)
def test_the_timeline_and_the_kernels_accounts_agree(board, scenario):
    """Their boundaries differ by definition, and by what follows from that alone.

    The kernel reads its clock a few instructions into a handler and again before its end; the
    timeline counts entry and return as the interrupt's too.  And it counts as a task's what the
    accounts call the scheduler's, between the switch to the task and the switch to another.
    """
    session = session_of(board, scenario, S)
    while session.core.depth or session.kernel.executor.scheduler.accounting.mode == "irq":
        session.step()
    view, shown = session.view(), totals(session)
    (core,) = view.scheduling.cores
    slack = TICK_NS[board] * (2 * core.interrupts + 2 * sum(t.switches for t in view.tasks) + 8)
    around_handlers = shown.get("IRQ", 0) - core.irq_ns
    boot_handlers = session.machine.core.interrupts_taken - core.interrupts
    assert -slack <= around_handlers
    assert around_handlers <= 2000 * core.interrupts + 100_000 * boot_handlers + slack
    for task in view.tasks:
        if task.id > 0:
            booked = task.user_ns + task.kernel_ns
            booked += core.unbooked_ns if core.running == task.id else 0
            difference = shown.get(task.name, 0) - booked
            assert -around_handlers - slack <= difference <= core.scheduler_ns + slack
    idle = core.idle_ns + (core.unbooked_ns if core.running <= 0 else 0)
    assert abs(shown["idle"] - idle) <= core.scheduler_ns + around_handlers + slack
    assert core.scheduler_ns + around_handlers < S // 100, "or the bounds would say nothing"
