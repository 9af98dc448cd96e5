"""Folds the events of a run, one by one, into what stands and what goes on; keeps nothing else."""

from __future__ import annotations

from kerneltui.debugger.remarks import KINDS as REMARKS
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent, poked_by
from kerneltui.export.forms import IRQ as AN_IRQ
from kerneltui.export.forms import LINE, POKE, READ, TASK, TIMEOUT, UART, WRITE
from kerneltui.export.places import Look, places_of
from kerneltui.export.selection import Selection
from kerneltui.export.standing import Standing
from kerneltui.export.teller import (
    BOOKMARK,
    CallbackRun,
    CallRun,
    HandlerRun,
    RunTeller,
    ToldTimeout,
)
from kerneltui.export.tracepoints import facts_of, name_of
from kerneltui.hw.clock import NEVER
from kerneltui.kernel.syscalls import Syscall
from kerneltui.machine.core import StopReason
from kerneltui.machine.instructions import EXTERNAL, INSTRUCTIONS, SPACES, STORES, WRITES

_NO_TIMEOUTS = {
    "irq_handler_entry", "irq_handler_exit", "sched_switch", "sched_wakeup", "timer_callback",
}  # fmt: skip
"""Tracepoints behind which the queue is as before."""
_VECTORED = frozenset(kind for kind in EXTERNAL if INSTRUCTIONS[kind].is_vectored)
"""Interrupts whose controller the core has asked before it takes them."""
_MASKABLE = frozenset({"irq", "intr"})
"""Interrupts that a core with its mask set does not take."""
_CALLS = {int(call): call.name.lower() for call in Syscall}


class Fold(Standing):
    """Tells ``teller`` of a session, from reset or from where ``selection`` begins."""

    def __init__(self, session: Session, teller: RunTeller, selection: Selection) -> None:
        super().__init__(session, teller, selection)
        places = places_of(session.machine)
        self._places = {kind: places[space, kind in STORES] for kind, space in SPACES.items()}
        self._tells_accesses = bool(selection.kinds & {READ, WRITE})
        self._heard = {
            "line": self._line, "tracepoint": self._tracepoint, "tx": self._byte,
            "rx": self._byte, "poke": self._poke,
        }  # fmt: skip
        self._heard |= dict.fromkeys(REMARKS, self._remark)
        for kind, known in INSTRUCTIONS.items():
            if known.is_exception:
                self._heard[kind] = self._exception
            elif known.is_return:
                self._heard[kind] = self._return
            elif kind in WRITES:
                self._heard[kind] = self._mask
        self._points = {
            "irq_handler_entry": self._enter, "timer_callback": self._call_back,
            "hrtimer_start": self._wait, "hrtimer_expire_entry": self._expire,
            "sys_enter": self._call, "sched_wakeup": self._wake,
        }  # fmt: skip
        self._exits = {
            "irq_handler_exit": self._leave, "timer_callback_done": self._called_back,
            "sys_exit": self._called,
        }  # fmt: skip

    # -- running ----------------------------------------------------------------------------------

    def run(self, until_ns: int) -> None:
        """Run the session from where it is to ``until_ns``."""
        session, recorder = self._session, self._session.recorder
        recorder.sink, recorder.pending_sink = self.add, self._pend
        try:
            while session.run_until(until_ns) is StopReason.BREAKPOINT:
                for hit in session.hits:
                    self._settle(hit.t_ns)
                    self._last = hit.t_ns
                    self._dated(hit.t_ns).mark(hit.t_ns, "breakpoint", hit.text, hit.core)
        except KeyboardInterrupt:
            self.finish()  # what there is can be read
            raise
        finally:
            recorder.sink = recorder.pending_sink = None
        self.finish()

    def finish(self) -> None:
        """The run is over."""
        now = max(self._session.machine.now, self._last)
        self._settle(now)
        if self._begins_at < NEVER:  # the kernel has halted before: nothing changes any more
            now = max(now, self._begins_at)
            self._begin()
        for bookmark in self._session.bookmarks:
            if self._selection.from_ns <= bookmark.at_ns <= now:
                self._real.mark(bookmark.at_ns, BOOKMARK, bookmark.title, 0)
        self._real.finish(now)

    def add(self, event: RawEvent) -> None:
        """What has happened next."""
        t, kind = event[1], event[3]
        places, look = self._places.get(kind), None
        if places is not None:
            look = places.get(event[4])
            if look is not None and look.is_acknowledge:
                self._begin_service(look, t)
        elif kind in _VECTORED:
            self._begin_service(None, t)
        if kind in _MASKABLE and event[2] in self._unmasked:
            self._let_in(event[2])
        if self._turned or not self._is_settled:
            self._settle(t, is_line=kind == "line")
        if t >= self._begins_at:
            self._begin()
        self._last = t
        if places is not None:
            if look is not None:
                self._look(look, event[2])
            if self._tells_accesses:
                self._access(event)
            return
        heard = self._heard.get(kind)
        if heard is not None:
            self._is_settled = False
            heard(event)

    # -- events -----------------------------------------------------------------------------------

    def _pend(self, controller: str, number: int, core: int) -> None:
        """A message has made an interrupt pending."""
        now = self._session.machine.now
        self._settle(now)
        self._last = now
        if self._samples:
            irq, tell = self._known((controller, number, core)), self._dated(now)
            self._changed.setdefault(controller, False)
            self._is_settled = False
            if not irq.pending:
                irq.pending = True
                if self._selection.wants(AN_IRQ, *irq.names):
                    tell.irq(now, irq)

    def _begin_service(self, look: Look | None, t: int) -> None:
        """A core has asked which interrupt it is: what that has changed can be seen already."""
        if not self._samples:
            return
        if look is not None:
            self._changed.setdefault(look.controller, False)
        for name in self._controllers if look is None else ():
            self._changed.setdefault(name, False)
        if self._changed:
            if self._entered is not None:
                self._tell_entered(self._last)
            begun = self._sample(self._last, splits=True)
            self._changed.clear()
            self._risen.clear()
            if begun:
                self._settle(t)
                self._last = t
                self._tell_begun(t, begun)

    def _look(self, look: Look, core: int) -> None:
        self._is_settled = False
        if look.masks:
            self._unmasked.add(core)
        if look.arms:
            self._looks_at_kernel = True
        if look.controller and self._samples and not look.is_acknowledge:
            known = self._changed.get(look.controller, False)
            self._changed[look.controller] = known or look.searches

    def _access(self, event: RawEvent) -> None:
        _, t, core, kind, target, value, text = event
        register = text or self._session.names.name(kind, target, value)
        if self._selection.wants(WRITE if kind in STORES else READ, register, hex(target)):
            self._teller.access(t, core, kind, register, value)

    def _line(self, event: RawEvent) -> None:
        _, t, _, _, _, value, name = event
        level = bool(value)
        self._levels[name] = level
        if self._selection.wants(LINE, name):
            self._teller.line(t, name, level)
        if self._samples:
            self._risen.append(name)
            for controller in self._ends.get(name, ()):
                self._changed.setdefault(controller, False)

    def _exception(self, event: RawEvent) -> None:
        _, t, index, kind, _, _, _ = event
        taken, depth = self._cores[index].taken, self._session.machine.cores[index].depth
        del taken[max(depth - 1, 0) :]
        taken.append(t if kind in EXTERNAL else None)
        self._unmasked.add(index)

    def _return(self, event: RawEvent) -> None:
        self._unmasked.add(event[2])

    def _mask(self, event: RawEvent) -> None:
        self._unmasked.add(event[2])

    def _byte(self, event: RawEvent) -> None:
        _, t, _, way, _, value, _ = event
        if self._selection.wants(UART, way):
            self._teller.byte(t, way, value)

    def _poke(self, event: RawEvent) -> None:
        _, t, core, _, _, value, _ = event
        by, name = poked_by(event)
        self._looks_at_kernel = True
        self._unmasked.add(core)
        if self._samples:
            self._changed = dict.fromkeys(self._controllers, True)
        if self._selection.wants(POKE, name):
            self._teller.mark(t, "poke", f"{name} = {value:#x}, by the {by}", core)

    def _remark(self, event: RawEvent) -> None:
        _, t, core, kind, number, _, text = event
        if self._selection.wants(AN_IRQ, str(number)):
            self._teller.mark(t, kind, text, core)

    # -- tracepoints ------------------------------------------------------------------------------

    def _tracepoint(self, event: RawEvent) -> None:
        name = name_of(event[6])
        if name not in _NO_TIMEOUTS:
            self._looks_at_kernel = True
        heard = self._points.get(name)
        if heard is not None:
            heard(event[1], event[2], facts_of(event[6])[1])
            return
        ended = self._exits.get(name)
        if ended is not None:
            ended(event[1], event[2])

    def _enter(self, t: int, core: int, facts: dict[str, str]) -> None:
        found = self._cores[core]
        depth = self._session.machine.cores[core].depth
        taken = next((at for at in reversed(found.taken[:depth]) if at is not None), None)
        run = HandlerRun(core, facts["name"], t, taken)
        self._entered = run, facts["domain"], int(facts["irq"])

    def _leave(self, t: int, core: int) -> None:
        runs = self._cores[core].runs
        while runs and any(isinstance(run, HandlerRun) for run in runs):
            run = runs.pop()
            self._end_run(t, run)
            if isinstance(run, HandlerRun):
                break

    def _call_back(self, t: int, core: int, facts: dict[str, str]) -> None:
        ident = int(facts["id"]) if "id" in facts else None
        due = int(facts["due"]) if "due" in facts else None
        run = CallbackRun(core, facts["name"], t, ident, due)
        runs = self._cores[core].runs
        run.handler = next((item for item in reversed(runs) if isinstance(item, HandlerRun)), None)
        if run.handler is not None and run.handler.callback_begin_ns is None:
            run.handler.callback_begin_ns = t
        runs.append(run)
        self._tell_run(t, run)

    def _called_back(self, t: int, core: int) -> None:
        """A program may say so of what has never begun."""
        runs = self._cores[core].runs
        if runs and isinstance(runs[-1], CallbackRun):
            self._end_run(t, runs.pop())

    def _wait(self, t: int, _: int, facts: dict[str, str]) -> None:
        timeout = ToldTimeout(int(facts["id"]), facts["name"], int(facts["due"]))
        self._timeouts[timeout.ident] = timeout
        if self._selection.wants(TIMEOUT, timeout.name, facts["id"]):
            self._teller.waits(t, timeout)

    def _expire(self, t: int, _: int, facts: dict[str, str]) -> None:
        self._take_out(t, int(facts["id"]), is_cancelled=False)

    def _call(self, t: int, core: int, facts: dict[str, str]) -> None:
        number = int(facts["id"])
        name = _CALLS.get(number, f"system call {number}")
        run = CallRun(core, number, name, self._cores[core].name)
        self._cores[core].runs.append(run)
        self._tell_run(t, run)

    def _called(self, t: int, core: int) -> None:
        runs = self._cores[core].runs
        if runs and isinstance(runs[-1], CallRun):
            self._end_run(t, runs.pop())

    def _wake(self, t: int, core: int, facts: dict[str, str]) -> None:
        if self._selection.wants(TASK, facts["name"], facts["id"]):
            self._teller.woken(t, core, int(facts["id"]), facts["name"])
