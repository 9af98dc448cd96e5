"""One 8259A: its state, its rules and its two ports.  See :mod:`kerneltui.devices.x86.i8259`."""

from __future__ import annotations

from typing import ClassVar, Protocol

from kerneltui.devices.x86.i8259_registers import I8259_SLAVE
from kerneltui.hw.register import RegisterTable
from kerneltui.hw.register_file import RegisterFile
from kerneltui.hw.rule import Opens, Place, Rule, tests_of

DEFAULT_LEVEL = 7
NO_REQUEST = -1
ALL = 0xFF

_ICW1, _OCW3 = I8259_SLAVE["ICW1"], I8259_SLAVE["OCW3"]
IC4, SNGL, LTIM, IS_ICW1 = _ICW1.masks("IC4", "SNGL", "LTIM", "ICW1")
VECTOR_BASE = I8259_SLAVE["ICW2"]["T7_T3"].mask
AEOI, SFNM = I8259_SLAVE["ICW4"].masks("AEOI", "SFNM")
RIS, RR, POLL, SMM, ESMM, IS_OCW3 = _OCW3.masks("RIS", "RR", "P", "SMM", "ESMM", "OCW3")
END, SPECIFIC, ROTATE = (1 << I8259_SLAVE["OCW2"]["COMMAND"].lsb + bit for bit in range(3))
LEVEL = I8259_SLAVE["OCW2"]["L"].mask
POLL_FOUND = I8259_SLAVE["POLL"]["I"].mask


def _rotated(bits: int, by: int) -> int:
    """Eight levels turned so that level ``by`` comes to bit 0."""
    return (bits >> by | bits << 8 - by) & ALL


class I8259Board(Protocol):
    """What a chip is soldered to."""

    def changed(self) -> None:
        """The chip is in a new state: its INT may differ."""

    def misused(self, chip: I8259, level: int, text: str) -> None:
        """An end of interrupt fits nothing; ``level`` is the one that it names."""

    def ended(self, chip: I8259, level: int) -> None:
        """An interrupt in service has been ended."""

    def take(self, chip: I8259, level: int) -> None:
        """Software acknowledges ``level`` by a poll."""


class I8259:
    """One chip.  Plain state and rules; the pair wires it and drives the outputs.

    ``levels`` are its inputs, ``latch`` the rises not yet acknowledged, ``withdrawn`` the requests
    that hold INT although their line has fallen, ``first`` the level of highest priority.
    """

    def __init__(self, pair: I8259Board, table: RegisterTable) -> None:
        self.pair = pair
        self.regs = RegisterFile(self, table)
        self.mask, self.icw1, self.icw2, self.icw3, self.icw4, self._ocw3 = (
            self.regs.store(name) for name in ("IMR", "ICW1", "ICW2", "ICW3", "ICW4", "OCW3")
        )
        self.levels = 0
        self.reset()

    def reset(self) -> None:
        """Power-on; the manual leaves it open, so as after an ICW1 of zeros."""
        self.regs.reset()
        self.elcr = 0
        self._initialize()
        self.expected = "OCW1"

    def _initialize(self) -> None:
        """What ICW1 does on its own (ICW1, a to f)."""
        for cells in (self.mask, self.icw2, self.icw4, self._ocw3):
            cells[0] = 0
        if self.regs.table is I8259_SLAVE:
            self.icw3[0] = 7
        self.latch = self.withdrawn = self.in_service = self.first = 0
        self.rotates_on_aeoi = False
        self._control = 0
        self.expected = "ICW2"
        self.set_trigger(self.elcr)
        self.reconsider()

    def set_trigger(self, elcr: int) -> None:
        """LTIM makes all inputs level triggered, whatever ELCR says."""
        self.elcr = elcr
        self.level_triggered = ALL if self.icw1[0] & LTIM else elcr

    # -- the rules ----------------------------------------------------------------------------

    @property
    def irr(self) -> int:
        """The interrupt request register."""
        return self.levels & (self.latch | self.level_triggered)

    def _requested(self, _cpu: int) -> int:
        return self.levels & (self.latch | self.level_triggered)

    def requests(self) -> int:
        """What raises INT, if it may."""
        return self.levels & (self.latch | self.level_triggered) | self.withdrawn

    def _unmasked(self, _cpu: int) -> int:
        return ~self.mask[0] & ALL

    def _outranking(self, _cpu: int) -> int:
        """Levels that may interrupt what is in service (Fully nested mode).

        In special mask mode a masked level in service holds up none (Special mask mode); in
        special fully nested mode a slave may interrupt itself (Special fully nested mode).
        """
        serving = self.in_service
        if self._control & SMM:
            serving &= ~self.mask[0]
        if not serving:
            return ALL
        turned = _rotated(serving, self.first)
        highest = turned & -turned
        free = _rotated(highest - 1, 8 - self.first)
        if self.icw4[0] & SFNM:
            free |= _rotated(highest, 8 - self.first) & self.slaves()
        return free

    def slaves(self) -> int:
        """The inputs of a master that slaves are at."""
        single_or_slave = self.icw1[0] & SNGL or self.regs.table is I8259_SLAVE
        return 0 if single_or_slave else self.icw3[0]

    def _first(self, _cpu: int) -> int:
        """Levels that none of those that could be taken now outranks (Fully nested mode)."""
        best = self.best()
        if best == NO_REQUEST:
            return ALL
        return _rotated((2 << self.rank(best)) - 1, 8 - self.first)

    def _is_slave_or_plain(self, _cpu: int) -> int:
        """Inputs at which the chip that is to answer with a vector is: this one."""
        return ~self.slaves() & ALL

    def _best_or_own(self, _cpu: int, level: int) -> Place:
        best = self.best()
        return Place("IRR", each=1, of=level if best == NO_REQUEST else best)

    def _end_in_service(self, _cpu: int, level: int) -> Place:
        serving = self.serving()
        return Place("ISR", each=1, of=level if serving == NO_REQUEST else serving)

    STANDING: ClassVar = (
        Rule("let through", Place("OCW1", each=1), "a zero in IMR bit {level}", "Intel 8259A, OCW1",
             test=_unmasked, bitmap=True, wants=0, says="the 8259 masks it"),
        Rule("may pre-empt", _end_in_service,
             "an end of interrupt for IR{serving}, which is in service",
             "Intel 8259A, Fully nested mode", test=_outranking, bitmap=True, opens=Opens.END,
             ends_by="OCW2",
             says="IR{serving} is in service, and lets only more urgent inputs interrupt"),
    )  # fmt: skip
    """Rules that only software and acknowledges can turn; their sum is kept in ``open``."""
    REQUESTED = Rule("requested", Place("IRR", each=1), "its line to rise, and to stay high",
                     "Intel 8259A, Edge and level triggered modes", test=_requested, bitmap=True,
                     opens=Opens.EVENT, says="its line has not asked")  # fmt: skip
    FIRST = Rule(
        "comes first",
        _best_or_own,
        "the more urgent request at IR{best} to be taken first",
        "Intel 8259A, Fully nested mode",
        test=_first,
        bitmap=True,
        opens=Opens.EVENT,
        says="IR{best} asks too, and comes first",
        chooses=True,
    )
    ANSWERS = Rule(
        "device at the input",
        Place("ICW3", each=1),
        "a zero in ICW3 bit {level}: without it the chip leaves the vector to a slave",
        "Intel 8259A, ICW3",
        test=_is_slave_or_plain,
        bitmap=True,
        wants=0,
        says="the chip takes this input for that of a slave",
    )
    RULES: ClassVar = (REQUESTED, *STANDING, FIRST)
    STANDING_TESTS: ClassVar = tests_of(STANDING)

    def reconsider(self) -> None:
        """Apply the standing rules, after anything but a line has changed.

        A withdrawn request that may not interrupt any more is forgotten.
        """
        self.open = ALL
        for test in self.STANDING_TESTS:
            self.open &= test(self, 0)
        self.withdrawn &= self.open

    def raises_int(self) -> bool:
        """The INT output."""
        return self.requests() & self.open != 0

    def best(self) -> int:
        """The level that an acknowledge would take, or :data:`NO_REQUEST`."""
        found = self.irr & self.open
        if not found:
            return NO_REQUEST
        turned = _rotated(found, self.first)
        return ((turned & -turned).bit_length() - 1 + self.first) & 7

    def rank(self, level: int) -> int:
        """Its place in the present order of priorities; 0 is the highest."""
        return (level - self.first) & 7

    # -- what happens to it -------------------------------------------------------------------

    def drive(self, bit: int, level: bool) -> None:
        """An input changes; one that was high already makes no edge."""
        if level:
            if not self.levels & bit:
                self.levels |= bit
                self.latch |= bit
                self.withdrawn &= ~bit
        elif self.levels & bit:
            self.levels &= ~bit

    def hold(self, bit: int) -> None:
        """A line is about to fall: the edge that has raised INT keeps it up."""
        self.withdrawn |= self.irr & self.open & bit & ~self.level_triggered

    def take(self, level: int) -> None:
        """An acknowledge: the request moves on to ISR, or is over in AEOI mode."""
        bit = 1 << level
        self.latch &= ~bit
        self.withdrawn = 0
        if not self.icw4[0] & AEOI:
            self.in_service |= bit
        elif self.rotates_on_aeoi:
            self.first = level + 1 & 7
        self.reconsider()

    def give_default(self) -> int:
        """An acknowledge that finds no request gets level 7, and no ISR bit is set."""
        self.withdrawn = 0
        return self.icw2[0] & VECTOR_BASE | DEFAULT_LEVEL

    # -- registers ----------------------------------------------------------------------------

    def overlay(self, offset: int, write: bool) -> str:
        """A poll that is due answers at both ports; stores go by :meth:`overlay_of_store`."""
        if self._control & POLL:
            return "POLL"
        if offset:
            return "IMR"
        return "ISR" if self._control & RIS else "IRR"

    def overlay_of_store(self, offset: int, value: int) -> str:
        """Two bits tell ICW1, OCW3 and OCW2 apart; after ICW1 the others come in their order."""
        if offset:
            return self.expected
        if value & IS_ICW1:
            return "ICW1"
        return "OCW3" if value & IS_OCW3 else "OCW2"

    def write_ICW1(self, index: int, cpu: int, value: int) -> None:
        """Edges from before are forgotten: inputs that are high must fall and rise again."""
        self._initialize()
        self.pair.changed()

    def write_ICW2(self, index: int, cpu: int, value: int) -> None:
        """ICW3 comes next only if there is a cascade, ICW4 only if ICW1 announced it."""
        self.expected = "ICW3"
        if self.icw1[0] & SNGL:
            self.write_ICW3(index, cpu, value)

    def write_ICW3(self, index: int, cpu: int, value: int) -> None:
        """Ends the sequence where no ICW4 is announced."""
        self.expected = "ICW4" if self.icw1[0] & IC4 else "OCW1"
        self.reconsider()
        self.pair.changed()

    def write_ICW4(self, index: int, cpu: int, value: int) -> None:
        """From here on port 1 is the mask's."""
        self.expected = "OCW1"
        self.reconsider()
        self.pair.changed()

    def write_OCW1(self, index: int, cpu: int, value: int) -> None:
        """A mask acts at once, in special mask mode on levels in service too."""
        self.reconsider()
        self.pair.changed()

    def write_OCW2(self, index: int, cpu: int, value: int) -> None:
        """Its eight commands (OCW2; Automatic rotation; Specific rotation)."""
        level = value & LEVEL
        if value & END:
            if not value & SPECIFIC:
                level = self.serving()
            if level == NO_REQUEST:
                self.pair.misused(self, 0, f"EOI at the {self._name()} with nothing in service")
                return
            self._tell_of_end(level)
            self.in_service &= ~(1 << level)
            if value & ROTATE:
                self.first = level + 1 & 7
        elif value & SPECIFIC:
            if not value & ROTATE:
                return
            self.first = level + 1 & 7
        else:
            self.rotates_on_aeoi = bool(value & ROTATE)
            return
        self.reconsider()
        self.pair.changed()

    def _name(self) -> str:
        return self.regs.table.title.removeprefix("8259A ")

    def _tell_of_end(self, level: int) -> None:
        """A specific end may name what does not run: the hardware tells nobody (OCW2)."""
        serving = self.serving()
        if not self.in_service >> level & 1:
            text = f"specific EOI of IR{level} at the {self._name()}, which is not in service"
            self.pair.misused(self, level, text)
            return
        if serving not in {level, NO_REQUEST}:
            text = (
                f"specific EOI of IR{level} at the {self._name()} while IR{serving}, of higher "
                "priority, is in service"
            )
            self.pair.misused(self, level, text)
        self.pair.ended(self, level)

    def serving(self) -> int:
        """What is in service at the highest priority; in special mask mode of what is unmasked."""
        serving = self.in_service
        if self._control & SMM:
            serving &= ~self.mask[0]
        if not serving:
            return NO_REQUEST
        turned = _rotated(serving, self.first)
        return ((turned & -turned).bit_length() - 1 + self.first) & 7

    def write_OCW3(self, index: int, cpu: int, value: int) -> None:
        """RIS counts only with RR, SMM only with ESMM; the others stay as they are."""
        control = self._control | value & POLL
        if value & RR:
            control = control & ~RIS | value & RIS
        if value & ESMM:
            control = control & ~SMM | value & SMM
        self._control = self._ocw3[0] = control
        self.reconsider()
        self.pair.changed()

    def peek_IRR(self, index: int, cpu: int) -> int:
        """What requests, masked or not."""
        return self.irr

    def peek_ISR(self, index: int, cpu: int) -> int:
        """What is in service."""
        return self.in_service

    def peek_POLL(self, index: int, cpu: int) -> int:
        """Bit 7 tells level 0 from no request at all."""
        level = self.best()
        return 0 if level == NO_REQUEST else POLL_FOUND | level

    def read_POLL(self, index: int, cpu: int) -> int:
        """The read pulse is an acknowledge (Poll command)."""
        found = self.peek_POLL(0, cpu)
        self._control &= ~POLL
        self._ocw3[0] = self._control
        if found:
            self.pair.take(self, found & ~POLL_FOUND)
        else:
            self.withdrawn = 0
        self.pair.changed()
        return found
