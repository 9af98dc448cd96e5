"""``kerneltui check`` on a board without the device: that is named at once, and who has one."""

import pytest
import yaml
from own.broken import SYSTEM_TIMER

from kerneltui.configfile import ConfigFile, available

BOARDS = available("boards")
MINI_UART = {
    "compatible": "brcm,bcm2835-aux",
    "reg": {"BCM2835_AUX": 0xFE21_5000},
    "config": {"clock_hz": 250_000_000},
}
ROLES = [
    ("rpi4", "timer", "system-timer", "brcm,bcm2835-system-timer", "rpi3, rpi4"),
    ("rpi4", "irq-controller", "gic", "arm,gic-400", "rpi4"),
    ("rpi4", "uart", "uart0", "arm,pl011", "rpi3, rpi4"),
    ("x86", "clock", "pit", "intel,i8254", "x86"),
    ("x86", "clock", "hpet", "intel,hpet", "x86"),
    ("x86", "irq-controller", "pic", "intel,i8259", "x86"),
]


def without(board, name):
    """The text of a board without one device, and without the wires that lead to it."""
    data = ConfigFile.load(BOARDS[board]).data
    del data["devices"][name]
    for device in data["devices"].values():
        for output, leads in device.get("interrupts", {}).items():
            ends = [leads] if isinstance(leads, str) else leads
            device["interrupts"][output] = [end for end in ends if end.split()[0] != name]
    if data["console"] == name:
        data["devices"]["other"] = MINI_UART
        data["console"] = "other"
    return yaml.safe_dump(data)


@pytest.mark.parametrize(("board", "role", "name", "chip", "others"), ROLES)
def test_the_device_is_named_and_boards_that_have_it(
    said, tmp_path, monkeypatch, board, role, name, chip, others
):
    monkeypatch.chdir(tmp_path)
    device = ("--device", name) if role == "clock" else ()
    assert said("new", "driver", "mine", "--role", role, "--board", board, *device)[0] == 0
    (tmp_path / "small.yaml").write_text(without(board, name))
    status, out, err = said("check", "mine.py", "--role", role, "--board", "small.yaml")
    assert (status, out) == (2, ""), err
    assert f"the board 'small' has no {chip}, and this driver of the role {role} needs one" in err
    assert err.endswith(f"boards that have one: {others}\n")


def test_a_driver_of_the_other_timer_can_be_checked_without_this_one(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(SYSTEM_TIMER)
    (tmp_path / "small.yaml").write_text(without("rpi4", "timer"))
    status, out, err = said("check", "mine.py", "--role", "timer", "--board", "small.yaml")
    assert (status, err) == (0, ""), out
