"""The ACPI fixed hardware, in the words of the ACPI Specification, 4.8."""

import pickle
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.devices.x86.acpi_pm_timer import ACPI_PM, AcpiPmTimer, Config
from kerneltui.hw.clock import Clock
from kerneltui.machine.state import State

PM1_STS, PM1_EN, PM1_CNT, PM_TMR = 0, 2, 4, 8
TMR, PWRBTN, SLPBTN, RTC = 0x001, 0x100, 0x200, 0x400
SCI_EN = 1
HZ = 3_579_545


def ns(ticks):
    """The first nanosecond at which the counter has made so many ticks."""
    return -(-ticks * 10**9 // HZ)


class Bench:
    """The block alone, in ACPI mode."""

    def __init__(self, **config):
        self.clock = Clock()
        self.pm = AcpiPmTimer("acpi", Config(**config), self.clock)
        self.file = self.pm.files["ACPI_PM"]
        self.file.write(PM1_CNT, SCI_EN, 2)

    def at(self, ticks, more_ns=0):
        self.clock.advance(ns(ticks) + more_ns)

    @property
    def status(self):
        return self.file.read(PM1_STS, 2)

    @property
    def sci(self):
        return self.pm.outputs["sci"][0].level

    def clear(self, bits):
        self.file.write(PM1_STS, bits, 2)

    def enable(self, bits):
        self.file.write(PM1_EN, bits, 2)


@pytest.fixture
def bench():
    return Bench()


def test_a_store_of_one_byte_leaves_the_other_lanes_alone(bench):
    for pin in ("power_button", "rtc"):
        bench.pm.input(pin)(True)
    bench.at(1 << 23)
    bench.enable(TMR | RTC)
    bench.file.write(PM1_STS, 0xFF, 1)
    assert bench.status == PWRBTN | RTC
    bench.file.write(PM1_EN, 0, 1)
    assert bench.file.read(PM1_EN, 2) == RTC
    bench.file.write(PM1_EN + 1, PWRBTN >> 8, 1)
    assert (bench.file.read(PM1_EN, 2), bench.sci) == (PWRBTN, True)
    bench.file.write(PM1_CNT + 1, 0x1C, 1)
    assert bench.file.read(PM1_CNT, 4) == 0x1C00 | SCI_EN
    bench.file.write(PM1_CNT + 2, 0xFFFF, 2)
    assert (bench.file.read(PM1_CNT, 4), bench.sci) == (0x1C00 | SCI_EN, True)


def test_the_registers_are_where_ich9_has_them():
    places = {slot.name: (slot.offset, slot.register.width) for slot in Bench().file.slots()}
    assert places == {
        "PM1_STS": (0, 16), "PM1_EN": (2, 16), "PM1_CNT": (4, 32), "PM_TMR": (8, 32),
    }  # fmt: skip


def test_the_timer_runs_at_3_579545_mhz(bench):
    for ticks in (1, 2, 1000, 3_579_545):
        bench.at(ticks, -1)
        assert bench.file.read(PM_TMR) == ticks - 1
        bench.at(ticks)
        assert bench.file.read(PM_TMR) == ticks
    assert bench.clock.now == 10**9


def test_the_timer_cannot_be_written(bench):
    bench.at(5)
    bench.file.write(PM_TMR, 0)
    assert bench.file.read(PM_TMR) == 5


@pytest.mark.parametrize("bits", [24, 32])
def test_the_counter_wraps_at_its_size_and_each_change_of_its_highest_bit_sets_tmr_sts(bits):
    bench = Bench(bits=bits)
    half = 1 << bits - 1
    for change in (1, 2, 3):
        bench.at(change * half, -1)
        assert bench.status == 0
        assert bench.file.read(PM_TMR) == (change * half - 1) % (2 * half)
        bench.at(change * half)
        assert bench.status == TMR
        assert bench.file.read(PM_TMR) == change * half % (2 * half)
        bench.clear(TMR)


def test_tmr_sts_stays_until_a_one_is_written(bench):
    bench.at(1 << 23)
    bench.clear(0)
    bench.clear(PWRBTN)
    assert bench.status == TMR
    bench.clear(TMR)
    assert bench.status == 0


def test_sci_is_a_level_while_status_and_enable_are_set(bench):
    bench.enable(TMR)
    bench.at(1 << 23, -1)
    assert not bench.sci
    bench.at(1 << 23)
    assert bench.sci
    bench.enable(0)
    assert not bench.sci
    bench.enable(TMR)
    assert bench.sci
    bench.clear(TMR)
    assert not bench.sci
    bench.at(1 << 24)
    assert bench.sci


def test_the_enable_of_one_event_does_not_pass_another(bench):
    bench.enable(PWRBTN | SLPBTN | RTC)
    bench.at(1 << 23)
    assert bench.status == TMR
    assert not bench.sci


def test_without_sci_en_no_sci(bench):
    bench.enable(TMR)
    bench.at(1 << 23)
    bench.file.write(PM1_CNT, 0, 2)
    assert not bench.sci
    bench.file.write(PM1_CNT, SCI_EN, 2)
    assert bench.sci


@pytest.mark.parametrize(
    ("pin", "bit"), [("power_button", PWRBTN), ("sleep_button", SLPBTN), ("rtc", RTC)]
)
def test_buttons_and_alarm_set_their_status_as_they_rise_even_if_not_enabled(bench, pin, bit):
    press = bench.pm.input(pin)
    press(True)
    assert (bench.status, bench.sci) == (bit, False)
    bench.enable(bit)
    assert bench.sci
    bench.clear(bit)
    press(True)  # still held
    assert (bench.status, bench.sci) == (0, False)
    press(False)
    assert bench.status == 0
    press(True)
    assert (bench.status, bench.sci) == (bit, True)


def test_an_unknown_pin_is_refused(bench):
    with pytest.raises(ValueError, match="power_button, sleep_button, rtc"):
        bench.pm.input("lid")


def test_control_keeps_the_sleep_type_and_reads_by_16_or_32_bits(bench):
    bench.file.write(PM1_CNT, 5 << 10 | SCI_EN, 4)
    assert bench.file.read(PM1_CNT, 4) == bench.file.read(PM1_CNT, 2) == 5 << 10 | SCI_EN


def test_to_sleep_is_not_modelled_and_reported(bench):
    reports = []
    bench.file.on_unmodelled = reports.append
    bench.file.write(PM1_CNT, 1 << 13 | SCI_EN, 4)
    assert len(reports) == 1
    assert bench.file.read(PM1_CNT, 4) == SCI_EN


def test_enable_bits_that_are_not_there_read_zero(bench):
    bench.enable(0xFFFF)
    assert bench.file.read(PM1_EN, 2) == 0x0721


def test_software_that_leaves_the_timer_alone_lets_the_machine_rest(bench):
    bench.at(1 << 23)
    assert bench.clock.armed() == []


def test_the_comparator_is_the_next_change_of_the_highest_bit(bench):
    bench.enable(TMR)
    bench.at(100)
    (first,) = bench.pm.comparators(0)
    assert (first.counter, first.compare, first.due_ns) == (100, 1 << 23, ns(1 << 23))
    assert (first.enabled, first.masked, first.met) == (True, False, False)
    bench.at((1 << 23) + 5)
    (first,) = bench.pm.comparators(0)
    assert (first.compare, first.met, first.due_ns) == (0, True, None)


def test_looking_changes_nothing(bench):
    bench.at(1 << 23)
    state = State(bench.pm)
    before = state.save()
    for slot in bench.file.slots():
        bench.file.peek(slot.offset, slot.register.width // 8)
    bench.pm.comparators(0)
    assert state.save() == before


def test_a_snapshot_goes_on_exactly_alike(bench):
    bench.enable(TMR)
    bench.at(1000)
    copy = pickle.loads(pickle.dumps(bench))
    for each in (bench, copy):
        each.at(1 << 23, -1)
        assert not each.sci
        each.at(1 << 23)
        assert each.sci


def test_reset_leaves_acpi_mode_and_the_counter_goes_on(bench):
    bench.enable(TMR)
    bench.at((1 << 23) + 7)
    bench.pm.reset()
    assert (bench.status, bench.sci, bench.file.read(PM1_EN, 2)) == (0, False, 0)
    assert bench.file.read(PM1_CNT, 2) == 0
    assert bench.file.read(PM_TMR) == (1 << 23) + 7
    bench.at(1 << 24)
    assert bench.status == TMR


@pytest.mark.parametrize("wrong", [{"bits": 16}, {"clock_hz": 0}])
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Config(**wrong)


def test_every_register_names_its_section():
    assert all(register.doc and register.ref for register in ACPI_PM.registers)


@settings(max_examples=75)
@given(
    st.sampled_from([24, 32]),
    st.lists(
        st.tuples(st.integers(0, 4 * 10**9), st.sampled_from([0, TMR, PWRBTN])),
        min_size=1,
        max_size=30,
    ),
)
def test_counter_and_status_agree_with_exact_arithmetic_in_any_steps(bits, steps):
    """The status is set exactly if the highest bit changed since it was last cleared."""
    bench = Bench(bits=bits)
    bench.enable(TMR)
    half = 1 << bits - 1
    exact = Fraction(HZ, 10**9)
    cleared = before = 0
    for step, write in steps:
        bench.clock.advance(bench.clock.now + step)
        ticks = int(bench.clock.now * exact)
        assert before <= ticks
        assert bench.file.read(PM_TMR) == ticks % (2 * half)
        assert (bench.status == TMR) == bench.sci == (ticks // half > cleared)
        before = ticks
        bench.clear(write)
        if write == TMR:
            cleared = ticks // half
