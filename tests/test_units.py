"""Durations, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.units import (
    LONGEST_NS,
    NS_PER_UNIT,
    format_briefly,
    format_duration,
    format_time,
    parse_duration,
    write_duration,
)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0s", 0), ("1ns", 1), ("250us", 250_000), ("1.5s", 1_500_000_000), ("2m", 120 * 10**9),
        ("1h", 3600 * 10**9), ("10_000 us", 10_000_000), ("0.000000001s", 1), ("8784h", LONGEST_NS),
        ("007ms", 7_000_000), ("2.5 ms", 2_500_000),
        ("10 min", 600 * 10**9), ("1.5min", 90 * 10**9), ("1.008 266 116 s", 1_008_266_116),
        ("0.000 000 001s", 1), ("12.500 250 ms", 12_500_250),
    ],
)  # fmt: skip
def test_what_is_a_duration(text, ns):
    assert parse_duration(text) == ns


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a duration"), ("5", r"needs a unit \(ns, us, ms, s, m \(or min\), h\)"),
        ("1.5", "needs a unit"), ("s", "not a duration"),
        ("1.s", "not a duration"), (".5s", "not a duration"), ("1e3s", "not a duration"),

        ("1 S", "'S' is not a unit of time; the units are ns, us, ms, s, m .or min., h"),
        ("1s2ms", "not a duration"), ("1s\n", "not a duration"),
        ("5 sec", "'sec' is not a unit"), ("2days", "'days' is not a unit"),
        ("5\u00b5s", "is not a unit"), ("1.5 minutes", "'minutes' is not a unit"),
        ("1.0082 661 s", "not a duration"), ("1 000 s", "not a duration"),
        ("1.008  266 s", "not a duration"), ("1.008 26 s", "not a duration"), ("1:30", "not a"),
        ("+1s", "not a duration"), ("nan s", "not a duration"), ("inf", "not a duration"),
        ("\u0661s", "not a duration"), ("1  s", "not a duration"),
        ("-1s", "negative"), (" -0.5s", "negative"),
        ("0.5ns", "finer"), ("1.0000000001s", "finer"),
        ("8785h", "more than a year"), ("9" * 4000 + "s", "more than a year"),
    ],
)  # fmt: skip
def test_what_is_none_and_why(text, said):
    with pytest.raises(ValueError, match=said):
        parse_duration(text)


@given(st.integers(0, LONGEST_NS), st.sampled_from(["ns", "us", "ms", "s", "m", "h"]))
def test_whole_numbers_of_every_unit_come_back_exactly(number, unit):
    ns = number // NS_PER_UNIT[unit] * NS_PER_UNIT[unit]
    assert parse_duration(f"{ns // NS_PER_UNIT[unit]}{unit}") == ns


@given(st.integers(0, LONGEST_NS))
def test_nanoseconds_as_decimals_of_a_second_come_back_exactly(ns):
    assert parse_duration(f"{ns // 10**9}.{ns % 10**9:09}s") == ns


SHOWN = {"format_duration": format_duration, "format_briefly": format_briefly}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
@given(ns=st.integers(0, LONGEST_NS))
def test_a_shown_duration_can_be_read_again_and_is_right_to_its_last_digit(show, ns):
    again = parse_duration(show(ns))
    assert again <= ns
    assert ns - again <= ns // 1000 + 1
    assert show(again) == show(ns)


@given(st.integers(0, LONGEST_NS))
def test_a_written_duration_is_exact(ns):
    assert parse_duration(write_duration(ns)) == ns


def test_durations_are_written_in_the_largest_unit_that_is_exact():
    assert [write_duration(ns) for ns in (0, 20_000, 1_500_000_000, 90 * 10**9, LONGEST_NS)] == [
        "0s", "20us", "1500ms", "90s", "8784h",
    ]  # fmt: skip


@given(st.integers(0, LONGEST_NS))
def test_a_shown_time_can_be_read_again_exactly(ns):
    assert parse_duration(f"{format_time(ns)} s") == ns


def test_how_durations_and_times_are_shown():
    assert [format_duration(ns) for ns in (0, 999, 1000, 1_500_000, 250_000, 90 * 10**9)] == [
        "0 ns", "999 ns", "1 us", "1.5 ms", "250 us", "90 s",
    ]  # fmt: skip
    assert format_duration(-2_000_000) == "-2 ms"
    assert format_time(1_000_123_456) == "1.000 123 456"
