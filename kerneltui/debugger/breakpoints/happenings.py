"""Breakpoints on what happens: interrupts, wires, timeouts, tasks, the console, time."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from kerneltui.debugger.breakpoints.trigger import Trigger
from kerneltui.debugger.marks import Mark, StepKind
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.references import (
    InterruptReference,
    LineReference,
    TaskReference,
    TimeoutReference,
)
from kerneltui.debugger.way import controllers_after
from kerneltui.hw.device import InterruptController
from kerneltui.hw.line import Line
from kerneltui.machine.core import Core
from kerneltui.machine.machine import Machine
from kerneltui.units import format_time

PENDING, TAKEN, ENDED = "pending", "taken", "ended"
RISES, FALLS = "rises", "falls"
TIMEOUT_EVENTS = {
    "called": ("timer_callback", "callback is called"),
    "done": ("timer_callback_done", "callback is done"),
    "set": ("hrtimer_start", "is set"),
}
"""By the word of a breakpoint: the kernel's tracepoint, and what it says."""
TASK_EVENTS = {"runs": ("sched_switch", "next"), "woken": ("sched_wakeup", "name")}
"""By the word of a breakpoint: the kernel's tracepoint, and which of its facts names the task."""


class InterruptTrigger(Trigger):
    """An interrupt becomes pending, is taken by a core, or has ended; of None, any.

    It is pending from the edge or the message on that asks for it, also where it is not enabled.
    It has ended when no controller holds it as active any more; where none does, when its handler
    returns.
    """

    def __init__(self, machine: Machine, interrupt: InterruptReference | None, event: str) -> None:
        super().__init__(machine)
        self.interrupt, self.event = interrupt, event
        self.reference = interrupt

    def _label(self, numbering: str, number: int) -> str:
        wanted = self.interrupt
        if wanted is not None:
            numbering, number = wanted.numbering, wanted.number
        return interrupt_label(numbering, number)

    def _is_meant(self, controller: str, number: int, cpu: int) -> bool:
        """Whether it is the wanted one, at its controller or at one behind that."""
        wanted = self.interrupt
        if wanted is None or (wanted.controller, wanted.number) == (controller, number):
            return True
        after = controllers_after(self.machine, controller, number, cpu)
        return (wanted.controller, wanted.number) in after


class InterruptPending(InterruptTrigger):
    """It is asked for."""

    is_asked = True

    def __init__(self, machine: Machine, interrupt: InterruptReference | None) -> None:
        super().__init__(machine, interrupt, PENDING)
        self._was_pending = False
        self._cpus = range(len(machine.cores))

    def line(self, line: Line) -> None:
        """See :class:`Trigger`."""
        if not line.level:
            return
        for target in self.machine.wiring.get(line.name, ()):
            name, _, pin = target.partition(" ")
            controller = self.machine.controllers.get(name)
            if controller is None:
                continue
            for cpu in self._cpus_of(line):
                number = controller.entrance(pin, cpu)
                if isinstance(number, int) and self._is_wanted(name, number):
                    label = self._label(controller.NUMBERING, number)
                    self._was_pending = True
                    self.tell(f"{label} became pending: line {line.name} rose")
                    return

    def _cpus_of(self, line: Line) -> range:
        for device in self.machine.devices.values():
            for lines in device.outputs.values():
                if len(lines) > 1 and line in lines:
                    return range(lines.index(line), lines.index(line) + 1)
        return range(1)

    def _is_wanted(self, controller: str, number: int) -> bool:
        wanted = self.interrupt
        return wanted is None or (wanted.controller, wanted.number) == (controller, number)

    def pending(self, controller: InterruptController, number: int, cpu: int) -> None:
        """See :class:`Trigger`."""
        if self._is_wanted(controller.name, number):
            self._was_pending = True
            label = self._label(controller.NUMBERING, number)
            self.tell(f"{label} became pending for core {cpu}", max(cpu, 0))

    def _is_pending(self) -> bool:
        """Software can make one pending too, where the controller has a register for that."""
        wanted = self.interrupt
        if wanted is None:
            return False
        controller = self.machine.controllers[wanted.controller]
        return any(
            state.pending
            for cpu in self._cpus
            for state in controller.notable(cpu, {wanted.number})
            if state.number == wanted.number
        )

    def begin(self) -> None:
        """See :class:`Trigger`."""
        self._was_pending = self._is_pending()

    def look(self, core: Core) -> None:
        """See :class:`Trigger`."""
        is_pending = self._is_pending()
        if is_pending and not self._was_pending and self.interrupt is not None:
            label = interrupt_label(self.interrupt.numbering, self.interrupt.number)
            self.tell(f"{label} became pending", core.index)
        self._was_pending = is_pending


class InterruptTaken(InterruptTrigger):
    """A core takes it."""

    needs_marks = True

    def __init__(self, machine: Machine, interrupt: InterruptReference | None) -> None:
        super().__init__(machine, interrupt, TAKEN)

    def mark(self, mark: Mark) -> None:
        """See :class:`Trigger`."""
        if mark.kind is not StepKind.TAKEN:
            return
        origin = mark.origin
        if origin is None:
            if self.interrupt is None:
                self.tell(f"core {mark.core} took an interrupt that has gone", mark.core)
        elif self._is_meant(origin.controller, origin.number, mark.core):
            label = self._label(origin.numbering, origin.number)
            self.tell(f"core {mark.core} took {label}", mark.core)


class InterruptEnded(InterruptTrigger):
    """It is over."""

    needs_marks = True
    is_asked = True

    def __init__(self, machine: Machine, interrupt: InterruptReference | None) -> None:
        super().__init__(machine, interrupt, ENDED)
        self._ending: list[tuple[str, int, int]] = []
        """controllers, numbers and cores where it is active still"""
        self._told = ""

    def begin(self) -> None:
        """See :class:`Trigger`."""
        self._ending = []

    def mark(self, mark: Mark) -> None:
        """See :class:`Trigger`."""
        origin = mark.origin
        if mark.kind is not StepKind.ENDED or origin is None:
            return
        if not self._is_meant(origin.controller, origin.number, mark.core):
            return
        self._told = f"core {mark.core} ended {self._label(origin.numbering, origin.number)}"
        own = origin.controller, origin.number
        after = controllers_after(self.machine, *own, mark.core)
        held = [(*item, mark.core) for item in (own, *after)]
        self._ending = [item for item in held if self._is_active(*item)]
        if not self._ending:
            self.tell(self._told, mark.core)

    def _is_active(self, controller: str, number: int, cpu: int) -> bool:
        states = self.machine.controllers[controller].notable(cpu, {number})
        return any(bool(state.active) for state in states if state.number == number)

    def look(self, core: Core) -> None:
        """See :class:`Trigger`."""
        if self._ending and not any(self._is_active(*item) for item in self._ending):
            cpu = self._ending[0][2]
            self._ending = []
            self.tell(self._told, cpu)


class LineTrigger(Trigger):
    """A wire rises or falls; ``edge`` is :data:`RISES`, :data:`FALLS` or empty for both."""

    def __init__(self, machine: Machine, name: str, edge: str) -> None:
        super().__init__(machine)
        self._name, self._edge = name, edge
        self.reference = LineReference(name)

    def line(self, line: Line) -> None:
        """See :class:`Trigger`."""
        edge = RISES if line.level else FALLS
        if line.name == self._name and self._edge in {"", edge}:
            self.tell(f"line {line.name} {edge}")


class TimeoutTrigger(Trigger):
    """A timeout of a name is set, or its callback is called or done."""

    def __init__(self, machine: Machine, name: str, event: str) -> None:
        super().__init__(machine)
        self._name = name
        self._tracepoint, self._says = TIMEOUT_EVENTS[event]

    def is_about(self, name: object) -> bool:
        """Whether it waits for a timeout of that name."""
        return _is_named(name, self._name)

    def tracepoint(self, core: Core, name: str, facts: dict[str, Any]) -> None:
        """See :class:`Trigger`."""
        if name == self._tracepoint and self.is_about(facts.get("name")):
            ident = facts.get("id")
            self.reference = None if ident is None else TimeoutReference(ident)
            self.tell(f"timeout '{facts['name']}' {self._says}", core.index)


class TaskTrigger(Trigger):
    """A task of a name gets a core, or is woken."""

    def __init__(self, machine: Machine, name: str, event: str) -> None:
        super().__init__(machine)
        self._name, self._event = name, event
        self._tracepoint, self._fact = TASK_EVENTS[event]

    def is_about(self, name: object) -> bool:
        """Whether it waits for a task of that name."""
        return _is_named(name, self._name)

    def tracepoint(self, core: Core, name: str, facts: dict[str, Any]) -> None:
        """See :class:`Trigger`."""
        if name == self._tracepoint and self.is_about(facts.get(self._fact)):
            self.reference = TaskReference(facts["id"])
            says = "is woken" if self._event == "woken" else f"runs on core {core.index}"
            self.tell(f"task '{facts[self._fact]}' {says}", core.index)


def _is_named(name: object, wanted: str) -> bool:
    """Whether a name is the wanted one; ``*`` stands for any characters."""
    return name == wanted or ("*" in wanted and fnmatchcase(str(name), wanted))


class ConsoleTrigger(Trigger):
    """The board has sent a text, which may go over several lines."""

    def __init__(self, machine: Machine, text: str) -> None:
        super().__init__(machine)
        self._text = text.encode("latin-1", "replace")
        self._sent = b""

    def begin(self) -> None:
        """See :class:`Trigger`."""
        self._sent = b""

    def resume(self, sent: bytes) -> None:
        """``sent`` is what the board has sent last."""
        self._sent = sent[-len(self._text) :]

    def sent(self, byte: int) -> None:
        """See :class:`Trigger`."""
        self._sent = (self._sent + bytes((byte,)))[-len(self._text) :]
        if self._sent == self._text:
            self.tell(f"the console shows '{self._text.decode('latin-1')}'")


class TimeTrigger(Trigger):
    """Virtual time has come so far (ns)."""

    def __init__(self, machine: Machine, time_ns: int) -> None:
        super().__init__(machine)
        self._time_ns = time_ns

    def due_ns(self) -> int | None:
        """See :class:`Trigger`."""
        return self._time_ns if self.machine.now < self._time_ns else None

    def arrived(self) -> None:
        """See :class:`Trigger`."""
        if self.machine.now == self._time_ns:
            self.tell(f"time is {format_time(self._time_ns)} s")
