"""What a session file brings back: all that a person did, and the moment where that was saved."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moments import console_and_events, differences, picture
from saved import MS, booted, file_of, replayed, resumed

from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.watch import NEXT_INTERRUPT, STEP
from kerneltui.export.trace_hash import hash_trace
from kerneltui.scenarios.changes import UNCHANGED, Changes
from kerneltui.scenarios.scenario import open_session
from kerneltui.sessions.opening import open_saved
from kerneltui.sessions.saving import spec_of, text_of

SCRIPTED = """\
title: pokes at times
program: timer-callbacks
timeouts:
  - {every: 20ms, print: tick}
inputs:
  - {at: 30ms, uart: "x"}
pokes:
  - {at: 25ms, store: uart0.irq=1}
bookmarks:
  - {at: 60ms, name: later, note: "is still to come"}
"""
BREAKPOINTS = (
    "time 1h", 'console "it is: \\"so\\""', "irq any taken core 0 ignore 3 if depth > 1",
    "line uart0.irq rises once", "code TimeManager.handle",
)  # fmt: skip
SETUPS = (
    ("rpi4", "timer-callbacks", UNCHANGED, ("GICC_PMR=0x80", "uart0.irq=1")),
    ("rpi3", "timer-callbacks", Changes(queue="heap"), ("CNTP_CTL_EL0.IMASK=1", "uart0.irq=1")),
    ("x86", "timer-callbacks", Changes(append="clock=pit", without=("hpet",), cpu="-invtsc"),
     ("TPR=0x10", "port:0x21=0xff")),
    ("x86", "two-cores", Changes(sched="coop"), ("core1/TPR=0x10", "TPR=0x20")),
    ("rpi4", "two-cores", UNCHANGED, ("core1/GICC_PMR=0x80", "core1/CNTP_CTL_EL0.IMASK=1")),
    ("rpi4", "shell", Changes(pokes=("20ms:uart0.irq=1",)), ("uart0.irq=0",)),
    ("rpi4", SCRIPTED, UNCHANGED, ("GICC_PMR=0x80",)),
)  # fmt: skip


def merged(inputs):
    """What was typed at one moment counts as one text, in one keystroke or in several."""
    found = []
    for item in inputs:
        last = found[-1] if found else None
        both = last is not None and isinstance(last[1], bytes) and isinstance(item.given, bytes)
        if both and last[0] == item.position:
            found[-1] = item.position, last[1] + item.given
        else:
            found.append((item.position, item.given))
    return found


def all_of(session):
    """What two sessions at the same moment have in common."""
    history = session.history
    return (
        session.here, history.end, history.first,
        merged(history.inputs), merged(history.inputs[: history.given]),
        list(session.bookmarks), [item for _, item in session.breakpoints],
        *console_and_events(session),
    )  # fmt: skip


def assert_same(one, other):
    for mine, theirs in zip(all_of(one), all_of(other), strict=True):
        assert mine == theirs
    assert differences(picture(one), picture(other))[:5] == []


def worked(board, scenario, changes, pokes):
    """A session in which a person has done everything that a file can hold."""
    session = booted(board, scenario, changes)
    session.follows_story = True
    for text in pokes:
        session.run_until(session.machine.now + 7 * MS)
        session.poke(text)
    session.type(b"help\r")
    session.run_until(session.machine.now + 20 * MS)
    session.type("é\x03".encode())
    session.next_interrupt()
    session.step()
    session.bookmarks.add(session.bookmark("in a [b]handler[/b]: #1 'it' \"said\"", "handler"))
    for _ in range(30):
        if not session.bookmark("").phase:
            session.next_step()
    session.bookmarks.add(session.bookmark(" a step: {yes} "))
    session.bookmarks.add(Bookmark(session.machine.now + 10**9, "still to come", "a-time"))
    for text in BREAKPOINTS:
        session.breakpoints.add(session.machine, text)
    session.follows_story = False  # what it tells depends on how one came here
    session.breakpoints.toggle(2)
    session.breakpoints.remove(1)
    return session


@pytest.mark.parametrize(("board", "scenario", "changes", "pokes"), SETUPS, ids=str)
def test_everything_comes_back(board, scenario, changes, pokes, tmp_path):
    if "\n" in scenario:
        path = tmp_path / "mine.yaml"
        path.write_text(scenario)
        scenario = str(path)
    session = worked(board, scenario, changes, pokes)
    for where in ("at the end", "in the past"):
        if where == "in the past":
            for _ in range(3):
                list(session.back(NEXT_INTERRUPT))
            list(session.back(STEP))
            assert session.history.in_past
        file = file_of(session, tmp_path / f"{where}.session.yaml", with_checks=True)
        again = resumed(file)
        assert_same(session, again)
        # What is known to come comes, in both.
        for each in (session, again):
            each.go_to_end()
        assert_same(session, again)
        one, other = (text_of(spec_of(each), file.file.path) for each in (session, again))
        assert without_the_time(one) == without_the_time(other)
        again.close()
    found = replayed(file)
    assert found.departs == ""
    assert found.trace == file.spec.trace
    session.close()


def without_the_time(text):
    return [line for line in text.splitlines() if not line.startswith("saved:")]


@pytest.mark.parametrize(("board", "scenario"), [("rpi4", "shell"), ("x86", "ipi")])
def test_the_number_is_that_of_trace_hash_where_both_end_at_the_same_moment(
    board, scenario, tmp_path
):
    until_ns = 1_300 * MS
    session = booted(board, scenario)
    session.run_until(until_ns)
    file = file_of(session, tmp_path / "x.session.yaml", with_checks=True)
    session.close()
    traced = open_session(board, scenario)
    assert file.spec.trace.sha256 == hash_trace(traced, until_ns)
    assert replayed(file).trace.sha256 == hash_trace(resumed_from_reset(file), until_ns)
    traced.close()


def resumed_from_reset(file):
    return open_saved(file)


# -- another past ----------------------------------------------------------------------------------


def test_what_is_done_in_the_past_cuts_the_future_and_only_that_is_saved(tmp_path):
    session = booted("rpi4", "timer-callbacks")
    session.type(b"one")
    session.run_until(200 * MS)
    session.bookmarks.add(session.bookmark("the other future"))
    session.type(b"two")
    session.run_until(400 * MS)
    session.go_to_time(100 * MS)
    session.poke("GICC_PMR=0x80")
    session.run_until(150 * MS)
    session.go_to_time(120 * MS)
    path = tmp_path / "x.session.yaml"
    file = file_of(session, path, with_checks=True)
    assert [item.type or item.poke for item in file.spec.inputs] == ["one", "GICC_PMR=0x80"]
    assert [(item.moment, item.at) for item in file.spec.bookmarks] == [(None, 200 * MS)]
    again = resumed(file)
    assert_same(session, again)
    assert replayed(file).departs == ""
    # What is undone is not there any more.
    for each in (session, again):
        each.take_back()
    assert_same(session, again)
    assert [item.type for item in file_of(session, path).spec.inputs] == ["one"]
    for each in (session, again):
        each.take_back()
        assert each.history.inputs == []
    assert_same(session, again)
    again.close()
    session.close()


def test_a_kernel_that_has_halted_halts_again(tmp_path):
    session = booted("rpi4", "timer-callbacks")
    session.type(b"x")
    session.poke("0xFF841104=0x40000000")  # nothing handles that interrupt
    session.run_until(2_000 * MS)
    file = file_of(session, tmp_path / "x.session.yaml", with_checks=True)
    again = resumed(file)
    assert_same(session, again)
    assert replayed(file).departs == ""
    again.close()
    session.close()


@pytest.mark.parametrize("board", ["rpi4", "rpi3", "x86"])
def test_a_wire_that_wakes_a_core_and_more_at_the_same_moment(board, tmp_path):
    """They are given together: no checkpoint lies between them, nor after them at that moment."""
    session = booted(board, "timer-callbacks")
    session.run_until(38 * MS)
    session.poke("uart0.irq=1")
    session.type(b"help")
    session.run_until(98 * MS)
    session.next_interrupt()
    for _ in range(4):
        list(session.back(NEXT_INTERRUPT))
    again = resumed(file_of(session, tmp_path / "x.session.yaml"))
    assert_same(session, again)
    for each in (session, again):
        each.go_to_booted()
    assert_same(session, again)
    again.close()
    session.close()


# -- at random -------------------------------------------------------------------------------------

NEAR = st.integers(0, 60 * MS)
TEXTS = st.one_of(
    st.binary(min_size=1, max_size=20), st.text(min_size=1, max_size=20).map(str.encode)
)
NOTES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=1000)
COMMANDS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), NEAR),
        st.tuples(st.just("type"), TEXTS),
        st.tuples(st.just("poke"), st.sampled_from(["uart0.irq=1", "GICC_PMR=0x80"])),
        st.tuples(st.just("steps"), st.integers(1, 5)),
        st.tuples(st.just("interrupt"), st.none()),
        st.tuples(st.just("meaningful"), st.none()),
        st.tuples(st.just("go_to"), st.floats(0, 1)),
        st.tuples(st.just("back"), st.sampled_from([STEP, NEXT_INTERRUPT])),
        st.tuples(st.just("undo"), st.none()),
        st.tuples(st.just("reset"), st.none()),
        st.tuples(st.just("mark"), NOTES),
    ),
    min_size=4, max_size=12,
)  # fmt: skip
BOARDS = st.sampled_from([("rpi4", "timer-callbacks"), ("rpi4", "two-cores"), ("rpi3", "shell")])


def _limit(session):
    return {"until": session.machine.now + 100 * MS}


def _meaningful(session, _):
    session.follows_story = True
    session.next_step()


def _poke(session, text):
    """Only a Pi 4 has the one register."""
    session.poke(text if session.machine.board_name == "rpi4" else "uart0.irq=1")


CARRIED_OUT = {
    "run": lambda session, ns: session.run_until(session.machine.now + ns),
    "type": lambda session, data: session.type(data),
    "poke": _poke,
    "steps": lambda session, count: [
        session.advance(STEP, **_limit(session)) for _ in range(count)
    ],
    "interrupt": lambda session, _: session.advance(NEXT_INTERRUPT, **_limit(session)),
    "meaningful": _meaningful,
    "go_to": lambda session, share: session.go_to_time(int(share * session.history.end.now_ns)),
    "back": lambda session, watch: list(session.back(watch)),
    "undo": lambda session, _: session.history.given and session.take_back(),
    "reset": lambda session, _: session.go_to_reset(),
    "mark": lambda session, note: session.bookmarks.add(session.bookmark(note)),
}


@settings(max_examples=3)
@given(setup=BOARDS, commands=COMMANDS)
def test_whatever_one_does_is_there_again(setup, commands, tmp_path_factory):
    session = booted(*setup)
    for name, what in commands:
        CARRIED_OUT[name](session, what)
    path = tmp_path_factory.mktemp("walk") / "x.session.yaml"
    file = file_of(session, path, with_checks=True)
    session.follows_story = False
    again = resumed(file)
    assert_same(session, again)
    assert replayed(file).departs == ""
    one, other = (without_the_time(text_of(spec_of(each), path)) for each in (session, again))
    assert one == other
    again.close()
    session.close()
