"""What was done by hand is kept: saved where a person says, and beside that all the time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator, Sequence
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from kerneltui.debugger.session import Session
from kerneltui.errors import UserError
from kerneltui.scenarios.changes import UNCHANGED, Changes
from kerneltui.tui.requests import Ask, Request, SaveAs, UseSession
from kerneltui.tui.runner import GOING, SLICE_S
from kerneltui.tui.steering import Steering

if TYPE_CHECKING:
    from kerneltui.machine.position import Position
    from kerneltui.sessions.autosave import Autosave
    from kerneltui.sessions.opening import SessionFile
    from kerneltui.sessions.spec import SessionSpec
    from kerneltui.sessions.writing import Kept

LOST_S = 10
"""So long one is told that a session was left behind."""
SAVED_MOMENT = "the saved moment"
KEEP_SHARE = 20
"""Keeping may take one part in so many of the time."""
Answer = TypeVar("Answer")
Deeds = tuple[int, int, int]
"""What a person has done, as far as one must know whether there is more of it."""
NOT_KEPT = -1, -1, -1


class Keeping(Steering):
    """Stands before the app's own base class, with what it steers."""

    saved_as: Kept | None = None
    """the file that this session was saved to, or opened from"""
    autosave: Autosave | None = None
    """where nothing is to be kept by itself, there is none"""
    _kept: Deeds = NOT_KEPT
    """what had been done when that was kept last"""
    _keep_after = 0.0
    """when it may be kept again"""
    _is_gone_on_with = False
    """it is what was left behind: there is no other file of it"""
    _has_looked = False
    """for what was left behind"""
    _lost: Path | None = None
    """what was left behind by a process that did not end as usual"""

    if TYPE_CHECKING:  # the app's

        def carry_out(self, request: Request | None) -> None:
            """Do what a dialog wants done."""

        def use(self, session: Session, board: str, changes: Changes | None) -> None:
            """Go on with another session."""

    def begin_keeping(
        self, session: Session, autosave: Autosave | None, saved_as: Kept | None
    ) -> None:
        """From here on, what is done is done by the person at this dashboard."""
        self.autosave, self.saved_as = autosave, saved_as
        self._kept = deeds(session)

    # -- saving -----------------------------------------------------------------------------------

    def action_save(self) -> None:
        """Save to the file that this session has; ask for one where it has none."""
        if self.saved_as is None:
            self.action_save_as()
        else:
            self.save(self.saved_as)

    def action_save_as(self) -> None:
        """Ask for a file."""
        self.runner.stop()
        now = None if self.saved_as is None else self.saved_as.path
        self.carry_out(ask_for_file(self.session, now))

    def save_as(self, path: Path) -> None:
        """Save to this file from now on."""
        from kerneltui.sessions.writing import Kept

        now = self.saved_as
        self.save(now if now is not None and now.path == path else Kept(path))

    def save(self, file: Kept) -> None:
        """Write the session to a file, at once; what comes of running it is added soon."""
        from kerneltui.sessions.saving import spec_of, text_of

        path = file.path
        try:
            spec = spec_of(self.session)
            file.write(text_of(spec, path))
        except UserError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.saved_as = file
        from kerneltui.recent import note_file  # the first picture does not wait for it

        note_file(path)
        self._kept = deeds(self.session)
        if self.autosave is not None:
            self.autosave.forget()
        self.notify(f"Saved to {path}: {contents(spec)}.", markup=False)
        self.run_worker(self._add_trace(spec, file), "trace", exclusive=True, group="trace")

    async def _add_trace(self, spec: SessionSpec, file: Kept) -> None:
        """Run it again beside the dashboard: a file says what comes of it."""
        from kerneltui.sessions.saving import text_of, with_trace

        try:
            found = await in_slices(with_trace(spec, self.session.setup.drivers))
            file.write(text_of(found, file.path))
        except UserError as error:
            self.notify(str(error), severity="warning", markup=False)

    # -- keeping ----------------------------------------------------------------------------------

    def keep(self) -> None:
        """Where a person has done more than was kept last, keep all of it."""
        session = self.session
        done = deeds(session)
        if self.autosave is None or done == self._kept or perf_counter() < self._keep_after:
            return
        self._kept = done
        started = perf_counter()
        if self._has_deeds:
            self.autosave.keep(kept_text(session))
        else:
            self.autosave.forget()
        # What is long takes long to write: who types must not wait for it at each key.
        self._keep_after = perf_counter() + KEEP_SHARE * (perf_counter() - started)

    @property
    def _has_deeds(self) -> bool:
        """Whether there is anything that a person would miss."""
        session = self.session
        return (
            bool(session.history.inputs)
            or session.bookmarks.changed > 0
            or (self._is_gone_on_with and len(session.bookmarks) > 0)
        )

    def forget_file(self) -> None:
        """Another session is on show; what was done in the one before stays where it was kept."""
        self.saved_as = None
        self._is_gone_on_with = False
        self._kept = deeds(self.session)
        if self.autosave is not None:
            self.autosave.set_aside()

    # -- what was left behind ---------------------------------------------------------------------

    def tell_of_lost(self) -> None:
        """Say once, of the latest, that there is something to go on with; nobody has to answer."""
        if self.autosave is None or self._has_looked:
            return
        from kerneltui.sessions.autosave import left_behind, was_told

        self._has_looked = True
        for path in map(was_told, left_behind()):
            said = told_of(path) if self._lost is None else ""
            if said:
                self._lost = path
                self.notify(f"{said} Ctrl+O goes on with it.", timeout=LOST_S, markup=False)

    def action_go_on(self) -> None:
        """Go on with what was left behind, else with what was on show the last time."""
        self.open_session_file(None)

    def open_session_file(self, path: Path | None) -> None:
        """Open one; None: what there is to go on with."""
        from kerneltui.sessions.autosave import latest

        found = path or self._lost or latest()
        if found is None:
            self.notify("Nothing was left that one could go on with.")
        else:
            self.runner.follow(SAVED_MOMENT, self._go_on_with(found), self._tell_error, GOING)
            self.refresh_view()

    def _tell_error(self, why: str) -> None:
        self.notify(why, severity="error", markup=False)

    def _go_on_with(self, path: Path) -> Generator[Position, None, bool]:
        """Do again what was done; whoever ends that stays with the session on show."""
        from kerneltui.sessions.opening import load_session, open_saved, resume

        session = None
        try:
            saved = load_session(path)
            wanted = {item.role for item in saved.spec.drivers}
            given = tuple(item for item in self.session.setup.drivers if item.role in wanted)
            session = open_saved(saved, lambda _: given)
            yield from resume(session, saved)
        except UserError as error:
            self._tell_error(str(error))
        else:
            self.call_later(self._show_opened, path, saved, session)
            session = None
        finally:
            if session is not None:
                session.close()
        return True

    def _show_opened(self, path: Path, saved: SessionFile, session: Session) -> None:
        from kerneltui.sessions.autosave import is_ours
        from kerneltui.sessions.writing import Kept

        changes = session.setup.changes or UNCHANGED
        self.carry_out(UseSession(session, saved.spec.board.name, changes))
        if is_ours(path):
            self._is_gone_on_with = True
            self._kept = NOT_KEPT  # it is kept anew, as this process's
            self.keep()
        else:
            self.saved_as = Kept(path, saved.file.text)
        if path == self._lost:
            self._lost = None
        self.clear_notifications()
        self.notify(f"This is where it ended: {contents(saved.spec)}.", markup=False)

    def end_keeping(self) -> None:
        """The dashboard is left as usual: nothing of it was lost."""
        if self.autosave is not None:
            self.autosave.end(kept_text(self.session) if self._has_deeds else "")


def deeds(session: Session) -> Deeds:
    """See :data:`Deeds`."""
    return len(session.history.inputs), session.history.cuts, session.bookmarks.changed


def kept_text(session: Session) -> str:
    """The session as a file; empty where none can hold it."""
    from kerneltui.sessions.saving import NotKeptError, spec_of, text_of

    try:
        return text_of(spec_of(session), Path("FILE"))
    except NotKeptError:
        return ""


def told_of(path: Path) -> str:
    """What was left behind, in a sentence; empty where it cannot be read."""
    from kerneltui.sessions.opening import load_session

    try:
        spec = load_session(path).spec
    except UserError:
        return ""
    where = f"{spec.board.name}, {spec.title}"
    return f"A session ended without being saved ({where}, {spec.saved}): {contents(spec)}."


def contents(spec: SessionSpec) -> str:
    """``3 inputs, 1 bookmark``."""
    found = [
        f"{len(items)} {name}{'s' * (len(items) != 1)}"
        for name, items in (
            ("input", spec.inputs), ("bookmark", spec.bookmarks), ("breakpoint", spec.breakpoints),
        )
        if items
    ]  # fmt: skip
    return ", ".join(found) or "nothing was done by hand"


def ask_for_file(session: Session, now: Path | None) -> Request:
    """Ask where to save; a file that is there already is not replaced."""
    from kerneltui.sessions.writing import ENDING
    from kerneltui.tui.screens.ask import AskScreen, Field, Mistake

    first = str(now or free_name(session.setup.shown_name))

    def check(words: Sequence[str]) -> Mistake | None:
        said = why_no_file(words[0].strip(), now)
        return Mistake(0, said) if said else None

    screen = AskScreen("Save the session", dict[str, Field]({f"File (NAME{ENDING})": first}), check)
    return Ask(
        screen, lambda words: None if words is None else SaveAs(path_from(words[0])), halts=True
    )


def free_name(scenario: str) -> str:
    """Of a file that is not there yet: ``overload.session.yaml``, ``overload-2.session.yaml``.

    Of a title only what can stand in such a name.
    """
    from kerneltui.sessions.writing import ENDING

    scenario = "-".join(re.findall(r"[\w.-]+", scenario))
    names = (f"{scenario}{'' if number == 1 else f'-{number}'}{ENDING}" for number in count(1))
    return next(name for name in names if not Path(name).exists())


def why_no_file(name: str, now: Path | None) -> str:
    """Why a session cannot be saved there, in a sentence; ``now`` is where it is saved already."""
    if not name:
        return "Write the name of a file."
    try:
        path = path_from(name)
        if Path(name).expanduser().is_dir() or not path.name:
            return "This is a folder. Add the name of a file."
        if not path.parent.is_dir():
            return f"There is no folder {path.parent}."
        if path.exists() and path != now:
            return "There is a file of that name already. Write another name."
    except (OSError, ValueError, RuntimeError) as error:  # too long, no name, no such person
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        return f"No file can have this name: {reason}."
    return ""


def path_from(words: str) -> Path:
    """A file's path as a person writes it; without an ending it gets the usual one."""
    from kerneltui.sessions.writing import ENDING

    path = Path(words.strip()).expanduser()
    return path if path.suffix or not path.name else path.with_name(f"{path.name}{ENDING}")


async def in_slices(work: Generator[Any, None, Answer]) -> Answer:
    """Do something long so that the screen stays alive."""
    started = perf_counter()
    while True:
        try:
            next(work)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        if perf_counter() - started > SLICE_S:
            await asyncio.sleep(0)
            started = perf_counter()
