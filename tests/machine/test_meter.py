"""The count of turns between two instructions, and the alarm beside it."""

import pytest

from kerneltui.machine.meter import (
    MOST_TURNS,
    STALL_LOOKS,
    Meter,
    NeverEndsError,
    StallError,
    Watchman,
)


class FakeCore:
    retired = 5

    def tracepoint(self, name, /, **facts):
        pass


@pytest.fixture
def meter():
    made = Meter()
    made.begin(FakeCore())
    return made


def test_the_turn_that_is_one_too_many_raises(meter):
    meter.turn(MOST_TURNS - 1)
    meter.turn()
    with pytest.raises(NeverEndsError, match="500,000 turns of loops"):
        meter.turn()
    with pytest.raises(NeverEndsError):
        meter.turn()  # whoever catches it comes to no further turn


def test_an_instruction_begins_the_count_anew(meter):
    meter.turn(MOST_TURNS)
    meter.core.retired += 1
    meter.turn(MOST_TURNS)


def test_what_is_done_alone_has_a_count_of_its_own_and_leaves_the_other_as_it_was(meter):
    meter.turn(MOST_TURNS)
    with meter.alone():
        meter.turn(MOST_TURNS)
    with pytest.raises(NeverEndsError):
        meter.turn()


def watchman_of(meter):
    return Watchman(meter, wait=lambda _: True)


def test_the_alarm_comes_where_the_core_stands_still(meter):
    watchman = watchman_of(meter)
    meter.turn()
    for _ in range(STALL_LOOKS + 1):
        watchman.look()
    with pytest.raises(StallError, match="cannot be done again"):
        meter.turn()


def test_no_alarm_comes_where_the_core_gets_on_or_nothing_runs(meter):
    watchman = watchman_of(meter)
    for _ in range(STALL_LOOKS * 2):
        watchman.look()
        meter.core.retired += 1
    meter.is_running = False
    for _ in range(STALL_LOOKS * 2):
        watchman.look()
    meter.turn()


def test_who_stalls_where_no_driver_is_to_blame_is_not_ended_later(meter):
    watchman = watchman_of(meter)
    meter.turn()
    for _ in range(STALL_LOOKS + 1):  # somebody reads the trace slowly
        watchman.look()
    meter.core.retired += 1
    meter.turn()
