"""The register reference: complete, well formed, and the file under docs/ is up to date."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from kerneltui.devices import MODELS, model
from kerneltui.export.register_reference import (
    _cell,
    encoding_name,
    range_name,
    register_reference,
)
from kerneltui.hw.register import Access
from kerneltui.machine.aarch64_registers import AARCH64
from kerneltui.machine.x86_registers import X86_64

FILE = Path(__file__).parents[2] / "docs" / "registers.md"

TABLES = [table for compatible in MODELS for table in model(compatible).TABLES] + [
    AARCH64,
    X86_64,
]


@pytest.fixture(scope="module")
def text():
    return register_reference()


def cells(line):
    """A table row's cells; an escaped pipe does not divide."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def tables(text):
    """Each table's rows, its head first."""
    rows = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append(cells(line))
        elif rows:
            yield rows
            rows = []


def sections(text):
    """Anchor, as GitHub makes it -> what stands under the heading, up to the next one."""
    found, taken = {}, Counter()
    for title, body in re.findall(r"^#+ (.*)\n((?:(?!#).*\n)*)", text, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        number = taken[slug]
        taken[slug] += 1
        found[f"{slug}-{number}" if number else slug] = body
    return found


def block_rows(text, table):
    """The rows of the register table of one block."""
    names = [range_name(register) for register in table.registers]
    # Two blocks may have registers of the same names: look below the block's own heading.
    for rows in tables(text[max(text.find(f"### {table.name}: "), 0) :]):
        if [re.sub(r"\[(.*)\]\(.*\)", r"\1", row[1]) for row in rows[2:]] == names:
            return rows[2:]
    pytest.fail(f"{table.name} has no register table with all of its registers")


def test_the_file_under_docs_is_up_to_date(text):
    assert FILE.read_text(encoding="utf-8") == text, (
        "run: kerneltui docs registers -o docs/registers.md"
    )


def test_two_runs_write_the_same_text(text):
    assert register_reference() == text


def test_all_rows_of_a_table_have_the_columns_of_its_head(text):
    found = list(tables(text))
    assert len(found) > 100
    for rows in found:
        assert {len(row) for row in rows} == {len(rows[0])}, rows[0]
        assert set(rows[1]) == {"---"}


def test_tables_and_headings_stand_apart(text):
    for before, line in pairwise(text.splitlines()):
        if line.startswith("#"):
            assert before == ""
        if before.startswith("#"):
            assert line == ""
        if line.startswith("|") and not before.startswith("|"):
            assert before == ""


def test_every_link_leads_to_a_heading(text):
    links = re.findall(r"\]\(#([^)]*)\)", text)
    assert len(links) > 100
    assert set(links) <= set(sections(text))


@pytest.mark.parametrize("compatible", MODELS)
def test_every_device_says_how_a_board_file_names_it(text, compatible):
    assert f"`compatible: {compatible}`" in text
    for name in model(compatible).CONFIG.__struct_fields__:
        assert f"\n| `{name}` |" in text


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_register_has_a_row_with_its_width(text, table):
    rows = block_rows(text, table)
    for register, row in zip(table.registers, rows, strict=True):
        assert row[2] == str(register.width)
        if table.byte_addressed:
            assert int(row[0].strip("`").partition("-")[0], 16) == register.offset


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_field_has_a_row_under_its_register(text, table):
    found = sections(text)
    for register, row in zip(table.registers, block_rows(text, table), strict=True):
        link = re.search(r"\(#(.*)\)", row[1])
        assert bool(link) == bool(register.fields)
        rows = next(tables(found[link[1]]))[2:] if link else []
        told = [(bits, name.strip("`"), kind) for bits, name, kind, _ in rows]
        assert told == [
            (
                f"{field.lsb + field.width - 1}:{field.lsb}" if field.width > 1 else str(field.lsb),
                field.name,
                str(field.access),
            )
            for field in sorted(register.fields, key=lambda field: field.lsb, reverse=True)
        ]


def test_an_array_stands_with_its_range(text):
    assert "[GICD_ISENABLER1-15]" in text
    assert "`0x104-0x13c`" in text


def test_a_system_register_stands_under_its_encoding(text):
    # DDI 0487: CNTP_CTL_EL0 is op0 3, op1 3, CRn 14, CRm 2, op2 1.
    assert encoding_name(0b11_011_1110_0010_001) == "S3_3_C14_C2_1"
    assert "| `S3_3_C14_C2_1` | [CNTP_CTL_EL0]" in text
    assert "| `S3_0_C12_C0_0` | [VBAR_EL1]" in text


def test_reset_values_are_those_of_a_device_with_its_parameters(text):
    # DDI 0471B 3.2 and 4.3.2: 224 IDs are ITLinesNumber 6, four cores are CPUNumber 3.
    assert "| [GICD_TYPER](#gicd_typer) | 32 | `0x66` |" in text
    # DDI 0183G, table 3-1.
    assert "| [UARTCR](#uartcr) | 32 | `0x300` |" in text
    assert "| [UARTIFLS](#uartifls) | 32 | `0x12` |" in text


def test_meanings_of_values_are_given(text):
    assert "| 9 | `EOImode` | RW | What GICC_EOIR does. 0 = drop and deactivate; 1 = " in text


def test_the_other_face_of_a_state_is_named(text):
    lines = sections(text)["gicd-gic-400-distributor"].splitlines()
    (row,) = [line for line in lines if "[GICD_ICENABLER1-15]" in line]
    assert "The same state as GICD_ISENABLER1-15." in row
    (row,) = [line for line in lines if "[GICD_ISENABLER1-15]" in line]
    assert "The same state" not in row


def test_every_access_kind_is_in_the_legend(text):
    legend = next(tables(sections(text)["access-kinds"]))
    assert [kind for kind, _ in legend[2:]] == [f"`{kind}`" for kind in Access]
    assert dict(legend[2:])["`TAG`"].startswith("Declared, not modelled")


def test_pipes_and_other_signs_of_markdown_are_escaped(text):
    assert (
        _cell("either | or, below\n  4 < 5, and `a * b`")
        == r"either \| or, below 4 \< 5, and `a * b`"
    )
    # "4 * c to 4 * c + 3" would otherwise be set in italics.
    assert r"mailboxes 4 \* c to 4 \* c + 3" in text


def test_what_is_not_modelled_is_said(text):
    about = sections(text)["gic-400"]
    assert "Not modelled: the interrupt bypass" in about
    assert "``" not in text
    assert ":meth:" not in text


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_field_says_what_it_means(table):
    without = [
        f"{register.name}.{field.name}"
        for register in table.registers
        for field in register.fields
        if not field.doc and not field.values
    ]
    assert without == []
