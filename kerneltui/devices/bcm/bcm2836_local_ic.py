"""BCM2836 local interrupt controller, as on the Raspberry Pi 2 and 3.

Document: QA7, "ARM Quad A7 core", revision 3.4 (18-08-2014).  Modelled: the routing of every
interrupt to the IRQ or FIQ of the four cores, the sixteen mailboxes, the local timer, and reads of
the 64-bit core timer.  Not modelled: the core timer's clock selection, prescaler and writes (the
counter runs as the boot firmware leaves it, from the crystal undivided), and the AXI monitor
(its interrupt is an input of the model).

The local timer is described in :mod:`kerneltui.devices.bcm.bcm2836_local_timer`, the routing in
:mod:`kerneltui.devices.bcm.bcm2836_local_routing`.
"""

from __future__ import annotations

from functools import partial

import msgspec

from kerneltui.devices.bcm.bcm2836_local_ic_registers import (
    BCM2836_LOCAL,
    CORES,
    EVERY_CORE,
    MAILBOXES,
)
from kerneltui.devices.bcm.bcm2836_local_routing import (
    AXI,
    GPU,
    GPU_FIQ,
    GPU_IRQ_CORE,
    LOCAL_TIMER,
    MAILBOX0,
    PIN_OF,
    PINS,
    SHARED_PINS,
    SOURCES,
    TIMER_CORE,
    Routing,
)
from kerneltui.devices.bcm.bcm2836_local_timer import LocalTimer
from kerneltui.hw.clock import Clock, ns_to_ticks
from kerneltui.hw.device import InterruptState
from kerneltui.hw.hooks import shared_hook
from kerneltui.hw.line import Sink

MAILBOX_BITS = (1 << MAILBOXES) - 1 << MAILBOX0


class Config(msgspec.Struct, frozen=True):
    """``crystal_hz``: the oscillator; 19.2 MHz on the Raspberry Pi 2 and 3."""

    crystal_hz: int = 19_200_000

    def __post_init__(self) -> None:
        if not 1 <= self.crystal_hz < 1 << 32:
            raise ValueError(f"crystal_hz must be 1 to 4294967295, not {self.crystal_hz}")


class Bcm2836LocalIc(Routing):
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
        self.regs = self._file(self.TABLES[0])
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

    # -- views ----------------------------------------------------------------------------------

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
