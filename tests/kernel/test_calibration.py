"""Calibration of the APIC timer and the TSC against each device of known rate."""

from contextlib import nullcontext
from fractions import Fraction

import pc_bench
import pytest
from pc_bench import APIC_BASE, DEVICES, HPET_BASE, PM_TIMER, VECTOR, PcCpu

from kerneltui.kernel.drivers.acpi_pm_timer import AcpiPmTimerDriver
from kerneltui.kernel.drivers.apic_timer import ApicTimerDriver
from kerneltui.kernel.drivers.hpet import HpetClockSource
from kerneltui.kernel.drivers.pit import PitClockSource
from kerneltui.kernel.drivers.tsc import Tsc
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.pc.calibration import calibrate, reference_among

MS = 1_000_000
LONGEST_NS = {"hpet": 22 * MS, "acpi": 22 * MS, "pit": 60 * MS}
TSC_RATES = (800_000_000, 1_000_000_000, 2_399_998_765, 3_000_000_000, 4_700_000_001)
TIMER_RATES = (24_000_000, 100_000_000, 133_333_333, 1_000_000_000)


def sources(cpu):
    return [
        Tsc(cpu),
        HpetClockSource(cpu, HPET_BASE),
        AcpiPmTimerDriver(cpu, PM_TIMER),
        PitClockSource(cpu, nullcontext()),
    ]


def measure(reference, delay_ns=0, **config):
    """The errors in parts per million of both rates, and the time that it took."""
    cpu = PcCpu(**config)
    cpu.compute(delay_ns)
    device = next(source for source in sources(cpu) if source.name == reference)
    timer, tsc = ApicTimerDriver(cpu, APIC_BASE, VECTOR), Tsc(cpu)
    for each in (device, timer, tsc):
        each.init()
    began = cpu.now
    calibrate(cpu, device, [timer, tsc])
    timer_hz = cpu.apic.config.timer_hz
    errors = [(timer.hz / timer_hz - 1) * 10**6, (tsc.hz / cpu.tsc_hz - 1) * 10**6]
    return [float(abs(error)) for error in errors], cpu.now - began


@pytest.mark.parametrize("reference", LONGEST_NS)
@pytest.mark.parametrize("tsc_hz", TSC_RATES)
@pytest.mark.parametrize("timer_hz", TIMER_RATES)
def test_the_error_is_below_a_millionth(reference, tsc_hz, timer_hz):
    errors, took_ns = measure(reference, tsc_hz=tsc_hz, timer_hz=timer_hz)
    assert max(errors) < 1
    assert took_ns < LONGEST_NS[reference]


@pytest.mark.parametrize("reference", LONGEST_NS)
def test_the_error_is_below_a_millionth_whenever_it_begins(reference):
    worst = 0
    for number in range(25):
        errors, _ = measure(reference, number * 123_457, tsc_hz=2_100_000_000 + number * 7_654_321)
        worst = max(worst, *errors)
    assert worst < 0.6


@pytest.mark.parametrize("period_fs", [10_000_000, 41_666_667, 69_841_279, 100_000_000])
def test_other_hpets_do_as_well(period_fs):
    errors, _ = measure("hpet", period_fs=period_fs, counter_bits=32)
    assert max(errors) < 1


def test_readings_in_step_with_the_reference_do_as_well(monkeypatch):
    monkeypatch.setattr(pc_bench, "TSC_NS", 0)
    for number in range(10):
        errors, _ = measure("hpet", number * 7, period_fs=100_000_000)
        assert max(errors) < 0.5


def test_a_reference_that_wraps_meanwhile_is_no_matter():
    cpu = PcCpu()
    wrap_ns = (1 << 24) * 10**9 // 3_579_545
    errors, _ = measure("acpi", wrap_ns - 10 * MS)
    assert max(errors) < 1
    for delay_ns in range(0, 55 * MS, 5 * MS):
        errors, _ = measure("pit", delay_ns)
        assert max(errors) < 1
    assert cpu.now == 0


def test_both_agree_among_themselves_better_than_with_the_reference():
    cpu = PcCpu()
    device = PitClockSource(cpu, nullcontext())
    timer, tsc = ApicTimerDriver(cpu, APIC_BASE, VECTOR), Tsc(cpu)
    for each in (device, timer, tsc):
        each.init()
    calibrate(cpu, device, [timer, tsc])
    true = Fraction(cpu.apic.config.timer_hz, cpu.tsc_hz)
    assert abs(timer.hz / tsc.hz / true - 1) < Fraction(1, 10_000_000)


def test_the_best_reference_is_taken_and_never_the_tsc():
    for devices, name in [
        (DEVICES, "hpet"),
        (DEVICES - {"hpet"}, "acpi"),
        (frozenset({"pit"}), "pit"),
    ]:
        cpu = PcCpu(devices)
        found = [
            Tsc(cpu),
            HpetClockSource(cpu, HPET_BASE if "hpet" in devices else None),
            AcpiPmTimerDriver(cpu, PM_TIMER if "acpi" in devices else None),
            PitClockSource(cpu, nullcontext()),
        ]
        assert reference_among(found).name == name


def test_without_any_reference_all_reasons_are_given():
    cpu = PcCpu(frozenset({"apic"}))
    found = [
        HpetClockSource(cpu, None),
        AcpiPmTimerDriver(cpu, None),
        PitClockSource(cpu, nullcontext()),
    ]
    with pytest.raises(KernelError, match=r"HPET table.*FADT.*PIT"):
        reference_among(found)


class Still:
    """A counter that does not count."""

    name = compatible = "still"
    hz = Fraction(10_000_000)
    mask = 0xFFFF_FFFF

    def read(self):
        return 5


def test_a_reference_that_stands_still_is_found_out():
    cpu = PcCpu()
    with pytest.raises(KernelError, match="still does not count"):
        calibrate(cpu, Still(), [Tsc(cpu)])
    assert cpu.now < 300 * MS


def test_a_subject_that_stands_still_is_found_out():
    cpu = PcCpu()
    with pytest.raises(KernelError, match="still does not count"):
        calibrate(cpu, AcpiPmTimerDriver(cpu, PM_TIMER), [Still()])
