"""Who wrote a register last: functions and lines of an image."""

import pytest
from native_bench import MS, image_path

from kerneltui.debugger.last_write import find_last_writes
from kerneltui.debugger.register_names import register_and_label
from kerneltui.debugger.writers import in_words
from kerneltui.hw.rule import Spot
from kerneltui.scenarios.images import open_image


@pytest.fixture
def session():
    opened = open_image("rpi4", image_path("cntp_gic"))
    opened.boot()
    opened.run_until(5 * MS)
    yield opened
    opened.close()


def last_write(session, name, mask):
    site, _ = register_and_label(session.machine, [], name)
    owner = "core 0" if site.device in {"", "core"} else site.device
    spot = Spot(site.file.table.name, site.slot.key, mask, 0)
    search = find_last_writes(session.history, [(owner, spot)])
    while True:
        try:
            next(search)
        except StopIteration as end:
            return end.value[0]


def test_a_device_register(session):
    write = last_write(session, "GICD_ISENABLER0", 1 << 30)
    assert (write.function, write.line) == ("_start", 8)
    assert in_words(write).startswith("last written by _start (kernels/cntp_gic.S:8) at 0.000 000 ")


def test_a_register_of_the_timer(session):
    write = last_write(session, "CNTP_CVAL_EL0", (1 << 64) - 1)
    assert (write.function, write.line) == ("handle_irq", 25)


def test_a_register_of_the_core(session):
    write = last_write(session, "VBAR_EL1", (1 << 64) - 1)
    assert (write.function, write.line) == ("_start", 6)
    write = last_write(session, "DAIF", 1 << 7)
    assert write.function == "handle_irq"
    assert write.instruction == "eret"
