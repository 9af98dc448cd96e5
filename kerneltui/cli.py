"""The command line.  The dashboard is imported only when it is launched."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from kerneltui import __version__
from kerneltui.endings import Endings
from kerneltui.errors import UserError, suggestion
from kerneltui.parameters import (
    DurationType,
    OneOf,
    SizeType,
    SpeedType,
    gathered,
    machine_options,
    pass_on,
)
from kerneltui.streams import (
    check_terminal,
    complain,
    drawing,
    let_go,
    put,
    put_list,
    reason,
    settle,
    trust_the_terminal,
    write_the_rest,
)
from kerneltui.usage import EndedError, OutputError, SuggestingGroup, in_our_words

if TYPE_CHECKING:
    from kerneltui.debugger.session import Session

BAD_INPUT = 2
FAILED = 1


@click.group(
    cls=SuggestingGroup,
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
@click.option(
    "--theme", default="", help="The name of a theme, such as projector-dark or projector-light."
)
@click.version_option(__version__, prog_name="kerneltui", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, /, speed: float, theme: str, **machine: Any) -> None:
    """A laboratory for interrupts and timers.  Without a command it opens the dashboard."""
    if ctx.invoked_subcommand is None:
        ctx.exit(_dashboard(speed, theme, **machine))
    pass_on(ctx, cli.commands[ctx.invoked_subcommand])


def _dashboard(speed: float, theme: str, **machine: Any) -> int:
    import gc

    # Imports and the first picture make many objects and little garbage; the app switches the
    # collector on again when it is ready.
    gc.disable()
    session = _session(**machine)
    check_terminal()
    trust_the_terminal()
    from kerneltui.tui.app import KernelTui
    from kerneltui.tui.themes import theme_names

    if theme and theme not in theme_names():
        raise UserError(f"unknown theme '{theme}'{suggestion(theme, theme_names())}")
    session.boot()
    app = KernelTui(
        session, speed=speed, theme=theme, board=machine["board"] or session.setup.board.name
    )
    with drawing():
        return app.run() or app.return_code or 0


def _session(
    board: str | None,
    scenario: str,
    append: tuple[str, ...],
    cpu: tuple[str, ...],
    without: tuple[str, ...],
    queue: str | None,
    sched: str | None,
    pokes: tuple[str, ...],
) -> Session:
    from kerneltui.scenarios.scenario import Changes, open_session

    changes = Changes(
        append=" ".join(gathered("append", append)),
        cpu=",".join(gathered("cpu", cpu)),
        without=gathered("without", without),
        queue=queue or "",
        sched=sched or "",
        pokes=gathered("pokes", pokes),
    )
    return open_session(board, scenario, changes)


@cli.command()
@machine_options
@click.option(
    "--until", type=DurationType(), required=True, help="Run until this virtual time, such as 6s."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Write the final view as one JSON object instead."
)
@click.option("--stats", is_flag=True, help="Write figures of the run to standard error.")
def run_command(until: int, *, as_json: bool, stats: bool, **machine: Any) -> int:
    """Run without a screen, and write the board's serial output to standard output."""
    from kerneltui.batch import run_to

    session = _session(**machine)
    run_to(session, until, as_json=as_json, stats=stats)
    return _verdict(session)


cli.add_command(run_command, "run")


def _verdict(session: Session) -> int:
    """0, or 1 with a line on standard error when the kernel has halted."""
    reason = session.machine.halt_reason
    if reason:
        complain(f"the kernel halted: {reason}")
        return FAILED
    return 0


@cli.command()
@machine_options
@click.option(
    "--until", type=DurationType(), required=True, help="Run until this virtual time, such as 6s."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="-",
    help="The file to write; - is standard output.  [default: -]",
)
@click.option(
    "--hash",
    "hashed",
    is_flag=True,
    help="Print one number for all events instead. Places in the kernel's code are left out.",
)
def trace(until: int, output: Path, hashed: bool, **machine: Any) -> int:
    """Write every event as a JSON object in a line of its own."""
    from kerneltui.export.jsonl import write_trace
    from kerneltui.progress import of_session

    session = _session(**machine)
    if hashed:
        from kerneltui.export.trace_hash import hash_trace

        with of_session(session, until):
            found = hash_trace(session, until)
        if str(output) == "-":
            put(f"{found}\n")
        else:
            with _open(output) as out:
                out.write(f"{found}\n".encode())
    elif str(output) == "-":
        # Events that run over a terminal leave no place for another line, and need none.
        with of_session(session, until, wanted=not sys.stdout.isatty()):
            write_trace(session, until, sys.stdout.buffer)
        sys.stdout.flush()
    else:
        with _open(output) as out, of_session(session, until):
            write_trace(session, until, out)
    return _verdict(session)


@cli.command()
@machine_options
@click.option(
    "--irq",
    default="",
    metavar="N",
    help="An interrupt: 30, local:1, periph:57, gsi:2, vector:0xec.",
)
@click.option("--timeout", default="", metavar="NAME", help="A timeout in the kernel's queue.")
@click.option("--line", default="", metavar="NAME", help="A wire, such as uart0.irq.")
@click.option("--core", type=click.IntRange(0), default=0, help="For this core.  [default: 0]")
@click.option(
    "--at", type=DurationType(), default=None,
    help="At this virtual time.  [default: when the kernel has booted]",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object instead.")
def explain(
    irq: str, timeout: str, line: str, core: int, at: int | None, *, as_json: bool, **machine: Any
) -> int:
    """Say why an interrupt does or does not arrive: its way, gate by gate, and what mends it."""
    from kerneltui.question import Question, answer

    put(
        "".join(
            answer(_session(**machine), Question(irq, timeout, line, core, at), as_json=as_json)
        )
    )
    return 0


@cli.command()
@machine_options
@click.option(
    "--until", type=DurationType(), required=True, help="Run until this virtual time, such as 2s."
)
@click.option(
    "--detail",
    type=OneOf(["step", "event"]),
    default="step",
    show_default=True,
    help="Tell the meaningful steps, or every single event.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="-",
    help="The file to write; - is standard output.  [default: -]",
)
def narrate(until: int, detail: str, output: Path, **machine: Any) -> int:
    """Tell in plain sentences what happens, step by step."""
    from kerneltui.narration import narrate_events, narrate_steps
    from kerneltui.progress import of_session

    session = _session(**machine)
    tell = narrate_events if detail == "event" else narrate_steps
    if str(output) == "-":
        with of_session(session, until, wanted=not sys.stdout.isatty()):
            tell(session, until, sys.stdout.buffer)
        sys.stdout.flush()
    else:
        with _open(output) as out, of_session(session, until):
            tell(session, until, out)
    return _verdict(session)


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("wb")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None


def _write(path: Path, text: str) -> None:
    with _open(path) as out:
        out.write(text.encode())


@cli.command()
def boards() -> None:
    """List the built-in boards."""
    from kerneltui.configfile import available
    from kerneltui.machine.board import load_board

    specs = {name: load_board(name).spec for name in available("boards")}
    put_list(
        (name, f"{spec.title}: {spec.cpu.cores} x {spec.cpu.compatible}")
        for name, spec in specs.items()
    )


@cli.command()
def scenarios() -> None:
    """List the built-in scenarios."""
    from kerneltui.configfile import available
    from kerneltui.scenarios.scenario import load_scenario

    specs = {name: load_scenario(name).spec for name in available("scenarios")}
    width = max(map(len, specs))
    for group in sorted({spec.group for spec in specs.values()}):
        if group:
            put(f"\n{group}\n")
        put_list(
            (f"{name:<{width}}", f"{spec.title}: {spec.about}")
            for name, spec in specs.items()
            if spec.group == group
        )


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def validate(files: Sequence[Path]) -> int:
    """Check board and scenario files, and say what to mend."""
    from kerneltui.scenarios.scenario import validate_file

    worst = 0
    for path in files:
        try:
            put(f"ok {path}: {validate_file(path)}\n")
        except UserError as error:
            complain(str(error))
            worst = BAD_INPUT
    return worst


@cli.command()
@click.argument("kind", type=OneOf(["board", "scenario"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of board or scenario files."""
    import json

    import msgspec

    from kerneltui.configfile import schema_hook
    from kerneltui.machine.board import BoardSpec
    from kerneltui.scenarios.spec import ScenarioSpec

    spec = BoardSpec if kind == "board" else ScenarioSpec
    put(json.dumps(msgspec.json.schema(spec, schema_hook=schema_hook), indent=2) + "\n")


@cli.group(cls=SuggestingGroup, invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def docs(ctx: click.Context) -> None:
    """Print reference texts, made from the program's own tables."""
    if ctx.invoked_subcommand is None:
        raise UserError(f"docs: a command is missing{suggestion('', docs.commands)}")


_DOCS_OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=None,
    help="Write to this file, not to standard output.",
)


@docs.command()
@_DOCS_OUTPUT
def registers(output: Path | None) -> None:
    """Print every register of every device, as Markdown."""
    from kerneltui.export.register_reference import register_reference

    _print_or_write(output, register_reference())


@docs.command()
@_DOCS_OUTPUT
def glossary(output: Path | None) -> None:
    """Print the words that the dashboard uses, explained, as Markdown."""
    from kerneltui.export.glossary_text import glossary_text

    _print_or_write(output, glossary_text())


def _print_or_write(path: Path | None, text: str) -> None:
    if path is None:
        put(text)
    else:
        _write(path, text)


@cli.command()
@machine_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="The file to write, a picture (.svg) or text (.txt); - writes text to standard output.",
)
@click.option(
    "--at",
    type=DurationType(),
    default=0,
    help="Take the picture at this virtual time.  [default: first idle]",
)
@click.option(
    "--size",
    type=SizeType(),
    default="140x40",
    show_default=True,
    help="Columns x rows of the screen.",
)
@click.option("--theme", default="", help="The name of a theme.")
@click.option(
    "--keys", default="", help="Press these keys first, with spaces between them: 'n n 2 z'."
)
def screenshot(
    output: Path, at: int, size: tuple[int, int], theme: str, keys: str, **machine: Any
) -> None:
    """Write a picture of the dashboard, or its screen as plain text."""
    from kerneltui.tui.screenshot import format_of

    make = format_of(output)
    session = _session(**machine)
    session.boot()
    if at > session.machine.now:
        session.run_until(at)
    text = make(session, size, keys.split(), theme)
    if str(output) == "-":
        put(text)
    else:
        _write(output, text)


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
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
