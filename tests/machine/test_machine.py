"""A whole board with a kernel: what ends a run, that slices do not matter, saved state."""

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.debugger.onlooker import Indifferent
from kerneltui.kernel.programs import program
from kerneltui.kernel.workload import TimeoutRequest, Workload
from kerneltui.machine.board import load_board
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.machine.machine import Machine

MS = 1_000_000
BOARDS = ("rpi3", "rpi4")
WORK = Workload(
    (
        TimeoutRequest("often", every_ns=700_000, busy_ns=100_000),
        TimeoutRequest("prints", every_ns=2 * MS, text="tick"),
        TimeoutRequest(
            "nests", once_ns=MS, then=(TimeoutRequest("inner", once_ns=300_000, text="in"),)
        ),
    )
)
board = functools.cache(load_board)


class Log(Indifferent):
    """Every event, as a list."""

    def __init__(self, machine):
        self.machine = machine
        self.events = []

    def _add(self, *event):
        machine = self.machine
        self.events.append((machine.core.retired, machine.now, *event))

    def instruction(self, core, kind, target, value):
        self._add(kind, target, value)

    def exception(self, core, kind, vector):
        self._add(kind, vector, core.return_address)

    def tracepoint(self, core, name, facts):
        self._add(name, *facts.values())

    def line(self, line):
        self._add(line.name, line.level)

    def pending(self, controller, number, cpu, again):
        self._add(controller.name, number, cpu, again)

    def remark(self, device, kind, number, text):
        self._add(device, kind, number, text)

    def unmodelled(self, text):
        self._add(text)

    def split(self, text):
        self._add(text)

    def reset_begins(self, owner, cpu):
        self._add("reset", owner, cpu)


def machine_with(name, workload=WORK, typed=()):
    cls = program("timer-callbacks")
    machine = Machine(board(name), lambda cpu: cls(cpu, name, workload))
    machine.terminal.play(list(typed))
    log = Log(machine)
    machine.observe(log)
    return machine, log.events


TYPED = ((9 * MS, b"ab"), (11 * MS, b"cd\n"))
END = 16 * MS


@functools.cache
def whole(name):
    machine, events = machine_with(name, typed=TYPED)
    machine.run(until=END)
    return events, machine.now


@pytest.mark.parametrize("name", BOARDS)
@settings(max_examples=15)
@given(
    slices=st.lists(
        st.one_of(
            st.tuples(st.just("instructions"), st.integers(0, 700)),
            st.tuples(st.just("ns"), st.integers(1, 2 * MS)),
            st.sampled_from([("interrupt", True), ("idle", True), ("below_depth", 1)]),
            st.tuples(st.just("tracepoint"), st.just("timer_callback_done")),
        ),
        max_size=60,
    )
)
def test_a_run_in_arbitrary_slices_is_the_same_run(name, slices):
    machine, events = machine_with(name, typed=TYPED)
    for kind, amount in slices:
        if kind == "ns":
            machine.run(until=min(machine.now + amount, END))
        else:
            machine.run(until=END, **{kind: amount})
    machine.run(until=END)
    assert events == whole(name)[0]
    assert machine.now == whole(name)[1]


@pytest.mark.parametrize("name", BOARDS)
def test_a_run_in_single_steps_is_the_same_run(name):
    machine, events = machine_with(name, typed=TYPED)
    while machine.now < END:
        machine.run(instructions=1, until=END)
    assert events == whole(name)[0]


@pytest.mark.parametrize("name", BOARDS)
class TestRunUntil:
    def test_instructions(self, name):
        machine, _ = machine_with(name)
        for count in (1, 1, 17, 1000):
            before = machine.core.retired
            assert machine.run(instructions=count) is StopReason.BUDGET
            assert machine.core.retired == before + count

    def test_time(self, name):
        machine, _ = machine_with(name)
        assert machine.run(until=5 * MS) is StopReason.TIME
        assert 5 * MS <= machine.now < 5 * MS + 4000
        assert machine.run(until=5 * MS) is StopReason.TIME
        assert machine.run(until=0) is StopReason.TIME

    def test_idle(self, name):
        machine, events = machine_with(name)
        assert machine.run(idle=True) is StopReason.IDLE
        assert machine.core.state is CoreState.WAITING
        assert machine.at_rest
        assert events[-1][2] == "wfi"

    def test_interrupt(self, name):
        machine, events = machine_with(name)
        machine.run(idle=True)
        for taken in range(1, 6):
            before = machine.core.interrupts_taken
            assert machine.run(interrupt=True) is StopReason.INTERRUPT
            assert machine.core.interrupts_taken == before + 1
            assert machine.core.depth == 1
            assert events[-1][2] == "irq", f"nothing of handler {taken} has run"

    def test_tracepoint(self, name):
        machine, events = machine_with(name)
        for _ in range(5):
            assert machine.run(tracepoint="timer_callback") is StopReason.TRACEPOINT
            assert events[-1][2] == "timer_callback"

    def test_below_depth(self, name):
        machine, _ = machine_with(name)
        machine.run(interrupt=True)
        assert machine.run(below_depth=machine.core.depth) is StopReason.HANDLER_DONE
        assert machine.core.depth == 0

    def test_the_first_of_several_conditions_wins(self, name):
        machine, _ = machine_with(name)
        machine.run(idle=True)
        reason = machine.run(until=machine.now + 1, interrupt=True, tracepoint="timer_callback")
        assert reason is StopReason.TIME


def test_nothing_due_says_so_instead_of_running_for_ever():
    machine, _ = machine_with("rpi4", Workload())
    assert machine.run(idle=True) is StopReason.IDLE
    assert machine.run(tracepoint="timer_callback") is StopReason.NOTHING_DUE
    assert machine.run(interrupt=True) is StopReason.NOTHING_DUE


def test_typed_input_still_wakes_a_core_for_which_nothing_is_due():
    machine, _ = machine_with("rpi4", Workload())
    machine.run()
    machine.terminal.type(b"x")
    assert machine.run(interrupt=True) is StopReason.INTERRUPT


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("at", [9 * MS, 10_333_333, 12 * MS])
def test_a_machine_goes_on_exactly_alike_from_what_it_has_saved(name, at):
    machine, events = machine_with(name, typed=TYPED)
    machine.run(until=at)
    machine.run(idle=True)
    saved = machine.save()
    done = len(events)
    machine.run(until=END + at)
    now = machine.now
    first = events[done:]
    assert len(first) > 1000
    for _ in range(2):
        machine.load(saved)
        del events[done:]
        machine.run(until=END + at)
        assert events[done:] == first
        assert machine.now == now


@pytest.mark.parametrize("name", BOARDS)
def test_another_machine_goes_on_from_it_too_if_it_has_saved_at_the_same_moment(name):
    machine, events = machine_with(name, typed=TYPED)
    machine.run(idle=True)
    machine.save()
    machine.run(until=11 * MS, idle=True)
    machine.run(idle=True)
    saved, done = machine.save(), len(events)
    machine.run(until=END)
    other, others = machine_with(name, typed=TYPED)
    with pytest.raises(ValueError, match="has not come to where the first state was saved"):
        other.load(saved)
    other.run(idle=True)
    other.save()
    other.load(saved)
    others.clear()
    other.run(until=END)
    assert others == events[done:]
    assert other.now == machine.now


def test_loading_puts_state_back_into_the_same_objects():
    machine, _ = machine_with("rpi4", typed=TYPED)
    machine.run(idle=True)
    saved = machine.save()
    kept = machine.core, machine.clock, machine.program, machine.devices["uart0"]
    observer = machine.core.observer
    machine.run(until=END)
    machine.load(saved)
    now = machine.core, machine.clock, machine.program, machine.devices["uart0"]
    assert all(one is other for one, other in zip(now, kept, strict=True))
    assert machine.core.observer is observer
    assert machine.core.state is CoreState.WAITING


def test_state_is_not_saved_while_the_kernel_is_in_the_middle_of_something():
    machine, _ = machine_with("rpi4")
    with pytest.raises(ValueError, match="while every core waits or runs a task"):
        machine.save()
    machine.run(interrupt=True)
    with pytest.raises(ValueError, match="while every core waits or runs a task"):
        machine.save()
    machine.run(below_depth=1)
    machine.run(idle=True)
    assert machine.save()


def test_saved_state_is_small():
    machine, _ = machine_with("rpi4")
    machine.run(until=END)
    machine.run(idle=True)
    assert len(machine.save()) < 64 * 1024


def test_observing_changes_nothing():
    seen, events = machine_with("rpi4", typed=TYPED)
    unseen, _ = machine_with("rpi4", typed=TYPED)
    unseen.observe(None)
    for machine in (seen, unseen):
        machine.run(until=END)
    assert (seen.now, seen.core.retired) == (unseen.now, unseen.core.retired)
    assert len(events) > 1000
