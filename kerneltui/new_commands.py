"""The commands that begin a file of a person's own."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import click

from kerneltui.beginnings import copied, path_of_new
from kerneltui.driver_commands import ROLE_HELP, board_of_driver_option
from kerneltui.errors import UserError, suggestion
from kerneltui.option_types import FileType
from kerneltui.output import write_text
from kerneltui.parameters import complete
from kerneltui.streams import put
from kerneltui.usage import SuggestingGroup


@click.group(cls=SuggestingGroup, invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def new(ctx: click.Context) -> None:
    """Write the beginning of a file of your own."""
    if ctx.invoked_subcommand is None:
        raise UserError(f"new: a command is missing{suggestion('', new.commands)}")


@new.command()
@click.argument("name")
@click.option(
    "--from", "source", default="rpi4", show_default=True, metavar="BOARD",
    shell_complete=complete("boards"),
    help="The built-in board, or board file, that is copied.",
)  # fmt: skip
def board(name: str, source: str) -> None:
    """Write a board that works, to be changed: NAME.yaml in this folder."""
    from kerneltui.machine.board import load_board
    from kerneltui.machine.board_spec import BoardSpec

    path = path_of_new(name, "board", ".yaml")
    load_board(source)
    write_text(path, copied("board", source, path.stem, BoardSpec))
    _told(path, f"a copy of {source}", "--board")


@new.command()
@click.argument("name")
@click.option(
    "--from", "source", default="timer-callbacks", show_default=True, metavar="SCENARIO",
    shell_complete=complete("scenarios"),
    help="The built-in scenario, or scenario file, that is copied.",
)  # fmt: skip
def scenario(name: str, source: str) -> None:
    """Write a scenario that works, to be changed: NAME.yaml in this folder."""
    from kerneltui.scenarios.reading import load_scenario
    from kerneltui.scenarios.spec import ScenarioSpec

    path = path_of_new(name, "scenario", ".yaml")
    load_scenario(source)
    write_text(path, copied("scenario", source, path.stem, ScenarioSpec))
    _told(path, f"a copy of {source}", "--scenario")


def _told(path: Path, what: str, option: str) -> None:
    """What is there now, and what can be done with it."""
    own = quote(str(path))
    put(f"{path} is written, {what}. Change it, then\n")
    put(f"check it: kerneltui validate {own}\n")
    put(f"run it: kerneltui {option} {own}\n")


@new.command()
@click.argument("name")
@click.option("--board", default="rpi4", show_default=True, help="The board that it is played on.")
def lesson(name: str, board: str) -> None:
    """Write a lesson that works, to be changed: NAME.yaml in this folder."""
    from kerneltui.lessons.skeleton import skeleton
    from kerneltui.machine.board import load_board

    load_board(board)
    path = path_of_new(name, "lesson", ".yaml")
    write_text(path, skeleton(board))
    put(f"{path} is written. Play it: kerneltui --lesson {quote(str(path))}\n")
    put(f"Check it: kerneltui lesson check {quote(str(path))}\n")


@new.command()
@click.argument("name")
@click.option("--role", required=True, help=ROLE_HELP)
@board_of_driver_option()
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
def driver(name: str, role: str, board: str, device: str, output: Path | None) -> None:
    """Write the beginning of a driver: what is to be done, and where to look things up."""
    from kerneltui.machine.board import load_board
    from kerneltui.own.skeleton import skeleton

    text = skeleton(name, role, load_board(board).spec.bsp, device)
    path = output or path_of_new(name, "driver", ".py")
    if path.exists():
        raise UserError(f"{path}: is there already; choose another name")
    write_text(path, text)
    put(f"{path} is written. Each method says what it has to do.\n")
    own, kind = quote(str(path)), quote(board)
    put(f"Boot with it: kerneltui --board {kind} --driver {role}={own}\n")
    put(f"Check it: kerneltui check {own} --role {role} --board {kind}\n")


COMMANDS = (new,)
