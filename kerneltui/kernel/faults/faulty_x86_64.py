"""Faults of the processor's support, x86-64."""

from __future__ import annotations

from kerneltui.kernel.arch.x86_64 import X86Arch


class IfClear(X86Arch):
    """RFLAGS.IF is clear out of reset, and nobody executes STI: HLT never ends."""

    def enable_irqs(self) -> None:
        """Forgotten."""
