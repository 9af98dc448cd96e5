"""Why an interrupt does or does not arrive: the verdict, its way gate by gate, and who wrote each.

Who wrote the gate last that is highlighted is looked for in the past while the window waits for
keys, slice by slice; the search ends when the highlight moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from functools import partial
from time import perf_counter
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker

from kerneltui.debugger.ear import LastWrite
from kerneltui.debugger.traveller import DivergedError
from kerneltui.debugger.verdict import TROUBLE, Explanation
from kerneltui.debugger.way import Station, reading
from kerneltui.debugger.writers import NOT_WRITTEN, in_words
from kerneltui.hw.rule import Gate, first_shut
from kerneltui.machine.position import Position
from kerneltui.tui import signs
from kerneltui.tui.screens.dialog import CLOSE, BoxDialog, Button, Chooser, buttons
from kerneltui.units import format_time

OPEN, SHUT, WAITING = signs.HOLDS, signs.SHUT, signs.NOT_YET
"""One that waits is opened by what comes before it on the way, by time, or by a handler's end; or
it has not had to choose yet."""
WIDEST_NAME = 24
INDENT = 4
"""Cells before a gate's name."""
BOX_PART, WIDEST, BORDER_EDGES = 90, 110, 4
"""The box: its part of the screen's width (%); its greatest width and its corners, in cells."""
ROW_EDGES = 2
"""Cells beside the rows of the list."""

PAUSE_S = 0.12
"""A highlight that moves on within that time asks for no search."""
SLICE_S = 0.008
"""How long a search keeps keys waiting, about: it goes on by stretches of the past."""
LOOKING = "looking who wrote it last …"


class Chosen(NamedTuple):
    """The gate whose register is to be shown."""

    station: Station
    gate: Gate


class Mend(NamedTuple):
    """Do what mends it."""

    stores: tuple[str, ...]


class Change(NamedTuple):
    """Ask for a new value of what decides a gate."""

    station: Station
    gate: Gate


Answer = Chosen | LastWrite | Mend | Change
"""What to show (a gate's register, or the moment of a write), or to do."""
Search = Generator[Position, None, LastWrite]


class WhyScreen(BoxDialog[Answer | None]):
    """``look`` begins to search who wrote a gate last; it answers None where no register decides.

    ``toggle`` sets a breakpoint on a gate, or deletes it, and says so.  ``highlighted`` is the gate
    to begin with, unless the verdict has found a culprit.
    """

    DEFAULT_CSS = """
    #dialog.why { max-width: 110; height: 90%; }  /* BOX_PART, WIDEST */
    #dialog.why OptionList { height: 1fr; max-height: 100%; }
    #dialog.why #gate { margin-top: 1; color: $foreground 80%; height: auto; max-height: 4; }
    #dialog.why #writer { color: $foreground 80%; height: auto; min-height: 2; max-height: 3; }
    #dialog.why #verdict { margin-bottom: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *((key, "dismiss", "Close") for key in ("escape", "q", "w")),
        ("g", "go_to_write", "Go to the write"),
        ("m", "mend", "Mend"),
        ("e", "change", "Poke"),
        ("b", "toggle_breakpoint", "Breakpoint"),
    ]

    def __init__(
        self,
        explanation: Explanation,
        look: Callable[[Station, Gate], Search | None],
        toggle: Callable[[Gate], str],
        highlighted: Gate | None = None,
        *,
        meanings: Callable[[Station, Gate], str] = lambda _, __: "",
    ) -> None:
        """``meanings`` says in words what a gate's value is, where the register's table does."""
        super().__init__()
        self._meanings = meanings
        self._told = explanation
        self._look = look
        self._toggle = toggle
        culprit = explanation.gate if explanation.verdict in TROUBLE else None
        first = explanation.gate or first_shut(explanation.way.gates)
        self._wanted = culprit or highlighted or first
        self._gates: Mapping[str, Chosen] = {
            f"gate-{place}": found
            for place, found in enumerate(
                Chosen(station, gate)
                for station in explanation.way.stations
                for gate in station.gates
            )
        }
        self._gate, self._writer = Static("", id="gate"), Static("", id="writer")
        self._said: tuple[Gate | None, str, bool | None] = None, "", None
        """below the list: of which gate, who wrote it, whether there is a moment to go to"""
        self._writes: dict[str, LastWrite] = {}
        """what has been found, by the gate's identity"""
        self._looking: Worker[None] | None = None
        self._shown = ""
        """the gate that is highlighted"""
        self._room = 0
        """cells for a row; 0: not known yet"""
        self._goes = False
        """somebody has asked to go where the write that is looked for was"""

    def compose(self) -> ComposeResult:
        """The sentence above, the gates below, and more about the one that is highlighted."""
        told = self._told
        self._dialog = dialog = Vertical(id="dialog", classes="why")
        dialog.border_title = f"Why: {told.subject}"
        with dialog:
            yield Static(_verdict(told), id="verdict")
            yield self._list()
            yield self._gate
            yield self._writer
        # What is said of the first one stands in the first picture, which is not painted twice.
        for ident, found in self._gates.items():
            if found.gate is self._wanted:
                self._shown = ident
                self._say(found.gate, *self._writer_of(found)[:2])
                break
        else:
            self._say(None, "", can_go=False)

    def _keys(self, *, can_go: bool) -> Content:
        """What keys do here: those that do something now."""
        offered = [
            Button("e", "pokes", "change"),
            Button("b", "halts", "toggle_breakpoint"),
            Button("Enter", "shows it", "choose_highlighted", "shows"),
        ]
        if self._told.mend:
            offered.insert(0, Button("m", "mends", "mend"))
        if can_go:
            offered.append(Button("g", "goes to the write", "go_to_write", "goes there"))
        width = min(self.app.size.width * BOX_PART // 100, WIDEST)
        return buttons((*offered, CLOSE), width - BORDER_EDGES)

    def on_resize(self) -> None:
        """Rows are laid out for the width that there is, and so is what keys do."""
        can_go = self._said[2]
        if can_go is not None:
            self._dialog.border_subtitle = self._keys(can_go=can_go)
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        chooser = self.query_one(Chooser)
        room = chooser.scrollable_content_region.width - ROW_EDGES
        if room <= 0 or room == self._room:
            return
        self._room = room
        for ident, (station, gate) in self._gates.items():
            row = self._row(station, gate)
            if row != chooser.get_option(ident).prompt:
                chooser.replace_option_prompt(ident, row)
        # Rows may have become higher: the one that is highlighted stays in sight.
        self.call_after_refresh(chooser.scroll_to_highlight)

    def _row(self, station: Station, gate: Gate) -> Content:
        meaning = self._meanings(station, gate)
        return _row(gate, meaning, self._room, is_shut=self._told.is_shut(gate))

    def _list(self) -> Chooser:
        options: list[Option] = []
        places: dict[str, int] = {}
        station = None
        for ident, (owner, gate) in self._gates.items():
            if owner is not station:
                station = owner
                title = Content.styled(f"{owner.title}, {owner.owner}", "bold")
                options.append(Option(title, disabled=True))
            places[ident] = len(options)
            row = self._row(owner, gate)
            options.append(Option(row, id=ident))
        chooser = Chooser(*options)
        first = next((key for key, (_, gate) in self._gates.items() if gate is self._wanted), None)
        chooser.highlighted = places.get(first or next(iter(self._gates), ""))
        return chooser

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say more about it, unless the highlight has gone on since."""
        if event.option_index != event.option_list.highlighted:
            return
        self._shown = event.option.id or ""
        self._goes = False
        found = self._gates.get(self._shown)
        if found is not None:
            self._ask_for_writer(found)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Its register."""
        self.dismiss(self._gates.get(event.option.id or ""))

    # -- who wrote it -----------------------------------------------------------------------------

    def _ask_for_writer(self, found: Chosen) -> None:
        if self._looking is not None:
            self._looking.cancel()
        text, can_go, search = self._writer_of(found)
        self._say(found.gate, text, can_go)
        if search is not None:
            self._looking = self.run_worker(partial(self._search, self._shown, search))

    def _writer_of(self, found: Chosen) -> tuple[str, bool, Search | None]:
        """As far as it is known: what to say, whether one can go there, and what finds it."""
        write = self._writes.get(self._shown)
        if write is not None:
            return in_words(write), write.by not in NOT_WRITTEN, None
        search = self._look(found.station, found.gate)
        if search is None:
            return "no register: nobody writes it", False, None
        return LOOKING, True, search

    def _say(self, gate: Gate | None, text: str, can_go: bool) -> None:
        """Below the list, and what keys do; ``can_go``: there may be a moment to go to."""
        before, self._said = self._said, (gate, text, can_go)
        if gate is not before[0]:
            self._gate.update(_details(gate) if gate is not None else "")
        if text != before[1]:
            self._writer.update(Content(text[:1].upper() + text[1:]))
        if can_go != before[2]:
            self._dialog.border_subtitle = self._keys(can_go=can_go)

    def _tell_writer(self, text: str, *, can_go: bool = False) -> None:
        """Of the gate that is highlighted."""
        self._say(self._said[0], text, can_go)

    def _tell_write(self, write: LastWrite) -> None:
        self._tell_writer(in_words(write), can_go=write.by not in NOT_WRITTEN)

    async def _search(self, ident: str, search: Search) -> None:
        await asyncio.sleep(PAUSE_S)
        with closing(search):
            # The screen loses its parts before it ceases to be the current one.
            while self.is_current and self.query("#dialog"):
                if self._look_further(ident, search):
                    return
                await asyncio.sleep(0.001)

    def _look_further(self, ident: str, search: Search) -> bool:
        """For about :data:`SLICE_S`; whether that was all."""
        started = perf_counter()
        try:
            looked_at = next(search)
            while perf_counter() - started < SLICE_S:
                looked_at = next(search)
        except StopIteration as end:
            write: LastWrite = end.value
        except DivergedError as error:
            self._tell_writer(str(error))
            return True
        else:
            self._tell_writer(f"{LOOKING} at {format_time(looked_at.now_ns)} s", can_go=True)
            return False
        self._writes[ident] = write
        self._tell_write(write)
        if self._goes:
            self.action_go_to_write()
        return True

    def action_mend(self) -> None:
        """Poke what mends it."""
        if self._told.mend:
            self.dismiss(Mend(self._told.mend))
        else:
            self.notify(f"No single store mends this. {self._told.advice}", markup=False)

    def action_change(self) -> None:
        """Set what decides the highlighted gate."""
        found = self._gates.get(self._shown)
        if found is not None:
            self.dismiss(Change(*found))

    def action_toggle_breakpoint(self) -> None:
        """Halt where the highlighted gate opens or shuts, or no more."""
        found = self._gates.get(self._shown)
        if found is not None:
            self.notify(self._toggle(found.gate), markup=False)

    def action_go_to_write(self) -> None:
        """The moment of the write; as soon as it has been found."""
        found, write = self._gates.get(self._shown), self._writes.get(self._shown)
        if write is not None and write.by not in NOT_WRITTEN:
            self.dismiss(write)
        elif write is None and found is not None and self._look(*found) is not None:
            self._goes = True
        else:
            self.notify("Nobody has changed it since reset: there is no moment to go to.")


def _verdict(told: Explanation) -> Content:
    colour = "$error" if told.verdict in TROUBLE else "$success"
    parts: list[Content | str] = [
        Content.styled(f" {told.verdict.upper()} ", f"bold reverse {colour}"),
        f" {told.headline}\n{told.advice}",
    ]
    if told.mend:
        parts += ["\n", Content.styled("Mend: ", "bold"), "; ".join(told.mend)]
    return Content.assemble(*parts)


def _row(gate: Gate, meaning: str, room: int, *, is_shut: bool) -> Content:
    """Name and value; where they have no room beside each other, the value stands below."""
    says = reading(gate) + (f" ({meaning})" if meaning else "")
    longest = INDENT + max(len(gate.name), WIDEST_NAME) + 1 + len(says)
    apart = f"\n{' ' * (INDENT + 2)}" if room and longest > room else " "
    sign, style = (SHUT, "bold $text-error") if is_shut else (WAITING, "bold $warning")
    if gate.open:
        sign, style = (OPEN, "") if gate.holds else (WAITING, "")
    name = gate.name if apart[0] == "\n" else f"{gate.name:<{WIDEST_NAME}}"
    return Content.styled(f"  {sign} {name}{apart}{says}", style)


def _details(gate: Gate) -> Content:
    told = "It is open." if gate.open else f"It needs {gate.needs}."
    if gate.is_undecided:
        told = "It does not have to choose yet: this interrupt has not come so far."
    return Content(f"{told}  {gate.ref}".rstrip())
