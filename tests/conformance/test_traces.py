"""Every recorded trace replays without a difference, and a wrong answer does not go unseen."""

import json
from pathlib import Path

import pytest

from kerneltui.conformance.replay import replay
from kerneltui.conformance.rigs import RIGS

TRACES = Path(__file__).parent / "traces"
FILES = sorted(TRACES.glob("*/*.jsonl"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_models_answer_as_recorded(path):
    result = replay(path)
    assert result.difference is None
    assert result.agreed == result.total == len(path.read_text().splitlines()) - 1


def test_every_rig_has_traces_eight_in_its_own_family_and_four_in_each_further_one():
    devices = set()
    for family in TRACES.iterdir():
        files = list(family.glob("*.jsonl"))
        (device,) = {json.loads(file.read_text().splitlines()[0])["device"] for file in files}
        assert len(files) == (8 if family.name == device else 4), family.name
        devices.add(device)
    assert devices == set(RIGS)


# -- a wrong answer is seen ---------------------------------------------------------------------


def rows_of(family, seed=1):
    text = (TRACES / family / f"seed-{seed}.jsonl").read_text()
    return [json.loads(row) for row in text.splitlines()]


def written(tmp_path, rows):
    path = tmp_path / "trace.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def place_of(rows, **wanted):
    """The index of the first row with these items; its line in the file is one more."""
    for place, row in enumerate(rows):
        if all(row.get(key) == value for key, value in wanted.items()):
            return place
    raise AssertionError(wanted)


def test_a_wrong_read_is_reported_with_line_register_and_both_values(tmp_path):
    rows = rows_of("bcm2835_systmr")
    place = place_of(rows, op="read", addr=0x3F003004)
    right = rows[place]["value"]
    rows[place]["value"] ^= 0x10
    result = replay(written(tmp_path, rows))
    assert result.agreed == result.total - 1
    for part in (f"trace.jsonl:{place + 1}:", "CLO", f"{right:#x}", f"{right ^ 0x10:#x}", " ns"):
        assert part in result.difference


def test_bits_outside_the_mask_are_not_compared(tmp_path):
    rows = rows_of("bcm2835_systmr")
    place = place_of(rows, op="read", addr=0x3F003004)
    rows[place] |= {"value": rows[place]["value"] ^ 0x10, "mask": 0xFFFF_FFEF}
    assert replay(written(tmp_path, rows)).difference is None
    rows[place]["mask"] = 0xFFFF_FFFF
    assert f"trace.jsonl:{place + 1}:" in replay(written(tmp_path, rows)).difference


def test_a_line_change_that_is_missing_from_the_trace_is_reported(tmp_path):
    rows = rows_of("bcm2835_systmr")
    place = place_of(rows, op="irq")
    del rows[place]
    result = replay(written(tmp_path, rows))
    assert f"trace.jsonl:{place}: output lines" in result.difference


def test_a_line_change_that_the_model_does_not_make_is_reported(tmp_path):
    rows = rows_of("bcm2835_systmr")
    place = place_of(rows, op="irq")
    rows[place]["level"] ^= 1
    result = replay(written(tmp_path, rows))
    assert result.agreed == result.total - 1
    assert f"trace.jsonl:{place + 1}: output lines" in result.difference


def test_line_changes_are_compared_in_their_order(tmp_path):
    rows = rows_of("bcm2835_systmr")
    place = next(n for n, row in enumerate(rows) if row.get("op") == rows[n + 1]["op"] == "irq")
    rows[place], rows[place + 1] = rows[place + 1], rows[place]
    assert replay(written(tmp_path, rows)).agreed == len(rows) - 1 - 2


def test_falling_edges_do_not_count_where_only_rises_were_recorded(tmp_path):
    rows = rows_of("bcm2835_systmr")
    rows[0]["irq_rises_only"] = True
    rows = [row for row in rows if row.get("op") != "irq" or row["level"]]
    result = replay(written(tmp_path, rows))
    assert (result.agreed, result.difference) == (len(rows) - 1, None)


def test_a_wrong_byte_is_reported(tmp_path):
    rows = rows_of("pl011")
    place = place_of(rows, op="tx")
    right = rows[place]["data"]
    rows[place]["data"] = "5a" if right != "5a" else "a5"
    result = replay(written(tmp_path, rows))
    assert f"trace.jsonl:{place + 1}: bytes sent" in result.difference
    assert f"got {right}" in result.difference


def test_an_access_comes_from_the_core_that_the_trace_names(tmp_path):
    rows = rows_of("gicv2_multi_x", seed=21)
    sgi_1_from_core_3 = 3 << 10 | 1
    place = place_of(rows, op="read", cpu=2, value=sgi_1_from_core_3)
    rows[place]["cpu"] = 3
    result = replay(written(tmp_path, rows))
    assert f"trace.jsonl:{place + 1}: read of GICC_IAR" in result.difference


def test_a_wrong_time_is_reported(tmp_path):
    rows = rows_of("bcm2835_systmr")
    place = place_of(rows, op="clock_step")
    rows[place]["now"] += 1
    assert f"trace.jsonl:{place + 1}: clock_step" in replay(written(tmp_path, rows)).difference


@pytest.mark.parametrize("family", ["gentimer-raspi3b", "gentimer-raspi4b", "gentimer-virt"])
def test_a_wrong_interrupt_in_a_window_is_reported(tmp_path, family):
    rows = rows_of(family, seed=2)
    place = next(n for n, row in enumerate(rows) if row.get("ids"))
    rows[place]["ids"] = [1]
    assert f"trace.jsonl:{place + 1}: window" in replay(written(tmp_path, rows)).difference


def test_the_latitude_of_a_timed_read_is_its_own_duration(tmp_path):
    rows = rows_of("gentimer-raspi3b")
    place = place_of(rows, op="sysreg_read", reg="CNTP_TVAL_EL0")
    read = rows[place]
    read["value"] += read["t1"] - read["t0"] + 1
    result = replay(written(tmp_path, rows))
    assert f"trace.jsonl:{place + 1}: sysreg_read of CNTP_TVAL_EL0" in result.difference


def test_a_cval_that_no_moment_of_the_tval_write_explains_is_reported(tmp_path):
    rows = [
        rows_of("gentimer-raspi3b")[0],
        {"op": "sysreg_write", "reg": "CNTV_TVAL_EL0", "value": 1000, "t0": 100, "t1": 110},
        {"op": "sysreg_read", "reg": "CNTV_CVAL_EL0", "value": 0, "t0": 200, "t1": 210},
    ]
    for compare in (1100, 1107, 1110):
        rows[2]["value"] = compare
        assert replay(written(tmp_path, rows)).difference is None
    for compare in (1099, 1111):
        rows[2]["value"] = compare
        assert "CNTV_CVAL_EL0" in replay(written(tmp_path, rows)).difference


def test_the_moment_of_a_tval_write_must_explain_all_that_follows(tmp_path):
    """One moment would explain the first read, another the second; none explains both."""
    rows = [
        rows_of("gentimer-raspi3b")[0],
        {"op": "sysreg_write", "reg": "CNTV_TVAL_EL0", "value": 1000, "t0": 100, "t1": 110},
        {"op": "sysreg_read", "reg": "CNTV_CVAL_EL0", "value": 1102, "t0": 200, "t1": 210},
        {"op": "sysreg_read", "reg": "CNTV_CVAL_EL0", "value": 1108, "t0": 300, "t1": 310},
    ]
    result = replay(written(tmp_path, rows))
    assert (result.agreed, result.total) == (2, 3)


# -- a file that cannot be replayed -------------------------------------------------------------

HEADER = '{"device": "bcm2835_systmr", "space": "mmio"}'
GIC = '{"device": "gicv2_x"}'


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "empty"),
        ("not json\n", 1, "not JSON"),
        ("[1]\n", 1, "not a JSON object"),
        ('{"seed": 1}\n', 1, 'no "device"'),
        ('{"device": "toaster"}\n', 1, "unknown device 'toaster'"),
        ('{"device": "gentimer-virt"}\n', 1, "cntfrq"),
        (HEADER + '\n{"op": "explode"}\n', 2, "unknown op 'explode'"),
        (HEADER + "\n\n17\n", 3, "not a JSON object"),
        (HEADER + '\n{"op": "read", "addr": 4, "size": 4}\n', 2, '"value" is missing'),
        (HEADER + '\n{"op": "read", "addr": "4", "size": 4, "value": 0}\n', 2, '"addr"'),
        (HEADER + '\n{"op": "read", "addr": 4, "size": 3, "value": 0}\n', 2, "size 3"),
        (HEADER + '\n{"op": "write", "addr": 4, "size": 4, "value": -1}\n', 2, '"value"'),
        (HEADER + '\n{"op": "read", "addr": 4, "size": 4, "value": 0}\n', 2, "nothing answers"),
        (HEADER + '\n{"op": "read", "addr": 4, "size": 4, "value": 0, "cpu": 1}\n', 2, "core 1"),
        (HEADER + '\n{"op": "write", "addr": 4, "size": 4, "value": 0, "cpu": -1}\n', 2, '"cpu"'),
        (GIC + '\n{"op": "write", "addr": 4, "size": 4, "value": 0, "cpu": 4}\n', 2, "only 0 to 3"),
        (
            GIC + '\n{"op": "irq_in", "gpio": "unnamed-gpio-in", "line": 336, "level": 1}',
            2,
            "core 4",
        ),
        (HEADER + '\n{"op": "irq", "line": 0, "level": 1}\n', 2, "answers nothing"),
        (HEADER + '\n{"op": "irq_in", "gpio": "x", "line": 0, "level": 1}\n', 2, "no input 'x'"),
        (HEADER + '\n{"op": "irq_in", "gpio": "x", "line": 0, "level": 2}\n', 2, "level 2"),
        (HEADER + '\n{"op": "rx", "data": "zz"}\n', 2, "'zz'"),
        (HEADER + '\n{"op": "rx", "data": "00"}\n', 2, "no serial line"),
        (HEADER + '\n{"op": "clock_step", "now": 4}\n', 2, '"ns"'),
        (HEADER + '\n{"op": "window", "ids": []}\n', 2, "no core"),
        (HEADER + '\n{"op": "rx", "data": "00", "cpu": 1}\n', 2, "no core 1"),
        (HEADER + '\n{"op": "rx", "data": "00", "cpu": "0"}\n', 2, '"cpu"'),
        (HEADER + '\n{"op": "read", "addr": 4, "size": 4, "value": 0, "space": []}\n', 2, "space"),
        ('{"device": "apic_x"}\n', 1, "timer_hz"),
        ('{"device": "rtc", "space": "io"}\n', 1, "base"),
        (HEADER + '\n{"op": "sysreg_read", "reg": "CNTFRQ_EL0", "value": 0}\n', 2, "sysreg"),
        ("[" * 100_000, 1, "nested too deeply"),
    ],
)
def test_a_malformed_file_is_refused_with_file_and_line(tmp_path, text, line, what):
    path = tmp_path / "broken.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"broken\.jsonl:{line}: ") as caught:
        replay(path)
    assert what in str(caught.value)


def test_a_timed_trace_needs_times_that_go_forward(tmp_path):
    rows = rows_of("gentimer-raspi3b")
    rows[5]["t1"] = rows[5]["t0"] - 1
    with pytest.raises(ValueError, match=r"jsonl:6: .*no time"):
        replay(written(tmp_path, rows))
    rows = rows_of("gentimer-raspi3b")
    rows[5]["t0"] = 3
    with pytest.raises(ValueError, match=r"jsonl:6: .*t0 is before"):
        replay(written(tmp_path, rows))
    rows = rows_of("gentimer-raspi3b")
    del rows[7]["t1"]
    with pytest.raises(ValueError, match=r"jsonl:8: .*t1"):
        replay(written(tmp_path, rows))


def test_a_system_register_that_does_not_exist_is_named(tmp_path):
    rows = rows_of("gentimer-raspi3b")
    place = place_of(rows, op="sysreg_read")
    rows[place]["reg"] = "CNTX_EL9"
    with pytest.raises(ValueError, match=rf"jsonl:{place + 1}: .*'CNTX_EL9'"):
        replay(written(tmp_path, rows))


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"missing\.jsonl"):
        replay(tmp_path / "missing.jsonl")
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"binary.jsonl.*UTF-8"):
        replay(binary)
