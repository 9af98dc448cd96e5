"""What comes of a case."""

from __future__ import annotations

import msgspec


class Outcome(msgspec.Struct, frozen=True):
    """Neither failed nor left out: the driver does what it has to do."""

    failed: str = ""
    """what it does instead, in a sentence"""
    left_out: str = ""
    """why it was not looked at"""
