"""BCM2835 interrupt controller ("armctrl"), as on the Raspberry Pi 1 to 3.

Document: BCM2835 ARM Peripherals (2012), chapter 7.  Modelled: all ten registers, the 64 GPU and
8 ARM inputs, the IRQ and the FIQ output.  Not modelled: nothing of the block is left out.

Each source is level sensitive: it is pending while its line is high and its enable bit is set, and
nothing is latched.  There is no priority.  The basic pending register repeats eleven GPU sources
that drivers often need; its bits 8 and 9 announce pending GPU sources other than those.  One
source of the 72 may be the FIQ; the enable bits do not matter to it, so a source that is selected
for FIQ and enabled as IRQ raises both, which section 7.3 advises against but does not prevent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import ClassVar

import msgspec

from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Entrance, InterruptController, InterruptState, Passage
from kerneltui.hw.hooks import shared_hook
from kerneltui.hw.line import Sink
from kerneltui.hw.register import RO, W1C, W1S, Access, Field, Register, RegisterTable, Role
from kerneltui.hw.rule import Gate, Opens, Place, Rule, required, tests_of

GPU_SOURCES = 64
ARM_SOURCES = 8
SOURCES = GPU_SOURCES + ARM_SOURCES

SHORTCUTS = (7, 9, 10, 18, 19, 53, 54, 55, 56, 57, 62)
"""The GPU sources that the basic pending register shows in its bits 10 to 20 (p. 113)."""

# One integer holds a bit for each source, laid out as the enable registers are: the ARM sources
# in the low word, then GPU 0-31, then GPU 32-63.
GPU_SHIFT = 32
WORD = 0xFFFF_FFFF
ARM_BITS = (1 << ARM_SOURCES) - 1
IMPLEMENTED = ARM_BITS | ((1 << GPU_SOURCES) - 1) << GPU_SHIFT
SHORTCUT_BITS = sum(1 << (GPU_SHIFT + source) for source in SHORTCUTS)
HIDDEN_1 = (WORD << GPU_SHIFT) & ~SHORTCUT_BITS
HIDDEN_2 = (WORD << 2 * GPU_SHIFT) & ~SHORTCUT_BITS

ARM_NAMES = (
    "ARM timer", "ARM mailbox", "ARM doorbell 0", "ARM doorbell 1", "GPU0 halted",
    "GPU1 halted or GPU0 halted", "Illegal access type 1", "Illegal access type 0",
)  # fmt: skip


def source_place(number: int) -> int:
    """Where source ``number`` (GPU 0-63, ARM 64-71, as FIQ_CONTROL counts them) has its bit."""
    return GPU_SHIFT + number if number < GPU_SOURCES else number - GPU_SOURCES


def source_bit(number: int) -> int:
    """Source ``number`` in the bitmaps."""
    return 1 << source_place(number)


SOURCE_BITS = tuple(map(source_bit, range(SOURCES)))


def source_name(number: int) -> str:
    """How people call source ``number``: ``GPU 57``, ``ARM 0``."""
    return f"GPU {number}" if number < GPU_SOURCES else f"ARM {number - GPU_SOURCES}"


NUMBERS = {source_name(number).lower(): number for number in range(SOURCES)}
"""By pin, as a board file names it."""


def _gpu(access: Access, doc: str) -> tuple[Field, ...]:
    return (Field("IRQS", 0, 32, access, doc, irq=0),)


def _arm(access: Access) -> tuple[Field, ...]:
    return tuple(Field(f"ARM{n}", n, 1, access, ARM_NAMES[n]) for n in range(ARM_SOURCES))


BCM2835_IC = RegisterTable(
    __name__,
    "BCM2835_IC",
    "BCM2835 interrupt controller",
    size=0x28,
    ref="BCM2835 ARM Peripherals, ch. 7",
    registers=(
        Register(
            "IRQ_BASIC_PENDING", 0x00,
            (
                *_arm(RO),
                Field("PENDING_1", 8, 1, RO, "A GPU source 0-31 without a bit here is pending"),
                Field("PENDING_2", 9, 1, RO, "A GPU source 32-63 without a bit here is pending"),
                *(Field(f"GPU{source}", 10 + place, 1, RO, f"GPU source {source}")
                  for place, source in enumerate(SHORTCUTS)),
            ),
            "Pending ARM sources, eleven chosen GPU sources, and whether others are", "p. 113",
            role_of_read=Role.IDENTIFY,
        ),
        Register("IRQ_PENDING_{n}", 0x04, _gpu(RO, "Source (n - 1) * 32 + bit is pending"),
                 "Pending GPU sources", "p. 115", count=2, first=1, role_of_read=Role.IDENTIFY),
        Register(
            "FIQ_CONTROL", 0x0C,
            (
                Field("SOURCE", 0, 7,
                      doc="Which source is the FIQ: 0-63 GPU, 64-71 ARM; 72-127 are unused"),
                Field("ENABLE", 7, 1, doc="FIQ generation is on"),
            ),
            "Chooses the one source of the FIQ", "p. 116",
        ),
        Register("ENABLE_IRQS_{n}", 0x10, _gpu(W1S, "Write one to enable the source"),
                 "Enables GPU sources", "p. 116-117", count=2, first=1, store="ENABLED",
                 packed=True, implemented=IMPLEMENTED),
        Register("ENABLE_BASIC_IRQS", 0x18, _arm(W1S),
                 "Enables ARM sources", "p. 117", store="ENABLED", packed=True,
                 implemented=IMPLEMENTED),
        Register("DISABLE_IRQS_{n}", 0x1C, _gpu(W1C, "Write one to disable the source"),
                 "Disables GPU sources", "p. 117-118", count=2, first=1, store="ENABLED",
                 packed=True, implemented=IMPLEMENTED),
        Register("DISABLE_BASIC_IRQS", 0x24, _arm(W1C),
                 "Disables ARM sources", "p. 118", store="ENABLED", packed=True,
                 implemented=IMPLEMENTED),
    ),
)  # fmt: skip


FIQ_SOURCE = BCM2835_IC["FIQ_CONTROL"]["SOURCE"]
OTHERS = tuple(
    (hidden, BCM2835_IC["IRQ_BASIC_PENDING"][name].mask)
    for hidden, name in ((HIDDEN_1, "PENDING_1"), (HIDDEN_2, "PENDING_2"))
)
SHOWN = tuple(
    (GPU_SHIFT + source, BCM2835_IC["IRQ_BASIC_PENDING"][f"GPU{source}"].lsb)
    for source in SHORTCUTS
)
"""Of each shortcut, its bit in the bitmaps and in the basic pending register."""


class Config(msgspec.Struct, frozen=True):
    """The chip has no parameters."""


class Bcm2835Ic(InterruptController):
    """The controller; inputs ``gpu`` 0-63 and ``arm`` 0-7, outputs ``irq`` and ``fiq``."""

    COMPATIBLE = "brcm,bcm2836-armctrl-ic"
    NUMBERED_PINS = frozenset(("gpu", "arm"))
    NUMBERING = "peripheral"
    TABLES = (BCM2835_IC,)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self.regs = self._file(BCM2835_IC)
        self._enabled = self.regs.store("ENABLED")
        self._fiq_control = self.regs.store("FIQ_CONTROL")
        self._irq = self._output("irq")[0]
        self._fiq = self._output("fiq")[0]
        self._levels = 0
        self._irq_sources = self._fiq_sources = 0
        self.reset()

    def reset(self) -> None:
        """All sources disabled, no FIQ; the input lines are others' business and stay."""
        self.regs.reset()
        self._route()

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        sources = {"gpu": GPU_SOURCES, "arm": ARM_SOURCES}.get(pin, 0)
        if not 0 <= number < sources:
            raise ValueError(
                f"{self.name} ({self.COMPATIBLE}) has no input {pin!r} {number}: "
                f"only 'gpu' 0-{GPU_SOURCES - 1} and 'arm' 0-{ARM_SOURCES - 1}"
            )
        return partial(self._set_level, source_bit(number + (GPU_SOURCES if pin == "arm" else 0)))

    def _set_level(self, bit: int, level: bool) -> None:
        self._levels = self._levels | bit if level else self._levels & ~bit
        self._update()

    # -- the rules ----------------------------------------------------------------------------

    def _enabled_sources(self, _cpu: int) -> int:
        return self._enabled[0]

    def _selected(self, _cpu: int) -> int:
        """A number beyond 71 names no line (p. 116)."""
        source = FIQ_SOURCE.extract(self._fiq_control[0])
        return source_bit(source) if source < SOURCES else 0

    def _own_number(self, _cpu: int, number: int) -> int:
        return number

    TO_IRQ: ClassVar = (
        Rule("enabled", Place("ENABLE_IRQS_", each=1),
             "a one written to the source's bit", "BCM2835 ARM Peripherals, p. 116-117",
             test=_enabled_sources, bitmap=True, wants=1,
             says="the source is not enabled as an IRQ"),
    )  # fmt: skip
    TO_FIQ: ClassVar = (
        Rule("FIQ on", Place("FIQ_CONTROL", "ENABLE"),
             "ENABLE to be 1", "BCM2835 ARM Peripherals, p. 116", wants=1,
             says="no source is the FIQ"),
        Rule("FIQ source", Place("FIQ_CONTROL", "SOURCE"),
             "the source's number to be chosen", "BCM2835 ARM Peripherals, p. 116",
             test=_selected, bitmap=True, wants=_own_number,
             says="another source is the FIQ"),
    )  # fmt: skip
    """The FIQ passes by the enable registers (7.3)."""
    IRQ_TESTS: ClassVar = tests_of(TO_IRQ)
    FIQ_TESTS: ClassVar = tests_of(TO_FIQ)
    FIQ_SWITCHES: ClassVar = required(BCM2835_IC["FIQ_CONTROL"], TO_FIQ)

    def _route(self) -> None:
        """Apply the rules, after a register has changed."""
        irq = IMPLEMENTED
        for test in self.IRQ_TESTS:
            irq &= test(self, 0)
        cared_for, wanted = self.FIQ_SWITCHES
        fiq = IMPLEMENTED if self._fiq_control[0] & cared_for == wanted else 0
        for test in self.FIQ_TESTS:
            fiq &= test(self, 0)
        self._irq_sources, self._fiq_sources = irq, fiq
        self._update()

    def _update(self) -> None:
        self._irq.set(self._levels & self._irq_sources != 0)
        self._fiq.set(self._levels & self._fiq_sources != 0)

    # -- registers ----------------------------------------------------------------------------

    def peek_IRQ_BASIC_PENDING(self, index: int, cpu: int) -> int:
        """Bits 8 and 9 leave out what bits 10 to 20 already show (p. 112)."""
        pending = self._levels & self._irq_sources
        value = pending & ARM_BITS
        for hidden, announced in OTHERS:
            if pending & hidden:
                value |= announced
        if pending & SHORTCUT_BITS:
            for bit, place in SHOWN:
                value |= (pending >> bit & 1) << place
        return value

    def peek_IRQ_PENDING_(self, index: int, cpu: int) -> int:
        """Enabled GPU sources whose line is high; all of them, shortcuts included (p. 115)."""
        return (self._levels & self._irq_sources) >> GPU_SHIFT * (index + 1) & WORD

    def write_FIQ_CONTROL(self, index: int, cpu: int, value: int) -> None:
        """A high line that becomes the FIQ raises it at once."""
        self._route()

    @shared_hook("write", "ENABLE_IRQS_", "ENABLE_BASIC_IRQS")
    @shared_hook("write", "DISABLE_IRQS_", "DISABLE_BASIC_IRQS")
    def _enables_written(self, index: int, cpu: int, value: int) -> None:
        """An enabled source with a high line interrupts at once: levels, not edges (7.1)."""
        self._route()

    # -- explanation --------------------------------------------------------------------------

    def interrupts(self, cpu: int) -> list[InterruptState]:
        return [self._state(number) for number in range(SOURCES)]

    def notable(self, cpu: int, numbers: set[int]) -> list[InterruptState]:
        notable = self._irq_sources | self._fiq_sources | self._levels
        return [
            self._state(number)
            for number in range(SOURCES)
            if notable & SOURCE_BITS[number] or number in numbers
        ]

    def interrupt(self, number: int, cpu: int) -> InterruptState | None:
        return self._state(number) if 0 <= number < SOURCES else None

    def _state(self, number: int) -> InterruptState:
        bit = SOURCE_BITS[number]
        taken = (self._irq_sources | self._fiq_sources) & bit != 0
        line = self._levels & bit != 0
        return InterruptState(
            number=number,
            source=source_name(number),
            line=line,
            enabled=taken,
            pending=line and taken,
            active=None,
            priority=None,
            targets=(0,),
            trigger="level",
            pin=source_name(number).lower(),
        )

    def entrance(self, pin: str, cpu: int) -> Entrance | None:
        return NUMBERS.get(pin)

    def passages(self, entrance: Entrance, cpu: int) -> list[Passage]:
        """The ways to the IRQ and to the FIQ; one source may take both (7.3)."""
        if not isinstance(entrance, int) or not 0 <= entrance < SOURCES:
            raise ValueError(f"{self.name} has sources 0 to {SOURCES - 1}")
        return [
            Passage(partial(self._gates_to, rules, entrance), output)
            for output, rules in (("irq", self.TO_IRQ), ("fiq", self.TO_FIQ))
        ]

    def _gates_to(self, rules: Iterable[Rule], number: int) -> Iterator[Gate]:
        yield self._line_gate(number)
        for rule in rules:
            yield rule.gate(self, self.regs, number, 0, bit=source_place(number))

    def _line_gate(self, number: int) -> Gate:
        """No register shows the level itself: the pending registers show what is enabled."""
        high = bool(self._levels & source_bit(number))
        return Gate(
            "line",
            high,
            register=source_name(number).lower(),
            field="level",
            value=int(high),
            needs="the device to raise its interrupt",
            ref="BCM2835 ARM Peripherals, 7.1",
            opens=Opens.EVENT,
            says="its line is low",
        )
