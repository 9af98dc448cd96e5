"""GPIO: BCM2835 ARM Peripherals, chapter 6, and BCM2711 ARM Peripherals, chapter 5."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.bcm.bcm2835_gpio import BANKS, Bcm2711Gpio, Bcm2835Gpio, Config
from kerneltui.hw.clock import Clock
from kerneltui.hw.line import Line
from kerneltui.hw.rule import first_shut

FSEL, SET, CLR, LEV, EDS = 0x00, 0x1C, 0x28, 0x34, 0x40
REN, FEN, HEN, LEN, AREN, AFEN = 0x4C, 0x58, 0x64, 0x70, 0x7C, 0x88
PUD, PUDCLK, PUP_PDN = 0x94, 0x98, 0xE4
each_chip = pytest.mark.parametrize("chip", [Bcm2835Gpio, Bcm2711Gpio])
PINS = {Bcm2835Gpio: 54, Bcm2711Gpio: 58}
UP = {*range(9), *range(34, 37), *range(46, 58)}


def make(chip=Bcm2835Gpio):
    return chip("gpio", Config(), Clock())


@pytest.fixture
def gpio():
    return make()


def place(offset, pin):
    return offset + 4 * (pin // 32), 1 << pin % 32


def put(gpio, offset, pin):
    """Store a one to a pin's bit, and keep the others where they can be kept."""
    at, bit = place(offset, pin)
    held = gpio.regs.peek(at) if offset not in (SET, CLR, EDS) else 0
    gpio.regs.write(at, held | bit)


def bit(gpio, offset, pin):
    at, mask = place(offset, pin)
    return int(gpio.regs.read(at) & mask != 0)


def select(gpio, pin, function):
    at, lsb = FSEL + 4 * (pin // 10), 3 * (pin % 10)
    gpio.regs.write(at, gpio.regs.read(at) & ~(7 << lsb) | function << lsb)


def lines(gpio):
    return {bank for bank in BANKS if gpio.outputs[bank][0].level}


def wire_to(gpio, pin):
    wire = Line("outside")
    wire.connect(gpio.input("pin", pin))
    return wire


# -- function and level ----------------------------------------------------------------------------


@each_chip
def test_after_reset_all_pins_are_inputs_with_their_pull_resistors(chip):
    gpio = make(chip)
    assert {gpio.regs.read(FSEL + 4 * n) for n in range(6)} == {0}
    high = {pin for pin in range(PINS[chip]) if bit(gpio, LEV, pin)}
    assert high == {pin for pin in UP if pin < PINS[chip]}
    assert lines(gpio) == set()
    for offset in (EDS, REN, FEN, HEN, LEN, AREN, AFEN):
        assert (gpio.regs.read(offset), gpio.regs.read(offset + 4)) == (0, 0)


@each_chip
@pytest.mark.parametrize("offset", [REN, FEN, HEN, LEN, AREN, AFEN])
def test_only_pins_that_exist_have_bits(chip, offset):
    gpio = make(chip)
    for at in (offset, offset + 4):
        gpio.regs.write(at, 0xFFFF_FFFF)
    assert gpio.regs.read(offset) == 0xFFFF_FFFF
    assert gpio.regs.read(offset + 4) == (1 << PINS[chip] - 32) - 1


@each_chip
def test_function_select_keeps_three_bits_of_each_pin(chip):
    gpio = make(chip)
    for n in range(6):
        gpio.regs.write(FSEL + 4 * n, 0xFFFF_FFFF)
        pins = min(10, PINS[chip] - 10 * n)
        assert gpio.regs.read(FSEL + 4 * n) == (1 << 3 * pins) - 1


@each_chip
@pytest.mark.parametrize("pin", [0, 17, 31, 32, 47, 53])
def test_an_output_is_set_and_cleared(chip, pin):
    gpio = make(chip)
    select(gpio, pin, 1)
    for offset, level in ((SET, 1), (SET, 1), (CLR, 0)):
        put(gpio, offset, pin)
        assert bit(gpio, LEV, pin) == level
        assert gpio.outputs[f"pin{pin}"][0].level == bool(level)


@pytest.mark.parametrize("function", [0, 2, 3, 4, 5, 6, 7])
def test_what_was_set_last_counts_when_the_pin_becomes_an_output(gpio, function):
    select(gpio, 17, function)
    put(gpio, SET, 17)
    assert bit(gpio, LEV, 17) == 0
    select(gpio, 17, 1)
    assert bit(gpio, LEV, 17) == 1
    select(gpio, 17, function)
    assert bit(gpio, LEV, 17) == 0


def test_zeros_change_no_output(gpio):
    select(gpio, 4, 1)
    put(gpio, SET, 4)
    gpio.regs.write(SET, 0)
    gpio.regs.write(CLR, 0)
    assert bit(gpio, LEV, 4) == 1


def test_the_write_only_registers_read_as_the_name_of_the_block(gpio):
    assert {gpio.regs.read(at) for at in (SET, SET + 4, CLR, CLR + 4)} == {0x6770_696F}


def test_an_input_has_the_level_of_its_wire(gpio):
    wire = wire_to(gpio, 5)
    assert bit(gpio, LEV, 5) == 0  # in spite of its pull-up
    wire.set(True)
    assert bit(gpio, LEV, 5) == 1
    gpio.reset()
    assert bit(gpio, LEV, 5) == 1


def test_a_pins_wire_can_be_driven_from_outside(gpio):
    for level in (True, False, True):
        gpio.outputs["pin20"][0].set(level)
        gpio.output_driven()
        assert bit(gpio, LEV, 20) == int(level)


def test_an_output_keeps_its_level_when_its_wire_is_driven(gpio):
    select(gpio, 20, 1)
    gpio.outputs["pin20"][0].set(True)
    gpio.output_driven()
    assert bit(gpio, LEV, 20) == 0


@pytest.mark.parametrize(("pin", "number"), [("pin", 54), ("pin", -1), ("button", 0)])
def test_there_are_no_other_inputs(gpio, pin, number):
    with pytest.raises(ValueError, match="only 'pin' 0-53"):
        gpio.input(pin, number)


# -- pull resistors --------------------------------------------------------------------------------


def test_gppud_comes_to_the_pins_that_are_clocked(gpio):
    gpio.regs.write(PUD, 2)
    assert bit(gpio, LEV, 17) == 0
    gpio.regs.write(PUDCLK, 1 << 17)
    gpio.regs.write(PUD, 0)
    gpio.regs.write(PUDCLK, 0)
    assert (bit(gpio, LEV, 17), bit(gpio, LEV, 18)) == (1, 0)
    gpio.regs.write(PUD, 1)
    gpio.regs.write(PUDCLK, 1 << 17)
    assert bit(gpio, LEV, 17) == 0


def test_on_the_bcm2711_each_pin_has_two_bits():
    gpio = make(Bcm2711Gpio)
    assert [gpio.regs.read(PUP_PDN + 4 * n) for n in range(4)] == [
        0xAAA9_5555, 0xA0AA_AAAA, 0x50AA_A95A, 0x0005_5555,
    ]  # fmt: skip
    gpio.regs.write(PUP_PDN + 4, 0x4)
    assert (bit(gpio, LEV, 17), bit(gpio, LEV, 16)) == (1, 0)
    gpio.regs.write(PUP_PDN + 4, 0x8)
    assert bit(gpio, LEV, 17) == 0


def test_the_bcm2711_has_no_gppud():
    gpio, told = make(Bcm2711Gpio), []
    gpio.regs.on_unmodelled = told.append
    gpio.regs.write(PUD, 2)
    gpio.regs.write(PUDCLK, 1 << 17)
    assert bit(gpio, LEV, 17) == 0
    assert len(told) == 2


# -- events ----------------------------------------------------------------------------------------


@each_chip
@pytest.mark.parametrize(
    ("offset", "on_rise", "on_fall"),
    [(REN, 1, 0), (AREN, 1, 0), (FEN, 0, 1), (AFEN, 0, 1)],
)
@pytest.mark.parametrize("pin", [9, 27, 28, 40, 45])
def test_an_edge_is_detected_once(chip, offset, on_rise, on_fall, pin):
    gpio = make(chip)
    wire = wire_to(gpio, pin)
    put(gpio, offset, pin)
    for level, event in ((True, on_rise), (False, on_fall)):
        assert bit(gpio, EDS, pin) == 0
        wire.set(level)
        assert bit(gpio, EDS, pin) == event
        put(gpio, EDS, pin)
        assert bit(gpio, EDS, pin) == 0


@pytest.mark.parametrize(("offset", "level"), [(HEN, True), (LEN, False)])
def test_a_level_is_detected_as_long_as_it_holds(gpio, offset, level):
    wire = wire_to(gpio, 9)
    wire.set(not level)
    put(gpio, offset, 9)
    assert bit(gpio, EDS, 9) == 0
    wire.set(level)
    assert bit(gpio, EDS, 9) == 1
    put(gpio, EDS, 9)
    assert (bit(gpio, EDS, 9), lines(gpio)) == (1, {"bank0", "all"})
    wire.set(not level)
    assert bit(gpio, EDS, 9) == 1
    put(gpio, EDS, 9)
    assert (bit(gpio, EDS, 9), lines(gpio)) == (0, set())


def test_a_level_that_holds_already_is_detected_when_that_is_switched_on(gpio):
    put(gpio, HEN, 0)
    assert bit(gpio, EDS, 0) == 1


def test_switching_detection_off_keeps_the_event(gpio):
    put(gpio, HEN, 0)
    gpio.regs.write(HEN, 0)
    assert bit(gpio, EDS, 0) == 1
    put(gpio, EDS, 0)
    assert bit(gpio, EDS, 0) == 0


def test_nothing_is_detected_where_it_is_not_switched_on(gpio):
    wire = wire_to(gpio, 9)
    put(gpio, REN, 10)
    wire.set(True)
    wire.set(False)
    assert gpio.regs.read(EDS) == 0


@pytest.mark.parametrize("way", ["output", "pull", "function"])
def test_the_chips_own_edges_are_detected_too(gpio, way):
    put(gpio, REN, 9)
    if way == "output":
        select(gpio, 9, 1)
        put(gpio, SET, 9)
    elif way == "pull":
        gpio.regs.write(PUD, 2)
        gpio.regs.write(PUDCLK, 1 << 9)
    else:
        put(gpio, SET, 9)
        select(gpio, 9, 1)
    assert bit(gpio, EDS, 9) == 1


# -- interrupts ------------------------------------------------------------------------------------


@each_chip
@pytest.mark.parametrize(
    ("pin", "bank"),
    [(0, "bank0"), (27, "bank0"), (28, "bank1"), (31, "bank1"), (32, "bank1"), (45, "bank1"),
     (46, "bank2"), (53, "bank2")],
)  # fmt: skip
def test_a_pin_interrupts_by_its_bank_and_by_the_common_line(chip, pin, bank):
    gpio = make(chip)
    wire = wire_to(gpio, pin)
    put(gpio, REN, pin)
    wire.set(True)
    assert lines(gpio) == {bank, "all"}
    (cause,) = gpio.causes(bank, 0)
    assert cause.title == f"an event on GPIO {pin}"
    assert first_shut(cause.gates) is None
    put(gpio, EDS, pin)
    assert lines(gpio) == set()


def test_the_gates_say_what_is_missing(gpio):
    (cause,) = gpio.causes("bank1", 0)
    assert [(gate.name, gate.register) for gate in cause.gates if not gate.open] == [
        ("detection on", "GPREN0"), ("event detected", "GPEDS0"),
    ]  # fmt: skip
    put(gpio, AFEN, 33)
    (cause,) = gpio.causes("bank1", 0)
    assert [(gate.open, gate.register) for gate in cause.gates] == [
        (True, "GPAFEN1"), (False, "GPEDS1"),
    ]  # fmt: skip


OFFSETS = (FSEL, FSEL + 4, SET, CLR, EDS, REN, FEN, HEN, LEN, AREN, AFEN, PUD, PUDCLK)
ACTIONS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(OFFSETS), st.integers(0, 0xFFFF_FFFF)),
    st.tuples(st.just("wire"), st.integers(0, 53), st.booleans()),
    st.tuples(st.just("drive"), st.integers(0, 53), st.booleans()),
)


def act(gpio, kind, first, second):
    if kind == "write":
        gpio.regs.write(first, second)
    elif kind == "wire":
        gpio.input("pin", first)(second)
    else:
        gpio.outputs[f"pin{first}"][0].set(second)
        gpio.output_driven()


def seen(gpio):
    return [gpio.regs.peek(slot.key) for slot in gpio.regs.slots()]


@given(st.lists(ACTIONS, max_size=30))
def test_the_lines_are_what_the_gates_say_and_looking_changes_nothing(actions):
    gpio, unseen = make(), make()
    for action in actions:
        act(gpio, *action)
        act(unseen, *action)
        for bank in BANKS:
            held = any(first_shut(cause.gates) is None for cause in gpio.causes(bank, 0))
            assert gpio.outputs[bank][0].level == held
        assert seen(gpio) == seen(gpio)
    assert seen(gpio) == seen(unseen)


@given(st.lists(ACTIONS, max_size=20), st.lists(ACTIONS, max_size=10))
def test_a_copy_goes_on_as_the_original(before, after):
    gpio = make()
    for action in before:
        act(gpio, *action)
    copy = pickle.loads(pickle.dumps(gpio))
    for action in after:
        act(gpio, *action)
        act(copy, *action)
    assert (seen(gpio), lines(gpio)) == (seen(copy), lines(copy))
