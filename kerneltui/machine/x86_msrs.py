"""Model-specific registers: which there are, what may be written to them, and what one means.

Document: Intel SDM, volume 2B, RDMSR and WRMSR (their faults), and volume 3A, 10.4.3 and 10.4.4.
"""

from __future__ import annotations

from kerneltui.devices.x86.local_apic_registers import APIC_BASE, DEFAULT_BASE, GLOBAL_ENABLE
from kerneltui.hw.bus import AddressSpace, BusFault, Target
from kerneltui.hw.register import MSRS, Access
from kerneltui.hw.register_file import RegisterFile

_WRITABLE = tuple(kind for kind in Access if kind is not Access.RES0)
"""Bits of other fields, and of none, are reserved."""


def resolve(space: AddressSpace, address: int, value: int = 0) -> tuple[Target, int]:
    """What answers to a load from a port or an MSR, or to a store of ``value``.

    Raises :class:`BusFault` where nothing is, which may be between two MSRs of one device, and
    where ``value`` sets reserved bits of an MSR.
    """
    found = space.access(address)
    if space.name == MSRS:
        file, place = found
        if isinstance(file, RegisterFile):
            slot = file.slot_at(place)
            if slot is None or value & ~slot.register.mask_of(*_WRITABLE):
                raise BusFault(space.name, address)
    return found


def hidden_features(msrs: AddressSpace, cpu: int) -> frozenset[str]:
    """What CPUID does not show although the processor has it: an APIC that is off (10.4.3)."""
    return frozenset() if has_local_apic(msrs, cpu) else frozenset(("apic",))


def without_local_apic(memory: AddressSpace) -> AddressSpace:
    """The memory as a core reaches it whose local APIC is off: without its page (10.4.3)."""
    return memory.without(DEFAULT_BASE)


def has_local_apic(msrs: AddressSpace, cpu: int) -> bool:
    """Nothing switches it off but IA32_APIC_BASE."""
    if msrs.window_at(APIC_BASE) is None:
        return True
    return msrs.peek(APIC_BASE, 8, cpu) & GLOBAL_ENABLE != 0
