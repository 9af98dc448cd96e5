"""What the two parts of the GIC-400 share: parameters, and kinds of interrupt.

The whole device and its documents are described in :mod:`kerneltui.devices.arm.gic400`.  Section
numbers alone are those of Arm IHI 0048B.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kerneltui.devices.arm.gic400_registers import GICD

SGIS, PRIVATE = 16, 32
"""The first ID that is no SGI, and the first that is an SPI."""
SPURIOUS = 1023
LOWEST = 0x100
"""Lower than any priority."""

Remarks = Callable[[str, int, str], None]
"""Told of what goes wrong: kind, ID, in words (see ``Device._remark``)."""


LOWER_HALF = 0x80
"""The bit that the priorities of non-secure software have, and its lowest mask (3.5)."""
NO_GRANT = 4
"""More than any field of GICD_NSACR holds."""


def nobody_listens(kind: str, number: int, text: str) -> None:
    """The remarks of a part that stands alone."""


PRODUCT, GIC_400 = GICD["GICD_IIDR"]["ProductID"], 2


class Config(msgspec.Struct, frozen=True):
    """``irqs``: interrupt IDs, SGIs and PPIs included.  ``priority_bits``: implemented bits.

    ``iidr`` is what GICD_IIDR reads; the default is r0p1, as in DDI 0471B.  It says which
    implementation this is: one that is no GIC-400, such as QEMU's, takes GICC_IAR from the
    pseudocode (see ``iar_by_pseudocode``).

    ``security`` brings the Security Extensions, which a GIC-400 has: GICD and GICC are what secure
    accesses see, and non-secure ones see GICD_NS and GICC_NS in their place.
    """

    irqs: int = 224
    priority_bits: int = 5
    iidr: int = 0x0200_143B
    security: bool = False

    def __post_init__(self) -> None:
        if self.irqs % 32 or not 64 <= self.irqs <= 512:
            raise ValueError(f"irqs must be a multiple of 32 from 64 to 512, not {self.irqs}")
        if not 4 <= self.priority_bits <= 8:
            raise ValueError(f"priority_bits must be 4 to 8, not {self.priority_bits}")

    @property
    def priority_mask(self) -> int:
        """The implemented bits of a priority field (4.3.11)."""
        return 0xFF << (8 - self.priority_bits) & 0xFF

    @property
    def iar_by_pseudocode(self) -> bool:
        """Whether GICC_IAR reads 1022 for a hidden group 1 interrupt whatever its priority.

        The pseudocode of IHI 0048B asks for no priority there; the text of 3.4.2 does.
        """
        return PRODUCT.extract(self.iidr) != GIC_400
