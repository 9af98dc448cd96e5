"""Handler tables and the driver manager: what the tutorial calls its errors."""

import pytest
from kernel_bench import FakeCpu

from kerneltui.kernel.driver import DriverManager
from kerneltui.kernel.irq import HandlerTable, Irq, IrqHandler, KernelError


def handler(number, handle=int, name="x"):
    return IrqHandler(Irq("gic", number), name, handle)


def test_a_handler_is_called_and_counted():
    calls = []
    table = HandlerTable(100)
    entry = handler(7, lambda: calls.append(7))
    table.register(entry)
    table.call(7, FakeCpu())
    table.call(7, FakeCpu())
    assert (calls, entry.count) == ([7, 7], 2)


def test_a_second_registration_is_refused_and_the_first_stays():
    calls = []
    table = HandlerTable(100)
    table.register(handler(7, lambda: calls.append("first")))
    with pytest.raises(KernelError, match=r"^IRQ handler already registered for IRQ 7$"):
        table.register(handler(7, lambda: calls.append("second")))
    table.call(7, FakeCpu())
    assert calls == ["first"]


def test_an_unhandled_irq_is_an_error():
    with pytest.raises(KernelError, match=r"^No handler registered for IRQ 9$"):
        HandlerTable(100).call(9, FakeCpu())


@pytest.mark.parametrize("number", [-1, 101, 5000])
def test_a_number_that_the_controller_does_not_have_is_refused(number):
    with pytest.raises(KernelError, match="last"):
        HandlerTable(100).register(handler(number))


def test_the_last_number_is_allowed_and_the_table_is_in_order():
    table = HandlerTable(100)
    for number in (100, 0, 50):
        table.register(handler(number))
    assert [entry.irq.number for entry in table] == [0, 50, 100]


class Device:
    def __init__(self, log, name):
        self.log, self.compatible = log, name

    def init(self):
        self.log.append(f"{self.compatible} up")

    def handle(self):
        pass


class Manager:
    def __init__(self, log):
        self.log = log

    def register_handler(self, entry):
        self.log.append(f"{entry.name} registers {entry.irq.number}")

    def enable(self, irq):
        self.log.append(f"enable {irq.number}")


def test_all_drivers_are_up_before_the_first_handler_is_registered_and_enabled():
    log = []
    drivers = DriverManager()
    drivers.register(Device(log, "a"), Irq("gic", 1))
    drivers.register(Device(log, "b"))
    drivers.register(Device(log, "c"), Irq("gic", 3))
    assert log == []
    drivers.init_drivers(Manager(log))
    assert log == [
        "a up", "b up", "c up", "a registers 1", "enable 1", "c registers 3", "enable 3",
    ]  # fmt: skip
    assert drivers.names() == ["a", "b", "c"]
