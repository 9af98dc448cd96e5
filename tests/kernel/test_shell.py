"""The shell on the three boards, by its wire: what is typed, and what is printed."""

import functools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.kernel.programs.shell_program import ShellProgram
from kerneltui.kernel.shell.shell import COMMANDS, MOST_WAITING
from kerneltui.machine.board import load_board
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session

MS, S = 1_000_000, 1_000_000_000
BOARDS = ("rpi3", "rpi4", "x86")
all_boards = pytest.mark.parametrize("board", BOARDS)
board_of = functools.cache(load_board)
SCENARIO = "title: mine\nprogram: shell\n"


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = tmp_path_factory.mktemp("scenarios") / "mine.yaml"
    path.write_text(SCENARIO)
    return load_scenario(str(path))


class Hand:
    """Types, and reads what comes."""

    def __init__(self, board, scenario):
        self.session = make_session(board_of(board), scenario)
        self.session.boot()

    @property
    def kernel(self):
        return self.session.kernel

    def wait(self, ns):
        self.session.run_until(self.session.machine.now + ns)

    def said(self, typed, wait_ns=40 * MS):
        """The lines printed after typing ``typed``, the echo and the last prompt left out."""
        before = len(self.lines())
        assert self.session.type(typed.encode("latin-1")) == 0
        self.wait(wait_ns)
        return self.lines()[before:-1]

    def lines(self):
        return self.session.recorder.console.lines()

    def command(self, line, wait_ns=40 * MS):
        return self.said(f"{line}\r", wait_ns)


@pytest.fixture
def hand(request, scenario):
    made = Hand(getattr(request, "param", "rpi4"), scenario)
    yield made
    made.session.close()


on_all = pytest.mark.parametrize("hand", BOARDS, indirect=True)

OPERATIONS = "compute, sleep, every, print, wait, cancel, yield, exit"
UNIT = "like 250us, 1.5s or 2m"
NO_TIME = "a task that repeats for ever must take time; add 'compute 1ms' or 'sleep 1ms'"
ERRORS = [
    ("hlep", "hlep: unknown command; did you mean 'help'?"),
    ("xyzzy 1 2", "xyzzy: unknown command; try help"),
    ("HELP", "HELP: unknown command; try help"),
    ("once", "once: DURATION is missing: once DURATION TEXT"),
    ("once 5s", "once: TEXT is missing: once DURATION TEXT"),
    ("once 5 x", f"once: '5' needs a unit, {UNIT}"),
    ("once 1.5 x", f"once: '1.5' needs a unit, {UNIT}"),
    ("once s x", f"once: 's' is no duration {UNIT}"),
    ("once -5s x", f"once: '-5s' is no duration {UNIT}"),
    ("once 1..5s x", f"once: '1..5s' is no duration {UNIT}"),
    ("once 5d x", "once: 'd' is no unit; there are ns, us, ms, s, m, min, h"),
    ("once 1.5ns x", "once: '1.5ns' is finer than a nanosecond"),
    ("once 9000h x", "once: '9000h' is more than a year"),
    ("every 0s x", "every: a period of 0 leaves no time for anything else"),
    ("every", "every: DURATION is missing: every DURATION TEXT"),
    ("cancel", "cancel: ID is missing: cancel ID"),
    ("cancel one", "cancel: 'one' is no number; timers prints the IDs"),
    ("cancel -1", "cancel: '-1' is no number; timers prints the IDs"),
    ("cancel 99", "cancel: there is no timeout 99 (any more)"),
    ("timers now", "timers: takes no arguments, but 'now' was given"),
    ("help me please", "help: takes no arguments, but 'me please' was given"),
    ("panic", "panic: TEXT is missing: panic TEXT"),
    ("spawn", "spawn: NAME is missing: spawn NAME OPERATIONS"),
    ("spawn A", "spawn: OPERATIONS is missing: spawn NAME OPERATIONS"),
    (
        "spawn A dance",
        f"spawn: 'dance' is no operation; there are {OPERATIONS}",
    ),
    ("spawn A forever", "spawn: a task needs something to do"),
    (
        "spawn A yield; ; exit",
        f"spawn: '' is no operation; there are {OPERATIONS}",
    ),
    ("spawn A print", "spawn: print what?"),
    ("spawn A compute", f"spawn: a duration is missing, {UNIT}"),
    ("spawn A sleep 5", f"spawn: '5' needs a unit, {UNIT}"),
    ("spawn A yield; forever", f"spawn: {NO_TIME}"),
    ("spawn A compute 0 min; yield; forever", f"spawn: {NO_TIME}"),
    ("spawn A sleep 1.5ms", "spawn: 'sleep' is a system call: whole milliseconds, from 1 on"),
    ("spawn A every 0ms", "spawn: 'every' is a system call: whole milliseconds, from 1 on"),
    ("spawn A yield now", "spawn: 'yield' does not take 'now'"),
    ("spawn A wait", "spawn: no interval timer runs here; put 'every 1s' before 'wait'"),
    ("kill", "kill: ID is missing: kill ID"),
    ("kill me", "kill: 'me' is no number; tasks prints the IDs"),
    ("kill 99", "kill: there is no task 99"),
    ("kill 0", "kill: 'idle' belongs to the kernel"),
    ("kill 1", "kill: 'shell' belongs to the kernel"),
]


# -- commands --------------------------------------------------------------------------------------


@on_all
def test_a_script_of_more_than_eighty_lines_typed_at_once_is_answered_in_order(hand):
    script, expected = [], []
    for n in range(16):
        script += [f"hlep {n}", "", f"once {n + 1}m text {n}", f"cancel {n + 1}", f"cancel {n + 1}"]
        expected += [f"> hlep {n}", "hlep: unknown command; did you mean 'help'?", "> ",
                     f"> once {n + 1}m text {n}", f"timeout {n + 1}",
                     f"> cancel {n + 1}", f"> cancel {n + 1}",
                     f"cancel: there is no timeout {n + 1} (any more)"]  # fmt: skip
    script.append("timers")
    expected += ["> timers", "no timeout is pending"]
    assert len(script) > 80
    hand.wait(2 * S)
    prompt = len(hand.lines()) - 1
    hand.said("\r".join(script) + "\r", S)
    assert hand.lines()[prompt:-1] == expected
    assert hand.lines()[-1] == "> "
    assert hand.kernel.shell.dropped == 0


@on_all
def test_errors_are_one_line_of_words(hand):
    hand.wait(2 * S)  # past the PC's line about the time of day
    for line, answer in ERRORS:
        assert hand.command(line) == [answer], line


@on_all
def test_help_prints_every_command(hand):
    said = hand.command("help")
    assert [line.split()[0] for line in said] == list(COMMANDS)
    for line, command in zip(said, COMMANDS.values(), strict=True):
        assert command.arguments in line
        assert line.endswith(command.help)


@on_all
def test_timeouts_print_when_due_and_are_listed_until_then(hand):
    assert hand.command("once 1.5s in a while") == ["timeout 1"]
    assert hand.command("every 250ms again") == ["timeout 2"]
    every, once = hand.command("timers")
    assert re.fullmatch(r"  2  in 0\.2\d{5} s, every 0\.250000 s: again", every)
    assert re.fullmatch(r"  1  in 1\.4\d{5} s, once: in a while", once)
    hand.wait(S + 600 * MS)
    texts = [line.partition("] ")[2] for line in hand.lines() if line.startswith("[")]
    after = texts[texts.index("Shell: help lists the commands") + 1 :]
    after = [text for text in after if "Time of day" not in text]
    assert after.count("again") == 6
    assert after.count("in a while") == 1
    assert [line.split()[0] for line in hand.command("timers")] == ["2"]


@on_all
def test_a_timeout_is_cancelled_while_another_line_is_being_typed(hand):
    hand.command("every 250ms x")
    hand.wait(S)
    hand.said("can")
    hand.wait(S)
    said = hand.command("cel 1")
    assert [line for line in said if not line.endswith("] x")] == []
    count = "\n".join(hand.lines()).count("] x")
    assert 7 <= count <= 9
    assert not hand.kernel.time_manager.queue
    hand.wait(2 * S)
    assert "\n".join(hand.lines()).count("] x") == count


@on_all
def test_a_log_line_begins_its_own_line_and_the_typed_one_is_shown_again(hand):
    hand.wait(2 * S)
    hand.command("once 100ms boo", 10 * MS)
    hand.said("upt", 200 * MS)
    *_, log, again = hand.lines()
    assert re.fullmatch(r"\[ +\d+\.\d{6}\] boo", log)
    assert again == "> upt"
    assert re.fullmatch(r"up \d+\.\d{6} s", hand.command("ime")[-1])


# -- looking ---------------------------------------------------------------------------------------


@on_all
def test_a_task_is_spawned_listed_and_killed(hand):
    assert hand.command("spawn blink print on; sleep 100ms; forever")[0] == "task 2"
    hand.wait(S)
    said = [line.split("] ")[-1] for line in hand.lines() if "blink: on" in line]
    assert 9 <= len(said) <= 11
    listed = {line.split()[1]: line.split() for line in hand.command("tasks") if line[:3].strip()}
    assert listed["blink"][2] == "sleeping"
    assert listed["blink"][-2] == "timer"
    assert listed["shell"][2] == "running"
    assert hand.command("kill 2") == []
    assert hand.command("kill 2") == ["kill: task 2 has ended already"]
    before = len(hand.lines())
    hand.wait(S)
    assert len(hand.lines()) == before, "it prints no more"
    assert hand.command("timers") == ["no timeout is pending"]


@on_all
def test_a_task_that_computes_for_ever_leaves_the_shell_its_turn(hand):
    hand.command("spawn busy compute 1h")
    hand.wait(S)
    assert hand.command("uptime", 100 * MS)[0].startswith("up ")
    assert hand.command("kill 2", 100 * MS) == []
    (task,) = (
        item for item in hand.session.view(frozenset({"tasks"})).tasks if item.name == "busy"
    )
    assert task.state == "done"
    assert task.user_ns > 900 * MS


@on_all
def test_a_task_with_an_interval_timer_is_killed_with_it(hand):
    hand.command("spawn ticker every 50ms; wait timer; wait timer; print two; forever")
    hand.wait(220 * MS)
    assert hand.kernel.timers.pending_timer_count() == 1
    hand.command("kill 2")
    assert hand.kernel.timers.pending_timer_count() == 0
    assert hand.session.view(frozenset({"tasks"})).tasks[-1].state == "done"


def test_every_operation_can_be_spawned(hand):
    hand.command(
        "spawn all compute 1ms; yield; every 10ms; wait; wait timer; cancel; sleep 2ms; print x; "
        "exit"
    )
    hand.wait(100 * MS)
    assert hand.session.view(frozenset({"tasks"})).tasks[-1].state == "done"
    assert any("all: x" in line for line in hand.lines())


@on_all
def test_irqs_counts_what_each_handler_has_done(hand):
    hand.command("once 1ms x")
    rows = {}
    for line in hand.command("irqs"):
        if match := re.fullmatch(r" *(\d+) +(\d+)  (.*)", line):
            rows.setdefault(match[3], (int(match[1]), int(match[2])))
    number, count = next(row for name, row in rows.items() if "UART" in name)
    assert number == {"Raspberry Pi 3": 57, "Raspberry Pi 4": 153}.get(
        hand.kernel.platform.board_name, 4
    )
    assert 1 <= count <= len("once 1ms x\rirqs\r")


def test_irqs_has_a_part_for_each_core_where_several_run(scenario):
    pc = Hand("x86", scenario)
    said = pc.command("irqs")
    assert "Core 1:" in said
    assert sum("Call from a core" in line for line in said) == 2


@pytest.mark.parametrize(("hand", "words"), [
    ("rpi3", "Clock and timer device: ARM Architectural Timer"),
    ("rpi4", "Clock and timer device: ARM Architectural Timer"),
    ("x86", "Timer device: Time-stamp counter"),
], indirect=["hand"])  # fmt: skip
def test_clocks_tells_what_was_chosen(hand, words):
    assert any(line.startswith(words) for line in hand.command("clocks"))


def test_date_is_known_where_there_is_a_clock_for_it(scenario):
    pc, pi = Hand("x86", scenario), Hand("rpi3", scenario)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d.* UTC, Unix \d+", pc.command("date")[-1])
    assert pi.command("date") == ["date: this board has no clock that knows the time of day"]


@pytest.mark.parametrize(("hand", "names"), [
    ("rpi4", ["CurrentEL", "DAIF", "VBAR_EL1"]), ("x86", ["RFLAGS", "TSC", "IA32_APIC_BASE"]),
], indirect=["hand"])  # fmt: skip
def test_regs_shows_registers_with_interrupts_let_in(hand, names):
    rows = dict(line.split() for line in hand.command("regs"))
    assert list(rows)[:3] == names
    if "DAIF" in rows:
        assert not int(rows["DAIF"], 16) & 1 << 7
    else:
        assert int(rows["RFLAGS"], 16) & 1 << 9


@on_all
def test_boot_prints_the_boot_log_however_much_has_been_logged_since(hand):
    log = [line for line in hand.lines() if line.startswith("[")]
    hand.command("every 5ms noise", 2 * S)
    hand.command("cancel 1")
    said = hand.command("boot", 200 * MS)
    assert said == log
    assert said[-1].endswith("Shell: help lists the commands")


@on_all
def test_panic_stops_the_kernel_and_says_why(hand):
    hand.command("panic on the streets")
    assert hand.session.machine.halt_reason == "Kernel panic: on the streets"
    assert "on the streets" in hand.lines()


# -- nothing is lost -------------------------------------------------------------------------------


@on_all
def test_nothing_is_lost_while_callbacks_print(hand):
    for n in range(3):
        hand.command(f"every {7 + n}ms a callback's line that is longer than any receive FIFO {n}")
    lines, executed = [f"no{n}" for n in range(200)], []
    shell = hand.kernel.shell
    execute = shell.execute
    shell.execute = lambda line: (executed.append(line), execute(line))
    hand.session.type("\r".join(lines).encode() + b"\r")
    hand.wait(300 * MS)
    assert executed == lines
    assert shell.dropped == 0
    assert "\n".join(hand.lines()).count("than any receive FIFO") > 50


@pytest.mark.usefixtures("with_past")
@on_all
def test_characters_wake_the_kernel_though_they_come_just_before_the_wait(hand):
    """Between the look for work and the wait there is no instruction that would oversleep them."""
    hand.wait(2 * S)
    session = hand.session
    session.boot()
    moment, began = session.here, session.machine.core.retired
    session.type(b"\r")
    session.boot()
    length = session.machine.core.retired - began
    for back in range(12):
        session.go_to(moment)
        session.type(b"\r")
        session.machine.run(instructions=length - back)
        assert session.machine.core.retired - began == length - back
        prompts = hand.lines().count("> ")
        for _ in range(2):  # as many as the PL011 needs to interrupt at once
            session.machine.terminal._uarts[0].receive(0x0D)
        hand.wait(MS)
        assert session.machine.at_rest
        assert not hand.kernel.shell.has_work(), back
        assert hand.lines().count("> ") >= prompts + 2


@on_all
def test_no_command_runs_in_irq_context(hand):
    depths = []
    shell = hand.kernel.shell
    execute = shell.execute
    core = hand.session.machine.core
    shell.execute = lambda line: (depths.append(core.depth), execute(line))
    hand.command("every 1ms x")
    hand.command("timers")
    assert depths == [0, 0]


def test_what_is_too_much_is_counted_and_told(hand):
    shell = hand.kernel.shell
    for _ in range(MOST_WAITING + 7):
        shell.receive(0x00)
    assert shell.dropped == 7
    hand.command("")
    told = [line for line in hand.lines() if line.endswith("dropped: too many waited")]
    assert [line.partition("] ")[2].split()[0] for line in told] == [str(shell.dropped)]
    assert re.fullmatch(r"up \d+\.\d{6} s", hand.command("uptime")[-1])


@settings(max_examples=15)
@given(noise=st.binary(max_size=200))
def test_binary_noise_is_survived(scenario, noise):
    hand = Hand("rpi4", scenario)
    noise = noise.replace(b"panic", b"")
    hand.session.type(noise)
    hand.wait(100 * MS)
    assert hand.session.machine.halt_reason == ""
    assert re.fullmatch(r"up \d+\.\d{6} s", hand.command("\x03uptime")[-1])
    hand.session.close()


@on_all
def test_an_overlong_line_keeps_what_fits(hand):
    long = "a" * 300
    assert hand.command(long) == [f"{'a' * 128}: unknown command; try help"]


# -- going back ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_past")
@on_all
def test_back_in_the_middle_of_a_typed_line_it_goes_on_as_if_nothing_had_been(hand):
    hand.wait(2 * S)
    hand.command("every 30ms x")
    hand.said("time")
    hand.session.boot()
    moment = hand.session.here

    def go_on():
        began = hand.session.recorder.recorded
        hand.wait(MS)
        if not hand.session.history.in_past:
            hand.session.type(b"rs\r")  # which comes again by itself afterwards
        hand.wait(200 * MS)
        events = hand.session.recorder.last(hand.session.recorder.recorded - began)
        return hand.lines(), events, hand.session.machine.now

    first = go_on()
    hand.session.go_to(moment)
    assert isinstance(hand.kernel, ShellProgram)
    assert hand.kernel.shell.editor.text == "time"
    assert go_on() == first
    assert any(re.search(r"  1  in .* every 0\.030000 s: x", line) for line in first[0])
