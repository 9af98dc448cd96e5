"""PL011 UART: Arm DDI 0183G, sentence by sentence."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.arm.pl011 import Config, Pl011
from kerneltui.hw.clock import Clock

DR, RSR, FR, IBRD, FBRD, LCR_H, CR = 0x00, 0x04, 0x18, 0x24, 0x28, 0x2C, 0x30
IFLS, IMSC, RIS, MIS, ICR = 0x34, 0x38, 0x3C, 0x40, 0x44
CTS, BUSY, RXFE, TXFF, RXFF, TXFE = 0x01, 0x08, 0x10, 0x20, 0x40, 0x80
RX, TX, RT, FE, PE, BE, OE = 0x10, 0x20, 0x40, 0x80, 0x100, 0x200, 0x400
FEN, EIGHT_BITS = 0x10, 0x60
ENABLED, LOOPBACK = 0x301, 0x381
# 48 MHz / (16 * (26 + 3/64)) = 115177 baud; a bit takes (26 * 64 + 3) / 4 clocks.
BIT_CLOCKS = (26 * 64 + 3) / 4
LEVELS = [(0, 2), (1, 4), (2, 8), (3, 12), (4, 14)]


def make(fifo=False, control=ENABLED, **config):
    uart = Pl011("uart", Config(**config), Clock())
    uart.sent = []
    uart.transmit = uart.sent.append
    uart.regs.write(IBRD, 26)
    uart.regs.write(FBRD, 3)
    uart.regs.write(LCR_H, EIGHT_BITS | (FEN if fifo else 0))
    uart.regs.write(CR, control)
    return uart


@pytest.fixture
def uart():
    return make()


@pytest.fixture
def fifo():
    return make(fifo=True)


def bits_ns(bits):
    return -(-bits * 1667 * 10**9 // (4 * 48_000_000))


def advance(uart, ns):
    uart.clock.advance(uart.clock.now + ns)


def levels(uart):
    return {name for name, lines in uart.outputs.items() if lines[0].level}


def drain(uart):
    characters = []
    while not uart.regs.peek(FR) & RXFE:
        characters.append(uart.regs.read(DR))
    return characters


def test_reset_values():
    regs = Pl011("uart", Config(), Clock()).regs
    values = {slot.name: regs.peek(slot.offset) for slot in regs.slots()}
    told = {name: value for name, value in values.items() if value and "Cell" not in name}
    assert told == {
        "UARTFR": 0x90, "UARTCR": 0x300, "UARTIFLS": 0x12,
        "UARTPeriphID0": 0x11, "UARTPeriphID1": 0x10, "UARTPeriphID2": 0x24,
    }  # fmt: skip
    assert [values[f"UARTPCellID{n}"] for n in range(4)] == [0x0D, 0xF0, 0x05, 0xB1]


@pytest.mark.parametrize(
    ("line_control", "bits"),
    [(0x00, 7), (0x20, 8), (0x40, 9), (0x60, 10), (0x62, 11), (0x68, 11), (0x6A, 12)],
)
def test_a_frame_is_start_data_parity_and_stop_bits(uart, line_control, bits):
    uart.regs.write(LCR_H, line_control)
    assert uart.frame_ns() == bits_ns(bits)
    assert uart.frame_ns() == pytest.approx(bits * BIT_CLOCKS * 1e9 / 48e6, abs=1)


def test_the_divisor_takes_effect_at_the_next_store_to_the_line_control_register(uart):
    before = uart.frame_ns()
    uart.regs.write(IBRD, 52)
    uart.regs.write(FBRD, 6)
    assert uart.frame_ns() == before
    uart.regs.write(LCR_H, EIGHT_BITS)
    assert uart.frame_ns() == pytest.approx(2 * before, abs=1)


def test_without_a_divisor_a_frame_still_has_a_sane_length():
    uart = Pl011("uart", Config(), Clock())
    uart.regs.write(LCR_H, EIGHT_BITS)
    assert uart.frame_ns() == 86_806


def test_a_character_arrives_when_its_last_bit_has_left(uart):
    uart.regs.write(DR, 0x41)
    assert uart.regs.read(FR) == BUSY | TXFE | RXFE
    advance(uart, uart.frame_ns() - 1)
    assert (uart.sent, uart.regs.read(FR) & BUSY) == ([], BUSY)
    advance(uart, 1)
    assert (uart.sent, uart.regs.read(FR) & BUSY) == ([0x41], 0)


def test_characters_follow_each_other_without_a_gap(fifo):
    for byte in range(5):
        fifo.regs.write(DR, byte)
    for count in range(5):
        assert fifo.sent == list(range(count))
        advance(fifo, fifo.frame_ns())
    assert fifo.sent == [0, 1, 2, 3, 4]


def test_character_mode_has_a_shift_register_and_one_holding_register(uart):
    uart.regs.write(DR, 1)
    assert not uart.regs.read(FR) & TXFF
    uart.regs.write(DR, 2)
    assert uart.regs.read(FR) & (TXFF | TXFE) == TXFF
    uart.regs.write(DR, 3)
    advance(uart, 10 * uart.frame_ns())
    assert uart.sent == [1, 2]


def test_the_transmit_fifo_holds_sixteen_besides_the_shift_register(fifo):
    for byte in range(16):
        fifo.regs.write(DR, byte)
        assert not fifo.regs.read(FR) & TXFF
    fifo.regs.write(DR, 16)
    assert fifo.regs.read(FR) & TXFF
    advance(fifo, 20 * fifo.frame_ns())
    assert fifo.sent == list(range(17))


def test_transmit_interrupt_needs_a_transition_not_a_level(uart):
    uart.regs.write(IMSC, TX)
    advance(uart, 10**9)
    assert levels(uart) == set(), "enabled before any data is written: not set"
    uart.regs.write(DR, 1)
    assert levels(uart) == {"irq", "tx"}, "the data has left the holding register"
    uart.regs.write(ICR, TX)
    assert levels(uart) == set()
    advance(uart, 10 * uart.frame_ns())
    assert levels(uart) == set(), "the end of the character itself is no event"


def test_a_single_write_clears_the_transmit_interrupt_in_character_mode(uart):
    uart.regs.write(DR, 1)
    assert uart.regs.read(RIS) == TX
    uart.regs.write(DR, 2)
    assert uart.regs.read(RIS) == 0
    advance(uart, uart.frame_ns())
    assert uart.regs.read(RIS) == TX


@pytest.mark.parametrize(("select", "level"), LEVELS)
def test_transmit_interrupt_comes_as_the_fifo_empties_to_its_level(fifo, select, level):
    fifo.regs.write(IFLS, select)
    for byte in range(level + 1):
        fifo.regs.write(DR, byte)
    assert fifo.regs.read(RIS) == 0, "the FIFO has never been above its level"
    fifo.regs.write(DR, 0)
    fifo.regs.write(DR, 0)
    advance(fifo, fifo.frame_ns())
    assert fifo.regs.read(RIS) == 0
    advance(fifo, fifo.frame_ns())
    assert fifo.regs.read(RIS) == TX
    fifo.regs.write(DR, 0)
    assert fifo.regs.read(RIS) == 0, "above the level again"


@pytest.mark.parametrize(("select", "level"), LEVELS)
def test_receive_interrupt_comes_as_the_fifo_reaches_its_level(fifo, select, level):
    fifo.regs.write(IFLS, select << 3)
    for byte in range(level - 1):
        fifo.receive(byte)
    assert fifo.regs.read(RIS) == 0
    fifo.receive(0)
    assert fifo.regs.read(RIS) == RX
    fifo.regs.read(DR)
    assert fifo.regs.read(RIS) == 0, "less than the trigger level"


def test_a_cleared_receive_interrupt_does_not_come_back_above_the_level(fifo):
    fifo.regs.write(IFLS, 0)
    fifo.receive(1)
    fifo.receive(2)
    fifo.regs.write(ICR, RX)
    fifo.receive(3)
    assert fifo.regs.read(RIS) == 0


def test_character_mode_interrupts_at_each_character(uart):
    uart.regs.write(IMSC, RX)
    uart.receive(0x41)
    assert levels(uart) == {"irq", "rx"}
    assert uart.regs.read(FR) & (RXFE | RXFF) == RXFF
    assert uart.regs.read(DR) == 0x41
    assert levels(uart) == set()
    assert uart.regs.read(FR) & (RXFE | RXFF) == RXFE


def test_peeking_at_the_data_register_takes_nothing_out(fifo):
    fifo.receive(1)
    fifo.receive(2)
    assert [fifo.regs.peek(DR) for _ in range(3)] == [1, 1, 1]
    assert drain(fifo) == [1, 2]


def test_the_data_register_may_be_read_by_byte(fifo):
    fifo.receive(0x41, 1)
    fifo.receive(0x42)
    assert fifo.regs.read(DR, 1) == 0x41
    assert fifo.regs.read(DR, 1) == 0x42
    fifo.regs.write(DR, 0x43, 1)
    advance(fifo, fifo.frame_ns())
    assert fifo.sent == [0x43]


def test_receive_timeout_after_32_bit_times_of_silence(fifo):
    fifo.regs.write(IMSC, RT)
    fifo.receive(1)
    advance(fifo, bits_ns(32) - 1)
    fifo.receive(2)
    advance(fifo, bits_ns(32) - 1)
    assert levels(fifo) == set()
    advance(fifo, 1)
    assert levels(fifo) == {"irq", "rt"}
    fifo.regs.read(DR)
    assert levels(fifo) == {"irq", "rt"}, "the FIFO is not empty yet"
    fifo.regs.read(DR)
    assert levels(fifo) == set()
    advance(fifo, bits_ns(64))
    assert levels(fifo) == set()


def test_receive_timeout_cannot_be_set_unless_its_mask_is(fifo):
    fifo.receive(1)
    advance(fifo, bits_ns(64))
    assert fifo.regs.read(RIS) == 0
    fifo.regs.write(IMSC, RT)
    advance(fifo, bits_ns(32))
    assert fifo.regs.read(RIS) == fifo.regs.read(MIS) == RT
    fifo.regs.write(IMSC, 0)
    assert fifo.regs.read(RIS) == fifo.regs.read(MIS) == 0


def test_an_empty_receiver_does_not_time_out(fifo):
    fifo.regs.write(IMSC, RT)
    advance(fifo, bits_ns(64))
    assert fifo.regs.read(RIS) == 0


def test_a_cleared_timeout_returns_while_characters_wait(fifo):
    fifo.regs.write(IMSC, RT)
    fifo.receive(1)
    advance(fifo, bits_ns(32))
    fifo.regs.write(ICR, RT)
    assert levels(fifo) == set()
    advance(fifo, bits_ns(32))
    assert levels(fifo) == {"irq", "rt"}


@pytest.mark.parametrize(("error", "interrupt"), [(1, FE), (2, PE), (4, BE)])
def test_errors_travel_with_their_character(fifo, error, interrupt):
    fifo.regs.write(IMSC, FE | PE | BE | OE)
    fifo.receive(0x41)
    assert levels(fifo) == set()
    fifo.receive(0x42, error)
    assert levels(fifo) == {"irq", "e"}
    assert fifo.regs.read(RIS) == interrupt
    assert (fifo.regs.read(DR), fifo.regs.read(RSR)) == (0x41, 0)
    assert (fifo.regs.read(DR), fifo.regs.read(RSR)) == (error << 8 | 0x42, error)
    fifo.regs.write(RSR, 0)
    assert fifo.regs.read(RSR) == 0
    assert levels(fifo) == {"irq", "e"}
    fifo.regs.write(ICR, interrupt)
    assert levels(fifo) == set()


def test_overrun_loses_the_new_character_and_marks_the_next(fifo):
    for byte in range(16):
        fifo.receive(byte)
    assert fifo.regs.read(FR) & RXFF
    assert fifo.regs.read(RSR) == 0
    fifo.receive(0x99)
    assert fifo.regs.read(RSR) == 8, "set immediately when an overrun occurs"
    assert fifo.regs.read(RIS) & OE
    assert fifo.regs.read(DR) == 0
    fifo.receive(0x55)
    fifo.regs.read(DR)
    fifo.receive(0x56)
    assert drain(fifo) == [*range(2, 16), 0x855, 0x56]
    assert fifo.regs.read(RSR) == 8
    fifo.regs.write(RSR, 0xFF)
    assert fifo.regs.read(RSR) == 0


def test_characters_have_as_many_bits_as_the_word_length_says(uart):
    uart.regs.write(LCR_H, 0x40)
    uart.regs.write(DR, 0xC1)
    uart.receive(0xC2)
    advance(uart, uart.frame_ns())
    assert uart.sent == [0x41]
    assert uart.regs.read(DR) == 0x42


@pytest.mark.parametrize("control", [0x000, 0x001, 0x300, 0x200])
def test_nothing_is_sent_until_uart_and_transmitter_are_enabled(control):
    uart = make(fifo=True, control=control)
    uart.regs.write(DR, 1)
    uart.regs.write(DR, 2)
    advance(uart, 10 * uart.frame_ns())
    assert uart.sent == []
    assert uart.regs.read(FR) & (BUSY | TXFE) == BUSY, "busy whether or not enabled"
    uart.regs.write(CR, 0x101)
    advance(uart, 2 * uart.frame_ns())
    assert uart.sent == [1, 2]


@pytest.mark.parametrize("control", [0x000, 0x001, 0x300, 0x101])
def test_nothing_is_received_until_uart_and_receiver_are_enabled(control):
    uart = make(control=control)
    uart.receive(1, 1)
    assert uart.regs.read(RIS) == 0
    assert uart.regs.read(FR) & RXFE
    uart.regs.write(CR, 0x201)
    uart.receive(2)
    assert uart.regs.read(DR) == 2


def test_a_uart_disabled_in_a_character_completes_it_before_stopping(fifo):
    fifo.regs.write(DR, 1)
    fifo.regs.write(DR, 2)
    advance(fifo, 1000)
    fifo.regs.write(CR, 0)
    advance(fifo, 10 * fifo.frame_ns())
    assert fifo.sent == [1]


def test_disabling_the_fifos_flushes_them(fifo):
    for byte in range(4):
        fifo.regs.write(DR, byte)
        fifo.receive(byte)
    fifo.regs.write(LCR_H, EIGHT_BITS)
    assert fifo.regs.read(FR) & (TXFE | RXFE) == TXFE | RXFE
    advance(fifo, 10 * fifo.frame_ns())
    assert fifo.sent == [0], "what is in the shift register is not in the FIFO"
    assert not fifo.regs.read(FR) & BUSY


def test_no_character_starts_during_a_break(fifo):
    fifo.regs.write(DR, 1)
    fifo.regs.write(DR, 2)
    fifo.regs.write(LCR_H, EIGHT_BITS | FEN | 1)
    advance(fifo, 10 * fifo.frame_ns())
    assert fifo.sent == [1]
    fifo.regs.write(LCR_H, EIGHT_BITS | FEN)
    advance(fifo, fifo.frame_ns())
    assert fifo.sent == [1, 2]


def test_loopback_feeds_sent_characters_to_the_receiver_and_cuts_off_the_pin():
    uart = make(fifo=True, control=LOOPBACK)
    uart.receive(0x99)
    uart.regs.write(DR, 0x41)
    assert uart.regs.read(FR) & RXFE
    advance(uart, uart.frame_ns())
    assert drain(uart) == [0x41]
    uart.regs.write(LCR_H, EIGHT_BITS | FEN | 1)
    assert drain(uart) == [0x400]


@pytest.mark.parametrize(
    ("pin", "output", "flag", "interrupt"),
    [("cts", 0x800, 0x01, 2), ("dsr", 0x400, 0x02, 8), ("dcd", 0x1000, 0x04, 4),
     ("ri", 0x2000, 0x100, 1)],
)  # fmt: skip
def test_modem_inputs_interrupt_at_each_change(uart, pin, output, flag, interrupt):
    modem = 0x107
    uart.regs.write(IMSC, 0xF)
    wire = uart.input(pin)
    for level in (True, False):
        wire(level)
        assert uart.regs.read(FR) & modem == (flag if level else 0)
        assert uart.regs.read(RIS) == interrupt
        assert levels(uart) == {"irq", "ms"}
        uart.regs.write(ICR, interrupt)
        assert levels(uart) == set()
    uart.regs.write(CR, LOOPBACK | output)
    assert uart.regs.read(FR) & modem == flag, "in loopback the outputs are the inputs"
    assert uart.regs.read(RIS) == interrupt


def test_with_cts_flow_control_nothing_starts_until_clear_to_send():
    uart = make(fifo=True, control=ENABLED | 0x8000)
    uart.regs.write(DR, 1)
    uart.regs.write(DR, 2)
    advance(uart, 10 * uart.frame_ns())
    assert uart.sent == []
    uart.input("cts")(True)
    advance(uart, 1)
    uart.input("cts")(False)
    advance(uart, 10 * uart.frame_ns())
    assert uart.sent == [1]


def test_combined_interrupt_is_the_or_of_the_masked_ones(uart):
    uart.receive(1, 1)
    uart.regs.write(DR, 1)
    assert levels(uart) == set()
    for mask, expected in ((RX, "rx"), (TX, "tx"), (FE, "e")):
        uart.regs.write(IMSC, mask)
        assert levels(uart) == {"irq", expected}
        assert uart.regs.read(MIS) == mask
    uart.regs.write(IMSC, 0x7FF)
    assert levels(uart) == {"irq", "rx", "tx", "e"}
    assert list(uart.outputs) == ["irq", "rx", "tx", "rt", "ms", "e"]


def test_an_instant_transmitter_is_never_busy_and_interrupts_at_each_character():
    uart = make(fifo=True, instant=True)
    uart.regs.write(IMSC, TX)
    for byte in range(40):
        uart.regs.write(DR, byte)
        assert uart.regs.read(FR) & (BUSY | TXFF | TXFE) == TXFE
        assert levels(uart) == {"irq", "tx"}
        uart.regs.write(ICR, TX)
        assert levels(uart) == set()
    assert uart.sent == list(range(40))


def test_flag_and_status_registers_ignore_stores_and_irda_is_reported(uart):
    told = []
    uart.regs.on_unmodelled = told.append
    for offset in (FR, RIS, MIS):
        before = uart.regs.peek(offset)
        uart.regs.write(offset, 0xFFFF_FFFF)
        assert uart.regs.peek(offset) == before
    assert told == []
    uart.regs.write(CR, ENABLED | 2)
    assert len(told) == 1
    assert uart.regs.read(CR) == ENABLED


def test_unknown_inputs_are_refused(uart):
    with pytest.raises(ValueError, match="cts"):
        uart.input("rxd")


def test_a_snapshot_goes_on_alike(fifo):
    fifo.regs.write(IMSC, 0x7FF)
    fifo.transmit = None
    for byte in range(12):
        fifo.regs.write(DR, byte)
    fifo.receive(1)
    advance(fifo, 100_000)
    twin = pickle.loads(pickle.dumps(fifo))
    seen = []
    for each in (fifo, twin):
        story = []
        for _ in range(40):
            advance(each, 50_000)
            story.append((levels(each), [each.regs.peek(o) for o in (DR, FR, RIS, MIS)]))
        seen.append(story)
    assert seen[0] == seen[1]
    assert {"irq", "tx", "rt"} in [line for line, _ in seen[0]]


@given(
    st.booleans(),
    st.lists(
        st.one_of(
            st.tuples(st.just("receive"), st.integers(0, 255)),
            st.tuples(st.just("send"), st.integers(0, 255)),
            st.tuples(st.just("advance"), st.sampled_from([1, 40_000, 90_000, 400_000])),
            st.tuples(st.just("read"), st.none()),
            st.tuples(st.just("mask"), st.integers(0, 0x7FF)),
            st.tuples(st.just("clear"), st.integers(0, 0x7FF)),
        ),
        max_size=60,
    ),
)
def test_nothing_is_lost_or_reordered_but_by_overrun(use_fifo, actions):
    uart = make(fifo=use_fifo)
    depth = 16 if use_fifo else 1
    inside, written = [], []
    for kind, value in actions:
        if kind == "receive":
            uart.receive(value)
            if len(inside) < depth:
                inside.append(value)
        elif kind == "send":
            if not uart.regs.peek(FR) & TXFF:
                written.append(value)
                uart.regs.write(DR, value)
        elif kind == "advance":
            advance(uart, value)
        elif kind == "read":
            if not uart.regs.peek(FR) & RXFE:
                assert uart.regs.read(DR) & 0xFF == inside.pop(0)
        else:
            uart.regs.write(IMSC if kind == "mask" else ICR, value)
        flags = uart.regs.peek(FR)
        assert bool(flags & RXFE) == (not inside)
        assert bool(flags & RXFF) == (len(inside) == depth)
        assert bool(flags & BUSY) == (len(uart.sent) < len(written))
        assert uart.regs.peek(MIS) == uart.regs.peek(RIS) & uart.regs.peek(IMSC)
        assert ("irq" in levels(uart)) == bool(uart.regs.peek(MIS))
        assert uart.sent == written[: len(uart.sent)]
    advance(uart, 40 * uart.frame_ns())
    assert uart.sent == written


# -- enables that fall while a character is on its way -------------------------------------------


@pytest.mark.parametrize("control", [0x000, 0x300, 0x101, 0x001])
def test_a_character_that_has_begun_to_arrive_is_completed(fifo, control):
    start = fifo.frame_ns() // 3
    advance(fifo, 1000)
    advance(fifo, start)
    fifo.regs.write(CR, control)
    advance(fifo, fifo.frame_ns() - start)
    fifo.receive(0x41)
    assert drain(fifo) == [0x41]
    advance(fifo, fifo.frame_ns())
    fifo.receive(0x42, 1)
    assert drain(fifo) == []
    assert fifo.regs.read(RIS) == 0
    fifo.regs.write(CR, ENABLED)
    fifo.receive(0x43)
    assert drain(fifo) == [0x43]


def test_a_disabled_receiver_completes_one_character_and_no_more(fifo):
    advance(fifo, 1000)
    fifo.regs.write(CR, 0x101)
    fifo.receive(0x41)
    fifo.receive(0x42)
    assert drain(fifo) == [0x41]


def test_a_receiver_that_is_on_and_off_in_one_moment_hears_nothing(fifo):
    fifo.regs.write(CR, 0x101)
    fifo.receive(0x41)
    assert drain(fifo) == []


def test_a_receiver_that_is_on_again_does_not_make_up_for_what_it_missed(fifo):
    advance(fifo, 1000)
    fifo.regs.write(CR, 0x101)
    advance(fifo, 10 * fifo.frame_ns())
    fifo.regs.write(CR, ENABLED)
    fifo.regs.write(CR, 0x101)
    fifo.receive(0x41)
    assert drain(fifo) == []


def test_a_character_that_begins_as_the_receiver_stops_is_not_received(fifo):
    advance(fifo, 1000)
    fifo.regs.write(CR, 0x101)
    advance(fifo, fifo.frame_ns())
    fifo.receive(0x41)
    assert drain(fifo) == []


def test_what_began_before_the_receiver_was_ever_on_is_not_completed(uart):
    uart.reset()
    advance(uart, uart.frame_ns())
    uart.receive(0x41)
    assert drain(uart) == []


@pytest.mark.parametrize("control", [0x380, 0x281, 0x181, 0x080])
def test_loopback_completes_a_character_when_an_enable_falls(control):
    uart = make(fifo=True, control=LOOPBACK)
    uart.regs.write(DR, 0x41)
    uart.regs.write(DR, 0x42)
    advance(uart, uart.frame_ns() // 2)
    uart.regs.write(CR, control)
    advance(uart, 10 * uart.frame_ns())
    assert drain(uart) == [0x41]
    assert uart.sent == ([0x41, 0x42] if control & 0x101 == 0x101 else [0x41])


def test_an_instant_uart_has_no_character_on_its_way():
    uart = make(fifo=True, control=LOOPBACK, instant=True)
    advance(uart, 10**6)
    uart.regs.write(CR, 0x181)
    uart.regs.write(DR, 0x41)
    assert (drain(uart), uart.sent) == ([], [0x41])


# -- a break is a level --------------------------------------------------------------------------

BREAK = EIGHT_BITS | FEN | 1


def test_a_break_that_waits_for_the_uart_arrives_when_it_is_enabled():
    uart = make(fifo=True, control=0x380)
    uart.regs.write(LCR_H, 0x71)
    assert drain(uart) == []
    uart.regs.write(CR, 0x381)
    assert uart.regs.read(RIS) & BE
    assert uart.regs.read(DR) == 0x400
    assert uart.regs.read(RSR) == 4
    assert drain(uart) == []


@pytest.mark.parametrize("last", [0x001, 0x080, 0x100, 0x200])
def test_a_break_in_loopback_arrives_with_the_last_of_its_conditions(last):
    uart = make(fifo=True, control=LOOPBACK & ~last)
    uart.regs.write(LCR_H, BREAK)
    assert drain(uart) == []
    uart.regs.write(CR, LOOPBACK)
    assert drain(uart) == [0x400]


def test_a_break_is_one_character_until_the_line_has_been_high():
    uart = make(fifo=True, control=LOOPBACK)
    uart.regs.write(LCR_H, BREAK)
    assert drain(uart) == [0x400]
    uart.regs.write(LCR_H, BREAK)
    uart.regs.write(CR, LOOPBACK | 0x800)
    advance(uart, 10 * uart.frame_ns())
    assert drain(uart) == []
    uart.regs.write(LCR_H, BREAK & ~1)
    assert drain(uart) == []
    uart.regs.write(LCR_H, BREAK)
    assert drain(uart) == [0x400]


def test_a_break_begins_after_the_character_in_progress():
    uart = make(fifo=True, control=LOOPBACK)
    uart.regs.write(DR, 0x41)
    uart.regs.write(DR, 0x42)
    uart.regs.write(LCR_H, BREAK)
    advance(uart, uart.frame_ns() - 1)
    assert drain(uart) == []
    advance(uart, 1)
    assert drain(uart) == [0x41, 0x400]
    uart.regs.write(LCR_H, BREAK & ~1)
    advance(uart, uart.frame_ns())
    assert drain(uart) == [0x42]


# -- DMA -----------------------------------------------------------------------------------------


def test_the_dma_control_register_reads_back_its_three_bits(uart):
    told = []
    uart.regs.on_unmodelled = told.append
    for value in (7, 2, 0xFFFF_FFFF):
        uart.regs.write(0x48, value)
        assert uart.regs.read(0x48) == value & 7
    assert told == []
    uart.reset()
    assert uart.regs.read(0x48) == 0
