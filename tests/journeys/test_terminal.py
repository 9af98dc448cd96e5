"""The program in a real pseudo-terminal: however it ends, the terminal is as it was before."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl

import pytest

PATIENCE_S = 60.0
"""For a start on a busy machine."""

CRASH_IN_A_PANEL = """
from kerneltui.cli import run
from kerneltui.tui.panels.path import PathPanel
honest = PathPanel.content
def content(self, view, width):
    return honest(self, view, width) if view.now_ns < 500_000_000 else 1 // 0
PathPanel.content = content
raise SystemExit(run(["--board", "rpi4"]))
"""
CRASH_WHILE_RUNNING = """
from kerneltui.cli import run
from kerneltui.debugger.session import Session
from kerneltui.debugger.watch import FREE
honest = Session.advance
def advance(self, goal, **limits):
    return honest(self, goal, **limits) if goal is not FREE else 1 // 0
Session.advance = advance
raise SystemExit(run(["--board", "rpi4"]))
"""


CLOSED_ERROR = """
import os, sys
os.close(2)
os.execv(sys.executable, [sys.executable, "-m", "kerneltui", "--board", "rpi4"])
"""


TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Makes standard input the controlling terminal, as a shell's is; then becomes the program."""


class Terminal:
    """A program in a terminal of 140x40."""

    def __init__(self, *arguments, stderr=None, **variables):
        """``stderr``: a file instead of the terminal; ``variables``: of the environment."""
        self.master, self.slave = pty.openpty()
        ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        size = {"COLUMNS", "LINES"}  # these would hide how large the terminal is
        environment = {name: value for name, value in os.environ.items() if name not in size}
        environment |= {"TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
        environment |= variables
        self.program = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *arguments], env=environment,
            stdin=self.slave, stdout=self.slave, stderr=stderr or self.slave,
            start_new_session=True,
        )  # fmt: skip

    def read(self):
        """Whatever the program has written, within a moment."""
        if select.select([self.master], [], [], 0.05)[0]:
            self.output += os.read(self.master, 1 << 16)

    def until(self, wanted):
        """Read until the program has written ``wanted``."""
        deadline = time.monotonic() + PATIENCE_S
        while wanted not in self.output:
            assert time.monotonic() < deadline, self.output[-2000:]
            assert self.program.poll() is None, self.output[-2000:]
            self.read()

    def started(self):
        """Until the dashboard is painted."""
        self.until(b"paused: idle")
        self.until(b"Event")

    def press(self, keys):
        os.write(self.master, keys)

    def status(self):
        """Until the program has ended: its exit status as a shell tells it."""
        deadline = time.monotonic() + PATIENCE_S
        while self.program.poll() is None:
            assert time.monotonic() < deadline, self.output[-2000:]
            self.read()
        while select.select([self.master], [], [], 0.05)[0]:
            self.output += os.read(self.master, 1 << 16)
        code = self.program.returncode
        return code if code >= 0 else 128 - code

    def assert_sane(self):
        """Alternate screen left, cursor shown, no mouse and paste reports, line discipline back."""
        switched = [(b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h"),
                    (b"\x1b[?1000h", b"\x1b[?1000l"), (b"\x1b[?1003h", b"\x1b[?1003l"),
                    (b"\x1b[?1006h", b"\x1b[?1006l"), (b"\x1b[?2004h", b"\x1b[?2004l")]  # fmt: skip
        for on, off in switched:
            assert on in self.output
            assert self.output.rfind(off) > self.output.rfind(on), off
        assert termios.tcgetattr(self.slave) == self.before

    def hang_up(self):
        """Close the terminal's window."""
        os.close(self.master)
        self.master = -1

    def close(self):
        if self.program.poll() is None:
            self.program.kill()
            self.program.wait()
        if self.master >= 0:
            os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal():
    opened = []

    def start(*arguments, **options):
        opened.append(Terminal(*arguments, **options))
        return opened[-1]

    yield start
    for item in opened:
        item.close()


@pytest.mark.parametrize(
    "keys",
    [b"q", b"\x03", b" \x11", b"c\x11"],
    ids=["q", "ctrl+c", "ctrl+q-running", "ctrl+q-typing"],
)
def test_leaving_by_key(terminal, keys):
    """q, Ctrl+C, Ctrl+Q while running, Ctrl+Q while typing."""
    seen = terminal("-m", "kerneltui", "--board", "rpi4")
    seen.started()
    if len(keys) > 1:
        seen.press(keys[:1])
        seen.until(b"running" if keys[:1] == b" " else b"typing")
    seen.press(keys[-1:])
    assert seen.status() == 0
    seen.assert_sane()
    assert b"Traceback" not in seen.output


@pytest.mark.parametrize("running", [False, True])
def test_kill_term(terminal, running):
    seen = terminal("-m", "kerneltui", "--board", "rpi3", "--speed", "max")
    seen.started()
    if running:
        seen.press(b" ")
        seen.until(b"running")
    seen.program.send_signal(signal.SIGTERM)
    assert seen.status() == 143
    seen.assert_sane()
    assert b"Traceback" not in seen.output


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_other_signals(terminal, number, status):
    seen = terminal("-m", "kerneltui", "--board", "rpi4")
    seen.started()
    seen.program.send_signal(number)
    assert seen.status() == status
    seen.assert_sane()
    assert b"Traceback" not in seen.output


def test_closing_the_terminal_ends_the_program(terminal):
    seen = terminal("-m", "kerneltui", "--board", "rpi4")
    seen.started()
    seen.hang_up()
    assert seen.program.wait(PATIENCE_S) in {129, -signal.SIGHUP}


@pytest.mark.parametrize(
    ("driver", "key"),
    [(CRASH_IN_A_PANEL, b"n"), (CRASH_WHILE_RUNNING, b" ")],
    ids=["in-a-panel", "while-running"],
)
def test_a_crash_shows_its_error_on_a_sane_terminal(terminal, driver, key):
    seen = terminal("-c", driver)
    seen.started()
    seen.press(key)
    assert seen.status() == 1
    seen.assert_sane()
    after = seen.output[seen.output.rfind(b"\x1b[?1049l") :]
    assert b"ZeroDivisionError" in after


def test_without_a_terminal_it_says_so_in_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "kerneltui", "--board", "rpi4"],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "kerneltui: the dashboard needs a terminal; 'kerneltui run' works without one\n"
    )


def test_the_dashboard_is_drawn_on_the_terminal_though_standard_error_is_a_file(terminal, tmp_path):
    errors = tmp_path / "errors"
    with errors.open("wb") as file:
        seen = terminal("-m", "kerneltui", "--board", "rpi4", stderr=file)
    seen.started()
    seen.press(b"n")
    seen.until(b"timer event done")
    seen.press(b"q")
    assert seen.status() == 0
    seen.assert_sane()
    assert errors.read_bytes() == b""


def test_the_dashboard_is_drawn_on_the_terminal_though_standard_error_is_closed(terminal):
    seen = terminal("-c", CLOSED_ERROR)
    seen.started()
    seen.press(b"q")
    assert seen.status() == 0
    seen.assert_sane()


def test_a_crash_is_told_on_the_standard_error_that_was_asked_for(terminal, tmp_path):
    errors = tmp_path / "errors"
    with errors.open("wb") as file:
        seen = terminal("-c", CRASH_WHILE_RUNNING, stderr=file)
    seen.started()
    seen.press(b" ")
    assert seen.status() == 1
    seen.assert_sane()
    assert b"ZeroDivisionError" in errors.read_bytes()


@pytest.mark.parametrize(
    "variables",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C"},
     {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}],
    ids=str,
)  # fmt: skip
def test_the_dashboard_is_drawn_in_utf_8_whatever_python_is_told_of_files(terminal, variables):
    seen = terminal("-m", "kerneltui", "--board", "rpi4", **variables)
    seen.started()
    seen.press(b"q")
    assert seen.status() == 0
    shown = seen.output.decode()  # strictly: not a byte of anything else
    assert {"╭", "╯", "▪", "·"} <= set(shown)
    assert "\\u25" not in shown


def test_a_terminal_that_does_not_show_utf_8_is_told_what_to_set(terminal):
    variables = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    seen = terminal("-m", "kerneltui", "--board", "rpi4", **variables)
    assert seen.status() == 2
    told = seen.output.decode("ascii")
    assert told.startswith("kerneltui: the dashboard draws in UTF-8, but the locale's encoding is ")
    assert "set PYTHONUTF8=1" in told
    assert told.count("\n") == 1


def test_ctrl_c_from_outside_while_the_kernel_computes_ends_the_dashboard(terminal):
    seen = terminal("-m", "kerneltui", "--scenario", "overload", "--speed", "max")
    seen.started()
    seen.press(b" ")
    seen.until(b"running")
    seen.program.send_signal(signal.SIGINT)
    assert seen.status() == 130
    seen.assert_sane()
    assert b"Traceback" not in seen.output


@pytest.mark.parametrize("exported", [{"COLUMNS": "60", "LINES": "20"}, {"COLUMNS": "400"}])
def test_the_terminal_knows_its_size_better_than_the_environment(terminal, exported):
    seen = terminal("-m", "kerneltui", "--board", "rpi4", **exported)
    seen.started()
    seen.press(b"q")
    assert seen.status() == 0
    places = re.findall(rb"\x1b\[(\d+);(\d+)H", seen.output)
    assert max(int(row) for row, _ in places) == 40
    assert max(int(column) for _, column in places) <= 140
    assert b"this terminal has" not in seen.output
