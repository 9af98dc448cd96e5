"""Walks through time by all commands: a moment looks the same, whatever the way there."""

import random

import pytest
from canonical import first_difference, tokens
from faults import each_once, ordinary
from moments import console_and_events, differences, picture

from kerneltui.debugger import history
from kerneltui.debugger.watch import NEXT_INTERRUPT, NEXT_TIMER_EVENT, STEP
from kerneltui.scenarios.scenario import open_session

S = 1_000_000_000
STEPS = 10
LARGE = {"burst", "queue-structures"}
"""Thousands of timeouts: to look at all of their state takes long."""


class Walk:
    """A session, and what was seen at each moment that one has come to."""

    def __init__(self, board, scenario, seed):
        self.random = random.Random(seed)
        self.session = open_session(board, scenario)
        self.session.boot()
        self.is_large = scenario in LARGE
        self.known = {}
        self.way = []

    def forwards(self, watch):
        limit = self.session.machine.now + S // 2
        self.session.advance(watch, until=limit, instructions=4_000)

    def backwards(self, watch):
        for _ in self.session.back(watch):
            pass

    def s(self):
        self.forwards(STEP)

    def n(self):
        self.forwards(NEXT_TIMER_EVENT)

    def i(self):
        self.forwards(NEXT_INTERRUPT)

    def f(self):
        self.forwards(self.session.finish_goal())

    def S(self):
        self.backwards(STEP)

    def N(self):
        self.backwards(NEXT_TIMER_EVENT)

    def I(self):  # noqa: E743
        self.backwards(NEXT_INTERRUPT)

    def F(self):
        self.backwards(self.session.finish_goal())

    def time(self):
        self.session.go_to_time(self.random.randrange(self.session.history.end.now_ns + 1))

    def step(self):
        known = self.session.history.end_retired[self.session.focus]
        self.session.go_to_instruction(self.random.randrange(known + 1))

    def seek(self):
        if self.known:
            moment, _ = self.random.choice(list(self.known))
            self.session.go_to(moment)
            assert self.session.here == moment

    def jump(self):
        self.session.leave_mark()
        moment = self.session.here
        self.time()
        assert self.session.jump_back()
        assert self.session.here == moment

    def run(self):
        limit = self.session.machine.now + self.random.randrange(S // 4)
        self.session.run_until(min(limit, self.session.machine.now + S // 4))

    def end(self):
        self.session.go_to_end()
        assert not self.session.history.in_past

    def booted(self):
        self.session.go_to_booted()

    def reset(self):
        self.session.go_to_reset()

    def pin(self):
        self.session.pin_next_core()

    def type(self):
        here = self.session.here
        self.session.type(b"x\r")
        # What was known to come is another story from now on.
        self.known = {at: seen for at, seen in self.known.items() if at[0] < here}

    COMMANDS = (s, n, i, f, S, N, I, F, time, step, seek, seek, jump, run, end, booted, reset, pin)

    def go(self, steps):
        for number in range(steps):
            command = Walk.type if number == steps // 2 else self.random.choice(self.COMMANDS)
            command(self)
            self.way.append(command.__name__)
            self.look()

    def look(self):
        session = self.session
        state = [] if self.is_large else list(tokens(session.machine))
        found = picture(session), console_and_events(session), state
        place = session.here, session.focus
        before = self.known.setdefault(place, found)
        if before is found:
            return
        assert differences(before[0], found[0])[:5] == []
        assert before[1] == found[1]
        assert first_difference(before[2], found[2]) == ""


@pytest.mark.parametrize(("board", "scenario"), each_once(ordinary(), turn=2))
@pytest.mark.parametrize("seed", [1])
def test_a_moment_is_the_same_whatever_the_way_there(board, scenario, seed, monkeypatch):
    if scenario not in LARGE:
        monkeypatch.setattr(history, "EVERY", 700)
        monkeypatch.setattr(history, "CLOSE", 150)
    walk = Walk(board, scenario, f"{board} {scenario} {seed}")
    try:
        walk.go(STEPS // 2 if walk.is_large else STEPS)
    except AssertionError as error:
        pytest.fail(f"seed {seed}, at {walk.session.here} after {' '.join(walk.way)}: {error}")
    finally:
        walk.session.close()


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_input_just_before_the_first_checkpoint_moves_that_one_before_the_input(board):
    """The first one numbers what a machine is made of: all machines make it in the same state."""
    session = open_session(board, "timer-callbacks")
    session.boot()
    list(session.back(STEP))
    session.type(b"x")
    session.next_timer_event()
    session.next_timer_event()
    there, seen = session.here, picture(session)
    list(session.back(NEXT_TIMER_EVENT))
    session.go_to_time(S // 10)
    session.go_to(there)
    assert differences(seen, picture(session)) == []
    session.close()


@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
def test_the_first_checkpoint_can_wait_until_the_machine_goes_on(board):
    session = open_session(board, "timer-callbacks")
    session.history.first_can_wait = True
    session.boot()
    booted, seen = session.here, picture(session)
    assert (session.history.first, session.machine.numbered_at) == (booted, None)
    session.next_timer_event()
    assert (session.history.first, session.machine.numbered_at) == (booted, booted)
    there, later = session.here, picture(session)
    session.go_to_booted()
    assert session.here == booted
    assert differences(seen, picture(session)) == []
    session.go_to(there)
    assert differences(later, picture(session)) == []
    session.restart()
    assert session.history.first is None
    session.close()
