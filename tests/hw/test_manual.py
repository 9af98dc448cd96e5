"""Citations: what several chips have is cited from the manual of the board's chip."""

import functools

import pytest

from kerneltui.hw.device import InterruptController
from kerneltui.hw.manual import OR, cited, place_in
from kerneltui.kernel.programs import program
from kerneltui.kernel.workload import TimeoutRequest, Workload
from kerneltui.machine.board import load_board
from kerneltui.machine.machine import Machine
from kerneltui.machine.native.firmware import FirmwareOptions, board_for_image

WORK = Workload((TimeoutRequest("prints", every_ns=1_000_000, text="tick"),))
OTHERS = {"rpi3": "BCM2711", "rpi4": "BCM2835"}
each_board = pytest.mark.parametrize("name", OTHERS)


@functools.cache
def devices(name):
    cls = program("timer-callbacks")
    board = board_for_image(load_board(name), FirmwareOptions())
    return Machine(board, lambda cpu: cls(cpu, name, WORK)).devices.values()


def gates(device):
    for output, lines in device.outputs.items():
        for cpu in range(len(lines)):
            for cause in device.causes(output, cpu):
                yield from cause.gates
    if isinstance(device, InterruptController):
        for number in range(12):
            for cpu in range(2):
                for passage in device.passages(number, cpu):
                    yield from passage.gates


@each_board
def test_no_gate_cites_the_manual_of_another_board(name):
    cited_here = {gate.ref for device in devices(name) for gate in gates(device)}
    assert len(cited_here) > 10
    assert not [ref for ref in cited_here if OTHERS[name] in ref or OR in ref]


@each_board
def test_no_register_cites_the_manual_of_another_board(name):
    places = {
        (device.name, place_in(file.table.ref, slot.register.ref, device.manual))
        for device in devices(name)
        for file in device.files.values()
        for slot in file.slots()
    }
    assert not [item for item in places if OTHERS[name] in item[1] or OR in item[1]]


def test_the_system_timer_is_cited_from_each_boards_manual():
    for name, ref in (
        ("rpi3", "BCM2835 ARM Peripherals, 12.1 C0-C3"),
        ("rpi4", "BCM2711 ARM Peripherals, 10.2 C0-C3"),
    ):
        timer = next(item for item in devices(name) if item.name == "system-timer")
        assert timer.causes("match1", 0)[0].gates[0].ref == ref


def test_a_board_without_a_manual_cites_all():
    assert cited("A, 1 | B, 2", "") == "A, 1; B, 2"
    assert cited("A, 1 | B, 2", "C") == "A, 1"
    assert place_in("A, ch. 1 | B, ch. 2", "p. 3 | 2.4", "B") == "B, ch. 2; 2.4"
    assert place_in("A, ch. 1 | B, ch. 2", "p. 3", "") == "A, ch. 1; p. 3; B, ch. 2; p. 3"
    assert place_in("A, 1", "1", "") == "A, 1"
