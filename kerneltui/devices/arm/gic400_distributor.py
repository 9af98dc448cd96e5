"""Distributor of the ARM GIC-400: what is pending, and what is forwarded to each core.

The whole device and its documents are described in :mod:`kerneltui.devices.arm.gic400`, which
holds it beside the CPU interfaces.  Section numbers alone are those of Arm IHI 0048B.

An interrupt is a bit, at its ID, in integers that span all IDs.  The state of IDs 0-31 is banked: a
core's view of an item is its own word (``_enable0[cpu]``) or-ed with the SPIs' (``_enable[0]``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from kerneltui.devices.arm.gic400_registers import GICD
from kerneltui.devices.arm.gic400_shared import (
    LOWEST,
    PRIVATE,
    SGIS,
    SPURIOUS,
    Config,
    Remarks,
    nobody_listens,
)
from kerneltui.hw.device import InterruptState
from kerneltui.hw.hooks import shared_hook
from kerneltui.hw.line import Sink
from kerneltui.hw.register import RO
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Gate, Opens, Place, Rule, tests_of

PRIVATE_IDS = (1 << PRIVATE) - 1
ENABLE_GRP0, ENABLE_GRP1 = (GICD["GICD_CTLR"][name].mask for name in ("EnableGrp0", "EnableGrp1"))
SGI, TARGET_LIST, TARGET_FILTER = (
    GICD["GICD_SGIR"][name] for name in ("SGIINTID", "CPUTargetList", "TargetListFilter")
)
PPI_STATUS = GICD["GICD_PPISR"].mask_of(RO)
ONE_OF_N = sum(1 << field.lsb for field in GICD["GICD_ICFGR"].fields)
"""The lower bit of each field of GICD_ICFGR; the upper one chooses edge."""


class Distributor:
    """The GICD registers, the interrupt inputs, and the rules of forwarding.

    ``regs`` are its registers.  ``priorities`` holds the priority of each ID as each core sees it.
    Whoever is to hear of the interrupts of a core calls :meth:`forward_to`.
    """

    def __init__(self, config: Config, cpus: int) -> None:
        if not 1 <= cpus <= 8:
            raise ValueError(f"a GIC-400 serves 1 to 8 cores, not {cpus}")
        self.config = config
        self.cpus = cpus
        self.regs = RegisterFile(self, GICD, cpus=cpus, changes=self._sizes())
        store = self.regs.store
        self._forwarding = store("GICD_CTLR")
        self._group0, self._group = store("GICD_IGROUPR0"), store("GICD_IGROUPR")
        self._enable0, self._enable = store("GICD_ISENABLER0"), store("GICD_ISENABLER")
        self._latch0, self._latch = store("GICD_ISPENDR0"), store("GICD_ISPENDR")
        self._active0, self._active = store("GICD_ISACTIVER0"), store("GICD_ISACTIVER")
        self._priority0 = store("GICD_IPRIORITYR_PRIVATE")
        self._priority = store("GICD_IPRIORITYR")
        self._targets, self._trigger = store("GICD_ITARGETSR"), store("GICD_ICFGR")
        self._senders = store("GICD_SPENDSGIR")
        # Levels belong to the wires, not to the power-on state: reset leaves them.
        self._high0, self._high = [0] * cpus, 0
        # For a remark alone: lines that have been high ever since their acknowledge.
        self._unserved0, self._unserved = [0] * cpus, 0
        self.priorities = [bytearray(config.irqs) for _ in range(cpus)]
        self._aimed, self._eligible = [0] * cpus, [0] * cpus
        self._forward: Callable[[int], object] = self.forwarded
        self.remark: Remarks = nobody_listens
        self._tell_sent: Callable[[int, int, bool], None] | None = None
        self.reset()

    def forward_to(self, interface: Callable[[int], None]) -> None:
        """From now on call ``interface(cpu)`` where what is forwarded to a core may be another."""
        self._forward = interface

    def tell_sent(self, listener: Callable[[int, int, bool], None]) -> None:
        """From now on call ``listener(sgi, cpu, again)`` where one is sent, perhaps once more."""
        self._tell_sent = listener

    def _sizes(self) -> dict[str, dict[str, Any]]:
        words = self.config.irqs // 32 - 1
        changes: dict[str, dict[str, Any]] = {
            stem: {"count": words}
            for stem in ("GICD_IGROUPR", "GICD_ISENABLER", "GICD_ICENABLER", "GICD_ISPENDR",
                         "GICD_ICPENDR", "GICD_ISACTIVER", "GICD_ICACTIVER", "GICD_SPISR")
        }  # fmt: skip
        priorities = self.config.priority_mask * 0x0101_0101
        cores = ((1 << self.cpus) - 1) * 0x0101_0101
        senders = {"implemented": cores * (1 << 96 | 1 << 64 | 1 << 32 | 1)}
        return changes | {
            "GICD_TYPER": {"reset": words | (self.cpus - 1) << 5},
            "GICD_IIDR": {"reset": self.config.iidr},
            "GICD_IPRIORITYR_PRIVATE": {"implemented": priorities},
            "GICD_IPRIORITYR": {"count": 8 * words, "implemented": priorities},
            "GICD_ITARGETSR": {"count": 8 * words, "implemented": cores * (self.cpus > 1)},
            "GICD_ICFGR": {"count": 2 * words},
            "GICD_SPENDSGIR": senders,
            "GICD_CPENDSGIR": senders,
        }

    def reset(self) -> None:
        """Power-on state (DDI 0471B 3.2); nobody is told of it before :meth:`reconsider`."""
        self.regs.reset()
        every = (1 << self.config.irqs) - 1
        self._level_sensitive = every
        self._aimed[:] = [every if self.cpus == 1 else PRIVATE_IDS] * self.cpus
        for priorities in self.priorities:
            priorities[:] = bytes(self.config.irqs)
        self._eligible[:] = [0] * self.cpus

    # -- inputs -------------------------------------------------------------------------------

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        """``spi`` n is ID n + 32; ``ppi`` n is ID n + 16 of one core (2.2.1)."""
        spis = self.config.irqs - PRIVATE
        if pin == "spi" and 0 <= number < spis:
            return partial(self._drive_spi, 1 << (PRIVATE + number))
        if pin == "ppi" and 0 <= number < PRIVATE - SGIS and 0 <= cpu < self.cpus:
            return partial(self._drive_ppi, 1 << (SGIS + number), cpu)
        raise ValueError(
            f"no input {pin!r} {number} of core {cpu}; "
            f"there are spi 0 to {spis - 1}, and ppi 0 to 15 of cores 0 to {self.cpus - 1}"
        )

    def _drive_spi(self, bit: int, level: bool) -> None:
        if level:
            edge = bit & ~self._high & ~self._level_sensitive
            if edge & self._latch[0]:
                self.remark(
                    "lost",
                    bit.bit_length() - 1,
                    "an edge came while the one before was still pending: both are one interrupt",
                )
            self._latch[0] |= edge
            self._high |= bit
        else:
            self._high &= ~bit
            self._unserved &= ~bit
        # What is active is not forwarded (MOVING), pending or not: nothing to update.
        if not self._active[0] & bit:
            self._update(bit)

    def _drive_ppi(self, bit: int, cpu: int, level: bool) -> None:
        if level:
            self._high0[cpu] |= bit
        else:
            self._high0[cpu] &= ~bit
            self._unserved0[cpu] &= ~bit
        if not self._active0[cpu] & bit:
            self._update(bit, (cpu,))

    # -- what is forwarded --------------------------------------------------------------------

    def _enabled(self, cpu: int) -> int:
        return self._enable0[cpu] | self._enable[0]

    def _group_forwarded(self, cpu: int) -> int:
        group1 = self._group0[cpu] | self._group[0]
        enables = self._forwarding[0]
        return (~group1 if enables & ENABLE_GRP0 else 0) | (group1 if enables & ENABLE_GRP1 else 0)

    def _aimed_at(self, cpu: int) -> int:
        return self._aimed[cpu]

    def _pending(self, cpu: int) -> int:
        """Latched, or level-sensitive with a high line (4.3.7)."""
        asserted = (self._high0[cpu] | self._high) & self._level_sensitive
        return self._latch0[cpu] | self._latch[0] | asserted

    def _inactive(self, cpu: int) -> int:
        return ~(self._active0[cpu] | self._active[0])

    def forwards_group(self, group1: int) -> bool:
        """Whether interrupts of a group are forwarded at all (4.3.1)."""
        return self._forwarding[0] & (ENABLE_GRP1 if group1 else ENABLE_GRP0) != 0

    def _group_or_enable(self, cpu: int, number: int) -> Place:
        """What is to be mended: its group, where it was put into 1 and only 0 is forwarded."""
        group1 = self.in_group1(cpu, number)
        if group1 and self.forwards_group(0) and not self.forwards_group(1):
            return Place("GICD_IGROUPR0", each=1)
        return Place("GICD_CTLR", "EnableGrp1" if group1 else "EnableGrp0")

    def _group_wanted(self, cpu: int, number: int) -> int:
        return 0 if self._group_or_enable(cpu, number).each else 1

    def _own_bit(self, cpu: int, number: int) -> int:
        return 1 << cpu

    STANDING: ClassVar = (
        Rule("enabled", Place("GICD_ISENABLER0", each=1),
             "a one written to this bit", "IHI 0048B 4.3.5", test=_enabled, bitmap=True, wants=1,
             says="the distributor has it disabled"),
        Rule("group forwarded", _group_or_enable,
             "the distributor to forward the interrupt's group", "IHI 0048B 4.3.1",
             test=_group_forwarded, bitmap=True, wants=_group_wanted,
             says="the distributor does not forward the interrupt's group"),
        Rule("targets this core", Place("GICD_ITARGETSR_PRIVATE", each=8),
             "this core's bit among the targets", "IHI 0048B 4.3.12",
             test=_aimed_at, bitmap=True, wants=_own_bit,
             says="it does not target this core"),
    )  # fmt: skip
    """Rules that only configuration changes: their conjunction is kept in ``_eligible``."""
    MOVING: ClassVar = (
        Rule("pending", Place("GICD_ISPENDR0", each=1),
             "its line asserted, or software setting it pending", "IHI 0048B 4.3.7",
             test=_pending, bitmap=True, opens=Opens.EVENT,
             says="it is not pending"),
        Rule("not active", Place("GICD_ISACTIVER0", each=1),
             "the handler that acknowledged it to end it (GICC_EOIR, GICC_DIR)", "IHI 0048B 4.3.9",
             test=_inactive, bitmap=True, opens=Opens.END, ends_by="GICC_EOIR",
             says="it is active already"),
    )  # fmt: skip

    STANDING_TESTS: ClassVar = tests_of(STANDING)
    MOVING_TESTS: ClassVar = tests_of(MOVING)

    def reconsider(self) -> None:
        """Apply the standing rules, after the configuration has changed."""
        for cpu in range(self.cpus):
            eligible = (1 << self.config.irqs) - 1
            for test in self.STANDING_TESTS:
                eligible &= test(self, cpu)
            self._eligible[cpu] = eligible
        self._update()

    def forwarded(self, cpu: int) -> int:
        """The ID of the highest priority among all that pass the rules; 1023 if none does (3.3)."""
        candidates = self._eligible[cpu]
        for test in self.MOVING_TESTS:
            candidates &= test(self, cpu)
            if not candidates:
                return SPURIOUS
        if not candidates & candidates - 1:
            return candidates.bit_length() - 1  # one alone, as nearly always
        priorities = self.priorities[cpu]
        best, best_priority = SPURIOUS, LOWEST
        while candidates:
            lowest = candidates & -candidates
            candidates ^= lowest
            number = lowest.bit_length() - 1
            if priorities[number] < best_priority:
                best, best_priority = number, priorities[number]
        return best

    def _update(self, changed: int = -1, cpus: Iterable[int] | None = None) -> None:
        """Tell the CPU interfaces; ``changed`` are the IDs that the change can concern.

        Skip the cores to which no changed interrupt could be forwarded anyway.
        """
        for cpu in range(self.cpus) if cpus is None else cpus:
            if changed < 0 or self._eligible[cpu] & changed:
                self._forward(cpu)

    # -- what a CPU interface asks and does ---------------------------------------------------

    def in_group1(self, cpu: int, number: int) -> int:
        """The interrupt's group (4.3.4)."""
        return (self._group0[cpu] | self._group[0]) >> number & 1

    def sender(self, cpu: int, sgi: int) -> int:
        """The core whose SGI is acknowledged next: the lowest of those that sent it."""
        senders = self._senders[cpu] >> 8 * sgi & 0xFF
        return (senders & -senders).bit_length() - 1

    def acknowledge(self, cpu: int, number: int, sender: int) -> None:
        """Pending becomes active; an SGI stays pending from other senders (3.2.4)."""
        bit = 1 << number
        if number >= PRIVATE:
            self._active[0] |= bit
            self._latch[0] &= ~bit
            self._unserved |= self._high & bit
            self._update(bit)
            return
        self._active0[cpu] |= bit
        if number < SGIS:
            self._senders[cpu] &= ~(1 << (8 * number + sender))
            if not self._senders[cpu] >> 8 * number & 0xFF:
                self._latch0[cpu] &= ~bit
        else:
            self._latch0[cpu] &= ~bit
            self._unserved0[cpu] |= self._high0[cpu] & bit
        self._forward(cpu)

    def deactivate(self, cpu: int, number: int) -> None:
        """Active no more; the interface of ``cpu`` looks anew by itself (3.2.1)."""
        bit = 1 << number
        if number < PRIVATE:
            self._active0[cpu] &= ~bit
            if bit & self._unserved0[cpu]:
                self._remark_unserved(number)
            return
        self._active[0] &= ~bit
        if self._pending(cpu) & bit:
            if bit & self._unserved & self._level_sensitive:
                self._remark_unserved(number)
            self._update(bit)

    def _remark_unserved(self, number: int) -> None:
        text = "it was ended while its line was still high: it comes again at once"
        self.remark("retriggered", number, text)

    # -- register hooks -----------------------------------------------------------------------

    @shared_hook("write", "GICD_CTLR", "GICD_IGROUPR0", "GICD_IGROUPR")
    @shared_hook("write", "GICD_ISENABLER0", "GICD_ISENABLER")
    @shared_hook("write", "GICD_ICENABLER0", "GICD_ICENABLER")
    def _configuration_written(self, index: int, cpu: int, value: int) -> None:
        self.reconsider()

    @shared_hook("write", "GICD_ISPENDR0", "GICD_ICPENDR0", "GICD_ISACTIVER0", "GICD_ICACTIVER0")
    def _private_state_written(self, index: int, cpu: int, value: int) -> None:
        self._update(PRIVATE_IDS, (cpu,))

    @shared_hook("write", "GICD_ISPENDR", "GICD_ICPENDR", "GICD_ISACTIVER", "GICD_ICACTIVER")
    def _state_written(self, index: int, cpu: int, value: int) -> None:
        self._update(value << 32 * (index + 1))

    @shared_hook("peek", "GICD_ISPENDR0", "GICD_ICPENDR0")
    def _private_pending(self, index: int, cpu: int) -> int:
        """The pending state includes the lines of level-sensitive interrupts (4.3.7)."""
        return self._pending(cpu) & PRIVATE_IDS

    @shared_hook("peek", "GICD_ISPENDR", "GICD_ICPENDR")
    def _shared_pending(self, index: int, cpu: int) -> int:
        """The pending state includes the lines of level-sensitive interrupts (4.3.7)."""
        return self._pending(cpu) >> 32 * (index + 1) & 0xFFFF_FFFF

    def write_GICD_IPRIORITYR_PRIVATE(self, index: int, cpu: int, value: int) -> None:
        """Keep priorities as bytes beside the registers: the search reads one per candidate."""
        held = self._priority0[8 * cpu + index].to_bytes(4, "little")
        self.priorities[cpu][4 * index : 4 * index + 4] = held
        self._update(PRIVATE_IDS, (cpu,))

    def write_GICD_IPRIORITYR(self, index: int, cpu: int, value: int) -> None:
        """Keep priorities as bytes beside the registers: the search reads one per candidate."""
        place = PRIVATE + 4 * index
        for priorities in self.priorities:
            priorities[place : place + 4] = self._priority[index].to_bytes(4, "little")
        self._update(0xF << place)

    def peek_GICD_ITARGETSR_PRIVATE(self, index: int, cpu: int) -> int:
        """Each byte names the reading core; zero on a uniprocessor (4.3.12)."""
        return 0x0101_0101 << cpu if self.cpus > 1 else 0

    def write_GICD_ITARGETSR(self, index: int, cpu: int, value: int) -> None:
        """A change concerns interrupts that are pending already, too (4.3.12)."""
        if self.cpus == 1:
            return
        place = PRIVATE + 4 * index
        for core in range(self.cpus):
            bits = self._targets[index] >> core
            chosen = sum((bits >> 8 * byte & 1) << byte for byte in range(4))
            self._aimed[core] = self._aimed[core] & ~(0xF << place) | chosen << place
        self.reconsider()

    def write_GICD_ICFGR(self, index: int, cpu: int, value: int) -> None:
        """Bit 0 of each field reads as one: SPIs are 1-N (DDI 0471B 3.2)."""
        self._trigger[index] |= ONE_OF_N
        place = PRIVATE + 16 * index
        fields = GICD["GICD_ICFGR"].fields
        edge = sum(
            (self._trigger[index] >> field.lsb + 1 & 1) << n for n, field in enumerate(fields)
        )
        level = edge ^ 0xFFFF
        self._level_sensitive = self._level_sensitive & ~(0xFFFF << place) | level << place
        self._update(0xFFFF << place)

    def peek_GICD_PPISR(self, index: int, cpu: int) -> int:
        """Only IDs 25-31 have a status bit (DDI 0471B 3.3.1)."""
        return self._high0[cpu] >> SGIS & PPI_STATUS

    def peek_GICD_SPISR(self, index: int, cpu: int) -> int:
        """The lines themselves, whatever software has set pending (DDI 0471B 3.3.2)."""
        return self._high >> 32 * (index + 1) & 0xFFFF_FFFF

    def write_GICD_SGIR(self, index: int, cpu: int, value: int) -> None:
        """Pending per sending core; the reserved filter is taken as everyone (4.3.15)."""
        everyone = (1 << self.cpus) - 1
        listed = TARGET_LIST.extract(value) & everyone
        by_filter = (listed, everyone & ~(1 << cpu), 1 << cpu, everyone)
        receivers = by_filter[TARGET_FILTER.extract(value)]
        sgi = SGI.extract(value)
        for core in range(self.cpus):
            if receivers >> core & 1:
                sender = 1 << (8 * sgi + cpu)
                if self._tell_sent is not None:
                    self._tell_sent(sgi, core, self._senders[core] & sender != 0)
                self._senders[core] |= sender
                self._latch0[core] |= 1 << sgi
                self._update(1 << sgi, (core,))

    @shared_hook("write", "GICD_SPENDSGIR", "GICD_CPENDSGIR")
    def _senders_written(self, index: int, cpu: int, value: int) -> None:
        """An SGI is pending as long as it is from any core (4.3.16)."""
        for sgi in range(4 * index, 4 * index + 4):
            pending = bool(self._senders[cpu] >> 8 * sgi & 0xFF)
            self._latch0[cpu] = self._latch0[cpu] & ~(1 << sgi) | pending << sgi
        self._update(0xF << 4 * index, (cpu,))

    # -- views --------------------------------------------------------------------------------

    def gates(self, number: int, cpu: int) -> list[Gate]:
        """How its rules stand for one interrupt."""
        rules = *self.MOVING, *self.STANDING
        return [rule.gate(self, self.regs, number, cpu, ends_with=number) for rule in rules]

    def states(self, cpu: int, numbers: Iterable[int] | None = None) -> list[InterruptState]:
        """Interrupts as this core sees them: all, or those with a state and those of ``numbers``.

        The GIC has hundreds of interrupts, of which a board uses a dozen.
        """
        bitmaps = self._bitmaps(cpu)
        if numbers is None:
            return [self._state(number, cpu, bitmaps) for number in range(self.config.irqs)]
        found = bitmaps[0] | bitmaps[1] | bitmaps[2] | bitmaps[3]
        for number in numbers:
            found |= 1 << number
        found &= (1 << self.config.irqs) - 1
        states = []
        while found:
            lowest = found & -found
            found ^= lowest
            states.append(self._state(lowest.bit_length() - 1, cpu, bitmaps))
        return states

    def state(self, number: int, cpu: int) -> InterruptState:
        """One interrupt as this core sees it."""
        return self._state(number, cpu, self._bitmaps(cpu))

    def _bitmaps(self, cpu: int) -> tuple[int, int, int, int]:
        """What is up, enabled, pending and active."""
        return (
            self._high0[cpu] | self._high,
            self._enabled(cpu),
            self._pending(cpu),
            ~self._inactive(cpu),
        )

    def _state(self, number: int, cpu: int, bitmaps: tuple[int, int, int, int]) -> InterruptState:
        high, enabled, pending, active = (bool(bitmap >> number & 1) for bitmap in bitmaps)
        if number < SGIS:
            source = f"SGI {number}"
        else:
            source = f"PPI {number - SGIS}" if number < PRIVATE else f"SPI {number - PRIVATE}"
        level = number >= SGIS and self._level_sensitive >> number & 1
        targets = tuple(n for n in range(self.cpus) if self._aimed[n] >> number & 1)
        return InterruptState(
            number=number,
            source=source,
            line=None if number < SGIS else high,
            enabled=enabled,
            pending=pending,
            active=active,
            priority=self.priorities[cpu][number],
            targets=(cpu,) if number < PRIVATE else targets,
            trigger="level" if level else "edge",
            pin="" if number < SGIS else source.lower(),
        )
