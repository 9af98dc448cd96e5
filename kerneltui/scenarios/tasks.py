"""The tasks of a scenario file: what is written there becomes what the kernel is asked to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerneltui.configfile import ConfigFile
from kerneltui.errors import Mistakes
from kerneltui.kernel.programs import PROGRAMS
from kerneltui.kernel.tasks.run_queue import SHORTEST_QUANTUM_NS
from kerneltui.kernel.tasks.task import Kind, Operation, TaskRequest, takes_no_time, waits_in_vain
from kerneltui.kernel.time.timers import MAX_DELAY_MS, NS_PER_MS
from kerneltui.scenarios.spec import TaskSpec
from kerneltui.units import LONGEST_NS, write_duration

if TYPE_CHECKING:
    from kerneltui.scenarios.spec import OperationSpec, ScenarioSpec


def task_requests(file: ConfigFile, spec: ScenarioSpec, found: Mistakes) -> tuple[TaskRequest, ...]:
    """The tasks; what is wrong with them is noted."""
    for key, wants in (("tasks", bool(spec.tasks)), ("cores", spec.cores > 1)):
        if wants and not PROGRAMS[spec.program].has_tasks:
            having = " or ".join(name for name, item in PROGRAMS.items() if item.has_tasks)
            said = f"the program '{spec.program}' runs no tasks; remove this, or write {having}"
            found.add(file.error((key,), said))
    if spec.quantum < SHORTEST_QUANTUM_NS:
        shortest = write_duration(SHORTEST_QUANTUM_NS)
        said = f"the shortest quantum that lets a task run is {shortest}"
        found.add(file.error(("quantum",), said))
    requests = []
    for number, task in file.items("tasks", spec.tasks, TaskSpec).items():
        with found.noted():
            requests.append(_request(file, task, ("tasks", number), spec.cores))
    return tuple(requests)


def _request(file: ConfigFile, spec: TaskSpec, where: tuple[Any, ...], cores: int) -> TaskRequest:
    """A task.  Raises :class:`kerneltui.errors.UserError`."""
    wrong = Mistakes()
    operations = []
    for number, item in enumerate(spec.do):
        with wrong.noted():
            operations.append(
                Operation(Kind(item))
                if isinstance(item, str)
                else _operation(file, item, (*where, "do", number))
            )
    wrong.tell()
    in_vain = waits_in_vain(tuple(operations))
    if in_vain is not None:
        place = (*where, "do", in_vain)
        raise file.error(place, "no interval timer runs here; put 'every: 1s' before 'wait'")
    if spec.repeat == "forever" and takes_no_time(tuple(operations)):
        text = "a task that repeats for ever must take time; add 'compute: 1ms' or 'sleep: 1ms'"
        raise file.error((*where, "repeat"), text)
    repeat = spec.repeat if isinstance(spec.repeat, int) else None
    if spec.core is not None and spec.core >= cores:
        text = f"core {spec.core} runs no tasks: 'cores' is {cores}"
        raise file.error((*where, "core"), text)
    return TaskRequest(spec.name, tuple(operations), int(spec.start), repeat, spec.core)


def _operation(file: ConfigFile, spec: OperationSpec, place: tuple[Any, ...]) -> Operation:
    given = [name for name in spec.__struct_fields__ if getattr(spec, name) is not None]
    if len(given) != 1:
        said = " and ".join(given) or "none"
        keys = ", ".join(spec.__struct_fields__)
        raise file.error(place, f"an operation needs exactly one of {keys}; here: {said}")
    kind, value = Kind(given[0]), getattr(spec, given[0])
    if kind is Kind.PRINT:
        return Operation(kind, text=value)
    if kind in {Kind.WAIT, Kind.CANCEL}:
        return Operation(kind)
    if kind in {Kind.SLEEP, Kind.EVERY}:
        ms, rest = divmod(int(value), NS_PER_MS)
        if rest or not 1 <= ms <= MAX_DELAY_MS:
            longest = write_duration(min(LONGEST_NS, MAX_DELAY_MS * NS_PER_MS))
            text = f"'{kind.value}' takes whole milliseconds, from 1ms to {longest}"
            raise file.error((*place, kind.value), text)
    return Operation(kind, int(value))
