"""The command that checks a driver of a person's own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kerneltui.option_types import FileType
from kerneltui.output import write_text
from kerneltui.parameters import Decorator, json_option
from kerneltui.streams import put, put_bytes
from kerneltui.usage import FAILED, command

ROLE_HELP = "What the driver is to be: irq-controller, timer, uart, clock or queue."


def board_of_driver_option() -> Decorator:
    """The board that a driver is for, as ``board``."""
    return click.option(
        "--board", default="rpi4", show_default=True, help="The board that it is for."
    )


@command("check")
@click.argument("file", type=FileType())
@click.option("--role", required=True, help=ROLE_HELP)
@board_of_driver_option()
@json_option("Write one JSON object instead.")
@click.option(
    "--junit", type=FileType(), default=None, metavar="FILE",
    help="Write the results as JUnit XML too, for whoever grades.",
)  # fmt: skip
def check_driver(file: Path, role: str, board: str, junit: Path | None, *, as_json: bool) -> int:
    """Run the cases of a role against a driver of your own.

    The driver runs in a process of its own, with limits of time and memory.  The exit status is 1
    where a case fails.  To grade somebody else's driver, run this in a container.
    """
    from kerneltui.checks import report
    from kerneltui.checks.confined import Confined
    from kerneltui.progress import Progress

    suite = Confined(file, role, board)
    coming = suite.lines()
    lines: list[report.CaseLine] = []

    def add(line: report.CaseLine) -> None:
        if not as_json:
            put(report.told(line, {before.said for before in lines}))
        lines.append(line)

    add(next(coming))  # it says whether the file can be loaded: then it is known how many follow
    with Progress(suite.count, suite.progress, wanted=suite.count > 0) as progress:
        for line in coming:
            with progress.aside(sys.stdout):
                add(line)
    found = report.Report(str(file), role, board, tuple(lines))
    if as_json:
        put_bytes(report.as_json(found))
    else:
        put(report.summary(found))
    if junit is not None:
        write_text(junit, report.as_junit(found))
    return FAILED if found.count(report.FAILED) else 0


COMMANDS = (check_driver,)
