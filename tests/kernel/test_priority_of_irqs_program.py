"""The program ``priority-of-irqs``: what is served first, and what interrupts what.

The rules are written out here anew.  GIC (IHI 0048B 3.3): the highest priority comes first, of
equal ones the lowest ID; a handler is interrupted by a higher priority alone.  Local APIC (SDM 3A
10.8.3): the highest vector comes first; a handler is interrupted by a higher class alone, which is
the upper digit.  The Pi 3's controllers rank nothing: the driver takes the lowest bit first.
"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session

S = 1_000_000_000
every_board = pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
PRIORITIES = {"low": 4, "middle": 8, "high": 12}
NUMBERS = {"low": 0, "middle": 1, "high": 2}
LINE = re.compile(r"\[ +\d+\.\d{6}\] ( *)(.*)")


class Expected:
    """What the rules of a board make of the acts: ``lines`` as (handlers under way, text)."""

    def __init__(self, board, priorities):
        self.board = board
        self.priorities = priorities
        self.pending = set()
        self.under_way = []
        self.held = 0
        self.lines = []

    def say(self, text):
        self.lines.append((len(self.under_way), text))

    def raises(self, who, name):
        self.say(f"{who} raises {name}")
        self.pending.add(name)

    def rank(self, name):
        if self.board == "rpi3":
            return -NUMBERS[name]
        number = NUMBERS[name] if self.board == "x86" else -NUMBERS[name]
        return self.priorities[name], number

    def can_come(self, name):
        if self.board == "rpi3":
            return True
        running = [self.priorities[other] for other in self.under_way]
        return self.priorities[name] > max([self.held, *running])

    def serve(self, sends):
        """Interrupts are let in; ``sends`` is what handlers raise, None where they let none in."""
        while able := list(filter(self.can_come, self.pending)):
            name = max(able, key=self.rank)
            self.pending.remove(name)
            self.under_way.append(name)
            self.say(f"{name} begins")
            for other in sends.pop(name, ()) if sends is not None else ():
                self.raises(name, other)
                self.serve(sends)
            self.say(f"{name} ends")
            self.under_way.pop()


def expected(board, priorities=PRIORITIES):
    model = Expected(board, priorities)
    model.lines.append((0, "Act 1: all at once, interrupts masked"))
    for name in ("middle", "low", "high"):
        model.raises("timeout", name)
    model.serve(None)
    model.lines.append((0, "Act 2: handlers let interrupts in"))
    model.raises("timeout", "low")
    model.serve({"low": ["high", "middle"], "high": ["low"]})
    if board == "rpi3":
        model.lines.append((0, "No act 3: this interrupt controller has no priorities"))
        return model.lines
    model.lines.append((0, "Act 3: middle and below held back"))
    model.held = priorities["middle"]
    for name in ("middle", "low", "high"):
        model.raises("timeout", name)
    model.serve(None)
    model.lines.append((0, "All let through again"))
    model.held = 0
    model.serve(None)
    return model.lines


def started(board, priorities=PRIORITIES):
    session = open_session(board, "priority-of-irqs")
    session.kernel.priorities = priorities
    session.boot()
    return session


def told(session):
    """The lines since boot, as :func:`expected` has them."""
    found = (LINE.match(line) for line in session.recorder.console.lines())
    pairs = [(len(match[1]) // 3, match[2]) for match in found if match]
    start = next(n for n, (_, text) in enumerate(pairs) if text.startswith("Act 1"))
    return pairs[start:]


def begun(lines, act):
    """(handlers under way, name) of each handler that begins in an act."""
    texts = [text for _, text in lines]
    start = next(n for n, text in enumerate(texts) if text.startswith(f"Act {act}"))
    end = next((n for n, text in enumerate(texts) if f"ct {act + 1}" in text), len(texts))
    return [(depth, text.split()[0]) for depth, text in lines[start:end] if "begins" in text]


@every_board
def test_the_acts_go_by_the_boards_rule(board):
    session = started(board)
    session.run_until(4 * S)
    assert told(session) == expected(board)
    assert session.machine.core.halt_reason == ""


FIRST_ACT = {
    "rpi3": ["low", "middle", "high"],
    "rpi4": ["high", "middle", "low"],
    "x86": ["high", "middle", "low"],
}
SECOND_ACT = {
    "rpi3": [(1, "low"), (2, "high"), (3, "low"), (2, "middle")],
    "rpi4": [(1, "low"), (2, "high"), (2, "middle"), (1, "low")],
    "x86": [(1, "low"), (2, "high"), (2, "middle"), (1, "low")],
}


@every_board
def test_what_comes_first_and_what_interrupts_what(board):
    session = started(board)
    session.run_until(4 * S)
    lines = told(session)
    assert begun(lines, 1) == [(1, name) for name in FIRST_ACT[board]]
    assert begun(lines, 2) == SECOND_ACT[board]


@pytest.mark.parametrize("board", ["rpi4", "x86"])
def test_only_what_is_above_the_mask_gets_through_until_it_is_lifted(board):
    session = started(board)
    session.run_until(session.machine.now + 3 * S + S // 4)
    assert [name for _, name in begun(told(session), 3)] == ["high"]
    session.run_until(session.machine.now + S // 2)
    assert [name for _, name in begun(told(session), 3)] == ["high", "middle", "low"]


@every_board
@settings(max_examples=10)
@given(st.tuples(*[st.integers(2, 13)] * 3))
def test_whatever_the_priorities_the_order_follows_the_rule(board, levels):
    priorities = dict(zip(PRIORITIES, levels, strict=True))
    session = started(board, priorities)
    session.run_until(4 * S)
    assert told(session) == expected(board, priorities)


@every_board
def test_three_interrupts_are_as_many_exceptions_but_on_the_pi_3(board):
    """The Pi 3's driver serves all that it has read at once; the others take one at a time."""
    session = started(board)
    session.next_timer_event()
    core = session.machine.core
    before = core.interrupts_taken
    session.run_until(session.machine.now + S // 2)
    assert core.interrupts_taken - before == (1 if board == "rpi3" else 3)


@every_board
def test_at_the_end_nothing_is_left_in_any_register(board):
    session = started(board)
    session.run_until(4 * S)
    assert session.machine.at_rest
    assert session.kernel.under_way == 0
    assert not [
        view
        for view in session.view(frozenset({"interrupts"})).interrupts
        if view.pending or view.active
    ]
    session.type(b"still here\n")
    session.run_until(5 * S)
    assert session.recorder.console.lines()[-2:] == ["still here", ""]


@pytest.mark.usefixtures("with_past")
@every_board
def test_going_back_between_the_acts_and_on_again_gives_the_same_text(board):
    session = started(board)
    session.run_until(session.machine.now + 3 * S + S // 4)
    moment, texts = session.here, []
    for _ in range(2):
        session.run_until(5 * S)
        texts.append(told(session))
        session.go_to(moment)
    assert texts[0] == texts[1] == expected(board)


def test_without_a_local_apic_it_says_so():
    session = open_session("x86", "priority-of-irqs", Changes(append="apic=off"))
    session.boot()
    session.run_until(4 * S)
    lines = session.recorder.console.lines()
    assert any("No software interrupts: The 8259s" in line for line in lines)
    assert session.machine.core.halt_reason == ""
