"""Looks on while a machine runs, and halts it after each event that means something.

What a marker knows of an interrupt in progress begins at its entry.  Outside handlers, at a wait,
it remembers nothing: one that looks on from any checkpoint sees the same.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from kerneltui.debugger.marking import Marking
from kerneltui.debugger.marks import (
    FAULTS,
    IN_HANDLERS,
    OF_ROLE,
    OF_TRACEPOINT,
    ONCE,
    SILENT,
    SYSCALL,
    Mark,
    StepKind,
)
from kerneltui.debugger.origins import (
    CALL,
    SERIAL,
    TIMER,
    Origin,
    Wiring,
    asking,
    comparators_of,
    pending,
    source_kind,
)
from kerneltui.debugger.roles import AccessMeaning, Roles
from kerneltui.debugger.way import controllers_after
from kerneltui.hw.device import InterruptController
from kerneltui.hw.line import Line
from kerneltui.hw.register import Role
from kerneltui.machine.core import Core
from kerneltui.machine.instructions import INSTRUCTIONS, SPACES, STORES
from kerneltui.machine.machine import Machine


@dataclass(slots=True)
class _Frame:
    """An exception in progress."""

    exception: str
    course: str
    numbers: tuple[int, int] = (0, 0)
    origin: Origin | None = None
    last: tuple[StepKind, str] | None = None
    seen: set[StepKind] = field(default_factory=set)
    printed: bytearray = field(default_factory=bytearray)
    asked: str = ""
    """the controller that has been asked last"""


@dataclass(slots=True)
class _Known:
    """What is remembered of a core."""

    frames: list[_Frame] = field(default_factory=list)
    last: tuple[StepKind, str] | None = None
    """outside all handlers"""
    calls: bool = False
    """the exception that comes next is one that it asks for"""


class Marker(Marking):
    """Marks what happens in a machine, as long as it is :meth:`installed`."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self._roles = Roles(machine)
        self._wiring = Wiring(machine)
        self._cores = [_Known() for _ in machine.cores]
        self._storing: tuple[int, int] = -1, -1
        """core and number of the store that was told last"""
        self._risen: tuple[int, int] = -1, -1
        """when a device's line rose last: virtual time, and how much has happened by then"""

    def remember(self, other: Marker) -> None:
        """Go on from what another marker knows, of a machine that stands where this one does."""
        self._remember_marks(other)
        self._cores = copy.deepcopy(other._cores)
        self._storing, self._risen = other._storing, other._risen

    def _depth(self, core: int) -> int:
        return len(self._cores[core].frames)

    # -- instructions -----------------------------------------------------------------------------

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`~kerneltui.machine.core.Observer`."""
        super().instruction(core, kind, target, value)
        if kind in SPACES:
            if kind in STORES:
                self._storing = core.index, core.retired
            meaning = self._roles.meaning(kind, target, value)
            if meaning is not None:
                self._accessed(core, meaning, target, value)
            return
        known = INSTRUCTIONS[kind]
        if known.is_call:
            self._cores[core.index].calls = True
        elif known.is_return:
            self._returns(core, kind, target, value)
        elif known.is_wait and not core.depth:
            self._cores[core.index] = _Known()
            self._mark(Mark(StepKind.ASLEEP, core.index, "", 0, exception=kind))
            self.left = self._before(core)  # no instruction comes before it wakes

    def _accessed(self, core: Core, meaning: AccessMeaning, target: int, value: int) -> None:
        kind, known = OF_ROLE[meaning.role], self._cores[core.index]
        frame = known.frames[-1] if known.frames else None
        if kind is StepKind.ECHOED and frame is not None:
            frame.printed.append(value & 0xFF)
        if kind is StepKind.QUIET and frame is not None and frame.course == SYSCALL:
            kind = StepKind.DISARMED
        if not _counts(kind, meaning, frame):
            return
        last = known.last if frame is None else frame.last
        if kind in ONCE and last == (kind, meaning.device):
            return
        is_nobody = False
        if kind is StepKind.WHO and frame is not None:
            found = pending(self.machine, self._wiring, core.index, None)
            is_nobody = found is None and meaning.role is Role.ACKNOWLEDGE
            if found is not None:
                frame.origin, frame.course = found, found.source
                if frame.asked in {"", meaning.device}:  # another one, in the same handler
                    frame.seen -= {StepKind.QUIET, StepKind.ENDED}
        if kind in {StepKind.ENDED, StepKind.RECEIVED} and frame is not None:
            self._quiet_by_itself(core, frame)
        again = False
        if kind is StepKind.WHO and frame is not None:
            again = frame.asked not in {"", meaning.device}
            frame.asked = meaning.device
        elif frame is not None:
            frame.asked = ""
        self._note(core, kind, meaning.device)
        mark = self._made(core, kind, meaning=meaning, numbers=(target, value), again=again)
        self._mark(replace(mark, origin=None) if is_nobody else mark)

    def _quiet_by_itself(self, core: Core, frame: _Frame) -> None:
        """What comes now would come later if the handler had to quiet the source first."""
        if frame.origin is not None and StepKind.QUIET not in frame.seen:
            self._note(core, StepKind.QUIET)
            self._mark(self._made(core, StepKind.QUIET, by_itself=True))

    def _note(self, core: Core, kind: StepKind, device: str = "") -> None:
        known = self._cores[core.index]
        if known.frames:
            known.frames[-1].last = kind, device
            known.frames[-1].seen.add(kind)
        else:
            known.last = kind, device

    def _made(self, core: Core, kind: StepKind, **more: Any) -> Mark:
        """A mark of the exception in progress, if there is one."""
        known = self._cores[core.index]
        if not known.frames:
            return Mark(kind, core.index, CALL if kind is StepKind.SENT else "", 0, **more)
        frame = known.frames[-1]
        more.setdefault("numbers", frame.numbers)
        return Mark(
            kind, core.index, frame.course, len(known.frames), frame.origin,
            exception=frame.exception, **more,
        )  # fmt: skip

    # -- exceptions -------------------------------------------------------------------------------

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """See :class:`~kerneltui.machine.core.Observer`."""
        super().exception(core, kind, vector)
        what, known = INSTRUCTIONS[kind], self._cores[core.index]
        numbers = vector, core.return_address
        del known.frames[core.depth - 1 :]
        while len(known.frames) < core.depth - 1:
            known.frames.append(_Frame("", ""))
        if not what.is_external:
            called = what.is_call or known.calls
            known.calls = False
            known.frames.append(_Frame(kind, SYSCALL if called else FAULTS, numbers))
            self._mark(self._made(core, StepKind.CALLED if called else StepKind.FAULT))
            return
        number = vector if what.is_vectored else None
        origin = pending(self.machine, self._wiring, core.index, number)
        course = origin.source if origin is not None else "device"
        known.frames.append(_Frame(kind, course, numbers, origin))
        self._mark(self._made(core, StepKind.TAKEN))
        if what.is_vectored:
            self._note(core, StepKind.WHO)
            self._mark(self._made(core, StepKind.WHO, by_itself=True))

    def _returns(self, core: Core, kind: str, target: int, value: int) -> None:
        known = self._cores[core.index]
        if known.frames:
            frame = known.frames[-1]
            if frame.origin is not None and StepKind.ENDED not in frame.seen:
                if not self._wants_an_end():
                    self._ended_by_itself(core, frame)
                elif self._is_active(core, frame.origin):
                    self._quiet_by_itself(core, frame)
                    self._mark(self._made(core, StepKind.UNENDED))
            self._mark(self._made(core, StepKind.RETURNED, numbers=(target, value), text=kind))
            known.frames.pop()
        if not known.frames:
            known.last = None

    def _ended_by_itself(self, core: Core, frame: _Frame) -> None:
        self._quiet_by_itself(core, frame)
        self._note(core, StepKind.ENDED)
        self._mark(self._made(core, StepKind.ENDED, by_itself=True))

    def _is_active(self, core: Core, origin: Origin) -> bool:
        """Whether a controller still takes an interrupt for one that a handler serves."""
        machine, first = self.machine, (origin.controller, origin.number)
        met = first, *controllers_after(machine, *first, core.index)
        states = (machine.controllers[name].interrupt(number, core.index) for name, number in met)
        return any(state is not None and state.active for state in states)

    def _wants_an_end(self) -> bool:
        """Whether some controller is to be told that an interrupt is over."""
        controllers = self.machine.controllers
        return any(self._roles.register_for(name, Role.END) for name in controllers)

    # -- the kernel -------------------------------------------------------------------------------

    def tracepoint(self, core: Core, name: str, facts: dict[str, Any]) -> None:
        """See :class:`~kerneltui.machine.core.Observer`."""
        super().tracepoint(core, name, facts)
        known = self._cores[core.index]
        frame = known.frames[-1] if known.frames else None
        if name == "timer_callback" and frame is not None:
            frame.printed.clear()
        if frame is not None and frame.origin is not None:
            if name == "irq_handler_entry":
                self._begins_quiet(core, frame, frame.origin)
            elif name == "irq_handler_exit" and not self._wants_an_end():
                self._ended_by_itself(core, frame)
        if name in SILENT:
            return
        kind, text = OF_TRACEPOINT.get(name, StepKind.PASSED), name
        if kind is StepKind.EXPIRED and frame is not None:
            self._quiet_by_itself(core, frame)
        if kind is StepKind.CALLBACK and frame is not None:
            text = frame.printed.decode("latin-1")
        self._note(core, kind)
        self._mark(self._made(core, kind, facts=tuple(facts.items()), text=text))

    def _begins_quiet(self, core: Core, frame: _Frame, origin: Origin) -> None:
        """Where a handler begins, and no line of the device is high, it has nothing to quiet."""
        device = self.machine.devices.get(origin.device)
        if device is not None and not any(
            line.level and self._wiring.leads_to(line.name)
            for lines in device.outputs.values()
            for line in lines
        ):
            self._quiet_by_itself(core, frame)

    # -- wires ------------------------------------------------------------------------------------

    def line(self, line: Line) -> None:
        """See :class:`~kerneltui.machine.machine.MachineObserver`."""
        super().line(line)
        if not line.level or not self._wiring.leads_to(line.name):
            return
        device, output, cpu = self._wiring.driver(line.name)
        machine = self.machine
        moment = machine.now, machine.step
        if device.passes_on(output):
            return
        if isinstance(device, InterruptController):
            if self._risen == moment or self._is_storing() or source_kind(device) != TIMER:
                return  # it passes on what has been told already
            origin = pending(machine, self._wiring, max(cpu, 0), None)
            if origin is None or origin.device != device.name:
                return
            self._rises(origin, max(cpu, 0), "")
            return
        self._risen = moment
        ends = self._wiring.leads_to(line.name)
        found = [self._wiring.arriving(line, target, max(cpu, 0)) for target in ends]
        origins = [origin for origin in found if origin is not None]
        if origins:
            # Of several controllers the one that lets it in.
            lets_in = (item for item in origins if self._wiring.is_enabled(item, cpu))
            self._rises(next(lets_in, origins[0]), max(cpu, 0), line.name)

    def pending(self, controller: InterruptController, number: int, cpu: int, again: bool) -> None:
        """A timer that is a part of a controller asks, whether that lets it through or not."""
        super().pending(controller, number, cpu, again)
        if again or source_kind(controller) != TIMER or self._is_storing():
            return
        origin = asking(self.machine, self._wiring, controller, number, cpu)
        if origin is not None and (origin.source, origin.device) == (TIMER, controller.name):
            self._risen = self.machine.now, self.machine.step
            self._rises(origin, cpu, "")

    def _is_storing(self) -> bool:
        current = self.machine.turns.current
        return current is not None and self._storing == (current.index, current.retired)

    def _rises(self, origin: Origin, core: int, line: str) -> None:
        """A device asks for an interrupt: its time has come, its line rises, that is noted.

        Where a poke has raised the line, no time has come.
        """
        depth = self._depth(core)
        kinds = [StepKind.LINE, StepKind.PENDING]
        poking, by = self.machine.poker.in_progress, ""
        if poking is not None and poking[0].name == line:
            by = "the scenario" if poking[1] else "you"
        elif origin.source == TIMER:
            kinds.insert(0, StepKind.DUE)
        for kind in kinds:
            set_for = comparators_of(self.machine, origin, core) if kind is StepKind.DUE else ()
            self._mark(Mark(kind, core, origin.source, depth, origin, line=line, text=by,
                            timers=set_for))  # fmt: skip


def _counts(kind: StepKind, meaning: AccessMeaning, frame: _Frame | None) -> bool:
    """Whether an access is a step where it is made, or lies inside another one."""
    if frame is None or frame.course in {SYSCALL, FAULTS}:
        return kind not in IN_HANDLERS
    if kind is StepKind.ECHOED:
        return frame.course == SERIAL
    if kind is StepKind.QUIET and frame.origin is not None:
        # To another device it has nothing to do with the interrupt in progress.
        return meaning.device in {"", frame.origin.device, frame.origin.controller}
    return True
