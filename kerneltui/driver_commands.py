"""The commands about drivers of a person's own: begin one, check one."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote

import click

from kerneltui.errors import UserError
from kerneltui.lesson_commands import new
from kerneltui.option_types import FileType
from kerneltui.output import write_text
from kerneltui.parameters import json_option
from kerneltui.streams import put, put_bytes
from kerneltui.usage import FAILED, command

ROLE_HELP = "What the driver is to be: irq-controller, timer, uart, clock or queue."


@command("check")
@click.argument("file", type=FileType())
@click.option("--role", required=True, help=ROLE_HELP)
@click.option("--board", default="rpi4", show_default=True, help="The board that it is for.")
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


@new.command("driver")
@click.argument("name")
@click.option("--role", required=True, help=ROLE_HELP)
@click.option("--board", default="rpi4", show_default=True, help="The board that it is for.")
@click.option(
    "--device",
    default="",
    metavar="NAME",
    help="Of clock devices: pit, hpet or arat.  [default: pit]",
)
@click.option(
    "-o", "--output", type=FileType(), default=None,
    help="The file to write.  [default: NAME.py]",
)  # fmt: skip
def new_driver(name: str, role: str, board: str, device: str, output: Path | None) -> None:
    """Write the beginning of a driver: what is to be done, and where to look things up."""
    from kerneltui.machine.board import load_board
    from kerneltui.own.skeleton import skeleton

    text = skeleton(name, role, load_board(board).spec.bsp, device)
    path = output or Path(f"{name.removesuffix('.py')}.py")
    if path.exists():
        raise UserError(f"{path}: is there already; choose another name")
    write_text(path, text)
    put(f"{path} is written. Each method says what it has to do.\n")
    own, kind = quote(str(path)), quote(board)
    put(f"Boot with it: kerneltui --board {kind} --driver {role}={own}\n")
    put(f"Check it: kerneltui check {own} --role {role} --board {kind}\n")


COMMANDS = check_driver, new
