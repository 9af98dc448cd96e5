"""The rig of the local APIC: one core that now and then lets interrupts in.

The traces tell of each operation the time before it and after it, t0 and t1, in ns.  The moment
between them matters where the timer is started (its count runs from there), where the rate of a
running count changes, and where the timer expires within an operation that takes notice of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement
from typing import Any

from kerneltui.conformance.apic_rig import timer_hz
from kerneltui.conformance.rig import Instants, Rig
from kerneltui.devices.x86.local_apic import Config, LocalApic
from kerneltui.devices.x86.local_apic_registers import DEFAULT_BASE, LOCAL_APIC

_ENDLESS = 16
"""So many interrupts in one window can only be one that never goes away."""

_LVT_TIMER, _INIT_COUNT, _DIV_CONF = (
    DEFAULT_BASE + LOCAL_APIC[name].offset for name in ("LVT_TIMER", "INIT_COUNT", "DIV_CONF")
)


class LapicRig(Rig):
    """QEMU's local APIC: six entries in the local vector table, no directed EOI."""

    def __init__(self, header: Mapping[str, Any]) -> None:
        super().__init__(header)
        config = Config(timer_hz=timer_hz(header), cmci=False, directed_eoi=False)
        self.apic = LocalApic("lapic", config, self.clock)
        self.spaces["mmio"].attach(DEFAULT_BASE, LOCAL_APIC.size, LOCAL_APIC.name, self.apic.regs)

    def window(self, at: Instants) -> list[int]:
        """The vectors that the core takes at one moment or the other; it ends none of them."""
        vectors: list[int] = []
        for moment in at:
            self.advance_to_tick(moment)
            while self.apic.outputs["intr"][0].level and len(vectors) < _ENDLESS:
                vectors.append(self.apic.take(0))
        return vectors

    def instants(self, op: dict[str, Any]) -> list[Instants]:
        """Every ns where the count starts or changes its rate; else those of an expiry."""
        first, last = op["t0"], op["t1"]
        address = op["addr"] if op["op"] == "write" else None
        if address in {_INIT_COUNT, _DIV_CONF}:
            return [(moment,) for moment in range(first, last + 1)]
        if op["op"] != "window" and address != _LVT_TIMER:
            return [(first,)]
        moments = sorted({first, *(t.due for t in self.clock.armed() if t.due <= last)})
        return list(combinations_with_replacement(moments, 2 if op["op"] == "window" else 1))

    def settles(self, op: dict[str, Any], later: dict[str, Any]) -> bool:
        """The moment of a start matters until the next start, any other until the next window."""
        if op["op"] == "write" and op["addr"] in {_INIT_COUNT, _DIV_CONF}:
            return bool(later["op"] == "write" and later["addr"] == _INIT_COUNT)
        return bool(later["op"] == "window")
