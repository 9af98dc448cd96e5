"""What the command line's parameters can be, and the options that commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
import msgspec
from click.core import ParameterSource

from kerneltui.errors import UserError
from kerneltui.option_types import DurationType, FileType, MomentType, OneOf

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from kerneltui.debugger.session import Session
    from kerneltui.own.driver import OwnDriver
    from kerneltui.sessions.opening import SessionFile

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
"""What gives a command an option."""


def complete(kind: str) -> Callable[..., list[CompletionItem]]:
    """For the shell: the names of built-in boards, or scenarios, or files."""

    def names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
        from click.shell_completion import CompletionItem

        from kerneltui.configfile import available

        found = [name for name in available(kind) if name.startswith(incomplete)]
        return [CompletionItem(name) for name in found] or [CompletionItem(incomplete, type="file")]

    return names


_BOARD = click.option(
    "--board", default=None, shell_complete=complete("boards"),
    help="A built-in board's name, or a board file.  [default: rpi4, or what the scenario is for]",
)  # fmt: skip
_SCENARIO = click.option(
    "--scenario", default="timer-callbacks", show_default=True,
    shell_complete=complete("scenarios"), help="A built-in scenario's name, or a scenario file.",
)  # fmt: skip


_CHANGES = (
    click.option(
        "--append",
        multiple=True,
        metavar="TEXT",
        help="Add boot parameters of a PC, such as 'clock=hpet timer=acpi'.",
    ),
    click.option(
        "--cpu",
        multiple=True,
        metavar="TEXT",
        help="Change CPU features of a PC, such as '-arat,-invtsc'.",
    ),
    click.option(
        "--queue",
        type=OneOf(("sorted", "vec", "heap", "wheel")),
        default=None,
        help="Choose the structure of the timeout queue.  [default: the scenario's]",
    ),
    click.option(
        "--sched",
        type=OneOf(("coop", "rr")),
        default=None,
        help="Choose the scheduling policy.  [default: the scenario's]",
    ),
    click.option(
        "--no", "without", multiple=True, metavar="DEVICE", help="Remove a device from the board."
    ),
    click.option(
        "--poke",
        "pokes",
        multiple=True,
        metavar="TIME:REGISTER=VALUE",
        help="Store to a register, or drive a line, at a virtual time, such as '1.5s:GICC_PMR=0' "
        "or '1.5s:uart0.irq=1'.",
    ),
    click.option(
        "--type",
        "typed",
        multiple=True,
        metavar="TIME:TEXT",
        help="Type on the terminal at a virtual time, such as '1s:help\\r'; \\r, \\n, \\t, \\\\ "
        "and \\xHH are characters.",
    ),
)
_DRIVER = click.option(
    "--driver",
    "drivers",
    multiple=True,
    metavar="ROLE=FILE",
    help="Boot the kernel with a driver of your own, such as timer=my_timer.py. The file is "
    "executed: 'kerneltui new driver' begins one.",
)


_SESSION = click.option(
    "--session", "saved", type=FileType(), default=None, metavar="FILE",
    help="Open a session file: its board, its scenario, and what was done there by hand.",
)  # fmt: skip
_KERNEL = click.option(
    "--kernel", type=FileType(), default=None, metavar="FILE",
    help="Run an AArch64 image (kernel8.img, or an ELF file) instead of the teaching kernel; a "
    "scenario's file can name one too.",
)  # fmt: skip
_START = (
    click.option(
        "--entry", type=OneOf(("el2", "el3")), default=None,
        help="Enter the image at this level; at el3 all cores begin there.  [default: as the "
        "scenario or config.txt beside the image says, else el2]",
    ),
    click.option(
        "--load", "load", default=None, metavar="ADDRESS",
        help="Load a raw image at this address.  [default: as the scenario or config.txt says, "
        "else 0x80000]",
    ),
    click.option(
        "--cmdline", default=None, metavar="TEXT",
        help="What the mailbox tells the image as its command line.  [default: the scenario's, "
        "else that of cmdline.txt]",
    ),
)  # fmt: skip
"""How an image begins, whatever config.txt beside it says."""


def machine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What decides the machine: board, scenario, and changes to them; or a session file."""
    for option in (
        _DRIVER,
        *reversed(_CHANGES),
        _SESSION,
        *reversed(_START),
        _KERNEL,
        _SCENARIO,
        _BOARD,
    ):
        command = option(command)
    return command


def driver_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """A person's own drivers alone, as ``drivers``: for what a session file decides."""
    return _DRIVER(command)


class Opened(msgspec.Struct, frozen=True):
    """A session at reset, and the file that it comes from, if there is one.

    As it runs it is given what was given by hand when that was saved.
    """

    session: Session
    saved: SessionFile | None


def session_of(**machine: Any) -> Session:
    """The machine that :func:`machine_options` have decided, ready to boot."""
    return opened(**machine).session


def opened(**machine: Any) -> Opened:
    """The same, with the session file.  Raises :class:`UserError`."""
    try:
        return _opened(**machine)
    except UserError:
        from kerneltui.validation import check_kinds

        check_kinds({f"--{kind}": machine[kind] for kind in ("board", "scenario", "kernel")})
        raise


def _opened(
    board: str | None,
    scenario: str,
    kernel: Path | None,
    entry: Literal["el2", "el3"] | None,
    load: str | None,
    cmdline: str | None,
    saved: Path | None,
    append: tuple[str, ...],
    cpu: tuple[str, ...],
    without: tuple[str, ...],
    queue: str | None,
    sched: str | None,
    pokes: tuple[str, ...],
    typed: tuple[str, ...],
    drivers: tuple[str, ...],
) -> Opened:
    own = loading(drivers)
    if saved is not None:
        _check_alone(_DECIDED, "--session")
        from kerneltui.sessions.autosave import path_of
        from kerneltui.sessions.opening import load_session, open_saved

        file = load_session(path_of(saved))
        return Opened(open_saved(file, own), file)
    from kerneltui.scenarios.changes import Changes
    from kerneltui.scenarios.scenario import open_session

    changes = Changes(
        append=" ".join(gathered("append", append)),
        cpu=",".join(gathered("cpu", cpu)),
        without=gathered("without", without),
        queue=queue or "",
        sched=sched or "",
        pokes=gathered("pokes", pokes),
        typed=gathered("typed", typed),
        entry=entry or "",
        load=load or "",
        cmdline=cmdline,
    )
    if kernel is not None:
        _check_alone({"scenario": "--scenario"}, "--kernel")
        if kernel.suffix == ".yaml":  # any bytes can be machine code: these are not meant
            from kerneltui.validation import check_kinds

            check_kinds({"--kernel": kernel})
        from kerneltui.scenarios.images import open_image

        return Opened(open_image(board, kernel, changes, own), None)
    return Opened(open_session(board, scenario, changes, own), None)


def loading(drivers: tuple[str, ...]) -> Callable[[str], tuple[OwnDriver, ...]]:
    """What loads those of :data:`_DRIVER`; who has none does not wait for that."""
    texts = gathered("drivers", drivers)
    if not texts:
        from kerneltui.scenarios.own_drivers import no_drivers

        return no_drivers
    from kerneltui.own.options import drivers_named

    return drivers_named(texts)


def _check_alone(decided: Mapping[str, str], by: str) -> None:
    """What is decided by one option cannot be said again by others."""
    ctx = click.get_current_context()
    for name, option in decided.items():
        source = ctx.get_parameter_source(name)
        is_before = bool(ctx.parent and ctx.parent.get_parameter_source(name) is _GIVEN)
        if source in {_GIVEN, ParameterSource.DEFAULT_MAP} or is_before:
            raise UserError(f"{by} says what {option} would; leave one of them out")


def check_lesson_alone() -> None:
    """A lesson decides the machine, and where it begins.  Raises :class:`UserError`."""
    _check_alone(_DECIDED | {"saved": "--session", "at": "--at"}, "--lesson")


_GIVEN = ParameterSource.COMMANDLINE
_DECIDED = {
    "board": "--board", "scenario": "--scenario", "kernel": "--kernel",
    "append": "--append", "cpu": "--cpu", "queue": "--queue", "sched": "--sched", "without": "--no",
    "pokes": "--poke", "typed": "--type", "entry": "--entry", "load": "--load",
    "cmdline": "--cmdline",
}  # fmt: skip


def boot(machine: Opened) -> None:
    """Come to where the dashboard opens: booted and asleep; of a session file, where one was.

    A line on the terminal says how far it is.  Raises :class:`UserError`.
    """
    session, saved = machine.session, machine.saved
    if saved is None:
        session.boot()
        return
    from kerneltui.progress import of_session
    from kerneltui.sessions.opening import resume

    with of_session(session, int(saved.spec.end.at)):
        for _ in resume(session, saved):
            pass


def come_to(machine: Opened, at: int | str | None) -> None:
    """Come from reset to a moment as ``--at`` has it; None: to where the dashboard opens.

    A line on the terminal says how far it is.  Raises :class:`UserError`.
    """
    if isinstance(at, int):  # it may come before the kernel has booted
        from kerneltui.progress import of_session

        with of_session(machine.session, at):
            machine.session.run_until(at)
    else:
        boot(machine)
        go_to_moment(machine.session, at)


def go_to_moment(session: Session, at: int | str | None) -> None:
    """Go where ``--at`` says: a virtual time, or a bookmark.  None: stay.

    A time before the present moment of a session that has just booted is that moment.
    A line on the terminal says how far it is.  Raises :class:`UserError`.
    """
    if at is None:
        return
    from kerneltui.progress import of_session

    if isinstance(at, str):
        bookmark = session.bookmarks.named(at)
        with of_session(session, bookmark.at_ns):
            session.go_to_bookmark(bookmark)
    elif at > session.machine.now:
        with of_session(session, at):
            session.run_until(at)
    elif session.here != session.history.first:
        with of_session(session, at):
            session.go_to_time(at)


def gathered(name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """What was given of an option that may be repeated, before the command and behind it."""
    ctx = click.get_current_context()
    behind = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    before: tuple[str, ...] = ctx.parent.params.get(name, ()) if ctx.parent and behind else ()
    return (*before, *values)


BREAK_HELP = (
    "Stop where this is hit, such as 'write GICC_EOIR' or 'irq 30 taken', on a PC "
    "'write INIT_COUNT' or 'irq vector:0xec taken'; 'kerneltui docs breakpoints' lists all forms."
)


def break_option(words: str) -> Decorator:
    """Breakpoints as people write them, as ``breaks``."""
    return click.option("--break", "breaks", multiple=True, metavar="BREAKPOINT", help=words)


def set_breakpoints(session: Session, breaks: tuple[str, ...]) -> None:
    """Set those of :func:`break_option`.  Raises :class:`UserError` for one that makes no sense."""
    for text in gathered("breaks", breaks):
        session.breakpoints.add(session.machine, text)


def until_option(example: str) -> Decorator:
    """How far to run, in virtual ns; ``example`` is a time as people write it."""
    return click.option(
        "--until", type=DurationType(), required=True,
        help=f"Run until this virtual time, such as {example}.",
    )  # fmt: skip


def since_option(words: str) -> Decorator:
    """From when on, in virtual ns, as ``since``."""
    return click.option(
        "--from", "since", type=DurationType(), default=0, metavar="TIME", help=words
    )


def check_since(since: int, until: int) -> None:
    """Raise :class:`UserError` where nothing lies between the two."""
    if since > until:
        raise UserError("--from is later than --until")


def moment_option(words: str) -> Decorator:
    """A moment as :func:`go_to_moment` takes it, or None."""
    return click.option("--at", type=MomentType(), default=None, metavar="MOMENT", help=words)


def keys_option(words: str) -> Decorator:
    """Keys as a text, with spaces between them."""
    return click.option("--keys", default="", help=words)


def several_at_option(words: str) -> Decorator:
    """Moments as :func:`come_to` takes them, as many as are given."""
    return click.option("--at", type=MomentType(), multiple=True, metavar="MOMENT", help=words)


def output_option(
    words: str = "The file to write; - is standard output.  [default: -]", *, required: bool = False
) -> Decorator:
    """Where to write: a path for :mod:`kerneltui.output`, which is ``-`` unless it is required."""
    default: dict[str, Any] = {} if required else {"default": "-"}
    return click.option("-o", "--output", type=FileType(), required=required, help=words, **default)


def json_option(words: str) -> Decorator:
    """Whether to write JSON, as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help=words)


def theme_option(words: str) -> Decorator:
    """The name of a theme; empty for the usual one."""
    return click.option("--theme", default="", help=words)
