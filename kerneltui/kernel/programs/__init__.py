"""Programs: one ``main`` each, by the name that a scenario gives."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import msgspec

from kerneltui.kernel.arch.cpu import Aarch64Cpu
from kerneltui.kernel.bsp import BOARDS
from kerneltui.kernel.kernel import Kernel
from kerneltui.kernel.workload import Workload


class ProgramEntry(msgspec.Struct, frozen=True):
    """Where a program's kernel is, under this package, and the kinds of board that it is for."""

    kernel: str
    boards: tuple[str, ...] = BOARDS
    has_tasks: bool = False
    has_queue: bool = True
    """of timeouts, with a structure that can be chosen"""


PIS, PC = ("rpi3", "rpi4"), ("x86",)
PROGRAMS = {
    "timer-callbacks": ProgramEntry("timer_callbacks:TimerCallbacks"),
    "system-timer": ProgramEntry("system_timer_program:SystemTimerProgram", PIS, has_queue=False),
    "ipi": ProgramEntry("ipi:Ipi"),
    "interval-drift": ProgramEntry("interval_drift:IntervalDrift"),
    "priority-of-irqs": ProgramEntry("priority_of_irqs:PriorityOfIrqs"),
    "shell": ProgramEntry("shell_program:ShellProgram", has_tasks=True),
    "timer-syscalls": ProgramEntry("timer_syscalls:TimerSyscalls"),
    "tasks": ProgramEntry("tasks_program:Tasks", has_tasks=True),
    "clock-sources": ProgramEntry("clock_sources:ClockSources", PC),
    "tick-vs-tickless": ProgramEntry("tick_vs_tickless:TickVsTickless", PC),
    "second-io-apic": ProgramEntry("second_io_apic:SecondIoApic", PC),
    "wall-clock": ProgramEntry("wall_clock_program:WallClockProgram", PC),
}


KernelClass = Callable[[Aarch64Cpu, str, Workload], Kernel]


def program(name: str) -> KernelClass:
    """The kernel that runs a program.  Raises KeyError for an unknown name."""
    module, _, cls = PROGRAMS[name].kernel.partition(":")
    found: KernelClass = getattr(import_module(f"{__name__}.{module}"), cls)
    return found
