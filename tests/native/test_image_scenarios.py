"""Scenarios that name an image of machine code."""

import json
import os
import re
import shutil

import pytest
from native_bench import MS, OPEN, image_path
from saved import ended, file_of, resumed

from kerneltui.errors import UserError
from kerneltui.lessons.progress import StudentProgress
from kerneltui.machine.native import extra
from kerneltui.machine.native.image import EL2, EL3
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.images import open_image
from kerneltui.scenarios.reading import PROGRAM_KEYS, load_scenario
from kerneltui.scenarios.scenario import open_session
from kerneltui.scenarios.spec import SharedSpec
from kerneltui.sessions.opening import load_session, open_saved
from kerneltui.sessions.saving import traced
from kerneltui.tui.dialogs import OTHER_BOARD, open_offer
from kerneltui.tui.offers import Offer, OfferKind
from kerneltui.tui.requests import Situation, Tell, UseSession
from kerneltui.validation import validate_file

TYPED = 'inputs: [{at: 5ms, uart: "hi\\r"}]\n'


@pytest.fixture
def write(tmp_path):
    """Write a scenario beside an image in a folder of its own; answers the path, as a text."""

    def write_it(text, image="echo", folder="course"):
        there = tmp_path / folder / "build"
        there.mkdir(parents=True, exist_ok=True)
        shutil.copy(image_path(image), there / "kernel8.elf")
        path = there.parent / "mine.yaml"
        path.write_text(f"title: Mine\n{text}", encoding="utf-8")
        return str(path)

    return write_it


def opened(*arguments):
    session = open_session(*arguments)
    OPEN.append(session.machine)
    return session


IMAGE = "image: build/kernel8.elf\n"


# -- what it does ----------------------------------------------------------------------------------


def test_it_is_the_same_as_the_option(write):
    path = write(IMAGE + TYPED + "pokes: [{at: 6ms, store: UARTIMSC=0x10}]\n")
    mine = opened(None, path)
    option = open_image(
        "rpi4", image_path("echo"), Changes(typed=(r"5ms:hi\r",), pokes=("6ms:UARTIMSC=0x10",))
    )
    OPEN.append(option.machine)
    for session in (mine, option):
        session.boot()
        session.run_until(20 * MS)
    assert mine.recorder.console.data == option.recorder.console.data == b"hi\r!"
    assert mine.here == option.here
    assert mine.setup.kernel.segments == option.setup.kernel.segments
    assert mine.setup.board.spec == option.setup.board.spec
    assert (mine.setup.scenario_name, mine.setup.scenario_title) == ("mine", "Mine")
    said = "an image of machine code: what it does is up to whoever wrote it."
    assert mine.setup.about == f"kernel8.elf, {said}"


START = "image: {file: build/kernel8.img, entry: el3, load: 0x100000, cmdline: told}\n"


@pytest.mark.parametrize(
    ("text", "changes", "level", "at", "cmdline"),
    [
        ("image: build/kernel8.img\n", Changes(), EL3, 0, "quiet"),
        (START, Changes(), EL3, 0x10_0000, "told"),
        (START, Changes(entry="el2", load="0x80000", cmdline="loud"), EL2, 0x8_0000, "loud"),
        (START.replace("told", "''"), Changes(), EL3, 0x10_0000, ""),
        (START, Changes(cmdline=""), EL3, 0x10_0000, ""),
    ],
    ids=("config.txt", "scenario", "options", "empty", "empty option"),
)
def test_who_says_how_it_starts(write, tmp_path, text, changes, level, at, cmdline):
    build = tmp_path / "course" / "build"
    path = write(text)
    (build / "kernel8.img").write_bytes(bytes(16))
    (build / "config.txt").write_text("kernel_old=1\n")
    (build / "cmdline.txt").write_text("quiet\n")
    session = opened("rpi4", path, changes)
    image = session.setup.kernel
    assert (image.level, image.entry) == (level, at)
    assert session.setup.board.spec.devices["mailbox"].config["cmdline"] == cmdline


def test_the_board_can_be_changed_as_the_firmware_has_left_it(write):
    path = write(f"{IMAGE}without: [gpio]\nconfig: {{gic: {{security: false}}}}\n")
    devices = opened("rpi4", path, Changes(without=("mailbox",))).setup.board.spec.devices
    assert devices["gic"].config["security"] is False
    assert not {"gpio", "mailbox"} & set(devices)
    assert "aux" in devices


def test_commands_take_it(said, write):
    path = write(IMAGE + TYPED, "cntp_gic")
    assert said("validate", path) == (0, f"ok {path}: scenario 'Mine'\n", "")
    assert said("run", "--scenario", path, "--until", "101ms", "--expect", ".") == (0, ".", "")
    status, out, _ = said("trace", "--scenario", path, "--until", "2ms", "--only", "irq")
    assert status == 0
    assert json.loads(out.splitlines()[0])["scenario"] == "mine"
    assert "Timer interrupt" in said("narrate", "--scenario", path, "--until", "2ms")[1]
    assert "irq 30" in said("explain", "--scenario", path, "--irq", "gic:30")[1]


def test_the_schema_tells_both_kinds(said):
    schema = json.loads(said("schema", "scenario")[1])
    program, image = (
        schema["$defs"][item["$ref"].rpartition("/")[2]] for item in schema["anyOf"]
    )  # fmt: skip
    assert (program["required"], image["required"]) == (["title", "program"], ["title", "image"])
    shared = set(SharedSpec.__struct_fields__)
    assert set(program["properties"]) == shared | set(PROGRAM_KEYS)
    assert set(image["properties"]) == shared | {"image"}
    assert set(schema["$defs"]["StartSpec"]["properties"]) == {"file", "entry", "load", "cmdline"}


# -- what is wrong ---------------------------------------------------------------------------------

VALUES = {
    "program": "shell", "timeouts": "[{once: 1s}]", "tasks": "[]", "sched": "rr", "quantum": "1ms",
    "cores": "2", "faults": "[]", "boot": "''", "cpu": "''", "queue": "heap",
}  # fmt: skip


@pytest.mark.parametrize("key", PROGRAM_KEYS)
def test_what_the_teaching_kernel_does_contradicts_an_image(write, key):
    path = write(f"about: x\n{key}: {VALUES[key]}\n{IMAGE}")
    with pytest.raises(UserError) as caught:
        load_scenario(path)
    said = f"'{key}' is for the teaching kernel, and this scenario runs an image"
    assert str(caught.value) == f"{path}:3: {said}; remove it, or 'image' in line 4"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("about: x\n", "1: the key 'program' is missing here; or 'image', which names a kernel"),
        ("imagee: a\n", "2: unknown key 'imagee'; did you mean 'image'?"),
        (f"{IMAGE}pogram: a\n", "3: unknown key 'pogram'"),
        ("image:\n", "2: 'image' must be text or a mapping; nothing stands after the colon"),
        ("image: []\n", "2: 'image' must be text or a mapping, not a list"),
        ("image: ''\n", "2: 'image' needs at least 1 character"),
        ("image: {entry: el2}\n", "2: the key 'file' is missing here"),
        ("image:\n  file: x\n  fiel: y\n", "4: unknown key 'fiel'; did you mean 'file'?"),
        ("image:\n  file: x\n  entry: el1\n", "4: 'entry' must be 'el2' or 'el3'"),
        ("image:\n  file: x\n  load: 0x40000000\n", "4: 'load' is out of range: from 0x0"),
        ("image:\n  file: x\n  load: 0x80002\n", "4: 0x80002 is no multiple of 4"),
        ('image:\n  file: x\n  cmdline: "a\\0b"\n', "4: control characters cannot stand here"),
        (f"{IMAGE}boards: [rpi4, x86]\n", "3: an image is for AArch64, and 'x86' is a PC; remove"),
        (f"{IMAGE}boards: [rpi5]\n", "3: unknown board 'rpi5'; did you mean 'rpi4' or 'rpi3'?"),
    ],
)
def test_mistakes_in_the_file(write, text, told):
    path = write(text)
    with pytest.raises(UserError) as caught:
        load_scenario(path)
    assert str(caught.value).startswith(f"{path}:{told}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("image: build/no.img\n", "2: {build}/no.img: No such file or directory"),
        ("image: .\n", "2: {build}/..: it is a directory, not a kernel image"),
        ("image: /dev/zero\n", "2: /dev/zero: it is a pipe or a device, not a file with a kernel"),
        (f"image: {'a' * 300}\n", "2: {build}/../" + "a" * 300 + ": File name too long"),
        ("image:\n  entry: el3\n  file: build/empty\n", "4: {build}/empty: the file is empty"),
        ("image: build/cut.elf\n", "2: {build}/cut.elf: it is a damaged ELF file"),
        (
            "image:\n  file: build/kernel8.elf\n  load: 0\n",
            "4: {build}/kernel8.elf is an ELF file, which says itself where it lies; remove 'load'",
        ),
        (
            "image: {file: build/raw, load: 0x3ffffffc}\n",
            "2: {build}/raw: it needs 0x3ffffffc-0x40000003, but the board's RAM is 0x0-0x3fffffff",
        ),
        (f"{IMAGE}without: [nix]\n", "3: no device 'nix' on rpi4"),
        (f"{IMAGE}config: {{gpio: {{x: 1}}}}\n", "3: 'brcm,bcm2711-gpio' has no parameter 'x'"),
        (f"{IMAGE}pokes: [{{at: 0s, store: X=1}}]\n", "3: "),
    ],
)  # fmt: skip
def test_what_is_found_when_it_is_loaded(write, tmp_path, text, told):
    build = tmp_path / "course" / "build"
    path = write(text)
    (build / "empty").write_bytes(b"")
    (build / "cut.elf").write_bytes(b"\x7fELF")
    (build / "raw").write_bytes(bytes(8))
    with pytest.raises(UserError) as caught:
        validate_file(build.parent / "mine.yaml")
    said = str(caught.value).replace(f"{build.parent}/build", "{build}")
    said = said.replace(f": {build.parent}", ": {build}/..")
    assert said.startswith(f"{path}:{told}")
    assert "\n" not in said


DRIVER = "--driver is nothing for an image of machine code; leave it out"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--board", "x86"], "the scenario 'mine': images are for AArch64; the board x86 is a PC"),
        (["--board", "rpi3"], "the scenario 'mine' is for rpi4, not for rpi3"),
        (["--kernel", "k.img"], "--kernel says what --scenario would; leave one of them out"),
        (["--driver", "timer=no.py"], DRIVER),
        (["--queue", "heap"], "--queue is nothing for an image of machine code; leave it out"),
        (["--append", "a"], "--append is nothing for an image of machine code; leave it out"),
        (["--load", "x"], "--load must be an address from 0 to 0x3fffffff, a multiple of 4, not"),
        (["--no", "nix"], "--no nix: no device 'nix' on rpi4"),
    ],
)
def test_options_that_do_not_go_with_it(said, write, options, told):
    path = write(f"{IMAGE}boards: [rpi4]\n")
    status, out, err = said("run", "--until", "1ms", "--scenario", path, *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"kerneltui: {told}")


def test_a_driver_does_not_go_with_the_option(said):
    run = "run", "--until", "1ms", "--kernel", image_path("echo"), "--driver", "timer=no.py"
    assert said(*run) == (2, "", f"kerneltui: {DRIVER}\n")


def test_without_the_extra_one_line_says_what_to_install(said, write, monkeypatch):
    path = write(IMAGE)
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "unicorn" else "there")
    for command in (["validate", path], ["run", "--until", "1ms", "--scenario", path]):
        assert said(*command) == (
            2, "", f"kerneltui: {path}:2: an image needs unicorn: pip install 'kerneltui[native]'\n"
        )  # fmt: skip


def test_an_image_where_a_text_is_wanted(said):
    status, _, err = said("validate", image_path("echo"))
    assert (status, err.count("\n")) == (2, 1)
    assert "not UTF-8 text; a kernel image is named by --kernel, or by 'image:' in a" in err


# -- session files ---------------------------------------------------------------------------------


@pytest.fixture
def kept(write, tmp_path):
    """A session file in the scenario's folder, and where it had come to."""
    session = opened("rpi4", write(IMAGE + TYPED))
    session.boot()
    session.type(b"a")
    session.run_until(20 * MS)
    file = file_of(session, tmp_path / "course" / "my.session.yaml", with_checks=True)
    return file, session.here, session.recorder.console.data


def test_a_session_is_done_again(kept, said):
    file, here, console = kept
    assert (file.spec.title, console) == ("mine", b"hi\r!a")
    assert file.spec.scenario.text == f"title: Mine\n{IMAGE}{TYPED}"
    session = resumed(file)
    OPEN.append(session.machine)
    assert (session.here, session.recorder.console.data) == (here, console)
    assert session.setup.scenario_title == "Mine"
    assert ended(traced(file)) == file.spec.trace
    report = said("report", "--session", file.file.path)[1]
    assert "| Scenario | mine |\n| Kernel image | kernel8.elf |\n" in report


def test_the_folder_may_have_moved(kept, tmp_path):
    moved = (tmp_path / "course").rename(tmp_path / "other")
    session = resumed(load_session(moved / "my.session.yaml"))
    OPEN.append(session.machine)
    assert session.here == kept[1]
    assert session.setup.kernel.path == moved / "build" / "kernel8.elf"


def test_of_two_images_the_one_that_it_was_saved_with_is_found(kept, tmp_path):
    shutil.copytree(tmp_path / "course", tmp_path / "other")
    with (tmp_path / "course" / "build" / "kernel8.elf").open("ab") as image:
        image.write(b"\0")
    session = open_saved(load_session(tmp_path / "other" / "my.session.yaml"))
    OPEN.append(session.machine)
    assert session.setup.kernel.path == tmp_path / "other" / "build" / "kernel8.elf"


def test_an_image_that_is_gone_or_another_gets_one_line(kept):
    path = kept[0].file.path
    image = path.parent / "build" / "kernel8.elf"
    with image.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(UserError, match=r"yaml:\d+: the image .* is not the one that this was"):
        open_saved(kept[0])
    image.unlink()
    with pytest.raises(UserError, match=r"yaml:\d+: .*: No such file or directory; bring it back"):
        open_saved(kept[0])


@pytest.mark.parametrize(
    ("key", "more", "told"),
    [
        ("kernel", "", "this scenario runs an image; 'kernel' must name it, with path and sha256"),
        ("scenario", "scenario: {name: shell}\n", "the scenario of this session runs no image"),
    ],
)
def test_scenario_and_kernel_must_fit(kept, key, more, told):
    path = kept[0].file.path
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    first = lines.index(f"{key}:\n")
    last = next(n for n in range(first + 1, len(lines)) if not lines[n].startswith(" "))
    path.write_text("".join([*lines[:first], more, *lines[last:]]), encoding="utf-8")
    with pytest.raises(UserError, match=rf"yaml:\d+: {told}"):
        open_saved(load_session(path))


def test_a_driver_is_nothing_for_a_session_with_an_image(kept, said):
    path = kept[0].file.path
    status, _, err = said("replay", path, "--driver", "timer=no.py")
    assert (status, err.count("\n")) == (2, 1)
    assert re.match(rf"kerneltui: {path}:\d+: {DRIVER}", err)


@pytest.mark.parametrize(
    "given",
    [Changes(cmdline=""), Changes(entry="el2"), Changes(without=("gpio",), cmdline="x"), Changes()],
)
def test_what_the_command_line_has_changed_is_kept(write, tmp_path, given):
    session = opened(
        "rpi4", write(IMAGE.replace(IMAGE[7:-1], "{file: build/kernel8.elf, cmdline: y}")), given
    )
    session.boot()
    again = open_saved(file_of(session, tmp_path / "course" / "my.session.yaml"))
    OPEN.append(again.machine)
    assert again.setup.changes == given
    assert again.setup.board.spec == session.setup.board.spec


# -- the dashboard ---------------------------------------------------------------------------------


def situation(session, board):
    progress = StudentProgress(None)
    return Situation(session, board, session.setup.changes, "", (), lambda: progress)


def offer(kind, name):
    return Offer(kind, str(name), "", "", "")


def test_the_list_opens_its_file_and_takes_it_to_another_board(write, tmp_path):
    here = situation(opened("x86", "timer-callbacks", Changes(append="clock=hpet")), "x86")
    done = open_offer(here, offer(OfferKind.FILE, write(IMAGE)))
    assert isinstance(done, UseSession)
    OPEN.append(done.session.machine)
    assert (done.board, done.session.setup.scenario_name) == ("rpi4", "mine")
    assert done.session.runs_image
    there = situation(done.session, "rpi4")
    for board, scenario in (("rpi3", "mine"), ("x86", "timer-callbacks")):
        done = open_offer(there, offer(OfferKind.BOARD, board))
        assert isinstance(done, UseSession), done
        OPEN.append(done.session.machine)
        assert (done.board, done.session.setup.scenario_name) == (board, scenario)
    write(f"{IMAGE}boards: [rpi4]\n", folder="course")
    done = open_offer(there, offer(OfferKind.BOARD, "rpi3"))
    assert done.session.setup.scenario_name == "timer-callbacks"
    (tmp_path / "course" / "build" / "kernel8.elf").unlink()
    done = open_offer(there, offer(OfferKind.FILE, tmp_path / "course" / "mine.yaml"))
    assert isinstance(done, Tell)
    assert done.text.endswith("kernel8.elf: No such file or directory")


def test_how_an_image_starts_is_meant_for_that_image(write):
    path = write(IMAGE)
    session = opened("rpi4", path, Changes(entry="el3", cmdline=""))
    again = open_offer(situation(session, "rpi4"), offer(OfferKind.SCENARIO, path))
    OPEN.append(again.session.machine)
    assert again.session.setup.kernel.level == EL3
    other = open_offer(situation(session, "rpi4"), offer(OfferKind.SCENARIO, "shell"))
    OPEN.append(other.session.machine)
    assert other.changes == Changes()
    back = open_offer(situation(other.session, "rpi4"), offer(OfferKind.FILE, path))
    OPEN.append(back.session.machine)
    assert back.session.setup.kernel.level == EL2


def test_an_image_without_a_scenario_stays_on_its_board():
    session = open_image("rpi4", image_path("echo"))
    OPEN.append(session.machine)
    done = open_offer(situation(session, "rpi4"), offer(OfferKind.BOARD, "rpi3"))
    assert done == Tell(OTHER_BOARD, "warning")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_pipe_is_not_waited_for(write, tmp_path):
    path = write("image: build/pipe\n")
    os.mkfifo(tmp_path / "course" / "build" / "pipe")
    with pytest.raises(UserError, match="it is a pipe or a device"):
        open_session("rpi4", path)
