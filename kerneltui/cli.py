"""The command line.  The dashboard is imported only when it is launched."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

import click
from click.core import ParameterSource

from kerneltui import __version__
from kerneltui.endings import Endings
from kerneltui.errors import UserError
from kerneltui.option_types import SpeedType
from kerneltui.parameters import (
    BREAK_HELP,
    break_option,
    keys_option,
    machine_options,
    moment_option,
    theme_option,
)
from kerneltui.streams import (
    complain,
    let_go,
    reason,
    settle,
    write_the_rest,
)
from kerneltui.usage import BAD_INPUT, EndedError, OutputError, SuggestingGroup, in_our_words


class CommandIndex(SuggestingGroup):
    """Each is imported when somebody asks for it: the dashboard waits for none."""

    MODULES: ClassVar[dict[str, str]] = {
        name: f"kerneltui.{module}_commands"
        for module, names in {
            "machine": ("run", "trace", "narrate", "explain", "diff", "screenshot"),
            "session": ("replay", "report"),
            "lesson": ("lessons", "lesson"),
            "reference": ("boards", "scenarios", "schema", "docs"),
            "check": ("validate", "conformance"),
            "driver": ("check",),
            "new": ("new",),
        }.items()
        for name in names
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's
        """All names, in order."""
        return sorted(self.MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The one of a name, if there is one."""
        if cmd_name not in self.MODULES:
            return None
        found: tuple[click.Command, ...] = import_module(self.MODULES[cmd_name]).COMMANDS
        return next(command for command in found if command.name == cmd_name)


@click.group(
    cls=CommandIndex,
    invoke_without_command=True,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@machine_options
@click.option(
    "--speed",
    type=SpeedType(),
    default="1",
    help="Virtual seconds in a second: 0.1 to 1000, or max.  [default: 1]",
)
@moment_option("Open at this virtual time, or at bookmark:NAME.")
@keys_option("Press these keys first, with spaces between them: 'n n 2 z'.")
@click.option("--lesson", default="", metavar="NAME", help="Open a lesson: its name, or a file.")
@break_option(BREAK_HELP)
@theme_option("The name of a theme, such as projector-dark or projector-light.")
@click.version_option(__version__, prog_name="kerneltui", message="%(prog)s %(version)s")
@click.pass_context
def cli(
    ctx: click.Context,
    /,
    speed: float,
    theme: str,
    breaks: tuple[str, ...],
    at: int | str | None,
    keys: str,
    lesson: str,
    **machine: Any,
) -> None:
    """A laboratory for interrupts and timers.

    Without a command it opens the dashboard; without any option, what there is to open.
    """
    if ctx.invoked_subcommand is None:
        from kerneltui.launch import Wishes, open_dashboard, open_welcome

        wishes = Wishes(speed, theme, breaks, at, keys.split(), lesson)
        if _says_what(ctx):
            ctx.exit(open_dashboard(wishes, **machine))
        ctx.exit(open_welcome(theme, **machine))
    command = cli.get_command(ctx, ctx.invoked_subcommand)
    if command is not None:
        _pass_on(ctx, command)


def _pass_on(ctx: click.Context, command: click.Command) -> None:
    """Options that stand before a command mean the same as behind it.

    Raises :class:`UserError` for one that the command does not have.
    """
    given = {
        name: value
        for name, value in ctx.params.items()
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    known = {parameter.name for parameter in command.params}
    for name in given:
        if name not in known:
            option = next(item for item in ctx.command.params if item.name == name).opts[0]
            raise UserError(f"'{option}' does not apply to '{command.name}'")
    ctx.default_map = {str(command.name): given}


def _says_what(ctx: click.Context) -> bool:
    """Whether anything was given that says what to open."""
    given = {
        name for name in ctx.params
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
    }  # fmt: skip
    return bool(given - {"theme"})


def run(arguments: Sequence[str] | None = None) -> int:
    """The whole program.  Answers the exit status; every error is one line on standard error."""
    settle()
    with Endings() as endings:
        try:
            status = _run(arguments)
        except (EndedError, click.Abort, KeyboardInterrupt):
            write_the_rest()
            return endings.status
        # What failed on the way out (the terminal has gone) does not hide why it went out.
        return endings.status if endings.came else status


def _run(arguments: Sequence[str] | None) -> int:
    try:
        answer = cli.main(arguments, prog_name="kerneltui", standalone_mode=False)
        sys.stdout.flush()
        return answer if isinstance(answer, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        message = in_our_words(error)
    except UserError as error:
        message = str(error)
    except (OutputError, OSError) as error:
        let_go(sys.stdout)
        cause = error.__cause__ if isinstance(error, OutputError) else error
        if isinstance(cause, BrokenPipeError):
            return 0  # the reader has gone (a pager, head): that is no error of ours
        message = reason(cause)
    complain(message)
    return BAD_INPUT
