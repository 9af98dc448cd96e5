"""Timer devices: counters that measure time."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol


class ClockSource(Protocol):
    """A counter of constant rate, which wraps."""

    name: str
    """what the boot parameter ``timer=`` calls it"""
    compatible: str
    hz: Fraction
    """its exact rate; valid once ``init`` has been called and, for the TSC, it was calibrated"""
    mask: int
    """the highest value that it shows before it wraps; valid once ``init`` has been called"""

    def missing(self) -> str:
        """Why the kernel refuses the device, in words; empty when it does not."""

    def init(self) -> None:
        """Let it count.  Call it once, and only when nothing is missing."""

    def read(self) -> int:
        """The counter, from 0 to ``mask``, counting up."""
