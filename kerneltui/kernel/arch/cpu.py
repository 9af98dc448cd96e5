"""The processor that the kernel runs on, as the kernel sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Never, Protocol


class Cpu(Protocol):
    """What every architecture offers.  Each call but ``tracepoint`` is an instruction."""

    def read(self, address: int, size: int = 4) -> int:
        """Load ``size`` bytes from a physical address."""

    def write(self, address: int, value: int, size: int = 4) -> None:
        """Store ``size`` bytes to a physical address."""

    def compute(self, ns: int) -> None:
        """Be busy for ``ns`` nanoseconds without touching hardware."""

    def wait_for_interrupt(self) -> None:
        """Sleep until an interrupt is signalled, masked or not."""

    def halt(self, reason: str) -> Never:
        """Stop for good."""

    def tracepoint(self, name: str, /, **facts: Any) -> None:
        """Tell an attached debugger where the kernel is; costs nothing."""


class Aarch64Cpu(Cpu, Protocol):
    """AArch64 instructions."""

    def read_sysreg(self, encoding: int) -> int:
        """MRS."""

    def write_sysreg(self, encoding: int, value: int) -> None:
        """MSR (register)."""

    def mask(self, bits: int) -> None:
        """MSR DAIFSet."""

    def unmask(self, bits: int) -> None:
        """MSR DAIFClr."""

    def return_from_exception(self) -> None:
        """ERET."""

    def place_vectors(self, table: Mapping[int, Callable[[], None]]) -> int:
        """Link a vector table into the image and return its address."""
