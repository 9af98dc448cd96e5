"""The hash of a trace tells whether the same happened, wherever the kernel's code lies."""

import io
import os
import subprocess
import sys
from functools import cache
from itertools import count

import pytest

from kerneltui.export import trace_hash
from kerneltui.export.jsonl import write_trace
from kerneltui.export.trace_hash import hash_trace
from kerneltui.machine import kernel_image
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.scenarios.scenario import open_session

SETUPS = (
    ("rpi3", "timer-callbacks"), ("rpi4", "timer-callbacks"), ("x86", "timer-callbacks"),
    ("rpi4", "round-robin"), ("x86", "round-robin"), ("x86", "two-cores"), ("rpi4", "nested"),
    ("x86", "timer-syscalls"), ("rpi4", "overload"),
)  # fmt: skip
UNTIL_NS = 1_200_000_000
LONGER_NS = 2_100_000_000
LATER_BY = 0x40_0000


def hash_of(board, scenario="timer-callbacks", until_ns=UNTIL_NS):
    session = open_session(board, scenario)
    try:
        return hash_trace(session, until_ns)
    finally:
        session.close()


def lines_of(board, scenario, until_ns):
    session = open_session(board, scenario)
    out = io.BytesIO()
    try:
        write_trace(session, until_ns, out)
    finally:
        session.close()
    return out.getvalue().splitlines()


@cache
def plain_hash():
    """That of the run which the tests of this file change."""
    return hash_of("rpi4")


@pytest.fixture
def code_elsewhere(monkeypatch):
    """Call it: from then on every line of the kernel has another address.  Counts who asks."""
    address_of = kernel_image.code_address
    asked = count()

    def other_address(frame):
        next(asked)
        return address_of(frame) + LATER_BY

    def move():
        monkeypatch.setattr(kernel_image, "code_address", other_address)
        return asked

    return move


@pytest.mark.parametrize(("board", "scenario"), SETUPS[::2])
def test_it_stays_where_only_the_code_lies_elsewhere(board, scenario, code_elsewhere):
    setup = board, scenario, LONGER_NS
    before = hash_of(*setup), lines_of(*setup)
    asked = code_elsewhere()
    after = hash_of(*setup), lines_of(*setup)
    assert next(asked) > 0
    assert after[0] == before[0]
    # The lines for people and programs do tell where: as many of them, and others.
    assert len(after[1]) == len(before[1])
    assert after[1] != before[1]


def test_it_is_sha_256_in_hex():
    found = hash_of("rpi4")
    assert len(found) == 64
    assert int(found, 16) > 0


CHANGES = {
    "a step later": lambda event: (event[0] + 1, *event[1:]),
    "a nanosecond later": lambda event: (event[0], event[1] + 1, *event[2:]),
    "another core": lambda event: (*event[:2], event[2] + 1, *event[3:]),
    "another target": lambda event: (*event[:4], event[4] ^ 4, *event[5:]),
    "another value": lambda event: (*event[:5], event[5] ^ 1, *event[6:]),
    "another text": lambda event: (*event[:6], event[6] + "?"),
}
KINDS = ("ldr", "str", "line", "tracepoint", "tx")


@pytest.mark.parametrize(
    ("change", "kind"),
    [*zip(CHANGES, KINDS + KINDS[:1], strict=True), *zip(CHANGES, KINDS[2:], strict=False)],
)
def test_it_changes_when_one_event_does(kind, change, monkeypatch):
    plain = plain_hash()
    left = iter((CHANGES[change],))
    without_places = trace_hash._without_places

    def changed(session, event):
        if event[3] == kind and event[1] > UNTIL_NS // 2:
            event = next(left, lambda same: same)(event)
        return without_places(session, event)

    monkeypatch.setattr(trace_hash, "_without_places", changed)
    assert hash_of("rpi4") != plain
    assert next(left, None) is None  # one was changed


def test_it_changes_where_a_vector_or_a_kind_of_exception_does(monkeypatch):
    found = {hash_of("x86")}
    without_places = trace_hash._without_places
    for change in (
        lambda event: (*event[:4], event[4] + 1, *event[5:]),
        lambda event: (*event[:3], "fault", *event[4:]),
    ):

        def changed(session, event, change=change):
            known = INSTRUCTIONS.get(event[3])
            is_exception = known is not None and known.is_exception
            return without_places(session, change(event) if is_exception else event)

        monkeypatch.setattr(trace_hash, "_without_places", changed)
        found.add(hash_of("x86"))
    assert len(found) == 3


def test_every_setup_and_every_span_has_its_own():
    found = {hash_of(*setup) for setup in SETUPS}
    assert len(found) == len(SETUPS)
    assert hash_of("rpi4", until_ns=UNTIL_NS // 2) not in found


@pytest.mark.parametrize("board", ["rpi4", "x86"])
def test_it_is_the_same_in_every_process(board):
    arguments = [sys.executable, "-m", "kerneltui", "trace", "--hash", "--board", board]
    arguments += ["--until", f"{UNTIL_NS}ns"]
    found = set()
    for seed in ("0", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(arguments, capture_output=True, check=True, env=environment)
        found.add(done.stdout.decode())
    booted_here = open_session(board, "timer-callbacks")
    found.add(hash_trace(booted_here, UNTIL_NS) + "\n")
    booted_here.close()
    assert len(found) == 1, found
