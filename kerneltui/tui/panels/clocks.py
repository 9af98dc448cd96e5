"""Counters side by side, and the time of day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from kerneltui.debugger.platform_views import CounterView, RtcView, WallClockView
from kerneltui.debugger.rates import STANDS_STILL
from kerneltui.debugger.views import MachineView
from kerneltui.tui.panels.base import Panel, fit
from kerneltui.tui.widgets.line_view import Line, plain
from kerneltui.units import format_duration

NS_PER_S = 1_000_000_000


class ClocksPanel(Panel):
    """What every counter shows and how fast it really runs; wall clock and RTC."""

    KEY = "8"
    TITLE = "Clocks"
    SHORT = "Clocks"
    ABOUT = (
        "All counters: value, rate as measured over at least 100 ms of virtual time, its error in "
        "millionths (ppm), and the nominal rate. Below, the kernel's time of day as a date, in "
        "Unix time and in XT time (100 ns since 1601), and what the real-time clock shows."
    )

    def content(self, view: MachineView, width: int) -> list[Line]:
        """A line for each counter, then the clocks that know the date."""
        if view.counters:
            names = [_name(item) for item in view.counters]
            name_width = max(len(name) for name in names)
            value_width = max(len(str(item.value)) for item in view.counters)
            head = f" {'counter':<{name_width}} {'value':>{value_width}} {'measured MHz':>13}"
            head += f"  {'error':<10}"
            lines: list[Line] = [((head + whole(" nominal", width - len(head)), "dim"),)]
            for name, item in zip(names, view.counters, strict=True):
                lines.append(counter_line(f"{name:<{name_width}}", item, value_width, width))
        else:
            lines = [plain("This board has no counter.", "dim")]
        lines += _wall_clock(view.wall_clock)
        lines += _rtc(view.rtc, width)
        return lines

    def caption(self, view: MachineView) -> str:
        """How many go wrong."""
        wrong = sum(_stands_still(item) or bool(item.error_ppm) for item in view.counters)
        return f"{len(view.counters)} counters, {wrong} off their rate"


def counter_line(name: str, item: CounterView, value_width: int, width: int) -> Line:
    """One counter; a rate that is not the nominal one stands out."""
    stopped = _stands_still(item)
    if item.measured_hz is None:
        rate, error, look = f"{'-':>13}", item.note, "dim"
    else:
        rate = f"{item.measured_hz / 1_000_000:13.6f}"
        error = item.note if item.error_ppm is None else f"{item.error_ppm:+} ppm"
        error = "0 ppm" if item.error_ppm == 0 else error
        look = "alert" if item.error_ppm or stopped else "good"
    marker = "!" if look == "alert" else " "
    head = f"{marker}{name} {item.value:>{value_width}} "
    nominal = f" {item.hz / 1_000_000:.6f}".rstrip("0").rstrip(".")
    told = fit(rate + f"  {error:<10}", max(width - len(head), 0)).rstrip()
    room = width - len(head) - len(told)
    gap = " " * max(len(rate) + 12 - len(told), 0)
    return ((head, "text"), (told, look), (whole(gap + nominal, room), "dim"))


def _stands_still(item: CounterView) -> bool:
    return item.note.startswith(STANDS_STILL)


def whole(text: str, width: int) -> str:
    """All of it, or nothing: half a number is a wrong one."""
    return text if len(text) <= width else ""


def _name(item: CounterView) -> str:
    return f"{item.device} {item.name.removesuffix('_EL0')}"


def _wall_clock(clock: WallClockView | None) -> Iterator[Line]:
    yield plain("▪ Time of day, as the kernel keeps it", "head")
    if clock is None:
        yield plain(" It keeps none.", "dim")
        return
    seconds, rest = divmod(clock.unix_ns, NS_PER_S)
    yield _fact("date", f"{clock.text} UTC")
    yield _fact("Unix", f"{seconds}.{rest:09} s since 1970")
    yield _fact("XT", f"{clock.xt} x 100 ns since 1601")
    drift = "not compared with the RTC yet"
    if clock.drift_ns is not None:
        side = "ahead of" if clock.drift_ns >= 0 else "behind"
        drift = f"RTC was {format_duration(abs(clock.drift_ns))} {side} it"
    yield _fact("drift", drift)


def _rtc(clock: RtcView | None, width: int) -> Iterator[Line]:
    yield plain("▪ Real-time clock", "head")
    if clock is None:
        yield plain(" This board has none.", "dim")
        return
    yield (
        ("  date  ", "dim"), (f"{clock.date}  {_weekday(clock.date)}  ", "strong"),
        ("UIP: updating", "changed") if clock.updating else ("UIP 0: safe to read", "text"),
    )  # fmt: skip
    yield _fact("bytes", " ".join(f"{byte:02x}" for byte in clock.raw))
    yield plain(fit("        s  m  h  wd d  mo y  century", width), "dim")
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
