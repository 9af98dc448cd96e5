"""Whatever the shell has made of the standard streams: it works, or says so in a line."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from kerneltui.configfile import available

BOARD = available("boards")["rpi3"]
PRINTS = ["boards", "scenarios", "--version", "-h", "run --until 10ms", "run --until 10ms --json",
          "docs registers", "schema board", f"validate {BOARD}", "trace --until 1ms -o -",
          "screenshot -o -"]  # fmt: skip
SOME = PRINTS[::2]
"""Every second one, and among them one of each way to print."""
WRITES = ["trace --until 1ms -o {tmp}/t.jsonl", "docs registers -o {tmp}/r.md",
          "screenshot -o {tmp}/x.txt"]  # fmt: skip


def shell(line, redirected="", **environment):
    """``kerneltui LINE`` as a shell runs it: status, standard output, standard error."""
    changed = " ".join(f"{name}={value}" for name, value in environment.items())
    done = subprocess.run(
        ["bash", "-c", f'exec env {changed} "$0" -m kerneltui {line} {redirected}', sys.executable],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


@cache
def printed(line):
    """What it prints where all is as usual."""
    status, out, err = shell(line)
    assert (status, err) == (0, "")
    return out


@pytest.mark.parametrize("line", SOME)
def test_a_closed_standard_output_is_one_line(line):
    assert shell(line, ">&-") == (2, b"", "kerneltui: standard output is closed\n")


@pytest.mark.parametrize("line", PRINTS)
def test_a_full_disk_is_one_line(line):
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    told = "kerneltui: cannot write: No space left on device\n"
    assert shell(line, ">/dev/full") == (2, b"", told)


ELSEWHERE = [("boards", "<&-"), ("run --until 10ms", "2>&-"), ("boards", "2>/dev/full"),
             ("screenshot -o -", "</dev/null")]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "redirected"), [*((line, "<&- 2>&-") for line in PRINTS), *ELSEWHERE]
)
def test_what_only_prints_needs_neither_input_nor_standard_error(line, redirected):
    if "full" in redirected and not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    status, out, err = shell(line, redirected)
    assert (status, err) == (0, "")
    assert out == printed(line)


@pytest.mark.parametrize(
    ("line", "redirected"), [(WRITES[0], ">&-"), *((line, "<&- >&- 2>&-") for line in WRITES)]
)
def test_what_is_written_to_a_file_needs_no_streams_and_gets_nothing_else_into_it(
    line, redirected, tmp_path
):
    whole, bare = tmp_path / "whole", tmp_path / "bare"
    whole.mkdir()
    bare.mkdir()
    assert shell(line.format(tmp=whole)) == (0, b"", "")
    assert shell(line.format(tmp=bare), redirected) == (0, b"", "")
    (expected,), (found,) = whole.iterdir(), bare.iterdir()
    assert found.read_bytes() == expected.read_bytes()
    assert found.stat().st_size > 1000


@pytest.mark.parametrize(
    ("line", "redirected"),
    [("", "<&-"), ("rnu", ">&-"), ("", "2>&-"), ("rnu", "2>/dev/full"), ("rnu", "<&- >&- 2>&-")],
)
def test_a_mistake_is_status_2_even_where_nobody_can_be_told(line, redirected):
    status, out, err = shell(line, redirected)
    assert (status, out) == (2, b"")
    assert err.count("\n") == ("2>" not in redirected)


def test_figures_for_a_standard_error_that_is_full_are_an_error():
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    assert shell("run --until 1ms --stats", "2>/dev/full")[0] == 2
    assert shell("run --until 1ms --stats", "2>&-")[0] == 0


def test_a_reader_of_standard_error_that_has_gone_changes_no_status():
    done = subprocess.run(
        ["bash", "-c", '{ sleep 0.1; "$0" -m kerneltui rnu 2>&1; echo $? >&2; } | true',
         sys.executable],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == b"2\n"


# -- encodings -------------------------------------------------------------------------------------

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ENCODINGS = {
    "locale C": {"LC_ALL": "C"},
    "ASCII": ASCII,
    "PYTHONIOENCODING=ascii": {"PYTHONIOENCODING": "ascii"},
    "PYTHONIOENCODING=latin-1": {"PYTHONIOENCODING": "latin-1"},
    "PYTHONIOENCODING=utf-8": {"PYTHONIOENCODING": "utf-8"},
    "a locale that is not installed": {"LC_ALL": "en_US.ISO-8859-1"},
}
TITLE = "Täkt \N{ALARM CLOCK}"


@pytest.mark.parametrize("environment", ENCODINGS.values(), ids=ENCODINGS)
def test_what_an_encoding_lacks_is_replaced(environment, tmp_path):
    path = tmp_path / "clock.yaml"
    path.write_text(f"title: {TITLE}\nprogram: timer-callbacks\n", encoding="utf-8")
    status, out, err = shell(f"validate {path}", **environment)
    assert (status, err) == (0, "")
    said = out.removeprefix(f"ok {path}: scenario ".encode())
    expected = {f"'{TITLE}'\n".encode(name, "replace") for name in ("ascii", "latin-1", "utf-8")}
    assert said in expected


@pytest.mark.parametrize("line", PRINTS)
def test_all_that_prints_prints_in_ascii(line):
    status, out, err = shell(line, **ASCII)
    assert (status, err) == (0, "")
    assert out.count(b"\n") == printed(line).count(b"\n")
    assert out.isascii() or "--json" in line


def test_json_is_utf_8_in_every_encoding(tmp_path):
    path = tmp_path / "clock.yaml"
    path.write_text(f"title: {TITLE}\nprogram: timer-callbacks\n", encoding="utf-8")
    status, out, _ = shell(f"run --scenario {path} --until 1ms --json", **ASCII)
    assert status == 0
    assert json.loads(out)["scenario"] == "clock"


@pytest.mark.skipif(sys.platform == "darwin", reason="its file names are UTF-8")
@pytest.mark.parametrize(
    ("name", "environment"),
    [*zip([b"\xff.yaml", "ä.yaml".encode()] * 3, ENCODINGS.values(), strict=True)],
    ids=ENCODINGS,
)
def test_a_file_name_that_cannot_be_shown_is_shown_as_far_as_it_can(name, environment, tmp_path):
    path = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118
    with open(path, "w") as file:  # noqa: PTH123
        file.write("title: t\nprogram: timer-callbacks\n")
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"kerneltui", b"validate", path, path + b"x"],
        capture_output=True, timeout=60, check=False, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout.startswith(b"ok ")
    assert done.stderr.count(b"\n") == 1
    assert b"cannot be read" in done.stderr
