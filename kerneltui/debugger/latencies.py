"""How long interrupts and timeouts had to wait: from becoming pending to their handlers.

An interrupt becomes pending at the rising edge of its input, as the board is wired; where no wire
is, when its controller says so (a message between cores, an APIC timer).  A level that is still up
when its handler ends is pending anew from then on.  The kernel's tracepoints tell which handler
begins, and when a timeout's callback does.  An interrupt that passes several controllers is one of
each, and all of them begin with the same handler.  Like the trace, all of this lives outside the
machine's state.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from kerneltui.debugger.figures import Figures, FiguresState
from kerneltui.debugger.histogram import Histogram, HistogramState
from kerneltui.debugger.way import controllers_after

if TYPE_CHECKING:
    from kerneltui.hw.device import InterruptController, InterruptState
    from kerneltui.hw.line import Line
    from kerneltui.machine.core import Core
    from kerneltui.machine.machine import Machine

EACH_CORE = -1
"""In place of a core: of an interrupt that is pending at an input which all cores share."""
RUNS_KEPT = 16
MOST_TIMEOUTS = 64
"""Lateness is kept of so many timeouts, those that were called last, and of all together."""

Key = tuple[str, int, int]
"""A controller's name, the interrupt's number there, and the core, or :data:`EACH_CORE`."""
TimeoutKey = tuple[int, str]
"""A timeout's identity, 0 where it has none, and its name."""


class Run(msgspec.Struct, frozen=True):
    """A handler has run on a core."""

    key: Key
    begin_ns: int
    end_ns: int


class Begin(msgspec.Struct, frozen=True):
    """A handler or a callback has begun; ``since_ns`` is when it could have."""

    what: Key | TimeoutKey
    since_ns: int
    at_ns: int
    handlers: int
    """how many handlers had begun on that core by then, this one included"""


RunningState = tuple[tuple[Key, ...], int, bool]
"""A handler in progress: its interrupt as the kernel names it, and then what led to that; since
when (ns); whether it has run a callback."""


class _Interrupt:
    """An interrupt on a core: what is looked up for it, at once."""

    __slots__ = ("figures", "key", "lines", "shared")

    def __init__(self, key: Key, figures: Figures, lines: Iterable[Line]) -> None:
        self.key = key
        self.shared = key[0], key[1], EACH_CORE
        self.figures = figures
        self.lines = lines


class LatenciesState(msgspec.Struct, frozen=True):
    """See :class:`Latencies`."""

    figures: dict[Key, FiguresState]
    timeouts: dict[TimeoutKey, HistogramState]
    lateness: HistogramState
    pending: dict[Key, tuple[int, ...]]
    running: tuple[tuple[RunningState, ...], ...]
    runs: tuple[tuple[tuple[Key, int, int], ...], ...]
    begins: tuple[tuple[Key | TimeoutKey, int, int, int] | None, ...]
    handlers: tuple[int, ...]


class Latencies:
    """Records a machine from now on; told by :class:`~kerneltui.debugger.trace.Recorder`."""

    def __init__(self, machine: Machine) -> None:
        cores = len(machine.cores)
        self.figures: dict[Key, Figures] = {}
        self.timeouts: dict[TimeoutKey, Histogram] = {}
        """lateness by timeout; the one that was called last comes last"""
        self.lateness = Histogram()
        """of all timeouts"""
        self._pending: dict[Key, tuple[int, ...]] = {}
        """since when: several times only where one came while another was being acknowledged"""
        self._running: list[list[tuple[tuple[_Interrupt, ...], int, bool]]] = [
            [] for _ in range(cores)
        ]
        self._known: dict[Key, _Interrupt] = {}
        self._runs: list[deque[tuple[Key, int, int]]] = [
            deque(maxlen=RUNS_KEPT) for _ in range(cores)
        ]
        self._begins: list[tuple[Key | TimeoutKey, int, int, int] | None] = [None] * cores
        self._handlers = [0] * cores
        self.heard: dict[str, Callable[[Core, dict[str, Any]], None]] = {
            "irq_handler_entry": self._enter,
            "irq_handler_exit": self._leave,
            "timer_callback": self._call,
            "irq_spurious": self._tell_spurious,
            "timer_spurious": self._find_nothing_due,
        }
        """by name the tracepoints that tell something here: called with a core and their facts"""
        self.attach(machine)

    def attach(self, machine: Machine) -> None:
        """Record this machine from now on."""
        self._machine = machine
        self._clock = machine.clock
        self._controllers = machine.controllers
        self._named: dict[str, str] = {}
        for name, controller in self._controllers.items():
            self._named.setdefault(controller.NUMBERING, name)
        self.ends: dict[str, tuple[tuple[Key, list[Line]], ...]] = {}
        """by line what it makes pending; filled as lines change"""
        self._meeting: dict[tuple[str, int], list[Line]] = {}
        self._targets: dict[str, list[tuple[str, int]]] = {}
        for device in machine.devices.values():
            for lines in device.outputs.values():
                for number, line in enumerate(lines):
                    cpu = number if len(lines) > 1 else EACH_CORE
                    ends = [(target, cpu) for target in machine.wiring.get(line.name, ())]
                    self._targets[line.name] = ends
                    for end in ends:
                        self._meeting.setdefault(end, []).append(line)
        self._lines: dict[Key, list[Line]] = {}
        self._known.clear()
        self._feeds: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        """controllers, and those that their outputs lead to: at which pins"""
        for name, controller in self._controllers.items():
            for lines in controller.outputs.values():
                for line in lines:
                    for target in machine.wiring.get(line.name, ()):
                        follower, _, pin = target.partition(" ")
                        self._feeds[name, follower].add(pin)
        self._ways: dict[Key, set[tuple[str, int]]] = {}
        """what an interrupt is to the controllers after one; wires alone decide that where no
        controller takes messages, of which software chooses the numbers"""
        self._are_ways_fixed = not any(
            controller.TAKES_MESSAGES for controller in self._controllers.values()
        )

    # -- to other moments -------------------------------------------------------------------------

    def save(self) -> LatenciesState:
        """What :meth:`load` needs."""
        return LatenciesState(
            {key: figures.save() for key, figures in self.figures.items()},
            {key: lateness.save() for key, lateness in self.timeouts.items()},
            self.lateness.save(),
            dict(self._pending),
            tuple(
                tuple((_keys(items), begin_ns, called) for items, begin_ns, called in running)
                for running in self._running
            ),
            tuple(tuple(runs) for runs in self._runs),
            tuple(self._begins),
            tuple(self._handlers),
        )

    def load(self, state: LatenciesState) -> None:
        """Go to another moment."""
        self.figures = {key: Figures(saved) for key, saved in state.figures.items()}
        self.timeouts = {key: Histogram(saved) for key, saved in state.timeouts.items()}
        self.lateness = Histogram(state.lateness)
        self._pending = dict(state.pending)
        self._known.clear()
        self._running = [
            [(tuple(map(self._at, keys)), begin_ns, called) for keys, begin_ns, called in running]
            for running in state.running
        ]
        self._runs = [deque(runs, maxlen=RUNS_KEPT) for runs in state.runs]
        self._begins = list(state.begins)
        self._handlers = list(state.handlers)

    # -- looking ----------------------------------------------------------------------------------

    def last_begin(self, core: int) -> Begin | None:
        """The handler or the callback that has begun last on a core."""
        begin = self._begins[core]
        return None if begin is None else Begin(*begin)

    def runs(self, core: int) -> Iterator[Run]:
        """The last handlers on a core, that in progress included; each ends where it has or now."""
        yield from (Run(*run) for run in self._runs[core])
        for interrupts, begin_ns, _ in self._running[core][: self._machine.cores[core].depth]:
            yield Run(interrupts[0].key, begin_ns, self._clock.now)

    def in_progress(self, core: int) -> set[tuple[str, int]]:
        """The interrupts whose handlers have begun on a core: controllers' names, numbers there."""
        running = self._running[core][: self._machine.cores[core].depth]
        return {item.key[:2] for interrupts, _, _ in running for item in interrupts}

    def is_unmet(self, controller: str, number: int, core: int) -> bool:
        """Whether no handler has begun since an interrupt has become pending."""
        return any((controller, number, cpu) in self._pending for cpu in (core, EACH_CORE))

    def numbering(self, controller: str) -> str:
        """What the numbers of a controller are."""
        return self._controllers[controller].NUMBERING

    # -- recording: becoming pending --------------------------------------------------------------

    def line(self, line: Line) -> None:
        """See :class:`~kerneltui.machine.machine.MachineObserver`."""
        ends = self.ends.get(line.name)
        if ends is None:
            ends = self._find_ends(line)
        for key, others in ends:
            if others and _is_high(others):
                continue  # at the input nothing has changed
            if line.level:
                if key in self._pending:
                    self._rose_again(key)
                else:
                    self._pending[key] = (self._clock.now,)
            elif key in self._pending:
                self._fell(key)

    def pending(self, controller: InterruptController, number: int, cpu: int, again: bool) -> None:
        """See :class:`~kerneltui.machine.machine.MachineObserver`."""
        key = controller.name, number, cpu
        if again and key in self._pending:
            self._of(key).missed += 1
        else:
            self._pending[key] = (*self._pending.get(key, ()), self._clock.now)

    def _find_ends(self, line: Line) -> tuple[tuple[Key, list[Line]], ...]:
        """What a rising edge makes pending, and the other lines that meet there.

        A local APIC tells of its interrupts itself.
        """
        found: list[tuple[Key, list[Line]]] = []
        for target, cpu in self._targets.get(line.name, ()):
            name, _, pin = target.partition(" ")
            controller = self._controllers.get(name)
            if controller is None or controller.TAKES_MESSAGES:
                continue
            number = controller.entrance(pin, max(cpu, 0))
            if isinstance(number, int):
                key = name, number, cpu
                self._lines[key] = meeting = self._meeting[target, cpu]
                found.append((key, [other for other in meeting if other is not line]))
        self.ends[line.name] = tuple(found)
        return self.ends[line.name]

    def _rose_again(self, key: Key) -> None:
        """An input has risen whose last edge has met no handler; nobody is told of it yet."""
        is_pending, is_active = self._progress(key)
        if is_pending:
            self._of(key).missed += 1
        elif is_active:
            self._pending[key] = (*self._pending[key], self._clock.now)
        else:
            self._pending[key] = (self._clock.now,)  # the edge before was lost at a closed input

    def _fell(self, key: Key) -> None:
        """A level that falls before its handler begins is not pending any more."""
        state = self._state(key)
        if state is not None and state.trigger == "level":
            del self._pending[key]

    def _state(self, key: Key) -> InterruptState | None:
        name, number, cpu = key
        return self._controllers[name].interrupt(number, max(cpu, 0))

    def _progress(self, key: Key) -> tuple[bool, bool]:
        """Whether an interrupt is pending and active, at its controller or onward as a message."""
        state = self._state(key)
        is_pending = state is not None and state.pending
        is_active = state is not None and bool(state.active)
        message = self._controllers[key[0]].onward(key[1])
        if message is not None:
            for cpu in range(len(self._machine.cores)):
                state = self._state((*message, cpu))
                is_pending |= state is not None and state.pending
                is_active |= state is not None and bool(state.active)
        return is_pending, is_active

    # -- recording: handlers and callbacks --------------------------------------------------------

    def _tell_spurious(self, core: Core, facts: dict[str, Any]) -> None:
        controller = self._named.get(facts["domain"])
        if controller is not None:
            self._of((controller, facts["irq"], core.index)).spurious += 1

    def _find_nothing_due(self, core: Core, _: dict[str, Any]) -> None:
        if self._running[core.index]:
            self._running[core.index][-1][0][0].figures.spurious += 1

    def _of(self, key: Key) -> Figures:
        found = self.figures.get(key)
        if found is None:
            found = self.figures[key] = Figures()
        return found

    def _at(self, key: Key) -> _Interrupt:
        found = self._known.get(key)
        if found is None:
            # What has had no edge yet has no lines yet: then it is not kept, where lines can come.
            shared = key[0], key[1], EACH_CORE
            lines = self._lines.get(key) or self._lines.get(shared) or []
            found = _Interrupt(key, self._of(key), lines)
            if lines or self._controllers[key[0]].TAKES_MESSAGES:
                self._known[key] = found
        return found

    def _enter(self, core: Core, facts: dict[str, Any]) -> None:
        controller = self._named.get(facts["domain"])
        if controller is None:
            return
        index, now = core.index, self._clock.now
        key = controller, facts["irq"], index
        interrupt = self._known.get(key) or self._at(key)
        interrupts: tuple[_Interrupt, ...] = (interrupt,)
        since = self._begin(interrupt, now)
        if self._pending:
            for name, number in self._passing(interrupt.key):
                other = self._at((name, number, index))
                interrupts = (*interrupts, other)
                since = min(since, self._begin(other, now))
        self._handlers[index] += 1
        self._begins[index] = interrupt.key, since, now, self._handlers[index]
        running = self._running[index]
        if len(running) >= core.depth:
            del running[max(core.depth - 1, 0) :]  # of before a reset of the core
        running.append((interrupts, now, False))

    def _begin(self, interrupt: _Interrupt, now: int) -> int:
        """Since when it has been pending; now, where that is not known."""
        figures = interrupt.figures
        figures.count += 1
        figures.begun.append(now)
        times = self._pending.pop(interrupt.key, None)
        key = interrupt.key
        if times is None:
            key = interrupt.shared
            times = self._pending.pop(key, None)
            if times is None:
                return now
        if len(times) > 1:
            self._pending[key] = times[1:]
        figures.latency.add(now - times[0])
        return times[0]

    def _passing(self, own: Key) -> list[tuple[str, int]]:
        """What is pending at other controllers and is the same interrupt, before or after there."""
        core, found = own[2], []
        for name, number, cpu in self._pending:
            if name == own[0] or cpu not in {core, EACH_CORE}:
                continue
            message = self._controllers[name].onward(number)
            if message is not None:
                passes = message == own[:2]
            else:
                here = name, number
                passes = self._leads(here, own[:2], core) or self._leads(own[:2], here, core)
            if passes:
                found.append((name, number))
        return found

    def _leads(self, first: tuple[str, int], then: tuple[str, int], core: int) -> bool:
        """Whether an interrupt goes on, by a wire, to be another one at the next controller."""
        pins = self._feeds.get((first[0], then[0]), ())
        follower = self._controllers[then[0]]
        if not any(follower.entrance(pin, core) == then[1] for pin in pins):
            return False  # soon known; the whole way is not
        return then in self._way(*first, core)

    def _way(self, name: str, number: int, core: int) -> set[tuple[str, int]]:
        """What an interrupt is to the controllers after one."""
        found = self._ways.get((name, number, core))
        if found is None:
            found = set(controllers_after(self._machine, name, number, core))
            if self._are_ways_fixed:
                self._ways[name, number, core] = found
        return found

    def _leave(self, core: Core, _: dict[str, Any]) -> None:
        if not self._running[core.index]:
            return
        interrupts, begin_ns, _called = self._running[core.index].pop()
        self._runs[core.index].append((interrupts[0].key, begin_ns, self._clock.now))
        for interrupt in interrupts:
            for line in interrupt.lines:
                if line.level:
                    self._look_at_level(interrupt)
                    break

    def _look_at_level(self, interrupt: _Interrupt) -> None:
        """Its handler has ended, its line is up: a level is pending anew."""
        key = interrupt.key if interrupt.key in self._lines else interrupt.shared
        state = self._state(key)
        if state is not None and state.trigger == "level":
            self._pending.setdefault(key, (self._clock.now,))

    def _call(self, core: Core, facts: dict[str, Any]) -> None:
        now, running = self._clock.now, self._running[core.index]
        if running and not running[-1][2]:
            interrupts, begin_ns, _ = running[-1]
            running[-1] = interrupts, begin_ns, True
            for interrupt in interrupts:
                interrupt.figures.to_callback.add(now - begin_ns)
        if "due" not in facts:
            return
        key, late = (facts.get("id", 0), facts["name"]), now - facts["due"]
        lateness = self.timeouts.pop(key, None)
        if lateness is None:
            lateness = Histogram()
        self.timeouts[key] = lateness  # to the end
        lateness.add(late)
        self.lateness.add(late)
        if len(self.timeouts) > MOST_TIMEOUTS:
            del self.timeouts[next(iter(self.timeouts))]
        self._begins[core.index] = key, facts["due"], now, self._handlers[core.index]


def _is_high(lines: Iterable[Line]) -> bool:
    return any(line.level for line in lines)


def _keys(interrupts: Iterable[_Interrupt]) -> tuple[Key, ...]:
    return tuple(interrupt.key for interrupt in interrupts)
