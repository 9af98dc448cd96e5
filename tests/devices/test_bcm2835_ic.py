"""BCM2835 interrupt controller: BCM2835 ARM Peripherals, chapter 7, sentence by sentence."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.bcm.bcm2835_ic import SHORTCUTS, Bcm2835Ic, Config
from kerneltui.hw.clock import Clock
from kerneltui.hw.rule import first_shut

BASIC, PENDING_1, PENDING_2, FIQ_CONTROL = 0x00, 0x04, 0x08, 0x0C
ENABLE_1, ENABLE_2, ENABLE_BASIC = 0x10, 0x14, 0x18
DISABLE_1, DISABLE_2, DISABLE_BASIC = 0x1C, 0x20, 0x24


@pytest.fixture
def ic():
    return Bcm2835Ic("ic", Config(), Clock())


def irq(ic):
    return ic.outputs["irq"][0].level


def fiq(ic):
    return ic.outputs["fiq"][0].level


def enable(ic, number):
    if number < 64:
        ic.regs.write(ENABLE_1 + 4 * (number // 32), 1 << number % 32)
    else:
        ic.regs.write(ENABLE_BASIC, 1 << (number - 64))


def drive(ic, number, level=True):
    pin = ("gpu", number) if number < 64 else ("arm", number - 64)
    ic.input(*pin)(level)


def test_reset_disables_everything(ic):
    for number in range(72):
        drive(ic, number)
    assert not irq(ic)
    assert not fiq(ic)
    assert [ic.regs.read(offset) for offset in range(0, 0x28, 4)] == [0] * 10


@pytest.mark.parametrize("number", [0, 1, 31, 32, 57, 63, 64, 71])
def test_interrupt_stays_asserted_until_disabled_or_its_source_is_cleared(ic, number):
    drive(ic, number)
    enable(ic, number)
    assert irq(ic)
    drive(ic, number, False)
    assert not irq(ic)
    drive(ic, number)
    assert irq(ic)
    offset = DISABLE_BASIC if number >= 64 else DISABLE_1 + 4 * (number // 32)
    ic.regs.write(offset, 1 << number % 32)
    assert not irq(ic)


def test_writing_zeroes_to_enable_and_disable_changes_nothing(ic):
    ic.regs.write(ENABLE_2, 0x8000_0001)
    ic.regs.write(ENABLE_2, 0)
    ic.regs.write(DISABLE_2, 0)
    assert ic.regs.read(ENABLE_2) == 0x8000_0001
    ic.regs.write(DISABLE_2, 0x8000_0000)
    assert ic.regs.read(ENABLE_2) == 1
    assert ic.regs.read(DISABLE_2) == 1
    assert ic.regs.read(ENABLE_1) == 0


def test_only_eight_arm_sources_exist(ic):
    ic.regs.write(ENABLE_BASIC, 0xFFFF_FFFF)
    assert ic.regs.read(ENABLE_BASIC) == 0xFF
    assert ic.regs.read(ENABLE_1) == ic.regs.read(ENABLE_2) == 0


def test_pending_shows_enabled_sources_only(ic):
    for number in (3, 40, 65):
        drive(ic, number)
    assert (ic.regs.read(BASIC), ic.regs.read(PENDING_1), ic.regs.read(PENDING_2)) == (0, 0, 0)
    for number in (3, 40, 65):
        enable(ic, number)
    assert ic.regs.read(PENDING_1) == 1 << 3
    assert ic.regs.read(PENDING_2) == 1 << 8
    assert ic.regs.read(BASIC) == 1 << 1 | 1 << 8 | 1 << 9


@pytest.mark.parametrize(
    ("source", "bit"),
    [(7, 10), (9, 11), (10, 12), (18, 13), (19, 14), (53, 15), (54, 16), (55, 17), (56, 18),
     (57, 19), (62, 20)],
)  # fmt: skip
def test_selected_gpu_interrupts_have_a_basic_bit_and_do_not_count_for_bits_8_and_9(
    ic, source, bit
):
    enable(ic, source)
    drive(ic, source)
    assert ic.regs.read(BASIC) == 1 << bit
    pending = ic.regs.read(PENDING_1) | ic.regs.read(PENDING_2) << 32
    assert pending == 1 << source


@pytest.mark.parametrize("source", [n for n in range(64) if n not in SHORTCUTS])
def test_other_gpu_interrupts_set_bit_8_or_9(ic, source):
    enable(ic, source)
    drive(ic, source)
    assert ic.regs.read(BASIC) == 1 << (8 + source // 32)


@pytest.mark.parametrize("number", [0, 31, 32, 63, 64, 71])
def test_fiq_source_needs_no_enable_bit(ic, number):
    drive(ic, number)
    ic.regs.write(FIQ_CONTROL, number)
    assert not fiq(ic)
    ic.regs.write(FIQ_CONTROL, 0x80 | number)
    assert fiq(ic)
    assert not irq(ic)
    assert ic.regs.read(BASIC) == 0
    drive(ic, number, False)
    assert not fiq(ic)


def test_a_source_both_selected_and_enabled_fires_both(ic):
    enable(ic, 57)
    ic.regs.write(FIQ_CONTROL, 0x80 | 57)
    drive(ic, 57)
    assert irq(ic)
    assert fiq(ic)


@pytest.mark.parametrize("source", [72, 96, 127])
def test_unused_fiq_sources_never_fire(ic, source):
    for number in range(72):
        drive(ic, number)
    ic.regs.write(FIQ_CONTROL, 0x80 | source)
    assert not fiq(ic)
    assert ic.regs.read(FIQ_CONTROL) == 0x80 | source


def test_pending_registers_are_read_only(ic):
    for offset in (BASIC, PENDING_1, PENDING_2):
        ic.regs.write(offset, 0xFFFF_FFFF)
        assert ic.regs.read(offset) == 0
    assert not irq(ic)


@pytest.mark.parametrize("pin", [("gpu", 64), ("arm", 8), ("gpu", -1), ("spi", 0)])
def test_unknown_inputs_are_refused_with_the_names_that_exist(ic, pin):
    with pytest.raises(ValueError, match=r"'gpu' 0-63 and 'arm' 0-7"):
        ic.input(*pin)


def test_interrupts_lists_all_72_by_number(ic):
    enable(ic, 64)
    drive(ic, 64)
    drive(ic, 57)
    states = ic.interrupts(0)
    assert [state.number for state in states] == list(range(72))
    assert (states[57].source, states[64].source) == ("GPU 57", "ARM 0")
    assert (states[57].line, states[57].enabled, states[57].pending) == (True, False, False)
    assert [state.number for state in states if state.pending] == [64]


def gates(ic, number, output):
    """The rules of its passage to an output."""
    (passage,) = (item for item in ic.passages(number, 0) if item.output == output)
    return passage.gates


def test_the_first_shut_gate_names_the_register_that_would_open_it(ic):
    drive(ic, 57)
    shut = first_shut(gates(ic, 57, "irq"))
    assert (shut.register, shut.field, shut.value) == ("ENABLE_IRQS_2", "IRQS[25]", 0)
    enable(ic, 57)
    assert first_shut(gates(ic, 57, "irq")) is None
    shut = first_shut(gates(ic, 58, "irq"))
    assert (shut.name, shut.register, shut.spot) == ("line", "gpu 58", None)
    shut = [(gate.register, gate.field) for gate in gates(ic, 57, "fiq") if not gate.open]
    assert shut == [("FIQ_CONTROL", "ENABLE"), ("FIQ_CONTROL", "SOURCE")]
    with pytest.raises(ValueError, match="sources 0 to 71"):
        ic.passages(72, 0)


@pytest.mark.parametrize("number", [0, 31, 32, 57, 63, 64, 71])
def test_the_stores_that_gates_want_open_them(ic, number):
    drive(ic, number)
    for output in ("irq", "fiq"):
        assert not ic.outputs[output][0].level
        for gate in gates(ic, number, output):
            if not gate.open:
                lsb = (gate.spot.mask & -gate.spot.mask).bit_length() - 1
                held = ic.regs.peek(gate.spot.key) & ~gate.spot.mask
                ic.regs.write(gate.spot.key, held | gate.wants << lsb)
        assert first_shut(gates(ic, number, output)) is None
        assert ic.outputs[output][0].level


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("line"), st.integers(0, 71), st.booleans()),
        st.tuples(
            st.just("write"),
            st.sampled_from(
                [ENABLE_1, ENABLE_2, ENABLE_BASIC, DISABLE_1, DISABLE_2, DISABLE_BASIC]
            ),
            st.sampled_from([1 << n for n in range(32)] + [0xFFFF_FFFF, 0x5555_5555]),
        ),
        st.tuples(st.just("write"), st.just(FIQ_CONTROL), st.integers(0, 255)),
    ),
    max_size=40,
)


@given(ACTIONS)
def test_an_output_is_high_exactly_when_some_source_has_all_gates_open(actions):
    ic = Bcm2835Ic("ic", Config(), Clock())
    for kind, where, what in actions:
        if kind == "line":
            drive(ic, where, what)
        else:
            ic.regs.write(where, what)
        through = {
            output: [n for n in range(72) if first_shut(gates(ic, n, output)) is None]
            for output in ("irq", "fiq")
        }
        assert irq(ic) == bool(through["irq"])
        assert fiq(ic) == bool(through["fiq"])
        shown = [n for n in range(64) if ic.regs.peek(PENDING_1 + n // 32 * 4) >> n % 32 & 1]
        shown += [64 + n for n in range(8) if ic.regs.peek(BASIC) >> n & 1]
        assert through["irq"] == shown
        pending = ic.regs.peek(PENDING_1) | ic.regs.peek(PENDING_2) << 32
        assert irq(ic) == bool(pending or ic.regs.peek(BASIC) & 0xFF)
        assert irq(ic) == bool(ic.regs.peek(BASIC))


def test_a_snapshot_goes_on_alike(ic):
    enable(ic, 57)
    ic.regs.write(FIQ_CONTROL, 0x80 | 1)
    drive(ic, 1)
    twin = pickle.loads(pickle.dumps(ic))
    for each in (ic, twin):
        assert fiq(each)
        drive(each, 57)
        assert irq(each)
        each.regs.write(DISABLE_2, 1 << 25)
        assert not irq(each)
    ic.reset()
    assert not fiq(ic)
    assert fiq(twin)
