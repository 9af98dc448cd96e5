"""The commands about the course."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import click

from kerneltui.errors import UserError, suggestion
from kerneltui.parameters import json_option
from kerneltui.streams import complain, put
from kerneltui.usage import BAD_INPUT, FAILED, SuggestingGroup, command


@command()
@json_option("Write one JSON array instead.")
def lessons(*, as_json: bool) -> None:
    """List the lessons of the course."""
    from kerneltui.lessons.lesson import lessons as all_lessons
    from kerneltui.listing import Listed, write_list

    found = []
    for item in all_lessons():
        spec = item.spec
        told = f"{spec.title} ({spec.board}, {spec.minutes} min): {spec.about}"
        facts = {
            "title": spec.title, "course": spec.course, "level": spec.level,
            "minutes": spec.minutes, "board": spec.board, "scenario": spec.scenario,
            "about": spec.about,
        }  # fmt: skip
        found.append(Listed(item.name, told, facts, spec.course))
    write_list(found, as_json=as_json)


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


COMMANDS = lessons, lesson
