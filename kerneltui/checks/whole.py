"""What every driver has to do: the teaching kernel boots with it, and can go back."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from kerneltui.checks.case import (
    Case,
    Cases,
    CheckFailure,
    LeftOutError,
    expect,
    nothing_seen,
)
from kerneltui.checks.outcome import Outcome
from kerneltui.checks.outside import changes_of, kept_outside
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.debugger.traveller import DivergedError
from kerneltui.errors import UserError
from kerneltui.machine.meter import DriverMistakeError
from kerneltui.own.driver import OwnDriver
from kerneltui.own.loading import told
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session

CASES = Cases()
SCENARIO = "timer-callbacks"
UNTIL_NS = 3_200_000_000
TYPED = b"zq zq"
"""Nothing that the kernel prints by itself."""
MOST_INTERRUPTS = 1_000
"""In one run; with right drivers there are 10 to 72."""
SLICE_NS = 20_000_000
"""So often is that looked at, in virtual time."""
BACK_NS = 700_000_000
NEITHER = "with the kernel's own driver either"
LAST_LINE = "Echoing input now"
"""Of the boot log."""
STAMPED = re.compile(r"\[[W ] *([\d.]+)\] (.*)")
"""A line of the log, behind what may have been typed: when in s, and what."""
LATE_NS = 2_000_000
SAME = "docs/drivers.md, What goes back with the machine"


class KernelBench:
    """The teaching kernel with the driver, and with the kernel's own."""

    def __init__(self, driver: OwnDriver, board: str) -> None:
        self.driver = driver
        self.board = board
        self.append = ""
        """what makes the kernel use the device"""
        if driver.role == "clock":
            self.append = f"clock={driver.post.name}"
        elif driver.post.stands_for == "I8259Driver":
            self.append = "apic=off"

    def session(self) -> Session:
        """One at reset."""
        changes = Changes(append=self.append)
        return open_session(self.board, SCENARIO, changes, lambda _: (self.driver,))

    def run(self, until: int = UNTIL_NS) -> Session:
        """One that has run that far, with something typed; fails where the kernel has halted."""
        session = self.session()
        session.history.on = False
        session.boot()
        self.fail_if_halted(session)
        session.type(TYPED)
        run_on(session, until)
        self.fail_if_halted(session)
        storm = storm_of(session)
        expect(not storm, storm)
        return session

    @staticmethod
    def fail_if_halted(session: Session) -> None:
        """Say why."""
        reason = session.machine.halt_reason
        expect(not reason, reason.removeprefix("kernel error: "))


def run_on(session: Session, until: int) -> None:
    """To that time, or to where a storm of interrupts leaves the kernel no time."""
    while session.machine.now < until and not session.machine.halt_reason:
        session.run_until(min(session.machine.now + SLICE_NS, until))
        if storm_of(session):
            return


def _taken(session: Session) -> int:
    return sum(core.interrupts_taken for core in session.machine.cores)


def storm_of(session: Session) -> str:
    """The sentence where so many interrupts have come that nothing else gets on; or empty."""
    taken, at = _taken(session), session.machine.now / 1e9
    if taken <= MOST_INTERRUPTS:
        return ""
    return f"an interrupt storm: {taken:,} interrupts have come in {at:.3f} s, and the run is ended"


class WholeRun(NamedTuple):
    """What is to be seen of a run."""

    halted: str
    """why the kernel has halted; or empty"""
    booted: bool
    """it has come to the last line of its boot log"""
    heard: bool
    """what was typed has come back"""
    printed: tuple[tuple[float, str], ...]
    """what the callbacks have printed, and when in s"""


def _seen_of(session: Session) -> WholeRun:
    console = session.recorder.console
    wanted = {item.text for item in session.machine.program.workload.timeouts}
    stamped = (STAMPED.search(line) for line in console.lines())
    logged = [(float(line[1]), line[2]) for line in stamped if line is not None]
    return WholeRun(
        session.machine.halt_reason,
        any(said == LAST_LINE for _, said in logged),
        TYPED in console.data,
        tuple((at, said) for at, said in logged if said in wanted),
    )


@lru_cache
def _ours(board: str, append: str) -> WholeRun:
    """With the kernel's own driver."""
    session = open_session(board, SCENARIO, Changes(append=append))
    session.history.on = False
    session.boot()
    session.type(TYPED)
    run_on(session, UNTIL_NS)
    found = _seen_of(session)
    session.close()
    return found


def _expected(bench: KernelBench) -> WholeRun:
    """What can be expected of this board; raises :class:`LeftOutError` where that is nothing."""
    found = _ours(bench.board, bench.append)
    also = "with the kernel's own driver too"
    nothing_seen(not found.halted, f"on this board the kernel halts {also}: {found.halted}")
    return found


@CASES.case(
    "the teaching kernel boots with it",
    "configs/scenarios/timer-callbacks.yaml",
    "no boot, or a panic on the way",
)
def _boots(bench: KernelBench) -> None:
    session = bench.session()
    try:
        session.boot()
        bench.fail_if_halted(session)
        booted = _seen_of(session).booted
        expect(booted, "the kernel waits before the last line of its boot log")
    finally:
        session.close()


@CASES.case(
    "timeouts come as they do with the kernel's own driver",
    "configs/scenarios/timer-callbacks.yaml",
    "a callback is late, comes twice, or never comes",
)
def _callbacks_come(bench: KernelBench) -> None:
    wanted = _expected(bench).printed
    nothing_seen(wanted, f"on this board no callback prints {NEITHER}")
    session = bench.run()
    got = _seen_of(session).printed
    session.close()
    for said in dict.fromkeys(said for _, said in wanted):
        expected, found = _times(wanted, said), _times(got, said)
        expect(
            len(found) == len(expected),
            f"'{said}' prints {often(len(found))} by {UNTIL_NS / 1e9:g} s, with the kernel's own "
            f"driver {often(len(expected))}",
        )
        for at, wanted_at in zip(found, expected, strict=True):
            expect(
                abs(at - wanted_at) * 1e9 < LATE_NS,
                f"'{said}' comes at {at:.6f} s, with the kernel's own driver at {wanted_at:.6f} s",
            )


def often(count: int) -> str:
    """``1 time``, ``3 times``."""
    return f"{count:,} time{'s' * (count != 1)}"


def _times(printed: tuple[tuple[float, str], ...], wanted: str) -> list[float]:
    return [at for at, said in printed if said == wanted]


@CASES.case(
    "what is typed comes back",
    "kernel/programs/timer_callbacks.py",
    "the console is deaf: its interrupt does not come, or does not end",
)
def _echo(bench: KernelBench) -> None:
    nothing_seen(
        _expected(bench).heard, f"on this board what is typed does not come back {NEITHER}"
    )
    session = bench.run()
    heard = _seen_of(session).heard
    session.close()
    expect(heard, f"{TYPED.decode()!r} was typed, and the echo is missing")


def leave_out_if_nothing(session: Session) -> None:
    """Nothing can be said of a run that has come to nothing."""
    nothing_seen(not session.machine.halt_reason, "the kernel halts, so there is little to compare")
    nothing_seen(_taken(session), "no interrupt has come, so there is little to compare")
    storm = storm_of(session)
    nothing_seen(not storm, f"{storm}: there is little to compare")


def _trace(session: Session, until: int) -> str:
    """All that happens, as one number."""
    found = sha256()

    def see(event: RawEvent) -> None:
        found.update(repr(event).encode())

    session.recorder.sink = see
    run_on(session, until)
    session.recorder.sink = None
    return found.hexdigest()


@CASES.case(
    "it keeps nothing outside its objects",
    SAME,
    "going back, or opening a session again, leads to another story than the one that was",
)
def _nothing_outside(bench: KernelBench) -> None:
    before = kept_outside(bench.driver)
    session = bench.session()
    session.history.on = False
    try:
        run_on(session, UNTIL_NS)
    finally:
        session.close()
    changed = changes_of(bench.driver, before)
    leave_out_if_nothing(session)
    expect(not changed, "; ".join(changed[:3]))


@CASES.case(
    "it does the same each time",
    SAME,
    "a session cannot be opened again, and the trace of a bug is another one the next day",
)
def _the_same_again(bench: KernelBench) -> None:
    traces = []
    for _ in range(2):
        session = bench.session()
        session.history.on = False
        traces.append(_trace(session, UNTIL_NS))
        session.close()
        leave_out_if_nothing(session)
    expect(traces[0] == traces[1], "two runs with the same inputs do different things")


@CASES.case(
    "one can go back with it, and on again",
    SAME,
    "the dashboard cannot step back: state is held where it cannot be saved",
)
def _goes_back(bench: KernelBench) -> None:
    session = bench.session()
    try:
        session.boot()
        bench.fail_if_halted(session)
        run_on(session, UNTIL_NS)
        bench.fail_if_halted(session)
        leave_out_if_nothing(session)
        first = session.moment(), session.recorder.recorded
        try:
            session.go_to_time(BACK_NS)
            run_on(session, UNTIL_NS)
        except DivergedError as error:
            raise CheckFailure(f"it does something else after going back: {error}") from None
        bench.fail_if_halted(session)
        again = session.moment(), session.recorder.recorded
        expect(first == again, "after going back and on again the machine is in another state")
    finally:
        session.close()


def carry_out(case: Case, driver: OwnDriver, board: str) -> Outcome:
    """One case.  Whatever the driver does becomes a sentence."""
    bench = KernelBench(driver, board)
    try:
        _expected(bench)
        case.run(bench)
    except CheckFailure as failure:
        return Outcome(str(failure))
    except LeftOutError as left_out:
        return Outcome(left_out=str(left_out))
    except UserError as error:
        return Outcome(str(error))
    except (Exception, SystemExit, DriverMistakeError) as error:
        return Outcome(told(error, driver.path))
    return Outcome()
