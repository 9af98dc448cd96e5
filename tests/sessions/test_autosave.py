"""What is kept by itself: by each process in its own file, which is offered when that is gone."""

import errno
import os
import subprocess
import sys

import pytest

from kerneltui.errors import UserError
from kerneltui.sessions import autosave
from kerneltui.sessions.autosave import Autosave, latest, left_behind, path_of, was_told

GONE = """
import os, sys
from kerneltui.sessions.autosave import Autosave
Autosave().keep(sys.argv[1])
os._exit(9)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return autosave.folder()


def killed(text):
    """A process that keeps a text, and does not end as usual."""
    done = subprocess.run([sys.executable, "-c", GONE, text], check=False)
    assert done.returncode == 9


def test_what_a_killed_process_has_kept_is_found_the_latest_first(folder):
    assert [*left_behind()] == []
    assert latest() is None
    killed("one")
    killed("two")
    first, second = left_behind()
    os.utime(second, (1, 1))
    assert [path.read_text() for path in left_behind()] == [first.read_text(), second.read_text()]
    assert {first.read_text(), second.read_text()} == {"one", "two"}
    assert latest() == first
    text = first.read_text()
    assert was_told(first).read_text() == text
    assert [*left_behind()] == [second]
    was_told(second)
    assert [*left_behind()] == []
    assert len([*folder.glob("told *")]) == 2  # they stay, and one can go on with them
    assert latest().read_text() == text


def test_one_that_still_runs_is_not_offered_and_two_do_not_disturb_each_other(folder):
    one, other = Autosave(), Autosave()
    one.keep("one")
    other.keep("other")
    one.keep("one again")
    assert sorted(path.read_text() for path in folder.glob("*.session.yaml")) == [
        "one again", "other",
    ]  # fmt: skip
    assert [*left_behind()] == []
    one.forget()
    other.end("the last")
    assert [*left_behind()] == []
    assert [path.name for path in folder.iterdir()] == ["last.session.yaml"]
    assert latest().read_text() == "the last"
    assert path_of(type(folder)("last")).read_text() == "the last"


def test_it_goes_on_after_what_is_saved_or_left_aside(folder):
    mine = Autosave()
    mine.keep("one")
    mine.forget()
    mine.forget()
    mine.keep("two")
    mine.set_aside()
    mine.keep("three")
    mine.end("")
    assert [path.read_text() for path in folder.iterdir()] == ["two"]
    with pytest.raises(UserError, match="--session last: there is none"):
        path_of(type(folder)("last"))


def test_a_process_of_the_same_number_elsewhere_has_another_file(folder, monkeypatch):
    one = Autosave()
    one.keep("one")
    # The lock of another system's process is like that of another file of this one.
    other = Autosave()
    other.keep("other")
    assert len([*folder.glob(f"{os.getpid()}-*.session.yaml")]) == 2
    one.end("")
    other.end("")


def test_only_some_that_were_told_stay(folder, monkeypatch):
    folder.mkdir(parents=True)
    for number in range(30):
        path = folder / f"told 1-{number}.session.yaml"
        path.write_text("")
        os.utime(path, (number, number))
    mine = Autosave()
    mine.keep("x")
    stay = sorted(int(path.stem.split("-")[1].split(".")[0]) for path in folder.glob("told *"))
    assert stay == [*range(20, 30)]
    mine.end("")


@pytest.mark.parametrize("what", ["a file", "full", "no locks"])
def test_a_folder_that_cannot_be_written_never_hurts(what, tmp_path, monkeypatch):
    if what == "a file":
        (tmp_path / "kerneltui").write_text("")
    elif what == "full":

        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setitem(sys.modules, "fcntl", None)
    mine = Autosave()
    mine.keep("x")
    mine.keep("y")
    assert [*left_behind()] == []
    mine.set_aside()
    mine.forget()
    mine.end("z")
    assert latest() is None or what == "no locks"
