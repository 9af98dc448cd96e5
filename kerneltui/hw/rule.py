"""Rules: the conditions on an interrupt's way from its source to a core.

Each station of the way (a source, a controller, a core) has a table of rules.  It decides delivery
by them, and whoever asks why an interrupt did not arrive is shown the same rules as gates: there is
no second copy.  A rule says where software finds what decides it, so that it can be pointed at,
mended by a store, and looked up in "who wrote this last".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

import msgspec

from kerneltui.hw.manual import OR, cited
from kerneltui.hw.register import Key, Register, RegisterBits, Slot
from kerneltui.hw.register_file import RegisterFile


class Opens(StrEnum):
    """What opens a shut gate."""

    STORE = "store"
    """software: a store to a register"""
    EVENT = "event"
    """what comes before it on the way (a line that rises), or time"""
    END = "end"
    """the end of a handler that is in progress"""


class Spot(msgspec.Struct, frozen=True):
    """RegisterBits of a register, as one core sees it.

    ``window`` is the table's name among the device's files, ``""`` for a core's own registers.
    """

    window: str
    key: Key
    mask: int
    cpu: int


class Gate(msgspec.Struct, frozen=True):
    """One condition, as it stands for one interrupt.

    ``name`` is short ("enabled"), ``says`` is what it means that it is shut, as a clause ("the
    timer is switched off").  ``register`` and ``field`` name what decides, ``value`` is what it
    holds and ``needs`` what would open the gate, in words; ``ref`` cites document and section.
    ``opens`` says what opens it, ``ends_by`` the register that a handler writes for that at its
    end and ``ends_with`` what it writes there now, where that is known, ``wants`` what the bits at
    ``spot`` have to hold, where one store can mend it, and ``due_ns`` when it opens by itself
    (virtual time, ns), where that is known.  ``is_undecided`` is one that chooses among several and
    has not chosen this one: open, as nothing would be preferred to it, if it came so far.
    """

    name: str
    open: bool
    register: str
    field: str
    value: int
    needs: str
    ref: str
    opens: Opens = Opens.STORE
    ends_by: str = ""
    ends_with: int | None = None
    spot: Spot | None = None
    wants: int | None = None
    due_ns: int | None = None
    says: str = ""
    is_undecided: bool = False

    @property
    def holds(self) -> bool:
        """Whether it has let something pass: see ``is_undecided``."""
        return self.open and not self.is_undecided

    @property
    def bits(self) -> str:
        """What decides, by name: ``GICC_PMR.Priority``."""
        return f"{self.register}.{self.field}" if self.field else self.register

    @property
    def held(self) -> str:
        """The value as people read it: hexadecimal from 10 on."""
        return str(self.value) if self.value < 10 else f"{self.value:#x}"


def first_shut(gates: Iterable[Gate]) -> Gate | None:
    """The first gate that stops the interrupt, or None when it gets through."""
    return next((gate for gate in gates if not gate.open), None)


def decisive(gates: Iterable[Gate]) -> Gate | None:
    """What to look at: the first gate that software has to open, or else the first that is shut."""
    shut = [gate for gate in gates if not gate.open]
    return next((gate for gate in shut if gate.opens is Opens.STORE), first_shut(shut))


class Place(msgspec.Struct, frozen=True):
    """Where the bits that decide stand, for an interrupt with a number.

    ``register`` is a stem.  Either ``field`` names the bits; or each interrupt has ``each`` bits of
    an array of bitmaps that begins in this register.  With ``by_element`` it is the number that
    chooses an element of the register's array.  ``of`` is the number instead, where it is another
    interrupt that decides.
    """

    register: str
    field: str = ""
    each: int = 0
    by_element: bool = False
    of: int | None = None

    def find(self, file: RegisterFile, number: int) -> RegisterBits:
        """Where that is in the registers of a device."""
        known = file.known_bits.get((self, number))
        if known is None:
            slot, mask, field = self._find(file, number)
            known = RegisterBits(
                slot.key, max(slot.register.width // 8, 1), mask, (mask & -mask).bit_length() - 1,
                slot.name, field,
            )  # fmt: skip
            file.known_bits[self, number] = known
        return known

    def _find(self, file: RegisterFile, number: int) -> tuple[Slot, int, str]:
        """The register's slot, the mask of the bits in it, and what the bits are called."""
        register = file.table[self.register]
        number = number if self.of is None else self.of
        width = register.width
        unit = width // 8 if file.table.byte_addressed else 1
        offset, lsb = register.offset, 0
        if self.each:
            per = width // self.each
            offset, lsb = (
                offset + number // per * (register.stride or unit),
                number % per * self.each,
            )
        elif self.by_element:
            offset += number * (register.stride or unit)
        slot = file.slot_for((offset, register.overlay) if register.overlay else offset)
        if not self.each:
            field = slot.register[self.field]
            return slot, field.mask, field.name
        mask = (1 << self.each) - 1 << lsb
        field = next(item for item in slot.register.fields if item.mask >> lsb & 1)
        return slot, mask, field.name if field.mask == mask else f"{field.name}[{lsb - field.lsb}]"


Test = Callable[..., Any]
Locate = Callable[[Any, int, int], Place]


class Rule(msgspec.Struct, frozen=True):
    """One condition, and where software finds what decides it.

    ``test(owner, cpu, number)`` says whether an interrupt passes; with ``bitmap``,
    ``test(owner, cpu)`` gives a bit for each number.  Without a test the rule is that the bits hold
    ``wants``.  ``place`` may depend on owner, core and number, as ``wants`` may.
    """

    name: str
    place: Place | Locate
    needs: str
    """in words; ``{}`` fields are filled with the owner's words for the interrupt"""
    ref: str
    """document and section; of a device on several chips, those of each (:mod:`hw.manual`)"""
    test: Test | None = None
    wants: int | Callable[[Any, int, int], int | None] | None = None
    opens: Opens = Opens.STORE
    ends_by: str = ""
    bitmap: bool = False
    says: str = ""
    """what it means that the gate is shut, as a clause: "the timer is switched off" """
    chooses: bool = False
    """of several that ask it is the one that is chosen: see :attr:`Gate.is_undecided`"""

    def at(self, owner: Any, cpu: int, number: int) -> Place:
        """Where it stands for one interrupt."""
        return self.place if isinstance(self.place, Place) else self.place(owner, cpu, number)

    def gate(
        self,
        owner: Any,
        file: RegisterFile,
        number: int,
        cpu: int,
        *,
        due_ns: int | None = None,
        bit: int | None = None,
        ends_with: int | None = None,
        chosen: bool = True,
        **words: object,
    ) -> Gate:
        """How the rule stands for one interrupt, told by the register: what software sees.

        ``bit`` is its place in the bitmaps, where that is not its number; ``ends_with`` is what
        ends the interrupt that runs, where the handlers' end opens it; ``chosen`` says whether a
        rule that chooses has chosen it.
        """
        bits = self.at(owner, cpu, number).find(file, number)
        value = (file.peek(bits.key, bits.size, cpu) & bits.mask) >> bits.lsb
        wants = self.wants if self.wants is None or isinstance(self.wants, int) else None
        if callable(self.wants):
            wants = self.wants(owner, cpu, number)
        if self.test is None:
            is_open = value == wants
        elif self.bitmap:
            is_open = bool(self.test(owner, cpu) >> (number if bit is None else bit) & 1)
        else:
            is_open = bool(self.test(owner, cpu, number))
        return Gate(
            self.name,
            is_open,
            register=bits.register,
            field=bits.field,
            value=value,
            needs=_filled(self.needs, words),
            ref=cited(self.ref, owner.manual) if OR in self.ref else self.ref,
            opens=self.opens,
            ends_by=self.ends_by,
            ends_with=ends_with if self.ends_by else None,
            spot=Spot(file.table.name, bits.key, bits.mask, cpu),
            wants=wants,
            due_ns=due_ns,
            says=_filled(self.says, words),
            is_undecided=self.chooses and is_open and not chosen,
        )


def _filled(text: str, words: dict[str, object]) -> str:
    return text.format(**words) if words and "{" in text else text


def required(register: Register, rules: Iterable[Rule]) -> tuple[int, int]:
    """What rules without a test ask of one register: the bits, and what these have to hold.

    A device's ``_update()`` compares once instead of asking each rule.
    """
    bits = value = 0
    for rule in rules:
        if rule.test is None and isinstance(rule.wants, int):
            field = register[rule.at(None, 0, 0).field]
            bits |= field.mask
            value |= rule.wants << field.lsb
    return bits, value


def tests_of(rules: Iterable[Rule]) -> tuple[Test, ...]:
    """What an ``_update()`` calls."""
    return tuple(rule.test for rule in rules if rule.test is not None)
