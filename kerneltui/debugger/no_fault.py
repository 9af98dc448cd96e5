"""What software has shut or not opened, and is no fault.

A kernel that still boots opens one gate after the other; a source that was served may be switched
off; what is set up on one core is not on the others.
"""

from __future__ import annotations

from kerneltui.debugger.ear import By
from kerneltui.debugger.handling import LONG_NS
from kerneltui.debugger.hindsight import HindsightJudge, because
from kerneltui.debugger.last_write import last_write
from kerneltui.debugger.troubles import is_asked, is_booting
from kerneltui.debugger.verdict import Explanation, Verdict
from kerneltui.debugger.way import KERNEL, Station, best_way, whole_ways
from kerneltui.hw.rule import Gate, Opens, Spot
from kerneltui.machine.core import CoreState
from kerneltui.machine.poke import Poke


class NoFaultJudge(HindsightJudge):
    """Knows these, and what a person has shut: that is none of them."""

    def _left_shut(self) -> list[Gate]:
        """What software has to open, but for what running code has shut for a while."""
        stores = (gate for gate in self.shut if gate.opens is Opens.STORE)
        return [gate for gate in stores if gate not in self.for_now + self.masked]

    def _still_boots(self) -> Explanation | None:
        """What a kernel has not opened before its boot is over."""
        stores = [gate for gate in self.shut if gate.opens is Opens.STORE]
        if not stores or not is_booting(self.machine, self.core.index) or self._has_poked(stores):
            return None
        self.for_now += tuple(stores)
        if self.core.state is CoreState.OFF:
            return self._not_started_yet(stores)
        return self._tell(
            Verdict.WAITS,
            f"{self.subject} waits: the kernel is still booting, and so far {because(stores[0])}.",
            "It opens one gate after the other: ask again when it has booted.",
            stores[0],
        )

    def _not_started_yet(self, stores: list[Gate]) -> Explanation:
        """Of a core that waits for another one, which boots."""
        core, first = f"core {self.core.index}", f"core {self.machine.core.index}"
        return self._tell(
            Verdict.WAITS,
            f"{self.subject} waits for {first} to start {core}: the kernel is still booting on "
            f"{first}, and {core} is off.",
            f"The kernel may leave {core} off: ask again when it has booted.",
            next((gate for gate in stores if gate.register == core), stores[0]),
        )

    def _at_rest(self) -> Explanation | None:
        """A source that the kernel has switched off after it was served, and that asks no more."""
        source, left = self.way.stations[0], self._left_shut()
        served = sum(
            station.gates[0].value for station in self.way.stations if station.owner == KERNEL
        )
        is_quiet = any(not gate.open and gate.opens is Opens.EVENT for gate in source.gates)
        if not (served and left and is_quiet) or source.entrance is not None or self._is_timers():
            return None
        if any(gate not in source.gates for gate in left) or is_asked(self.machine, self.way):
            return None
        if self._has_poked(left):
            return None
        off = [
            gate
            for way in (self.way, *self.others)
            if way.stations[0].owner == source.owner
            for gate in way.stations[0].gates
            if not gate.open and gate.opens is Opens.STORE and gate.value == left[0].value
        ]
        self.for_now += tuple(off)
        names = ", ".join(dict.fromkeys(gate.bits for gate in off))
        verb = "is" if len(off) == 1 else "are"
        often = "once" if served == 1 else f"{served} times"
        return self._tell(
            Verdict.WAITS,
            f"{self.subject} is not asked for: the kernel has switched its source off ({names} "
            f"{verb} {left[0].held}), after it came {often}.",
            "That is no fault: it comes again when the kernel switches its source on.",
            left[0],
        )

    def _is_being_set(self) -> Explanation | None:
        """A timer that is off while code runs that is not to be interrupted: it may be setting it.

        That takes microseconds; it is none where a timeout is late by more than code may take.
        """
        left, core = self._left_shut(), self.core
        is_at_it = core.state is CoreState.RUNNING and not core.is_asleep and core.masks()[1]
        if not (left and is_at_it and self._is_timers()) or self._has_poked(left):
            return None
        source = self.way.stations[0].gates
        timeouts = self.session.inspector.timeouts()
        if not timeouts or any(gate not in source for gate in left):
            return None
        if self.machine.now - next(iter(timeouts)).due_ns > LONG_NS:
            return None
        self.for_now += tuple(left)
        return self._tell(
            Verdict.WAITS,
            f"{self.subject} waits: {because(left[0])}, while core {core.index} executes code that "
            "keeps interrupts out.",
            "That code may be setting the timer: look again when it lets interrupts in.",
            left[0],
        )

    def _not_here(self) -> Explanation | None:
        """What the kernel has not set up on a core: it uses others for that, or has not started it.

        Where something asks this core in vain, or its source is on, that is a fault all the same.
        """
        left, core = self._left_shut(), self.core
        if not left or core.halt_reason or self._has_poked(left):
            return None
        is_off, other = core.state is CoreState.OFF, self._served_by()
        if other is None and core is self.machine.core:
            return None
        if other is None and is_asked(self.machine, self.way):
            return self._asks_in_vain(left) if is_off else None
        unset = (*self.way.stations[0].gates, *self._kernels_gates())
        if other is None and not is_off and not any(gate in unset for gate in left):
            return None
        self.for_now += tuple(left)
        if is_off:
            told = "nobody has started that core"
            advice = "That is no fault: a core that is off executes nothing."
        else:
            told = because(left[0])
            advice = "That is no fault: the kernel does not use it there now."
        if other is not None:
            advice = f"That is no fault: it goes to core {other}."
        sleeps = "" if is_off else f", which {'sleeps' if core.is_asleep else 'runs'}"
        return self._tell(
            Verdict.UNUSED,
            f"{self.subject} does not come to core {core.index}{sleeps}: {told}.",
            advice,
            left[0],
        )

    def _asks_in_vain(self, left: list[Gate]) -> Explanation:
        """Of a core that is off, where no other one gets it."""
        core = f"core {self.core.index}"
        return self._tell(
            Verdict.SHUT,
            f"{self.subject} cannot arrive at {core}: nobody has started that core.",
            f"It needs the kernel to start {core}, or to let it through to a core that is on.",
            next((gate for gate in left if gate.register == core), left[0]),
        )

    def _kernels_gates(self) -> list[Gate]:
        stations = self.way.stations
        return [gate for item in stations if item.owner == KERNEL for gate in item.gates]

    def _served_by(self) -> int | None:
        """Another core to which the same source gets through, but for what that keeps out itself.

        The same is one at the same wire, or, as of a message, with the same bits.
        """
        source = self.way.stations[0]
        met = [item.interrupt for item in self.way.stations if item.interrupt is not None]
        if not met or not (source.line or source.gates):
            return None
        machine, inspector = self.machine, self.session.inspector
        for core in machine.cores:
            if core is self.core:
                continue
            way = best_way(whole_ways(machine, inspector, *met[0], core.index))
            left = [gate for gate in way.holding if gate.opens is Opens.STORE]
            is_led_there = all(gate.register == core.MASK_REGISTER for gate in left)
            if is_led_there and _identity(way.stations[0]) == _identity(source):
                return core.index
        return None

    def _has_poked(self, gates: list[Gate]) -> bool:
        """Whether a person or the scenario has stored to one of them, and not the kernel.

        Without any pokes the past need not be searched.
        """
        history, now = self.session.history, self.machine.now
        given = (item.given for item in history.inputs[: history.given])
        if not any(isinstance(item, Poke) for item in given) and not any(
            item.at_ns <= now for item in self.session.setup.pokes
        ):
            return False
        return any(self._is_poked(gate) for gate in gates)

    def _is_poked(self, gate: Gate) -> bool:
        owner = self.way.station_of(gate).owner
        if gate.spot is None:
            return not owner.startswith((KERNEL, "core "))  # no store reaches those
        write = last_write(self.session.history, owner, gate.spot, is_change=True)
        return write.by in {By.POKE, By.SCENARIO}


def _identity(source: Station) -> tuple[str, tuple[Spot | None, ...]]:
    """What a source is, whichever core is asked about: each core may have one of its own."""
    return source.line, () if source.line else tuple(gate.spot for gate in source.gates)
