"""The kernel's own drivers, given by ``--driver``: the trace is the same, byte for byte."""

import io

import pytest
from own.places import IDS, PLACES, QUEUES, changes_of, queue_file, source_of

from kerneltui.export.jsonl import write_trace
from kerneltui.kernel.roles import POSTS
from kerneltui.own.options import drivers_named
from kerneltui.scenarios.scenario import Changes, open_session


def trace_of(board, changes, drivers=(), scenario="timer-callbacks", until=1_200_000_000):
    """What ``kerneltui trace`` writes."""
    session = open_session(board, scenario, changes, drivers_named(drivers))
    out = io.BytesIO()
    write_trace(session, until, out)
    session.close()
    return out.getvalue()


@pytest.mark.parametrize(("board", "post"), PLACES, ids=IDS)
def test_our_own_driver_in_a_file_does_the_same(board, post):
    changes = changes_of(post)
    told = trace_of(board, changes, [f"{post.role}={source_of(post)}"])
    assert told.count(b"\n") > 1000
    assert told == trace_of(board, changes)


@pytest.mark.parametrize("name", QUEUES)
def test_each_of_our_queues_in_a_file_does_the_same(name):
    given = [f"queue={queue_file(name)}"]
    assert trace_of("rpi4", Changes(), given) == trace_of("rpi4", Changes())


def test_several_at_once_do_the_same():
    given = [f"{post.role}={source_of(post)}" for post in POSTS["rpi4"]]
    assert trace_of("rpi4", Changes(), given) == trace_of("rpi4", Changes())
