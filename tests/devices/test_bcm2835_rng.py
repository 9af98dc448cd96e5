"""The BCM2835's random number generator, as its driver in Linux uses it."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.bcm.bcm2835_rng import FIFO_DEPTH, WORD_NS, Bcm2835Rng, Config, number
from kerneltui.hw.clock import Clock

CTRL, STATUS, DATA, MASK = 0x00, 0x04, 0x08, 0x10


def make(seed=1):
    return Bcm2835Rng("rng", Config(seed), Clock())


@pytest.fixture
def rng():
    return make()


def advance(rng, ns):
    rng.clock.advance(rng.clock.now + ns)


def waiting(rng):
    return rng.regs.peek(STATUS) >> 24


def test_off_it_makes_nothing(rng):
    advance(rng, 10 * WORD_NS)
    assert (rng.regs.read(STATUS), rng.regs.read(DATA)) == (0, 0)


def test_the_first_word_comes_after_the_warm_up(rng):
    rng.regs.write(STATUS, 0x4_0000)
    rng.regs.write(CTRL, 1)
    advance(rng, 0x4_0000 * 1000 + WORD_NS - 1)
    assert rng.regs.read(STATUS) == 0x4_0000
    advance(rng, 1)
    assert rng.regs.read(STATUS) == 0x4_0000 | 1 << 24


def test_the_fifo_fills_word_by_word(rng):
    rng.regs.write(CTRL, 1)
    for count in range(FIFO_DEPTH + 3):
        assert waiting(rng) == min(count, FIFO_DEPTH)
        advance(rng, WORD_NS)
    taken = [rng.regs.read(DATA) for _ in range(FIFO_DEPTH + 1)]
    assert taken == [*(number(1, place) for place in range(FIFO_DEPTH)), 0]
    advance(rng, WORD_NS - 1)
    assert waiting(rng) == 0
    advance(rng, 1)
    assert waiting(rng) == 1


def test_to_look_takes_nothing(rng):
    rng.regs.write(CTRL, 1)
    advance(rng, 2 * WORD_NS)
    assert rng.regs.peek(DATA) == rng.regs.peek(DATA) == rng.regs.read(DATA)
    assert waiting(rng) == 1


def test_switched_off_it_keeps_what_waits(rng):
    rng.regs.write(CTRL, 1)
    advance(rng, 2 * WORD_NS)
    rng.regs.write(CTRL, 0)
    advance(rng, 5 * WORD_NS)
    assert waiting(rng) == 2


def test_the_numbers_follow_from_the_seed():
    numbers = [[number(seed, place) for place in range(1000)] for seed in (1, 1, 2)]
    assert numbers[0] == numbers[1] != numbers[2]
    assert len(set(numbers[0])) == 1000
    ones = sum(value.bit_count() for value in numbers[0])
    assert 0.49 < ones / 32_000 < 0.51


ACTIONS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from((CTRL, STATUS)), st.integers(0, 40)),
    st.tuples(st.just("read"), st.just(DATA), st.just(0)),
    st.tuples(st.just("wait"), st.integers(0, 3 * WORD_NS), st.just(0)),
)


def act(rng, kind, first, second):
    if kind == "write":
        rng.regs.write(first, second)
    elif kind == "read":
        rng.regs.read(first)
    else:
        advance(rng, first)


@given(st.lists(ACTIONS, max_size=30), st.lists(ACTIONS, max_size=10))
def test_a_word_is_made_at_most_every_32_microseconds_and_a_copy_goes_on(before, after):
    rng = make()
    for action in before:
        count, now = waiting(rng), rng.clock.now
        act(rng, *action)
        assert 0 <= waiting(rng) <= FIFO_DEPTH
        assert waiting(rng) - count <= (rng.clock.now - now) // WORD_NS + 1
    copy = pickle.loads(pickle.dumps(rng))
    for action in after:
        act(rng, *action)
        act(copy, *action)
    assert rng.regs.peek(STATUS) == copy.regs.peek(STATUS)
    assert rng.regs.peek(DATA) == copy.regs.peek(DATA)
