"""The wall clock, on the real model of the MC146818: what it reads, aligns and measures."""

import pickle

import pytest
from kernel_bench import FakeConsole, FakeCpu

from kerneltui.devices.x86.mc146818 import Config, Mc146818
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import Clock
from kerneltui.kernel.driver import DriverManager
from kerneltui.kernel.drivers.rtc import Rtc
from kerneltui.kernel.irq import HandlerTable, Irq
from kerneltui.kernel.pc.wall_clock import WallClock
from kerneltui.kernel.time.calendar import DateTime, date_to_unix, date_to_xt

A, B, D, MONTH = 0x0A, 0x0B, 0x0D, 0x08
UIE, H24 = 0x10, 0x02
S, MS, US = 10**9, 10**6, 10**3
UPDATE = 1984 * US
BASE = DateTime(2024, 2, 28, 23, 59, 40)
IRQ_RTC = Irq("gsi", 8)


class Pc:
    """Processor, RTC at its ports, and an uptime that may run wrong by ``skew_ppm``."""

    def __init__(self, skew_ppm=0):
        self.clock = Clock()
        self.chip = Mc146818("rtc", Config(str(BASE)), self.clock)
        self.io = AddressSpace("io")
        self.io.attach(0x70, 4, "RTC", self.chip.files["RTC"])
        self.skew_ppm = skew_ppm
        self.flags = 0

    def read_port(self, port, size=1):
        value = self.io.read(port, size)
        self.compute(US)
        return value

    def write_port(self, port, value, size=1):
        self.io.write(port, value, size)
        self.compute(US)

    def compute(self, ns):
        self.clock.advance(self.clock.now + ns)

    def read_flags(self):
        return self.flags

    def write_flags(self, value):
        self.flags = value

    def cli(self):
        self.flags = 0

    def uptime_ns(self):
        now = self.clock.now
        return now + now * self.skew_ppm // 1_000_000

    # -- what the tests do to the hardware --

    def put(self, index, value):
        self.io.write(0x70, index, 1)
        self.io.write(0x71, value, 1)

    def peek(self, index):
        return self.chip.files["CMOS"].peek(index)

    def run_to(self, ns):
        self.clock.advance(ns)

    @property
    def irq(self):
        return self.chip.outputs["irq"][0].level


def booted(pc):
    clock = WallClock(Rtc(pc, 0x32), pc, FakeConsole())
    clock.init()
    return clock


def update_ended(pc, clock, *, late_ns=0):
    """Run to the next update-ended interrupt and take it, so much late."""
    pc.run_to(pc.clock.next_due)
    assert pc.irq
    pc.compute(late_ns)
    clock.handle()
    assert not pc.irq


def shown_xt(pc):
    """What an RTC with fractions would show; its seconds begin as updates end."""
    return date_to_xt(BASE) + (pc.clock.now - UPDATE) // 100


@pytest.fixture
def pc():
    return Pc()


# -- boot ------------------------------------------------------------------------------------------


def test_at_boot_the_time_is_what_the_rtc_shows_less_a_fraction(pc):
    pc.run_to(2 * S + 700 * MS)
    clock = booted(pc)
    assert clock.now() == DateTime(2024, 2, 28, 23, 59, 42)
    assert 0 < shown_xt(pc) - clock.now_xt() < 10_000_000
    assert clock.aligned_at_ns is None
    assert clock._console.infos == ["Time of day: 2024-02-28 23:59:42 UTC"]


def test_from_then_on_it_goes_with_the_uptime_and_leaves_the_rtc_alone(pc):
    clock = booted(pc)
    before = clock.now_xt()
    pc.put(MONTH, 0x07)
    pc.compute(20 * S + 123_456_700)
    assert clock.now_xt() - before == 201_234_567
    assert clock.now() == DateTime(2024, 2, 29, 0, 0, 0)


def test_all_three_faces_show_the_same_moment(pc):
    clock = booted(pc)
    pc.compute(1_234_567_890)
    unix_ns = clock.now_unix_ns()
    assert unix_ns // S == date_to_unix(clock.now())
    assert unix_ns == clock.now_xt() * 100 - 11_644_473_600 * S
    assert unix_ns % S != 0


# -- alignment -------------------------------------------------------------------------------------


@pytest.mark.parametrize("boot_ms", [0, 5, 500, 900, 998, 1001, 1500])
def test_the_first_update_gives_the_time_its_fraction(boot_ms):
    pc = Pc()
    pc.run_to(boot_ms * MS)
    clock = booted(pc)
    unaligned = clock.now_xt()
    clock.resync()
    update_ended(pc, clock)
    assert clock.now_xt() == shown_xt(pc)
    assert clock.aligned_at_ns % S == UPDATE
    assert clock.now_xt() > unaligned
    assert (clock.resyncs, clock.drift_ns) == (0, 0), "a fraction not seen is no drift"


def test_the_log_tells_the_fraction(pc):
    pc.run_to(250 * MS)
    clock = booted(pc)
    clock.resync()
    update_ended(pc, clock)
    (line,) = clock._console.infos[1:]
    assert line.startswith("Time of day aligned with the RTC: +0.2480"), "250 ms less an update"


def test_one_update_is_enough_and_the_interrupt_goes_off_again(pc):
    clock = booted(pc)
    clock.resync()
    assert pc.peek(B) == H24 | UIE
    update_ended(pc, clock)
    assert pc.peek(B) == H24
    pc.run_to(10 * S)
    assert not pc.irq


def test_an_interrupt_without_an_update_changes_nothing(pc):
    clock = booted(pc)
    clock.resync()
    before = clock.base_xt
    pc.run_to(300 * MS)
    clock.handle()
    assert (clock.base_xt, clock.aligned_at_ns) == (before, None)
    assert pc.peek(B) == H24 | UIE, "still waiting"
    update_ended(pc, clock)
    assert clock.now_xt() == shown_xt(pc)


# -- resync ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("skew_ppm", "sign"), [(200, "-"), (-200, "+")])
def test_a_resync_measures_how_far_uptime_and_rtc_have_come_apart(skew_ppm, sign):
    pc = Pc(skew_ppm)
    clock = booted(pc)
    clock.resync()
    update_ended(pc, clock)
    pc.run_to(60 * S + 500 * MS)
    clock.resync()
    update_ended(pc, clock)
    assert clock.drift_ns == pytest.approx(-skew_ppm * 60 * US, abs=200)
    assert clock.resyncs == 1
    assert clock.aligned_at_ns == pytest.approx(61 * S + UPDATE, abs=20 * MS)
    assert abs(clock.now_xt() - shown_xt(pc)) <= 1
    line = clock._console.infos[-1]
    assert line.startswith(f"Time of day set by the RTC: {sign}0.01")


def test_each_resync_measures_since_the_one_before():
    pc = Pc(skew_ppm=100)
    clock = booted(pc)
    for _ in range(4):
        clock.resync()
        update_ended(pc, clock)
        pc.compute(9 * S + 500 * MS)
    assert clock.resyncs == 3
    assert clock.drift_ns == pytest.approx(-1 * MS, abs=200)


def test_a_late_interrupt_puts_the_time_back_by_as_much(pc):
    clock = booted(pc)
    clock.resync()
    update_ended(pc, clock)
    clock.resync()
    update_ended(pc, clock, late_ns=3 * MS)
    assert clock.drift_ns == -3 * MS
    clock.resync()
    update_ended(pc, clock)
    assert clock.drift_ns == 3 * MS
    assert clock.now_xt() == shown_xt(pc)


def test_a_resync_asked_for_twice_is_done_once(pc):
    clock = booted(pc)
    clock.resync()
    clock.resync()
    update_ended(pc, clock)
    assert clock.resyncs == 0


def test_a_resync_that_was_never_served_does_not_stand_in_the_way(pc):
    clock = booted(pc)
    clock.resync()
    pc.run_to(5 * S)
    assert pc.irq, "its edge was lost: nobody is going to acknowledge it"
    clock.resync()
    assert not pc.irq
    update_ended(pc, clock)
    assert clock.now_xt() == shown_xt(pc)


# -- a clock that cannot be read -------------------------------------------------------------------


def test_with_a_flat_battery_time_begins_in_1970(pc):
    pc.chip.files["CMOS"].store("REGISTER_D")[0] = 0
    pc.run_to(2 * S)
    clock = booted(pc)
    assert clock.now() == DateTime(1970, 1, 1, 0, 0, 2), "and counts from power-on"
    assert clock._console.warnings == [
        "Time of day unknown: the RTC has lost its time: its battery is flat"
    ]
    clock.resync()
    update_ended(pc, clock)
    assert clock.aligned_at_ns is None
    assert len(clock._console.warnings) == 2


def test_once_the_rtc_has_been_set_a_resync_finds_the_time(pc):
    pc.chip.files["CMOS"].store("REGISTER_D")[0] = 0
    clock = booted(pc)
    clock._rtc.set(DateTime(2030, 1, 1))
    clock.resync()
    update_ended(pc, clock)
    assert clock.now() == DateTime(2030, 1, 1, 0, 0, 1)
    assert clock.resyncs == 0, "no drift: there was no time before"


def test_garbage_at_a_resync_is_told_and_the_time_kept(pc):
    clock = booted(pc)
    clock.resync()
    update_ended(pc, clock)
    base = clock.base_xt
    clock.resync()
    pc.run_to(pc.clock.next_due)
    pc.put(MONTH, 0xEE)
    clock.handle()
    assert (clock.base_xt, clock.resyncs) == (base, 0)
    assert not pc.irq
    assert pc.peek(B) == H24
    assert clock._console.warnings == [
        "Time of day not set: the RTC shows no date: its month byte is 0xee"
    ]


# -- in the kernel ---------------------------------------------------------------------------------


class Controller(HandlerTable):
    def __init__(self):
        super().__init__(23)
        self.enabled = []

    def register_handler(self, handler):
        self.register(handler)

    def enable(self, irq):
        self.enabled.append(irq)


def test_it_is_a_driver_like_any_other(pc):
    clock = WallClock(Rtc(pc, 0x32), pc, FakeConsole())
    drivers, controller = DriverManager(), Controller()
    drivers.register(clock, IRQ_RTC)
    drivers.init_drivers(controller)
    assert controller.enabled == [IRQ_RTC]
    assert drivers.names() == ["MC146818 RTC"]
    clock.resync()
    pc.run_to(pc.clock.next_due)
    controller.call(8, FakeCpu())
    assert clock.aligned_at_ns % S == UPDATE


def test_the_clock_is_plain_data_while_it_waits(pc):
    clock = booted(pc)
    clock.resync()
    clock = pickle.loads(pickle.dumps(clock))
    pc = clock._clock
    update_ended(pc, clock)
    assert clock.now_xt() == shown_xt(pc)
