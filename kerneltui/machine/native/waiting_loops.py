"""Loops that wait: polls of a device, reads of a counter, branches to themselves.

A kernel that waits for 500 ms by reading a counter would read it some five million times.  What
such loops cost is part of the timing model: it depends on what the core has done alone, so a run
that is stepped, observed or sliced takes the same time as a free one.

* A core that reads a *counter* over and over (or its two halves by turns) reads it ever more
  slowly: each read takes 1/256 of the wait so far on top, :data:`LONGEST_READ_NS` at most, and
  never beyond what is due next.
* A core that *polls* registers whose values stay, and that comes back to the same place as it was
  one period before (:mod:`kerneltui.machine.native.watched_period`), can only be freed from
  outside.  It dozes for as many whole periods as fit before what is due next, and looks again each
  :data:`GRID_NS`: somebody may have typed.  While other cores run, who may free it, it dozes for
  1/256 of the wait so far at once, :data:`LONGEST_READ_NS` at most.  Calls, stores that leave the
  memory as it was, and several registers may be in the loop.
* A branch to itself, or around instructions that do nothing, is a wait: only an interrupt ends it,
  and its turns are not counted as instructions (:mod:`kerneltui.machine.native.opcodes`).
* A loop that only counts a register down is executed to its last period at once, as far as that
  comes before what is due next: exactly, instruction by instruction.
* A longer loop that only counts (:mod:`kerneltui.machine.native.counted_loops`) is not executed
  turn by turn either, nor is any other that accesses nothing and changes nothing: as many whole
  periods as fit before what is due next are told to have been.  That is exact too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from kerneltui.hw.bus import Target
from kerneltui.hw.clock import NEVER
from kerneltui.hw.register_file import RegisterFile
from kerneltui.machine.core import StopReason
from kerneltui.machine.native import counted_loops
from kerneltui.machine.native.core_state import NativeCoreState
from kerneltui.machine.native.opcodes import WORD, Countdown, may_store
from kerneltui.machine.native.turns import QUANTUM_NS
from kerneltui.machine.native.watched_period import WatchedPeriod

READS_BEFORE = 64
"""Reads of a counter at full speed."""
LONGEST_READ_NS = 50_000
CLOSE_NS = 2_000
"""Between two reads of one wait, what they take left out, at most."""
POLLS_BEFORE = 4
"""Equal values of registers before a loop is looked for."""
ZERO = 1 << 30
"""PSTATE.Z"""
MOST_POLLS_BEFORE = 4096
MOST_POLLED = 8
"""Registers that one loop polls."""
MOST_VISITS = 8
"""Turns in which the registers must have come back, and then the memory too."""
LONGEST_PERIOD = 512
"""Instructions of a loop."""
MOST_MISSES = 16
"""How often a loop that is known may be met in another state before it is forgotten."""
GRID_NS = 1_000_000
NO_TIME = 1_000_000
"""Instructions of an idle loop where nothing is due, ever."""


class WaitingLoops:
    """What one core has waited for so far."""

    TRANSIENT: ClassVar = frozenset(("_is_volatile",))

    def __init__(self) -> None:
        self.is_due = False
        """the poll just executed may close a period: :meth:`leap` is to be asked"""
        self.wants_steps = False
        """each instruction is to be looked at: see :meth:`look_at`"""
        self.watch: WatchedPeriod | None = None
        """what is looked at now"""
        self._known: WatchedPeriod | None = None
        """a period for which the core has dozed: seen again, it need not be watched again"""
        self._misses = 0
        self._polls_since = -1
        """when it began to poll what it polls now"""
        self._values: dict[int, int] = {}
        """what is polled, and its value"""
        self._polls = 0
        self._needed = POLLS_BEFORE
        self._address = -1
        """where a period may begin, and which registers the core has there"""
        self._registers: tuple[int, ...] = ()
        self._visits = 0
        self._reads = 0
        self._waits_since = self._last_read_ns = 0
        self._doze_since_ns = self._doze_period_ns = 0
        """of the doze under way: :meth:`leap`"""
        self._is_volatile: dict[int, bool] = {}

    def forget(self) -> None:
        """The core has done something else than to wait."""
        self._reads = 0
        if self._known is not None and not self._known.lasts:
            self._known = None
        self._begin_anew()

    def forget_period(self) -> None:
        """What the core does next may differ from what it did in the same state before."""
        self._known = None

    def _begin_anew(self) -> None:
        self._values.clear()
        self._polls_since = -1
        self._needed = POLLS_BEFORE
        self.end_watch()

    def end_watch(self) -> None:
        """What is watched is no period."""
        self._polls = self._visits = 0
        self._address = -1
        self._registers = ()
        self.watch = None
        self.is_due = self.wants_steps = False

    def knows(self, address: int) -> bool:
        """Whether :meth:`polled` need not be told what answers there; never while it watches."""
        return self.watch is None and address in self._is_volatile

    # -- accesses ---------------------------------------------------------------------------------

    def polled(self, core: NativeCoreState, target: Target | None, address: int, value: int) -> int:
        """A register was read; answers what that takes longer than usual (ns)."""
        self._doze_period_ns = 0
        watch = self.watch
        is_volatile = self._is_volatile.get(address)
        if is_volatile is None:
            is_volatile = self._changes_by_itself(core, target, address)
        if is_volatile:
            if watch is not None:
                watch.is_spoilt = True
            return self._read_counter(core)
        if self._values.get(address) != value:
            if address in self._values or len(self._values) == MOST_POLLED:
                self._begin_anew()
            self._values[address] = value
            if self._polls_since < 0:
                self._polls_since = core.clock.now
        self._polls += 1
        if core.horizon < NEVER and self._longest_doze(core.clock.now) < QUANTUM_NS:
            return 0
        known = self._known
        if (
            (self._polls >= self._needed and self._address in {address, -1})
            or (watch is not None and address == watch.address)
            or (known is not None and address == known.address)
        ):
            if self._address < 0:
                self._address = address
            self.is_due = True
            core.engine.end_here()
        return 0

    def _changes_by_itself(
        self, core: NativeCoreState, target: Target | None, address: int
    ) -> bool:
        slot = None
        if isinstance(target, RegisterFile):
            window = core.memory.window_at(address)
            offset = address - window.base if window is not None else address
            slot = target.slot_at(offset)
        known = self._is_volatile[address] = slot is not None and slot.register.volatile
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

    def look_at(self, core: NativeCoreState, word: int) -> None:
        """The core is about to execute an instruction of what may be a period."""
        watch = self.watch
        assert watch is not None
        watch.look_at(core, word)
        if watch.is_spoilt or core.retired - watch.since > LONGEST_PERIOD:
            self._give_up()

    def _give_up(self) -> None:
        self.end_watch()
        self._needed = min(self._needed * 4, MOST_POLLS_BEFORE)

    def leap(self, core: NativeCoreState) -> int:
        """After a poll: how long the core dozes (ns)."""
        self.is_due = False
        registers = core.engine.general()
        known, watch = self._known, self.watch
        if known is not None:
            if known.is_back(core, registers):
                self.end_watch()
                self._misses = 0
                return self._doze(core, known.period_ns)
            self._misses += 1
            if self._misses == MOST_MISSES:
                self._known = None
        if watch is not None:
            if watch.is_back(core, registers):
                watch.period_ns = core.ready_at - watch.since_ns
                self._known, self._misses = watch, 0
                self.end_watch()
                return self._doze(core, watch.period_ns)
            watch.visits += 1
            if watch.visits == MOST_VISITS:
                self._give_up()
        elif not self._registers:
            self._registers = registers
        elif registers == self._registers:
            self.watch = WatchedPeriod(core, registers, self._address)
            self.wants_steps = True
        else:
            self._visits += 1
            if self._visits == MOST_VISITS:
                self._give_up()
        return 0

    def _longest_doze(self, now: int) -> int:
        """While other cores run (ns)."""
        return min(now - self._polls_since >> 8, LONGEST_READ_NS)

    def _doze(self, core: NativeCoreState, period: int) -> int:
        now = core.ready_at
        last = min(core.clock.next_due, (now // GRID_NS + 1) * GRID_NS)
        if core.horizon < NEVER:
            last = min(last, now + self._longest_doze(now))
        self._doze_since_ns, self._doze_period_ns = now, period
        return max((last - now - 1) // period, 0) * period

    def woken_at(self, now: int, ends: int) -> int:
        """Something has come that was not due when a doze began: where it ends (ns).

        At the next whole period, as the loop would have seen it; ``ends`` is what was planned.
        """
        period = self._doze_period_ns
        if not period:
            return ends
        return min(ends, self._doze_since_ns - (self._doze_since_ns - now) // period * period)

    # -- loops that count -------------------------------------------------------------------------

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

    def leap_if_counted(self, core: NativeCoreState, step: Callable[[], None]) -> bool:
        """A stretch has accessed nothing: perhaps it only counts; answers whether it was a leap.

        ``step`` executes one instruction.
        """
        found = counted_loops.bounds(core, core.engine.pc)
        if found is None:
            return False
        start, words = found
        end = start + WORD * len(words)
        if not core.exits.isdisjoint(range(start, end, WORD)):
            return False
        for _ in words:
            if core.engine.pc == start:
                break
            if self._fitting(core) < 1 or not start <= core.engine.pc < end:
                return False
            step()
        if core.engine.pc != start:
            return False
        try:
            loop = counted_loops.CountedLoop(core, start, words)
            turns = min(loop.turns(), self._fitting(core) // loop.length) - 1
        except counted_loops.NotCounted:
            return False
        if turns < 1:
            return False
        loop.leap(turns)
        core.retired += turns * loop.length
        core.ready_at += turns * loop.length
        return True

    # -- loops that do nothing --------------------------------------------------------------------

    def leap_if_idle(self, core: NativeCoreState, step: Callable[[], None]) -> None:
        """A long stretch has accessed nothing: perhaps it waits for an interrupt's handler.

        ``step`` executes one instruction.
        """
        engine = core.engine
        registers = engine.general()
        began = core.retired
        length = 0
        while length < min(LONGEST_PERIOD, self._fitting(core)):
            pc = engine.pc
            if pc in core.exits or may_store(core.word_at(pc)):
                return
            step()
            length = core.retired - began
            if core.has_accessed or not length or self.is_due:
                return
            if engine.general() == registers:
                executed = self._fitting(core) // length * length
                core.retired += executed
                core.ready_at += executed
                return

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
