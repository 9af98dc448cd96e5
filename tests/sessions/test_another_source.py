"""A session file stays good when only the words beside the kernel's code change."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from saved import MS, booted, file_of

import kerneltui
from kerneltui.builtin import configs_dir

PACKAGE = Path(kerneltui.__file__).parent
SETUPS = (("rpi4", "nested"), ("x86", "ipi"), ("x86", "two-cores"))


def with_comments(source):
    """The same code in other lines: comments on top, and one before each function's first line."""
    rows = source.splitlines()
    starts = {
        node.body[0].lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.body[0].lineno > node.lineno
    }
    for line in sorted(starts, reverse=True):
        indent = rows[line - 1][: len(rows[line - 1]) - len(rows[line - 1].lstrip())]
        rows.insert(line - 1, f"{indent}# a comment\n")
    return "\n".join(["# one", "", "# two", *rows, ""])


def environment(copy):
    return {**os.environ, "PYTHONPATH": str(copy)}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A copy of the package whose kernel has the same code in other lines."""
    copy = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, copy / "kerneltui", ignore=ignored)
    if not (copy / "kerneltui" / "configs").exists():
        shutil.copytree(configs_dir(), copy / "configs")
    changed = [*(copy / "kerneltui" / "kernel").rglob("*.py")]
    for path in changed:
        before = path.read_text()
        path.write_text(with_comments(before))
        assert ast.dump(ast.parse(path.read_text())) == ast.dump(ast.parse(before))
    assert len(changed) > 50
    where = [
        sys.executable,
        "-P",
        "-c",
        "import kerneltui.kernel; print(kerneltui.kernel.__file__)",
    ]
    done = subprocess.run(
        where, capture_output=True, text=True, env=environment(copy), cwd=copy, check=True
    )
    assert Path(done.stdout).is_relative_to(copy)
    return copy


@pytest.mark.parametrize(("board", "scenario"), SETUPS)
def test_the_number_stays_where_only_comments_change(board, scenario, elsewhere, tmp_path):
    session = booted(board, scenario)
    session.run_until(30 * MS)
    session.type(b"x\r")
    session.poke("uart0.irq=1")
    session.run_until(1_500 * MS)
    path = tmp_path / "x.session.yaml"
    file = file_of(session, path, with_checks=True)
    session.close()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "kerneltui", "replay", path], capture_output=True, text=True,
        env=environment(elsewhere), cwd=elsewhere, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout == f"{file.spec.trace.sha256}\n"
    assert done.returncode == 0
