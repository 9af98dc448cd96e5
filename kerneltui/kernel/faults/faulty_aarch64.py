"""Faults of the processor's support, AArch64."""

from __future__ import annotations

from kerneltui.kernel.arch.aarch64 import Aarch64, Vectors


class DaifSet(Aarch64):
    """DAIF.I is set out of reset, and nobody clears it.

    WFI wakes for a masked interrupt too, so the core does not even sleep any more.
    """

    def enable_irqs(self) -> None:
        """Forgotten."""


class NoVectors(Vectors):
    """The table is linked, but VBAR_EL1 keeps what it has out of reset.

    The first interrupt goes to an address where no code is.
    """

    def install(self) -> None:
        """Forgotten."""


class MisalignedVectors(Vectors):
    """The linker script forgets to align the table: it lies just behind the image's header.

    Bits 10:0 of VBAR_EL1 are RES0 (Arm DDI 0487, D19.2.153): the core looks for the table at the
    address rounded down, where no vector is.
    """

    ALIGNMENT = 4
