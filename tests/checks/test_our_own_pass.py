"""The kernel's own drivers pass the suites of their roles."""

import pytest
from own.broken import SYSTEM_TIMER, changed
from own.places import IDS, PLACES, QUEUES, queue_file, source_of

from kerneltui.checks.suite import results
from kerneltui.own.loading import load_driver


def told(found):
    """What went wrong, case by case."""
    return [f"{item.case.name}: {item.outcome.failed}" for item in found if item.outcome.failed]


@pytest.mark.parametrize(("board", "post"), PLACES, ids=IDS)
def test_each_driver_on_each_board(board, post):
    found = list(results(load_driver(post.role, source_of(post), board), board, board))
    assert told(found) == []
    assert len(found) > 10


@pytest.mark.parametrize("name", QUEUES)
def test_each_queue(name):
    found = list(results(load_driver("queue", queue_file(name), "rpi4"), "rpi4", "rpi4"))
    assert told(found) == []


def test_halves_of_a_counter_that_are_read_carelessly_are_found(tmp_path):
    high = "            high = self._cpu.read(BASE + CHI)\n"
    low = "            low = self._cpu.read(BASE + CLO)\n"
    careless = changed(SYSTEM_TIMER, f"{high}{low}", f"{low}{high}")
    careless = changed(careless, "if self._cpu.read(BASE + CHI) == high:", "if True:")
    path = tmp_path / "mine.py"
    path.write_text(careless)
    found = results(load_driver("timer", path, "rpi4"), "rpi4", "rpi4")
    failed = [item.case.name for item in found if item.outcome.failed]
    assert failed == ["the uptime is right where half of the counter wraps"]
