"""Why an interrupt does or does not arrive: a verdict on its ways, one sentence, and what mends it.

The gates are the rules by which devices and cores decide (:mod:`kerneltui.debugger.way`).  What no
gate can tell, because it has happened already (a lost edge, an end with another ID) or because time
alone shows it (a storm, a wrong rate), is told by :mod:`kerneltui.debugger.hindsight`.
"""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.debugger.handling import is_own, sleeps_masked
from kerneltui.debugger.hindsight import because, holds
from kerneltui.debugger.no_fault import NoFaultJudge
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.pokes import end_of, mend_of
from kerneltui.debugger.session import Session
from kerneltui.debugger.story_facts import when_taken
from kerneltui.debugger.verdict import Explanation, Verdict
from kerneltui.debugger.way import Station, Way, best_way
from kerneltui.hw.rule import Gate, Opens
from kerneltui.units import format_duration, format_time


def explain(session: Session, subject: str, ways: list[Way], cpu: int) -> Explanation:
    """The verdict on an interrupt that has these ways to a core."""
    way = best_way(ways)
    judge = _Judge(session, subject, way, tuple(item for item in ways if item is not way), cpu)
    return judge.verdict()


class _Judge(NoFaultJudge):
    """Asks the gates too, and says what comes first."""

    def verdict(self) -> Explanation:
        """The first of these that has something to say."""
        judges: tuple[Callable[[], Explanation | None], ...] = (
            self._stopped, self._still_boots,
            self._empty_queue, self._own_handler, self._out_of_sight, self._timer_storm,
            self._at_rest, self._not_here, self._is_being_set, self._shut_by_software,
            self._never_ended, self._wrong_rate, self._storm, self._edge_gone, self._lost,
            self._ended_wrong, self._being_served, self._waits_for_handler, self._waits_for_source,
        )  # fmt: skip
        for judge in judges:
            found = judge()
            if found is not None:
                return found
        return self._tell(
            Verdict.ARRIVES,
            f"{self.subject} gets through: all gates on its way are open.",
            f"Core {self.core.index} takes it {when_taken(self.core)}.",
        )

    def _first(self, opens: Opens) -> Gate | None:
        return next((gate for gate in self.shut if gate.opens is opens), None)

    # -- what the gates tell ----------------------------------------------------------------------

    def _stopped(self) -> Explanation | None:
        """No store helps a core that executes nothing any more, whatever else is shut."""
        core = f"core {self.core.index}"
        gate = next((gate for gate in self.shut if gate.register == core), None)
        if gate is None or not self.core.halt_reason:
            return None
        return self._tell(
            Verdict.SHUT,
            f"{self.subject} cannot arrive: {gate.says.rstrip('.')}.",
            f"It needs {gate.needs}. No store helps: go back to see what it did last.",
            gate,
        )

    def _empty_queue(self) -> Explanation | None:
        """A kernel that waits for nothing switches its timer off."""
        inspector = self.session.inspector
        if not self._is_timers() or not inspector.queue_structure() or inspector.timeouts():
            return None
        if inspector.handled_timeout() is not None or not self.shut:
            return None
        return self._tell(
            Verdict.WAITS,
            "Nothing is due: the timeout queue is empty, so the kernel has switched the timer off.",
            "Set a timeout; the kernel then arms the timer for it.",
            self.shut[0],
        )

    def _own_handler(self) -> Explanation | None:
        """While its own handler runs, a source is quiet on purpose."""
        if self._left_shut():
            return None
        found = self._own_callback()
        if found is None and self.for_now:
            found = self._shut_for_now(self.for_now[0])
        return found

    def _own_callback(self) -> Explanation | None:
        if not self.core.depth or not self._is_timers():
            return None
        timeout = self.session.inspector.handled_timeout()
        source = self.way.stations[0].gates
        if timeout is None or not any(gate in source for gate in self.shut):
            return None
        return self._tell(
            Verdict.SERVED,
            f"Its handler is running: the callback of '{timeout.name}'. It has switched the timer "
            "off meanwhile.",
            ARMS_AGAIN,
            self.shut[0],
        )

    def _shut_for_now(self, gate: Gate) -> Explanation:
        arms = self._is_timers() and self.session.inspector.queue_structure()
        return self._tell(
            Verdict.SERVED,
            f"{self.subject} is being served: its handler is running, and meanwhile "
            f"{because(gate)}.",
            ARMS_AGAIN if arms else "The handler opens it again before it returns.",
            gate,
        )

    def _shut_by_software(self) -> Explanation | None:
        stores = self._left_shut()
        if not stores:
            return None
        gate = stores[0]
        mend = tuple(
            mend_of(self.machine, self.way.station_of(item).owner, item)
            for item in self._lasting(stores)
        )
        return self._tell(
            Verdict.SHUT,
            f"{self.subject} cannot arrive: {because(gate)}.{_and_more(len(stores) - 1)}",
            f"It needs {gate.needs}.",
            gate,
            mend if all(mend) else (),
        )

    def _lasting(self, gates: list[Gate]) -> list[Gate]:
        """Without those of a core that executes the kernel's code: it opens its masks itself."""
        if self.core.is_asleep:
            return gates
        own = f"core {self.core.index}"
        return [gate for gate in gates if self.way.station_of(gate).owner != own] or gates

    def _never_ended(self) -> Explanation | None:
        """What the end of a handler would open, while no handler runs."""
        gate = self._first(Opens.END)
        if gate is None or self.core.depth:
            return None
        station = self.way.station_of(gate)
        wrong = self._wrong_end(station)
        why = wrong or f"an interrupt never ended: {holds(gate)}, but no handler runs"
        advice = f"It needs {gate.needs}."
        mend: tuple[str, ...] = ()
        if gate.ends_by:
            advice = f"Each handler has to write {gate.ends_by} for what it has taken, at its end."
            end = end_of(self.machine, station.owner, gate)
            if end and not wrong:
                mend = (end,)
                advice += f" A store to {gate.ends_by} ends this one; the next is left so again."
        return self._tell(
            Verdict.MISBEHAVES, f"{self.subject} is kept out: {why}.", advice, gate, mend
        )

    def _wrong_end(self, station: Station) -> str:
        """Whose handler has ended it wrongly, so that it stays active; empty where none has.

        That is the interrupt's own, or that of another one that is active.
        """
        if station.interrupt is None:
            return ""
        name, number = station.interrupt
        controller = self.machine.controllers[name]
        states = controller.notable(self.core.index, {number})
        active = {state.number for state in states if state.active}
        remarks = self.session.recorder.remarks.of_device(name, "misuse")
        blamed = active & {number} or active
        for victim, remark in remarks:
            if victim in blamed:
                label = interrupt_label(controller.NUMBERING, victim)
                whose = "its own handler" if victim == number else f"the handler of {label}"
                told = f"{whose} ended it wrongly: {remark.text}, so {label} stays active"
                return told if victim == number else f"{told} and goes first"
        return remarks[0][1].text if remarks else ""

    def _being_served(self) -> Explanation | None:
        """Its own handler runs, as the controller notes it, or the core where none does."""
        gate = self._first(Opens.END)
        if gate is None or not is_own(self.machine, self.session.recorder, self.core, self.way):
            return None
        return self._tell(
            Verdict.SERVED,
            f"{self.subject} is being served: core {self.core.index} is running its handler "
            f"({holds(gate)}).",
            f"The next one needs {gate.needs}.",
            gate,
        )

    def _waits_for_handler(self) -> Explanation | None:
        gate = self._first(Opens.END)
        if gate is None:
            return None
        return self._tell(
            Verdict.WAITS,
            f"{self.subject} waits: core {self.core.index} is running a handler ({holds(gate)}).",
            f"It needs {gate.needs}.",
            gate,
        )

    def _kept_out(self) -> str:
        """By the core, for now; whether it lets them in again is not known yet."""
        core, held = f"core {self.core.index}", holds(self.masked[0])
        if not sleeps_masked(self.core):
            return f"{core} keeps interrupts out now ({held})"
        return (f"{core} sleeps with interrupts kept out ({held}): it wakes, and takes this one "
                "when it lets them in")  # fmt: skip

    def _waits_for_source(self) -> Explanation | None:
        gate = self.shut[0] if self.shut else None
        if gate is None:
            return None
        now = self.machine.now
        due_ns = gate.due_ns
        if due_ns is None and gate.opens is Opens.EVENT and gate not in self.masked:
            due_ns = self._next_rise()
        if due_ns is not None:
            ahead, at = format_duration(due_ns - now), format_time(due_ns)
            state = self._comparator(self.way.station_of(gate).owner, gate)
            told, advice = "all that software decides is open", "Let time pass."
            if self.masked:
                told, advice = self._kept_out(), "Let time pass, and see whether it lets them in."
            if state is not None and not state.counts_down and state.compare < state.counter:
                told = f"{gate.register} lies behind the counter, which has to come round first"
                advice = "Compare with the counter after writing: what it has passed never matches."
            return self._tell(
                Verdict.WAITS, f"{self.subject} is due in {ahead}, at {at} s; {told}.", advice, gate
            )
        station = self.way.station_of(gate)
        if gate in self.masked:
            return self._tell(
                Verdict.WAITS,
                f"{self.subject} waits: {self._kept_out()}.",
                "Code that must not be interrupted does so for microseconds; if it goes on, that "
                "is a fault.",
                gate,
            )
        unwired = self._unwired_input()
        if unwired:
            return self._tell(
                Verdict.WAITS,
                f"{self.subject} waits, but nothing on this board is wired to {unwired}.",
                "Software can set it pending; a device cannot raise it. --line says where the wire "
                "of a device leads.",
                gate,
            )
        return self._tell(
            Verdict.WAITS,
            f"{self.subject} waits: {gate.says or f'{station.title} has not raised it'} "
            f"({holds(gate)}).",
            f"It needs {', or '.join((gate.needs, *self._else_needed(gate)))}.",
            gate,
        )

    def _unwired_input(self) -> str:
        """The input that it would come in by, where no wire ends there: ``gic spi 121``."""
        met = self.way.stations[0].interrupt
        if met is None:
            return ""  # there is a source
        name, number = met
        state = self.machine.controllers[name].interrupt(number, self.core.index)
        return f"{name} {state.pin}" if state is not None and state.pin else ""

    def _else_needed(self, gate: Gate) -> tuple[str, ...]:
        """What would raise the same line as well: of a UART a level of its FIFO, or a timeout.

        The other ways are as near as this one: only their source waits.
        """
        source = self.way.stations[0]
        if gate not in source.gates:
            return ()
        found: dict[str, None] = {}
        for first, *rest in (way.stations for way in self.others):
            waits = [item for item in first.gates if not item.open]
            if rest == [*self.way.stations[1:]] and all(it.opens is Opens.EVENT for it in waits):
                found.update((item.needs, None) for item in waits[:1])
        found.pop(gate.needs, None)
        return tuple(found)


ARMS_AGAIN = "At its end the handler arms the timer for the head of the queue."


def _and_more(count: int) -> str:
    if not count:
        return ""
    return f" {count} more {'gate is' if count == 1 else 'gates are'} shut."
