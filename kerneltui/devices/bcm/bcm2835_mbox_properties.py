"""What the firmware of the VideoCore answers to property tags.

Documents: the Raspberry Pi firmware's wiki, "Mailbox property interface"; for tags that it lacks,
Linux (``include/soc/bcm2835/raspberrypi-firmware.h`` and the drivers that use them).

The firmware keeps what is set (clock rates, power, voltage, frame buffer, pins of the expander) and
tells it when asked.  Nothing else of the board changes by that: a clock that is set here does not
change the rate of the mini UART.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from string import hexdigits

import msgspec

EMMC, UART, ARM, CORE, V3D, H264, ISP, SDRAM, PIXEL, PWM, HEVC, EMMC2, M2MC, PIXEL_BVB = range(
    1, 15
)
POWER_DEVICES = 9
EXPANDER_FIRST, EXPANDER_PINS = 128, 8
ON, MISSING = 1, 2
UNCACHED = 0xC000_0000
"""The VideoCore's view of memory past its caches: buffers are told by addresses there."""
ROW_BYTES = 32
"""Rows of a frame buffer begin at multiples of it."""
LARGEST_SIDE = 8192


class Facts(msgspec.Struct, frozen=True):
    """What the firmware tells of a board.

    ``revision``: the board's; ``serial`` and ``mac``: hexadecimal; ``arm_bytes``: of memory, the
    Arm cores'; the VideoCore has the rest of ``memory_bytes``; rates of clocks in Hz;
    ``dma_channels``: a bit for each that the Arm cores may use; ``cmdline``: for the kernel.
    """

    revision: int = 0xA0_2082
    serial: str = "0000000012345678"
    mac: str = "b827eb123456"
    arm_bytes: int = 0x3B40_0000
    memory_bytes: int = 0x4000_0000
    frame_buffer: int = 0x3C10_0000
    core_hz: int = 250_000_000
    uart_hz: int = 48_000_000
    arm_hz: int = 600_000_000
    arm_max_hz: int = 1_200_000_000
    dma_channels: int = 0x7F35
    cmdline: str = ""

    def __post_init__(self) -> None:
        for name, text, digits in (("serial", self.serial, 16), ("mac", self.mac, 12)):
            if len(text) != digits or not set(text) <= set(hexdigits):
                raise ValueError(f"{name} must be {digits} hexadecimal digits, not '{text}'")


class Properties:
    """The firmware's state, and its answers."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        core, uart = facts.core_hz, facts.uart_hz
        limits = {
            EMMC: (200_000_000,) * 3, UART: (uart, 0, 1_000_000_000),
            ARM: (facts.arm_hz, facts.arm_hz, facts.arm_max_hz),
            CORE: (core,) * 3, V3D: (core,) * 3, H264: (core,) * 3, ISP: (core,) * 3,
            SDRAM: (400_000_000,) * 3, PIXEL: (25_200_000, 0, 600_000_000),
            PWM: (0, 0, 500_000_000), HEVC: (core,) * 3, EMMC2: (100_000_000, 0, 250_000_000),
            M2MC: (core,) * 3, PIXEL_BVB: (75_000_000, 0, 300_000_000),
        }  # fmt: skip
        self._limits = {clock: (low, high) for clock, (_, low, high) in limits.items()}
        self.rates = {clock: rate for clock, (rate, _, _) in limits.items()}
        self.clocks_off: set[int] = set()
        self.power = [0] * POWER_DEVICES
        self.turbo = 0
        self.volts = dict.fromkeys(range(1, 5), 1_200_000)
        self.expander = [0] * EXPANDER_PINS
        self.expander_set = [[0, 0, 0, 0] for _ in range(EXPANDER_PINS)]
        self.physical, self.virtual, self.offset = (640, 480), (640, 480), (0, 0)
        self.depth, self.order, self.alpha, self.overscan = 16, 1, 0, (0, 0, 0, 0)

    def answer(self, tag: int, asked: bytes) -> bytes | None:
        """The value of the answer; None for a tag that is not known.

        ``asked`` is the value buffer, as long as the software has made it.
        """
        if tag in TEXTS:
            return TEXTS[tag](self)
        words, wanted = WORDS.get(tag, (None, 0))
        if words is None:
            return None
        values = [word for (word,) in struct.iter_unpack("<I", asked[: len(asked) & ~3])]
        values += [0] * (wanted - len(values))
        found = [word & 0xFFFF_FFFF for word in words(self, values)]
        return struct.pack(f"<{len(found)}I", *found)

    # -- board --------------------------------------------------------------------------------

    def arm_memory(self, _asked: Sequence[int]) -> list[int]:
        """Base and size of what the Arm cores may use."""
        return [0, self.facts.arm_bytes]

    def videocore_memory(self, _asked: Sequence[int]) -> list[int]:
        """Base and size of the rest."""
        return [self.facts.arm_bytes, self.facts.memory_bytes - self.facts.arm_bytes]

    # -- clocks, power, voltage ---------------------------------------------------------------

    def get_rate(self, asked: Sequence[int]) -> list[int]:
        """Of a clock, in Hz; 0 where there is none of that number."""
        return [asked[0], self.rates.get(asked[0], 0)]

    def set_rate(self, asked: Sequence[int]) -> list[int]:
        """The nearest rate that the clock can have."""
        if asked[0] in self._limits:
            low, high = self._limits[asked[0]]
            self.rates[asked[0]] = min(max(asked[1], low), high)
        return self.get_rate(asked)

    def lowest_rate(self, asked: Sequence[int]) -> list[int]:
        """As :meth:`get_rate`."""
        return [asked[0], self._limits.get(asked[0], (0, 0))[0]]

    def highest_rate(self, asked: Sequence[int]) -> list[int]:
        """As :meth:`get_rate`."""
        return [asked[0], self._limits.get(asked[0], (0, 0))[1]]

    def get_clock(self, asked: Sequence[int]) -> list[int]:
        """On or off, and whether it is missing."""
        if asked[0] not in self.rates:
            return [asked[0], MISSING]
        return [asked[0], 0 if asked[0] in self.clocks_off else ON]

    def set_clock(self, asked: Sequence[int]) -> list[int]:
        """Switch a clock on or off."""
        if asked[1] & ON:
            self.clocks_off.discard(asked[0])
        elif asked[0] in self.rates:
            self.clocks_off.add(asked[0])
        return self.get_clock(asked)

    def get_power(self, asked: Sequence[int]) -> list[int]:
        """On or off, and whether it is missing."""
        return [asked[0], self.power[asked[0]] if asked[0] < POWER_DEVICES else MISSING]

    def set_power(self, asked: Sequence[int]) -> list[int]:
        """Switch a device on or off; it is ready when the answer comes."""
        if asked[0] < POWER_DEVICES:
            self.power[asked[0]] = asked[1] & ON
        return self.get_power(asked)

    def set_turbo(self, asked: Sequence[int]) -> list[int]:
        """0 or 1."""
        self.turbo = asked[1] & 1
        return [asked[0], self.turbo]

    def get_volts(self, asked: Sequence[int]) -> list[int]:
        """In microvolts; 0x8000_0000 where there is none of that number."""
        return [asked[0], self.volts.get(asked[0], 0x8000_0000)]

    def set_volts(self, asked: Sequence[int]) -> list[int]:
        """At most 1.2 V."""
        if asked[0] in self.volts:
            self.volts[asked[0]] = min(asked[1], 1_200_000)
        return self.get_volts(asked)

    # -- pins of the expander -----------------------------------------------------------------

    def get_pin(self, asked: Sequence[int]) -> list[int]:
        """0 as a sign of success, and the level; the pins are 128 to 135."""
        pin = asked[0] - EXPANDER_FIRST
        return [0, self.expander[pin]] if 0 <= pin < EXPANDER_PINS else [asked[0], 0]

    def set_pin(self, asked: Sequence[int]) -> list[int]:
        """As :meth:`get_pin`."""
        pin = asked[0] - EXPANDER_FIRST
        if 0 <= pin < EXPANDER_PINS:
            self.expander[pin] = asked[1] & 1
        return self.get_pin(asked)

    def get_pin_set_up(self, asked: Sequence[int]) -> list[int]:
        """Direction, polarity, whether it is terminated, and by a pull-up."""
        pin = asked[0] - EXPANDER_FIRST
        inside = 0 <= pin < EXPANDER_PINS
        return [0, *self.expander_set[pin]] if inside else [asked[0], 0, 0, 0, 0]

    def set_pin_up(self, asked: Sequence[int]) -> list[int]:
        """As :meth:`get_pin_set_up`; the last value is the pin's level."""
        pin = asked[0] - EXPANDER_FIRST
        if 0 <= pin < EXPANDER_PINS:
            self.expander_set[pin] = list(asked[1:5])
            self.expander[pin] = asked[5] & 1
        return [*self.get_pin_set_up(asked), asked[5]]

    # -- frame buffer -------------------------------------------------------------------------

    @property
    def pitch(self) -> int:
        """Bytes of a row."""
        return (self.virtual[0] * self.depth // 8 + ROW_BYTES - 1) // ROW_BYTES * ROW_BYTES

    def allocate(self, _asked: Sequence[int]) -> list[int]:
        """Address, as the VideoCore sees it, and size in bytes; both 0 where there is no room."""
        size = self.pitch * self.virtual[1]
        if size > self.facts.memory_bytes - self.facts.frame_buffer:
            return [0, 0]
        return [self.facts.frame_buffer | UNCACHED, size]

    def set_physical(self, asked: Sequence[int]) -> list[int]:
        """Size on the screen, in pixels."""
        self.physical = _size(asked, self.physical)
        return list(self.physical)

    def set_virtual(self, asked: Sequence[int]) -> list[int]:
        """Size of the buffer, in pixels."""
        self.virtual = _size(asked, self.virtual)
        return list(self.virtual)

    def set_depth(self, asked: Sequence[int]) -> list[int]:
        """8, 16, 24 or 32 bits a pixel."""
        if asked[0] in (8, 16, 24, 32):
            self.depth = asked[0]
        return [self.depth]

    def set_order(self, asked: Sequence[int]) -> list[int]:
        """0 is BGR, 1 RGB."""
        self.order = asked[0] & 1
        return [self.order]

    def set_alpha(self, asked: Sequence[int]) -> list[int]:
        """0 enabled, 1 reversed, 2 ignored."""
        if asked[0] <= 2:
            self.alpha = asked[0]
        return [self.alpha]

    def set_offset(self, asked: Sequence[int]) -> list[int]:
        """The pixel of the buffer that is in the corner of the screen."""
        self.offset = (
            min(asked[0], max(self.virtual[0] - self.physical[0], 0)),
            min(asked[1], max(self.virtual[1] - self.physical[1], 0)),
        )
        return list(self.offset)

    def set_overscan(self, asked: Sequence[int]) -> list[int]:
        """Top, bottom, left and right, in pixels."""
        self.overscan = (asked[0], asked[1], asked[2], asked[3])
        return list(self.overscan)


def _size(asked: Sequence[int], before: tuple[int, int]) -> tuple[int, int]:
    width, height = asked[0], asked[1]
    fits = 0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE
    return (width, height) if fits else before


Words = Callable[[Properties, Sequence[int]], Sequence[int]]
TEXTS: dict[int, Callable[[Properties], bytes]] = {
    0x1_0003: lambda it: bytes.fromhex(it.facts.mac),
    0x1_0004: lambda it: bytes.fromhex(it.facts.serial)[::-1],
    0x5_0001: lambda it: it.facts.cmdline.encode() + b"\0",
}
"""Tags whose answer is no list of words."""
WORDS: dict[int, tuple[Words, int]] = {
    0x0_0001: (lambda _it, _asked: [0x5F5E_1000], 0),
    0x1_0001: (lambda _it, _asked: [0], 0),
    0x1_0002: (lambda it, _asked: [it.facts.revision], 0),
    0x1_0005: (Properties.arm_memory, 0),
    0x1_0006: (Properties.videocore_memory, 0),
    0x1_0007: (lambda it, _asked: [word for clock in it.rates for word in (0, clock)], 0),
    0x6_0001: (lambda it, _asked: [it.facts.dma_channels], 0),
    0x2_0001: (Properties.get_power, 1),
    0x2_0002: (lambda _it, asked: [asked[0], 0], 1),
    0x2_8001: (Properties.set_power, 2),
    0x3_0001: (Properties.get_clock, 1),
    0x3_8001: (Properties.set_clock, 2),
    0x3_0002: (Properties.get_rate, 1),
    0x3_0047: (Properties.get_rate, 1),
    0x3_8002: (Properties.set_rate, 3),
    0x3_0004: (Properties.highest_rate, 1),
    0x3_0007: (Properties.lowest_rate, 1),
    0x3_0009: (lambda it, asked: [asked[0], it.turbo], 1),
    0x3_8009: (Properties.set_turbo, 2),
    0x3_0003: (Properties.get_volts, 1),
    0x3_8003: (Properties.set_volts, 2),
    0x3_0005: (lambda _it, asked: [asked[0], 1_200_000], 1),
    0x3_0008: (lambda _it, asked: [asked[0], 1_200_000], 1),
    0x3_0006: (lambda _it, asked: [asked[0], 45_000], 1),
    0x3_000A: (lambda _it, asked: [asked[0], 85_000], 1),
    0x3_0041: (Properties.get_pin, 2),
    0x3_8041: (Properties.set_pin, 2),
    0x3_0043: (Properties.get_pin_set_up, 5),
    0x3_8043: (Properties.set_pin_up, 6),
    0x3_0046: (lambda _it, _asked: [0], 1),
    0x3_0048: (lambda _it, _asked: [], 0),
    0x3_0058: (lambda _it, _asked: [0], 1),
    0x4_0001: (Properties.allocate, 1),
    0x4_8001: (lambda _it, _asked: [], 0),
    0x4_0002: (lambda _it, asked: [asked[0] & 1], 1),
    0x4_0003: (lambda it, _asked: it.physical, 0),
    0x4_4003: (lambda it, asked: _size(asked, it.physical), 2),
    0x4_8003: (Properties.set_physical, 2),
    0x4_0004: (lambda it, _asked: it.virtual, 0),
    0x4_4004: (lambda it, asked: _size(asked, it.virtual), 2),
    0x4_8004: (Properties.set_virtual, 2),
    0x4_0005: (lambda it, _asked: [it.depth], 0),
    0x4_4005: (lambda it, asked: [asked[0] if asked[0] in (8, 16, 24, 32) else it.depth], 1),
    0x4_8005: (Properties.set_depth, 1),
    0x4_0006: (lambda it, _asked: [it.order], 0),
    0x4_4006: (lambda _it, asked: [asked[0] & 1], 1),
    0x4_8006: (Properties.set_order, 1),
    0x4_0007: (lambda it, _asked: [it.alpha], 0),
    0x4_4007: (lambda it, asked: [asked[0] if asked[0] <= 2 else it.alpha], 1),
    0x4_8007: (Properties.set_alpha, 1),
    0x4_0008: (lambda it, _asked: [it.pitch], 0),
    0x4_0009: (lambda it, _asked: it.offset, 0),
    0x4_4009: (lambda _it, asked: asked[:2], 2),
    0x4_8009: (Properties.set_offset, 2),
    0x4_000A: (lambda it, _asked: it.overscan, 0),
    0x4_400A: (lambda _it, asked: asked[:4], 4),
    0x4_800A: (Properties.set_overscan, 4),
    0x4_800B: (lambda _it, _asked: [0], 2),
    0x4_0013: (lambda _it, _asked: [1], 0),
    0x4_8013: (lambda _it, _asked: [0], 1),
    0x4_8020: (lambda _it, _asked: [0], 1),
}
"""A tag, who answers it, and how many words it asks with."""
