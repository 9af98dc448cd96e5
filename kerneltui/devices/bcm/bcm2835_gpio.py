"""General purpose inputs and outputs, as on the Raspberry Pi 1 to 3 and, with more pins, on the 4.

Documents: BCM2835 ARM Peripherals (2012), chapter 6; BCM2711 ARM Peripherals (2022), chapter 5.
Modelled: function select, outputs, levels, pull resistors, all six kinds of event detection and the
four interrupts.  Not modelled: what the alternate functions bring to the pins, drive strength, the
set-up times of GPPUD, and the two clock cycles by which synchronous detection is later.

A pin has the level of its output latch where it is an output; else the level that somebody outside
drives it to; else that of its pull resistor.  A pin that floats reads 0.  Each pin is a wire of the
model, ``pin17``: it shows the level, it can lead to somewhere, and to drive it is to drive the pin
from outside.

Which pins a line of interrupts is for the manual does not say rightly; it is 0-27, 28-45 and 46 on,
and the fourth line for all (Linux, pinctrl-bcm2835).  The write-only registers read as
0x6770696F, the block's name, on a Raspberry Pi 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

import msgspec

from kerneltui.devices.bcm.bcm2835_gpio_registers import (
    BCM2711_GPIO,
    BCM2835_GPIO,
    DETECTORS,
    OUTPUT,
    PER_PULL,
    PER_SELECT,
    PINS_2711,
    PINS_2835,
    PULL_UP,
    PULLS,
    PULLS_AT_RESET,
    SELECTS,
)
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Cause, Device
from kerneltui.hw.hooks import shared_hook, variant_hook
from kerneltui.hw.line import Sink
from kerneltui.hw.manual import OR
from kerneltui.hw.rule import Gate, Opens, Place, Rule, tests_of

RPI4 = OR + "BCM2711 ARM Peripherals, 5.2"
"""What comes behind a citation: where the Raspberry Pi 4 has it."""
WORD = 0xFFFF_FFFF
BLOCK_NAME = 0x6770_696F
GPPUD_UP = 2
BANKS = {"bank0": (0, 28), "bank1": (28, 46), "bank2": (46, PINS_2711), "all": (0, PINS_2711)}
"""An interrupt line, and the pins from and below which it is for."""


class Config(msgspec.Struct, frozen=True):
    """The chip has no parameters."""


class Gpio(Device):
    """Outputs ``bank0``, ``bank1``, ``bank2``, ``all`` and ``pin0`` on; inputs ``pin`` NUMBER."""

    CONFIG = Config
    PINS: ClassVar[int]

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self.regs = self._file(self.TABLES[0])
        self._selects = [self.regs.store(stem) for stem in SELECTS]
        self._events = self.regs.store("GPEDS")
        self._detectors = [self.regs.store(stem) for stem in DETECTORS]
        self._lines = [
            (self._output(bank)[0], (1 << end) - (1 << begin))
            for bank, (begin, end) in BANKS.items()
        ]
        self._wires = [self._output(f"pin{pin}")[0] for pin in range(self.PINS)]
        self._every_pin = (1 << self.PINS) - 1
        self._held = self._outside = 0
        self._levels = 0
        self.reset()

    def reset(self) -> None:
        """All pins are inputs; what drives them from outside is not ours to reset."""
        self.regs.reset()
        self._latch = 0
        self._outputs = 0
        self._pulled_up = pulled_up(PULLS_AT_RESET, self.PINS)
        self._levels = self._present()
        self._show()

    # -- pins -------------------------------------------------------------------------------------

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        if pin != "pin" or not 0 <= number < self.PINS:
            raise ValueError(
                f"{self.name} ({self.COMPATIBLE}) has no input {pin!r} {number}: "
                f"only 'pin' 0-{self.PINS - 1}"
            )
        self._hold(1 << number, False)
        return partial(self._hold, 1 << number)

    def _hold(self, bit: int, level: bool) -> None:
        """Somebody outside drives a pin from now on."""
        self._held |= bit
        self._outside = self._outside | bit if level else self._outside & ~bit
        self._update()

    def output_driven(self) -> None:
        """A pin's wire has been driven; an output has its own level again at the next change."""
        for pin, wire in enumerate(self._wires):
            bit = 1 << pin
            if wire.level != (self._levels & bit != 0) and not self._outputs & bit:
                self._hold(bit, wire.level)

    def _present(self) -> int:
        """The levels of all pins, from the state."""
        inputs = self._held & self._outside | ~self._held & self._pulled_up
        levels = self._outputs & self._latch | ~self._outputs & inputs
        return levels & self._every_pin

    def _update(self) -> None:
        """Note the events that the pins' levels make, and drive all lines."""
        before, levels = self._levels, self._present()
        self._levels = levels
        rising, falling = levels & ~before, before & ~levels
        found = (rising, falling, levels, ~levels, rising, falling)
        for (enabled,), seen in zip(self._detectors, found, strict=True):
            self._events[0] |= enabled & seen
        self._show(before ^ levels)

    def _show(self, changed: int = -1) -> None:
        up = -1
        for test in self.TESTS:
            up &= test(self, 0)
        for line, pins in self._lines:
            line.set(up & pins != 0)
        changed &= self._every_pin
        while changed:
            pin = (changed & -changed).bit_length() - 1
            self._wires[pin].set(self._levels >> pin & 1 != 0)
            changed &= changed - 1

    # -- the rules ----------------------------------------------------------------------------

    def _detected(self, _cpu: int) -> int:
        return self._events[0]

    def _watched(self) -> int:
        """The pins with any detector switched on."""
        watched = 0
        for (enabled,) in self._detectors:
            watched |= enabled
        return watched

    def _is_watched(self, _cpu: int, pin: int) -> bool:
        return (self._events[0] | self._watched()) >> pin & 1 != 0

    def _detector_place(self, _cpu: int, pin: int) -> Place:
        stems = zip(DETECTORS, self._detectors, strict=True)
        on = (stem for stem, (enabled,) in stems if enabled >> pin & 1)
        return Place(next(on, DETECTORS[0]), each=1)

    WATCHED: ClassVar = Rule(
        "detection on", _detector_place, "one of the six kinds of detection to be switched on",
        "BCM2835 ARM Peripherals, 6.1, p. 96-100" + RPI4, test=_is_watched, wants=1,
        says="nothing is detected on this pin",
    )  # fmt: skip
    RULES: ClassVar = (
        Rule("event detected", Place("GPEDS", each=1),
             "an event on the pin: it stays until software clears it",
             "BCM2835 ARM Peripherals, 6.1, p. 96" + RPI4,
             test=_detected, bitmap=True, opens=Opens.EVENT,
             says="no event has been detected on this pin since software cleared the last one"),
    )  # fmt: skip
    TESTS: ClassVar = tests_of(RULES)

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """The pins of a line whose events are detected; of none, its first."""
        if output not in BANKS:
            return []
        begin, end = BANKS[output]
        notable = self._events[0] | self._watched()
        pins = [pin for pin in range(begin, min(end, self.PINS)) if notable >> pin & 1]
        return [
            Cause(f"an event on GPIO {pin}", tuple(self._gates(pin))) for pin in pins or [begin]
        ]

    def _gates(self, pin: int) -> Iterator[Gate]:
        for rule in (self.WATCHED, *self.RULES):
            yield rule.gate(self, self.regs, pin, 0)

    # -- registers --------------------------------------------------------------------------------

    @variant_hook("write", SELECTS)
    def _selected(self, which: int, index: int, cpu: int, value: int) -> None:
        """A pin that becomes an output has the level that was set or cleared last (p. 95)."""
        first = PER_SELECT * which
        functions = self._selects[which][0]
        for pin in range(first, min(first + PER_SELECT, self.PINS)):
            bit, function = 1 << pin, functions >> 3 * (pin - first) & 7
            self._outputs = self._outputs | bit if function == OUTPUT else self._outputs & ~bit
        self._update()

    @shared_hook("peek", "GPSET", "GPCLR")
    def _name(self, index: int, cpu: int) -> int:
        return BLOCK_NAME

    def write_GPSET(self, index: int, cpu: int, value: int) -> None:
        """Kept for pins that are no outputs, until they are (p. 95)."""
        self._latch |= (value & WORD) << 32 * index
        self._update()

    def write_GPCLR(self, index: int, cpu: int, value: int) -> None:
        """See :meth:`write_GPSET`."""
        self._latch &= ~((value & WORD) << 32 * index)
        self._update()

    def peek_GPLEV(self, index: int, cpu: int) -> int:
        """The levels, of outputs too."""
        return self._levels >> 32 * index & WORD

    @shared_hook("write", "GPEDS", *DETECTORS)
    def _detection_written(self, index: int, cpu: int, value: int) -> None:
        """An event of a level that still holds is there again at once (p. 98-99)."""
        self._update()


def pulled_up(words: tuple[int, ...] | list[int], pins: int) -> int:
    """The pins with a pull-up, out of registers like GPIO_PUP_PDN_CNTRL_REG."""
    found = 0
    for pin in range(pins):
        if words[pin // PER_PULL] >> 2 * (pin % PER_PULL) & 3 == PULL_UP:
            found |= 1 << pin
    return found


class Bcm2835Gpio(Gpio):
    """With 54 pins; a pull resistor is chosen by GPPUD and brought to pins by GPPUDCLK."""

    COMPATIBLE = "brcm,bcm2835-gpio"
    NUMBERED_PINS = frozenset(("pin",))
    TABLES = (BCM2835_GPIO,)
    PINS = PINS_2835

    def write_GPPUDCLK(self, index: int, cpu: int, value: int) -> None:
        """The clocked pins keep the resistor without a further store (p. 101)."""
        pins = (value & WORD) << 32 * index
        is_up = self.regs.store("GPPUD")[0] == GPPUD_UP
        self._pulled_up = self._pulled_up | pins if is_up else self._pulled_up & ~pins
        self._update()


class Bcm2711Gpio(Gpio):
    """With 58 pins; each has two bits for its pull resistor."""

    COMPATIBLE = "brcm,bcm2711-gpio"
    TABLES = (BCM2711_GPIO,)
    PINS = PINS_2711

    @shared_hook("write", *PULLS)
    def _pulls_written(self, index: int, cpu: int, value: int) -> None:
        """Each pin has the resistor that its bits say (5.2)."""
        words = [self.regs.store(stem)[0] for stem in PULLS]
        self._pulled_up = pulled_up(words, self.PINS)
        self._update()
