"""A case that has observed nothing is no "ok", and one that need not run to its end does not."""

from time import process_time

import pytest
from own.broken import GIC, SILENT, SYSTEM_TIMER, changed

from kerneltui.builtin import configs_dir
from kerneltui.checks.suite import results
from kerneltui.machine.board import load_board
from kerneltui.own.loading import load_driver

END = (
    "            if not self._drain:\n                self._cpu.write(self._gicc + GICC_EOIR,"
    " acknowledge)\n                return\n"
)
CALL = "            self._table.call(intid, self._cpu)\n"
ENDED = "an interrupt is ended as it was acknowledged"
ECHO = "what is typed comes back"
SAME = {
    "it keeps nothing outside its objects",
    "it does the same each time",
    "one can go back with it, and on again",
}
TIMEOUTS = "timeouts come as they do with the kernel's own driver"


@pytest.fixture
def outcomes(tmp_path):
    """What comes of a driver's text: the outcomes by the names of the cases."""

    def call(role, text, board="rpi4"):
        path = tmp_path / "mine.py"
        path.write_text(text)
        kind = load_board(str(board)).spec.bsp
        found = results(load_driver(role, path, kind), kind, str(board))
        return {item.case.name: item.outcome for item in found}

    return call


@pytest.mark.parametrize(
    "name",
    ["the distributor stays off", "the CPU interface stays off", "the priority mask stays shut"],
)
def test_where_no_interrupt_comes_nothing_about_them_is_ok(name, outcomes):
    found = outcomes("irq-controller", SILENT[name].text)
    assert "echo is missing" in found[ECHO].failed
    for case in (ENDED, "an interrupt is ended after its handler, not before",
                 "what is not enabled stays out",
                 "where nothing is pending nothing is handled, and nothing ended"):  # fmt: skip
        assert "no interrupt has come" in found[case].left_out
    assert all("no interrupt has come" in found[case].left_out for case in SAME)


def test_an_interrupt_that_is_never_ended_is_told_as_that(outcomes):
    found = outcomes("irq-controller", SILENT["interrupts are never ended"].text)
    assert "have been handled, and are active still" in found[ENDED].failed


def test_an_interrupt_that_is_ended_before_its_handler_has_run_is_found(outcomes):
    first = "            self._cpu.write(self._gicc + GICC_EOIR, acknowledge)\n"
    both = changed(GIC, CALL + END, f"{first}{CALL}            return\n")
    found = outcomes("irq-controller", both)
    failed = {name: outcome.failed for name, outcome in found.items() if outcome.failed}
    assert list(failed) == ["an interrupt is ended after its handler, not before"]
    assert "ended while its line was still high" in next(iter(failed.values()))


def test_a_timer_that_rounds_a_due_time_down_is_early(outcomes):
    found = outcomes("timer", changed(SYSTEM_TIMER, "-(-due_ns // 1000)", "due_ns // 1000"))
    failed = {name: outcome.failed for name, outcome in found.items() if outcome.failed}
    assert "before the due time" in failed["the interrupt comes at the due time, and not before"]
    assert "before the due time" in failed["a due time far ahead does not come early"]


def test_a_timer_that_never_interrupts_is_not_praised_for_never(outcomes):
    compare = "self._cpu.write(BASE + C3"
    found = outcomes("timer", changed(SYSTEM_TIMER, compare, compare.replace("C3", "0x14")))
    assert "no interrupt has come" in found["NEVER asks for no interrupt"].left_out
    assert found[TIMEOUTS].failed == (
        "'Periodic 1 sec' prints 0 times by 3.2 s, with the kernel's own driver 3 times"
    )


def test_a_panic_names_the_line_of_the_driver(outcomes):
    text = changed(SYSTEM_TIMER, "0xFE00_3000", "0xFD00_3000")
    line = next(number for number, said in enumerate(text.splitlines(), 1) if "BASE + CHI" in said)
    failed = outcomes("timer", text)["the uptime never goes back"].failed
    assert "FAR_EL1 0x00000000fd003008" in failed
    assert failed.endswith(f"mine.py, line {line}, in MyTimer._count)")


def test_a_storm_ends_a_run_early(outcomes):
    begin = process_time()
    found = outcomes("timer", changed(SYSTEM_TIMER, "self._cpu.write(BASE + CS, 1 << 3)", "pass"))
    assert process_time() - begin < 40
    assert "an interrupt storm: 1,0" in found[TIMEOUTS].failed
    assert all("an interrupt storm: 1,0" in found[case].left_out for case in SAME)


@pytest.fixture
def board(tmp_path):
    """A Pi 4 of a person's own, with less on it; the UART's interrupt is another."""
    text = (configs_dir() / "boards" / "rpi4.yaml").read_text()
    begin, end = text.index("  system-timer:"), text.index("  uart0:")
    path = tmp_path / "my_board.yaml"
    path.write_text((text[:begin] + text[end:]).replace("gic spi 121 ", "gic spi 122 "))
    return path


def test_on_a_board_of_ones_own_its_wiring_counts(board, outcomes):
    found = outcomes("irq-controller", GIC, board)
    assert {name: item.failed for name, item in found.items() if item.failed} == {}
    left = {name: item.left_out for name, item in found.items() if item.left_out}
    assert left == {
        "of two that wait both are served, each by its own handler":
            "this board has only one device that interrupts",
        ECHO: "on this board what is typed does not come back with the kernel's own driver either",
    }  # fmt: skip
