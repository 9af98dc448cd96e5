"""The mini UART: BCM2835 ARM Peripherals, chapter 2, as the errata correct it."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.bcm.bcm2835_aux import Bcm2835Aux, Config
from kerneltui.hw.clock import Clock
from kerneltui.hw.rule import first_shut

IRQ, ENABLES, IO, IER, IIR, LCR, MCR = 0x00, 0x04, 0x40, 0x44, 0x48, 0x4C, 0x50
LSR, MSR, SCRATCH, CNTL, STAT, BAUD = 0x54, 0x58, 0x5C, 0x60, 0x64, 0x68
RX, TX = 1, 2
NONE, SENT, RECEIVED = 0xC1, 0xC2, 0xC4
READY, OVERRUN, ROOM, IDLE = 0x01, 0x02, 0x20, 0x40
DLAB, BREAK = 0x80, 0x40
DIVISOR = 270
"""250 MHz / (8 * 271) = 115314 baud, as most drivers have it."""
BIT_NS = 8 * (DIVISOR + 1) * 4
FRAME_NS = 10 * BIT_NS


def make(enables=1, lcr=3, **config):
    uart = Bcm2835Aux("aux", Config(**config), Clock())
    uart.sent = []
    uart.transmit = uart.sent.append
    uart.regs.write(ENABLES, enables)
    uart.regs.write(LCR, lcr)
    uart.regs.write(BAUD, DIVISOR)
    return uart


@pytest.fixture
def uart():
    return make()


def advance(uart, ns):
    uart.clock.advance(uart.clock.now + ns)


def line(uart):
    return uart.outputs["irq"][0].level


def put(uart, text):
    for byte in text:
        uart.regs.write(IO, byte)


def arrive(uart, text):
    for byte in text:
        uart.receive(byte)


def drain(uart):
    taken = []
    while uart.regs.peek(LSR) & READY:
        taken.append(uart.regs.read(IO))
    return bytes(taken)


def shut(uart, kind):
    return [gate.name for gate in uart.causes("irq", 0)[kind].gates if not gate.open]


# -- the block -------------------------------------------------------------------------------------


def test_after_reset_the_mini_uart_is_off_and_nothing_of_it_answers():
    uart = Bcm2835Aux("aux", Config(), Clock())
    registers = (ENABLES, IRQ, IO, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH, CNTL, STAT, BAUD)
    assert {uart.regs.read(offset) for offset in registers} == {0}
    for offset in registers[2:]:
        uart.regs.write(offset, 0xFF)
    uart.regs.write(ENABLES, 1)
    assert [uart.regs.read(offset) for offset in (IER, LCR, MCR, SCRATCH, CNTL, BAUD)] == [
        0, 0, 0, 0, 3, 0,
    ]  # fmt: skip
    assert (uart.regs.read(IIR), uart.regs.read(LSR)) == (NONE, ROOM | IDLE)


@pytest.mark.parametrize(
    ("offset", "kept"),
    [(IER, 0x0F), (LCR, 0xC3), (MCR, 0x02), (SCRATCH, 0xFF), (CNTL, 0xFF), (BAUD, 0xFFFF)],
)
def test_settings_keep_the_bits_that_exist(uart, offset, kept):
    uart.regs.write(LCR, 3)
    uart.regs.write(offset, 0xFFFF_FFFF)
    assert uart.regs.peek(offset) == kept
    uart.regs.write(LCR, 0)
    uart.regs.write(offset, 0)
    assert uart.regs.peek(offset) == 0


def test_switched_off_it_keeps_its_settings(uart):
    uart.regs.write(SCRATCH, 0x5A)
    uart.regs.write(ENABLES, 0)
    uart.regs.write(SCRATCH, 0x11)
    assert uart.regs.read(SCRATCH) == 0
    uart.regs.write(ENABLES, 1)
    assert (uart.regs.read(SCRATCH), uart.regs.read(BAUD)) == (0x5A, DIVISOR)


def test_dlab_puts_the_baud_rate_in_place_of_the_first_two_registers(uart):
    uart.regs.write(IER, RX)
    uart.regs.write(LCR, 3 | DLAB)
    assert (uart.regs.read(IO), uart.regs.read(IER)) == (DIVISOR & 0xFF, DIVISOR >> 8)
    uart.regs.write(IO, 0x34)
    uart.regs.write(IER, 0x12)
    assert uart.regs.read(BAUD) == 0x1234
    uart.regs.write(LCR, 3)
    assert (uart.regs.read(IO), uart.regs.read(IER)) == (0, RX)
    assert uart.frame_ns() == 10 * 8 * 0x1235 * 4


@pytest.mark.parametrize("offset", [0x80, 0x84, 0x88, 0x8C, 0xA0, 0xAC, 0xB0, 0xBC, 0xC0, 0xFC])
def test_the_spi_masters_are_declared_and_told(uart, offset):
    told = []
    uart.regs.on_unmodelled = told.append
    before = uart.regs.read(offset)
    uart.regs.write(offset, 0xFFFF_FFFF)
    assert uart.regs.read(offset) == before == (0xE_0000 if offset in (0x80, 0xC0) else 0)
    assert len(told) == 1
    assert "AUX_SPI" in told[0]


# -- the transmitter -------------------------------------------------------------------------------


def test_a_character_is_on_the_wire_for_its_ten_bits(uart):
    put(uart, b"A")
    advance(uart, FRAME_NS - 1)
    assert (uart.sent, uart.regs.peek(LSR) & IDLE) == ([], 0)
    advance(uart, 1)
    assert (uart.sent, uart.regs.peek(LSR) & IDLE) == ([0x41], IDLE)


def test_characters_follow_without_a_gap(uart):
    put(uart, b"ABC")
    advance(uart, 3 * FRAME_NS - 1)
    assert bytes(uart.sent) == b"AB"
    advance(uart, 1)
    assert bytes(uart.sent) == b"ABC"


@pytest.mark.parametrize(("lcr", "bits", "seen"), [(0, 9, 0x41), (1, 9, 0x41), (3, 10, 0xC1)])
def test_it_takes_a_three_to_have_eight_bits(lcr, bits, seen):
    uart = make(lcr=lcr)
    put(uart, [0xC1])
    advance(uart, bits * BIT_NS - 1)
    assert uart.sent == []
    advance(uart, 1)
    assert uart.sent == [seen]


@pytest.mark.parametrize(("clock_hz", "divisor"), [(250_000_000, 0), (500_000_000, 541)])
def test_the_baud_rate_is_the_clock_by_eight_times_one_more(clock_hz, divisor):
    uart = make(clock_hz=clock_hz)
    uart.regs.write(BAUD, divisor)
    assert uart.frame_ns() == -(-10 * 8 * (divisor + 1) * 10**9 // clock_hz)


def test_the_fifo_holds_eight_while_one_is_being_sent(uart):
    put(uart, b"0123456789")
    stat = uart.regs.peek(STAT)
    assert (stat >> 24 & 0xF, stat & 1 << 5, stat & 1 << 1) == (8, 1 << 5, 0)
    assert not uart.regs.peek(LSR) & ROOM
    advance(uart, 20 * FRAME_NS)
    assert bytes(uart.sent) == b"012345678"


def test_characters_wait_while_the_transmitter_is_off(uart):
    uart.regs.write(CNTL, 1)
    put(uart, b"AB")
    advance(uart, 10 * FRAME_NS)
    assert (uart.sent, uart.regs.peek(STAT) >> 24) == ([], 2)
    uart.regs.write(CNTL, 3)
    advance(uart, 2 * FRAME_NS)
    assert bytes(uart.sent) == b"AB"


def test_a_character_in_progress_is_completed(uart):
    put(uart, b"AB")
    advance(uart, BIT_NS)
    uart.regs.write(CNTL, 0)
    advance(uart, 10 * FRAME_NS)
    assert (bytes(uart.sent), uart.regs.peek(STAT) >> 24) == (b"A", 1)


def test_a_break_holds_the_line(uart):
    uart.regs.write(LCR, 3 | BREAK)
    put(uart, b"A")
    advance(uart, FRAME_NS)
    uart.regs.write(LCR, 3)
    put(uart, b"B")
    advance(uart, FRAME_NS)
    assert bytes(uart.sent) == b"B"


# -- the receiver ----------------------------------------------------------------------------------


def test_characters_are_read_in_order(uart):
    arrive(uart, b"xyz")
    assert (uart.regs.peek(LSR) & READY, uart.regs.peek(STAT) >> 16 & 0xF) == (READY, 3)
    assert uart.regs.peek(IO) == ord("x")
    assert drain(uart) == b"xyz"
    assert uart.regs.read(IO) == 0


def test_what_finds_no_room_is_lost_and_that_is_told_once(uart):
    arrive(uart, b"01234567")
    assert not uart.regs.peek(LSR) & OVERRUN
    arrive(uart, b"8")
    assert uart.regs.peek(LSR) & OVERRUN
    assert uart.regs.peek(STAT) & 1 << 4
    assert uart.regs.read(LSR) & OVERRUN
    assert not uart.regs.read(LSR) & OVERRUN
    assert not uart.regs.peek(STAT) & 1 << 4
    assert drain(uart) == b"01234567"


def test_seven_bits_are_received_in_seven_bit_mode():
    uart = make(lcr=0)
    arrive(uart, [0xC1])
    assert uart.regs.read(IO) == 0x41


@pytest.mark.parametrize(("offset", "off", "on"), [(CNTL, 2, 3), (ENABLES, 0, 1)])
def test_a_receiver_that_is_off_takes_only_what_had_begun(uart, offset, off, on):
    advance(uart, 5 * FRAME_NS)
    uart.regs.write(offset, off)
    advance(uart, FRAME_NS - 1)
    uart.receive(ord("a"))
    advance(uart, FRAME_NS)
    uart.receive(ord("b"))
    uart.regs.write(offset, on)
    assert drain(uart) == b"a"


def test_nothing_is_received_before_it_is_switched_on():
    uart = Bcm2835Aux("aux", Config(), Clock())
    uart.receive(0x41)
    uart.regs.write(ENABLES, 1)
    assert not uart.regs.peek(LSR) & READY


# -- FIFOs, modem lines ----------------------------------------------------------------------------


def test_stores_to_iir_empty_the_fifos(uart):
    put(uart, b"ABC")
    arrive(uart, b"xy")
    uart.regs.write(IIR, 0x2)
    assert (uart.regs.peek(STAT) >> 16 & 0xF, uart.regs.peek(STAT) >> 24) == (0, 2)
    uart.regs.write(IIR, 0x4)
    assert uart.regs.peek(STAT) >> 24 == 0
    advance(uart, 5 * FRAME_NS)
    assert bytes(uart.sent) == b"A"


def test_msr_shows_the_inverse_of_the_pin_cts(uart):
    assert (uart.regs.peek(MSR), uart.regs.peek(STAT) & 1 << 7) == (0x10, 0)
    uart.input("cts")(True)
    assert (uart.regs.peek(MSR), uart.regs.peek(STAT) & 1 << 7) == (0, 1 << 7)


@pytest.mark.parametrize(("polarity", "asserted"), [(0, True), (0x80, False)])
def test_auto_flow_sends_while_cts_is_asserted(uart, polarity, asserted):
    uart.input("cts")(not asserted)
    uart.regs.write(CNTL, 0x0B | polarity)
    put(uart, b"A")
    advance(uart, 2 * FRAME_NS)
    assert uart.sent == []
    uart.input("cts")(asserted)
    advance(uart, FRAME_NS)
    assert bytes(uart.sent) == b"A"


def test_rts_is_what_mcr_says(uart):
    assert uart.regs.peek(STAT) & 1 << 6
    uart.regs.write(MCR, 2)
    assert not uart.regs.peek(STAT) & 1 << 6


@pytest.mark.parametrize(("level", "free"), [(0, 3), (1, 2), (2, 1), (3, 4)])
@pytest.mark.parametrize("is_low", [False, True])
def test_rts_ends_when_so_many_places_are_left(uart, level, free, is_low):
    uart.regs.write(CNTL, 3 | 1 << 2 | level << 4 | is_low << 6)
    for count in range(9):
        asserted = 8 - count > free
        assert bool(uart.regs.peek(STAT) & 1 << 6) == (asserted != is_low)
        uart.receive(0x41)


def test_there_is_no_other_input(uart):
    with pytest.raises(ValueError, match="only cts"):
        uart.input("dsr")


# -- interrupts ------------------------------------------------------------------------------------


def test_a_received_character_interrupts_until_it_is_read(uart):
    uart.regs.write(IER, RX)
    assert not line(uart)
    arrive(uart, b"ab")
    assert (line(uart), uart.regs.read(IIR), uart.regs.read(IRQ)) == (True, RECEIVED, 1)
    uart.regs.read(IO)
    assert line(uart)
    uart.regs.read(IO)
    assert (line(uart), uart.regs.read(IIR), uart.regs.read(IRQ)) == (False, NONE, 0)


def test_an_empty_transmit_fifo_interrupts_until_something_waits(uart):
    uart.regs.write(IER, TX)
    assert (line(uart), uart.regs.read(IIR)) == (True, SENT)
    put(uart, b"A")
    assert line(uart)
    put(uart, b"B")
    assert (line(uart), uart.regs.read(IIR)) == (False, NONE)
    advance(uart, FRAME_NS - 1)
    assert not line(uart)
    advance(uart, 1)
    assert line(uart)


def test_of_both_the_received_character_is_named(uart):
    uart.regs.write(IER, RX | TX)
    arrive(uart, b"a")
    assert uart.regs.read(IIR) == RECEIVED
    uart.regs.read(IO)
    assert uart.regs.read(IIR) == SENT


@pytest.mark.parametrize("other", [0x0, 0x4, 0x8, 0xC])
def test_the_two_enables_alone_decide(uart, other):
    arrive(uart, b"a")
    uart.regs.write(IER, other)
    assert not line(uart)
    uart.regs.write(IER, other | RX)
    assert line(uart)


def test_switched_off_it_does_not_interrupt(uart):
    uart.regs.write(IER, RX)
    arrive(uart, b"a")
    uart.regs.write(ENABLES, 0)
    assert (line(uart), uart.regs.read(IRQ)) == (False, 0)
    assert shut(uart, 0)[0] == "mini UART on"
    uart.regs.write(ENABLES, 1)
    assert line(uart)


def test_the_gates_say_what_is_missing(uart):
    assert shut(uart, 0) == ["receive IRQ enabled", "character waits"]
    assert shut(uart, 1) == ["transmit IRQ enabled"]
    uart.regs.write(IER, RX | TX)
    uart.regs.write(CNTL, 0)
    assert shut(uart, 0) == ["receiver on", "character waits"]
    put(uart, b"A")
    assert shut(uart, 1) == ["transmitter on", "FIFO empty"]


def test_it_says_when_the_fifo_will_be_empty(uart):
    put(uart, b"ABC")
    gate = uart.causes("irq", 0)[1].gates[-1]
    assert gate.due_ns == 2 * FRAME_NS
    uart.regs.write(IER, TX)
    advance(uart, 2 * FRAME_NS - 1)
    assert not line(uart)
    advance(uart, 1)
    assert line(uart)


ACTIONS = st.one_of(
    st.tuples(st.just("write"),
              st.sampled_from((ENABLES, IO, IER, IIR, LCR, MCR, CNTL, BAUD)),
              st.sampled_from((0, 1, 2, 3, 6, 0x0B, 0x40, 0x83, 0x8B))),
    st.tuples(st.just("read"), st.sampled_from((IO, IIR, LSR, STAT)), st.just(0)),
    st.tuples(st.just("arrive"), st.integers(0, 255), st.just(0)),
    st.tuples(st.just("cts"), st.booleans(), st.just(0)),
    st.tuples(st.just("wait"), st.integers(0, 3 * FRAME_NS), st.just(0)),
)  # fmt: skip


def act(uart, kind, first, second):
    if kind == "write":
        uart.regs.write(first, second)
    elif kind == "read":
        uart.regs.read(first)
    elif kind == "arrive":
        uart.receive(first)
    elif kind == "cts":
        uart.input("cts")(first)
    else:
        advance(uart, first)


@given(st.lists(ACTIONS, max_size=40))
def test_the_line_is_what_the_gates_say_and_looking_changes_nothing(actions):
    uart, unseen = make(), make()
    for action in actions:
        act(uart, *action)
        act(unseen, *action)
        held = [cause for cause in uart.causes("irq", 0) if first_shut(cause.gates) is None]
        assert line(uart) == bool(held)
        seen = [(slot.key, uart.regs.peek(slot.key, slot.register.width // 8))
                for slot in uart.regs.slots()]  # fmt: skip
        assert seen == [
            (slot.key, unseen.regs.peek(slot.key, slot.register.width // 8))
            for slot in unseen.regs.slots()
        ]
    assert uart.sent == unseen.sent
    assert line(uart) == line(unseen)


@given(st.lists(ACTIONS, max_size=25), st.lists(ACTIONS, max_size=15))
def test_a_copy_goes_on_as_the_original(before, after):
    uart = make()
    for action in before:
        act(uart, *action)
    uart.transmit = None
    copy = pickle.loads(pickle.dumps(uart))
    for one in (uart, copy):
        one.sent = []
        one.transmit = one.sent.append
        for action in after:
            act(one, *action)
    assert (uart.sent, line(uart)) == (copy.sent, line(copy))
    assert uart.regs.peek(STAT) == copy.regs.peek(STAT)
