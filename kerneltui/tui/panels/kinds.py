"""Which panels there are, in order of their numbers: what is said of each before one is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from kerneltui.debugger.session import Session

STARVES_AFTER = 10
"""A task that has been in the run queue for more quanta than these is an alert."""


def _always(session: Session) -> bool:  # noqa: ARG001 - as the others
    return True


def _with_apics(session: Session) -> bool:
    """On a PC, whose chips make the pictures that it shows."""
    made = {kind for device in session.machine.devices.values() for kind in device.PICTURES}
    if not made:
        return False
    from kerneltui.devices.x86.i8259_view import PicView
    from kerneltui.devices.x86.io_apic_view import IoApicView
    from kerneltui.devices.x86.local_apic_view import LocalApicView

    return not made.isdisjoint({LocalApicView, IoApicView, PicView})


def _with_firmware(session: Session) -> bool:
    """Where firmware leaves tables."""
    return session.setup.board.spec.firmware is not None


def _with_tasks(session: Session) -> bool:
    """In programs that have tasks."""
    return session.inspector.scheduling() is not None


class PanelKind(msgspec.Struct, frozen=True, eq=False):
    """One of them; its class is ``<Name>Panel`` in the file of its name."""

    number: int
    """from 1 on"""
    name: str
    key: str
    """focuses it; several can share one"""
    title: str
    short: str
    """the title in the row of tabs"""
    about: str
    """some sentences for the help screen"""
    is_there: Callable[[Session], bool] = _always
    """whether the board and the program have what it shows; if not, it has no tab"""


REGISTERS = PanelKind(
    1, "registers", "1", "Registers", "Reg",
    "The board's controllers, timers and UART, decoded. A star marks a value changed since the "
    "last stop; what an instruction read or wrote stands below the value that the register has "
    "now. Registers that hold their reset value are left out, but for those that decide whether an "
    "interrupt arrives (all on the way that the signal path shows, and what stops another one), "
    "the one under the cursor and those with breakpoints. Zoomed (z) it shows all of them; the "
    "filter (/) searches all.",
)  # fmt: skip
INTERRUPTS = PanelKind(
    2, "interrupts", "2", "Interrupts", "IRQ",
    "Interrupts that are enabled or have a handler; vec is a vector, gsi a global system "
    "interrupt. L line, E enabled, P pending, A active. Below one that waits stands the gate "
    "that stops it, and what would open it; at the end, those that wait for nothing but the end "
    "of a handler. Where there is room: how many come in a second; how many came while the one "
    "before was pending still (missed), or were gone when they were taken (spurious); how long "
    "they waited for their handlers, median, 99th percentile and longest; and the time from "
    "there to the timer callback.",
)  # fmt: skip
TIMEOUTS = PanelKind(
    3, "timeouts", "3", "Timeout queue", "Queue",
    "Pending timeouts, next due first, equal due times in order of setting. An arrow marks the "
    "one that the comparator is armed for. Overdue ones say so; a star marks the one whose "
    "callback is running. Zoomed, the structure that keeps the order is drawn too. Where there "
    "is room: how often each was called, and how late its callback began, median, 99th "
    "percentile and most.",
)  # fmt: skip
CONSOLE = PanelKind(
    4, "console", "4", "UART console", "UART",
    "What the board sends on its serial line. 'c' types into it: keys travel as characters at "
    "the line's speed and reach the kernel by receive interrupts. Esc leaves. 'e' types bytes "
    "that no key has. The lower border says who typed last: the scenario, or you.",
)  # fmt: skip
CPU = PanelKind(
    5, "cpu", "5", "CPU", "CPU",
    "The core on show: what it executes next, whether it takes interrupts, the registers that an "
    "exception leaves something in, those that a system call has used, and the call stack, "
    "innermost function first. 'k' shows the next core; where several run, the first line lists "
    "them, '+1' being a handler.",
)  # fmt: skip
TRACE = PanelKind(
    6, "trace", "6", "Trace", "Trace",
    "The last events: every access with its register and value, every edge of an interrupt line, "
    "exceptions taken, pokes, characters sent and received, and the kernel's tracepoints.",
)  # fmt: skip
TIMERS = PanelKind(
    7, "timers", "7", "Timers", "Timer",
    "Each timer's counter and rate, and its comparators: the compare value, whether it is "
    "enabled and masked, and in how long it matches.",
)  # fmt: skip
CLOCKS = PanelKind(
    8, "clocks", "8", "Clocks", "Clock",
    "All counters: value, rate as measured over at least 100 ms of virtual time, its error in "
    "millionths (ppm), and the nominal rate. Below, the kernel's time of day as a date, in Unix "
    "time and in XT time (100 ns since 1601), and what the real-time clock shows.",
)  # fmt: skip
APICS = PanelKind(
    9, "apics", "9", "APICs", "APIC",
    "The local APIC of the core on show: priorities, local vector table, and maps of its 256 "
    "vectors: requested (IRR), in service (ISR), level triggered (TMR), a row for each priority "
    "class; '≤' marks classes that PPR holds back. Then the redirection tables of the I/O APICs "
    "(M masked, R remote IRR, L line) and the 8259s. Zoomed, it shows what is at reset too.",
    is_there=_with_apics,
)  # fmt: skip
FIRMWARE = PanelKind(
    10, "firmware", "0", "Firmware (ACPI tables)", "ACPI",
    "The ACPI tables in memory, decoded: all that a PC's kernel is told of its interrupt "
    "controllers and timers. A table whose checksum is wrong says so; kernels refuse it.",
    is_there=_with_firmware,
)  # fmt: skip
TASKS = PanelKind(
    11, "tasks", "p", "Tasks", "Task",
    "The scheduler's policy, the run queue in order, who runs on each core. For each task its "
    "state, what it does or waits for, what is left of its quantum, and its share of a core's "
    "time: computing (█), in the kernel (▓), in interrupt handlers (░); then the times, how "
    "often it was switched to (runs), and the longest way from waking to running. One that has "
    f"been ready for more than {STARVES_AFTER} quanta starves. Zoomed, each core's times add up.",
    is_there=_with_tasks,
)  # fmt: skip
TIMELINE = PanelKind(
    12, "timeline", "t", "Timeline", "Time",
    "Who ran when on each core: tasks, interrupt handlers (IRQ), the kernel while no task is the "
    "current one, and sleep (idle). A column is as high as its share of that moment; whoever ran "
    "at all shows; '?' stands for what is forgotten. At the right, the share of what is known of "
    "the window; '[' and ']' make that shorter and longer, 10 us to 10 s. A '▼' in the row "
    "'pokes' marks the moment of a poke; Enter goes there.",
)  # fmt: skip
PATH = PanelKind(
    13, "path", "d", "Signal path", "Path",
    "What has just happened and what comes next, in words; and the way of an interrupt from its "
    "source to the queue. Arrows show the levels of wires; a shut gate breaks one.",
)  # fmt: skip
SOURCE = PanelKind(
    14, "source", "5", "Source", "Src",
    "The source of the kernel where the core on show is: '▶' marks the line whose access comes "
    "next. Of an image of machine code it shows instructions, and the source where that is at "
    "hand. The call stack has the innermost function first; up and down choose a function, right "
    "goes into its source and left comes back. There 'b' sets a breakpoint on the line, 'G' runs "
    "to it: both halt at the first access made from there. Below the call stack stand the "
    "variables of the function.",
)  # fmt: skip

KINDS = (
    REGISTERS,
    INTERRUPTS,
    TIMEOUTS,
    CONSOLE,
    CPU,
    TRACE,
    TIMERS,
    CLOCKS,
    APICS,
    FIRMWARE,
    TASKS,
    TIMELINE,
    PATH,
    SOURCE,
)


def grouped(kinds: Iterable[PanelKind]) -> list[list[PanelKind]]:
    """Those that share a key together: the key goes from one to the next."""
    groups: dict[str, list[PanelKind]] = {}
    for kind in kinds:
        groups.setdefault(kind.key, []).append(kind)
    return list(groups.values())


def sharing(key: str) -> list[PanelKind]:
    """Those of a key, in their order."""
    return [kind for kind in KINDS if kind.key == key]
