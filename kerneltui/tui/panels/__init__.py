"""The panels: each turns a view into lines.  They hold no devices and change nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from kerneltui.tui.panels.apics import ApicsPanel
from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.clocks import ClocksPanel
from kerneltui.tui.panels.console import ConsolePanel
from kerneltui.tui.panels.cpu import CpuPanel
from kerneltui.tui.panels.firmware import FirmwarePanel
from kerneltui.tui.panels.interrupts import InterruptsPanel
from kerneltui.tui.panels.path import PathPanel
from kerneltui.tui.panels.registers import RegistersPanel
from kerneltui.tui.panels.source import SourcePanel
from kerneltui.tui.panels.tasks import TasksPanel
from kerneltui.tui.panels.timeline import TimelinePanel
from kerneltui.tui.panels.timeouts import TimeoutsPanel
from kerneltui.tui.panels.timers import TimersPanel
from kerneltui.tui.panels.trace import TracePanel

SomePanel = TypeVar("SomePanel", Panel, type[Panel])
PANELS: tuple[type[Panel], ...] = (
    RegistersPanel,
    InterruptsPanel,
    TimeoutsPanel,
    ConsolePanel,
    CpuPanel,
    TracePanel,
    TimersPanel,
    ClocksPanel,
    ApicsPanel,
    FirmwarePanel,
    TasksPanel,
    TimelinePanel,
    PathPanel,
    SourcePanel,
)
"""In order of their numbers, from 1."""


def grouped(panels: Iterable[SomePanel]) -> list[list[SomePanel]]:
    """Those that share a key together: the key goes from one to the next."""
    groups: dict[str, list[SomePanel]] = {}
    for panel in panels:
        groups.setdefault(panel.KEY, []).append(panel)
    return list(groups.values())


class Panels(NamedTuple):
    """One of each kind, by name; in order of their numbers."""

    registers: RegistersPanel
    interrupts: InterruptsPanel
    timeouts: TimeoutsPanel
    console: ConsolePanel
    cpu: CpuPanel
    trace: TracePanel
    timers: TimersPanel
    clocks: ClocksPanel
    apics: ApicsPanel
    firmware: FirmwarePanel
    tasks: TasksPanel
    timeline: TimelinePanel
    path: PathPanel
    source: SourcePanel

    def numbered(self, number: int) -> Panel:
        """The panel of a number, from 1 on."""
        return self[number - 1]

    def sharing(self, key: str) -> list[Panel]:
        """Those of a key, in their order."""
        return [panel for panel in self if key == panel.KEY]


def make_panels() -> Panels:
    """A new one of each kind."""
    return Panels._make(kind(number) for number, kind in enumerate(PANELS, 1))


__all__ = [
    "PANELS",
    "ApicsPanel",
    "ClocksPanel",
    "ConsolePanel",
    "CpuPanel",
    "FirmwarePanel",
    "InterruptsPanel",
    "Panel",
    "Panels",
    "PathPanel",
    "RegistersPanel",
    "SourcePanel",
    "TasksPanel",
    "TimelinePanel",
    "TimeoutsPanel",
    "TimersPanel",
    "TracePanel",
    "grouped",
    "make_panels",
]  # fmt: skip
