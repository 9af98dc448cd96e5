"""Breakpoints as people write them: ``WHAT [core N] [ignore N] [once] [if CONDITION]``.

``WHAT`` is one of :data:`FORMS`.  Registers are named as :mod:`kerneltui.debugger.register_names`
says (``GICC_EOIR``, ``CNTP_CTL_EL0.IMASK``), or by an address (``0xFF842010``, ``port:0x20``);
interrupts as ``kerneltui explain --irq`` has them; names with spaces stand in quotes.  The
condition is one of :mod:`kerneltui.debugger.breakpoints.condition`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kerneltui.debugger.breakpoints import changes, happenings
from kerneltui.debugger.breakpoints.accesses import (
    ACCESS,
    READ,
    WRITE,
    MemoryTrigger,
    RegisterTrigger,
)
from kerneltui.debugger.breakpoints.breakpoint import Breakpoint
from kerneltui.debugger.breakpoints.condition import ConditionError, compile_condition
from kerneltui.debugger.breakpoints.condition_words import COMPARISONS, MEANT
from kerneltui.debugger.breakpoints.sentry import Bound
from kerneltui.debugger.breakpoints.trigger import Trigger
from kerneltui.debugger.kernel_source import function_named, source_file_named
from kerneltui.debugger.naming import interrupt_named, line_named
from kerneltui.debugger.references import InterruptReference
from kerneltui.debugger.register_names import (
    NUMBER,
    RegisterSite,
    bits_named,
    register_and_label,
    to_number,
)
from kerneltui.errors import UserError, suggestion
from kerneltui.hw.register import MEMORY, PORTS
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.machine import Machine
from kerneltui.units import parse_duration

LONGEST = 2_000
"""characters of a breakpoint"""
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]+')
_ADDRESS = re.compile(rf"(port:)?({NUMBER})")
_PLAIN = re.compile(r"[^\s\"]+")


class BreakpointError(UserError):
    """A breakpoint cannot be read, or makes no sense on this board; the text says where and why."""


class _Word(NamedTuple):
    text: str
    column: int
    """from 1"""
    quoted: bool = False

    @property
    def written(self) -> str:
        """As it is to be written."""
        if self.quoted or not _PLAIN.fullmatch(self.text):
            return '"' + self.text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return self.text


class _Form(NamedTuple):
    """One kind of breakpoint."""

    form: str
    examples: tuple[str, ...]
    """of the kind, as a person may write them: for a Pi 4, a PC, a Pi 3, as far as they differ"""
    make: Callable[[Machine, Sequence[_Word], int], Trigger]
    """from the words after the first; the number is the core that is asked for"""

    def example(self, machine: Machine) -> str:
        """The first one that makes sense on a machine."""
        for text in self.examples:
            try:
                bind(machine, 1, parse_breakpoint(text))
            except BreakpointError:
                continue
            return text
        return self.examples[0]


class _At(ValueError):  # noqa: N818 - no error of its own: it says where one is
    """What is wrong, and in which column."""

    def __init__(self, column: int, text: str) -> None:
        super().__init__(text)
        self.column = column


# -- reading --------------------------------------------------------------------------------------


def parse_breakpoint(text: str) -> Breakpoint:
    """Read a breakpoint; what it names is looked up when it is bound to a machine.

    Raises :class:`BreakpointError`.
    """
    try:
        return _parse(text)
    except _At as error:
        raise _error(text, error) from None


def bind(machine: Machine, number: int, item: Breakpoint) -> Bound:
    """Make a breakpoint ready for a machine; ``number`` is its place in the list.

    Raises :class:`BreakpointError` for what does not make sense there.
    """
    text = item.text
    try:
        words, condition = _split(text)
        core = 0 if item.core is None else item.core
        if core >= len(machine.cores):
            count = len(machine.cores)
            known = f"cores 0 to {count - 1}" if count > 1 else "core 0 alone"
            raise _At(1, f"there is no core {core}; {machine.board_name} has {known}")
        what, _ = _without_options(words)
        trigger = _made(machine, what, core)
        compiled = None
        if condition is not None:
            try:
                compiled = compile_condition(
                    condition.text, machine, trigger.subject, values=trigger.offers
                )
            except ConditionError as error:
                said = str(error).partition(": ")[2]
                raise _At(condition.column + error.column - 1, said) from None
    except _At as error:
        raise _error(text, error) from None
    return Bound(number, item, trigger, compiled)


def _error(text: str, error: _At) -> BreakpointError:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    return BreakpointError(f"breakpoint '{shown}': column {error.column}: {error}")


def _parse(text: str) -> Breakpoint:
    words, condition = _split(text)
    what, options = _without_options(words)
    if not what:
        raise _At(1, f"it is empty; the forms are: {_listed_forms()}")
    if what[0].text not in FORMS:
        known = suggestion(what[0].text, FORMS)
        raise _At(what[0].column, f"no breakpoint begins with '{what[0].text}'"
                                  f"{known or '; write ' + _listed_forms()}")  # fmt: skip
    if condition is not None and not condition.text:
        raise _At(condition.column, "a condition is missing after 'if'")
    return Breakpoint(
        " ".join(word.written for word in what),
        condition="" if condition is None else " ".join(condition.text.split()), **options,
    )  # fmt: skip


def _split(text: str) -> tuple[list[_Word], _Word | None]:
    """The words before ``if``, and what stands behind it."""
    if len(text) > LONGEST:
        raise _At(LONGEST, f"it is longer than {LONGEST} characters")
    words: list[_Word] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return words, None
        found = _WORD.match(text, at)
        if found is None:
            raise _At(at + 1, "a quote is not closed")
        word = found[0]
        if word == "if" and words:
            rest = text[found.end() :]
            start = found.end() + len(rest) - len(rest.lstrip())
            return words, _Word(rest.strip(), start + 1)
        if word.startswith('"'):
            words.append(_Word(re.sub(r"\\(.)", r"\1", word[1:-1]), at + 1, quoted=True))
        else:
            words.append(_Word(word, at + 1))
        at = found.end()


def _without_options(words: Sequence[_Word]) -> tuple[list[_Word], dict[str, Any]]:
    """What is left without ``core N``, ``ignore N`` and ``once`` at the end, and those."""
    what, options = list(words), dict[str, Any]()
    while len(what) > 1:
        last = what[-1]
        if not last.quoted and last.text == "once":
            options["once"] = True
            del what[-1]
        elif len(what) > 2 and not what[-2].quoted and what[-2].text in {"core", "ignore"}:
            name = what[-2].text
            if not re.fullmatch(r"[0-9]{1,9}", last.text):
                raise _At(last.column, f"'{last.text}' is not a number; write {name} 2")
            options[name] = int(last.text)
            del what[-2:]
        else:
            break
    return what, options


def _made(machine: Machine, words: Sequence[_Word], core: int) -> Trigger:
    form = FORMS[words[0].text]
    if len(words) < 2:
        raise _At(
            words[0].column + len(words[0].text), f"something is missing; the form is: {form.form}"
        )
    try:
        return form.make(machine, words, core)
    except _At:
        raise
    except (ValueError, UserError) as error:
        raise _At(words[1].column, str(error)) from None


def _listed_forms() -> str:
    return "; ".join(form.form for form in FORMS.values())


def _event(words: Sequence[_Word], at: int, known: Sequence[str], default: str, form: str) -> str:
    """The word at a place, one of ``known``; nothing may stand behind it."""
    most = at + bool(known)
    if len(words) > most:
        word = words[most].text
        if word in {*COMPARISONS, *MEANT}:
            raise _At(words[most].column, "a condition stands behind 'if', as in: if core == 0")
        raise _At(words[most].column, f"'{word}' is too much; the form is: {form}")
    if len(words) <= at:
        return default
    if words[at].text not in known:
        hint = suggestion(words[at].text, known) or f"; write {' or '.join(known)}"
        raise _At(words[at].column, f"'{words[at].text}' is not understood{hint}")
    return words[at].text


# -- the kinds ------------------------------------------------------------------------------------


def _access(machine: Machine, words: Sequence[_Word], _core: int) -> Trigger:
    kind = words[0].text
    address = _ADDRESS.fullmatch(words[1].text)
    if address is not None:
        space = PORTS if address[1] else MEMORY
        found = _at_address(machine, space, to_number(address[2]), kind)
    else:
        site, label, mask, shift = _bits(machine, words[1].text)
        found = RegisterTrigger(machine, site, label, kind, mask, shift)
    _event(words, 2, (), "", FORMS[kind].form)
    return found


def _at_address(machine: Machine, space: str, address: int, kind: str) -> Trigger:
    place = f"{space} address {address:#x}" if space == MEMORY else f"port {address:#x}"
    space = machine.met(space, address)
    window = machine.spaces[space].window_at(address) if space in machine.spaces else None
    if window is None:
        raise ValueError(f"nothing answers at {place} of {machine.board_name}")
    if not isinstance(window.target, RegisterFile):
        return MemoryTrigger(machine, space, address, kind)
    file, offset = window.target, address - window.base
    slot = file.slot_at(offset)
    if slot is None:
        raise ValueError(f"no register is at {place} ({window.name})")
    device = next(device for device in machine.devices.values() if file in device.files.values())
    site = RegisterSite(device.name, file.table.name, file, slot, space, address)
    return RegisterTrigger(machine, site, slot.name, kind, (1 << slot.register.width) - 1, 0)


def _bits(machine: Machine, text: str) -> tuple[RegisterSite, str, int, int]:
    """A register or a field of it: where it is, its label, its bits as a mask, and its shift."""
    *fronts, name = text.split("/")
    name, dot, field = name.partition(".")
    site, label = register_and_label(machine, fronts, name)
    if not dot:
        return site, label, (1 << site.slot.register.width) - 1, 0
    _, shift, width = bits_named(site.slot.register, label, field)
    return site, f"{label}.{field}", ((1 << width) - 1) << shift, shift


def _change(machine: Machine, words: Sequence[_Word], _core: int) -> Trigger:
    found = changes.BitsTrigger(machine, *_bits(machine, words[1].text))
    _event(words, 2, (), "", FORMS["change"].form)
    return found


def _interrupt(machine: Machine, words: Sequence[_Word], _core: int) -> Trigger:
    form = FORMS["irq"].form
    known = (happenings.PENDING, happenings.TAKEN, happenings.ENDED)
    asked: InterruptReference | None = None
    if words[1].text != "any":
        asked = interrupt_named(machine, words[1].text)
    event = _event(words, 2, known, happenings.TAKEN, form)
    if event == happenings.PENDING:
        return happenings.InterruptPending(machine, asked)
    if event == happenings.TAKEN:
        return happenings.InterruptTaken(machine, asked)
    return happenings.InterruptEnded(machine, asked)


def _line(machine: Machine, words: Sequence[_Word], _core: int) -> Trigger:
    known = (happenings.RISES, happenings.FALLS)
    name = line_named(machine, words[1].text).name
    edge = _event(words, 2, known, "", FORMS["line"].form)
    return happenings.LineTrigger(machine, name, edge)


def _check_look(machine: Machine, words: Sequence[_Word]) -> None:
    """An image tells nothing of what its kernel does: a breakpoint on that would never be hit."""
    if machine.core.can_rest_anywhere:
        what = f"its {words[0].text}s cannot be seen"
        raise _At(words[0].column, f"an image offers no look inside: {what}; write code SYMBOL")


def _timeout(machine: Machine, words: Sequence[_Word], _core: int) -> Trigger:
    _check_look(machine, words)
    event = _event(words, 2, tuple(happenings.TIMEOUT_EVENTS), "called", FORMS["timeout"].form)
    return happenings.TimeoutTrigger(machine, words[1].text, event)


def _task(machine: Machine, words: Sequence[_Word], _core: int) -> Trigger:
    _check_look(machine, words)
    event = _event(words, 2, tuple(happenings.TASK_EVENTS), "runs", FORMS["task"].form)
    return happenings.TaskTrigger(machine, words[1].text, event)


def _time(machine: Machine, words: Sequence[_Word], _core: int) -> Trigger:
    _event(words, 2, (), "", FORMS["time"].form)
    return happenings.TimeTrigger(machine, parse_duration(words[1].text))


def _console(machine: Machine, words: Sequence[_Word], _core: int) -> Trigger:
    _event(words, 2, (), "", FORMS["console"].form)
    if not words[1].text:
        raise ValueError("the text is empty")
    return happenings.ConsoleTrigger(machine, words[1].text)


def _code(machine: Machine, words: Sequence[_Word], _core: int) -> Trigger:
    _event(words, 2, (), "", FORMS["code"].form)
    if machine.core.can_rest_anywhere:
        from kerneltui.debugger.breakpoints.machine_code import AddressTrigger

        return AddressTrigger(machine, words[1].text)
    file, colon, line = words[1].text.rpartition(":")
    if colon and line.isdecimal():
        source_file_named(machine, file, int(line))
        return changes.CodeTrigger(machine, file=file, line=int(line))
    function_named(machine, words[1].text)
    return changes.CodeTrigger(machine, function=words[1].text)


def _gate(machine: Machine, words: Sequence[_Word], core: int) -> Trigger:
    form = FORMS["gate"].form
    if len(words) < 5 or (words[2].text, words[3].text) != ("of", "irq"):
        raise _At(words[0].column, f"the form is: {form}")
    turn = _event(words, 5, (changes.OPENS, changes.SHUTS), "", form)
    interrupt = interrupt_named(machine, words[4].text)
    return changes.GateTrigger(machine, interrupt, words[1].text, turn, core)


FORMS = {
    WRITE: _Form("write REGISTER", (
        "write GICC_EOIR if value == 30", "write INIT_COUNT", "write CNTP_CTL_EL0 if ENABLE == 0",
    ), _access),
    READ: _Form("read REGISTER", ("read GICC_IAR", "read RBR", "read UARTDR"), _access),
    ACCESS: _Form("access REGISTER", ("access UARTDR once", "access port:0x3f8 once"), _access),
    "change": _Form(
        "change REGISTER.FIELD", ("change CNTP_CTL_EL0.IMASK", "change LVT_TIMER.MASK"), _change
    ),
    "irq": _Form("irq N|any pending|taken|ended", (
        "irq 30 taken core 0", "irq vector:0xec taken", "irq local:1 taken core 0",
    ), _interrupt),
    "line": _Form("line NAME rises|falls", ("line uart0.irq rises",), _line),
    "timeout": _Form("timeout NAME set|called|done", ('timeout "Once 5"',), _timeout),
    "task": _Form("task NAME runs|woken", ("task blink woken",), _task),
    "time": _Form("time 1.5s", ("time 1.5s",), _time),
    "console": _Form('console "TEXT"', ('console "Once 5"',), _console),
    "code": _Form("code FUNCTION or code FILE:LINE", ("code TimeManager.handle",), _code),
    "gate": _Form('gate "OWNER/NAME" of irq N opens|shuts', (
        'gate "gic/enabled" of irq 30 shuts', 'gate "lapic/let through" of irq vector:0xec shuts',
        'gate "timer/enabled" of irq local:1 shuts',
    ), _gate),
}  # fmt: skip
"""By the first word."""
OPTIONS = {
    "core N": ("counts only what happens on that core", "irq any taken core 1"),
    "ignore N": ("passes over the first N hits of each run", "irq any taken ignore 5"),
    "once": ("deletes the breakpoint when it has been hit", "line uart0.irq rises once"),
    "if CONDITION": ("counts only where that holds", "irq any taken if depth > 1"),
}
"""What may stand behind each form, in this order: what it does, and an example."""
