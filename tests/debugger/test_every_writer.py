"""Every way by which a store changes bits of a register is declared, in every device of the boards.

Ears at all registers of a device; whatever a store changes, one of them has heard.
"""

from __future__ import annotations

import random

import pytest

from kerneltui.debugger.bits import Bits
from kerneltui.debugger.ear import Ear, listening_all
from kerneltui.hw.register import RW, W1C, W1S, Role
from kerneltui.hw.rule import Spot
from kerneltui.machine.board import load_board
from kerneltui.machine.machine import Machine
from kerneltui.machine.native.firmware import FirmwareOptions, board_for_image

STORES, TOGETHER, FEW = 3_000, 50, 8
"""So many stores in a row go to the same few registers: what two of them do together is met."""
BOARDS = ("rpi3", "rpi4", "x86")


def boards():
    """By name; with an image on it, a board has further devices."""
    for name in BOARDS:
        board = load_board(name)
        yield name, board
        if board.spec.image:
            yield f"{name} for an image", board_for_image(board, FirmwareOptions())


ALL = dict(boards())
DEVICES = [
    (name, device)
    for name, board in ALL.items()
    for device in board.spec.devices
    if board.for_image is None or device not in load_board(board.name).spec.devices
]


class Idle:
    """A kernel that does nothing."""

    def __init__(self, cpu):
        self.cpu = cpu

    def boot(self):
        pass

    def idle(self):
        while True:
            self.cpu.wait_for_interrupt()


def ends(register):
    """What an acknowledge has begun, the end of it changes: that is no setting of the kernel's."""
    return any(item.role is Role.END for item in register.roles_of_write)


def ears_of(machine, device):
    """One at each core's copy of what stores can reach of each register."""
    for window, file in device.files.items():
        for slot in file.slots():
            register = slot.register
            mask = register.mask_of(RW, W1S, W1C)
            if mask and not register.volatile and register.window is None:
                for cpu in range(file.cpus if register.banked else 1):
                    spot = Spot(window, slot.key, mask, cpu)
                    yield Ear(Bits(machine, device.name, spot))


def some_value(chance, register):
    """Each field has one of its own, so that modes are met."""
    value = 0
    for field in register.fields:
        most = (1 << field.width) - 1
        value |= chance.choice([0, 0, 1, most, chance.randint(0, most)]) << field.lsb
    return value


@pytest.mark.parametrize(("board", "name"), DEVICES)
def test_what_a_store_changes_is_heard(board, name):
    machine = Machine(ALL[board], Idle)
    device = machine.devices[name]
    ears = [*ears_of(machine, device)]
    chance = random.Random(f"{board} {name}")
    places = [
        (file, slot)
        for file in device.files.values()
        for slot in file.slots()
        if slot.register.window is None
    ]
    changes = 0
    with listening_all(machine, ears):
        before = [ear.target.shown() for ear in ears]
        for count in range(STORES):
            if count % TOGETHER == 0:
                some = chance.sample(places, min(FEW, len(places)))
            file, slot = chance.choice(some)
            value, cpu = some_value(chance, slot.register), chance.randrange(file.cpus)
            slot = file.slot_at(slot.offset, write=True, value=value) or slot
            file.write(slot.key, value, max(slot.register.width // 8, 1), cpu)
            for number, ear in enumerate(ears):
                now = ear.target.shown()
                if now != before[number]:
                    changes += 1
                    if not ends(slot.register):
                        told = f"{slot.name} = {value:#x} by core {cpu}: {ear.target.slot.name}"
                        assert ear.hit is not None, told
                        assert ear.hit.write.register == slot.name, told
                before[number] = now
                ear.hit = None
    assert changes or not ears
    machine.close()
