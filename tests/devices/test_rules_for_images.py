"""The rules of the devices for images are their behaviour, and none of them can be missing."""

import pytest

from kerneltui.devices.bcm import bcm2711_armc, bcm2835_aux, bcm2835_gpio, bcm2835_mbox
from kerneltui.devices.bcm.bcm2711_armc import Bcm2711Armc
from kerneltui.devices.bcm.bcm2835_aux import Bcm2835Aux
from kerneltui.devices.bcm.bcm2835_aux_interrupts import ON
from kerneltui.devices.bcm.bcm2835_gpio import Bcm2835Gpio, Gpio
from kerneltui.devices.bcm.bcm2835_mbox import BCM2835_MBOX, Bcm2835Mbox
from kerneltui.hw.clock import Clock
from kerneltui.hw.rule import first_shut, required
from kerneltui.hw.rule import tests_of as the_tests


def store(device, name, value):
    (slot,) = (slot for slot in device.regs.slots() if slot.name == name)
    device.regs.write(slot.key, value)


def shut(gates):
    return [gate.name for gate in gates if not gate.open]


# -- the mini UART ---------------------------------------------------------------------------------

RECEIVE, TRANSMIT = range(2)


def make_uart():
    uart = Bcm2835Aux("aux", bcm2835_aux.Config(), Clock())
    store(uart, "AUX_ENABLES", 1)
    store(uart, "AUX_MU_LCR", 3)
    store(uart, "AUX_MU_BAUD", 270)
    return uart


UART_CASES = [
    (RECEIVE, 1, None, []),
    (RECEIVE, 0, None, ["receive IRQ enabled"]),
    (RECEIVE, 1, "AUX_MU_IO", ["character waits"]),
    (TRANSMIT, 2, None, []),
    (TRANSMIT, 0, None, ["transmit IRQ enabled"]),
    (TRANSMIT, 2, "store", ["FIFO empty"]),
]
"""Which interrupt, what is enabled, what is done besides, and which gates are shut then."""


@pytest.mark.parametrize(("kind", "enables", "then", "expected"), UART_CASES)
def test_each_rule_of_the_mini_uart_shuts_alone(kind, enables, then, expected):
    uart = make_uart()
    if kind == RECEIVE:
        uart.receive(0x41)
    store(uart, "AUX_MU_IER", enables)
    if then == "AUX_MU_IO":
        uart.regs.read(0x40)
    elif then == "store":
        store(uart, "AUX_MU_IO", 0x41)
        store(uart, "AUX_MU_IO", 0x42)
    gates = uart.causes("irq", 0)[kind].gates
    assert shut(gates) == expected
    assert uart.outputs["irq"][0].level is (expected == [])


def test_the_mini_uart_decides_by_what_it_shows():
    """Each rule of both interrupts is among those that decide, or lets one of these happen."""
    for kind, (_, enable, lets, condition) in enumerate(Bcm2835Aux.KINDS):
        asked = next(item for item in Bcm2835Aux.ASKED if item[0] == kind)
        assert asked[1:] == (
            required(bcm2835_aux.BCM2835_AUX["AUX_MU_IER"], (enable,))[0], condition.test
        )  # fmt: skip
        assert lets.test is not None
    assert required(bcm2835_aux.BCM2835_AUX["AUX_ENABLES"], (ON,)) == (1, 1)


# -- GPIO ------------------------------------------------------------------------------------------


def gpio_is_right():
    gpio = Bcm2835Gpio("gpio", bcm2835_gpio.Config(), Clock())
    store(gpio, "GPREN0", 1 << 17)
    (cause,) = gpio.causes("bank0", 0)
    if shut(cause.gates) != ["event detected"] or gpio.outputs["bank0"][0].level:
        return False
    gpio.input("pin", 17)(True)
    (cause,) = gpio.causes("bank0", 0)
    return first_shut(cause.gates) is None and gpio.outputs["bank0"][0].level


@pytest.mark.parametrize("rule", Gpio.RULES, ids=lambda rule: rule.name)
def test_each_rule_of_gpio_is_needed(monkeypatch, rule):
    assert gpio_is_right()
    left = tuple(item for item in Gpio.RULES if item is not rule)
    monkeypatch.setattr(Gpio, "RULES", left)
    monkeypatch.setattr(Gpio, "TESTS", the_tests(left))
    assert not gpio_is_right()


# -- the mailbox -----------------------------------------------------------------------------------


def mailbox_is_right(name):
    mailbox = Bcm2835Mbox("mailbox", bcm2835_mbox.Config(), Clock())
    store(mailbox, "MAIL0_CONFIG", int(name != "enabled"))
    if name != "message waits":
        store(mailbox, "MAIL1_WRITE", 8)
        mailbox.clock.advance(1_000_000)
    (cause,) = mailbox.causes("irq", 0)
    return shut(cause.gates) == [name] and not mailbox.outputs["irq"][0].level


@pytest.mark.parametrize("rule", Bcm2835Mbox.RULES, ids=lambda rule: rule.name)
def test_each_rule_of_the_mailbox_is_needed(monkeypatch, rule):
    assert mailbox_is_right(rule.name)
    left = tuple(item for item in Bcm2835Mbox.RULES if item is not rule)
    monkeypatch.setattr(Bcm2835Mbox, "RULES", left)
    monkeypatch.setattr(Bcm2835Mbox, "TESTS", the_tests(left))
    monkeypatch.setattr(Bcm2835Mbox, "SWITCHES", required(BCM2835_MBOX["MAIL0_CONFIG"], left))
    assert not mailbox_is_right(rule.name)


# -- the legacy controller -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["IRQ", "FIQ"])
@pytest.mark.parametrize("missing", ["enable", "source"])
def test_each_rule_of_the_legacy_controller_shuts_alone(kind, missing):
    armc = Bcm2711Armc("armc", bcm2711_armc.Config(), Clock(), 4)
    if missing != "enable":
        store(armc, f"{kind}2_SET_EN_1", 1 << 25)
    if missing != "source":
        armc.input("gpu", 57)(True)
    (way,) = (way for way in armc.passages(57, 2) if way.output == kind.lower())
    assert shut(way.gates) == [{"enable": f"enabled as {kind}", "source": "raised"}[missing]]
    assert not armc.outputs[kind.lower()][2].level
