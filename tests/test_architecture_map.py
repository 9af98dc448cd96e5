"""ARCHITECTURE.md names the files that there are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = re.findall(
    r"^\| ([^|]*/`[^|]*) \| (.*) \|$",
    (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
"""Of folders: where, and what is there."""
COMPLETE = ("kerneltui/hw/", "kerneltui/conformance/", "kerneltui/machine/")
"""Folders of which every file is told."""


def folders(where):
    return re.findall(r"`([a-z/]+/)`", where)


def named(what):
    return set(re.findall(r"`(\w+\.py)`", what))


def files(folder):
    place = folder if folder.startswith("kerneltui/") else f"kerneltui/kernel/{folder}"
    return {path.name for path in (ROOT / place).rglob("*.py")}


def test_the_map_has_every_folder_of_the_package():
    there = {
        f"kerneltui/{path.name}/"
        for path in (ROOT / "kerneltui").iterdir()
        if (path / "__init__.py").exists()
    }
    assert there <= {folder for where, _ in ROWS for folder in folders(where)}


@pytest.mark.parametrize(("where", "what"), ROWS, ids=[where for where, _ in ROWS])
def test_every_file_that_a_row_names_is_there(where, what):
    there = set.union(*map(files, folders(where)))
    assert named(what) <= there


@pytest.mark.parametrize("folder", COMPLETE)
def test_no_file_of_these_folders_is_left_out(folder):
    (what,) = (what for where, what in ROWS if folder in folders(where))
    assert files(folder) - {"__init__.py"} <= named(what)
