"""Programs: one ``main`` each, by the name that a scenario gives."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from kerneltui.kernel.arch.cpu import Aarch64Cpu
from kerneltui.kernel.kernel import Kernel
from kerneltui.kernel.workload import Workload

PROGRAMS = {
    "timer-callbacks": "kerneltui.kernel.programs.timer_callbacks:TimerCallbacks",
    "system-timer": "kerneltui.kernel.programs.system_timer:SystemTimerProgram",
    "ipi": "kerneltui.kernel.programs.ipi:Ipi",
    "clock-sources": "kerneltui.kernel.programs.clock_sources:ClockSources",
    "tick-vs-tickless": "kerneltui.kernel.programs.tick_vs_tickless:TickVsTickless",
    "second-io-apic": "kerneltui.kernel.programs.second_io_apic:SecondIoApic",
    "wall-clock": "kerneltui.kernel.programs.wall_clock:WallClockProgram",
}


KernelClass = Callable[[Aarch64Cpu, str, Workload], Kernel]


def program(name: str) -> KernelClass:
    """The kernel that runs a program.  Raises KeyError for an unknown name."""
    module, _, cls = PROGRAMS[name].partition(":")
    found: KernelClass = getattr(import_module(module), cls)
    return found
