"""What happened, each kind of step in a plain sentence of its own, and what a core does now.

What happened is a :class:`~kerneltui.debugger.marks.Mark`; all numbers in its sentence are those of
that event, as the trace has them.  The machine halts a little later, where the instruction is over:
states (a line is low, interrupts are open) are looked up there.  No chip and no board is known
here: registers tell their roles, instructions their words, and controllers their conditions.
"""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.debugger.marks import Mark, StepKind
from kerneltui.debugger.origins import SERIAL, asks_by_level
from kerneltui.debugger.roles import Roles
from kerneltui.debugger.story_facts import StoryFacts, level_left, takes_next
from kerneltui.debugger.waking import what_wakes
from kerneltui.hw.register import Role
from kerneltui.kernel.arch.cpu import signed
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.core import Core, CoreState
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.machine.machine import Machine
from kerneltui.units import format_duration

NS_PER_S = 1_000_000_000
BIGGEST_BITS = 0xFFFF
"""What is written to a timer is a count where it is bigger, and else may be a few bits."""
JUST_NS = 2_000
"""A timer whose time came longer ago could not ask before."""


class Sentences:
    """About one machine, as it stands now; looking changes nothing."""

    def __init__(
        self,
        machine: Machine,
        inspector: Callable[[], Inspector],
        facts: StoryFacts,
        roles: Roles,
    ) -> None:
        """``inspector()`` is what the kernel lets one see now."""
        self._machine = machine
        self._inspector = inspector
        self._facts = facts
        self._roles = roles
        self._words: dict[StepKind, Callable[[Mark, Core], str]] = {
            kind: getattr(self, f"_{kind.value}") for kind in StepKind
        }

    def told(self, mark: Mark, core: Core) -> str:
        """What happened, and why."""
        return self._words[mark.kind](mark, core)

    def state(self, index: int) -> str:
        """What a core does now, in a sentence or two."""
        core = self._machine.cores[index]
        if core.state is CoreState.OFF:
            return f"Core {index} is off: nobody has started it."
        if core.state is CoreState.HALTED:
            return f"Core {index} has halted: {core.halt_reason}."
        if core.state is CoreState.WAITING:
            return f"Core {index} sleeps. {what_wakes(self._facts, core)}"
        if core.depth:
            return f"Core {index} handles an exception, {core.depth} deep."
        return f"Core {index} runs, and no exception is in progress."

    def asks_on(self, mark: Mark) -> bool:
        """Whether the source of an interrupt goes on asking: its line is high, and that counts."""
        origin = mark.origin
        return (
            origin is not None
            and asks_by_level(self._machine, origin, mark.core)
            and bool(self._high_lines(mark))
        )

    def _high_lines(self, mark: Mark) -> list[str]:
        """The wired lines of the interrupting device that are high."""
        device = self._machine.devices.get(mark.origin.device if mark.origin is not None else "")
        if device is None:
            return []
        lines = (line for lines in device.outputs.values() for line in lines)
        return [line.name for line in lines if line.level and line.name in self._machine.wiring]

    def _handler(self, mark: Mark) -> str:
        """The name of who handles an interrupt."""
        origin, known = mark.origin, INSTRUCTIONS.get(mark.exception)
        numbers = set() if origin is None else {(origin.numbering, origin.number)}
        if known is not None and known.is_vectored and mark.kind is StepKind.WHO:
            numbers.add(("vector", mark.numbers[0]))
        for handler in self._inspector().irq_handlers(mark.core):
            if (handler.irq.domain, handler.irq.number) in numbers:
                return handler.name
        return ""

    def _title_of(self, device: str) -> str:
        found = self._machine.devices.get(device)
        return device if found is None else f"{found.TABLES[0].title} ({device})"

    # -- before the core notices ------------------------------------------------------------------

    def _asleep(self, mark: Mark, core: Core) -> str:
        if core.state is CoreState.RUNNING:
            return self._kept_awake(mark.exception.upper(), core)
        said = f"Core {core.index} {INSTRUCTIONS[mark.exception].explained(0, 0, '')}."
        return f"{said} {what_wakes(self._facts, core, self._ago_ns(mark))}"

    def _ago_ns(self, mark: Mark) -> int:
        """How much later than an event the machine has halted: what is ahead was so much more."""
        return self._machine.now - mark.at_ns

    def _kept_awake(self, wait: str, core: Core) -> str:
        if not core.inputs:
            return f"{wait} is over at once: what core {core.index} waits for has come already."
        first = self._facts.most_urgent(core.index)
        what = "an interrupt" if first is None else first.label
        said = f"{wait} is over at once, as {what} asks already"
        if takes_next(core):
            return f"{said}."
        why = "interrupts are masked" if core.masks()[1] else "something keeps it out"
        return f"{said}; but {why}, so core {core.index} does not take it."

    def _due(self, mark: Mark, core: Core) -> str:
        assert mark.origin is not None
        armed = self._facts.armed()
        is_due = armed is not None and armed.in_ns + self._ago_ns(mark) <= 0
        whose = f"the time for '{armed.name}' has come" if armed and is_due else "its time has come"
        for item in mark.timers:
            if item.enabled and item.met:
                if item.counts_down:
                    return f"{item.name} has counted down to {item.counter}: {whose}."
                if item.compare > item.counter:
                    return (
                        f"The counter has come to {item.counter}, where {item.name} stood: "
                        f"{whose}. It stands at {item.compare} now, for the next time."
                    )
                ago_ns = (item.counter - item.compare) * NS_PER_S // item.hz
                if ago_ns > JUST_NS:
                    return (
                        f"The counter reached {item.compare}, which is in {item.name}, "
                        f"{format_duration(ago_ns)} ago; only now can the timer ask."
                    )
                return (f"The counter, {item.counter}, has reached {item.name}, {item.compare}: "
                        f"{whose}.")  # fmt: skip
        return f"The {self._title_of(mark.origin.device)} has run out: {whose}."

    def _arrived(self, mark: Mark, core: Core) -> str:
        del core
        char = chr(mark.numbers[1])
        return f"The character {char!a} arrives on the serial line: {mark.text} typed it."

    def _sent(self, mark: Mark, core: Core) -> str:
        if mark.origin is None:
            return (f"Core {core.index} sends a message: {self._access(mark)}. No interrupt comes "
                    "of it: such a message resets a core or starts it.")  # fmt: skip
        said = f"Core {core.index} makes an interrupt by software: {self._access(mark)}."
        rung = [item.index for item in self._machine.cores if item.inputs]
        if not rung:
            return said
        cores = " and ".join(f"core {index}" for index in rung)
        return f"{said} The interrupt input of {cores} is high."

    def _line(self, mark: Mark, core: Core) -> str:
        del core
        assert mark.origin is not None
        if not mark.line:
            return (f"The timer is a part of the controller ({mark.origin.device}). It needs no "
                    f"wire: it asks for {mark.origin.label} itself.")  # fmt: skip
        device = self._title_of(mark.origin.device)
        poked = f": a poke by {mark.text} drives it" if mark.text else ""
        said = f"Line {mark.line} of the {device} rises{poked}."
        dip_ns = 0 if poked else self._facts.dip_ns(mark.line)
        if dip_ns:
            said += f" It is high as a rule, and was low for one clock, {format_duration(dip_ns)}."
        return f"{said} It leads {self._ends(mark.line)}."

    def _ends(self, line: str) -> str:
        """``to 'gic ppi 14'``; ``through the hpet to 'pic irq 0'`` where that passes it on."""
        ends, passed = [], []
        for end in self._machine.wiring.get(line, []):
            name, _, pin = end.partition(" ")
            device = self._machine.devices.get(name)
            onward = [] if device is None else [
                further.name for output, (further, *_) in device.outputs.items()
                if device.passes_on(output) == pin
            ]  # fmt: skip
            passed += [f"through the {name} "] * bool(onward)
            ends += [last for item in onward for last in self._machine.wiring.get(item, [])] or [
                end
            ]
        return "".join(passed) + "to " + " and ".join(f"'{end}'" for end in ends)

    def _pending(self, mark: Mark, core: Core) -> str:
        origin = mark.origin
        assert origin is not None
        part = self._machine.controllers[origin.controller].part(origin.number)
        said = f"The {part} ({origin.controller}) notes {origin.label}."
        held = self._facts.held_back(origin, core.index)
        if held is None:
            return (
                f"{said} Nothing holds it back: the interrupt input of core {core.index} is high."
            )
        station, shut = held
        where = "" if station.owner == origin.controller else f", at {station.owner}"
        return (f"{said} It gets no farther{where}: '{shut.name}' does not hold. "
                f"That needs {shut.needs}.")  # fmt: skip

    # -- the core ---------------------------------------------------------------------------------

    def _taken(self, mark: Mark, core: Core) -> str:
        story = self._entry(mark, core)
        by = "" if mark.origin is None or mark.is_turn else f", by {mark.origin.label},"
        return f"The input was high{by} and interrupts were open. Core {core.index} {story}."

    def _called(self, mark: Mark, core: Core) -> str:
        story = self._entry(mark, core)
        return f"A task asks the kernel for {self._call(core)}. Core {core.index} {story}."

    def _call(self, core: Core) -> str:
        from kerneltui.kernel.syscalls import described  # programs without calls do not wait for it

        held = (signed(core.registers.get(name, 0)) for name in core.CALL_REGISTERS)
        number, *arguments = held
        return described(number, arguments)

    def _fault(self, mark: Mark, core: Core) -> str:
        return f"{core.why_synchronous()} Core {core.index} {self._entry(mark, core)}."

    def _entry(self, mark: Mark, core: Core) -> str:
        """How a core has just taken an exception."""
        known = INSTRUCTIONS[mark.exception]
        return known.explained(*mark.numbers, "", core.privilege())

    def _returned(self, mark: Mark, core: Core) -> str:
        level = level_left(core, *mark.numbers)
        story = INSTRUCTIONS[mark.text].explained(*mark.numbers, "", level)
        masked = core.masks()[1]
        state = "masked still" if masked else "open again"
        return f"Core {core.index} {story}. Interrupts are {state}."

    # -- the handler ------------------------------------------------------------------------------

    def _access(self, mark: Mark) -> str:
        """``it writes 0x4 to CNTP_CTL_EL0``, ``it reads 0x1e from GICC_IAR``."""
        meaning = mark.meaning
        assert meaning is not None
        value = hex(mark.numbers[1])
        if meaning.is_store:
            decided = f" ({meaning.decided})" if meaning.decided else ""
            return f"it writes {value} to {meaning.register}{decided}"
        return f"it reads {value} from {meaning.register}"

    def _who(self, mark: Mark, core: Core) -> str:
        del core
        name = self._handler(mark)
        handler = f" Its handler is '{name}'." if name else ""
        if mark.by_itself:
            return f"Nobody has to ask: vector {mark.numbers[0]:#04x} says which it is.{handler}"
        assert mark.meaning is not None
        label = mark.origin.label if mark.origin is not None else "nobody: nothing is pending now"
        asked = f"The handler asks the controller: {self._access(mark)}."
        if mark.origin is not None and mark.meaning.device != mark.origin.controller:
            return f"{asked} That is the other controller, {mark.origin.controller}."
        said = f"{asked} That is {label}."
        if mark.meaning.role is Role.ACKNOWLEDGE and mark.origin is not None:
            return f"{said} The read acknowledges it: it is active now.{handler}"
        return said + handler

    def _quiet(self, mark: Mark, core: Core) -> str:
        del core
        high = self._high_lines(mark)
        state = f"{' and '.join(high)} is still high" if high else "its line is low"
        if mark.origin is not None and not mark.origin.device:
            state = "nobody asks any more"
        if mark.meaning is not None:
            return f"The handler quiets the source: {self._access(mark)}. Now {state}."
        if (
            mark.origin is None
            or not mark.origin.device
            or mark.origin.device == mark.origin.controller
        ):
            return "Nothing has to be quieted: this interrupt has no line that stays high."
        if not high:
            return f"Nothing more has to be quieted: {state}."
        if not self.asks_on(mark):
            is_serial = mark.course == SERIAL
            said = "All characters are to be taken" if is_serial else "Nothing has to be quieted"
            return (f"{said}: {state}, but the controller takes the edge. It "
                    "asks again when the line has been low and rises.")  # fmt: skip
        if mark.course == SERIAL:
            return f"The characters themselves are to be taken: until then {state}."
        return f"The handler has not quieted the source: {state}, so it asks again at once."

    def _received(self, mark: Mark, core: Core) -> str:
        del core
        assert mark.meaning is not None
        char = chr(mark.numbers[1] & 0xFF)
        return f"The handler takes {char!a} out of the receiver (reads {mark.meaning.register})."

    def _echoed(self, mark: Mark, core: Core) -> str:
        del core
        assert mark.meaning is not None
        char = chr(mark.numbers[1] & 0xFF)
        return f"The handler sends {char!a} to the screen (writes {mark.meaning.register})."

    def _ended(self, mark: Mark, core: Core) -> str:
        if mark.by_itself:
            return ("Nothing has to be ended: this controller forgets an interrupt as soon as its "
                    "source is quiet.")  # fmt: skip
        told = f"The handler tells the controller that it is done: {self._access(mark)}."
        left = None if mark.origin is None else self._facts.not_ended(mark.origin, core.index)
        if left is not None:
            return f"{told} The next one may not come yet: that needs {left.needs}."
        return f"{told} The next one may come."

    def _unended(self, mark: Mark, core: Core) -> str:
        del core
        assert mark.origin is not None
        registers = (self._roles.register_for(name, Role.END) for name in self._machine.controllers)
        register = next((name for name in registers if name), "")
        return (f"The handler is over, but it has not told the controller: it has not written "
                f"{register}. So {mark.origin.label} stays active: neither it nor what is less "
                "urgent comes again.")  # fmt: skip

    # -- the kernel -------------------------------------------------------------------------------

    def _expired(self, mark: Mark, core: Core) -> str:
        del core
        name = mark.told["name"]
        said = f"The kernel takes '{name}' out of the timeout queue"
        taken = next((item for item in self._facts.timeouts() if item.handling), None)
        if taken is None:
            return f"{said}."
        late_ns = -self._ago_ns(mark) - taken.in_ns
        side = "after" if late_ns >= 0 else "before"
        said += f", {format_duration(abs(late_ns))} {side} it was due."
        if taken.period_ns is None:
            return f"{said} It is due once, so it is gone now."
        return f"{said} It is due every {format_duration(taken.period_ns)}, so it will come back."

    def _callback(self, mark: Mark, core: Core) -> str:
        del core
        printed = mark.text.strip()
        said = f"The callback of '{mark.told['name']}' has run."
        if not printed:
            return f"{said} It printed nothing."
        *_, last = printed.splitlines()
        return f'{said} It printed "{last.strip()}".'

    def _woken(self, mark: Mark, core: Core) -> str:
        del core
        return f"Task '{mark.told['name']}' may run again: the kernel puts it into the run queue."

    def _switched(self, mark: Mark, core: Core) -> str:
        told = mark.told
        return f"Core {core.index} goes on with '{told['next']}' in place of '{told['prev']}'."

    def _armed_for(self, mark: Mark, core: Core) -> str:
        ago_ns = self._ago_ns(mark)
        head = self._facts.head()
        if core.index:  # the queue is served by core 0; others time their tasks' quanta
            return f"The timer of core {core.index} is set, for this core alone"
        if head is None:
            return "The timer is set"
        in_ns = head.in_ns + ago_ns
        when = (f"due in {format_duration(in_ns)}" if in_ns >= 0
                else f"due {format_duration(-in_ns)} ago")  # fmt: skip
        register = "" if mark.meaning is None else mark.meaning.register
        half_set = any(
            item.in_ns is None and item.counts_down and item.name == register
            for item in self._facts.comparators(core.index)
        )
        timer = self._facts.next_timer(core.index)
        comes = None if timer is None else timer.in_ns
        if half_set or (comes is not None and comes < head.in_ns - JUST_NS):
            ahead = "" if comes is None else f" for a time {format_duration(comes + ago_ns)} ahead"
            return f"The timer is set{ahead}; the head of the queue, '{head.name}', is {when}"
        return f"The timer is set for the head of the queue, '{head.name}', {when}"

    def _armed(self, mark: Mark, core: Core) -> str:
        written = mark.numbers[1]
        also = f" ({written})" if written > BIGGEST_BITS else ""
        if not written and (whole := self._facts.zero_stands_for(mark.meaning, core.index)):
            also = f" (a count of 0 stands for {whole})"
        whom = self._armed_for(mark, core)
        return f"{whom}: core {core.index} {self._access(mark)[3:]}{also}."

    def _disarmed(self, mark: Mark, core: Core) -> str:
        return f"The timer is switched off: core {core.index} {self._access(mark)[3:]}."

    def _entered(self, mark: Mark, core: Core) -> str:
        del mark
        return f"The kernel looks the call up in its table: {self._call(core)}."

    def _served(self, mark: Mark, core: Core) -> str:
        del core
        result = mark.told["ret"]
        return f"The call answers {result}" + (": an error." if result < 0 else ".")

    def _passed(self, mark: Mark, core: Core) -> str:
        del core
        told = ", ".join(f"{key} {value}" for key, value in mark.facts)
        return f"The kernel tells '{mark.text}'" + (f": {told}." if told else ".")
