"""Session files are written whole or not at all, and never over what another one has written."""

import errno
import os
import stat
from pathlib import Path

import pytest
from msgspec.structs import replace
from saved import MS, booted, file_of

from kerneltui.configfile import LARGEST_FILE
from kerneltui.errors import UserError
from kerneltui.sessions import writing
from kerneltui.sessions.opening import load_session
from kerneltui.sessions.saving import NotKeptError, spec_of, text_of
from kerneltui.sessions.writing import Kept, write_atomically


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_nothing_beside_it(tmp_path):
    path = tmp_path / "x.session.yaml"
    write_atomically(path, "é\nx\n")
    assert path.read_bytes() == "é\nx\n".encode()
    write_atomically(path, "y")
    assert path.read_text() == "y"
    assert left(tmp_path) == ["x.session.yaml"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_permissions_stay(mode, tmp_path):
    path = tmp_path / "x"
    path.write_text("before")
    path.chmod(mode)
    write_atomically(path, "after")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    # Those of a new one are as the shell's umask wants them.
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_a_link_is_followed_and_stays_one(tmp_path):
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there" / "real", tmp_path / "link"
    real.write_text("before")
    link.symlink_to(real)
    write_atomically(link, "after")
    assert link.is_symlink()
    assert real.read_text() == "after"
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "there" / "new")
    write_atomically(dangling, "new")
    assert (tmp_path / "there" / "new").read_text() == "new"
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(UserError, match="circle"):
        write_atomically(circle, "")


def test_a_folder_a_device_and_a_pipe_stay_what_they_are(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, words in (
        (tmp_path, "this is a folder"), (pipe, "no ordinary file"),
        (Path(os.devnull), "no ordinary file"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words) as caught:
            write_atomically(path, "")
        assert str(caught.value).startswith(f"{path}: cannot be written: ")
    assert pipe.is_fifo()
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize("name", ["nowhere/x", "x" * 300, "a/x"])
def test_what_no_file_can_be_is_told(name, tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(UserError, match="cannot be written: ") as caught:
        write_atomically(tmp_path / name, "")
    assert "\n" not in str(caught.value)


def test_a_long_name_that_is_allowed_can_be_written(tmp_path):
    path = tmp_path / ("é" * 120)
    write_atomically(path, "x")
    assert path.read_text() == "x"


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_on_a_full_disk_what_was_there_stays(failing, tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_text("before")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "replace")), full)
    with pytest.raises(UserError, match="cannot be written: No space left on device"):
        write_atomically(path, "after")
    assert path.read_text() == "before"
    assert left(tmp_path) == ["x"]


def test_a_write_protected_file_stays(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_text("before")
    monkeypatch.setattr(writing.os, "access", lambda *_: False)  # root may write to all
    with pytest.raises(UserError, match="write-protected"):
        write_atomically(path, "after")
    assert path.read_text() == "before"


def test_a_file_that_another_one_has_changed_meanwhile_stays(tmp_path):
    path = tmp_path / "x"
    mine = Kept(path)
    mine.write("one")
    mine.write("two")
    path.write_text("theirs")
    with pytest.raises(UserError, match="another program has changed this file"):
        mine.write("three")
    assert path.read_text() == "theirs"
    path.unlink()
    mine.write("three")  # nothing is lost
    assert path.read_text() == "three"
    other = tmp_path / "y"
    fresh = Kept(other)
    other.write_text("came between the question and its answer")
    with pytest.raises(UserError, match="another program"):
        fresh.write("mine")
    read = Kept(other, other.read_text())
    read.write("mine")
    assert other.read_text() == "mine"


def test_a_name_cannot_break_the_text(tmp_path):
    session = booted("rpi4", "timer-callbacks")
    path = tmp_path / "a\nboard: {name: x} {name}.session.yaml"
    assert file_of(session, path).spec.board.name == "rpi4"
    session.close()


@pytest.mark.parametrize(
    ("much", "words"),
    [
        (lambda session: session.bookmarks.add(session.bookmark("x" * 1001)), "bookmarks"),
        (lambda session: session.bookmarks.add(session.bookmark("a\nb")), "bookmarks"),
        (lambda session: session.bookmarks.add(session.bookmark("", "1")), "bookmarks"),
        (lambda session: [session.breakpoints.add(session.machine, "time 1h")] * 2, None),
    ],
)
def test_what_could_not_be_opened_again_is_not_written(much, words, tmp_path):
    session = booted("rpi4", "timer-callbacks")
    much(session)
    if words is None:
        load_session(file_of(session, tmp_path / "x").file.path)
    else:
        with pytest.raises(NotKeptError, match=words):
            spec_of(session)
    session.close()


def test_a_long_session_can_be_written_and_opened(tmp_path):
    """As many inputs as a file may hold are less than a file may be long."""
    session = booted("rpi4", "timer-callbacks")
    session.run_until(300 * MS)
    session.type(b"x")
    spec = spec_of(session)
    spec = replace(spec, inputs=spec.inputs * 1_000)
    path = tmp_path / "x"
    assert len(text_of(spec, path)) * 10 < LARGEST_FILE
    session.close()
