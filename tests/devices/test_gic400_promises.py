"""GIC-400: its gates are its behaviour, looking changes nothing, a copy goes on alike."""

import pickle

import pytest
from gic400_bench import SPURIOUS, Bench
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.hw.rule import first_shut
from kerneltui.machine.state import State


def test_gates_name_the_register_bit_that_shuts():
    bench = Bench()
    bench.enable(99, priority=0x80, targets=0b10)
    gate = first_shut(bench.gates(99, 0))
    assert (gate.name, gate.register, gate.field, gate.value) == (
        "pending", "GICD_ISPENDR3", "SET_PENDING[3]", 0,
    )  # fmt: skip
    bench.line(99, True)
    gate = first_shut(bench.gates(99, 0))
    assert (gate.register, gate.field, gate.value) == ("GICD_ITARGETSR24", "CPU_TARGETS3", 2)
    assert first_shut(bench.gates(99, 1)) is None
    bench.write("GICC_PMR", 0x70, 1)
    gate = first_shut(bench.gates(99, 1))
    assert (gate.register, gate.field, gate.value) == ("GICC_PMR", "Priority", 0x70)
    assert "0x80" in gate.needs
    bench.write("GICD_CTLR", 2)
    assert bench.gate("group forwarded", 99, 1).field == "EnableGrp0"
    assert bench.gate("enabled", 5, 1).value == 1
    with pytest.raises(ValueError, match="interrupts 0 to 223"):
        bench.gates(224, 0)


def test_the_view_of_all_interrupts():
    bench = Bench()
    bench.enable(153, priority=0xA0, targets=0b101)
    bench.line(153, True)
    states = bench.gic.interrupts(0)
    assert [state.number for state in states] == list(range(224))
    assert [states[n].source for n in (3, 30, 153)] == ["SGI 3", "PPI 14", "SPI 121"]
    uart = states[153]
    assert (uart.line, uart.enabled, uart.pending, uart.active) == (True, True, True, False)
    assert (uart.priority, uart.targets, uart.trigger) == (0xA0, (0, 2), "level")
    assert (states[3].line, states[3].trigger, states[3].targets) == (None, "edge", (0,))


IDS = (0, 1, 27, 30, 33, 34, 40)
some_id, core, priority = (
    st.sampled_from(IDS),
    st.integers(0, 1),
    st.sampled_from(range(0, 256, 32)),
)
steps = st.one_of(
    st.tuples(st.just("line"), some_id, st.booleans(), core),
    st.tuples(st.just("edge"), some_id),
    st.tuples(st.just("priority"), some_id, priority, core),
    st.tuples(st.just("targets"), some_id, st.integers(0, 3)),
    st.tuples(
        st.just("bit"),
        st.sampled_from(["ISENABLE", "ISENABLE", "ICENABLE", "ISPEND", "ICPEND", "ISACTIVE",
                         "ICACTIVE", "IGROUP"]),
        some_id, core,
    ),
    st.tuples(st.just("write"), st.just("GICD_CTLR"), st.integers(0, 3), core),
    st.tuples(st.just("write"), st.just("GICC_CTLR"), st.sampled_from(
        [0, 1, 2, 3, 3, 7, 7, 0xF, 0x17, 0x207]), core),
    st.tuples(st.just("write"), st.sampled_from(["GICC_PMR", "GICC_PMR", "GICC_EOIR", "GICC_DIR"]),
              st.sampled_from([0x40, 0xC0, 0xFF, *IDS]), core),
    st.tuples(st.just("write"), st.sampled_from(["GICC_BPR", "GICC_ABPR"]), st.integers(0, 7),
              core),
    st.tuples(st.just("write"), st.just("GICD_SGIR"), st.sampled_from(
        [0x0003_0000, 0x0001_0001, 0x0100_0001, 0x0200_0000]), core),
    st.tuples(st.just("read"), st.sampled_from(["GICC_IAR", "GICC_AIAR"]), core),
)  # fmt: skip


def play(bench, step):
    kind, *rest = step
    if kind == "line":
        number, level, cpu = rest
        if number >= 16:
            bench.line(number, level, cpu)
    elif kind == "edge":
        if rest[0] >= 32:
            bench.edge(rest[0])
    elif kind == "priority":
        bench.write_byte(0x400, *rest)
    elif kind == "targets":
        bench.write_byte(0x800, *rest)
    elif kind == "bit":
        bench.set_bit(f"GICD_{rest[0]}R", *rest[1:])
    elif kind == "write":
        bench.write(*rest)
    else:
        bench.read(*rest)


def lively():
    """Two cores with everything enabled, so that random steps meet interrupts on their way."""
    bench = Bench(cpus=2, irqs=64)
    bench.write("GICD_CTLR", 3)
    for cpu in (0, 1):
        bench.write("GICC_CTLR", 7, cpu)
        bench.write("GICD_ISENABLER0", 0xFFFF_FFFF, cpu)
    bench.write("GICD_ISENABLER1", 0xFFFF_FFFF)
    for number in range(32, 64):
        bench.write_byte(0x800, number, 3)
    return bench


@given(st.lists(steps, min_size=5, max_size=40))
def test_an_interrupt_is_acknowledged_iff_all_its_gates_are_open(history):
    bench = lively()
    for step in history:
        play(bench, step)
    for cpu in (0, 1):
        opened = [
            (number, passage.output)
            for number in range(64)
            for passage in bench.gic.passages(number, cpu)
            if first_shut(passage.gates) is None
        ]
        levels = {"irq": bench.irq(cpu), "fiq": bench.fiq(cpu)}
        # With AckCtl a read of GICC_IAR acknowledges group 1 as well; it changes no line.
        bench.write("GICC_CTLR", bench.peek("GICC_CTLR", cpu) | 4, cpu)
        assert levels == {"irq": bench.irq(cpu), "fiq": bench.fiq(cpu)}
        up = [output for output, level in levels.items() if level]
        taken = bench.read("GICC_IAR", cpu) & 0x3FF
        assert opened == ([(taken, *up)] if up else [])
        assert up or taken == SPURIOUS


@settings(max_examples=40)
@given(st.lists(steps, max_size=30), st.lists(steps, max_size=20))
def test_a_restored_copy_goes_on_alike_and_looking_changes_nothing(before, after):
    bench = lively()
    for step in before:
        play(bench, step)
    frozen, state = pickle.dumps(bench), State(bench)
    held = state.save()
    for name, (file, offset) in bench.places.items():
        for cpu in (0, 1):
            assert file.peek(offset, cpu=cpu) == bench.peek(name, cpu)
    bench.gic.interrupts(0)
    bench.gates(33, 1)
    assert state.save() == held
    copy = pickle.loads(frozen)
    for step in after:
        play(bench, step)
        play(copy, step)
        for name in bench.places:
            assert [bench.peek(name, cpu) for cpu in (0, 1)] == [
                copy.peek(name, cpu) for cpu in (0, 1)
            ]
        assert [bench.irq(0), bench.irq(1), bench.fiq(0), bench.fiq(1)] == [
            copy.irq(0), copy.irq(1), copy.fiq(0), copy.fiq(1),
        ]  # fmt: skip


def test_reset_brings_the_power_on_state_back_and_keeps_the_wires():
    bench = lively()
    bench.line(40, True)
    bench.read("GICC_IAR")
    bench.gic.reset()
    assert not bench.irq()
    assert bench.read("GICC_RPR") == 0xFF
    assert bench.read("GICD_ISENABLER1") == 0
    assert bench.read("GICD_ISPENDR1") == 1 << 8, "the line is still high"
