"""Images of machine code on the command line."""

import struct
import subprocess
import sys

import pytest
from native_bench import OPEN, image_path

from kerneltui.machine.native import extra
from kerneltui.machine.native.image import EL2, EL3
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.images import open_image


def test_run_writes_what_the_board_sends(said):
    status, out, err = said(
        "run", "--board", "rpi4", "--kernel", image_path("el0_svc"), "--until", "5ms"
    )
    assert (status, out, err) == (0, "a1b2ic3", "")


def test_expected_texts(said):
    base = "run", "--kernel", image_path("el0_svc"), "--until", "5ms"
    assert said(*base, "--expect", "b2", "--expect", "ic")[0] == 0
    status, out, err = said(*base, "--expect", "b2", "--expect", "zz")
    assert (status, out) == (4, "a1b2ic3")
    assert err == "kerneltui: the board has not sent 'zz'\n"


def test_a_text_ends_the_run(said):
    status, out, err = said(
        "run", "--kernel", image_path("cntp_gic"), "--until", "90s", "--exit-on", "...", "--stats"
    )
    assert (status, out) == (0, "...")
    assert "virtual_seconds: 0.300131938" in err


def test_a_run_can_take_too_long(said):
    status, _, err = said(
        "run", "--kernel", image_path("cntp_gic"), "--until", "900s", "--timeout", "200ms"
    )
    assert status == 5
    assert err.startswith("kerneltui: the run took longer than 200 ms; it came to ")


def test_a_storm_is_a_failure(said):
    status, _, err = said("run", "--kernel", image_path("storm"), "--until", "1s")
    assert status == 1
    assert err.startswith(
        "kerneltui: the kernel halted: exception storm: the vector VBAR_EL2 + 0x200"
    )


def test_what_looks_like_a_hang_is_told(said):
    status, _, err = said("run", "--kernel", image_path("jump"), "--until", "1s")
    assert status == 0
    assert err == (
        "kerneltui: core 0 jumped to 0x1200000000: nothing there can be executed; X30 is 0x80010 "
        "(_start+0x10)\n"
    )


def elf(machine=183, bits=64, entry=0x80000, address=0x80000, size=16):
    """A small ELF file."""
    if bits == 32:
        return b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHI", 2, machine, 1) + bytes(28)
    head = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, entry, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    )
    part = struct.pack("<IIQQQQQQ", 1, 5, 120, address, address, 16, size, 4096)
    return head + part + bytes(16)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the file is empty"),
        (elf(machine=62), "an ELF file for x86_64 (64 bits); it must be for aarch64"),
        (elf(machine=40, bits=32), "an ELF file for arm (32 bits); it must be for aarch64"),
        (elf(entry=0x7_0000_0000), "its entry 0x700000000 is not in the board's RAM"),
        (elf(address=0x3FFF_FFF8), "it needs 0x3ffffff8-0x40000007, but the board's RAM is"),
        (elf(size=1 << 33), "it needs 0x80000-0x20007ffff, but the board's RAM is"),
        (b"\x7fELF", "it is a damaged ELF file"),
        (elf()[:70], "it is a damaged ELF file"),
        (b"\x1f\x8b\x08", "it is compressed (gzip)"),
    ],
    ids=("empty", "x86", "arm", "entry", "end", "large", "cut", "cut-table", "gzip"),
)
def test_bad_images_get_one_line(said, tmp_path, data, told):
    path = tmp_path / "kernel8.img"
    path.write_bytes(data)
    status, out, err = said("run", "--kernel", path, "--until", "1ms")
    assert (status, out) == (2, "")
    assert err.startswith(f"kerneltui: {path}: {told}")
    assert err.count("\n") == 1


def test_what_is_no_file(said, tmp_path):
    status, _, err = said("run", "--kernel", tmp_path, "--until", "1ms")
    assert (status, err) == (2, f"kerneltui: {tmp_path}: it is a directory, not a kernel image\n")
    status, _, err = said("run", "--kernel", tmp_path / "no", "--until", "1ms")
    assert (status, err) == (2, f"kerneltui: {tmp_path / 'no'}: No such file or directory\n")


def test_a_board_and_options_that_do_not_fit(said):
    base = "run", "--kernel", image_path("storm"), "--until", "1ms"
    status, _, err = said(*base, "--board", "x86")
    assert (status, err) == (
        2, "kerneltui: --kernel: images are for AArch64; the board x86 is a PC\n"
    )  # fmt: skip
    status, _, err = said(*base, "--scenario", "shell")
    assert (status, err) == (
        2,
        "kerneltui: --kernel says what --scenario would; leave one of them out\n",
    )
    status, _, err = said(*base, "--queue", "heap")
    assert status == 2
    assert "--queue is nothing for an image of machine code" in err


def test_without_the_extra_one_line_says_what_to_install(said, monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "unicorn" else "there")
    status, _, err = said("run", "--kernel", image_path("storm"), "--until", "1ms")
    assert (status, err) == (
        2, "kerneltui: --kernel needs unicorn: pip install 'kerneltui[native]'\n"
    )  # fmt: skip


def test_without_an_image_nothing_of_it_is_imported():
    code = (
        "import sys\n"
        "from kerneltui.cli import run\n"
        "run(['run', '--until', '10ms'])\n"
        "print(sorted(name for name in sys.modules if 'native' in name or name.partition('.')[0] in"
        " ('unicorn', 'capstone', 'elftools')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("text", "at", "place"),
    [
        ("code handle_irq", "0.001 000 636", "handle_irq, cntp_gic.S:21"),
        ("code cntp_gic.S:25 ignore 2", "0.003 001 036", "handle_irq, cntp_gic.S:25"),
        ("code 0x800cc core 0", "0.001 000 859", "idle, cntp_gic.S:17"),
    ],
)
def test_breakpoints_in_the_code(said, text, at, place):
    status, _, err = said(
        "run", "--kernel", image_path("cntp_gic"), "--until", "9ms", "--break", text
    )
    assert status == 3
    came = f"core 0 came to {text.split()[1]}, in {place}, at {at} s"
    assert err == f"kerneltui: breakpoint 1 ({text}): {came}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("code handle_ira", "the image has no symbol 'handle_ira'; did you mean 'handle_irq'?"),
        ("code cntp_gic.S:2", "no code comes from line 2 of cntp_gic.S"),
        ("code cntp.S:2", "the image has no source file 'cntp.S'"),
        ("code 0x80002", "0x80002 is no multiple of 4: no instruction is there"),
    ],
)
def test_breakpoints_that_are_nowhere(said, text, told):
    status, _, err = said(
        "run", "--kernel", image_path("cntp_gic"), "--until", "9ms", "--break", text
    )
    assert status == 2
    assert told in err


def test_typing_at_a_time(said):
    base = "run", "--kernel", image_path("echo"), "--until", "20ms"
    assert said(*base, "--type", r"5ms:a\x62\\", "--type", "1ms:z") == (0, r"zab\ ".strip(), "")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--type", "abc"], "--type abc: a time is missing; write TIME:TEXT"),
        (["--type", r"1s:a\q"], r"--type 1s:a\q: '\q' is no character; write \r,"),
        (["--type", "1s:"], "--type 1s:: nothing stands behind the time; write TIME:TEXT"),
        (["--type", r"1s:a\x"], "'\\x' is no character"),
        (["--load", "2"], "--load must be an address from 0 to 0x3fffffff, a multiple of 4"),
        (["--load", "0x80000"], "is an ELF file, which says itself where it lies"),
        (["--entry", "el1"], "'--entry': 'el1' is unknown; did you mean 'el3'?"),
    ],
)
def test_mistakes_in_how_an_image_starts(said, options, told):
    status, _, err = said("run", "--kernel", image_path("echo"), "--until", "1ms", *options)
    assert (status, err.count("\n")) == (2, 1)
    assert told in err


@pytest.mark.parametrize("option", [["--entry", "el3"], ["--load", "0"], ["--cmdline", "a"]])
def test_how_an_image_starts_needs_an_image(said, option):
    status, _, err = said("run", "--until", "1ms", *option)
    mend = "give it with --kernel, or with a scenario that names one"
    assert (status, err) == (
        2, f"kerneltui: {option[0]} is for an image of machine code: {mend}\n"
    )  # fmt: skip


def test_the_command_line_wins_over_config_txt(tmp_path):
    (tmp_path / "config.txt").write_text("kernel_old=1\n")
    (tmp_path / "cmdline.txt").write_text("quiet\n")
    path = tmp_path / "kernel8.img"
    path.write_bytes(bytes(16))
    start = Changes(entry="el2", load="0x100000", cmdline="loud")
    for given, level, cores, cmdline in (
        (Changes(), EL3, True, "quiet"),
        (start, EL2, False, "loud"),
    ):
        session = open_image("rpi4", path, given)
        image = session.setup.kernel
        OPEN.append(session.machine)
        assert (image.level, image.all_cores) == (level, cores)
        assert image.entry == (0x10_0000 if given.load else 0)
        assert session.setup.board.spec.devices["mailbox"].config["cmdline"] == cmdline
