"""Commands without a screen at a terminal: lines as they come, progress, signals, statuses."""

import io
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
from pathlib import Path
from threading import Thread

import pytest

from kerneltui.configfile import available
from kerneltui.scenarios.reading import load_scenario
from kerneltui.shelves import GROUPS

PATIENCE_S = 60.0
TRACES = Path(__file__).parent / "conformance" / "traces"
LONGER = TRACES / "gentimer-raspi4b-more"
"""Some tenths of a second."""
RPI4 = available("boards")["rpi4"].read_text()
ENDLESS = "8000h"
"""Of virtual time: hours of anybody's time."""
STATUSES = [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
ENVIRONMENT = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
ERASED = "\x1b[K\x1b[?25h"
IMPATIENT = """
from kerneltui import __main__, progress
progress.PATIENCE_S, progress.PAUSE_S = 0.0, 0.02
__main__.main()
"""
"""Shows its progress from the beginning, and where it is over soon, too."""


class Command:
    """``kerneltui ARGUMENTS``; ``on`` names the streams that are a terminal, others are pipes."""

    def __init__(self, *arguments, on=(), columns=100, impatient=False, **variables):
        self.master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.terminal = b""
        streams = {name: slave if name in on else subprocess.PIPE for name in ("stdout", "stderr")}
        environment = {**ENVIRONMENT, "TERM": "xterm-256color"} | variables
        program = ("-c", IMPATIENT) if impatient else ("-m", "kerneltui")
        self.program = subprocess.Popen(
            [sys.executable, *program, *arguments],
            stdin=subprocess.DEVNULL, env=environment, **streams,
        )  # fmt: skip
        os.close(slave)

    def read(self):
        """What came to the terminal, within a moment; False at its end."""
        if not select.select([self.master], [], [], 0.05)[0]:
            return True
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:
            return False
        self.terminal += data
        return bool(data)

    def until(self, pattern):
        """Read until the terminal shows ``pattern``."""
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.terminal):
            assert time.monotonic() < deadline, self.terminal[-2000:]
            assert self.read(), self.terminal[-2000:]

    def drain(self, deadline):
        while self.read() and time.monotonic() < deadline:
            pass

    def end(self):
        """Status, standard output, standard error (of those that are pipes), and the terminal."""
        out = err = b""
        deadline = time.monotonic() + PATIENCE_S
        # Both at once: a full pipe would stop the program, and so would a full terminal.
        reader = Thread(target=self.drain, args=(deadline,))
        reader.start()
        if self.program.stdout or self.program.stderr:
            out, err = self.program.communicate(timeout=PATIENCE_S)
        reader.join()
        status = self.program.wait(PATIENCE_S)
        return status, out or b"", err or b"", self.terminal.decode().replace("\r\n", "\n")

    def close(self):
        if self.program.poll() is None:
            self.program.kill()
            self.program.communicate()
        os.close(self.master)


@pytest.fixture
def command():
    started = []

    def start(*arguments, **options):
        started.append(Command(*map(str, arguments), **options))
        return started[-1]

    yield start
    for item in started:
        item.close()


def plain(*arguments):
    """The same command without a terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "kerneltui", *map(str, arguments)],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.decode(), done.stderr.decode()


# -- lines as they come ----------------------------------------------------------------------------


def test_a_person_sees_each_line_as_it_comes(command):
    seen = command("run", "--scenario", "overload", "--until", ENDLESS, on=("stdout", "stderr"))
    assert select.select([seen.master], [], [], PATIENCE_S)[0]
    first = os.read(seen.master, 1 << 16)
    assert len(first) < 4096
    seen.until(rb"\[ +1\.\d+\] ")
    assert seen.program.poll() is None


def test_a_pipe_gets_its_lines_by_the_buffer(command):
    seen = command("run", "--until", ENDLESS)
    first = os.read(seen.program.stdout.fileno(), 1 << 20)
    assert len(first) >= 4096


# -- signals ---------------------------------------------------------------------------------------


def virtual_seconds(figures):
    return float(re.search(r"virtual_seconds: ([\d.]+)", figures)[1])


@pytest.mark.parametrize(("number", "status"), STATUSES)
def test_a_signal_ends_a_run_with_all_lines_so_far_and_its_figures(command, number, status):
    seen = command("run", "--until", ENDLESS, "--stats")
    first = os.read(seen.program.stdout.fileno(), 4096)
    seen.program.send_signal(number)
    found, out, err, _ = seen.end()
    assert found == status
    figures = err.decode()
    assert figures.count("\n") == 6, figures
    text = (first + out).decode()
    last = float(re.findall(r"^\[ *([\d.]+)\] ", text, re.MULTILINE)[-1])
    assert virtual_seconds(figures) - last <= 1.1, "the periodic timeout prints once a second"


@pytest.mark.parametrize(("number", "status"), STATUSES)
def test_a_signal_ends_a_trace_with_whole_lines(command, number, status, tmp_path):
    path = tmp_path / "t.jsonl"
    seen = command("trace", "--until", ENDLESS, "-o", path)
    deadline = time.monotonic() + PATIENCE_S
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    seen.program.send_signal(number)
    assert seen.end() == (status, b"", b"", "")
    assert path.read_bytes().endswith(b"}\n")
    assert path.stat().st_size % io.DEFAULT_BUFFER_SIZE


def test_ctrl_c_at_a_terminal_leaves_the_cursor_on_a_line_of_its_own(command):
    seen = command("run", "--until", ENDLESS, "--stats", on=("stdout", "stderr"))
    seen.until(rb"Periodic 1 sec")
    seen.program.send_signal(signal.SIGINT)
    status, _, _, shown = seen.end()
    assert status == 130
    assert re.search(r"\nvirtual_seconds: ", shown)
    assert shown.endswith("\n")
    assert "Traceback" not in shown


TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(1, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "kerneltui", *sys.argv[1:]])
"""


@pytest.mark.parametrize("words", ["run --stats", "run --json --stats", "trace"])
def test_a_terminal_that_is_closed_ends_the_command(words):
    master, slave = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-c", TAKE_TERMINAL, *words.split(), "--until", ENDLESS],
        stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    assert select.select([master], [], [], PATIENCE_S)[0]
    os.close(master)
    assert program.wait(PATIENCE_S) in {129, -signal.SIGHUP}


def test_a_hangup_that_the_caller_ignores_stays_ignored():
    with subprocess.Popen(
        ["nohup", sys.executable, "-m", "kerneltui", "trace", "--until", ENDLESS],
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as program:
        program.stdout.read(1)
        program.send_signal(signal.SIGHUP)
        program.stdout.read(1 << 17)
        assert program.poll() is None
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 143


def test_a_second_signal_ends_what_nobody_reads(command):
    seen = command("run", "--until", ENDLESS)
    out = seen.program.stdout.fileno()
    assert select.select([out], [], [], PATIENCE_S)[0]
    waited = time.monotonic() + PATIENCE_S
    while seen.program.poll() is None and time.monotonic() < waited:
        seen.program.send_signal(signal.SIGTERM)
        time.sleep(0.2)
    assert seen.program.returncode in {143, -signal.SIGTERM}


# -- progress --------------------------------------------------------------------------------------

BAR = rb"\[[#-]{20}\] +\d+%  [\d.]+ of [\d.]+ virtual s, [\d,]+ events, \d+ s"


def test_the_progress_of_a_long_run_stands_on_the_terminal_of_standard_error(command):
    seen = command("run", "--json", "--until", ENDLESS, on=("stderr",))
    seen.until(BAR)
    first = float(re.search(rb"([\d.]+) of 28800000\.000 virtual s", seen.terminal)[1])
    seen.until(rb"(?s)(%s.*){3}" % BAR)
    assert float(re.findall(rb"([\d.]+) of 2880", seen.terminal)[-1]) > first
    seen.program.send_signal(signal.SIGINT)
    status, out, _, shown = seen.end()
    assert (status, out) == (130, b"")
    assert shown.endswith("\x1b[?25h\n"), "the cursor is back, at the beginning of a line"
    assert max(map(len, re.split(r"\r|\n", shown))) < 100


def test_a_question_about_a_far_moment_shows_its_progress_and_can_be_ended(command):
    seen = command("explain", "--irq", "30", "--at", ENDLESS, on=("stderr",))
    seen.until(BAR)
    seen.program.send_signal(signal.SIGINT)
    status, out, _, shown = seen.end()
    assert (status, out) == (130, b"")
    assert "Traceback" not in shown
    assert shown.endswith("\n")


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_the_progress_fits_a_narrow_terminal(command, columns):
    seen = command("run", "--json", "--until", ENDLESS, on=("stderr",), columns=columns,
                   impatient=True)  # fmt: skip
    seen.until(rb"\d+%")
    seen.program.send_signal(signal.SIGTERM)
    assert seen.end()[0] == 143
    drawn = seen.terminal.decode().replace("\x1b[?25l", "").replace("\x1b[?25h", "")
    assert all(len(line) < columns for line in re.split(r"[\r\n]+", drawn))


def test_a_trace_shows_progress_and_is_the_same(command, tmp_path):
    arguments = ("trace", "--until", "1200ms")
    seen = command(*arguments, "-o", tmp_path / "t.jsonl", on=("stderr",), impatient=True)
    status, out, _, shown = seen.end()
    assert (status, out) == (0, b"")
    assert re.search(BAR.decode(), shown)
    assert re.search(r"100%  1\.200 of 1\.200 virtual s, [\d,]+ events, \d+ s\x1b\[\?25h\n$", shown)
    assert plain(*arguments) == (0, (tmp_path / "t.jsonl").read_text(), "")


def test_the_way_to_the_moment_of_a_picture_shows_progress(command, tmp_path):
    arguments = ("screenshot", "--at", "1200ms", "--size", "80x24")
    seen = command(*arguments, "-o", tmp_path / "s.txt", on=("stderr",), impatient=True)
    status, out, _, shown = seen.end()
    assert (status, out) == (0, b"")
    assert re.search(r"100%  1\.200 of 1\.200 virtual s, [\d,]+ events, \d+ s\x1b\[\?25h\n$", shown)
    assert plain(*arguments, "-o", "-") == (0, (tmp_path / "s.txt").read_text(), "")


def test_a_trace_on_the_terminal_itself_has_no_line_among_its_events(command):
    seen = command("trace", "--until", "2s", on=("stdout", "stderr"))
    _, _, _, shown = seen.end()
    assert shown == plain("trace", "--until", "2s")[1]


def on_the_screen(text):
    """What stays of text with lines that are drawn anew; the progress erases its own."""
    return [line.rpartition(ERASED)[2] for line in text.split("\n")]


def test_the_progress_of_conformance_makes_room_for_its_lines(command, tmp_path):
    (tmp_path / "bad.jsonl").write_text("{not json\n")
    arguments = ("conformance", LONGER, tmp_path / "bad.jsonl", TRACES / "pl011")
    status, out, err = plain(*arguments)
    seen = command(*arguments, on=("stdout", "stderr"), impatient=True)
    found, _, _, shown = seen.end()
    assert found == status == 2
    assert re.search(r"\] +\d+%  \d+ of \d+ traces, \d+ s", shown)
    lines = [line for line in on_the_screen(shown) if "traces, " not in line and line]
    assert sorted(lines) == sorted((out + err).splitlines())


@pytest.mark.parametrize("on", [(), ("stdout",)])
def test_no_progress_where_standard_error_is_no_terminal(command, on):
    assert command("conformance", LONGER, on=on, impatient=True).end()[2] == b""


def test_no_progress_on_a_terminal_that_cannot_draw_it(command):
    seen = command("conformance", LONGER, on=("stderr",), impatient=True, TERM="dumb")
    assert seen.end()[::3] == (0, "")


def test_what_is_over_soon_shows_no_progress(command):
    seen = command("run", "--json", "--until", "1ms", on=("stderr",))
    assert seen.end()[::3] == (0, "")


# -- lists -----------------------------------------------------------------------------------------


HEADINGS = {*GROUPS, *(load_scenario(name).spec.group for name in available("scenarios"))}


def rows(text):
    """A list's lines without the headings of its groups, and the empty lines before them."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line.strip() and line.strip() not in HEADINGS)


def entries(text):
    """A list's entries: name and text, each as one line."""
    return [tuple(entry.split(None, 1)) for entry in re.sub(r"\n +", " ", rows(text)).splitlines()]


@pytest.mark.parametrize("kind", ["boards", "scenarios"])
def test_a_list_fits_the_terminal_and_loses_nothing(kind, command):
    _, whole, _ = plain(kind)
    assert all(len(line) <= 80 for line in whole.splitlines())
    assert {name for name, _ in entries(whole)} == set(available(kind))
    for columns in (40, 200):
        seen = command(kind, on=("stdout",), columns=columns, COLUMNS="300")
        status, _, _, shown = seen.end()
        assert status == 0
        assert all(len(line) <= columns for line in shown.splitlines())
        assert entries(shown) == entries(whole)
    starts = {re.match(r"\S+ +|\s+", line).end() for line in rows(whole).splitlines()}
    assert len(starts) == 1, "the second column begins in one place"


# -- statuses, as the README's table has them ------------------------------------------------------


def test_status_0_1_and_2(tmp_path, said):
    halting = tmp_path / "halting.yaml"
    halting.write_text(RPI4.replace("bsp: rpi4", "bsp: rpi3"))
    spoilt = tmp_path / "spoilt.jsonl"
    trace = (TRACES / "bcm2835_systmr" / "seed-1.jsonl").read_text()
    number = int(re.search(r'"op":"read".*?"value":(\d+)', trace)[1])
    spoilt.write_text(re.sub(r'("op":"read".*?"value":)\d+', rf"\g<1>{number ^ 1}", trace, count=1))
    halted = 1, "run", "--until", "1s", "--board", halting
    for status, *arguments in ((0, "run", "--until", "1ms"), halted, (2,)):
        assert plain(*arguments)[0] == status, arguments
    for status, *arguments in (
        (1, "run", "--until", "1s", "--board", halting, "--json"),
        (1, "trace", "--until", "1s", "--board", halting),
        (0, "conformance", TRACES / "bcm2835_systmr"),
        (1, "conformance", spoilt),
        (2, "conformance", tmp_path / "none.jsonl"),
        (2, "run", "--until", "soon"),
        (2, "validate", tmp_path / "none.yaml"),
    ):
        assert said(*arguments)[0] == status, arguments
