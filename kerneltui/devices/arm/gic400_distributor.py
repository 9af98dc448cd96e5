"""Distributor of the ARM GIC-400: its inputs, its registers, and what a CPU interface asks of it.

The whole device and its documents are described in :mod:`kerneltui.devices.arm.gic400`, which
holds it beside the CPU interfaces.  Section numbers alone are those of Arm IHI 0048B.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kerneltui.devices.arm.gic400_forwarding import PRIVATE_IDS, Forwarding
from kerneltui.devices.arm.gic400_registers import GICD
from kerneltui.devices.arm.gic400_shared import (
    NO_GRANT,
    PRIVATE,
    SGIS,
    Config,
    Remarks,
    nobody_listens,
)
from kerneltui.hw.hooks import shared_hook
from kerneltui.hw.line import Sink
from kerneltui.hw.register import RO

SGI, NSATT, TARGET_LIST, TARGET_FILTER = (
    GICD["GICD_SGIR"][name] for name in ("SGIINTID", "NSATT", "CPUTargetList", "TargetListFilter")
)
PPI_STATUS = GICD["GICD_PPISR"].mask_of(RO)
ONE_OF_N = sum(1 << field.lsb for field in GICD["GICD_ICFGR"].fields)
"""The lower bit of each field of GICD_ICFGR; the upper one chooses edge."""


class Distributor(Forwarding):
    """The interrupt inputs and the GICD registers, over the rules of forwarding."""

    def __init__(self, config: Config, cpus: int) -> None:
        super().__init__(config, cpus)
        # For a remark alone: lines that have been high ever since their acknowledge.
        self._unserved0, self._unserved = [0] * cpus, 0
        self.remark: Remarks = nobody_listens
        self._tell_sent: Callable[[int, int, bool], None] | None = None

    def tell_sent(self, listener: Callable[[int, int, bool], None]) -> None:
        """From now on call ``listener(sgi, cpu, again)`` where one is sent, perhaps once more."""
        self._tell_sent = listener

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
        if not self._active0[cpu] & bit and self._eligible[cpu] & bit:  # as in _update
            self._forward(cpu)

    # -- what a CPU interface asks and does ---------------------------------------------------

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
        """With the Security Extensions NSATT says in which group a receiver must have it."""
        if not self.config.security:
            self._send(value, cpu)
            return
        sgi, group1 = SGI.extract(value), NSATT.extract(value)
        alike = self._cores(lambda core: self.in_group1(core, sgi) == group1)
        refused = self._send(value, cpu, alike)
        if refused:
            there = (
                "there it is of group 0, and NSATT says 1"
                if group1
                else ("there it is of group 1, and NSATT says 0")
            )
            self._remark_unsent(sgi, cpu, refused, there)

    def send_non_secure(self, value: int, cpu: int) -> None:
        """As a store to GICD_SGIR that is not secure: NSATT does not count (table 4-24)."""
        sgi = SGI.extract(value)
        refused = self._send(value, cpu, self._cores(lambda core: self.seen(core, 1) >> sgi & 1))
        if refused:
            there = "there it is of group 0, which a non-secure access cannot send"
            self._remark_unsent(sgi, cpu, refused, there)

    def _cores(self, chosen: Callable[[int], int]) -> int:
        return sum(1 << core for core in range(self.cpus) if chosen(core))

    def _remark_unsent(self, sgi: int, cpu: int, refused: int, there: str) -> None:
        cores = [str(core) for core in range(self.cpus) if refused >> core & 1]
        to = f"core{'s' * (len(cores) > 1)} {', '.join(cores)}"
        self.remark("dropped", sgi, f"core {cpu} sent SGI {sgi}, but not to {to}: {there}")

    def _send(self, value: int, cpu: int, allowed: int = -1) -> int:
        """Pending per sending core; the reserved filter is taken as everyone (4.3.15).

        Answers the receivers that are not among those ``allowed``.
        """
        everyone = (1 << self.cpus) - 1
        listed = TARGET_LIST.extract(value) & everyone
        by_filter = (listed, everyone & ~(1 << cpu), 1 << cpu, everyone)
        chosen = by_filter[TARGET_FILTER.extract(value)]
        receivers = chosen & allowed
        sgi = SGI.extract(value)
        for core in range(self.cpus):
            if receivers >> core & 1:
                sender = 1 << (8 * sgi + cpu)
                if self._tell_sent is not None:
                    self._tell_sent(sgi, core, self._senders[core] & sender != 0)
                self._senders[core] |= sender
                self._latch0[core] |= 1 << sgi
                self._update(1 << sgi, (core,))
        return chosen & ~allowed

    @shared_hook("write", "GICD_NSACR_PRIVATE", "GICD_NSACR")
    def _grants_written(self, index: int, cpu: int, value: int) -> None:
        """Keep beside the registers, for each level, to what it extends (4.3.14)."""
        private, shared = self.regs.store("GICD_NSACR_PRIVATE"), self.regs.store("GICD_NSACR")
        for core in range(self.cpus):
            held = private[core] | sum(word << 32 * n for n, word in enumerate(shared, 2))
            for level in range(1, NO_GRANT):
                self._grants[level][core] = sum(
                    1 << n for n in range(self.config.irqs) if held >> 2 * n & 3 >= level
                )

    @shared_hook("write", "GICD_SPENDSGIR", "GICD_CPENDSGIR")
    def _senders_written(self, index: int, cpu: int, value: int) -> None:
        """An SGI is pending as long as it is from any core (4.3.16)."""
        for sgi in range(4 * index, 4 * index + 4):
            pending = bool(self._senders[cpu] >> 8 * sgi & 0xFF)
            self._latch0[cpu] = self._latch0[cpu] & ~(1 << sgi) | pending << sgi
        self._update(0xF << 4 * index, (cpu,))
