"""Wall clock: once a second the time of day in every notation, and what the RTC says.

After five seconds the clock is compared with the RTC anew.
"""

from __future__ import annotations

from kerneltui.kernel.bsp.pc import Pc
from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks
from kerneltui.kernel.time.calendar import xt_to_date, xt_to_unix

INTERVAL_NS = 1_000_000_000
RESYNC_NS = 5_500_000_000


class WallClockProgram(TimerCallbacks):
    """Prints date, Unix time and XT time."""

    def boot(self) -> None:
        """As ever, and then a line each second."""
        super().boot()
        self.time_manager.set_timeout_periodic(INTERVAL_NS, self._print_time, "print time")
        self.time_manager.set_timeout_once(RESYNC_NS, self._resync, "resync")

    def _print_time(self) -> None:
        clock = self.platform.wall_clock if isinstance(self.platform, Pc) else None
        if clock is None:
            return
        xt = clock.now_xt()
        date, unix_s = xt_to_date(xt), xt_to_unix(xt)
        self.console.info(f"{date} UTC, Unix {unix_s}, XT {xt}; RTC {clock.read_rtc()}")

    def _resync(self) -> None:
        if isinstance(self.platform, Pc) and self.platform.wall_clock is not None:
            self.platform.wall_clock.resync()
