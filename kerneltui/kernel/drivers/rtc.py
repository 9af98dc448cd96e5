"""Driver of the PC's real-time clock: the date in CMOS, and the update-ended interrupt.

Locations and bits from Motorola MC146818A, "Time, calendar, and alarm locations" and "Registers A
to D"; the ports from the Intel ICH9 datasheet, 13.6; the century byte lies where the ACPI FADT says
(ACPI 6.0, 5.2.9, CENTURY).  The clock is taken to show UTC.
"""

from __future__ import annotations

import msgspec

from kerneltui.kernel.arch.cpu import X86Cpu
from kerneltui.kernel.arch.x86_64 import irq_lock
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.time.calendar import DateTime, normalise, weekday

RTC_INDEX = 0x70
RTC_DATA = 0x71
NMI_MASK = 1 << 7
"""In the index port; no part of the clock."""

SECONDS = 0x00
MINUTES = 0x02
HOURS = 0x04
DAY_OF_WEEK = 0x06
DATE_OF_MONTH = 0x07
MONTH = 0x08
YEAR = 0x09
REGISTER_A = 0x0A
REGISTER_B = 0x0B
REGISTER_C = 0x0C
REGISTER_D = 0x0D

A_UIP = 1 << 7
B_24_HOURS = 1 << 1
B_DM_BINARY = 1 << 2
B_UIE = 1 << 4
B_AIE = 1 << 5
B_PIE = 1 << 6
B_SET = 1 << 7
C_UF = 1 << 4
"""Update ended."""
D_VRT = 1 << 7
HOURS_PM = 1 << 7

POLL_NS = 100_000
"""Pause between two looks at UIP, which is up for 2.2 ms."""
POLLS = 100
READINGS = 4
"""Two agree unless an update comes between; then the next two do."""
FIRST_YEAR_OF_WINDOW = 1970
"""Without a century byte the clock knows the hundred years from here on."""


class RtcField(msgspec.Struct, frozen=True):
    """A byte of time.  ``highest`` is one too many where the byte may carry over."""

    name: str
    location: int
    lowest: int
    highest: int


FIELDS = (
    RtcField("seconds", SECONDS, 0, 60),
    RtcField("minutes", MINUTES, 0, 60),
    RtcField("hours", HOURS, 0, 24),
    RtcField("date of month", DATE_OF_MONTH, 1, 31),
    RtcField("month", MONTH, 1, 13),
    RtcField("year", YEAR, 0, 99),
)
FIRST_CENTURY = 17
"""The first that the kernel's calendar knows in full."""


class Rtc:
    """The clock.  ``century`` is the CMOS index of the century byte, 0 where there is none.

    ``nmi_masked`` is what every access repeats in bit 7 of the index port, which cannot be read
    back: who masks NMIs says so here.
    """

    compatible = "MC146818 RTC"

    def __init__(self, cpu: X86Cpu, century: int = 0) -> None:
        self.nmi_masked = False
        self.has_lost_time = False
        self._cpu = cpu
        self._fields: tuple[RtcField, ...] = FIELDS
        if century:
            self._fields += (RtcField("century", century, FIRST_CENTURY, 99),)
        self._lock = irq_lock(cpu)

    def init(self) -> None:
        """No interrupts but those asked for here; firmware may have left some on.

        VRT is asked for once: on the original chip the read itself sets it (Register D).
        """
        with self._lock:
            enables = B_PIE | B_AIE | B_UIE
            self._put(REGISTER_B, self._get(REGISTER_B) & ~enables)
            self.has_lost_time = not self._get(REGISTER_D) & D_VRT

    def read(self) -> DateTime:
        """The date.  Raises KernelError when the clock shows none, or has lost it.

        While UIP is 0 the bytes hold for at least 244 us (Register A); who is kept from them longer
        sees two readings disagree.  A byte that counts one too far, as a leap second does, carries
        over, and so does a day that its month does not have.
        """
        if self.has_lost_time:
            raise KernelError("the RTC has lost its time: its battery is flat")
        before: list[int] = []
        for _ in range(READINGS):
            reading = self._reading()
            if reading == before:
                return self._date(reading)
            before = reading
        raise KernelError(f"the RTC shows another time at each of {READINGS} readings")

    def set(self, date: DateTime) -> None:
        """Set the clock; the fraction of its second stays as it is.

        SET holds updates off meanwhile and clears UIE, which the old value brings back (Register
        B).  Raises KernelError for a year that the clock cannot hold.
        """
        years = self._years()
        if date.year not in years:
            text = f"the RTC holds the years {years[0]} to {years[-1]}, not {date.year}"
            raise KernelError(text)
        with self._lock:
            mode = self._get(REGISTER_B)
            self._put(REGISTER_B, mode | B_SET)
            for index, byte in self._bytes(date, mode):
                self._put(index, byte)
            self._put(REGISTER_B, mode)
        self.has_lost_time = False

    def enable_update_interrupt(self) -> None:
        """Interrupt at the end of the next update.

        UF rises with every update, enabled or not: without the read that clears it first, the
        interrupt would come at once (Register C).
        """
        with self._lock:
            self._get(REGISTER_C)
            self._put(REGISTER_B, self._get(REGISTER_B) | B_UIE)

    def disable_update_interrupt(self) -> None:
        """No more of them."""
        with self._lock:
            self._put(REGISTER_B, self._get(REGISTER_B) & ~B_UIE)

    def acknowledge(self) -> int:
        """Which flags are up; reading register C clears them all, and the line falls."""
        with self._lock:
            return self._get(REGISTER_C)

    def _get(self, index: int) -> int:
        self._cpu.write_port(RTC_INDEX, self._selector(index))
        return self._cpu.read_port(RTC_DATA)

    def _put(self, index: int, value: int) -> None:
        self._cpu.write_port(RTC_INDEX, self._selector(index))
        self._cpu.write_port(RTC_DATA, value)

    def _selector(self, index: int) -> int:
        return index | NMI_MASK if self.nmi_masked else index

    def _reading(self) -> list[int]:
        """Register B, which says how to read the others, and the bytes of all fields."""
        for _ in range(POLLS):
            with self._lock:
                updating = self._get(REGISTER_A) & A_UIP
                if not updating:
                    indexes = (REGISTER_B, *(field.location for field in self._fields))
                    reading = [self._get(index) for index in indexes]
            if not updating:
                return reading
            self._cpu.compute(POLL_NS)
        raise KernelError("the RTC never ends its update: there may be none")

    def _date(self, reading: list[int]) -> DateTime:
        mode, *data = reading
        values = [
            self._value(field, byte, mode) for field, byte in zip(self._fields, data, strict=True)
        ]
        second, minute, hour, day, month, year, *century = values
        if century:
            year += 100 * century[0]
        else:
            year = FIRST_YEAR_OF_WINDOW + (year - FIRST_YEAR_OF_WINDOW) % 100
        return normalise(year, month, day, hour, minute, second)

    def _value(self, field: RtcField, byte: int, mode: int) -> int:
        """What a byte stands for.  Raises KernelError when that is nothing."""
        twelve = field.location == HOURS and not mode & B_24_HOURS
        digits = byte & ~HOURS_PM if twelve else byte
        value = digits if mode & B_DM_BINARY else (digits >> 4) * 10 + (digits & 0x0F)
        lowest, highest = (1, 12) if twelve else (field.lowest, field.highest)
        is_number = mode & B_DM_BINARY or digits & 0x0F <= 9
        if not (is_number and lowest <= value <= highest):
            raise KernelError(f"the RTC shows no date: its {field.name} byte is {byte:#04x}")
        if twelve:
            return value % 12 + (12 if byte & HOURS_PM else 0)
        return value

    def _years(self) -> range:
        if len(self._fields) > len(FIELDS):
            return range(FIRST_CENTURY * 100, 10_000)
        return range(FIRST_YEAR_OF_WINDOW, FIRST_YEAR_OF_WINDOW + 100)

    def _bytes(self, date: DateTime, mode: int) -> list[tuple[int, int]]:
        """Indexes and bytes of a date in the clock's notation; its week begins with Sunday, 1."""
        century, year = divmod(date.year, 100)
        values = (date.second, date.minute, date.hour, date.day, date.month, year, century)
        located = [
            (field.location, value) for field, value in zip(self._fields, values, strict=False)
        ]
        located.append((DAY_OF_WEEK, weekday(date) + 1))
        return [(index, _byte(index, value, mode)) for index, value in located]


def _byte(index: int, value: int, mode: int) -> int:
    """The inverse of :meth:`Rtc._value`."""
    half = 0
    if index == HOURS and not mode & B_24_HOURS:
        half = HOURS_PM if value >= 12 else 0
        value = value % 12 or 12
    return half | (value if mode & B_DM_BINARY else value // 10 << 4 | value % 10)
