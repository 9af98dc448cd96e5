"""The instructions that concern interrupts, other cores or time, recognised by their words.

Document: Arm Architecture Reference Manual for A-profile, DDI 0487, chapters C4 and C6.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

WORD = 4
NOP, YIELD, ISB, DSB_SY = 0xD503201F, 0xD503203F, 0xD5033FDF, 0xD5033F9F
_HARMLESS = frozenset((NOP, YIELD, ISB, DSB_SY))
_CONDITIONAL = frozenset((0x54, 0x35, 0xB5))
"""The first bytes of B.cond and CBNZ."""
LONGEST_IDLE = 4
"""Instructions of a loop that is recognised by its code alone."""


class Special(StrEnum):
    """What is executed by hand, as the engine does not tell of it."""

    ERET = "eret"
    WFI = "wfi"
    WFE = "wfe"
    SEV = "sev"
    SEVL = "sevl"
    MASK = "daifset"
    UNMASK = "daifclr"
    SET_MASKS = "msr daif"
    IDLE = "b"
    """to itself, or around instructions that do nothing"""
    COUNT = "counting loop"
    """a branch that closes a loop which only counts a register down: see :class:`Countdown`"""


_EXACT = {
    0xD69F03E0: Special.ERET,
    0xD503207F: Special.WFI,
    0xD503205F: Special.WFE,
    0xD503209F: Special.SEV,
    0xD50320BF: Special.SEVL,
}


class Decoded(NamedTuple):
    """A special instruction."""

    kind: Special
    operand: int = 0
    """of DAIFSet and DAIFClr the four bits, of MSR DAIF the register's number"""


def decode(word: int) -> Decoded | None:
    """The special instruction of a word; None of all others.  Idle loops are not seen here."""
    kind = _EXACT.get(word)
    if kind is not None:
        return Decoded(kind)
    if word & 0xFFFFF0FF == 0xD50340DF:
        return Decoded(Special.MASK, word >> 8 & 15)
    if word & 0xFFFFF0FF == 0xD50340FF:
        return Decoded(Special.UNMASK, word >> 8 & 15)
    if word & 0xFFFFFFE0 == 0xD51B4220:
        return Decoded(Special.SET_MASKS, word & 31)
    return None


def closes_idle_loop(words: list[int]) -> bool:
    """Whether the last of some words closes a loop that does nothing.

    ``words`` are the last instructions up to a branch.
    """
    back = _branch(words[-1])
    count = 1 - back
    if back > 0 or count > min(len(words), LONGEST_IDLE):
        return False
    return all(word in _HARMLESS for word in words[-count:-1])


class Countdown(NamedTuple):
    """A loop that counts a register down to 0, and does nothing else."""

    length: int
    """instructions"""
    register: int
    step: int
    is_64bit: bool
    sets_flags: bool
    """SUBS and B.NE; otherwise SUB and CBNZ"""


def countdown(words: list[int]) -> Countdown | None:
    """The loop that the last of some words closes, where it only counts down (C6.2)."""
    branch = words[-1]
    by_flags = branch & 0xFF00001F == 0x54000001
    if not by_flags and branch & 0x7F000000 != 0x35000000:
        return None
    offset = branch >> 5 & 0x7FFFF
    length = 1 + (1 << 19) - offset if offset >> 18 else 0
    if not 2 <= length <= min(len(words), LONGEST_IDLE):
        return None
    (working, *others) = [word for word in words[-length:-1] if word not in _HARMLESS] or [0]
    # SUB(S) (immediate), not shifted, of a register from itself.
    is_sub = working & 0x5FC00000 == 0x51000000 and bool(working >> 29 & 1) is by_flags
    register, step = working & 31, working >> 10 & 0xFFF
    if others or not is_sub or register != working >> 5 & 31 or register == 31 or not step:
        return None
    is_64bit = bool(working >> 31)
    if not by_flags and (branch & 31 != register or bool(branch >> 31) is not is_64bit):
        return None
    return Countdown(length, register, step, is_64bit, by_flags)


def _branch(word: int) -> int:
    """Where B leads, in instructions; 1 of all others."""
    if word & 0xFC000000 != 0x14000000:
        return 1
    offset = word & 0x3FFFFFF
    return offset - (1 << 26) if offset >> 25 else offset


def loop_at(words: list[int]) -> Special | None:
    """The kind of loop that the last of some words closes, if it is a special one."""
    if words[-1] >> 26 == 0b000101:
        return Special.IDLE if closes_idle_loop(words) else None
    return Special.COUNT if countdown(words) is not None else None


def specials(data: bytes) -> Iterator[tuple[int, Decoded]]:
    """All special instructions in code, by their offsets."""
    words = struct.unpack(f"<{len(data) // WORD}I", data[: len(data) & -WORD])
    for number, word in enumerate(words):
        if word >> 26 == 0b000101 or word >> 24 in _CONDITIONAL:
            kind = loop_at([*words[max(number - LONGEST_IDLE + 1, 0) : number + 1]])
            if kind is not None:
                yield number * WORD, Decoded(kind)
        elif word >> 24 in {0xD5, 0xD6}:
            found = decode(word)
            if found is not None:
                yield number * WORD, found


def may_store(word: int) -> bool:
    """Whether an instruction may change memory; in doubt, it may (C4.1.94)."""
    if word >> 25 & 0b0101 != 0b0100:
        return False
    if word & 0x3B000000 == 0x18000000:
        return False  # LDR (literal)
    if word & 0x3F000000 == 0x08000000 or word & 0x3A000000 == 0x28000000:
        return not word >> 22 & 1  # exclusive and ordered; pairs
    if word & 0x3A000000 != 0x38000000 or word & 0x3B200C00 == 0x38200000:
        return True  # of several structures; atomic
    vector, opc = word >> 26 & 1, word >> 22 & 3
    return not opc & 1 if vector else opc == 0


def is_mrs(word: int) -> bool:
    """Whether an instruction reads a system register."""
    return word & 0xFFF00000 == 0xD5300000


def is_system_register_access(word: int) -> tuple[bool, int, int] | None:
    """Of MRS and MSR (register): whether it reads, the packed encoding, and the number of Xt."""
    if word & 0xFFD00000 != 0xD5100000:
        return None
    return bool(word >> 21 & 1), word >> 5 & 0x7FFF | 1 << 15, word & 31


PC, SP = -1, 31
"""Bases of addresses, beside X0 to X30."""
_EXTENDS = {2: (32, False), 3: (64, False), 6: (32, True), 7: (64, True)}


class Index(NamedTuple):
    """A register that is added to a base (C6.2, LDR (register))."""

    register: int
    bits: int
    is_signed: bool
    shift: int

    def of(self, value: int) -> int:
        """What is added, where the register holds ``value``."""
        value &= (1 << self.bits) - 1
        if self.is_signed and value >> self.bits - 1:
            value -= 1 << self.bits
        return value << self.shift


class Touched(NamedTuple):
    """Where an instruction accesses memory: ``size`` bytes, in doubt too many."""

    base: int
    offset: int
    size: int
    added: Index | None = None


def _signed(word: int, low: int, bits: int) -> int:
    value = word >> low & (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def touched(word: int) -> Touched | None:
    """Of loads and stores of general registers, where; None of all others (C4.1.94)."""
    if word >> 25 & 0b0101 != 0b0100 or word >> 26 & 1:
        return None
    base = word >> 5 & 31
    if word & 0x3B000000 == 0x18000000:
        return Touched(PC, 4 * _signed(word, 5, 19), 8)
    if word & 0x3F000000 == 0x08000000:
        return Touched(base, 0, 16)
    if word & 0x3A000000 == 0x28000000:
        size = 4 << (word >> 31)
        is_after = word >> 23 & 3 == 1
        return Touched(base, 0 if is_after else _signed(word, 15, 7) * size, 2 * size)
    return _of_one(word) if word & 0x3A000000 == 0x38000000 else None


def _of_one(word: int) -> Touched | None:
    """LDR and STR of one register, and atomic instructions."""
    base, scale, form = word >> 5 & 31, word >> 30, word >> 10 & 3
    size = 1 << scale
    if word >> 24 & 1:
        return Touched(base, (word >> 10 & 0xFFF) << scale, size)
    if not word >> 21 & 1:
        return Touched(base, 0 if form == 1 else _signed(word, 12, 9), size)
    if form != 2:
        return Touched(base, 0, 16)
    extend = _EXTENDS.get(word >> 13 & 7)
    if extend is None:
        return None
    return Touched(base, 0, size, Index(word >> 16 & 31, *extend, scale * (word >> 12 & 1)))


def spoils_period(word: int) -> bool:
    """Whether it changes more than general registers and the memory that :func:`touched` tells.

    So do MSR, DC ZVA, AT, all that concerns vectors, and a store whose place is not known.
    """
    if word & 0xFFF00000 == 0xD5100000 or word & 0xFFFFFFE0 == 0xD50B7420:
        return True
    if word & 0xFFF8FF00 == 0xD5087800:  # AT
        return True
    if word >> 25 & 0b0111 == 0b0111 or (word >> 25 & 0b0101 == 0b0100 and word >> 26 & 1):
        return True
    return may_store(word) and touched(word) is None
