"""Pictures of what a PC has beside its cores: APICs, 8259s, clocks; counters are every board's.

A device is known here by the names of its register windows, and its registers are read by name with
``peek``: the picture shows what software would see.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from kerneltui.debugger.counters import raw_counter
from kerneltui.debugger.rates import CounterReading, RateMeter
from kerneltui.hw.device import InterruptState, TimerDevice
from kerneltui.hw.register import Register
from kerneltui.machine.core import CoreState

if TYPE_CHECKING:
    from kerneltui.hw.register_file import RegisterFile
    from kerneltui.kernel.kernel import Kernel
    from kerneltui.machine.machine import Machine

LVT = ("TIMER", "CMCI", "THERMAL", "PMI", "LINT0", "LINT1", "ERROR")
BITMAP_WORDS, WORD_BITS = 8, 32


class LvtView(msgspec.Struct, frozen=True):
    """One entry of a local vector table."""

    name: str
    vector: int
    mode: str
    masked: bool


class LocalApicView(msgspec.Struct, frozen=True):
    """The local APIC of one core."""

    core: int
    ident: int
    """its APIC ID"""
    is_on: bool
    """globally: without, there is as good as no APIC"""
    enabled: bool
    """by software, in the SVR"""
    tpr: int
    ppr: int
    irr: int
    """256 bits, one for each vector, as ISR and TMR"""
    isr: int
    tmr: int
    lvt: tuple[LvtView, ...]
    timer_mode: str
    timer_initial: int
    timer_current: int
    timer_divide: int
    timer_deadline: int
    """in ticks of the time-stamp counter; 0 when none is armed"""
    errors: tuple[str, ...]
    """the bits that are set in the ESR"""


class RedirectionView(msgspec.Struct, frozen=True):
    """One entry of a redirection table, and the pin that it is for."""

    gsi: int
    vector: int
    mode: str
    destination: int
    logical: bool
    active_low: bool
    level: bool
    masked: bool
    remote_irr: bool
    line: bool
    """the pin is active"""
    source: str
    """the wires that lead there"""
    at_reset: bool


class IoApicView(msgspec.Struct, frozen=True):
    """One I/O APIC."""

    name: str
    ident: int
    gsi_base: int
    entries: tuple[RedirectionView, ...]


class PicView(msgspec.Struct, frozen=True):
    """One of the pair of 8259s; bit 0 of all registers is its IR0."""

    name: str
    irr: int
    imr: int
    isr: int
    level: int
    """inputs that the ELCR makes level triggered"""
    base: int
    """vector of IR0"""


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


class RtcView(msgspec.Struct, frozen=True):
    """A real-time clock."""

    date: str
    """its bytes as ``2026-01-01 12:00:03``; no digit is checked"""
    raw: tuple[int, ...]
    """seconds, minutes, hours, day of the week, date, month, year, century"""
    is_bcd: bool
    is_24h: bool
    updating: bool
    """UIP: the bytes may change while they are read"""
    held: bool
    """SET: the bytes do not move"""


class WallClockView(msgspec.Struct, frozen=True):
    """The kernel's time of day."""

    xt: int
    """in units of 100 ns since 1601"""
    unix_ns: int
    text: str
    drift_ns: int | None
    """by how much the RTC was ahead when it was last asked; None: not yet"""


# -- registers by name -----------------------------------------------------------------------------


def _peek(file: RegisterFile, stem: str, cpu: int = 0, index: int = 0) -> int:
    register = file.table[stem]
    offset = register.offset + index * register.stride
    key = (offset, register.overlay) if register.overlay else offset
    return file.peek(key, register.width // 8, cpu)


def _fields(register: Register, value: int) -> dict[str, int]:
    return {item.name: item.extract(value) for item in register.fields}


def _meaning(register: Register, name: str, value: int) -> str:
    item = next(item for item in register.fields if item.name == name)
    return dict(item.values).get(value, f"reserved {value}")


# -- interrupt controllers ------------------------------------------------------------------------


def local_apics(machine: Machine) -> Iterator[LocalApicView]:
    """That of every core, started or not."""
    for device in machine.devices.values():
        if "LOCAL_APIC" in device.files:
            for cpu in range(len(machine.cores)):
                yield _local_apic(device.files["LOCAL_APIC"], device.files["LOCAL_APIC_MSR"], cpu)


def _local_apic(file: RegisterFile, msrs: RegisterFile, cpu: int) -> LocalApicView:
    from kerneltui.devices.x86.local_apic_timer import divisor

    def bitmap(stem: str) -> int:
        words = (_peek(file, stem, cpu, word) << WORD_BITS * word for word in range(BITMAP_WORDS))
        return sum(words)

    lvt_timer, esr = file.table["LVT_TIMER"], file.table["ESR"]
    mode = _fields(lvt_timer, _peek(file, "LVT_TIMER", cpu))["MODE"]
    errors = _fields(esr, _peek(file, "ESR", cpu))
    return LocalApicView(
        core=cpu,
        ident=_peek(file, "APIC_ID", cpu) >> 24,
        is_on=_fields(msrs.table["IA32_APIC_BASE"], _peek(msrs, "IA32_APIC_BASE", cpu))["EN"] != 0,
        enabled=_fields(file.table["SVR"], _peek(file, "SVR", cpu))["ENABLE"] != 0,
        tpr=_peek(file, "TPR", cpu),
        ppr=_peek(file, "PPR", cpu),
        irr=bitmap("IRR"),
        isr=bitmap("ISR"),
        tmr=bitmap("TMR"),
        lvt=tuple(_lvt(file, name, cpu) for name in LVT),
        timer_mode=_meaning(lvt_timer, "MODE", mode),
        timer_initial=_peek(file, "INIT_COUNT", cpu),
        timer_current=_peek(file, "CUR_COUNT", cpu),
        timer_divide=divisor(_peek(file, "DIV_CONF", cpu)),
        timer_deadline=_peek(msrs, "IA32_TSC_DEADLINE", cpu),
        errors=tuple(name for name, value in errors.items() if value),
    )


def _lvt(file: RegisterFile, name: str, cpu: int) -> LvtView:
    """Those of timer and errors have no delivery mode: they are fixed (SDM 3A, 10.5.1)."""
    register = file.table[f"LVT_{name}"]
    fields = _fields(register, _peek(file, register.stem, cpu))
    mode = fields.get("DELIVERY_MODE", 0)
    told = _meaning(register, "DELIVERY_MODE", mode) if "DELIVERY_MODE" in fields else "fixed"
    return LvtView(name, fields["VECTOR"], told, fields["MASK"] != 0)


def io_apics(machine: Machine) -> Iterator[IoApicView]:
    """Every chip with all of its entries."""
    wires: dict[str, list[str]] = {}
    for line, targets in machine.wiring.items():
        for target in targets:
            wires.setdefault(target, []).append(line)
    for name, device in machine.controllers.items():
        file = device.files.get("IO_APIC_INDIRECT")
        if file is not None:
            states = device.interrupts(0)
            entries = tuple(
                _redirection(file, pin, state, ", ".join(wires.get(f"{name} {state.pin}", [])))
                for pin, state in enumerate(states)
            )
            yield IoApicView(name, _peek(file, "IOAPICID") >> 24, states[0].number, entries)


def _redirection(
    file: RegisterFile, pin: int, state: InterruptState, source: str
) -> RedirectionView:
    register = file.table["IOREDTBL_LOW"]
    low = _peek(file, "IOREDTBL_LOW", index=pin)
    destination = _peek(file, "IOREDTBL_HIGH", index=pin) >> 24
    fields = _fields(register, low)
    return RedirectionView(
        gsi=state.number,
        vector=fields["INTVEC"],
        mode=_meaning(register, "DELMOD", fields["DELMOD"]),
        destination=destination,
        logical=fields["DESTMOD"] != 0,
        active_low=fields["INTPOL"] != 0,
        level=fields["TRIGGER"] != 0,
        masked=fields["MASK"] != 0,
        remote_irr=fields["REMOTE_IRR"] != 0,
        line=bool(state.line),
        source=source,
        at_reset=low == register.reset and not destination,
    )


def pics(machine: Machine) -> Iterator[PicView]:
    """Master, then slave."""
    for device in machine.devices.values():
        if "I8259_MASTER" in device.files:
            for number, name in enumerate(("master", "slave"), 1):
                file = device.files[f"I8259_{name.upper()}"]
                irr, imr, isr = (_peek(file, stem) for stem in ("IRR", "IMR", "ISR"))
                level = _peek(device.files["ELCR"], f"ELCR{number}")
                yield PicView(name, irr, imr, isr, level, _peek(file, "ICW2") & 0xF8)


# -- clocks ----------------------------------------------------------------------------------------


def counter_views(machine: Machine, meter: RateMeter, cpu: int) -> Iterator[CounterView]:
    """Those that run freely, then what counts down; ``meter`` remembers how they stood before."""
    counters = sorted(_counters(machine, cpu), key=lambda counter: counter.bits is None)
    rates = meter.measure(machine.now, counters)
    for counter, rate in zip(counters, rates, strict=True):
        yield CounterView(
            counter.device, counter.name, counter.value, counter.hz, rate.hz, rate.error_ppm,
            rate.note,
        )  # fmt: skip


def _counters(machine: Machine, cpu: int) -> Iterator[CounterReading]:
    """Those of the cores that were started, then those of timer devices."""
    for core in machine.cores:
        if core.state is not CoreState.OFF:
            for state in core.counters():
                yield CounterReading(f"core {core.index}", *state)
    for device in machine.devices.values():
        if isinstance(device, TimerDevice):
            for number in range(device.cpus) if device.COUNTERS_BY_CORE else (cpu,):
                owner = device.name
                if device.COUNTERS_BY_CORE and device.cpus > 1:
                    owner += str(number)
                for state in device.counters(number):
                    yield CounterReading(owner, *state)


def rtc_view(machine: Machine) -> RtcView | None:
    """The board's real-time clock, or None."""
    for device in machine.devices.values():
        if "CMOS" in device.files:
            return _rtc(device.files["CMOS"])
    return None


def _rtc(file: RegisterFile) -> RtcView:
    from kerneltui.devices.x86.mc146818_calendar import hour_of, to_number

    stems = ("SECONDS", "MINUTES", "HOURS", "DAY_OF_WEEK", "DATE_OF_MONTH", "MONTH", "YEAR",
             "CENTURY")  # fmt: skip
    raw = tuple(_peek(file, stem) for stem in stems)
    mode = _peek(file, "REGISTER_B")
    fields = _fields(file.table["REGISTER_B"], mode)
    second, minute, _, _, day, month, year, century = (to_number(byte, mode) for byte in raw)
    date = f"{century:02}{year:02}-{month:02}-{day:02}"
    return RtcView(
        date=f"{date} {hour_of(raw[2], mode):02}:{minute:02}:{second:02}",
        raw=raw,
        is_bcd=not fields["DM"],
        is_24h=fields["H24"] != 0,
        updating=_fields(file.table["REGISTER_A"], _peek(file, "REGISTER_A"))["UIP"] != 0,
        held=fields["SET"] != 0,
    )


def wall_clock_view(machine: Machine, kernel: Kernel) -> WallClockView | None:
    """What the kernel takes the time of day to be; None where it keeps none."""
    found = kernel.time_of_day(partial(raw_counter, machine))
    return None if found is None else WallClockView(*found)
