"""Locks: against the handlers of this core, and against other cores."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from kerneltui.kernel.arch.cpu import Cpu

SPIN_NS = 50
"""Pause between two looks at a lock that another core holds."""


class IrqLock:
    """What guards data that interrupt handlers share: interrupts are masked while it is held.

    On one core that is all a lock has to do.  Entering saves how they were masked, leaving restores
    it, so a core can take again what it holds.
    """

    def __init__(
        self, read: Callable[[], int], mask: Callable[[], None], write: Callable[[int], None]
    ) -> None:
        """``read`` and ``write`` are of the register that says what is masked."""
        self._read = read
        self._mask = mask
        self._write = write
        self._saved: list[int] = []

    def __enter__(self) -> None:
        saved = self._read()
        self._mask()
        self._saved.append(saved)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._write(self._saved.pop())


class LockWord:
    """The word in memory that the cores agree by."""

    def __init__(self) -> None:
        self.holder: Cpu | None = None
        self.depth = 0
        """how often the holder has taken it"""

    @property
    def is_held(self) -> bool:
        """By any core."""
        return self.holder is not None


class SharedLock:
    """Keeps this core's handlers out by masking interrupts, and other cores out by spinning.

    Masked first: a handler would find what the code that it interrupted has half done.  To look at
    the word and to take it is one atomic instruction; when nobody else wants it that costs nothing
    to speak of.  A core can take again what it holds.
    """

    def __init__(
        self,
        cpu: Cpu,
        irq_lock: AbstractContextManager[object],
        word: LockWord,
        spin_ns: int = SPIN_NS,
    ) -> None:
        """``irq_lock`` is that of the core ``cpu``; a null context where handlers may come in."""
        self._cpu = cpu
        self._irq_lock = irq_lock
        self._word = word
        self._spin_ns = spin_ns

    def __enter__(self) -> None:
        self._irq_lock.__enter__()
        word = self._word
        while word.holder is not None and word.holder is not self._cpu:
            self._cpu.compute(self._spin_ns)
        word.holder = self._cpu
        word.depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        word = self._word
        word.depth -= 1
        if not word.depth:
            word.holder = None
        self._irq_lock.__exit__(kind, error, trace)
