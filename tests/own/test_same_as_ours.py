"""The kernel's own drivers, given by ``--driver``: the trace is the same, byte for byte."""

import io
from pathlib import Path

import pytest

import kerneltui.kernel
from kerneltui.export.jsonl import write_trace
from kerneltui.kernel.roles import POSTS
from kerneltui.own.options import drivers_named
from kerneltui.scenarios.scenario import Changes, open_session

KERNEL = Path(kerneltui.kernel.__file__).parent
PLACES = [(board, post) for board, found in POSTS.items() for post in found]
"""Each role on each board; of clock devices each one."""
QUEUES = ("sorted_list", "vec", "heap", "wheel")


def source_of(post):
    """The file of the kernel's own driver."""
    return KERNEL / f"{post.source.replace('.', '/')}.py"


def changes_of(post):
    """What makes the kernel use the device that the driver is of."""
    if post.role == "clock":
        return Changes(append=f"clock={post.name}")
    if post.stands_for == "I8259Driver":
        return Changes(append="apic=off")
    return Changes()


def trace_of(board, changes, drivers=(), scenario="timer-callbacks", until=1_200_000_000):
    """What ``kerneltui trace`` writes."""
    session = open_session(board, scenario, changes, drivers_named(drivers))
    out = io.BytesIO()
    write_trace(session, until, out)
    session.close()
    return out.getvalue()


@pytest.mark.parametrize(
    ("board", "post"), PLACES, ids=[f"{board}-{post.stands_for}" for board, post in PLACES]
)
def test_our_own_driver_in_a_file_does_the_same(board, post):
    changes = changes_of(post)
    told = trace_of(board, changes, [f"{post.role}={source_of(post)}"])
    assert told.count(b"\n") > 1000
    assert told == trace_of(board, changes)


@pytest.mark.parametrize("name", QUEUES)
def test_each_of_our_queues_in_a_file_does_the_same(name):
    file = KERNEL / "time" / "queues" / f"{name}.py"
    assert trace_of("rpi4", Changes(), [f"queue={file}"]) == trace_of("rpi4", Changes())


def test_several_at_once_do_the_same():
    given = [f"{post.role}={source_of(post)}" for post in POSTS["rpi4"]]
    assert trace_of("rpi4", Changes(), given) == trace_of("rpi4", Changes())
