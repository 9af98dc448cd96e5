"""What no gate tells of an interrupt: what has happened already, or what time alone shows.

A lost edge, an end with another ID, a storm, a wrong rate: the records up to the moment on show
have them.
"""

from __future__ import annotations

from kerneltui.debugger.bits import Bits
from kerneltui.debugger.handling import LONG_NS, masked, switched_off
from kerneltui.debugger.naming import timer_interrupt
from kerneltui.debugger.remarks import Remark
from kerneltui.debugger.session import Session
from kerneltui.debugger.symptoms import is_storm, taken_since_rise, without_callback, wrong_due
from kerneltui.debugger.troubles import down_counter, edge_gone, late_by
from kerneltui.debugger.verdict import Explanation, Verdict
from kerneltui.debugger.way import Station, Way
from kerneltui.hw.device import ComparatorState, TimerDevice
from kerneltui.hw.rule import Gate, Opens
from kerneltui.units import format_duration, format_time

LATELY = 1_000
"""So many events are always known, whatever the way to a moment."""


class HindsightJudge:
    """Looks at one way at one moment, and at what was recorded up to then."""

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

    def _tell(
        self, verdict: Verdict, headline: str, advice: str, gate: Gate | None = None,
        mend: tuple[str, ...] = (),
    ) -> Explanation:  # fmt: skip
        for_now = self.for_now + self.masked
        if verdict is Verdict.MISBEHAVES:
            # It comes, or what its handler has to end is to blame: the handler opens all others.
            for_now += tuple(gate for gate in self.shut if gate.opens is Opens.STORE)
        return Explanation(
            self.subject,
            verdict,
            headline,
            advice,
            self.way,
            gate,
            self.others,
            mend,
            for_now,
        )

    def _is_timers(self) -> bool:
        """Whether it is the interrupt that timeouts wait for, on the core that serves them."""
        if self.core is not self.machine.core:
            return False
        irq = self.session.inspector.timer_irq()
        if irq is None:
            return False
        met = [item.interrupt for item in self.way.stations if item.interrupt is not None]
        controllers = self.machine.controllers
        if (irq.domain, irq.number) in {(controllers[name].NUMBERING, n) for name, n in met}:
            return True
        found = timer_interrupt(self.machine, self.session.inspector)
        return found is not None and (found.controller, found.number) in met

    def _next_rise(self) -> int | None:
        """When a line that is up rises once more by itself (virtual ns), as that of a timer."""
        source = self.way.stations[0]
        if source.entrance is not None or not all(gate.open for gate in source.gates):
            return None
        return next((gate.due_ns for gate in source.gates if gate.due_ns is not None), None)

    def _comparator(self, owner: str, gate: Gate) -> ComparatorState | None:
        """The one whose compare register a gate is about."""
        device = self.machine.devices.get(owner)
        if not isinstance(device, TimerDevice):
            return None
        states = device.comparators(self.core.index)
        return next((state for state in states if state.name == gate.register), None)

    # -- verdicts ---------------------------------------------------------------------------------

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
            if self._next_rise() is not None or self._is_not_missed():
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
        held = f" ({holds(high[0])})" if high else ""
        counter = down_counter(self.machine, source, self.core.index)
        if counter:
            return self._level_taken(counter)
        return self._tell(
            Verdict.MISBEHAVES,
            f"{self.subject} comes again and again: its handler returns, but does not clear what "
            f"has raised it{held}.",
            f"The handler has to quiet {source.noun} before it returns.",
            high[0] if high else None,
        )

    def _level_taken(self, counter: str) -> Explanation:
        """What stays up after its time asks again at once where the level counts."""
        return self._tell(
            Verdict.MISBEHAVES,
            f"{self.subject} comes again and again: the output of {counter} stays high after its "
            "time, and the controller takes the level, not the edge.",
            "Make its input edge triggered at the controller: no handler can quiet this counter.",
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
        source = self.way.stations[0]
        counter = down_counter(self.machine, source, self.core.index)
        if counter and is_storm(self.session.recorder, self.core.index, [source.line]):
            return self._level_taken(counter)
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
        if self._is_not_missed():
            return None
        source = self.way.stations[0]
        counter = down_counter(self.machine, source, self.core.index)
        again = f"Serve {source.noun}, so that its line falls and can rise again."
        if counter:
            again = f"Write a new count to {counter}: at its end the output rises anew."
        if self._is_edge_met():
            if counter:
                return None  # its output stays high until it is used again
            cause = [gate for gate in source.gates if gate.open and gate.opens is Opens.EVENT][-1:]
            held = f" ({holds(cause[0])})" if cause else ""
            return self._tell(
                Verdict.LOST,
                f"{self.subject} does not come again: its handler has run, but line {source.line} "
                f"is high still{held}, and only another edge asks again.",
                f"The handler has to quiet {source.noun} before it returns, so that its line falls "
                "and can rise again.",
                gate,
            )
        return self._tell(
            Verdict.LOST,
            f"{self.subject} is lost: line {source.line} is high, but its edge has gone by while "
            "nobody took it, and only another edge asks again.",
            again,
            gate,
        )

    def _is_not_missed(self) -> bool:
        """Whether it is the timer's, and nothing that waits for it is late."""
        late_ns = late_by(self.machine, self.session.inspector, self.core.index)
        return self._is_timers() and (late_ns or 0) <= LONG_NS

    def _is_edge_met(self) -> bool:
        """Whether the interrupt of the last edge of its source has been taken."""
        source, recorder = self.way.stations[0], self.session.recorder
        if not self.session.inspector.offers_look:
            return taken_since_rise(recorder, source.line)
        met = (station.interrupt for station in self.way.stations)
        first = next((interrupt for interrupt in met if interrupt is not None), None)
        return first is not None and not recorder.latencies.is_unmet(*first, self.core.index)

    def _wrong_rate(self) -> Explanation | None:
        """The timer is set, but not for the time that the kernel wants."""
        gate = next((gate for gate in self.shut if gate.due_ns is not None), None)
        if gate is None or not self._is_timers():
            return None
        owner = self.way.station_of(gate).owner
        comparator = self._comparator(owner, gate)
        found = wrong_due(self.session, gate.due_ns or 0, comparator)
        if found is not None and comparator is not None:
            found = self._never_set(owner, gate, comparator) or found
        if found is None:
            return None
        told, advice = found
        return self._tell(
            Verdict.MISBEHAVES, f"{self.subject} comes at the wrong time: {told}.", advice, gate
        )

    def _never_set(
        self, owner: str, gate: Gate, comparator: ComparatorState
    ) -> tuple[str, str] | None:
        """That the comparator holds what it has out of reset, and which others have been set."""
        if gate.spot is None:
            return None
        bits = Bits(self.machine, owner, gate.spot)
        if bits.shown() != bits.at_reset():
            return None
        name = comparator.name
        if self.session.history.can_hold(bits.may_be_written):
            told = f"{name} holds {comparator.compare:#x}, what it has out of reset"
        else:
            told = f"{name} has been written by nobody since reset"
        device = self.machine.devices[owner]
        others = device.comparators(self.core.index) if isinstance(device, TimerDevice) else []
        names = [item.name for item in others if item.compare != comparator.compare]
        if names:
            told += f"; {' and '.join(names)} of the same timer has been set instead"
        return told, f"Write the time to {name}: its match is this interrupt."

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


def because(gate: Gate) -> str:
    """What it means that a gate is shut, and the bits that say so where there are any."""
    told = gate.says or f"the gate '{gate.name}' is shut"
    return told if gate.spot is None else f"{told} ({holds(gate)})"


def holds(gate: Gate) -> str:
    """``CNTP_CTL_EL0.ENABLE is 0``."""
    name = f"{gate.register}.{gate.field}" if gate.field else gate.register
    value = gate.value if gate.value < 10 else f"{gate.value:#x}"
    return f"{name} is {value}"
