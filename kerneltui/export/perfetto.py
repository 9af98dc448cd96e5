"""Tracks and slices for Perfetto and Chrome: the Trace Event Format, as JSON.

Document: "Trace Event Format" (the description that Chrome publishes).  Used are slices (``B``,
``E``), nestable async slices (``b``, ``e``) of timeouts, flows (``s``, ``t``, ``f``), counters
(``C``), instants (``i``) and metadata (``M``).  ``ts`` is in us, with three decimals: nanoseconds.
"""

from __future__ import annotations

from collections import OrderedDict
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
NAMES_KEPT = 1024
EDGES_KEPT = 64
"""Rising edges that a handler can still be found to come from."""


@lru_cache(NAMES_KEPT)
def _named(name: str, colour: str) -> bytes:
    """The name of a slice, and its colour if there is one for ``colour``."""
    fields = {"name": name}
    if colour in COLOURS:
        fields["cname"] = COLOURS[colour]
    return msgspec.json.encode(fields)[1:-1]


class PerfettoTracks(RunTeller):
    """One event of the format in a line, written at once."""

    def __init__(self, session: Session, out: IO[bytes], selection: Selection) -> None:
        super().__init__(session, out, selection)
        self._encode = msgspec.json.Encoder().encode
        self._separator = b""
        self._tracks: dict[tuple[int, str], int] = {}
        self._open: dict[tuple[int, int], int] = {}
        """slices in progress on each track"""
        self._flows = 0
        self._edges: OrderedDict[int, list[tuple[str, int]]] = OrderedDict()
        """of the last rising edges by time: the line, and the flow that begins there"""
        self._flow_of: dict[int, int] = {}
        """the flow that goes through the handler in progress on a core"""
        self._woken: dict[str, int] = {}
        """the flow that a task's next turn ends"""
        self._tasks: dict[int, str] = {}
        """who has each core"""
        self._pending = 0
        self._is_pending: set[tuple[str, int, int]] = set()
        self._codes: dict[int, int] = {}
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
        for (group, track), depth in self._open.items():
            for _ in range(depth):
                self._put("E", t, group, track)
        for ident, name in self._waiting.items():
            self._async("e", t, name, ident, {})
        self.out.write(b"\n]}\n")

    # -- the format -------------------------------------------------------------------------------

    def _write(self, fields: bytes) -> None:
        self.out.write(self._separator + fields)
        self._separator = b",\n"

    def _put(self, phase: str, t: int, group: int, track: int, **more: Any) -> None:
        # Written by hand: of a float nobody knows whether it comes out to the nanosecond.
        head = b'{"ph":"%c","ts":%d.%03d,"pid":%d,"tid":%d' % (
            ord(phase), t // 1000, t % 1000, group, track,
        )  # fmt: skip
        rest = b"," + self._encode(more)[1:] if more else b"}"
        self._write(head + rest)

    def _track(self, group: int, name: str) -> int:
        """The track of that name; told where it is new."""
        found = self._tracks.get((group, name))
        if found is None:
            found = self._tracks[group, name] = len(self._tracks) + 1
            if not any(known == group for known, _ in list(self._tracks)[:-1]):
                self._meta(group, 0, "process_name", name=GROUPS[group])
                self._meta(group, 0, "process_sort_index", sort_index=group)
            self._meta(group, found, "thread_name", name=name)
            self._meta(group, found, "thread_sort_index", sort_index=found)
        return found

    def _meta(self, group: int, track: int, kind: str, **told: str | int) -> None:
        self._write(
            self._encode({"ph": "M", "pid": group, "tid": track, "name": kind, "args": told})
        )

    def _slice(self, t: int, group: int, track: int, name: str, colour: str, **told: Any) -> None:
        self._open[group, track] = self._open.get((group, track), 0) + 1
        place = t // 1000, t % 1000, group, track, _named(name, colour)
        begun = b'{"ph":"B","ts":%d.%03d,"pid":%d,"tid":%d,%s' % place
        if told:
            known = {key: value for key, value in told.items() if value is not None}
            begun += b',"args":' + self._encode(known)
        self._write(begun + b"}")

    def _end(self, t: int, group: int, track: int) -> None:
        if self._open.get((group, track)):
            self._open[group, track] -= 1
            self._write(
                b'{"ph":"E","ts":%d.%03d,"pid":%d,"tid":%d}' % (t // 1000, t % 1000, group, track)
            )

    def _async(self, phase: str, t: int, name: str, ident: int, args: dict[str, Any]) -> None:
        track = self._track(TIMEOUTS, "queue")
        self._put(
            phase, t, TIMEOUTS, track, name=name, cat="timeout", id=ident,
            **({"args": args} if args else {}),
        )  # fmt: skip

    def _flow(self, phase: str, t: int, group: int, track: int, flow: int) -> None:
        self._write(
            b'{"ph":"%c","ts":%d.%03d,"pid":%d,"tid":%d,"name":"interrupt","cat":"flow","id":%d%s}'
            % (ord(phase), t // 1000, t % 1000, group, track, flow,
               b',"bp":"e"' if phase == "f" else b"")
        )  # fmt: skip

    def _instant(self, t: int, group: int, track: int, name: str, **args: Any) -> None:
        self._put("i", t, group, track, name=name, cat=GROUPS[group], s="t", args=args)

    # -- lines and interrupts ---------------------------------------------------------------------

    def line(self, t: int, name: str, level: bool) -> None:
        track = self._track(LINES, name)
        if not level:
            self._end(t, LINES, track)
            return
        self._slice(t, LINES, track, "high", "high", line=name)
        self._flows += 1
        self._flow("s", t, LINES, track, self._flows)
        self._edges.setdefault(t, []).append((name, self._flows))
        if len(self._edges) > EDGES_KEPT:
            self._edges.popitem(last=False)

    def irq(self, t: int, irq: ToldIrq) -> None:
        of_core = f", core {irq.core}" if irq.core >= 0 and self._is_many else ""
        track = self._track(IRQS, f"{irq.controller}: {irq.label}{of_core} pending")
        key = irq.controller, irq.number, irq.core
        if irq.pending is (key in self._is_pending):
            return
        if irq.pending:
            self._is_pending.add(key)
            self._slice(t, IRQS, track, f"{irq.label} pending", "pending")
        else:
            self._is_pending.discard(key)
            self._end(t, IRQS, track)
        self._count(t, IRQS, "pending interrupts", len(self._is_pending))

    def _count(self, t: int, group: int, name: str, value: int) -> None:
        self._write(
            b'{"ph":"C","ts":%d.%03d,"pid":%d,"name":%s,"args":{"count":%d}}'
            % (t // 1000, t % 1000, group, self._encode(name), value)
        )

    def _handler_track(self, run: HandlerRun) -> int:
        where = f"{run.controller}: " if run.controller else ""
        of_core = f", core {run.core}" if self._is_many else ""
        return self._track(IRQS, f"{where}{run.label}{of_core} handler")

    def handler(self, t: int, run: HandlerRun) -> None:
        latency = None if run.raised_ns is None else run.begin_ns - run.raised_ns
        told = {
            "handler": run.name, "raised_ns": run.raised_ns, "taken_ns": run.taken_ns,
            "latency_ns": latency,
        }  # fmt: skip
        track, core = self._handler_track(run), self._code(run.core)
        self._slice(t, IRQS, track, run.label, HANDLER)
        self._slice(t, CORES, core, f"{run.label}: {run.name}", HANDLER, **told)
        flow = self._flow_from(run)
        if flow:
            self._flow_of[run.core] = flow
            self._flow("t", t, CORES, core, flow)
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
        self._end(t, IRQS, self._handler_track(run))
        self._end(t, CORES, self._code(run.core))
        self._flow_of.pop(run.core, None)

    # -- cores and tasks --------------------------------------------------------------------------

    def _code(self, core: int) -> int:
        found = self._codes.get(core)
        if found is None:
            found = self._codes[core] = self._track(CORES, f"core {core}: kernel")
        return found

    def core(self, t: int, core: int, state: str, name: str) -> None:
        if state == OFF and (CORES, f"core {core}") not in self._tracks:
            return  # it has never been on
        track = self._track(CORES, f"core {core}")
        if core in self._tasks:
            self._end(t, TASKS, self._track(TASKS, self._tasks.pop(core)))
        self._end(t, CORES, track)
        if state == OFF:
            return
        self._slice(t, CORES, track, name or state, state)
        if state == TASK:
            self._tasks[core] = name
            run = self._track(TASKS, name)
            self._slice(t, TASKS, run, f"on core {core}", state)
            flow = self._woken.pop(name, 0)
            if flow:
                self._flow("f", t, TASKS, run, flow)

    def woken(self, t: int, core: int, ident: int, name: str) -> None:
        self._instant(t, TASKS, self._track(TASKS, name), "woken", id=ident, by_core=core)
        flow = self._flow_of.get(core, 0)
        if flow:
            self._woken[name] = flow

    def call(self, t: int, run: CallRun) -> None:
        self._slice(t, CORES, self._code(run.core), f"{run.name}()", "call", task=run.task)

    def call_end(self, t: int, run: CallRun) -> None:
        self._end(t, CORES, self._code(run.core))

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
        self._slice(t, CORES, core, f"callback {run.name}", "callback", **told)
        flow = self._flow_of.get(run.core, 0)
        if flow:
            self._flow("t", t, CORES, core, flow)

    def callback_end(self, t: int, run: CallbackRun) -> None:
        self._end(t, CORES, self._code(run.core))

    def armed(self, t: int, timeout: ToldTimeout | None) -> None:
        track = self._track(TIMEOUTS, "armed")
        self._end(t, TIMEOUTS, track)
        if timeout is not None:
            told = {"id": timeout.ident, "due_ns": timeout.due_ns}
            self._slice(t, TIMEOUTS, track, timeout.name, KERNEL, **told)

    def queued(self, t: int, count: int) -> None:
        self._count(t, TIMEOUTS, "timeouts in the queue", count)

    # -- what happens at once ---------------------------------------------------------------------

    def byte(self, t: int, way: str, value: int) -> None:
        shown = repr(chr(value)) if value < 0x80 else f"{value:#04x}"
        self._instant(t, SERIAL, self._track(SERIAL, way), shown, byte=value)

    def access(self, t: int, core: int, kind: str, register: str, value: int) -> None:
        track = self._track(REGISTERS, f"{register}, core {core}" if self._is_many else register)
        self._instant(
            t, REGISTERS, track, f"{kind} {value:#x}", register=register, value=hex(value)
        )

    def mark(self, t: int, kind: str, text: str, core: int) -> None:
        self._instant(t, CORES, self._track(CORES, f"{kind}s"), text, core=core)
