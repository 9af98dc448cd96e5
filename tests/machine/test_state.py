"""Saved state: nothing is left out, and a machine goes on from it as it did."""

import itertools
from collections import deque
from functools import partial

import pytest
from canonical import first_difference, held, objects, tokens

from kerneltui.debugger.onlooker import Indifferent
from kerneltui.machine.machine import Machine
from kerneltui.machine.state import State, _shape_of
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import open_session

S, MS = 1_000_000_000, 1_000_000
SCENARIOS = ("timer-callbacks", "round-robin", "two-cores", "overload", "ipi")
MACHINES = [(board, name) for name in SCENARIOS for board in load_scenario(name).boards]


class Log(Indifferent):
    """Everything that a machine tells."""

    def __init__(self, machine):
        self.machine = machine
        self.seen = []
        machine.observe(self)

    def instruction(self, core, kind, target, value):
        self.seen.append((core.retired, self.machine.now, core.index, kind, target, value))

    def exception(self, core, kind, vector):
        self.seen.append((core.retired, self.machine.now, core.index, kind, vector))

    def tracepoint(self, core, name, facts):
        self.seen.append((core.index, name, *facts.values()))

    def line(self, line):
        self.seen.append((line.name, line.level))

    def pending(self, controller, number, cpu, again):
        self.seen.append((controller.name, number, cpu, again))

    def activity(self, core):
        self.seen.append((core.index, core.state))

    def unmodelled(self, text):
        self.seen.append(text)

    def split(self, text):
        self.seen.append(text)

    def remark(self, device, kind, number, text):
        self.seen.append((device, kind, number, text))

    def reset_begins(self, owner, cpu):
        self.seen.append(("reset", owner, cpu))


def powered_on(board, scenario):
    """A machine that has come to its first rest, and saved its state there."""
    setup = open_session(board, scenario).setup
    machine = Machine(setup.board, setup.kernel)
    machine.terminal.play([(item.at_ns, item.data) for item in setup.inputs])
    machine.run(rest_after=0)
    machine.save()
    return machine


def to_rest(machine, until):
    machine.run(until=until)
    machine.run(rest_after=0)
    assert machine.at_rest


@pytest.mark.parametrize(("board", "scenario"), [*MACHINES, ("rpi4", "burst")])
def test_every_attribute_of_every_object_is_found(board, scenario):
    machine = powered_on(board, scenario)
    to_rest(machine, 40 * MS)
    for thing in objects(machine):
        found, there = _attributes(thing), held(thing)
        if there:
            assert found.keys() >= there.keys(), type(thing)
            constants = found.keys() - there.keys()
            assert all(found[name] is getattr(type(thing), name) for name in constants)


@pytest.mark.parametrize(("board", "scenario"), MACHINES)
def test_loaded_state_is_what_was_saved_and_goes_on_alike(board, scenario):
    machine = powered_on(board, scenario)
    to_rest(machine, machine.now + 130 * MS)
    saved, before = machine.save(), list(tokens(machine))
    until = machine.now + 120 * MS
    log = Log(machine)
    runs = []
    for _ in range(2):
        machine.run(until=until)
        runs.append((log.seen, machine.position))
        log.seen = []
        machine.load(saved)
        assert first_difference(before, list(tokens(machine))) == ""
    assert runs[0] == runs[1]
    assert len(runs[0][0]) > 10


@pytest.mark.parametrize(("board", "scenario"), [("rpi4", "timer-callbacks"), ("x86", "two-cores")])
def test_what_two_objects_share_they_share_afterwards(board, scenario):
    machine = powered_on(board, scenario)
    saved = machine.save()
    to_rest(machine, machine.now + 50 * MS)
    later = machine.save()
    for state in (saved, later):
        machine.load(state)
        assert_shared(machine.program)


def assert_shared(program):
    manager = program.time_manager
    pending = manager.pending
    assert manager._alive is pending.alive


class Thing:
    def __init__(self):
        self.numbers = itertools.count(5)
        self.plain, self.table = [1, [2]], {"a": 1, "b": [2]}
        self.recent = deque((1, 2), maxlen=3)
        self.shared = self.also = [7]
        self.cell = {"shared": self.shared}
        self.self_made = None
        self.call = None


def test_what_changes_without_showing_how_is_saved():
    thing = Thing()
    state = State(thing)
    assert next(thing.numbers) == 5
    saved = state.save()
    assert [next(thing.numbers), next(thing.numbers)] == [6, 7]
    for _ in range(2):
        state.load(saved)
        assert next(thing.numbers) == 6


def test_containers_are_saved_however_deep_the_change():
    thing = Thing()
    state = State(thing)
    first = state.save()
    thing.plain[1].append(3)
    thing.table["b"].append(4)
    thing.recent.extend((3, 4))
    thing.shared.append(8)
    thing.self_made = {"again": thing.shared, "thing": thing}
    saved, before = state.save(), list(tokens(thing))
    state.load(first)
    assert (thing.plain, thing.table, thing.recent) == ([1, [2]], {"a": 1, "b": [2]}, deque((1, 2)))
    assert (thing.shared, thing.self_made) == ([7], None)
    assert thing.shared is thing.also is thing.cell["shared"]
    thing.plain[1].append("and what is there now can change")
    state.load(saved)
    assert list(tokens(thing)) == before
    assert thing.shared is thing.also is thing.cell["shared"] is thing.self_made["again"]
    assert thing.self_made["thing"] is thing
    state.load(first)
    assert thing.plain == [1, [2]]


def test_what_a_partial_shares_with_an_object_they_share_afterwards():
    thing = Thing()
    thing.call = partial(len, thing.shared)
    state = State(thing)
    thing.shared.append(8)
    saved = state.save()
    thing.shared.append(9)
    state.load(saved)
    assert thing.call() == len(thing.shared) == 2


def test_the_order_of_a_table_is_state_too():
    thing = Thing()
    state = State(thing)
    first = state.save()
    thing.table["a"] = thing.table.pop("a")
    assert list(thing.table) == ["b", "a"]
    saved = state.save()
    state.load(first)
    assert list(thing.table) == ["a", "b"]
    state.load(saved)
    assert list(thing.table) == ["b", "a"]


def _attributes(thing):
    shape, values = _shape_of(thing)
    return dict(zip(shape.names, values, strict=True))
