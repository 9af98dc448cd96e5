"""The kernel's own drivers pass the suites of their roles."""

import pytest
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
