"""What a program is asked to do: timeouts, and faults to switch on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from kerneltui.kernel.time.time_manager import CatchUp

if TYPE_CHECKING:  # programs without tasks need not wait for their module
    from kerneltui.kernel.tasks.task import TaskRequest


class TimeoutRequest(msgspec.Struct, frozen=True):
    """A timeout that a program sets at its start, or a callback sets when it runs.

    Exactly one of ``once_ns`` (delay), ``every_ns`` (period) and ``at_ns`` (uptime) is not None.
    """

    name: str
    once_ns: int | None = None
    every_ns: int | None = None
    at_ns: int | None = None
    text: str | None = None
    """what the callback prints"""
    busy_ns: int = 0
    """how long the callback computes"""
    catch_up: CatchUp = "all"
    """what a periodic one does when it is late by whole periods"""
    then: tuple[TimeoutRequest, ...] = ()
    """what the callback sets in turn"""


class Workload(msgspec.Struct, frozen=True):
    """A program's parameters."""

    timeouts: tuple[TimeoutRequest, ...] = ()
    faults: frozenset[str] = frozenset()
    """some of :data:`kerneltui.kernel.faults.FAULTS`"""
    own: Mapping[str, Any] = {}
    """a person's own drivers, each by the name of the class that it stands for"""
    boot: str = ""
    """boot parameters, as ``clock=hpet nohz=off``"""
    queue: str = "sorted"
    """structure of the timeout queue, one of :data:`kerneltui.kernel.time.timeout_queue.QUEUES`"""
    tasks: tuple[TaskRequest, ...] = ()
    sched: str = "rr"
    """scheduling policy, one of :data:`kerneltui.kernel.tasks.run_queue.POLICIES`"""
    quantum_ns: int = 10_000_000
    """how long a task may run before it is another's turn; policy ``rr`` alone"""
    cores: int = 1
    """how many run tasks"""
