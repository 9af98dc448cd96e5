"""Clock devices: what interrupts at a rate, or once after a delay.

The kernel keeps the clock device, which interrupts, apart from the timer device, which measures
(:mod:`kerneltui.kernel.time.clocksource`): on a PC any of one may work with any of the other.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from kerneltui.kernel.irq import Irq


class ClockEvent(Protocol):
    """A device that interrupts, periodically or once."""

    name: str
    """what the boot parameter ``clock=`` calls it"""
    compatible: str
    irq: Irq
    """valid once ``init`` has been called"""

    @property
    def max_oneshot_ns(self) -> int:
        """The longest delay that the device can be set to."""

    def missing(self) -> str:
        """Why the kernel refuses the device, in words; empty when it does not."""

    def init(self) -> None:
        """Bring the device up, silent.  Call it once, and only when nothing is missing."""

    def start_periodic(self, hz: int) -> Fraction:
        """Interrupt ``hz`` times a second, as nearly as the device can.

        Returns the exact length of a tick in ns.  Raises KernelError for a rate out of its range.
        """

    def set_oneshot(self, delay_ns: int) -> None:
        """Interrupt once, not before ``delay_ns`` (0 or more) by the device's own clock.

        A delay beyond ``max_oneshot_ns`` is cut to it, one that is too short for the device made
        longer; setting it anew replaces a delay that still runs, and ends periodic interrupts.
        """

    def stop(self) -> None:
        """Interrupt no more."""

    def conclude(self) -> None:
        """Make the device take its interrupt back; an edge has gone by itself."""
