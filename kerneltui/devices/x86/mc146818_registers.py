"""The registers of the PC's real-time clock: two index/data pairs and what stands behind them."""

from __future__ import annotations

from kerneltui.hw.register import (
    BEHIND_WINDOW,
    PORTS,
    RO,
    WO,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)

_DIVIDERS = (
    (0, "4.194304 MHz"), (1, "1.048576 MHz"), (2, "32.768 kHz"), (6, "reset"), (7, "reset"),
)  # fmt: skip
_RATES = (
    (0, "none"), (1, "256 Hz"), (2, "128 Hz"),
    *((rate, f"{65536 >> rate} Hz") for rate in range(3, 16)),
)  # fmt: skip
_ANY = "0xC0 and above: any"


def _byte(
    name: str, offset: int, doc: str, *, ref: str = "Time, calendar, and alarm locations",
    width: int = 8, volatile: bool = True,
) -> Register:  # fmt: skip
    field = Field("VALUE", 0, width, doc="BCD or binary, as DM says")
    return Register(name, offset, (field,), doc, ref, width=8, volatile=volatile)


RTC = RegisterTable(
    __name__,
    "RTC",
    "MC146818 real-time clock",
    size=4,
    space=PORTS,
    ref="Motorola MC146818A; ports as in Intel ICH9, 13.6",
    registers=(
        Register(
            "RTC_INDEX", 0,
            (Field("INDEX", 0, 7, doc="The location that RTC_DATA reaches"),
             Field("NMI_MASK", 7, 1, WO, "Non-maskable interrupts are off")),
            "Index; cannot be read back, the bus gives 0xFF", "Intel ICH9, 13.6.1", width=8,
        ),
        Register("RTC_DATA", 1, (Field("DATA", 0, 8, doc="Its byte"),),
                 "The selected location of the first bank",
                 "Intel ICH9, 13.6.1", width=8, window=("CMOS", "RTC_INDEX")),
        Register("RTC_EXT_INDEX", 2, (Field("INDEX", 0, 7, doc="The location of the second bank"),),
                 "Index of the second bank", "Intel ICH9, 13.6.1", width=8),
        Register("RTC_EXT_DATA", 3, (Field("DATA", 0, 8, doc="Its byte"),),
                 "The selected location of the second bank", "Intel ICH9, 13.6.1", width=8,
                 window=("CMOS_EXT", "RTC_EXT_INDEX")),
    ),
)  # fmt: skip

CMOS = RegisterTable(
    __name__,
    "CMOS",
    "MC146818 clock and RAM",
    size=0x80,
    space=BEHIND_WINDOW,
    ref="Motorola MC146818A",
    byte_addressed=False,
    registers=(
        _byte("SECONDS", 0x00, "Seconds; bit 7 is read-only", width=7),
        _byte("SECONDS_ALARM", 0x01, f"Seconds of the alarm; {_ANY}", volatile=False),
        _byte("MINUTES", 0x02, "Minutes"),
        _byte("MINUTES_ALARM", 0x03, f"Minutes of the alarm; {_ANY}", volatile=False),
        _byte("HOURS", 0x04, "Hours; with twelve, bit 7 is p.m."),
        _byte("HOURS_ALARM", 0x05, f"Hours of the alarm; {_ANY}", volatile=False),
        _byte("DAY_OF_WEEK", 0x06, "Day of the week, 1 is Sunday"),
        _byte("DATE_OF_MONTH", 0x07, "Day of the month"),
        _byte("MONTH", 0x08, "Month"),
        _byte("YEAR", 0x09, "Year of the century"),
        Register(
            "REGISTER_A", 0x0A,
            (Field("RS", 0, 4, doc="Rate of the periodic interrupt", values=_RATES),
             Field("DV", 4, 3, doc="Time base, or divider reset", values=_DIVIDERS),
             Field("UIP", 7, 1, RO, "An update is in progress or 244 us away")),
            "Register A: divider chain", "Register A", width=8, reset=0x26, volatile=True,
        ),
        Register(
            "REGISTER_B", 0x0B,
            (Field("DSE", 0, 1, doc="Daylight savings; kept, without effect, as in Intel's ICH"),
             Field("H24", 1, 1, doc="Hours count to 24, not to 12"),
             Field("DM", 2, 1, doc="Data mode", values=((0, "BCD"), (1, "binary"))),
             Field("SQWE", 3, 1, doc="Square wave; its pin is not connected on a PC"),
             Field("UIE", 4, 1, doc="Update-ended interrupt enabled; SET clears it"),
             Field("AIE", 5, 1, doc="Alarm interrupt enabled"),
             Field("PIE", 6, 1, doc="Periodic interrupt enabled"),
             Field("SET", 7, 1, doc="Updates are held off")),
            "Register B: modes and interrupt enables", "Register B", width=8, reset=0x02,
            roles_of_write=tuple(WriteRole(Role.ARM, name, 1) for name in ("UIE", "AIE", "PIE")),
        ),
        Register(
            "REGISTER_C", 0x0C,
            (Field("UF", 4, 1, RO, "An update has ended"),
             Field("AF", 5, 1, RO, "Time and alarm have met"),
             Field("PF", 6, 1, RO, "A period has passed"),
             Field("IRQF", 7, 1, RO, "The interrupt is asserted")),
            "Register C: flags; a read clears them all", "Register C", width=8, volatile=True,
            role_of_read=Role.QUIET,
        ),
        Register("REGISTER_D", 0x0D, (Field("VRT", 7, 1, RO, "Valid RAM and time"),),
                 "Register D: the battery is good", "Register D", width=8, reset=0x80),
        Register("RAM{n}", 0x0E, (Field("DATA", 0, 8, doc="A byte of RAM"),), "Battery-backed RAM",
                 "General purpose RAM", width=8, count=0x24, first=0x0E, part="_LOW"),
        _byte("CENTURY", 0x32, "Century, where IBM's PC keeps it; it counts with the year",
              ref="Intel ICH9, 13.6.2"),
        Register("RAM{n}", 0x33, (Field("DATA", 0, 8, doc="A byte of RAM"),), "Battery-backed RAM",
                 "General purpose RAM", width=8, count=0x4D, first=0x33, part="_HIGH"),
    ),
)  # fmt: skip

CMOS_EXT = RegisterTable(
    __name__,
    "CMOS_EXT",
    "MC146818 second bank of RAM",
    size=0x80,
    space=BEHIND_WINDOW,
    ref="Intel ICH9, 13.6.1",
    byte_addressed=False,
    registers=(
        Register("EXT{n}", 0x00, (Field("DATA", 0, 8, doc="A byte of RAM"),), "Battery-backed RAM",
                 "Intel ICH9, 13.6.1", width=8, count=0x80),
    ),
)  # fmt: skip
