"""The program ``ipi``: calls between cores, to be watched."""

import re

import pytest

from kerneltui.machine.core import StopReason
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session

S = 1_000_000_000
ENTRIES, RETURNS = {"irq", "intr"}, {"eret", "iret"}
CORES = {"x86": 2, "rpi4": 4, "rpi3": 4}
every_board = pytest.mark.parametrize("board", CORES)
ANSWER = re.compile(r"\[ +(\d+\.\d{6})\] core (\d) answered call (\d+) after (\d+\.\d) us")


def answers(session):
    """(second, core, call, latency in us) of each line."""
    found = (ANSWER.search(line) for line in session.recorder.console.lines())
    return [(float(m[1]), int(m[2]), int(m[3]), float(m[4])) for m in found if m]


def traced(board):
    events = []
    session = open_session(board, "ipi")
    session.sink = session.recorder.sink = events.append
    session.recorder.trace(True)
    session.boot()
    return session, events


@every_board
def test_each_other_core_answers_in_turn_twice_a_second(board):
    session = open_session(board, "ipi")
    session.boot()
    begun = session.machine.now
    session.run_until(begun + 4 * S + S // 10)
    told = answers(session)
    others = CORES[board] - 1
    assert [call for _, _, call, _ in told] == list(range(1, 9))
    assert [core for _, core, _, _ in told] == [1 + n % others for n in range(8)]
    for second, _, call, latency in told:
        assert 0 <= second - begun / S - call / 2 < 0.001
        assert 0.1 < latency < 5
    assert session.kernel.answered == {
        core: sum(item[1] == core for item in told) for core in range(1, CORES[board])
    }
    assert session.kernel.last[0] == told[-1][1]


@every_board
def test_the_next_timer_event_steps_from_call_to_call(board):
    session = open_session(board, "ipi")
    session.boot()
    for number in range(1, 6):
        assert session.next_timer_event() is StopReason.TRACEPOINT
        assert session.focus == 0
        assert session.kernel.asked == number
        assert len(answers(session)) == number - 1


@every_board
def test_the_next_interrupt_goes_to_the_other_core_and_back(board):
    session = open_session(board, "ipi")
    session.boot()
    seen = []
    for _ in range(3):
        assert session.next_interrupt() is StopReason.INTERRUPT
        seen.append((session.focus, session.kernel.asked))
    assert seen == [(0, 0), (1, 1), (0, 1)]
    assert answers(session) == []


@every_board
def test_the_answers_call_waits_until_core_0_has_left_the_timers_handler(board):
    session, events = traced(board)
    del events[:]
    session.run_until(session.machine.now + S * 6 // 10)
    kinds = [(core, kind) for _, _, core, kind, *_ in events if kind in ENTRIES | RETURNS]
    start = next(n for n, (core, _) in enumerate(kinds) if core == 1)
    assert [kind for core, kind in kinds[:start] if core == 0][-1] in ENTRIES
    after = [kind for core, kind in kinds[start:] if core == 0]
    assert after[0] in RETURNS
    assert after[1] in ENTRIES
    assert after[2] in RETURNS
    assert len(after) == 3


@every_board
def test_typed_characters_are_echoed_meanwhile(board):
    session = open_session(board, "ipi")
    session.boot()
    session.type(b"hello\n")
    session.run_until(session.machine.now + 2 * S + S // 10)
    assert "hello" in session.recorder.console.lines()
    assert len(answers(session)) == 4


@every_board
def test_two_runs_give_the_same_trace(board):
    traces = []
    for _ in range(2):
        session, events = traced(board)
        session.run_until(2 * S)
        traces.append(events)
    assert traces[0] == traces[1]
    assert {event[2] for event in traces[0]} == set(range(CORES[board]))


@pytest.mark.usefixtures("with_past")
@every_board
def test_going_back_and_on_again_gives_the_same_trace_and_text(board):
    session, told = traced(board)
    session.run_until(session.machine.now + S * 7 // 10)
    moment, kept = session.here, session.recorder.recorded
    runs = []
    for _ in range(2):
        session.run_until(3 * S)
        events = session.recorder.last(session.recorder.recorded - kept)
        runs.append((events, session.recorder.console.lines()))
        session.go_to(moment)
    assert runs[0] == runs[1]
    assert len(runs[0][0]) > 200
    assert told[kept:] == runs[0][0], "and the sink is told once"


def test_without_other_cores_it_says_so():
    session = open_session("x86", "ipi", Changes(append="smp=off"))
    session.boot()
    session.run_until(2 * S)
    assert any(
        "There is no other core to call" in line for line in session.recorder.console.lines()
    )
    assert answers(session) == []
    assert session.machine.halt_reason == ""
