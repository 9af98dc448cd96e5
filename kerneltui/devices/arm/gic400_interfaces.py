"""CPU interfaces of the ARM GIC-400: how interrupts are acknowledged and ended.

The whole device and its documents are described in :mod:`kerneltui.devices.arm.gic400`, which
holds them beside the distributor.  Section numbers alone are those of Arm IHI 0048B.
"""

from __future__ import annotations

from kerneltui.devices.arm.gic400_registers import GICC
from kerneltui.devices.arm.gic400_shared import LOWEST, SGIS, SPURIOUS
from kerneltui.devices.arm.gic400_signalling import EOI_MODE, EOI_MODE_NS, Signalling
from kerneltui.hw.hooks import shared_hook

OTHER_GROUP = 1022
ID, SENDER = GICC["GICC_IAR"]["INTERRUPT_ID"].mask, GICC["GICC_IAR"]["CPUID"].lsb
(ACK_CTL,) = GICC["GICC_CTLR"].masks("AckCtl")
OF_GROUP_0 = "the interrupt is of group 0, which GICC_IAR acknowledges"
NOT_OF_GROUP_1 = "which is not of group 1"
OUT_OF_SIGHT = "ignored, as a non-secure access sees group 1 alone"


class CpuInterfaces(Signalling):
    """The GICC registers of all cores, over the rules of signalling."""

    # -- acknowledge and end ------------------------------------------------------------------

    def _visible(self, cpu: int) -> int:
        """The highest priority pending interrupt, if only the running priority can hold it up."""
        number = self._highest[cpu]
        if self._signalled[cpu] or number == SPURIOUS:
            return number
        seen = self._above_mask(cpu, number) and self._group_signalled(cpu, number)
        return number if seen else SPURIOUS

    def _with_sender(self, cpu: int, number: int) -> int:
        return (
            number if number >= SGIS else number | self._distributor.sender(cpu, number) << SENDER
        )

    def peek_GICC_HPPIR(self, index: int, cpu: int) -> int:
        """1022 tells software without AckCtl to read the alias for group 1 instead (3.4.2)."""
        number = self._highest[cpu] if self._signalled[cpu] else self._visible(cpu)
        if number == SPURIOUS:
            return SPURIOUS
        if self._in_group1(cpu, number) and not self._control[cpu] & ACK_CTL:
            return OTHER_GROUP
        return number if number >= SGIS else self._with_sender(cpu, number)

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
        elif self._unanswered[cpu]:
            self._remark_spurious(cpu, found)
        return found

    def read_GICC_AIAR(self, index: int, cpu: int) -> int:
        """Acknowledge, unless there is nothing of group 1 to (4.4.9)."""
        return self.acknowledge_group1(cpu, OF_GROUP_0)

    def acknowledge_group1(self, cpu: int, otherwise: str) -> int:
        """As a read of GICC_AIAR; ``otherwise`` says why it does not get what is of group 0."""
        found = self.peek_GICC_AIAR(0, cpu)
        if found & ID < OTHER_GROUP:
            self._acknowledge(cpu, found)
        elif self._unanswered[cpu]:
            self._remark_spurious(cpu, found, otherwise)
        return found

    def running(self, cpu: int) -> int:
        """The running priority; LOWEST when idle."""
        return self._running[cpu]

    def peek_GICC_RPR(self, index: int, cpu: int) -> int:
        """0xFF when idle (4.4.6)."""
        return min(self._running[cpu], 0xFF)

    def _acknowledge(self, cpu: int, found: int) -> None:
        """Pending becomes active; the running priority is the group priority (3.2.4, 3.3.3)."""
        number = found & ID
        group1 = self._in_group1(cpu, number)
        priority = self._priorities[cpu][number] & self._group_bits(cpu, group1)
        active = self._nsapr if group1 else self._apr
        active[cpu] |= 1 << (priority >> self._least_bpr + 1)
        self._running[cpu] = priority
        self._taken[cpu].append(number)
        self._unanswered[cpu] = False
        self._distributor.acknowledge(cpu, number, found >> SENDER)

    def _end(self, cpu: int, number: int, split: int = EOI_MODE) -> None:
        """Drop the priority and, unless GICC_DIR is to do that, deactivate (3.2.1)."""
        if number >= self._irqs or self._running[cpu] == LOWEST:
            self._remark_end(cpu, number)
            return
        taken = self._taken[cpu]
        if taken and taken[-1] == number:
            taken.pop()
        else:
            self._remark_end(cpu, number)
        active = self._nsapr if self._in_group1(cpu, number) else self._apr
        active[cpu] &= active[cpu] - 1 if active[cpu] else 0
        self._rank(cpu)
        if not self._control[cpu] & split:
            self._distributor.deactivate(cpu, number)
        self.update(cpu)

    def _remark_spurious(self, cpu: int, found: int, otherwise: str = OF_GROUP_0) -> None:
        """A line was up, but the acknowledge gives no interrupt.

        A handler that reads on until nothing is left does not come here: that has had its answer.
        """
        why = "what raised the line was gone before it was acknowledged"
        if found == OTHER_GROUP:
            why = "the interrupt is of group 1, which GICC_AIAR acknowledges"
        elif self._signalled[cpu]:
            why = otherwise
        # Who cannot see an interrupt is told nothing of it; whoever explains that one is.
        about = found if why is not otherwise or why is OF_GROUP_0 else self._highest[cpu]
        self._unanswered[cpu] = self._signalled[cpu]
        self.remark("spurious", about, f"core {cpu} acknowledged, but got {found}: {why}")

    def _remark_end(self, cpu: int, number: int) -> None:
        """An end that does not fit what was acknowledged last (4.4.5: UNPREDICTABLE).

        It is told of the interrupt whose handler runs: that one stays active.
        """
        taken = self._taken[cpu]
        about = taken[-1] if taken and number < self._irqs else number
        if number >= self._irqs:
            text = f"core {cpu} ended {number}, which is no interrupt"
        elif not taken:
            if self._running[cpu] != LOWEST:
                return  # software has restored the active priorities; nobody knows of what
            text = f"core {cpu} ended {number} while it had acknowledged nothing"
        else:
            text = f"core {cpu} ended {number}, but it had acknowledged {taken[-1]} last"
            # The priority of the last one drops all the same.
            taken.remove(number) if number in taken else taken.pop()
        self.remark("misuse", about, text)

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
        self.end_group1(cpu, value & ID, NOT_OF_GROUP_1)

    def end_group1(self, cpu: int, number: int, otherwise: str) -> None:
        """As a store to GICC_AEOIR; ``otherwise`` says why it does not end what is of group 0."""
        if self._in_group1(cpu, number):
            self._end(cpu, number, self._aliased_mode)
        else:
            self.remark("misuse", number, f"core {cpu} ended {number}, {otherwise}")

    def write_GICC_DIR(self, index: int, cpu: int, value: int) -> None:
        """Deactivate what GICC_EOIR left active (4.4.15)."""
        number = value & ID
        if number < self._irqs and self._control[cpu] & EOI_MODE:
            self._distributor.deactivate(cpu, number)
            self.update(cpu)
        else:
            why = "GICC_EOIR does that here" if number < self._irqs else "which is no interrupt"
            self._remark_not_deactivated(cpu, number, why)

    def deactivate_group1(self, cpu: int, number: int) -> None:
        """As a store to GICC_DIR that is not secure (4.4.15)."""
        if not self._in_group1(cpu, number):
            self._remark_not_deactivated(cpu, number, OUT_OF_SIGHT)
        elif not self._control[cpu] & EOI_MODE_NS:
            self._remark_not_deactivated(cpu, number, "GICC_EOIR does that here")
        else:
            self._distributor.deactivate(cpu, number)
            self.update(cpu)

    def _remark_not_deactivated(self, cpu: int, number: int, why: str) -> None:
        self.remark("misuse", number, f"core {cpu} deactivated {number}: {why}")

    @shared_hook("write", "GICC_CTLR", "GICC_PMR")
    def _configuration_written(self, index: int, cpu: int, value: int) -> None:
        """Enables, and the choice of line, act at once."""
        self.update(cpu)

    @shared_hook("write", "GICC_BPR", "GICC_ABPR")
    def _binary_point_written(self, index: int, cpu: int, value: int) -> None:
        """A value below the smallest that makes sense sets that one (4.4.3)."""
        self._bpr[cpu] = max(self._bpr[cpu], self._least_bpr)
        self._abpr[cpu] = max(self._abpr[cpu], self._least_bpr + 1)
        self.update(cpu)

    @shared_hook("write", "GICC_APR", "GICC_NSAPR")
    def _active_priorities_written(self, index: int, cpu: int, value: int) -> None:
        """Power management restores active priorities this way (4.4.12)."""
        self._taken[cpu].clear()
        self._rank(cpu)
        self.update(cpu)
