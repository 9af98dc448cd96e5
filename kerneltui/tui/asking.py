"""Setting and cancelling timeouts from inside: dialogs whose answers are typed into the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerneltui.kernel.programs.shell_program import ShellProgram
from kerneltui.tui.screens.ask import AskScreen
from kerneltui.tui.screens.choose import ChooseScreen

if TYPE_CHECKING:
    from kerneltui.tui.app import KernelTui

NO_SHELL = "This kernel has no shell; o chooses the scenario shell."
CLEAR_LINE = "\x15"
"""Ctrl+U: whatever is half typed is not part of the command."""


def ask_for_timeout(app: KernelTui) -> None:
    """Ask once or every, how long, and what to print."""
    if _has_shell(app):
        fields = {"once or every": "every", "duration": "1s", "text": "tick"}
        app.push_screen(AskScreen("Add timeout", fields), lambda said: _type(app, said))


def ask_which_to_cancel(app: KernelTui) -> None:
    """Ask for one of the pending timeouts."""
    kernel = app.session.kernel
    if not _has_shell(app) or not isinstance(kernel, ShellProgram):
        return
    pending = {str(item.ident): item.name for item in kernel.own_timeouts()}
    if not pending:
        app.notify("No timeout is pending that could be cancelled.")
        return

    def chosen(ident: str | None) -> None:
        _type(app, ("cancel", ident) if ident is not None else None)

    app.push_screen(ChooseScreen("Cancel timeout", pending, ""), chosen)


def _has_shell(app: KernelTui) -> bool:
    has = isinstance(app.session.kernel, ShellProgram)
    if not has:
        app.notify(NO_SHELL, severity="warning")
    return has


def _type(app: KernelTui, words: tuple[str, ...] | None) -> None:
    if words is not None:
        app.type(f"{CLEAR_LINE}{' '.join(words)}\r".encode("ascii", "replace"))
