"""What goes wrong with interrupts on a PC, and the hardware tells nobody, is remarked."""

import pytest
from apic_bench import DEADLINE, LEVEL, MASKED, OTHERS, SELF, STARTUP, Bench
from test_i8259 import EOI, MASTER, SLAVE, SPECIFIC_EOI, Pic
from test_io_apic import Pair


def listen(device, remarks):
    device.on_remark = lambda name, kind, number, text: remarks.append((kind, number))


@pytest.fixture
def pair():
    made = Pair()
    made.remarks = []
    listen(made.apic, made.remarks)
    listen(made.local.apic, made.remarks)
    return made


@pytest.fixture
def bench():
    made = Bench(cpus=2)
    made.remarks = []
    listen(made.apic, made.remarks)
    return made


@pytest.fixture
def pic():
    made = Pic()
    made.remarks = []
    listen(made.pair, made.remarks)
    return made


def test_an_edge_at_a_masked_entry_is_lost_but_a_level_is_not(pair):
    pair.route(9, MASKED | LEVEL | 0x59)
    pair.pin(9, True)
    pair.pin(9, False)
    assert pair.remarks == []
    pair.route(9, MASKED | 0x59)
    pair.pin(9, True)
    assert pair.remarks == [("lost", 9)]


def test_an_edge_that_comes_before_the_one_before_it_is_taken_is_lost(pair):
    pair.route(9, 0x59)
    for level in (True, False, True, False):
        pair.pin(9, level)
    assert pair.remarks == [("lost", 0x59)]
    pair.local.take()
    pair.pin(9, True)
    assert pair.remarks == [("lost", 0x59)], "one in service and one requested are two"


@pytest.mark.parametrize("trigger", [0, LEVEL])
def test_a_message_that_no_local_apic_accepts_is_dropped(pair, trigger):
    pair.route(9, trigger | 0x59, destination=5)
    pair.pin(9, True)
    assert pair.remarks == [("dropped", 9)]


def test_a_level_that_is_up_at_its_end_comes_again(pair):
    pair.route(9, LEVEL | 0x59)
    pair.pin(9, True)
    pair.local.take()
    pair.local.end_of_interrupt()
    assert pair.remarks == [("retriggered", 9)]
    pair.local.take()
    pair.pin(9, False)
    pair.local.end_of_interrupt()
    assert pair.remarks == [("retriggered", 9)]


def test_a_level_at_lint0_that_is_up_at_its_end_comes_again(bench):
    bench.write("LVT_LINT0", LEVEL | 0x51)
    bench.pin("lint0", True)
    bench.take()
    bench.end_of_interrupt()
    assert bench.remarks == [("retriggered", 0x51)]


def test_a_command_that_nobody_accepts_is_dropped(bench):
    bench.send(0x40, destination=7)
    assert bench.remarks == [("dropped", 0x40)]
    bench.send(SELF | 0x41)
    bench.send(OTHERS | 0x41)
    assert bench.remarks == [("dropped", 0x40)]


def test_a_second_start_up_message_is_nothing_to_remark(bench):
    for _ in range(2):
        bench.send(STARTUP << 8 | 0x10, destination=1)
    assert bench.remarks == []


def test_a_command_to_all_others_of_a_single_core_is_meant_for_nobody():
    bench, remarks = Bench(), []
    listen(bench.apic, remarks)
    bench.send(OTHERS | 0x41)
    assert remarks == []


def test_the_spurious_vector(bench):
    bench.message(0x45)
    bench.write("TPR", 0x50)
    assert bench.take() == 0xFF
    assert bench.remarks == [("spurious", 0xFF)]


def test_an_end_of_interrupt_with_nothing_in_service(bench):
    bench.end_of_interrupt()
    assert bench.remarks == [("misuse", 0xFF)]
    bench.message(0x45)
    bench.take()
    bench.end_of_interrupt()
    assert bench.remarks == [("misuse", 0xFF)]


def test_a_deadline_that_passes_while_masked_is_lost(bench):
    bench.write("LVT_TIMER", DEADLINE | MASKED | 0x40)
    bench.write("IA32_TSC_DEADLINE", 100)
    bench.at(1000)
    assert bench.remarks == [("lost", 0x40)]


def test_an_edge_at_a_masked_pin_is_lost(bench):
    bench.write("LVT_LINT1", MASKED | 0x52)
    bench.pin("lint1", True)
    assert bench.remarks == [("lost", 0x52)]


@pytest.mark.parametrize(("number", "default"), [(3, 7), (11, 15)])
def test_a_request_that_is_withdrawn_is_spurious(pic, number, default):
    pic.line(number)
    pic.line(number, False)
    pic.ack()
    assert pic.remarks == [("spurious", default)]


def test_an_end_at_the_8259_with_nothing_in_service(pic):
    pic.out(SLAVE, EOI)
    pic.out(MASTER, SPECIFIC_EOI | 3)
    assert pic.remarks == [("misuse", 8), ("misuse", 3)]


def test_a_specific_end_of_another_than_the_running_one(pic):
    pic.line(5)
    pic.ack()
    pic.line(1)
    pic.ack()
    pic.out(MASTER, SPECIFIC_EOI | 5)
    assert pic.remarks == [("misuse", 5)]
    pic.out(MASTER, SPECIFIC_EOI | 1)
    assert pic.remarks == [("misuse", 5)]


def test_an_8259_level_that_is_up_at_its_end_comes_again(pic):
    pic.out(0x4D1, 0x08)
    pic.line(11)
    pic.ack()
    pic.out(SLAVE, EOI)
    pic.out(MASTER, EOI)
    assert pic.remarks == [("retriggered", 11)]
