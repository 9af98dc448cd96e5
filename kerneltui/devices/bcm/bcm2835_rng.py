"""BCM2835 random number generator, as on the Raspberry Pi 1 to 3.

No manual describes it.  Document: Linux, ``drivers/char/hw_random/bcm2835-rng.c``.  Modelled: the
switch, the warm-up, and a FIFO of four words, which fills at the rate of 1 Mbit/s.  Not modelled:
the interrupt, and the double rate (RBG2X).

The numbers are no secret: they follow from ``seed`` and from how many have been read, so that a
run can be repeated.
"""

from __future__ import annotations

import msgspec

from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Device
from kerneltui.hw.register import RO, TAG, Field, Register, RegisterTable

REF = "Linux, bcm2835-rng.c"
FIFO_DEPTH = 4
WORD_NS = 32_000
"""32 bits at 1 Mbit/s"""
BITS_NS = 1_000
WORD = 0xFFFF_FFFF

BCM2835_RNG = RegisterTable(
    __name__,
    "BCM2835_RNG",
    "BCM2835 random number generator",
    size=0x10 + 4,
    ref=REF,
    registers=(
        Register("RNG_CTRL", 0x00,
                 (Field("RBGEN", 0, 1, doc="On"),
                  Field("RBG2X", 1, 1, TAG, "Twice as fast")),
                 "Control", REF, may_write=("RNG_STATUS",)),
        Register("RNG_STATUS", 0x04,
                 (Field("WARMUP", 0, 20, doc="So many bits are discarded after it is switched on"),
                  Field("COUNT", 24, 8, RO, "Words that wait")),
                 "Status", REF, volatile=True),
        Register("RNG_DATA", 0x08, (Field("DATA", 0, 32, RO, "32 random bits"),),
                 "Takes a word; 0 where none waits", REF, volatile=True),
        Register("RNG_FF_THRES", 0x0C, (Field("THRESHOLD", 0, 32, TAG, "Words for an interrupt"),),
                 "FIFO threshold", REF),
        Register("RNG_INT_MASK", 0x10, (Field("INT_OFF", 0, 1, doc="No interrupt"),),
                 "Interrupt mask; no interrupt ever comes", REF),
    ),
)  # fmt: skip

RBGEN = BCM2835_RNG["RNG_CTRL"]["RBGEN"].mask
WARMUP, COUNT = BCM2835_RNG["RNG_STATUS"]["WARMUP"], BCM2835_RNG["RNG_STATUS"]["COUNT"]


class Config(msgspec.Struct, frozen=True):
    """``seed``: of the numbers."""

    seed: int = 1


def number(seed: int, place: int) -> int:
    """The number at a place of the sequence: its 64-bit hash, the upper half (splitmix64)."""
    mask = (1 << 64) - 1
    value = (seed << 32) + place * 0x9E37_79B9_7F4A_7C15 & mask
    value = (value ^ value >> 30) * 0xBF58_476D_1CE4_E5B9 & mask
    value = (value ^ value >> 27) * 0x94D0_49BB_1331_11EB & mask
    return (value ^ value >> 31) >> 32


class Bcm2835Rng(Device):
    """The generator; it has no inputs and, here, no output."""

    COMPATIBLE = "brcm,bcm2835-rng"
    TABLES = (BCM2835_RNG,)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self.regs = self._file(BCM2835_RNG)
        self._status = self.regs.store("RNG_STATUS")
        self.reset()

    def reset(self) -> None:
        """Off; nothing waits."""
        self.regs.reset()
        self._is_on = False
        self._waiting = 0
        """words that waited at the time ``_since``"""
        self._since = 0
        self._taken = 0

    def _count(self) -> int:
        """The words that wait now."""
        made = max(self.clock.now - self._since, 0) // WORD_NS if self._is_on else 0
        return min(self._waiting + made, FIFO_DEPTH)

    def write_RNG_CTRL(self, index: int, cpu: int, value: int) -> None:
        """Switched on, it makes its first word after the warm-up; switched off, it keeps them."""
        is_on = value & RBGEN != 0
        if is_on != self._is_on:
            self._waiting = self._count()
            self._since = self.clock.now + WARMUP.extract(self._status[0]) * BITS_NS
            self._is_on = is_on

    def peek_RNG_STATUS(self, index: int, cpu: int) -> int:
        """The warm-up as it was stored, and how many words wait."""
        return self._status[0] & WARMUP.mask | self._count() << COUNT.lsb

    def peek_RNG_DATA(self, index: int, cpu: int) -> int:
        """The oldest word."""
        return number(self.config.seed, self._taken) if self._count() else 0

    def read_RNG_DATA(self, index: int, cpu: int) -> int:
        """Takes it out; of a full FIFO the next one is under way from now on."""
        count = self._count()
        if not count:
            return 0
        value = number(self.config.seed, self._taken)
        now = self.clock.now
        if self._is_on:
            made = max(now - self._since, 0) // WORD_NS
            is_full = self._waiting + made >= FIFO_DEPTH
            self._since = now if is_full else self._since + made * WORD_NS
        self._waiting = count - 1
        self._taken += 1
        return value
