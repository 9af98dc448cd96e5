"""The commands about session files: run one again, write a report of one."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from kerneltui.errors import UserError
from kerneltui.option_types import FileType
from kerneltui.output import write_text
from kerneltui.parameters import driver_option, loading, output_option
from kerneltui.streams import complain, put
from kerneltui.usage import FAILED, command

Answer = TypeVar("Answer")


@command()
@click.argument("file", type=FileType())
@driver_option
def replay(file: Path, drivers: tuple[str, ...]) -> int:
    """Run a session file again from reset, and print the hash of all its events.

    The exit status is 1 where something else happens than when it was saved.  Then the first event
    that is another is told.
    """
    from kerneltui.progress import of_session
    from kerneltui.sessions.opening import load_session, open_saved
    from kerneltui.sessions.replaying import replay as run_again

    saved = load_session(file)
    session = open_saved(saved, loading(drivers))
    with of_session(session, int(saved.spec.end.at)):
        replayed = _answer(run_again(session, saved))
    if replayed.departs:
        complain(f"{file}: {replayed.departs}")
        return FAILED
    if not replayed.was_compared:
        complain(f"{file}: it does not say what came of it before, so nothing was compared")
    put(f"{replayed.trace.sha256}\n")
    return 0


@command()
@click.option(
    "--session", "saved", type=FileType(), required=True, metavar="FILE",
    help="The session file.",
)  # fmt: skip
@driver_option
@output_option()
def report(saved: Path, output: Path, drivers: tuple[str, ...]) -> int:
    """Write a report of a session as Markdown: to hand in, or to add to an issue.

    It tells what was done by hand, what happens around each bookmark, what keeps an interrupt out,
    and it holds the session itself.  Where something else happens than when it was saved, the
    report says so, and the exit status is 1.
    """
    from kerneltui.progress import Progress, of_session
    from kerneltui.sessions.autosave import path_of
    from kerneltui.sessions.opening import load_session, open_saved
    from kerneltui.sessions.replaying import resume_compared
    from kerneltui.sessions.report import report as write_report

    file = load_session(path_of(saved))
    if file.spec.end == file.spec.here and not file.spec.end.step:
        raise UserError(f"{saved}: nothing has run in this session, so there is nothing to report")
    session = open_saved(file, loading(drivers))
    with of_session(session, int(file.spec.end.at)):
        replayed = _answer(resume_compared(session, file))
    count = len(session.bookmarks)
    done = [0]
    with Progress(count, lambda: (done[0], f"{done[0]} of {count} bookmarks")):
        tell = partial(done.__setitem__, 0)
        lines = [*write_report(session, file, replayed, tell)]
    write_text(output, "\n".join([*lines, ""]))
    if replayed.departs:
        complain(f"{saved}: {replayed.departs}")
    return FAILED if replayed.departs else 0


def _answer(work: Generator[Any, None, Answer]) -> Answer:
    """What something answers that tells on the way how far it is."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            answer: Answer = end.value
            return answer


COMMANDS = replay, report
