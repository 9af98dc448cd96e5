"""The bench that a trace is replayed on: devices, a clock, and the recorder's probes.

A rig is plain data, so that a copy of it can try out what the original is then to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import NS_PER_S, Clock, ticks_to_ns
from kerneltui.hw.device import Device
from kerneltui.hw.line import Line, Sink

Instants = tuple[int, ...]
"""When the parts of one operation happened, in ticks of the trace's clock, first to last."""


class Rig:
    """Devices at work on a bench, and the recorder's probes.

    ``outputs`` are the intercepted lines by the trace's line number; ``pins`` maps the trace's
    gpio names to a device and its kind of input, with true where the number is a core's.
    ``tick_hz`` is the rate of the clock in which a trace gives the time of its operations, ``cpu``
    the core that the present operation is of, and ``cores`` how many there are.
    """

    def __init__(self, header: Mapping[str, Any]) -> None:
        self.clock = Clock()
        self.spaces: dict[str, AddressSpace] = {name: AddressSpace(name) for name in ("mmio", "io")}
        self.pins: dict[str, tuple[Device, str, bool]] = {}
        self.receiver: Callable[[int], Any] | None = None
        self.changes: list[tuple[int, int]] = []
        self.sent = bytearray()
        self.tick_hz = NS_PER_S
        self.cores = 1
        self.cpu = 0
        self.default_space = str(header.get("space", "mmio"))
        self._numbers: dict[str, int] = {}

    def space(self, name: str | None) -> AddressSpace:
        """An address space by name; ValueError when the rig has none of that name."""
        name = name or self.default_space
        found = self.spaces.get(name)
        if found is None:
            raise ValueError(f"this device has no {name!r} space")
        return found

    def mount(self, device: Device, *bases: int, space: str = "mmio") -> None:
        """Map the blocks of a device, in the order of its tables; none behind a data port."""
        behind = {
            register.window[0]
            for table in device.TABLES
            for register in table.registers
            if register.window is not None
        }
        files = [item for item in device.files.items() if item[0] not in behind]
        for base, (name, file) in zip(bases, files, strict=True):
            self.spaces[space].attach(base, file.table.size, name, file)

    def select(self, cpu: int) -> None:
        """Name the core of the next operation; ValueError when the rig has no such core."""
        if cpu >= self.cores:
            raise ValueError(f"this device has no core {cpu}, only 0 to {self.cores - 1}")
        self.cpu = cpu

    def intercept(self, lines: Iterable[Line], first: int = 0) -> None:
        """Watch output lines; they are numbered from ``first`` as they come."""
        for line in lines:
            self._numbers[line.name] = first + len(self._numbers)
            line.watcher = self._changed

    def _changed(self, line: Line) -> None:
        self.changes.append((self._numbers[line.name], int(line.level)))

    def transmitted(self, byte: int) -> None:
        """What a UART's transmitter is connected to."""
        self.sent.append(byte)

    def pin(self, gpio: str, number: int) -> Sink:
        """The input that the trace calls line ``number`` of ``gpio``; ValueError if none."""
        if gpio not in self.pins:
            raise ValueError(f"this device has no input {gpio!r}")
        device, kind, by_core = self.pins[gpio]
        return device.input(kind, cpu=number) if by_core else device.input(kind, number)

    def receive(self, data: bytes) -> None:
        """Bytes arrive on the serial line."""
        if self.receiver is None:
            raise ValueError("this device has no serial line")
        for byte in data:
            self.receiver(byte)

    def advance_to_tick(self, tick: int) -> None:
        """Let time pass to the first moment of a tick of the trace's clock."""
        self.clock.advance(ticks_to_ns(tick, self.tick_hz))

    # -- what only some rigs can do -------------------------------------------------------------

    def sysreg(self, name: str) -> int:
        """The address of a system register; ValueError when there is none of that name."""
        raise ValueError(f"this device has no system register {name!r}")

    def window(self, at: Instants) -> list[int]:
        """Let interrupts in for a moment: what the recording program's handler read."""
        raise ValueError(f"this device has no core that takes interrupts at {at}")

    def instants(self, op: dict[str, Any]) -> list[Instants]:
        """All moments within the operation's t0 to t1 that could lead to different states."""
        return [(op["t0"],)]

    def settles(self, op: dict[str, Any], later: dict[str, Any]) -> bool:
        """Whether after ``later`` nothing depends any more on the moment of ``op``."""
        return bool(op["t1"] <= later["t0"])
