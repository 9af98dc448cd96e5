"""The PC's pair of 8259A interrupt controllers, with the edge/level control of the PIIX.

Documents: Intel 8259A Programmable Interrupt Controller (231468-003, December 1988); ELCR as in
Intel 82371AB (PIIX4, April 1997), 4.2.5.  Modelled: ICW1 to ICW4, OCW1 to OCW3, fully nested and
special fully nested mode, all ends of interrupt, automatic ones too, both rotations, special mask
mode, poll, the default interrupt 7 of either chip, edge and level triggering by LTIM and ELCR.
Not modelled: MCS-80/85 mode (the acknowledge is always that of an 8086) and buffered mode.

The slave's INT is wired to the master's IR2; a slave whose ICW3 names another input does not
answer, and the acknowledge then finds an empty bus, 0xFF.

Edge triggering: IRR shows a request while it is latched *and* its line is still high.  A request
that is withdrawn keeps INT up, as the manual's safeguard against noise needs it, and the
acknowledge gives the default level 7 without an ISR bit.  A level triggered request ends with its
line; so does the slave's at the master, when software masks or polls the slave.  Where the manual
is open: ICW1 also clears ISR and ICW4, a poll command waits for its read whatever is written
meanwhile, and the default level 7 of the master never comes from a slave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import msgspec
from msgspec.structs import replace

from kerneltui.devices.x86.i8259_chip import AEOI, DEFAULT_LEVEL, I8259, NO_REQUEST, VECTOR_BASE
from kerneltui.devices.x86.i8259_registers import ELCR, I8259_MASTER, I8259_SLAVE
from kerneltui.devices.x86.i8259_view import PicView, pic_views
from kerneltui.hw.clock import Clock
from kerneltui.hw.device import Entrance, InterruptController, InterruptState, Passage
from kerneltui.hw.line import Sink
from kerneltui.hw.rule import Gate, Place, Rule

CASCADE = 2
EMPTY_BUS = 0xFF


def _leaves_to_slave(master: I8259, _cpu: int, level: int) -> bool:
    return master.slaves() >> level & 1 != 0


def _answers_at(slave: I8259, _cpu: int, level: int) -> bool:
    return slave.icw3[0] == level


SLAVE_NAMED = Rule(
    "the slave gives the vector",
    Place("ICW3", each=1),
    "a one in the master's ICW3, in cascade mode (ICW1)",
    "Intel 8259A, ICW3",
    test=_leaves_to_slave,
    wants=1,
    says="the master does not know that a slave is at this input",
)
SLAVE_ANSWERS = Rule(
    "the slave knows its input",
    Place("ICW3", "ID"),
    "the number of the master's input that it is at, 2",
    "Intel 8259A, ICW3",
    test=_answers_at,
    wants=CASCADE,
    says="the slave thinks that it is at another input",
)
"""In the second INTA pulse; otherwise the vector is another (Cascade mode)."""


class Config(msgspec.Struct, frozen=True):
    """The chips have no parameters."""


class I8259Pair(InterruptController):
    """Master and slave; inputs ``irq`` 0 to 15 without 2, output ``int``."""

    COMPATIBLE = "intel,i8259"
    NUMBERED_PINS = frozenset(("irq",))
    NUMBERING = "isa"
    ACKNOWLEDGED = "by the core, as it takes the interrupt"
    TABLES = (I8259_MASTER, I8259_SLAVE, ELCR)
    CONFIG = Config
    PICTURES = (PicView,)

    def __init__(self, name: str, config: Config, clock: Clock, cpus: int = 1) -> None:
        super().__init__(name, config, clock)
        self._int = self._output("int")[0]
        self.master = I8259(self, I8259_MASTER)
        self.slave = I8259(self, I8259_SLAVE)
        self.files["I8259_MASTER"] = self.master.regs
        self.files["I8259_SLAVE"] = self.slave.regs
        self._elcr = self._file(ELCR)
        self.reset()

    def pictures(self) -> list[PicView]:
        return list(pic_views(self.files))

    def reset(self) -> None:
        """All edge triggered, nothing masked; the input lines are others' business and stay."""
        self._elcr.reset()
        self.slave.reset()
        self.master.reset()
        self._update()

    def part(self, number: int) -> str:
        return self.TABLES[number > 7].title

    def input(self, pin: str, number: int = 0, cpu: int = 0) -> Sink:
        if pin != "irq" or not 0 <= number < 16 or number == CASCADE:
            raise ValueError(
                f"{self.name} ({self.COMPATIBLE}) has no input {pin!r} {number}: only 'irq' 0-15, "
                f"of which {CASCADE} is the cascade"
            )
        return partial(self._drive, self.slave if number > 7 else self.master, 1 << number % 8)

    def _drive(self, chip: I8259, bit: int, level: bool) -> None:
        if not level:
            chip.hold(bit)
        chip.drive(bit, level)
        self._update()

    def misused(self, chip: I8259, level: int, text: str) -> None:
        """An end of interrupt fits nothing."""
        self._remark("misuse", self._number(chip, level), text)

    def ended(self, chip: I8259, level: int) -> None:
        """An interrupt in service has been ended; the cascade's line is the slave's business."""
        still = chip.levels & chip.level_triggered & ~chip.mask[0]
        if still >> level & 1:
            self._remark(
                "retriggered",
                self._number(chip, level),
                f"IRQ {self._number(chip, level)} was ended while its line is still high, so it "
                "comes again",
            )

    def _number(self, chip: I8259, level: int) -> int:
        return level + 8 if chip is self.slave else level

    def changed(self) -> None:
        """One of the chips is in a new state."""
        self._update()

    def _update(self) -> None:
        self.master.drive(1 << CASCADE, self.slave.raises_int())
        level = self.master.raises_int()
        if self._int.level is not level:
            self._int.set(level)

    def take(self, chip: I8259, level: int) -> None:
        """Acknowledge a level.

        In AEOI mode the slave's ISR bit stands until the last pulse only, but INT falls for that
        time: without it the master would not see the edge of the slave's next request.
        """
        chip.take(level)
        if chip is self.slave and chip.icw4[0] & AEOI:
            self.master.drive(1 << CASCADE, False)

    def acknowledge(self) -> int:
        """The processor's two INTA pulses: the vector (Interrupt sequence)."""
        master = self.master
        level = master.best()
        if level == NO_REQUEST:
            vector = master.give_default()
            self._remark(
                "spurious",
                DEFAULT_LEVEL,
                "the master had no request any more: its default IRQ 7 was taken",
            )
        else:
            master.take(level)
            vector = master.icw2[0] & VECTOR_BASE | level
            if _leaves_to_slave(master, 0, level):
                vector = self._slave_answers(level)
        self._update()
        return vector

    def _slave_answers(self, level: int) -> int:
        """The second pulse, with the slave's number on the cascade lines (Cascade mode)."""
        slave = self.slave
        if not _answers_at(slave, 0, level):
            return EMPTY_BUS
        found = slave.best()
        if found == NO_REQUEST:
            self._remark(
                "spurious",
                8 + DEFAULT_LEVEL,
                "the slave had no request any more: its default IRQ 15 was taken, and the "
                "master's IR2 is in service",
            )
            return slave.give_default()
        self.take(slave, found)
        return slave.icw2[0] & VECTOR_BASE | found

    def write_ELCR1(self, index: int, cpu: int, value: int) -> None:
        """A line that is high requests at once when it becomes level triggered."""
        self.master.set_trigger(self._elcr.store("ELCR1")[0])
        self._update()

    def write_ELCR2(self, index: int, cpu: int, value: int) -> None:
        """As ELCR1, for the slave."""
        self.slave.set_trigger(self._elcr.store("ELCR2")[0])
        self._update()

    # -- views --------------------------------------------------------------------------------

    def passages(self, entrance: Entrance, cpu: int) -> list[Passage]:
        """The rules for one interrupt: all are open if the acknowledge would give its vector now.

        The slave's go on at the master, which leaves the vector to the slave.
        """
        if not isinstance(entrance, int) or not 0 <= entrance < 16 or entrance == CASCADE:
            raise ValueError(f"{self.name} has interrupts 0 to 15 without {CASCADE}")
        chip = self.master if entrance < 8 else self.slave
        vector = chip.icw2[0] & VECTOR_BASE | entrance % 8
        return [Passage(partial(self._gates, entrance), "int", vector=vector)]

    def _gates(self, number: int) -> Iterator[Gate]:
        if number < 8:
            rules = (*I8259.RULES, I8259.ANSWERS)
            yield from self._gates_of(self.master, "master", rules, number)
            return
        yield from self._gates_of(self.slave, "slave", I8259.RULES, number - 8)
        yield from self._gates_of(self.master, "master", I8259.RULES, CASCADE)
        for rule, chip in self._cascade_rules():
            yield self._cascade_gate(rule, chip)

    @staticmethod
    def _gates_of(chip: I8259, name: str, rules: Iterable[Rule], level: int) -> list[Gate]:
        made = []
        best = chip.best()
        words = {"level": level, "best": max(best, 0), "serving": max(chip.serving(), 0)}
        for rule in rules:
            gate = rule.gate(chip, chip.regs, level, 0, chosen=best == level, **words)
            register = "IMR" if gate.register == "OCW1" else gate.register
            made.append(replace(gate, register=f"{name} {register}"))
        return made

    def _cascade_rules(self) -> list[tuple[Rule, I8259]]:
        return [(SLAVE_NAMED, self.master), (SLAVE_ANSWERS, self.slave)]

    @staticmethod
    def _cascade_gate(rule: Rule, chip: I8259) -> Gate:
        gate = rule.gate(chip, chip.regs, CASCADE, 0)
        return replace(gate, register=f"{chip.regs.table.title.removeprefix('8259A ')} ICW3")

    def interrupts(self, cpu: int) -> list[InterruptState]:
        return [self._state(number) for number in range(16) if number != CASCADE]

    def entrance(self, pin: str, cpu: int) -> Entrance | None:
        kind, _, number = pin.partition(" ")
        is_input = kind == "irq" and number.isdecimal() and int(number) < 16
        return int(number) if is_input and int(number) != CASCADE else None

    def interrupt(self, number: int, cpu: int) -> InterruptState | None:
        return self._state(number) if 0 <= number < 16 and number != CASCADE else None

    def _state(self, number: int) -> InterruptState:
        chip, level = (self.master, number) if number < 8 else (self.slave, number - 8)
        return InterruptState(
            number=number,
            source=f"IRQ {number}",
            line=bool(chip.levels >> level & 1),
            enabled=not chip.mask[0] >> level & 1,
            pending=bool(chip.requests() >> level & 1),
            active=bool(chip.in_service >> level & 1),
            priority=self._priority(number),
            targets=(0,),
            trigger="level" if chip.level_triggered >> level & 1 else "edge",
            pin=f"irq {number}",
        )

    def _priority(self, number: int) -> int:
        """The place among all sixteen: the slave's stand together where IR2 does."""
        cascade = self.master.rank(CASCADE)
        if number > 7:
            return cascade + self.slave.rank(number - 8)
        rank = self.master.rank(number)
        return rank if rank < cascade else rank + 7
