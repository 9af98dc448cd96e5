"""What kernel code raises halts the kernel; what an observer raises, and Ctrl+C, is the host's."""

import os
import re
import signal
import subprocess
import sys

import pytest
from core_bench import Bench, Kernel
from greenlet import GreenletExit

from kerneltui.machine.core import CoreState, StopReason
from kerneltui.scenarios.scenario import open_session


class WordlessError(Exception):
    """Cannot even say what it is."""

    def __str__(self):
        raise ValueError("no words")


class Base(BaseException):
    """None of Python's own."""


ERRORS = {
    "SystemExit: 3": lambda: sys.exit(3),
    "SystemExit": sys.exit,
    "FileNotFoundError": lambda: open("/no/such/file"),  # noqa: PTH123, SIM115
    "BrokenPipeError: gone": lambda: throw(BrokenPipeError("gone")),
    "GeneratorExit": lambda: throw(GeneratorExit()),
    "KeyboardInterrupt": lambda: throw(KeyboardInterrupt()),
    "GreenletExit": lambda: throw(GreenletExit()),
    "MemoryError: too much": lambda: throw(MemoryError("too much")),
    "RecursionError": lambda: descend(-1),
    "StopIteration": lambda: next(iter(())),
    "ZeroDivisionError": lambda: 1 // 0,
    "ValueError: two lines": lambda: throw(ValueError("two\nlines")),
    "WordlessError": lambda: throw(WordlessError()),
    "Base: own": lambda: throw(Base("own")),
}


def throw(error):
    raise error


def descend(levels):
    return levels and descend(levels - 1)


def in_boot(action):
    class Failing(Kernel):
        def boot(self):
            self.cpu.read(0)
            action()

    return Failing


def in_idle(action):
    class Failing(Kernel):
        def idle(self):
            self.cpu.read(0)
            action()

    return Failing


def in_handler(action):
    class Failing(Kernel):
        def boot(self):
            self.vectors(irq=action)
            self.cpu.unmask(0b0010)

    return Failing


PLACES = [in_boot, in_idle, in_handler]


def halted(kernel, observer=None):
    bench = Bench(kernel)
    bench.core.observer = observer
    bench.raise_irq_at(10_000)
    assert bench.run() is StopReason.HALTED
    assert bench.core.state is CoreState.HALTED
    assert bench.run() is StopReason.HALTED
    return bench.core.halt_reason


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("words", "action"), ERRORS.items(), ids=ERRORS)
def test_whatever_kernel_code_raises_halts_the_kernel_with_its_reason(place, words, action):
    reason = halted(place(action), Silent())
    assert reason.startswith(f"kernel error: {words}")
    assert re.search(r" \([\w<>.]+, line \d+\)$", reason)
    assert "\n" not in reason


def test_the_reason_names_the_line_of_the_kernel_not_that_of_the_machine():
    class Wrong(Kernel):
        def boot(self):
            self.cpu.read("not an address")

    place = Wrong.boot.__code__
    assert f"({place.co_qualname}, line {place.co_firstlineno + 1})" in halted(Wrong)


def test_endless_recursion_through_the_machine_is_the_kernels_though_an_observer_may_meet_it():
    class Deep(Kernel):
        def boot(self):
            self.again()

        def again(self):
            self.cpu.read(0)
            self.again()

    class Deeper(Silent):
        def instruction(self, *event):
            descend(20)

    for _ in range(3):
        assert halted(Deep, Deeper()).startswith("kernel error: RecursionError")


class Silent:
    """Hears everything and does nothing."""

    def instruction(self, core, kind, target, value):
        pass

    def exception(self, core, kind, vector):
        pass

    def activity(self, core):
        pass

    def tracepoint(self, core, name, facts):
        pass


class Traced(Kernel):
    """Tells an observer of everything there is."""

    def boot(self):
        self.vectors(irq=lambda: self.cpu.write(0x1_0000, 0))
        self.cpu.unmask(0b0010)
        self.cpu.tracepoint("passed")


HOST_ERRORS = {
    "BrokenPipeError": lambda: throw(BrokenPipeError("gone")),
    "OSError": lambda: open("/no/such/file"),  # noqa: PTH123, SIM115
    "ValueError": lambda: throw(ValueError("wrong")),
    "SystemExit": lambda: sys.exit(3),
    "KeyboardInterrupt": lambda: throw(KeyboardInterrupt()),
    "RecursionError": lambda: descend(-1),
}


@pytest.mark.parametrize("method", ["instruction", "exception", "activity", "tracepoint"])
@pytest.mark.parametrize("action", HOST_ERRORS.values(), ids=HOST_ERRORS)
def test_what_an_observer_raises_is_the_hosts(method, action):
    class Failing(Silent):
        pass

    setattr(Failing, method, lambda observer, *event: action())
    bench = Bench(Traced)
    bench.core.power_off()
    bench.core.power_on(bench.kernel)
    bench.core.observer = Failing()
    bench.raise_irq_at(10_000)
    with pytest.raises((OSError, ValueError, SystemExit, KeyboardInterrupt, RecursionError)):
        bench.run(until=20_000)
    assert bench.core.halt_reason == ""


@pytest.mark.parametrize("board", ["rpi4", "x86"])
@pytest.mark.parametrize("hook", ["on_byte", "sink"])
def test_what_a_listener_of_a_session_raises_is_the_hosts(board, hook):
    session = open_session(board, "timer-callbacks")
    owner = session.recorder.console if hook == "on_byte" else session.recorder
    setattr(owner, hook, lambda event: throw(OSError("no room")))
    with pytest.raises(OSError, match="no room"):
        session.run_until(2_000_000_000)
    assert session.machine.halt_reason == ""


def test_closing_a_session_in_the_middle_of_kernel_code_is_quiet():
    class Stubborn(Kernel):
        def boot(self):
            try:
                self.cpu.read(0)
                self.cpu.read(0)
            finally:
                throw(ValueError("while leaving"))

    bench = Bench(Stubborn)
    bench.run(instructions=1)
    bench.core.close()
    assert bench.core.halt_reason == ""


# -- as the command line tells it ------------------------------------------------------------------

PROGRAM = """
import sys
from kerneltui.cli import run
from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks
def idle(self):
    {action}
TimerCallbacks.idle = idle
raise SystemExit(run(["run", "--until", "2000s"]))
"""


@pytest.mark.parametrize(
    ("action", "words"),
    [("sys.exit(0)", "SystemExit: 0"), ("open('/no/file')", "FileNotFoundError"),
     ("raise KeyboardInterrupt", "KeyboardInterrupt"), ("idle(self)", "RecursionError"),
     ("raise BrokenPipeError", "BrokenPipeError")],
)  # fmt: skip
def test_run_ends_with_1_and_a_line_that_names_the_kernels_error(action, words):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(action=action)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"kerneltui: the kernel halted: kernel error: {words}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("action", ["while True: self.cpu.compute(1)", "while True: pass"])
def test_ctrl_c_ends_a_run_wherever_it_is(action):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(action=action)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert b"halted" not in err
