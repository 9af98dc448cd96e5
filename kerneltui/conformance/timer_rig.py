"""The rig of the Generic Timer: its timers, an interrupt controller, and a recording program.

The traces tell of each operation the counter before it and after it, t0 and t1, not the moment
between them at which it happened.  For most operations nothing that lasts depends on the moment.
It does for a write of CNTx_TVAL, as CVAL becomes counter + value, and for a window in which a
timer fires.  For these the rig lists the moments that differ in effect, and the replay chooses
by looking ahead (see :mod:`kerneltui.conformance.replay`).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement
from typing import Any

from kerneltui.conformance.rig import Instants, Rig
from kerneltui.devices.arm.generic_timer import (
    GENERIC_TIMER,
    SYSREG_BASE,
    Config,
    GenericTimer,
)
from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import ns_to_ticks, ticks_to_ns
from kerneltui.hw.line import Line

FIRING = 0b101
"""CNTx_CTL of a timer that fires: ENABLE, not IMASK, ISTATUS."""
MASKED = 0b011
_ENDLESS = 16
"""So many interrupts in one window can only be one that never goes away."""


class TimerRig(Rig):
    """``irq`` is core 0's interrupt; its handler reads ``acknowledge_at``, writes ``end_at``."""

    def __init__(self, header: Mapping[str, Any], cores: int) -> None:
        super().__init__(header)
        hz = header.get("cntfrq")
        if type(hz) is not int or hz <= 0:
            raise ValueError('the header\'s "cntfrq" is missing or no frequency')
        self.tick_hz = hz
        self.timer = GenericTimer("timer", Config(hz), self.clock, cores)
        self.spaces["sysreg"] = AddressSpace("sysreg")
        self.mount(self.timer, SYSREG_BASE, space="sysreg")
        self.irq = Line("none")
        self.acknowledge_at = 0
        self.end_at: int | None = None

    def sysreg(self, name: str) -> int:
        if name not in GENERIC_TIMER:
            raise ValueError(f"no system register {name!r}")
        return SYSREG_BASE + GENERIC_TIMER[name].offset

    def window(self, at: Instants) -> list[int]:
        """``at`` is when the core samples its interrupt, and when the handler masks timers."""
        sampled, handled = at
        self.advance_to_tick(sampled)
        ids: list[int] = []
        while self.irq.level and len(ids) < _ENDLESS:
            ids.append(self._acknowledge())
            self.advance_to_tick(handled)
            self._mask_firing()
        return ids

    def _acknowledge(self) -> int:
        mmio = self.spaces["mmio"]
        found = mmio.read(self.acknowledge_at)
        if self.end_at is not None:
            mmio.write(self.end_at, found)
        return found

    def _mask_firing(self) -> None:
        space = self.spaces["sysreg"]
        for name in ("CNTP_CTL_EL0", "CNTV_CTL_EL0"):
            if space.read(self.sysreg(name), 8) == FIRING:
                space.write(self.sysreg(name), MASKED, 8)

    def instants(self, op: dict[str, Any]) -> list[Instants]:
        """Every tick for a TVAL write; for a window those at which a timer's line changes."""
        first, last = op["t0"], op["t1"]
        if _rewritten(op) and "_TVAL_" in op["reg"]:
            return [(tick,) for tick in range(first, last + 1)]
        if op["op"] != "window":
            return [(first,)]
        end = ticks_to_ns(last, self.tick_hz)
        dues = (deadline.due for deadline in self.clock.armed())
        ticks = {first, *(ns_to_ticks(due, self.tick_hz) for due in dues if due <= end)}
        return list(combinations_with_replacement(sorted(ticks), 2))

    def settles(self, op: dict[str, Any], later: dict[str, Any]) -> bool:
        """A TVAL write holds until the timer's next compare value, a window until the next."""
        if op["op"] == "window":
            return bool(later["op"] == "window")
        return _rewritten(op) == _rewritten(later)


def _rewritten(op: dict[str, Any]) -> str:
    """The timer (``CNTP``) whose compare value the operation sets, or none."""
    if op["op"] == "sysreg_write":
        name, _, view = op["reg"].partition("_")
        if view.startswith(("TVAL", "CVAL")):
            return str(name)
    return ""
