"""The glossary as a text: complete, and the file under docs/ is up to date."""

from __future__ import annotations

import re
from pathlib import Path

from kerneltui.cli import run
from kerneltui.export.glossary_text import anchor, glossary_text
from kerneltui.glossary import glossary

FILE = Path(__file__).parents[2] / "docs" / "glossary.md"


def test_the_file_under_docs_is_up_to_date():
    assert FILE.read_text(encoding="utf-8") == glossary_text(), (
        "make it anew: kerneltui docs glossary -o docs/glossary.md"
    )


def test_every_word_has_a_heading_and_every_link_leads_to_one():
    text = glossary_text()
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert sorted(headings) == sorted(item.term for item in glossary().entries)
    anchors = {anchor(title) for title in headings}
    assert len(anchors) == len(headings), "two headings with one anchor"
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= anchors


def test_the_command_prints_it_and_writes_it(tmp_path, capfd):
    assert run(["docs", "glossary"]) == 0
    assert capfd.readouterr().out == glossary_text()
    place = tmp_path / "words.md"
    assert run(["docs", "glossary", "-o", str(place)]) == 0
    assert place.read_text(encoding="utf-8") == glossary_text()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path, capfd):
    assert run(["docs", "glossary", "-o", str(tmp_path)]) == 2
    assert capfd.readouterr().err.count("\n") == 1
