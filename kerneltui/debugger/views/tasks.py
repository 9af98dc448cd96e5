"""Pictures of the kernel's tasks, of their timers, and of where its time has gone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from kerneltui.kernel.inspector import Inspector

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Makers
    from kerneltui.kernel.tasks.accounting import Accounting

MOST_TIMERS_SHOWN = 500


class TaskView(msgspec.Struct, frozen=True):
    """One task."""

    id: int
    """up to 0 the idle tasks: 0 is core 0's, -1 core 1's"""
    name: str
    state: str
    waits_for: str
    """why it does not run, in words; empty when it does, could or has ended"""
    wakes_in_ns: int | None
    """of a task that waits for a timer"""
    operation: str
    """what is next or under way; empty at the end of a round"""
    core: int | None
    """where it runs, or has run last; None: nowhere yet"""
    user_ns: int
    """computing; the idle task's is the wait for interrupts"""
    kernel_ns: int
    irq_ns: int
    """in handlers that have interrupted it"""
    switches: int
    worst_latency_ns: int
    """from the interrupt that woke it to its running"""
    ready_for_ns: int | None
    """so long it has been in the run queue; None: it is not, as idle tasks never are"""
    quantum_left_ns: int | None
    """of a running task where there are quanta; negative when it is over"""


class TimerView(msgspec.Struct, frozen=True):
    """One timer of a system call; of those that have ended the latest are remembered."""

    id: int
    state: str
    """``Pending``, ``Fired`` or ``Cancelled``"""
    due_ns: int
    """uptime at which it fires next, or should have fired last"""
    interval_ns: int | None
    wake_task: int
    """0: nobody"""
    fired_count: int


class CoreTimesView(msgspec.Struct, frozen=True):
    """Where a core's time has gone since its scheduler began: all but the last add up."""

    core: int
    running: int
    """id of the current task"""
    mode: str
    """whose the time is that has passed since the last boundary between two accounts"""
    started_ns: int
    """uptime"""
    idle_ns: int
    """waiting for interrupts"""
    user_ns: int
    """tasks computing"""
    kernel_ns: int
    irq_ns: int
    """in handlers, whomever they interrupted"""
    scheduler_ns: int
    elapsed_ns: int
    """up to the last boundary: the sum of the five"""
    unbooked_ns: int
    """from then on, in ``mode``: not in any account yet"""
    interrupts: int


class SchedulingView(msgspec.Struct, frozen=True):
    """The scheduler at large."""

    policy: str
    """``coop`` or ``rr``"""
    quantum_ns: int
    """of the policy ``rr``"""
    ready: tuple[int, ...]
    """ids of those that are ready, who is next first"""
    cores: tuple[CoreTimesView, ...]


def task_views(inspector: Inspector, now: int) -> Iterator[TaskView]:
    """Every task of the kernel: the idle ones by core, then the others by id."""
    scheduling, timers = inspector.scheduling(), inspector.timer_service()
    if scheduling is None or timers is None:
        return
    from kerneltui.kernel.tasks.task import TaskState  # programs without tasks do not wait for it

    schedulers = {item.current.id: item for item in scheduling.schedulers.values()}
    for task in sorted(scheduling.tasks.values(), key=lambda item: item.sort_key):
        times, operation, timer = task.times, task.operation, timers.timer(task.awaited_timer)
        scheduler, is_ready = schedulers.get(task.id), task.state is TaskState.READY
        due_ns = None if scheduler is None else scheduler.quantum_due_ns
        yield TaskView(
            task.id, task.name, task.state.value, task.waits_for,
            None if timer is None else timer.due_ns - now,
            "" if operation is None else operation.kind.value, task.core,
            times.user_ns, times.kernel_ns, times.irq_ns, task.switches, task.worst_latency_ns,
            now - task.ready_since_ns if is_ready and not task.is_idle else None,
            None if due_ns is None else due_ns - now,
        )  # fmt: skip


def scheduling_view(inspector: Inspector, now: int) -> SchedulingView | None:
    """The scheduler's; None in a program without tasks."""
    found = inspector.scheduling()
    if found is None:
        return None
    cores = [
        _core_times(number, item.accounting, item.current.id, now)
        for number, item in sorted(found.schedulers.items())
    ]
    ready = tuple(task.id for task in found.ready)
    return SchedulingView(found.policy, found.quantum_ns, ready, tuple(cores))


def _core_times(number: int, found: Accounting, running: int, now: int) -> CoreTimesView:
    times, idle_ns = found.times, found.idle.times.user_ns
    return CoreTimesView(
        number, running, found.mode.value, found.started_ns, idle_ns, times.user_ns - idle_ns,
        times.kernel_ns, times.irq_ns, found.scheduler_ns, found.elapsed_ns,
        max(now - found.booked_ns, 0), found.interrupts,
    )  # fmt: skip


def timer_views(inspector: Inspector, most: int | None = MOST_TIMERS_SHOWN) -> Iterator[TimerView]:
    """By id, at most so many; none in a program without such timers."""
    service = inspector.timer_service()
    for timer in islice(service.known() if service is not None else (), most):
        yield TimerView(
            timer.id, timer.state.value, timer.due_ns, timer.interval_ns, timer.wake_task,
            timer.fired_count,
        )  # fmt: skip


MAKERS: Makers = {
    "tasks": lambda of: tuple(task_views(of.inspector, of.machine.now)),
    "scheduling": lambda of: scheduling_view(of.inspector, of.machine.now),
    "timers": lambda of: tuple(timer_views(of.inspector)),
}
