"""Pictures of the kernel's tasks and of where its time has gone."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kerneltui.kernel.kernel import Kernel
from kerneltui.kernel.tasks import TaskState


class TaskView(msgspec.Struct, frozen=True):
    """One task."""

    id: int
    """0 is the idle task"""
    name: str
    state: str
    waits_for: str
    """why it does not run, in words; empty when it does, could or has ended"""
    operation: str
    """what is next or under way; empty at the end of a round"""
    user_ns: int
    """computing; the idle task's is the wait for interrupts"""
    kernel_ns: int
    irq_ns: int
    """in handlers that have interrupted it"""
    switches: int
    worst_latency_ns: int
    """from the interrupt that woke it to its running"""
    ready_for_ns: int | None
    """so long it has been ready since it was woken, without having run"""
    quantum_left_ns: int | None
    """of the running task where there are quanta; negative when it is over"""


class AccountingView(msgspec.Struct, frozen=True):
    """All time since the tasks began: the tasks' and the scheduler's add up to ``elapsed_ns``."""

    started_ns: int
    """uptime"""
    elapsed_ns: int
    """up to the last boundary between two accounts"""
    mode: str
    """whose the time since then is"""
    scheduler_ns: int
    interrupts: int


def task_views(kernel: Kernel, now: int) -> Iterator[TaskView]:
    """Every task of the kernel."""
    quantum_due_ns = kernel.quantum_due_ns()
    for task in kernel.tasks():
        times, operation = task.times, task.operation
        is_running = task.state is TaskState.RUNNING
        woken_ns = task.woken_ns
        yield TaskView(
            task.id, task.name, task.state.value, task.waits_for,
            "" if operation is None else operation.kind.value,
            times.user_ns, times.kernel_ns, times.irq_ns, task.switches, task.worst_latency_ns,
            None if woken_ns is None else now - woken_ns,
            quantum_due_ns - now if is_running and quantum_due_ns is not None else None,
        )  # fmt: skip


def accounting_view(kernel: Kernel) -> AccountingView | None:
    """The totals."""
    found = kernel.accounting()
    if found is None:
        return None
    return AccountingView(
        found.started_ns, found.elapsed_ns, found.mode.name.lower(), found.scheduler_ns,
        found.interrupts,
    )  # fmt: skip
