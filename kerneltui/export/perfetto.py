"""Tracks and slices for Perfetto and Chrome: the Trace Event Format, as JSON.

Document: "Trace Event Format" (the description that Chrome publishes).  Used are slices (``B``,
``E``), nestable async slices (``b``, ``e``) of timeouts, flows (``s``, ``t``, ``f``), counters
(``C``), instants (``i``) and metadata (``M``).  ``ts`` is in us, with three decimals: nanoseconds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import IO, Any

import msgspec

from kerneltui.debugger.session import Session
from kerneltui.export.selection import Selection
from kerneltui.export.teller import (
    ASLEEP,
    HANDLER,
    KERNEL,
    OFF,
    TASK,
    CallbackRun,
    CallRun,
    HandlerRun,
    RunTeller,
    ToldIrq,
    ToldTimeout,
)

CORES, IRQS, LINES, TASKS, TIMEOUTS, SERIAL, REGISTERS = range(1, 8)
GROUPS = {
    CORES: "Cores", IRQS: "Interrupts", LINES: "Lines", TASKS: "Tasks",
    TIMEOUTS: "Timeouts", SERIAL: "Serial line", REGISTERS: "Registers",
}  # fmt: skip
"""Processes, as the format calls them; in this order from above."""
COLOURS = {
    ASLEEP: "grey", HANDLER: "thread_state_iowait", KERNEL: "thread_state_runnable",
    TASK: "thread_state_running", "pending": "yellow", "high": "good", "callback": "rail_animation",
    "call": "rail_response", "late": "bad",
}  # fmt: skip
"""Of the names that the format reserves for colours."""
FIRST_TRACK = 10
"""Above the numbers of processes: a track that has its process's is taken for the main one."""
NAMES_KEPT = 1024
EDGES_KEPT = 64
"""Rising edges that a handler can still be found to come from."""


class _Track:
    """A track with what its events have in common."""

    __slots__ = ("depth", "end", "group", "is_used", "number", "where")

    def __init__(self, group: int, number: int) -> None:
        self.group, self.number = group, number
        self.where = b',"pid":%d,"tid":%d' % (group, number)
        self.end = self.where + b"}"
        self.depth = 0
        """slices in progress"""
        self.is_used = False
        """has had a slice"""


@lru_cache(NAMES_KEPT)
def _named(name: str, colour: str) -> bytes:
    """The name of a slice, and its colour if there is one for ``colour``."""
    fields = {"name": name}
    if colour in COLOURS:
        fields["cname"] = COLOURS[colour]
    return b"," + msgspec.json.encode(fields)[1:-1]


class PerfettoTracks(RunTeller):
    """One event of the format in a line, written at once."""

    def __init__(self, session: Session, out: IO[bytes], selection: Selection) -> None:
        super().__init__(session, out, selection)
        self._encode = msgspec.json.Encoder().encode
        self._write: Callable[[bytes], object] = self._write_first
        """takes a line, with what parts it from the one before"""
        self._at, self._ts = -1, b""
        """a time, and how it is written"""
        self._tracks: dict[tuple[int, str], _Track] = {}
        self._used: list[_Track] = []
        """those with slices, in the order of the first of each"""
        self._flows = 0
        self._edges: OrderedDict[int, list[tuple[str, int]]] = OrderedDict()
        """of the last rising edges by time: the line, and the flow that begins there"""
        self._flow_of: dict[int, int] = {}
        """the flow that goes through the handler in progress on a core"""
        self._woken: dict[str, int] = {}
        """the flow that a task's next turn ends"""
        self._tasks: dict[int, _Track] = {}
        """of whoever has each core"""
        self._irqs: dict[ToldIrq, _Track] = {}
        self._is_pending: set[ToldIrq] = set()
        self._handlers: dict[tuple[str, str, int], _Track] = {}
        self._cores: dict[int, _Track] = {}
        self._codes: dict[int, _Track] = {}
        """of each core the track of what its kernel does"""
        self._is_many = len(session.machine.cores) > 1
        self._waiting: dict[int, str] = {}

    def begin(self, t: int) -> None:
        setup = self.session.setup
        about = {"board": setup.board.name, "scenario": setup.scenario_name, "tool": "kerneltui"}
        head = self._encode({"displayTimeUnit": "ns", "otherData": about})
        self.out.write(head[:-1] + b',"traceEvents":[\n')

    def finish(self, t: int) -> None:
        """What is in progress ends with the file: no viewer draws it otherwise."""
        for track in self._used:
            while track.depth:
                self._end(t, track)
        for ident, name in self._waiting.items():
            self._async("e", t, name, ident, {})
        self.out.write(b"\n]}\n")

    # -- the format -------------------------------------------------------------------------------

    def _write_first(self, line: bytes) -> None:
        self._write = self.out.write
        self._write(line.removeprefix(b",\n"))

    def _time(self, t: int) -> bytes:
        """Microseconds, by hand: of a float nobody knows whether it comes out to the nanosecond."""
        if t != self._at:
            self._at, self._ts = t, b"%d.%03d" % divmod(t, 1000)
        return self._ts

    def _put(self, phase: str, t: int, track: _Track, **more: Any) -> None:
        self._write(
            b',\n{"ph":"%c","ts":%b%b,%b'
            % (ord(phase), self._time(t), track.where, self._encode(more)[1:])
        )

    def _track(self, group: int, name: str) -> _Track:
        """The track of that name; told where it is new."""
        found = self._tracks.get((group, name))
        if found is None:
            is_first = not any(known == group for known, _ in self._tracks)
            number = len(self._tracks) + FIRST_TRACK
            found = self._tracks[group, name] = _Track(group, number)
            if is_first:
                self._meta(group, 0, "process_name", name=GROUPS[group])
                self._meta(group, 0, "process_sort_index", sort_index=group)
            self._meta(group, number, "thread_name", name=name)
            self._meta(group, number, "thread_sort_index", sort_index=number)
        return found

    def _meta(self, group: int, track: int, kind: str, **told: str | int) -> None:
        fields = {"ph": "M", "pid": group, "tid": track, "name": kind, "args": told}
        self._write(b",\n" + self._encode(fields))

    def _slice(self, t: int, track: _Track, name: str, colour: str, **told: Any) -> None:
        if not track.is_used:
            track.is_used = True
            self._used.append(track)
        track.depth += 1
        begun = b',\n{"ph":"B","ts":' + self._time(t) + track.where + _named(name, colour)
        if told:
            known = {key: value for key, value in told.items() if value is not None}
            begun += b',"args":' + self._encode(known)
        self._write(begun + b"}")

    def _end(self, t: int, track: _Track) -> None:
        if track.depth:
            track.depth -= 1
            self._write(b',\n{"ph":"E","ts":' + self._time(t) + track.end)

    def _async(self, phase: str, t: int, name: str, ident: int, args: dict[str, Any]) -> None:
        self._put(
            phase, t, self._track(TIMEOUTS, "queue"),
            name=name, cat="timeout", id2={"local": hex(ident)}, **({"args": args} if args else {}),
        )  # fmt: skip

    def _flow(self, phase: str, t: int, track: _Track, flow: int) -> None:
        self._write(
            b',\n{"ph":"%c","ts":%b%b,"name":"interrupt","cat":"flow","id":%d%b}'
            % (ord(phase), self._time(t), track.where, flow, b',"bp":"e"' if phase == "f" else b"")
        )

    def _instant(self, t: int, track: _Track, name: str, **args: Any) -> None:
        self._put("i", t, track, name=name, cat=GROUPS[track.group], s="t", args=args)

    def _count(self, t: int, group: int, what: bytes, value: int) -> None:
        self._write(
            b',\n{"ph":"C","ts":%b,"pid":%d,"name":%b:%d}}' % (self._time(t), group, what, value)
        )

    # -- lines and interrupts ---------------------------------------------------------------------

    def line(self, t: int, name: str, level: bool) -> None:
        track = self._track(LINES, name)
        if not level:
            self._end(t, track)
            return
        self._slice(t, track, "high", "high", line=name)
        self._flows += 1
        self._flow("s", t, track, self._flows)
        self._edges.setdefault(t, []).append((name, self._flows))
        if len(self._edges) > EDGES_KEPT:
            self._edges.popitem(last=False)

    def irq(self, t: int, irq: ToldIrq) -> None:
        track = self._irqs.get(irq)
        if track is None:
            of_core = f", core {irq.core}" if irq.core >= 0 and self._is_many else ""
            track = self._track(IRQS, f"{irq.controller}: {irq.label}{of_core} pending")
            self._irqs[irq] = track
        if irq.pending is (irq in self._is_pending):
            return
        if irq.pending:
            self._is_pending.add(irq)
            self._slice(t, track, f"{irq.label} pending", "pending")
        else:
            self._is_pending.discard(irq)
            self._end(t, track)
        self._count(t, IRQS, b'"interrupts","args":{"pending"', len(self._is_pending))

    def _handler_track(self, run: HandlerRun) -> _Track:
        key = run.controller, run.label, run.core
        found = self._handlers.get(key)
        if found is None:
            where = f"{run.controller}: " if run.controller else ""
            of_core = f", core {run.core}" if self._is_many else ""
            found = self._track(IRQS, f"{where}{run.label}{of_core} handler")
            self._handlers[key] = found
        return found

    def handler(self, t: int, run: HandlerRun) -> None:
        latency = None if run.raised_ns is None else run.begin_ns - run.raised_ns
        told = {
            "handler": run.name, "raised_ns": run.raised_ns, "taken_ns": run.taken_ns,
            "latency_ns": latency,
        }  # fmt: skip
        track, core = self._handler_track(run), self._code(run.core)
        self._slice(t, track, run.label, HANDLER)
        self._slice(t, core, f"{run.label}: {run.name}", HANDLER, **told)
        flow = self._flow_from(run)
        if flow:
            self._flow_of[run.core] = flow
            self._flow("t", t, core, flow)
        else:
            self._flow_of.pop(run.core, None)

    def _flow_from(self, run: HandlerRun) -> int:
        """The flow that began with the edge that has made it pending; 0 where none has."""
        if run.raised_ns is None:
            return 0
        edges = self._edges.get(run.raised_ns, [])
        for name, flow in edges:
            for key, _ in self.session.recorder.latencies.ends.get(name, ()):
                if key[:2] == (run.controller, run.number):
                    return flow
        return edges[0][1] if edges else 0

    def handler_end(self, t: int, run: HandlerRun) -> None:
        self._end(t, self._handler_track(run))
        self._end(t, self._code(run.core))
        self._flow_of.pop(run.core, None)

    # -- cores and tasks --------------------------------------------------------------------------

    def _code(self, core: int) -> _Track:
        found = self._codes.get(core)
        if found is None:
            found = self._codes[core] = self._track(CORES, f"core {core}: kernel")
        return found

    def core(self, t: int, core: int, state: str, name: str) -> None:
        track = self._cores.get(core)
        if track is None:
            if state == OFF:
                return  # it has never been on
            track = self._cores[core] = self._track(CORES, f"core {core}")
        if core in self._tasks:
            self._end(t, self._tasks.pop(core))
        self._end(t, track)
        if state == OFF:
            return
        self._slice(t, track, name or state, state)
        if state == TASK:
            run = self._tasks[core] = self._track(TASKS, name)
            self._slice(t, run, f"on core {core}", state)
            flow = self._woken.pop(name, 0)
            if flow:
                self._flow("f", t, run, flow)

    def woken(self, t: int, core: int, ident: int, name: str) -> None:
        self._instant(t, self._track(TASKS, name), "woken", id=ident, by_core=core)
        flow = self._flow_of.get(core, 0)
        if flow:
            self._woken[name] = flow

    def call(self, t: int, run: CallRun) -> None:
        self._slice(t, self._code(run.core), f"{run.name}()", "call", task=run.task)

    def call_end(self, t: int, run: CallRun) -> None:
        self._end(t, self._code(run.core))

    # -- timeouts ---------------------------------------------------------------------------------

    def waits(self, t: int, timeout: ToldTimeout) -> None:
        self._waiting[timeout.ident] = timeout.name
        self._async("b", t, timeout.name, timeout.ident, {"due_ns": timeout.due_ns})

    def taken_out(self, t: int, timeout: ToldTimeout, is_cancelled: bool) -> None:
        if self._waiting.pop(timeout.ident, None) is not None:
            why = {"cancelled": True} if is_cancelled else {}
            self._async("e", t, timeout.name, timeout.ident, why)

    def callback(self, t: int, run: CallbackRun) -> None:
        late = None if run.due_ns is None else run.begin_ns - run.due_ns
        told = {"id": run.ident, "due_ns": run.due_ns, "late_ns": late}
        core = self._code(run.core)
        self._slice(t, core, f"callback {run.name}", "callback", **told)
        flow = self._flow_of.get(run.core, 0)
        if flow:
            self._flow("t", t, core, flow)

    def callback_end(self, t: int, run: CallbackRun) -> None:
        self._end(t, self._code(run.core))

    def armed(self, t: int, timeout: ToldTimeout | None) -> None:
        track = self._track(TIMEOUTS, "armed")
        self._end(t, track)
        if timeout is not None:
            told = {"id": timeout.ident, "due_ns": timeout.due_ns}
            self._slice(t, track, timeout.name, KERNEL, **told)

    def queued(self, t: int, count: int) -> None:
        self._count(t, TIMEOUTS, b'"timeouts","args":{"queued"', count)

    # -- what happens at once ---------------------------------------------------------------------

    def byte(self, t: int, way: str, value: int) -> None:
        shown = repr(chr(value)) if value < 0x80 else f"{value:#04x}"
        self._instant(t, self._track(SERIAL, way), shown, byte=value)

    def access(self, t: int, core: int, kind: str, register: str, value: int) -> None:
        track = self._track(REGISTERS, f"{register}, core {core}" if self._is_many else register)
        self._instant(t, track, f"{kind} {value:#x}", register=register, value=hex(value))

    def mark(self, t: int, kind: str, text: str, core: int) -> None:
        self._instant(t, self._track(CORES, f"{kind}s"), text, core=core)
