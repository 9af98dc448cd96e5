"""The event trace and the console text: bounded, readable, and cut back exactly."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.debugger import trace
from kerneltui.debugger.trace import CONSOLE_BYTES, TRACE_EVENTS, ConsoleText
from kerneltui.scenarios.scenario import open_session

S = 1_000_000_000


def console_with(data):
    console = ConsoleText()
    for byte in data:
        console.add(byte)
    return console


def test_lines_end_with_cr_lf_or_lf():
    assert console_with(b"one\r\ntwo\nthree").lines() == ["one", "two", "three"]
    assert console_with(b"").lines() == [""]
    assert console_with(b"end\r\n").lines() == ["end", ""]


def test_control_characters_are_shown_and_not_sent_to_the_screen():
    (line,) = console_with(b"\x1b[31mred\x07\tbell\x00").lines()
    assert line == "^[[31mred^G bell^@"
    assert line.isprintable()


@given(st.binary(max_size=300))
def test_whatever_is_sent_every_line_is_printable(data):
    console = console_with(data)
    assert all(line.isprintable() for line in console.lines())
    assert len(console.lines()) == data.count(b"\n") + 1


def test_the_text_is_bounded_and_drops_whole_lines():
    console = ConsoleText()
    for number in range(50_000):
        for byte in b"line %06d\r\n" % number:
            console.add(byte)
    assert len(console.data) <= CONSOLE_BYTES
    lines = console.lines()
    assert lines[-2] == "line 049999"
    assert all(len(line) == 11 for line in lines[:-1])
    assert console.total == 50_000 * 13


def test_text_without_any_line_end_is_bounded_too():
    console = console_with(b"x" * (3 * CONSOLE_BYTES))
    assert len(console.data) <= CONSOLE_BYTES
    assert console.total == 3 * CONSOLE_BYTES


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_cutting_gives_back_the_text_as_it_was(before, after):
    console = console_with(before)
    lines, total = console.lines(), console.total
    for byte in after:
        console.add(byte)
    console.cut(total)
    assert (console.lines(), console.total) == (lines, total)


def test_cutting_back_to_before_what_was_dropped_leaves_nothing():
    console = console_with(b"x" * (2 * CONSOLE_BYTES))
    console.cut(5)
    assert console.lines() == [""]


@pytest.fixture
def session():
    made = open_session("rpi4", "timer-callbacks")
    made.boot()
    return made


def test_the_trace_keeps_the_last_events_and_counts_all():
    session = open_session("rpi4", "burst")
    session.run_until(S + S // 2)
    recorder = session.recorder
    assert recorder.recorded > 2 * TRACE_EVENTS
    assert len(recorder.events) == TRACE_EVENTS
    assert recorder.last(3) == list(recorder.events)[-3:]
    assert recorder.last(0) == []
    assert len(recorder.last(10**9)) == TRACE_EVENTS


def test_times_and_steps_never_go_back(session):
    session.run_until(3 * S)
    order = [event[:2] for event in session.recorder.events]
    assert order == sorted(order)


def test_cutting_back_further_than_is_kept_leaves_an_empty_trace():
    session = open_session("rpi4", "burst")
    session.boot()
    session.run_until(S + S // 2)
    session.recorder.cut(10, 0)
    assert len(session.recorder.events) == 0
    assert session.recorder.recorded == 10


def test_the_texts_of_the_trace_follow_a_cut(session):
    session.run_until(S // 2)
    moment = session.here
    kept = session.view().trace
    session.run_until(3 * S)
    assert session.view().trace != kept
    session.go_to(moment)
    assert session.view().trace == kept
    session.run_until(4 * S)
    direct = open_session("rpi4", "timer-callbacks")
    direct.run_until(4 * S)
    assert session.view().trace == direct.view().trace


def test_addresses_have_names(session):
    session.next_interrupt()
    begin = session.recorder.recorded
    session.finish()
    events = session.recorder.last(session.recorder.recorded - begin)
    texts = [session.names.as_text(event) for event in events]
    assert any("GICC_IAR = 0x1e" in text for text in texts)
    assert any("GICC_EOIR <- 0x1e" in text for text in texts)
    assert any("CNTP_CVAL_EL0 <- " in text for text in texts)
    assert any(text.startswith("line timer.cntpnsirq0 ") for text in texts)
    assert any("timer_callback" in text for text in texts)
    assert not any("\n" in text for text in texts)


def test_every_event_has_a_json_form_with_readable_addresses(session):
    session.type(b"a")
    session.run_until(3 * S)
    encode = msgspec.json.Encoder().encode
    ops = set()
    for event in session.recorder.events:
        found = json.loads(encode(session.names.as_dict(event)))
        ops.add(found["op"])
        assert {"step", "t", "cpu", "op"} <= set(found)
        if found["op"] in {"ldr", "str", "mrs", "msr"}:
            assert found["reg"]
            assert int(found["addr"], 16) == event[4]
    assert {"ldr", "str", "mrs", "msr", "irq", "eret", "wfi", "line", "tx", "rx"} <= ops


def test_a_trace_that_is_off_records_the_console_alone(session):
    session.recorder.trace(False)
    recorded = session.recorder.recorded
    session.run_until(2 * S)
    assert session.recorder.recorded == recorded
    assert session.recorder.console.lines()[-2].endswith("Periodic 1 sec")
    session.recorder.trace(True)
    session.run_until(3 * S)
    assert session.recorder.recorded > recorded


def test_memory_stays_bounded_in_what_is_noted_per_stop():
    session = open_session("rpi3", "burst")
    session.run_until(S + S // 4)
    assert len(session.recorder.touched) < 200
    assert len(session.recorder.last_texts(trace.TRACE_EVENTS, session.names)) <= TRACE_EVENTS


def test_a_backspace_takes_back_what_was_echoed():
    console = ConsoleText()
    for byte in b"> helo\b \blp\n> ab\b\bcd":
        console.add(byte)
    assert console.lines() == ["> hellp", "> cd"]
