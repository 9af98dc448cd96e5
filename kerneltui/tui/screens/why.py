"""Why an interrupt does or does not arrive: the verdict, and its way gate by gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from kerneltui.debugger.explain import Explanation, Verdict
from kerneltui.debugger.way import Station
from kerneltui.hw.rule import Gate, Opens, first_shut
from kerneltui.tui.screens.dialog import Chooser, Dialog

OPEN, SHUT, WAITING = "✓", "✗", "○"
"""One that waits is opened by what comes before it on the way, by time, or by a handler's end."""
TROUBLE = frozenset((Verdict.SHUT, Verdict.LOST, Verdict.MISBEHAVES))
WIDEST_NAME = 24


class WhyScreen(Dialog[tuple[Station, Gate] | None]):
    """Answers the gate whose register is to be shown, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        (key, "dismiss", "Close") for key in ("escape", "q", "w")
    ]

    def __init__(self, explanation: Explanation) -> None:
        super().__init__()
        self._told = explanation
        self._gates: Mapping[str, tuple[Station, Gate]] = {
            f"gate-{place}": found
            for place, found in enumerate(
                (station, gate) for station in explanation.way.stations for gate in station.gates
            )
        }

    def compose(self) -> ComposeResult:
        """The sentence above, the gates below, and more about the one that is highlighted."""
        told = self._told
        with Vertical(id="dialog", classes="why") as dialog:
            dialog.border_title = f"Why: {told.subject}"
            dialog.border_subtitle = "Enter shows the register, Esc closes"
            yield Static(_verdict(told), id="verdict")
            yield self._list()
            yield Static("", id="gate")

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
            options.append(Option(_row(gate), id=ident))
        chooser = Chooser(*options)
        wanted = self._told.gate or first_shut(self._told.way.gates)
        shut = next((key for key, (_, gate) in self._gates.items() if gate is wanted), None)
        chooser.highlighted = places.get(shut or next(iter(self._gates), ""))
        return chooser

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say more about it."""
        found = self._gates.get(event.option.id or "")
        self.query_one("#gate", Static).update(_details(found[1]) if found is not None else "")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Its register."""
        self.dismiss(self._gates.get(event.option.id or ""))


def _verdict(told: Explanation) -> Content:
    colour = "$error" if told.verdict in TROUBLE else "$success"
    parts: list[Content | str] = [
        Content.styled(f" {told.verdict.upper()} ", f"bold reverse {colour}"),
        f" {told.headline}\n{told.advice}",
    ]
    if told.mend:
        parts += ["\n", Content.styled("Mend: ", "bold"), "; ".join(told.mend)]
    return Content.assemble(*parts)


def _row(gate: Gate) -> Content:
    where = f"{gate.register}.{gate.field}" if gate.field else gate.register
    value = gate.value if gate.value < 10 else f"{gate.value:#x}"
    sign, style = (SHUT, "bold $error") if gate.opens is Opens.STORE else (WAITING, "bold $warning")
    if gate.open:
        sign, style = OPEN, ""
    return Content.styled(f"  {sign} {gate.name:<{WIDEST_NAME}} {where} = {value}", style)


def _details(gate: Gate) -> Content:
    told = "It is open." if gate.open else f"It needs {gate.needs}."
    return Content(f"{told}  {gate.ref}".rstrip())
