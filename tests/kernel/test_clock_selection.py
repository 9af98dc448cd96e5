"""Which devices are chosen: every wish on every PC, against the rules as they are written."""

from contextlib import nullcontext
from itertools import chain, combinations, product

import pytest
from pc_bench import APIC_BASE, FEATURES, HPET_BASE, PM_TIMER, VECTOR, PcCpu

from kerneltui.kernel.drivers.acpi_pm_timer import AcpiPmTimerDriver
from kerneltui.kernel.drivers.apic_timer import ApicTimerDriver
from kerneltui.kernel.drivers.hpet import HpetClockEvent, HpetClockSource
from kerneltui.kernel.drivers.pit import PitClockEvent, PitClockSource
from kerneltui.kernel.drivers.tsc import Tsc
from kerneltui.kernel.faults.faulty_apic_timer import TrustApicTimer
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.pc.clock_selection import choose

CHIPS = ("apic", "hpet", "acpi", "pit")
PCS = [
    (frozenset(chips), frozenset(features))
    for chips in chain.from_iterable(combinations(CHIPS, n) for n in range(5))
    for features in chain.from_iterable(combinations(("arat", "invtsc"), n) for n in range(3))
]

# What the kernel promises: devices in this order, and what each of them needs.
CLOCK_RULES = [("arat", {"apic", "arat"}), ("hpet", {"hpet"}), ("pit", {"pit"})]
TIMER_RULES = [("tsc", {"invtsc"}), ("hpet", {"hpet"}), ("acpi", {"acpi"}), ("pit", {"pit"})]


def expected(rules, wanted, there):
    """From the wanted one on, round the list; the first whose needs are all there."""
    while wanted is not None and rules[0][0] != wanted:
        rules = [*rules[1:], rules[0]]
    return next((name for name, needs in rules if needs <= there), None)


def pc(chips, features):
    shown = features | ({"apic"} if "apic" in chips else set())
    return PcCpu(chips, frozenset(shown))


def clocks(cpu, chips, apic_timer=ApicTimerDriver):
    return [
        apic_timer(cpu, APIC_BASE, VECTOR),
        HpetClockEvent(cpu, HPET_BASE if "hpet" in chips else None, standard_routing=True),
        PitClockEvent(cpu),
    ]


def timers(cpu, chips):
    return [
        Tsc(cpu),
        HpetClockSource(cpu, HPET_BASE if "hpet" in chips else None),
        AcpiPmTimerDriver(cpu, PM_TIMER if "acpi" in chips else 0),
        PitClockSource(cpu, nullcontext()),
    ]


def outcome(parameter, wanted, candidates):
    try:
        device, log = choose(parameter, wanted, candidates)
    except KernelError:
        return None
    assert log[-1] == f"{parameter}: {device.name.upper()} chosen"
    assert all(line.startswith(f"{parameter}=") and " refused: " in line for line in log[:-1])
    return device.name


@pytest.mark.parametrize("clock", [None, "arat", "hpet", "pit"])
@pytest.mark.parametrize("timer", [None, "tsc", "hpet", "acpi", "pit"])
def test_every_wish_on_every_pc(clock, timer):
    for chips, features in PCS:
        cpu = pc(chips, features)
        there = chips | features
        chosen = outcome("clock", clock, clocks(cpu, chips))
        assert chosen == expected(CLOCK_RULES, clock, there), (chips, features)
        chosen = outcome("timer", timer, timers(cpu, chips))
        assert chosen == expected(TIMER_RULES, timer, there), (chips, features)


@pytest.mark.parametrize(
    ("parameter", "wanted", "there", "name"),
    [
        ("clock", None, "apic arat hpet pit", "arat"),
        ("clock", None, "apic hpet pit", "hpet"),
        ("clock", None, "apic pit", "pit"),
        ("clock", "hpet", "apic arat pit", "pit"),
        ("clock", "pit", "apic arat hpet", "arat"),
        ("clock", "arat", "hpet pit", "hpet"),
        ("timer", None, "hpet acpi pit", "hpet"),
        ("timer", "tsc", "acpi pit", "acpi"),
        ("timer", "hpet", "invtsc acpi pit", "acpi"),
        ("timer", "pit", "invtsc hpet", "tsc"),
        ("timer", "acpi", "invtsc hpet", "tsc"),
    ],
)
def test_some_outcomes_spelled_out(parameter, wanted, there, name):
    words = frozenset(there.split())
    chips = words & set(CHIPS)
    cpu = pc(chips, words - chips)
    candidates = clocks(cpu, chips) if parameter == "clock" else timers(cpu, chips)
    assert outcome(parameter, wanted, candidates) == name


def test_the_log_tells_each_decision():
    chips = frozenset({"apic", "acpi", "pit"})
    cpu = pc(chips, frozenset())
    no_arat = "the CPU has no ARAT (CPUID.06H:EAX[2] = 0): its APIC timer stops in deep idle"
    assert choose("clock", "arat", clocks(cpu, chips))[1] == [
        f"clock=arat refused: {no_arat}",
        "clock=hpet refused: there is no ACPI HPET table",
        "clock: PIT chosen",
    ]
    assert choose("timer", "acpi", timers(cpu, chips))[1] == ["timer: ACPI chosen"]


def test_when_nothing_is_left_all_reasons_are_told():
    cpu = pc(frozenset(), frozenset())
    with pytest.raises(KernelError) as raised:
        choose("timer", "pit", timers(cpu, frozenset()))
    text = str(raised.value)
    assert text.startswith("There is no timer device: ")
    places = [text.index(f"timer={name} refused") for name in ("pit", "tsc", "hpet", "acpi")]
    assert places == sorted(places)


def test_candidates_may_come_in_any_order_and_be_fewer():
    cpu = PcCpu()
    everything = clocks(cpu, CHIPS)
    assert choose("clock", None, everything[::-1])[0].name == "arat"
    assert choose("clock", "arat", everything[2:])[0].name == "pit"


def test_an_unknown_wish_is_refused():
    with pytest.raises(KernelError, match="clock=tsc is none of arat, hpet, pit"):
        choose("clock", "tsc", clocks(PcCpu(), CHIPS))


def test_the_fault_trusts_an_apic_timer_without_arat():
    chips = frozenset(CHIPS)
    for features, fault in product((FEATURES, FEATURES - {"arat"}), (False, True)):
        cpu = PcCpu(chips, features)
        apic_timer = TrustApicTimer if fault else ApicTimerDriver
        chosen = choose("clock", None, clocks(cpu, chips, apic_timer))[0]
        assert (chosen.name == "arat") is (fault or "arat" in features)
