"""The Generic Timer, in the Arm Architecture Reference Manual's own terms."""

import pickle

import pytest

from kerneltui.devices.arm.generic_timer import (
    GENERIC_TIMER,
    SYSREG_BASE,
    Config,
    GenericTimer,
    sysreg,
)
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import NEVER, Clock, ns_to_ticks, ticks_to_ns

HZ = 54_000_000
ENABLE, IMASK, ISTATUS = 1, 2, 4
LAST = 2**64 - 1

TIMERS = [
    ("CNTP_{}_EL0", "cntpnsirq"),
    ("CNTV_{}_EL0", "cntvirq"),
    ("CNTHP_{}_EL2", "cnthpirq"),
    ("CNTPS_{}_EL1", "cntpsirq"),
]
each_timer = pytest.mark.parametrize(("register", "output"), TIMERS)


class Bench:
    """A Generic Timer alone in a space of system registers."""

    def __init__(self, hz=HZ, cpus=2):
        self.hz = hz
        self.clock = Clock()
        self.timer = GenericTimer("timer", Config(frequency_hz=hz), self.clock, cpus)
        self.space = AddressSpace("sysreg")
        file = self.timer.files["GENERIC_TIMER"]
        self.space.attach(SYSREG_BASE, GENERIC_TIMER.size, "timer", file)

    def msr(self, name, value, cpu=0):
        self.space.write(SYSREG_BASE + GENERIC_TIMER[name].offset, value, 8, cpu)

    def mrs(self, name, cpu=0):
        return self.space.read(SYSREG_BASE + GENERIC_TIMER[name].offset, 8, cpu)

    def line(self, output, cpu=0):
        return self.timer.outputs[output][cpu].level

    def count_to(self, ticks):
        self.clock.advance(ticks_to_ns(ticks, self.hz))


def test_registers_stand_at_the_encodings_of_the_manual():
    # op0, op1, CRn, CRm, op2, from the "Accessing" part of each register's description.
    encodings = {
        "CNTKCTL_EL1": (3, 0, 14, 1, 0),
        "CNTFRQ_EL0": (3, 3, 14, 0, 0),
        "CNTPCT_EL0": (3, 3, 14, 0, 1),
        "CNTVCT_EL0": (3, 3, 14, 0, 2),
        "CNTP_TVAL_EL0": (3, 3, 14, 2, 0),
        "CNTP_CTL_EL0": (3, 3, 14, 2, 1),
        "CNTP_CVAL_EL0": (3, 3, 14, 2, 2),
        "CNTV_TVAL_EL0": (3, 3, 14, 3, 0),
        "CNTV_CTL_EL0": (3, 3, 14, 3, 1),
        "CNTV_CVAL_EL0": (3, 3, 14, 3, 2),
        "CNTVOFF_EL2": (3, 4, 14, 0, 3),
        "CNTHCTL_EL2": (3, 4, 14, 1, 0),
        "CNTHP_TVAL_EL2": (3, 4, 14, 2, 0),
        "CNTHP_CTL_EL2": (3, 4, 14, 2, 1),
        "CNTHP_CVAL_EL2": (3, 4, 14, 2, 2),
        "CNTPS_TVAL_EL1": (3, 7, 14, 2, 0),
        "CNTPS_CTL_EL1": (3, 7, 14, 2, 1),
        "CNTPS_CVAL_EL1": (3, 7, 14, 2, 2),
    }
    space = Bench().space
    assert {name: space.name_at(sysreg(*code)) for name, code in encodings.items()} == {
        name: name for name in encodings
    }
    assert {register.name for register in GENERIC_TIMER.registers} == set(encodings)
    assert sysreg(3, 3, 14, 0, 2) == 0xDF02  # as the assembler packs S3_3_C14_C0_2


def test_after_reset_no_timer_is_enabled_and_all_lines_are_low():
    bench = Bench()
    bench.count_to(10**9)
    for register, output in TIMERS:
        assert bench.mrs(register.format("CTL")) == 0
        assert not bench.line(output)


@pytest.mark.parametrize("hz", [19_200_000, 54_000_000, 62_500_000])
def test_the_counter_counts_at_its_frequency(hz):
    bench = Bench(hz)
    assert bench.mrs("CNTFRQ_EL0") == hz
    bench.clock.advance(3_000_000_000)
    assert bench.mrs("CNTPCT_EL0") == 3 * hz
    bench.clock.advance(3_000_000_001)
    assert bench.mrs("CNTPCT_EL0") == 3 * hz


def test_writing_cntfrq_does_not_change_the_rate():
    bench = Bench()
    bench.msr("CNTFRQ_EL0", 1_000_000)
    bench.clock.advance(1_000_000_000)
    assert bench.mrs("CNTFRQ_EL0") == 1_000_000
    assert bench.mrs("CNTPCT_EL0") == HZ


def test_the_counters_are_read_only():
    bench = Bench()
    bench.count_to(500)
    bench.msr("CNTPCT_EL0", 7)
    bench.msr("CNTVCT_EL0", 7)
    assert bench.mrs("CNTPCT_EL0") == bench.mrs("CNTVCT_EL0") == 500


@each_timer
def test_the_condition_is_met_from_the_tick_at_which_the_counter_reaches_cval(register, output):
    bench = Bench()
    bench.msr(register.format("CVAL"), 1000)
    bench.msr(register.format("CTL"), ENABLE)
    for tick, met in ((999, False), (1000, True), (1001, True), (10**7, True)):
        bench.count_to(tick)
        assert bench.line(output) is met, tick
        assert bench.mrs(register.format("CTL")) == ENABLE | (ISTATUS if met else 0), tick


@each_timer
def test_the_line_rises_at_the_first_nanosecond_that_shows_cval(register, output):
    bench = Bench()
    bench.msr(register.format("CVAL"), 1001)  # 18537.03 ns at 54 MHz
    bench.msr(register.format("CTL"), ENABLE)
    bench.clock.advance(18_537)
    assert (bench.mrs("CNTPCT_EL0"), bench.line(output)) == (1000, False)
    bench.clock.advance(18_538)
    assert (bench.mrs("CNTPCT_EL0"), bench.line(output)) == (1001, True)


@each_timer
def test_only_its_own_line_on_its_own_core_rises(register, output):
    bench = Bench(cpus=4)
    bench.msr(register.format("CVAL"), 10, cpu=2)
    bench.msr(register.format("CTL"), ENABLE, cpu=2)
    bench.count_to(10)
    high = [line.name for lines in bench.timer.outputs.values() for line in lines if line.level]
    assert high == [f"timer.{output}2"]
    assert bench.mrs(register.format("CTL"), cpu=1) == 0


@each_timer
def test_imask_masks_the_line_but_not_istatus(register, output):
    bench = Bench()
    ctl = register.format("CTL")
    bench.msr(register.format("CVAL"), 100)
    bench.msr(ctl, ENABLE | IMASK)
    bench.count_to(100)
    assert bench.mrs(ctl) == ENABLE | IMASK | ISTATUS
    assert not bench.line(output)
    bench.msr(ctl, ENABLE)
    assert bench.line(output)
    bench.msr(ctl, ENABLE | IMASK)
    assert not bench.line(output)


@each_timer
def test_a_disabled_timer_drives_nothing_and_reports_nothing(register, output):
    bench = Bench()
    bench.msr(register.format("CVAL"), 100)
    bench.msr(register.format("CTL"), ENABLE)
    bench.count_to(200)
    bench.msr(register.format("CTL"), 0)
    assert not bench.line(output)
    assert bench.mrs(register.format("CTL")) == 0


@each_timer
def test_the_line_is_a_level_that_a_later_cval_takes_down(register, output):
    bench = Bench()
    bench.msr(register.format("CTL"), ENABLE)
    assert bench.line(output)  # CVAL 0: always reached
    bench.count_to(50)
    bench.msr(register.format("CVAL"), 51)
    assert not bench.line(output)
    bench.count_to(51)
    assert bench.line(output)


def test_istatus_cannot_be_written():
    bench = Bench()
    bench.msr("CNTP_CVAL_EL0", LAST)
    bench.msr("CNTP_CTL_EL0", 0xFFFF_FFFF)
    assert bench.mrs("CNTP_CTL_EL0") == ENABLE | IMASK


@each_timer
def test_tval_written_sets_cval_to_the_counter_plus_the_value(register, output):
    bench = Bench()
    bench.count_to(1000)
    bench.msr(register.format("CTL"), ENABLE)
    bench.msr(register.format("TVAL"), 250)
    assert bench.mrs(register.format("CVAL")) == 1250
    bench.count_to(1249)
    assert not bench.line(output)
    bench.count_to(1250)
    assert bench.line(output)


def test_tval_reads_as_a_signed_down_counter():
    bench = Bench()
    bench.msr("CNTP_CVAL_EL0", 100)
    readings = []
    for tick in (0, 99, 100, 101):
        bench.count_to(tick)
        readings.append(bench.mrs("CNTP_TVAL_EL0"))
    assert readings == [100, 1, 0, 0xFFFF_FFFF]


def test_tval_is_sign_extended_when_written():
    bench = Bench()
    bench.count_to(1000)
    bench.msr("CNTP_TVAL_EL0", 0xFFFF_FFFF)
    assert bench.mrs("CNTP_CVAL_EL0") == 999
    bench.msr("CNTP_TVAL_EL0", 0x7FFF_FFFF)
    assert bench.mrs("CNTP_CVAL_EL0") == 1000 + 0x7FFF_FFFF
    bench.msr("CNTP_TVAL_EL0", 0x8000_0000)
    assert bench.mrs("CNTP_CVAL_EL0") == (1000 - 0x8000_0000) % 2**64


def test_upper_half_of_a_tval_write_is_ignored():
    bench = Bench()
    bench.msr("CNTV_TVAL_EL0", 0x1_0000_0005)
    assert bench.mrs("CNTV_CVAL_EL0") == 5


def test_the_comparison_is_unsigned():
    bench = Bench()
    bench.msr("CNTP_CVAL_EL0", 1 << 63)
    bench.msr("CNTP_CTL_EL0", ENABLE)
    assert bench.mrs("CNTP_CTL_EL0") == ENABLE
    assert not bench.line("cntpnsirq")


@pytest.mark.parametrize("compare", [NEVER, LAST, 1 << 60])
def test_a_cval_beyond_the_end_of_time_never_fires(compare):
    bench = Bench()
    bench.msr("CNTP_CVAL_EL0", compare)
    bench.msr("CNTP_CTL_EL0", ENABLE)
    bench.clock.advance(NEVER - 1)
    assert not bench.line("cntpnsirq")
    assert bench.mrs("CNTP_CVAL_EL0") == compare


def test_cntvoff_delays_the_virtual_counter_and_its_timer_alone():
    bench = Bench()
    bench.count_to(1000)
    bench.msr("CNTVOFF_EL2", 400)
    assert (bench.mrs("CNTPCT_EL0"), bench.mrs("CNTVCT_EL0")) == (1000, 600)
    for register in ("CNTP_{}_EL0", "CNTV_{}_EL0"):
        bench.msr(register.format("CVAL"), 1100)
        bench.msr(register.format("CTL"), ENABLE)
    bench.count_to(1499)
    assert (bench.line("cntpnsirq"), bench.line("cntvirq")) == (True, False)
    bench.count_to(1500)
    assert bench.line("cntvirq")


def test_an_offset_ahead_of_the_counter_makes_the_virtual_counter_wrap():
    bench = Bench()
    bench.msr("CNTVOFF_EL2", 100)
    assert bench.mrs("CNTVCT_EL0") == 2**64 - 100
    bench.msr("CNTV_CVAL_EL0", 50)
    bench.msr("CNTV_CTL_EL0", ENABLE)
    assert bench.line("cntvirq")
    bench.count_to(99)
    assert bench.line("cntvirq")
    bench.count_to(100)  # the virtual counter is 0 again: the condition ends
    assert not bench.line("cntvirq")
    bench.count_to(150)
    assert bench.line("cntvirq")


def test_writing_the_offset_moves_the_deadline():
    bench = Bench()
    bench.msr("CNTV_CVAL_EL0", 100)
    bench.msr("CNTV_CTL_EL0", ENABLE)
    bench.count_to(60)
    bench.msr("CNTVOFF_EL2", 50)
    bench.count_to(149)
    assert not bench.line("cntvirq")
    bench.count_to(150)
    assert bench.line("cntvirq")


def test_rearmed_from_the_handler_it_ticks_without_drift():
    bench = Bench(hz=19_200_000)
    period = 19_200  # 1 ms
    edges = []

    def handler(level):
        if level:
            edges.append(ns_to_ticks(bench.clock.now, bench.hz))
            bench.msr("CNTP_CVAL_EL0", bench.mrs("CNTP_CVAL_EL0") + period)

    bench.msr("CNTP_CVAL_EL0", period)
    bench.msr("CNTP_CTL_EL0", ENABLE)
    bench.timer.outputs["cntpnsirq"][0].connect(handler)
    bench.clock.advance(5_500_000)
    assert edges == [period * n for n in range(1, 6)]


def test_the_event_stream_is_declared_but_a_write_to_it_is_reported():
    bench = Bench()
    reports = []
    bench.timer.regs.on_unmodelled = reports.append
    bench.msr("CNTKCTL_EL1", 0b11)
    assert (bench.mrs("CNTKCTL_EL1"), reports) == (0b11, [])
    bench.msr("CNTKCTL_EL1", 0b111)
    assert bench.mrs("CNTKCTL_EL1") == 0b11
    assert len(reports) == 1
    assert "CNTKCTL_EL1" in reports[0]


def test_a_snapshot_goes_on_exactly_alike():
    bench = Bench()
    bench.count_to(10)
    bench.msr("CNTV_TVAL_EL0", 90)
    bench.msr("CNTV_CTL_EL0", ENABLE)
    bench.msr("CNTHP_CTL_EL2", ENABLE)
    copy = pickle.loads(pickle.dumps(bench))
    for each in (bench, copy):
        assert each.line("cnthpirq")
        each.count_to(99)
        assert not each.line("cntvirq")
        each.count_to(100)
        assert each.line("cntvirq")
        each.msr("CNTV_CTL_EL0", ENABLE | IMASK)
        assert not each.line("cntvirq")


def test_reset_takes_the_lines_down_and_forgets_the_deadline():
    bench = Bench()
    bench.msr("CNTP_CTL_EL0", ENABLE)
    bench.msr("CNTV_CVAL_EL0", 100)
    bench.msr("CNTV_CTL_EL0", ENABLE)
    bench.timer.reset()
    assert not bench.line("cntpnsirq")
    bench.count_to(1000)
    assert not bench.line("cntvirq")
    assert bench.mrs("CNTFRQ_EL0") == HZ
