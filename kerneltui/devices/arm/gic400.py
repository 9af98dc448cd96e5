"""ARM GIC-400 interrupt controller, as in the BCM2711 (Raspberry Pi 4).

Documents: CoreLink GIC-400 Technical Reference Manual, Arm DDI 0471B (r0p1); Generic Interrupt
Controller Architecture Specification, GICv2, Arm IHI 0048B.  Section numbers alone are IHI 0048B's.

Modelled: the distributor and the CPU interface of each core with every register; SGIs by sending
core, PPIs, SPIs of either trigger; both groups; priority mask, binary points and pre-emption;
priority drop and deactivation, joint or split; and, where the board says ``security: true``, the
Security Extensions, which the chip has.  Without that GICD_TYPER.SecurityExtn reads 0, all accesses
are as in an implementation without them, and GICC_AIAR, GICC_AEOIR and GICC_AHPPIR serve group 1.

With the Security Extensions the registers GICD and GICC are what secure accesses see.  Non-secure
ones see GICD_NS and GICC_NS at the same addresses, which have no state of their own: nothing of
group 0, priorities of the lower half, shifted, and the group 1 side of what is banked.  GICC_CTLR
has EOImodeS and EOImodeNS (bits 9 and 10) then, and bits 5 to 8 hold what software says of the
bypass.  Where the architecture leaves a choice: GICD_NSACR, which is optional, is there; it grants
nothing of GICD_CPENDSGIR and GICD_SPENDSGIR; GICD_PPISR and GICD_SPISR show non-secure accesses
group 1 alone; a non-secure access to an alias (GICC_AIAR and so on), which only secure software
needs, reads zero; of writes that are UNPREDICTABLE by a wrong view those of secure software act as
with AckCtl set, and those of other software are ignored.

Not modelled: the interrupt bypass, the pin CFGSDISABLE (it is low), and the virtualization blocks
GICH and GICV.  All sixteen PPIs of the architecture exist; the GIC-400 itself leaves the inputs of
IDs 16-24 unconnected.

Pre-emption: the running priority is the highest that the active priorities registers hold, each as
the binary point cut it at its acknowledge.  A pending interrupt pre-empts if its priority is higher
in the bits that the present binary point of its own group leaves: GICC_BPR for group 0, and for
group 1 too with CBPR set, else GICC_ABPR (3.3, 4.4.1, and UpdateExceptionState in 3.7).  With
nothing active any priority will do.  GICC_ABPR counts from one bit further, its n leaves the bits
that n - 1 leaves in GICC_BPR: so it is with the Security Extensions, which the chip has, and in
QEMU without them too.

The text goes before the pseudocode in one place: GICC_IAR reads 1022 for a group 1 interrupt that
AckCtl hides only where its priority suffices to be signalled (3.4.2), which the pseudocode leaves
out; otherwise it reads 1023.  QEMU follows the pseudocode, and so does this model where GICD_IIDR
says that it is no GIC-400.

Where the architecture leaves a choice: the distributor's group enables act before prioritisation,
so that a group which is not forwarded hides nothing; GICC_HPPIR, of which 4.4.7 does not say what
GICC_PMR does to it, reads 1023 for an interrupt that the mask holds up, as in QEMU, but shows one
that could not pre-empt; of equal priorities the lowest ID comes first, of an SGI's senders the
lowest core; an end of interrupt with nothing active, and a GICC_DIR write while EOImode is 0, are
ignored.

The way of an interrupt to a core is a table of rules: ``STANDING`` and ``MOVING`` of the
distributor, ``RULES`` of the CPU interfaces.  Delivery applies them to all interrupts at once, and
:meth:`Gic400.passages` shows the same rules for one.

Remarks: an acknowledge that gives no interrupt though a line was up since the last one; an end that
does not fit the last acknowledge of its core; an interrupt ended while its line has been high ever
since it was acknowledged; an edge that finds the one before still pending.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kerneltui.devices.arm.gic400_distributor import Distributor
from kerneltui.devices.arm.gic400_interfaces import CpuInterfaces
from kerneltui.devices.arm.gic400_non_secure_registers import GICC_NS, GICD_NS
from kerneltui.devices.arm.gic400_registers import GICC, GICD
from kerneltui.devices.arm.gic400_shared import PRIVATE, SGIS, Config
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Entrance, InterruptController, InterruptState, Passage
from kerneltui.hw.line import Sink
from kerneltui.hw.rule import Gate

__all__ = ["Config", "Gic400"]


class Gic400(InterruptController):
    """The controller; inputs ``spi`` and ``ppi``, outputs ``irq`` and ``fiq``, one per core."""

    COMPATIBLE = "arm,gic-400"
    NUMBERED_PINS = frozenset(("spi", "ppi"))
    NUMBERING = "gic"
    ACKNOWLEDGED = "by a read of GICC_IAR"
    TABLES = (GICD, GICC, GICD_NS, GICC_NS)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 4) -> None:
        super().__init__(name, config, clock, cpus)
        irq, fiq = self._output("irq", cpus), self._output("fiq", cpus)
        self._distributor = Distributor(config, cpus)
        self._distributor.tell_sent(self._tell_pending)
        self._interfaces = CpuInterfaces(config, self._distributor, irq, fiq)
        self._distributor.remark = self._interfaces.remark = self._remark
        self.files["GICD"] = self._distributor.regs
        self.files["GICC"] = self._interfaces.regs
        if config.security:
            from kerneltui.devices.arm.gic400_non_secure_distributor import NonSecureDistributor
            from kerneltui.devices.arm.gic400_non_secure_interfaces import NonSecureInterfaces

            self.files["GICD_NS"] = NonSecureDistributor(self._distributor).regs
            self.files["GICC_NS"] = NonSecureInterfaces(config, self._interfaces).regs
        self.reset()

    def reset(self) -> None:
        """Power-on state (DDI 0471B 3.2, 3.4); the input lines keep their levels."""
        self._distributor.reset()
        self._interfaces.reset()
        self._distributor.reconsider()

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        """``spi`` n is ID n + 32; ``ppi`` n is ID n + 16 of one core (2.2.1)."""
        try:
            return self._distributor.input(pin, number, cpu)
        except ValueError as error:
            raise ValueError(f"{self.name} ({self.COMPATIBLE}) has {error}") from None

    # -- views --------------------------------------------------------------------------------

    def passages(self, entrance: Entrance, cpu: int) -> list[Passage]:
        """The rules for one interrupt; group 0 leaves as FIQ where GICC_CTLR says so (4.4.1).

        All are open if it is signalled: the next acknowledge gives this interrupt and no other.
        """
        if not isinstance(entrance, int) or not 0 <= entrance < self.config.irqs:
            raise ValueError(f"{self.name} has interrupts 0 to {self.config.irqs - 1}")
        lines = self._interfaces.lines(cpu, entrance)
        return [Passage(partial(self._gates, entrance, cpu, line), line) for line in lines]

    def _gates(self, number: int, cpu: int, line: str) -> Iterator[Gate]:
        yield from self._distributor.gates(number, cpu)
        yield from self._interfaces.gates(number, cpu)
        forked = self._interfaces.line_gate(number, cpu, line)
        if forked is not None:
            yield forked

    def entrance(self, pin: str, cpu: int) -> Entrance | None:
        """``spi`` n is ID n + 32, ``ppi`` n is ID n + 16 (2.2.1)."""
        kind, _, number = pin.partition(" ")
        first = {"spi": PRIVATE, "ppi": SGIS}.get(kind)
        if first is None or not number.isdecimal():
            return None
        found = first + int(number)
        end = self.config.irqs if kind == "spi" else PRIVATE
        return found if found < end else None

    def notable(self, cpu: int, numbers: set[int]) -> list[InterruptState]:
        """The GIC has hundreds of interrupts, of which a board uses a dozen."""
        return self._distributor.states(cpu, numbers)

    def interrupt(self, number: int, cpu: int) -> InterruptState | None:
        return self._distributor.state(number, cpu) if 0 <= number < self.config.irqs else None

    def sender(self, number: int, acknowledged: int) -> int | None:
        """GICC_IAR.CPUID, of an SGI (4.4.4)."""
        return acknowledged >> 10 & 7 if number < SGIS else None

    def interrupts(self, cpu: int) -> list[InterruptState]:
        """Every implemented interrupt, as this core sees it."""
        return self._distributor.states(cpu)
