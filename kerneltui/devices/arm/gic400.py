"""ARM GIC-400 interrupt controller, as in the BCM2711 (Raspberry Pi 4).

Documents: CoreLink GIC-400 Technical Reference Manual, Arm DDI 0471B (r0p1); Generic Interrupt
Controller Architecture Specification, GICv2, Arm IHI 0048B.  Section numbers alone are IHI 0048B's.

Modelled: the distributor and the CPU interface of each core with every register; SGIs by sending
core, PPIs, SPIs of either trigger; both groups; priority mask, binary points and pre-emption;
priority drop and deactivation, joint or split.

Not modelled: the Security Extensions (GICD_TYPER.SecurityExtn reads 0 and all accesses are as in
an implementation without them; GICC_AIAR, GICC_AEOIR and GICC_AHPPIR serve group 1 there), the
interrupt bypass, and the virtualization blocks GICH and GICV.  All sixteen PPIs of the architecture
exist; the GIC-400 itself leaves the inputs of IDs 16-24 unconnected.

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

The way of an interrupt to a core is a table of rules: ``STANDING`` and ``MOVING`` (the
distributor's) and ``INTERFACE``.  Delivery applies them to all interrupts at once, and
:meth:`Gic400.gates` shows the same rules for one.
"""

# ruff: noqa: N815 - hooks that share a body are aliases, named after their registers
from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from kerneltui.devices.arm.gic400_distributor import (
    LOWEST,
    PRIVATE,
    SGIS,
    SPURIOUS,
    Config,
    Distributor,
    Rule,
)
from kerneltui.devices.arm.gic400_registers import GICC, GICD
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import InterruptState
from kerneltui.hw.gate import Gate
from kerneltui.hw.register_file import RegisterFile

__all__ = ["Config", "Gic400"]

OTHER_GROUP = 1022
ID, SENDER = GICC["GICC_IAR"]["INTERRUPT_ID"].mask, GICC["GICC_IAR"]["CPUID"].lsb
SIGNAL_GRP0, SIGNAL_GRP1, ACK_CTL, FIQ_EN, CBPR, EOI_MODE = (
    GICC["GICC_CTLR"][name].mask
    for name in ("EnableGrp0", "EnableGrp1", "AckCtl", "FIQEn", "CBPR", "EOImode")
)


class Gic400(Distributor):
    """The controller; inputs ``spi`` and ``ppi``, outputs ``irq`` and ``fiq``, one per core."""

    COMPATIBLE = "arm,gic-400"
    NUMBERING = "gic"
    ACKNOWLEDGED = "by a read of GICC_IAR"
    TABLES = (GICD, GICC)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 4) -> None:
        super().__init__(name, config, clock, cpus)
        # With fewer priority bits the lowest binary points would split bits that are not there.
        self._least_bpr = max(0, 7 - config.priority_bits)
        gicc = self._interface_file(0x100 >> (self._least_bpr + 1))
        self._iar_by_pseudocode = config.iar_by_pseudocode
        self._control, self._mask = gicc.store("GICC_CTLR"), gicc.store("GICC_PMR")
        self._bpr, self._abpr = gicc.store("GICC_BPR"), gicc.store("GICC_ABPR")
        self._apr, self._nsapr = gicc.store("GICC_APR"), gicc.store("GICC_NSAPR")
        self._irq, self._fiq = self._output("irq", cpus), self._output("fiq", cpus)
        self.reset()

    def _interface_file(self, levels: int) -> RegisterFile:
        active = {"count": max(1, levels // 32), "implemented": (1 << levels) - 1}
        return self._file(
            GICC,
            {"GICC_PMR": {"implemented": self.config.priority_mask},
             "GICC_BPR": {"reset": self._least_bpr}, "GICC_ABPR": {"reset": self._least_bpr + 1},
             "GICC_APR": active, "GICC_NSAPR": active},
        )  # fmt: skip

    def reset(self) -> None:
        """Power-on state (DDI 0471B 3.2, 3.4); the input lines keep their levels."""
        for file in self.files.values():
            file.reset()
        self._reset_derived()
        self._running = [LOWEST] * self.cpus
        self._highest = [SPURIOUS] * self.cpus
        self._signalled = [False] * self.cpus
        self._reconfigured()

    # -- what is signalled --------------------------------------------------------------------

    def _above_mask(self, cpu: int, number: int) -> bool:
        return self._priorities[cpu][number] < self._mask[cpu]

    def _preempts(self, cpu: int, number: int) -> bool:
        """Only a higher group priority interrupts a handler, any priority an idle core (3.3)."""
        running = self._running[cpu]
        if running == LOWEST:
            return True
        bits = self._group_bits(cpu, self._in_group1(cpu, number))
        return self._priorities[cpu][number] < running & bits

    def _group_bits(self, cpu: int, group1: int) -> int:
        """The bits of a priority that the binary point of that group leaves (3.3.3, 4.4.1)."""
        separate = group1 and not self._control[cpu] & CBPR
        split = self._abpr[cpu] - 1 if separate else self._bpr[cpu]
        return 0xFF << split + 1 & 0xFF

    def _group_signalled(self, cpu: int, number: int) -> bool:
        group = SIGNAL_GRP1 if self._in_group1(cpu, number) else SIGNAL_GRP0
        return self._control[cpu] & group != 0

    def _unobstructed(self, cpu: int, number: int) -> bool:
        """The CPU interface considers the highest priority pending interrupt and no other (3.3)."""
        top = self._highest[cpu]
        if self._signalled[cpu] or top in {SPURIOUS, number}:
            return True
        priorities = self._priorities[cpu]
        return (priorities[number], number) < (priorities[top], top)

    INTERFACE: ClassVar = (
        Rule("priority above mask", _above_mask, "GICC", GICC["GICC_PMR"].offset, "all",
             "a mask above the interrupt's priority, {priority:#04x}", "3.3; 4.4.2"),
        Rule("pre-empts", _preempts, "GICC", GICC["GICC_RPR"].offset, "all",
             "the end of the interrupt that runs: {priority:#04x} is not above its priority in "
             "the bits {bits:#04x}", "3.3; 4.4.1; 4.4.6"),
        Rule("group signalled", _group_signalled, "GICC", GICC["GICC_CTLR"].offset, "group",
             "the CPU interface to signal the interrupt's group", "4.4.1"),
    )  # fmt: skip
    INTERFACE_TESTS: ClassVar = tuple(rule.test for rule in INTERFACE)
    OUTRANKED = Rule(
        "not obstructed", _unobstructed, "GICC", GICC["GICC_HPPIR"].offset, "all",
        "the pending interrupt of highest priority to be one that is signalled", "3.3; 4.4.7",
    )  # fmt: skip
    """Follows from INTERFACE: it is shut where another interrupt failed there."""

    def _update(self, changed: int = -1, cpus: Iterable[int] | None = None) -> None:
        """Skip the cores for which no changed interrupt could be forwarded anyway."""
        for cpu in range(self.cpus) if cpus is None else cpus:
            if changed < 0 or self._eligible[cpu] & changed:
                self._update_core(cpu)

    def _update_core(self, cpu: int) -> None:
        number = self._highest[cpu] = self._forwarded(cpu)
        irq, fiq = number != SPURIOUS, False
        if irq:
            for test in self.INTERFACE_TESTS:
                if not test(self, cpu, number):
                    irq = False
                    break
            else:
                fiq = self._control[cpu] & FIQ_EN != 0 and not self._in_group1(cpu, number)
                irq = not fiq
        self._signalled[cpu] = irq or fiq
        if self._irq[cpu].level is not irq:
            self._irq[cpu].set(irq)
        if self._fiq[cpu].level is not fiq:
            self._fiq[cpu].set(fiq)

    def _in_group1(self, cpu: int, number: int) -> int:
        return (self._group0[cpu] | self._group[0]) >> number & 1

    # -- acknowledge and end ------------------------------------------------------------------

    def _visible(self, cpu: int) -> int:
        """The highest priority pending interrupt, if only the running priority can hold it up."""
        number = self._highest[cpu]
        if self._signalled[cpu] or number == SPURIOUS:
            return number
        seen = self._above_mask(cpu, number) and self._group_signalled(cpu, number)
        return number if seen else SPURIOUS

    def _with_sender(self, cpu: int, number: int) -> int:
        if number >= SGIS:
            return number
        senders = self._senders[cpu] >> 8 * number & 0xFF
        return number | ((senders & -senders).bit_length() - 1) << SENDER

    def peek_GICC_HPPIR(self, index: int, cpu: int) -> int:
        """1022 tells software without AckCtl to read the alias for group 1 instead (3.4.2)."""
        number = self._visible(cpu)
        if number == SPURIOUS:
            return SPURIOUS
        if self._in_group1(cpu, number) and not self._control[cpu] & ACK_CTL:
            return OTHER_GROUP
        return self._with_sender(cpu, number)

    def peek_GICC_AHPPIR(self, index: int, cpu: int) -> int:
        """The aliases know group 1 only (3.4.2)."""
        number = self._visible(cpu)
        if number == SPURIOUS or not self._in_group1(cpu, number):
            return SPURIOUS
        return self._with_sender(cpu, number)

    def peek_GICC_IAR(self, index: int, cpu: int) -> int:
        """What a read would acknowledge; 1022 for what only the alias does (3.4.2)."""
        if self._signalled[cpu]:
            return self.peek_GICC_HPPIR(0, cpu)
        if self._iar_by_pseudocode and self.peek_GICC_HPPIR(0, cpu) == OTHER_GROUP:
            return OTHER_GROUP
        return SPURIOUS

    def peek_GICC_AIAR(self, index: int, cpu: int) -> int:
        """What a read would acknowledge."""
        return self.peek_GICC_AHPPIR(0, cpu) if self._signalled[cpu] else SPURIOUS

    def read_GICC_IAR(self, index: int, cpu: int) -> int:
        """Acknowledge, unless there is nothing to (4.4.4)."""
        found = self.peek_GICC_IAR(0, cpu)
        if found & ID < OTHER_GROUP:
            self._acknowledge(cpu, found)
        return found

    def read_GICC_AIAR(self, index: int, cpu: int) -> int:
        """Acknowledge, unless there is nothing of group 1 to (4.4.9)."""
        found = self.peek_GICC_AIAR(0, cpu)
        if found & ID < OTHER_GROUP:
            self._acknowledge(cpu, found)
        return found

    def peek_GICC_RPR(self, index: int, cpu: int) -> int:
        """0xFF when idle (4.4.6)."""
        return min(self._running[cpu], 0xFF)

    def _acknowledge(self, cpu: int, found: int) -> None:
        """Pending becomes active; the running priority is the group priority (3.2.4, 3.3.3)."""
        number = found & ID
        bit = 1 << number
        group1 = self._in_group1(cpu, number)
        priority = self._priorities[cpu][number] & self._group_bits(cpu, group1)
        active = self._nsapr if group1 else self._apr
        active[cpu] |= 1 << (priority >> self._least_bpr + 1)
        self._running[cpu] = priority
        if number >= PRIVATE:
            self._active[0] |= bit
            self._latch[0] &= ~bit
            self._update(bit)
            return
        self._active0[cpu] |= bit
        if number < SGIS:
            self._senders[cpu] &= ~(1 << (8 * number + (found >> SENDER)))
            if not self._senders[cpu] >> 8 * number & 0xFF:
                self._latch0[cpu] &= ~bit
        else:
            self._latch0[cpu] &= ~bit
        self._update_core(cpu)

    def _end(self, cpu: int, number: int) -> None:
        """Drop the priority and, unless GICC_DIR is to do that, deactivate (3.2.1)."""
        if number >= self.config.irqs or self._running[cpu] == LOWEST:
            return
        active = self._nsapr if self._in_group1(cpu, number) else self._apr
        active[cpu] &= active[cpu] - 1 if active[cpu] else 0
        self._rank(cpu)
        if not self._control[cpu] & EOI_MODE:
            self._deactivate(cpu, number)
        self._update_core(cpu)

    def _deactivate(self, cpu: int, number: int) -> None:
        bit = 1 << number
        if number < PRIVATE:
            self._active0[cpu] &= ~bit
            return
        self._active[0] &= ~bit
        if self._pending(cpu) & bit:
            self._update(bit)

    def _rank(self, cpu: int) -> None:
        """The running priority follows from the active priorities registers (4.4.12)."""
        active = self._apr[cpu] | self._nsapr[cpu]
        level = (active & -active).bit_length() - 1
        self._running[cpu] = level << self._least_bpr + 1 if active else LOWEST

    def write_GICC_EOIR(self, index: int, cpu: int, value: int) -> None:
        """End an interrupt; for group 1 as with AckCtl set (4.4.5)."""
        self._end(cpu, value & ID)

    def write_GICC_AEOIR(self, index: int, cpu: int, value: int) -> None:
        """End a group 1 interrupt (4.4.10)."""
        if self._in_group1(cpu, value & ID):
            self._end(cpu, value & ID)

    def write_GICC_DIR(self, index: int, cpu: int, value: int) -> None:
        """Deactivate what GICC_EOIR left active (4.4.15)."""
        number = value & ID
        if number < self.config.irqs and self._control[cpu] & EOI_MODE:
            self._deactivate(cpu, number)
            self._update_core(cpu)

    def write_GICC_CTLR(self, index: int, cpu: int, value: int) -> None:
        """Enables, and the choice of line, act at once."""
        self._update_core(cpu)

    write_GICC_PMR = write_GICC_CTLR

    def write_GICC_BPR(self, index: int, cpu: int, value: int) -> None:
        """A value below the smallest that makes sense sets that one (4.4.3)."""
        self._bpr[cpu] = max(self._bpr[cpu], self._least_bpr)
        self._abpr[cpu] = max(self._abpr[cpu], self._least_bpr + 1)
        self._update_core(cpu)

    write_GICC_ABPR = write_GICC_BPR

    def write_GICC_APR(self, index: int, cpu: int, value: int) -> None:
        """Power management restores active priorities this way (4.4.12)."""
        self._rank(cpu)
        self._update_core(cpu)

    write_GICC_NSAPR = write_GICC_APR

    # -- views --------------------------------------------------------------------------------

    def gates(self, number: int, cpu: int) -> list[Gate]:
        """The rules for one interrupt: all open if it suffices, by itself, to raise a line now.

        Another of higher priority, signalled as well, may be acknowledged before it.
        """
        if not 0 <= number < self.config.irqs:
            raise ValueError(f"{self.name} has interrupts 0 to {self.config.irqs - 1}")
        made = [
            self._gate(rule, bool(rule.test(self, cpu) >> number & 1), number, cpu)
            for rule in (*self.MOVING, *self.STANDING)
        ]
        made += [
            self._gate(rule, rule.test(self, cpu, number), number, cpu)
            for rule in (*self.INTERFACE, self.OUTRANKED)
        ]
        return made

    def _gate(self, rule: Rule, passes: bool, number: int, cpu: int) -> Gate:
        """Read what decides from the register itself, so that the gate shows what software sees."""
        lsb, offset = 0, rule.offset
        if rule.per == "bit":
            lsb, offset = number % 32, rule.offset + number // 32 * 4
        elif rule.per == "byte":
            lsb, offset = number % 4 * 8, rule.offset + number // 4 * 4
        elif rule.per == "group":
            lsb = self._in_group1(cpu, number)
        file = self.files[rule.block]
        slot = file.slot_at(offset)
        assert slot is not None, rule
        field = next(item for item in slot.register.fields if item.mask >> lsb & 1)
        value = field.extract(file.peek(offset, cpu=cpu))
        name = field.name
        if rule.per == "bit":
            value, name = value >> (lsb - field.lsb) & 1, f"{name}[{lsb - field.lsb}]"
        bits = self._group_bits(cpu, self._in_group1(cpu, number))
        needs = rule.needs.format(priority=self._priorities[cpu][number], bits=bits)
        ends_by = "GICC_EOIR" if rule.test is Gic400._preempts else ""
        ref = f"IHI 0048B {rule.ref}"
        return Gate(rule.name, passes, slot.name, name, value, needs, ref, ends_by)

    def notable(self, cpu: int, numbers: set[int]) -> list[InterruptState]:
        """The GIC has hundreds of interrupts, of which a board uses a dozen."""
        bitmaps = (self._high0[cpu] | self._high, self._enabled(cpu), self._pending(cpu),
                   ~self._inactive(cpu))  # fmt: skip
        found = bitmaps[0] | bitmaps[1] | bitmaps[2] | bitmaps[3]
        for number in numbers:
            found |= 1 << number
        found &= (1 << self.config.irqs) - 1
        states = []
        while found:
            lowest = found & -found
            found ^= lowest
            states.append(self._state(lowest.bit_length() - 1, cpu, bitmaps))
        return states

    def interrupts(self, cpu: int) -> list[InterruptState]:
        """Every implemented interrupt, as this core sees it."""
        bitmaps = (self._high0[cpu] | self._high, self._enabled(cpu), self._pending(cpu),
                   ~self._inactive(cpu))  # fmt: skip
        return [self._state(number, cpu, bitmaps) for number in range(self.config.irqs)]

    def output_for(self, number: int, cpu: int) -> str:
        """Group 0 is signalled as FIQ where GICC_CTLR says so (4.4.1)."""
        as_fiq = self._control[cpu] & FIQ_EN and not self._in_group1(cpu, number)
        return "fiq" if as_fiq else "irq"

    def _state(self, number: int, cpu: int, bitmaps: tuple[int, int, int, int]) -> InterruptState:
        high, enabled, pending, active = (bool(bitmap >> number & 1) for bitmap in bitmaps)
        if number < SGIS:
            source = f"SGI {number}"
        else:
            source = f"PPI {number - SGIS}" if number < PRIVATE else f"SPI {number - PRIVATE}"
        private = number < PRIVATE
        level = number >= SGIS and self._level_sensitive >> number & 1
        targets = tuple(n for n in range(self.cpus) if self._aimed[n] >> number & 1)
        return InterruptState(
            number, source, None if number < SGIS else high, enabled, pending, active,
            self._priorities[cpu][number], (cpu,) if private else targets,
            "level" if level else "edge", "" if number < SGIS else source.lower(),
        )  # fmt: skip
