"""GIC-400: what goes wrong without anybody being told; nothing is said of what is right."""

import pytest
from gic400_bench import SPURIOUS, Bench


class Heard(Bench):
    """A GIC with two interrupts enabled, and what it remarks."""

    def __init__(self):
        super().__init__()
        self.said = []
        self.gic.on_remark = lambda device, kind, number, text: self.said.append(
            (device, kind, number, text)
        )
        self.enable(40, priority=0x80)
        self.enable(41, priority=0x40)
        self.enable(30, priority=0x80)

    @property
    def kinds(self):
        return [(kind, number) for _, kind, number, _ in self.said]


@pytest.fixture
def bench():
    return Heard()


@pytest.mark.parametrize("number", [5, 30, 40])
def test_nothing_is_said_of_a_proper_handler(bench, number):
    bench.set_bit("GICD_ISENABLER", 5)
    if number == 5:
        bench.write("GICD_SGIR", 0x0001_0005)
    else:
        bench.line(number, True)
    assert bench.read("GICC_IAR") & 0x3FF == number
    if number != 5:
        bench.line(number, False)
    bench.write("GICC_EOIR", number)
    assert bench.read("GICC_IAR") == SPURIOUS, "it looks whether there is more, as it may"
    assert bench.said == []


def test_nothing_is_said_of_nested_handlers(bench):
    bench.line(40, True)
    assert bench.read("GICC_IAR") == 40
    bench.line(41, True)
    assert bench.read("GICC_IAR") == 41
    for number in (41, 40):
        bench.line(number, False)
        bench.write("GICC_EOIR", number)
    assert bench.said == []


def test_an_acknowledge_after_the_line_fell_is_spurious(bench):
    bench.line(40, True)
    bench.line(40, False)
    assert bench.read("GICC_IAR") == SPURIOUS
    assert bench.kinds == [("spurious", SPURIOUS)]
    bench.read("GICC_IAR")
    assert len(bench.said) == 1, "once for each time that a line was up"


def test_a_group_1_interrupt_that_the_register_hides_is_spurious(bench):
    bench.write("GICC_CTLR", 3)
    bench.write("GICD_CTLR", 3)
    bench.set_bit("GICD_IGROUPR", 40)
    bench.line(40, True)
    for _ in range(2):
        assert bench.read("GICC_IAR") == 1022
    assert bench.kinds == [("spurious", 1022)] * 2
    assert bench.read("GICC_AIAR") == 40


@pytest.mark.parametrize("number", [1020, 1022, 1023, 500])
def test_an_end_of_what_is_no_interrupt(bench, number):
    bench.write("GICC_EOIR", number)
    assert bench.kinds == [("misuse", number)]
    assert "no interrupt" in bench.said[0][3]


def test_an_end_without_an_acknowledge_and_one_too_many(bench):
    bench.write("GICC_EOIR", 40)
    assert bench.kinds == [("misuse", 40)]
    bench.line(41, True)
    bench.read("GICC_IAR")
    bench.line(41, False)
    bench.write("GICC_EOIR", 41)
    assert len(bench.said) == 1
    bench.write("GICC_EOIR", 41)
    assert bench.kinds == [("misuse", 40), ("misuse", 41)]


def test_an_end_of_another_than_the_running_one(bench):
    bench.line(40, True)
    bench.read("GICC_IAR")
    bench.line(41, True)
    bench.read("GICC_IAR")
    bench.line(40, False)
    bench.line(41, False)
    bench.write("GICC_EOIR", 40)
    assert bench.kinds == [("misuse", 41)], "told of the one that stays active"
    assert "ended 40, but it had acknowledged 41 last" in bench.said[0][3]
    bench.write("GICC_EOIR", 41)
    assert len(bench.said) == 1


def test_a_core_does_not_end_what_another_has_acknowledged(bench):
    bench.line(40, True)
    bench.read("GICC_IAR", 0)
    bench.line(40, False)
    bench.write("GICC_EOIR", 40, 1)
    assert bench.kinds == [("misuse", 40)]
    assert "core 1" in bench.said[0][3]


def test_restored_active_priorities_are_nobodys_misuse(bench):
    bench.write("GICC_APR0", 1 << 4)
    bench.write("GICC_EOIR", 40)
    assert bench.said == []


def test_the_wrong_end_register(bench):
    bench.line(40, True)
    bench.read("GICC_IAR")
    bench.line(40, False)
    bench.write("GICC_DIR", 40)
    bench.write("GICC_AEOIR", 40)
    assert bench.kinds == [("misuse", 40)] * 2
    bench.write("GICC_CTLR", 0x201)
    bench.write("GICC_EOIR", 40)
    bench.write("GICC_DIR", 40)
    assert len(bench.said) == 2, "priority drop and deactivation, one after the other"


@pytest.mark.parametrize("number", [30, 40])
def test_ended_while_the_line_is_high(bench, number):
    bench.line(number, True)
    bench.read("GICC_IAR")
    bench.write("GICC_EOIR", number)
    assert bench.kinds == [("retriggered", number)]
    assert bench.irq()


@pytest.mark.parametrize("number", [30, 40])
def test_a_line_that_has_risen_anew_meanwhile_is_another_event(bench, number):
    bench.line(number, True)
    bench.read("GICC_IAR")
    bench.line(number, False)
    bench.line(number, True)
    bench.write("GICC_EOIR", number)
    assert bench.said == []
    assert bench.read("GICC_IAR") == number


def test_an_edge_that_ended_while_its_line_is_high_does_not_come_again(bench):
    bench.edge(40)
    bench.line(40, True)
    bench.read("GICC_IAR")
    bench.write("GICC_EOIR", 40)
    assert bench.said == []
    assert not bench.irq()


def test_an_edge_that_comes_while_one_is_pending_is_lost(bench):
    bench.edge(40)
    for level in (True, False, True):
        bench.line(40, level)
    assert bench.kinds == [("lost", 40)]
    bench.read("GICC_IAR")
    bench.line(40, False)
    bench.line(40, True)
    assert len(bench.said) == 1, "while it is active an edge makes it pending again"


def test_a_reset_forgets_what_was_acknowledged(bench):
    bench.line(40, True)
    bench.read("GICC_IAR")
    bench.line(40, False)
    bench.gic.reset()
    bench.write("GICC_EOIR", 40)
    assert bench.kinds == [("misuse", 40)]
