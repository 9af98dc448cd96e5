"""Priority of IRQs: which of several pending interrupts comes first, and which interrupts which.

Three software interrupts of the core are raised in three acts, a second apart: together, while
interrupts are masked; by handlers that let interrupts in; and while some are held back by their
priority.  Each handler says when it begins, what it raises and when it ends, indented by how many
of them are under way.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar, NamedTuple

from kerneltui.kernel.irq import Irq, IrqHandler, KernelError
from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks

INTERVAL_NS = 1_000_000_000
HELD_NS = 500_000_000


class Act(NamedTuple):
    """``raised`` are the interrupts that its timeout raises, in whose handler all are masked."""

    title: str
    raised: tuple[str, ...]
    lets_in: bool = False
    """whether handlers let interrupts in, and raise what :data:`RAISED_BY_HANDLERS` says"""
    held_back: str = ""
    """interrupts up to this one's priority are held back for half a second"""


ALL = ("middle", "low", "high")
ACTS = (
    Act("all at once, interrupts masked", ALL),
    Act("handlers let interrupts in", ("low",), lets_in=True),
    Act("middle and below held back", ALL, held_back="middle"),
)
RAISED_BY_HANDLERS = {"low": ("high", "middle"), "high": ("low",)}
"""By each when it runs for the first time."""


class PriorityOfIrqs(TimerCallbacks):
    """Plays the acts, without the last where the hardware has no priorities."""

    priorities: ClassVar = {"low": 4, "middle": 8, "high": 12}
    """as :class:`kerneltui.kernel.platform.CoreInterrupts` has them"""

    def boot(self) -> None:
        """As ever; then the interrupts get their handlers, and each act its timeout."""
        super().boot()
        self.irqs: dict[str, Irq] = {}
        self.act = ACTS[0]
        self.under_way = 0
        """handlers of these interrupts"""
        self.to_raise: dict[str, tuple[str, ...]] = {}
        """by handlers, in this act"""
        try:
            self.interrupts = self.platform.core_support(0, self.cpu).interrupts
        except KernelError as error:
            self.console.warn(f"No software interrupts: {error}")
            return
        self._register_handlers()
        for number in range(1, len(ACTS) + 1):
            play = partial(self._play, number)
            self.time_manager.set_timeout_once(number * INTERVAL_NS, play, f"act {number}")

    def _register_handlers(self) -> None:
        for number, (name, priority) in enumerate(self.priorities.items()):
            irq = self.interrupts.software_irq(number, priority)
            handle = partial(self._handle, name)
            self.interrupts.register_handler(IrqHandler(irq, f"Software interrupt {name}", handle))
            self.interrupts.enable(irq)
            self.irqs[name] = irq

    def _play(self, number: int) -> None:
        """The timeout of an act."""
        act = ACTS[number - 1]
        if act.held_back and not self.interrupts.has_priorities:
            self.console.info(f"No act {number}: this interrupt controller has no priorities")
            return
        self.act = act
        self.to_raise = dict(RAISED_BY_HANDLERS)
        self.console.info(f"Act {number}: {act.title}")
        if act.held_back:
            self.interrupts.hold_back(self.priorities[act.held_back])
            self.time_manager.set_timeout_once(HELD_NS, self._let_through, "let through")
        for name in act.raised:
            self._raise("timeout", name)

    def _let_through(self) -> None:
        self.console.info("All let through again")
        self.interrupts.hold_back(0)

    def _handle(self, name: str) -> None:
        """The handler: it begins and ends with interrupts masked."""
        self.under_way += 1
        self._say(f"{name} begins")
        if self.act.lets_in:
            self.arch.enable_irqs()
            for other in self.to_raise.pop(name, ()):
                self._raise(name, other)
            self.arch.disable_irqs()
        self._say(f"{name} ends")
        self.under_way -= 1

    def _raise(self, who: str, name: str) -> None:
        self._say(f"{who} raises {name}")
        self.interrupts.raise_software_irq(self.irqs[name])

    def _say(self, text: str) -> None:
        self.console.info(f"{'   ' * self.under_way}{text}")
