"""What the words behind options can be; each mistake is told in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = "run", "--until", "1s"
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*RUN, "--expect", ""), "'--expect': the text is missing"),
        ((*RUN, "--exit-on", ""), "'--exit-on': the text is missing"),
        ((*RUN, "--exit-on", r"a\q"),
         r"'--exit-on': '\q' is no character; write \r, \n, \t, \\ or \xHH"),
        ((*RUN, "--timeout", "0s"), "'--timeout': '0s' is no time at all; write a longer one"),
        ((*RUN, "--kernel", ""), "'--kernel': the name of a file is missing"),
        ((*RUN, "--session", ""), "'--session': the name of a file is missing"),
        (("narrate", "--until", "1s", "-o", ""), "'-o / --output': the name of a file is missing"),
        (("validate", ""), "FILES: the name of a file is missing"),
        (("explain", "--irq", "30", "--core", "-1"),
         "'--core': '-1' is no number; write 0, 1, 2 and so on"),
        (("explain", "--irq", "30", "--core", "²"),
         "'--core': '²' is no number; write 0, 1, 2 and so on"),
        (("--lesson", "tour", "--board", "x86"),
         "--lesson says what --board would; leave one of them out"),
        (("--lesson", "tour", "--session", "a.yaml"),
         "--lesson says what --session would; leave one of them out"),
        (("--lesson", "tour", "--at", "1s"),
         "--lesson says what --at would; leave one of them out"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(said, arguments, told):
    assert said(*arguments) == (2, "", f"kerneltui: {told}\n")


def test_a_lesson_that_there_is_not(said):
    status, out, err = said("--lesson", "gic-state")
    assert (status, out) == (2, "")
    assert err == "kerneltui: unknown lesson 'gic-state'; did you mean 'gic-states'?\n"


def test_a_file_without_permission_is_told_by_name(said, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("title: T\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    told = f"kerneltui: {path}: cannot be read: Permission denied\n"
    assert said("validate", path) == (2, "", told)
    assert said("replay", path) == (2, "", told)


@FULL
@pytest.mark.parametrize(
    "arguments",
    [
        ("trace", "--until", "20ms"), ("trace", "--until", "20ms", "--format", "vcd"),
        ("narrate", "--until", "20ms"), ("diff", "--at", "1ms", "--at", "20ms"),
    ],
)  # fmt: skip
def test_a_file_that_takes_no_more_is_named(said, arguments):
    told = "kerneltui: /dev/full: cannot be written: No space left on device\n"
    assert said(*arguments, "-o", "/dev/full") == (2, "", told)


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_nobody_reads_what_an_option_prints(option):
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kerneltui", option], stdout=theirs, stderr=subprocess.PIPE,
            timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(theirs)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_new_file_needs_a_name_and_its_commands_can_be_copied(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my folder").mkdir()
    for name in ("", ".yaml", " ", "a b", "7", "-x", "my folder/", "a\nb"):
        for kind, more in (("lesson", ()), ("board", ()), ("driver", ("--role", "timer"))):
            status, out, err = said("new", kind, *more, "--", name)
            assert (status, out) == (2, "")
            assert f"is no name for a {kind}" in err
    assert "--lesson 'my folder/own.yaml'\n" in said("new", "lesson", "my folder/own")[1]
    out = said("new", "driver", "my folder/own", "--role", "timer")[1]
    assert "--driver timer='my folder/own.py'\n" in out
    assert "check 'my folder/own.py' --role timer" in out


def test_a_scenario_for_several_boards_is_told_with_the_usual_one(said, tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(
        "title: T\nprogram: timer-callbacks\ntimeouts: [{every: 1s}]\n"
        "pokes:\n  - {at: 1s, store: NOSUCH=1}\n"
    )
    status, _, err = said("validate", path)
    assert (status, "my.yaml:5: no register 'NOSUCH' on rpi4" in err) == (2, True)


SCENARIO = "title: T\nprogram: timer-callbacks\ntimeouts: [{every: 1s}]\n"
LESSON = "title: T\nabout: a\nboard: rpi4\nsteps: []\n"
SESSION = "format: 1\nhere: {}\nend: {}\n"
BOARD = "title: T\nbsp: rpi4\ncpu: {}\nconsole: uart0\ndevices: {}\nimage: x\n"


@pytest.mark.parametrize(
    ("text", "kind", "options"),
    [
        (SCENARIO, "scenario", ("board", "kernel", "lesson")),
        (LESSON, "lesson", ("board", "scenario", "kernel")),
        (SESSION, "session", ("board", "scenario", "kernel", "lesson")),
        (BOARD, "board", ("scenario", "kernel", "lesson")),
    ],
)
def test_a_file_of_another_kind_is_told_as_what_it_is(said, tmp_path, text, kind, options):
    path = tmp_path / "it.yaml"
    path.write_text(text)
    for option in options:
        until = () if option == "lesson" else ("run", "--until", "1ms")
        told = f"kerneltui: {path}: this is a {kind} file; --{kind} opens it, not --{option}\n"
        assert said(*until, f"--{option}", path) == (2, "", told)


def test_a_misspelt_file_is_told_with_its_mistake(said, tmp_path):
    path = tmp_path / "it.yaml"
    path.write_text("titel: T\nbps: rpi4\n")
    for option in ("board", "scenario"):
        err = said("run", "--until", "1ms", f"--{option}", path)[2]
        assert err.startswith(f"kerneltui: {path}:1: unknown key 'titel'; did you mean 'title'?")


@pytest.mark.parametrize("text", [r"Echoing input now\n", r"now\r\n", r"n\x6fw\n"])
def test_the_end_of_a_line_can_be_looked_for(text, said):
    # The board ends its lines in CR LF; standard output has LF alone.
    status, out, err = said("run", "--until", "3s", "--exit-on", text, "--expect", text)
    assert (status, err) == (0, "")
    assert out.endswith("Echoing input now\n")
    status, _, err = said("run", "--until", "10ms", "--expect", r"input\n")
    assert (status, err) == (4, "kerneltui: the board has not sent 'input\\n'\n")
