"""The mailboxes between the Arm cores and the VideoCore, and what the firmware there answers.

Documents: the Raspberry Pi firmware's wiki, "Mailboxes", "Accessing mailboxes" and "Mailbox
property interface".  Modelled: both mailboxes, of eight messages each, the interrupt for a message
to the Arm cores, and channel 8, the property tags
(:mod:`kerneltui.devices.bcm.bcm2835_mbox_properties`).  Not modelled: all other channels, which
never answer, and the interrupts of the VideoCore's side.

A message of channel 8 is the address of a buffer of tags, as the VideoCore sees memory: its upper
two bits choose a cache, the others are the physical address.  The answer stands in that buffer
``latency_ns`` later, and the message comes back.  The VideoCore reads and writes memory itself;
whether a cache of the cores holds something newer is not modelled.

Where nothing is said: the request codes in a buffer are not looked at; a store to a full mailbox
is lost; a read of an empty one gives 0; a buffer
beyond memory is left alone, and its message comes back.
"""

from __future__ import annotations

from typing import ClassVar

from kerneltui.devices.bcm.bcm2835_mbox_properties import Facts, Properties
from kerneltui.devices.bcm.bcm2835_mbox_registers import BCM2835_MBOX
from kerneltui.hw.bus import BusFault
from kerneltui.hw.clock import NEVER, Clock
from kerneltui.hw.device import BusMaster, Cause
from kerneltui.hw.hooks import variant_hook
from kerneltui.hw.rule import Opens, Place, Rule, required, tests_of

DEPTH = 8
PROPERTIES = 8
"""The channel of the property tags."""
CHANNEL = 0xF
BUS_ADDRESS = 0x3FFF_FFFF
SUCCESS, FAILURE = 0x8000_0000, 0x8000_0001
ANSWERED = 1 << 31
HEADER, TAG_HEADER = 8, 12
LARGEST_BUFFER = 1 << 20
TO_ARM, TO_VIDEOCORE = range(2)
EMPTY, FULL = BCM2835_MBOX["MAIL0_STATUS"].masks("EMPTY", "FULL")
DATA_IRQ, CLEAR, HAS_DATA, HAS_SPACE, OPPOSITE_EMPTY, OVERFLOW, UNDERFLOW = BCM2835_MBOX[
    "MAIL0_CONFIG"
].masks(
    "DATA_IRQ", "CLEAR", "DATA_PENDING", "SPACE_PENDING", "EMPTY_PENDING", "OVERFLOW", "UNDERFLOW"
)  # fmt: skip


class Config(Facts, frozen=True):
    """What the firmware tells of the board, and ``latency_ns``: how long an answer takes."""

    latency_ns: int = 20_000

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.latency_ns <= 1_000_000_000:
            raise ValueError(f"latency_ns must be 1 to 1000000000, not {self.latency_ns}")


class Bcm2835Mbox(BusMaster):
    """Both mailboxes; output ``irq``."""

    COMPATIBLE = "brcm,bcm2835-mbox"
    TABLES = (BCM2835_MBOX,)
    CONFIG = Config

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self.regs = self._file(BCM2835_MBOX)
        self._enables = self.regs.store("MAIL0_CONFIG")
        self._irq = self._output("irq")[0]
        self._answer = clock.deadline(f"{name}.answer", self._answered)
        self.reset()

    def reset(self) -> None:
        """Both empty; what the firmware knows is as after it has started."""
        self.regs.reset()
        self._answer.cancel()
        self._mail: tuple[list[int], list[int]] = ([], [])
        self._errors = [0, 0]
        self.properties = Properties(self.config)
        self._update()

    # -- the rules ----------------------------------------------------------------------------

    def _has_mail(self, _cpu: int, _number: int) -> bool:
        return bool(self._mail[TO_ARM])

    RULES: ClassVar = (
        Rule("enabled", Place("MAIL0_CONFIG", "DATA_IRQ"), "DATA_IRQ to be 1",
             "arm_control.h: ARM_MC_IHAVEDATAIRQEN", wants=1,
             says="the mailbox's interrupt is not enabled"),
        Rule("message waits", Place("MAIL0_CONFIG", "DATA_PENDING"),
             "the VideoCore to answer", "arm_control.h: ARM_MC_IHAVEDATAIRQPEND",
             test=_has_mail, opens=Opens.EVENT, says="no message to the Arm cores waits"),
    )  # fmt: skip
    TESTS: ClassVar = tests_of(RULES)
    SWITCHES: ClassVar = required(BCM2835_MBOX["MAIL0_CONFIG"], RULES)

    def _update(self) -> None:
        cared_for, wanted = self.SWITCHES
        is_on = self._enables[0] & cared_for == wanted
        self._irq.set(is_on and all(test(self, 0, 0) for test in self.TESTS))

    def causes(self, output: str, cpu: int) -> list[Cause]:
        """A message to the Arm cores."""
        due_ns = self._answer.due if self._answer.due < NEVER else None
        gates = (
            rule.gate(
                self, self.regs, 0, cpu, due_ns=due_ns if rule.opens is Opens.EVENT else None
            )
            for rule in self.RULES
        )  # fmt: skip
        return [Cause("a message of the VideoCore", tuple(gates))]

    # -- registers ----------------------------------------------------------------------------

    @variant_hook("peek", ("MAIL0_PEEK", "MAIL1_PEEK"))
    def _oldest(self, which: int, index: int, cpu: int) -> int:
        return self._mail[which][0] if self._mail[which] else 0

    def peek_MAIL0_READ(self, index: int, cpu: int) -> int:
        """The oldest message to the Arm cores."""
        return self._oldest(TO_ARM, index, cpu)

    def read_MAIL0_READ(self, index: int, cpu: int) -> int:
        """Takes it out; the VideoCore, if it waits for room, goes on."""
        message = self._oldest(TO_ARM, index, cpu)
        if self._mail[TO_ARM]:
            del self._mail[TO_ARM][0]
            self._work()
        else:
            self._errors[TO_ARM] |= UNDERFLOW
        return message

    def write_MAIL1_WRITE(self, index: int, cpu: int, value: int) -> None:
        """The VideoCore answers one message after the other."""
        if len(self._mail[TO_VIDEOCORE]) < DEPTH:
            self._mail[TO_VIDEOCORE].append(value & 0xFFFF_FFFF)
            self._work()
        else:
            self._errors[TO_VIDEOCORE] |= OVERFLOW

    @variant_hook("peek", ("MAIL0_STATUS", "MAIL1_STATUS"))
    def _status(self, which: int, index: int, cpu: int) -> int:
        level = len(self._mail[which])
        return level | (EMPTY if not level else FULL if level == DEPTH else 0)

    @variant_hook("peek", ("MAIL0_CONFIG", "MAIL1_CONFIG"))
    def _configuration(self, which: int, index: int, cpu: int) -> int:
        flags = self._errors[which]
        if which == TO_ARM:
            flags |= self._enables[0] & DATA_IRQ
        if self._mail[which]:
            flags |= HAS_DATA
        if len(self._mail[which]) < DEPTH:
            flags |= HAS_SPACE
        if not self._mail[1 - which]:
            flags |= OPPOSITE_EMPTY
        return flags

    @variant_hook("write", ("MAIL0_CONFIG", "MAIL1_CONFIG"))
    def _configured(self, which: int, index: int, cpu: int, value: int) -> None:
        """Any store clears the errors."""
        self._errors[which] = 0
        if value & CLEAR:
            self._mail[which].clear()
        self._work()

    # -- the VideoCore ------------------------------------------------------------------------

    def _work(self) -> None:
        """It begins with the oldest message, unless it is at work or its answers wait."""
        has_room = len(self._mail[TO_ARM]) < DEPTH
        if not self._mail[TO_VIDEOCORE]:
            self._answer.cancel()
        elif has_room and self._answer.due == NEVER:
            self._answer.arm(self.clock.now + self.config.latency_ns)
        self._update()

    def _answered(self) -> None:
        message = self._mail[TO_VIDEOCORE].pop(0)
        if message & CHANNEL == PROPERTIES:
            try:
                self._answer_tags(message & ~CHANNEL & BUS_ADDRESS)
            except BusFault as fault:
                self._tell(f"a buffer of tags: {fault}")
            self._mail[TO_ARM].append(message)
        else:
            self._tell(f"MAIL1_WRITE <- {message:#x}: channel {message & CHANNEL}")
        self._work()

    def _answer_tags(self, at: int) -> None:
        """Tag by tag; one that is not known stays as it is, and the whole has failed in part."""
        bus = self.bus
        if bus is None:
            return
        size = bus.read(at)
        if not HEADER <= size <= LARGEST_BUFFER:
            bus.write(at + 4, FAILURE)
            return
        place, end, result = at + HEADER, at + size, SUCCESS
        while place + 4 <= end and (tag := bus.read(place)):
            room = bus.read(place + 4)
            if place + TAG_HEADER + room > end:
                result = FAILURE
                break
            values = place + TAG_HEADER
            asked = b"".join(
                bus.read(values + offset).to_bytes(4, "little") for offset in range(0, room, 4)
            )
            answer = self.properties.answer(tag, asked)
            if answer is None:
                self._tell(f"property tag {tag:#x}")
                result = FAILURE
            else:
                for offset, byte in enumerate(answer[:room]):
                    bus.write(values + offset, byte, 1)
                bus.write(place + 8, ANSWERED | len(answer))
            place = values + (room + 3 & ~3)
        bus.write(at + 4, result)

    def _tell(self, text: str) -> None:
        if self.regs.on_unmodelled is not None:
            self.regs.on_unmodelled(text)
