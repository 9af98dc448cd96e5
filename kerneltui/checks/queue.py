"""The role of the timeout queue: what is due first comes out first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerneltui.checks.case import Case, Cases, CheckFailure, LeftOutError, expect
from kerneltui.checks.outcome import Outcome
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.timeout_queue import order
from kerneltui.machine.meter import METER, DriverMistakeError
from kerneltui.own.driver import OwnDriver
from kerneltui.own.loading import told

CASES = Cases()
REF = "kernel/time/timeout_queue.py"
OPERATIONS = 3_000
MANY = 2_000


def nothing() -> None:
    """A callback."""


def timeout(ident: int, due: int, period: int | None = None) -> Timeout:
    """One that is due at ``due`` ns."""
    return Timeout(ident, due, period, nothing, f"t{ident}")


class QueueBench:
    """The queue alone: it has no hardware."""

    def __init__(self, driver: OwnDriver) -> None:
        self._driver = driver
        self.queue: Any = self.call(driver.cls)

    @staticmethod
    def call(function: Callable[..., Any], *given: object) -> Any:
        """Call something of the queue, each time with a budget of its own."""
        with METER.alone():
            return function(*given)

    def push(self, *items: Timeout) -> None:
        """Each, one after the other."""
        for item in items:
            self.call(self.queue.push, item)

    def pop(self) -> Timeout:
        """What comes out."""
        found = self.call(self.queue.pop)
        expect(isinstance(found, Timeout), f"pop() answers {found!r}, which is no timeout")
        timeout: Timeout = found
        return timeout

    def listed(self) -> list[int]:
        """The identities of all, as iterating gives them."""
        return [item.ident for item in self.call(list, self.queue)]

    def refuses(self, error: type[Exception], function: Callable[..., Any], *given: object) -> bool:
        """Whether a call raises that error."""
        try:
            self.call(function, *given)
        except error:
            return True
        return False


@CASES.case(
    "an empty queue has no head and nothing to pop",
    f"{REF}: pop, head",
    "the kernel arms the timer for nothing, or fails when the last timeout is over",
)
def _empty(bench: QueueBench) -> None:
    queue = bench.queue
    expect(bench.call(len, queue) == 0, "len() of a new queue is not 0")
    expect(bench.call(queue.head) is None, "head() of an empty queue is not None")
    expect(bench.listed() == [], "iterating over an empty queue gives something")
    expect(bench.refuses(IndexError, queue.pop), "pop() of an empty queue raises no IndexError")
    bench.push(timeout(1, 5))
    bench.pop()
    expect(bench.call(len, queue) == 0, "after the only timeout has been popped len() is not 0")
    expect(bench.call(queue.head) is None, "and head() is not None")


@CASES.case(
    "what is due first comes out first",
    f"{REF}: pop",
    "a callback waits behind one that is due later",
)
def _sorted(bench: QueueBench) -> None:
    dues = [50, 10, 40, 90, 20, 70, 30, 60, 80, 0]
    bench.push(*(timeout(number, due) for number, due in enumerate(dues, 1)))
    out = [bench.pop().due_ns for _ in dues]
    expect(out == sorted(dues), f"due at {dues}, they come out as {out}")


@CASES.case(
    "of equal due times the one that was set first comes first",
    f"{REF}: (due time, identity)",
    "two timeouts of the same time run in an order that nobody expects; a heap alone has none",
)
def _first_in_first_out(bench: QueueBench) -> None:
    bench.push(*(timeout(number, 100) for number in range(1, 9)))
    out = [bench.pop().ident for _ in range(8)]
    expect(out == list(range(1, 9)), f"timeouts 1 to 8 are due at once and come out as {out}")


@CASES.case(
    "a periodic timeout that comes back keeps its place among equals",
    f"{REF}: (due time, identity)",
    "a period that falls on the time of a later timeout is served after it",
)
def _comes_back(bench: QueueBench) -> None:
    periodic = timeout(1, 100, 100)
    bench.push(periodic, timeout(2, 200))
    expect(bench.pop() is periodic, "the one that is due at 100 does not come first")
    periodic.refresh()
    bench.push(periodic)
    out = [bench.pop().ident for _ in range(2)]
    expect(out == [1, 2], f"timeouts 1 and 2 are due at 200 and come out as {out}")


@CASES.case(
    "head shows what pop would take, and leaves it there",
    f"{REF}: head",
    "the timer is armed for another timeout than the next one",
)
def _head(bench: QueueBench) -> None:
    bench.push(timeout(1, 30), timeout(2, 10), timeout(3, 20))
    for ident in (2, 3, 1):
        head = bench.call(bench.queue.head)
        expect(head is not None and head.ident == ident, f"head() is {head!r}, not timeout {ident}")
        expect(bench.call(len, bench.queue) > 0, "head() has taken the timeout out")
        expect(bench.pop() is head, "pop() takes another one than head() has shown")


@CASES.case(
    "a timeout can be removed from anywhere",
    f"{REF}: remove",
    "a cancelled timeout runs all the same, or another one is gone in its place",
)
def _removed(bench: QueueBench) -> None:
    items = [timeout(number, 10 * (number * 7 % 10)) for number in range(1, 10)]
    bench.push(*items)
    for gone in (items[4], items[0], items[8]):
        bench.call(bench.queue.remove, gone)
        items.remove(gone)
    wanted = [item.ident for item in sorted(items, key=order)]
    out = [bench.pop().ident for _ in wanted]
    expect(out == wanted, f"after three were removed they come out as {out}, not as {wanted}")
    expect(bench.call(len, bench.queue) == 0, "something is left")


@CASES.case(
    "only what is in can be removed",
    f"{REF}: remove",
    "a mistake of the kernel's goes unnoticed, and the queue loses a timeout later",
)
def _not_in(bench: QueueBench) -> None:
    bench.push(timeout(1, 10))
    other = timeout(1, 10)
    queue = bench.queue
    expect(
        bench.refuses(ValueError, queue.remove, timeout(2, 20)),
        "remove() of a timeout that is not in raises no ValueError",
    )
    expect(
        bench.refuses(ValueError, queue.remove, other),
        "remove() of another timeout, which only looks like one that is in, raises no ValueError",
    )
    expect(bench.call(len, queue) == 1, "what was refused has changed the queue")


@CASES.case(
    "iterating goes in order and changes nothing",
    f"{REF}: __iter__",
    "the panel of timeouts shows another order, or to look at it changes what happens",
)
def _iterates(bench: QueueBench) -> None:
    dues = [5, 3, 9, 1, 7, 3]
    bench.push(*(timeout(number, due) for number, due in enumerate(dues, 1)))
    wanted = [4, 2, 6, 1, 5, 3]
    for _ in range(2):
        seen = bench.listed()
        expect(seen == wanted, f"iterating gives the timeouts {seen}, not {wanted}")
    expect(bench.call(len, bench.queue) == len(dues), "iterating has changed how many are in")
    expect(bench.pop().ident == 4, "after iterating another one comes out first")


@CASES.case(
    "it stays in order whatever is pushed, popped and removed",
    f"{REF}; compared with a list that is sorted anew each time",
    "the order breaks in a case that nobody thought of",
)
def _at_random(bench: QueueBench) -> None:
    model: list[Timeout] = []
    number = 12_345
    for count in range(1, OPERATIONS + 1):
        number = (1_103_515_245 * number + 12_345) % (1 << 31)
        choice = number >> 16
        if model and choice % 10 < 3:
            wanted, found = model.pop(0), bench.pop()
            expect(
                found is wanted,
                f"operation {count}, a pop, takes timeout {found.ident} due at {found.due_ns}; "
                f"timeout {wanted.ident} is due at {wanted.due_ns}",
            )
        elif model and choice % 10 < 5:
            gone = model.pop(choice % len(model))
            bench.call(bench.queue.remove, gone)
        else:
            item = timeout(count, choice % 200)
            bench.push(item)
            model.append(item)
            model.sort(key=order)
        expect(
            bench.call(len, bench.queue) == len(model),
            f"after operation {count} len() is {bench.call(len, bench.queue)}, not {len(model)}",
        )
    wanted_all = [item.ident for item in model]
    expect(bench.listed() == wanted_all, f"after {OPERATIONS:,} operations the order is wrong")


@CASES.case(
    "with many timeouts it still answers",
    f"{REF}; a scenario can have thousands",
    "the lab stands still while the queue is searched",
)
def _many(bench: QueueBench) -> None:
    bench.push(*(timeout(number, number * 7_919 % 10_007) for number in range(1, MANY + 1)))
    last = -1
    for _ in range(MANY):
        item = bench.pop()
        expect(item.due_ns >= last, f"due at {item.due_ns} comes after due at {last}")
        last = item.due_ns


def carry_out(case: Case, driver: OwnDriver) -> Outcome:
    """One case, on a queue of its own.  Whatever the queue does becomes a sentence."""
    try:
        case.run(QueueBench(driver))
    except CheckFailure as failure:
        return Outcome(str(failure))
    except LeftOutError as left_out:
        return Outcome(left_out=str(left_out))
    except (Exception, SystemExit, DriverMistakeError) as error:
        return Outcome(told(error, driver.path))
    return Outcome()
