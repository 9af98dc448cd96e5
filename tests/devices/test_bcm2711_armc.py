"""The legacy interrupt controller of the BCM2711: BCM2711 ARM Peripherals, 6.5.3."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.bcm.bcm2711_armc import Bcm2711Armc, Config
from kerneltui.hw.clock import Clock
from kerneltui.hw.rule import first_shut

BLOCK = {("irq", core): 0x40 * core for core in range(4)} | {
    ("fiq", core): 0x100 + 0x40 * core for core in range(4)
}
SET_EN, CLR_EN, STATUS = 0x10, 0x20, 0x30
SWIRQ_SET, SWIRQ_CLEAR = 0x1F0, 0x1F4
SUMMARY = 1 << 31
each_block = pytest.mark.parametrize(("kind", "core"), BLOCK)


@pytest.fixture
def armc():
    return Bcm2711Armc("armc", Config(), Clock(), 4)


def up(armc):
    return {
        (kind, core) for kind in ("irq", "fiq") for core in range(4)
        if armc.outputs[kind][core].level
    }  # fmt: skip


def enable(armc, kind, core, number):
    armc.regs.write(BLOCK[kind, core] + SET_EN + 4 * (number // 32), 1 << number % 32)


def pending(armc, kind, core):
    return [armc.regs.read(BLOCK[kind, core] + 4 * n) for n in range(3)]


def names(armc):
    return {slot.offset + 0x200: slot.name for slot in armc.regs.slots()}


def test_the_registers_are_where_the_manual_has_them(armc):
    found = names(armc)
    assert [found[at] for at in (0x200, 0x204, 0x208, 0x210, 0x220, 0x230, 0x238)] == [
        "IRQ0_PENDING0", "IRQ0_PENDING1", "IRQ0_PENDING2", "IRQ0_SET_EN_0", "IRQ0_CLR_EN_0",
        "IRQ_STATUS0", "IRQ_STATUS2",
    ]  # fmt: skip
    assert [found[at] for at in (0x240, 0x290, 0x2E8, 0x300, 0x350, 0x3E8, 0x3F0, 0x3F4)] == [
        "IRQ1_PENDING0", "IRQ2_SET_EN_0", "IRQ3_CLR_EN_2", "FIQ0_PENDING0", "FIQ1_SET_EN_0",
        "FIQ3_CLR_EN_2", "SWIRQ_SET", "SWIRQ_CLEAR",
    ]  # fmt: skip


@each_block
@pytest.mark.parametrize(
    ("pin", "number", "source", "words"),
    [("gpu", 1, 1, [2, 0, SUMMARY | 1 << 24]), ("gpu", 29, 29, [1 << 29, 0, SUMMARY | 1 << 24]),
     ("gpu", 57, 57, [0, 1 << 25, SUMMARY | 1 << 25]), ("arm", 1, 65, [0, 0, SUMMARY | 2])],
)  # fmt: skip
def test_a_source_goes_where_it_is_enabled(armc, kind, core, pin, number, source, words):
    line = armc.input(pin, number)
    line(True)
    assert up(armc) == set()
    enable(armc, kind, core, source)
    assert up(armc) == {(kind, core)}
    assert pending(armc, kind, core) == words
    armc.regs.write(BLOCK[kind, core] + CLR_EN + 4 * (source // 32), 1 << source % 32)
    assert (up(armc), pending(armc, kind, core)) == (set(), [0, 0, 0])
    enable(armc, kind, core, source)
    line(False)
    assert (up(armc), pending(armc, kind, core)) == (set(), [0, 0, 0])


def test_the_levels_can_be_read_without_enables(armc):
    armc.input("gpu", 3)(True)
    armc.input("gpu", 32)(True)
    armc.input("arm", 7)(True)
    assert [armc.regs.read(STATUS + 4 * n) for n in range(3)] == [8, 1, 0x80]


def test_enables_are_set_and_cleared_bit_by_bit(armc):
    armc.regs.write(SET_EN, 0x5)
    armc.regs.write(SET_EN, 0x2)
    assert armc.regs.read(SET_EN) == armc.regs.read(CLR_EN) == 0x7
    armc.regs.write(CLR_EN, 0x5)
    assert armc.regs.read(SET_EN) == 0x2
    armc.regs.write(SET_EN + 8, 0xFFFF_FFFF)
    assert armc.regs.read(SET_EN + 8) == 0xFFFF


@pytest.mark.parametrize("bit", range(8))
def test_software_raises_and_withdraws(armc, bit):
    told = []
    armc.on_pending = lambda _, number, cpu, again: told.append((number, cpu, again))
    enable(armc, "irq", 2, 72 + bit)
    armc.regs.write(SWIRQ_SET, 1 << bit)
    armc.regs.write(SWIRQ_SET, 1 << bit)
    assert up(armc) == {("irq", 2)}
    assert armc.regs.read(SWIRQ_SET) == 1 << bit
    assert told == [(72 + bit, 0, False), (72 + bit, 0, True)]
    armc.regs.write(SWIRQ_CLEAR, 1 << bit)
    assert up(armc) == set()


def test_reset_leaves_the_inputs(armc):
    armc.input("gpu", 3)(True)
    armc.regs.write(SWIRQ_SET, 1)
    enable(armc, "fiq", 1, 3)
    armc.reset()
    assert (up(armc), armc.regs.read(STATUS), armc.regs.read(STATUS + 8)) == (set(), 8, 0)


@pytest.mark.parametrize(("pin", "number"), [("gpu", 64), ("arm", 8), ("spi", 1), ("gpu", -1)])
def test_there_are_no_other_inputs(armc, pin, number):
    with pytest.raises(ValueError, match="only 'gpu' 0-63 and 'arm' 0-7"):
        armc.input(pin, number)


def test_each_interrupt_and_its_gates(armc):
    states = armc.interrupts(0)
    assert [state.number for state in states] == list(range(80))
    assert armc.entrance("gpu 57", 0) == 57
    assert armc.entrance("arm 1", 0) == 65
    irq, fiq = armc.passages(57, 1)
    assert [(gate.name, gate.register) for gate in irq.gates if not gate.open] == [
        ("raised", "IRQ_STATUS1"), ("enabled as IRQ", "IRQ1_SET_EN_1"),
    ]  # fmt: skip
    assert fiq.gates[1].register == "FIQ1_SET_EN_1"
    (cause,) = armc.own_causes(73, 0)
    assert cause.title == "a store to SWIRQ_SET"
    assert armc.own_causes(57, 0) == []
    with pytest.raises(ValueError, match="sources 0 to 79"):
        armc.passages(80, 0)


ACTIONS = st.one_of(
    st.tuples(st.just("write"),
              st.sampled_from((*(base + at for base in BLOCK.values() for at in (SET_EN, CLR_EN)),
                               SET_EN + 4, SET_EN + 8, SWIRQ_SET, SWIRQ_CLEAR)),
              st.integers(0, 15)),
    st.tuples(st.just("line"), st.sampled_from((0, 1, 2, 3, 32, 33)), st.booleans()),
)  # fmt: skip


def act(armc, kind, first, second):
    if kind == "write":
        armc.regs.write(first, second)
    else:
        armc.input("gpu", first)(second)


@given(st.lists(ACTIONS, max_size=30))
def test_the_outputs_are_what_the_gates_say_and_looking_changes_nothing(actions):
    """One core is looked at after each action, all of them at the end."""
    armc = Bcm2711Armc("armc", Config(), Clock(), 4)
    for number, action in enumerate(actions, 1):
        act(armc, *action)
        seen = [armc.regs.peek(slot.key) for slot in armc.regs.slots()]
        for core in range(4) if number == len(actions) else (number % 4,):
            ways = [way for source in range(80) for way in armc.passages(source, core)]
            for kind in ("irq", "fiq"):
                held = any(first_shut(way.gates) is None for way in ways if way.output == kind)
                assert armc.outputs[kind][core].level == held
        assert seen == [armc.regs.peek(slot.key) for slot in armc.regs.slots()]
    copy = pickle.loads(pickle.dumps(armc))
    assert up(copy) == up(armc)
