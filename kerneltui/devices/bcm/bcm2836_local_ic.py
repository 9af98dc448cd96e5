"""BCM2836 local interrupt controller, as on the Raspberry Pi 2 and 3.

Document: QA7, "ARM Quad A7 core", revision 3.4 (18-08-2014).  Modelled: the routing of every
interrupt to the IRQ or FIQ of the four cores, the sixteen mailboxes, the local timer, and reads of
the 64-bit core timer.  Not modelled: the core timer's clock selection, prescaler and writes (the
counter runs as the boot firmware leaves it, from the crystal undivided), and the AXI monitor
(its interrupt is an input of the model).

The local timer is described in :mod:`kerneltui.devices.bcm.bcm2836_local_timer`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

import msgspec

from kerneltui.devices.bcm.bcm2836_local_ic_registers import (
    BCM2836_LOCAL,
    CORES,
    EVERY_CORE,
    FIQ_SHIFT,
    MAILBOXES,
    SOURCE_NAMES,
)
from kerneltui.devices.bcm.bcm2836_local_timer import ENABLE as TIMER_ENABLE
from kerneltui.devices.bcm.bcm2836_local_timer import FLAG as TIMER_FLAG
from kerneltui.devices.bcm.bcm2836_local_timer import RELOAD as TIMER_RELOAD
from kerneltui.devices.bcm.bcm2836_local_timer import LocalTimer
from kerneltui.hw.clock import Clock, ns_to_ticks
from kerneltui.hw.device import Cause, Entrance, InterruptController, InterruptState, Passage
from kerneltui.hw.hooks import shared_hook
from kerneltui.hw.line import Sink
from kerneltui.hw.rule import Gate, Opens, Place, Rule

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
MAILBOX_BITS = (1 << MAILBOXES) - 1 << MAILBOX0

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


class Config(msgspec.Struct, frozen=True):
    """``crystal_hz``: the oscillator; 19.2 MHz on the Raspberry Pi 2 and 3."""

    crystal_hz: int = 19_200_000

    def __post_init__(self) -> None:
        if not 1 <= self.crystal_hz < 1 << 32:
            raise ValueError(f"crystal_hz must be 1 to 4294967295, not {self.crystal_hz}")


class Bcm2836LocalIc(InterruptController):
    """The controller; outputs ``irq`` and ``fiq``, one line a core.

    Inputs of each core: ``cntpsirq``, ``cntpnsirq``, ``cnthpirq``, ``cntvirq``, ``pmu``; of the
    whole chip: ``gpu-irq``, ``gpu-fiq``, ``axi``.
    """

    COMPATIBLE = "brcm,bcm2836-l1-intc"
    NUMBERING = "local"
    TABLES = (BCM2836_LOCAL,)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self.regs = self._file(BCM2836_LOCAL)
        self._gpu = self.regs.store("GPU_INTERRUPT_ROUTING")
        self._pmu = self.regs.store("PMU_ROUTING")
        self._local = self.regs.store("LOCAL_INTERRUPT_ROUTING")
        self._axi = self.regs.store("AXI_OUTSTANDING_IRQ")
        self._timer_control = self.regs.store("LOCAL_TIMER_CONTROL_STATUS")
        self._timers = self.regs.store("CORE_TIMER_INTERRUPT_CONTROL")
        self._mailbox_control = self.regs.store("CORE_MAILBOX_INTERRUPT_CONTROL")
        self._mailboxes = self.regs.store("MAILBOX_CLEAR")
        self._irqs = self._output("irq", CORES)
        self._fiqs = self._output("fiq", CORES)
        self._raised = [0] * CORES
        self._irq_paths = [0] * CORES
        self._fiq_paths = [0] * CORES
        self._held_ms = 0
        self._timer = LocalTimer(
            f"{name}.LOCAL_TIMER",
            control=self._timer_control,
            crystal_hz=config.crystal_hz,
            clock=clock,
            flag_changed=self._timer_flag_changed,
        )
        self.reset()

    def reset(self) -> None:
        """Nothing routed but the GPU and the local timer, both to core 0; mailboxes empty."""
        self.regs.reset()
        self._held_ms = 0
        for core in EVERY_CORE:
            self._raised[core] &= ~(MAILBOX_BITS | 1 << LOCAL_TIMER)
        self._timer.reset()
        self._route()

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        if number == 0 and 0 <= cpu < CORES:
            if pin in PINS:
                return partial(self._set_pin, (cpu,), 1 << PINS[pin])
            if pin in SHARED_PINS:
                return partial(self._set_pin, EVERY_CORE, 1 << SHARED_PINS[pin])
        raise ValueError(
            f"{self.name} ({self.COMPATIBLE}) has no input {pin!r} {number} of core {cpu}: only "
            f"{', '.join((*PINS, *SHARED_PINS))} of cores 0-{CORES - 1}"
        )

    def _set_pin(self, cores: tuple[int, ...], bit: int, level: bool) -> None:
        for core in cores:
            raised = self._raised[core]
            self._raised[core] = raised | bit if level else raised & ~bit
        self._update(cores)

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
        "enabled", _switch_of, "the source's enable bit to be 1", "QA7 rev 3.4, 4.8, 4.11",
        test=_switched_on, bitmap=True, wants=1, says="the source is not enabled",
    )  # fmt: skip
    HERE: ClassVar = Rule(
        "this core", _choice_of_core, "to be led to this core", "QA7 rev 3.4, 3.2.2",
        test=_placed_here, bitmap=True, wants=_this_core, says="it is led to another core",
    )  # fmt: skip
    TO_IRQ: ClassVar = (
        (ENABLED, SWITCHED),
        (HERE, PLACED),
        (Rule("routed to IRQ", _irq_bit_of, "the source's IRQ bit to be 1", "QA7 rev 3.4, 3.2.1",
              test=_irq_bits, bitmap=True, wants=1, says="it is not routed to the core's IRQ"),
         BOTH_WAYS),
        (Rule("not routed to FIQ", _fiq_bit_cleared, "the source's FIQ bit to be 0",
              "QA7 rev 3.4, 3.2.1, 4.11", test=_no_fiq_bits, bitmap=True, wants=_clears_fiq,
              says="it is routed to the core's FIQ"),
         TURNED),
    )  # fmt: skip
    """Rules of registers, each with the sources that it concerns."""
    TO_FIQ: ClassVar = (
        (ENABLED, SWITCHED),
        (HERE, PLACED),
        (Rule("routed to FIQ", _fiq_bit_of, "the source's FIQ bit to be 1",
              "QA7 rev 3.4, 3.2.1, 4.11", test=_fiq_bits, bitmap=True, wants=1,
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

    # -- registers ------------------------------------------------------------------------------

    def peek_CORE_INTERRUPT_SOURCE(self, index: int, cpu: int) -> int:
        """Sources on their way to the core's IRQ; one that is routed elsewhere does not show."""
        return self._raised[index] & self._irq_paths[index]

    def peek_CORE_FIQ_SOURCE(self, index: int, cpu: int) -> int:
        """Sources on their way to the core's FIQ; the GPU's is bit 8 as in the IRQ register."""
        sources = self._raised[index] & self._fiq_paths[index]
        return sources & (1 << SOURCES) - 1 | sources >> GPU_FIQ << GPU

    @shared_hook("write", "GPU_INTERRUPT_ROUTING", "LOCAL_INTERRUPT_ROUTING")
    @shared_hook("write", "PMU_INTERRUPT_ROUTING_SET", "PMU_INTERRUPT_ROUTING_CLEAR")
    @shared_hook("write", "CORE_TIMER_INTERRUPT_CONTROL", "CORE_MAILBOX_INTERRUPT_CONTROL")
    @shared_hook("write", "AXI_OUTSTANDING_IRQ")
    def _routing_written(self, index: int, cpu: int, value: int) -> None:
        """A level that is high leaves the old core and goes to the new one (4.4)."""
        self._route()

    def write_MAILBOX_SET(self, index: int, cpu: int, value: int) -> None:
        """Bits that are set already stay so: several senders may share a mailbox (3.3, 4.1)."""
        core, mailbox = divmod(index, MAILBOXES)
        if value & 0xFFFF_FFFF:
            self._tell_pending(MAILBOX0 + mailbox, core, self._mailboxes[index] != 0)
        self._mailboxes[index] |= value & 0xFFFF_FFFF
        self.write_MAILBOX_CLEAR(index, cpu, value)

    def write_MAILBOX_CLEAR(self, index: int, cpu: int, value: int) -> None:
        """A mailbox interrupts as long as it is not zero (3.3)."""
        core, mailbox = divmod(index, MAILBOXES)
        self._set_pin((core,), 1 << (MAILBOX0 + mailbox), self._mailboxes[index] != 0)

    # -- core timer -----------------------------------------------------------------------------

    def _core_count(self) -> int:
        return ns_to_ticks(self.clock.now, self.config.crystal_hz)

    def peek_CORE_TIMER_ACCESS_LS(self, index: int, cpu: int) -> int:
        """The counter behind the cores' generic timers, low half."""
        return self._core_count() & 0xFFFF_FFFF

    def read_CORE_TIMER_ACCESS_LS(self, index: int, cpu: int) -> int:
        """Holds the high half, so that the two reads belong together (3.1.2)."""
        self._held_ms = self._core_count() >> 32 & 0xFFFF_FFFF
        return self._core_count() & 0xFFFF_FFFF

    def peek_CORE_TIMER_ACCESS_MS(self, index: int, cpu: int) -> int:
        """The held high half, not the present one (3.1.2)."""
        return self._held_ms

    # -- local timer ----------------------------------------------------------------------------

    def write_LOCAL_TIMER_CONTROL_STATUS(self, index: int, cpu: int, value: int) -> None:
        """A store changes the timer's control but not its flag (4.11)."""
        self._timer.control_written()
        self._route()

    def write_LOCAL_TIMER_CLEAR_RELOAD(self, index: int, cpu: int, value: int) -> None:
        """The two commands of the local timer (4.11)."""
        self._timer.clear_reload_written(value)

    def _timer_flag_changed(self, flag: bool) -> None:
        """The flag is a level: it interrupts until software clears it (4.11)."""
        if flag:
            core = TIMER_CORE.extract(self._local[0])
            again = self._raised[core] >> LOCAL_TIMER & 1 != 0
            self._tell_pending(LOCAL_TIMER, core, again)
        self._set_pin(EVERY_CORE, 1 << LOCAL_TIMER, flag)

    # -- explanation ----------------------------------------------------------------------------

    def interrupts(self, cpu: int) -> list[InterruptState]:
        return [self._state(number, cpu) for number in range(SOURCES)]

    def interrupt(self, number: int, cpu: int) -> InterruptState | None:
        return self._state(number, cpu) if 0 <= number < SOURCES else None

    def _state(self, number: int, cpu: int) -> InterruptState:
        raised = self._raised[cpu] >> number & 1 != 0
        taken = (self._irq_paths[cpu] | self._fiq_paths[cpu]) >> number & 1 != 0
        return InterruptState(
            number=number,
            source=f"local {number}",
            line=None if MAILBOX0 <= number < GPU else raised,
            enabled=taken,
            pending=raised and taken,
            active=None,
            priority=None,
            targets=(self._target(number, cpu),),
            trigger="level",
            pin=PIN_OF.get(number, ""),
        )

    def _target(self, number: int, cpu: int) -> int:
        """Some sources go to one core only, whoever asks."""
        if number == GPU:
            return GPU_IRQ_CORE.extract(self._gpu[0])
        if number == LOCAL_TIMER:
            return TIMER_CORE.extract(self._local[0])
        return 0 if number == AXI else cpu

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
            ref="QA7 rev 3.4, 3.2",
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
        "QA7 rev 3.4, 3.3", test=_raised_at, bitmap=True, opens=Opens.EVENT,
        says="the mailbox is empty",
    )  # fmt: skip
    FLAG_SET: ClassVar = Rule(
        "flag set", Place("LOCAL_TIMER_CONTROL_STATUS", "INTERRUPT_FLAG"),
        "the local timer to count down to zero", "QA7 rev 3.4, 4.11",
        test=_raised_at, bitmap=True, opens=Opens.EVENT,
        says="the local timer has not reached zero",
    )  # fmt: skip
    TIMER: ClassVar = (
        Rule("timer enabled", Place("LOCAL_TIMER_CONTROL_STATUS", "TIMER_ENABLE"),
             "TIMER_ENABLE to be 1", "QA7 rev 3.4, 4.11", test=_has_counted, wants=1,
             says="the local timer is switched off"),
        Rule("has a period", Place("LOCAL_TIMER_CONTROL_STATUS", "RELOAD"),
             "a re-load value", "QA7 rev 3.4, 4.11", test=_has_period,
             says="the local timer stays at zero, as its re-load value is 0"),
        FLAG_SET,
    )  # fmt: skip
    """The flag is what interrupts; the rules before it are what it takes to be set again."""
