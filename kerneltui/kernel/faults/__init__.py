"""Faults: drivers that do one thing wrong, as real kernels did.

Each is a small subclass of a driver, in the file of its kind; the drivers themselves know nothing
of them.  Whoever makes a driver asks :func:`variant` for the class: it may also be a person's own,
which stands in place of the kernel's.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from importlib import import_module
from typing import Any, Protocol, TypeVar, cast

import msgspec

T = TypeVar("T")


class Fault(msgspec.Struct, frozen=True):
    """What a scenario can switch on: its classes, under this package, and its kinds of board."""

    classes: tuple[str, ...]
    boards: tuple[str, ...]
    text: str
    """what is wrong, in one sentence"""


PIS, PI_4, PI_3, PC = ("rpi3", "rpi4"), ("rpi4",), ("rpi3",), ("x86",)
ALL = (*PIS, *PC)

FAULTS = {
    "round-due-down": Fault(
        ("arch_timer:RoundDueDown",),
        PIS,
        "the compare value is rounded down: the interrupt can come a counter tick early; to be "
        "seen where a tick is longer than the way into the handler, as at frequency_hz: 100_000",
    ),
    "no-rearm-after-spurious": Fault(
        ("kernel:NoRearmAfterSpurious",),
        PIS,
        "after a spurious interrupt the comparator is left disarmed",
    ),
    "ignore-overrides": Fault(
        ("pc_interrupts:IgnoreOverrides",),
        PC,
        "ISA interrupts are expected at the GSI of their own number",
    ),
    "trust-apic-timer": Fault(
        ("apic_timer:TrustApicTimer",),
        PC,
        "the local APIC's timer is used though the CPU does not promise ARAT",
    ),
    "timer-off": Fault(
        ("arch_timer:TimerOff",), PIS, "the compare value is stored, but the timer is not enabled"
    ),
    "imask": Fault(("arch_timer:Imask",), PIS, "the timer is enabled with IMASK set"),
    "never-due": Fault(
        ("arch_timer:NeverDue",), PIS, "the compare value is in ns, where counter ticks are meant"
    ),
    "compare-past": Fault(
        ("system_timer:ComparePast",),
        PIS,
        "the compare value is stored when the counter has passed it already",
    ),
    "uncleared-match": Fault(
        ("system_timer:UnclearedMatch",), PIS, "the handler never clears the match"
    ),
    "no-route": Fault(
        ("bcm_ic:NoRoute",), PI_3, "the core's timer control lets no timer interrupt through"
    ),
    "wrong-controller": Fault(
        ("bcm_ic:WrongController",),
        PI_3,
        "the core's timer is enabled at the peripherals' controller, which does not have it",
    ),
    "distributor-off": Fault(("gicv2:DistributorOff",), PI_4, "the distributor stays off"),
    "cpu-interface-off": Fault(("gicv2:CpuInterfaceOff",), PI_4, "the CPU interface stays off"),
    "pmr-zero": Fault(("gicv2:PmrZero",), PI_4, "the priority mask lets nothing through"),
    "low-priority": Fault(
        ("gicv2:LowPriority",), PI_4, "interrupts have the very priority of the priority mask"
    ),
    "running-priority": Fault(
        ("gicv2:RunningPriority",),
        PI_4,
        "handlers let interrupts in, but all of them have the same priority",
    ),
    "wrong-group": Fault(
        ("gicv2:WrongGroup",), PI_4, "interrupts are put into group 1, but only group 0 is on"
    ),
    "not-enabled": Fault(
        ("gicv2:NotEnabled",), PI_4, "private interrupts are not enabled in the distributor"
    ),
    "ppi-29": Fault(("gicv2:Ppi29",), PI_4, "29 is enabled, the secure timer, instead of 30"),
    "spi-offset": Fault(("gicv2:SpiOffset",), PI_4, "SPI n is enabled as ID n, not n + 32"),
    "no-target": Fault(("gicv2:NoTarget",), PI_4, "shared interrupts have no target core"),
    "other-core": Fault(("gicv2:OtherCore",), PI_4, "shared interrupts go to core 1"),
    "no-eoi": Fault(
        ("gicv2:NoEoi", "pc_interrupts:NoApicEoi"), (*PI_4, *PC), "interrupts are never ended"
    ),
    "wrong-eoi": Fault(("gicv2:WrongEoi",), PI_4, "the ID that is ended is one too high"),
    "spurious-handled": Fault(
        ("gicv2:SpuriousHandled",), PI_4, "ID 1023 is taken for an interrupt"
    ),
    "early-eoi": Fault(
        ("pc_interrupts:EarlyEoi",), PC, "interrupts are ended before their source is served"
    ),
    "no-handler": Fault(
        ("kernel:NoHandler",), ALL, "interrupts are enabled, but nobody has registered a handler"
    ),
    "irqs-masked": Fault(
        ("aarch64:DaifSet", "x86_64:IfClear"), ALL, "the kernel never lets interrupts in"
    ),
    "no-vectors": Fault(("aarch64:NoVectors",), PIS, "VBAR_EL1 is never set"),
    "misaligned-vectors": Fault(
        ("aarch64:MisalignedVectors",), PIS, "the vector table is not aligned to 2 KiB"
    ),
    "high-tpr": Fault(
        ("pc_interrupts:HighTpr",), PC, "the task's priority holds back every interrupt"
    ),
    "pin-masked": Fault(
        ("pc_interrupts:PinMasked",), PC, "pins of the I/O APIC are routed, but not unmasked"
    ),
    "svr-off": Fault(
        ("pc_interrupts:SvrOff",), PC, "the local APIC is set up, and then switched off by its SVR"
    ),
    "no-broadcast": Fault(
        ("pc_interrupts:NoBroadcast",),
        PC,
        "EOIs are not broadcast, and nobody tells the I/O APIC of them",
    ),
    "mask-while-handling": Fault(
        ("pc_interrupts:MaskWhileHandling",),
        PC,
        "an edge-triggered pin is masked while its handler runs",
    ),
    "pic-beside-apic": Fault(
        ("pc_interrupts:PicBesideApic",), PC, "the 8259s stay unmasked beside the APICs"
    ),
    "no-slave-eoi": Fault(
        ("i8259:NoSlaveEoi",), PC, "interrupts of the second 8259 are ended at the first alone"
    ),
    "lvt-masked": Fault(("apic_timer:LvtMasked",), PC, "LVT_TIMER is left masked"),
    "count-first": Fault(
        ("apic_timer:CountFirst",), PC, "the initial count is stored before the timer's mode"
    ),
    "divide-by-2": Fault(
        ("apic_timer:DivideBy2",), PC, "the timer divides by 2, but was calibrated undivided"
    ),
    "deadline-past": Fault(
        ("apic_timer:DeadlinePast",), PC, "TSC deadlines are delays, not values of the TSC"
    ),
    "no-legacy-routing": Fault(
        ("hpet:NoLegacyRouting",), PC, "the HPET does not take the place of the PIT at IRQ 0"
    ),
    "register-c-unread": Fault(
        ("rtc:RegisterCUnread",), PC, "the RTC's handler never reads register C"
    ),
}  # fmt: skip
"""By name.  A fault's classes have more to say, in their docstrings."""


class DriverWishes(Protocol):
    """What is wanted of the kernel's drivers: a workload says it."""

    @property
    def faults(self) -> AbstractSet[str]:
        """Some of :data:`FAULTS`."""

    @property
    def own(self) -> Mapping[str, Any]:
        """A person's own classes, by the name of the class that each stands for."""


def variant(cls: type[T], wanted: DriverWishes) -> type[T]:
    """The class to use in place of ``cls``: a person's own, or with the faults that concern it."""
    own = wanted.own.get(cls.__name__)
    if own is not None:
        return cast("type[T]", own)
    found = [chosen for name in sorted(wanted.faults) for chosen in classes_of(name)]
    bases = tuple(chosen for chosen in found if issubclass(chosen, cls))
    if len(bases) < 2:
        return bases[0] if bases else cls
    return cast("type[T]", type(cls.__name__, bases, {}))


def classes_of(name: str) -> list[type]:
    """The classes that a fault consists of: each is a subclass of the driver that is wrong."""
    places = [place.split(":") for place in FAULTS[name].classes]
    return [getattr(import_module(f"{__name__}.faulty_{module}"), cls) for module, cls in places]
