"""What the distributor of the ARM GIC-400 forwards to each core, and why not.

The whole device and its documents are described in :mod:`kerneltui.devices.arm.gic400`.  Section
numbers alone are those of Arm IHI 0048B.

An interrupt is a bit, at its ID, in integers that span all IDs.  The state of IDs 0-31 is banked: a
core's view of an item is its own word (``_enable0[cpu]``) or-ed with the SPIs' (``_enable[0]``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from msgspec.structs import replace

from kerneltui.devices.arm.gic400_registers import GICD
from kerneltui.devices.arm.gic400_shared import (
    LOWEST,
    NO_GRANT,
    PRIVATE,
    SGIS,
    SPURIOUS,
    Config,
)
from kerneltui.hw.device import InterruptState
from kerneltui.hw.register import RO
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Gate, Opens, Place, Rule, tests_of

PRIVATE_IDS = (1 << PRIVATE) - 1
ENABLE_GRP0, ENABLE_GRP1 = GICD["GICD_CTLR"].masks("EnableGrp0", "EnableGrp1")
WITH_SECURITY = GICD["GICD_TYPER"].mask_of(RO) & ~0x3FF
"""In GICD_TYPER: the Security Extensions, and 31 SPIs that a pin could lock; it never does here."""
UNHEARD = "a non-secure access has written it: ignored (RAZ/WI), as the interrupt is of group 0"
SECURE = "by a secure access: non-secure ones cannot see a group 0 interrupt"


class Forwarding:
    """The state of every interrupt, and the rules of forwarding.

    ``regs`` are the GICD registers.  ``priorities`` holds the priority of each ID as each core sees
    it.  Whoever is to hear of the interrupts of a core calls :meth:`forward_to`.
    The slots make each access faster: an object may have about thirty attributes without.
    """

    __slots__ = (
        "_active", "_active0", "_aimed", "_eligible", "_enable", "_enable0", "_forward",
        "_forwarding", "_grants", "_group", "_group0", "_high", "_high0", "_latch", "_latch0",
        "_level_sensitive", "_priority", "_priority0", "_senders", "_targets", "_trigger", "config",
        "cpus", "priorities", "regs", "unheard",
    )  # fmt: skip

    def __init__(self, config: Config, cpus: int) -> None:
        if not 1 <= cpus <= 8:
            raise ValueError(f"a GIC-400 serves 1 to 8 cores, not {cpus}")
        self.config = config
        self.cpus = cpus
        self.regs = RegisterFile(self, GICD, cpus=cpus, changes=self.sizes())
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
        self._grants = [[0] * cpus for _ in range(NO_GRANT + 1)]
        """by what GICD_NSACR holds at least: for each core the interrupts"""
        self.unheard = {rule.name: [0] * cpus for rule in (*self.MOVING, *self.STANDING)}
        """by rule, for each core: the interrupts that a non-secure store was to open it for"""
        # Levels belong to the wires, not to the power-on state: reset leaves them.
        self._high0, self._high = [0] * cpus, 0
        self.priorities = [bytearray(config.irqs) for _ in range(cpus)]
        self._aimed, self._eligible = [0] * cpus, [0] * cpus
        self._forward: Callable[[int], object] = self.forwarded
        self.reset()

    def forward_to(self, interface: Callable[[int], None]) -> None:
        """From now on call ``interface(cpu)`` where what is forwarded to a core may be another."""
        self._forward = interface

    def sizes(self) -> dict[str, dict[str, Any]]:
        """How the registers of this device differ from their table."""
        words = self.config.irqs // 32 - 1
        security = self.config.security
        changes: dict[str, dict[str, Any]] = {
            stem: {"count": words}
            for stem in ("GICD_IGROUPR", "GICD_ISENABLER", "GICD_ICENABLER", "GICD_ISPENDR",
                         "GICD_ICPENDR", "GICD_ISACTIVER", "GICD_ICACTIVER", "GICD_SPISR")
        }  # fmt: skip
        priorities = self.config.priority_mask * 0x0101_0101
        cores = ((1 << self.cpus) - 1) * 0x0101_0101
        senders = {"implemented": cores * (1 << 96 | 1 << 64 | 1 << 32 | 1)}
        return changes | {
            "GICD_TYPER": {"reset": words | (self.cpus - 1) << 5 | WITH_SECURITY * security},
            "GICD_NSACR_PRIVATE": {"count": int(security)},
            "GICD_NSACR": {"count": 2 * words * security},
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
        for bitmaps in (*self._grants, *self.unheard.values()):
            bitmaps[:] = [0] * self.cpus

    # -- the rules ----------------------------------------------------------------------------

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

    def in_group1(self, cpu: int, number: int) -> int:
        """The interrupt's group (4.3.4)."""
        return (self._group0[cpu] | self._group[0]) >> number & 1

    def seen(self, cpu: int, grant: int) -> int:
        """What non-secure accesses can see: group 1, and what secure software has granted so far.

        ``grant`` is what GICD_NSACR must hold at least (4.3.14).
        """
        return self._group0[cpu] | self._group[0] | self._grants[grant][cpu]

    def forwards_group(self, group1: int) -> bool:
        """Whether interrupts of a group are forwarded at all (4.3.1)."""
        return self._forwarding[0] & (ENABLE_GRP1 if group1 else ENABLE_GRP0) != 0

    def _group_or_enable(self, cpu: int, number: int) -> Place:
        """What is to be mended: its group, where only the other one is forwarded, as is usual.

        That is group 0, and with the Security Extensions, for other software, group 1.
        """
        group1 = self.in_group1(cpu, number)
        is_unusual = bool(group1) is not self.config.security
        if is_unusual and self.forwards_group(not group1) and not self.forwards_group(group1):
            return Place("GICD_IGROUPR0", each=1)
        return Place("GICD_CTLR", "EnableGrp1" if group1 else "EnableGrp0")

    def _group_wanted(self, cpu: int, number: int) -> int:
        is_group = self._group_or_enable(cpu, number).each
        return int(self.config.security or not is_group)

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
        Rule("inactive", Place("GICD_ISACTIVER0", each=1),
             "the handler that acknowledged it to end it (GICC_EOIR, GICC_DIR)", "IHI 0048B 4.3.9",
             test=_inactive, bitmap=True, opens=Opens.END, ends_by="GICC_EOIR",
             says="it is active already"),
    )  # fmt: skip

    STANDING_TESTS: ClassVar = tests_of(STANDING)
    MOVING_TESTS: ClassVar = tests_of(MOVING)

    # -- what is forwarded --------------------------------------------------------------------

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

    # -- views --------------------------------------------------------------------------------

    def gates(self, number: int, cpu: int) -> list[Gate]:
        """How its rules stand for one interrupt."""
        rules = *self.MOVING, *self.STANDING
        gates = [rule.gate(self, self.regs, number, cpu, ends_with=number) for rule in rules]
        if self.config.security and not self.in_group1(cpu, number):
            return [self._for_secure(gate, number, cpu) for gate in gates]
        return gates

    def _for_secure(self, gate: Gate, number: int, cpu: int) -> Gate:
        """Of a group 0 interrupt: who can open the gate, and who has tried in vain."""
        if self.unheard[gate.name][cpu] >> number & 1:
            gate = replace(gate, says=f"{gate.says}; {UNHEARD}")
        if gate.opens is Opens.STORE:
            gate = replace(gate, needs=f"{gate.needs}, {SECURE}")
        return gate

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
        high, enabled, pending, active = bitmaps
        is_high = high >> number & 1 != 0
        targets: tuple[int, ...] = (cpu,)
        if number < SGIS:
            source = f"SGI {number}"
        elif number < PRIVATE:
            source = f"PPI {number - SGIS}"
        else:
            source = f"SPI {number - PRIVATE}"
            targets = tuple([n for n in range(self.cpus) if self._aimed[n] >> number & 1])
        level = number >= SGIS and self._level_sensitive >> number & 1
        return InterruptState(
            number=number,
            source=source,
            line=None if number < SGIS else is_high,
            enabled=enabled >> number & 1 != 0,
            pending=pending >> number & 1 != 0,
            active=active >> number & 1 != 0,
            priority=self.priorities[cpu][number],
            targets=targets,
            trigger="level" if level else "edge",
            pin="" if number < SGIS else source.lower(),
        )
