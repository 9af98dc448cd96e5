"""The commands about the course."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

import click

from kerneltui.errors import UserError, suggestion
from kerneltui.streams import complain, put, put_list
from kerneltui.usage import BAD_INPUT, FAILED, SuggestingGroup, command


@command()
def lessons() -> None:
    """List the lessons of the course."""
    from kerneltui.lessons.lesson import lessons as all_lessons

    found = all_lessons()
    width = max((len(item.name) for item in found), default=0)
    course = ""
    for item in found:
        if item.spec.course != course:
            put(f"{chr(10) if course else ''}{item.spec.course}\n")
            course = item.spec.course
        told = f"{item.spec.title} ({item.spec.board}, {item.spec.minutes} min): {item.spec.about}"
        put_list([(f"{item.name:<{width}}", told)])


@click.group(cls=SuggestingGroup, invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def lesson(ctx: click.Context) -> None:
    """Work on lessons."""
    if ctx.invoked_subcommand is None:
        raise UserError(f"lesson: a command is missing{suggestion('', lesson.commands)}")


@lesson.command()
@click.argument("files", nargs=-1, required=True)
def check(files: Sequence[str]) -> int:
    """Play lessons (files, or names) with their own solutions, and tell what is wrong.

    Each goal can be reached, and none is before its work; hints name keys that there are; each
    question has one right answer.  The exit status is 1 where something is wrong.
    """
    from kerneltui.lessons.lesson import load_lesson
    from kerneltui.tui.lesson_check import check_lesson

    worst = 0
    for name in files:
        try:
            found = asyncio.run(check_lesson(load_lesson(name)))
        except UserError as error:
            complain(str(error))
            worst = BAD_INPUT
            continue
        for text in found:
            complain(text)
        if found:
            worst = max(worst, FAILED)
        else:
            put(f"ok {name}\n")
    return worst


@click.group(cls=SuggestingGroup, invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def new(ctx: click.Context) -> None:
    """Write the beginning of a file of your own."""
    if ctx.invoked_subcommand is None:
        raise UserError(f"new: a command is missing{suggestion('', new.commands)}")


@new.command("lesson")
@click.argument("name")
@click.option("--board", default="rpi4", show_default=True, help="The board that it is played on.")
def new_lesson(name: str, board: str) -> None:
    """Write a lesson that works, to be changed: NAME.yaml in this folder."""
    from kerneltui.lessons.skeleton import skeleton
    from kerneltui.machine.board import load_board

    load_board(board)
    if not name.removesuffix(".yaml").strip():
        raise UserError(f"'{name}' is no name for a lesson; write letters and digits: my-lesson")
    path = Path(f"{name.removesuffix('.yaml')}.yaml")
    if path.exists():
        raise UserError(f"{path}: is there already; choose another name")
    try:
        path.write_text(skeleton(board), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
    put(f"{path} is written. Play it: kerneltui --lesson {quote(str(path))}\n")
    put(f"Check it: kerneltui lesson check {quote(str(path))}\n")


COMMANDS = lessons, lesson
