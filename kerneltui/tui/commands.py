"""Every command of the dashboard, once: keys, footer, palette and help are made from this table.

Keys that are free here belong to commands to come; a key that does nothing says so.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from textual.binding import Binding, BindingType


class Command(msgspec.Struct, frozen=True):
    """One command.

    ``action`` is the app's, ``ident`` if none is given.  ``footer`` is its rank in the bar at the
    bottom, which shows as many as fit; 0 leaves it out.  One without a key is in the palette.
    """

    ident: str
    key: str
    label: str
    help: str
    group: str
    footer: int = 0
    shown_key: str = ""
    action: str = ""
    footer_keys: str = ""
    """where the bar at the bottom names keys of other commands too; each is clicked for its own"""

    @property
    def keys(self) -> str:
        """The key as people read it."""
        return self.shown_key or self.key

    @property
    def call(self) -> str:
        """The action that carries it out."""
        return self.action or self.ident


def _dialog(name: str) -> str:
    return f"dialog('{name}')"


COMMANDS = (
    Command("help", "question_mark,f1", "Help", "Show keys and panels", "Looking", 1, "?",
            _dialog("show_help")),
    Command("toggle_run", "space", "Run", "Run at the chosen speed, or pause", "Running", 2),
    Command("step", "s", "Step", "Execute one access to the hardware; of an image, one instruction",
            "Stepping", 4, footer_keys="s S"),
    Command("next_access", "j", "Access",
            "Go on to the next access to hardware; of a kernel in Python each step is one",
            "Stepping", footer_keys="j J"),
    Command("next_step", "full_stop", "Next", "Go on to the next meaningful step of an event",
            "Stepping", 3, ".", footer_keys=". ,"),
    Command("next_timer_event", "n", "Event",
            "Run until a timer callback has run and its interrupt is over", "Stepping", 5,
            footer_keys="n N"),
    Command("next_interrupt", "i", "IRQ", "Run until an interrupt is taken", "Stepping", 6,
            footer_keys="i I"),
    Command("finish", "f", "Finish", "Run until the interrupt handler has returned", "Stepping", 7,
            footer_keys="f F"),
    Command("step_back", "S", "Back", "Undo the last access of this core", "Stepping back"),
    Command("access_back", "J", "Access back", "Go back to the access to hardware before",
            "Stepping back"),
    Command("previous_step", "comma", "Before",
            "Go back to the meaningful step before", "Stepping back", shown_key=","),
    Command("timer_event_back", "N", "Event back",
            "Go back to the end of the timer event before", "Stepping back"),
    Command("interrupt_back", "I", "IRQ back",
            "Go back to where the interrupt before was taken", "Stepping back"),
    Command("finish_back", "F", "Finish back",
            "Go back to where a handler returned last", "Stepping back"),
    Command("go_to", "g", "Go to",
            "Go to a time, an instruction, a bookmark, or a register's last write",
            "Stepping back", 12, action="go_to_ask"),
    Command("jump_back", "backspace", "Return", "Return to where you were before the last jump",
            "Stepping back", shown_key="Backspace"),
    Command("undo", "", "Undo", "Undo, or take back, what you stored or typed last; asks first",
            "Stepping back", action=_dialog("ask_to_undo")),
    Command("forget", "", "Forget what comes after this moment",
            "Undo, or take back, what you did later than this moment; asks first", "Stepping back",
            action=_dialog("ask_to_forget")),
    Command("toggle_breakpoint", "b", "Break",
            "Set the obvious breakpoint on what is under the cursor, or delete it", "Breakpoints",
            11, footer_keys="b B R"),
    Command("breakpoints", "B", "Breakpoints",
            "List the breakpoints: write, change, enable, disable, delete", "Breakpoints"),
    Command("previous_hit", "R", "Hit back", "Go back to where a breakpoint was hit last",
            "Breakpoints"),
    Command("run_to_here", "G", "Run to here",
            "Run to the source line under the cursor; on a row of the trace, go there",
            "Breakpoints"),
    Command("next_callback", "", "Callback",
            "Run until a timer callback has run, inside its interrupt", "Stepping"),
    Command("next_core", "k", "Core",
            "Show the next core that runs, and step that one",
            "Looking", 16),
    Command("restart", "r", "Boot", "Go back to where it had booted and slept, at the speed x1",
            "Running", 14),
    Command("reset", "", "Reset", "Go to reset, before the first instruction", "Running"),
    Command("type", "c", "Type", "Type into the console; Esc leaves", "Looking", 11),
    Command("filter", "slash", "Filter", "Show only registers that match; Esc ends", "Looking", 15,
            "/"),
    Command("follow", "enter", "Show",
            "Show what is under the cursor; on a row of the trace, go to that moment",
            "Looking", 17, "Enter"),
    Command("pin", "P", "Pin",
            "Keep the register under the cursor at the top of panel 1, or no more", "Looking"),
    Command("path", "d", "Path", "Show the signal path with what happened in words, or all panels",
            "Looking", 9),
    Command("why", "w", "Why", "Say why the interrupt under the cursor does not arrive, or when",
            "Looking", 10),
    Command("what_is", "h", "What?",
            "Explain what is under the cursor, and the words around it", "Looking", 19),
    Command("edit", "e", "Poke",
            "Poke the register, field or line under the cursor; in the console, type bytes",
            "Looking", 20),
    Command("compare", "v", "Compare",
            "Mark this moment; at another one, show all that differs from it", "Looking", 20),
    Command("bookmark", "m", "Bookmark",
            "Set a bookmark with a note at this moment, or change the one that is there",
            "Bookmarks", 18, footer_keys="m < >"),
    Command("previous_bookmark", "less_than_sign", "Bookmark before",
            "Go to the bookmark before this moment", "Bookmarks", shown_key="<"),
    Command("next_bookmark", "greater_than_sign", "Next bookmark",
            "Go to the next bookmark; one that is still to come is run to", "Bookmarks",
            shown_key=">"),
    Command("save", "ctrl+s", "Save",
            "Save this session to a file: to go on with it, or to hand it in",
            "Sessions", 19, shown_key="Ctrl+S"),
    Command("save_as", "", "Save as", "Save this session to another file", "Sessions"),
    Command("go_on", "ctrl+o", "Go on",
            "Go on with the session that was left behind, or that was on show the last time",
            "Sessions", shown_key="Ctrl+O"),
    Command("lesson", "l", "Lesson",
            "Go on with the lesson, or answer its question; without one, choose a lesson",
            "Lessons", footer_keys="l L"),
    Command("lesson_menu", "L", "Lesson menu",
            "A hint, the steps of the lesson, leave it", "Lessons"),
    Command("lesson_back", "f2", "Back to the step",
            "Back to where the step of the lesson began, from wherever you are", "Lessons",
            shown_key="F2"),
    Command("copy", "y", "Copy", "Copy the row under the cursor", "Looking", 18),
    Command("copy_panel", "Y", "Copy panel", "Copy all of the panel as text", "Looking"),
    Command("leave_dashboard", "q", "Quit", "Leave the dashboard; so does Ctrl+Q", "Running", 8),
    Command("zoom", "z", "Zoom", "Show the focused panel alone, or all panels", "Looking", 13),
    Command("shorter", "left_square_bracket", "Shorter", "Shorten the window of the timeline",
            "Looking", shown_key="["),
    Command("longer", "right_square_bracket", "Longer", "Lengthen the window of the timeline",
            "Looking", shown_key="]"),
    Command("faster", "plus,equals_sign", "Faster", "Go to the next higher speed", "Running", 16,
            "+"),
    Command("slower", "minus", "Slower", "Go to the next lower speed", "Running", 17, "-"),
    Command("open", "o", "Open", "Open a lesson, a scenario, a board or a file", "Choosing", 15,
            action=_dialog("show_offers")),
    Command("queue", "u", "Queue", "Choose another structure for the timeout queue", "Choosing",
            action=_dialog("choose_queue")),
    Command("add_timeout", "a", "Add", "Set a timeout, by the kernel's shell", "Choosing",
            action=_dialog("ask_for_timeout")),
    Command("cancel_timeout", "x", "Cancel", "Cancel a timeout, by the kernel's shell", "Choosing",
            action=_dialog("ask_which_to_cancel")),
    Command("theme", "", "Theme", "Choose another theme", "Choosing",
            action=_dialog("choose_theme")),
    Command("command_palette", "ctrl+p", "Palette", "Find any command by its name", "Choosing",
            shown_key="Ctrl+P"),
    Command("suspend_process", "ctrl+z", "Suspend", "Leave for the shell; fg comes back", "Running",
            shown_key="Ctrl+Z"),
)  # fmt: skip
"""In the order of the footer and the help."""
CURSOR_KEYS = ("up", "down", "left", "right", "pageup", "pagedown", "home", "end")
"""What moves the cursor of the panel that has the focus."""
BY_IDENT = {command.ident: command for command in COMMANDS}
BY_KEY = {command.keys: command for command in COMMANDS if command.key}
"""By the key as people read it."""


def bindings(panels: Iterable[str]) -> list[BindingType]:
    """The keys of all commands, of the panels, and of leaving."""
    return [
        *(
            Binding(item.key, item.call, item.label, key_display=item.shown_key or None)
            for item in COMMANDS
            if item.key and item.ident != "command_palette"  # which Textual binds
        ),
        *(
            Binding(key, f"panel('{key}')", show=False)
            for key in dict.fromkeys(panels)
            if key != BY_IDENT["path"].key  # which goes on to all panels, too
        ),
        *(Binding(key, f"cursor('{key}')", show=False) for key in CURSOR_KEYS),
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
    """What the command bar shows, the most important first: the commands that work now."""
    if typing:
        return [("esc", "Leave typing", "choose('leave')")]
    if filtering:
        return [("enter", "Keep filter", "keep_filter"), ("esc", "End filter", "leave")]
    ranked = sorted((item for item in COMMANDS if item.footer), key=lambda item: item.footer)
    return [
        (item.footer_keys or item.keys, item.label, f"choose('{item.ident}')") for item in ranked
    ]
