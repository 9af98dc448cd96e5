"""Stories of random pokes and typing, with goings back: undone by going back, and done again."""

from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from moments import console_and_events, differences, picture

from kerneltui.debugger.by_hand import setting
from kerneltui.debugger.lookup import registers
from kerneltui.debugger.references import FieldReference, LineReference, RegisterReference
from kerneltui.debugger.way import lines
from kerneltui.errors import UserError
from kerneltui.export.trace_hash import hash_trace
from kerneltui.scenarios.scenario import open_session

MS, US = 1_000_000, 1_000
BOARDS = {"rpi3": "timer-callbacks", "rpi4": "round-robin", "x86": "timer-callbacks"}
START = 500 * MS
LONGEST = 100 * US
"""Of one run: a line that nobody lowers can keep a core busy all the time."""
ALL = 1 << 64


@cache
def things(board):
    """All that can be pointed at, and what of it is a wire; with the width of each."""
    session = open_session(board, BOARDS[board])
    wires = [(LineReference(line.name), 1) for _, _, _, line in lines(session.machine)]
    found = []
    for owner, _, _, slot, block in registers(session.machine):
        register = RegisterReference(owner, block, slot.name)
        found.append((register, slot.register.width))
        found += ((FieldReference(register, it.name), it.width) for it in slot.register.fields)
    session.close()
    return found, wires


def acts(board):
    found, wires = things(board)
    values = st.integers(0, ALL - 1) | st.sampled_from([0, ALL - 1])
    return st.lists(
        st.tuples(st.just("poke"), st.sampled_from(found), values)
        | st.tuples(st.just("poke"), st.sampled_from(wires), values)
        | st.tuples(st.just("type"), st.binary(min_size=1, max_size=3))
        | st.tuples(st.just("run"), st.integers(1, LONGEST))
        | st.tuples(st.just("back"), st.integers(0, 100)),
        min_size=1, max_size=8,
    )  # fmt: skip


def told(session, story):
    """Do it all, each thing where the last has led to."""
    for what, *more in story:
        now = session.machine.now
        if what == "poke":
            (reference, width), value = more
            try:
                target = setting(session, reference).target
                session.poke(f"{target}={value % (1 << width):#x}")
            except (ValueError, UserError):
                continue  # read-only, or the core could not store it either
        elif what == "type":
            session.type(more[0])
        elif what == "run":
            session.run_until(now + more[0])
        else:
            # What is given at a moment belongs to it: the moment before all is left alone.
            first = START + 1
            session.go_to_time(first + (now - first) * more[0] // 100)


def seen(session):
    return picture(session), console_and_events(session)


def opened(board):
    session = open_session(board, BOARDS[board])
    session.boot()
    session.run_until(START)
    return session


@pytest.mark.parametrize("board", BOARDS)
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.generate],  # a story takes a second: to shrink one would take minutes
)
@given(data=st.data())
def test_a_story_is_undone_and_done_again(board, data):
    story = data.draw(acts(board))
    session = opened(board)
    before = seen(session)
    session.run_until(START + LONGEST)
    plain = seen(session)
    session.go_to_time(START)
    session.run_until(START + 1)
    told(session, story)
    session.go_to_end()
    end, until = seen(session), session.here
    inputs = list(session.typed)

    # Going back undoes it: without what was to come, the same comes as before.
    session.go_to_time(START)
    assert differences(seen(session), before)[:3] == []
    session.go_to_end()
    assert session.here == until
    assert differences(seen(session), end)[:3] == []
    session.go_to_time(START)
    session.history.forget_rest()
    session.run_until(START + LONGEST)
    assert differences(seen(session), plain)[:3] == []
    session.close()

    # The same inputs make the same story, from reset.
    hashes = set()
    for _ in range(2):
        other = open_session(board, BOARDS[board])
        other.history.inputs.extend(inputs)
        hashes.add(hash_trace(other, until.now_ns))
        other.go_to_end()
        assert other.recorder.console.data == end[1][0]
        assert other.recorder.last(1_000) == end[1][1]
        other.close()
    assert len(hashes) == 1
