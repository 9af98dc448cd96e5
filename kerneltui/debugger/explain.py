"""Why an interrupt does or does not arrive: a verdict on its ways, one sentence, and what mends it.

The gates are the rules by which devices and cores decide (:mod:`kerneltui.debugger.way`).  What no
gate can tell, because it has happened already (a lost edge, an end with another ID) or because time
alone shows it (a storm, a wrong rate), is told by what was recorded up to the moment on show.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from kerneltui.debugger.handling import masked, switched_off
from kerneltui.debugger.naming import timer_interrupt
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.pokes import end_of, mend_of
from kerneltui.debugger.remarks import Remark
from kerneltui.debugger.session import Session
from kerneltui.debugger.story_facts import when_taken
from kerneltui.debugger.symptoms import is_storm, without_callback, wrong_due
from kerneltui.debugger.troubles import LONG_NS, edge_gone, late_by
from kerneltui.debugger.way import Station, Way, best_way
from kerneltui.hw.device import ComparatorState, TimerDevice
from kerneltui.hw.rule import Gate, Opens
from kerneltui.units import format_duration, format_time


class Verdict(StrEnum):
    """What becomes of an interrupt."""

    SHUT = "shut"
    """a gate is shut that only software opens"""
    LOST = "lost"
    """an edge came while nobody could take it"""
    MISBEHAVES = "misbehaves"
    """it arrives, but not as it should"""
    WAITS = "waits"
    """for time, for its device, or for the end of a handler"""
    ARRIVES = "arrives"
    """all gates of a way are open: the core takes it next"""


class Explanation(msgspec.Struct, frozen=True):
    """Why, for one interrupt at one moment."""

    subject: str
    verdict: Verdict
    headline: str
    """one sentence: what is the matter"""
    advice: str
    """what would mend it, or what comes next"""
    way: Way
    """the one that the verdict is about"""
    gate: Gate | None = None
    """the gate that the headline is about"""
    others: tuple[Way, ...] = ()
    """further ways, where it forks"""
    mend: tuple[str, ...] = ()
    """stores that make it arrive, as :func:`kerneltui.debugger.pokes.parse` reads them"""
    for_now: tuple[Gate, ...] = ()
    """gates that code which is running has shut for a while: it opens them again"""


def explain(session: Session, subject: str, ways: list[Way], cpu: int) -> Explanation:
    """The verdict on an interrupt that has these ways to a core."""
    way = best_way(ways)
    judge = _Judge(session, subject, way, tuple(item for item in ways if item is not way), cpu)
    return judge.verdict()


class _Judge:
    """Looks at one way at one moment."""

    def __init__(
        self, session: Session, subject: str, way: Way, others: tuple[Way, ...], cpu: int
    ) -> None:
        self.session = session
        self.machine = session.machine
        self.subject = subject
        self.way = way
        self.others = others
        self.core = self.machine.cores[cpu]
        self.shut = way.holding
        self.for_now = switched_off(session.machine, session.recorder, way)
        self.masked = masked(session.machine, session.recorder, way, self.core)

    def verdict(self) -> Explanation:
        """The first of these that has something to say."""
        judges: tuple[Callable[[], Explanation | None], ...] = (
            self._stopped,
            self._empty_queue, self._own_handler, self._out_of_sight, self._timer_storm,
            self._shut_by_software, self._never_ended, self._wrong_rate, self._storm,
            self._edge_gone, self._lost, self._ended_wrong, self._waits_for_handler,
            self._waits_for_source,
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

    def _tell(
        self, verdict: Verdict, headline: str, advice: str, gate: Gate | None = None,
        mend: tuple[str, ...] = (),
    ) -> Explanation:  # fmt: skip
        return Explanation(
            self.subject,
            verdict,
            headline,
            advice,
            self.way,
            gate,
            self.others,
            mend,
            self.for_now + self.masked,
        )

    def _first(self, opens: Opens) -> Gate | None:
        return next((gate for gate in self.shut if gate.opens is opens), None)

    # -- what the gates tell ----------------------------------------------------------------------

    def _is_timers(self) -> bool:
        """Whether it is the interrupt of the timer that timeouts wait for."""
        irq = self.session.inspector.timer_irq()
        if irq is None:
            return False
        met = [item.interrupt for item in self.way.stations if item.interrupt is not None]
        controllers = self.machine.controllers
        if (irq.domain, irq.number) in {(controllers[name].NUMBERING, n) for name, n in met}:
            return True
        found = timer_interrupt(self.machine, self.session.inspector)
        return found is not None and (found.controller, found.number) in met

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

    def _left_shut(self) -> list[Gate]:
        """What software has to open, but for what running code has shut for a while."""
        stores = (gate for gate in self.shut if gate.opens is Opens.STORE)
        return [gate for gate in stores if gate not in self.for_now + self.masked]

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
            Verdict.WAITS,
            f"Its handler is running: the callback of '{timeout.name}'. It has switched the timer "
            "off meanwhile.",
            ARMS_AGAIN,
            self.shut[0],
        )

    def _shut_for_now(self, gate: Gate) -> Explanation:
        told = gate.says or f"the gate '{gate.name}' is shut"
        arms = self._is_timers() and self.session.inspector.queue_structure()
        return self._tell(
            Verdict.WAITS,
            f"{self.subject} waits: its handler is running, and meanwhile {told} ({_holds(gate)}).",
            ARMS_AGAIN if arms else "The handler opens it again before it returns.",
            gate,
        )

    def _shut_by_software(self) -> Explanation | None:
        stores = self._left_shut()
        if not stores:
            return None
        gate = stores[0]
        told = gate.says or f"the gate '{gate.name}' is shut"
        mend = tuple(
            mend_of(self.machine, self.way.station_of(item).owner, item)
            for item in self._lasting(stores)
        )
        return self._tell(
            Verdict.SHUT,
            f"{self.subject} cannot arrive: {told} ({_holds(gate)}).{_and_more(len(stores) - 1)}",
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
        why = wrong or f"an interrupt never ended: {_holds(gate)}, but no handler runs"
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

    def _waits_for_handler(self) -> Explanation | None:
        gate = self._first(Opens.END)
        if gate is None:
            return None
        return self._tell(
            Verdict.WAITS,
            f"{self.subject} waits: core {self.core.index} is running a handler ({_holds(gate)}).",
            f"It needs {gate.needs}.",
            gate,
        )

    def _next_rise(self) -> int | None:
        """When a line that is up rises once more by itself (virtual ns), as that of a timer."""
        source = self.way.stations[0]
        if source.entrance is not None or not all(gate.open for gate in source.gates):
            return None
        return next((gate.due_ns for gate in source.gates if gate.due_ns is not None), None)

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
                told = f"core {self.core.index} keeps interrupts out for a moment only"
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
                f"{self.subject} waits: core {self.core.index} keeps interrupts out for a moment "
                f"({_holds(gate)}).",
                "The code that runs must not be interrupted, and opens them again when it is done.",
                gate,
            )
        return self._tell(
            Verdict.WAITS,
            f"{self.subject} waits: {gate.says or f'{station.title} has not raised it'} "
            f"({_holds(gate)}).",
            f"It needs {gate.needs}.",
            gate,
        )

    # -- what was recorded ------------------------------------------------------------------------

    def _remark(self, station: Station, kind: str) -> Remark | None:
        """The last one about an interrupt at a controller of this way."""
        if station.entrance is None:
            return None
        name, number = station.entrance
        remarks = self.session.recorder.remarks
        if isinstance(number, int) and kind != "misuse":
            return remarks.get(name, number, kind)
        found = remarks.of_device(name, kind)
        return found[0][1] if found else None

    def _remarks(self, kind: str) -> Remark | None:
        found = (self._remark(station, kind) for station in self.way.stations)
        return next((item for item in found if item is not None), None)

    def _lost(self) -> Explanation | None:
        """An edge that was lost, if the interrupt has not come since."""
        for kind in ("lost", "dropped"):
            remark = self._remarks(kind)
            if remark is None or not self.shut or self._taken_since(remark):
                continue
            if self._next_rise() is not None:
                continue  # that of a timer that goes on: the next edge comes by itself
            again = "Only another edge brings it: have the device served, so that its line falls."
            return self._tell(
                Verdict.LOST,
                f"{self.subject} is lost: {remark.text}, at {format_time(remark.at_ns)} s.",
                again,
                self.shut[0],
            )
        return None

    def _taken_since(self, remark: Remark) -> bool:
        """Whether its handler has run since, or its line has risen again."""
        wires = {station.line for station in self.way.stations}
        events = self.session.recorder.last(self.session.recorder.recorded - remark.event)
        return any(
            kind == "line" and value and text in wires
            for _, _, _, kind, _, value, text in events[1:]
        )

    def _storm(self) -> Explanation | None:
        source = self.way.stations[0]
        wires = [station.line for station in self.way.stations if station.line]
        if not wires or not is_storm(self.session.recorder, self.core.index, wires):
            return None
        high = [gate for gate in source.gates if gate.open and gate.opens is Opens.EVENT][-1:]
        held = f" ({_holds(high[0])})" if high else ""
        return self._tell(
            Verdict.MISBEHAVES,
            f"{self.subject} comes again and again: its handler returns, but does not clear what "
            f"has raised it{held}.",
            f"The handler has to quiet {source.title} before it returns.",
            high[0] if high else None,
        )

    def _out_of_sight(self) -> Explanation | None:
        """The core takes it, and its acknowledge is not told of it: it is of the other world."""
        recorder = self.session.recorder
        for station in self.way.stations:
            name, number = station.entrance or ("", "")
            if not isinstance(number, int):
                continue
            remark = recorder.remarks.get(name, number, "spurious")
            if remark is not None and recorder.recorded - remark.event <= LATELY:
                return self._tell(
                    Verdict.MISBEHAVES,
                    f"{self.subject} comes again and again, and nobody serves it: {remark.text}.",
                    "Secure software has to serve it, or to give it to the other world.",
                )
        return None

    def _timer_storm(self) -> Explanation | None:
        """The timer interrupts again and again, and no timeout is ever called."""
        if not self._is_timers():
            return None
        taken = without_callback(self.session.recorder, self.core.index)
        if taken is None:
            return None
        count, span_ns = taken
        return self._tell(
            Verdict.MISBEHAVES,
            f"{self.subject} comes again and again: {count} times in {format_duration(span_ns)}, "
            "and no timeout is due. The time that the timer is set for has passed each time.",
            "Look at how the handler computes the next due time, and in which unit.",
        )

    def _edge_gone(self) -> Explanation | None:
        """Its line is high, but what follows wants an edge, which has gone by.

        The line of a timer may stay high between two times (8254, mode 4).
        """
        gate = edge_gone(self.machine, self.way, self.core.index)
        if gate is None:
            return None
        if self._is_timers():
            late_ns = late_by(self.machine, self.session.inspector, self.core.index)
            if late_ns is not None and late_ns <= LONG_NS:
                return None
        source = self.way.stations[0]
        return self._tell(
            Verdict.LOST,
            f"{self.subject} is lost: line {source.line} is high, but its edge has gone by while "
            "nobody took it, and only another edge asks again.",
            f"Serve {source.title}, so that its line falls and can rise again.",
            gate,
        )

    def _wrong_rate(self) -> Explanation | None:
        """The timer is set, but not for the time that the kernel wants."""
        gate = next((gate for gate in self.shut if gate.due_ns is not None), None)
        if gate is None or not self._is_timers():
            return None
        owner = self.way.station_of(gate).owner
        found = wrong_due(self.session, gate.due_ns or 0, self._comparator(owner, gate))
        if found is None:
            return None
        told, advice = found
        return self._tell(
            Verdict.MISBEHAVES, f"{self.subject} comes at the wrong time: {told}.", advice, gate
        )

    def _comparator(self, owner: str, gate: Gate) -> ComparatorState | None:
        """The one whose compare register a gate is about."""
        device = self.machine.devices.get(owner)
        if not isinstance(device, TimerDevice):
            return None
        states = device.comparators(self.core.index)
        return next((state for state in states if state.name == gate.register), None)

    def _ended_wrong(self) -> Explanation | None:
        """What a handler has done wrong lately, though all is open now."""
        recorder = self.session.recorder
        for kind, advice in (
            ("misuse", "Write to the end register what the acknowledge has given, once."),
            ("retriggered", "Clear the device's interrupt first, then end it at the controller."),
            ("spurious", "Ignore the number that means nothing: do not handle it, do not end it."),
        ):
            for station in self.way.stations:
                remark = self._remark(station, kind)
                if remark is not None and recorder.recorded - remark.event <= LATELY:
                    often = f"{remark.times} times, last at {format_time(remark.at_ns)} s"
                    return self._tell(
                        Verdict.MISBEHAVES,
                        f"{self.subject} is not ended as it should be: {remark.text} ({often}).",
                        advice,
                    )
        return None


ARMS_AGAIN = "At its end the handler arms the timer for the head of the queue."
LATELY = 1_000
"""So many events are always known, whatever the way to a moment."""


def _and_more(count: int) -> str:
    if not count:
        return ""
    return f" {count} more {'gate is' if count == 1 else 'gates are'} shut."


def _holds(gate: Gate) -> str:
    """``CNTP_CTL_EL0.ENABLE is 0``."""
    name = f"{gate.register}.{gate.field}" if gate.field else gate.register
    value = gate.value if gate.value < 10 else f"{gate.value:#x}"
    return f"{name} is {value}"
