"""The rig of the local APIC: what the moment of an operation may explain, and what it may not."""

import json

import pytest

from kerneltui.conformance.replay import replay

BASE = 0xFEE0_0000
HEADER = {"device": "lapic", "timer_hz": 1_000_000_000}
SVR, LVT_TIMER, INIT_COUNT, CUR_COUNT, DIV_CONF, TPR = 0xF0, 0x320, 0x380, 0x390, 0x3E0, 0x80


def write(register, value, t0, t1=None):
    return {"op": "write", "addr": BASE + register, "size": 4, "value": value,
            "t0": t0, "t1": t0 if t1 is None else t1}  # fmt: skip


def read(register, value, t0, t1=None):
    return write(register, value, t0, t1) | {"op": "read"}


def window(vectors, t0, t1):
    return {"op": "window", "vectors": vectors, "t0": t0, "t1": t1}


def outcome(tmp_path, *rows, header=HEADER):
    path = tmp_path / "trace.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (header, *rows)))
    result = replay(path)
    return result.total - result.agreed, result.difference


ON = (write(SVR, 0x1FF, 0), write(DIV_CONF, 0xB, 1), write(LVT_TIMER, 0x40, 2))


def test_the_rate_of_the_timer_comes_from_the_header(tmp_path):
    with pytest.raises(ValueError, match=r'trace.jsonl:1: .*"timer_hz"'):
        outcome(tmp_path, header={"device": "lapic"})
    slow = HEADER | {"timer_hz": 500_000_000}
    rows = (*ON, write(INIT_COUNT, 1000, 100), read(CUR_COUNT, 900, 300))
    assert outcome(tmp_path, *rows, header=slow) == (0, None)
    assert outcome(tmp_path, *rows)[0] == 1


def test_the_count_starts_at_some_moment_of_the_write(tmp_path):
    for left, missed in ((899, 1), (900, 0), (907, 0), (910, 0), (911, 1)):
        rows = (*ON, write(INIT_COUNT, 1000, 100, 110), read(CUR_COUNT, left, 200))
        assert outcome(tmp_path, *rows)[0] == missed, left


def test_the_moment_of_the_start_must_explain_all_that_follows(tmp_path):
    start = (*ON, write(INIT_COUNT, 1000, 100, 110))
    assert outcome(tmp_path, *start, read(CUR_COUNT, 905, 200), read(CUR_COUNT, 805, 300))[0] == 0
    assert outcome(tmp_path, *start, read(CUR_COUNT, 905, 200), read(CUR_COUNT, 806, 300))[0] == 1


def test_a_timer_may_expire_within_the_window_or_after_it(tmp_path):
    start = (*ON, write(INIT_COUNT, 50, 100))
    for vectors, missed in (([0x40], 0), ([], 0), ([0x41], 1)):
        assert outcome(tmp_path, *start, window(vectors, 140, 160))[0] == missed
    assert outcome(tmp_path, *start, window([0x40], 140, 149))[0] == 1
    assert outcome(tmp_path, *start, window([], 151, 160))[0] == 1


def test_a_timer_may_expire_while_another_interrupt_is_taken(tmp_path):
    rows = (*ON, write(LVT_TIMER, 0x91, 3), write(0x300, 1 << 18 | 0x52, 4))
    start = (*rows, write(INIT_COUNT, 50, 100))
    for vectors, missed in (([0x52, 0x91], 0), ([0x91], 0), ([0x52], 0), ([0x91, 0x52], 1)):
        assert outcome(tmp_path, *start, window(vectors, 140, 160))[0] == missed


def test_vectors_are_taken_in_order_and_not_ended(tmp_path):
    send = [write(0x300, 1 << 18 | vector, 10 + n) for n, vector in enumerate((0x52, 0x91, 0x53))]
    assert outcome(tmp_path, *ON, *send, window([0x91], 20, 30))[0] == 0
    text = outcome(tmp_path, *ON, *send, window([0x52], 20, 30))[1]
    assert "trace.jsonl:8: window for interrupts: expected [82], got [145]" in text
    rows = (*send, window([0x91], 20, 30), write(0xB0, 0, 40), window([0x53], 50, 60))
    assert outcome(tmp_path, *ON, *rows)[0] == 0
