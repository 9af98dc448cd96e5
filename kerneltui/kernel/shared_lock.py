"""A lock for data that several cores share and that interrupt handlers touch too."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType

from kerneltui.kernel.arch.cpu import Cpu

SPIN_NS = 50
"""Pause between two looks at a lock that another core holds."""


class LockWord:
    """The word in memory that the cores agree by."""

    def __init__(self) -> None:
        self.is_held = False


class SharedLock:
    """Keeps this core's handlers out by masking interrupts, and other cores out by spinning.

    Masked first: a handler that spins for a lock which the code that it interrupted holds would
    spin for ever.  To look at the word and to take it is one atomic instruction; when nobody else
    wants it that costs nothing to speak of.
    """

    def __init__(self, cpu: Cpu, irq_lock: AbstractContextManager[object], word: LockWord) -> None:
        """``irq_lock`` is that of the core ``cpu``."""
        self._cpu = cpu
        self._irq_lock = irq_lock
        self._word = word

    def __enter__(self) -> None:
        self._irq_lock.__enter__()
        while self._word.is_held:
            self._cpu.compute(SPIN_NS)
        self._word.is_held = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._word.is_held = False
        self._irq_lock.__exit__(kind, error, trace)
