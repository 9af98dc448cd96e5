"""The commands that print what there is and what it means; no machine runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kerneltui.errors import UserError, suggestion
from kerneltui.option_types import OneOf
from kerneltui.output import write_text
from kerneltui.parameters import json_option, output_option
from kerneltui.streams import put
from kerneltui.usage import SuggestingGroup, command

AS_JSON = "Write one JSON array instead."


@command()
@json_option(AS_JSON)
def boards(*, as_json: bool) -> None:
    """List the built-in boards."""
    from kerneltui.configfile import available
    from kerneltui.listing import Listed, write_list
    from kerneltui.machine.board import load_board

    specs = {name: load_board(name).spec for name in available("boards")}
    found = [
        Listed(name, f"{spec.title}: {spec.cpu.cores} x {spec.cpu.compatible}", {
            "title": spec.title, "bsp": spec.bsp, "cpu": spec.cpu.compatible,
            "cores": spec.cpu.cores,
            "devices": {device: item.compatible for device, item in spec.devices.items()},
        })
        for name, spec in specs.items()
    ]  # fmt: skip
    write_list(found, as_json=as_json)


@command()
@json_option(AS_JSON)
def scenarios(*, as_json: bool) -> None:
    """List the built-in scenarios."""
    from kerneltui.configfile import available
    from kerneltui.listing import Listed, write_list
    from kerneltui.scenarios.reading import Scenario, load_scenario
    from kerneltui.scenarios.spec import by_level
    from kerneltui.shelves import GROUPS

    known = [load_scenario(name) for name in available("scenarios")]
    headings = [*GROUPS, *sorted({item.spec.group for item in known} - {*GROUPS})]

    def place(item: Scenario) -> tuple[int, tuple[int, str]]:
        return headings.index(item.spec.group), by_level(item.name, item.spec)

    found = [
        Listed(item.name, f"{item.spec.title}: {item.spec.about}", {
            "title": item.spec.title, "group": item.spec.group, "level": item.spec.level,
            "boards": item.boards, "about": item.spec.about,
        }, item.spec.group or "Others")
        for item in sorted(known, key=place)
    ]  # fmt: skip
    write_list(found, as_json=as_json)


@command()
@click.argument("kind", type=OneOf(["board", "scenario", "session", "lesson"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of board, scenario, session or lesson files."""
    import json

    import msgspec

    from kerneltui.configfile import schema_hook
    from kerneltui.lessons.spec import LessonSpec
    from kerneltui.machine.board_spec import BoardSpec
    from kerneltui.scenarios.spec import ImageScenarioSpec, ScenarioSpec
    from kerneltui.sessions.spec import SessionSpec

    specs: dict[str, list[Any]] = {
        "board": [BoardSpec], "scenario": [ScenarioSpec, ImageScenarioSpec],
        "session": [SessionSpec], "lesson": [LessonSpec],
    }  # fmt: skip
    found, parts = msgspec.json.schema_components(
        specs[kind], schema_hook=schema_hook, ref_template="#/$defs/{name}"
    )
    one = found[0] if len(found) == 1 else {"anyOf": list(found)}
    put(json.dumps({**one, "$defs": parts}, indent=2) + "\n")


@click.group(cls=SuggestingGroup, invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def docs(ctx: click.Context) -> None:
    """Print reference texts, made from the program's own tables."""
    if ctx.invoked_subcommand is None:
        raise UserError(f"docs: a command is missing{suggestion('', docs.commands)}")


_output = output_option("Write to this file, not to standard output.")


@docs.command()
@click.option("--block", default="", metavar="NAME", help="One block alone, such as SYSTEM_TIMER.")
@_output
def registers(output: Path, block: str) -> None:
    """Print every register of every device, as Markdown."""
    from kerneltui.export.register_reference import block_names, register_reference

    known = {name.lower(): name for name in block_names()}
    if block and block.lower() not in known:
        raise UserError(f"there is no block '{block}'{suggestion(block, block_names())}")
    write_text(output, register_reference(known.get(block.lower(), "")))


@docs.command()
@_output
def glossary(output: Path) -> None:
    """Print the words that the dashboard uses, explained, as Markdown."""
    from kerneltui.export.glossary_text import glossary_text

    write_text(output, glossary_text())


@docs.command()
@_output
def commands(output: Path) -> None:
    """Print the commands of the dashboard: their names, keys, and what they do."""
    from kerneltui.tui.commands import COMMANDS

    width = max(len(item.ident) for item in COMMANDS)
    keys = max(len(item.keys) for item in COMMANDS)
    rows = (f"{item.ident:<{width}}  {item.keys:<{keys}}  {item.help}" for item in COMMANDS)
    write_text(output, "\n".join([*rows, ""]))


@docs.command()
@_output
def breakpoints(output: Path) -> None:
    """Print what a breakpoint may be: forms, options and conditions, with examples."""
    from kerneltui.export.breakpoint_text import breakpoint_text

    write_text(output, breakpoint_text())


COMMANDS = boards, scenarios, schema, docs
