"""The pair of 8259A: Intel's datasheet, sentence by sentence."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.devices.x86.i8259 import Config, I8259Pair
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import Clock
from kerneltui.hw.rule import first_shut
from kerneltui.machine.state import State

MASTER, SLAVE, ELCR1, ELCR2 = 0x20, 0xA0, 0x4D0, 0x4D1
EOI, SPECIFIC_EOI, ROTATE_EOI, ROTATE_SPECIFIC, SET_PRIORITY = 0x20, 0x60, 0xA0, 0xE0, 0xC0
AEOI_ROTATION_ON, AEOI_ROTATION_OFF = 0x80, 0x00
READ_IRR, READ_ISR, POLL, SPECIAL_MASK, NORMAL_MASK = 0x0A, 0x0B, 0x0C, 0x68, 0x48
ICW1, ICW4_8086, AEOI, SFNM = 0x11, 0x01, 0x02, 0x10
NUMBERS = [n for n in range(16) if n != 2]


class Pic:
    """A pair at its ports, initialized as a PC does: vectors 0x20 and 0x28."""

    def __init__(self, master=ICW4_8086, slave=ICW4_8086, icw1=ICW1):
        self.pair = I8259Pair("pic", Config(), Clock())
        self.io = AddressSpace("io")
        for base, file in zip((MASTER, SLAVE, ELCR1), self.pair.files.values(), strict=True):
            self.io.attach(base, 2, file.table.name, file)
        self.initialize(MASTER, icw1, 0x20, 0x04, master)
        self.initialize(SLAVE, icw1, 0x28, 0x02, slave)

    def initialize(self, chip, icw1, *words):
        self.out(chip, icw1)
        for word in words:
            self.out(chip + 1, word)

    def out(self, port, value):
        self.io.write(port, value, 1)

    def inp(self, port):
        return self.io.read(port, 1)

    def gates(self, number):
        (passage,) = self.pair.passages(number, 0)
        return passage.gates

    def irr(self, chip=MASTER):
        self.out(chip, READ_IRR)
        return self.inp(chip)

    def isr(self, chip=MASTER):
        self.out(chip, READ_ISR)
        return self.inp(chip)

    def line(self, number, level=True):
        self.pair.input("irq", number)(level)

    def edge(self, number):
        self.line(number, False)
        self.line(number)

    @property
    def intr(self):
        return self.pair.outputs["int"][0].level

    def ack(self):
        return self.pair.acknowledge()


@pytest.fixture
def pic():
    return Pic()


# -- initialization -------------------------------------------------------------------------------


def test_icw2_gives_the_five_high_bits_of_the_vector():
    pic = Pic()
    pic.initialize(MASTER, ICW1, 0x77, 0x04, ICW4_8086)
    pic.line(3)
    assert pic.ack() == 0x73


def test_icw1_clears_the_mask_and_resets_the_edge_sense(pic):
    """After it an input must make a low-to-high transition to generate an interrupt."""
    pic.line(4)
    pic.out(MASTER + 1, 0x80)
    pic.initialize(MASTER, ICW1, 0x20, 0x04, ICW4_8086)
    assert (pic.inp(MASTER + 1), pic.irr(), pic.intr) == (0, 0, False)
    pic.line(4)
    assert not pic.intr, "it was high already"
    pic.edge(4)
    assert pic.intr


def test_icw1_resets_priorities_special_mask_and_the_status_read(pic):
    pic.out(MASTER, SET_PRIORITY | 3)
    pic.out(MASTER, SPECIAL_MASK)
    pic.out(MASTER, READ_ISR)
    pic.initialize(MASTER, ICW1, 0x20, 0x04, ICW4_8086)
    pic.line(5)
    assert pic.inp(MASTER) == 0x20, "IRR"
    pic.line(0)
    assert pic.ack() == 0x20, "IR7 has priority 7 again"
    pic.out(MASTER + 1, 0x01)
    assert not pic.intr, "a masked level in service holds up IR5 again"


def test_without_ic4_no_icw4_is_awaited_and_its_functions_are_off(pic):
    pic.initialize(MASTER, ICW1, 0x20, 0x04, ICW4_8086 | AEOI)
    pic.initialize(MASTER, 0x10, 0x20, 0x04)
    pic.out(MASTER + 1, 0xFE)
    assert pic.inp(MASTER + 1) == 0xFE, "the mask"
    pic.line(0)
    pic.ack()
    assert pic.isr() == 1


def test_single_mode_has_no_icw3(pic):
    pic.initialize(MASTER, 0x13, 0x40, ICW4_8086)
    pic.out(MASTER + 1, 0x00)
    pic.line(9)
    assert pic.ack() == 0x42, "IR2 is an input like others"


def test_a_slave_that_has_another_number_does_not_answer(pic):
    pic.initialize(SLAVE, ICW1, 0x28, 0x05, ICW4_8086)
    pic.line(9)
    assert pic.ack() == 0xFF
    assert (pic.isr(MASTER), pic.isr(SLAVE)) == (4, 0)


def test_icw1_sets_the_slave_address_to_7_and_ends_rotation_in_aeoi_mode(pic):
    pic.out(MASTER, AEOI_ROTATION_ON)
    pic.initialize(MASTER, ICW1, 0x20, 0x04, ICW4_8086 | AEOI)
    for number in (4, 5):
        pic.line(number)
        pic.ack()
        pic.line(number, False)
    pic.line(5)
    pic.line(4)
    assert pic.ack() == 0x24, "nothing has rotated"
    pic.initialize(SLAVE, 0x13, 0x28, ICW4_8086)
    pic.line(9)
    assert pic.ack() == 0xFF


def test_a_command_between_icw1_and_icw2_does_not_disturb_the_sequence(pic):
    pic.out(MASTER, ICW1)
    pic.out(MASTER, READ_ISR)
    for word in (0x50, 0x04, ICW4_8086):
        pic.out(MASTER + 1, word)
    pic.line(1)
    assert pic.ack() == 0x51


# -- fully nested mode ----------------------------------------------------------------------------


def test_the_acknowledge_sets_isr_and_resets_irr(pic):
    pic.line(1)
    assert (pic.irr(), pic.isr(), pic.intr) == (2, 0, True)
    assert pic.ack() == 0x21
    assert (pic.irr(), pic.isr(), pic.intr) == (0, 2, False)


def test_ir0_has_the_highest_priority_and_ir7_the_lowest(pic):
    for number in (7, 6, 0, 3):
        pic.line(number)
    taken = []
    while pic.intr:
        taken.append(pic.ack())
        pic.out(MASTER, EOI)
    assert taken == [0x20, 0x23, 0x26, 0x27]


def test_while_a_level_is_in_service_only_higher_ones_interrupt(pic):
    pic.line(4)
    pic.ack()
    pic.line(5)
    pic.edge(4)
    assert not pic.intr
    pic.line(3)
    assert pic.intr
    assert pic.ack() == 0x23
    assert pic.isr() == 0x18
    pic.out(MASTER, EOI)
    assert (pic.isr(), pic.intr) == (0x10, False), "the highest in service is ended first"
    pic.out(MASTER, EOI)
    assert pic.ack() == 0x24


def test_a_specific_eoi_ends_the_level_that_it_names(pic):
    for number in (5, 2 + 8, 1):
        pic.line(number)
        pic.ack()
    assert pic.isr() == 0x26
    pic.out(MASTER, SPECIFIC_EOI | 5)
    assert pic.isr() == 0x06


def test_masking_one_input_does_not_affect_the_others(pic):
    pic.out(MASTER + 1, 0x08)
    pic.line(3)
    assert (pic.intr, pic.irr()) == (False, 8), "IRR shows it all the same"
    pic.line(4)
    assert pic.ack() == 0x24
    pic.out(MASTER, EOI)
    pic.out(MASTER + 1, 0x00)
    assert pic.ack() == 0x23


# -- cascade --------------------------------------------------------------------------------------


def test_a_slave_interrupt_passes_the_master_at_ir2(pic):
    pic.line(12)
    assert pic.irr() == 4
    assert pic.ack() == 0x2C
    assert (pic.isr(MASTER), pic.isr(SLAVE)) == (0x04, 0x10)


def test_an_eoi_must_be_issued_twice_for_a_slave(pic):
    pic.line(8)
    pic.line(15)
    assert pic.ack() == 0x28
    pic.out(MASTER, EOI)
    assert not pic.intr, "the slave's IR0 is in service"
    pic.out(SLAVE, EOI)
    assert pic.ack() == 0x2F


def test_slave_interrupts_rank_between_ir1_and_ir3(pic):
    for number in (3, 8, 1):
        pic.line(number)
    taken = []
    while pic.intr:
        taken.append(pic.ack())
        pic.out(SLAVE, EOI)
        pic.out(MASTER, EOI)
    assert taken == [0x21, 0x28, 0x23]


def test_a_slave_in_service_is_locked_out_unless_special_fully_nested():
    for mode, higher in ((ICW4_8086, False), (ICW4_8086 | SFNM, True)):
        pic = Pic(master=mode)
        pic.line(12)
        pic.ack()
        pic.line(9)
        assert pic.intr is higher
        if higher:
            assert pic.ack() == 0x29
            assert pic.isr(SLAVE) == 0x12
            pic.line(3)
            assert not pic.intr, "the master's lower inputs stay locked out"


# -- automatic end of interrupt, rotation ---------------------------------------------------------


def test_with_aeoi_nothing_stays_in_service():
    pic = Pic(master=ICW4_8086 | AEOI)
    pic.line(4)
    pic.line(5)
    assert pic.ack() == 0x24
    assert (pic.isr(), pic.intr) == (0, True)
    assert pic.ack() == 0x25


def test_rotation_in_aeoi_mode_makes_the_level_just_served_the_lowest():
    pic = Pic(master=ICW4_8086 | AEOI)
    pic.out(MASTER, AEOI_ROTATION_ON)
    pic.line(0)
    pic.ack()
    pic.line(7)
    pic.edge(0)
    assert pic.ack() == 0x27
    assert pic.ack() == 0x20
    pic.out(MASTER, AEOI_ROTATION_OFF)
    pic.edge(3)
    pic.ack()
    pic.edge(3)
    pic.edge(7)
    assert pic.ack() == 0x23, "the order stays as it was left: 1 first, 0 last"


def test_a_slave_in_aeoi_mode_announces_each_request():
    pic = Pic(slave=ICW4_8086 | AEOI)
    pic.line(9)
    pic.line(10)
    assert pic.ack() == 0x29
    assert pic.isr(SLAVE) == 0
    pic.out(MASTER, EOI)
    assert pic.intr
    assert pic.ack() == 0x2A


def test_rotate_on_non_specific_eoi(pic):
    """The datasheet's example: IR4 in service is ended and becomes the lowest."""
    pic.line(4)
    pic.ack()
    pic.out(MASTER, ROTATE_EOI)
    assert pic.isr() == 0
    pic.edge(4)
    pic.line(6)
    assert pic.ack() == 0x26


def test_set_priority_and_rotate_on_specific_eoi(pic):
    pic.out(MASTER, SET_PRIORITY | 5)
    pic.line(5)
    pic.line(6)
    pic.line(0)
    assert pic.ack() == 0x26, "IR6 is the highest when IR5 is the lowest"
    pic.out(MASTER, ROTATE_SPECIFIC | 6)
    assert pic.isr() == 0
    assert pic.ack() == 0x20
    pic.out(MASTER, 0x40)
    assert pic.isr() == 1, "no operation"


# -- special mask mode ----------------------------------------------------------------------------


def test_special_mask_mode_enables_lower_levels_while_one_is_masked_in_service(pic):
    pic.line(2 + 8)
    pic.ack()
    pic.line(6)
    pic.out(MASTER, SPECIAL_MASK)
    assert not pic.intr
    pic.out(MASTER + 1, 0x04)
    assert pic.intr
    pic.out(MASTER, 0x08)
    assert pic.intr, "without ESMM the mode stays"
    pic.out(MASTER, NORMAL_MASK)
    assert not pic.intr


def test_in_special_mask_mode_a_non_specific_eoi_leaves_masked_levels(pic):
    pic.line(1)
    pic.ack()
    pic.out(MASTER, SPECIAL_MASK)
    pic.out(MASTER + 1, 0x02)
    pic.line(5)
    pic.ack()
    pic.out(MASTER, EOI)
    assert pic.isr() == 0x02
    pic.out(MASTER, EOI)
    assert pic.isr() == 0x02
    pic.out(MASTER, SPECIFIC_EOI | 1)
    assert pic.isr() == 0


# -- poll and status reads ------------------------------------------------------------------------


@pytest.mark.parametrize("port", [MASTER, MASTER + 1])
def test_the_read_after_a_poll_command_is_an_acknowledge(pic, port):
    pic.out(MASTER, POLL)
    assert pic.inp(port) == 0x00
    pic.line(6)
    pic.out(MASTER, POLL)
    assert pic.inp(port) == 0x86
    assert (pic.isr(), pic.intr) == (0x40, False)
    pic.out(MASTER, READ_IRR)
    assert pic.inp(MASTER) == 0, "only one read is a poll"


def test_the_status_read_is_remembered(pic):
    pic.line(3)
    pic.ack()
    pic.out(MASTER, READ_ISR)
    assert [pic.inp(MASTER) for _ in range(3)] == [8, 8, 8]
    pic.out(MASTER, POLL)
    assert (pic.inp(MASTER), pic.inp(MASTER)) == (0, 8)
    pic.out(MASTER, EOI)
    assert pic.inp(MASTER) == 0, "still ISR"


def test_a_peek_at_a_poll_acknowledges_nothing(pic):
    pic.line(3)
    pic.out(MASTER, POLL)
    assert pic.io.peek(MASTER, 1) == pic.io.peek(MASTER, 1) == 0x83
    assert pic.inp(MASTER) == 0x83


# -- edge and level -------------------------------------------------------------------------------


def test_an_edge_triggered_input_that_stays_high_interrupts_once(pic):
    pic.line(3)
    pic.ack()
    pic.out(MASTER, EOI)
    assert not pic.intr


def test_a_level_triggered_input_that_stays_high_interrupts_again(pic):
    pic.out(ELCR1, 0x08)
    pic.line(3)
    pic.ack()
    pic.out(MASTER, EOI)
    assert pic.intr
    pic.line(3, False)
    assert (pic.intr, pic.irr()) == (False, 0)


def test_ltim_makes_all_inputs_level_triggered():
    pic = Pic(icw1=ICW1 | 0x08)
    for number in (0, 8):
        pic.line(number)
        pic.ack()
        pic.out(SLAVE, EOI)
        pic.out(MASTER, EOI)
        assert pic.intr
        pic.line(number, False)
        assert not pic.intr


def test_elcr_cannot_make_timer_keyboard_cascade_clock_and_coprocessor_level(pic):
    pic.out(ELCR1, 0xFF)
    pic.out(ELCR2, 0xFF)
    assert (pic.inp(ELCR1), pic.inp(ELCR2)) == (0xF8, 0xDE)


def test_elcr_survives_an_initialization(pic):
    pic.out(ELCR2, 0x02)
    pic.line(9)
    pic.initialize(SLAVE, ICW1, 0x28, 0x02, ICW4_8086)
    assert pic.irr(SLAVE) == 2


def test_a_request_withdrawn_before_the_acknowledge_gives_the_default_ir7(pic):
    pic.line(4)
    pic.line(4, False)
    assert pic.intr, "the processor has seen it"
    assert pic.irr() == 0
    assert pic.ack() == 0x27
    assert (pic.isr(), pic.intr) == (0, False)


def test_a_real_ir7_is_told_from_the_default_one_by_isr(pic):
    pic.line(7)
    assert pic.ack() == 0x27
    assert pic.isr() == 0x80


def test_a_request_withdrawn_at_the_slave_gives_the_default_ir15(pic):
    pic.line(11)
    pic.line(11, False)
    assert pic.ack() == 0x2F
    assert (pic.isr(MASTER), pic.isr(SLAVE)) == (0x04, 0x00), "the master needs its EOI"
    pic.out(MASTER, EOI)
    assert not pic.intr


def test_noise_on_a_masked_or_outranked_input_leaves_no_trace(pic):
    pic.out(MASTER + 1, 0x10)
    pic.line(4)
    pic.line(4, False)
    pic.out(MASTER + 1, 0x00)
    assert not pic.intr
    pic.line(4)
    pic.line(4, False)
    assert pic.intr
    pic.out(MASTER + 1, 0x10)
    pic.out(MASTER + 1, 0x00)
    assert not pic.intr, "the mask has ended it"
    pic.line(1)
    pic.ack()
    pic.line(4)
    pic.line(4, False)
    pic.out(MASTER, EOI)
    assert not pic.intr


def test_an_acknowledge_without_a_request_gets_the_default(pic):
    assert pic.ack() == 0x27
    assert pic.isr() == 0


# -- views ----------------------------------------------------------------------------------------


def test_unknown_inputs_are_refused(pic):
    for pin, number in (("irq", 2), ("irq", 16), ("gpu", 0)):
        with pytest.raises(ValueError, match="the cascade"):
            pic.pair.input(pin, number)
    with pytest.raises(ValueError, match="without 2"):
        pic.pair.passages(2, 0)


def test_the_view_of_all_interrupts(pic):
    pic.out(ELCR2, 0x08)
    pic.out(MASTER + 1, 0x02)
    pic.line(1)
    pic.line(11)
    pic.ack()
    states = {state.number: state for state in pic.pair.interrupts(0)}
    assert list(states) == NUMBERS
    assert (states[1].enabled, states[1].pending, states[1].active) == (False, True, False)
    assert (states[11].line, states[11].active, states[11].trigger) == (True, True, "level")
    ranked = sorted(NUMBERS, key=lambda number: states[number].priority)
    assert ranked == [0, 1, *range(8, 16), 3, 4, 5, 6, 7]
    pic.out(MASTER, SET_PRIORITY | 4)
    ranked = sorted(
        NUMBERS, key=lambda n: {s.number: s for s in pic.pair.interrupts(0)}[n].priority
    )
    assert ranked == [5, 6, 7, 0, 1, *range(8, 16), 3, 4]


def test_gates_name_the_register_that_shuts(pic):
    gate = first_shut(pic.gates(12))
    assert (gate.register, gate.field, gate.value) == ("slave IRR", "IR[4]", 0)
    pic.out(SLAVE + 1, 0x10)
    pic.line(12)
    gate = first_shut(pic.gates(12))
    assert (gate.register, gate.field, gate.value) == ("slave IMR", "M[4]", 1)
    pic.out(SLAVE + 1, 0x00)
    pic.line(0)
    pic.ack()
    gate = first_shut(pic.gates(12))
    assert (gate.register, gate.value) == ("master ISR", 1)
    pic.out(MASTER, EOI)
    assert first_shut(pic.gates(12)) is None


def test_nothing_comes_first_as_long_as_nothing_asks(pic):
    def chosen():
        return [number for number in (3, 5) for gate in pic.gates(number)
                if gate.name == "comes first" and gate.holds]  # fmt: skip

    assert not chosen()
    pic.line(5)
    assert chosen() == [5]
    pic.line(3)
    assert chosen() == [3]
    (first,) = (gate for gate in pic.gates(5) if not gate.open)
    assert first.says == "IR3 asks too, and comes first"
    pic.ack()
    assert not chosen(), "what asks may not interrupt IR3"
    (end,) = (gate for gate in pic.gates(5) if not gate.open)
    assert end.says == "IR3 is in service, and lets only more urgent inputs interrupt"


chip = st.sampled_from([MASTER, SLAVE])
level = st.integers(0, 7)
commands = [EOI, SPECIFIC_EOI, ROTATE_EOI, ROTATE_SPECIFIC, SET_PRIORITY, 0x80, 0x00, 0x40]
steps = st.one_of(
    st.tuples(st.just("line"), st.sampled_from(NUMBERS), st.booleans()),
    st.tuples(st.just("line"), st.sampled_from(NUMBERS), st.just(True)),
    st.tuples(st.just("mask"), chip, st.sampled_from([0, 0, 1, 4, 0x10, 0x84, 0xFF])),
    st.tuples(st.just("out"), chip, st.builds(int.__or__, st.sampled_from(commands), level)),
    st.tuples(st.just("out"), chip, st.sampled_from([SPECIAL_MASK, NORMAL_MASK, READ_ISR])),
    st.tuples(st.just("poll"), chip),
    st.tuples(st.just("ack")),
    st.tuples(st.just("elcr"), st.sampled_from([ELCR1, ELCR2]), st.integers(0, 255)),
    st.tuples(
        st.just("init"),
        st.just(MASTER),
        st.sampled_from([1, 3, 0x11, 0x13]),
        st.sampled_from([4, 4, 4, 0, 0x0C]),
    ),
    st.tuples(
        st.just("init"),
        st.just(SLAVE),
        st.sampled_from([1, 3, 0x11, 0x13]),
        st.sampled_from([2, 2, 2, 5]),
    ),
)


def play(pic, step):
    kind, *rest = step
    if kind == "line":
        pic.line(*rest)
    elif kind == "mask":
        pic.out(rest[0] + 1, rest[1])
    elif kind in {"out", "elcr"}:
        pic.out(*rest)
    elif kind == "poll":
        pic.out(rest[0], POLL)
        pic.inp(rest[0])
    elif kind == "ack":
        if pic.intr:
            pic.ack()
    else:
        words = (0x20, rest[2]) if rest[0] == MASTER else (0x28, rest[2] & 7)
        pic.initialize(rest[0], ICW1, *words, rest[1])


def taken(pic):
    """What an acknowledge gives: the vector, and the interrupt that is served now, if any is."""
    copy = pickle.loads(pickle.dumps(pic))
    masters = copy.pair.master.best()
    slaves = copy.pair.slave.best()
    if masters < 0:
        return copy.ack(), None
    if masters == 2 and copy.pair.master.slaves() & 4:
        return copy.ack(), slaves + 8 if slaves >= 0 and copy.pair.slave.icw3[0] == 2 else None
    return copy.ack(), None if copy.pair.master.slaves() >> masters & 1 else masters


def check_the_acknowledge(pic):
    """An interrupt's gates are open exactly if it is the one that an acknowledge would give."""
    passages = {number: pic.pair.passages(number, 0)[0] for number in NUMBERS}
    opened = {n for n, passage in passages.items() if first_shut(passage.gates) is None}
    vector, number = taken(pic)
    assert opened == ({number} - {2, None})
    if opened:
        assert pic.intr
        assert passages[number].vector == vector
        assert passages[number].output == "int"


@settings(max_examples=150)
@given(st.lists(steps, min_size=3, max_size=30))
def test_the_acknowledge_gives_the_interrupt_whose_gates_are_open(history):
    pic = Pic()
    for step in history:
        play(pic, step)
    check_the_acknowledge(pic)


@settings(max_examples=40)
@given(st.lists(steps, max_size=25), st.lists(steps, max_size=15))
def test_a_restored_copy_goes_on_alike_and_looking_changes_nothing(before, after):
    pic = Pic()
    for step in before:
        play(pic, step)
    frozen, state = pickle.dumps(pic), State(pic)
    held = state.save()
    for port in (MASTER, MASTER + 1, SLAVE, SLAVE + 1, ELCR1, ELCR2):
        pic.io.peek(port, 1)
    pic.pair.interrupts(0)
    pic.pair.passages(9, 0)
    assert state.save() == held
    copy = pickle.loads(frozen)
    for step in after:
        play(pic, step)
        play(copy, step)
        assert copy.intr == pic.intr
        for base in (MASTER, SLAVE):
            assert (copy.irr(base), copy.isr(base), copy.inp(base + 1)) == (
                pic.irr(base), pic.isr(base), pic.inp(base + 1),
            )  # fmt: skip


def test_reset_forgets_requests_but_not_the_wires(pic):
    pic.out(ELCR1, 0x08)
    pic.line(3)
    pic.line(9)
    pic.ack()
    pic.pair.reset()
    assert (pic.intr, pic.irr(), pic.isr(), pic.inp(ELCR1)) == (False, 0, 0, 0)
    pic.out(ELCR1, 0x08)
    assert pic.intr, "the line is still high"


def test_stores_name_the_word_that_they_are(pic):
    file = pic.pair.files["I8259_MASTER"]
    named = {value: file.slot_at(0, write=True, value=value).name for value in (0x11, 0x20, 0x0B)}
    assert named == {0x11: "ICW1", 0x20: "OCW2", 0x0B: "OCW3"}
    order = []
    for value in (0x11, 0x20, 0x04, 0x01):
        port = 0 if value == 0x11 else 1
        order.append(file.slot_at(port, write=True, value=value).name)
        pic.out(MASTER + port, value)
    assert order == ["ICW1", "ICW2", "ICW3", "ICW4"]
    assert file.slot_at(1, write=True, value=0).name == "OCW1"
