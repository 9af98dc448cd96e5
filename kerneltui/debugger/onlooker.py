"""Observers of a machine to build on: one that takes no notice, one that passes everything on."""

from __future__ import annotations

from typing import Any

from kerneltui.hw.device import InterruptController
from kerneltui.hw.line import Line
from kerneltui.machine.core import Core
from kerneltui.machine.machine import MachineObserver


class Indifferent:
    """A :class:`MachineObserver` that takes no notice of anything."""

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`Observer`."""

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """See :class:`Observer`."""

    def activity(self, core: Core) -> None:
        """See :class:`Observer`."""

    def tracepoint(self, core: Core, name: str, facts: dict[str, Any]) -> None:
        """See :class:`Observer`."""

    def line(self, line: Line) -> None:
        """See :class:`MachineObserver`."""

    def remark(self, device: str, kind: str, number: int, text: str) -> None:
        """See :class:`MachineObserver`."""

    def pending(self, controller: InterruptController, number: int, cpu: int, again: bool) -> None:
        """See :class:`MachineObserver`."""

    def unmodelled(self, text: str) -> None:
        """See :class:`Observer`."""

    def split(self, text: str) -> None:
        """See :class:`MachineObserver`."""

    def reset_begins(self, owner: str, cpu: int) -> None:
        """See :class:`Observer`."""


class Onlooker:
    """A :class:`MachineObserver` that tells another one everything that it is told itself."""

    _inner: MachineObserver | None = None

    def instruction(self, core: Core, kind: str, target: int, value: int) -> None:
        """See :class:`Observer`."""
        if self._inner is not None:
            self._inner.instruction(core, kind, target, value)

    def exception(self, core: Core, kind: str, vector: int) -> None:
        """See :class:`Observer`."""
        if self._inner is not None:
            self._inner.exception(core, kind, vector)

    def activity(self, core: Core) -> None:
        """See :class:`Observer`."""
        if self._inner is not None:
            self._inner.activity(core)

    def tracepoint(self, core: Core, name: str, facts: dict[str, Any]) -> None:
        """See :class:`Observer`."""
        if self._inner is not None:
            self._inner.tracepoint(core, name, facts)

    def line(self, line: Line) -> None:
        """See :class:`MachineObserver`."""
        if self._inner is not None:
            self._inner.line(line)

    def remark(self, device: str, kind: str, number: int, text: str) -> None:
        """See :class:`MachineObserver`."""
        if self._inner is not None:
            self._inner.remark(device, kind, number, text)

    def pending(self, controller: InterruptController, number: int, cpu: int, again: bool) -> None:
        """See :class:`MachineObserver`."""
        if self._inner is not None:
            self._inner.pending(controller, number, cpu, again)

    def unmodelled(self, text: str) -> None:
        """See :class:`Observer`."""
        if self._inner is not None:
            self._inner.unmodelled(text)

    def split(self, text: str) -> None:
        """See :class:`MachineObserver`."""
        if self._inner is not None:
            self._inner.split(text)

    def reset_begins(self, owner: str, cpu: int) -> None:
        """See :class:`Observer`."""
        if self._inner is not None:
            self._inner.reset_begins(owner, cpu)
