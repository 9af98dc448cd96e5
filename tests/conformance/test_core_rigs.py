"""The rigs whose accesses say which core makes them, and whose windows are one INTA cycle."""

import json
from pathlib import Path

import pytest

from kerneltui.conformance.replay import replay

APIC_HEADER = {"device": "apic_x", "space": "mmio", "timer_hz": 1_000_000_000}
PIC_HEADER = {"device": "pic_x", "space": "io"}
LAPIC, IO_APIC = 0xFEE0_0000, 0xFEC0_0000
SVR, ICR_LOW, ICR_HIGH, APIC_ID = LAPIC + 0xF0, LAPIC + 0x300, LAPIC + 0x310, LAPIC + 0x20
TRACES = Path(__file__).parent / "traces"


def write(addr, value, cpu=0, size=4):
    return {"op": "write", "addr": addr, "size": size, "value": value, "cpu": cpu}


def read(addr, value, cpu=0):
    return {"op": "read", "addr": addr, "size": 4, "value": value, "cpu": cpu}


def window(*vectors, cpu=0):
    return {"op": "window", "vectors": list(vectors), "cpu": cpu}


def played(tmp_path, header, *rows):
    path = tmp_path / "trace.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (header, *rows)))
    return replay(path)


def test_each_core_reaches_its_own_local_apic(tmp_path):
    reads = [read(APIC_ID, cpu << 24, cpu) for cpu in range(4)]
    assert played(tmp_path, APIC_HEADER, *reads).difference is None
    wrong = played(tmp_path, APIC_HEADER, read(APIC_ID, 0, 2)).difference
    assert "trace.jsonl:2:" in wrong
    assert f"{2 << 24:#x}" in wrong


def test_a_window_takes_one_interrupt_of_its_core_alone(tmp_path):
    rows = [write(SVR, 0x1FF, cpu) for cpu in (1, 2)]
    for vector in (0x41, 0x52):
        rows += [write(ICR_HIGH, 2 << 24, 1), write(ICR_LOW, 0x4000 | vector, 1)]
    rows += [window(cpu=1), window(0x52, cpu=2), window(cpu=2)]
    assert played(tmp_path, APIC_HEADER, *rows).difference is None
    rows[-2] = window(0x52, 0x41, cpu=2)
    assert "expected [82, 65], got [82]" in played(tmp_path, APIC_HEADER, *rows).difference


def test_an_end_of_interrupt_reaches_the_io_apic(tmp_path):
    def entry(index, value):
        return [write(IO_APIC, index), write(IO_APIC + 0x10, value)]

    line = {"op": "irq_in", "gpio": "unnamed-gpio-in", "line": 5, "level": 1}
    rows = [
        write(SVR, 0x1FF, 3), *entry(0x1B, 3 << 24), *entry(0x1A, 0x80C3), line,
        read(IO_APIC + 0x10, 0xC0C3), window(0xC3, cpu=3), {**line, "level": 0},
        write(LAPIC + 0xB0, 0, 3), read(IO_APIC + 0x10, 0x80C3),
    ]  # fmt: skip
    assert played(tmp_path, APIC_HEADER, *rows).difference is None


def test_a_core_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"trace\.jsonl:2: read: .*no core 4, only 0 to 3"):
        played(tmp_path, APIC_HEADER, read(APIC_ID, 0, 4))


def test_a_window_of_the_8259s_is_an_acknowledge_even_if_nothing_requests(tmp_path):
    port = [(0x20, 0x11), (0x21, 0x20), (0x21, 4), (0x21, 1), (0x20, 0x0B)]
    rows = [write(addr, value, size=1) for addr, value in port]
    rows += [
        {"op": "window", "vectors": [0x27]},
        {"op": "irq_in", "gpio": "master", "line": 3, "level": 1},
        {"op": "irq", "line": 0, "level": 1},
        {"op": "window", "vectors": [0x23]},
        {"op": "irq", "line": 0, "level": 0},
        {"op": "read", "addr": 0x20, "size": 1, "value": 8},
    ]
    assert played(tmp_path, PIC_HEADER, *rows).difference is None


@pytest.mark.parametrize("family", ["apic_multi_x", "pic_inta_x"])
def test_a_wrong_vector_in_a_recorded_window_is_reported(tmp_path, family):
    text = (TRACES / family / "seed-21.jsonl").read_text()
    rows = [json.loads(row) for row in text.splitlines()]
    place = next(n for n, row in enumerate(rows) if row.get("vectors"))
    rows[place]["vectors"] = [rows[place]["vectors"][0] ^ 1]
    assert f":{place + 1}: window" in played(tmp_path, *rows).difference
