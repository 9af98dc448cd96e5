"""Walks through the boot of a kernel that sets many timeouts: there are checkpoints in it."""

import random

import pytest
from canonical import first_difference, tokens
from moments import console_and_events, differences, picture

from kerneltui.debugger import history
from kerneltui.debugger.watch import NEXT_TIMER_EVENT, STEP
from kerneltui.kernel.time.timeout_queue import QUEUES
from kerneltui.machine import hosted_core
from kerneltui.machine.machine import Machine
from kerneltui.scenarios.scenario import open_session

MANY = """\
title: Many timeouts
program: {program}
queue: {queue}
timeouts:
  - once: 1us
    print: "while it boots"
  - every: 300us
    name: beat
  - once: 1ms
    name: row
    repeat: 60
    apart: 10us
"""
PLACES = [
    ("rpi3", "wheel", "timer-callbacks"),
    ("rpi4", "sorted", "timer-callbacks"),
    ("x86", "heap", "priority-of-irqs"),
    ("rpi4", "vec", "interval-drift"),
]


@pytest.fixture(name="often", autouse=True)
def _often(monkeypatch):
    """A landing every 60 instructions, and a checkpoint at nearly all of them."""
    monkeypatch.setattr(hosted_core, "LANDINGS_APART", 60)
    monkeypatch.setattr(history, "EVERY", 50)
    monkeypatch.setattr(history, "SHARE_IN_BOOT", 0)
    monkeypatch.setattr(history, "CLOSE", 30)


@pytest.fixture(name="many", params=PLACES, ids=" ".join)
def _many(request, tmp_path):
    board, queue, program = request.param
    path = tmp_path / "many.yaml"
    path.write_text(MANY.format(queue=queue, program=program))
    return board, str(path)


def seen(session):
    return picture(session), console_and_events(session), list(tokens(session.machine))


def assert_same(one, other):
    assert differences(one[0], other[0])[:5] == []
    assert one[1] == other[1]
    assert first_difference(one[2], other[2]) == ""


def landings(session):
    return [item.position for item in session.history._past.in_boot]


def test_every_queue_is_walked():
    assert {queue for _, queue, _ in PLACES} == set(QUEUES)


def test_moments_of_a_boot_are_the_same_whatever_the_way_there(many):
    session, plain = open_session(*many), open_session(*many)
    plain.history.on = False
    session.boot()
    first, *others = landings(session)
    assert len(others) > 5
    assert others[-1] < session.history.first
    chosen, end = random.Random(str(many)), session.core.retired
    numbers = chosen.sample(range(first.retired - 5, end), 5)
    numbers += [first.retired, others[3].retired, others[-1].retired + 1]
    known = {}
    for number in sorted(numbers):
        plain.advance(STEP, instructions=number - plain.core.retired)
        while plain.core.retired < number:
            plain.step()
        known[number] = plain.here, seen(plain)
    for number in chosen.sample(numbers * 2, 2 * len(numbers)):
        session.go_to_instruction(number)
        there, wanted = known[number]
        assert session.here == there
        assert_same(wanted, seen(session))
        chosen.choice((session.go_to_end, session.step, session.next_timer_event, int))()
    session.close()
    plain.close()


def test_what_is_typed_and_taken_back_in_a_boot(many):
    session = open_session(*many)
    session.boot()
    places = landings(session)
    session.go_to(places[2])  # before the instruction that follows the landing
    before = seen(session)
    session.type(b"x")
    session.boot()
    typed = seen(session)
    for there in (places[1], places[2], session.history.first):
        session.go_to(there)
    assert_same(typed, seen(session))
    for _ in range(3):
        list(session.back(STEP))
    session.next_timer_event()
    list(session.back(NEXT_TIMER_EVENT))
    session.take_back()
    assert session.here == places[2]
    assert_same(before, seen(session))
    session.close()


def test_a_step_back_in_a_boot_replays_little_of_it(many, monkeypatch):
    session = open_session(*many)
    session.boot()
    session.history.prepare()
    session.run_until(session.machine.now + 3_000_000)
    begun = []
    run = Machine.run

    def counted(machine, **conditions):
        before = machine.core.retired
        reason = run(machine, **conditions)
        begun.append(machine.core.retired - before)
        return reason

    monkeypatch.setattr(Machine, "run", counted)
    for landing in (landings(session)[-1], landings(session)[1]):
        number = landing.retired + 20
        session.go_to_instruction(number)
        begun.clear()
        list(session.back(STEP))
        session.view()
        assert session.core.retired == number - 1
        assert sum(begun) < 200


def test_short_boots_have_no_checkpoints_inside(monkeypatch):
    monkeypatch.undo()
    for board in ("rpi3", "rpi4", "x86"):
        session = open_session(board, "timer-callbacks")
        session.boot()
        assert landings(session) == []
        session.close()
