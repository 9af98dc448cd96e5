"""A watch that is pursued, in slices: from when a command was given until it stops the machine.

What can never come is not waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerneltui.debugger.history import History
from kerneltui.debugger.watch import BOOT, CALLBACK_DONE, NEXT_INTERRUPT, Watch
from kerneltui.hw.clock import NEVER
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.core import CoreState, StopReason
from kerneltui.machine.machine import Machine
from kerneltui.units import format_duration

PATIENCE_NS = 10_000_000_000
"""So long after an event was due at the latest, in virtual time, it is not waited for any more."""
_SAID = {
    StopReason.STEP: "stepped",
    StopReason.BUDGET: "stepped",
    StopReason.TIME: "reached the time",
    StopReason.INTERRUPT: "interrupt taken",
    StopReason.HANDLER_DONE: "handler finished",
    StopReason.MEANINGFUL: "step done",
    StopReason.BREAKPOINT: "breakpoint",
    StopReason.IDLE: "idle",
    StopReason.NOTHING_DUE: "idle, and nothing is due",
}


def said(goal: Watch, reason: StopReason, machine: Machine) -> str:
    """Why the machine has halted, in words."""
    if reason is StopReason.HALTED:
        return machine.halt_reason
    if reason is StopReason.TRACEPOINT:
        return f"{goal.awaits} done"
    return _SAID[reason]


class Pursuit:
    """``inspector()`` is what the kernel lets one see."""

    def __init__(self, history: History, inspector: Callable[[], Inspector]) -> None:
        self.said = ""
        """why the last slice ended"""
        self._history = history
        self._inspector = inspector
        self._began: tuple[Watch, int] | None = None
        """the watch that is pursued, and since when (virtual time)"""
        self._completing: tuple[int, int] | None = None
        """the core that has run a callback of the goal, and how many handlers it was in"""

    def forget(self) -> None:
        """The next slice is the first of its command."""
        self._began = self._completing = None

    def run(self, goal: Watch, focus: int, instructions: int, until: int) -> StopReason:
        """Run towards ``goal``, for at most so many instructions and no further than ``until``.

        BUDGET and TIME say that a limit has ended the slice before.
        """
        machine = self._history.machine
        stepping = not goal.conditions.keys().isdisjoint(("steps", "access"))
        if stepping and machine.cores[focus].state is CoreState.OFF:
            self.said = f"core {focus} is off"
            return StopReason.NOTHING_DUE
        conditions = {**goal.conditions, "instructions": instructions, "focus": focus}
        conditions["until"] = min(conditions.get("until", NEVER), until)
        dozes = stepping and self._waits_beside_others(focus)
        if dozes:
            conditions |= NEXT_INTERRUPT.conditions | CALLBACK_DONE.conditions
        self.said = ""
        reason = self._run_to_the_end(goal, conditions)
        if reason not in {StopReason.BUDGET, StopReason.TIME}:
            self.forget()
        if dozes and reason in {StopReason.INTERRUPT, StopReason.TRACEPOINT}:
            self.said = f"core {focus} sleeps on"
        self.said = self.said or said(goal, reason, self._history.machine)
        return reason

    def _run_to_the_end(self, goal: Watch, conditions: dict[str, Any]) -> StopReason:
        """Run on; a goal that completes is reached when the handler in progress has returned."""
        limits = dict(conditions)
        if self._completing is None:
            begun = self._retired()
            reason = self._run(goal, conditions)
            machine = self._history.machine
            while goal.passes_over(reason, machine):
                left = limits["instructions"] - self._retired_since(begun)
                if left <= 0:
                    return StopReason.BUDGET
                reason = self._run(goal, {**conditions, "instructions": left})
            depth = machine.cores[machine.stopped].depth
            if not goal.completes or reason is not goal.ends or not depth:
                return reason
            self._completing = machine.stopped, depth
            limits["instructions"] -= self._retired_since(begun)
        if limits["instructions"] <= 0:
            return StopReason.BUDGET
        core, depth = self._completing
        limits |= {"tracepoint": "", "interrupt": False, "focus": core, "below_depth": depth}
        reason = self._history.run(**limits)
        return StopReason.TRACEPOINT if reason is StopReason.HANDLER_DONE else reason

    def _run(self, goal: Watch, conditions: dict[str, Any]) -> StopReason:
        """Run on; towards an event only as long as one can come.

        Asked whenever all cores sleep, before time leaps to what is due next, and else when nothing
        has happened for :data:`PATIENCE_NS`.
        """
        endless = not goal.conditions and not goal.meaningful
        if endless or "until" in goal.conditions or goal is BOOT:
            return self._history.run(**conditions)
        machine = self._history.machine
        if self._began is None or self._began[0] is not goal:
            self._began = goal, machine.now
        until, begun = conditions["until"], self._retired()
        while not self._nothing_to_wait_for(goal):
            patience = self._patience(self._began[1])
            conditions["until"] = min(until, patience)
            reason = self._history.run(**conditions, rest="steps" not in conditions)
            if reason is StopReason.TIME and machine.now >= patience:
                if self._patience(self._began[1]) > patience:
                    continue
                self.said = f"no {goal.awaits} in {format_duration(PATIENCE_NS)}"
                return StopReason.NOTHING_DUE
            if reason is not StopReason.IDLE:
                return reason
            conditions["instructions"] -= self._retired_since(begun)
            begun = self._retired()
            if conditions["instructions"] <= 0:
                return StopReason.BUDGET
        return StopReason.NOTHING_DUE

    def _patience(self, begun_ns: int) -> int:
        """Until when (virtual time) to wait for an event: from the latest moment that had one due.

        Input to come has its times; what is pending should come when it is due.
        """
        head = next(iter(self._inspector().timeouts()), None)
        due_ns = 0 if head is None else head.due_ns
        machine = self._history.machine
        given_ns = max(machine.terminal.last_due_ns, machine.poker.last_due_ns)
        return max(begun_ns, due_ns, given_ns) + PATIENCE_NS

    def _waits_beside_others(self, focus: int) -> bool:
        """Whether a core sleeps, or is about to, while others may never wake it."""
        cores = self._history.machine.cores
        others = any(core.state is not CoreState.OFF for core in cores if core.index != focus)
        return others and cores[focus].is_asleep

    def _nothing_to_wait_for(self, goal: Watch) -> bool:
        """Whether only a comparator that nobody listens to could end the cores' sleep.

        Waiting for that would leap over an hour of virtual time and show nothing.
        """
        machine = self._history.machine
        if goal.meaningful and any(core.state is CoreState.RUNNING for core in machine.cores):
            return False  # one that is about to wait has that step before it
        idle = machine.is_asleep and not any(core.inputs for core in machine.cores)
        return idle and machine.terminal.is_done and not self._inspector().expects_timer_event()

    def _retired(self) -> list[int]:
        return [core.work for core in self._history.machine.cores]

    def _retired_since(self, begun: list[int]) -> int:
        return max(now - then for now, then in zip(self._retired(), begun, strict=True))
