"""Register maps against a public SVD.

The facts are those of the SVD templates of Adafruit's broadcom-peripherals (on GitHub, commit
4c890db): names, offsets, fields and reset values, as recorded in November 2026.  Where the SVD
and what hardware does part, the row says why: these are the differences that are meant.
"""

import functools

import pytest

from kerneltui.devices import model
from kerneltui.hw.clock import Clock
from kerneltui.machine.board import load_board
from kerneltui.machine.image_board import load_image

BASES = {
    "rpi3": {"mailbox": 0x3F00_B880, "clocks": 0x3F10_1098, "gpio": 0x3F20_0000,
             "system-timer": 0x3F00_3000, "uart0": 0x3F20_1000, "spi0": 0x3F20_4000,
             "bsc0": 0x3F20_5000, "pwm": 0x3F20_C000, "bsc1": 0x3F80_4000, "bsc2": 0x3F80_5000,
             "aux": 0x3F21_5000, "usb": 0x3F98_0000, "emmc": 0x3F30_0000},
    "rpi4": {"mailbox": 0xFE00_B880, "clocks": 0xFE10_1098, "gpio": 0xFE20_0000,
             "system-timer": 0xFE00_3000, "uart0": 0xFE20_1000, "spi": 0xFE20_4000,
             "bsc": 0xFE20_5000, "pwm0": 0xFE20_C000, "pwm1": 0xFE20_C800, "bsc1": 0xFE80_4000,
             "aux": 0xFE21_5000, "usb": 0xFE98_0000, "emmc": 0xFE30_0000, "pactl": 0xFE20_4E00},
}  # fmt: skip
"""Where peripherals begin (of the clock manager, the first clock that the SVD has)."""

INTERRUPTS = {
    "rpi3": {"gpio bank0": 49, "gpio bank1": 50, "gpio bank2": 51, "gpio all": 52,
             "system-timer match0": 0, "system-timer match1": 1, "system-timer match2": 2,
             "system-timer match3": 3, "aux irq": 29, "uart0 irq": 57},
    "rpi4": {"gpio bank0": 145, "gpio bank1": 146, "gpio bank2": 147, "gpio all": 148,
             "system-timer match0": 96, "system-timer match1": 97, "system-timer match2": 98,
             "system-timer match3": 99, "aux irq": 125, "uart0 irq": 153},
}  # fmt: skip
"""Of the BCM2837 by source, of the BCM2711 by INTID."""

AUX = [
    ("AUX_IRQ", 0x00, 0, {2: 1, 1: 1, 0: 1}),
    ("AUX_ENABLES", 0x04, 0, {2: 1, 1: 1, 0: 1}),
    ("AUX_MU_IO", 0x40, 0, {0: 8}),
    ("AUX_MU_BAUDL", 0x40, 0, {}),
    ("AUX_MU_IER", 0x44, 0, {1: 1, 0: 1}),
    ("AUX_MU_BAUDH", 0x44, 0, {}),
    ("AUX_MU_LCR", 0x4C, 0, {7: 1, 6: 1, 0: 2}),
    ("AUX_MU_MCR", 0x50, 0, {1: 1}),
    ("AUX_MU_LSR", 0x54, 0, {6: 1, 5: 1, 1: 1, 0: 1}),
    ("AUX_MU_MSR", 0x58, 0, {4: 1}),
    ("AUX_MU_SCRATCH", 0x5C, 0, {}),
    ("AUX_MU_CNTL", 0x60, 0, {7: 1, 6: 1, 4: 2, 3: 1, 2: 1, 1: 1, 0: 1}),
    ("AUX_MU_STAT", 0x64, 0,
     {24: 4, 16: 4, 9: 1, 8: 1, 7: 1, 6: 1, 5: 1, 4: 1, 3: 1, 2: 1, 1: 1, 0: 1}),
    ("AUX_MU_BAUD", 0x68, 0, {}),
    ("AUX_SPI1_CNTL0", 0x80, 0xE_0000, {}),
    ("AUX_SPI1_CNTL1", 0x84, 0, {}),
    ("AUX_SPI1_STAT", 0x88, 0, {}),
    ("AUX_SPI1_PEEK", 0x8C, 0, {}),
]  # fmt: skip
"""Name, offset, value after reset (before it is switched on), and fields: lowest bit, width.

Left out: AUX_MU_IIR, of which the SVD has a bit for each interrupt (drivers compare the code
of two bits with that of a 16550) and the reset value 0xB001, a slip for 0b11000001; AUX_SPI_IO and
TXHOLD, which the SVD has at 0x90 and 0xA0, the manual and Linux at 0xA0 and 0xB0.
"""

GPIO = [
    *((f"GPFSEL{n}", 4 * n) for n in range(6)),
    *((f"{name}{n}", base + 4 * n)
      for name, base in (("GPSET", 0x1C), ("GPCLR", 0x28), ("GPLEV", 0x34), ("GPEDS", 0x40),
                         ("GPREN", 0x4C), ("GPFEN", 0x58), ("GPHEN", 0x64), ("GPLEN", 0x70),
                         ("GPAREN", 0x7C), ("GPAFEN", 0x88), ("GPPUDCLK", 0x98))
      for n in range(2)),
    ("GPPUD", 0x94),
]  # fmt: skip
GPIO_2711 = [
    *GPIO, ("EXTRA_MUX", 0xD0), *((f"GPIO_PUP_PDN_CNTRL_REG{n}", 0xE4 + 4 * n) for n in range(4))
]  # fmt: skip
"""The SVD has no reset values of these but zeros; the model has the resistors of the manual."""

MAILBOX = [
    ("MAIL0_READ", 0x00, {}), ("MAIL0_PEEK", 0x10, {}), ("MAIL0_SENDER", 0x14, {}),
    ("MAIL0_STATUS", 0x18, {31: 1, 30: 1}), ("MAIL0_CONFIG", 0x1C, {0: 1}),
    ("MAIL1_WRITE", 0x20, {}), ("MAIL1_PEEK", 0x30, {}), ("MAIL1_SENDER", 0x34, {}),
    ("MAIL1_STATUS", 0x38, {}), ("MAIL1_CONFIG", 0x3C, {}),
]  # fmt: skip

board = functools.cache(load_board)


def whole(name):
    """All devices of a board, and what is declared, by name."""
    image, _ = load_image(board(name))
    return {**board(name).spec.devices, **image.devices}, image.declared


def made(compatible):
    cls = model(compatible)
    return cls("device", cls.CONFIG(), Clock())


def slots(device):
    return {slot.name: slot for slot in device.regs.slots()}


def fields(slot, shown):
    """The fields of a register, as far as the SVD has any there."""
    found = {field.lsb: field.width for field in slot.register.fields}
    return {lsb: width for lsb, width in found.items() if lsb in shown}


@pytest.mark.parametrize(("name", "what"), [(name, what) for name in BASES for what in BASES[name]])
def test_where_peripherals_begin(name, what):
    devices, declared = whole(name)
    if what in devices:
        assert min(devices[what].reg.values()) == BASES[name][what]
    else:
        region = declared[what]
        assert region.base <= BASES[name][what] < region.base + region.size


@pytest.mark.parametrize(
    ("name", "output"), [(name, output) for name in INTERRUPTS for output in INTERRUPTS[name]]
)
def test_which_interrupt_an_output_is(name, output):
    devices, _ = whole(name)
    device, pin = output.split()
    kind = {"rpi3": "ic gpu", "rpi4": "gic spi"}[name]
    first = {"rpi3": 0, "rpi4": 32}[name]
    assert f"{kind} {INTERRUPTS[name][output] - first}" in devices[device].targets(pin)


@pytest.mark.parametrize(("name", "offset", "reset", "shown"), AUX)
def test_the_auxiliaries(name, offset, reset, shown):
    aux = made("brcm,bcm2835-aux")
    slot = slots(aux)[name]
    assert slot.offset == offset
    assert aux.regs.read(slot.key) == reset
    assert fields(slot, shown) == shown


@pytest.mark.parametrize(
    ("compatible", "facts"), [("brcm,bcm2835-gpio", GPIO), ("brcm,bcm2711-gpio", GPIO_2711)]
)
def test_gpio(compatible, facts):
    found = {name: slot.offset for name, slot in slots(made(compatible)).items()}
    assert found == dict(facts)


@pytest.mark.parametrize(("compatible", "pins"), [("brcm,bcm2835-gpio", 54),
                                                  ("brcm,bcm2711-gpio", 58)])  # fmt: skip
def test_each_pin_has_its_function(compatible, pins):
    found = slots(made(compatible))
    for pin in range(pins):
        slot = found[f"GPFSEL{pin // 10}"]
        assert slot.register[f"FSEL{pin}"].lsb == 3 * (pin % 10)
        meanings = dict(slot.register[f"FSEL{pin}"].values)
        assert (meanings[0], meanings[1]) == ("input", "output")


@pytest.mark.parametrize(("name", "offset", "shown"), MAILBOX)
def test_the_mailboxes(name, offset, shown):
    slot = slots(made("brcm,bcm2835-mbox"))[name]
    assert slot.offset == offset
    assert fields(slot, shown) == shown


def test_nothing_of_the_mailboxes_is_left_out():
    assert set(slots(made("brcm,bcm2835-mbox"))) == {name for name, *_ in MAILBOX}
