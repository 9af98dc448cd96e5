"""Drivers that are wrong: one sentence with file and line, and the machine can be looked at."""

from collections import deque
from contextlib import suppress

import pytest
from own.broken import ESCAPING, HALTING, SILENT, SYSTEM_TIMER, UNLOADABLE, Broken, changed
from own.places import source_of

from kerneltui.checks.suite import results
from kerneltui.debugger.traveller import DivergedError
from kerneltui.debugger.watch import NEXT_TIMER_EVENT, STEP
from kerneltui.errors import UserError
from kerneltui.kernel.roles import POSTS
from kerneltui.own.loading import load_driver
from kerneltui.own.options import drivers_named
from kerneltui.parameters import Opened
from kerneltui.question import Question, answer
from kerneltui.scenarios.scenario import open_session


@pytest.fixture
def opened(tmp_path):
    """Opens a session with a broken driver, and closes it."""
    sessions = []

    def call(broken):
        path = tmp_path / "mine.py"
        path.write_text(broken.text)
        drivers = drivers_named([f"{broken.role}={path}"])
        session = open_session("rpi4", "timer-callbacks", drivers=drivers)
        sessions.append(session)
        return session

    yield call
    for session in sessions:
        session.close()


def check_sentence(said, broken, path):
    """File, line and what is wrong, in one line."""
    assert broken.said in said
    assert "\n" not in said
    assert "Traceback" not in said
    if broken.line is not None:
        assert f"{path}, line {broken.line}: " in said


@pytest.mark.parametrize("name", UNLOADABLE)
def test_what_cannot_be_loaded_is_told(name, opened, tmp_path):
    broken = UNLOADABLE[name]
    with pytest.raises(UserError) as found:
        opened(broken)
    check_sentence(str(found.value), broken, tmp_path / "mine.py")


@pytest.mark.parametrize("name", HALTING)
def test_what_fails_on_the_way_halts_the_kernel_alone(name, opened, tmp_path):
    broken = HALTING[name]
    session = opened(broken)
    session.follows_story = True
    session.boot()
    session.view()
    session.advance(NEXT_TIMER_EVENT)
    session.run_until(1_500_000_000)
    assert session.machine.halt_reason
    check_sentence(session.machine.halt_reason, broken, tmp_path / "mine.py")
    walk_about(session)


def walk_about(session):
    """Look at all there is, and go to other moments."""
    session.view()
    session.moment()
    for goal in (STEP, STEP, NEXT_TIMER_EVENT):
        with suppress(DivergedError):  # which the dashboard tells
            deque(session.back(goal), maxlen=0)
        session.view()
    for go in (session.go_to_reset, session.step, session.go_to_booted, session.go_to_end):
        with suppress(DivergedError):
            go()
        session.view()


@pytest.mark.parametrize("name", ESCAPING)
def test_what_escapes_going_back_is_named_by_the_check(name, tmp_path):
    broken = ESCAPING[name]
    path = tmp_path / "mine.py"
    path.write_text(broken.text)
    found = results(load_driver("timer", path, "rpi4"), "rpi4", "rpi4")
    failed = {item.case.name: item.outcome.failed for item in found if item.outcome.failed}
    check_sentence(failed["it keeps nothing outside its objects"], broken, path)


@pytest.mark.parametrize("name", ["a global", "a cache"])
def test_what_escapes_going_back_leaves_the_session_alive(name, opened):
    broken = ESCAPING[name]
    session = opened(broken)
    session.follows_story = True
    session.boot()
    session.run_until(1_500_000_000)
    walk_about(session)


@pytest.mark.parametrize("name", SILENT)
def test_why_its_interrupt_does_not_come_is_told_as_of_our_own(name, opened):
    broken = SILENT[name]
    session = opened(broken)
    session.run_until(1_500_000_000)
    irq = session.inspector.timer_irq()
    question = Question(str(irq.number), "", "", 0)
    told = "".join(answer(Opened(session, None), question, as_json=False))
    assert broken.said in told
    walk_about(session)


def test_there_are_at_least_thirty_of_them():
    assert len(UNLOADABLE) + len(HALTING) + len(SILENT) + len(ESCAPING) >= 30


def test_the_right_one_is_right(opened, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SYSTEM_TIMER)
    found = results(load_driver("timer", path, "rpi4"), "rpi4", "rpi4")
    assert [item.outcome.failed for item in found if item.outcome.failed] == []


def test_a_driver_that_is_for_another_board_is_refused():
    (gic,) = (post for post in POSTS["rpi4"] if post.role == "irq-controller")
    drivers = drivers_named([f"irq-controller={source_of(gic)}"])
    with pytest.raises(UserError, match="the kernel makes it with"):
        open_session("rpi3", "timer-callbacks", drivers=drivers)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("BASE + 0x14, due & 0xFFFF_FFFF",
         "C3 has been written by nobody since reset; C2 of the same timer has been set instead"),
        ("BASE + C3, 0", "C3 holds 0x0, what it has out of reset"),
        ("BASE + C3, 5", "the compare value had been passed when it was written"),
    ],
)  # fmt: skip
def test_only_a_comparator_that_was_written_is_said_to_have_been_passed_then(line, told, opened):
    text = changed(SYSTEM_TIMER, "BASE + C3, due & 0xFFFF_FFFF", line)
    session = opened(Broken("timer", text, told))
    session.run_until(3_000_000_000)
    words = "".join(answer(Opened(session, None), Question("99", "", "", 0), as_json=False))
    assert f"irq 99 comes at the wrong time: {told}" in words or f"; {told}" in words
    assert ("had been passed" in words) == ("passed" in told)
