"""Loops that wait, as compilers make them: they cost little, and end when they should."""

import random
from collections import Counter

from native_bench import MS, Run

from kerneltui.machine.native import counted_loops
from kerneltui.machine.native.counted_loops import CountedLoop
from kerneltui.machine.native.opcodes import PC, touched

CHARACTER_NS = 86_806
TYPED = ((7 * MS, b"k"),)
TURN_NS = 400
"""What one poll of both registers in polls.S takes, about, and what comes after it."""


def test_a_loop_of_calls_that_polls_two_registers_ends_when_a_character_comes():
    run = Run("polls", typed=TYPED).until(16 * MS)
    assert run.text == "k"
    assert 0 < run.times[0] - (7 * MS + 2 * CHARACTER_NS) < 2 * TURN_NS
    assert run.machine.core.retired < 20_000, "16 ms"


def test_such_a_loop_ends_when_an_interrupt_has_set_a_flag():
    run = Run("polls", typed=TYPED).until(18 * MS)
    assert run.text == "kt"
    sent, told = run.times
    assert 10 * MS < told - sent < 10 * MS + 2 * TURN_NS


def test_the_same_in_single_steps():
    typed = ((500_000, b"k"),)
    until = 10_675_000  # behind the flag
    at_once = Run("polls", typed=typed, traced=True).until(until)
    assert at_once.text == "kt"
    stepped = Run("polls", typed=typed, traced=True)
    machine = stepped.machine
    while machine.now < until:
        machine.run(steps=1, until=until, focus=machine.stopped)
    assert stepped.outcome == at_once.outcome


def test_another_core_frees_a_loop_at_most_so_much_later():
    run = Run("watch").until(6 * MS)
    assert run.text == "f"
    # The first core counts for 5 ms.
    assert 0 < run.times[0] - CHARACTER_NS - 5 * MS < (5 * MS >> 8) + 1_000
    assert run.machine.cores[1].retired < 30_000


def test_where_loads_and_stores_access():
    known = {
        0xB9400001: (0, 0, 4),  # ldr w1, [x0]
        0xA9BF7BFD: (31, -16, 16),  # stp x29, x30, [sp, #-16]!
        0xA8C17BFD: (31, 0, 16),  # ldp x29, x30, [sp], #16
        0x38401C22: (1, 1, 1),  # ldrb w2, [x1, #1]!
        0xF81F0FFE: (31, -16, 8),  # str x30, [sp, #-16]!
        0xB90004E6: (7, 4, 4),  # str w6, [x7, #4]
        0x58000040: (PC, 8, 8),  # ldr x0, .+8
    }
    for word, place in known.items():
        assert touched(word)[:3] == place, hex(word)
    # ldrb w3, [x4, w0, uxtw]; ldr x0, [x1, w2, sxtw #3]
    assert touched(0x38604883).added.of(0xF_0000_0003) == 3
    assert touched(0xF862D820).added.of(0xFFFF_FFFF) == -8
    assert touched(0x91000400) is None, "add"


def _executed_turn_by_turn(monkeypatch):
    monkeypatch.setattr(counted_loops, "bounds", lambda core, pc: None)


def test_loops_that_count_are_leapt_over_exactly(monkeypatch):
    lengths, leaps = {}, Counter()
    leap = CountedLoop.leap

    def noted(loop, turns):
        lengths[loop.start] = loop.length
        leaps[loop.start] += turns
        leap(loop, turns)

    monkeypatch.setattr(CountedLoop, "leap", noted)
    leapt = Run("counts").until(4 * MS)
    assert list(lengths.values()) == [4, 3, 5, 3, 8, 3, 3, 4], "b to i; a only counts down"
    assert min(leaps.values()) > 10_000
    _executed_turn_by_turn(monkeypatch)
    executed = Run("counts").until(4 * MS)
    assert leapt.text == "abcdefghijk"
    assert leapt.outcome == executed.outcome


def test_a_stop_within_a_loop_that_counts_finds_all_as_it_is(monkeypatch):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    stops = sorted(chance.sample(range(1_200_000), 40))
    leapt, found = Run("counts"), []
    for stop in stops:
        leapt.machine.run(until=stop)
        found.append(leapt.outcome)
    _executed_turn_by_turn(monkeypatch)
    executed = Run("counts")
    for stop, outcome in zip(stops, found, strict=True):
        executed.machine.run(until=stop)
        assert executed.outcome == outcome, f"seed {seed}, {stop} ns"


def test_a_run_ends_when_it_should_though_a_core_dozes():
    machine = Run("polls").until(3 * MS + 5).machine
    assert machine.now == 3 * MS + 5
    machine = Run("watch").until(2 * MS + 5).machine
    assert machine.now == 2 * MS + 5
