"""The list of breakpoints, and the box in which one is written."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from kerneltui.debugger.breakpoints.condition_names import NAMES
from kerneltui.debugger.breakpoints.grammar import FORMS, OPTIONS, parse_breakpoint
from kerneltui.debugger.breakpoints.table import Breakpoints
from kerneltui.errors import UserError
from kerneltui.machine.machine import Machine
from kerneltui.tui.screens.dialog import BoxDialog, Button, Chooser, buttons
from kerneltui.tui.widgets.line_view import DISABLED, ENABLED

NEW = "new"
WIDEST_FORM = max(len(form.form) for form in FORMS.values()) + 2
CONDITIONS = f"""\
Behind each, in this order:
{chr(10).join(f"  {option:<14}{told}" for option, (told, _) in OPTIONS.items())}
A condition: names and numbers with == != < <= > >= &, joined by and, or, not
Names: {", ".join(NAMES)}, each register (GICC_PMR)
  and field (CNTP_CTL_EL0.IMASK; of the breakpoint's own register: IMASK)"""


class BreakpointChooser(Chooser):
    """A click goes to a row; another one on the same row is an Enter."""

    async def _on_click(self, event: Click) -> None:
        event.prevent_default()  # or Textual calls the base class's own besides
        clicked = event.style.meta.get("option")
        if clicked == self.highlighted:
            await super()._on_click(event)
        elif clicked is not None:
            self.highlighted = clicked


class BreakpointsScreen(BoxDialog[None]):
    """Every breakpoint with its number, its text, and whether it is enabled."""

    DEFAULT_CSS = """
    #dialog.breakpoints #actions { margin-top: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *((key, "dismiss", "Close") for key in ("escape", "q", "B")),
        ("e", "edit", "Edit"),
        ("n", "new", "New"),
        ("space", "switch", "Enable or disable"),
        ("delete,x", "delete", "Delete"),
    ]
    ACTIONS = (
        Button("Enter", "edit", "edit"), Button("n", "new", "new"),
        Button("Space", "on/off", "switch"), Button("x", "delete", "delete"),
        Button("Esc", "close", "dismiss"),
    )  # fmt: skip

    def __init__(self, machine: Machine, breakpoints: Breakpoints) -> None:
        super().__init__()
        self._machine = machine
        self._breakpoints = breakpoints
        self._chooser = BreakpointChooser()

    def compose(self) -> ComposeResult:
        """The list, and below it what can be done."""
        with Vertical(id="dialog", classes="breakpoints") as dialog:
            dialog.border_title = "Breakpoints"
            yield self._chooser
            yield Static(buttons(self.ACTIONS), id="actions")
        self._list()

    def _list(self) -> None:
        """Anew; the highlight stays where it is, as far as that is possible."""
        chooser = self._chooser
        place = chooser.highlighted or 0
        chooser.clear_options()
        for number, item in self._breakpoints:
            sign = ENABLED if item.enabled else DISABLED
            told = f"  ({item.notes})" if item.notes else ""
            style = "bold" if item.enabled else "dim"
            row = Content.assemble(f"{sign} {number:>2}  ", (item.text, style), told)
            chooser.add_option(Option(row, id=str(number)))
        chooser.add_option(Option(Content.styled("  New…", "bold"), id=NEW))
        chooser.highlighted = min(place, chooser.option_count - 1)

    @property
    def _number(self) -> int | None:
        """Of the highlighted one; None on the last row, and for one that has gone."""
        option = self._chooser.highlighted_option
        if option is None or option.id in {None, NEW}:
            return None
        number = int(option.id or 0)
        return number if self._breakpoints.get(number) is not None else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Edit it, or write a new one."""
        event.stop()
        self.action_edit()

    def action_edit(self) -> None:
        """Change its text."""
        number = self._number
        if number is None:
            self.action_new()
            return
        put = partial(self._breakpoints.put, self._machine, number)
        text = self._breakpoints[number].text
        self._ask(BreakpointScreen(self._machine, f"Breakpoint {number}", text, put))

    def action_new(self) -> None:
        """Write one."""
        add = partial(self._breakpoints.add, self._machine)
        self._ask(BreakpointScreen(self._machine, "New breakpoint", "", add))

    def _ask(self, screen: BreakpointScreen) -> None:
        if self.is_current:
            self.app.push_screen(screen, lambda _: self._list())

    def action_switch(self) -> None:
        """Enable or disable it."""
        if self._number is not None:
            self._breakpoints.toggle(self._number)
            self._list()

    def action_delete(self) -> None:
        """Delete it."""
        if self._number is not None:
            self._breakpoints.remove(self._number)
            self._list()


class BreakpointScreen(BoxDialog[None]):
    """``use(text)`` takes what is written, or raises :class:`UserError`: then the box stays."""

    DEFAULT_CSS = """
    #dialog.breakpoint #error {
        height: auto; min-height: 1; max-height: 4; color: $error; text-style: bold;
    }
    #dialog.breakpoint { height: 90%; max-height: 25; }
    #dialog.breakpoint VerticalScroll { height: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "Close"),
        ("up", "scroll(-1)", "Up"),
        ("down", "scroll(1)", "Down"),
        ("pageup", "scroll_page(-1)", "Page up"),
        ("pagedown", "scroll_page(1)", "Page down"),
    ]
    ACTIONS = (
        Button("Enter", "sets it", "submit"), Button("Esc", "cancel", "dismiss"),
        Button("Page Down", "scrolls", "scroll_page(1)"),
    )  # fmt: skip

    def __init__(
        self, machine: Machine, title: str, first: str, use: Callable[[str], object]
    ) -> None:
        super().__init__()
        self._title = title
        self._use = use
        self._box = Input(first, compact=True, select_on_focus=False)
        self._error = Static("", id="error")
        self._help = VerticalScroll(Static(forms_text(machine)), can_focus=False)

    def compose(self) -> ComposeResult:
        """The box, what is wrong with what is in it, and what can be."""
        with Vertical(id="dialog", classes="breakpoint") as dialog:
            dialog.border_title = self._title
            yield Label("WHAT [core N] [ignore N] [once] [if CONDITION]", markup=False)
            yield self._box
            yield self._error
            yield self._help
            yield Static(buttons(self.ACTIONS))

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was wrong may be mended; no business of the app's filter."""
        event.stop()
        self._error.update("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Done, if it reads."""
        event.stop()
        self.action_submit()

    def action_submit(self) -> None:
        """Take the text, or say in which column it is wrong; one goes on writing at its end."""
        text = self._box.value.strip()
        try:
            text = parse_breakpoint(text).text
            self._use(text)
        except UserError as error:
            with self._box.prevent(Input.Changed):
                self._box.value = text
            self._box.cursor_position = len(text)
            column, _, said = str(error).partition("': column ")[2].partition(": ")
            where = f"Column {column}: {said}" if column.isdecimal() else str(error)
            self._error.update(Content(where))
        else:
            self.dismiss()

    def action_scroll(self, rows: int) -> None:
        """Move the help."""
        self._help.scroll_relative(y=rows, animate=False)

    def action_scroll_page(self, pages: int) -> None:
        """Move the help by as much as is in sight."""
        self.action_scroll(pages * max(self._help.size.height - 1, 1))


def forms_text(machine: Machine) -> Content:
    """Every form with an example for this machine, then what may stand behind."""
    parts: list[Content | str] = []
    for form in FORMS.values():
        parts += [
            Content.styled(f"{form.form:<{WIDEST_FORM}}", "bold"),
            f"{form.example(machine)}\n",
        ]
    return Content.assemble(*parts, CONDITIONS)
