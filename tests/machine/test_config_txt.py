"""What is read of a Raspberry Pi's config.txt: see its documentation, "config.txt"."""

import functools

import pytest

from kerneltui.errors import UserError
from kerneltui.machine.board import load_board
from kerneltui.machine.native.firmware import FirmwareOptions, options_beside, read_config_txt

board = functools.cache(load_board)


@pytest.fixture
def read(tmp_path):
    path = tmp_path / "config.txt"

    def read_it(text, name="rpi4"):
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_config_txt(path, board(name))

    return read_it


def test_an_empty_file_is_the_firmwares_defaults(read):
    options = read("")
    assert options == FirmwareOptions()
    assert (options.entry, options.load, options.kernel_old) == ("el2", 0x8_0000, False)
    assert (options.enable_gic, options.enable_uart, options.arm_peri_high) == (True, False, False)


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("kernel_old=1", {"entry": "el3", "load": 0}),
        ("kernel_old=0", {}),
        ("kernel_address=0", {"entry": "el3", "load": 0}),
        ("kernel_address=0x200000", {"load": 0x20_0000}),
        ("enable_uart=1", {"enable_uart": True}),
        ("enable_gic=0", {"enable_gic": False}),
        ("arm_peri_high=1", {"arm_peri_high": True}),
        ("core_freq=250", {"core_hz": 250_000_000}),
        ("init_uart_clock=3000000", {"uart_hz": 3_000_000}),
        ("init_uart_baud=9600", {"baud": 9600}),
        ("kernel=mine.img", {"kernel": "mine.img"}),
        ("cmdline=mine.txt", {"cmdline_file": "mine.txt"}),
        ("  ENABLE_UART = 1   # as the course says", {"enable_uart": True}),
        ("arm_64bit=1", {}),
        ("dtparam=audio=on", {}),
        ("initramfs initrd.gz followkernel", {}),
        ("# enable_uart=1", {}),
        ("", {}),
    ],
)
def test_each_line(read, line, changes):
    assert read(line + "\n") == FirmwareOptions(**changes)


@pytest.mark.parametrize(
    ("text", "name", "is_on"),
    [
        ("[pi4]\nenable_uart=1", "rpi4", True),
        ("[pi4]\nenable_uart=1", "rpi3", False),
        ("[pi3]\nenable_uart=1", "rpi3", True),
        ("[PI3]\nenable_uart=1", "rpi3", True),
        ("[pi3+]\nenable_uart=1", "rpi4", False),
        ("[pi3]\n[pi4]\nenable_uart=1", "rpi4", True),
        ("[pi4]\n[all]\nenable_uart=1", "rpi3", True),
        ("[none]\nenable_uart=1", "rpi4", False),
        ("[none]\n[pi4]\nenable_uart=1", "rpi4", False),
        ("[none]\n[all]\nenable_uart=1", "rpi4", True),
        ("[cm4]\nenable_uart=1", "rpi4", False),
        ("[EDID=VSC-TD2220]\nenable_uart=1", "rpi4", False),
        ("[EDID=VSC-TD2220]\n[pi4]\nenable_uart=1", "rpi4", False),
        ("enable_uart=1\n[pi3]\nenable_uart=0", "rpi4", True),
    ],
)
def test_sections(read, text, name, is_on):
    assert read(text, name).enable_uart is is_on


def test_of_two_settings_the_last_counts(read):
    assert read("core_freq=400\ncore_freq=250").core_hz == 250_000_000


def test_line_ends_and_byte_order_marks_of_windows(read):
    assert read(b"\xef\xbb\xbfenable_uart=1\r\nkernel_old=1\r\n") == FirmwareOptions(
        enable_uart=True, entry="el3", load=0
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nenable_uart=yes", ":2: enable_uart must be a number from 0 to 0x1, not 'yes'"),
        ("enable_gic=2", ":1: enable_gic must be a number from 0 to 0x1, not '2'"),
        ("enable_uart 1", ":1: 'enable_uart 1' does not read enable_uart=VALUE"),
        ("kernel_address=top", ":1: kernel_address must be a number from 0 to 0x3fffffff"),
        ("core_freq=-1", ":1: core_freq must be a number"),
        ("kernel=", ":1: kernel must be the name of a file"),
        ("\n\narm_64bit=0", ":3: arm_64bit=0 asks for a 32-bit kernel"),
    ],
)
def test_mistakes_name_their_line(read, text, message):
    with pytest.raises(UserError) as caught:
        read(text)
    assert "config.txt" + message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistake_in_a_section_of_another_board_is_none(read):
    assert read("[pi3]\nenable_uart=yes") == FirmwareOptions()


def test_a_stub_of_ones_own_is_named(read):
    assert read("armstub=mine.bin") == FirmwareOptions(armstub="mine.bin")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_config_txt(tmp_path / "config.txt", board("rpi4"))


def test_what_stands_beside_an_image(tmp_path):
    image = tmp_path / "kernel8.img"
    assert options_beside(image, board("rpi4")) == FirmwareOptions()
    (tmp_path / "cmdline.txt").write_text("console=ttyS0 quiet\nand more\n")
    assert options_beside(image, board("rpi4")).cmdline == "console=ttyS0 quiet"
    (tmp_path / "config.txt").write_text("kernel_old=1\ncmdline=mine.txt\n")
    (tmp_path / "mine.txt").write_text("mine")
    options = options_beside(image, board("rpi4"))
    assert (options.cmdline, options.kernel_old) == ("mine", True)
