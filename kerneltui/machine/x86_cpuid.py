"""What CPUID tells: a processor's features, by the names that people use for them.

Document: Intel SDM, volume 2A, CPUID, tables 3-8 and 3-17; names as Linux and QEMU have them.
"""

from __future__ import annotations

import msgspec


class Feature(msgspec.Struct, frozen=True):
    """A feature bit: leaf, register (0 is EAX, 3 is EDX) and bit; and what it promises."""

    leaf: int
    register: int
    bit: int
    promise: str


FEATURES = {
    "apic": Feature(0x1, 3, 9, "a local APIC"),
    "tsc-deadline": Feature(0x1, 2, 24, "a TSC-deadline mode of the local APIC's timer"),
    "arat": Feature(0x6, 0, 2, "a local APIC timer that runs on in deep idle"),
    "invtsc": Feature(0x8000_0007, 3, 8, "a time-stamp counter that runs on in deep idle"),
}

VENDOR = b"KernelTuiCPU"
HIGHEST_BASIC, HIGHEST_EXTENDED = 0x7, 0x8000_0008
SIGNATURE = 0x0006_0FB1
"""Family 6, model 15, stepping 1."""
ALWAYS_EDX = 1 << 4 | 1 << 5 | 1 << 3
"""TSC, MSR and PSE of leaf 1: every x86-64 processor has them."""
LONG_MODE = 1 << 29
ADDRESS_SIZES = 48 << 8 | 36

Leaf = tuple[int, int, int, int]
"""EAX, EBX, ECX, EDX."""


def leaf(number: int, features: frozenset[str], apic_id: int, cores: int) -> Leaf:
    """What CPUID answers; a leaf that is beyond the highest, or not modelled, is all zeros."""
    registers = [0, 0, 0, 0]
    if number == 0x0:
        registers = [HIGHEST_BASIC, *(_word(VENDOR, n) for n in (0, 8, 4))]
    elif number == 0x1:
        several = (cores > 1) << 28
        registers = [SIGNATURE, apic_id << 24 | cores << 16, 0, ALWAYS_EDX | several]
    elif number == 0x8000_0000:
        registers[0] = HIGHEST_EXTENDED
    elif number == 0x8000_0001:
        registers[3] = LONG_MODE
    elif number == 0x8000_0008:
        registers[0] = ADDRESS_SIZES
    for name, feature in FEATURES.items():
        if name in features and feature.leaf == number:
            registers[feature.register] |= 1 << feature.bit
    return registers[0], registers[1], registers[2], registers[3]


def _word(text: bytes, start: int) -> int:
    return int.from_bytes(text[start : start + 4], "little")
