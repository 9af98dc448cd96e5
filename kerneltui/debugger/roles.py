"""What accesses of a machine mean for interrupts on their way: looked up in the register tables."""

from __future__ import annotations

import msgspec

from kerneltui.hw.device import Device
from kerneltui.hw.register import Role
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.instructions import SPACES, STORES
from kerneltui.machine.machine import Machine


class AccessMeaning(msgspec.Struct, frozen=True):
    """An access that means something."""

    role: Role
    device: str
    register: str
    """the element's datasheet name"""
    is_store: bool
    decided: str = ""
    """the field whose value decides what a store means: ``ENABLE = 0``"""


class Roles:
    """Those of one machine: addresses come from where its devices lie."""

    def __init__(self, machine: Machine) -> None:
        self._known: dict[tuple[str, int], tuple[str, RegisterFile, int]] = {}
        self._of_device: dict[tuple[str, Role], str] = {}
        for device in machine.devices.values():
            for space, base, file in machine.windows(device):
                self._collect(device, space, base, file)

    def _collect(self, device: Device, space: str, base: int, file: RegisterFile) -> None:
        for slot in file.slots():
            register = slot.register
            reads = () if register.role_of_read is None else (register.role_of_read,)
            roles = (*reads, *(item.role for item in register.roles_of_write))
            for role in roles:
                self._of_device.setdefault((device.name, role), slot.name)
            if roles or register.window is not None:
                self._known[space, base + slot.offset] = device.name, file, slot.offset

    def meaning(self, kind: str, target: int, value: int) -> AccessMeaning | None:
        """What a load or a store means that has moved ``value``; to be asked while it executes."""
        known = self._known.get((SPACES[kind], target))
        if known is None:
            return None
        device, file, offset = known
        is_store = kind in STORES
        slot = file.slot_at(offset, write=is_store, value=value)
        if slot is not None and slot.register.window is not None:
            table, selector = slot.register.window
            files: dict[str, RegisterFile] = getattr(file.owner, "files")  # noqa: B009
            slot = files[table].slot_at(file.store(selector)[0])
        if slot is None:
            return None
        if not is_store:
            role = slot.register.role_of_read
            return None if role is None else AccessMeaning(role, device, slot.name, is_store=False)
        written = slot.register.role_of_write(value)
        if written is None:
            return None
        decided = f"{written.field} = {written.value}" if written.field else ""
        return AccessMeaning(written.role, device, slot.name, is_store=True, decided=decided)

    def register_for(self, device: str, *roles: Role) -> str:
        """The register of a device that has one of these roles; empty where none has."""
        found = (self._of_device.get((device, role), "") for role in roles)
        return next((name for name in found if name), "")
