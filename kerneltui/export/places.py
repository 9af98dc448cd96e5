"""Which accesses may change what is told of interrupts, masks and timeouts, by register tables."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from kerneltui.hw.device import InterruptController, TimerDevice
from kerneltui.hw.register import Role
from kerneltui.machine.machine import Machine


class Look(NamedTuple):
    """What is to be looked at after an access."""

    controller: str = ""
    """an interrupt controller's name; empty for a timer"""
    searches: bool = False
    """any of its interrupts may have changed, not only those that are known"""
    is_acknowledge: bool = False
    """a load that makes an interrupt active"""
    arms: bool = False
    """a timer is told when to interrupt, or not to"""
    masks: bool = False
    """a register of the core itself, which may be its mask"""


Places = defaultdict[tuple[str, bool], dict[int, Look]]
"""By address space and whether it is a store: by address."""


def places_of(machine: Machine) -> Places:
    """Those of cores, controllers, timers; of a controller loads only where they do something."""
    found: Places = defaultdict(dict)
    own = machine.core.regs
    for slot in own.slots():
        found[own.table.space, True][slot.offset] = Look(masks=True)
    for device in machine.devices.values():
        is_controller = isinstance(device, InterruptController)
        if not is_controller and not isinstance(device, TimerDevice):
            continue
        for space, base, file in machine.windows(device):
            for slot in file.slots():
                place = base + slot.offset
                if not is_controller:
                    found[space, True].setdefault(place, Look(arms=True))
                    continue
                register = slot.register
                roles = {item.role for item in register.roles_of_write}
                searches, arms = Role.END not in roles, bool(roles & {Role.ARM, Role.DISARM})
                old = found[space, True].get(place)
                if old is not None:  # another register of the same place
                    searches, arms = searches or old.searches, arms or old.arms
                found[space, True][place] = Look(device.name, searches, arms=arms)
                if register.role_of_read is Role.ACKNOWLEDGE:
                    found[space, False][place] = Look(device.name, is_acknowledge=True)
    return found
