"""What the present step of a lesson says, below the panels."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.text import Text
from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from kerneltui.lessons.lesson import following
from kerneltui.lessons.play import Play
from kerneltui.tui.commands import BY_KEY
from kerneltui.tui.widgets.bar import action_of
from kerneltui.units import format_time

BORDERS = 2
SIDES = 4
"""Cells beside the text."""
LARGEST_SHARE = 0.46
"""Of the rows of the terminal; what is longer is read with the key l."""
LEAST_LEFT = 13
"""Rows that the dashboard keeps."""
DONE, TO_DO, ASKS, HINT, WRONG = "✓", "▢", "?", "→", "✗"


class LessonPane(Static):
    """Takes no room while there is no lesson."""

    DEFAULT_CSS = """
    LessonPane {
        border: round $success; border-title-color: $success; border-title-style: bold;
        border-subtitle-color: $foreground; padding: 0 1; background: $background; height: auto;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="lesson")
        self._measure = Console(width=80, color_system=None, file=None)
        self.rows = 0
        """of the screen that it takes"""

    def show(self, play: Play | None, width: int, height: int) -> int:
        """Show where a lesson stands, on a screen of a size; answers how many rows it takes."""
        if play is None:
            self.display = False
            self.rows = 0
            return 0
        content = Group(*contents(play))
        room = max(width - SIDES, 20)
        wanted = len(self._measure.render_lines(content, self._measure.options.update(width=room)))
        most = min(int(height * LARGEST_SHARE), height - LEAST_LEFT)
        self.rows = min(wanted + BORDERS, most)
        self.styles.height = self.rows
        self.display = True
        spec = play.lesson.spec
        self.border_title = Text(f" {spec.title}: {play.number + 1} of {play.count} ")
        self.border_subtitle = hints(keys(play))
        self.update(content)
        return self.rows


def hints(said: str) -> Content:
    """What is said of keys, to click on: what begins with a command's key does that."""
    parts = []
    for part in said.split("   "):
        command = BY_KEY.get(part.partition(":")[0])
        meta = {} if command is None else {"@click": action_of(command.ident)}
        parts.append(Content.styled(part, Style.from_meta(meta)))
    return Content.assemble(" ", Content("   ").join(parts), " ")


def contents(play: Play) -> list[RenderableType]:
    """The text of the step, and what becomes of it: hints have their room until it is done."""
    found: list[RenderableType] = [Markdown(play.step.text.strip())]
    asked = play.question
    if play.problem:
        found.append(Text(f"This question makes no sense here: {play.problem}", "bold"))
    if play.is_done:
        if play.is_told and asked is not None:
            found.append(Text(f"{HINT} The answer is: {asked.told}", "bold"))
        if play.step.goal or asked is not None:
            found.append(Markdown(f"{DONE} {_when(play)}**{(play.step.done or 'Done.').strip()}**"))
        if play.is_over:
            found.append(Text(over(play), "bold"))
        return found
    found += [Markdown(f"{HINT} {hint.strip()}") for hint in play.shown_hints]
    if asked is not None:
        found.append(Text(f"{ASKS} {asked.text}", "bold"))
        if play.wrong:
            more = len(play.step.hints) > play.hints
            said = ("Not that.", play.remark, "L gives a hint." if more else "Think again.")
            found.append(Text(f"{WRONG} {' '.join(filter(None, said))}", "bold"))
    return found


def _when(play: Play) -> str:
    """Which moment the words are about, where another one is on show."""
    if not play.has_gone_on:
        return ""
    return f"(This was at {format_time(play.reached[0].now_ns)} s.) "


def over(play: Play) -> str:
    """The end of a lesson, and where it goes on."""
    found = following(play.lesson)
    said = f" l goes on to: {found.spec.title}" if found is not None else ""
    return f"{DONE} This lesson is over.{said}"


def keys(play: Play) -> str:
    """What goes on, and who explains the words of the text."""
    return f"{_ahead(play)}   h: these words"


def _ahead(play: Play) -> str:
    if play.is_over:
        ahead = "choose a lesson" if following(play.lesson) is None else "the next lesson"
        return f"l: {ahead}   L: all steps, leave"
    if play.is_done:
        return "l: go on   L: all steps, leave"
    if play.question is not None:
        return "l: answer   L: a hint, all steps, leave"
    return f"{TO_DO} your turn   L: a hint, all steps, leave"


def read(play: Play) -> str:
    """All that stands there, without marks of Markdown."""
    said = [play.step.text, *play.shown_hints]
    if play.question is not None:
        said += [play.question.text, *play.question.options]
    if play.is_done:
        said.append(play.step.done or "")
    return " ".join(" ".join(said).replace("*", "").replace("`", "").split())
