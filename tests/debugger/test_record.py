"""Records: numbers up to a moment, against plain lists."""

from array import array
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kerneltui.debugger import record
from kerneltui.debugger.record import Record

SMALL = 5


class Machine(RuleBasedStateMachine):
    """A record whose parts are small, so that many are packed; and what it should hold."""

    def __init__(self):
        super().__init__()
        self.patched = patch.object(record, "PART", SMALL)
        self.patched.start()
        self.record = Record("q")
        self.story = []
        self.count = 0

    def teardown(self):
        self.patched.stop()

    @rule(numbers=st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=3 * SMALL))
    def goes_on(self, numbers):
        """As it did before, as far as that is known."""
        for number in numbers:
            if self.count == len(self.story):
                self.story.append(number)
            self.record.add(self.story[self.count])
            self.count += 1

    @rule(data=st.data())
    def goes_to(self, data):
        self.count = data.draw(st.integers(0, len(self.story)))
        self.record.go_to(self.count)

    @precondition(lambda self: self.count < len(self.story))
    @rule()
    def forgets(self):
        self.record.forget_rest()
        del self.story[self.count :]

    @rule(length=st.integers(0, 6 * SMALL))
    def looks(self, length):
        assert list(self.record.last(length)) == self.story[: self.count][-length or self.count :]

    @rule(length=st.integers(0, 6 * SMALL))
    def looks_back(self, length):
        numbers = self.record.backwards()
        found = [number for number, _ in zip(numbers, range(length), strict=False)]
        assert found == self.story[: self.count][::-1][:length]

    @invariant()
    def counts(self):
        assert (self.record.count, self.record.known) == (self.count, len(self.story))


TestRecord = Machine.TestCase
TestRecord.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


@given(st.lists(st.integers(0, 255), max_size=60), st.data())
def test_what_is_added_again_is_taken_as_known(numbers, data):
    """The machine does the same again; the record only counts, and does not look."""
    with patch.object(record, "PART", SMALL):
        made = Record("B")
        for number in numbers:
            made.add(number)
        made.go_to(data.draw(st.integers(0, len(numbers))))
        for _ in range(made.count, made.known):
            made.add(0)
        assert list(made.last(1_000)) == numbers


def test_a_record_is_packed():
    made = Record("q")
    for number in range(3 * record.PART):
        made.add(number % 7)
    assert made.size < 2 * record.PART * array("q").itemsize
    assert made.last(3).tolist() == [(3 * record.PART - n) % 7 for n in (3, 2, 1)]
    made.go_to(10)
    assert made.last(4).tolist() == [6, 0, 1, 2]


@pytest.mark.parametrize("count", range(4 * SMALL))
def test_the_rest_can_be_forgotten_anywhere(count):
    with patch.object(record, "PART", SMALL):
        made = Record("q")
        for number in range(4 * SMALL):
            made.add(number)
        list(made.backwards())
        made.go_to(count)
        made.forget_rest()
        for number in range(100, 100 + 3 * SMALL):
            made.add(number)
        expected = [*range(count), *range(100, 100 + 3 * SMALL)]
        assert list(made.last(1_000)) == expected
        assert list(made.backwards()) == expected[::-1]


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=40), st.data())
def test_pairs_are_added_as_their_numbers_are(pairs, data):
    with patch.object(record, "PART", SMALL):
        one_by_one, made = Record("q"), Record("q")
        for pair in pairs:
            made.add_pair(*pair)
            for number in pair:
                one_by_one.add(number)
        assert list(made.last(1_000)) == list(one_by_one.last(1_000))
        before = data.draw(st.integers(0, len(pairs)))
        made.go_to(2 * before)
        for pair in pairs[before:]:
            made.add_pair(*pair)
        assert (made.count, made.known) == (2 * len(pairs), 2 * len(pairs))
        made.go_to(2 * before)
        made.forget_rest()
        made.add_pair(7, 8)
        expected = [*(number for pair in pairs[:before] for number in pair), 7, 8]
        assert list(made.last(1_000)) == expected
