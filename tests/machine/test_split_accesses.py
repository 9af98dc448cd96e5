"""A PC's bus makes several accesses of one that is wider than a chip's eight data lines.

So QEMU does it, whose models of these chips are of one byte; the trace tells of each.
"""

from __future__ import annotations

import pytest

from kerneltui.debugger.event_words import EventWords
from kerneltui.hw.register import PORTS
from kerneltui.scenarios.scenario import open_session


@pytest.fixture
def pc():
    session = open_session("x86", "timer-callbacks")
    session.boot()
    yield session
    session.close()


def told(session, access, *arguments):
    """The events that an access brings, by kind and text."""
    before = session.recorder.recorded
    access(*arguments)
    events = session.recorder.last(session.recorder.recorded - before)
    return [event[6] for event in events if event[3] == "split"]


@pytest.mark.parametrize(
    ("port", "size", "goes_to"),
    [
        (0x3F8, 4, "NS16550+0x0: one each of THR, IER, FCR, LCR"),
        (0x3F8, 2, "NS16550+0x0: one each of THR, IER"),
        (0x3F9, 2, "NS16550+0x1: one each of IER, FCR"),
        (0x70, 2, "RTC+0x0: one each of RTC_INDEX, RTC_DATA"),
        (0x40, 4, "I8254_PORTS+0x0: one each of COUNTER0, COUNTER1, COUNTER2, COUNTER_LATCH"),
        (0x20, 2, "I8259_MASTER+0x0: one each of OCW2, OCW1"),
    ],
)
def test_a_store_that_is_too_wide_is_told_with_all_that_it_reaches(pc, port, size, goes_to):
    ports = pc.machine.spaces[PORTS]
    assert told(pc, ports.write, port, 0x41, size) == [f"{size} bytes stored to {goes_to}"]
    assert told(pc, ports.write, port, 0x41, 1) == []


def test_the_bytes_of_a_wide_store_arrive_one_behind_the_other(pc):
    ports, uart = pc.machine.spaces[PORTS], pc.machine.devices["uart0"].files["NS16550"]
    ports.write(0x3F9, 0x0103, 2)
    assert (ports.read(0x3F9, 1), ports.peek(0x3FA, 1) >> 6) == (3, 0b11)
    ports.write(0x3F8, 0x0300_0041, 4)
    assert (ports.read(0x3F9, 1), ports.read(0x3FB, 1)) == (0, 3)
    assert uart.peek((2, "IIR"), 1) >> 6 == 0, "the third byte has switched the FIFOs off"


def test_a_load_that_is_too_wide_is_told_a_look_is_not(pc):
    ports = pc.machine.spaces[PORTS]
    said = "2 bytes read from NS16550+0x2: one each of IIR, LCR"
    assert told(pc, ports.read, 0x3FA, 2) == [said]
    assert told(pc, ports.peek, 0x3FA, 2) == []


def test_a_wide_access_to_registers_of_several_bytes_is_none(pc):
    assert told(pc, pc.machine.memory.read, 0xFED0_0000, 8) == []


def test_no_kernel_here_does_it(pc):
    pc.run_until(3_000_000_000)
    assert not [event for event in pc.recorder.events if event[3] == "split"]


def test_its_sentence_says_what_it_is(pc):
    pc.machine.spaces[PORTS].write(0x70, 0x0A, 2)
    event = next(item for item in reversed(pc.recorder.events) if item[3] == "split")
    assert EventWords(pc.machine, pc.names).sentence(event) == (
        "An access is wider than the registers that it reaches: 2 bytes stored to RTC+0x0: one "
        "each of RTC_INDEX, RTC_DATA."
    )
