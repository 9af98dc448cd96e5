"""The distributor of a GIC-400 as non-secure accesses see it: its view of the secure registers.

It keeps no state of its own.  A load looks at the secure register, and a store drives those bits of
it that are open to non-secure accesses: of interrupts in group 1, and of those in group 0 as far as
GICD_NSACR says so.  All others read as zero and ignore stores.  Section numbers are IHI 0048B's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from kerneltui.devices.arm.gic400_distributor import PPI_STATUS, Distributor
from kerneltui.devices.arm.gic400_non_secure_registers import GICD_NS
from kerneltui.devices.arm.gic400_registers import GICD
from kerneltui.devices.arm.gic400_shared import NO_GRANT, PRIVATE, SGIS
from kerneltui.hw.hooks import variant_hook
from kerneltui.hw.register_file import RegisterFile

WORD = 0xFFFF_FFFF
ENABLE_GRP1 = GICD["GICD_CTLR"]["EnableGrp1"]
CONTROL, SGI_REGISTER = GICD["GICD_CTLR"].offset, GICD["GICD_SGIR"].offset
UPPER_SEVEN, LOWEST_HALF = 0x7F7F_7F7F, 0x8080_8080
"""Of four priorities: a non-secure one is the lower half's, without the bit that says so (3.5)."""


class _Bits(NamedTuple):
    """An array that holds so many bits for each interrupt, from the address ``base`` on.

    ``reads`` and ``writes`` are what GICD_NSACR must hold at least for accesses to group 0.  A one
    ``opens`` a gate, which a rule has that name for; who is ``told`` not to have been heard is so
    by a remark.
    """

    stem: str
    base: int
    each: int = 1
    reads: int = NO_GRANT
    writes: int = NO_GRANT
    opens: str = ""
    told: bool = False


def _both(stem: str, base: int, *, private: str = "0", **rest: Any) -> tuple[_Bits, _Bits]:
    """The part of the private interrupts, and the part of the SPIs."""
    return _Bits(stem + private, base, **rest), _Bits(stem, base, **rest)


BITMAPS = (
    *_both("GICD_ISENABLER", 0x100, opens="enabled", told=True), *_both("GICD_ICENABLER", 0x180),
    *_both("GICD_ISPENDR", 0x200, reads=1, writes=1, opens="pending", told=True),
    *_both("GICD_ICPENDR", 0x280, reads=2, writes=2),
    *_both("GICD_ISACTIVER", 0x300, reads=2), *_both("GICD_ICACTIVER", 0x380, reads=2),
    *_both("GICD_ITARGETSR", 0x800, private="_PRIVATE", each=8, reads=3, writes=3,
           opens="targets this core"),
    *_both("GICD_ICFGR", 0xC00, each=2), _Bits("GICD_ICFGR1", 0xC00, each=2),
    _Bits("GICD_CPENDSGIR", 0xF10, each=8),
    _Bits("GICD_SPENDSGIR", 0xF20, each=8, opens="pending", told=True),
)  # fmt: skip
STEMS = tuple(item.stem for item in BITMAPS)
PRIORITY = _both("GICD_IPRIORITYR", 0x400, private="_PRIVATE", each=8)
PRIORITIES = tuple(item.stem for item in PRIORITY)
GROUPS = "GICD_IGROUPR0", "GICD_IGROUPR"
SAME = (
    "GICD_TYPER", "GICD_IIDR",
    *(register.stem for register in GICD.registers if register.stem[5:9] in {"PIDR", "CIDR"}),
)  # fmt: skip
"""What both views read alike."""


def lanes(interrupts: int, each: int) -> int:
    """The bits of a 32-bit register that belong to some of the interrupts in it, from bit 0 on."""
    if each == 1:
        return interrupts & WORD
    field = (1 << each) - 1
    return sum(field << each * n for n in range(32 // each) if interrupts >> n & 1)


class NonSecureDistributor:
    """The registers GICD_NS, over those of a distributor."""

    def __init__(self, distributor: Distributor) -> None:
        self._distributor = distributor
        self._secure = distributor.regs
        changes = distributor.sizes()
        for stem in ("GICD_IPRIORITYR_PRIVATE", "GICD_IPRIORITYR"):
            seen = changes[stem]["implemented"]
            changes[stem]["implemented"] = seen << 1 & ~(LOWEST_HALF >> 7) & WORD
        self.regs = RegisterFile(self, GICD_NS, cpus=distributor.cpus, changes=changes)

    # -- what is open to them -----------------------------------------------------------------

    def _first(self, bits: _Bits, index: int) -> tuple[int, int]:
        """Of an element its offset, and its first interrupt."""
        offset = GICD[bits.stem].offset + 4 * index
        return offset, (offset - bits.base) * 8 // bits.each

    def _open(self, bits: _Bits, number: int, cpu: int, grant: int) -> int:
        return lanes(self._distributor.seen(cpu, grant) >> number, bits.each)

    @variant_hook("peek", STEMS)
    def _bits(self, which: int, index: int, cpu: int) -> int:
        """Of a group 0 interrupt they read as zero (4.3.5 to 4.3.17)."""
        bits = BITMAPS[which]
        offset, number = self._first(bits, index)
        return self._secure.peek(offset, cpu=cpu) & self._open(bits, number, cpu, bits.reads)

    @variant_hook("write", STEMS)
    def _bits_written(self, which: int, index: int, cpu: int, value: int) -> None:
        """Of a group 0 interrupt they are not written (4.3.5 to 4.3.17)."""
        bits = BITMAPS[which]
        self._store(bits, index, cpu, value, value)

    def _store(self, bits: _Bits, index: int, cpu: int, value: int, stored: int) -> None:
        offset, number = self._first(bits, index)
        driven = self.regs.driven & WORD
        allowed = self._open(bits, number, cpu, bits.writes)
        self._secure.write_lanes(offset, stored, driven & allowed, cpu)
        unheard = driven & ~allowed & value
        if unheard and bits.opens:
            self._not_heard(bits, index, cpu, unheard)

    def _not_heard(self, bits: _Bits, index: int, cpu: int, unheard: int) -> None:
        """What has been stored in vain: explanations know of it, and perhaps a remark tells it."""
        _, first = self._first(bits, index)
        field = (1 << bits.each) - 1
        count = min(32 // bits.each, self._distributor.config.irqs - first)
        numbers = [first + n for n in range(count) if unheard >> bits.each * n & field]
        for number in numbers:
            for core in (cpu,) if number < PRIVATE else range(self._distributor.cpus):
                self._distributor.unheard[bits.opens][core] |= 1 << number
        if bits.told:
            others = f" and {len(numbers) - 1} more" if len(numbers) > 1 else ""
            self._distributor.remark(
                "ignored", numbers[0],
                f"core {cpu} wrote {GICD_NS[bits.stem].label(index)} by a non-secure access: "
                f"ignored (RAZ/WI) for interrupt {numbers[0]}{others}, of group 0",
            )  # fmt: skip

    # -- registers that differ ----------------------------------------------------------------

    @variant_hook("peek", SAME)
    def _same(self, which: int, index: int, cpu: int) -> int:
        return self._secure.peek(GICD[SAME[which]].offset, cpu=cpu)

    def peek_GICD_CTLR(self, index: int, cpu: int) -> int:
        """The one bit is that of group 1 (4.3.1)."""
        return ENABLE_GRP1.extract(self._secure.peek(CONTROL, cpu=cpu))

    def write_GICD_CTLR(self, index: int, cpu: int, value: int) -> None:
        """The one bit is that of group 1 (4.3.1)."""
        driven = self.regs.driven & 1
        self._secure.write_lanes(CONTROL, value << ENABLE_GRP1.lsb, driven << ENABLE_GRP1.lsb, cpu)

    @variant_hook("write", GROUPS)
    def _groups_written(self, which: int, index: int, cpu: int, value: int) -> None:
        """Only secure software decides what is open to others (4.3.4)."""
        if value:
            number = 32 * (index + which) + (value & -value).bit_length() - 1
            self._distributor.remark(
                "ignored", number,
                f"core {cpu} wrote {GICD_NS[GROUPS[which]].label(index)} by a non-secure access: "
                "ignored (RAZ/WI), as only secure software says what is of group 1",
            )  # fmt: skip

    @variant_hook("peek", PRIORITIES)
    def _priorities(self, which: int, index: int, cpu: int) -> int:
        """A non-secure priority is the stored one without its highest bit (3.5, 4.3.11)."""
        bits = PRIORITY[which]
        offset, number = self._first(bits, index)
        held = self._secure.peek(offset, cpu=cpu) & self._open(bits, number, cpu, NO_GRANT)
        return (held & UPPER_SEVEN) << 1

    @variant_hook("write", PRIORITIES)
    def _priorities_written(self, which: int, index: int, cpu: int, value: int) -> None:
        """It is stored in the lower half, behind all that secure software may use (3.5)."""
        stored = value >> 1 & UPPER_SEVEN | LOWEST_HALF
        self._store(PRIORITY[which], index, cpu, value, stored)

    def peek_GICD_PPISR(self, index: int, cpu: int) -> int:
        """The levels of PPIs in group 1."""
        seen = self._distributor.seen(cpu, NO_GRANT) >> SGIS & PPI_STATUS
        return self._secure.peek(GICD["GICD_PPISR"].offset, cpu=cpu) & seen

    def peek_GICD_SPISR(self, index: int, cpu: int) -> int:
        """The levels of SPIs in group 1."""
        offset = GICD["GICD_SPISR"].offset + 4 * index
        seen = self._distributor.seen(cpu, NO_GRANT) >> PRIVATE + 32 * index
        return self._secure.peek(offset, cpu=cpu) & seen

    def write_GICD_SGIR(self, index: int, cpu: int, value: int) -> None:
        """It goes where the receiver has it in group 1, or grants it (4.3.15, table 4-24)."""
        self._distributor.send_non_secure(value, cpu)
