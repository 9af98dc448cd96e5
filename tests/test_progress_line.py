"""How far a long command is: what happens where the line is never left."""

import io

import pytest

from kerneltui import progress
from kerneltui.progress import Progress


class Screen(io.StringIO):
    """A terminal that takes what is written to it."""

    def isatty(self):
        return True

    def fileno(self):
        raise OSError


@pytest.fixture
def at_exit(monkeypatch):
    """What is to be done when Python ends."""
    found = []
    monkeypatch.setattr(progress.atexit, "register", found.append)
    monkeypatch.setattr(progress.atexit, "unregister", found.remove)
    monkeypatch.setattr(progress, "PATIENCE_S", 60.0)
    monkeypatch.setenv("TERM", "xterm")
    return found


def drawn(monkeypatch):
    """A line that is drawn.  Pytest has a standard error of its own in each phase of a test."""
    monkeypatch.setattr(progress.sys, "stderr", Screen())
    return Progress(1_000, lambda: (5, "on the way"))


def test_no_thread_is_left_where_a_signal_came_before_the_command_was_inside(at_exit, monkeypatch):
    line = drawn(monkeypatch)
    line.__enter__()
    assert line._thread.is_alive()
    for stop in at_exit:
        stop()
    assert not line._thread.is_alive()


def test_where_the_line_is_left_nothing_is_to_be_done_at_the_end(at_exit, monkeypatch):
    with drawn(monkeypatch) as line:
        assert len(at_exit) == 1
    assert not line._thread.is_alive()
    assert at_exit == []
