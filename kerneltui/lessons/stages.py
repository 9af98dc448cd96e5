"""A lesson's driver as far as a student has come: for whoever plays the lesson by itself."""

from __future__ import annotations

import ast
from collections.abc import Collection
from pathlib import Path

from kerneltui.builtin import configs_dir
from kerneltui.errors import UserError
from kerneltui.lessons.lesson import Lesson

NOT_YET = 'raise NotImplementedError("still to be written")'


def solution(lesson: Lesson) -> str:
    """The text of the right driver.  Raises :class:`UserError` where there is none."""
    part = lesson.spec.driver
    if part is None:
        raise lesson.file.error((), "this lesson is about no driver")
    builtin = configs_dir() / "drivers" / "solutions" / f"{part.solution}.py"
    path = builtin if builtin.exists() else lesson.file.path.parent / part.solution
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        said = f"{path}: cannot be read: {error.strerror}"
        raise lesson.file.error(("driver", "solution"), said) from None


def to_be_written(lesson: Lesson) -> set[str]:
    """The functions that some step writes."""
    return {name for step in lesson.spec.steps for name in step.writes}


def stage(text: str, unwritten: Collection[str]) -> str:
    """A driver in which these functions have no body yet.  Raises :class:`UserError`."""
    lines = text.splitlines(keepends=True)
    missing = set(unwritten)
    found = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name in unwritten
    ]
    for node in sorted(found, key=lambda node: -node.lineno):
        missing.discard(node.name)
        at = 1 if ast.get_docstring(node) is not None else 0
        first = node.body[at].lineno if at < len(node.body) else (node.end_lineno or 0) + 1
        indent = " " * node.body[0].col_offset
        lines[first - 1 : node.end_lineno] = [f"{indent}{NOT_YET}\n"]
    if missing:
        raise UserError(f"the solution has no function {', '.join(sorted(missing))}")
    return "".join(lines)
