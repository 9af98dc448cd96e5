"""Loops that wait: polls of a device, reads of a counter, branches to themselves.

A kernel that waits for 500 ms by reading a counter would read it some five million times.  What
such loops cost is part of the timing model: it depends on what the core has done alone, so a run
that is stepped, observed or sliced takes the same time as a free one.

* A core that reads a *counter* over and over (or its two halves by turns) reads it ever more
  slowly: each read takes 1/256 of the wait so far on top, :data:`LONGEST_READ_NS` at most, and
  never beyond what is due next.
* A core that *polls* devices, with its registers and what it has stored to as they were one period
  before, can only be freed from outside.  It dozes for as many whole
  periods as fit before what is due next (:data:`GRID_NS` where nothing is).
* A branch to itself, or around instructions that do nothing, is a wait: only an interrupt ends it,
  and its turns are not counted as instructions (:mod:`kerneltui.machine.native.opcodes`).
* A loop that only counts a register down is executed to its last period at once, as far as that
  comes before what is due next: exactly, instruction by instruction.
* Any other loop that accesses nothing and changes nothing is not executed again and again: as many
  whole periods as fit before what is due next are told to have been.  That is exact, instruction by
  instruction, so it needs no model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from kerneltui.hw.bus import Target
from kerneltui.hw.clock import NEVER
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.core import StopReason
from kerneltui.machine.native.code import words_up_to
from kerneltui.machine.native.core_state import NativeCoreState
from kerneltui.machine.native.disassembly import store_address
from kerneltui.machine.native.opcodes import (
    LONGEST_IDLE,
    WORD,
    Countdown,
    countdown,
    may_store,
)

READS_BEFORE = 64
"""Reads of a counter at full speed."""
LONGEST_READ_NS = 50_000
CLOSE_NS = 2_000
"""Between two reads of one wait, what they take left out, at most."""
POLLS_BEFORE, FIFO_DEPTH = 6, 16
"""Loads from devices in a row, without a store to one, before a loop is looked for; where a load
has effects, as many as a FIFO can hold."""
NO_LOOP = (-1, 0)
ZERO = 1 << 30
"""PSTATE.Z"""
PC = -2
"""Among the general registers"""
MOST_POLLS_BEFORE = 4096
LONGEST_IDLE_PERIOD = 24
"""Instructions of a loop that accesses nothing."""
MOST_PATIENCE = 64
"""Long stretches of instructions between two looks for one, at most."""
LONGEST_PERIOD = 400
"""Instructions of a polling loop."""
WIDEST_STORE = 32
"""bytes"""
GRID_NS = 1_000_000
NO_TIME = 1_000_000
"""Instructions of an idle loop where nothing is due, ever."""


class WaitingLoops:
    """What one core has waited for so far."""

    TRANSIENT: ClassVar = frozenset(("_has_effects", "_is_volatile", "_passes", "_patience"))

    def __init__(self) -> None:
        self.is_due = False
        """the poll just executed may close a period: :meth:`leap` is to be asked"""
        self.wants_steps = False
        """each instruction is to be looked at: see :meth:`look_at`"""
        self._polls = 0
        self._needed = POLLS_BEFORE
        self._registers: tuple[int, ...] = ()
        self._since_ns = 0
        self._since = 0
        self._is_watching = False
        """the next poll tells whether this is a loop"""
        self._known = NO_LOOP
        """the loop that was found last: after its poll, and its instructions"""
        self._stores = False
        """somewhere"""
        self._stored_to: dict[int, bytes] = {}
        """where, and what had been there"""
        self._fired = 0
        self._looked = 0
        self._reads = 0
        self._waits_since = self._last_read_ns = 0
        self._doze_since_ns = self._doze_period_ns = 0
        """of the doze under way: :meth:`leap`"""
        self._passes = self._patience = 1
        """long stretches until an idle loop is looked for, and between such looks"""
        self._is_volatile: dict[int, bool] = {}
        self._has_effects: dict[int, bool] = {}

    def forget(self) -> None:
        """The core has done something else than to wait."""
        self._reads = 0
        self._needed = POLLS_BEFORE
        self._end_watch()

    def _end_watch(self) -> None:
        self._polls = 0
        self.is_due = self.wants_steps = self._is_watching = False

    # -- accesses ---------------------------------------------------------------------------------

    def polled(self, core: NativeCoreState, target: Target | None, address: int) -> int:
        """A register was read; answers what that takes longer than usual (ns)."""
        self._doze_period_ns = 0
        if self._changes_by_itself(core, target, address):
            self._end_watch()  # time frees this loop, also where the counter has not ticked yet
            return self._read_counter(core)
        if self._has_effects.get(address, True):
            self._needed = max(self._needed, FIFO_DEPTH)
        self._polls += 1
        if self._is_watching or self._polls >= self._needed:
            self.is_due = True
            core.engine.end_here()
        return 0

    def _changes_by_itself(
        self, core: NativeCoreState, target: Target | None, address: int
    ) -> bool:
        known = self._is_volatile.get(address)
        if known is None:
            slot = None
            if isinstance(target, RegisterFile):
                window = core.memory.window_at(address)
                offset = address - window.base if window is not None else address
                slot = target.slot_at(offset)
            known = self._is_volatile[address] = slot is not None and slot.register.volatile
            if slot is not None and isinstance(target, RegisterFile):
                port = target.port(slot)
                self._has_effects[address] = port.read != port.peek
        return known

    def _read_counter(self, core: NativeCoreState) -> int:
        now = core.clock.now
        if not self._reads or now - self._last_read_ns > CLOSE_NS:
            self._reads, self._waits_since = 0, now
        self._reads += 1
        longer = 0
        if self._reads > READS_BEFORE:
            longer = min(
                (now - self._waits_since) >> 8, LONGEST_READ_NS, core.clock.next_due - now - 1
            )
        longer = max(longer, 0)
        self._last_read_ns = now + longer
        return longer

    # -- polling loops ----------------------------------------------------------------------------

    def look_at(self, core: NativeCoreState, pc: int) -> None:
        """The core is about to execute an instruction of what may be a period."""
        if may_store(core.word_at(pc)):
            at = store_address(core, pc)
            if at is None:
                self._stores = True
            elif at not in self._stored_to:
                self._stored_to[at] = core.fetch(at, WIDEST_STORE)
        self._looked += 1
        if self._looked > LONGEST_PERIOD:
            self._give_up()

    def _give_up(self) -> None:
        self._end_watch()
        self._needed = min(self._needed * 4, MOST_POLLS_BEFORE)

    def leap(self, core: NativeCoreState) -> int:
        """After a poll: how long the core dozes (ns)."""
        self.is_due = False
        registers = core.engine.general()
        now = core.ready_at
        if not self._is_watching:
            self._registers, self._since_ns, self._since = registers, now, core.retired
            self._fired = core.clock.fired
            self._stores, self._looked, self._stored_to = False, 0, {}
            self._is_watching = True
            self.wants_steps = registers[PC] != self._known[0]
            return 0
        length = core.retired - self._since
        if self._fired != core.clock.fired:
            self._end_watch()  # what has fallen due may have changed what it polls
            return 0
        if self._stores or length > LONGEST_PERIOD:
            self._known = NO_LOOP
            self._give_up()
            return 0
        loop = registers[PC], length
        if not self._is_as_it_was(core, registers) or not (self.wants_steps or loop == self._known):
            return 0  # it polls at several places, or its period is longer
        self._known = loop
        period = now - self._since_ns
        self._end_watch()
        last = min(core.clock.next_due, core.horizon)
        if last >= NEVER:
            last = (now // GRID_NS + 1) * GRID_NS
        self._doze_since_ns, self._doze_period_ns = now, period
        return max((last - now - 1) // period, 0) * period

    def woken_at(self, now: int, ends: int) -> int:
        """Something has come that was not due when a doze began: where it ends (ns).

        At the next whole period, as the loop would have seen it; ``ends`` is what was planned.
        """
        period = self._doze_period_ns
        if not period:
            return ends
        since = self._doze_since_ns
        return min(ends, since - (since - max(now, since)) // period * period)

    def _is_as_it_was(self, core: NativeCoreState, registers: tuple[int, ...]) -> bool:
        """Whether a period has changed nothing: registers, and what it has stored to."""
        return registers == self._registers and all(
            core.fetch(at, WIDEST_STORE) == content for at, content in self._stored_to.items()
        )

    # -- loops that do nothing --------------------------------------------------------------------

    def count_down(self, core: NativeCoreState, loop: Countdown) -> None:
        """The core is at the branch of a loop that only counts: as many periods as fit.

        Where not even one does, the branch alone is executed.
        """
        engine = core.engine
        value = engine.x(loop.register) & (1 << 64 if loop.is_64bit else 1 << 32) - 1
        last = min(core.clock.next_due, core.until, core.horizon)
        room = core.stop_at - core.retired
        if last < NEVER:
            room = min(room, last - core.ready_at)
        is_regular = not value >> (63 if loop.is_64bit else 31) and not value % loop.step
        periods = min(value // loop.step - 1, room // loop.length) if is_regular else 0
        if periods > 0:
            engine.set_x(loop.register, value - periods * loop.step)
            core.retired += periods * loop.length
            core.ready_at += periods * loop.length
            return
        is_taken = not engine.pstate & ZERO if loop.sets_flags else value != 0
        engine.pc += WORD * (1 - loop.length if is_taken else 1)
        core.retired += 1
        core.ready_at += 1

    def leap_if_idle(self, core: NativeCoreState, step: Callable[[], None]) -> None:
        """A long stretch has accessed nothing: perhaps it waits for an interrupt's handler.

        Or it counts, in code that is not the image's own.  ``step`` executes one instruction.
        Where that is not so, it is looked for less often: what is found changes no time.
        """
        self._passes -= 1
        if self._passes > 0:
            return
        if self._finish_countdown(core, step) or self._leap_periods(core, step):
            self._patience = 1
        else:
            self._patience = min(self._patience * 2, MOST_PATIENCE)
        self._passes = self._patience

    def _finish_countdown(self, core: NativeCoreState, step: Callable[[], None]) -> bool:
        """Come to the branch of a counting loop, if one is near, and leap there."""
        pc = core.engine.pc
        for ahead in range(LONGEST_IDLE):
            at = pc + WORD * ahead
            loop = countdown(words_up_to(core, at))
            if loop is not None and ahead < loop.length:
                for _ in range(ahead):
                    step()
                if core.engine.pc == at and core.retired < core.stop_at:
                    self.count_down(core, loop)
                return True
        return False

    def _leap_periods(self, core: NativeCoreState, step: Callable[[], None]) -> bool:
        """Execute on until all is as it was, and leap over further periods like that."""
        engine = core.engine
        registers = engine.general()
        began = core.retired
        length = 0
        while length < min(LONGEST_IDLE_PERIOD, self._fitting(core)):
            pc = engine.pc
            if pc in core.exits or may_store(core.word_at(pc)):
                return False
            step()
            length = core.retired - began
            if core.has_accessed or not length or self.is_due:
                return False
            if engine.pc == registers[PC] and engine.general() == registers:
                executed = self._fitting(core) // length * length
                core.retired += executed
                core.ready_at += executed
                return True
        return False

    @staticmethod
    def _fitting(core: NativeCoreState) -> int:
        """How many instructions can begin before what is due next, and the debugger's limits."""
        last = min(core.clock.next_due, core.until, core.horizon)
        if last >= NEVER:
            if core.stop_at >= NEVER:
                core.request_stop(StopReason.NOTHING_DUE)
                return 0
            return min(core.stop_at - core.retired, NO_TIME)
        return min(last - core.ready_at, core.stop_at - core.retired)
