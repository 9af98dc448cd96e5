"""BCM2711 ARM local block, as on the Raspberry Pi 4.

Document: BCM2711 ARM Peripherals (2022), 6.2.2 and 6.5.2.  It is the block of the BCM2836
(:mod:`kerneltui.devices.bcm.bcm2836_local_ic`) under other names, and what is modelled of that one
is modelled here.  Different is that each core has an IRQ and a FIQ of its own from the legacy
interrupt controller, so that these are not to be routed.  Not modelled: AXI errors, and all that
the other does not model.

It has the cores only where the firmware gives them to it (``enable_gic=0``); its registers answer
in any case.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from kerneltui.devices.bcm.bcm2711_local_registers import BCM2711_LOCAL, STEMS
from kerneltui.devices.bcm.bcm2836_local_ic import Bcm2836LocalIc
from kerneltui.devices.bcm.bcm2836_local_ic_registers import CORES
from kerneltui.devices.bcm.bcm2836_local_routing import GPU, GPU_FIQ, Routing
from kerneltui.hw.hooks import renamed_hooks
from kerneltui.hw.line import Sink

OWN_PINS = {"gpu-irq": GPU, "gpu-fiq": GPU_FIQ}
OWN = 1 << GPU | 1 << GPU_FIQ


@renamed_hooks(STEMS)
class Bcm2711Local(Bcm2836LocalIc):
    """The block; outputs ``irq`` and ``fiq``, one line a core.

    Inputs of each core: ``cntpsirq``, ``cntpnsirq``, ``cnthpirq``, ``cntvirq``, ``pmu``,
    ``gpu-irq``, ``gpu-fiq``; of the whole chip: ``axi``.
    """

    COMPATIBLE = "brcm,bcm2711-local"
    TABLES = (BCM2711_LOCAL,)
    WAYS: ClassVar = {
        output: (
            tuple((rule, mask & ~OWN if rule is Routing.HERE else mask) for rule, mask in rules),
            sources,
        )
        for output, (rules, sources) in Routing.WAYS.items()
    }
    """As there, but for the core that the peripherals' interrupts go to: each core has its own."""

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        if pin in OWN_PINS and number == 0 and 0 <= cpu < CORES:
            return partial(self._set_pin, (cpu,), 1 << OWN_PINS[pin])
        return super().input(pin, number, cpu)

    def _target(self, number: int, cpu: int) -> int:
        return cpu if number == GPU else super()._target(number, cpu)
