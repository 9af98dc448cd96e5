"""What is wanted of a trace: from when on, and which things.  The same for all formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

from kerneltui.debugger.naming import interrupt_numbered
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.remarks import KINDS as REMARKS
from kerneltui.debugger.trace import EventNames, RawEvent, poked_by
from kerneltui.debugger.way import lines
from kerneltui.errors import UserError, suggestion
from kerneltui.export.forms import (
    CORE,
    FORM,
    IRQ,
    LINE,
    POKE,
    READ,
    TASK,
    THINGS,
    TIMEOUT,
    UART,
    WRITE,
)
from kerneltui.export.tracepoints import facts_of
from kerneltui.machine.instructions import EXTERNAL, INSTRUCTIONS, STORES
from kerneltui.machine.machine import Machine

REMEMBERED = 4096
NEAR = "; did you mean"
"""What begins the suggestion of a name that is nearly right; all that there are would be many."""
_GROUPS = {"irq": IRQ, "sched": TASK, "sys": TASK, "hrtimer": TIMEOUT, "timer": TIMEOUT}
"""By the beginning of a tracepoint's name; all others are a core's."""
WILD = "*?["
NOBODY = range(1020, 1024)
"""Numbers that a GIC answers where there is no interrupt: remarks tell of them."""
MOST_NESTED = 64
"""Handlers on a core; more have been left behind by resets."""
Thing = tuple[str, tuple[str, ...]]
"""Its kind, and the names by which it can be asked for."""


def irq_names(numbering: str, number: int) -> tuple[str, ...]:
    """``30``, ``gic:30``, ``irq 30``; of a vector also ``0xec`` and ``vector:0xec``."""
    label = interrupt_label(numbering, number)
    shown = label.rpartition(" ")[2]
    return str(number), shown, f"{numbering}:{number}", f"{numbering}:{shown}", label


class Selection:
    """``texts`` are lists of things with commas between them; none at all mean everything.

    Raises :class:`UserError` for what is not known.
    """

    def __init__(self, texts: Iterable[str] = (), from_ns: int = 0) -> None:
        self.from_ns = from_ns
        self._patterns: dict[str, list[str]] = {}
        for text in texts:
            for item in text.split(","):
                kind, _, pattern = item.strip().partition(":")
                if kind not in THINGS:
                    near = suggestion(kind, THINGS)
                    hint = near if near.startswith(NEAR) else f"; write {FORM}"
                    raise UserError(f"--only {item.strip()!r}: unknown{hint}")
                self._patterns.setdefault(kind, []).append(pattern.lower() or "*")
        self._matches = lru_cache(REMEMBERED)(self._find)
        self._handled: dict[int, list[tuple[str, ...]]] = {}
        """of each core the interrupts whose handlers run: their ends tell the number alone"""

    @property
    def is_all(self) -> bool:
        """Whether everything is wanted."""
        return not self._patterns and not self.from_ns

    @property
    def kinds(self) -> frozenset[str]:
        """Those that ``--only`` names; none where it was not given."""
        return frozenset(self._patterns)

    @property
    def names_interrupts(self) -> bool:
        """Whether some interrupts are wanted, and not all."""
        return "*" not in self._patterns.get(IRQ, "*")

    def wants(self, kind: str, *names: str) -> bool:
        """Whether a thing of that kind is wanted, which can be asked for by any of its names."""
        if not self._patterns:
            return True
        return kind in self._patterns and self._matches(kind, names)

    def wants_kind(self, kind: str) -> bool:
        """Whether things of that kind are wanted, all or some."""
        return not self._patterns or kind in self._patterns

    def _find(self, kind: str, names: tuple[str, ...]) -> bool:
        patterns = self._patterns[kind]
        if "*" in patterns:
            return True
        return any(fnmatchcase(name.lower(), item) for item in patterns for name in names)

    def check(self, machine: Machine) -> None:
        """Raise :class:`UserError` for what nothing of the machine can be.

        That is a line, a register or an interrupt that it does not have, and what only a kernel of
        ours tells of.
        """
        if machine.core.can_rest_anywhere:
            for kind in sorted(self.kinds & {TASK, TIMEOUT}):
                raise UserError(f"--only {kind}: an image offers no look inside; leave that out")
        if IRQ in self._patterns:
            self._patterns[IRQ] = [_of_irq(machine, item) for item in self._patterns[IRQ]]
        for kind in sorted(self.kinds & {LINE, READ, WRITE}):
            known = list(_lines(machine) if kind == LINE else _registers(machine))
            for pattern in self._patterns[kind]:
                if not any(fnmatchcase(name.lower(), pattern) for name in known):
                    near = suggestion(pattern, [name.lower() for name in known])
                    hint = near if near.startswith(NEAR) else ""
                    what = "line" if kind == LINE else "register"
                    raise UserError(f"--only {kind}:{pattern}: there is no such {what}{hint}")

    # -- events -----------------------------------------------------------------------------------

    def wants_event(self, event: RawEvent, names: EventNames) -> bool:
        """Whether an event is wanted, as the trace has it."""
        if event[1] < self.from_ns:
            return False
        if not self._patterns:
            return True
        kind, called = self._thing(event, names)
        return self.wants(kind, *called)

    def _thing(self, event: RawEvent, names: EventNames) -> Thing:
        """What an event is about."""
        _, _, core, kind, target, value, text = event
        known = INSTRUCTIONS.get(kind)
        if known is not None and known.space:
            name = text or names.name(kind, target, value)
            return (WRITE if kind in STORES else READ), (name, hex(target))
        if kind in EXTERNAL:
            return IRQ, irq_names("vector", target) if INSTRUCTIONS[kind].is_vectored else ()
        if kind == "tracepoint":
            return self._tracepoint(text, core)
        if kind in REMARKS:
            return IRQ, (str(target),)
        return {
            "line": (LINE, (text,)),
            "tx": (UART, (kind,)),
            "rx": (UART, (kind,)),
            "poke": (POKE, (poked_by(event)[1],)),
        }.get(kind, (CORE, (str(core),)))

    def _tracepoint(self, text: str, core: int) -> Thing:
        name, facts = facts_of(text)
        kind = _GROUPS.get(name.partition("_")[0], CORE)
        handled = self._handled.setdefault(core, [])
        if name == "irq_handler_exit":
            return IRQ, handled.pop() if handled else (facts["irq"],)
        if kind == IRQ:
            called = irq_names(facts["domain"], int(facts["irq"]))
            if name == "irq_handler_entry":
                handled.append(called)
                del handled[:-MOST_NESTED]
            return IRQ, called
        if kind == CORE:
            return CORE, (str(core),)
        return kind, tuple(facts[key] for key in ("name", "id") if key in facts)


def _of_irq(machine: Machine, pattern: str) -> str:
    """The pattern of interrupts, with the whole name of what numbers them.

    Raises :class:`UserError` for one alone that the machine cannot have.
    """
    if any(letter in pattern for letter in WILD):
        return pattern
    kind, colon, number = pattern.rpartition(" ")[2].rpartition(":")
    known = dict.fromkeys(item.NUMBERING for item in machine.controllers.values())
    for numbering in (name for name in known if name.startswith(kind)):
        try:
            if int(number, 0) not in NOBODY:
                interrupt_numbered(machine, numbering, int(number, 0))
        except (ValueError, UserError):
            continue
        return f"{numbering}:{number}" if colon else pattern
    raise UserError(f"--only irq:{pattern}: there is no such interrupt")


def _lines(machine: Machine) -> Iterator[str]:
    return (line.name for _, _, _, line in lines(machine))


def _registers(machine: Machine) -> Iterator[str]:
    files = [file for device in machine.devices.values() for file in device.files.values()]
    for file in (*files, machine.core.regs):
        for slot in file.slots():
            yield slot.name
