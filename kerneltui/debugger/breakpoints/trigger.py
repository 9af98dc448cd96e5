"""What a breakpoint listens to in a machine: the base of all kinds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple, Protocol

from kerneltui.debugger.marks import Mark
from kerneltui.debugger.references import Reference
from kerneltui.debugger.register_names import RegisterSite
from kerneltui.debugger.watch import Address
from kerneltui.hw.device import InterruptController
from kerneltui.hw.line import Line
from kerneltui.machine.core import Core
from kerneltui.machine.kernel_image import SourceFrame
from kerneltui.machine.machine import Machine


class Moved(NamedTuple):
    """What was read or written, or has changed."""

    value: int
    old: int | None = None
    """before; None where that does not matter"""
    stored: int | None = None
    """of a store: what it brought for the whole register"""
    loaded: int | None = None
    """of a load: what the whole register showed to it"""


class HitSink(Protocol):
    """Takes what has happened."""

    def __call__(
        self,
        text: str,
        core: int | None = None,
        moved: Moved | None = None,
        place: SourceFrame | None = None,
    ) -> None:
        """``text`` is a clause with its verb; ``core`` is where it was, None where on none."""


class Trigger:
    """One kind of happening on one machine.  Subclasses override what they want to be told of."""

    reference: Reference | None = None
    """what it is about, for whoever shows a hit"""
    subject: RegisterSite | None = None
    """the register that it is about: fields in a condition are its fields"""
    offers: frozenset[str] = frozenset()
    """``value`` and ``old``, where a condition can ask for them"""
    needs_marks: ClassVar[bool] = False
    """it is told of what means something: :meth:`mark`"""
    is_asked: bool = False
    """it is asked whenever something may have changed: :meth:`look`"""
    has_doer: ClassVar[bool] = False
    """what is seen by looking is an instruction's doing, if one was under way"""
    is_asked_always: ClassVar[bool] = False
    """even before each instruction"""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.tell: HitSink = _nobody

    @property
    def places(self) -> frozenset[Address] | None:
        """Where the machine does not access any of these, it does not happen; None: not known."""
        return None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Between these it hears what it has to be hooked up for."""
        yield

    def begin(self) -> None:
        """The machine stands where a command begins: only what comes after that happens."""

    def due_ns(self) -> int | None:
        """Up to when (virtual time) the machine may run at most."""
        return None

    def arrived(self) -> None:
        """The machine has come to that time."""

    def before(self, target: int, cpu: int) -> None:
        """A core's instruction, or a poke, stores to an address next: one of :attr:`places`."""

    def look(self, core: Core) -> None:
        """``core`` is halted before its next instruction, and something may have changed."""

    def executed(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :meth:`~kerneltui.machine.core.Observer.instruction`."""

    def mark(self, mark: Mark) -> None:
        """Something that means something has happened."""

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """See :meth:`~kerneltui.machine.core.Observer.exception`."""

    def tracepoint(self, core: Core, name: str, facts: dict[str, Any]) -> None:
        """See :meth:`~kerneltui.machine.core.Observer.tracepoint`."""

    def line(self, line: Line) -> None:
        """A wire's level has changed."""

    def pending(self, controller: InterruptController, number: int, cpu: int) -> None:
        """An interrupt without a wire has become pending."""

    def sent(self, byte: int) -> None:
        """The board has sent a character."""


def _nobody(
    text: str, core: int | None = None, moved: Moved | None = None,
    place: SourceFrame | None = None,
) -> None:  # fmt: skip
    """Nobody wants to know."""


def overriding(triggers: Sequence[Trigger], method: str) -> list[Trigger]:
    """Those that want to be told of something."""
    base = getattr(Trigger, method)
    return [trigger for trigger in triggers if getattr(type(trigger), method) is not base]
