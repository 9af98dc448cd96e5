"""The role of a PC's clock device: it interrupts at a rate, or once after a delay."""

from __future__ import annotations

from kerneltui.checks.bench import Bench
from kerneltui.checks.case import Cases, expect, in_us, nothing_seen
from kerneltui.kernel.console import Console
from kerneltui.kernel.irq import KernelError

CASES = Cases()
REF = "Intel 8254 (231164); IA-PC HPET 1.0a, 2.3; Intel SDM 3A, 10.5.4"
MS, US = 1_000_000, 1_000
LATE = 30 * US


def _up(bench: Bench) -> list[int]:
    """The kernel has brought the device up, and a handler takes its interrupts back."""
    came: list[int] = []
    bench.platform.bring_up(Console(bench.cpu, bench.platform.uart, bench.platform))

    def handle() -> None:
        came.append(bench.now)
        bench.driver.conclude()

    bench.handle(bench.driver.irq, handle)
    bench.let_in()
    return came


@CASES.case(
    "the kernel does not refuse the device",
    "kernel/time/clockevent.py: missing",
    "the kernel uses another one, and the driver never runs",
)
def _is_there(bench: Bench) -> None:
    _up(bench)
    expect(bench.driver is not None, "the kernel has chosen no clock device")
    refused = bench.driver.missing()
    expect(not refused, f"missing() answers {refused!r} on a PC that has the device")


@CASES.case(
    "it is silent until it is set",
    "kernel/time/clockevent.py: init",
    "interrupts come before anybody handles them",
)
def _silent(bench: Bench) -> None:
    came = _up(bench)
    bench.pass_time(200 * MS)
    expect(not came, f"it has interrupted {len(came)} times though it was never set")
    bench.driver.set_oneshot(1 * MS)
    bench.pass_time(5 * MS)
    nothing_seen(came, "no interrupt has come: it is silent once it is set too")


@CASES.case(
    "once set it interrupts once, after the delay and not before",
    REF,
    "timeouts come early and are taken for spurious ones, or they come late",
)
def _once(bench: Bench) -> None:
    came = _up(bench)
    for delay in (1 * MS, 100 * US, 10 * MS, 30 * US, 40 * MS, 1 * MS + 999, 100 * US + 501):
        begin = bench.now
        bench.driver.set_oneshot(delay)
        bench.pass_time(delay + 5 * MS)
        expect(came, f"no interrupt has come for a delay of {in_us(delay)}")
        expect(len(came) == 1, f"it has interrupted {len(came)} times for one delay")
        took = came.pop() - begin
        expect(took >= delay, f"a delay of {in_us(delay)} is over after {in_us(took)}")
        expect(took <= delay + LATE, f"a delay of {in_us(delay)} takes {in_us(took)}")


@CASES.case(
    "the shortest delays come too",
    "IA-PC HPET 1.0a, 2.3.9.2.1; Intel SDM 3A, 10.5.4 (a count of zero stops the timer)",
    "a timeout that is due already never comes",
)
def _short(bench: Bench) -> None:
    came = _up(bench)
    for delay in (0, 1, 100, 900, 2_000):
        bench.driver.set_oneshot(delay)
        bench.pass_time(1 * MS)
        expect(came, f"no interrupt has come for a delay of {delay} ns")
        came.clear()


@CASES.case(
    "a delay beyond its range is cut to that",
    "kernel/time/clockevent.py: max_oneshot_ns, set_oneshot",
    "the count overflows, and the interrupt comes at once: the kernel is kept busy for nothing",
)
def _cut(bench: Bench) -> None:
    came = _up(bench)
    longest = bench.driver.max_oneshot_ns
    expect(longest > 10 * MS, f"max_oneshot_ns is {longest} ns, under 10 ms")
    bench.driver.set_oneshot(longest * 100)
    bench.pass_time(longest * 9 // 10)
    expect(not came, "a delay beyond its range comes before the longest that it can do")
    bench.pass_time(longest // 5)
    expect(came, "a delay beyond its range never comes")


@CASES.case(
    "a new delay takes the place of one that runs",
    "kernel/time/clockevent.py: set_oneshot",
    "a timeout that was cancelled interrupts all the same",
)
def _replaced(bench: Bench) -> None:
    came = _up(bench)
    bench.driver.set_oneshot(1 * MS)
    bench.driver.set_oneshot(20 * MS)
    bench.pass_time(10 * MS)
    expect(not came, "a delay of 1 ms comes that a longer one has replaced")
    bench.pass_time(15 * MS)
    expect(len(came) == 1, f"the delay that replaced it brings {len(came)} interrupts")


@CASES.case(
    "it interrupts at a rate, for as long as it is wanted",
    REF,
    "system time goes wrong: each tick counts as exactly one period",
)
def _periodic(bench: Bench) -> None:
    came = _up(bench)
    period = bench.driver.start_periodic(100)
    bench.pass_time(1_000 * MS)
    expect(99 <= len(came) <= 101, f"at 100 Hz it interrupts {len(came)} times in a second")
    took = came[-1] - came[0]
    wanted = float(period) * (len(came) - 1)
    expect(
        abs(took - wanted) < 2 * LATE,
        f"start_periodic(100) says that a tick has {float(period):,.1f} ns, but "
        f"{len(came) - 1} of them take {took:,} ns",
    )


@CASES.case(
    "it can be stopped",
    "kernel/time/clockevent.py: stop",
    "a tickless kernel is woken for nothing",
)
def _stopped(bench: Bench) -> None:
    came = _up(bench)
    bench.driver.start_periodic(100)
    bench.pass_time(50 * MS)
    expect(came, "it does not interrupt at 100 Hz")
    bench.driver.stop()
    bench.pass_time(1 * MS)
    came.clear()
    bench.pass_time(200 * MS)
    expect(not came, f"after stop() it has interrupted {len(came)} times")
    bench.driver.set_oneshot(1 * MS)
    bench.pass_time(5 * MS)
    expect(len(came) == 1, f"set once after that, it interrupts {len(came)} times")


@CASES.case(
    "a rate that it cannot do is refused",
    "kernel/time/clockevent.py: start_periodic",
    "ticks come at another rate than the kernel counts by",
)
def _refused(bench: Bench) -> None:
    _up(bench)
    try:
        bench.driver.start_periodic(1_000_000_000)
    except KernelError:
        return
    expect(False, "start_periodic(1,000,000,000) raises no KernelError")
