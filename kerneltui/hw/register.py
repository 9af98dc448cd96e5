"""Register declarations.

One frozen table per register block drives everything: reads, writes, names in the trace, the
decoded register panel and the Markdown reference.  :mod:`kerneltui.hw.register_file` serves
accesses from it.  A device declares the table, adds *hooks* where hardware does more than store
bits, and never parses an offset itself.

Hooks are methods of the owning device, bound by the register's name (index braces dropped):

``peek_NAME(index, cpu) -> int``
    the value that a read would return, without any effect; for computed registers (a counter)
``read_NAME(index, cpu) -> int``
    a read with its effect (an acknowledge, a FIFO pop); needs a ``peek_NAME`` beside it unless the
    stored value is what a read returns
``write_NAME(index, cpu, value) -> None``
    called after the access kinds have been applied to the stored value, with the bits as written;
    what a store narrower than the register does not drive is as it was in read-write bits, and zero
    in all others (the register file's ``driven`` tells which bits those are)

``index`` is the element of a register array (0 for single registers), ``cpu`` the accessing core.
Where registers behave alike, one method can be the hook of them all (:mod:`kerneltui.hw.hooks`).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import force_setattr


class Access(StrEnum):
    """What a load and a store do to one field."""

    RW = "RW"
    """reads back what was written"""
    RO = "RO"
    """stores are ignored"""
    WO = "WO"
    """reads as zero; a store acts through the register's write hook and is not kept"""
    W1S = "W1S"
    """reads the state; a one sets the bit, a zero leaves it"""
    W1C = "W1C"
    """reads the state; a one clears the bit (the other face of a W1S register)"""
    RW1C = "RW1C"
    """a status bit that hardware sets and a one clears"""
    RES0 = "RES0"
    """reserved: reads as zero, stores are ignored"""
    TAG = "TAG"
    """declared, not modelled: reads the reset value, a store is reported and has no effect"""


RW, RO, WO, W1S, W1C = Access.RW, Access.RO, Access.WO, Access.W1S, Access.W1C
RW1C, RES0, TAG = Access.RW1C, Access.RES0, Access.TAG


class Role(StrEnum):
    """What an access to a register means for an interrupt on its way."""

    ACKNOWLEDGE = "acknowledge"
    """the controller says which interrupt it is, and takes that as begun"""
    IDENTIFY = "identify"
    """the same, but nothing changes by it"""
    QUIET = "quiet"
    """the source stops to ask"""
    END = "end"
    """the controller is told that the interrupt has been served"""
    ARM = "arm"
    """a timer is told when to interrupt next"""
    DISARM = "disarm"
    """a timer is told not to"""
    SEND = "send"
    """software makes an interrupt, for this or another core"""
    RECEIVE = "receive"
    """a character is taken from a serial line"""
    TRANSMIT = "transmit"
    """a character is given to it"""


class WriteRole(msgspec.Struct, frozen=True):
    """The role of stores that bring ``value`` in a field; without a field, of any."""

    role: Role
    field: str = ""
    value: int = 0


class RegisterError(Exception):
    """A register table or its hooks contradict themselves (a programming error)."""


class Field(msgspec.Struct, frozen=True):
    """Bits ``lsb .. lsb+width-1`` of a register."""

    name: str
    lsb: int
    width: int = 1
    access: Access = Access.RW
    doc: str = ""
    values: tuple[tuple[int, str], ...] = ()
    """what particular values mean, for the decoded view"""
    irq: int | None = None
    """each bit stands for an interrupt; bit 0 for this one, in the first element of an array"""
    hex_shift: int | None = None
    """it is an address or a vector, without so many lower bits: shown whole, in hex"""

    @property
    def mask(self) -> int:
        """The field's bits, in place."""
        return ((1 << self.width) - 1) << self.lsb

    def extract(self, value: int) -> int:
        """The field's value out of a register value."""
        return (value >> self.lsb) & ((1 << self.width) - 1)


class Register(msgspec.Struct, frozen=True):
    """One register, or an array of ``count`` equal ones when the name carries ``{n}``.

    ``offset`` is that of the first element, from the block's base.  ``first`` is the number that
    the datasheet gives to the first element.  ``store`` names the state behind the register:
    registers with the same store are faces of one state (ISENABLER and ICENABLER).  ``packed``
    keeps a whole array in one integer, element ``n`` at bit ``n * width``: made for bitmaps over
    interrupt numbers.  ``banked`` gives each core a copy of its own.  ``implemented`` masks the
    bits that exist (over the whole integer when packed); the others read as zero.  ``part`` tells
    apart the parts of one array that differ in kind (banked and shared): it stands in the stem
    instead of the index, and never in a label.  A ``volatile`` register changes with time alone (a
    counter): nobody needs to be told that it did.

    Registers that share an offset (16550 RBR, THR and DLL) have different ``overlay`` names; at
    each access the owner's ``overlay(offset, write) -> str`` says which one answers; an owner whose
    stores are told apart by what they bring (8259 ICW1, OCW2, OCW3) also has
    ``overlay_of_store(offset, value) -> str``.  A ``window``
    passes accesses on (IOWIN, CMOS data): it names the table of the registers behind it and the
    store whose value selects one of them.

    ``writes`` names, by their stems, registers of the table with states of their own that each
    store to this one also writes, element by element (CNTP_TVAL_EL0 writes CNTP_CVAL_EL0);
    of an array among them only the element that the field ``chooses`` names, where there is such a
    field (the Control Word of an 8254).  ``may_write`` names those that only some stores write, of
    any element and core (SVR, which masks the local vector table where it switches the APIC off):
    such a store wrote them if it changed them.  Another table of the device stands before the stem
    (``LOCAL_APIC_MSR.IA32_TSC_DEADLINE``).  A register that is ``kept_by_reset`` keeps its value
    where the device or core is reset without power-on (by an INIT message).

    ``changed_by`` names the register of the block (by its name, or its stem where it is an array)
    to which software stores in order to change what only reads here: UARTICR clears UARTRIS.

    ``role_of_read`` and ``roles_of_write`` say what an access means for an interrupt on its way,
    where it means anything; of the roles of stores the first that fits counts.
    """

    name: str
    offset: int
    fields: tuple[Field, ...] = ()
    doc: str = ""
    ref: str = ""
    width: int = 32
    reset: int = 0
    count: int = 1
    stride: int = 0
    first: int = 0
    banked: bool = False
    packed: bool = False
    store: str = ""
    implemented: int = -1
    part: str = ""
    volatile: bool = False
    overlay: str = ""
    window: tuple[str, str] | None = None
    writes: tuple[str, ...] = ()
    may_write: tuple[str, ...] = ()
    chooses: str = ""
    kept_by_reset: bool = False
    changed_by: str = ""
    role_of_read: Role | None = None
    roles_of_write: tuple[WriteRole, ...] = ()
    stem: str = ""
    """the name without its index, as hooks and stores use it; made of the name and the part"""
    store_name: str = ""
    """the name of the state behind this register; made, too"""
    is_write_only: bool = False
    """all of its fields are, or it has none; made, too"""

    def __post_init__(self) -> None:
        stem = self.name.replace("{n}", self.part)
        force_setattr(self, "stem", stem)
        force_setattr(self, "store_name", self.store or stem)
        force_setattr(self, "is_write_only", all(item.access is Access.WO for item in self.fields))

    def role_of_write(self, value: int) -> WriteRole | None:
        """What a store of ``value`` means for an interrupt on its way, and by which field."""
        for item in self.roles_of_write:
            if not item.field or self[item.field].extract(value) == item.value:
                return item
        return None

    def __getitem__(self, name: str) -> Field:
        """The field of that name; RegisterError if there is none.

        Devices take their masks from here, once, at import: ``TABLE["CR"]["TXE"].mask``.
        """
        for item in self.fields:
            if item.name == name:
                return item
        raise RegisterError(f"{self.name} has no field {name!r}")

    def masks(self, *names: str) -> tuple[int, ...]:
        """The masks of some fields, in the order asked for."""
        return tuple(self[name].mask for name in names)

    def mask_of(self, *kinds: Access) -> int:
        """The bits of all fields with one of these access kinds."""
        masks = self.masks_by_access()
        return sum(masks[kind] for kind in kinds if kind in masks)

    def masks_by_access(self) -> dict[Access, int]:
        """The bits of the fields of each access kind that there is."""
        masks: dict[Access, int] = {}
        for item in self.fields:
            kind = item.access
            masks[kind] = masks.get(kind, 0) | ((1 << item.width) - 1) << item.lsb
        return masks

    def present(self, index: int) -> int:
        """The bits of one element (``index`` counts from 0) that this chip has."""
        at = self.width * (self.first + index) * self.packed
        return self.implemented >> at & (1 << self.width) - 1

    def label(self, index: int) -> str:
        """The datasheet's name of one element (``index`` counts from 0)."""
        return self.name.replace("{n}", str(self.first + index))


class _Span(msgspec.Struct, frozen=True):
    """Elements of a register that lie one behind the other, without gaps."""

    begin: int
    end: int
    register: Register
    index: int
    """of the first"""
    size: int
    """of each"""
    number: int
    """the place of the register in its table"""

    def label_at(self, offset: int) -> str:
        """Which element lies there."""
        return self.register.label(self.index + (offset - self.begin) // self.size)


MEMORY, PORTS, SYSTEM_REGISTERS, MSRS = "memory", "port", "system register", "MSR"
"""The address spaces that a block can lie in."""
NON_SECURE = "memory (non-secure)"
"""What non-secure accesses to memory meet, where a device shows them another block than secure
ones: the same windows but for those."""
BEHIND_WINDOW = ""
"""The space of a block that is only reached through an index/data window."""


class RegisterTable(msgspec.Struct, frozen=True, eq=False):
    """All registers of one block, as the datasheet lists them.

    ``module`` and ``name`` say under which global the table lives: tables are pickled by reference.
    ``size`` is the extent of the block in address units.  ``byte_addressed`` is false where each
    address names a whole register (system registers, MSRs, index/data windows); ``base`` is then
    the block's place in that space, which no board can choose.  ``space`` is the address space that
    the block lies in; blocks behind an index/data window lie in none.  ``raz_wi`` is true where the
    manual says of all reserved addresses that they read as zero and ignore stores: an access to one
    is then as modelled as any other, and not reported.  ``also_known`` maps further names to the
    stems of registers: by these the code of a device finds them that it shares with a relative of
    the chip, whose manual has other names.

    A block that only non-secure accesses meet is in the space :data:`NON_SECURE`; ``stands_for``
    is then the name of the device's block whose place it takes there.
    """

    module: str
    name: str
    title: str
    size: int
    registers: tuple[Register, ...]
    ref: str = ""
    byte_addressed: bool = True
    base: int = 0
    space: str = MEMORY
    raz_wi: bool = False
    also_known: tuple[tuple[str, str], ...] = ()
    stands_for: str = ""
    _by_stem: dict[str, Register] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        for register in self.registers:
            if register.changed_by and register.changed_by not in {
                item.stem for item in self.registers
            }:
                raise RegisterError(f"{self.name}: no register {register.changed_by}")
            if register.stem in self._by_stem:
                raise RegisterError(f"{self.name}: {register.name} is declared twice")
            self._by_stem[register.stem] = register
            self._check_fields(register)
        self._check_places()
        self._by_stem.update((name, self._by_stem[stem]) for name, stem in self.also_known)

    def _check_fields(self, register: Register) -> None:
        taken = 0
        for item in register.fields:
            if item.lsb + item.width > register.width:
                raise RegisterError(f"{register.name}.{item.name}: beyond {register.width} bits")
            if taken & item.mask:
                other = next(field for field in register.fields if field.mask & item.mask)
                raise RegisterError(f"{register.name}: {item.name} overlaps {other.name}")
            taken |= item.mask

    def _check_places(self) -> None:
        """No two may lie at one address, but those with overlay names that differ."""
        under_way: list[_Span] = []
        for span in sorted(self._spans(), key=lambda item: item.begin):
            register = span.register
            if span.end > self.size:
                label = span.label_at(max(self.size, span.begin))
                raise RegisterError(f"{self.name}: {label} is outside the block")
            under_way = [item for item in under_way if item.end > span.begin]
            for other in under_way:
                names = register.overlay, other.register.overlay
                if "" in names or names[0] == names[1]:
                    first, then = sorted((span, other), key=lambda item: item.number)
                    labels = then.label_at(span.begin), first.label_at(span.begin)
                    raise RegisterError(f"{self.name}: {labels[0]} overlaps {labels[1]}")
            under_way.append(span)

    def _spans(self) -> Iterator[_Span]:
        for number, register in enumerate(self.registers):
            size = self._size(register)
            if register.stride in {0, size}:
                end = register.offset + register.count * size
                yield _Span(register.offset, end, register, 0, size, number)
            else:
                for index, offset in self.elements(register):
                    yield _Span(offset, offset + size, register, index, size, number)

    def _size(self, register: Register) -> int:
        """The address units of an element."""
        return register.width // 8 if self.byte_addressed else 1

    def elements(self, register: Register) -> Iterator[tuple[int, int]]:
        """``(index, offset)`` of each element of a register (array)."""
        stride = register.stride or self._size(register)
        for index in range(register.count):
            yield index, register.offset + index * stride

    def __getitem__(self, stem: str) -> Register:
        return self._by_stem[stem]

    def __contains__(self, stem: str) -> bool:
        return stem in self._by_stem

    def __reduce__(self) -> tuple[Any, ...]:
        return table_by_name, (self.module, self.name)


def table_by_name(module: str, name: str) -> RegisterTable:
    """The table that lives under a module's global."""
    table: RegisterTable = getattr(importlib.import_module(module), name)
    return table


Key = int | tuple[int, str]


class RegisterBits(msgspec.Struct, frozen=True):
    """Where bits stand in a register of ``size`` bytes, and what they are called."""

    key: Key
    size: int
    mask: int
    lsb: int
    register: str
    field: str


class Slot(msgspec.Struct, frozen=True):
    """One register element at its place in the block."""

    register: Register
    index: int
    offset: int
    name: str
    """the element's datasheet name"""
    key: Key
    """its offset, and its overlay where it has one: unique within the block"""
