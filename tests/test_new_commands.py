"""``kerneltui new``: copies of what is built in, which work, have comments, and harm no file."""

import os
import subprocess
import sys

import pytest

from kerneltui.configfile import ConfigFile, available

BOARDS, SCENARIOS = available("boards"), available("scenarios")


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("source", BOARDS)
def test_a_copy_of_a_board_validates_boots_and_has_a_comment_for_each_key(said, tmp_path, source):
    status, out, err = said("new", "board", "mine", "--from", source)
    assert (status, err) == (0, "")
    assert "kerneltui validate mine.yaml\n" in out
    assert "kerneltui --board mine.yaml\n" in out
    assert said("validate", "mine.yaml") == (0, "ok mine.yaml: board 'mine'\n", "")
    ours, theirs = (ConfigFile.load(path).data for path in (tmp_path / "mine.yaml", BOARDS[source]))
    assert ours == {**theirs, "title": "mine"}
    status, out, _ = said("run", "--board", "mine.yaml", "--until", "1100ms")
    assert (status, "Periodic 1 sec" in out) == (0, True)
    lines = (tmp_path / "mine.yaml").read_text().splitlines()
    keys = [number for number, line in enumerate(lines) if line[:1].isalpha()]
    assert [lines[number] for number in keys if not lines[number - 1].startswith("# ")] == []


@pytest.mark.parametrize("source", ["overload", "two-cores", "shell", "missing-arat", "case-1"])
def test_a_copy_of_a_scenario_is_the_same_under_another_title(said, tmp_path, source):
    assert said("new", "scenario", "mine", "--from", source)[0] == 0
    assert said("validate", "mine.yaml") == (0, "ok mine.yaml: scenario 'mine'\n", "")
    ours = ConfigFile.load(tmp_path / "mine.yaml").data
    theirs = ConfigFile.load(SCENARIOS[source]).data
    theirs.pop("group", None)
    assert ours == {**theirs, "title": "mine"}


def test_a_copy_can_be_copied(said):
    assert said("new", "board", "one")[0] == 0
    assert said("new", "board", "two", "--from", "one.yaml")[0] == 0
    assert said("validate", "two.yaml")[0] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("board", "rpi4"), "'rpi4' is a built-in board; choose another name"),
        (("scenario", "overload"), "'overload' is a built-in scenario; choose another name"),
        (("board", "mine", "--from", "rpi5"), "unknown board 'rpi5'; did you mean 'rpi4'"),
        (("scenario", "mine", "--from", "overlod"), "did you mean 'overload'?"),
        (("board", "none/mine"), "none/mine.yaml: cannot be written: No such file or directory"),
        (("board",), "an example: kerneltui new board my-board --from rpi4"),
        (("bord", "mine"), "unknown command 'bord'; did you mean 'board'?"),
        (
            ("driver", "a b", "--role", "timer"),
            "'a b' is no name for a driver: begin with a letter",
        ),
    ],
)
def test_what_cannot_be_written_is_told(said, tmp_path, words, told):
    status, out, err = said("new", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("words", [("board",), ("scenario",), ("lesson",)])
def test_a_file_that_is_there_stays_as_it_is(said, tmp_path, words):
    path = tmp_path / "mine.yaml"
    path.write_text("mine\n")
    status, _, err = said("new", *words, "mine")
    assert (status, err) == (2, "kerneltui: mine.yaml: is there already; choose another name\n")
    assert path.read_text() == "mine\n"


@pytest.mark.parametrize(
    ("words", "names"),
    [("board x --from rp", ["rpi3", "rpi4"]), ("scenario x --from overl", ["overload"])],
)
def test_the_shell_completes_what_can_be_copied(words, names):
    typed = f"kerneltui new {words}"
    done = subprocess.run(
        [sys.executable, "-m", "kerneltui"],
        env=os.environ
        | {
            "_KERNELTUI_COMPLETE": "bash_complete",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(typed.split()) - 1),
        },
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert [line.partition(",")[2] for line in done.stdout.decode().split()][: len(names)] == names
