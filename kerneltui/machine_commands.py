"""The commands that run a machine, and tell of it what they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerneltui.errors import UserError
from kerneltui.export.forms import FORM, FORMATS, GTKW, JSONL, VCD, WIRES, check_format
from kerneltui.option_types import CountType, DurationType, OneOf, SizeType, TextType
from kerneltui.output import STANDARD_OUTPUT, run_stream, write_text
from kerneltui.parameters import (
    BREAK_HELP,
    boot,
    break_option,
    check_since,
    gathered,
    go_to_moment,
    json_option,
    keys_option,
    machine_options,
    moment_option,
    opened,
    output_option,
    session_of,
    set_breakpoints,
    several_at_option,
    since_option,
    theme_option,
    until_option,
)
from kerneltui.streams import complain, put
from kerneltui.units import format_duration, format_time
from kerneltui.usage import FAILED, HIT, TOO_LONG, UNMET, command

if TYPE_CHECKING:
    from kerneltui.debugger.session import Session
    from kerneltui.export.selection import Selection


@command("run")
@machine_options
@until_option("6s")
@break_option(BREAK_HELP)
@click.option(
    "--expect", "expected", type=TextType(), multiple=True, metavar="TEXT",
    help="The board must have sent this text, such as 'tick\\n', by the end; may be repeated.",
)  # fmt: skip
@click.option(
    "--exit-on",
    type=TextType(),
    default=None,
    metavar="TEXT",
    help="End when the board has sent this text.",
)
@click.option(
    "--timeout", "patience", type=DurationType(least=1), default=None,
    help="Give up when the run itself has taken so long, such as 30s.",
)  # fmt: skip
@json_option("Write the final view as one JSON object instead.")
@click.option("--stats", is_flag=True, help="Write figures of the run to standard error.")
def run_command(
    until: int,
    breaks: tuple[str, ...],
    expected: tuple[str, ...],
    exit_on: str | None,
    patience: int | None,
    *,
    as_json: bool,
    stats: bool,
    **machine: Any,
) -> int:
    """Run without a screen, and write the board's serial output to standard output.

    The exit status is 5 when the run took too long, 4 when an expected text has not come, 3 when a
    breakpoint was hit, and 1 when the kernel halted.
    """
    from kerneltui.batch import EarlyEnds, run_to

    session = _without_screen(**machine)
    set_breakpoints(session, breaks)
    breaks_at = len(session.breakpoints)
    done = run_to(
        session, until, EarlyEnds(expected, exit_on or "", patience), as_json=as_json, stats=stats
    )
    for hit in done.hits:
        complain(hit.text)
    if breaks_at and not done.hits:
        complain("no breakpoint was hit")
    for text in session.troubles():
        complain(text)
    for text in done.missing:
        complain(f"the board has not sent {text!r}")
    if done.is_too_long:
        complain(f"the run took longer than {format_duration(patience or 0)}; it came to "
                 f"{format_time(session.machine.now)} s of virtual time")  # fmt: skip
        return TOO_LONG
    if done.missing:
        _verdict(session)
        return UNMET
    return HIT if done.hits else _verdict(session)


@command()
@machine_options
@until_option("6s")
@click.option(
    "--format",
    "form",
    type=OneOf(FORMATS),
    default=JSONL,
    show_default=True,
    help="Write events as JSON lines, waves for GTKWave, those of one bit for PulseView, tracks "
    "for Perfetto and Chrome, or rows for a spreadsheet: of interrupts and timeouts, or accesses.",
)
@since_option("Write what happens from this virtual time on.  [default: 0s]")
@click.option(
    "--only",
    "only",
    multiple=True,
    metavar="THINGS",
    help=f"Write these alone, with commas between them: {FORM}.",
)
@output_option()
@click.option(
    "--hash",
    "hashed",
    is_flag=True,
    help="Print one number for all events instead. Places in the kernel's code are left out.",
)
@break_option("Write only where this is hit, and what has happened there; perfetto marks it.")
def trace(
    until: int,
    form: str,
    since: int,
    only: tuple[str, ...],
    output: Path,
    hashed: bool,
    breaks: tuple[str, ...],
    **machine: Any,
) -> int:
    """Write every event as a JSON object in a line of its own, or what goes on for other tools."""
    from kerneltui.export.selection import Selection

    check_since(since, until)
    selection = Selection(gathered("only", only), since)
    session = _without_screen(**machine)
    selection.check(session.machine)
    set_breakpoints(session, breaks)
    session.history.on = False  # nobody goes back
    if hashed:
        _check_hash(form, selection, has_breakpoints=len(session.breakpoints) > 0)
        _write_hash(session, until, output)
    elif form == JSONL:
        _write_jsonl(session, until, output, selection)
    else:
        _write_other(form, session, until, output, selection, has_breakpoints=bool(breaks))
    return _verdict(session)


def _without_screen(**machine: Any) -> Session:
    """The session that is to run; a file's breakpoints are for the dashboard, and left out."""
    session = session_of(**machine)
    session.breakpoints.clear()
    return session


def _check_hash(form: str, selection: Selection, *, has_breakpoints: bool) -> None:
    given = {
        "--format": form != JSONL, "--from": selection.from_ns > 0,
        "--only": bool(selection.kinds), "--break": has_breakpoints,
    }  # fmt: skip
    for option, is_given in given.items():
        if is_given:
            raise UserError(f"--hash is of all events; leave out {option}")


def _write_hash(session: Session, until: int, output: Path) -> None:
    from kerneltui.export.trace_hash import hash_trace
    from kerneltui.progress import of_session

    with of_session(session, until):
        found = hash_trace(session, until)
    write_text(output, f"{found}\n")


def _write_jsonl(session: Session, until: int, output: Path, selection: Selection) -> None:
    from kerneltui.export.jsonl import write_hits, write_trace

    if len(session.breakpoints) and selection.kinds:
        raise UserError("--break writes hits alone; leave out --only")
    if session.runs_image and selection.names_interrupts:
        raise UserError(
            "--only irq with a name: an image does not tell which interrupt it handles; "
            "write --only irq, or --format vcd"
        )
    write = write_hits if len(session.breakpoints) else write_trace
    with run_stream(output, session, until) as out:
        write(session, until, out, selection)


def _write_other(
    form: str,
    session: Session,
    until: int,
    output: Path,
    selection: Selection,
    *,
    has_breakpoints: bool,
) -> None:
    """Waves that go to a file get their arrangement beside it."""
    from kerneltui.export.formats import write_as

    check_format(form, selection.kinds, has_breakpoints=has_breakpoints)
    beside = (
        output.with_suffix(GTKW) if form in {VCD, WIRES} and output != STANDARD_OUTPUT else None
    )
    if beside == output:
        raise UserError(
            f"{output}: the arrangement of the waves is to be there; write {output.stem}.vcd"
        )
    with run_stream(output, session, until) as out:
        teller = write_as(form, session, until, out, selection)
    if beside is not None:
        from kerneltui.export.gtkw import arrangement

        write_text(beside, arrangement(teller.waves, output.name, selection.from_ns, until))


@command()
@machine_options
@until_option("2s")
@since_option("Tell what happens from this virtual time on.  [default: 0s]")
@click.option(
    "--detail",
    type=OneOf(["step", "event"]),
    default="step",
    show_default=True,
    help="Tell the meaningful steps, or every single event.",
)
@output_option()
def narrate(until: int, since: int, detail: str, output: Path, **machine: Any) -> int:
    """Tell in plain sentences what happens, step by step.

    Each has the time at which it happened, as trace and the signal path have it; a dashboard
    that has halted after it shows a later time in its first row.
    """
    from kerneltui.narration import narrate_events, narrate_steps

    check_since(since, until)
    session = _without_screen(**machine)
    tell = narrate_events if detail == "event" else narrate_steps
    with run_stream(output, session, until) as out:
        tell(session, since, until, out)
    return _verdict(session)


def _verdict(session: Session) -> int:
    """0, or 1 with a line on standard error when the kernel has halted."""
    reason = session.machine.halt_reason
    if reason:
        complain(f"the kernel halted: {reason}")
        return FAILED
    return 0


@command()
@machine_options
@click.option(
    "--irq",
    default="",
    metavar="N",
    help="An interrupt: 30, irq:30, local:1, periph:57, gsi:2, vector:0xec.",
)
@click.option("--timeout", default="", metavar="NAME", help="A timeout in the kernel's queue.")
@click.option("--line", default="", metavar="NAME", help="A wire, such as uart0.irq.")
@click.option(
    "--core", type=CountType(), default="0", metavar="N", help="For this core.  [default: 0]"
)
@moment_option(
    "At this virtual time, or at bookmark:NAME.  [default: when the kernel has booted; with "
    "--session where one was]"
)
@json_option("Write one JSON object instead.")
def explain(
    irq: str,
    timeout: str,
    line: str,
    core: int,
    at: int | str | None,
    *,
    as_json: bool,
    **machine: Any,
) -> int:
    """Say why an interrupt does or does not arrive: its way, gate by gate, and what mends it.

    Where none is named, that of the timer which the kernel waits for.
    """
    from kerneltui.question import Question, answer

    question = Question(irq, timeout, line, core, at)
    put("".join(answer(opened(**machine), question, as_json=as_json)))
    return 0


@command()
@machine_options
@several_at_option("A moment: a virtual time, or bookmark:NAME; two are to be given.")
@json_option("Write one JSON object instead.")
@output_option()
def diff(at: tuple[int | str, ...], output: Path, *, as_json: bool, **machine: Any) -> None:
    """Tell all that differs between two moments: registers, timeouts, tasks, lines and so on."""
    from kerneltui.comparison import compare, two_moments

    moments = two_moments(at)
    write_text(output, compare(opened(**machine), moments, as_json=as_json))


@command()
@machine_options
@output_option(
    "The file to write, a picture (.svg) or text (.txt); - writes text to standard output.",
    required=True,
)
@moment_option("Take the picture at this virtual time, or at bookmark:NAME.  [default: first idle]")
@click.option(
    "--size",
    type=SizeType(),
    default="140x40",
    show_default=True,
    help="Columns x rows of the screen.",
)
@theme_option("The name of a theme.")
@keys_option("Press these keys first, with spaces between them: 'n n 2 z'.")
def screenshot(
    output: Path, at: int | str | None, size: tuple[int, int], theme: str, keys: str, **machine: Any
) -> None:
    """Write a picture of the dashboard, or its screen as plain text."""
    from kerneltui.tui.screenshot import format_of

    make = format_of(output)
    found = opened(**machine)
    boot(found)
    go_to_moment(found.session, at)
    write_text(output, make(found.session, size, keys.split(), theme))


COMMANDS = run_command, trace, narrate, explain, diff, screenshot
