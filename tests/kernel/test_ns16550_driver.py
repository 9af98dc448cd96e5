"""The driver of the PC's console, on the real model of the 16550 behind real ports."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_bench import FakeTimer

from kerneltui.devices.x86.ns16550 import Config, Ns16550
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import Clock
from kerneltui.kernel.console import Console
from kerneltui.kernel.drivers.ns16550 import Ns16550Driver as Driver

COM1 = 0x3F8
THR, IER, IIR, LCR, MCR, LSR = range(6)
PORT_NS = 300
CHARACTER_NS = 10 * 10**9 // 921_600
CLOCK_HZ = 14_745_600


class Pc:
    """Processor and UART: with a ``handler``, an interrupt is taken as a port access ends.

    ``typing`` says which characters arrive after how many accesses.
    """

    def __init__(self):
        self.clock = Clock()
        self.chip = Ns16550("uart", Config(clock_hz=CLOCK_HZ), self.clock)
        self.chip.transmit = self._sent
        self.io = AddressSpace("io")
        self.io.attach(COM1, 8, "UART", self.chip.files["NS16550"])
        self.sent = b""
        self.stores = []
        self.loads = []
        self.typing = {}
        self.handler = None
        self.handled = 0

    def _sent(self, char):
        self.sent += bytes([char])

    def read_port(self, port, size=1):
        value = self.io.read(port, size)
        self.loads.append(port - COM1)
        self.compute(PORT_NS)
        return value

    def write_port(self, port, value, size=1):
        self.io.write(port, value, size)
        self.stores.append((port - COM1, value))
        self.compute(PORT_NS)

    def compute(self, ns):
        self.clock.advance(self.clock.now + ns)
        self.type_ahead()
        if self.handler is not None and self.irq:
            handler, self.handler = self.handler, None
            handler()
            self.handled += 1
            self.handler = handler

    # -- what the tests do to the hardware --

    def type_ahead(self):
        for char in self.typing.pop(len(self.loads) + len(self.stores), b""):
            self.chip.receive(char)

    def run_for(self, ns):
        self.clock.advance(self.clock.now + ns)

    @property
    def irq(self):
        return self.chip.outputs["irq"][0].level


def driver_of(pc):
    driver = Driver(pc, COM1)
    driver.init()
    pc.stores.clear()
    pc.loads.clear()
    return driver


@pytest.fixture
def pc():
    return Pc()


# -- init ------------------------------------------------------------------------------------------


def test_init_makes_921600_baud_8n1_with_fifos_and_received_data_interrupts(pc):
    Driver(pc, COM1).init()
    assert pc.stores == [
        (IER, 0), (LCR, 0x80), (THR, 1), (IER, 0), (LCR, 0x03),
        (2, 0x07), (MCR, 0x0B), (IER, 0x01),
    ]  # fmt: skip
    assert pc.chip.frame_ns() == -(-10 * 10**9 // 921_600)
    assert pc.io.peek(COM1 + IIR, 1) == 0xC1


def test_init_lets_out_what_was_still_being_sent(pc):
    driver = driver_of(pc)
    for char in b"farewell":
        driver.write_char(char)
    driver.init()
    assert pc.sent == b"farewell"


# -- output ----------------------------------------------------------------------------------------


def test_sixteen_characters_go_without_a_look_and_the_next_waits_for_an_empty_fifo(pc):
    driver = driver_of(pc)
    for char in b"0123456789abcdef":
        driver.write_char(char)
    assert pc.loads == []
    assert pc.clock.now < 2 * CHARACTER_NS
    driver.write_char(0x67)
    assert set(pc.loads) == {LSR}
    assert pc.clock.now > 15 * CHARACTER_NS
    driver.flush()
    assert pc.sent == b"0123456789abcdefg"


def test_a_long_text_leaves_complete_in_order_and_without_gaps(pc):
    driver = driver_of(pc)
    text = bytes(range(256)) * 8
    start = pc.clock.now
    for char in text:
        driver.write_char(char)
    driver.flush()
    assert pc.sent == text
    assert pc.clock.now - start < (len(text) + 4) * (CHARACTER_NS + 1)


def test_flush_returns_when_the_last_stop_bit_has_left(pc):
    driver = driver_of(pc)
    for char in b"xyz":
        driver.write_char(char)
    driver.flush()
    assert pc.sent == b"xyz"
    assert pc.clock.now < 4 * CHARACTER_NS + 10_000


@settings(max_examples=50)
@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 400_000))))
def test_no_pause_between_texts_makes_the_count_of_free_places_wrong(pieces):
    pc = Pc()
    driver = driver_of(pc)
    for text, pause_ns in pieces:
        for char in text:
            driver.write_char(char)
        pc.run_for(pause_ns)
    driver.flush()
    assert pc.sent == b"".join(text for text, _ in pieces)


def test_a_console_line_is_on_the_wire_when_info_returns(pc):
    console = Console(pc, driver_of(pc), FakeTimer())
    console.info("Hello from a PC")
    assert pc.sent == b"[    0.000000] Hello from a PC\r\n"


# -- input -----------------------------------------------------------------------------------------


def test_a_character_interrupts_at_once_and_comes_back(pc):
    driver = driver_of(pc)
    assert not pc.irq
    pc.chip.receive(ord("k"))
    assert pc.irq
    driver.handle()
    assert not pc.irq
    driver.flush()
    assert pc.sent == b"k"


@pytest.mark.parametrize("key", [b"\r", b"\n"])
def test_return_is_echoed_as_a_new_line(pc, key):
    driver = driver_of(pc)
    pc.chip.receive(key[0])
    driver.handle()
    driver.flush()
    assert pc.sent == b"\r\n"


def test_a_full_receiver_is_emptied_in_one_interrupt(pc):
    driver = driver_of(pc)
    for char in b"0123456789abcdef":
        pc.chip.receive(char)
    driver.handle()
    driver.flush()
    assert pc.sent == b"0123456789abcdef"
    assert not pc.irq, "or the 8259 would wait for an edge that never comes"


def test_what_arrives_during_the_handler_is_handled_too(pc):
    driver = driver_of(pc)
    pc.chip.receive(ord("a"))
    pc.typing = {3: b"b", 4: b"c", 8: b"d"}
    driver.handle()
    assert not pc.irq
    driver.flush()
    assert pc.sent == b"abcd"


def test_without_out2_no_interrupt_would_pass(pc):
    driver_of(pc)
    pc.chip.receive(ord("a"))
    pc.io.write(COM1 + MCR, 0x03, 1)
    assert not pc.irq


@pytest.mark.parametrize("after", range(1, 150))
def test_an_echo_in_the_middle_of_output_costs_no_character_of_either(after):
    pc = Pc()
    driver = driver_of(pc)
    pc.typing = {after: b"<echo>\r"}
    pc.handler = driver.handle
    text = bytes(range(0x80, 0x100))
    for char in text:
        driver.write_char(char)
    driver.flush()
    assert pc.handled
    assert bytes(char for char in pc.sent if char >= 0x80) == text
    assert bytes(char for char in pc.sent if char < 0x80) == b"<echo>\r\n"


@settings(max_examples=50)
@given(st.dictionaries(st.integers(1, 250), st.binary(min_size=1, max_size=3), max_size=5))
def test_however_input_and_output_meet_nothing_is_lost(typing):
    pc = Pc()
    driver = driver_of(pc)
    typed = {after: bytes(c & 0x7F | 0x40 for c in chars) for after, chars in typing.items()}
    pc.typing = dict(typed)
    pc.handler = driver.handle
    text = bytes(range(0x80, 0x100)) * 2
    for char in text:
        driver.write_char(char)
    driver.flush()
    echo = b"".join(chars for _, chars in sorted(typed.items()))
    assert bytes(char for char in pc.sent if char >= 0x80) == text
    assert bytes(char for char in pc.sent if char < 0x80) == echo


def test_the_driver_is_plain_data_with_characters_on_the_way(pc):
    driver = driver_of(pc)
    for char in b"one, two":
        driver.write_char(char)
    driver = pickle.loads(pickle.dumps(driver))
    for char in b", three, four":
        driver.write_char(char)
    driver.flush()
    assert driver._cpu.sent == b"one, two, three, four"
