"""Gates of the interrupt descriptor table: where each vector leads, and how it is entered.

Document: Intel SDM, volume 3A, 6.14.1 (64-bit gates) and 6.12.1.2 (what they do to IF).
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

GATE_SIZE = 16
PRESENT = 1 << 47
TRAP_GATE = 1 << 40
"""The lowest bit of the gate's type: 0xE is an interrupt gate, 0xF a trap gate."""


class InterruptGate(msgspec.Struct, frozen=True):
    """A gate of a table in memory."""

    address: int
    """of the entry code"""
    is_present: bool
    clears_if: bool
    """an interrupt gate does, a trap gate leaves IF as it was"""


@lru_cache(1024)
def decode(gate: int) -> InterruptGate:
    """A gate from its 16 bytes, the lowest first."""
    address = gate >> 32 & 0xFFFF_FFFF_FFFF_0000 | gate & 0xFFFF
    return InterruptGate(address, bool(gate & PRESENT), not gate & TRAP_GATE)
