"""The role of a clock device's driver: what it need not have."""

from __future__ import annotations


class ClockRest:
    """A device that is there, and whose interrupt is an edge."""

    def missing(self) -> str:
        """It is there."""
        return ""

    def conclude(self) -> None:
        """An edge has gone by itself."""
