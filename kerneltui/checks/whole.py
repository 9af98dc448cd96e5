"""What every driver has to do: the teaching kernel boots with it, and can go back."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from kerneltui.checks.case import Case, Cases, CheckFailure, LeftOutError, expect
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
TYPED = b"hi"
BACK_NS = 700_000_000
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
        session.run_until(until)
        self.fail_if_halted(session)
        return session

    @staticmethod
    def fail_if_halted(session: Session) -> None:
        """Say why."""
        reason = session.machine.halt_reason
        expect(not reason, reason.removeprefix("kernel error: "))


def _lines(session: Session) -> list[str]:
    """The kernel's log."""
    return list(session.kernel.console.screen.log)


def _callbacks(session: Session) -> tuple[tuple[float, str], ...]:
    """What the callbacks have printed, and when in s."""
    parted = (line.partition("] ") for line in _lines(session))
    return tuple((float(stamp.strip("[ W")), said) for stamp, _, said in parted if " sec" in said)


@lru_cache
def _wanted(board: str, append: str) -> tuple[tuple[float, str], ...]:
    """The same, with the kernel's own driver."""
    session = open_session(board, SCENARIO, Changes(append=append))
    session.history.on = False
    session.boot()
    session.type(TYPED)
    session.run_until(UNTIL_NS)
    found = _callbacks(session)
    session.close()
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
        booted = "Echoing input now" in " ".join(_lines(session))
        expect(booted, "the kernel waits before the last line of its boot log")
    finally:
        session.close()


@CASES.case(
    "timeouts come as they do with the kernel's own driver",
    "configs/scenarios/timer-callbacks.yaml",
    "a callback is late, comes twice, or never comes",
)
def _callbacks_come(bench: KernelBench) -> None:
    session = bench.run()
    got, wanted = _callbacks(session), _wanted(bench.board, bench.append)
    session.close()
    expect(
        [said for _, said in got] == [said for _, said in wanted],
        f"{len(wanted)} callbacks print with the kernel's own driver, {len(got)} with this one",
    )
    for (at, said), (wanted_at, _) in zip(got, wanted, strict=True):
        wrong = abs(at - wanted_at) * 1e9
        expect(
            wrong < LATE_NS,
            f"'{said}' comes at {at:.6f} s, with the kernel's own driver at {wanted_at:.6f} s",
        )


@CASES.case(
    "what is typed comes back",
    "kernel/programs/timer_callbacks.py",
    "the console is deaf: its interrupt does not come, or does not end",
)
def _echo(bench: KernelBench) -> None:
    session = bench.run()
    sent = session.recorder.console.data
    session.close()
    expect(TYPED in sent, f"{TYPED.decode()!r} was typed, and the echo is missing")


def leave_out_if_halted(session: Session) -> None:
    """Nothing can be said of a run that has come to nothing."""
    if session.machine.halt_reason:
        raise LeftOutError("the kernel halts, so there is little to compare")


def _trace(session: Session, until: int) -> str:
    """All that happens, as one number."""
    found = sha256()

    def see(event: RawEvent) -> None:
        found.update(repr(event).encode())

    session.recorder.sink = see
    session.run_until(until)
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
        session.run_until(UNTIL_NS)
    finally:
        session.close()
    changed = changes_of(bench.driver, before)
    leave_out_if_halted(session)
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
        leave_out_if_halted(session)
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
        session.run_until(UNTIL_NS)
        bench.fail_if_halted(session)
        first = session.moment(), session.recorder.recorded
        try:
            session.go_to_time(BACK_NS)
            session.run_until(UNTIL_NS)
        except DivergedError as error:
            raise CheckFailure(f"it does something else after going back: {error}") from None
        bench.fail_if_halted(session)
        again = session.moment(), session.recorder.recorded
        expect(first == again, "after going back and on again the machine is in another state")
    finally:
        session.close()


def carry_out(case: Case, driver: OwnDriver, board: str) -> Outcome:
    """One case.  Whatever the driver does becomes a sentence."""
    try:
        case.run(KernelBench(driver, board))
    except CheckFailure as failure:
        return Outcome(str(failure))
    except LeftOutError as left_out:
        return Outcome(left_out=str(left_out))
    except UserError as error:
        return Outcome(str(error))
    except (Exception, SystemExit, DriverMistakeError) as error:
        return Outcome(told(error, driver.path))
    return Outcome()
