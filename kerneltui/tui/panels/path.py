"""The signal path: what happened, what comes next, and the stations of one interrupt's way."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from msgspec import structs

from kerneltui.debugger.references import InterruptReference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.path import PathView
from kerneltui.machine.core import CoreState
from kerneltui.tui import signs
from kerneltui.tui.panels.base import CORNERS, Panel
from kerneltui.tui.panels.fitting import fitted, shortened
from kerneltui.tui.panels.kinds import PATH
from kerneltui.tui.panels.path_picture import LEGEND, names, stations
from kerneltui.tui.panels.time_strip import time_strip
from kerneltui.tui.widgets.lines import Line, Piece, cells, line_text, plain
from kerneltui.tui.widgets.standing_out import StationName
from kerneltui.units import format_duration, format_time

ROOMY, NARROW, ROOMY_FROM = 2, 3, 100
"""Lines of what happened, however long that is: on wide screens and on narrow ones."""
ASKED = "That is the question."
LONG_NS = 1_000_000
"""After so long nothing more comes of a step."""
CONSOLE = 3
"""So many lines of the console, where the path is alone on the screen and there is room."""
UART = "UART "
"""Before the console's last line, where there is no room for a heading."""

NEXT = "NEXT "
CHANGED = "CHANGED "
AT_ONCE = " At this same instant: other panels show it already."
NOTHING_MORE = "Nothing: this core has stopped for good."


class PathPanel(Panel):
    """One interrupt's way through the machine, and the step that it is in."""

    KIND = PATH
    PARTS = frozenset({"path"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.border_title = f"{self.KIND.key} {self.KIND.title}  {LEGEND}"
        self._step: tuple[str, ...] = ()
        """the one that the cursor has gone to"""
        self._unseen = ""
        """the console's last line, where the picture leaves no row for it"""
        self._is_asked = False
        """somebody is asked what comes next: it does not say so"""

    def forget(self) -> None:
        """The next view is of another session."""
        super().forget()
        self._step = ()

    def update(self) -> None:
        """The cursor goes to the station of each new step."""
        super().update()
        path = None if self._view is None else self._view.path
        if path is None or path.now_at is None:
            return
        step = path.heading, path.sentence
        if step != self._step:
            self._step = step
            about = path.stops[path.now_at].about
            if about is not None:
                self.seek(about)

    def ask(self, *, is_asked: bool) -> None:
        """Whether somebody is asked what comes next."""
        if is_asked is not self._is_asked:
            self._is_asked = is_asked
            self.update()

    def stands_out(self, piece: Piece) -> bool:
        """A station also by its name, which is about nothing."""
        return super().stands_out(piece) or any(
            isinstance(item, StationName) and names(piece[0], item.kind) for item in self.pointed
        )

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """The caption, and the stations beside each other, or below where that is too narrow."""
        path = view.path
        if path is None:
            return [plain("No interrupt has a way here that could be shown.", "dim")]
        if self._is_asked:
            path = structs.replace(path, next_sentence=ASKED)
        picture = stations(path, width) if path.stops else []
        rows = [*caption(view, path, width), *picture, *_below(path, width)]
        strip = [time_strip(path.due, width)] if path.stops else []
        return self._with_console(view, rows, strip)

    @property
    def interrupt(self) -> InterruptReference | None:
        """The one whose way it shows."""
        path = None if self._view is None else self._view.path
        return None if path is None else path.interrupt

    def caption(self, view: MachineView) -> str:
        """The keys that lead on."""
        return "← step before   → next step   n next event   w why   h what is this"

    def _below(self) -> str:
        """What the cursor stands on; a row of the picture is no text."""
        thing = self.under_cursor
        if self._unseen:
            return shortened(f"{UART}{self._unseen}", self.outer_size.width - CORNERS)
        return self._caption if thing is None else str(thing)

    def parts(self) -> frozenset[str]:
        """Alone it ends with what the board has sent."""
        return self.PARTS | {"console"} if self.alone else self.PARTS

    def _with_console(self, view: MachineView, rows: list[Line], strip: list[Line]) -> list[Line]:
        """Alone it ends with what the board has sent: the last line of that stays in sight.

        For that the strip of time goes, then empty rows; else the lower border says it.
        """
        self._unseen = ""
        if not self.alone:
            return [*rows, *strip]
        sent = [text for text in view.console if text.strip()][-CONSOLE:]
        room = self.size.height - len(rows)
        if room > len(strip):
            rows, room = [*rows, *strip], room - len(strip)
        while room < 1 and (blank := _last_blank(rows)) is not None:
            rows, room = [*rows[:blank], *rows[blank + 1 :]], room + 1
        if room > 1:
            shown = sent[-(room - 1) :]
            return [*rows, plain("UART console", "dim"), *(plain(text, "text") for text in shown)]
        last = sent[-1] if sent else ""
        if room < 1:
            self._unseen = last
        return [*rows, ((UART, "dim"), (last, "text"))]


def _last_blank(rows: Sequence[Line]) -> int | None:
    return next((n for n in reversed(range(len(rows))) if not line_text(rows[n]).strip()), None)


def caption(view: MachineView, path: PathView, width: int) -> list[Line]:
    """What happened and what comes next; of one height, so that nothing moves below it."""
    room = ROOMY if width >= ROOMY_FROM else NARROW
    if not path.heading:
        return _before_any(view, path, width, room)
    said = path.sentence or _after(view, path)
    rows = wrap(said, width)[:room]
    rows += [""] * (room - len(rows))
    subject = f"   {path.subject}" if path.subject else ""
    following = path.next_sentence
    if view.cpu.state == CoreState.HALTED:
        following = NOTHING_MORE
    elif not path.sentence and path.ago_ns > LONG_NS and path.mend:
        following = "Nothing, until what the sign ✗ stands at is mended."
    elif path.is_ahead and cells(NEXT + following + AT_ONCE) <= width:
        following += AT_ONCE
    return [
        fit_heading(path.heading, subject, _happened(view, path), width),
        *map(plain, rows),
        ((NEXT, "strong"), (following, "dim")),
    ]


def _before_any(view: MachineView, path: PathView, width: int, room: int) -> list[Line]:
    """Where no step is known; of a machine that runs freely nobody looks at its steps."""
    heading, said = "NO STEP YET", path.unstepped
    following = "The first step; the key . goes on to it."
    if view.cpu.state == CoreState.HALTED:
        heading, following = "HALTED", NOTHING_MORE
        said = f"Core {view.cpu.index} has stopped for good."
    elif not said:
        return [plain("")] * (room + 2)
    elif view.cpu.state == CoreState.RUNNING and not view.cpu.next_instruction.startswith("("):
        said = f"{said} {_does(view)}."
    rows = wrap(said, width)[:room]
    return [((heading, "now"),), *map(plain, rows), *[plain("")] * (room - len(rows)),
            ((NEXT, "strong"), (following, "dim"))]  # fmt: skip


def _happened(view: MachineView, path: PathView) -> str:
    """When the step on show happened, as ``narrate`` and the trace have it.

    Row 1 has the time at which the machine stands, after it.
    """
    if not path.sentence or not path.ago_ns:
        return ""
    return f"   at {format_time(view.now_ns - path.ago_ns)} s"


def fit_heading(heading: str, subject: str, when: str, width: int) -> Line:
    """The step, and as there is room what it is about, and when it happened."""
    for more in (subject + when, when, subject):
        if cells(heading) + cells(more) <= width:
            return ((heading, "now"), (more, "dim"))
    return ((heading, "now"),)


def _after(view: MachineView, path: PathView) -> str:
    """Where the machine stands after a step, before the next one."""
    return f"{format_duration(path.ago_ns)} after the last step. {_does(view)}."


def _does(view: MachineView) -> str:
    """What the core on show is at, as a clause."""
    core = f"Core {view.cpu.index}"
    if view.cpu.state == CoreState.WAITING:
        return f"{core} sleeps ({view.cpu.wait})"
    if view.cpu.state == CoreState.HALTED:
        return f"{core} has halted"
    if view.cpu.next_instruction.startswith("("):
        return f"{core} waits for its turn: another core goes first"
    return f"{core} will execute next: {view.cpu.next_instruction}"


def _below(path: PathView, width: int) -> list[Line]:
    """What keeps the interrupt out and what would mend that; or what has changed."""
    if path.mend:
        return [plain(text, "alert") for text in wrap(f"{signs.SHUT} {path.mend}", width)]
    if path.changes:
        count = len(path.changes)
        while count > 1 and cells(_changed(path.changes, count)) > width:
            count -= 1
        label, told = CHANGED, _changed(path.changes, count)
        return [((label, "strong"), (told.removeprefix(label), "changed"))]
    if path.unchanged:
        return [((CHANGED, "strong"), (path.unchanged, "dim"))]
    return [plain("")]


def _changed(changes: Sequence[str], count: int) -> str:
    """The first ones, and how many more there are."""
    more = f"   {signs.MORE}{len(changes) - count}" if count < len(changes) else ""
    return f"{CHANGED}{'   '.join(changes[:count])}{more}"
