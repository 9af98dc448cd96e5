"""The path and the panels beside it say the same, whatever the way to a moment.

Walks forwards and backwards, by steps, single accesses, events and breakpoints.
"""

import random

import pytest

from kerneltui.debugger.references import InterruptReference
from kerneltui.debugger.views.path import OPEN, WAITING
from kerneltui.debugger.watch import (
    NEXT_INTERRUPT,
    NEXT_TIMER_EVENT,
    PREVIOUS_HIT,
    STEP,
    until_time,
)
from kerneltui.scenarios.scenario import open_session

PARTS = frozenset({"path", "blocks", "interrupts", "deciding"})
BREAKPOINTS = {
    "rpi3": ["irq local:1 taken", "line timer.cntpnsirq0 rises", "write CNTP_CVAL_EL0"],
    "rpi4": ["irq 30 taken", "line timer.cntpnsirq0 rises", "write GICC_EOIR",
             "change GICC_RPR", "read GICC_IAR"],
    "x86": ["irq vector:0xec taken", "line rtc.irq rises", "write EOI", "write INIT_COUNT"],
}  # fmt: skip
LONGEST_NS = 6_000_000_000
TIMES_NS = (100, 1_000, 1_000_000, 1_000_000_000)
MS = 1_000_000


def opened(board, scenario):
    session = open_session(board, scenario)
    session.boot()
    session.follows_story = True
    return session


class Walker:
    """A session, by which commands it has come to its moment, and another one that goes there."""

    def __init__(self, board, scenario, seed):
        self.random = random.Random(seed)
        self.session, self.other = opened(board, scenario), opened(board, scenario)
        for text in BREAKPOINTS[board]:
            self.session.breakpoints.add(self.session.machine, text)
        self.way = ""

    def back(self, goal):
        for _ in self.session.back(goal):
            pass

    def move(self):
        session = self.session
        moves = {
            ".": session.next_step,
            ",": session.previous_step,
            "s": session.step,
            "n": session.next_timer_event,
            "i": session.next_interrupt,
            "f": session.finish,
            "S": lambda: self.back(STEP),
            "N": lambda: self.back(NEXT_TIMER_EVENT),
            "I": lambda: self.back(NEXT_INTERRUPT),
            "R": lambda: self.back(PREVIOUS_HIT),
            " ": lambda: session.advance(
                until_time(session.machine.now + self.random.choice(TIMES_NS))
            ),
        }
        key = self.random.choices(list(moves), [6, 6, 3, 2, 2, 2, 2, 2, 2, 5, 2])[0]
        self.way += key
        moves[key]()

    def straight(self):
        """What one sees who goes there and to no other moment."""
        here, other = self.session.here, self.other
        if other.history.end < here:
            other.go_to_end()
            other.run_until(here.now_ns + 1_000)
        other.go_to(here)
        other.story.show(self.session.story.phase)
        return other.view(PARTS)


@pytest.mark.parametrize(
    ("board", "scenario", "seed", "count"),
    [
        ("rpi4", "timer-callbacks", 1, 60),
        ("x86", "timer-callbacks", 1, 50),
        ("rpi3", "timer-callbacks", 3, 40),
        ("rpi4", "shell", 7, 40),
        ("rpi3", "round-robin", 4, 40),
    ],
)
def test_the_path_agrees_with_the_panels_and_with_the_straight_way(board, scenario, seed, count):
    walk = Walker(board, scenario, seed)
    for _ in range(count):
        walk.move()
        view, way = walk.session.view(PARTS), walk.way[-8:]
        straight = walk.straight()
        assert view.path == straight.path, way
        assert view.interrupts == straight.interrupts, way
        assert view.blocks == straight.blocks, way
        assert not list(contradictions(view)), way
        if walk.session.history.end.now_ns > LONGEST_NS:
            break


def contradictions(view):
    """What the path says of the wire, pending, in service and registers, and the panels do not."""
    path = view.path
    shown = {
        InterruptReference(item.controller, item.numbering, item.number): item
        for item in view.interrupts
    }
    for before, stop in zip(path.stops, path.stops[1:], strict=False):
        for fact in stop.facts:
            item = shown.get(path.interrupt)
            if item is None or stop.owner != item.controller or item.label not in stop.title:
                continue
            is_told = fact.text in {"pending", "requested"} and fact.state in {OPEN, WAITING}
            if is_told and (fact.state == OPEN) != item.pending:
                yield path.heading, fact, item
            if fact.text == "inactive" and (fact.state == OPEN) == item.active:
                yield path.heading, fact, item
            is_wire = before.kind == "line" and before.level is not None and item.line is not None
            if is_wire and before.level != item.line:
                yield path.heading, before, item
    held = {item.name: item.value for block in view.blocks for item in block.registers}
    names = [item.name for block in view.blocks for item in block.registers]
    for text in path.changes:
        name, *_, new = text.split()
        if names.count(name) == 1 and held[name] != int(new, 16):
            yield path.heading, text, held[name]


def test_a_character_that_came_in_the_midst_of_a_computation_is_past_after_it():
    session = opened("rpi4", "shell")
    session.run_until(501 * MS)
    session.go_to_time(500_032_502)  # in the midst of 4 us
    path = session.view(PARTS).path
    assert (path.heading, path.ago_ns) == ("STEP 2/11 A CHARACTER ARRIVES", 0)
    assert path.sentence
    session.step()
    path = session.view(PARTS).path
    assert path.heading == "STEP 2/11 A CHARACTER ARRIVES"
    assert (path.sentence, path.ago_ns) == ("", session.machine.now - 500_032_502)
