"""The kernel's own drivers, given by ``--driver``: the trace is the same, byte for byte."""

import io

import pytest
from own.places import IDS, PLACES, QUEUES, changes_of, queue_file, source_of

from kerneltui.export.jsonl import write_trace
from kerneltui.kernel.roles import POSTS
from kerneltui.own.options import drivers_named
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session


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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--driver", "timer"], "--driver timer: write ROLE=FILE"),
        (["--driver", "tmer=x.py"], "--driver tmer: there is no role 'tmer'; did you mean 'timer'"),
        (["--driver", "timer=x.py"], "x.py: cannot be read: No such file"),
        (["--driver", "clock=x.py"], "rpi4 has no role 'clock'"),
        (["--driver", "queue=HEAP", "--queue", "vec"], "leave out --queue"),
        (["--driver", "queue=HEAP", "--scenario", "system-timer"], "has no queue of timeouts"),
        (["--driver", "irq-controller=GIC", "--scenario", "fault-pmr"], "the fault 'pmr-zero' is"),
        (["--board", "x86", "--append", "clock=hpet", "--driver", "clock=PIT"], "but clock=hpet"),
        (["--driver", "queue=HEAP", "--driver", "queue=HEAP"], "there is one for queue already"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_what_cannot_go_together_is_one_line(said, arguments, words):
    files = {"HEAP": queue_file("heap")}
    for post in (*POSTS["rpi4"], *POSTS["x86"]):
        names = {"Gicv2": "GIC", "PitClockEvent": "PIT"}
        files[names.get(post.stands_for, "")] = source_of(post)
    given = []
    for text in arguments:
        role, _, name = text.partition("=")
        given.append(f"{role}={files[name]}" if name in files and name else text)
    status, out, err = said("run", "--until", "1ms", *given)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert words in err
