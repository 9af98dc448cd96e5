"""Latencies of interrupts and lateness of timeouts: figures that follow from the scenario."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.debugger.histogram import MOST_EXACT, Histogram
from kerneltui.debugger.lateness import why_late
from kerneltui.debugger.watch import CALLBACK_DONE, NEXT_TIMER_EVENT
from kerneltui.kernel.workload import TimeoutRequest, Workload
from kerneltui.machine.board import load_board
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session, open_session

US, MS, S = 1_000, 1_000_000, 1_000_000_000


def session_with(board, *timeouts):
    scenario = msgspec.structs.replace(
        load_scenario("timer-callbacks"), workload=Workload(timeouts, frozenset())
    )
    session = make_session(load_board(board), scenario)
    session.boot()
    return session


def latency(session, number, core=0, controller=None):
    (found,) = [
        item
        for item in session.view(frozenset({"latencies"})).latencies
        if (item.number, item.core) == (number, core) and controller in {None, item.controller}
    ]
    return found


TIMER = {"rpi3": 1, "rpi4": 30, "x86": 0xEC}


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_the_latency_is_the_time_between_the_edge_and_the_handlers_begin(board):
    session = session_with(board, TimeoutRequest("tick", every_ns=MS))
    session.run_until(session.machine.now + 20 * MS)
    events = session.recorder.last(1_000)
    begun = [event for event in events if event[6].startswith("irq_handler_entry")]
    calls = [event for event in events if event[6].startswith("timer_callback name")]
    taken = [event for event in events if event[3] in {"irq", "intr"}]
    found = latency(session, TIMER[board])
    assert found.count == len(begun) == len(calls) >= 19
    assert found.latency.count == found.count
    assert found.rate_hz == pytest.approx(1_000, rel=1e-3)
    # The core sleeps: its wait ends, the exception is taken, then the controller is asked.
    assert min(b[1] - t[1] for b, t in zip(begun, taken, strict=True)) <= found.latency.min_ns
    assert {c[1] - b[1] for b, c in zip(begun, calls, strict=True)} == {
        found.to_callback.min_ns, found.to_callback.max_ns
    }  # fmt: skip
    due = [int(event[6].rpartition("due=")[2]) for event in calls]
    late = sorted(event[1] - at for event, at in zip(calls, due, strict=True))
    (timeout,) = session.view(frozenset({"latenesses"})).latenesses
    assert (timeout.lateness.min_ns, timeout.lateness.max_ns) == (late[0], late[-1])
    assert timeout.lateness.median_ns == late[(len(late) + 1) // 2 - 1]
    assert (found.missed, found.spurious) == (0, 0)


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_a_handler_that_computes_keeps_the_timer_waiting_and_is_named(board):
    first = TimeoutRequest("long", once_ns=MS, busy_ns=60 * US)
    session = session_with(board, first, TimeoutRequest("short", once_ns=MS + 20 * US))
    session.advance(CALLBACK_DONE)
    session.advance(CALLBACK_DONE)
    late = {item.name: item.lateness for item in session.view(frozenset({"latenesses"})).latenesses}
    # It was due 20 us into the 60 us, less or more the time that lies between the two settings.
    assert late["short"].max_ns == pytest.approx(40 * US, abs=4 * US)
    assert late["long"].max_ns < US
    said = why_late(session.recorder, session.names, 0)
    assert said.startswith(("38", "39", "40", "41", "42", "37", "36"))
    label = {"rpi3": "irq 1", "rpi4": "irq 30", "x86": "vec 0xec"}[board]
    assert said.endswith(f" us late: {label}'s handler was running")


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_overload_makes_each_callback_later_than_the_one_before(board):
    session = session_with(board, TimeoutRequest("work", every_ns=MS, busy_ns=5 * MS // 4))
    for _ in range(4):
        session.advance(CALLBACK_DONE)
    (item,) = session.view(frozenset({"latenesses"})).latenesses
    # One period falls due each ms and takes 1.25: a quarter of a ms more each time.
    assert item.lateness.count == 4
    assert item.lateness.min_ns < 5 * US
    assert item.lateness.median_ns == pytest.approx(MS // 4, abs=10 * US)
    assert item.lateness.max_ns == pytest.approx(3 * MS // 4, abs=20 * US)
    said = why_late(session.recorder, session.names, 0)
    label = {"rpi3": "irq 1", "rpi4": "irq 30", "x86": "vec 0xec"}[board]
    assert said.endswith(f" us late: {label}'s handler was running")


@pytest.mark.parametrize(("board", "number"), [("rpi3", 4), ("rpi4", 1), ("x86", 0xFD)])
def test_a_call_to_another_core_counts_from_the_senders_store(board, number):
    session = open_session(board, "ipi")
    session.boot()
    session.run_until(2 * S)
    events = session.recorder.last(20_000)
    found = latency(session, number, core=1)
    begun = [e for e in events if e[2] == 1 and f"irq_handler_entry irq={number}" in e[6]]
    assert found.count == len(begun) == found.latency.count > 0
    # The last store before that to the register that sends.
    register = {"rpi3": "MAILBOX", "rpi4": "GICD_SGIR", "x86": "ICR_LOW"}[board]
    for entry in begun[-1:]:
        before = [
            e for e in events
            if e[3] in {"str", "store"} and e[1] < entry[1]
            and e[2] == 0 and register in session.names.name(e[3], e[4])
        ]  # fmt: skip
        assert entry[1] - before[-1][1] in range(found.latency.min_ns, found.latency.max_ns + 1)


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_the_same_moment_has_the_same_figures_whatever_the_way(board):
    session = open_session(board, "shell" if board != "rpi3" else "overload")
    session.boot()
    session.run_until(2 * S)
    there = session.view()
    here = session.here
    for _ in range(3):
        for _ in session.back(NEXT_TIMER_EVENT):
            pass
    session.go_to_time(S)
    session.go_to(here)
    again = session.view()
    assert (again.latencies, again.latenesses) == (there.latencies, there.latenesses)
    assert again.lateness == there.lateness
    session.go_to_reset()
    assert session.view(frozenset({"latencies"})).latencies == ()
    session.go_to(here)
    assert session.view(frozenset({"latencies"})).latencies == there.latencies


def test_without_tracing_nothing_is_recorded():
    session = session_with("rpi4", TimeoutRequest("tick", every_ns=MS))
    session.recorder.trace(on=False)
    before = session.view(frozenset({"latencies"})).latencies
    session.run_until(session.machine.now + 10 * MS)
    assert session.view(frozenset({"latencies"})).latencies == before


numbers = st.integers(-(1 << 40), 1 << 62)


@given(st.lists(numbers, min_size=1, max_size=600), st.integers(1, 100))
def test_ranks_are_exact_or_a_little_nearer_to_zero(values, percent):
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    ranked = sorted(values)
    wanted = ranked[-(-len(values) * percent // 100) - 1]
    found = histogram.rank(percent)
    assert (histogram.least, histogram.most) == (ranked[0], ranked[-1])
    assert histogram.is_exact == (len(set(values)) <= MOST_EXACT)
    if histogram.is_exact:
        assert found == wanted
    else:
        assert abs(found - wanted) * 32 <= abs(wanted)


@given(st.lists(numbers, max_size=300), st.lists(numbers, max_size=300))
def test_what_is_saved_goes_on_alike(first, then):
    whole, part = Histogram(), Histogram()
    for value in first:
        whole.add(value)
        part.add(value)
    loaded = Histogram(part.save())
    for value in then:
        whole.add(value)
        loaded.add(value)
    assert whole.save() == loaded.save()
    assert part.count == len(first)
