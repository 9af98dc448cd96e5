"""A session as a report in Markdown: what a student hands in, or an engineer adds to an issue."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from kerneltui import __version__
from kerneltui.debugger.bookmarks import Bookmark
from kerneltui.debugger.elsewhere import troubled
from kerneltui.debugger.meaning.stored import all_in_words
from kerneltui.debugger.narrate import Step
from kerneltui.debugger.session import Session
from kerneltui.debugger.stored_now import in_short, stores_now
from kerneltui.debugger.troubles import is_booting
from kerneltui.debugger.verdict import Explanation
from kerneltui.debugger.writers import Writers, find_writers
from kerneltui.export.explanation import as_text
from kerneltui.sessions.opening import SessionFile, changed_origins
from kerneltui.sessions.replaying import Replayed
from kerneltui.sessions.saving import text_of
from kerneltui.sessions.spec import SessionSpec
from kerneltui.units import format_time

BEFORE = 2
"""So many steps before a bookmark are told."""
CONSOLE_LINES = 20
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!])")


def report(
    session: Session, saved: SessionFile, replayed: Replayed, tell: Callable[[int], object]
) -> Iterator[str]:
    """The lines of it.  ``session`` has been resumed; it ends at another moment.

    ``replayed`` is what came of that, compared with what came of it before.
    ``tell`` is told how many bookmarks are done.
    """
    spec = saved.spec
    session.follows_story = True
    setup = session.setup
    yield f"# {escaped(setup.scenario_title)} on {escaped(session.machine.board_title)}"
    yield ""
    changed = [*changed_origins(saved, setup.drivers)]
    yield from _facts(spec, replayed, changed)
    if replayed.departs:
        yield ""
        yield f"**This is not what was saved any more:** it {escaped(replayed.departs)}."
    if setup.about:
        yield ""
        yield escaped(setup.about)
    yield from _deeds(session)
    here = session.bookmark("")
    marks = [*session.bookmarks]
    for number, item in enumerate(marks, 1):
        title = f"Bookmark {number} of {len(marks)}: {item.name or format_time(item.at_ns) + ' s'}"
        yield from _moment(session, item, title)
        tell(number)
    if all(item.position != here.position for item in marks):
        yield from _moment(session, here, "Where it was left")
    yield from _console(session)
    yield ""
    yield "## The session"
    yield ""
    yield "Save these lines as a file, and open it with `kerneltui --session FILE`."
    yield ""
    yield from _fenced("yaml", text_of(replace(spec, trace=None), Path("FILE")).splitlines())


def _facts(spec: SessionSpec, replayed: Replayed, changed: list[str]) -> Iterator[str]:
    """A table of what it was made with."""
    by = spec.versions
    saved_by = f"kerneltui {by.kerneltui}, Python {by.python}" if by is not None else "unknown"
    scenario = {} if spec.scenario is None else {"Scenario": spec.scenario.name}
    image = {} if spec.kernel is None else {"Kernel image": Path(spec.kernel.path).name}
    rows = {
        "Board": spec.board.name,
        **scenario,
        **image,
        "Saved": f"{spec.saved or 'unknown'}, by {saved_by}",
        "Reported by": f"kerneltui {__version__}, Python {platform.python_version()}",
        "Virtual time": f"{format_time(int(spec.end.at))} s",
        **({"Changed": "; ".join(changed)} if changed else {}),
        "Hash of all events": f"`{replayed.trace.sha256}`",
        **_before(spec, replayed),
    }
    yield "| | |"
    yield "|---|---|"
    for name, value in rows.items():
        yield f"| {name} | {value if value.startswith('`') else escaped(value)} |"


def _before(spec: SessionSpec, replayed: Replayed) -> dict[str, str]:
    """What that hash was when it was saved, where it is another one now."""
    if spec.trace is None:
        return {"When it was saved": "the hash was not noted"}
    is_same = spec.trace.sha256 == replayed.trace.sha256
    return {} if is_same else {"When it was saved": f"`{spec.trace.sha256}`"}


def _deeds(session: Session) -> Iterator[str]:
    yield ""
    yield "## What was done by hand"
    yield ""
    given = all_in_words(session.history.inputs, _code)
    if not given:
        yield "Nothing was typed or stored."
    for text in given:
        yield f"- {text[:1].upper() + text[1:]}"
    for _, item in session.breakpoints:
        yield f"- Breakpoint: {_code(item.text)}" + ("" if item.enabled else " (disabled)")


# -- one moment ------------------------------------------------------------------------------------


def _moment(session: Session, item: Bookmark, title: str) -> Iterator[str]:
    """The note, the steps around it, and what is the matter."""
    yield ""
    yield f"## {escaped(title)}"
    if item.note:
        yield ""
        yield f"> {escaped(item.note)}"
    if item.position is None:
        session.go_to_bookmark(item)
    else:
        session.go_to(item.position)
        session.story.show(item.phase)
    here = session.here
    yield ""
    yield from _fenced("text", _steps_around(session))
    session.go_to(here)
    if is_booting(session.machine, session.machine.core.index):
        yield ""
        yield "The kernel is still booting: what it has not opened or set up so far is no fault."
    for told, writers in _troubles(session):
        yield ""
        yield f"**{escaped(told.subject)}** does not come as it should:"
        yield ""
        yield from _fenced("text", as_text(told, writers))


def _steps_around(session: Session) -> list[str]:
    """The steps before, the one of the moment, and what comes next."""
    step, at = session.story.step(), f"> {format_time(session.here.now_ns)} s "
    lines, following = [f"{at} (between two steps)"], ""
    told, stores = session.story.told(), stores_now(session.history)
    if stores and told is not None and session.story.shows_stores:
        lines, following = [f"{at} {in_short(stores)}"], f"  next: {told.next_sentence}"
    elif step is not None:
        lines, following = [_line(step, ">")], f"  next: {step.next_sentence}"
    first = session.history.first
    for _ in range(BEFORE):
        if first is None or session.here <= first or not session.previous_step():
            break
        before = session.story.step()
        if before is not None:
            lines.insert(0, _line(before, " "))
    return [*lines, *filter(None, [following])]


def _line(step: Step, sign: str) -> str:
    place = f"{step.number}/{step.total} " if step.number else ""
    return f"{sign} {format_time(step.at_ns)} s  {place}{step.title}: {step.sentence}"


def _troubles(session: Session) -> Iterator[tuple[Explanation, Writers]]:
    """Of the interrupts that do not come as they should, on each core."""
    told: set[str] = set()
    for core in session.machine.cores:
        for _, found in troubled(session, core.index):
            if found.headline not in told:
                told.add(found.headline)
                yield found, _writers(session, found)


def _writers(session: Session, found: Explanation) -> Writers:
    search = find_writers(session.history, found.way.stations, only_shut=True)
    while True:
        try:
            next(search)
        except StopIteration as end:
            writers: Writers = end.value
            return writers


def _console(session: Session) -> Iterator[str]:
    session.go_to_end()
    lines = [text for text in session.recorder.console.lines() if text.strip()][-CONSOLE_LINES:]
    yield ""
    yield "## The end of the console"
    yield ""
    yield from _fenced("text", lines or ["(nothing)"])


# -- Markdown --------------------------------------------------------------------------------------


def escaped(text: str) -> str:
    """A text that stays what it is."""
    return _MARKUP.sub(r"\\\1", text)


def _code(text: str) -> str:
    """In a line: nothing in it is markup, so nothing needs a backslash."""
    fence = "`" * (_longest_run([text]) + 1)
    apart = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{apart}{text}{apart}{fence}"


def _fenced(kind: str, lines: Iterable[str]) -> Iterator[str]:
    """A block, fenced by more backticks than stand in it."""
    found = [*lines]
    fence = "`" * max(3, _longest_run(found) + 1)
    yield f"{fence}{kind}"
    yield from found
    yield fence


def _longest_run(lines: list[str]) -> int:
    """Of backticks."""
    return max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
