"""Durations, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.units import LONGEST_NS, NS_PER_UNIT, format_duration, format_time, parse_duration


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0s", 0), ("1ns", 1), ("250us", 250_000), ("1.5s", 1_500_000_000), ("2m", 120 * 10**9),
        ("1h", 3600 * 10**9), ("10_000 us", 10_000_000), ("0.000000001s", 1), ("8784h", LONGEST_NS),
        ("007ms", 7_000_000), ("2.5 ms", 2_500_000),
    ],
)  # fmt: skip
def test_what_is_a_duration(text, ns):
    assert parse_duration(text) == ns


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a duration"), ("5", "not a duration"), ("s", "not a duration"),
        ("1.s", "not a duration"), (".5s", "not a duration"), ("1e3s", "not a duration"),
        ("1 S", "not a duration"), ("1s2ms", "not a duration"), ("1s\n", "not a duration"),
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


@given(st.integers(0, 365 * 24 * 3600 * 10**9))
def test_a_shown_duration_can_be_read_again_and_is_right_to_a_thousandth(ns):
    again = parse_duration(format_duration(ns).replace("min", "m"))
    assert again <= ns
    assert ns - again <= ns // 1000 + 1


def test_how_durations_and_times_are_shown():
    assert [format_duration(ns) for ns in (0, 999, 1000, 1_500_000, 250_000, 90 * 10**9)] == [
        "0 ns", "999 ns", "1 us", "1.5 ms", "250 us", "90 s",
    ]  # fmt: skip
    assert format_duration(-2_000_000) == "-2 ms"
    assert format_time(1_000_123_456) == "1.000 123 456"
