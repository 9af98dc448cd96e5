"""The program ``interval-drift``: an interval that keeps its times beside one that drifts."""

import re

import pytest

from kerneltui.scenarios.scenario import open_session

MS, US, S = 1_000_000, 1_000, 1_000_000_000
PERIOD = 100 * MS
WORK = [1 * MS, 3 * MS, 2 * MS]
OVERHEAD = 10 * US
"""An interrupt around its callback: below 100 instructions, of 100 ns at most."""
RESOLUTION = 100
"""No counter that measures uptime here is coarser (ns)."""
TICKS = 100
every_board = pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
ROW = re.compile(r"\] (good|bad) +(\d+) +(\d+\.\d{6}) +(\d+\.\d{6}) +(\d+\.\d) +(\d+\.\d)$")


def started(board):
    session = open_session(board, "interval-drift")
    session.boot()
    return session


def work_of(ticks):
    return [WORK[n % len(WORK)] for n in range(ticks)]


def ends(came):
    return [at + work for at, work in zip(came, work_of(len(came)), strict=True)]


def watched(board):
    """A session after ten seconds, the first due time, and when the ticks of each have come."""
    session = started(board)
    kernel = session.kernel
    first = min(timeout.due_ns for timeout in kernel.inspector.timeouts())
    came = {"good": [], "bad": []}
    while len(came["good"]) < TICKS:
        session.next_timer_event()
        for name, interval in (("good", kernel.good), ("bad", kernel.bad)):
            if interval.ticks > len(came[name]):
                came[name].append(interval.came_ns)
    session.run_until(session.machine.now + PERIOD // 2)
    return session, first, came["good"], came["bad"]


def lateness(first, came):
    return [at - (first + n * PERIOD) for n, at in enumerate(came)]


@every_board
def test_the_good_one_is_late_by_what_is_left_of_the_bad_ones_work_and_no_more(board):
    _, first, good, bad = watched(board)
    rests = []
    for n, late in enumerate(lateness(first, good)):
        due = first + n * PERIOD
        begun = [end - due for at, end in zip(bad, ends(bad), strict=True) if at <= due]
        rests.append(max([0, *begun]))
        assert 0 <= late <= rests[-1] + OVERHEAD
    assert rests.count(0) > 95, "the two rarely meet"
    assert max(rests) > 0, "but they do: that is what the bound is for"


@every_board
def test_the_bad_one_is_late_by_all_its_work_so_far(board):
    _, first, good, bad = watched(board)
    late = lateness(first, bad)
    done = 0
    for n, work in enumerate(work_of(len(bad) - 1)):
        done += work
        assert late[n + 1] >= done - n * RESOLUTION
        waits = any(0 <= bad[n + 1] - end <= OVERHEAD for end in ends(good))
        assert late[n + 1] - late[n] <= work + OVERHEAD + (max(WORK) if waits else 0)
    assert late[-1] > 190 * MS


@every_board
def test_ten_seconds_are_a_hundred_ticks_and_some_less_of_the_bad_one(board):
    session, first, _, bad = watched(board)
    kernel = session.kernel
    assert (kernel.good.ticks, kernel.bad.ticks) == (TICKS, len(bad))
    lost, beyond = divmod(lateness(first, bad)[-1], PERIOD)
    assert lost == 1
    assert len(bad) == TICKS - lost - (beyond > PERIOD // 2), (
        "half a period after the last due time"
    )


@every_board
def test_each_ten_ticks_are_told_as_they_came_and_delay_none(board):
    session, first, good, bad = watched(board)
    came = {"good": good, "bad": bad}
    rows = [match for line in session.recorder.console.lines() if (match := ROW.search(line))]
    assert [row[1] for row in rows] == ["good", "bad"] * (TICKS // 10)
    assert [int(row[2]) for row in rows if row[1] == "good"] == list(range(10, TICKS + 1, 10))
    for name, ticks, due, at, late, worst in (row.groups() for row in rows):
        seen = lateness(first, came[name][: int(ticks)])
        number = int(ticks) - 1
        assert float(due) == pytest.approx((first + number * PERIOD) / S, abs=1e-6)
        assert float(at) == pytest.approx(came[name][number] / S, abs=1e-6)
        assert float(late) == pytest.approx(seen[-1] / US, abs=0.06)
        assert float(worst) == pytest.approx(max(seen) / US, abs=0.06)


@every_board
def test_the_queue_says_which_is_which(board):
    names = {timeout.name for timeout in started(board).kernel.inspector.timeouts()}
    assert {"good: from due time", "bad: from now"} <= names


@pytest.mark.usefixtures("with_past")
@every_board
def test_going_back_to_the_middle_and_on_again_gives_the_same_text(board):
    session = started(board)
    session.run_until(session.machine.now + 25 * PERIOD + 80 * MS)
    assert session.machine.at_rest
    moment, texts = session.here, []
    for _ in range(2):
        session.run_until(5 * S)
        texts.append(session.recorder.console.lines())
        session.go_to(moment)
    assert texts[0] == texts[1]
    assert sum(bool(ROW.search(line)) for line in texts[0]) == 8
