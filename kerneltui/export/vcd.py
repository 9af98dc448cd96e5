"""Waves for GTKWave and PulseView: a Value Change Dump (IEEE 1364-2005, 18.2), timescale 1 ns.

The header of such a file names all its signals, and which interrupts are ever touched is known at
the end alone: so changes go to a temporary file beside the output as they come, and the header with
them to the output when the run is over.
"""

from __future__ import annotations

import re
import shutil
from functools import lru_cache
from io import StringIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from vcd import VCDWriter
from vcd.writer import Variable

from kerneltui.debugger.session import Session
from kerneltui.debugger.way import lines
from kerneltui.export.forms import LINE
from kerneltui.export.selection import Selection
from kerneltui.export.teller import (
    ASLEEP,
    BOOKMARK,
    HANDLER,
    OFF,
    TASK,
    CallbackRun,
    HandlerRun,
    RunTeller,
    ToldIrq,
    ToldTimeout,
)

WIRE, REGISTER, STRING = "wire", "reg", "string"
BYTE_BITS, COUNT_BITS, WORD_BITS, LEVEL_BITS = 8, 32, 64, 2
BUFFER = 1 << 20
TEXTS_KEPT = 1024
TIMEOUTS, REGISTERS, MARKS = "timeouts", "registers", "marks"
"""Scopes that are no devices."""
_LEVEL = re.compile(r"(?P<name>\w+?) ?(?P<level>\d+)")
_NO_NAME = re.compile(r"[^\w-]")
STATES = (ASLEEP, TASK, HANDLER)
"""Each a wire of its core."""
ENTRY = "interrupt"
"""What a core does before it knows which, and after the handler."""


class _Signal:
    """One of the signals, with its value."""

    __slots__ = ("has_changed", "value", "variable", "wave")

    def __init__(self, variable: Variable[Any], wave: str) -> None:
        self.variable, self.wave = variable, wave
        self.value: str | int = variable.value
        self.has_changed = False


class VcdWaves(RunTeller):
    """Each change of each signal, once."""

    KINDS = frozenset({WIRE, REGISTER, STRING})
    """of signals that are written"""

    def __init__(self, session: Session, out: IO[bytes], selection: Selection) -> None:
        super().__init__(session, out, selection)
        self._header = StringIO()
        self._changes = TemporaryFile(buffering=BUFFER, dir=_folder_of(out))  # noqa: SIM115
        self._signals: dict[tuple[str, str], _Signal] = {}
        self._time = 0
        self._console = session.setup.board.spec.console
        self._is_many = len(session.machine.cores) > 1
        self._doing: dict[int, list[str]] = {}
        """of each core the task, or what else it does, and then the handlers in progress"""
        self._irqs: dict[ToldIrq, tuple[_Signal, _Signal]] = {}
        """what shows that one is pending, and active"""
        self._privileges: dict[int, str] = {}
        self._toggles: dict[str, int] = {}
        """the wires that toggle with each of what can be twice the same, by name"""

    def begin(self, t: int) -> None:
        setup, self._time = self.session.setup, t
        about = f"board {_plain(setup.board.name)}, scenario {_plain(setup.scenario_name)}"
        self._writer = VCDWriter(
            self._header, "1 ns", date="", comment=about, version="kerneltui", init_timestamp=t
        )
        for _, _, _, line in lines(self.session.machine):
            if self.selection.wants(LINE, line.name):
                device, _, output = line.name.rpartition(".")
                self._signal(device, output)

    def finish(self, t: int) -> None:
        if t > self._time:
            self._changes.write(f"#{t}\n".encode())
        self._writer.flush()
        self.out.write(self._header.getvalue().encode())
        self._changes.seek(0)
        shutil.copyfileobj(self._changes, self.out, BUFFER)
        self.close()

    def close(self) -> None:
        self._changes.close()

    # -- signals ----------------------------------------------------------------------------------

    def _signal(self, scope: str, name: str, kind: str = WIRE, bits: int = 1) -> _Signal:
        """The signal of that name in a scope; made where it is new."""
        found = self._signals.get((scope, name))
        if found is not None:
            return found
        # Viewers that show the last part of a name alone tell uart0_irq from rtc_irq.
        first = _plain(name if scope == REGISTERS else f"{scope}_{name}")
        called, number = first, 1
        bit_range = (bits - 1, 0) if bits > 1 else None
        while True:
            try:
                variable = self._writer.register_var(
                    _plain(scope), called, kind, size=bits, init="" if kind == STRING else 0,
                    bit_index=bit_range,
                )  # fmt: skip
                break
            except KeyError:  # two names that differ in characters which no viewer takes
                number += 1
                called = f"{first}_{number}"
        shown = f"[{bits - 1}:0]" if bits > 1 else ""
        found = self._signals[scope, name] = _Signal(variable, f"{_plain(scope)}.{called}{shown}")
        return found

    def _set(
        self,
        t: int,
        group: str,
        scope: str,
        name: str,
        value: str | int,
        kind: str = WIRE,
        bits: int = 1,
    ) -> None:
        """A signal has that value from now on."""
        if kind in self.KINDS:
            self._put(t, group, self._signal(scope, name, kind, bits), value)

    def _put(self, t: int, group: str, signal: _Signal, value: str | int) -> None:
        if signal.value == value:
            return
        signal.value = value
        if not signal.has_changed:
            signal.has_changed = True
            self.waves.setdefault(group, []).append(signal.wave)
        if t != self._time:
            self._time = t
            self._changes.write(b"#%d\n" % t)
        if isinstance(value, str):
            told = f"s{escaped(value)} {signal.variable.ident}\n"
        else:
            told = signal.variable.format_value(value, check=False) + "\n"
        self._changes.write(told.encode("ascii"))

    # -- what is told -----------------------------------------------------------------------------

    def line(self, t: int, name: str, level: bool) -> None:
        device, _, output = name.rpartition(".")
        self._set(t, "Lines", device, output, int(level))

    def irq(self, t: int, irq: ToldIrq) -> None:
        found = self._irqs.get(irq)
        if found is None:
            of_core = f"_core{irq.core}" if irq.core >= 0 and self._is_many else ""
            found = self._irqs[irq] = (
                self._signal(irq.controller, f"{irq.label}{of_core}_pending"),
                self._signal(irq.controller, f"{irq.label}{of_core}_active"),
            )
        self._put(t, "Interrupts", found[0], int(irq.pending))
        self._put(t, "Interrupts", found[1], int(irq.active))

    def core(self, t: int, core: int, state: str, name: str) -> None:
        scope = f"core{core}"
        if state == OFF and (scope, STATES[0]) not in self._signals:
            return  # it has never been on
        group = f"Core {core}"
        for each in STATES:
            self._put(t, group, self._signal(scope, each), int(each == state))
        doing = self._doing.setdefault(core, [""])
        doing[0] = name or ("" if state == OFF else ENTRY if state == HANDLER else state)
        self._tell_doing(t, core)

    def masked(self, t: int, core: int, is_masked: bool, privilege: str) -> None:
        self._set(t, f"Core {core}", f"core{core}", "masked", int(is_masked))
        if self._privileges.get(core) == privilege:
            return
        self._privileges[core] = privilege
        found = _LEVEL.fullmatch(privilege)
        if found is not None:
            name, level = found["name"], int(found["level"])
            self._set(t, f"Core {core}", f"core{core}", name, level, REGISTER, LEVEL_BITS)

    def handler(self, t: int, run: HandlerRun) -> None:
        self._doing.setdefault(run.core, [""]).append(run.label)
        self._tell_doing(t, run.core)

    def handler_end(self, t: int, run: HandlerRun) -> None:
        doing = self._doing[run.core]
        if len(doing) > 1:
            doing.pop()
        self._tell_doing(t, run.core)

    def _tell_doing(self, t: int, core: int) -> None:
        """The innermost handler, or else the task."""
        doing = self._doing[core][-1]
        self._set(t, f"Core {core}", f"core{core}", "doing", doing, STRING)

    def callback(self, t: int, run: CallbackRun) -> None:
        self._set(t, "Timeouts", TIMEOUTS, f"callback_core{run.core}", 1)
        self._set(t, "Timeouts", TIMEOUTS, "called", run.name, STRING)

    def callback_end(self, t: int, run: CallbackRun) -> None:
        self._set(t, "Timeouts", TIMEOUTS, f"callback_core{run.core}", 0)

    def armed(self, t: int, timeout: ToldTimeout | None) -> None:
        name, due_ns = ("", 0) if timeout is None else (timeout.name, timeout.due_ns)
        self._set(t, "Timeouts", TIMEOUTS, "is_armed", int(timeout is not None))
        self._set(t, "Timeouts", TIMEOUTS, "armed", name, STRING)
        self._set(t, "Timeouts", TIMEOUTS, "armed_due_ns", due_ns, REGISTER, WORD_BITS)

    def queued(self, t: int, count: int) -> None:
        self._set(t, "Timeouts", TIMEOUTS, "queued", count, REGISTER, COUNT_BITS)

    def byte(self, t: int, way: str, value: int) -> None:
        """A second wire toggles with each: equal bytes are no change."""
        self._set(t, "Serial line", self._console, f"{way}_byte", value, REGISTER, BYTE_BITS)
        self._toggle(t, "Serial line", self._console, f"{way}_toggle")

    def mark(self, t: int, kind: str, text: str, core: int) -> None:
        """All but bookmarks: they are told when the waves are over."""
        if kind != BOOKMARK:
            self._set(t, "Marks", MARKS, kind, text, STRING)
            self._toggle(t, "Marks", MARKS, f"{kind}_toggle")

    def _toggle(self, t: int, group: str, scope: str, name: str) -> None:
        value = self._toggles[name] = self._toggles.get(name, 0) ^ 1
        self._set(t, group, scope, name, value)

    def access(self, t: int, core: int, kind: str, register: str, value: int) -> None:
        name = f"{register}_core{core}" if self._is_many else register
        value &= (1 << WORD_BITS) - 1
        self._set(t, "Registers", REGISTERS, name, value, REGISTER, WORD_BITS)


class VcdWires(VcdWaves):
    """Signals of one bit alone: sigrok 0.5, and so PulseView 0.4, reads no others."""

    KINDS = frozenset({WIRE})


def _plain(name: str) -> str:
    """A name that every viewer takes: no space, no dot, nothing that looks like a keyword."""
    return _NO_NAME.sub("_", name) or "_"


@lru_cache(TEXTS_KEPT)
def escaped(text: str) -> str:
    r"""The value of a string signal: printable ASCII without spaces, all else as ``\x20``."""
    return "".join(char if "!" <= char <= "~" and char != "\\" else _escape(char) for char in text)


def _escape(char: str) -> str:
    return "\\\\" if char == "\\" else "".join(f"\\x{byte:02x}" for byte in char.encode())


def _folder_of(out: IO[bytes]) -> str | None:
    """Where a file lies that is written; None for a stream."""
    name = getattr(out, "name", None)
    return str(Path(name).parent) if isinstance(name, str) and Path(name).is_file() else None
