"""The commands that check files, and say in the exit status what came of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from kerneltui.errors import UserError
from kerneltui.option_types import FileType
from kerneltui.parameters import driver_option, loading
from kerneltui.streams import complain, put
from kerneltui.usage import BAD_INPUT, FAILED, command


@command()
@click.argument("files", nargs=-1, required=True, type=FileType())
@driver_option
def validate(files: Sequence[Path], drivers: tuple[str, ...]) -> int:
    """Check board, scenario, session and lesson files, and say what to mend.

    Mistakes of a file are told, each in a line.  Mend them and look again: what hangs on a wrong
    part is looked at when that is right, and of what is not valid YAML the first mistake is told.

    A session that was made with drivers of one's own needs them here too.  A scenario, or a board,
    is tried with those that are given.
    """
    from kerneltui.validation import validate_file

    worst = 0
    own = loading(drivers)
    for path in files:
        try:
            put(f"ok {path}: {validate_file(path, own)}\n")
        except UserError as error:
            for each in error.each:
                complain(str(each))
            worst = BAD_INPUT
    return worst


@command()
@click.argument("paths", nargs=-1, required=True, type=FileType())
def conformance(paths: Sequence[Path]) -> int:
    """Replay recorded register traces (files, or folders of *.jsonl) against the device models.

    The exit status is 1 if a model answers differently.  It is 2 if a trace could not be replayed.
    A file that is not a trace is an error; a trace of a device without a model is skipped.
    """
    from kerneltui.conformance.replay import replay
    from kerneltui.conformance.rigs import UnknownDeviceError
    from kerneltui.progress import Progress

    files = _trace_files(paths)
    statuses: list[int] = []

    def tell() -> tuple[int, str]:
        return len(statuses), f"{len(statuses)} of {len(files)} traces"

    with Progress(len(files), tell) as progress:
        for path in files:
            status, text = BAD_INPUT, ""
            try:
                result = replay(path)
            except UnknownDeviceError as error:
                text = f"SKIPS {path} {error.__cause__}\n"
            except ValueError as error:
                with progress.aside(sys.stderr):
                    complain(str(error))
            else:
                status = 0 if result.difference is None else FAILED
                word = "DIFFERS" if status else "ok"
                text = f"{word} {path} {result.agreed}/{result.total}\n"
                if status and FAILED not in statuses:
                    text += f"{result.difference}\n"
            with progress.aside(sys.stdout):
                put(text)
            statuses.append(status)
    return max(statuses)


def _trace_files(paths: Sequence[Path]) -> list[Path]:
    """Files as given, folders as all ``*.jsonl`` below them."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
        if not inside:
            raise UserError(f"{path}: there are no *.jsonl files in this folder")
        found += inside
    return found


COMMANDS = validate, conformance
