"""Wires: a level, its edges, and what joins several into one."""

import pickle
from functools import partial
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kerneltui.hw.line import Line, OrGate

levels = st.lists(st.booleans())


@given(levels)
def test_every_edge_reaches_sink_and_watcher_once_and_in_order(driven):
    line, at_sink, watched = Line("l"), [], []
    line.connect(at_sink.append)
    line.watcher = lambda wire: watched.append(wire.level)
    changes, last = [], False
    for level in driven:
        line.set(level)
        if level != last:
            changes.append(level)
        last = level
        assert line.level == level
    assert at_sink == watched == changes


@given(levels, levels)
def test_a_sink_connected_late_is_as_if_it_had_seen_the_present_level(before, after):
    line, early, late = Line("l"), [], []
    line.connect(early.append)
    for level in before:
        line.set(level)
    line.connect(late.append)
    for level in after:
        line.set(level)
    assert (late[-1] if late else False) == line.level
    assert late == early[len(early) - len(late) :]
    assert all(one != other for one, other in pairwise(late))


def test_sinks_are_called_in_the_order_of_connection():
    line, order = Line("l"), []
    for name in "abc":
        line.connect(partial(lambda n, level: order.append(n), name))
    line.set(True)
    assert order == ["a", "b", "c"]


def test_a_sink_that_drives_the_line_back_leaves_it_low():
    line, seen = Line("l"), []

    def acknowledge(level):
        seen.append(level)
        if level:
            line.set(False)

    line.connect(acknowledge)
    line.set(True)
    assert seen == [True, False]
    assert not line.level


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans())))
def test_an_or_gate_is_high_while_any_input_is(driven):
    edges = []
    gate = OrGate(edges.append)
    inputs = [gate.input() for _ in range(3)]
    state, expected = [False] * 3, []
    for which, level in driven:
        before = any(state)
        state[which] = level
        inputs[which](level)
        if any(state) != before:
            expected.append(any(state))
    assert edges == expected


def test_lines_through_a_gate_survive_pickling():
    first, second, joined = Line("a"), Line("b"), Line("joined")
    gate = OrGate(joined.set)
    for line in (first, second):
        line.connect(gate.input())
    first.set(True)
    first, second, joined = pickle.loads(pickle.dumps((first, second, joined)))
    assert joined.level
    second.set(True)
    first.set(False)
    assert joined.level
    second.set(False)
    assert not joined.level
