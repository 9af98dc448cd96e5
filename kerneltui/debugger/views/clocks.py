"""Pictures of what counts and of what keeps the time of day."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from kerneltui.debugger.counters import raw_counter
from kerneltui.debugger.rates import CounterReading, RateMeter
from kerneltui.hw.device import CounterState, TimerDevice
from kerneltui.machine.core import CoreState

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Makers, Sight
    from kerneltui.devices.x86.mc146818_view import RtcView
    from kerneltui.kernel.inspector import Inspector
    from kerneltui.machine.machine import Machine


class CounterView(msgspec.Struct, frozen=True):
    """A counter, its nominal rate, and the one that was measured against virtual time."""

    device: str
    name: str
    value: int
    hz: int
    measured_hz: int | None
    error_ppm: int | None
    note: str
    """why nothing was measured, or that it stands still"""


class WallClockView(msgspec.Struct, frozen=True):
    """The kernel's time of day."""

    xt: int
    """in units of 100 ns since 1601"""
    unix_ns: int
    text: str
    drift_ns: int | None
    """by how much the RTC was ahead when it was last asked; None: not yet"""


def counter_views(machine: Machine, meter: RateMeter, cpu: int) -> Iterator[CounterView]:
    """Those that run freely, then what counts down; ``meter`` remembers how they stood before."""
    counters = sorted(read_counters(machine, cpu), key=lambda counter: counter.bits is None)
    rates = meter.measure(machine.now, counters)
    for counter, rate in zip(counters, rates, strict=True):
        yield CounterView(
            counter.device, counter.name, counter.value, counter.hz, rate.hz, rate.error_ppm,
            rate.note,
        )  # fmt: skip


def read_counters(machine: Machine, cpu: int) -> Iterator[CounterReading]:
    """What counts: of the cores that were started, then of timer devices."""
    for core in machine.cores:
        if core.state is not CoreState.OFF:
            for state in core.counters():
                yield _reading(f"core {core.index}", state)
    for device in machine.devices.values():
        if isinstance(device, TimerDevice):
            for number in range(device.cpus) if device.COUNTERS_BY_CORE else (cpu,):
                owner = device.name
                if device.COUNTERS_BY_CORE and device.cpus > 1:
                    owner += str(number)
                for state in device.counters(number):
                    yield _reading(owner, state)


def _reading(owner: str, state: CounterState) -> CounterReading:
    return CounterReading(owner, state.name, state.value, state.hz, state.bits, state.held)


def wall_clock_view(machine: Machine, inspector: Inspector) -> WallClockView | None:
    """What the kernel takes the time of day to be; None where it keeps none."""
    found = inspector.time_of_day(partial(raw_counter, machine))
    return None if found is None else WallClockView(*found)


def _rtc(of: Sight) -> RtcView | None:
    """The first one of the board."""
    from kerneltui.debugger.views.apics import pictures  # the board may have none
    from kerneltui.devices.x86.mc146818_view import RtcView

    return next(iter(pictures(of.machine, RtcView)), None)


MAKERS: Makers = {
    "counters": lambda of: tuple(counter_views(of.machine, of.rates, of.focus)),
    "rtc": _rtc,
    "wall_clock": lambda of: wall_clock_view(of.machine, of.inspector),
}
