"""What a machine's story looks up: timers and timeouts, as they stand at the moment."""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.debugger.naming import timer_comparators
from kerneltui.debugger.origins import SERIAL, Origin, Wiring, pending, source_kind
from kerneltui.debugger.roles import AccessMeaning
from kerneltui.debugger.views.timeouts import TimeoutView, timeout_views
from kerneltui.debugger.views.timers import ComparatorView, comparator_views
from kerneltui.debugger.way import Station, best_way, ways_to_core
from kerneltui.hw.rule import Gate, Opens
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.core import Core, CoreState
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.machine.machine import Machine


class StoryFacts:
    """Of one machine; looking changes nothing."""

    def __init__(self, machine: Machine, inspector: Callable[[], Inspector]) -> None:
        """``inspector()`` is what the kernel lets one see now."""
        self._machine = machine
        self._inspector = inspector
        self._sources: set[tuple[str, str]] | None = None
        self._wiring = Wiring(machine)

    def comparators(self, core: int, device: str = "") -> list[ComparatorView]:
        """Those that a core sees: of all devices, or of one."""
        found = comparator_views(self._machine, core)
        return [item for item in found if device in {"", item.device}]

    def next_timer(self, core: int) -> ComparatorView | None:
        """The comparator that will interrupt next, if a timeout waits for one."""
        if self.armed() is None:
            return None
        waiting = [
            item for item in self.comparators(core)
            if (item.device, item.name) in self._armed_ones()
            and item.enabled and not item.masked and item.in_ns is not None
        ]  # fmt: skip
        return min(waiting, key=lambda item: item.in_ns or 0, default=None)

    def kept_out(self, core: int) -> ComparatorView | None:
        """The one that a timeout waits for and whose interrupt does not come.

        It is masked where it is still due; and where it has been met, something else keeps it out.
        """
        if self.armed() is None:
            return None
        ours = self._armed_ones()
        set_ones = [
            item for item in self.comparators(core)
            if (item.device, item.name) in ours and item.enabled
        ]  # fmt: skip
        due = [item for item in set_ones if item.masked and item.in_ns is not None]
        met = (item for item in set_ones if item.met and item.in_ns is None)
        return min(due, key=lambda item: item.in_ns or 0, default=next(met, None))

    @property
    def offers_look(self) -> bool:
        """Whether the kernel lets one see what it waits for."""
        return self._inspector().offers_look

    def first_timer(self, core: int) -> ComparatorView | None:
        """The comparator that will be met next, of those that can interrupt."""
        running = (
            item
            for item in self.comparators(core)
            if item.enabled and not item.masked and item.in_ns is not None and item.compare
        )
        return min(running, key=lambda item: item.in_ns or 0, default=None)

    def held_back(self, origin: Origin, core: int) -> tuple[Station, Gate] | None:
        """The first shut gate between an interrupt's controller and a core; None: it arrives."""
        way = best_way(ways_to_core(self._machine, origin.controller, origin.number, core))
        gate = next(iter(way.holding), None)
        return None if gate is None else (way.station_of(gate), gate)

    def not_ended(self, origin: Origin, core: int) -> Gate | None:
        """What a handler has to end before the next one of an interrupt can come, if anything."""
        way = best_way(ways_to_core(self._machine, origin.controller, origin.number, core))
        gates = (gate for station in way.stations for gate in station.gates)
        return next((gate for gate in gates if gate.opens is Opens.END and not gate.open), None)

    def serial_line_is_high(self) -> bool:
        """Whether a UART asks for an interrupt."""
        return any(
            line.level
            for device in self._machine.devices.values()
            if source_kind(device) == SERIAL
            for lines in device.outputs.values()
            for line in lines
        )

    def serial_line_is_polled(self) -> bool:
        """Whether software has enabled no interrupt by which a UART tells of what it receives."""
        uarts = [item for item in self._machine.devices.values() if source_kind(item) == SERIAL]
        causes = (
            cause
            for device in uarts
            for output in device.outputs
            for cause in device.causes(output, 0)
            if "transmit" not in cause.title
        )
        return all(
            any(not gate.open and gate.opens is Opens.STORE for gate in cause.gates)
            for cause in causes
        )

    def most_urgent(self, core: int) -> Origin | None:
        """The interrupt that a core takes next, of those that are pending."""
        return pending(self._machine, self._wiring, core, None)

    def _armed_ones(self) -> set[tuple[str, str]]:
        """Those that can raise the interrupt that timeouts wait for: devices, and registers."""
        if self._sources is None:
            self._sources = timer_comparators(self._machine, self._inspector())
        return self._sources

    def dip_ns(self, line: str) -> int:
        """How long a line that is high as a rule is low before it rises; 0 for any other one."""
        device, output, index = self._wiring.driver(line)
        core = max(index, 0)
        registers = {gate.register for cause in device.causes(output, core) for gate in cause.gates}
        found = (item for item in self.comparators(core, device.name) if item.name in registers)
        return max((item.dips_ns for item in found), default=0)

    def zero_stands_for(self, stored: AccessMeaning | None, core: int) -> int:
        """The count that a zero means which is stored to a timer; 0: none."""
        if stored is None:
            return 0
        found = self.comparators(core, stored.device)
        return next((it.zero_stands_for for it in found if it.name == stored.register), 0)

    def timeouts(self) -> list[TimeoutView]:
        """Soonest first, before them the one whose callback is running."""
        return list(timeout_views(self._inspector(), self._machine.now))

    def armed(self) -> TimeoutView | None:
        """The timeout that the comparator stands for."""
        return next((item for item in self.timeouts() if item.armed), None)

    def head(self) -> TimeoutView | None:
        """The one that is due next, of those that wait in the queue."""
        return next((item for item in self.timeouts() if not item.handling), None)


def takes_next(core: Core) -> bool:
    """Whether a core takes an interrupt before its next instruction."""
    if core.state in {CoreState.OFF, CoreState.HALTED}:
        return False
    return any(
        core.inputs & bit and all(gate.open for gate in core.gates(pin))
        for pin, bit in core.PINS.items()
    )


def when_taken(core: Core) -> str:
    """When a core takes what its inputs bring, once nothing keeps that out.

    One that sleeps takes it first of all.  Otherwise inputs are sampled after each instruction; so
    what a store by hand lets in comes after the one that the core stands before.
    """
    pending = core.pending
    if pending is None or core.state is CoreState.WAITING:
        return "before its next instruction"
    if pending.kind == "compute":
        return "at once"
    known = INSTRUCTIONS.get(pending.kind)
    is_entry = known is not None and known.is_external
    return f"{'before' if is_entry else 'after'} its next instruction"


def level_left(core: Core, address: int, state: int) -> str:
    """The level whose registers a core has just returned by: they still hold what it took back.

    ``EL2`` and the like; where they hold something else by now, what the core calls any level.
    """
    table = core.regs.table
    for level in range(1, 4):
        names = f"ELR_EL{level}", f"SPSR_EL{level}"
        if all(name in table for name in names):
            held = [core.regs.peek(table[name].offset, 8, 0) for name in names]
            if held == [address, state]:
                return f"EL{level}"
    return core.EXCEPTION_LEVEL
