"""BCM2836 local interrupt controller, as on the Raspberry Pi 2 and 3.

Document: QA7, "ARM Quad A7 core", revision 3.4 (18-08-2014).  Modelled: the routing of every
interrupt to the IRQ or FIQ of the four cores, the sixteen mailboxes, the local timer, and reads of
the 64-bit core timer.  Not modelled: the core timer's clock selection, prescaler and writes (the
counter runs as the boot firmware leaves it, from the crystal undivided), and the AXI monitor
(its interrupt is an input of the model).

The local timer is described in :mod:`kerneltui.devices.bcm.bcm2836_local_timer`.
"""

from __future__ import annotations

from functools import partial

import msgspec

from kerneltui.devices.bcm.bcm2836_local_ic_registers import (
    BCM2836_LOCAL,
    CORES,
    EVERY_CORE,
    FIQ_SHIFT,
    MAILBOXES,
    SOURCE_NAMES,
)
from kerneltui.devices.bcm.bcm2836_local_timer import LocalTimer
from kerneltui.hw.clock import Clock, ns_to_ticks
from kerneltui.hw.device import InterruptController, InterruptState
from kerneltui.hw.gate import Gate
from kerneltui.hw.hooks import shared_hook
from kerneltui.hw.line import Sink

MAILBOX0 = 4
GPU, PMU, AXI, LOCAL_TIMER = 8, 9, 10, 11
SOURCES = 12
# The GPU's FIQ is a wire of its own but shares bit 8 with its IRQ in the source registers.
GPU_FIQ = 12
PINS = {"cntpsirq": 0, "cntpnsirq": 1, "cnthpirq": 2, "cntvirq": 3, "pmu": PMU}
SHARED_PINS = {"gpu-irq": GPU, "gpu-fiq": GPU_FIQ, "axi": AXI}
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

    def _conditions(self, core: int) -> tuple[int, int, int, int]:
        """What the registers let pass, a bit for each source.

        ``enabled``: at the source, where it has an enable bit; ``here``: routed to this core;
        ``irq`` and ``fiq``: the two routing bits, where a FIQ bit overrides the IRQ bit (3.2.1).
        """
        enabled = (1 << (GPU_FIQ + 1)) - 1
        if not self._axi[0] & AXI_ENABLE:
            enabled &= ~(1 << AXI)
        if not self._timer_control[0] & TIMER_INT_ENABLE:
            enabled &= ~(1 << LOCAL_TIMER)
        gpu, local = self._gpu[0], self._local[0]
        here = (1 << GPU) - 1 | 1 << PMU
        here |= (GPU_IRQ_CORE.extract(gpu) == core) << GPU
        here |= (GPU_FIQ_CORE.extract(gpu) == core) << GPU_FIQ
        here |= (core == 0) << AXI | (TIMER_CORE.extract(local) == core) << LOCAL_TIMER
        timers, mailboxes = self._timers[core], self._mailbox_control[core]
        pmu = self._pmu[0] >> core
        irq = timers & IRQ_ROUTES | (mailboxes & IRQ_ROUTES) << MAILBOX0 | (pmu & 1) << PMU
        fiq = timers >> FIQ_SHIFT | mailboxes >> FIQ_SHIFT << MAILBOX0
        fiq |= (pmu >> FIQ_SHIFT & 1) << PMU
        irq |= 1 << GPU | 1 << AXI | 1 << LOCAL_TIMER
        fiq |= 1 << GPU_FIQ | TIMER_AS_FIQ.extract(local) << LOCAL_TIMER
        return enabled, here, irq, fiq

    def _route(self) -> None:
        """Recompute which sources reach which output, after a routing register has changed."""
        for core in EVERY_CORE:
            enabled, here, irq, fiq = self._conditions(core)
            self._irq_paths[core] = enabled & here & irq & ~fiq
            self._fiq_paths[core] = enabled & here & fiq
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
        enabled, here, irq, fiq = self._conditions(cpu)
        raised = self._raised[cpu]
        gpu_core = GPU_IRQ_CORE.extract(self._gpu[0])
        timer_core = TIMER_CORE.extract(self._local[0])
        targets = {GPU: (gpu_core,), AXI: (0,), LOCAL_TIMER: (timer_core,)}
        pins = {bit: pin for pin, bit in (*PINS.items(), *SHARED_PINS.items())}
        taken = enabled & here & (irq | fiq)
        return [
            InterruptState(
                number=number,
                source=f"local {number}",
                line=None if MAILBOX0 <= number < GPU else bool(raised >> number & 1),
                enabled=bool(taken >> number & 1),
                pending=bool(raised & taken & 1 << number),
                active=None,
                priority=None,
                targets=targets.get(number, (cpu,)),
                trigger="level",
                pin=pins.get(number, ""),
            )
            for number in range(SOURCES)
        ]

    def gates(self, number: int, cpu: int) -> list[Gate]:
        """The way of source ``number`` to the core's IRQ."""
        self._check(number)
        _, _, irq, fiq = self._conditions(cpu)
        register, field, lsb = self._routing_of(number, cpu)
        wanted, overridden = irq >> number & 1, fiq >> number & 1
        gates = [self._line_gate(number, cpu), *self._source_gates(number, cpu)]
        if number in (GPU, AXI):
            return gates
        if number != LOCAL_TIMER:
            needs, ref = f"a one in {register} bit {lsb}", "QA7 rev 3.4, 3.2.1"
            irq_field = f"{field}_IRQ"
            gates.append(
                Gate("routed to IRQ", bool(wanted), register, irq_field, wanted, needs, ref)
            )
            field, lsb = f"{field}_FIQ", lsb + FIQ_SHIFT
        needs = f"a zero in {register} bit {lsb}"
        if number == PMU:
            needs = f"a one written to PMU_INTERRUPT_ROUTING_CLEAR bit {lsb}"
        ref = "QA7 rev 3.4, 3.2"
        gates.append(
            Gate("not routed to FIQ", not overridden, register, field, overridden, needs, ref)
        )
        return gates

    def arriving_at(self, pin: str, cpu: int) -> tuple[int, str] | None:
        """Both GPU inputs are source 8, one of the IRQ and one of the FIQ."""
        if pin in {"gpu-irq", "gpu-fiq"}:
            return GPU, pin.removeprefix("gpu-")
        return super().arriving_at(pin, cpu)

    def output_for(self, number: int, cpu: int) -> str:
        """A source's FIQ bit overrides its IRQ bit (QA7 3.2)."""
        return "fiq" if number != GPU and self._conditions(cpu)[3] >> number & 1 else "irq"

    def fiq_gates(self, number: int, cpu: int) -> list[Gate]:
        """The way of source ``number`` to the core's FIQ; there is none for the AXI monitor."""
        self._check(number)
        inner = GPU_FIQ if number == GPU else number
        chosen = self._conditions(cpu)[3] >> inner & 1
        register, field, lsb = self._routing_of(number, cpu)
        gates = [self._line_gate(inner, cpu), *self._source_gates(inner, cpu)]
        if number == AXI:
            needs = "nothing: the AXI interrupt goes to core 0's IRQ only"
        else:
            if number != LOCAL_TIMER:
                field, lsb = f"{field}_FIQ", lsb + FIQ_SHIFT
            needs = f"a one in {register} bit {lsb}"
        if number != GPU:
            ref = "QA7 rev 3.4, 3.2"
            gates.append(Gate("routed to FIQ", bool(chosen), register, field, chosen, needs, ref))
        return gates

    def _check(self, number: int) -> None:
        if not 0 <= number < SOURCES:
            raise ValueError(f"{self.name} has sources 0 to {SOURCES - 1}")

    def _line_gate(self, inner: int, cpu: int) -> Gate:
        raised = value = self._raised[cpu] >> inner & 1
        register, field, needs = "", "level", "the device to raise its interrupt"
        if inner == GPU_FIQ:
            register = "GPU FIQ"
        elif inner == LOCAL_TIMER:
            register, field = "LOCAL_TIMER_CONTROL_STATUS", "INTERRUPT_FLAG"
            needs = "the local timer to count down to zero"
        elif MAILBOX0 <= inner < GPU:
            mailbox = cpu * MAILBOXES + inner - MAILBOX0
            register, field, value = f"MAILBOX{mailbox}_CLEAR", "BITS", self._mailboxes[mailbox]
            needs = "a store to the mailbox's set register"
        register = register or f"{SOURCE_NAMES[inner]} of core {cpu}"
        return Gate("raised", bool(raised), register, field, value, needs, "QA7 rev 3.4, 3.2")

    def _source_gates(self, inner: int, cpu: int) -> list[Gate]:
        """Enable bits at the source, and the choice of the core, where a source has them."""
        enabled, here, _, _ = self._conditions(cpu)
        gates = []
        if inner in (AXI, LOCAL_TIMER):
            is_axi = inner == AXI
            register = "AXI_OUTSTANDING_IRQ" if is_axi else "LOCAL_TIMER_CONTROL_STATUS"
            field = "ENABLE" if is_axi else "INTERRUPT_ENABLE"
            on = enabled >> inner & 1
            needs = f"a one in {register} bit {BCM2836_LOCAL[register][field].lsb}"
            ref = "QA7 rev 3.4, 4.8, 4.11"
            gates.append(Gate("enabled", bool(on), register, field, on, needs, ref))
        choices = {
            GPU: ("GPU_INTERRUPT_ROUTING", "GPU_IRQ", GPU_IRQ_CORE.extract(self._gpu[0])),
            GPU_FIQ: ("GPU_INTERRUPT_ROUTING", "GPU_FIQ", GPU_FIQ_CORE.extract(self._gpu[0])),
            LOCAL_TIMER: ("LOCAL_INTERRUPT_ROUTING", "CORE", TIMER_CORE.extract(self._local[0])),
            AXI: ("CORE0_INTERRUPT_SOURCE", "AXI", 0),
        }
        if inner in choices:
            register, field, core = choices[inner]
            needs = "nothing: core 0 only" if inner == AXI else f"core {cpu} in {register}"
            reached = bool(here >> inner & 1)
            ref = "QA7 rev 3.4, 3.2.2"
            gates.append(Gate("this core", reached, register, field, core, needs, ref))
        return gates

    def _routing_of(self, number: int, cpu: int) -> tuple[str, str, int]:
        """The register and field that choose IRQ or FIQ, and the lowest bit of it."""
        name = SOURCE_NAMES[number]
        if number < MAILBOX0:
            return f"CORE{cpu}_TIMER_INTERRUPT_CONTROL", name, number
        if number < GPU:
            return f"CORE{cpu}_MAILBOX_INTERRUPT_CONTROL", name, number - MAILBOX0
        if number == PMU:
            return "PMU_INTERRUPT_ROUTING_SET", f"PMU{cpu}", cpu
        if number == LOCAL_TIMER:
            return "LOCAL_INTERRUPT_ROUTING", "FIQ", TIMER_AS_FIQ.lsb
        return f"CORE{cpu}_FIQ_SOURCE", name, number
