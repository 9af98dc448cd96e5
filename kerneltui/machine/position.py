"""A place in the time of a machine."""

from __future__ import annotations

import msgspec


class Position(msgspec.Struct, frozen=True, order=True):
    """Where a machine has halted, so exactly that :meth:`Machine.run` gets there again.

    Positions of one machine are in order of time.
    """

    step: int
    """see :attr:`Machine.step`"""
    now_ns: int
    asleep: bool
    """``core`` is in a wait, not before one"""
    core: int
    """the core that halted: it is the next to execute an instruction"""
    retired: int
    """of that core, the instructions so far"""
