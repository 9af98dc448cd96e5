"""BCM2711 legacy interrupt controller ("ARMC"), as on the Raspberry Pi 4.

Document: BCM2711 ARM Peripherals (2022), 6.2.3 and 6.5.3.  Modelled: all registers, the 64 sources
of the VideoCore, the 8 of the Arm side, the 8 that software raises, and an IRQ and a FIQ for each
core.  The names of registers are those of the manual, from 0x200 of the block on.

Each source is level sensitive: it is pending for a core while it is up and the core's enable bit
for it is set.  There is no priority, and nothing is acknowledged.  Who has the cores is chosen
outside: the firmware gives them to this controller with ``enable_gic=0``, else to the GIC-400.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

import msgspec

from kerneltui.devices.bcm.bcm2711_armc_registers import (
    ANYTHING,
    ARM_SOURCES,
    BCM2711_ARMC,
    BLOCKS,
    CORES,
    DISABLES,
    ENABLES,
    FIRST_ARM,
    FIRST_SOFTWARE,
    GPU_SOURCES,
    KINDS,
    PENDING,
    SOFTWARE_SOURCES,
    SOURCES,
    SUMMARY_1,
    SUMMARY_2,
)
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Cause, Entrance, InterruptController, InterruptState, Passage
from kerneltui.hw.hooks import shared_hook, variant_hook
from kerneltui.hw.line import Sink
from kerneltui.hw.rule import Gate, Opens, Place, Rule

WORD = 0xFFFF_FFFF
EVERY_SOURCE = (1 << SOURCES) - 1
SOFTWARE_BITS = (1 << SOFTWARE_SOURCES) - 1 << FIRST_SOFTWARE
REF = "BCM2711 ARM Peripherals, 6.5.3"


def source_name(number: int) -> str:
    """How people call a source: ``GPU 57``, ``ARM 1``, ``software 0``."""
    if number < FIRST_ARM:
        return f"GPU {number}"
    if number < FIRST_SOFTWARE:
        return f"ARM {number - FIRST_ARM}"
    return f"software {number - FIRST_SOFTWARE}"


NUMBERS = {source_name(number).lower(): number for number in range(FIRST_SOFTWARE)}
"""By pin, as a board file names it."""


class Config(msgspec.Struct, frozen=True):
    """The chip has no parameters."""


class Bcm2711Armc(InterruptController):
    """The controller; inputs ``gpu`` 0-63 and ``arm`` 0-7, outputs ``irq`` and ``fiq`` by core."""

    COMPATIBLE = "brcm,bcm2711-armctrl-ic"
    NUMBERED_PINS = frozenset(("gpu", "arm"))
    NUMBERING = "peripheral"
    TABLES = (BCM2711_ARMC,)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self.regs = self._file(BCM2711_ARMC)
        self._enabled = [self.regs.store(f"{kind}{core}_ENABLED") for kind, core in BLOCKS]
        self._software = self.regs.store("SWIRQ")
        self._lines = [*self._output("irq", CORES), *self._output("fiq", CORES)]
        self._levels = 0
        self._paths = [0] * len(BLOCKS)
        self.reset()

    def reset(self) -> None:
        """Nothing is enabled, and nothing raised by software; the inputs stay."""
        self.regs.reset()
        self._levels &= ~SOFTWARE_BITS
        self._route()

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        sources = {"gpu": GPU_SOURCES, "arm": ARM_SOURCES}.get(pin, 0)
        if not 0 <= number < sources:
            raise ValueError(
                f"{self.name} ({self.COMPATIBLE}) has no input {pin!r} {number}: "
                f"only 'gpu' 0-{GPU_SOURCES - 1} and 'arm' 0-{ARM_SOURCES - 1}"
            )
        return partial(self._set_level, 1 << number + (FIRST_ARM if pin == "arm" else 0))

    def _set_level(self, bit: int, level: bool) -> None:
        self._levels = self._levels | bit if level else self._levels & ~bit
        self._update()

    # -- the rules ----------------------------------------------------------------------------

    def _enabled_as_irq(self, cpu: int) -> int:
        return self._enabled[cpu][0]

    def _enabled_as_fiq(self, cpu: int) -> int:
        return self._enabled[CORES + cpu][0]

    def _is_up(self, _cpu: int) -> int:
        return self._levels

    ENABLED: ClassVar = {
        "IRQ": Rule(
            "enabled as IRQ", lambda _owner, cpu, _number: Place(f"IRQ{cpu}_SET_EN_", each=1),
            "a one written to the source's bit", REF, test=_enabled_as_irq, bitmap=True, wants=1,
            says="the source is not enabled as an IRQ of this core",
        ),
        "FIQ": Rule(
            "enabled as FIQ", lambda _owner, cpu, _number: Place(f"FIQ{cpu}_SET_EN_", each=1),
            "a one written to the source's bit", REF, test=_enabled_as_fiq, bitmap=True, wants=1,
            says="the source is not enabled as an FIQ of this core",
        ),
    }  # fmt: skip
    RAISED: ClassVar = Rule(
        "raised", Place("IRQ_STATUS", each=1), "the source to come up", REF, test=_is_up,
        bitmap=True, opens=Opens.EVENT, says="its line is low",
    )  # fmt: skip

    def _route(self) -> None:
        """Apply the rules of registers, after one has changed."""
        for block, (kind, core) in enumerate(BLOCKS):
            test = self.ENABLED[kind].test
            self._paths[block] = EVERY_SOURCE if test is None else test(self, core)
        self._update()

    def _update(self) -> None:
        levels = self._levels
        for path, line in zip(self._paths, self._lines, strict=True):
            line.set(levels & path != 0)

    # -- registers ----------------------------------------------------------------------------

    @variant_hook("peek", PENDING)
    def _peek_pending(self, block: int, index: int, cpu: int) -> int:
        """The third register says too whether the first two have anything."""
        pending = self._levels & self._paths[block]
        word = pending >> 32 * index & WORD
        if index == 2:
            first, second = pending & WORD, pending >> 32 & WORD
            word |= (SUMMARY_1 if first else 0) | (SUMMARY_2 if second else 0)
            word |= ANYTHING if pending else 0
        return word

    def peek_IRQ_STATUS(self, index: int, cpu: int) -> int:
        """The levels themselves."""
        return self._levels >> 32 * index & WORD

    @shared_hook("write", *ENABLES)
    @shared_hook("write", *DISABLES)
    def _enables_written(self, index: int, cpu: int, value: int) -> None:
        """An enabled source that is up interrupts at once: levels, not edges."""
        self._route()

    def write_SWIRQ_SET(self, index: int, cpu: int, value: int) -> None:
        """A source that software raises stays up until software withdraws it."""
        before = self._levels
        self._levels = before & ~SOFTWARE_BITS | self._software[0] << FIRST_SOFTWARE
        for bit in range(SOFTWARE_SOURCES):
            if value >> bit & 1:
                number = FIRST_SOFTWARE + bit
                self._tell_pending(number, cpu, before >> number & 1 != 0)
        self._update()

    def write_SWIRQ_CLEAR(self, index: int, cpu: int, value: int) -> None:
        """See :meth:`write_SWIRQ_SET`."""
        self._levels = self._levels & ~SOFTWARE_BITS | self._software[0] << FIRST_SOFTWARE
        self._update()

    # -- explanation --------------------------------------------------------------------------

    def interrupts(self, cpu: int) -> list[InterruptState]:
        return [self._state(number, cpu) for number in range(SOURCES)]

    def notable(self, cpu: int, numbers: set[int]) -> list[InterruptState]:
        notable = self._levels | self._enabled[cpu][0] | self._enabled[CORES + cpu][0]
        return [
            self._state(number, cpu)
            for number in range(SOURCES)
            if notable >> number & 1 or number in numbers
        ]

    def interrupt(self, number: int, cpu: int) -> InterruptState | None:
        return self._state(number, cpu) if 0 <= number < SOURCES else None

    def _state(self, number: int, cpu: int) -> InterruptState:
        enabled = self._enabled[cpu][0] | self._enabled[CORES + cpu][0]
        taken, up = enabled >> number & 1 != 0, self._levels >> number & 1 != 0
        is_wire = number < FIRST_SOFTWARE
        return InterruptState(
            number=number,
            source=source_name(number),
            line=up if is_wire else None,
            enabled=taken,
            pending=up and taken,
            active=None,
            priority=None,
            targets=tuple(core for core in range(CORES) if self._reaches(number, core)),
            trigger="level",
            pin=source_name(number).lower() if is_wire else "",
        )

    def _reaches(self, number: int, core: int) -> bool:
        return (self._enabled[core][0] | self._enabled[CORES + core][0]) >> number & 1 != 0

    def entrance(self, pin: str, cpu: int) -> Entrance | None:
        return NUMBERS.get(pin)

    def passages(self, entrance: Entrance, cpu: int) -> list[Passage]:
        """The ways to the core's IRQ and FIQ; a source may take both."""
        if not isinstance(entrance, int) or not 0 <= entrance < SOURCES:
            raise ValueError(f"{self.name} has sources 0 to {SOURCES - 1}")
        return [
            Passage(partial(self._gates_to, kind, entrance, cpu), kind.lower()) for kind in KINDS
        ]

    def _gates_to(self, kind: str, number: int, cpu: int) -> Iterator[Gate]:
        yield self._raised_gate(number, cpu)
        yield self.ENABLED[kind].gate(self, self.regs, number, cpu)

    def _raised_gate(self, number: int, cpu: int) -> Gate:
        return self.RAISED.gate(self, self.regs, number, cpu)

    def own_causes(self, number: int, cpu: int) -> list[Cause]:
        """What software raises comes from inside."""
        if number < FIRST_SOFTWARE:
            return []
        return [Cause("a store to SWIRQ_SET", (self._raised_gate(number, cpu),))]
