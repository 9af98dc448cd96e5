"""The panels: each turns a view into lines.  They hold no devices and change nothing."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from kerneltui.tui.panels.base import Panel
from kerneltui.tui.panels.kinds import KINDS, PanelKind

if TYPE_CHECKING:
    from kerneltui.tui.panels.apics import ApicsPanel
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


def panel_class(kind: PanelKind) -> type[Panel]:
    """The class of a kind, from its file: the first picture does not wait for hidden ones."""
    module = import_module(f"{__name__}.{kind.name}")
    found: type[Panel] = getattr(module, f"{kind.name.title()}Panel")
    return found


class Panels:
    """One of each kind, by name; each is made when somebody first wants it.

    ``on_made`` is told of each.
    """

    if TYPE_CHECKING:
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

    def __init__(self) -> None:
        self._made: dict[PanelKind, Panel] = {}
        self.on_made: Callable[[Panel], object] = lambda _: None

    def __getitem__(self, kind: PanelKind) -> Panel:
        panel = self._made.get(kind)
        if panel is None:
            panel = self._made[kind] = panel_class(kind)()
            self.on_made(panel)
        return panel

    def __getattr__(self, name: str) -> Panel:
        for kind in KINDS:
            if kind.name == name:
                return self[kind]
        raise AttributeError(name)

    @property
    def made(self) -> list[Panel]:
        """Those that there are by now, in order of their numbers."""
        return [self._made[kind] for kind in KINDS if kind in self._made]

    def numbered(self, number: int) -> Panel:
        """The panel of a number, from 1 on."""
        return self[KINDS[number - 1]]


__all__ = ["Panel", "Panels", "panel_class"]
