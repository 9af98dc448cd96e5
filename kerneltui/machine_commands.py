"""The commands that run a machine, and tell of it what they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerneltui.errors import UserError
from kerneltui.output import run_stream, write_text
from kerneltui.parameters import (
    BREAK_HELP,
    OneOf,
    SizeType,
    at_option,
    boot,
    break_option,
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
    theme_option,
    until_option,
)
from kerneltui.streams import complain, put
from kerneltui.usage import FAILED, HIT, command

if TYPE_CHECKING:
    from kerneltui.debugger.session import Session


@command("run")
@machine_options
@until_option("6s")
@break_option(BREAK_HELP)
@json_option("Write the final view as one JSON object instead.")
@click.option("--stats", is_flag=True, help="Write figures of the run to standard error.")
def run_command(
    until: int, breaks: tuple[str, ...], *, as_json: bool, stats: bool, **machine: Any
) -> int:
    """Run without a screen, and write the board's serial output to standard output.

    The exit status is 3 when a breakpoint was hit, and 1 when the kernel halted.
    """
    from kerneltui.batch import run_to

    session = session_of(**machine)
    set_breakpoints(session, breaks)
    breaks_at = len(session.breakpoints)
    run_to(session, until, as_json=as_json, stats=stats)
    for hit in session.hits:
        complain(hit.text)
    if breaks_at and not session.hits:
        complain("no breakpoint was hit")
    return HIT if session.hits else _verdict(session)


@command()
@machine_options
@until_option("6s")
@output_option()
@click.option(
    "--hash",
    "hashed",
    is_flag=True,
    help="Print one number for all events instead. Places in the kernel's code are left out.",
)
@break_option("Write only where this is hit, and what has happened there.")
def trace(until: int, output: Path, hashed: bool, breaks: tuple[str, ...], **machine: Any) -> int:
    """Write every event as a JSON object in a line of its own."""
    session = session_of(**machine)
    set_breakpoints(session, breaks)
    if hashed and len(session.breakpoints):
        raise UserError("--hash is of all events; leave out --break")
    if hashed:
        from kerneltui.export.trace_hash import hash_trace
        from kerneltui.progress import of_session

        with of_session(session, until):
            found = hash_trace(session, until)
        write_text(output, f"{found}\n")
    else:
        from kerneltui.export.jsonl import write_hits, write_trace

        write = write_hits if len(session.breakpoints) else write_trace
        with run_stream(output, session, until) as out:
            write(session, until, out)
    return _verdict(session)


@command()
@machine_options
@until_option("2s")
@click.option(
    "--detail",
    type=OneOf(["step", "event"]),
    default="step",
    show_default=True,
    help="Tell the meaningful steps, or every single event.",
)
@output_option()
def narrate(until: int, detail: str, output: Path, **machine: Any) -> int:
    """Tell in plain sentences what happens, step by step."""
    from kerneltui.narration import narrate_events, narrate_steps

    session = session_of(**machine)
    tell = narrate_events if detail == "event" else narrate_steps
    with run_stream(output, session, until) as out:
        tell(session, until, out)
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
    help="An interrupt: 30, local:1, periph:57, gsi:2, vector:0xec.",
)
@click.option("--timeout", default="", metavar="NAME", help="A timeout in the kernel's queue.")
@click.option("--line", default="", metavar="NAME", help="A wire, such as uart0.irq.")
@click.option("--core", type=click.IntRange(0), default=0, help="For this core.  [default: 0]")
@at_option("At this virtual time.  [default: when the kernel has booted]")
@json_option("Write one JSON object instead.")
def explain(
    irq: str, timeout: str, line: str, core: int, at: int | None, *, as_json: bool, **machine: Any
) -> int:
    """Say why an interrupt does or does not arrive: its way, gate by gate, and what mends it."""
    from kerneltui.question import Question, answer

    question = Question(irq, timeout, line, core, at)
    put("".join(answer(session_of(**machine), question, as_json=as_json)))
    return 0


@command()
@machine_options
@several_at_option("A moment, by its virtual time; two are to be given.")
@json_option("Write one JSON object instead.")
@output_option()
def diff(at: tuple[int, ...], output: Path, *, as_json: bool, **machine: Any) -> None:
    """Tell all that differs between two moments: registers, timeouts, tasks, lines and so on."""
    from kerneltui.comparison import compare, two_times

    times = two_times(at)
    write_text(output, compare(session_of(**machine), times, as_json=as_json))


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


MACHINE_COMMANDS = run_command, trace, narrate, explain, diff, screenshot
