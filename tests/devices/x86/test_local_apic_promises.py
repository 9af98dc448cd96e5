"""Local APIC: its gates are its behaviour, looking changes nothing, a copy goes on alike."""

import pickle

import pytest
from apic_bench import DEADLINE, FIXED, LEVEL, LOWEST, MASKED, PERIODIC, SELF, Bench
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.hw.rule import first_shut
from kerneltui.machine.state import State


def test_gates_name_the_register_bit_that_shuts():
    bench = Bench()
    gate = first_shut(bench.gates(0x45, 0))
    assert (gate.name, gate.register, gate.field, gate.value) == (
        "requested", "IRR2", "VECTORS[5]", 0,
    )  # fmt: skip
    bench.message(0x45)
    assert first_shut(bench.gates(0x45, 0)) is None
    bench.write("TPR", 0x47)
    gate = first_shut(bench.gates(0x45, 0))
    assert (gate.register, gate.field, gate.value) == ("TPR", "CLASS", 4)
    assert gate.wants == 0, "a driver's own value, which lets all vectors through"
    assert gate.needs == (
        "a TPR class below 0x4 (0 lets all in); PPR is 0x47 from TPR: nothing is in service"
    )
    assert gate.says == (
        "the task's priority lets through only classes above 0x4, which are more urgent, and its "
        "class is 0x4"
    )
    in_service = next(it for it in bench.gates(0x45, 0) if it.name == "may pre-empt")
    assert (in_service.open, in_service.register, in_service.value) == (True, "ISR2", 0)
    bench.write("TPR", 0)
    bench.message(0x61)
    bench.take()
    gate = first_shut(bench.gates(0x45, 0))
    assert (gate.register, gate.field, gate.value) == ("ISR3", "VECTORS[1]", 1)
    assert gate.says == "its class 0x4 is no more urgent than 0x6, which is in service"
    assert "PPR is 0x60 from vector 0x61 in service" in gate.needs
    bench.write("TPR", 0x67)
    assert "PPR is 0x67 from TPR: vector 0x61 in service is no higher" in gate_of_tpr(bench)
    bench.write("TPR", 0)
    bench.write("SVR", 0xFF)
    assert first_shut(bench.gates(0x45, 0)).register == "SVR"
    with pytest.raises(ValueError, match="vectors 0 to 255"):
        bench.apic.passages(256, 0)


def gate_of_tpr(bench):
    return first_shut(bench.gates(0x45, 0)).needs


def test_the_view_lists_the_vectors_in_use():
    bench = Bench(cpus=2)
    bench.write("LVT_TIMER", 0x40, cpu=1)
    bench.write("LVT_LINT0", LEVEL | MASKED | 0x51, cpu=1)
    bench.pin("lint0", True, cpu=1)
    bench.message(0x90, destination=1, level=True)
    bench.take(1)
    timer, lint, message = bench.apic.interrupts(1)
    assert (timer.number, timer.source, timer.line, timer.enabled) == (
        0x40,
        "LVT timer",
        None,
        True,
    )
    assert (lint.source, lint.line, lint.enabled, lint.pin) == ("LVT lint0", True, False, "lint0")
    assert (message.number, message.source, message.pending, message.active) == (
        0x90, "message", False, True,
    )  # fmt: skip
    assert (message.priority, message.targets, message.trigger) == (9, (1,), "level")
    assert bench.apic.interrupts(0) == []


VECTORS = (0x10, 0x31, 0x40, 0x4F, 0x50, 0xA3, 0xFE)
vector = st.sampled_from(VECTORS)
core = st.integers(0, 1)
steps = st.one_of(
    st.tuples(st.just("message"), vector, st.sampled_from([FIXED, LOWEST]), st.booleans(), core),
    st.tuples(st.just("write"), st.just("TPR"), st.sampled_from([0, 0x3F, 0x40, 0xA0]), core),
    st.tuples(st.just("write"), st.just("SVR"), st.sampled_from([0xFF, 0x1FF, 0x11FF]), core),
    st.tuples(st.just("write"), st.just("EOI"), st.just(0), core),
    st.tuples(st.just("write"), st.just("ICR_LOW"), vector.map(lambda number: SELF | number), core),
    st.tuples(st.just("write"), st.just("LVT_TIMER"), st.sampled_from(
        [0x40, MASKED | 0x40, PERIODIC | 0x50, DEADLINE | 0xA3]), core),
    st.tuples(st.just("write"), st.just("LVT_LINT0"), st.sampled_from(
        [LEVEL | 0x31, 0x31, MASKED, LEVEL | MASKED | 0x31, 0x700, 0x400, MASKED | 0x700]), core),
    st.tuples(st.just("write"), st.just("LVT_LINT1"), st.sampled_from([0x700, 0x400, 0x40]), core),
    st.tuples(st.just("write"), st.just("IA32_APIC_BASE"), st.sampled_from(
        [0xFEE0_0800, 0xFEE0_0800, 0xFEE0_0000]), core),
    st.tuples(st.just("write"), st.sampled_from(["INIT_COUNT", "IA32_TSC_DEADLINE"]),
              st.integers(0, 400), core),
    st.tuples(st.just("write"), st.just("DIV_CONF"), st.sampled_from([0, 3, 0xB]), core),
    st.tuples(st.just("pin"), st.sampled_from(["lint0", "lint1", "thermal"]), st.booleans(), core),
    st.tuples(st.just("wait"), st.integers(1, 200)),
    st.tuples(st.just("take"), core),
)  # fmt: skip


def play(bench, step):
    kind, *rest = step
    if kind == "message":
        number, mode, level, cpu = rest
        bench.message(number, mode, cpu, level=level)
    elif kind == "write":
        bench.write(*rest)
    elif kind == "pin":
        bench.pin(*rest)
    elif kind == "wait":
        bench.at(bench.clock.now + rest[0])
    else:
        bench.take(rest[0])


def pin_is_open(bench, pin, cpu):
    """Whether a pin that is no vector has its way to INTR open."""
    if isinstance(bench.apic.entrance(pin, cpu), int):
        return False
    (passage,) = bench.apic.passages(pin, cpu)
    return passage.output == "intr" and first_shut(passage.gates) is None


def check_the_next_vector(bench, cpu, numbers=range(256)):
    """A vector's gates are open exactly if the core takes it next: INTR is up, INTA returns it."""
    passages = {number: bench.apic.passages(number, cpu)[0] for number in numbers}
    opened = [n for n, passage in passages.items() if first_shut(passage.gates) is None]
    external = pin_is_open(bench, "lint0", cpu) or pin_is_open(bench, "lint1", cpu)
    assert bench.intr(cpu) == bool(opened or external)
    before = bench.bitmap("ISR", cpu)
    taken = bench.take(cpu)
    served = bench.bitmap("ISR", cpu) - before
    assert set(opened) == served
    if opened:
        assert opened == [taken] == [passages[taken].vector]
    elif external:
        assert taken == bench.pic_vector
    else:
        assert taken == 0xFF


@given(st.lists(steps, min_size=3, max_size=40))
def test_the_core_takes_the_vector_whose_gates_are_open(history):
    bench = Bench(cpus=2)
    bench.apic.external = bench.acknowledge_pic
    for step in history:
        play(bench, step)
    for cpu in (0, 1):
        check_the_next_vector(bench, cpu)


@settings(max_examples=40)
@given(st.lists(steps, max_size=30))
def test_the_processor_never_serves_a_class_within_one_as_high(history):
    bench = Bench(cpus=2)
    for step in history:
        play(bench, step)
    for cpu in (0, 1):
        serving = sorted(bench.bitmap("ISR", cpu))
        classes = [number >> 4 for number in serving]
        assert classes == sorted(set(classes))
        assert bench.bitmap("IRR", cpu).isdisjoint(range(16))


NAMES = (
    "TPR", "PPR", "SVR", "ISR1", "ISR2", "IRR1", "IRR2", "IRR5", "TMR1", "ESR", "LVT_TIMER",
    "LVT_LINT0", "INIT_COUNT", "CUR_COUNT", "IA32_TSC_DEADLINE",
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(steps, max_size=25), st.lists(steps, max_size=20))
def test_a_restored_copy_goes_on_alike_and_looking_changes_nothing(before, after):
    bench = Bench(cpus=2)
    for step in before:
        play(bench, step)
    frozen, state = pickle.dumps(bench), State(bench)
    held = state.save()
    for file in bench.apic.files.values():
        for slot in file.slots():
            for cpu in (0, 1):
                file.peek(slot.offset, slot.register.width // 8, cpu)
    bench.apic.interrupts(0)
    bench.apic.comparators(1)
    bench.apic.passages(0x40, 1)
    bench.apic.own_causes(0x40, 1)
    assert state.save() == held
    copy = pickle.loads(frozen)
    for step in after:
        play(bench, step)
        play(copy, step)
        for cpu in (0, 1):
            assert [bench.peek(n, cpu) for n in NAMES] == [copy.peek(n, cpu) for n in NAMES]
            assert bench.intr(cpu) == copy.intr(cpu)
        assert (bench.ended, bench.nmis, bench.told) == (copy.ended, copy.nmis, copy.told)


def test_reset_brings_the_power_on_state_back_and_keeps_the_wires():
    bench = Bench(cpus=2)
    fresh = Bench(cpus=2, enable=False)
    bench.write("LVT_TIMER", PERIODIC | 0x40)
    bench.write("INIT_COUNT", 100)
    bench.message(0x99)
    bench.pin("lint0", True)
    bench.send(SELF | 3)
    bench.apic.reset()
    bench.at(1000)
    assert not bench.intr()
    for name in (*NAMES, "DIV_CONF", "DFR", "APIC_ID", "IA32_APIC_BASE"):
        assert [bench.peek(name, cpu) for cpu in (0, 1)] == [
            fresh.peek(name, cpu) for cpu in (0, 1)
        ]
    assert bench.errors() == 0
    bench.write("SVR", 0x1FF)
    bench.write("LVT_LINT0", LEVEL | 0x51)
    assert bench.intr(), "the pin is still active"
