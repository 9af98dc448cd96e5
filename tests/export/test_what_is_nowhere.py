"""What is asked of a run and cannot be in it is told, instead of an empty file."""

import csv
import io

import pytest

pytest.importorskip("unicorn")

from kerneltui.cli import run

NO_LOOK = "an image offers no look inside"


@pytest.fixture
def image(request):
    return request.path.parents[1] / "native" / "images" / "cntp_gic.elf"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("trace", "--only", "timeout"), f"--only timeout: {NO_LOOK}; leave that out"),
        (("trace", "--only", "irq,task"), f"--only task: {NO_LOOK}; leave that out"),
        (("trace", "--only", "irq:30"),
         ("--only irq with a name: an image does not tell which interrupt it handles; "
         "write --only irq, or --format vcd")),
        (("run", "--break", "timeout X"),
         (f"breakpoint 'timeout X': column 1: {NO_LOOK}: its timeouts cannot be seen; "
         "write code SYMBOL")),
        (("run", "--break", "task X"),
         f"breakpoint 'task X': column 1: {NO_LOOK}: its tasks cannot be seen; write code SYMBOL"),
    ],
)  # fmt: skip
def test_an_image_offers_no_look_inside(said, image, arguments, told):
    command, *rest = arguments
    status, out, err = said(command, "--kernel", image, "--until", "1ms", *rest)
    assert (status, out, err) == (2, "", f"kerneltui: {told}\n")


def test_no_timeout_of_an_image(said, image):
    told = "kerneltui: this kernel offers no look inside: its timeouts cannot be seen\n"
    assert said("explain", "--kernel", image, "--timeout", "X") == (2, "", told)


def test_waves_of_one_interrupt_of_an_image(said, image):
    status, out, err = said(
        "trace", "--kernel", image, "--until", "3ms", "--only", "irq:gic:30", "--format", "vcd"
    )
    assert (status, err) == (0, "")
    assert "irq 30" in out or "irq_30" in out


def test_rows_of_an_images_interrupts(said, image):
    asked = "trace", "--kernel", image, "--until", "5ms", "--format", "csv"
    status, out, err = said(*asked)
    assert (status, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["name"], row["controller"], row["id"], row["core"]) for row in rows] == [
        ("irq 30", "gic", "30", "0")
    ] * 4
    for row in rows:
        raised, taken, ended = (int(row[f"{key}_ns"]) for key in ("raised", "taken", "handler_end"))
        assert int(row["raised_to_taken_ns"]) == taken - raised == 20
        assert int(row["handler_ns"]) == ended - taken > 0
    assert said(*asked, "--only", "irq:gic:99")[1].count("\n") == 1


@pytest.mark.parametrize("wanted", ["irq:224", "irq:gic:999", "irq:local:1", "irq:x", "irq:-1"])
def test_an_interrupt_that_the_board_has_not(said, wanted):
    told = f"kerneltui: --only {wanted}: there is no such interrupt\n"
    assert said("trace", "--until", "1ms", "--only", wanted) == (2, "", told)


@pytest.mark.parametrize(
    ("board", "wanted"),
    [
        ("rpi4", "30"), ("rpi4", "0x1e"), ("rpi4", "irq 30"), ("rpi4", "*30"), ("rpi4", "1023"),
        ("rpi3", "periph:57"), ("rpi3", "local:1"), ("x86", "vector:0xec"), ("x86", "gsi:2"),
    ],
)  # fmt: skip
def test_an_interrupt_in_all_its_words(board, wanted, tmp_path):
    file = tmp_path / "t.jsonl"
    arguments = "--board", board, "--until", "1ms", "--only", f"irq:{wanted}", "-o", str(file)
    assert run(["trace", *arguments]) == 0


def test_the_short_name_of_what_numbers_an_interrupt(said):
    arguments = "trace", "--board", "rpi3", "--until", "2600ms"
    short = said(*arguments, "--only", "irq:periph:57")
    assert "irq=57" in short[1]
    assert short == said(*arguments, "--only", "irq:peripheral:57")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("1s", "nothing stands behind the time"), ("1s:", "nothing stands behind the time"),
        ("abc", "a time is missing"), ("-1s:x", "a duration cannot be negative: '-1s'"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(said, option, told):
    for name in ("--poke", "--type"):
        status, _, err = said("run", "--until", "1ms", name, option)
        assert status == 2
        assert err.startswith(f"kerneltui: {name} {option}: {told}")
