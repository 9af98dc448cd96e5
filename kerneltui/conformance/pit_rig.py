"""The rig of the 8254: its ports, and OUT0 as QEMU's model would drive it.

QEMU sets OUT when the count is written, the 8254 already when the control word is; and in mode 2
QEMU's OUT rests low and is high for the clock after each reload, the 8254's rests high and is low
for the clock before it.  Traces of mode 2 hold rising edges only: those at a reload are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerneltui.conformance.rig import Rig
from kerneltui.devices.x86.i8254 import I8254, Config
from kerneltui.hw.line import Line

PORTS, NMI_SC_PORT = 0x40, 0x61


class _Probe:
    """The ports of the timer, and a line that follows OUT0 while counter 0 counts."""

    def __init__(self, pit: I8254, *, rises_only: bool) -> None:
        self.line = Line("OUT0 in QEMU")
        self._pit = pit
        self._ports = pit.files["I8254_PORTS"]
        self._rises_only = rises_only
        pit.outputs["out0"][0].connect(self._follow)

    def _follow(self, level: bool) -> None:
        if self._pit.comparators(0)[0].enabled:
            self.line.set(level)

    def read(self, offset: int, size: int = 4, cpu: int = 0) -> int:
        return self._ports.read(offset, size, cpu)

    def peek(self, offset: int, size: int = 4, cpu: int = 0) -> int:
        return self._ports.peek(offset, size, cpu)

    def write(self, offset: int, value: int, size: int = 4, cpu: int = 0) -> None:
        """What OUT did at the control word shows once the count is there."""
        self._ports.write(offset, value, size, cpu)
        if not self._rises_only:
            self._follow(self._pit.outputs["out0"][0].level)


def pit(header: Mapping[str, Any]) -> Rig:
    """The timer with the gate of counter 2 high: the output is OUT0."""
    rig = Rig(header)
    timer = I8254("pit", Config(), rig.clock)
    probe = _Probe(timer, rises_only=bool(header.get("irq_rises_only")))
    ports = rig.space("io")
    ports.attach(PORTS, timer.files["I8254_PORTS"].table.size, "I8254_PORTS", probe)
    ports.attach(NMI_SC_PORT, 1, "NMI_SC", timer.files["NMI_SC"])
    ports.write(NMI_SC_PORT, 1, 1)
    rig.intercept([probe.line])
    return rig
