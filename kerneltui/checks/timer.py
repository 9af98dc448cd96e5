"""The role of the timer: a counter that tells the uptime, and an interrupt at a time."""

from __future__ import annotations

from kerneltui.checks.bench import Bench
from kerneltui.checks.case import Cases, CheckFailure, expect, in_us, nothing_seen
from kerneltui.hw.manual import OR
from kerneltui.kernel.time.time_manager import NEVER

CASES = Cases()


def _documents(registers: str, arm: str = "") -> str:
    """Where a manual says it: of the System Timer on either board, and of the generic timer."""
    places = ("BCM2835 ARM Peripherals, 12.1", "BCM2711 ARM Peripherals, 10.2")
    return OR.join(f"{place} ({registers}){arm}" for place in places)


COUNTER = _documents("CLO, CHI", "; Arm DDI 0487, D11.2 (CNTPCT_EL0)")
COMPARATOR = _documents("C0 to C3", "; Arm DDI 0487, D11.2 (CNTP_CVAL_EL0)")
STATUS = _documents("CS", "; Arm DDI 0487, D11.2 (CNTP_CTL_EL0)")
MS, US = 1_000_000, 1_000
RESOLUTION = 2 * US
"""A tick of the slowest counter, and what it takes to read it."""
LATE = 20 * US
DELAYS = (
    1 * MS, 2 * MS, 250 * US, 33 * US, 700 * MS,
    1 * MS + 999, 250 * US + 501, 33 * US + 980, 2 * MS + 1,
)  # fmt: skip
"""What is asked for, in ns: also what is no whole number of a counter's ticks, as due times are."""
WRAP = (1 << 32) * US
"""When the lower half of the System Timer's counter wraps."""


def _ready(bench: Bench) -> list[int]:
    """The interrupt is let in and taken back by its handler: the times at which it comes."""
    came: list[int] = []

    def handle() -> None:
        came.append(bench.now)
        bench.driver.conclude_timeout_irq()

    bench.platform.irq_manager.init()  # type: ignore[attr-defined]
    irq = bench.platform.irq_timer
    if irq is None:
        raise CheckFailure("nobody knows what the timer's interrupt arrives as")
    bench.handle(irq, handle)
    bench.let_in()
    return came


@CASES.case(
    "the uptime is the time since power-on",
    COUNTER,
    "timestamps in the log are wrong, and so is each due time that is counted from now",
)
def _uptime(bench: Bench) -> None:
    for ns in (0, 1, 999, 1 * MS, 17 * MS, 5_000 * MS):
        if ns:
            bench.pass_time(ns)
        before = bench.now
        told = bench.driver.uptime_ns()
        expect(isinstance(told, int), f"uptime_ns() answers {told!r}, not a whole number of ns")
        expect(
            before - RESOLUTION <= told <= bench.now,
            f"uptime_ns() answers {in_us(told)}, but {in_us(before)} have passed since power-on",
        )


@CASES.case(
    "the uptime never goes back",
    COUNTER,
    "a timeout looks due before it is, or a log line comes before the one above it",
)
def _monotonic(bench: Bench) -> None:
    before = bench.driver.uptime_ns()
    for number in range(300):
        bench.pass_time(1 + 37 * number % 900)
        now = bench.driver.uptime_ns()
        expect(now >= before, f"uptime_ns() answers {now} ns after it has answered {before} ns")
        before = now


@CASES.case(
    "the uptime is right where half of the counter wraps",
    _documents("CLO, CHI"),
    "once in 71 minutes the time leaps by 71 minutes, for one reading",
)
def _across_the_wrap(bench: Bench) -> None:
    before = 0
    for number in range(1, 25):
        # It wraps for a moment: somewhere between the loads of a reading, each time elsewhere.
        bench.pass_time(number * WRAP - 2 * US + 3 * number - bench.now)
        while bench.now < number * WRAP + US:
            now = bench.driver.uptime_ns()
            expect(
                before <= now <= bench.now + RESOLUTION,
                f"uptime_ns() answers {in_us(now)} where {in_us(bench.now)} have passed: the two "
                "halves of the counter were read before and after its lower half had wrapped",
            )
            before = now
            bench.pass_time(13)


@CASES.case(
    "the interrupt comes at the due time, and not before",
    COMPARATOR,
    "a callback runs too early, which the kernel takes for a spurious interrupt, or too late",
)
def _on_time(bench: Bench) -> None:
    came = _ready(bench)
    for delay in DELAYS:
        due = bench.driver.uptime_ns() + delay
        bench.driver.set_timeout_irq(due)
        arrived = bench.until(lambda: came, delay + 5 * MS, delay // 50)
        bench.expect_arrived(
            arrived,
            bench.platform.irq_timer,
            f"no interrupt has come for a timeout in {in_us(delay)}",
        )
        at = came.pop()
        expect(at >= due, f"the interrupt comes {in_us(due - at)} before the due time")
        expect(at <= due + LATE, f"the interrupt comes {in_us(at - due)} after the due time")
        expect(not came, "the interrupt comes twice for one timeout")


@CASES.case(
    "once it is concluded the interrupt is gone",
    STATUS,
    "an interrupt storm: the handler is entered again as soon as it returns",
)
def _concluded(bench: Bench) -> None:
    came = _ready(bench)
    bench.driver.set_timeout_irq(bench.driver.uptime_ns() + 100 * US)
    bench.pass_time(5 * MS)
    bench.expect_arrived(
        came, bench.platform.irq_timer, "no interrupt has come for a timeout in 100 us"
    )
    expect(len(came) == 1, f"the interrupt has come {len(came)} times for one timeout")


@CASES.case(
    "a due time that has passed interrupts at once",
    COMPARATOR,
    "a timeout that is set a little late never comes, or comes when the counter has gone round",
)
def _in_the_past(bench: Bench) -> None:
    bench.pass_time(10 * MS)
    came = _ready(bench)
    for ago in (0, 1, 500, 1 * US, 3 * MS):
        bench.driver.set_timeout_irq(bench.driver.uptime_ns() - ago)
        arrived = bench.until(lambda: came, 1 * MS, 500)
        bench.expect_arrived(
            arrived,
            bench.platform.irq_timer,
            f"no interrupt has come for a due time that passed {in_us(ago)} ago",
        )
        came.clear()


@CASES.case(
    "a due time just ahead is not missed",
    _documents("C0 to C3", ": it matches when the counter shows it, once"),
    "now and then a timeout is lost: the counter had passed the value when it was stored",
)
def _just_ahead(bench: Bench) -> None:
    came = _ready(bench)
    for ahead in range(0, 4_000, 130):
        bench.driver.set_timeout_irq(bench.driver.uptime_ns() + ahead)
        arrived = bench.until(lambda: came, 1 * MS, 500)
        bench.expect_arrived(
            arrived,
            bench.platform.irq_timer,
            f"no interrupt has come for a due time that lay {ahead} ns ahead",
        )
        came.clear()


@CASES.case(
    "a new due time takes the place of the old one",
    "kernel/time/time_manager.py: the comparator stands for the head of the queue",
    "a timeout that was cancelled interrupts all the same",
)
def _replaced(bench: Bench) -> None:
    came = _ready(bench)
    start = bench.driver.uptime_ns()
    bench.driver.set_timeout_irq(start + 1 * MS)
    bench.driver.set_timeout_irq(start + 3 * MS)
    bench.pass_time(2 * MS)
    expect(not came, "the interrupt of a due time comes that has been replaced by a later one")
    bench.until(lambda: came, 5 * MS)
    expect(came, "the due time that has replaced an earlier one brings no interrupt")
    bench.driver.set_timeout_irq(bench.driver.uptime_ns() + 50 * MS)
    due = bench.driver.uptime_ns() + 1 * MS
    bench.driver.set_timeout_irq(due)
    came.clear()
    bench.until(lambda: came, 5 * MS)
    expect(came, "an earlier due time that has replaced a later one brings no interrupt")


@CASES.case(
    "NEVER asks for no interrupt",
    "kernel/time/time_manager.py: set_timeout_irq(NEVER)",
    "with nothing pending the timer interrupts, and the kernel warns of a spurious interrupt",
)
def _never(bench: Bench) -> None:
    came = _ready(bench)
    bench.driver.set_timeout_irq(bench.driver.uptime_ns() + 1 * MS)
    bench.driver.set_timeout_irq(NEVER)
    bench.pass_time(100 * MS)
    expect(not came, "an interrupt comes though NEVER has taken the due time's place")
    bench.driver.set_timeout_irq(bench.driver.uptime_ns() + 1 * MS)
    bench.pass_time(5 * MS)
    nothing_seen(came, "no interrupt has come: one comes for no due time either")


@CASES.case(
    "a due time far ahead does not come early",
    COMPARATOR,
    "the value is cut to the width of a register, and the interrupt comes much too soon",
)
def _far(bench: Bench) -> None:
    came = _ready(bench)
    due = bench.driver.uptime_ns() + 3_000_000 * MS + 999
    bench.driver.set_timeout_irq(due)
    bench.pass_time(2_999_000 * MS)
    expect(not came, "a timeout in 3,000 s interrupts before 2,999 s have passed")
    bench.until(lambda: came, 2_000 * MS, 1 * MS)
    bench.expect_arrived(
        came, bench.platform.irq_timer, "no interrupt has come for a timeout in 3,000 s"
    )
    expect(came[0] >= due, "the interrupt comes before the due time")
