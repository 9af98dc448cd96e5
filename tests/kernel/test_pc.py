"""The kernel on the x86 board: the same program, its choice of clocks, the way of interrupts."""

import re
from functools import partial

import pytest

from kerneltui.debugger.counters import raw_counter
from kerneltui.errors import UserError
from kerneltui.machine.board import load_board
from kerneltui.machine.core import StopReason
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session, open_session

S = 1_000_000_000


def run(until_s=1.5, scenario="timer-callbacks", append="", cpu="", without=()):
    session = open_session("x86", scenario, Changes(append, cpu, tuple(without)))
    session.recorder.trace(False)
    session.run_until(int(until_s * S))
    return session


def log(session):
    return [line for line in session.recorder.console.lines() if line]


def said(session, text):
    return [line for line in log(session) if text in line]


# -- the same program ---------------------------------------------------------------------------


def lines_of_the_tutorial(board):
    session = open_session(board, "timer-callbacks")
    session.run_until(6 * S)
    found = []
    for line in session.recorder.console.lines():
        match = re.match(r"\[ *(\d+)\.\d+\] (Periodic 1 sec|Once \d)$", line)
        if match:
            found.append((int(match[1]), match[2]))
        elif line == "hello":
            found.append((2, line))
    session.close()
    return found


def test_the_tutorial_prints_the_same_lines_in_the_same_seconds_on_all_boards():
    pis = lines_of_the_tutorial("rpi4")
    assert lines_of_the_tutorial("x86") == pis == lines_of_the_tutorial("rpi3")
    assert (5, "Once 5") in pis
    assert (2, "hello") in pis


# -- which clock, which timer ---------------------------------------------------------------------

CLOCKS, TIMERS = ("arat", "hpet", "pit"), ("tsc", "hpet", "acpi", "pit")
NEEDS = {
    ("clock", "arat"): {"arat"}, ("clock", "hpet"): {"hpet"}, ("clock", "pit"): {"pit"},
    ("timer", "tsc"): {"invtsc"}, ("timer", "hpet"): {"hpet"}, ("timer", "acpi"): {"acpi"},
    ("timer", "pit"): {"pit"},
}  # fmt: skip
THINGS = ("arat", "invtsc", "hpet", "acpi")


def expected(kind, order, wanted, there):
    """The text's rule: from the wanted one onwards, the first that the machine supports."""
    start = order.index(wanted) if wanted else 0
    return next(name for name in order[start:] + order[:start] if NEEDS[kind, name] <= there)


def wishes_of(machine):
    """Each wish for a clock and each for a timer once; over the machines every pair of them."""
    for place, timer in enumerate(("", *TIMERS)):
        yield ("", *CLOCKS)[(place + machine) % 4], timer


@pytest.mark.parametrize("machine", range(1 << len(THINGS)))
def test_every_machine_selects_what_the_rules_say(machine):
    """What is there decides of each kind alone, so not every pair is wished for on each machine."""
    gone = {thing for bit, thing in enumerate(THINGS) if machine >> bit & 1}
    there = {"pit", *THINGS} - gone
    cpu = ",".join(f"-{name}" for name in sorted(gone & {"arat", "invtsc"}))
    for clock, timer in wishes_of(machine):
        wishes = [f"clock={clock}"] * bool(clock) + [f"timer={timer}"] * bool(timer)
        session = open_session(
            "x86",
            "timer-callbacks",
            Changes(" ".join(wishes), cpu, tuple(sorted(gone & {"hpet", "acpi"}))),
        )
        session.recorder.trace(False)
        session.boot()
        platform = session.kernel.platform
        assert platform.clock.name == expected("clock", CLOCKS, clock, there)
        assert platform.source.name == expected("timer", TIMERS, timer, there)
        text = "\n".join(log(session))
        for kind, wanted, chosen in (
            ("clock", clock, platform.clock.name),
            ("timer", timer, platform.source.name),
        ):
            assert f"{kind}: {chosen.upper()} chosen" in text
            if wanted and wanted != chosen:
                assert f"{kind}={wanted} refused: " in text
        session.close()


def test_the_refusals_give_their_reasons():
    session = run(0.1, append="clock=arat timer=tsc", cpu="-arat,-invtsc", without=["hpet", "acpi"])
    assert said(session, "CPUID.06H:EAX[2] = 0")
    assert said(session, "CPUID.80000007H:EDX[8] = 0")
    assert said(session, "there is no ACPI HPET table")
    assert said(session, "there is no ACPI FADT")


@pytest.mark.parametrize("append", ["", "nohz=off", "apic=off", "apic=off nohz=off clock=pit"])
@pytest.mark.parametrize("without", [(), ("hpet",), ("hpet", "acpi")])
def test_callbacks_come_whatever_drives_them(append, without):
    session = run(3.2, append=append, without=without)
    assert len(said(session, "Periodic 1 sec")) == 3


# -- time -----------------------------------------------------------------------------------------


def drift_ns(append, seconds):
    """How system time and virtual time come apart between 1 s and ``seconds``."""
    session = make_session(
        load_board("x86"), load_scenario("timer-callbacks"), changes=Changes(append)
    )
    session.recorder.trace(False)
    errors = []
    for until in (1, seconds):
        session.run_until(until * S)
        keeper = session.kernel.platform.timer.timekeeper
        raw = raw_counter(session.machine, keeper.source_name)
        errors.append(keeper.uptime_at(raw) - session.machine.now)
    session.close()
    return errors[1] - errors[0]


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("timer", TIMERS)
def test_system_time_keeps_up_on_every_pair(clock, timer):
    """One tick of 10 ms in an hour is 2.7 in a million.

    Each clock and each timer has been with ticks and without.
    """
    nohz = ("on", "off")[(CLOCKS.index(clock) + TIMERS.index(timer)) % 2]
    drift = drift_ns(f"clock={clock} timer={timer} nohz={nohz}", 61)
    assert abs(drift) < 10_000_000 * 60 // 3600


def test_the_wall_clock_follows_the_rtc_over_the_turn_of_the_century():
    session = run(6.5, "rtc-midnight")
    for second, date, unix in (
        (3, "1999-12-31 23:59:59", 946684799),
        (4, "2000-01-01 00:00:00", 946684800),
    ):
        (line,) = (
            line for line in log(session) if line.startswith(f"[    {second}.") and "XT" in line
        )
        assert f"{date} UTC, Unix {unix}, XT {(unix + 11_644_473_600) * 10**7}"[:-7] in line
        assert line.endswith(f"RTC {date}")
    assert said(session, "Time of day aligned with the RTC")
    assert said(session, "Time of day set by the RTC: +0.0000")


# -- routing --------------------------------------------------------------------------------------


def gsi_rows(session):
    return {
        (row.controller, row.number): row
        for row in session.view(frozenset({"interrupts"})).interrupts
        if row.controller.startswith("ioapic")
    }


def test_irq_0_arrives_through_gsi_2():
    session = run(2.1, append="clock=pit")
    rows = gsi_rows(session)
    assert rows["ioapic0", 2].enabled
    assert rows["ioapic0", 2].count >= 1
    assert ("ioapic0", 0) not in rows or not rows["ioapic0", 0].enabled
    assert said(session, "Periodic 1 sec")


def test_ignoring_the_override_leaves_the_timer_dead_and_gsi_30_alive():
    session = run(3.5, "gsi-override")
    assert not said(session, "Periodic 1 sec")
    assert len(said(session, "Heartbeat")) == 3
    rows = gsi_rows(session)
    assert rows["ioapic0", 0].enabled
    assert rows["ioapic1", 30].count == 3


def test_without_the_fault_both_come(tmp_path):
    text = "title: t\nprogram: second-io-apic\nboot: clock=pit\ntimeouts: [{every: 1s, print: p}]\n"
    path = tmp_path / "both.yaml"
    path.write_text(text)
    session = open_session("x86", str(path))
    session.run_until(int(3.5 * S))
    assert len(said(session, "] p")) == 3
    assert len(said(session, "Heartbeat")) == 3


# -- features that are missing ---------------------------------------------------------------------


def test_a_processor_without_arat_lets_its_timer_stand_still_while_it_sleeps():
    line = said(run(3.5, "missing-arat"), "ms have passed")[-1]
    passed = dict(re.findall(r"(TSC|HPET|ACPI|APIC timer) ([\d.]+) ms", line))
    assert float(passed["HPET"]) == pytest.approx(1000, abs=0.01)
    assert float(passed["ACPI"]) == pytest.approx(1000, abs=0.01)
    assert float(passed["TSC"]) < 10
    assert float(passed["APIC timer"]) < 10


def test_trusting_such_a_timer_means_to_sleep_for_ever(tmp_path):
    path = tmp_path / "trust.yaml"
    path.write_text(
        "title: t\nprogram: timer-callbacks\ncpu: -arat\nfaults: [trust-apic-timer]\n"
        "timeouts: [{every: 1s, print: p}]\n"
    )
    session = open_session("x86", str(path))
    session.run_until(20 * S)
    assert said(session, "clock: ARAT chosen")
    assert not said(session, "] p")


def test_ticks_make_callbacks_late_and_their_absence_does_not():
    session = run(4.5, "tick-vs-tickless")
    rows = [line for line in log(session) if re.search(r"[<>]=? [\d.]+ [mu]s", line)]
    counts = [re.findall(r" (\d+) ?#*", line.split("]")[1].partition("s ")[2]) for line in rows]
    ticking, tickless = ([int(row[n]) for row in counts] for n in (0, 1))
    assert sum(ticking) == sum(tickless) == 140
    assert sum(ticking[:4]) < 20
    assert sum(ticking[-1:]) > 20
    assert sum(tickless[:2]) > 130


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"append": "clock=foo"}, "'clock' cannot be 'foo': choose arat, hpet or pit"),
        ({"append": "clok=pit"}, "did you mean 'clock'"),
        ({"cpu": "-nothing"}, "no feature 'nothing'"),
        ({"cpu": "arat"}, "must begin with + or -"),
        ({"without": ["hpt"]}, "no device 'hpt' on x86, did you mean 'hpet'?"),
        ({"without": ["uart0"]}, "is the console"),
        ({"without": ["lapic"]}, "'ioapic0' has no local APIC"),
    ],
)
def test_a_wrong_option_gets_one_clear_sentence(options, text):
    with pytest.raises(UserError) as caught:
        run(0.01, **options)
    assert text.partition(",")[0] in str(caught.value)
    assert "\n" not in str(caught.value)


def changed_board(tmp_path, old, new):
    text = load_board("x86").file.path.read_text()
    assert old in text
    path = tmp_path / "pc.yaml"
    path.write_text(text.replace(old, new))
    return str(path)


def test_a_madt_with_a_wrong_checksum_is_a_panic_that_names_it(tmp_path):
    board = changed_board(tmp_path, "  sci: 9\n", "  sci: 9\n  bad_checksums: [APIC]\n")
    session = open_session(board, "timer-callbacks")
    assert session.boot() is StopReason.HALTED
    text = "\n".join(log(session))
    assert "Kernel panic!" in text
    assert "checksum" in text
    assert "MADT" in text or "APIC" in text


def test_a_root_pointer_with_a_wrong_checksum_is_passed_over_and_the_8259s_serve(tmp_path):
    board = changed_board(tmp_path, "  sci: 9\n", "  sci: 9\n  bad_checksums: [RSDP]\n")
    session = open_session(board, "timer-callbacks")
    session.run_until(S + S // 2)
    assert said(session, "Passed over: The RSDP at 0xe0000 has a wrong checksum")
    assert said(session, "Interrupts by the 8259s alone: there is no MADT")
    assert said(session, "Periodic 1 sec")


def test_without_an_rtc_its_ports_are_left_alone():
    session = make_session(load_board("x86").without("rtc"), load_scenario("timer-callbacks"))
    ports = []
    space = session.machine.spaces["port"]
    space.attach(0x70, 2, "nothing", Noting(ports))
    session.run_until(S + S // 2)
    assert ports == []
    assert said(session, "There is no RTC (FADT, IAPC_BOOT_ARCH bit 5)")
    assert said(session, "Periodic 1 sec")
    assert session.kernel.inspector.time_of_day(partial(raw_counter, session.machine)) is None


class Noting:
    def __init__(self, accesses):
        self.accesses = accesses

    def read(self, offset, size=4, cpu=0):
        self.accesses.append(("read", offset))
        return 0xFF

    def write(self, offset, value, size=4, cpu=0):
        self.accesses.append(("write", offset, value))

    peek = read


def test_a_gsi_beyond_every_io_apic_is_a_panic_that_names_it():
    session = run(0.5, "gsi-override", without=["ioapic1"])
    assert "Kernel panic" in session.machine.halt_reason
    assert said(session, "GSI 30")


@pytest.mark.parametrize(
    ("access", "arguments"), [("read_msr", (0xC000_0080,)), ("write_msr", (0x1B, 0xFEE0_0D00))]
)
def test_a_fault_of_an_msr_is_a_panic_that_names_vector_13(access, arguments):
    session = open_session("x86", "timer-callbacks")
    session.boot()
    wild = partial(getattr(session.kernel.cpu, access), *arguments)
    next(iter(session.kernel.inspector.timeouts())).callback = wild
    assert session.run_until(4 * S) is StopReason.HALTED
    assert said(session, "CPU exception 13: General protection: error code 0x0, RIP 0x")


def test_scenarios_and_boards_that_do_not_fit_say_so():
    with pytest.raises(UserError, match="for x86, not for rpi4"):
        open_session("rpi4", "rtc-midnight")
    with pytest.raises(UserError, match="for rpi3 or rpi4, not for x86"):
        open_session("x86", "system-timer")
    with pytest.raises(UserError, match="only a PC's kernel has boot parameters"):
        open_session("rpi4", "timer-callbacks", Changes(append="clock=pit"))
    assert open_session(None, "rtc-midnight").machine.board_name == "x86"


# -- debugger -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_past")
def test_going_back_and_on_again_is_the_same_run():
    session = run(0.5)
    session.recorder.trace(True)
    moment = session.here
    first = session.recorder.recorded
    session.run_until(3 * S)
    events = list(session.recorder.events)[first - session.recorder.recorded :]
    session.go_to(moment)
    again = session.recorder.recorded
    session.run_until(3 * S)
    assert list(session.recorder.events)[again - session.recorder.recorded :] == events
    assert len(events) > 100
