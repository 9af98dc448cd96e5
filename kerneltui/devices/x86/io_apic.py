"""Intel 82093AA I/O APIC, and its successors in the ICH chipsets.

Documents: Intel 82093AA I/O Advanced Programmable Interrupt Controller, order number 290566-001,
section 3.2; I/O Controller Hub datasheets (82801DB, 9.5) for what came later: the EOI register from
version 20h on, and physical destinations of eight bits, which all versions have here.

Modelled: the index/data window and every register behind it, edges and levels, remote IRR, masks,
messages of all delivery modes to the local APICs.  Not modelled: the serial APIC bus, so delivery
takes no time, arbitration is lost by nobody, and the arbitration ID is the ID.
Lines say whether a pin is *active*: INTPOL is kept and changes nothing.

A level is sent once, and again after the end of its service for as long as it lasts.  Remote IRR
says that a local APIC has accepted it: while none does (nobody is addressed, nobody is enabled, the
vector is illegal) delivery is pending, and the message goes out again whenever the entry or the
local APICs change.  An edge at a masked pin is lost, and so is one that nobody accepts.  NMI and
INIT are edges whatever the entry says.  Where the manual leaves a choice: SMI and ExtINT, which are
to be edges, may be levels; the reserved delivery modes reach nobody; an entry that is made edge
sensitive loses remote IRR.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar, Protocol, runtime_checkable

import msgspec

from kerneltui.devices.x86.io_apic_registers import (
    ALWAYS_EDGES,
    DELIVS,
    DESTINATION_SHIFT,
    ENTRY,
    EOI_VERSION,
    IO_APIC,
    IO_APIC_INDIRECT,
    LEVEL,
    LOGICAL,
    MODE_SHIFT,
    MOST_PINS,
    REMOTE_IRR,
    RESERVED_MODES,
    SECTION,
    VECTOR,
)
from kerneltui.devices.x86.io_apic_view import IoApicView, io_apic_view
from kerneltui.devices.x86.local_apic_registers import (
    CLASS_SHIFT,
    FIRST_LEGAL,
    FIXED,
    LOWEST_PRIORITY,
)
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Entrance, InterruptController, InterruptState, Passage
from kerneltui.hw.line import Sink
from kerneltui.hw.rule import Gate, Opens, Place, Rule, required, tests_of


class Apics(Protocol):
    """Who takes the messages: the local APICs."""

    name: str

    def deliver(
        self, vector: int, mode: int, level_triggered: bool, destination: int, logical: bool
    ) -> bool: ...

    def reaches(self, cpu: int, destination: int, logical: bool) -> bool: ...

    def is_chosen(self, cpu: int, mode: int, destination: int, logical: bool) -> bool: ...


@runtime_checkable
class Changing(Protocol):
    """Local APICs that tell when they may accept what they have not accepted before."""

    ready_listeners: list[Callable[[], None]]


class Config(msgspec.Struct, frozen=True):
    """``gsi_base``: the global system interrupt that is pin 0."""

    pins: int = 24
    version: int = EOI_VERSION
    gsi_base: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.pins <= MOST_PINS:
            raise ValueError(f"pins must be 1 to {MOST_PINS}, not {self.pins}")
        if not 0 <= self.version <= 0xFF:
            raise ValueError(f"version must be 0 to 0xff, not {self.version:#x}")
        if self.gsi_base < 0:
            raise ValueError(f"gsi_base must not be negative, as {self.gsi_base} is")


class IoApic(InterruptController):
    """The controller; inputs ``pin`` or ``gsi``, messages to whom :meth:`connect` names."""

    COMPATIBLE = "intel,82093aa"
    NUMBERED_PINS = frozenset(("pin", "gsi"))
    NUMBERING = "gsi"
    SENDS_MESSAGES = True
    ACKNOWLEDGED = "by the core, as it takes the interrupt"
    TABLES = (IO_APIC, IO_APIC_INDIRECT)
    CONFIG = Config
    PICTURES = (IoApicView,)

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock, cpus)
        version = config.version | config.pins - 1 << IO_APIC_INDIRECT["IOAPICVER"]["MAX_ENTRY"].lsb
        entries = {"count": config.pins}
        self.regs = self._file(IO_APIC)
        self.indirect = self._file(
            IO_APIC_INDIRECT,
            {"IOAPICVER": {"reset": version}, "IOREDTBL_LOW": entries, "IOREDTBL_HIGH": entries},
        )
        self._low = self.indirect.store("IOREDTBL_LOW")
        self._high = self.indirect.store("IOREDTBL_HIGH")
        self._id = self.indirect.store("IOAPICID")
        self._apics: Apics | None = None
        self._levels = 0
        self._remote = 0
        self.reset()

    def connect(self, apics: Apics) -> None:
        """Send messages to these local APICs; their EOIs are to be told to :meth:`eoi`."""
        self._apics = apics
        if isinstance(apics, Changing):
            apics.ready_listeners.append(self.retry)

    def pictures(self) -> list[IoApicView]:
        return [io_apic_view(self.name, self.files["IO_APIC_INDIRECT"], self.interrupts(0))]

    def reset(self) -> None:
        """All pins masked (3.2.4); the input lines keep their levels."""
        for file in self.files.values():
            file.reset()
        self._remote = 0

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        base = {"pin": 0, "gsi": self.config.gsi_base}.get(pin)
        if base is None or not 0 <= number - base < self.config.pins:
            gsi, last = self.config.gsi_base, self.config.pins - 1
            raise ValueError(
                f"{self.name} ({self.COMPATIBLE}) has no input {pin!r} {number}: "
                f"only 'pin' 0-{last} and 'gsi' {gsi}-{gsi + last}"
            )
        return partial(self._set_level, number - base)

    def _set_level(self, pin: int, level: bool) -> None:
        bit = 1 << pin
        rises = level and not self._levels & bit
        self._levels = self._levels | bit if level else self._levels & ~bit
        if rises:
            self._update(pin, edge=True)

    # -- what is sent -------------------------------------------------------------------------

    def _is_active(self, pin: int) -> bool:
        return self._levels >> pin & 1 != 0

    def _is_unmasked(self, pin: int) -> bool:
        return self._low[pin] & self.SENDING_BITS == self.SENDING_WANTED

    def _is_ended(self, cpu: int, pin: int) -> bool:
        return not self._remote >> pin & 1

    def _may_send(self, pin: int) -> bool:
        if not self._levels >> pin & 1 or not self._is_unmasked(pin):
            return False
        return all(test(self, 0, pin) for test in self.SENDING_TESTS)

    def trigger_mode(self, pin: int) -> bool:
        """What the entry says: true is level."""
        return self._low[pin] & LEVEL != 0

    def is_level(self, pin: int) -> bool:
        """The trigger mode that acts: NMI and INIT are always edges (3.2.4, DELMOD)."""
        return self.trigger_mode(pin) and self._mode(pin) not in ALWAYS_EDGES

    def _mode(self, pin: int) -> int:
        return self._low[pin] >> MODE_SHIFT & 7

    def _is_held_up(self, pin: int) -> bool:
        """A level is there to be sent, and no local APIC accepts it (3.2.4, DELIVS)."""
        return self.is_level(pin) and self._may_send(pin)

    def _is_a_vector(self, cpu: int, pin: int) -> bool:
        return self._mode(pin) <= LOWEST_PRIORITY

    def _is_legal(self, cpu: int, pin: int) -> bool:
        """What is no vector, as NMI, is sent whatever stands there."""
        return not self._is_a_vector(cpu, pin) or self._low[pin] & VECTOR >= FIRST_LEGAL

    def _reaches(self, cpu: int, pin: int) -> bool:
        return self._apics is not None and self._apics.reaches(cpu, *self._destination(pin))

    def _chooses(self, cpu: int, pin: int) -> bool:
        if self._apics is None:
            return False
        return self._apics.is_chosen(cpu, self._mode(pin), *self._destination(pin))

    def _destination(self, pin: int) -> tuple[int, bool]:
        """Whom the message is for, and whether that is a set of logical destinations."""
        return self._high[pin] >> DESTINATION_SHIFT, self._low[pin] & LOGICAL != 0

    UNMASKED = Rule(
        "let through",
        Place("IOREDTBL_LOW", "MASK", by_element=True),
        "a zero in bit 16",
        SECTION,
        wants=0,
        says="the I/O APIC masks its pin",
    )
    ENDED = Rule(
        "last one ended",
        Place("IOREDTBL_LOW", "REMOTE_IRR", by_element=True),
        "an EOI for vector {vector}",
        SECTION,
        test=_is_ended,
        opens=Opens.END,
        ends_by="EOI",
        says="the I/O APIC still waits for the EOI of the last one",
    )
    SENDING: ClassVar = (UNMASKED, ENDED)
    """What lets an active pin send."""
    SENDING_BITS, SENDING_WANTED = required(ENTRY, SENDING)
    SENDING_TESTS: ClassVar = tests_of(SENDING)
    RECEIVED: ClassVar = (
        Rule("as a vector", Place("IOREDTBL_LOW", "DELMOD", by_element=True),
             "delivery mode 0, fixed: as it is, what arrives has no vector", SECTION,
             test=_is_a_vector, wants=FIXED, says="its entry sends no vector"),
        Rule("vector is legal", Place("IOREDTBL_LOW", "INTVEC", by_element=True),
             "a vector of 16 to 255 in {entry}", "SDM 3A 10.5.2", test=_is_legal,
             says="its entry of the redirection table holds no legal vector: 0 to 15 are not "
                  "accepted"),
        Rule("destination", Place("IOREDTBL_HIGH", "DESTINATION", by_element=True),
             "a {kind} destination that names CPU {core}", SECTION, test=_reaches,
             says="its message goes to no core here"),
        Rule("lowest priority", Place("IOREDTBL_LOW", "DELMOD", by_element=True),
             "CPU {core} to be the one of lowest priority among those addressed", SECTION,
             test=_chooses, wants=FIXED, says="its message goes to another core"),
    )  # fmt: skip
    """Whose vector the message becomes: the local APICs look for that."""

    def _update(self, pin: int, *, edge: bool = False) -> None:
        """Send a pin's message if it is due: a level whenever it can be, an edge as it comes."""
        level = self.is_level(pin)
        if not (level or edge):
            return
        if not self._may_send(pin):
            if edge and not level and not self._is_unmasked(pin):
                self._remark(
                    "lost",
                    self.config.gsi_base + pin,
                    f"an edge at {self._name(pin)} came while its entry was masked",
                )
            return
        if self.send(pin):
            if level:
                self._remote |= 1 << pin
        elif edge:
            self._remark(
                "dropped",
                self.config.gsi_base + pin,
                f"no local APIC accepted the message of {self._name(pin)}",
            )

    def send(self, pin: int) -> bool:
        """Send a pin's message; whether a local APIC has accepted it."""
        low, mode = self._low[pin], self._mode(pin)
        if self._apics is None or mode in RESERVED_MODES:
            return False
        return self._apics.deliver(
            low & VECTOR,
            mode,
            self.is_level(pin),
            *self._destination(pin),
        )

    def retry(self) -> None:
        """Send anew the levels that no local APIC has accepted: one may do so now."""
        waiting = self._levels & ~self._remote
        while waiting:
            lowest = waiting & -waiting
            waiting ^= lowest
            self._update(lowest.bit_length() - 1)

    def eoi(self, vector: int) -> None:
        """Levels with this vector have been served; the ones that last are sent again (3.2.4)."""
        ended = self._remote
        while ended:
            lowest = ended & -ended
            ended ^= lowest
            pin = lowest.bit_length() - 1
            if self._low[pin] & VECTOR == vector:
                self._remote &= ~lowest
                if self._levels & lowest and self._is_unmasked(pin):
                    self._remark(
                        "retriggered",
                        self.config.gsi_base + pin,
                        f"{self._name(pin)} was ended while its line is still active, so it "
                        "comes again",
                    )
                self._update(pin)

    # -- registers ----------------------------------------------------------------------------

    def write_EOIR(self, index: int, cpu: int, value: int) -> None:
        """As an EOI message; the 82093AA itself has no such register (82801DB 9.5.5)."""
        if self.config.version >= EOI_VERSION:
            self.eoi(value & IO_APIC["EOIR"]["VECTOR"].mask)

    def peek_IOAPICARB(self, index: int, cpu: int) -> int:
        """Loaded with the ID as that is written (3.2.3)."""
        return self._id[0]

    def peek_IOREDTBL_LOW(self, index: int, cpu: int) -> int:
        pending = DELIVS if self._is_held_up(index) else 0
        remote = REMOTE_IRR if self._remote >> index & 1 else 0
        return self._low[index] | remote | pending

    def write_IOREDTBL_LOW(self, index: int, cpu: int, value: int) -> None:
        """A level that is up is sent as it is unmasked; an edge is not (3.2.4)."""
        if not self.is_level(index):
            self._remote &= ~(1 << index)
        self._update(index)

    def write_IOREDTBL_HIGH(self, index: int, cpu: int, value: int) -> None:
        """A level that nobody has accepted goes to the new destination."""
        self._update(index)

    # -- explanation --------------------------------------------------------------------------

    def entrance(self, pin: str, cpu: int) -> Entrance | None:
        """``gsi`` n is the GSI n."""
        kind, _, number = pin.partition(" ")
        found = int(number) if kind == "gsi" and number.isdecimal() else -1
        return found if 0 <= found - self.config.gsi_base < self.config.pins else None

    def onward(self, number: int) -> tuple[str, int] | None:
        """Fixed and lowest priority interrupts become a vector of a local APIC (3.2.4).

        Not one below 16: no local APIC accepts that (SDM 3A 10.5.2).
        """
        pin = self._pin(number)
        if self._apics is None or not (self._is_a_vector(0, pin) and self._is_legal(0, pin)):
            return None
        return self._apics.name, self._low[pin] & VECTOR

    def passages(self, entrance: Entrance, cpu: int) -> list[Passage]:
        """A pin's message to one core: if all gates are open, an edge that comes is sent to it."""
        gates = partial(self._gates, self._pin(entrance), cpu)
        return [Passage(gates, message=self.onward(int(entrance)))]

    def _pin(self, entrance: Entrance) -> int:
        base: int = self.config.gsi_base
        last = base + self.config.pins - 1
        if not isinstance(entrance, int) or not base <= entrance <= last:
            raise ValueError(f"{self.name} has GSIs {base} to {last}")
        return entrance - base

    def _gates(self, pin: int, cpu: int) -> Iterator[Gate]:
        yield self._line_gate(pin)
        for rule in (*self.SENDING, *self.RECEIVED):
            yield self._gate(rule, pin, cpu)

    def _line_gate(self, pin: int) -> Gate:
        """No register shows the level of a pin."""
        is_active = self._is_active(pin)
        return Gate("line", is_active, self._name(pin), "level", int(is_active),
                    "the device to raise its interrupt", SECTION, Opens.EVENT)  # fmt: skip

    def _gate(self, rule: Rule, pin: int, cpu: int) -> Gate:
        vector = f"{self._low[pin] & VECTOR:#04x}"
        kind = "logical" if self._low[pin] & LOGICAL else "physical"
        return rule.gate(
            self, self.indirect, pin, cpu, vector=vector, kind=kind, core=cpu,
            entry=f"IOREDTBL{pin}_LOW",
        )  # fmt: skip

    def _name(self, pin: int) -> str:
        return f"GSI {self.config.gsi_base + pin}"

    def interrupts(self, cpu: int) -> list[InterruptState]:
        """Every pin; pending is a level that is up and not yet sent, active one not yet ended."""
        return [self._state(pin) for pin in range(self.config.pins)]

    def notable(self, cpu: int, numbers: set[int]) -> list[InterruptState]:
        """Pins that are unmasked, up or not yet ended, and those that are asked for."""
        base = self.config.gsi_base
        return [
            self._state(pin)
            for pin in range(self.config.pins)
            if self._is_unmasked(pin)
            or self._is_active(pin)
            or not self._is_ended(0, pin)
            or base + pin in numbers
        ]

    def interrupt(self, number: int, cpu: int) -> InterruptState | None:
        pin = number - self.config.gsi_base
        return self._state(pin) if 0 <= pin < self.config.pins else None

    def _state(self, pin: int) -> InterruptState:
        low, level = self._low[pin], self.is_level(pin)
        targets: tuple[int, ...] = ()
        if self._apics is not None:
            targets = tuple(cpu for cpu in range(self.cpus) if self._reaches(cpu, pin))
        return InterruptState(
            number=self.config.gsi_base + pin,
            source=self._name(pin),
            line=self._is_active(pin),
            enabled=self._is_unmasked(pin),
            pending=level and self._is_active(pin) and self._is_ended(0, pin),
            active=not self._is_ended(0, pin) if level else None,
            priority=(low & VECTOR) >> CLASS_SHIFT,
            targets=targets,
            trigger="level" if level else "edge",
            pin=f"gsi {self.config.gsi_base + pin}",
        )
