"""Session files of images: they name the image by path and content."""

import shutil

import pytest
from native_bench import image_path

from kerneltui.errors import UserError
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.images import open_image
from kerneltui.sessions.opening import load_session, open_saved, resume
from kerneltui.sessions.saving import spec_of, text_of, traced, with_trace


def _all(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.fixture
def saved(tmp_path):
    """A session file, and what it is about: a breakpoint, something typed, a poke."""
    image = tmp_path / "echo.elf"
    shutil.copy(image_path("echo"), image)
    session = open_image("rpi4", image)
    session.boot()
    session.breakpoints.add(session.machine, "code echo.S:8")
    session.breakpoints.toggle(1)
    session.type(b"hi\r")
    session.run_until(30_000_000)
    session.poke("UARTIMSC=0x10")
    session.run_until(31_000_000)
    path = tmp_path / "my.session.yaml"
    path.write_text(text_of(_all(with_trace(spec_of(session))), path), encoding="utf-8")
    here, console = session.here, session.recorder.console.data
    session.close()
    return path, image, here, console


def test_it_is_done_again(saved):
    path, image, here, console = saved
    assert console == b"hi\r!"
    file = load_session(path)
    assert file.spec.scenario is None
    assert file.spec.kernel.path == str(image)
    session = open_saved(file)
    _all(resume(session, file))
    assert (session.here, session.recorder.console.data) == (here, console)
    assert [item.text for _, item in session.breakpoints] == ["code echo.S:8"]
    session.close()
    assert _all(traced(file)) == file.spec.trace


def test_the_image_may_have_moved_with_the_file(saved, tmp_path):
    path, image, here, _ = saved
    other = tmp_path / "other"
    other.mkdir()
    moved = shutil.move(path, other)
    shutil.move(image, other)
    file = load_session(other / path.name)
    session = open_saved(file)
    _all(resume(session, file))
    assert session.here == here
    assert moved
    session.close()


def test_a_changed_image_gets_one_line(saved):
    path, image, *_ = saved
    with image.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(UserError, match="is not the one that this was saved with") as caught:
        open_saved(load_session(path))
    assert str(caught.value).startswith(f"{path}:")
    assert "\n" not in str(caught.value)


def test_a_missing_image_gets_one_line(saved):
    path, image, *_ = saved
    image.unlink()
    with pytest.raises(UserError, match="No such file or directory") as caught:
        open_saved(load_session(path))
    assert "\n" not in str(caught.value)


def test_a_file_needs_a_scenario_or_an_image(saved):
    path, *_ = saved
    text = path.read_text(encoding="utf-8")
    at = text.index("kernel:")
    end = text.index("breakpoints:")
    path.write_text(text[:at] + text[end:], encoding="utf-8")
    with pytest.raises(UserError, match="needs a scenario, a kernel or both; here: none"):
        load_session(path)


def test_how_it_starts_and_what_is_typed_is_kept(tmp_path):
    given = Changes(entry="el3", cmdline="loud", typed=("5ms:ab",))
    session = open_image("rpi4", image_path("el3"), given)
    session.boot()
    path = tmp_path / "my.session.yaml"
    path.write_text(text_of(_all(with_trace(spec_of(session))), path), encoding="utf-8")
    session.close()
    opened = open_saved(load_session(path))
    assert opened.setup.changes == given
    assert [core.privilege() for core in opened.machine.cores] == ["EL3"] * 4
    assert [(item.at_ns, item.data) for item in opened.setup.inputs] == [(5_000_000, b"ab")]
    opened.close()
