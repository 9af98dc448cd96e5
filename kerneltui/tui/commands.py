"""Every command of the dashboard, once: keys, footer, palette and help are made from this table.

The capitals of the stepping keys are kept free for stepping backwards.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from textual.binding import Binding, BindingType


class Command(msgspec.Struct, frozen=True):
    """One command.  ``ident`` is the app's action; ``footer`` says whether the footer shows it."""

    ident: str
    key: str
    label: str
    help: str
    group: str
    footer: bool = True
    shown_key: str = ""


COMMANDS = (
    Command("help", "question_mark", "Help", "Keys and what the panels show", "Looking",
            shown_key="?"),
    Command("toggle_run", "space", "Run", "Run at the chosen speed, or pause", "Running"),
    Command("step", "s", "Step", "Execute one access to the hardware", "Stepping"),
    Command("next_timer_event", "n", "Event", "Run until a timer callback has run", "Stepping"),
    Command("next_interrupt", "i", "IRQ", "Run until an interrupt is taken", "Stepping"),
    Command("finish", "f", "Finish", "Run until the interrupt handler has returned", "Stepping"),
    Command("next_core", "k", "Core", "Show the next core that runs, and step that one", "Looking",
            footer=False),
    Command("restart", "r", "Restart", "Back to reset, before the first instruction", "Running"),
    Command("type", "c", "Type", "Type into the console; Esc leaves", "Looking"),
    Command("filter", "slash", "Filter", "Show only registers that match; Esc ends", "Looking",
            shown_key="/"),
    Command("leave_dashboard", "q", "Quit", "Leave the dashboard", "Running"),
    Command("zoom", "z", "Zoom", "The focused panel alone, or all panels", "Looking"),
    Command("longer", "left_square_bracket", "Longer", "A longer window of the timeline",
            "Looking", footer=False, shown_key="["),
    Command("shorter", "right_square_bracket", "Shorter", "A shorter window of the timeline",
            "Looking", footer=False, shown_key="]"),
    Command("faster", "plus,equals_sign", "Faster", "Next higher speed", "Running", shown_key="+"),
    Command("slower", "minus", "Slower", "Next lower speed", "Running", shown_key="-"),
    Command("add_timeout", "a", "Add", "Set a timeout, by the kernel's shell", "Choosing",
            footer=False),
    Command("cancel_timeout", "x", "Cancel", "Cancel a timeout, by the kernel's shell", "Choosing",
            footer=False),
    Command("board", "b", "Board", "Choose another board", "Choosing"),
    Command("scenario", "o", "Scenario", "Choose another scenario", "Choosing"),
    Command("queue", "u", "Queue", "Choose another structure for the timeout queue", "Choosing",
            footer=False),
    Command("theme", "t", "Theme", "Choose another theme", "Choosing", footer=False),
)  # fmt: skip


def bindings(panels: Iterable[str]) -> list[BindingType]:
    """The keys of all commands, of the panels in their order, and of leaving."""
    return [
        *(
            Binding(item.key, item.ident, item.label, key_display=item.shown_key or None)
            for item in COMMANDS
        ),
        *(Binding(key, f"focus_panel({n})", show=False) for n, key in enumerate(panels, 1)),
        Binding("ctrl+c", "leave_dashboard", show=False, priority=True),
        Binding("escape", "leave", show=False),
    ]


BarItem = tuple[str, str, str]
"""What the bar at the bottom offers: key, label, and the app's action of a click."""

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0, 1000.0, float("inf"))
"""Virtual seconds per second; the last is as fast as the computer can."""


def speed_text(speed: float) -> str:
    """``x1``, ``x0.25``, ``max``."""
    return "max" if speed == float("inf") else f"x{speed:g}"


def next_speed(speed: float, direction: int) -> float:
    """The neighbouring speed; ``direction`` is 1 or -1."""
    if direction > 0:
        return next((step for step in SPEEDS if step > speed), SPEEDS[-1])
    return next((step for step in reversed(SPEEDS) if step < speed), SPEEDS[0])


def offered(*, typing: bool, filtering: bool) -> list[BarItem]:
    """What the command bar shows: the commands that work now."""
    if typing:
        return [("esc", "Leave typing", "choose('leave')")]
    if filtering:
        return [("enter", "Keep filter", "keep_filter"), ("esc", "End filter", "leave")]
    return [
        (command.shown_key or command.key, command.label, f"choose('{command.ident}')")
        for command in COMMANDS
        if command.footer
    ]
