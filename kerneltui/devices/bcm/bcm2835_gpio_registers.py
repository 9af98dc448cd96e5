"""The registers of the Raspberry Pi's general purpose inputs and outputs.

Documents: BCM2835 ARM Peripherals (2012), chapter 6 (54 pins); BCM2711 ARM Peripherals (2022),
chapter 5 (58 pins, and other registers for the pull resistors).
"""

from __future__ import annotations

from typing import Any

from kerneltui.hw.register import (
    RO,
    RW,
    RW1C,
    TAG,
    WO,
    Access,
    Field,
    Register,
    RegisterTable,
    Role,
    WriteRole,
)

PINS_2835, PINS_2711 = 54, 58
PER_SELECT, PER_PULL = 10, 16
FUNCTIONS = (
    (0, "input"), (1, "output"), (4, "alternate 0"), (5, "alternate 1"), (6, "alternate 2"),
    (7, "alternate 3"), (3, "alternate 4"), (2, "alternate 5"),
)  # fmt: skip
OUTPUT = 1
NO_PULL, PULL_UP, PULL_DOWN = range(3)
"""As GPIO_PUP_PDN_CNTRL has them; GPPUD has up and down the other way round."""
DETECTORS = ("GPREN", "GPFEN", "GPHEN", "GPLEN", "GPAREN", "GPAFEN")
SELECTS = tuple(f"GPFSEL{n}" for n in range(6))
PULLS = tuple(f"GPIO_PUP_PDN_CNTRL_REG{n}" for n in range(4))
PULLS_AT_RESET = (0xAAA9_5555, 0xA0AA_AAAA, 0x50AA_A95A, 0x0005_5555)
"""Pull-ups at pins 0-8, 34-36 and from 46 on, none at 28, 29, 44 and 45, else pull-downs."""


def _selects(pins: int, ref: str) -> list[Register]:
    return [
        Register(
            name, 4 * n,
            tuple(Field(f"FSEL{pin}", 3 * (pin % PER_SELECT), 3, doc=f"What pin {pin} is",
                        values=FUNCTIONS)
                  for pin in range(PER_SELECT * n, min(PER_SELECT * (n + 1), pins))),
            "Function select", ref, may_write=("GPLEV", "GPEDS"),
        )
        for n, name in enumerate(SELECTS)
    ]  # fmt: skip


def _bitmap(
    name: str, offset: int, pins: int, doc: str, ref: str, access: Access = RW, **more: Any
) -> Register:
    """Two registers with a bit for each pin."""
    return Register(
        f"{name}{{n}}", offset, (Field("PINS", 0, 32, access, f"Bit i: pin 32 * n + i. {doc}"),),
        doc, ref, count=2, packed=True, implemented=(1 << pins) - 1, **more,
    )  # fmt: skip


def _common(pins: int, selects: str, ref: str) -> list[Register]:
    """What both chips have."""

    def bitmap(name: str, offset: int, doc: str, access: Access = RW, **more: Any) -> Register:
        return _bitmap(name, offset, pins, doc, ref, access, **more)

    detector: dict[str, Any] = {"may_write": ("GPEDS",)}
    return [
        *_selects(pins, selects),
        bitmap("GPSET", 0x1C, "A one sets an output", WO, may_write=("GPLEV", "GPEDS")),
        bitmap("GPCLR", 0x28, "A one clears an output", WO, may_write=("GPLEV", "GPEDS")),
        bitmap("GPLEV", 0x34, "Levels of the pins", RO, changed_by="GPSET"),
        bitmap("GPEDS", 0x40, "Detected events; a one clears", RW1C,
               role_of_read=Role.IDENTIFY, roles_of_write=(WriteRole(Role.QUIET),)),
        bitmap("GPREN", 0x4C, "Detect rising edges, by the system clock", **detector),
        bitmap("GPFEN", 0x58, "Detect falling edges, by the system clock", **detector),
        bitmap("GPHEN", 0x64, "Detect the high level", **detector),
        bitmap("GPLEN", 0x70, "Detect the low level", **detector),
        bitmap("GPAREN", 0x7C, "Detect rising edges, asynchronously", **detector),
        bitmap("GPAFEN", 0x88, "Detect falling edges, asynchronously", **detector),
    ]  # fmt: skip


BCM2835_GPIO = RegisterTable(
    __name__,
    "BCM2835_GPIO",
    "BCM2835 GPIO",
    size=0x1000,
    ref="BCM2835 ARM Peripherals, ch. 6",
    registers=(
        *_common(PINS_2835, "6.1, p. 91-94", "6.1, p. 95-100"),
        Register("GPPUD", 0x94,
                 (Field("PUD", 0, 2, doc="What GPPUDCLK brings to the pins",
                        values=((0, "off"), (1, "pull-down"), (2, "pull-up"))),),
                 "Pull-up and pull-down", "6.1, p. 100"),
        _bitmap("GPPUDCLK", 0x98, PINS_2835, "A one gives a pin the pull resistor of GPPUD",
                "6.1, p. 101", may_write=("GPLEV", "GPEDS")),
    ),
)  # fmt: skip

BCM2711_GPIO = RegisterTable(
    __name__,
    "BCM2711_GPIO",
    "BCM2711 GPIO",
    size=0x1000,
    ref="BCM2711 ARM Peripherals, ch. 5",
    registers=(
        *_common(PINS_2711, "5.2", "5.2"),
        Register("GPPUD", 0x94, (Field("PUD", 0, 32, TAG, "Has no effect on this chip"),),
                 "Of the BCM2835: GPIO_PUP_PDN_CNTRL_REG is in its place", "5.2"),
        Register("GPPUDCLK{n}", 0x98, (Field("PINS", 0, 32, TAG, "Has no effect on this chip"),),
                 "Of the BCM2835: GPIO_PUP_PDN_CNTRL_REG is in its place", "5.2", count=2),
        Register("EXTRA_MUX", 0xD0, (Field("SDIO", 1, 1, TAG, "SD card at EMMC, not EMMC2"),),
                 "Further functions; in no manual, but in public SVD files", "none"),
        *(
            Register(
                name, 0xE4 + 4 * n,
                tuple(Field(f"GPIO_PUP_PDN_CNTRL{pin}", 2 * (pin % PER_PULL), 2,
                            doc=f"The resistor of pin {pin}",
                            values=((0, "none"), (1, "pull-up"), (2, "pull-down")))
                      for pin in range(PER_PULL * n, min(PER_PULL * (n + 1), PINS_2711))),
                "Pull-up and pull-down", "5.2", reset=PULLS_AT_RESET[n],
                may_write=("GPLEV", "GPEDS"),
            )
            for n, name in enumerate(PULLS)
        ),
    ),
)  # fmt: skip
