"""The bar at the top and the tabs of the single-panel layout.  Both take clicks."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static


def link(text: str, action: str, style: str = "") -> Content:
    """A piece of text that runs an app action when clicked."""
    return Content.from_markup(
        f"[{style} @click=app.{action}]$text[/]".replace("[ ", "["), text=text
    )


class StatusBar(Static):
    """Board, scenario, virtual time, state, speed."""

    def show(self, board: str, scenario: str, time: str, state: Content, speed: str) -> None:
        """Everything that the bar says."""
        gap = Content("  ")
        self.update(
            Content.assemble(
                link(board, "choose('board')", "bold"), Content(" · "),
                link(scenario, "choose('scenario')"), gap, Content(f"t={time} s"), gap,
                link(speed, "choose('faster')", "bold"), gap, state,
            )
        )  # fmt: skip


class PanelTabs(Static):
    """The panels' names; the current one in reverse."""

    def show(self, titles: Sequence[str], current: int) -> None:
        """``current`` counts from 1."""
        tabs: list[Content | str] = []
        for number, title in enumerate(titles, 1):
            style = "bold reverse" if number == current else ""
            tabs += [link(f" {number} {title} ", f"focus_panel({number})", style)]
        self.update(Content.assemble(*tabs))
