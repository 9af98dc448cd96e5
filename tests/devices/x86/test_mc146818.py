"""MC146818A real-time clock: Motorola's datasheet, sentence by sentence."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.devices.x86.mc146818 import Config, Mc146818
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import NEVER, Clock
from kerneltui.machine.state import State

SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM = range(6)
WEEKDAY, DATE, MONTH, YEAR, A, B, C, D = range(6, 14)
CENTURY = 0x32
UIP, SET, PIE, AIE, UIE, BINARY, H24 = 0x80, 0x80, 0x40, 0x20, 0x10, 0x04, 0x02
IRQF, PF, AF, UF = 0x80, 0x40, 0x20, 0x10
ANY = 0xC0
S, MS, US = 10**9, 10**6, 10**3
UPDATE = 1984 * US
EPOCH = "2024-02-28T23:59:40"


class Rtc:
    def __init__(self, base=EPOCH, b=H24):
        self.clock = Clock()
        self.chip = Mc146818("rtc", Config(base), self.clock)
        self.io = AddressSpace("io")
        self.io.attach(0x70, 4, "RTC", self.chip.files["RTC"])
        if b != H24:
            self.put(B, SET | b)
            self.put(B, b)

    def put(self, index, value):
        self.io.write(0x70, index, 1)
        self.io.write(0x71, value, 1)

    def get(self, index):
        self.io.write(0x70, index, 1)
        return self.io.read(0x71, 1)

    def peek(self, index):
        return self.chip.files["CMOS"].peek(index)

    def set_time(self, b, *values):
        self.put(B, b | SET)
        places = (HOURS, MINUTES, SECONDS, WEEKDAY, DATE, MONTH, YEAR, CENTURY)
        for index, value in zip(places, values, strict=True):
            self.put(index, value)
        self.put(B, b)

    def time(self):
        places = (CENTURY, YEAR, MONTH, DATE, WEEKDAY, HOURS, MINUTES, SECONDS)
        return tuple(self.get(index) for index in places)

    def run_to(self, ns):
        self.clock.advance(ns)

    @property
    def irq(self):
        return self.chip.outputs["irq"][0].level


@pytest.fixture
def rtc():
    return Rtc()


# -- time -----------------------------------------------------------------------------------------


def test_at_power_on_the_clock_shows_its_base_and_runs(rtc):
    assert [rtc.get(index) for index in (A, B, C, D)] == [0x26, 0x02, 0x00, 0x80]
    assert rtc.time() == (0x20, 0x24, 0x02, 0x28, 4, 0x23, 0x59, 0x40)
    rtc.run_to(19 * S + UPDATE)
    assert rtc.time()[-3:] == (0x23, 0x59, 0x59)
    rtc.run_to(20 * S + UPDATE)
    assert rtc.time() == (0x20, 0x24, 0x02, 0x29, 5, 0x00, 0x00, 0x00), "a leap year's day"


@pytest.mark.parametrize("base", ["2024-02-28T23:59:40Z", "2024-02-29T00:59:40+01:00", 1709164780])
def test_the_base_may_be_iso_or_unix(base):
    assert Rtc(base).time() == Rtc().time()


@pytest.mark.parametrize("base", ["yesterday", "", -1])
def test_a_base_that_is_no_time_is_refused(base):
    with pytest.raises(ValueError, match="base must"):
        Config(base)


def test_the_bytes_change_when_the_update_ends(rtc):
    rtc.run_to(1 * S + UPDATE - 1)
    assert rtc.peek(SECONDS) == 0x40
    rtc.run_to(1 * S + UPDATE)
    assert rtc.peek(SECONDS) == 0x41


def test_binary_mode(rtc):
    rtc.set_time(H24 | BINARY, 23, 59, 59, 7, 31, 12, 99, 19)
    rtc.run_to(1 * S + UPDATE)
    assert rtc.time() == (20, 0, 1, 1, 1, 0, 0, 0), "the day after Saturday is Sunday, 1"


@pytest.mark.parametrize(
    ("hour", "after"),
    [(0x12, 0x01), (0x01, 0x02), (0x11, 0x92), (0x92, 0x81), (0x81, 0x82), (0x91, 0x12)],
)
def test_in_twelve_hour_mode_bit_7_is_pm_and_noon_and_midnight_are_12(rtc, hour, after):
    rtc.set_time(0, hour, 0x59, 0x59, 1, 0x10, 0x06, 0x24, 0x20)
    rtc.run_to(1 * S + UPDATE)
    assert rtc.get(HOURS) == after


@pytest.mark.parametrize(
    ("century", "year", "month", "date", "after"),
    [
        (20, 23, 2, 28, (3, 1)), (20, 24, 2, 28, (2, 29)), (20, 24, 2, 29, (3, 1)),
        (20, 0, 2, 28, (2, 29)), (21, 0, 2, 28, (3, 1)), (20, 24, 4, 30, (5, 1)),
        (20, 24, 12, 31, (1, 1)), (20, 24, 7, 31, (8, 1)),
    ],
)  # fmt: skip
def test_the_end_of_a_month_is_known(rtc, century, year, month, date, after):
    rtc.set_time(H24 | BINARY, 23, 59, 59, 3, date, month, year, century)
    rtc.run_to(1 * S + UPDATE)
    assert (rtc.get(MONTH), rtc.get(DATE), rtc.get(WEEKDAY)) == (*after, 4)


@settings(max_examples=100)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1)),  # noqa: DTZ001 - UTC is added
    st.integers(0, 10**9),
    st.sampled_from([0, H24, BINARY, H24 | BINARY]),
)
def test_the_calendar_agrees_with_pythons(start, seconds, mode):
    start = start.replace(microsecond=0, tzinfo=UTC)
    rtc = Rtc(int(start.timestamp()) if start.year < 6000 else 0)
    code = int if mode & BINARY else lambda value: int(str(value), 16)

    def hours(value):
        if mode & H24:
            return code(value)
        return code(value % 12 or 12) | (0x80 if value >= 12 else 0)

    def expected(at):
        century, year = divmod(at.year, 100)
        return (code(century), code(year), code(at.month), code(at.day), at.isoweekday() % 7 + 1,
                hours(at.hour), code(at.minute), code(at.second))  # fmt: skip

    century, year, month, day, weekday, hour, minute, second = expected(start)
    rtc.set_time(mode, hour, minute, second, weekday, day, month, year, century)
    rtc.run_to(seconds * S + UPDATE)
    assert rtc.time() == expected(start + timedelta(seconds=seconds))


def test_set_stops_updates_and_keeps_the_second_in_step(rtc):
    rtc.run_to(700 * MS)
    rtc.put(B, SET | H24)
    rtc.run_to(5_800 * MS)
    assert rtc.get(SECONDS) == 0x40
    rtc.put(SECONDS, 0x10)
    assert rtc.get(SECONDS) == 0x10
    rtc.put(B, H24)
    rtc.run_to(6 * S + UPDATE - 1)
    assert rtc.get(SECONDS) == 0x10, "the divider chain went on"
    rtc.run_to(6 * S + UPDATE)
    assert rtc.get(SECONDS) == 0x11


def test_the_first_update_begins_half_a_second_after_the_divider_reset_is_removed(rtc):
    rtc.run_to(300 * MS)
    rtc.put(A, 0x76)
    rtc.get(C)
    rtc.run_to(7 * S)
    assert (rtc.get(SECONDS), rtc.get(C)) == (0x40, 0)
    rtc.put(A, 0x26)
    rtc.run_to(7_500 * MS - 244 * US)
    assert rtc.get(A) == 0xA6
    rtc.run_to(7_500 * MS + UPDATE - 1)
    assert rtc.get(SECONDS) == 0x40
    rtc.run_to(7_500 * MS + UPDATE)
    assert (rtc.get(SECONDS), rtc.get(A)) == (0x41, 0x26)


def test_uip_rises_244_us_before_the_update_and_falls_at_its_end(rtc):
    assert not rtc.get(A) & UIP
    seen = []
    for ns in (S - 245 * US, S - 244 * US, S, S + UPDATE - 1, S + UPDATE):
        rtc.run_to(ns)
        seen.append(bool(rtc.get(A) & UIP))
    assert seen == [False, True, True, True, False]


def test_set_clears_uip(rtc):
    rtc.run_to(S - 100 * US)
    rtc.put(B, SET | H24)
    assert not rtc.get(A) & UIP
    rtc.run_to(S + 5 * MS)
    assert rtc.get(C) & UF == 0, "the update was aborted"


def test_uip_and_the_high_bit_of_the_seconds_cannot_be_written(rtc):
    rtc.put(A, 0xA6)
    rtc.put(B, SET | H24)
    rtc.put(SECONDS, 0xD5)
    assert (rtc.get(A), rtc.get(SECONDS)) == (0x26, 0x55)


# -- interrupts -----------------------------------------------------------------------------------


def test_flags_rise_without_being_enabled_and_a_read_of_c_clears_them(rtc):
    rtc.put(SECONDS_ALARM, 0x41)
    rtc.put(MINUTES_ALARM, ANY)
    rtc.put(HOURS_ALARM, ANY)
    rtc.run_to(1 * S + UPDATE)
    assert rtc.peek(C) == PF | AF | UF
    assert not rtc.irq
    assert rtc.get(C) == PF | AF | UF
    assert rtc.get(C) == 0


def test_the_update_ended_interrupt(rtc):
    rtc.put(B, UIE | H24)
    rtc.run_to(1 * S + UPDATE - 1)
    assert not rtc.irq
    rtc.run_to(1 * S + UPDATE)
    assert rtc.irq
    assert rtc.get(C) & (IRQF | UF) == IRQF | UF
    assert not rtc.irq
    rtc.run_to(2 * S + UPDATE)
    assert rtc.irq, "once a second"


def test_set_clears_uie(rtc):
    rtc.put(B, UIE | AIE | H24)
    rtc.put(B, SET | UIE | AIE | H24)
    assert rtc.get(B) == SET | AIE | H24


def test_a_flag_that_is_up_interrupts_as_soon_as_it_is_enabled(rtc):
    rtc.run_to(2 * S)
    assert not rtc.irq
    rtc.put(B, UIE | H24)
    assert rtc.irq
    rtc.put(B, H24)
    assert not rtc.irq
    assert rtc.get(C) & (IRQF | UF) == UF


@pytest.mark.parametrize(
    ("alarm", "wait"),
    [
        ((0x00, 0x00, 0x00), 20), ((0x45, 0x59, 0x23), 5), ((0x40, 0x59, 0x23), 86_400),
        ((ANY, ANY, ANY), 1), ((0xFF, 0xDA, ANY), 1), ((0x30, ANY, ANY), 50),
        ((0x10, 0x05, ANY), 330), ((ANY, 0x01, ANY), 80), ((ANY, ANY, 0x07), 7 * 3600 + 20),
        ((0x39, 0x59, ANY), 3599), ((ANY, 0x58, 0x23), 86_400 - 100),
    ],
)  # fmt: skip
def test_the_alarm_comes_when_all_three_bytes_match_or_do_not_care(rtc, alarm, wait):
    for index, value in zip((SECONDS_ALARM, MINUTES_ALARM, HOURS_ALARM), alarm, strict=True):
        rtc.put(index, value)
    rtc.put(B, AIE | H24)
    rtc.run_to(wait * S + UPDATE - 1)
    assert not rtc.irq
    rtc.run_to(wait * S + UPDATE)
    assert rtc.irq
    assert rtc.get(C) & (IRQF | AF) == IRQF | AF


def test_alarm_hours_carry_pm_in_twelve_hour_mode():
    rtc = Rtc()
    rtc.set_time(AIE, 0x11, 0x59, 0x58, 1, 1, 1, 0x24, 0x20)
    for index, value in ((SECONDS_ALARM, 0), (MINUTES_ALARM, 0), (HOURS_ALARM, 0x92)):
        rtc.put(index, value)
    rtc.run_to(2 * S + UPDATE)
    assert rtc.irq


def test_an_alarm_that_is_no_time_never_comes(rtc):
    rtc.put(SECONDS_ALARM, 0x60)
    rtc.put(B, AIE | H24)
    assert rtc.clock.next_due == NEVER
    rtc.run_to(90_000 * S)
    assert not rtc.get(C) & AF


def test_a_new_alarm_does_not_take_back_one_that_has_been_met(rtc):
    for index in (SECONDS_ALARM, MINUTES_ALARM, HOURS_ALARM):
        rtc.put(index, ANY)
    rtc.run_to(2 * S)
    rtc.put(SECONDS_ALARM, 0x00)
    assert rtc.get(C) & AF
    rtc.run_to(4 * S)
    assert not rtc.get(C) & AF


RATES = [(1, 256), (2, 128), *((rate, 65536 >> rate) for rate in range(3, 16))]


@pytest.mark.parametrize(("rate", "hz"), RATES)
def test_periodic_rates_of_the_32_khz_time_base(rate, hz):
    rtc = Rtc()
    rtc.put(A, 0x20 | rate)
    rtc.put(B, PIE | H24)
    for turn in (1, 2, 3):
        due = -(-turn * S // hz)
        rtc.run_to(due - 1)
        assert not rtc.irq
        rtc.run_to(due)
        assert rtc.irq
        assert rtc.get(C) & (IRQF | PF) == IRQF | PF


def test_rate_0_is_none(rtc):
    rtc.put(A, 0x20)
    rtc.put(B, PIE | H24)
    rtc.run_to(2 * S)
    assert not rtc.get(C) & PF


def test_the_period_runs_on_whether_enabled_or_not_and_with_set(rtc):
    rtc.put(A, 0x2F)
    rtc.run_to(300 * MS)
    rtc.put(B, SET | PIE | H24)
    rtc.run_to(500 * MS)
    assert rtc.irq, "counted from the divider chain, not from the store"
    rtc.get(C)
    rtc.put(A, 0x7F)
    rtc.run_to(5 * S)
    assert not rtc.irq, "while the divider chain is held"


def test_nothing_is_scheduled_that_nobody_waits_for(rtc):
    assert rtc.clock.next_due == NEVER
    rtc.put(B, PIE | H24)
    rtc.run_to(1 * MS)
    assert rtc.irq
    assert rtc.clock.next_due == NEVER, "the line is up already"


def test_reset_leaves_time_and_ram_and_clears_enables_and_flags(rtc):
    rtc.put(0x40, 0x77)
    rtc.put(B, PIE | AIE | UIE | 0x08 | H24)
    rtc.run_to(3 * S)
    assert rtc.irq
    rtc.chip.reset()
    assert (rtc.irq, rtc.get(B), rtc.get(C), rtc.get(0x40)) == (False, H24, 0, 0x77)
    assert rtc.get(SECONDS) == 0x42


# -- RAM and ports --------------------------------------------------------------------------------


def test_all_114_bytes_of_ram_keep_what_is_written(rtc):
    places = [index for index in range(0x0E, 0x80) if index != CENTURY]
    for index in places:
        rtc.put(index, index ^ 0xA5)
    rtc.run_to(5 * S)
    assert [rtc.get(index) for index in places] == [index ^ 0xA5 for index in places]
    assert len(places) == 113
    rtc.put(CENTURY, 0x19)
    assert rtc.get(CENTURY) == 0x19


def test_bit_7_of_the_index_is_the_nmi_mask(rtc):
    rtc.io.write(0x70, 0x80 | SECONDS, 1)
    assert (rtc.io.read(0x71, 1), rtc.chip.nmi_masked) == (0x40, True)
    rtc.io.write(0x70, SECONDS, 1)
    assert not rtc.chip.nmi_masked
    assert rtc.io.read(0x70, 1) == 0xFF, "write-only"


def test_the_second_bank_is_apart(rtc):
    rtc.io.write(0x72, 0x40, 1)
    rtc.io.write(0x73, 0x99, 1)
    assert (rtc.io.read(0x73, 1), rtc.get(0x40)) == (0x99, 0)


def test_c_and_d_are_read_only(rtc):
    rtc.put(C, 0xFF)
    rtc.put(D, 0x00)
    assert (rtc.get(C), rtc.get(D)) == (0x00, 0x80)


# -- state ----------------------------------------------------------------------------------------

steps = st.one_of(
    st.tuples(st.just("put"), st.sampled_from([*range(12), B, A, CENTURY]), st.integers(0, 255)),
    st.tuples(st.just("put"), st.just(B), st.sampled_from([0x12, 0x72, 0x52, 0x32])),
    st.tuples(st.just("put"), st.just(A), st.sampled_from([0x26, 0x2F, 0x23, 0x76])),
    st.tuples(st.just("get"), st.just(C)),
    st.tuples(st.just("run"), st.sampled_from([1, 300 * US, 77 * MS, 700 * MS, 3 * S, 4000 * S])),
)


def play(rtc, step):
    kind, *rest = step
    if kind == "run":
        rtc.run_to(rtc.clock.now + rest[0])
    else:
        getattr(rtc, kind)(*rest)


def seen(rtc):
    return [rtc.peek(index) for index in (*range(14), CENTURY)], rtc.irq


@given(st.lists(steps, max_size=15), st.lists(steps, max_size=10))
def test_a_restored_copy_goes_on_alike_and_looking_changes_nothing(before, after):
    rtc = Rtc()
    for step in before:
        play(rtc, step)
    frozen, state = pickle.dumps(rtc), State(rtc)
    held = state.save()
    seen(rtc)
    assert state.save() == held
    copy = pickle.loads(frozen)
    for step in after:
        play(rtc, step)
        play(copy, step)
        assert seen(copy) == seen(rtc)


@given(st.lists(steps, max_size=15))
def test_how_often_one_looks_does_not_matter(history):
    """One clock is run through, the other is read in small steps."""
    one, other = Rtc(), Rtc()
    for step in history:
        play(one, step)
        if step[0] == "run":
            for _ in range(7):
                other.run_to(other.clock.now + step[1] // 7)
                other.chip._settle()
            other.run_to(one.clock.now)
        else:
            play(other, step)
        assert seen(other) == seen(one)
        flags = one.peek(C)
        assert one.irq == bool(flags & IRQF) == bool(flags & one.peek(B) & 0x70)
