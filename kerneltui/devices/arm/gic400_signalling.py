"""What the CPU interfaces of the ARM GIC-400 signal to each core, and why not.

The whole device and its documents are described in :mod:`kerneltui.devices.arm.gic400`.  Section
numbers alone are those of Arm IHI 0048B.
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec.structs import replace

from kerneltui.devices.arm.gic400_distributor import Distributor
from kerneltui.devices.arm.gic400_forwarding import SECURE
from kerneltui.devices.arm.gic400_registers import GICC, SECURE_CONTROL
from kerneltui.devices.arm.gic400_shared import (
    LOWER_HALF,
    LOWEST,
    SPURIOUS,
    Config,
    Remarks,
    nobody_listens,
)
from kerneltui.hw.line import Line
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Gate, Opens, Place, Rule, tests_of

SIGNAL_GRP0, SIGNAL_GRP1, FIQ_EN, CBPR, EOI_MODE = GICC["GICC_CTLR"].masks(
    "EnableGrp0", "EnableGrp1", "FIQEn", "CBPR", "EOImode"
)
EOI_MODE_NS = next(field.mask for field in SECURE_CONTROL if field.name == "EOImodeNS")
IN_UPPER_HALF = "by a secure access: a non-secure one cannot change a mask below 0x80"


class Signalling:
    """The state of all interfaces, the running priorities, and the rules of signalling.

    ``regs`` are the GICC registers; ``irq`` and ``fiq`` are the cores' lines.
    """

    def __init__(
        self, config: Config, distributor: Distributor, irq: list[Line], fiq: list[Line]
    ) -> None:
        self._distributor = distributor
        self._forwarded, self._in_group1 = distributor.forwarded, distributor.in_group1
        self._priorities = distributor.priorities
        self._irq, self._fiq = irq, fiq
        self._irqs = config.irqs
        # With fewer priority bits the lowest binary points would split bits that are not there.
        self._least_bpr = max(0, 7 - config.priority_bits)
        self._iar_by_pseudocode = config.iar_by_pseudocode
        self._security = config.security
        # The aliases are what non-secure software has, that mode included (4.4.10).
        self._aliased_mode = EOI_MODE_NS if config.security else EOI_MODE
        cpus = distributor.cpus
        self.regs = self._register_file(config, cpus)
        store = self.regs.store
        self._control, self._mask = store("GICC_CTLR"), store("GICC_PMR")
        self._bpr, self._abpr = store("GICC_BPR"), store("GICC_ABPR")
        self._apr, self._nsapr = store("GICC_APR"), store("GICC_NSAPR")
        self._running, self._highest, self._signalled = [0] * cpus, [0] * cpus, [False] * cpus
        # For remarks alone: what was acknowledged and not ended, and whether a line has gone up
        # since the last acknowledge.
        self._taken: list[list[int]] = [[] for _ in range(cpus)]
        self._unanswered = [False] * cpus
        self.remark: Remarks = nobody_listens
        self.reset()
        distributor.forward_to(self.update)

    @property
    def levels(self) -> int:
        """How many group priorities there are, at most."""
        return 0x100 >> (self._least_bpr + 1)

    def _register_file(self, config: Config, cpus: int) -> RegisterFile:
        levels = self.levels
        active = {"count": max(1, levels // 32), "implemented": (1 << levels) - 1}
        changes: dict[str, dict[str, Any]] = {
            "GICC_PMR": {"implemented": config.priority_mask},
            "GICC_BPR": {"reset": self._least_bpr},
            "GICC_ABPR": {"reset": self._least_bpr + 1},
            "GICC_APR": active,
            "GICC_NSAPR": active,
        }
        if config.security:
            changes["GICC_CTLR"] = {"fields": SECURE_CONTROL}
        return RegisterFile(self, GICC, cpus=cpus, changes=changes)

    def reset(self) -> None:
        """Power-on state (DDI 0471B 3.4); the lines follow at the next :meth:`update`."""
        self.regs.reset()
        cpus = len(self._running)
        self._running[:] = [LOWEST] * cpus
        self._highest[:] = [SPURIOUS] * cpus
        self._signalled[:] = [False] * cpus
        self._unanswered[:] = [False] * cpus
        for taken in self._taken:
            taken.clear()

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

    def _is_highest(self, cpu: int, number: int) -> bool:
        """The CPU interface considers the highest priority pending interrupt and no other (3.3).

        One that the mask stops is not in the way: the mask stops what comes after it too.
        """
        top = self._highest[cpu]
        if top in {SPURIOUS, number} or not self._above_mask(cpu, top):
            return True
        priorities = self._priorities[cpu]
        return (priorities[number], number) < (priorities[top], top)

    def _enable_of_group(self, cpu: int, number: int) -> Place:
        group = "EnableGrp1" if self._in_group1(cpu, number) else "EnableGrp0"
        return Place("GICC_CTLR", group)

    def signals_as_fiq(self, cpu: int, number: int) -> bool:
        """Group 0 is signalled as FIQ where GICC_CTLR says so (4.4.1)."""
        return self._control[cpu] & FIQ_EN != 0 and not self._in_group1(cpu, number)

    def _signals_as_irq(self, cpu: int, number: int) -> bool:
        return not self.signals_as_fiq(cpu, number)

    RULES: ClassVar = (
        Rule("passes the mask", Place("GICC_PMR", "Priority"),
             "a mask number above {priority:#04x}, the priority of irq {irq}",
             "IHI 0048B 3.3; 4.4.2",
             test=_above_mask, wants=0xFF,
             says="the core's priority mask {mask:#04x} lets through only lower numbers, which are "
                  "more urgent, and its priority is {priority:#04x}"),
        Rule("may pre-empt", Place("GICC_RPR", "Priority"),
             "the end of the interrupt that runs: {priority:#04x}, the priority of irq {irq}, is "
             "no lower number than that interrupt's, in the bits {bits:#04x} that are compared "
             "(a lower number is more urgent)",
             "IHI 0048B 3.3; 4.4.1; 4.4.6",
             test=_preempts, opens=Opens.END, ends_by="GICC_EOIR",
             says="its priority {priority:#04x} is no more urgent than {running:#04x}, that of "
                  "the interrupt that runs"),
        Rule("group signalled", _enable_of_group,
             "the CPU interface to signal the interrupt's group", "IHI 0048B 4.4.1",
             test=_group_signalled, wants=1,
             says="the CPU interface does not signal the interrupt's group"),
    )  # fmt: skip
    TESTS: ClassVar = tests_of(RULES)
    CHOICE: ClassVar = (
        Rule("comes first", Place("GICC_HPPIR", "PENDINTID"),
             "the pending interrupt that comes first, irq {top}, to be taken",
             "IHI 0048B 3.3; 4.4.7", test=_is_highest, opens=Opens.EVENT,
             says="irq {top} is pending too, and comes first", chooses=True),
    )  # fmt: skip
    """What :meth:`Distributor.forwarded` has chosen; the other rules are asked for that one."""
    LINES: ClassVar = {
        "irq": Rule("signalled as IRQ", Place("GICC_CTLR", "FIQEn"),
                    "GICC_CTLR.FIQEn to be 0, or the interrupt to be of group 1",
                    "IHI 0048B 4.4.1", test=_signals_as_irq, wants=0, says="group 0 goes to FIQ"),
        "fiq": Rule("signalled as FIQ", Place("GICC_CTLR", "FIQEn"),
                    "the interrupt to be of group 0, and GICC_CTLR.FIQEn to be 1",
                    "IHI 0048B 4.4.1", test=signals_as_fiq, says="group 1 goes to IRQ"),
    }  # fmt: skip
    """With the Security Extensions the way forks where group 0 is signalled as FIQ."""

    def update(self, cpu: int) -> None:
        """Look at what is forwarded to a core, and drive its two lines."""
        number = self._highest[cpu] = self._forwarded(cpu)
        irq, fiq = number != SPURIOUS, False
        if irq:
            for test in self.TESTS:
                if not test(self, cpu, number):
                    irq = False
                    break
            else:
                fiq = self._control[cpu] & FIQ_EN != 0 and self.signals_as_fiq(cpu, number)
                irq = not fiq
                self._unanswered[cpu] = True
        self._signalled[cpu] = irq or fiq
        if self._irq[cpu].level is not irq:
            self._irq[cpu].set(irq)
        if self._fiq[cpu].level is not fiq:
            self._fiq[cpu].set(fiq)

    # -- views --------------------------------------------------------------------------------

    def gates(self, number: int, cpu: int) -> list[Gate]:
        """How its rules stand for one interrupt."""
        bits = self._group_bits(cpu, self._in_group1(cpu, number))
        priority, top = self._priorities[cpu][number], self._highest[cpu]
        last = next(reversed(self._taken[cpu]), None)
        words = {"priority": priority, "bits": bits, "top": top, "irq": number,
                 "mask": self._mask[cpu], "running": self._running[cpu]}  # fmt: skip
        chosen = top == number and self._above_mask(cpu, number)
        gates = [
            rule.gate(self, self.regs, number, cpu, ends_with=last, chosen=chosen, **words)
            for rule in (*self.CHOICE, *self.RULES)
        ]
        if self._security:
            gates = [self._for_secure(gate, number, cpu) for gate in gates]
        if self._distributor.forwards_group(self._in_group1(cpu, number)):
            return gates
        # What is to be signalled is the distributor's business first.
        return [
            replace(gate, opens=Opens.EVENT) if gate.name == "group signalled" else gate
            for gate in gates
        ]

    def _for_secure(self, gate: Gate, number: int, cpu: int) -> Gate:
        """Who can open it, where that is secure software alone."""
        if gate.name == "group signalled" and not self._in_group1(cpu, number):
            return replace(gate, needs=f"{gate.needs}, {SECURE}")
        if gate.name == "passes the mask" and self._mask[cpu] < LOWER_HALF:
            return replace(gate, needs=f"{gate.needs}, {IN_UPPER_HALF}")
        return gate

    def lines(self, cpu: int, number: int) -> tuple[str, ...]:
        """The core's lines that an interrupt may leave by, the one that it does first."""
        line = "fiq" if self.signals_as_fiq(cpu, number) else "irq"
        if not (self._security and self._control[cpu] & FIQ_EN):
            return (line,)
        return line, "irq" if line == "fiq" else "fiq"

    def line_gate(self, number: int, cpu: int, line: str) -> Gate | None:
        """Which line it is; None where there is only one."""
        if len(self.lines(cpu, number)) == 1:
            return None
        return self.LINES[line].gate(self, self.regs, number, cpu)
