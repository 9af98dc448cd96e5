"""Loops that only count: how often they turn is arithmetic, so the turns need not be executed.

Recognised is straight code that ends with a branch back to its start, and may leave by other
branches.  Each register and each variable in memory is, at the start of a turn, what it was one
turn before plus a constant; or it stays; or it is written before it is read.  Supported are ADD,
SUB, CMP and CMN, MOV, LDR and STR of words and doublewords, hints and barriers, B.cond, CBZ, CBNZ
and B (Arm DDI 0487, C4.1).  All other loops are executed.

The leap leaves at least one whole turn to the engine: that makes the flags, and all that a turn
writes before it reads, as they must be.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

from kerneltui.machine.native import exceptions as ex
from kerneltui.machine.native.core_state import PAGE, NativeCoreState
from kerneltui.machine.native.mapping import physical
from kerneltui.machine.native.opcodes import SP, WORD, touched

LONGEST = 16
"""Instructions of a loop."""
FOREVER = 1 << 64
XZR = 31
SP_KEY = 32
Place = int | tuple[int, int]
"""A register by its number, SP as 32; or a physical address and a size in bytes."""


class NotCounted(Exception):  # noqa: N818 - not an error
    """The loop does something else too."""


class Value(NamedTuple):
    """What ``place`` held at the start of the turn, plus a constant, modulo 2 to the ``bits``."""

    place: Place | None
    plus: int
    bits: int = 64

    def narrowed(self, bits: int) -> Value:
        """Its low bits."""
        bits = min(bits, self.bits)
        return Value(self.place, self.plus & (1 << bits) - 1, bits)

    def added(self, other: int, bits: int) -> Value:
        """With a constant on top, in an addition of so many bits."""
        value = self.narrowed(bits)
        if value.place is not None and value.bits < bits:
            raise NotCounted
        return Value(value.place, value.plus + other & (1 << bits) - 1, bits)


class Comparison(NamedTuple):
    """What must hold for the loop to go on: a comparison of ``bits`` bits."""

    name: int
    """as in B.cond"""
    left: Value
    right: Value
    bits: int
    is_sum: bool = False
    """of CMN: of the right side the negative is compared, so only EQ, NE, MI and PL are known"""


EQ, NE, HS, LO, MI, PL, HI, LS, GE, LT, GT, LE = 0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13
_ORDERS = {
    HS: (">=", False), LO: ("<", False), HI: (">", False), LS: ("<=", False),
    GE: (">=", True), LT: ("<", True), GT: (">", True), LE: ("<=", True),
}  # fmt: skip
_SWAPPED = {">=": "<=", "<=": ">=", "<": ">", ">": "<"}


def bounds(core: NativeCoreState, pc: int) -> tuple[int, list[int]] | None:
    """The loop around an address: where it starts, and its instructions."""
    ahead = core.fetch(pc, WORD * LONGEST)
    for at in range(0, len(ahead), WORD):
        word = int.from_bytes(ahead[at : at + WORD], "little")
        target = _branch_target(word, pc + at)
        if target is not None and target <= pc:
            if pc + at - target >= WORD * LONGEST or target // PAGE != (pc + at) // PAGE:
                return None
            code = core.fetch(target, pc + at + WORD - target)
            return target, [
                int.from_bytes(code[n : n + WORD], "little") for n in range(0, len(code), WORD)
            ]
    return None


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def _branch_target(word: int, at: int) -> int | None:
    if word & 0xFC000000 == 0x14000000:
        return at + WORD * _signed(word, 26)
    if word & 0xFF000010 == 0x54000000 or word & 0x7E000000 == 0x34000000:
        return at + WORD * _signed(word >> 5, 19)
    return None


class CountedLoop:
    """A loop that begins at ``start``, where the core is now.  Raises :class:`NotCounted`."""

    def __init__(self, core: NativeCoreState, start: int, words: list[int]) -> None:
        self._core = core
        self.length = len(words)
        self._now: dict[Place, int] = {}
        """of each place, what it holds at the start of this turn"""
        self._values: dict[Place, Value] = {}
        """what has been written in the turn"""
        self._used: set[Place] = set()
        """places that were read before they were written"""
        self._flags: Comparison | None = None
        self._conditions: list[Comparison] = []
        self._bases: set[int] = set()
        self.start, self._end = start, start + WORD * self.length
        for number, word in enumerate(words):
            self._execute(word, start + number * WORD)
        self._steps = self._find_steps()

    # -- a turn -----------------------------------------------------------------------------------

    def _held(self, place: Place) -> int:
        if place not in self._now:
            engine = self._core.engine
            if isinstance(place, tuple):
                self._now[place] = int.from_bytes(self._core.physical_bytes(*place), "little")
            else:
                self._now[place] = engine.sp if place == SP_KEY else engine.x(place)
        return self._now[place]

    def _get(self, place: Place, bits: int) -> Value:
        if place not in self._values:
            self._used.add(place)
            width = 8 * place[1] if isinstance(place, tuple) else 64
            return Value(place, 0, width).narrowed(bits)
        return self._values[place].narrowed(bits)

    def _register(self, number: int, bits: int) -> Value:
        return Value(None, 0, bits) if number == XZR else self._get(number, bits)

    def _put(self, number: int, value: Value) -> None:
        if number != XZR:
            self._values[number] = value

    def _execute(self, word: int, at: int) -> None:
        target = _branch_target(word, at)
        if target is not None:
            is_last = at + WORD == self._end
            self._branch(word, goes_on=is_last, stays=self.start <= target < self._end)
        elif word & 0x1F800000 == 0x11000000:
            self._add_immediate(word)
        elif word & 0x1F20FC00 == 0x0B000000:
            self._add_register(word)
        elif word & 0x7FE0FFE0 == 0x2A0003E0:
            self._put(word & 31, self._register(word >> 16 & 31, 32 << (word >> 31)))
        elif word & 0x1F800000 == 0x12800000 and word >> 29 & 3 in {0, 2}:
            bits = 32 << (word >> 31)
            value = (word >> 5 & 0xFFFF) << 16 * (word >> 21 & 3)
            value = value if word >> 30 & 1 else ~value
            self._put(word & 31, Value(None, value & (1 << bits) - 1, bits))
        elif word & 0xBF000000 == 0xB9000000 or word & 0xBFA00C00 == 0xB8000000:
            self._access(word)
        elif word & 0xFFFFF01F not in {0xD503201F, 0xD503301F}:
            raise NotCounted

    def _branch(self, word: int, *, goes_on: bool, stays: bool) -> None:
        if word & 0xFC000000 == 0x14000000:
            if not goes_on:
                raise NotCounted
            return
        if stays and not goes_on:
            raise NotCounted
        if word & 0x7E000000 == 0x34000000:
            bits = 32 << (word >> 31)
            name = word >> 24 & 1
            condition = Comparison(name, self._register(word & 31, bits), Value(None, 0), bits)
        elif self._flags is None:
            raise NotCounted
        else:
            condition = self._flags._replace(name=word & 15)
        # The names of a condition and of its opposite differ in the lowest bit (C1.2.4).
        name = condition.name if goes_on else condition.name ^ 1
        self._conditions.append(condition._replace(name=name))

    def _add_immediate(self, word: int) -> None:
        bits, is_sub = 32 << (word >> 31), word >> 30 & 1
        value = (word >> 10 & 0xFFF) << 12 * (word >> 22 & 1)
        source, target = word >> 5 & 31, word & 31
        left = self._get(SP_KEY if source == SP else source, bits)
        result = left.added(-value if is_sub else value, bits)
        if word >> 29 & 1:
            self._flags = Comparison(NE, left, Value(None, value), bits, not is_sub)
            self._put(target, result)
        else:
            self._values[SP_KEY if target == SP else target] = result

    def _add_register(self, word: int) -> None:
        bits, is_sub = 32 << (word >> 31), word >> 30 & 1
        left = self._register(word >> 5 & 31, bits)
        right = self._register(word >> 16 & 31, bits)
        if word >> 29 & 1:
            self._flags = Comparison(NE, left, right, bits, not is_sub)
        if word & 31 != XZR or not word >> 29 & 1:
            if right.place is not None:
                raise NotCounted
            self._put(word & 31, left.added(-right.plus if is_sub else right.plus, bits))

    def _access(self, word: int) -> None:
        where = touched(word)
        assert where is not None
        base = SP_KEY if where.base == SP else where.base
        if base in self._values:
            raise NotCounted
        self._bases.add(base)
        address = self._held(base) + where.offset
        core = self._core
        at = physical(core, address, ex.level_of(core.engine.pstate))
        if at is None or len(core.physical_bytes(at, where.size)) < where.size:
            raise NotCounted
        place = at, where.size
        for other in (*self._used, *self._values):
            is_beside = (
                not isinstance(other, tuple)
                or other == place
                or not other[0] - where.size < at < other[0] + other[1]
            )
            if not is_beside:
                raise NotCounted
        bits = 8 * where.size
        if word >> 22 & 1:
            self._put(word & 31, self._get(place, bits))
        else:
            value = self._register(word & 31, bits)
            if value.place is not None and value.bits < bits:
                raise NotCounted
            self._values[place] = value

    # -- many turns -------------------------------------------------------------------------------

    def _find_steps(self) -> dict[Place, tuple[int, int]]:
        """By how much each place grows in a turn, and its bits, where that matters."""
        steps = {}
        for place in self._used:
            value = self._values.get(place, Value(place, 0))
            if value.place != place or (self._held(place) >> value.bits):
                raise NotCounted
            steps[place] = value.plus, value.bits
        if any(steps.get(base, (0, 0))[0] for base in self._bases) or self._bases & set(
            self._values
        ):
            raise NotCounted
        return steps

    def turns(self) -> int:
        """How often the branch back is taken from now on, at least; :data:`FOREVER` at most."""
        return min((self._holds_for(item) for item in self._conditions), default=FOREVER)

    def _moving(self, value: Value, bits: int) -> tuple[int, int]:
        """What it is in this turn, and its step."""
        if value.place is None:
            return value.plus & (1 << bits) - 1, 0
        step, width = self._steps[value.place]
        if step and min(value.bits, width) < bits:
            raise NotCounted
        now = self._held(value.place) + value.plus & (1 << value.bits) - 1
        return now & (1 << bits) - 1, step & (1 << bits) - 1

    def _holds_for(self, condition: Comparison) -> int:
        bits = condition.bits
        (left, left_step), (right, right_step) = (
            self._moving(side, bits) for side in (condition.left, condition.right)
        )
        if condition.is_sum:
            right, right_step = -right, -right_step
        if condition.name in {EQ, NE, MI, PL}:
            first, step = (left - right) & (1 << bits) - 1, (left_step - right_step)
            if condition.name in {MI, PL}:
                order = "<" if condition.name == MI else ">="
                return _ordered(_signed(first, bits), _signed(step, bits), order, 0, bits, True)
            if condition.name == NE:
                return _first_zero(first, step, bits)
            return (1 if step % (1 << bits) else FOREVER) if not first else 0
        if condition.is_sum or condition.name not in _ORDERS or (left_step and right_step):
            raise NotCounted
        order, is_signed = _ORDERS[condition.name]
        if right_step:
            left, left_step, right, order = right, right_step, left, _SWAPPED[order]
        if is_signed:
            left, right = _signed(left, bits), _signed(right, bits)
        return _ordered(left, _signed(left_step, bits), order, right, bits, is_signed)

    def leap(self, turns: int) -> None:
        """So many turns have been."""
        core = self._core
        for place, (step, bits) in self._steps.items():
            if not step:
                continue
            value = self._held(place) + turns * step & (1 << bits) - 1
            if isinstance(place, tuple):
                at, size = place
                for ram in core.rams:
                    if ram.base <= at < ram.base + ram.size:
                        ram.write(at - ram.base, value, size)
            elif place == SP_KEY:
                core.engine.sp = value
            else:
                core.engine.set_x(place, value)


def _first_zero(first: int, step: int, bits: int) -> int:
    """The first turn in which first + turn * step is 0."""
    modulus = 1 << bits
    step %= modulus
    common = gcd(step, modulus)
    if first % common:
        return FOREVER
    if common == modulus:
        return 0 if not first else FOREVER
    rest = modulus // common
    return -(first // common) * pow(step // common, -1, rest) % rest


def _ordered(first: int, step: int, order: str, limit: int, bits: int, is_signed: bool) -> int:
    """For how many turns first + turn * step compares so, and does not wrap."""
    low = -(1 << bits - 1) if is_signed else 0
    if step < 0 or (not step and order[0] == ">"):
        # Mirrored, it grows.
        first, step, limit, order = -first, -step, -limit, _SWAPPED[order]
        low = -(low + (1 << bits) - 1)
    high = low + (1 << bits) - 1
    holds = {"<": first < limit, "<=": first <= limit, ">": first > limit, ">=": first >= limit}
    if not holds[order]:
        return 0
    if not step:
        return FOREVER
    unwrapped = (high - first) // step + 1
    if order[0] == ">":
        return unwrapped
    last = limit - 1 if order == "<" else limit
    return min((last - first) // step + 1, unwrapped)
