"""What breakpoints are about, for whoever marks it on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kerneltui.debugger.breakpoints.changes import CodeTrigger
from kerneltui.debugger.breakpoints.grammar import bind
from kerneltui.debugger.breakpoints.happenings import TaskTrigger, TimeoutTrigger
from kerneltui.debugger.breakpoints.machine_code import AddressTrigger
from kerneltui.debugger.breakpoints.table import Breakpoints
from kerneltui.debugger.breakpoints.trigger import Trigger
from kerneltui.debugger.kernel_source import function_around, functions_meant, paths_named
from kerneltui.debugger.naming import inspector_of
from kerneltui.debugger.references import (
    CodeReference,
    GateReference,
    Reference,
    RegisterReference,
    TaskReference,
    TimeoutReference,
)
from kerneltui.errors import UserError
from kerneltui.machine.machine import Machine

Marks = Mapping[Reference, bool]
"""What breakpoints are about, and whether one of them is enabled."""


class Marked:
    """The breakpoints of a list, on one machine."""

    def __init__(self, machine: Machine, breakpoints: Breakpoints) -> None:
        self._machine = machine
        self._items = tuple(breakpoints)
        self._fixed: dict[Reference, bool] = {}
        self._named: list[tuple[TimeoutTrigger | TaskTrigger, bool]] = []
        """what they are about comes and goes"""
        for number, item in self._items:
            try:
                trigger = bind(machine, number, item).trigger
            except UserError:
                continue  # it was set where it made sense: not on this machine
            if isinstance(trigger, TimeoutTrigger | TaskTrigger):
                self._named.append((trigger, item.enabled))
            for reference in self._about(trigger, item.core):
                _mark(self._fixed, reference, enabled=item.enabled)

    def is_for(self, machine: Machine, breakpoints: Breakpoints) -> bool:
        """Whether it still holds."""
        return self._machine is machine and self._items == tuple(breakpoints)

    def _about(self, trigger: Trigger, core: int | None) -> list[Reference]:
        if isinstance(trigger, AddressTrigger):
            return list(trigger.marks())
        if isinstance(trigger, CodeTrigger):
            return list(self._code(trigger))
        found = trigger.reference
        if isinstance(found, RegisterReference) and not found.block:
            cores = range(len(self._machine.cores)) if core is None else (core,)
            return [RegisterReference(f"core {index}", "", found.name) for index in cores]
        if isinstance(found, GateReference):
            return [found, found.interrupt]
        return [] if found is None else [found]

    def _code(self, trigger: CodeTrigger) -> Iterator[CodeReference]:
        """A line, in all files that are meant; of functions the line of the ``def``."""
        if trigger.function:
            for path, item in functions_meant(self._machine, trigger.function):
                yield CodeReference(item.name, _last(path), item.line)
            return
        for path in paths_named(self._machine, trigger.file):
            around = function_around(path, trigger.at_line)
            name = "" if around is None else around.name
            yield CodeReference(name, _last(path), trigger.at_line)

    def marks(self) -> Marks:
        """At this moment."""
        found = dict(self._fixed)
        for trigger, enabled in self._named:
            for reference in self._named_now(trigger):
                _mark(found, reference, enabled=enabled)
        return found

    def _named_now(self, trigger: TimeoutTrigger | TaskTrigger) -> list[Reference]:
        inspector = inspector_of(self._machine)
        if isinstance(trigger, TimeoutTrigger):
            return [TimeoutReference(item.ident) for item in inspector.timeouts()
                    if trigger.is_about(item.name)]  # fmt: skip
        scheduling = inspector.scheduling()
        tasks = {} if scheduling is None else scheduling.tasks
        return [TaskReference(number) for number, task in tasks.items()
                if trigger.is_about(task.name)]  # fmt: skip


def _last(path: str) -> str:
    """The name of a file, without its folders."""
    return path.replace("\\", "/").rpartition("/")[2]


def _mark(found: dict[Reference, bool], reference: Reference, *, enabled: bool) -> None:
    found[reference] = found.get(reference, False) or enabled
