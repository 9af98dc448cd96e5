"""Faults of the HPET's driver."""

from __future__ import annotations

from kerneltui.kernel.drivers.hpet import HpetClockEvent


class NoLegacyRouting(HpetClockEvent):
    """The comparator is set up, LEG_RT_CNF is not: IRQ 0 is still the PIT's, which is silent."""

    LEGACY_ROUTING = 0
