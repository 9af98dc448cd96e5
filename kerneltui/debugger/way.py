"""An interrupt's way: from its source, by wires and controllers, to a core and its handler.

Devices and cores give their own gates, made from the rules by which they decide; here these are
only strung together along the board's wires and the messages between controllers.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from kerneltui.debugger.numbering import interrupt_label
from kerneltui.hw.device import Device, Entrance, InterruptController, Passage
from kerneltui.hw.line import Line
from kerneltui.hw.rule import Gate, Opens
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.machine import Machine

KERNEL = "kernel"
HANDLERS = "handlers"
"""The register of its gate: what holds the kernel's handlers."""
IS_HIGH = "line is high"
"""The gate that is the level of a wire; its register is the wire's name."""


class Station(msgspec.Struct, frozen=True):
    """One stop on the way, with its gates in the order in which an interrupt meets them."""

    owner: str
    """a device's name, ``core 0``, or :data:`KERNEL`"""
    title: str
    """what passes there: ``the EL1 physical timer``, ``irq 30``, ``irq input``"""
    gates: tuple[Gate, ...]
    entrance: tuple[str, Entrance] | None = None
    """at a controller: its name, and what comes in there"""
    line: str = ""
    """the wire by which it goes on"""

    @property
    def noun(self) -> str:
        """The title without what is said further of it, so that it fits into a sentence."""
        return self.title.partition(", ")[0]

    @property
    def interrupt(self) -> tuple[str, int] | None:
        """What the interrupt is here: a controller's name, and the number that it has there."""
        if self.entrance is None or not isinstance(self.entrance[1], int):
            return None
        return self.entrance[0], self.entrance[1]

    @property
    def noted(self) -> Gate | None:
        """The gate of a controller that says whether it has noted the interrupt."""
        if self.entrance is None:
            return None
        return next((gate for gate in self.gates if gate.opens is Opens.EVENT), None)


class Way(msgspec.Struct, frozen=True):
    """One way.  The interrupt arrives if all gates are open."""

    stations: tuple[Station, ...]

    @property
    def gates(self) -> list[Gate]:
        """All gates, in order."""
        return [gate for station in self.stations for gate in station.gates]

    @property
    def shut(self) -> list[Gate]:
        """Those that are shut."""
        return [gate for gate in self.gates if not gate.open]

    @property
    def holding(self) -> list[Gate]:
        """Those that are shut where it has still to get through."""
        return [gate for station in self.to_pass for gate in station.gates if not gate.open]

    @property
    def to_pass(self) -> tuple[Station, ...]:
        """Where it has still to get through: from the last controller on that has noted it."""
        noted = [
            place for place, station in enumerate(self.stations)
            if (gate := station.noted) is not None and gate.open
        ]  # fmt: skip
        return self.stations[noted[-1] :] if noted else self.stations

    def station_of(self, gate: Gate) -> Station:
        """Where a gate stands."""
        return next(station for station in self.stations if gate in station.gates)


Stations = tuple[Station, ...]


class Glance:
    """One look at a machine: gates that are asked for more than once are looked at once."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._passages: dict[tuple[str, Entrance, int], list[Passage]] = {}
        self._inputs: dict[tuple[int, str, int | None], tuple[Gate, ...]] = {}
        self.whole: dict[tuple[str, int, int], list[Way]] = {}
        """ways from the source to the handler, by controller, number and core"""

    def passages(self, name: str, entrance: Entrance, cpu: int) -> list[Passage]:
        """Through a controller."""
        here = name, entrance, cpu
        found = self._passages.get(here)
        if found is None:
            found = self._passages[here] = self.machine.controllers[name].passages(entrance, cpu)
        return found

    def core_gates(self, cpu: int, pin: str, vector: int | None) -> tuple[Gate, ...]:
        """At an input of a core."""
        here = cpu, pin, vector
        found = self._inputs.get(here)
        if found is None:
            found = self._inputs[here] = tuple(self.machine.cores[cpu].gates(pin, vector))
        return found


def ways_to_core(
    machine: Machine, controller: str, number: int, cpu: int = 0, glance: Glance | None = None
) -> list[Way]:
    """The ways of an interrupt from its controller on to a core.

    One that feeds another controller goes on through that one.  Where the board leads an output
    nowhere, or in a circle, the way ends at a shut gate.  Raises KeyError for a device that is no
    controller, ValueError for a number that the controller does not have.
    """
    glance = glance or Glance(machine)
    return [Way(found) for found in _from(glance, controller, number, cpu, frozenset(), None)]


def whole_ways(
    machine: Machine,
    inspector: Inspector,
    controller: str,
    number: int,
    cpu: int = 0,
    glance: Glance | None = None,
) -> list[Way]:
    """The ways from each source of an interrupt to the kernel's handler on a core."""
    glance, asked = glance or Glance(machine), (controller, number, cpu)
    if asked not in glance.whole:
        before = _before(machine, controller, number, cpu, frozenset())
        glance.whole[asked] = [
            Way((*source, *way.stations, *_kernel(machine, inspector, way.stations, cpu)))
            for way in ways_to_core(machine, controller, number, cpu, glance)
            for source in before
        ]
    return glance.whole[asked]


def ways_of_line(machine: Machine, inspector: Inspector, line: str, cpu: int = 0) -> list[Way]:
    """The ways of what drives a wire.  Raises KeyError where there is no such wire."""
    device, output, index = find_line(machine, line)
    core = index if len(device.outputs[output]) > 1 else cpu
    glance = Glance(machine)
    ends = [
        stations
        for target in machine.wiring.get(line, [])
        for stations in _at(glance, target, core, frozenset(), None)
    ]
    return [
        Way((*source, *end, *_kernel(machine, inspector, end, core)))
        for end in ends or [(_leads_nowhere(line),)]
        for source in _sources(machine, device, output, index, core, frozenset())
    ]


def find_line(machine: Machine, line: str) -> tuple[Device, str, int]:
    """What drives a wire: a device, its output, and which line of that.

    Raises KeyError where there is no such wire.
    """
    for device, output, index, found in lines(machine):
        if found.name == line:
            return device, output, index
    raise KeyError(line)


def lines(machine: Machine) -> Iterator[tuple[Device, str, int, Line]]:
    """Every wire, with the device, the output and the number in it that drive it."""
    for device in machine.devices.values():
        for output, found in device.outputs.items():
            for index, line in enumerate(found):
                yield device, output, index, line


def interrupts_of_line(machine: Machine, line: str, cpu: int) -> list[tuple[str, int]]:
    """Which interrupts a wire drives: controllers' names, and numbers there."""
    found = []
    for target in machine.wiring.get(line, []):
        name, _, pin = target.partition(" ")
        controller = machine.controllers.get(name)
        entrance = controller.entrance(pin, cpu) if controller is not None else None
        if isinstance(entrance, int):
            found.append((name, entrance))
    return found


def controllers_after(
    machine: Machine, controller: str, number: int, cpu: int
) -> list[tuple[str, int]]:
    """What an interrupt is to the controllers behind one, on all its ways."""
    found: dict[tuple[str, int], None] = {}
    _follow(machine, controller, number, cpu, frozenset(), found)
    return list(found)


def _follow(
    machine: Machine, name: str, entrance: Entrance, cpu: int, passed: frozenset[str],
    found: dict[tuple[str, int], None],
) -> None:  # fmt: skip
    """As :func:`_from`, without the gates: it is asked often while a machine runs."""
    if name in passed:
        return
    device = machine.controllers[name]
    for passage in device.passages(entrance, cpu):
        ends: list[tuple[str, Entrance | None]] = []
        if passage.message is not None:
            ends.append(passage.message)
        else:
            for target in machine.wiring.get(_line(device, passage, cpu), ()):
                behind, _, pin = target.partition(" ")
                if behind in machine.controllers:
                    ends.append((behind, machine.controllers[behind].entrance(pin, cpu)))
        for behind, onward in ends:
            if isinstance(onward, int):
                found[behind, onward] = None
            if onward is not None:
                _follow(machine, behind, onward, cpu, passed | {name}, found)


def next_controller(way: Way) -> tuple[str, int] | None:
    """What an interrupt is to the second controller on its way; None where there is none."""
    behind = (station.interrupt for station in way.stations[1:])
    return next((interrupt for interrupt in behind if interrupt is not None), None)


# -- onwards ---------------------------------------------------------------------------------------


def _from(
    glance: Glance,
    name: str,
    entrance: Entrance,
    cpu: int,
    passed: frozenset[str],
    vector: int | None,
) -> list[Stations]:
    """From what comes in at a controller to the core."""
    if name in passed:
        return []  # in a circle
    device = glance.machine.controllers[name]
    here = name, entrance
    found: list[Stations] = []
    for passage in glance.passages(name, entrance, cpu):
        gates, line = passage.gates, _line(device, passage, cpu)
        station = Station(name, _title(device, entrance), gates, here, line)
        known = passage.vector if passage.vector is not None else vector
        is_shared = len(device.outputs.get(passage.output, ())) == 1
        for rest in _behind(glance, passage, line, cpu, passed | {name}, known, is_shared):
            found.append((station, *rest))
    return found


def _behind(
    glance: Glance,
    passage: Passage,
    line: str,
    cpu: int,
    passed: frozenset[str],
    vector: int | None,
    is_shared: bool,
) -> list[Stations]:
    """How it goes on behind a controller's gates; by a wire that may be one for all cores."""
    if passage.message is not None:
        return _from(glance, *passage.message, cpu, passed, None)
    if not line:
        return [()]
    found = [
        stations
        for target in glance.machine.wiring.get(line, [])
        if not (is_shared and cpu and target.startswith("cpu "))
        for stations in _at(glance, target, cpu, passed, vector)
    ]
    return found or [(_leads_nowhere(line),)]


def _at(
    glance: Glance,
    target: str,
    cpu: int,
    passed: frozenset[str],
    vector: int | None,
) -> list[Stations]:
    """From the end of a wire, as a board file names it."""
    name, _, pin = target.partition(" ")
    if name == "cpu":
        gates = glance.core_gates(cpu, pin, vector)
        return [(Station(f"core {cpu}", f"{pin} input", gates),)]
    controller = glance.machine.controllers.get(name)
    entrance = controller.entrance(pin, cpu) if controller is not None else None
    return [] if entrance is None else _from(glance, name, entrance, cpu, passed, vector)


def _line(device: InterruptController, passage: Passage, cpu: int) -> str:
    """The wire by which it leaves a controller: the core's own, or one for all."""
    wires = device.outputs.get(passage.output, [])
    return wires[min(cpu, len(wires) - 1)].name if wires else ""


def _title(device: InterruptController, entrance: Entrance) -> str:
    if isinstance(entrance, int):
        return interrupt_label(device.NUMBERING, entrance)
    return f"pin {entrance}"


def _leads_nowhere(line: str) -> Station:
    device, _, output = line.partition(".")
    needs = f"'interrupts: {{{output}: …}}' of '{device}' in the board file"
    gate = Gate("wired to a core", False, line, "end", 0, needs, "the board file")
    return Station("wire", line, (gate,))


# -- before ----------------------------------------------------------------------------------------


def _before(
    machine: Machine, name: str, number: int, cpu: int, passed: frozenset[str]
) -> list[Stations]:
    """From each source to where it comes into a controller; one empty way where none is known."""
    device = machine.controllers[name]
    found: list[Stations] = [
        (Station(name, cause.title, cause.gates),) for cause in device.own_causes(number, cpu)
    ]
    for driver, output, index, line in lines(machine):
        if len(driver.outputs[output]) > 1 and index != cpu:
            continue
        for target in machine.wiring.get(line.name, []):
            owner, _, pin = target.partition(" ")
            if owner == name and device.entrance(pin, cpu) == number:
                found += _sources(machine, driver, output, index, cpu, passed)
    for sender in machine.controllers.values():
        for state in sender.notable(cpu, set()) if sender.SENDS_MESSAGES else ():
            if sender.onward(state.number) != (name, number):
                continue
            for passage in sender.passages(state.number, cpu):
                station = Station(
                    sender.name, _title(sender, state.number), passage.gates,
                    (sender.name, state.number),
                )  # fmt: skip
                earlier = _before(machine, sender.name, state.number, cpu, passed)
                found += [(*stations, station) for stations in earlier]
    return found or [()]


def _sources(
    machine: Machine, device: Device, output: str, index: int, cpu: int, passed: frozenset[str]
) -> list[Stations]:
    """What holds up an output of a device; of one that it passes on, what drives that too."""
    line = device.outputs[output][index]
    pin = device.passes_on(output)
    found: list[Stations] = []
    held = False
    if pin and line.name not in passed:
        for driver, name, number, wire in lines(machine):
            if f"{device.name} {pin}" in machine.wiring.get(wire.name, []):
                found += _sources(machine, driver, name, number, cpu, passed | {line.name})
                held |= wire.level
    for cause in device.causes(output, cpu):
        found.append((Station(device.name, cause.title, cause.gates, line=line.name),))
        held |= all(gate.open for gate in cause.gates)
    if found:
        return found if held == line.level else _driven(device.name, line, found)
    needs = f"{device.name} to raise it"
    gate = Gate(IS_HIGH, line.level, line.name, "level", int(line.level), needs, "", Opens.EVENT)
    return [(Station(device.name, f"output {output}", (gate,), line=line.name),)]


def _driven(device: str, line: Line, found: list[Stations]) -> list[Stations]:
    """The device would have it at the other level: a poke has driven it since."""
    needs = "" if line.level else f"{device} to raise it anew"
    level = Gate(
        IS_HIGH, line.level, line.name, "level", int(line.level), needs, "", Opens.EVENT,
        says=f"a poke has driven line {line.name} low",
    )  # fmt: skip
    if line.level:
        return [
            (Station(device, f"line {line.name}, driven by a poke", (level,), None, line.name),)
        ]
    return [(*before, replace(last, gates=(*last.gates, level))) for *before, last in found]


# -- the kernel ------------------------------------------------------------------------------------


def _kernel(
    machine: Machine, inspector: Inspector, stations: Stations, cpu: int
) -> tuple[Station, ...]:
    """The handler that the kernel has registered, where it lets one see."""
    handlers = {(item.irq.domain, item.irq.number): item for item in inspector.irq_handlers(cpu)}
    if not handlers:
        return ()
    met = [station.interrupt for station in stations if station.interrupt is not None]
    numbers = [(machine.controllers[name].NUMBERING, number) for name, number in met]
    handler = next((handlers[number] for number in numbers if number in handlers), None)
    wanted = interrupt_label(*numbers[-1]) if numbers else "this interrupt"
    gate = Gate(
        "handler registered",
        handler is not None,
        HANDLERS,
        handler.name if handler is not None else "none",
        handler.count if handler is not None else 0,
        f"the kernel to register a handler for {wanted}",
        "",
        says="the kernel has no handler for it",
    )
    return (Station(KERNEL, handler.name if handler is not None else "no handler", (gate,)),)


def reading(gate: Gate) -> str:
    """``GICC_PMR.Priority = 0xf8``; of a handler, how often it has run."""
    if gate.register != HANDLERS:
        return f"{gate.bits} = {gate.held}"
    if not gate.open:
        return "none"
    return f"{gate.field}, has run {gate.value} time{'s' * (gate.value != 1)}"


def best_way(ways: list[Way]) -> Way:
    """The one that is nearest to arriving: with the least that software has to do."""
    return min(ways, key=_distance)


def _distance(way: Way) -> tuple[int, bool, bool, int]:
    """What software has to do; then those whose source asks, those that are due, and all others."""
    shut = way.shut
    stores = sum(gate.opens is Opens.STORE for gate in shut)
    asks = all(gate.open for gate in way.stations[0].gates)
    return stores, bool(shut) and not asks, all(gate.due_ns is None for gate in shut), len(shut)
