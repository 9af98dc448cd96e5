"""The words that stand in the panels themselves: headings of columns, flags, labels.

A heading is no place for the cursor.  So what is said of a row goes on with the words of its panel.
A heading that means what the glossary says of a word leads to that word; any other has a sentence
of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kerneltui.tui import signs
from kerneltui.tui.panels.kinds import (
    APICS,
    CLOCKS,
    CPU,
    FIRMWARE,
    INTERRUPTS,
    PATH,
    REGISTERS,
    SOURCE,
    TASKS,
    TIMELINE,
    TIMEOUTS,
    TIMERS,
    PanelKind,
)
from kerneltui.tui.signs import Sign


class Own(NamedTuple):
    """What a heading means, in a sentence whose subject it is."""

    text: str


_LATE = {
    "rate": Own("Is how often that happens in a second."),
    "late med": Own("Is the median: half of them were later, half were not."),
    "late p99": Own("Is the time that 99 of 100 did not exceed."),
    "late max": Own("Is the longest time."),
}
_NUMBER = Own("Stands before the number by which a controller knows the interrupt.")
HEADINGS: Mapping[PanelKind, Mapping[str, str | Own]] = {
    REGISTERS: {
        "read": Own("Says what an instruction has got from the register since the last stop."),
        "wrote": Own("Says what an instruction has stored to the register since the last stop."),
        "more alike": Own("Counts registers that hold the same and are left out."),
        "zero": Own("Counts fields that are 0 and are left out; z shows all."),
    },
    PATH: {
        "STEP": Own("Is a moment of the story that means something; . goes to the next."),
        "NEXT": Own("Says what usually comes next; something else may come before it."),
        "SOURCE": Own("Is the device that asks for the interrupt, and what it waits for."),
        "CONTROLLER": "interrupt controller", "CPU": "core",
        "HANDLER": "handler", "CALLBACK": "callback", "QUEUE": "timeout queue",
        "CHANGED": Own("Shows registers that hold another value than before: old → new."),
        "HIGH": Own("Is a wire that asks for an interrupt."),
        "low": Own("Is a wire that asks for nothing."),
    },
    INTERRUPTS: {
        "interrupt": "interrupt", "irq": _NUMBER, "vec": "vector", "gsi": "GSI",
        "missed": Own("Counts those that came while the one before was pending: they are lost."),
        "spurious": Own("Counts how often the handler ran and found nothing to do."),
        "callback": Own("Is the median time from the interrupt to the first callback."), **_LATE,
        "input": "input", "L": "line", "E": "enabled", "P": "pending", "A": "active",
        "prio": "priority", "cpu": "target", "count": "count", "handler": "handler",
    },
    TIMEOUTS: {
        "due": "due time", "uptime": "uptime", "period": "periodic", "once": "one-shot",
        "in": Own("Is the time until it is due."), "id": "id", "late": "lateness",
        "name": Own("Is what the timeout was called when it was set."),
        "calls": Own("Counts how often its callback has run."), **_LATE,
        "comparisons": "comparison", "moves": "move",
    },
    CPU: {
        "next": Own("Is the instruction that the core executes next; s executes it."),
        "state": Own("Says what the core does: it runs, sleeps until an interrupt, or is off."),
        "level": "exception level", "ring": "ring",
        "input": "input", "IRQ": "IRQ", "IF": "RFLAGS.IF", "DAIF": "DAIF",
        "call stack": "call stack", "depth": "handler depth",
    },
    SOURCE: {
        "call stack": "call stack",
        "variables": Own("Are those of the function on show, as they stand now."),
    },
    TIMERS: {
        "MHz": "MHz", "count": "counter", "met": "match",
        "masked": Own("Means that a match raises no line: the comparator is masked."),
        "off": Own("Means that the comparator is switched off, and compares nothing."),
    },
    CLOCKS: {
        "counter": "counter", "value": "value", "measured MHz": "measured rate",
        "error": Own("Is by how much the measured rate is wrong, in millionths (ppm)."),

        "nominal": "nominal rate", "date": "time of day", "UTC": "time of day",
        "Unix": "Unix time", "XT": "XT time", "drift": "drift", "RTC": "RTC", "UIP": "UIP",
        "BCD": "BCD", "SET": "SET",
    },
    APICS: {
        "TPR": "TPR", "PPR": "PPR", "classes": "priority class", "LVT": "LVT",
        "IRR": "IRR", "ISR": "ISR", "TMR": "TMR", "gsi": "GSI", "vec": "vector",
        "mode": "delivery mode", "to": "destination", "active": "polarity", "trigger": "trigger",
        "M": "mask", "R": "remote IRR", "L": "line", "wire": "line", "IMR": "IMR",
        "ELCR": "ELCR", "NMI": "NMI", "LINT0": "LINT0", "LINT1": "LINT0",
        "ID": Own("Is the number by which messages name an APIC."),
        "8259": "8259",
    },
    FIRMWARE: {
        "sound": Own("Means that the bytes of the table add up to zero, as they must."),
        "broken": Own("Means that they do not add up to zero: the kernel refuses the table."),
        "GSI": "GSI", "IRQ": "ISA IRQ"},
    TASKS: {
        "ready": "ready", "quanta": "quantum", "rr": "round robin", "coop": "cooperative",
        "idle": "idle", "share of a core": "share of a core", "user": "user time",
        "kernel": "kernel time", "interrupt": "interrupt time", "runs": "number of runs",
        "latency": "latency", "starves": "starve", "booked": "booked", "scheduler": "scheduler",
        "elapsed": Own("Is the time since reset, which all accounts together come to."),
    },
    TIMELINE: {
        "idle": "idle", "kernel": "kernel time", "task": "task",
        "IRQ": Own("Is the time in which handlers of interrupts had the core."),
    },
}  # fmt: skip
"""By panel: what stands there, and the word of the glossary that explains it or what it means
there; panels without headings have none."""
SIGNS: Mapping[PanelKind, Sequence[Sign]] = {
    PATH: signs.ON_PATH, REGISTERS: signs.ON_REGISTERS, INTERRUPTS: signs.ON_INTERRUPTS,
    TIMEOUTS: signs.ON_TIMEOUTS, CPU: signs.ON_CPU, SOURCE: signs.ON_SOURCE,
    TIMERS: signs.ON_TIMERS, CLOCKS: signs.ON_CLOCKS, APICS: signs.ON_APICS, TASKS: signs.ON_TASKS,
    TIMELINE: signs.ON_TIMELINE,
}  # fmt: skip
"""By panel, besides those of all panels."""
