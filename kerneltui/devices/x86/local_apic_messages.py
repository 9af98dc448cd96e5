"""Messages to and between local APICs: who is addressed, and who accepts.

Document: Intel SDM, volume 3A, sections 10.4.3, 10.6.1 and 10.6.2.  A part of the one object of
:mod:`kerneltui.devices.x86.local_apic`, above :mod:`kerneltui.devices.x86.local_apic_acceptance`.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from kerneltui.devices.x86.local_apic_acceptance import Acceptance
from kerneltui.devices.x86.local_apic_registers import (
    ASSERT,
    FIRST_LEGAL,
    FIXED,
    GLOBAL_ENABLE,
    ID_SHIFT,
    INIT,
    LOCAL_APIC,
    LOWEST_PRIORITY,
    SEND_ILLEGAL_VECTOR,
    STARTUP,
    VECTOR,
    delivery_mode,
)
from kerneltui.hw.device import Cause
from kerneltui.hw.rule import Place, Rule

LOGICAL_SHIFT, MODEL_SHIFT = LOCAL_APIC["LDR"]["LOGICAL_ID"].lsb, LOCAL_APIC["DFR"]["MODEL"].lsb
FLAT, CLUSTER = 0xF, 0x0
"""Models of logical destinations (10.6.2.2)."""
LOGICAL, ICR_LEVEL_TRIGGERED = LOCAL_APIC["ICR_LOW"].masks("DESTINATION_MODE", "TRIGGER")
SHORTHAND = LOCAL_APIC["ICR_LOW"]["SHORTHAND"]
DESTINATION_SHIFT = LOCAL_APIC["ICR_HIGH"]["DESTINATION"].lsb
BROADCAST = 0xFF


class Messages(Acceptance):
    """Interrupt commands of cores, and messages from I/O APICs."""

    def deliver(
        self, vector: int, mode: int, level_triggered: bool, destination: int, logical: bool
    ) -> bool:
        """A message from an I/O APIC, or a message-signalled interrupt; whether anyone accepts."""
        cpus = [cpu for cpu in range(self.cpus) if self.reaches(cpu, destination, logical)]
        return self._send(vector, mode, cpus, level=level_triggered)

    def reaches(self, cpu: int, destination: int, logical: bool) -> bool:
        """Whether a destination names a core's APIC, which is on (10.4.3, 10.6.2.1, 10.6.2.2)."""
        if not self._base[cpu] & GLOBAL_ENABLE:
            return False
        store = self.regs.store
        if not logical:
            return destination in {BROADCAST, store("APIC_ID")[cpu] >> ID_SHIFT}
        own = store("LDR")[cpu] >> LOGICAL_SHIFT
        model = store("DFR")[cpu] >> MODEL_SHIFT
        if model == FLAT:
            return destination & own != 0
        cluster = destination >> 4
        return model == CLUSTER and cluster in {0xF, own >> 4} and destination & own & 0xF != 0

    def _lowest(self, cpus: list[int], vector: int) -> int | None:
        """Who gets a lowest priority message: of those that accept any, the least busy."""
        able = [
            cpu for cpu in cpus if all(test(self, cpu, vector) for test in self.ACCEPTING_TESTS)
        ]
        return min(able, key=partial(self.peek_PPR, 0)) if able else None

    def is_chosen(self, cpu: int, mode: int, destination: int, logical: bool) -> bool:
        """Whether a core is the one of those addressed that a message of this mode goes to.

        All are, but of a lowest priority message.
        """
        if mode != LOWEST_PRIORITY:
            return True
        cpus = [item for item in range(self.cpus) if self.reaches(item, destination, logical)]
        return self._lowest(cpus, 0) in {None, cpu}

    def _send(self, vector: int, mode: int, cpus: list[int], *, level: bool = False) -> bool:
        if mode == LOWEST_PRIORITY:
            chosen = self._lowest(cpus, vector)
            cpus = [] if chosen is None else [chosen]
        accepted = False
        for cpu in cpus:
            if mode in {FIXED, LOWEST_PRIORITY}:
                accepted |= self._accept(cpu, vector, level=level)
            else:
                accepted |= self._accept_special(cpu, mode, vector)
        return accepted

    def write_ICR_LOW(self, index: int, cpu: int, value: int) -> None:
        """Send; all but INIT level de-assert, which does nothing, is an edge (10.6.1)."""
        vector, mode = value & VECTOR, delivery_mode(value)
        if mode == INIT and value & ICR_LEVEL_TRIGGERED and not value & ASSERT:
            return
        if mode in {FIXED, LOWEST_PRIORITY} and vector < FIRST_LEGAL:
            self._error(cpu, SEND_ILLEGAL_VECTOR)
        receivers = self._commanded(cpu, value)
        nobody_meant = SHORTHAND.extract(value) and not receivers
        # The second start-up message of the usual sequence finds a core that has started.
        accepted = self._send(vector, mode, receivers)
        if not accepted and mode != STARTUP and not nobody_meant:
            self._remark(
                "dropped", vector, f"no local APIC accepted the interrupt command of core {cpu}"
            )

    def _commanded(self, cpu: int, command: int) -> list[int]:
        """The cores that an interrupt command names (10.6.1)."""
        shorthand = SHORTHAND.extract(command)
        if shorthand == 1:
            return [cpu]
        if shorthand:
            return [item for item in range(self.cpus) if item != cpu or shorthand == 2]
        destination = self.regs.store("ICR_HIGH")[cpu] >> DESTINATION_SHIFT
        logical = command & LOGICAL != 0
        return [item for item in range(self.cpus) if self.reaches(item, destination, logical)]

    def _is_commanded(self, sender: int, cpu: int) -> bool:
        """Whether the last command of one core names another."""
        return cpu in self._commanded(sender, self.regs.store("ICR_LOW")[sender])

    def _sends_legal(self, sender: int, cpu: int) -> bool:
        return self.regs.store("ICR_LOW")[sender] & VECTOR >= FIRST_LEGAL

    def _names_receivers(self, sender: int, cpu: int) -> Place:
        by_number = SHORTHAND.extract(self.regs.store("ICR_LOW")[sender]) == 0
        if by_number:
            return Place("ICR_HIGH", "DESTINATION")
        return Place("ICR_LOW", "SHORTHAND")

    COMMAND: ClassVar = (
        Rule("sent to this core", _names_receivers, "a destination that names CPU {core}",
             "SDM 3A 10.6.1", test=_is_commanded, says="the message was sent to another core"),
        Rule("vector is legal", Place("ICR_LOW", "VECTOR"), "a vector of 16 to 255",
             "SDM 3A 10.5.2", test=_sends_legal,
             says="the message names a vector below 16, which is illegal"),
    )  # fmt: skip

    def own_causes(self, number: int, cpu: int) -> list[Cause]:
        """The last command of each core, where that has sent this vector."""
        causes = []
        for sender, command in enumerate(self.regs.store("ICR_LOW")[: self.cpus]):
            is_fixed = delivery_mode(command) in {FIXED, LOWEST_PRIORITY}
            if is_fixed and command & VECTOR == number:
                gates = (rule.gate(self, self.regs, cpu, sender, core=cpu) for rule in self.COMMAND)
                causes.append(Cause(f"a message of core {sender}", tuple(gates)))
        return causes
