"""The event trace and the console text: bounded, readable, and as they were, at any moment."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.debugger.console_text import CONSOLE_BYTES, ConsoleText
from kerneltui.debugger.recorder import EVENTS_BEHIND, TRACE_EVENTS
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
def test_going_back_gives_the_text_as_it_was_and_going_on_the_rest_again(before, after):
    console = console_with(before)
    lines, total = console.lines(), console.total
    for byte in after:
        console.add(byte)
    then = console.lines()
    console.go_to(total)
    assert (console.lines(), console.total, console.data) == (lines, total, before)
    for byte in after:
        console.add(byte)
    assert (console.lines(), console.data) == (then, before + after)


@given(st.binary(max_size=100), st.binary(max_size=100), st.binary(max_size=100))
def test_another_story_has_another_text(before, after, other):
    console = console_with(before + after)
    console.lines()
    console.go_to(len(before))
    console.forget_rest()
    for byte in other:
        console.add(byte)
    assert console.data == before + other
    assert console.lines() == console_with(before + other).lines()


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_each_byte_is_told_of_once(before, after):
    told = []
    console = ConsoleText()
    console.on_byte = told.append
    for byte in before + after:
        console.add(byte)
    console.go_to(len(before))
    for byte in after + b"!":
        console.add(byte)
    assert bytes(told) == before + after + b"!"


def test_going_back_shows_text_again_that_had_been_dropped():
    console = console_with(b"first\r\n" + b"x" * (2 * CONSOLE_BYTES))
    assert not console.data.startswith(b"first")
    console.go_to(10)
    assert console.lines() == ["first", "xxx"]


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


def test_going_back_further_than_is_kept_takes_the_events_that_one_has():
    session = open_session("rpi4", "burst")
    session.boot()
    recorder = session.recorder
    moment, behind = recorder.save(), recorder.last(EVENTS_BEHIND)
    session.run_until(S + S // 2)
    assert recorder.reach(moment.events) == 0
    recorder.load(moment, behind[-7:])
    assert list(recorder.events) == behind[-7:]
    recorder.load(moment)
    assert list(recorder.events) == behind[-7:]
    assert recorder.recorded == moment.events


@pytest.mark.parametrize("at", ["boot", "soon after"])
def test_however_far_one_goes_back_there_are_events_to_be_shown(at):
    session = open_session("rpi4", "burst")
    session.boot()
    if at != "boot":
        session.run_until(S + 20_000_000)
    moment, behind = session.here, session.recorder.last(EVENTS_BEHIND)
    assert len(behind) == EVENTS_BEHIND
    session.run_until(S + S // 2)
    session.go_to(moment)
    assert session.recorder.last(EVENTS_BEHIND) == behind


def test_the_texts_of_the_trace_are_those_of_the_moment(session):
    session.run_until(S // 2)
    moment = session.here
    kept = session.view(frozenset({"trace"})).trace
    session.run_until(3 * S)
    assert session.view(frozenset({"trace"})).trace != kept
    session.go_to(moment)
    assert session.view(frozenset({"trace"})).trace == kept
    session.run_until(4 * S)
    direct = open_session("rpi4", "timer-callbacks")
    direct.run_until(4 * S)
    assert session.view(frozenset({"trace"})).trace == direct.view(frozenset({"trace"})).trace


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


def test_memory_stays_bounded_in_what_is_noted_of_events():
    session = open_session("rpi3", "burst")
    session.run_until(S + S // 4)
    recorder = session.recorder
    assert len(recorder.accessed) < 200
    assert 0 < len(recorder.touched(0)) < 200
    assert recorder.touched(recorder.recorded) == {}
    assert len(recorder.last_texts(TRACE_EVENTS, session.names)) <= TRACE_EVENTS


def test_a_backspace_takes_back_what_was_echoed():
    console = ConsoleText()
    for byte in b"> helo\b \blp\n> ab\b\bcd":
        console.add(byte)
    assert console.lines() == ["> hellp", "> cd"]
