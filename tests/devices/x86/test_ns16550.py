"""16550A UART: National's PC16550D datasheet, sentence by sentence."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.x86.ns16550 import Config, Ns16550
from kerneltui.hw.clock import Clock
from kerneltui.machine.state import State

DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR = range(8)
FCR = IIR
DR, OE, PE, FE, BI, THRE, TEMT, FIFO_ERROR = (1 << bit for bit in range(8))
NONE, MODEM, EMPTY, RECEIVED, LINE, TIMEOUT = 0x01, 0x00, 0x02, 0x04, 0x06, 0x0C
RDA_ON, THRE_ON, LINE_ON, MODEM_ON = 1, 2, 4, 8
DLAB, EIGHT_BITS, OUT2, LOOP = 0x80, 0x03, 0x08, 0x10
FRAME = 1_041_667  # ten bits at 9600 baud: 10 / 9600 s, rounded up
BIT = 104_167


class Uart:
    def __init__(self, fifo=0, ier=0, mcr=OUT2, divisor=12, lcr=EIGHT_BITS, **config):
        self.clock = Clock()
        self.chip = Ns16550("uart", Config(**config), self.clock)
        self.sent = []
        self.chip.transmit = self.sent.append
        self.out(LCR, DLAB)
        self.out(DATA, divisor & 0xFF)
        self.out(IER, divisor >> 8)
        self.out(LCR, lcr)
        self.out(FCR, fifo)
        self.out(MCR, mcr)
        self.out(IER, ier)

    def out(self, port, value):
        self.chip.regs.write(port, value, 1)

    def inp(self, port):
        return self.chip.regs.read(port, 1)

    def send(self, *values):
        for value in values:
            self.out(DATA, value)

    def arrive(self, *values, errors=0):
        for value in values:
            self.chip.receive(value, errors)

    def run(self, ns):
        self.clock.advance(self.clock.now + ns)

    @property
    def irq(self):
        return self.chip.outputs["irq"][0].level

    @property
    def pending(self):
        return self.chip.regs.peek(IIR, 1) & 0x0F


# -- registers ------------------------------------------------------------------------------------


def test_master_reset_values():
    chip = Ns16550("uart", Config(), Clock())
    assert [chip.regs.peek(port, 1) for port in range(1, 8)] == [0, 1, 0, 0, 0x60, 0, 0]
    assert not chip.outputs["irq"][0].level


def test_dlab_gives_access_to_the_divisor_latch_at_ports_0_and_1():
    uart = Uart(ier=RDA_ON)
    uart.arrive(0x55)
    uart.out(LCR, DLAB | EIGHT_BITS)
    uart.out(DATA, 0x80)
    uart.out(IER, 0x01)
    assert (uart.inp(DATA), uart.inp(IER)) == (0x80, 0x01)
    assert uart.sent == []
    uart.out(LCR, EIGHT_BITS)
    assert (uart.inp(IER), uart.inp(DATA)) == (RDA_ON, 0x55)
    assert uart.chip.frame_ns() == -(-10 * 16 * 0x180 * 10**9 // 1_843_200)


@pytest.mark.parametrize(("port", "kept"), [(IER, 0x0F), (LCR, 0x7F), (MCR, 0x1F), (SCR, 0xFF)])
def test_bits_that_do_not_exist_read_zero(port, kept):
    uart = Uart()
    uart.out(port, 0xFF if port != LCR else 0x7F)
    assert uart.inp(port) == kept


def test_status_registers_ignore_stores():
    uart = Uart()
    uart.out(LSR, 0x1F)
    uart.out(MSR, 0xFF)
    assert (uart.inp(LSR), uart.inp(MSR)) == (THRE | TEMT, 0)


@pytest.mark.parametrize(
    ("lcr", "half_bits"),
    [(0x00, 14), (0x04, 15), (0x03, 20), (0x07, 22), (0x0B, 22), (0x0F, 24), (0x1A, 20)],
)
def test_a_frame_has_start_data_parity_and_stop_bits(lcr, half_bits):
    """STB selects one and a half stop bits with five data bits, two otherwise."""
    uart = Uart(lcr=lcr)
    assert uart.chip.frame_ns() == -(-half_bits * 10**9 // 19200)


def test_the_clock_is_a_parameter():
    assert Uart(clock_hz=18_432_000).chip.frame_ns() == 104_167
    with pytest.raises(ValueError, match="clock_hz"):
        Config(clock_hz=0)


# -- transmitter ----------------------------------------------------------------------------------


def test_a_character_is_sent_after_one_frame():
    uart = Uart()
    uart.send(0x41)
    assert uart.inp(LSR) == THRE, "the shift register has it; the holding register is empty"
    uart.send(0x42)
    assert uart.inp(LSR) == 0
    uart.run(FRAME - 1)
    assert uart.sent == []
    uart.run(1)
    assert (uart.sent, uart.inp(LSR)) == ([0x41], THRE)
    uart.run(FRAME)
    assert (uart.sent, uart.inp(LSR)) == ([0x41, 0x42], THRE | TEMT)


def test_the_wire_carries_as_many_bits_as_wls_says():
    uart = Uart(lcr=0x00)
    uart.send(0xFF)
    uart.run(FRAME)
    uart.arrive(0xE5)
    assert (uart.sent, uart.inp(DATA)) == ([0x1F], 0x05)


def test_the_transmit_fifo_holds_16():
    uart = Uart(fifo=0x01)
    uart.send(*range(18))
    uart.run(20 * FRAME)
    assert uart.sent == list(range(17)), "one in the shift register, 16 wait, one is lost"


def test_break_holds_the_output_and_leaves_the_transmitter_alone():
    uart = Uart(lcr=EIGHT_BITS | 0x40)
    uart.send(0x41)
    uart.run(FRAME)
    assert (uart.sent, uart.inp(LSR)) == ([], THRE | TEMT)


def test_enabling_the_interrupt_while_the_transmitter_is_empty_raises_it():
    uart = Uart()
    assert not uart.irq
    uart.out(IER, THRE_ON)
    assert uart.irq
    assert uart.inp(IIR) == EMPTY
    assert (uart.irq, uart.inp(IIR)) == (False, NONE), "reading IIR has ended it"
    uart.out(IER, THRE_ON)
    assert not uart.irq, "no change, no interrupt"


def test_a_store_to_thr_ends_the_interrupt_until_the_character_moves_on():
    uart = Uart(ier=THRE_ON)
    uart.send(0x41)
    assert uart.irq, "the shift register took it at once"
    uart.send(0x42)
    assert not uart.irq
    uart.run(FRAME)
    assert uart.irq


def test_reading_iir_ends_the_transmitter_interrupt_only_if_it_is_the_source():
    uart = Uart(ier=THRE_ON | RDA_ON)
    uart.arrive(1)
    assert uart.inp(IIR) == RECEIVED
    uart.inp(DATA)
    assert uart.inp(IIR) == EMPTY
    assert uart.inp(IIR) == NONE


def test_a_single_character_delays_the_empty_indication_in_fifo_mode():
    """By one character time minus the last stop bit, unless two have waited together."""
    uart = Uart(fifo=0x01, ier=THRE_ON)
    uart.send(0x40)
    assert uart.irq, "the first one after a change of FCR0 is immediate"
    uart.run(FRAME)
    uart.send(0x41)
    assert not uart.irq
    uart.run(FRAME - BIT - 1)
    assert (uart.irq, uart.inp(LSR)) == (False, 0)
    uart.run(2)
    assert (uart.irq, uart.inp(LSR)) == (True, THRE)
    uart.run(FRAME)
    assert uart.inp(LSR) == THRE | TEMT


def test_a_store_during_the_delay_puts_the_empty_indication_off():
    uart = Uart(fifo=0x01)
    uart.send(1)
    uart.run(FRAME)
    uart.send(2)
    uart.run(FRAME // 2)
    uart.send(3)
    uart.run(FRAME // 2 - BIT // 2)
    assert uart.inp(LSR) == 0
    uart.run(FRAME)
    assert uart.inp(LSR) == THRE


def test_two_characters_that_waited_together_make_it_immediate():
    uart = Uart(fifo=0x01)
    uart.send(1, 2, 3)
    uart.run(2 * FRAME)
    assert uart.inp(LSR) == THRE, "as the last one enters the shift register"


def test_a_reset_of_the_transmit_fifo_leaves_the_shift_register():
    uart = Uart(fifo=0x01)
    uart.send(1, 2, 3)
    uart.out(FCR, 0x05)
    uart.run(5 * FRAME)
    assert (uart.sent, uart.inp(LSR)) == ([1], THRE | TEMT)


def test_an_instant_transmitter_falls_and_rises_in_one_store():
    uart = Uart(ier=THRE_ON, instant=True)
    edges = []
    uart.chip.outputs["irq"][0].connect(edges.append)
    uart.send(0x41)
    assert (edges, uart.sent, uart.inp(LSR)) == ([True, False, True], [0x41], THRE | TEMT)


# -- receiver -------------------------------------------------------------------------------------


def test_character_mode_an_overrun_destroys_the_old_character():
    uart = Uart(ier=RDA_ON | LINE_ON)
    uart.arrive(1)
    assert uart.inp(IIR) == RECEIVED
    uart.arrive(2)
    assert uart.inp(IIR) == LINE
    assert uart.inp(LSR) == DR | OE | THRE | TEMT
    assert uart.inp(IIR) == RECEIVED, "reading LSR has ended the line status interrupt"
    assert uart.inp(DATA) == 2
    assert uart.inp(LSR) == THRE | TEMT


def test_fifo_mode_an_overrun_costs_the_new_character():
    uart = Uart(fifo=0x01)
    uart.arrive(*range(17))
    assert uart.inp(LSR) & OE
    assert [uart.inp(DATA) for _ in range(16)] == list(range(16))
    assert not uart.inp(LSR) & (DR | OE)


@pytest.mark.parametrize(("fcr", "level"), [(0x01, 1), (0x41, 4), (0x81, 8), (0xC1, 14)])
def test_the_interrupt_comes_at_the_trigger_level_and_goes_below_it(fcr, level):
    uart = Uart(fifo=fcr, ier=RDA_ON)
    uart.arrive(*range(level - 1))
    assert not uart.irq
    uart.arrive(99)
    assert (uart.irq, uart.inp(IIR)) == (True, 0xC0 | RECEIVED)
    uart.inp(DATA)
    assert not uart.irq


def test_characters_that_lie_for_four_character_times_make_a_timeout():
    uart = Uart(fifo=0x81, ier=RDA_ON)
    uart.arrive(1)
    uart.run(3 * FRAME)
    uart.arrive(2)
    uart.run(4 * FRAME - 1)
    assert not uart.irq, "counted from the last character"
    uart.run(1)
    assert (uart.irq, uart.inp(IIR)) == (True, 0xC0 | TIMEOUT)
    uart.arrive(3)
    assert uart.pending == TIMEOUT, "only a read ends it"
    assert (uart.inp(DATA), uart.irq) == (1, False)
    uart.run(4 * FRAME)
    assert uart.irq, "the rest lies for four more"
    uart.inp(DATA)
    uart.inp(DATA)
    uart.run(9 * FRAME)
    assert not uart.irq, "an empty FIFO has no timeout"


def test_there_is_no_timeout_in_character_mode():
    uart = Uart(ier=RDA_ON)
    uart.arrive(1)
    uart.run(9 * FRAME)
    assert uart.pending == RECEIVED


def test_an_error_shows_when_its_character_is_at_the_top_of_the_fifo():
    uart = Uart(fifo=0xC1, ier=LINE_ON)
    uart.arrive(1)
    uart.arrive(2, errors=2)
    uart.arrive(3, errors=1)
    assert uart.inp(LSR) == DR | THRE | TEMT | FIFO_ERROR
    assert not uart.irq
    uart.inp(DATA)
    assert (uart.irq, uart.inp(IIR)) == (True, 0xC0 | LINE)
    assert uart.inp(LSR) == DR | PE | THRE | TEMT | FIFO_ERROR
    assert not uart.irq
    uart.inp(DATA)
    assert uart.inp(LSR) == DR | FE | THRE | TEMT | FIFO_ERROR
    assert uart.inp(LSR) == DR | THRE | TEMT, "no more errors in the FIFO"


def test_a_break_is_a_zero_character_with_bi():
    uart = Uart(ier=LINE_ON)
    uart.arrive(0, errors=5)
    assert uart.inp(LSR) == DR | BI | FE | THRE | TEMT
    assert uart.inp(DATA) == 0


def test_fcr_bits_count_only_with_the_enable_bit_and_its_change_empties_the_fifos():
    uart = Uart(fifo=0x81)
    uart.arrive(1, 2)
    uart.out(FCR, 0xC1)
    assert uart.inp(LSR) & DR
    uart.out(FCR, 0x00)
    assert (uart.inp(LSR) & DR, uart.inp(IIR)) == (0, NONE)
    uart.arrive(3)
    uart.out(FCR, 0x02)
    assert uart.inp(DATA) == 3, "a reset without bit 0 is not programmed"
    uart.out(FCR, 0x01)
    uart.arrive(4)
    uart.out(FCR, 0x03)
    assert (uart.inp(LSR) & DR, uart.inp(DATA)) == (0, 0)


def test_errors_go_with_the_characters_when_the_receiver_is_reset_but_overrun_stays():
    uart = Uart(fifo=0x01)
    uart.arrive(*range(17), errors=2)
    uart.out(FCR, 0x03)
    assert uart.inp(LSR) == OE | THRE | TEMT


# -- priorities, modem, loopback ------------------------------------------------------------------


def test_interrupts_are_identified_in_their_order_of_priority():
    uart = Uart(fifo=0x01, ier=0x0F)
    uart.chip.input("cts")(True)
    uart.arrive(1, errors=1)
    seen = [uart.inp(IIR) & 0x0F]
    uart.inp(LSR)
    seen.append(uart.inp(IIR) & 0x0F)
    uart.inp(DATA)
    seen += [uart.inp(IIR) & 0x0F, uart.inp(IIR) & 0x0F]
    assert uart.irq
    uart.inp(MSR)
    assert [*seen, uart.inp(IIR) & 0x0F] == [LINE, RECEIVED, EMPTY, MODEM, NONE]
    assert not uart.irq


@pytest.mark.parametrize(
    ("pin", "state", "delta"), [("cts", 16, 1), ("dsr", 32, 2), ("dcd", 128, 8)]
)
def test_each_change_of_a_modem_input_sets_its_delta(pin, state, delta):
    uart = Uart(ier=MODEM_ON)
    uart.chip.input(pin)(True)
    assert (uart.irq, uart.inp(MSR)) == (True, state | delta)
    assert (uart.irq, uart.inp(MSR)) == (False, state)
    uart.chip.input(pin)(False)
    assert uart.inp(MSR) == delta


def test_of_the_ring_indicator_only_the_trailing_edge_counts():
    uart = Uart(ier=MODEM_ON)
    uart.chip.input("ri")(True)
    assert (uart.irq, uart.inp(MSR)) == (False, 0x40)
    uart.chip.input("ri")(False)
    assert (uart.irq, uart.inp(MSR)) == (True, 0x04)


def test_loopback_feeds_the_transmitter_to_the_receiver_and_the_outputs_to_the_inputs():
    uart = Uart(mcr=LOOP)
    uart.chip.input("dcd")(True)
    uart.inp(MSR)
    uart.send(0x5A)
    uart.arrive(0x11)
    assert not uart.inp(LSR) & DR, "the receive pin is disconnected"
    uart.run(FRAME)
    assert (uart.sent, uart.inp(DATA)) == ([], 0x5A)
    states = []
    for output in (1, 2, 4, 8, 0):
        uart.out(MCR, LOOP | output)
        states.append(uart.inp(MSR) >> 4)
    assert states == [2, 1, 4, 8, 0]
    uart.out(MCR, LOOP | 2)
    assert uart.inp(MSR) == 0x11, "deltas work in loopback too"
    uart.out(MCR, 0)
    assert uart.inp(MSR) >> 4 == 8


BREAK = EIGHT_BITS | 0x40


@pytest.mark.parametrize("instant", [False, True])
def test_a_break_acts_on_the_output_pin_alone_so_that_loopback_does_not_notice(instant):
    """8.1 bit 6: "has no effect on the transmitter logic"; 8.8: the shift register is looped."""
    uart = Uart(mcr=LOOP, lcr=BREAK, instant=instant)
    uart.send(0x5A)
    uart.run(FRAME)
    assert (uart.inp(LSR), uart.inp(DATA), uart.sent) == (DR | THRE | TEMT, 0x5A, [])


@pytest.mark.parametrize("start", [0, FRAME // 2])
def test_a_break_spoils_the_character_that_it_touches_and_no_other(start):
    uart = Uart()
    uart.send(0x41)
    uart.send(0x42)
    uart.run(start)
    uart.out(LCR, BREAK)
    uart.run(FRAME // 4)
    uart.out(LCR, EIGHT_BITS)
    uart.run(2 * FRAME)
    assert (uart.sent, uart.inp(LSR)) == ([0x42], THRE | TEMT), "the transmitter takes its time"


def test_a_break_that_begins_before_a_character_and_ends_in_it_spoils_it():
    uart = Uart(lcr=BREAK)
    uart.send(0x41)
    uart.run(FRAME // 2)
    uart.out(LCR, EIGHT_BITS)
    uart.send(0x42)
    uart.run(2 * FRAME)
    assert uart.sent == [0x42]


@pytest.mark.parametrize(("before", "after"), [(OUT2, LOOP), (LOOP, OUT2)])
def test_a_character_on_its_way_as_loopback_changes_arrives_nowhere(before, after):
    uart = Uart(mcr=before)
    uart.send(0x41)
    uart.run(FRAME // 2)
    uart.out(MCR, after)
    uart.run(FRAME)
    assert (uart.sent, uart.inp(LSR)) == ([], THRE | TEMT)
    uart.send(0x42)
    uart.run(FRAME)
    assert (uart.sent, uart.inp(LSR) & DR) == (([], DR) if after == LOOP else ([0x42], 0))


def test_loopback_for_a_moment_in_a_character_spoils_it_too():
    uart = Uart()
    uart.send(0x41)
    uart.run(FRAME // 2)
    uart.out(MCR, LOOP)
    uart.out(MCR, OUT2)
    uart.run(FRAME)
    assert uart.sent == []


def test_other_bits_of_lcr_and_mcr_do_not_touch_a_character_on_its_way():
    uart = Uart()
    uart.send(0xC1)
    uart.run(FRAME // 2)
    uart.out(LCR, 0x02)
    uart.out(MCR, OUT2 | 3)
    uart.run(FRAME)
    assert uart.sent == [0xC1], "it was loaded with eight bits"


def test_a_break_that_is_received_is_a_zero_character_whatever_the_sampler_made_of_it():
    uart = Uart()
    uart.arrive(0x55, errors=4)
    assert (uart.inp(LSR), uart.inp(DATA)) == (DR | BI | THRE | TEMT, 0)


def test_on_a_pc_the_interrupt_passes_only_while_out2_is_on():
    uart = Uart(ier=RDA_ON, mcr=0)
    uart.arrive(1)
    assert (uart.irq, uart.inp(IIR)) == (False, RECEIVED)
    uart.out(MCR, OUT2)
    assert uart.irq
    uart.out(MCR, OUT2 | LOOP)
    assert not uart.irq, "loopback forces the pin off"
    free = Uart(ier=RDA_ON, mcr=0, out2_gates_irq=False)
    free.arrive(1)
    assert free.irq


def test_unknown_inputs_are_refused():
    with pytest.raises(ValueError, match="only cts, dsr, ri, dcd"):
        Uart().chip.input("rts")


def test_the_dma_mode_is_reported_as_not_modelled():
    uart = Uart()
    texts = []
    uart.chip.regs.on_unmodelled = texts.append
    uart.out(FCR, 0x09)
    assert texts == ["FCR <- 0x9: bits 0x8"]


# -- state ----------------------------------------------------------------------------------------

steps = st.one_of(
    st.tuples(
        st.just("out"), st.sampled_from([DATA, DATA, IER, FCR, LCR, MCR]), st.integers(0, 255)
    ),
    st.tuples(st.just("inp"), st.integers(0, 7)),
    st.tuples(st.just("arrive"), st.integers(0, 255), st.integers(0, 7)),
    st.tuples(st.just("pin"), st.sampled_from(["cts", "dsr", "ri", "dcd"]), st.booleans()),
    st.tuples(st.just("run"), st.integers(0, 6 * FRAME)),
)


def play(uart, step):
    kind, *rest = step
    if kind == "arrive":
        uart.chip.receive(*rest)
    elif kind == "pin":
        uart.chip.input(rest[0])(rest[1])
    else:
        getattr(uart, kind)(*rest)


@given(st.lists(steps, max_size=25), st.lists(steps, max_size=20))
def test_a_restored_copy_goes_on_alike_and_looking_changes_nothing(before, after):
    uart = Uart(fifo=0x41, ier=0x0F)
    for step in before:
        play(uart, step)
    frozen, state = pickle.dumps(uart), State(uart)
    held = state.save()
    seen = [uart.chip.regs.peek(port, 1) for port in range(8)]
    assert state.save() == held
    assert seen == [uart.chip.regs.peek(port, 1) for port in range(8)]
    copy = pickle.loads(frozen)
    for step in after:
        play(uart, step)
        play(copy, step)
        assert (copy.sent, copy.irq) == (uart.sent, uart.irq)
        assert [copy.chip.regs.peek(port, 1) for port in range(8)] == [
            uart.chip.regs.peek(port, 1) for port in range(8)
        ]


@given(st.lists(steps, max_size=40))
def test_the_line_is_up_iff_iir_identifies_something_and_out2_is_on(history):
    uart = Uart(fifo=0x41, ier=0x0F)
    for step in history:
        play(uart, step)
        mcr = uart.chip.regs.peek(MCR, 1)
        assert uart.irq == (uart.pending != NONE and mcr & (OUT2 | LOOP) == OUT2)
