"""Images on boards as the firmware leaves them: what they find there."""

import shutil
from itertools import pairwise

import pytest
from native_bench import MS, OPEN, image_path

from kerneltui.errors import UserError
from kerneltui.machine.core import CoreState
from kerneltui.scenarios.images import open_image

CHARACTER_NS = {"rpi3": 10 * 8 * 271 * 4, "rpi4": 10 * 8 * 542 * 2}
"""Ten bits of the mini UART, at 250 and at 500 MHz."""
OLD = "kernel_old=1\nenable_gic=0\narm_peri_high=1\n"


@pytest.fixture
def start(tmp_path):
    """Open a proof kernel, with a config.txt beside it."""

    def start_it(name, board, config="", typed=()):
        path = tmp_path / f"{name}.elf"
        shutil.copy(image_path(name), path)
        if config:
            (tmp_path / "config.txt").write_text(config)
        machine = open_image(board, path).machine
        OPEN.append(machine)
        machine.sent = []
        machine.terminal.on_output = lambda byte: machine.sent.append((machine.now, chr(byte)))
        machine.terminal.play(list(typed))
        return machine

    return start_it


def text(machine):
    return "".join(character for _, character in machine.sent)


@pytest.mark.parametrize(("board", "revision"), [("rpi3", "00a02082"), ("rpi4", "00a03111")])
def test_the_mini_uart_by_interrupts_and_the_mailbox(start, board, revision):
    machine = start(f"mini_uart_{board}", board, typed=[(5 * MS, b"ab\r")])
    machine.run(until=4 * MS)
    assert text(machine) == revision
    times = [at for at, _ in machine.sent]
    assert {after - before for before, after in pairwise(times)} == {CHARACTER_NS[board]}
    machine.run(until=10 * MS)
    assert text(machine) == f"{revision}ab\r."
    assert machine.core.interrupts_taken == 3
    came = [5 * MS + CHARACTER_NS[board] * (n + 1) for n in range(3)]
    for at, (sent, _) in zip(came, machine.sent[8:], strict=False):
        assert CHARACTER_NS[board] < sent - at < CHARACTER_NS[board] + 2_000


def test_the_legacy_controllers_at_el3_with_all_cores(start):
    machine = start("legacy", "rpi4", OLD)
    assert machine.core.privilege() == "EL3"
    machine.run(until=450 * MS)
    assert text(machine) == "TTTT"
    due = [100 * MS * (n + 1) + CHARACTER_NS["rpi4"] for n in range(4)]
    assert all(0 < at - then < 2_000 for (at, _), then in zip(machine.sent, due, strict=True))
    assert all(core.state is CoreState.WAITING for core in machine.cores)
    assert machine.controllers["gic"].interrupt(97, 0).enabled is False


def test_the_same_image_needs_what_config_txt_says(start):
    machine = start("legacy", "rpi4", OLD.replace("enable_gic=0\n", ""))
    machine.run(until=450 * MS)
    assert text(machine) == ""
    assert machine.memory.read(0x4_7E00_B200) == 2
    assert machine.core.inputs == 0


def test_what_has_no_effect_is_told(start, tmp_path):
    session = None
    shutil.copy(image_path("echo"), tmp_path / "echo.elf")
    (tmp_path / "config.txt").write_text("armstub=mine.bin\n")
    session = open_image("rpi4", tmp_path / "echo.elf")
    OPEN.append(session.machine)
    assert "config.txt: armstub=mine.bin is not beside it" in session.setup.about
    (tmp_path / "mine.bin").write_bytes(b"")
    with pytest.raises(UserError, match=r"mine.bin: the file is empty"):
        open_image("rpi4", tmp_path / "echo.elf")
    (tmp_path / "config.txt").write_text("armstub=mine.bin\nkernel_old=1\n")
    session = open_image("rpi4", tmp_path / "echo.elf")
    OPEN.append(session.machine)
    assert "is not run: the image lies in its place" in session.setup.about


JUMPING_STUB = bytes.fromhex("e0070018 00001fd6".replace(" ", "")).ljust(0xF0, b"\0")
"""LDR W0, 0xFC; BR X0: without a magic word the rest is not the firmware's to fill in."""


def test_an_armstub_of_its_own_runs_on_all_cores_at_el3(start, tmp_path):
    told = (0x5AFE570B).to_bytes(4, "little") + bytes(12)
    (tmp_path / "mine.bin").write_bytes(JUMPING_STUB + told)
    machine = start("el3", "rpi4", "armstub=mine.bin\n")
    assert [core.privilege() for core in machine.cores] == ["EL3"] * 4
    assert [core.engine.pc for core in machine.cores] == [0] * 4
    assert machine.memory.read(0xF0, 8) == 0
    assert machine.memory.read(0xFC) == 0x8_0000
    machine.run(until=10_000)
    pages = {core.engine.pc >> 16 for core in machine.cores}
    assert pages == {8}


def test_a_stub_without_the_magic_word_is_left_as_it_is(start, tmp_path):
    words = b"\x01\0\0\0" + bytes(8) + (0x1234).to_bytes(4, "little")
    (tmp_path / "mine.bin").write_bytes(JUMPING_STUB + words)
    machine = start("el3", "rpi4", "armstub=mine.bin\n")
    assert (machine.memory.read(0xF0), machine.memory.read(0xFC)) == (1, 0x1234)


def test_files_that_config_txt_names_may_lie_in_a_folder(start, tmp_path):
    folder = tmp_path / "boot"
    folder.mkdir()
    (folder / "stub.bin").write_bytes(JUMPING_STUB)
    (folder / "line.txt").write_text("quiet\n")
    machine = start("el3", "rpi4", "armstub=boot/stub.bin\ncmdline=/boot/line.txt\n")
    assert machine.memory.read(0, 8) == int.from_bytes(JUMPING_STUB[:8], "little")
    assert machine.devices["mailbox"].properties.facts.cmdline == "quiet"
    name = "a" * 300
    machine = start("echo", "rpi4", f"armstub={name}\ncmdline={name}\n")
    assert machine.core.privilege() == "EL2"


def test_a_board_without_one_of_its_uarts(said):
    run = "run", "--until", "1ms", "--kernel", image_path("echo"), "--no", "uart0"
    assert said(*run)[::2] == (0, "")


def test_a_mistake_in_config_txt_is_told(start):
    with pytest.raises(UserError, match=r"config.txt:1: enable_uart must be a number"):
        start("echo", "rpi4", "enable_uart=on\n")
