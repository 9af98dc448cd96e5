"""What the step of a lesson points at, as panels know it."""

from __future__ import annotations

from typing import Any, NamedTuple

from kerneltui.debugger.references import InterruptReference, Reference, VectorReference
from kerneltui.debugger.session import Session
from kerneltui.debugger.views import MachineView
from kerneltui.errors import UserError
from kerneltui.lessons.play import Play
from kerneltui.lessons.pointing_at import pointed
from kerneltui.tui.widgets.standing_out import StationName


class Things(NamedTuple):
    """What is to stand out."""

    references: frozenset[Any] = frozenset()
    panels: frozenset[str] = frozenset()
    """by their keys"""
    places: frozenset[str] = frozenset()
    """keys of panels that have something of it"""


HOMES = {"station": "d", "register": "1", "field": "1", "irq": "2", "timeout": "3"}
"""The key of the panel in which each kind stands."""


def things(session: Session, view: MachineView, play: Play | None) -> Things:
    """What the present step points at, as far as it is there at this moment."""
    if play is None:
        return Things()
    references: set[Any] = set()
    panels: set[str] = set()
    homes: set[str] = set()
    for text in play.step.point:
        try:
            found = pointed(session, text)
        except UserError:
            continue  # a timeout that is not in the queue now
        homes.add(HOMES.get(text.split()[0], found.panel))
        if found.panel:
            panels.add(found.panel)
        elif found.reference is not None:
            references.add(found.reference)
            references |= _also(found.reference, session.focus)
        elif view.path is not None:
            references.add(StationName(found.station))
            stops = (stop for stop in view.path.stops if stop.kind == found.station)
            references |= {stop.about for stop in stops if stop.about is not None}
    return Things(frozenset(references), frozenset(panels), frozenset(homes))


def _also(reference: Reference, core: int) -> set[Reference]:
    """A vector of a local APIC is one of the core on show as well: so the maps of APICs have it."""
    if isinstance(reference, InterruptReference) and reference.numbering == "vector":
        return {VectorReference(core, reference.number)}
    return set()
