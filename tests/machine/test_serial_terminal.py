"""The terminal at the far end of the serial wire."""

from kerneltui.hw.clock import NEVER, Clock
from kerneltui.machine.serial_terminal import SerialTerminal
from kerneltui.machine.state import State

FRAME = 10_000


class Uart:
    """Notes what arrives, and when."""

    def __init__(self, clock):
        self.clock = clock
        self.transmit = None
        self.got = []
        self.frame = FRAME

    def receive(self, byte):
        self.got.append((self.clock.now, byte))

    def frame_ns(self):
        return self.frame


def bench():
    clock = Clock()
    uart = Uart(clock)
    return clock, uart, SerialTerminal(uart, clock)


def test_characters_arrive_one_frame_time_apart():
    clock, uart, terminal = bench()
    clock.advance(500)
    terminal.type(b"abc")
    assert uart.got == []
    clock.advance(10 * FRAME)
    assert uart.got == [(500 + FRAME * (n + 1), byte) for n, byte in enumerate(b"abc")]


def test_what_is_typed_while_characters_wait_queues_behind_them():
    clock, uart, terminal = bench()
    terminal.type(b"ab")
    clock.advance(FRAME // 2)
    terminal.type(b"c")
    assert terminal.waiting == 3
    clock.advance(10 * FRAME)
    assert uart.got == [(FRAME * (n + 1), byte) for n, byte in enumerate(b"abc")]
    assert terminal.waiting == 0
    assert clock.next_due == NEVER


def test_typing_nothing_sends_nothing():
    clock, uart, terminal = bench()
    terminal.type(b"")
    assert clock.next_due == NEVER
    terminal.play([(100, b"")])
    clock.advance(10 * FRAME)
    assert uart.got == []


def test_a_changed_rate_holds_from_the_next_character_on():
    clock, uart, terminal = bench()
    terminal.type(b"ab")
    uart.frame = 3 * FRAME
    clock.advance(FRAME)
    clock.advance(10 * FRAME)
    assert [at for at, _ in uart.got] == [FRAME, 4 * FRAME]


def test_a_script_types_at_its_times_and_keeps_order_at_equal_ones():
    clock, uart, terminal = bench()
    terminal.play([(0, b"0"), (50_000, b"a"), (50_000, b"b"), (90_000, b"c")])
    clock.advance(200_000)
    assert bytes(byte for _, byte in uart.got) == b"0abc"
    assert [at for at, _ in uart.got] == [FRAME, 60_000, 70_000, 100_000]


def test_both_directions_can_be_observed():
    clock, uart, terminal = bench()
    sent, received = [], []
    terminal.on_output, terminal.on_input = sent.append, lambda *found: received.append(found)
    uart.transmit(0x41)
    terminal.type(b"z")
    clock.advance(FRAME)
    assert (sent, received) == ([0x41], [(0x7A, False)])
    terminal.play([(2 * FRAME, b"s")])
    clock.advance(3 * FRAME)
    assert received[1:] == [(ord("s"), True)], "what the script types can be told apart"


def test_a_flood_is_sent_to_the_last_character():
    clock, uart, terminal = bench()
    terminal.type(bytes(range(256)) * 100)
    clock.advance(FRAME * 25_600)
    assert bytes(byte for _, byte in uart.got) == bytes(range(256)) * 100


def test_characters_under_way_come_again_from_saved_state():
    clock, uart, terminal = bench()
    terminal.on_output = print
    state = State([clock, uart, terminal])
    terminal.type(b"abc")
    terminal.play([(15_000, b"d")])
    clock.advance(FRAME)
    saved = state.save()
    clock.advance(10 * FRAME)
    first = list(uart.got)
    assert bytes(byte for _, byte in first) == b"abcd"
    for _ in range(2):
        state.load(saved)
        assert (clock.now, bytes(byte for _, byte in uart.got)) == (FRAME, b"a")
        clock.advance(10 * FRAME)
        assert uart.got == first
    assert terminal.on_output is print
