"""The driver of the real-time clock, on the real model of the MC146818 behind real ports."""

import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.x86.mc146818 import Config, Mc146818
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import Clock
from kerneltui.kernel.drivers.rtc import Rtc
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.time.calendar import DateTime, unix_to_date

SECONDS, MINUTES, HOURS, WEEKDAY, DATE, MONTH, YEAR = 0, 2, 4, 6, 7, 8, 9
A, B, C, D, CENTURY = 0x0A, 0x0B, 0x0C, 0x0D, 0x32
SET, PIE, AIE, UIE, BINARY, H24 = 0x80, 0x40, 0x20, 0x10, 0x04, 0x02
IRQF, UF = 0x80, 0x10
IF = 1 << 9
S, MS, US = 10**9, 10**6, 10**3
UPDATE = 1984 * US
BASE = "2024-02-28T23:59:40"


class Pc:
    """A processor whose every port access takes a microsecond, and the clock at its ports."""

    def __init__(self, base=BASE):
        self.clock = Clock()
        self.chip = Mc146818("rtc", Config(base), self.clock)
        self.io = AddressSpace("io")
        self.io.attach(0x70, 4, "RTC", self.chip.files["RTC"])
        self.flags = IF
        self.accesses = 0
        self.stall_at = None
        self.stall_ns = 0
        self.interrupt = None

    def read_port(self, port, size=1):
        value = self.io.read(port, size)
        self._retire()
        return value

    def write_port(self, port, value, size=1):
        self.io.write(port, value, size)
        self._retire()

    def compute(self, ns):
        self.clock.advance(self.clock.now + ns)

    def read_flags(self):
        return self.flags

    def write_flags(self, value):
        self.flags = value
        self._take_interrupt()

    def cli(self):
        self.flags &= ~IF

    def _retire(self):
        self.accesses += 1
        self.compute(self.stall_ns if self.accesses == self.stall_at else US)
        self._take_interrupt()

    def _take_interrupt(self):
        if self.interrupt is not None and self.flags & IF:
            handler, self.interrupt = self.interrupt, None
            handler()
            self.interrupt = handler

    # -- what the tests do to the hardware --

    def put(self, index, value):
        self.io.write(0x70, index, 1)
        self.io.write(0x71, value, 1)

    def peek(self, index):
        return self.chip.files["CMOS"].peek(index)

    def run_to(self, ns):
        self.clock.advance(ns)

    def show(self, mode, *, second=0, minute=0, hour=0, date=1, month=1, year=0x24, century=0x20):
        """Bytes as they are, and updates held off so that they stay."""
        self.put(B, mode | SET)
        places = (SECONDS, MINUTES, HOURS, DATE, MONTH, YEAR, CENTURY)
        values = (second, minute, hour, date, month, year, century)
        for index, value in zip(places, values, strict=True):
            self.put(index, value)

    @property
    def irq(self):
        return self.chip.outputs["irq"][0].level


def rtc_of(pc, century=CENTURY):
    rtc = Rtc(pc, century)
    rtc.init()
    return rtc


@pytest.fixture
def pc():
    return Pc()


def bcd(number):
    return int(str(number), 16)


# -- reading ---------------------------------------------------------------------------------------


def test_the_clock_shows_what_it_was_given(pc):
    assert rtc_of(pc).read() == DateTime(2024, 2, 28, 23, 59, 40)


def hour_12(hour, write):
    return write(12 if hour % 12 == 0 else hour % 12) | (0x80 if hour >= 12 else 0)


@pytest.mark.parametrize("mode", [0, H24, BINARY, BINARY | H24])
@given(st.integers(0, 23), st.integers(0, 59), st.integers(1, 31), st.integers(0, 99))
def test_every_notation_is_understood(mode, hour, minute, date, year):
    pc = Pc()
    write = int if mode & BINARY else bcd
    hour_byte = write(hour) if mode & H24 else hour_12(hour, write)
    shown = {"second": write(59 - minute), "minute": write(minute), "hour": hour_byte}
    pc.show(mode, **shown, date=write(date), month=write(12), year=write(year), century=write(21))
    expected = DateTime(2100 + year, 12, date, hour, minute, 59 - minute)
    assert rtc_of(pc).read() == expected


@pytest.mark.parametrize(
    ("byte", "hour"), [(0x12, 0), (0x01, 1), (0x11, 11), (0x92, 12), (0x81, 13), (0x91, 23)]
)
def test_with_twelve_hours_noon_and_midnight_are_12(pc, byte, hour):
    pc.show(0, hour=byte)
    assert rtc_of(pc).read().hour == hour


@pytest.mark.parametrize(
    ("year", "full"), [(0x00, 2000), (0x69, 2069), (0x70, 1970), (0x99, 1999), (0x24, 2024)]
)
def test_without_a_century_byte_the_years_are_1970_to_2069(pc, year, full):
    pc.show(H24, year=year, century=0x77)
    assert rtc_of(pc, 0).read().year == full


def test_the_century_byte_lies_where_the_firmware_says(pc):
    pc.show(H24, century=0x99)
    pc.put(0x37, 0x18)
    assert rtc_of(pc, 0x37).read().year == 1824


@pytest.mark.parametrize(
    ("shown", "date"),
    [
        ({"date": 0x31, "month": 0x12, "hour": 0x23, "minute": 0x59, "second": 0x60},
         DateTime(2025, 1, 1)),
        ({"minute": 0x60}, DateTime(2024, 1, 1, 1)),
        ({"hour": 0x24}, DateTime(2024, 1, 2)),
        ({"date": 0x31, "month": 0x02}, DateTime(2024, 3, 2)),
        ({"month": 0x13}, DateTime(2025, 1, 1)),
    ],
)  # fmt: skip
def test_a_byte_that_counts_one_too_far_carries_over(pc, shown, date):
    pc.show(H24, **shown)
    assert rtc_of(pc).read() == date


@pytest.mark.parametrize(
    ("mode", "shown", "name"),
    [
        (H24, {"second": 0x61}, "seconds byte is 0x61"),
        (H24, {"minute": 0x5A}, "minutes byte is 0x5a"),
        (H24, {"hour": 0x92}, "hours byte is 0x92"),
        (H24, {"date": 0x00}, "date of month byte is 0x00"),
        (H24, {"date": 0x32}, "date of month byte is 0x32"),
        (H24, {"month": 0x00}, "month byte is 0x00"),
        (H24, {"month": 0x0C}, "month byte is 0x0c"),
        (H24, {"year": 0xA0}, "year byte is 0xa0"),
        (H24, {"century": 0x16}, "century byte is 0x16"),
        (H24, {"century": 0xFF}, "century byte is 0xff"),
        (H24 | BINARY, {"century": 20, "year": 100}, "year byte is 0x64"),
        (0, {"hour": 0x00}, "hours byte is 0x00"),
        (0, {"hour": 0x93}, "hours byte is 0x93"),
    ],
)
def test_bytes_that_make_no_date_are_refused_by_name(pc, mode, shown, name):
    pc.show(mode, **shown)
    with pytest.raises(KernelError, match=f"the RTC shows no date: its {name}"):
        rtc_of(pc).read()


def test_a_clock_without_battery_has_lost_its_time_however_often_it_is_asked(pc):
    pc.chip.files["CMOS"].store("REGISTER_D")[0] = 0
    rtc = rtc_of(pc)
    pc.chip.files["CMOS"].store("REGISTER_D")[0] = 0x80  # as on the chip whose VRT a read sets
    for _ in range(2):
        with pytest.raises(KernelError, match="lost its time"):
            rtc.read()
    rtc.set(DateTime(2030, 5, 6, 7, 8, 9))
    assert rtc.read() == DateTime(2030, 5, 6, 7, 8, 9)


def test_where_no_clock_answers_the_driver_gives_up():
    class Nothing(Pc):
        def read_port(self, port, size=1):
            super().read_port(port, size)
            return 0xFF

    pc = Nothing()
    with pytest.raises(KernelError, match="never ends its update"):
        rtc_of(pc).read()
    assert pc.clock.now < S


# -- updates while reading -------------------------------------------------------------------------


@pytest.mark.parametrize("before_us", [*range(-300, 301, 20), 1000, 1900, 1984, 2000])
def test_near_an_update_the_date_is_that_of_the_moment(before_us):
    pc = Pc("2023-12-31T23:59:59")
    rtc = rtc_of(pc)
    pc.run_to(1 * S + before_us * US)
    date = rtc.read()
    updated = pc.clock.now >= 1 * S + UPDATE
    assert date == (DateTime(2024, 1, 1) if updated else DateTime(2023, 12, 31, 23, 59, 59))


def test_an_update_that_is_announced_is_waited_for(pc):
    rtc = rtc_of(pc)
    pc.run_to(1 * S - 100 * US)
    assert pc.peek(A) & 0x80
    assert rtc.read().second == 41
    assert 1 * S + UPDATE <= pc.clock.now < 1 * S + UPDATE + 300 * US


@pytest.mark.parametrize("access", range(1, 40))
def test_a_date_is_never_half_of_one_second_and_half_of_the_next(access):
    pc = Pc("2099-12-31T23:59:59")
    rtc = rtc_of(pc)
    pc.run_to(1 * S - 400 * US)
    pc.stall_at, pc.stall_ns = pc.accesses + access, 5 * MS
    assert rtc.read() in {DateTime(2099, 12, 31, 23, 59, 59), DateTime(2100, 1, 1)}
    assert pc.flags == IF


def test_a_clock_that_never_shows_the_same_twice_is_given_up():
    class Slow(Pc):
        def _retire(self):
            self.compute(100 * MS + 1)

    with pytest.raises(KernelError, match="another time at each"):
        rtc_of(Slow()).read()


# -- setting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0, H24, BINARY, BINARY | H24])
@given(st.integers(-8_520_336_000, 253_402_300_799))
def test_what_is_set_is_what_the_chip_holds(mode, unix):
    pc = Pc()
    pc.put(B, mode)
    rtc = rtc_of(pc)
    date = unix_to_date(unix)
    rtc.set(date)
    write = int if mode & BINARY else bcd
    hour_byte = write(date.hour) if mode & H24 else hour_12(date.hour, write)
    places = (CENTURY, YEAR, MONTH, DATE, HOURS, MINUTES, SECONDS)
    values = (date.year // 100, date.year % 100, date.month, date.day, 0, date.minute, date.second)
    expected = [hour_byte if i == HOURS else write(v) for i, v in zip(places, values, strict=True)]
    assert [pc.peek(index) for index in places] == expected
    moment = datetime(date.year, date.month, date.day, tzinfo=UTC)
    assert pc.peek(WEEKDAY) == moment.isoweekday() % 7 + 1
    assert pc.peek(B) == mode
    assert rtc.read() == date


def test_setting_holds_updates_off_and_keeps_the_interrupt(pc):
    rtc = rtc_of(pc)
    rtc.enable_update_interrupt()
    pc.run_to(1 * S - 10 * US)
    rtc.set(DateTime(2024, 12, 31, 23, 59, 59))
    assert pc.clock.now > 1 * S
    assert pc.peek(B) == H24 | UIE
    assert rtc.read() == DateTime(2025, 1, 1), "the divider has gone on meanwhile"
    pc.run_to(2 * S)
    assert pc.irq


@pytest.mark.parametrize("access", range(1, 25))
def test_an_update_never_comes_between_the_bytes_that_are_set(access):
    pc = Pc("2023-12-31T23:59:59")
    rtc = rtc_of(pc)
    pc.run_to(1 * S + UPDATE - 50 * US)
    pc.stall_at, pc.stall_ns = pc.accesses + access, 100 * US
    rtc.set(DateTime(2024, 6, 15, 12, 59, 59))
    assert rtc.read() in {DateTime(2024, 6, 15, 12, 59, 59), DateTime(2024, 6, 15, 13, 0, 0)}


def test_without_a_century_byte_that_location_is_left_alone(pc):
    pc.put(CENTURY, 0x77)
    rtc_of(pc, 0).set(DateTime(1999, 1, 1))
    assert (pc.peek(CENTURY), pc.peek(YEAR)) == (0x77, 0x99)


@pytest.mark.parametrize(
    ("century", "year", "span"),
    [(0, 1969, "1970 to 2069"), (0, 2070, "1970 to 2069"), (CENTURY, 1699, "1700 to 9999"),
     (CENTURY, 10_000, "1700 to 9999")],
)  # fmt: skip
def test_a_year_that_the_clock_cannot_hold_is_refused(pc, century, year, span):
    rtc = rtc_of(pc, century)
    accesses = pc.accesses
    with pytest.raises(KernelError, match=f"the RTC holds the years {span}, not {year}"):
        rtc.set(DateTime(year, 1, 1))
    assert pc.accesses == accesses


# -- the update-ended interrupt --------------------------------------------------------------------


def test_interrupts_that_firmware_left_on_are_off_after_init(pc):
    pc.put(B, H24 | PIE | AIE | UIE)
    pc.run_to(2 * S)
    assert pc.irq
    rtc_of(pc)
    assert (pc.peek(B), pc.irq) == (H24, False)


def test_it_comes_at_the_end_of_the_next_update_and_not_at_once(pc):
    rtc = rtc_of(pc)
    pc.run_to(5 * S + 500 * MS)
    assert pc.peek(C) & UF, "the flag is up, enabled or not"
    rtc.enable_update_interrupt()
    assert not pc.irq
    pc.run_to(6 * S + UPDATE - 1)
    assert not pc.irq
    pc.run_to(6 * S + UPDATE)
    assert pc.irq


def test_acknowledging_tells_the_flags_and_lets_the_line_fall(pc):
    rtc = rtc_of(pc)
    rtc.enable_update_interrupt()
    pc.run_to(1 * S + UPDATE)
    assert rtc.acknowledge() & (UF | IRQF) == UF | IRQF
    assert not pc.irq
    assert rtc.acknowledge() == 0
    pc.run_to(2 * S + UPDATE)
    assert pc.irq, "it goes on every second"


def test_disabled_it_comes_no_more_and_the_notation_stays(pc):
    pc.put(B, BINARY)
    rtc = rtc_of(pc)
    rtc.enable_update_interrupt()
    assert pc.peek(B) == BINARY | UIE
    rtc.disable_update_interrupt()
    assert pc.peek(B) == BINARY
    pc.run_to(3 * S)
    assert not pc.irq


# -- the ports -------------------------------------------------------------------------------------


@pytest.mark.parametrize("masked", [False, True])
def test_the_nmi_mask_stays_as_it_is(pc, masked):
    rtc = Rtc(pc, CENTURY)
    rtc.nmi_masked = masked
    written = []
    write_port = pc.write_port
    pc.write_port = lambda port, value: (written.append((port, value)), write_port(port, value))
    rtc.init()
    rtc.read()
    rtc.set(DateTime(2024, 1, 1))
    rtc.enable_update_interrupt()
    rtc.acknowledge()
    assert {value >> 7 for port, value in written if port == 0x70} == {masked}
    assert pc.chip.nmi_masked is masked
    assert rtc.read() == DateTime(2024, 1, 1)


@pytest.mark.parametrize("flags", [0, IF])
def test_a_handler_that_uses_the_ports_too_never_comes_between(pc, flags):
    rtc = rtc_of(pc)
    pc.flags = flags
    pc.interrupt = rtc.acknowledge
    date = DateTime(2031, 10, 11, 12, 13, 14)
    rtc.set(date)
    assert rtc.read() == date
    rtc.enable_update_interrupt()
    assert pc.peek(B) == H24 | UIE
    rtc.disable_update_interrupt()
    assert pc.peek(B) == H24
    assert pc.flags == flags


def test_the_driver_is_plain_data(pc):
    rtc = pickle.loads(pickle.dumps(rtc_of(pc)))
    assert rtc.read() == DateTime(2024, 2, 28, 23, 59, 40)
