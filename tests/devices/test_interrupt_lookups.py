"""What controllers answer at once about one interrupt is what their lists and passages say."""

from __future__ import annotations

import pytest

from kerneltui.debugger.session import Session
from kerneltui.machine.board import load_board
from kerneltui.machine.native.firmware import FirmwareOptions, board_for_image
from kerneltui.scenarios.reading import load_scenario
from kerneltui.scenarios.scenario import make_session, open_session


def open_on_a_board_for_an_image(name):
    board = board_for_image(load_board(name), FirmwareOptions())
    return make_session(board, load_scenario("two-cores"))


@pytest.fixture(params=["rpi3", "rpi4", "x86", "rpi4 for an image"])
def booted(request):
    name, _, image = request.param.partition(" ")
    session: Session = (
        open_on_a_board_for_an_image(name) if image else open_session(name, "two-cores")
    )
    session.boot()
    session.run_until(50_000_000)
    yield session
    session.close()


def test_one_of_the_list(booted):
    for controller in booted.machine.controllers.values():
        for cpu in range(len(booted.machine.cores)):
            listed = {state.number: state for state in controller.interrupts(cpu)}
            assert listed
            for number in range(-2, max(listed) + 3):
                assert controller.interrupt(number, cpu) == listed.get(number)


def test_notable_ones(booted):
    for controller in booted.machine.controllers.values():
        listed = controller.interrupts(0)
        named = {listed[-1].number}
        notable = controller.notable(0, named)
        assert [state for state in listed if state in notable] == notable
        for state in listed:
            has_state = state.line or state.enabled or state.pending or state.active
            assert not has_state or state in notable
        assert listed[-1] in notable


def test_pins_by_name(booted):
    for controller in booted.machine.controllers.values():
        pins = {state.pin: state.number for state in controller.interrupts(0) if state.pin}
        for pin, number in pins.items():
            expected = pin if pin == "gpu-fiq" else number
            assert controller.entrance(pin, 0) == expected
        for unknown in ("nonsense", "gsi 99", "irq 2", "irq 16", "gpu 64", "spi x", "gsi -1"):
            assert controller.entrance(unknown, 0) is None


def test_where_one_goes_on_as_a_message(booted):
    for controller in booted.machine.controllers.values():
        for state in controller.interrupts(0):
            if not state.is_message:
                ways = controller.passages(state.number, 0)
                messages = {passage.message for passage in ways if passage.message}
                assert messages == {controller.onward(state.number)} - {None}
