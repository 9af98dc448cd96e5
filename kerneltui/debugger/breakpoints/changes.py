"""Breakpoints on what changes: bits of a register, a gate, the place in the kernel's code.

Nobody tells of these: they are looked at wherever something may have changed.
"""

from __future__ import annotations

from types import FrameType

from kerneltui.debugger.breakpoints.trigger import Moved, Trigger
from kerneltui.debugger.naming import inspector_of
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.references import (
    CodeReference,
    GateReference,
    InterruptReference,
    RegisterReference,
)
from kerneltui.debugger.register_names import RegisterSite
from kerneltui.debugger.way import whole_ways
from kerneltui.hw.rule import Gate
from kerneltui.machine.core import Core
from kerneltui.machine.machine import Machine
from kerneltui.machine.poke import CORE_REGISTERS

OPENS, SHUTS = "opens", "shuts"


class BitsTrigger(Trigger):
    """Bits of a register change, whoever changes them: software, the device, an exception.

    Looked at with no effect, as each core sees them where the register is banked or the core's own.
    """

    offers = frozenset(("value", "old"))
    is_asked = has_doer = True

    def __init__(
        self, machine: Machine, site: RegisterSite, label: str, mask: int, shift: int
    ) -> None:
        super().__init__(machine)
        self.subject = site
        self._label, self._mask, self._shift = label, mask, shift
        self._is_own = site.space == CORE_REGISTERS
        by_core = self._is_own or site.slot.register.banked
        self._cpus = range(len(machine.cores) if by_core else 1)
        files = [core.regs for core in machine.cores] if self._is_own else [site.file]
        self._ports = [file.port(site.slot) for file in files]
        self._held: list[int] = []
        owner = "core 0" if self._is_own else site.device
        self.reference = RegisterReference(
            owner, "" if self._is_own else site.block, site.slot.name
        )

    def _now(self, cpu: int) -> int:
        port = self._ports[cpu if self._is_own else 0]
        return (port.peek(port.index, 0 if self._is_own else cpu) & self._mask) >> self._shift

    def begin(self) -> None:
        """See :class:`Trigger`."""
        self._held = [self._now(cpu) for cpu in self._cpus]

    def look(self, core: Core) -> None:
        """See :class:`Trigger`."""
        for cpu in self._cpus:
            value, old = self._now(cpu), self._held[cpu]
            if value != old:
                self._held[cpu] = value
                whose = f" of core {cpu}" if len(self._cpus) > 1 else ""
                text = f"{self._label}{whose} changed from {old:#x} to {value:#x}"
                self.tell(text, cpu if len(self._cpus) > 1 else core.index, Moved(value, old))


class GateTrigger(Trigger):
    """A gate on an interrupt's way opens or shuts, for core ``cpu``.

    ``name`` is the gate's, with its owner in front where several have one of that name
    (``gic/enabled``).  ``turn`` is :data:`OPENS`, :data:`SHUTS` or empty for both.  Raises
    ValueError where the way has no such gate, or several.
    """

    is_asked = has_doer = True

    def __init__(
        self, machine: Machine, interrupt: InterruptReference, name: str, turn: str, cpu: int
    ) -> None:
        super().__init__(machine)
        self._interrupt, self._turn, self._cpu = interrupt, turn, cpu
        owner, slash, wanted = name.rpartition("/")
        known = list(dict.fromkeys((owner, gate.name) for owner, gate in self._gates()))
        found = [item for item in known if item == (owner, wanted)] if slash else []
        found = found or [item for item in known if item[1] == name]
        names = ", ".join(f'"{owner}/{name}"' for owner, name in found or known)
        if not found:
            text = f"there is no gate '{name}' on the way of {interrupt}; there are {names}"
            raise ValueError(text)
        if len(found) > 1:
            raise ValueError(f"there are several gates '{name}' on the way; write one of {names}")
        self._gate = found[0]
        self._was_open = False
        self.reference = GateReference(interrupt, self._gate[1])

    def _gates(self) -> list[tuple[str, Gate]]:
        """All gates on the ways, with their owners."""
        asked = self._interrupt
        inspector = inspector_of(self.machine)
        ways = whole_ways(self.machine, inspector, asked.controller, asked.number, self._cpu)
        stations = [station for way in ways for station in way.stations]
        return [(station.owner, gate) for station in stations for gate in station.gates]

    def _is_open(self) -> bool:
        """Of a way that forks one branch is enough."""
        return any(gate.open for owner, gate in self._gates() if (owner, gate.name) == self._gate)

    def begin(self) -> None:
        """See :class:`Trigger`."""
        self._was_open = self._is_open()

    def look(self, core: Core) -> None:
        """See :class:`Trigger`."""
        is_open = self._is_open()
        if is_open == self._was_open:
            return
        self._was_open = is_open
        turn = OPENS if is_open else SHUTS
        if self._turn in {"", turn}:
            label = interrupt_label(self._interrupt.numbering, self._interrupt.number)
            owner, name = self._gate
            self.tell(f"the gate '{name}' of {owner}, for {label}, {turn}", core.index)


class CodeTrigger(Trigger):
    """The kernel enters a function, or comes to a line of its source.

    It is seen at the first instruction there: one that accesses hardware, computes or waits.
    """

    is_asked = is_asked_always = True

    def __init__(
        self, machine: Machine, *, function: str = "", file: str = "", line: int = 0
    ) -> None:
        super().__init__(machine)
        self.function, self.file, self.at_line = function, file, line
        self._there: list[list[tuple[FrameType, int]]] = [[] for _ in machine.cores]
        """what was there already, of each core: frames, and their lines where a line is awaited"""

    def _found(self, core: int) -> list[tuple[FrameType, int]]:
        found = []
        for frame in self.machine.cores[core].kernel_frames():
            if self.function:
                name = frame.f_code.co_qualname
                if name == self.function or name.endswith(f".{self.function}"):
                    found.append((frame, 0))
            elif frame.f_lineno == self.at_line:
                file = frame.f_code.co_filename.replace("\\", "/")
                if file.endswith(f"/{self.file}"):
                    found.append((frame, self.at_line))
        return found

    def begin(self) -> None:
        """See :class:`Trigger`."""
        self._there = [self._found(core.index) for core in self.machine.cores]

    def look(self, core: Core) -> None:
        """See :class:`Trigger`."""
        there, found = self._there[core.index], self._found(core.index)
        self._there[core.index] = found
        for frame, line in found:
            if not any(frame is known and line == old for known, old in there):
                code = frame.f_code
                where = CodeReference(code.co_qualname, code.co_filename, frame.f_lineno)
                self.reference = where
                name = self.function or f"{self.file}:{self.at_line}"
                verb = "entered" if self.function else "came to"
                self.tell(f"core {core.index} {verb} {name}", core.index)
                return
