"""The drivers of the PC's timer devices, on models of the chips."""

import pickle
from contextlib import nullcontext
from fractions import Fraction

import pytest
from pc_bench import DEVICES, FEATURES, HPET_BASE, PM_TIMER, Lock, PcCpu

from kerneltui.kernel.drivers.acpi_pm_timer import AcpiPmTimerDriver
from kerneltui.kernel.drivers.hpet import HpetClockSource
from kerneltui.kernel.drivers.pit import PitClockEvent, PitClockSource
from kerneltui.kernel.drivers.tsc import Tsc
from kerneltui.kernel.irq import Irq

S = 1_000_000_000
MS = S // 1000

KINDS = {
    "tsc": ({}, 64, Fraction(2_999_999_977)),
    "hpet": ({}, 64, Fraction(10**15, 69_841_279)),
    "hpet narrow": ({"counter_bits": 32}, 32, Fraction(10**15, 69_841_279)),
    "acpi": ({}, 24, Fraction(3_579_545)),
    "acpi wide": ({"pm_bits": 32}, 32, Fraction(3_579_545)),
    "pit": ({}, 16, Fraction(1_193_182)),
}


def make(cpu, kind):
    return {
        "tsc": lambda: Tsc(cpu),
        "hpet": lambda: HpetClockSource(cpu, HPET_BASE),
        "hpet narrow": lambda: HpetClockSource(cpu, HPET_BASE),
        "acpi": lambda: AcpiPmTimerDriver(cpu, PM_TIMER),
        "acpi wide": lambda: AcpiPmTimerDriver(cpu, PM_TIMER, is_wide=True),
        "pit": lambda: PitClockSource(cpu, nullcontext()),
    }[kind]()


@pytest.fixture(params=KINDS)
def up(request):
    """A device that is up, with its processor, width and rate."""
    config, bits, hz = KINDS[request.param]
    cpu = PcCpu(**config)
    source = make(cpu, request.param)
    assert source.missing() == ""
    assert source.name == request.param.partition(" ")[0]
    source.init()
    if request.param == "tsc":
        source.hz = hz
    return cpu, source, bits, hz


def test_rate_and_width_are_exact(up):
    _, source, bits, hz = up
    assert source.hz == hz
    assert source.mask == (1 << bits) - 1


def test_it_counts_up_at_its_rate(up):
    cpu, source, _, hz = up
    began, before = cpu.now, source.read()
    cpu.clock.advance(began + 40 * MS)
    passed = source.read() - before & source.mask
    assert abs(passed - 40 * MS * hz / S) < 1 + hz * 3000 / S


def test_a_wrap_loses_nothing(up):
    cpu, source, _, hz = up
    wrap_ns = int((source.mask + 1) * S / hz)
    if wrap_ns > 1000 * S:
        pytest.skip("it does not wrap within an hour")
    began, before = cpu.now, source.read()
    seen = 0
    last = before
    for part in range(1, 31):
        cpu.clock.advance(began + part * wrap_ns // 7)
        raw = source.read()
        assert 0 <= raw <= source.mask
        seen += raw - last & source.mask
        last = raw
    assert abs(seen - 30 * wrap_ns // 7 * hz / S) < 1 + hz * 3000 / S


def test_readings_never_go_back_within_a_wrap(up):
    cpu, source, _, _ = up
    last = source.read()
    for gap in range(2000):
        cpu.compute(gap % 13)
        raw = source.read()
        assert 0 <= raw - last & source.mask <= source.mask >> 1
        last = raw


def test_it_can_be_pickled(up):
    cpu, source, _, _ = up
    first, second = pickle.loads(pickle.dumps((cpu, source)))
    assert second.read() == source.read()
    assert first.now == cpu.now


def test_the_pit_is_read_whole_by_three_accesses_under_the_lock():
    cpu, lock = PcCpu(), Lock()
    source = PitClockSource(cpu, lock)
    source.init()
    held = []
    cpu.hook = lambda: held.append(lock.is_held)
    source.read()
    assert held == [True, True, True]
    assert not lock.is_held


def test_pit_readings_are_never_torn():
    cpu = PcCpu()
    source = PitClockSource(cpu, nullcontext())
    source.init()
    last = source.read()
    for _ in range(5000):
        cpu.compute(100_003)
        raw = source.read()
        assert abs((raw - last & 0xFFFF) - 103_003 * 1_193_182 / S) < 2
        last = raw


def test_the_pit_keeps_the_speaker_silent_and_other_enables_as_they_are():
    cpu = PcCpu()
    cpu.write_port(0x61, 0b0010)
    PitClockSource(cpu, nullcontext()).init()
    assert cpu.read_port(0x61) & 0b1111 == 0b0001


def test_both_pit_roles_share_the_chip():
    cpu = PcCpu()
    clock, source = PitClockEvent(cpu), PitClockSource(cpu, nullcontext())
    clock.init()
    source.init()
    cpu.forget_interrupts()
    clock.start_periodic(1000)
    before = source.read()
    cpu.run(cpu.now + 20 * MS)
    assert abs(cpu.taken[Irq("isa", 0)] - 20) <= 1
    assert abs((source.read() - before & 0xFFFF) - 23_864) < 30


REFUSALS = [
    ("tsc", {"features": FEATURES - {"invtsc"}}, "not invariant (CPUID.80000007H:EDX[8] = 0)"),
    ("hpet", {"devices": DEVICES - {"hpet"}}, "makes no sense (0xffffffffffffffff)"),
    ("pit", {"devices": DEVICES - {"pit"}}, "no PIT"),
]


@pytest.mark.parametrize(("kind", "config", "reason"), REFUSALS)
def test_what_is_missing_is_told_in_words(kind, config, reason):
    assert reason in make(PcCpu(**config), kind).missing()


def test_a_missing_table_and_a_missing_block_are_told_apart():
    cpu = PcCpu()
    assert AcpiPmTimerDriver(cpu, None).missing() == "there is no ACPI FADT"
    assert AcpiPmTimerDriver(cpu, 0).missing() == "the FADT names no PM timer block"
    assert HpetClockSource(cpu, None).missing() == "there is no ACPI HPET table"
    assert cpu.accesses == 0


class OneRegister:
    """A block of which only the capabilities answer."""

    def __init__(self, value):
        self.value = value

    def read(self, address, size=4):
        assert (address, size) == (HPET_BASE, 8)
        return self.value


GOOD = 69_841_279 << 32 | 0x8086_A201


@pytest.mark.parametrize(
    ("value", "is_good"),
    [
        (GOOD, True),
        (100_000_000 << 32 | 0x8086_A201, True),
        (100_000_001 << 32 | 0x8086_A201, False),
        (0x8086_A201, False),
        (GOOD & ~0xFF, False),
        (0, False),
    ],
)
def test_hpet_capabilities_that_the_specification_excludes_are_refused(value, is_good):
    reason = HpetClockSource(OneRegister(value), HPET_BASE).missing()
    assert (reason == "") is is_good
    assert is_good or f"{value:#018x}" in reason
