"""Where the interrupts of the BCM2836's local controller go, and why they do not arrive.

Document: QA7, "ARM Quad A7 core", revision 3.4; a part of
:mod:`kerneltui.devices.bcm.bcm2836_local_ic`.  Delivery and explanation have the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from kerneltui.devices.bcm.bcm2836_local_ic_registers import (
    BCM2836_LOCAL,
    EVERY_CORE,
    FIQ_SHIFT,
    MAILBOXES,
    SOURCE_NAMES,
)
from kerneltui.devices.bcm.bcm2836_local_timer import ENABLE as TIMER_ENABLE
from kerneltui.devices.bcm.bcm2836_local_timer import FLAG as TIMER_FLAG
from kerneltui.devices.bcm.bcm2836_local_timer import RELOAD as TIMER_RELOAD
from kerneltui.devices.bcm.bcm2836_local_timer import LocalTimer
from kerneltui.hw.device import Cause, Entrance, InterruptController, Passage
from kerneltui.hw.line import Line
from kerneltui.hw.manual import OR, cited
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Gate, Opens, Place, Rule

RPI4 = OR + "BCM2711 ARM Peripherals, 6.5.2"
"""What comes behind a citation: where the Raspberry Pi 4 has it."""
MAILBOX0 = 4
GPU, PMU, AXI, LOCAL_TIMER = 8, 9, 10, 11
SOURCES = 12
# The GPU's FIQ is a wire of its own but shares bit 8 with its IRQ in the source registers.
GPU_FIQ = 12
PINS = {"cntpsirq": 0, "cntpnsirq": 1, "cnthpirq": 2, "cntvirq": 3, "pmu": PMU}
SHARED_PINS = {"gpu-irq": GPU, "gpu-fiq": GPU_FIQ, "axi": AXI}
PIN_OF = {source: pin for pin, source in (*PINS.items(), *SHARED_PINS.items())}
AXI_ENABLE = BCM2836_LOCAL["AXI_OUTSTANDING_IRQ"]["ENABLE"].mask
TIMER_INT_ENABLE = BCM2836_LOCAL["LOCAL_TIMER_CONTROL_STATUS"]["INTERRUPT_ENABLE"].mask
GPU_IRQ_CORE, GPU_FIQ_CORE = (
    BCM2836_LOCAL["GPU_INTERRUPT_ROUTING"][name] for name in ("GPU_IRQ", "GPU_FIQ")
)
TIMER_CORE, TIMER_AS_FIQ = (
    BCM2836_LOCAL["LOCAL_INTERRUPT_ROUTING"][name] for name in ("CORE", "FIQ")
)
IRQ_ROUTES = (1 << FIQ_SHIFT) - 1
EVERY_SOURCE = (1 << GPU_FIQ + 1) - 1
SWITCHED = 1 << AXI | 1 << LOCAL_TIMER
"""Sources with an enable bit of their own."""
PLACED = 1 << GPU | 1 << GPU_FIQ | 1 << AXI | 1 << LOCAL_TIMER
"""Sources of the whole chip, which go to one core."""
BOTH_WAYS = (1 << GPU) - 1 | 1 << PMU
"""Sources with a bit for the IRQ, and one for the FIQ which overrides it (3.2.1)."""
TURNED = BOTH_WAYS | 1 << LOCAL_TIMER
"""Sources with a bit that makes a FIQ of them."""


def _routed(kind: str, number: int, cpu: int, pmu: str) -> Place:
    """The bit that routes a source of one core to its IRQ or FIQ."""
    if number == PMU:
        return Place(pmu, f"PMU{cpu}_{kind}")
    stem = "TIMER" if number < MAILBOX0 else "MAILBOX"
    return Place(f"CORE_{stem}_INTERRUPT_CONTROL", f"{SOURCE_NAMES[number]}_{kind}",
                 by_element=True, of=cpu)  # fmt: skip


class Routing(InterruptController):
    """The rules, and the state that they ask, which the controller keeps."""

    regs: RegisterFile
    _gpu: list[int]
    _pmu: list[int]
    _local: list[int]
    _axi: list[int]
    _timer_control: list[int]
    _timers: list[int]
    _mailbox_control: list[int]
    _timer: LocalTimer
    _irqs: list[Line]
    _fiqs: list[Line]
    _raised: list[int]
    """by core, the sources that are up"""
    _irq_paths: list[int]
    _fiq_paths: list[int]
    """by core, the sources that the registers let through"""

    # -- the rules ------------------------------------------------------------------------------

    def _raised_at(self, cpu: int) -> int:
        return self._raised[cpu]

    def _switched_on(self, _cpu: int) -> int:
        axi = self._axi[0] & AXI_ENABLE != 0
        timer = self._timer_control[0] & TIMER_INT_ENABLE != 0
        return axi << AXI | timer << LOCAL_TIMER

    def _placed_here(self, cpu: int) -> int:
        gpu, timer = self._gpu[0], TIMER_CORE.extract(self._local[0])
        here = (GPU_IRQ_CORE.extract(gpu) == cpu) << GPU
        here |= (GPU_FIQ_CORE.extract(gpu) == cpu) << GPU_FIQ
        return here | (cpu == 0) << AXI | (timer == cpu) << LOCAL_TIMER

    def _irq_bits(self, cpu: int) -> int:
        timers, mailboxes = self._timers[cpu] & IRQ_ROUTES, self._mailbox_control[cpu] & IRQ_ROUTES
        return timers | mailboxes << MAILBOX0 | (self._pmu[0] >> cpu & 1) << PMU

    def _fiq_bits(self, cpu: int) -> int:
        timers, mailboxes = self._timers[cpu], self._mailbox_control[cpu]
        bits = timers >> FIQ_SHIFT | mailboxes >> FIQ_SHIFT << MAILBOX0
        bits |= (self._pmu[0] >> cpu + FIQ_SHIFT & 1) << PMU
        return bits | TIMER_AS_FIQ.extract(self._local[0]) << LOCAL_TIMER

    def _no_fiq_bits(self, cpu: int) -> int:
        return ~self._fiq_bits(cpu)

    def _switch_of(self, _cpu: int, number: int) -> Place:
        if number == AXI:
            return Place("AXI_OUTSTANDING_IRQ", "ENABLE")
        return Place("LOCAL_TIMER_CONTROL_STATUS", "INTERRUPT_ENABLE")

    def _choice_of_core(self, cpu: int, number: int) -> Place:
        if number == AXI:  # nothing to choose: it is core 0's
            return Place("CORE_INTERRUPT_SOURCE", "AXI", by_element=True, of=cpu)
        if number == LOCAL_TIMER:
            return Place("LOCAL_INTERRUPT_ROUTING", "CORE")
        return Place("GPU_INTERRUPT_ROUTING", "GPU_IRQ" if number == GPU else "GPU_FIQ")

    def _this_core(self, cpu: int, number: int) -> int | None:
        return None if number == AXI else cpu

    def _irq_bit_of(self, cpu: int, number: int) -> Place:
        return _routed("IRQ", number, cpu, "PMU_INTERRUPT_ROUTING_SET")

    def _fiq_bit_of(self, cpu: int, number: int) -> Place:
        if number == LOCAL_TIMER:
            return Place("LOCAL_INTERRUPT_ROUTING", "FIQ")
        return _routed("FIQ", number, cpu, "PMU_INTERRUPT_ROUTING_SET")

    def _fiq_bit_cleared(self, cpu: int, number: int) -> Place:
        """Of the PMU's two registers the one by which software clears the bit (4.5)."""
        if number == PMU:
            return _routed("FIQ", number, cpu, "PMU_INTERRUPT_ROUTING_CLEAR")
        return self._fiq_bit_of(cpu, number)

    def _clears_fiq(self, _cpu: int, number: int) -> int:
        return 1 if number == PMU else 0

    ENABLED: ClassVar = Rule(
        "enabled", _switch_of, "the source's enable bit to be 1", "QA7 rev 3.4, 4.8, 4.11" + RPI4,
        test=_switched_on, bitmap=True, wants=1, says="the source is not enabled",
    )  # fmt: skip
    HERE: ClassVar = Rule(
        "this core", _choice_of_core, "to be led to this core", "QA7 rev 3.4, 3.2.2" + RPI4,
        test=_placed_here, bitmap=True, wants=_this_core, says="it is led to another core",
    )  # fmt: skip
    TO_IRQ: ClassVar = (
        (ENABLED, SWITCHED),
        (HERE, PLACED),
        (Rule("routed to IRQ", _irq_bit_of, "the source's IRQ bit to be 1",
              "QA7 rev 3.4, 3.2.1" + RPI4,
              test=_irq_bits, bitmap=True, wants=1, says="it is not routed to the core's IRQ"),
         BOTH_WAYS),
        (Rule("FIQ bit clear", _fiq_bit_cleared, "the source's FIQ bit to be 0",
              "QA7 rev 3.4, 3.2.1, 4.11" + RPI4, test=_no_fiq_bits, bitmap=True, wants=_clears_fiq,
              says="it is routed to the core's FIQ"),
         TURNED),
    )  # fmt: skip
    """Rules of registers, each with the sources that it concerns."""
    TO_FIQ: ClassVar = (
        (ENABLED, SWITCHED),
        (HERE, PLACED),
        (Rule("routed to FIQ", _fiq_bit_of, "the source's FIQ bit to be 1",
              "QA7 rev 3.4, 3.2.1, 4.11" + RPI4, test=_fiq_bits, bitmap=True, wants=1,
              says="it is not routed to the core's FIQ"),
         TURNED),
    )  # fmt: skip
    WAYS: ClassVar = {
        "irq": (TO_IRQ, EVERY_SOURCE & ~(1 << GPU_FIQ)),
        "fiq": (TO_FIQ, EVERY_SOURCE & ~(1 << GPU | 1 << AXI)),
    }
    """The rules of each output, and the sources that can get there."""

    def _paths(self, output: str, core: int) -> int:
        """The sources that the registers let through to an output of a core."""
        rules, open_ = self.WAYS[output]
        for rule, concerned in rules:
            if rule.test is not None:
                open_ &= rule.test(self, core) | ~concerned
        return open_

    def _route(self) -> None:
        """Recompute which sources reach which output, after a routing register has changed."""
        for core in EVERY_CORE:
            self._irq_paths[core] = self._paths("irq", core)
            self._fiq_paths[core] = self._paths("fiq", core)
        self._update()

    def _update(self, cores: tuple[int, ...] = EVERY_CORE) -> None:
        for core in cores:
            raised = self._raised[core]
            self._irqs[core].set(raised & self._irq_paths[core] != 0)
            self._fiqs[core].set(raised & self._fiq_paths[core] != 0)

    # -- explanation ----------------------------------------------------------------------------

    def entrance(self, pin: str, cpu: int) -> Entrance | None:
        """Source 8 is the GPU's IRQ; its FIQ is a wire of its own, without a number."""
        return pin if pin == "gpu-fiq" else PINS.get(pin, SHARED_PINS.get(pin))

    def passages(self, entrance: Entrance, cpu: int) -> list[Passage]:
        """The ways to the core's IRQ and FIQ, where the source has them."""
        source = GPU_FIQ
        if entrance != "gpu-fiq":
            if not isinstance(entrance, int) or not 0 <= entrance < SOURCES:
                raise ValueError(f"{self.name} has sources 0 to {SOURCES - 1}")
            source = entrance
        return [
            Passage(partial(self._gates_to, output, source, cpu), output)
            for output, (_, sources) in self.WAYS.items()
            if sources >> source & 1
        ]

    def _gates_to(self, output: str, source: int, cpu: int) -> Iterator[Gate]:
        yield self._raised_gate(source, cpu)
        for rule, concerned in self.WAYS[output][0]:
            if concerned >> source & 1:
                yield rule.gate(self, self.regs, source, cpu)

    def own_causes(self, number: int, cpu: int) -> list[Cause]:
        """The local timer, and the mailboxes, are inside."""
        if number == LOCAL_TIMER:
            due_ns = self._timer.due_ns
            gates = (rule.gate(self, self.regs, number, cpu, due_ns=due_ns) for rule in self.TIMER)
            return [Cause("the local timer", tuple(gates))]
        if MAILBOX0 <= number < GPU:
            title = f"mailbox {self._mailbox_of(cpu, number)}"
            return [Cause(title, (self._raised_gate(number, cpu),))]
        return []

    def _raised_gate(self, source: int, cpu: int) -> Gate:
        """What the source does.  No register shows the level of a wire that is not routed."""
        if source == LOCAL_TIMER:
            return self.FLAG_SET.gate(self, self.regs, source, cpu, due_ns=self._timer.due_ns)
        if MAILBOX0 <= source < GPU:
            mailbox = self._mailbox_of(cpu, source)
            return self.NOT_EMPTY.gate(self, self.regs, source, cpu, mailbox=mailbox)
        raised = self._raised[cpu] >> source & 1
        return Gate(
            "raised",
            bool(raised),
            register=PIN_OF[source],
            field="level",
            value=raised,
            needs="the device to raise its interrupt",
            ref=cited("QA7 rev 3.4, 3.2 | BCM2711 ARM Peripherals, 6.2.2", self.manual),
            opens=Opens.EVENT,
            says="its line is low",
        )

    @staticmethod
    def _mailbox_of(cpu: int, source: int) -> int:
        return cpu * MAILBOXES + source - MAILBOX0

    def _place_of_mailbox(self, cpu: int, source: int) -> Place:
        return Place("MAILBOX_CLEAR", "BITS", by_element=True, of=self._mailbox_of(cpu, source))

    def _has_counted(self, _cpu: int, _source: int) -> bool:
        return self._timer_control[0] & (TIMER_FLAG | TIMER_ENABLE) != 0

    def _has_period(self, _cpu: int, _source: int) -> bool:
        in_count = self._timer.due_ns is not None
        return in_count or self._timer_control[0] & (TIMER_FLAG | TIMER_RELOAD) != 0

    NOT_EMPTY: ClassVar = Rule(
        "mailbox not empty", _place_of_mailbox, "a store to MAILBOX{mailbox}_SET",
        "QA7 rev 3.4, 3.3" + RPI4, test=_raised_at, bitmap=True, opens=Opens.EVENT,
        says="the mailbox is empty",
    )  # fmt: skip
    FLAG_SET: ClassVar = Rule(
        "flag set", Place("LOCAL_TIMER_CONTROL_STATUS", "INTERRUPT_FLAG"),
        "the local timer to count down to zero", "QA7 rev 3.4, 4.11" + RPI4,
        test=_raised_at, bitmap=True, opens=Opens.EVENT,
        says="the local timer has not reached zero",
    )  # fmt: skip
    TIMER: ClassVar = (
        Rule("timer enabled", Place("LOCAL_TIMER_CONTROL_STATUS", "TIMER_ENABLE"),
             "TIMER_ENABLE to be 1", "QA7 rev 3.4, 4.11" + RPI4, test=_has_counted, wants=1,
             says="the local timer is switched off"),
        Rule("has a period", Place("LOCAL_TIMER_CONTROL_STATUS", "RELOAD"),
             "a re-load value", "QA7 rev 3.4, 4.11" + RPI4, test=_has_period,
             says="the local timer stays at zero, as its re-load value is 0"),
        FLAG_SET,
    )  # fmt: skip
    """The flag is what interrupts; the rules before it are what it takes to be set again."""
