"""How the command line is used, and mistakes in that, in our own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import click

from kerneltui.errors import UserError, suggestion

FAILED = 1
"""The exit status when what was run or compared has failed."""
HIT = 3
"""a breakpoint was hit"""
UNMET, TOO_LONG = 4, 5
"""what was expected has not come; the run has taken longer than it may"""
BAD_INPUT = 2
"""The exit status when the user has to mend something."""


class OutputError(Exception):
    """The host refused something while a command ran; the cause is the OSError.

    Click would swallow a broken pipe before anybody could see it.
    """


class EndedError(Exception):
    """A signal has ended the command.  Click would write an empty line."""


class _Telling(click.Command):
    """A mistake in the options knows the command that has them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See :class:`click.CliCommand`."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # Click's parser leaves it out at times
            raise


class CliCommand(_Telling):
    """A word too many is told in our words."""

    allow_extra_args = True

    def invoke(self, ctx: click.Context) -> Any:
        """See :class:`click.CliCommand`."""
        if ctx.args:
            raise UserError(f"'{ctx.command_path}' takes no word '{ctx.args[0]}' here; remove it")
        return super().invoke(ctx)


def command(name: str | None = None) -> Callable[[Callable[..., Any]], CliCommand]:
    """Make a function a command, of its own name unless another is given."""
    return click.command(name, cls=CliCommand)


@contextmanager
def _ours() -> Iterator[None]:
    """What the host does to a command is told before Click sees it."""
    try:
        yield
    except OSError as error:
        raise OutputError from error
    except KeyboardInterrupt as error:
        raise EndedError from error


class SuggestingGroup(_Telling, click.Group):
    """Unknown commands get a suggestion."""

    command_class = CliCommand

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """See :class:`click.Group`; here --help and --version write."""
        with _ours():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """See :class:`click.Group`."""
        with _ours():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See :class:`click.Group`."""
        if args and self.get_command(ctx, args[0]) is None:
            hint = suggestion(args[0], self.list_commands(ctx))
            raise UserError(f"unknown command '{args[0]}'{hint}")
        return super().resolve_command(ctx, args)


def in_our_words(error: click.ClickException) -> str:
    """What is wrong, whatever Click's version says of it."""
    params = error.ctx.command.params if isinstance(error, click.UsageError) and error.ctx else []
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return f"{_name(error.param)} is missing{_example(error)}"
    if isinstance(error, click.NoSuchOption):
        known = [name for param in params for name in param.opts if name.startswith("--")]
        return f"unknown option '{error.option_name}'{_meant(error, known)}"
    if isinstance(error, click.BadOptionUsage):
        option = next((param for param in params if error.option_name in param.opts), None)
        takes_none = isinstance(option, click.Option) and option.is_flag
        return f"'{error.option_name}' {'takes no' if takes_none else 'needs a'} value"
    if isinstance(error, click.BadParameter) and error.param is not None:
        return f"{_name(error.param)}: {error.message}"
    return error.format_message()


EXAMPLES = {
    "run": "--until 6s",
    "trace": "--until 6s",
    "narrate": "--until 2s",
    "screenshot": "-o picture.svg",
    "validate": "my-scenario.yaml",
    "schema": "scenario",
    "conformance": "tests/conformance/traces",
    "check": "my_timer.py --role timer --board rpi4",
    "new driver": "my_driver.py --role timer --board rpi4",
    "new lesson": "my-lesson",
    "new board": "my-board --from rpi4",
    "new scenario": "mine --from timer-callbacks",
}
"""What a command needs at least."""


MEANT = dict.fromkeys(("for", "to", "time", "duration"), "--until") | {"out": "--output"}
"""What people write for an option that is called otherwise."""
ALIKE = 0.65
"""So near must an option be to what was written (0 to 1), or begin with it."""


def _meant(error: click.NoSuchOption, known: Sequence[str]) -> str:
    """The options that may be meant; the dashes, which all have, are not compared."""
    stem = error.option_name.lstrip("-")
    likely = [name for name in known if name == MEANT.get(stem)]
    likely = likely or [name for name in known if stem and name[2:].startswith(stem)]
    if likely:
        return f"; did you mean {' or '.join(map(repr, likely))}?"
    near = {name[2:]: name for name in known}
    close = get_close_matches(stem, near, n=1, cutoff=ALIKE)
    if close:
        return f"; did you mean '{near[close[0]]}'?"
    path = error.ctx.command_path if error.ctx else ""
    return f"; '{path} -h' lists those that there are" if path else ""


def _example(error: click.UsageError) -> str:
    command = error.ctx.command_path.partition(" ")[2] if error.ctx else ""
    least = EXAMPLES.get(command)
    return f"; an example: kerneltui {command} {least}" if least else ""


def _name(param: click.Parameter) -> str:
    if isinstance(param, click.Option):
        return f"'{' / '.join(param.opts)}'"
    return str(param.human_readable_name)
