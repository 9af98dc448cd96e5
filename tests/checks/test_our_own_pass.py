"""The kernel's own drivers pass the suites of their roles."""

import pytest
from own.broken import GIC, SYSTEM_TIMER, changed
from own.places import IDS, PLACES, QUEUES, queue_file, source_of

from kerneltui.checks import timer
from kerneltui.checks.suite import results
from kerneltui.hw.manual import cited
from kerneltui.machine.board import load_board
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


def test_halves_of_a_counter_that_are_read_carelessly_are_found(tmp_path):
    high = "            high = self._cpu.read(BASE + CHI)\n"
    low = "            low = self._cpu.read(BASE + CLO)\n"
    careless = changed(SYSTEM_TIMER, f"{high}{low}", f"{low}{high}")
    careless = changed(careless, "if self._cpu.read(BASE + CHI) == high:", "if True:")
    path = tmp_path / "mine.py"
    path.write_text(careless)
    found = results(load_driver("timer", path, "rpi4"), "rpi4", "rpi4")
    failed = [item.case.name for item in found if item.outcome.failed]
    assert failed == ["the uptime is right where half of the counter wraps"]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("        self._cpu.write(self._gicc + GICC_PMR, self.PRIORITY_MASK)\n",
         "GICC_PMR.Priority"),
        ("            self._cpu.write(self._gicd + GICD_ITARGETSR + intid, mask * 0x0101_0101)\n",
         "GICD_ITARGETSR38.CPU_TARGETS1"),
        ("        self._cpu.write(self._gicd + GICD_CTLR, self.DISTRIBUTOR_CONTROL)\n",
         "GICD_CTLR.EnableGrp0"),
    ],
)  # fmt: skip
def test_the_register_that_was_forgotten_is_named(line, named, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(changed(GIC, line, line[: -len(line.lstrip())] + "pass\n"))
    driver = load_driver("irq-controller", path, "rpi4")
    found = next(item for item in results(driver, "rpi4", "rpi4") if item.outcome.failed)
    assert f"({named} is 0)" in found.outcome.failed


def test_a_comparator_is_cited_from_the_manual_of_the_board():
    for board, other in (("rpi3", "BCM2711"), ("rpi4", "BCM2835")):
        refs = [cited(case.ref, load_board(board).spec.manual) for case in timer.CASES]
        assert not [ref for ref in refs if other in ref]
        assert any("(C0 to C3)" in ref for ref in refs)
