"""The words that stand in the panels themselves: headings of columns, flags, labels.

A heading is no place for the cursor.  So what is said of a row goes on with the words of its panel.
"""

from __future__ import annotations

from collections.abc import Mapping

from kerneltui.tui.panels import (
    ApicsPanel,
    ClocksPanel,
    CpuPanel,
    FirmwarePanel,
    InterruptsPanel,
    Panel,
    PathPanel,
    TasksPanel,
    TimelinePanel,
    TimeoutsPanel,
    TimersPanel,
)

HEADINGS: Mapping[type[Panel], Mapping[str, str]] = {
    PathPanel: {
        "SOURCE": "source", "CONTROLLER": "interrupt controller", "CPU": "core",
        "HANDLER": "handler", "CALLBACK": "callback", "QUEUE": "timeout queue",
        "CHANGED": "register",
    },
    InterruptsPanel: {
        "interrupt": "interrupt", "irq": "IRQ", "vec": "vector", "gsi": "GSI",
        "input": "input", "L": "line", "E": "enabled", "P": "pending", "A": "active",
        "prio": "priority", "cpu": "target", "count": "count", "handler": "handler",
    },
    TimeoutsPanel: {
        "due": "due time", "uptime": "uptime", "in": "due time", "period": "periodic",
        "once": "one-shot", "id": "id", "late": "lateness", "name": "timeout",
        "comparisons": "comparison", "moves": "move",
    },
    CpuPanel: {
        "next": "step", "state": "running", "level": "exception level", "ring": "ring",
        "input": "input", "IRQ": "IRQ", "IF": "RFLAGS.IF", "DAIF": "DAIF",
        "call stack": "call stack", "depth": "handler depth",
    },
    TimersPanel: {
        "MHz": "MHz", "count": "counter", "met": "match", "masked": "mask", "off": "enabled",
    },
    ClocksPanel: {
        "counter": "counter", "value": "value", "measured MHz": "measured rate", "error": "ppm",
        "nominal": "nominal rate", "date": "time of day", "UTC": "time of day",
        "Unix": "Unix time", "XT": "XT time", "drift": "drift", "RTC": "RTC", "UIP": "UIP",
        "BCD": "BCD", "SET": "SET",
    },
    ApicsPanel: {
        "TPR": "TPR", "PPR": "PPR", "classes": "priority class", "LVT": "LVT",
        "IRR": "IRR", "ISR": "ISR", "TMR": "TMR", "gsi": "GSI", "vec": "vector",
        "mode": "delivery mode", "to": "destination", "active": "polarity", "trigger": "trigger",
        "M": "mask", "R": "remote IRR", "L": "line", "wire": "line", "IMR": "IMR",
        "ELCR": "ELCR", "NMI": "NMI", "LINT0": "LINT0", "LINT1": "LINT0", "ID": "local APIC",
        "8259": "8259",
    },
    FirmwarePanel: {"sound": "checksum", "broken": "checksum", "GSI": "GSI", "IRQ": "ISA IRQ"},
    TasksPanel: {
        "ready": "ready", "quanta": "quantum", "rr": "round robin", "coop": "cooperative",
        "idle": "idle", "share of a core": "share of a core", "user": "user time",
        "kernel": "kernel time", "interrupt": "interrupt time", "runs": "runs",
        "latency": "latency", "starves": "starve", "booked": "booked", "scheduler": "scheduler",
        "elapsed": "booked",
    },
    TimelinePanel: {"idle": "idle", "IRQ": "handler", "kernel": "kernel time", "task": "task"},
}  # fmt: skip
"""By panel: what stands there, and the word of the glossary that explains it; panels without
headings have none."""
