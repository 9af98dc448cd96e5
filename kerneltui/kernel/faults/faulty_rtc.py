"""Faults of the RTC's driver."""

from __future__ import annotations

from kerneltui.kernel.drivers.rtc import B_UIE, C_UF, REGISTER_B, Rtc


class RegisterCUnread(Rtc):
    """Update interrupts are left on, and the handler, which knows why it runs, reads no flags.

    The line stays high until register C is read, and its pin takes edges: the first interrupt is
    the last.
    """

    def enable_update_interrupt(self) -> None:
        """Without the read that clears old flags."""
        with self._lock:
            self._put(REGISTER_B, self._get(REGISTER_B) | B_UIE)

    def disable_update_interrupt(self) -> None:
        """Left on."""

    def acknowledge(self) -> int:
        """Not read."""
        return C_UF
