"""What comes next after each meaningful step, in a sentence, as far as the state tells it."""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.debugger.marks import SYSCALL, Mark, StepKind
from kerneltui.debugger.origins import CALL, SERIAL, TIMER, asks_by_level
from kerneltui.debugger.roles import Roles
from kerneltui.debugger.story_facts import StoryFacts, takes_next, when_taken
from kerneltui.hw.register import Role
from kerneltui.machine.core import Core, CoreState
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.machine.machine import Machine

_ALWAYS = {
    StepKind.DUE: "The timer asks for an interrupt.",
    StepKind.LINE: "The controller notes it.",
    StepKind.CALLED: "The kernel looks the call up in its table.",
    StepKind.FAULT: "The kernel looks what has happened.",
    StepKind.RECEIVED: "The kernel uses the character: it sends it back, or the shell gets it.",
    StepKind.ECHOED: "The handler looks for more characters, and then ends the interrupt.",
    StepKind.EXPIRED: "Its callback runs.",
    StepKind.WOKEN: "The task runs when its turn comes.",
    StepKind.SWITCHED: "The task runs.",
    StepKind.ENTERED: "The kernel does what the call asks for.",
    StepKind.SERVED: "The core returns to the task.",
    StepKind.PASSED: "The kernel goes on.",
    StepKind.ENDED: "The core returns to what it did before.",
    StepKind.UNENDED: "The core returns all the same.",
}


class Upcoming:
    """Of one machine; looking changes nothing."""

    def __init__(self, machine: Machine, facts: StoryFacts, roles: Roles) -> None:
        self._machine = machine
        self._facts = facts
        self._roles = roles

    def told(self, mark: Mark, core: Core) -> str:
        """The sentence."""
        always = _ALWAYS.get(mark.kind)
        if always is not None:
            return always
        by_state: Callable[[Mark, Core], str] = getattr(self, f"_{mark.kind.value}")
        return by_state(mark, core)

    def following(self, core: Core) -> str:
        """What comes next on a core, whatever it has come to last."""
        if takes_next(core):
            first = self._facts.most_urgent(core.index)
            what = "the interrupt" if first is None else first.label
            return f"Core {core.index} takes {what} {when_taken(core)}."
        if core.state is CoreState.HALTED:
            return "Nothing: this core has stopped for good."
        if core.depth:
            return "The handler goes on."
        if core.inputs and core.state is not CoreState.OFF:
            return (
                f"An interrupt asks already: core {core.index} takes it when interrupts are open."
            )
        if core.is_asleep:
            return self._wakes(core)
        return f"Core {core.index} goes on with its next instruction."

    def _asleep(self, mark: Mark, core: Core) -> str:
        del mark
        return self.following(core)

    def _wakes(self, core: Core) -> str:
        timer = self._facts.next_timer(core.index)
        if timer is None and self._facts.head() is None:
            timer = self._facts.first_timer(core.index)
        kept = self._facts.kept_out(core.index)
        if timer is None and kept is not None and kept.in_ns is None:
            return "What keeps the timer's interrupt out changes, or a device asks."
        if timer is None:
            return "Something asks for an interrupt."
        if timer.counts_down:
            how = "to 0, its output falls and rises" if timer.dips_ns else "down to 0"
            return f"{timer.name} counts {how}, or a device asks."
        return f"The counter reaches {timer.name} ({timer.compare}), or a device asks."

    def _sent(self, mark: Mark, core: Core) -> str:
        del core
        if mark.origin is None:
            return "The kernel goes on."
        return "The controller passes it on to the core that it is for."

    def _arrived(self, mark: Mark, core: Core) -> str:
        del mark, core
        if self._facts.serial_line_is_high():
            return "The line of the UART is high already, so it cannot rise for this one."
        if self._facts.serial_line_is_polled():
            return "No interrupt is enabled at the UART: it waits until software looks."
        return "The UART raises its line when enough characters wait, or no more come."

    def _pending(self, mark: Mark, core: Core) -> str:
        assert mark.origin is not None
        held = self._facts.held_back(mark.origin, core.index)
        if held is None:
            return f"Core {core.index} takes the interrupt."
        first = self._facts.most_urgent(core.index)
        is_masked = core.masks()[1]
        if core.inputs and is_masked:
            return f"Core {core.index} takes the interrupt as soon as interrupts are open."
        if core.inputs and first is not None and first != mark.origin:
            return f"Core {core.index} takes {first.label} first: that is more urgent."
        return "The interrupt waits until that changes."

    def _taken(self, mark: Mark, core: Core) -> str:
        del core
        if INSTRUCTIONS[mark.exception].is_vectored:
            return "The vector tells which interrupt it is."
        controllers = self._machine.controllers
        found = (
            self._roles.register_for(name, Role.ACKNOWLEDGE, Role.IDENTIFY) for name in controllers
        )
        register = next((name for name in found if name), "")
        asks = f" (reads {register})" if register else ""
        return f"The handler asks which interrupt it is{asks}."

    def _who(self, mark: Mark, core: Core) -> str:
        if mark.origin is None:
            return "The handler has nothing to do."
        meaning = mark.meaning
        if meaning is not None and meaning.device != mark.origin.controller:
            return f"The handler asks the controller before that one ({mark.origin.controller})."
        if mark.course == TIMER and not asks_by_level(self._machine, mark.origin, core.index):
            return "The handler has nothing to quiet."
        return {
            CALL: f"The handler does what {self._sender(mark, core)} wants done.",
            SERIAL: "The handler quiets the UART and takes the characters.",
        }.get(mark.course, "The handler quiets the source.")

    def _sender(self, mark: Mark, core: Core) -> str:
        """Who has made the interrupt by software; on a PC its vector does not say it."""
        origin = mark.origin
        if origin is None or mark.meaning is None:
            return "the sender"
        controller = self._machine.controllers[origin.controller]
        sender = controller.sender(origin.number, mark.numbers[1])
        if sender is None:
            return "the sender"
        return "this core itself" if sender == core.index else f"core {sender}"

    def _quiet(self, mark: Mark, core: Core) -> str:
        del core
        head = self._facts.head()
        due = "The kernel takes the timeout that is due out of its queue."
        if head is None or head.in_ns > 0:  # a tick, or a line that a poke has raised
            due = "The kernel looks for timeouts that are due."
        return {
            TIMER: due,
            SERIAL: "The handler takes the character.",
        }.get(mark.course, "The handler does its work and ends the interrupt.")

    def _callback(self, mark: Mark, core: Core) -> str:
        del core
        if any(item.period_ns or not item.handling for item in self._facts.timeouts()):
            return "The kernel arms the timer for what is due next."
        return "No timeout is left: the timer stays off." if mark.depth else "No timeout is left."

    def _armed(self, mark: Mark, core: Core) -> str:
        if mark.course == SYSCALL:
            return "The call gives its result."
        for item in self._facts.comparators(
            core.index, mark.meaning.device if mark.meaning else ""
        ):
            register = mark.meaning.register if mark.meaning is not None else ""
            if mark.kind is StepKind.ARMED and not item.enabled and item.name == register:
                if mark.depth:
                    return "The handler switches the timer on again, and ends the interrupt."
                return "The kernel switches the timer on."
        return "The handler ends the interrupt." if mark.depth else "The kernel goes on."

    def _returned(self, mark: Mark, core: Core) -> str:
        if core.inputs and not core.masks()[1]:
            first = self._facts.most_urgent(core.index)
            what = "another interrupt" if first is None else first.label
            return f"{what[0].upper()}{what[1:]} waits: core {core.index} takes it at once."
        if mark.depth > 1:
            return "The handler that was interrupted goes on."
        return f"Core {core.index} goes on with what it did before."

    def _disarmed(self, mark: Mark, core: Core) -> str:
        return self._armed(mark, core)
