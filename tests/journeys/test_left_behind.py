"""What a dashboard has left behind that could not say goodbye, in a real pseudo-terminal."""

import os
import signal
import time

from test_terminal import PATIENCE_S, terminal  # noqa: F401 - a fixture

from kerneltui.sessions import autosave
from kerneltui.sessions.autosave import left_behind
from kerneltui.sessions.opening import load_session

CTRL_O = b"\x0f"


def kept_with(text):
    """Waits for a kept file that has this text; answers what it says."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        for path in autosave.folder().glob("*-*.session.yaml"):
            spec = load_session(path).spec
            if "".join(item.type for item in spec.inputs) == text and "told" not in path.name:
                return spec
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_killed_dashboard_is_gone_on_with(terminal, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    first = terminal("-m", "kerneltui", "--board", "rpi4")
    first.started()
    assert not autosave.folder().exists()  # nothing was done by hand
    first.press(b"cab")
    before = kept_with("ab")
    assert [*left_behind()] == []  # it still runs
    os.kill(first.program.pid, signal.SIGKILL)
    assert first.status() == 128 + signal.SIGKILL

    second = terminal("-m", "kerneltui", "--board", "x86")
    second.started()
    second.until(b"Ctrl+O")
    second.press(CTRL_O)
    second.until(b"This is where it ended")
    again = kept_with("ab")
    assert (again.board, again.inputs) == (before.board, before.inputs)
    assert (again.here, again.end) == (before.here, before.end)
    second.press(b"q")
    assert second.status() == 0
    assert [*left_behind()] == []

    third = terminal("-m", "kerneltui", "--session", "last")
    third.until(b"Event")
    third.press(b"c")
    third.until(b"typing")
    third.press(b"d")
    kept_with("abd")
    third.program.terminate()
    assert third.status() == 128 + signal.SIGTERM
    (left,) = left_behind()
    assert "".join(item.type for item in load_session(left).spec.inputs) == "abd"
