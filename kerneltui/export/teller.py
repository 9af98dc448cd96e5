"""What a fold tells of a run, thing by thing: the formats write it down.

All times are virtual, in ns, and never go back but for bookmarks.
"""

from __future__ import annotations

from typing import IO

import msgspec

from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import RawEvent
from kerneltui.export.selection import Selection

ASLEEP, HANDLER, KERNEL, OFF, TASK = "asleep", "handler", "kernel", "off", "task"
"""What a core can be busy with.  The kernel for itself; an interrupt; one of the tasks."""
BOOKMARK = "bookmark"
"""A kind of mark, the only one that is told at the end of all."""


class ToldIrq:
    """An interrupt at its controller, for one core or (``core`` -1) for all that share it."""

    __slots__ = ("active", "controller", "core", "label", "names", "number", "pending")

    def __init__(
        self, controller: str, number: int, core: int, label: str, names: tuple[str, ...]
    ) -> None:
        self.controller, self.number, self.core = controller, number, core
        self.label, self.names = label, names
        self.pending = self.active = False


class HandlerRun:
    """A handler, from when its interrupt became pending; times are None until they are known."""

    __slots__ = ("begin_ns", "callback_begin_ns", "callback_end_ns", "controller", "core", "end_ns",
                 "label", "name", "names", "number", "raised_ns", "taken_ns")  # fmt: skip

    def __init__(self, core: int, name: str, begin_ns: int, taken_ns: int | None) -> None:
        self.core, self.name, self.begin_ns, self.taken_ns = core, name, begin_ns, taken_ns
        self.controller, self.number, self.label = "", 0, ""
        self.names: tuple[str, ...] = ()
        self.raised_ns: int | None = None
        """when it became pending; None where the kernel handles what no controller has raised"""
        self.end_ns: int | None = None
        self.callback_begin_ns: int | None = None
        """of the first callback in it"""
        self.callback_end_ns: int | None = None


class CallbackRun:
    """A callback of a timeout, or of a timer driver: that has no ``ident`` and no ``due_ns``."""

    __slots__ = ("begin_ns", "core", "due_ns", "end_ns", "handler", "ident", "name")

    def __init__(
        self, core: int, name: str, begin_ns: int, ident: int | None, due_ns: int | None
    ) -> None:
        self.core, self.name, self.begin_ns = core, name, begin_ns
        self.ident, self.due_ns = ident, due_ns
        self.end_ns: int | None = None
        self.handler: HandlerRun | None = None
        """that it runs in"""


class CallRun(msgspec.Struct, frozen=True):
    """A system call."""

    core: int
    number: int
    name: str
    task: str


class ToldTimeout(msgspec.Struct, frozen=True):
    """A timeout that waits in the queue."""

    ident: int
    name: str
    due_ns: int


class RunTeller:
    """Tells nobody; the formats override what they write."""

    def __init__(self, session: Session, out: IO[bytes], selection: Selection) -> None:
        self.session, self.out, self.selection = session, out, selection
        self.waves: dict[str, list[str]] = {}
        """by group the signals that have ever changed, by their full names, in order of appearance;
        none in formats that have no signals"""

    def begin(self, t: int) -> None:
        """The first that is wanted; all that stands already is told next, with this time."""

    def finish(self, t: int) -> None:
        """The end of the run; what is in progress stays so."""

    def close(self) -> None:
        """Let go of what it has opened, also where the run has ended in an error."""

    def line(self, t: int, name: str, level: bool) -> None:
        """A wire has changed its level, or is high at the beginning."""

    def irq(self, t: int, irq: ToldIrq) -> None:
        """An interrupt is pending or active, or is not any more."""

    def core(self, t: int, core: int, state: str, name: str) -> None:
        """Somebody else has a core: :data:`ASLEEP` and the like; ``name`` is the task's."""

    def masked(self, t: int, core: int, is_masked: bool, privilege: str) -> None:
        """A core lets interrupts in, or does not; and the level that it runs at."""

    def handler(self, t: int, run: HandlerRun) -> None:
        """A handler begins."""

    def handler_end(self, t: int, run: HandlerRun) -> None:
        """It has ended."""

    def callback(self, t: int, run: CallbackRun) -> None:
        """A callback begins."""

    def callback_end(self, t: int, run: CallbackRun) -> None:
        """It has ended."""

    def call(self, t: int, run: CallRun) -> None:
        """A system call begins."""

    def call_end(self, t: int, run: CallRun) -> None:
        """It has ended."""

    def woken(self, t: int, core: int, ident: int, name: str) -> None:
        """A task can go on; ``core`` is who has found that."""

    def waits(self, t: int, timeout: ToldTimeout) -> None:
        """A timeout has come into the queue."""

    def taken_out(self, t: int, timeout: ToldTimeout, is_cancelled: bool) -> None:
        """It has left the queue, because it is due or because nobody wants it any more."""

    def armed(self, t: int, timeout: ToldTimeout | None) -> None:
        """The comparator stands for another timeout, or for none."""

    def queued(self, t: int, count: int) -> None:
        """So many timeouts are in the queue."""

    def byte(self, t: int, way: str, value: int) -> None:
        """A character was sent (``tx``) or received (``rx``) by the board."""

    def access(self, t: int, core: int, kind: str, register: str, value: int) -> None:
        """A register was read or written; told only where the selection names such."""

    def event(self, event: RawEvent) -> None:
        """A single event, where the format has these and not what they come to."""

    def mark(self, t: int, kind: str, text: str, core: int) -> None:
        """A ``poke``, a ``breakpoint``, a ``bookmark``, or a remark of a controller."""
