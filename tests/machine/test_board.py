"""Board files: what is wrong with one is said with its file and line."""

import re
from pathlib import Path

import pytest

from kerneltui.configfile import available
from kerneltui.errors import UserError
from kerneltui.machine.board import load_board
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session
from kerneltui.validation import validate_file

RPI4 = available("boards")["rpi4"].read_text()
RPI3 = available("boards")["rpi3"].read_text()


def changed(tmp_path, old, new, text=RPI4):
    """A board file with one change, and the line where that stands."""
    assert text.count(old) == 1, old
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new))
    return path, text[: text.index(old)].count("\n") + 1 + new.count("\n")


def complaint(path):
    with pytest.raises(UserError) as caught:
        validate_file(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


WRONG = {
    "unknown device": ("compatible: arm,pl011", "compatible: arm,pl01", "did you mean 'arm,pl011'"),
    "unknown CPU": ("arm,cortex-a72", "arm,cortex-a71", "did you mean 'arm,cortex-a72'"),
    "unknown key": ("console: uart0", "consol: uart0", "did you mean 'console'"),
    "unknown window": ("{PL011:", "{PL01:", "did you mean 'PL011'"),
    "unknown parameter": ("clock_hz:", "clock_khz:", "did you mean 'clock_hz'"),
    "unknown console": ("console: uart0", "console: uart1", "did you mean 'uart0'"),
    "console is no UART": ("console: uart0", "console: gic", "'gic' is not a UART"),
    "unknown board support": ("bsp: rpi4", "bsp: rpi5", "did you mean 'rpi4'"),
    "unknown output": ("cntpnsirq:", "cntpnirq:", "did you mean 'cntpnsirq'"),
    "unknown pin": ("gic spi 121", "gic spy 121", "spi 0 to 191"),
    "pin out of range": ("gic spi 121", "gic spi 192", "spi 0 to 191"),
    "unknown controller": ("gic spi 121", "gik spi 121", "did you mean 'gic'"),
    "pin of a core": ("irq: cpu irq", "irq: cpu irk", "'cpu irq' and 'cpu fiq'"),
    "too many words": ("gic spi 121", "gic spi 121 0", "DEVICE PIN [NUMBER]"),
    "nowhere": ("gic spi 121", "''", "DEVICE PIN [NUMBER]"),
    "device over device": ("PL011: 0xFE20_1000", "PL011: 0xFE00_3800", "system-timer"),
    "priority bits": ("priority_bits: 5", "priority_bits: 9", "4 to 8, not 9"),
    "interrupts": ("irqs: 224", "irqs: 225", "multiple of 32"),
    "frequency of zero": ("frequency_hz: 54_000_000", "frequency_hz: 0", "1 to 4294967295"),
    "negative frequency": ("frequency_hz: 54_000_000", "frequency_hz: -1", "1 to 4294967295"),
    "absurd frequency": ("frequency_hz: 54_000_000", f"frequency_hz: {1 << 62}", "1 to 4294967295"),
    "UART without clock": ("clock_hz: 48_000_000", "clock_hz: 0", "1 to 4294967295"),
    "wrong type": ("frequency_hz: 54_000_000", "frequency_hz: fast", "a whole number"),
    "negative address": ("PL011: 0xFE20_1000", "PL011: -4", "from 0 to 281474976710655"),
    "address beyond the bus": ("PL011: 0xFE20_1000", f"PL011: {1 << 48}", "281474976710655"),
    "no cores": ("cores: 4", "cores: 0", "from 1 to 8"),
    "too many cores": ("cores: 4", "cores: 9", "from 1 to 8"),
    "negative cost": ("load: 100ns", "load: -1ns", "cannot be negative"),
    "cost without unit": ("load: 100ns", "load: 100", "needs a unit"),
    "no memory": ("size: 0x4000_0000", "size: 0", "from 4096 to"),
}


@pytest.mark.parametrize("case", WRONG)
def test_every_mistake_is_named_with_file_and_line(tmp_path, case):
    old, new, said = WRONG[case]
    path, line = changed(tmp_path, old, new)
    message = complaint(path)
    place = re.match(rf"{re.escape(str(path))}:(\d+): ", message)
    assert place, message
    assert said in message
    assert abs(int(place[1]) - line) <= 2, message


def test_memory_over_a_device_names_both(tmp_path):
    path, _ = changed(tmp_path, "size: 0x4000_0000", "size: 0xFFFF_0000")
    message = complaint(path)
    assert "dram" in message
    assert "GICD" in message


def test_a_missing_key_is_named(tmp_path):
    path, _ = changed(tmp_path, "bsp: rpi4\n", "")
    assert "'bsp' is missing" in complaint(path)


def test_a_missing_window_is_asked_for(tmp_path):
    path, _ = changed(tmp_path, "    reg: {PL011: 0xFE20_1000}\n", "")
    assert "reg: {PL011: ADDRESS}" in complaint(path)


def test_a_missing_parameter_is_asked_for(tmp_path):
    path, _ = changed(tmp_path, "    config: {frequency_hz: 54_000_000}\n", "")
    assert "config: {frequency_hz: ...}" in complaint(path)


def test_two_timers_cannot_share_the_system_registers(tmp_path):
    extra = "\n  timer2:\n    compatible: arm,armv8-timer\n    config: {frequency_hz: 1000}\n"
    path = tmp_path / "two.yaml"
    path.write_text(RPI4 + extra)
    assert "overlaps timer" in complaint(path)


def test_more_cores_than_the_local_controller_serves(tmp_path):
    path, _ = changed(tmp_path, "cores: 4", "cores: 8", RPI3)
    assert "of cores 0-3" in complaint(path)


def run(path, until=1_100_000_000, scenario="timer-callbacks"):
    session = make_session(load_board(str(path)), load_scenario(scenario))
    session.run_until(until)
    return session, "\n".join(session.recorder.console.lines())


def test_a_users_own_board_runs(tmp_path):
    path, _ = changed(tmp_path, "frequency_hz: 54_000_000", "frequency_hz: 1_000_000")
    _, text = run(path)
    assert "timer resolution: 1000 ns" in text
    assert "Periodic 1 sec" in text


@pytest.mark.parametrize("text", [RPI3, RPI4], ids=["rpi3", "rpi4"])
@pytest.mark.parametrize("cores", [1, 2, 3])
def test_fewer_cores_than_the_chip_could_serve_are_fine(tmp_path, text, cores):
    path, _ = changed(tmp_path, "cores: 4", f"cores: {cores}", text)
    session, console = run(path)
    assert len(session.machine.cores) == cores
    assert "Periodic 1 sec" in console


def test_eight_cores_on_the_gic(tmp_path):
    path, _ = changed(tmp_path, "cores: 4", "cores: 8")
    session, console = run(path)
    assert len(session.machine.cores) == 8
    assert "Periodic 1 sec" in console


def test_lines_that_meet_at_one_pin_are_joined_however_that_is_spelled(tmp_path):
    path, _ = changed(tmp_path, "gic spi 67 ", "gic   spi  121 ")
    session = make_session(load_board(str(path)), load_scenario("timer-callbacks"))
    machine = session.machine
    lines = (
        machine.devices["uart0"].outputs["irq"] + machine.devices["system-timer"].outputs["match3"]
    )
    gic = machine.devices["gic"]

    def level():
        return next(item.line for item in gic.interrupts(0) if item.number == 153)

    for line in lines:
        line.set(True)
    lines[0].set(False)
    assert level() is True
    lines[1].set(False)
    assert level() is False


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("      cntpnsirq: gic ppi 14   # INTID 30\n", ""),
        ("      irq: gic spi 121        # INTID 153", "      {}"),
        ("      irq: cpu irq\n", ""),
        ("  dram: {base: 0x0, size: 0x4000_0000}", "  {}"),
    ],
    ids=["timer not wired", "UART not wired", "controller not wired", "no memory"],
)
def test_a_board_with_something_missing_boots_and_misses_just_that(tmp_path, old, new):
    path, _ = changed(tmp_path, old, new)
    session, console = run(path)
    assert "Echoing input now" in console
    assert session.machine.core.halt_reason == ""


@pytest.mark.parametrize("bsp", ["rpi3", "rpi4"])
def test_the_wrong_board_support_ends_in_a_panic_not_in_a_hang(tmp_path, bsp):
    text, other = (RPI4, "rpi3") if bsp == "rpi4" else (RPI3, "rpi4")
    path, _ = changed(tmp_path, f"bsp: {bsp}", f"bsp: {other}", text)
    session, _ = run(path)
    assert session.machine.core.halt_reason.startswith("Kernel panic: CPU exception: Data abort")
    assert session.view().halt_reason == session.machine.core.halt_reason


def test_a_machine_without_a_timer_panics_though_its_clock_is_what_is_missing(tmp_path):
    start = RPI4.index("  timer:\n")
    path = tmp_path / "notimer.yaml"
    path.write_text(RPI4[:start] + RPI4[RPI4.index("  system-timer:\n") :])
    session, _ = run(path)
    assert "Kernel panic: CPU exception: Unknown reason" in session.machine.core.halt_reason


def test_the_real_addresses_and_rates():
    for name, expected in {
        "rpi3": {
            "local-ic": 0x4000_0000, "ic": 0x3F00_B200, "system-timer": 0x3F00_3000,
            "uart0": 0x3F20_1000, "hz": 19_200_000,
        },
        "rpi4": {
            "gic": 0xFF84_1000, "system-timer": 0xFE00_3000, "uart0": 0xFE20_1000,
            "hz": 54_000_000,
        },
    }.items():  # fmt: skip
        spec = load_board(name).spec
        found = {key: min(item.reg.values()) for key, item in spec.devices.items() if item.reg}
        found["hz"] = spec.devices["timer"].config["frequency_hz"]
        assert found == expected
        assert spec.cpu.cores == 4


def test_a_board_is_found_by_name_or_by_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("local").write_text(RPI4)
    Path("other.yaml").write_text(RPI3)
    assert load_board("rpi3").spec.title == "Raspberry Pi 3"
    assert load_board("local").spec.title == "Raspberry Pi 4"
    assert load_board("other.yaml").spec.title == "Raspberry Pi 3"
    assert load_board("./other.yaml").name == "other"


@pytest.mark.parametrize("name", ["", ".", "rpi5", "x" * 5000, "a\0b", "rpi4 "])
def test_a_name_that_is_no_board_is_answered_with_those_that_are(name):
    with pytest.raises(UserError, match="rpi4"):
        load_board(name)
