"""Goals: whether a student has reached what a step of a lesson asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from kerneltui.debugger.breakpoints.condition import Condition, compile_condition
from kerneltui.debugger.breakpoints.condition_names import ConditionNames, Event, NamedReading
from kerneltui.debugger.references import Reference
from kerneltui.debugger.session import Session
from kerneltui.debugger.views.timeouts import STRUCTURES
from kerneltui.errors import UserError, suggestion
from kerneltui.lessons.names import Baseline, quantities
from kerneltui.lessons.pointing_at import pointed
from kerneltui.lessons.spec import GoalSpec
from kerneltui.machine.machine import Machine

CONSOLE_BYTES = 4_000
"""The last so many bytes of the console are looked through."""


class Hands(NamedTuple):
    """What a student does beside running the machine."""

    commands: Mapping[str, Collection[Reference | None]] = {}
    """used since the step began, by their names, and what the cursor was on then"""
    panel: str = ""
    """the key of the one in front"""
    cursor: Reference | None = None
    """what it is on"""


class Goal:
    """One goal, from the moment on at which its step began."""

    def __init__(self, session: Session, spec: GoalSpec, begin: Baseline) -> None:
        """Raises :class:`UserError` for a condition or a thing that makes no sense there."""
        self._session = session
        self._spec = spec
        self._begin = begin
        self._condition: Condition | None = None
        self._machine: Machine | None = None
        if spec.when:
            self._compile()
        if spec.on:
            pointed(session, spec.on)
        if spec.queue and spec.queue not in STRUCTURES:
            known = suggestion(spec.queue, STRUCTURES)
            raise UserError(f"there is no structure '{spec.queue}' of the queue{known}")

    def _compile(self) -> Condition:
        """Anew where the machine has been made anew."""
        machine = self._session.machine
        if self._condition is None or self._machine is not machine:
            try:
                self._condition = compile_condition(
                    self._spec.when, machine, values=(),
                    quantities=quantities(self._session, self._begin),
                )  # fmt: skip
            except ValueError as error:
                raise UserError(str(error)) from None
            self._machine = machine
        return self._condition

    def is_met(self, hands: Hands) -> bool:
        """Whether all that is asked for holds now."""
        spec, session = self._spec, self._session
        if spec.command and spec.command not in hands.commands:
            return False
        if spec.panel and spec.panel != hands.panel:
            return False
        if spec.console and spec.console.encode() not in self._sent():
            return False
        if spec.on and not self._has_been_on(hands):
            return False
        if spec.driver and not session.setup.drivers:
            return False
        if spec.queue and spec.queue != session.inspector.queue_structure():
            return False
        return not spec.when or self._compile().holds(Event(session.focus))

    def _sent(self) -> bytes:
        """What the board has sent since the step began."""
        console = self._session.recorder.console
        new = min(max(console.total - self._begin.console, 0), CONSOLE_BYTES)
        return console.before(console.total, new)

    def _has_been_on(self, hands: Hands) -> bool:
        """Whether the cursor is there; where a command is asked for, whether it was used there."""
        try:
            wanted = pointed(self._session, self._spec.on).reference
        except UserError:
            return False  # a timeout that is not in the queue now
        places = hands.commands[self._spec.command] if self._spec.command else [hands.cursor]
        return any(wanted in {place, getattr(place, "register", None)} for place in places)


def read_value(session: Session, word: str, begin: Baseline) -> int:
    """What a register, a field or a name of conditions holds.  Raises :class:`UserError`."""
    return _named(session, word, begin).reading(Event(session.focus))


def width_of(session: Session, word: str, begin: Baseline) -> int | None:
    """How many bits a register or a field has; None for a name.  Raises :class:`UserError`."""
    return _named(session, word, begin).width


def _named(session: Session, word: str, begin: Baseline) -> NamedReading:
    names = ConditionNames(session.machine, None, (), quantities(session, begin))
    try:
        return names.find(word)
    except ValueError as error:
        raise UserError(str(error)) from None
