"""The programs on both boards: what comes out of the UART, and what the hardware shows."""

import functools
import itertools
import re
import subprocess
import sys

import pytest

from kerneltui.configfile import available
from kerneltui.machine.board import load_board
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session

BOARDS = ("rpi3", "rpi4")
S = 1_000_000_000
both = pytest.mark.parametrize("board", BOARDS)
board_of = functools.cache(load_board)


def session_of(board, scenario="timer-callbacks", until=None):
    session = make_session(board_of(board), load_scenario(scenario))
    if until is not None:
        session.run_until(until)
    return session


def scenario_file(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text("title: mine\nprogram: timer-callbacks\n" + text)
    return str(path)


def lines_of(session):
    return session.recorder.console.lines()


def stamped(session):
    """Log lines as (uptime in seconds, text), warnings with their mark."""
    found = []
    for line in lines_of(session):
        match = re.search(r"\[(.) +(\d+)\.(\d{6})\] (.*)", line)
        if match:
            found.append((int(match[2]) + int(match[3]) / 1e6, match[1].strip() + match[4]))
    return found


# -- the tutorial's program ------------------------------------------------------------------------


@both
def test_the_boot_log_is_in_the_tutorials_order(board):
    session = session_of(board, until=S // 10)
    texts = [text for _, text in stamped(session)]
    title = {"rpi3": "Raspberry Pi 3", "rpi4": "Raspberry Pi 4"}[board]
    expected = [
        "kerneltui kernel version", f"Booting on: {title}", "Current privilege level: EL1",
        "Exception handling state:", "Debug:  Masked", "SError: Masked", "IRQ:    Unmasked",
        "FIQ:    Masked", "Architectural timer resolution: ", "Drivers loaded:",
        "1. ARM Architectural Timer", "2. BCM PL011 UART", "3. ",
        "Registered IRQ handlers:", "Echoing input now",
    ]  # fmt: skip
    place = -1
    for words in expected:
        place = next(n for n, text in enumerate(texts) if n > place and words in text)
    times = [time for time, _ in stamped(session)]
    assert times == sorted(times)


@both
def test_the_boot_log_names_resolution_and_handlers_of_the_board(board):
    text = "\n".join(lines_of(session_of(board, until=S // 10)))
    resolution, timer, uart = {"rpi3": (52, 1, 57), "rpi4": (18, 30, 153)}[board]
    assert f"timer resolution: {resolution} ns" in text
    assert re.search(rf"\b{timer}\. ARM Architectural Timer", text)
    assert re.search(rf"\b{uart}\. BCM PL011 UART", text)


@both
def test_the_tutorials_lines_come_at_their_seconds_in_due_order(board):
    session = session_of(board, until=6 * S)
    after = [(time, text) for time, text in stamped(session) if time >= 1]
    assert [(int(time), text) for time, text in after] == [
        (1, "Periodic 1 sec"),
        (2, "Periodic 1 sec"),
        (3, "Once 2"),
        (3, "Periodic 1 sec"),
        (4, "Periodic 1 sec"),
        (5, "Once 5"),
        (5, "Periodic 1 sec"),
    ]
    assert all(time % 1 < 0.02 for time, _ in after)
    assert session.machine.core.halt_reason == ""


@both
def test_periodic_callbacks_do_not_drift(board):
    session = session_of(board, until=30 * S + S // 2)
    times = [time for time, text in stamped(session) if text == "Periodic 1 sec" and time > 6]
    assert len(times) == 25
    gaps = [late - early for early, late in itertools.pairwise(times)]
    assert all(abs(gap - 1) < 1e-5 for gap in gaps)


@both
def test_no_callback_ever_runs_before_it_is_due(board, tmp_path):
    path = scenario_file(tmp_path, "timeouts: [{every: 1234567ns, name: odd}]")
    session = session_of(board, path)
    session.boot()
    due = session.view(frozenset({"timeouts"})).timeouts[0].due_ns
    for n in range(200):
        assert session.next_timer_event() is StopReason.TRACEPOINT
        assert session.machine.now >= due + n * 1_234_567
    assert not [text for _, text in stamped(session) if "Spurious" in text]


@both
def test_a_typed_line_comes_back_through_the_receive_interrupt(board):
    session = session_of(board)
    session.boot()
    number = {"rpi3": 57, "rpi4": 153}[board]
    handler = next(h for h in session.kernel.inspector.irq_handlers() if h.irq.number == number)
    assert handler.count == 0
    session.type(b"hello\nworld\r")
    session.run_until(session.machine.now + S // 100)
    assert lines_of(session)[-3:] == ["hello", "world", ""]
    assert handler.count > 0


@both
def test_a_flood_of_typing_loses_nothing_while_the_kernel_has_time(board):
    session = session_of(board)
    session.boot()
    before = len(session.recorder.console.data)
    session.type(bytes(0x21 + n % 90 for n in range(10_000)))
    assert session.machine.terminal.waiting == 4096
    session.run_until(session.machine.now + S // 2)
    sent = bytes(session.recorder.console.data[before:])
    assert sent == bytes(0x21 + n % 90 for n in range(4096))


@both
def test_any_byte_can_be_typed(board):
    session = session_of(board)
    session.boot()
    before = len(session.recorder.console.data)
    session.type(bytes(range(256)))
    session.run_until(session.machine.now + S // 10)
    sent = bytes(session.recorder.console.data[before:])
    assert sent == b"".join(
        b"\r\n" if char in {0x0D, 0x0A} else bytes([char]) for char in range(256)
    )
    assert session.machine.core.halt_reason == ""


# -- Cheesecake's program --------------------------------------------------------------------------


@both
def test_the_message_count_grows_by_one_a_second(board):
    session = session_of(board, "system-timer", 12 * S + S // 2)
    counts = [
        (round(time), int(text.split(": ")[1], 16))
        for time, text in stamped(session)
        if text.startswith("Message count")
    ]
    assert counts == [(n, n + 1) for n in range(13)]
    assert session.machine.core.interrupts_taken == 12


@both
def test_the_system_timers_registers_are_as_in_the_text(board):
    session = session_of(board, "system-timer")
    session.boot()
    memory = session.machine.memory
    base = {"rpi3": 0x3F00_3000, "rpi4": 0xFE00_3000}[board]
    first = memory.peek(base + 0x18)
    assert session.next_interrupt() is StopReason.INTERRUPT
    assert memory.peek(base) == 1 << 3
    session.finish()
    assert memory.peek(base) == 0
    assert memory.peek(base + 0x18) - first == pytest.approx(1_000_000, abs=100)


def test_spi_99_is_enabled_and_targeted_in_the_distributor():
    session = session_of("rpi4", "system-timer")
    session.boot()
    memory = session.machine.memory
    assert memory.peek(0xFF84_1100 + 4 * 3) >> 3 & 1 == 1
    assert memory.peek(0xFF84_1800 + 99, 1) == 1
    session.next_interrupt()
    assert memory.peek(0xFF84_2018) & 0x3FF == 99  # HPPIR
    session.step()  # the save of the context
    session.step()
    assert memory.peek(0xFF84_1300 + 4 * 3) >> 3 & 1 == 1  # active
    session.finish()
    assert memory.peek(0xFF84_1300 + 4 * 3) == 0


# -- panic -----------------------------------------------------------------------------------------


def make_unhandled(session, board):
    """Enable and raise an interrupt that has no handler, as a stray driver would."""
    memory = session.machine.memory
    if board == "rpi4":
        memory.write(0xFF84_1100 + 4 * 1, 1 << 8)  # GICD_ISENABLER, INTID 40
        memory.write(0xFF84_1200 + 4 * 1, 1 << 8)  # GICD_ISPENDR
        return 40
    memory.write(0x3F00_B210, 1 << 1)  # ENABLE_IRQS_1, system timer 1
    memory.write(0x3F00_3000 + 0x10, memory.peek(0x3F00_3004) + 500)  # C1
    return 1


@both
def test_an_unhandled_irq_panics_with_its_reason_on_the_uart(board):
    session = session_of(board, until=S + S // 2)
    number = make_unhandled(session, board)
    assert session.run_until(2 * S) is StopReason.HALTED
    core = session.machine.core
    assert core.state is CoreState.HALTED
    assert core.halt_reason == f"Kernel panic: No handler registered for IRQ {number}"
    assert session.last_stop == core.halt_reason
    text = "\n".join(lines_of(session))
    assert f"Kernel panic!\n\nNo handler registered for IRQ {number}" in text
    assert text.count("Kernel panic!") == 1


@both
def test_a_panic_leaves_everything_inspectable_and_nothing_running(board):
    session = session_of(board, until=S + S // 2)
    number = make_unhandled(session, board)
    session.run_until(2 * S)
    view = session.view()
    assert view.cpu.state == "halted"
    assert view.halt_reason == f"Kernel panic: No handler registered for IRQ {number}"
    assert view.cpu.masked
    assert view.cpu.frames[0].function.endswith("panic")
    assert len(view.timeouts) == 3
    assert any(item.number == number and item.enabled for item in view.interrupts)
    now = view.now_ns
    session.type(b"anybody?")
    commands = (
        session.step, session.next_interrupt, session.next_timer_event, session.finish,
        functools.partial(session.run_until, 9 * S),
    )  # fmt: skip
    for command in commands:
        assert command() is StopReason.HALTED
    assert session.machine.now == now
    session.restart()
    session.boot()
    assert session.machine.core.halt_reason == ""


@both
def test_a_data_abort_panics_with_address_and_class(board):
    session = session_of(board)
    session.boot()
    wild = functools.partial(session.kernel.cpu.read, 0x7000_0000_0000)
    next(iter(session.kernel.inspector.timeouts())).callback = wild
    assert session.run_until(4 * S) is StopReason.HALTED
    text = "\n".join(lines_of(session))
    assert "Data abort, current EL" in text
    assert "FAR_EL1 0x0000700000000000" in text


# -- the other scenarios ---------------------------------------------------------------------------


@both
def test_equal_deadlines_run_in_the_order_of_setting_one_interrupt_each(board):
    session = session_of(board, "same-deadline")
    session.boot()
    before = session.machine.core.interrupts_taken
    session.run_until(3 * S)
    texts = [text for time, text in stamped(session) if time >= 1]
    assert texts == [
        *(f"set {word}" for word in ("first", "second", "third", "fourth", "fifth")),
        "a second later, alone",
    ]
    assert session.machine.core.interrupts_taken - before == 6


@both
def test_callbacks_set_further_timeouts_which_come_in_due_order(board):
    session = session_of(board, "nested", 5 * S)
    found = [(round(time, 1), text.strip()) for time, text in stamped(session) if time >= 2]
    assert found == [
        (2.0, "every 2 s, and 250 ms after:"),
        (2.3, "250 ms later"),
        (2.4, "100 ms after that"),
        (3.0, "due at 3 s"),
        (4.0, "every 2 s, and 250 ms after:"),
        (4.3, "250 ms later"),
        (4.4, "100 ms after that"),
    ]


@both
def test_overload_is_visible_and_starves_nobody(board):
    session = session_of(board, "overload", 10 * S)
    found = stamped(session)
    warned = [int(re.search(r"(\d+) ms late", text)[1]) for _, text in found if "ms late" in text]
    assert len(warned) >= 4
    assert all(late >= 1.9 * early for early, late in itertools.pairwise(warned))
    beats = [time for time, text in found if text == "heartbeat"]
    assert len(beats) >= 5
    assert [text for _, text in found].count("work") == pytest.approx(66, abs=4)
    assert session.machine.core.halt_reason == ""
    assert session.kernel.inspector.worst_lateness_ns() > 2 * S
    assert len(session.kernel.inspector.timeouts()) <= 2


@both
def test_overload_does_not_grow(board):
    session = session_of(board, "overload", 5 * S)
    queue, due = len(session.kernel.inspector.timeouts()), len(session.machine.clock.queue)
    session.run_until(30 * S)
    assert len(session.kernel.inspector.timeouts()) <= queue + 1
    assert len(session.machine.clock.queue) <= due + 64
    assert session.machine.core.depth <= 1


def test_a_burst_of_10_000_runs_completely_in_order():
    session = session_of("rpi4", "burst")
    names = []
    session.recorder.sink = lambda event: (
        names.append(event[6].split()) if event[6].startswith("timer_callback ") else None
    )
    session.run_until(2_200_000_000)
    numbers = [int(words[2]) for words in names if words[1] == "name=burst"]
    assert numbers == list(range(1, 10_001))
    assert lines_of(session)[-2].endswith("all 10,000 are done")
    assert len(session.kernel.inspector.timeouts()) == 0


FAULTY = """
timeouts: [{every: 333333ns}]
faults: [%s]
"""


def faulty(tmp_path, *faults):
    """A run on a board whose counter is slow enough for a tick to outlast the interrupt's entry."""
    source = available("boards")["rpi4"].read_text()
    slow = tmp_path / "slow.yaml"
    slow.write_text(source.replace("frequency_hz: 54_000_000", "frequency_hz: 100_000"))
    path = scenario_file(tmp_path, FAULTY % ", ".join(faults))
    session = make_session(load_board(str(slow)), load_scenario(path))
    session.run_until(S)
    handler = next(h for h in session.kernel.inspector.irq_handlers() if "Timer" in h.name)
    spurious = sum("Spurious" in text for _, text in stamped(session))
    return session, handler.count - spurious, spurious


def test_without_a_fault_no_interrupt_comes_early(tmp_path):
    _, ticks, spurious = faulty(tmp_path)
    assert ticks > 2900
    assert spurious == 0


def test_rounding_the_due_time_down_gives_spurious_interrupts_but_loses_no_tick(tmp_path):
    _, ticks, spurious = faulty(tmp_path, "round-due-down")
    assert ticks > 2900
    assert spurious > 0


def test_not_arming_again_does_no_harm_while_no_interrupt_is_spurious(tmp_path):
    _, ticks, spurious = faulty(tmp_path, "no-rearm-after-spurious")
    assert ticks > 2900
    assert spurious == 0


def test_both_faults_together_stop_the_clock_at_the_first_spurious_interrupt(tmp_path):
    session, ticks, spurious = faulty(tmp_path, "round-due-down", "no-rearm-after-spurious")
    assert spurious == 1
    assert ticks < 2900
    assert len(session.kernel.inspector.timeouts()) == 1
    assert session.kernel.inspector.armed_timeout() is None
    assert session.next_timer_event() is StopReason.NOTHING_DUE


@pytest.mark.parametrize(("board", "period"), [("rpi3", "1ns"), ("rpi4", "100ns")])
def test_a_period_shorter_than_its_own_handling_ends_in_a_backlog_not_in_a_hang(
    board, period, tmp_path
):
    path = scenario_file(tmp_path, f"timeouts: [{{every: {period}}}]\n")
    session = session_of(board, path, S // 50)
    assert session.machine.now >= S // 50
    assert session.machine.core.halt_reason == ""
    assert session.kernel.inspector.worst_lateness_ns() > 1_000_000


def test_the_kernel_imports_nothing_else_of_ours():
    code = (
        "import pkgutil, sys, importlib, kerneltui.kernel as k\n"
        "for m in pkgutil.walk_packages(k.__path__, 'kerneltui.kernel.'):\n"
        "    importlib.import_module(m.name)\n"
        "print(*sorted(n for n in sys.modules if n.startswith('kerneltui')"
        " and not n.startswith('kerneltui.kernel') and n != 'kerneltui'))\n"
        "print(sum(n.startswith('kerneltui.kernel') for n in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    others, count = done.stdout.splitlines()
    assert others == ""
    assert int(count) > 15
