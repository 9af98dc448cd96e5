"""The wall clock: what time of day it is.

The real-time clock is no source of time while the kernel runs: it is read at boot, and the time of
day is that base plus the uptime.  The RTC shows whole seconds only; its update-ended interrupt
tells when one begins, which first gives the base its fraction, and later how far uptime and RTC
have come apart.
"""

from __future__ import annotations

from kerneltui.kernel.console import Console, UptimeClock
from kerneltui.kernel.drivers.rtc import C_UF, Rtc
from kerneltui.kernel.irq import KernelError
from kerneltui.kernel.time.calendar import (
    UNIX_EPOCH_XT,
    XT_NS,
    DateTime,
    date_to_xt,
    xt_to_date,
)

NS_PER_S = 1_000_000_000


class WallClock:
    """System time in XT units: ``base_xt`` plus the uptime.

    It may be set back, unlike the uptime, but never in silence: the log and the fields say so.
    """

    def __init__(self, rtc: Rtc, clock: UptimeClock, console: Console) -> None:
        self.compatible = rtc.compatible
        self.base_xt = UNIX_EPOCH_XT
        """the time at uptime 0; from 1970 on where the RTC knows none"""
        self.aligned_at_ns: int | None = None
        """uptime at which time and RTC last agreed to better than a second; None: not yet"""
        self.drift_ns = 0
        """RTC minus system time at the last resync"""
        self.resyncs = 0
        self._rtc = rtc
        self._clock = clock
        self._console = console

    def init(self) -> None:
        """Read the RTC; up to a second late until aligned, at 1970 if it is not to be read."""
        self._rtc.init()
        try:
            date = self._rtc.read()
        except KernelError as error:
            self._console.warn(f"Time of day unknown: {error}")
            return
        self.base_xt = date_to_xt(date) - self._clock.uptime_ns() // XT_NS
        self._console.info(f"Time of day: {date} UTC")

    def resync(self) -> None:
        """Let the RTC's next whole second set the time: the first aligns, others find the drift.

        To be called with the interrupt's way to the core open: I/O APICs forget the edge of an
        interrupt that they mask.
        """
        self._rtc.enable_update_interrupt()

    def handle(self) -> None:
        """An update has ended: right now the RTC shows a whole second.

        By how much the interrupt is late, by so much is the time set back.  A second begins for us
        when the RTC shows it, 2 ms after its divider has come round (MC146818, table 6).
        """
        uptime_ns = self._clock.uptime_ns()
        if not self._rtc.acknowledge() & C_UF:
            return
        self._rtc.disable_update_interrupt()
        try:
            date = self._rtc.read()
        except KernelError as error:
            self._console.warn(f"Time of day not set: {error}")
            return
        step_ns = (date_to_xt(date) - self._xt_at(uptime_ns)) * XT_NS
        self.base_xt += step_ns // XT_NS
        self._note(step_ns, uptime_ns)

    def now_xt(self) -> int:
        """XT time: units of 100 ns since 1601."""
        return self._xt_at(self._clock.uptime_ns())

    def now_unix_ns(self) -> int:
        """Nanoseconds since 1970, in steps of 100."""
        return (self.now_xt() - UNIX_EPOCH_XT) * XT_NS

    def now(self) -> DateTime:
        """Date and time, UTC."""
        return xt_to_date(self.now_xt())

    def read_rtc(self) -> DateTime:
        """What the RTC shows.  Raises KernelError where that is no date."""
        return self._rtc.read()

    def _xt_at(self, uptime_ns: int) -> int:
        return self.base_xt + uptime_ns // XT_NS

    def _note(self, step_ns: int, uptime_ns: int) -> None:
        """The first step is the fraction of a second that the boot could not see, not drift."""
        first, self.aligned_at_ns = self.aligned_at_ns is None, uptime_ns
        if first:
            purpose = "aligned with"
        else:
            self.drift_ns = step_ns
            self.resyncs += 1
            purpose = "set by"
        seconds, rest = divmod(abs(step_ns), NS_PER_S)
        sign = "-" if step_ns < 0 else "+"
        text = f"Time of day {purpose} the RTC: {sign}{seconds}.{rest // 1000:06} s"
        self._console.info(text)
