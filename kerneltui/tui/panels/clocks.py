"""Counters side by side, and the time of day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from kerneltui.debugger.rates import STANDS_STILL
from kerneltui.debugger.references import CounterReference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.clocks import CounterView, WallClockView
from kerneltui.devices.x86.mc146818_view import RtcView
from kerneltui.tui import signs
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.fitting import fitted, flow, table
from kerneltui.tui.panels.kinds import CLOCKS
from kerneltui.tui.widgets.lines import Line, plain
from kerneltui.units import format_duration, format_time

HEADS = ("counter", ">value", ">measured MHz", "error     ", "nominal")


class ClocksPanel(Panel):
    """What every counter shows and how fast it really runs; wall clock and RTC."""

    KIND = CLOCKS
    PARTS = frozenset({"counters", "wall_clock", "rtc"})

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each counter, then the clocks that know the date."""
        lines = counter_lines(view.counters, width)
        lines += _wall_clock(view.wall_clock)
        lines += _rtc(view.rtc, width)
        return lines

    def caption(self, view: MachineView) -> str:
        """How many go wrong."""
        wrong = sum(_stands_still(item) or bool(item.error_ppm) for item in view.counters)
        return f"{len(view.counters)} counters, {wrong} off their rate"


def counter_lines(counters: Sequence[CounterView], width: int) -> list[Line]:
    """A line for each; a rate that is not the nominal one stands out.

    Where there is no room, the nominal rate is what can be missed.
    """
    if not counters:
        return [plain("This board has no counter.", "dim")]
    head, *rows = table(HEADS, map(_cells, counters), gap=" ")
    if max(map(len, (head, *rows))) >= width:
        head, *rows = table(HEADS[:-1], (_cells(item)[:-1] for item in counters), gap=" ")
    lines = [plain(f" {head}", "dim")]
    for item, row in zip(counters, rows, strict=True):
        wrong = item.error_ppm or _stands_still(item)
        look = "alert" if wrong else "dim" if item.measured_hz is None else "good"
        thing = CounterReference(item.device, item.name)
        lines.append(plain(f"{signs.WRONG_RATE if wrong else ' '}{row}", look, thing))
    return lines


def _cells(item: CounterView) -> tuple[str, ...]:
    measured = "-" if item.measured_hz is None else f"{item.measured_hz / 1_000_000:.6f}"
    error = item.note
    if item.error_ppm is not None:
        error = f"{item.error_ppm:+} ppm" if item.error_ppm else "0 ppm"
    nominal = f"{item.hz / 1_000_000:.6f}".rstrip("0").rstrip(".")
    return (
        f"{item.device} {item.name.removesuffix('_EL0')}",
        str(item.value),
        measured,
        error,
        nominal,
    )


def _stands_still(item: CounterView) -> bool:
    return item.note.startswith(STANDS_STILL)


def _wall_clock(clock: WallClockView | None) -> Iterator[Line]:
    yield plain(f"{signs.HEADING} Time of day, as the kernel keeps it", "head")
    if clock is None:
        yield plain(" It keeps none.", "dim")
        return
    yield _fact("date", f"{clock.text} UTC")
    yield _fact("Unix", f"{format_time(clock.unix_ns)} s since 1970")
    yield _fact("XT", f"{clock.xt} x 100 ns since 1601")
    drift = "not compared with the RTC yet"
    if clock.drift_ns is not None:
        side = "ahead of" if clock.drift_ns >= 0 else "behind"
        drift = f"RTC was {format_duration(abs(clock.drift_ns))} {side} it"
    yield _fact("drift", drift)


def _rtc(clock: RtcView | None, width: int) -> Iterator[Line]:
    yield plain(f"{signs.HEADING} Real-time clock", "head")
    if clock is None:
        yield plain(" This board has none.", "dim")
        return
    yield from flow([
        ("  date  ", "dim"), (f"{clock.date}  {_weekday(clock.date)}  ", "strong"),
        ("UIP: updating", "strong") if clock.updating else ("UIP 0: safe to read", "text"),
    ], width, 8)  # fmt: skip
    yield _fact("bytes", " ".join(f"{byte:02x}" for byte in clock.raw))
    yield plain("        s  m  h  wd d  mo y  century", "dim")
    notation = "BCD" if clock.is_bcd else "binary"
    hours = "24 hours" if clock.is_24h else "12 hours"
    yield _fact("kind", f"{notation}, {hours}{', held by SET' if clock.held else ''}")


def _fact(name: str, text: str) -> Line:
    return ((f"  {name:<6}", "dim"), (text, "text"))


def _weekday(text: str) -> str:
    """Of the date, whatever the clock's own counter of days says; nothing for what is no date."""
    try:
        return f"{date.fromisoformat(text.partition(' ')[0]):%a}"
    except ValueError:
        return "(no date)"
