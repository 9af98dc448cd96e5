"""The glossary: short sentences, no word twice, no word that leads nowhere."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from msgspec import structs

from kerneltui.builtin import configs_dir
from kerneltui.configfile import ConfigFile
from kerneltui.debugger.remarks import KINDS
from kerneltui.devices import MODELS, model
from kerneltui.errors import UserError
from kerneltui.glossary import NAME, Glossary, GlossarySpec, glossary
from kerneltui.machine.aarch64_registers import AARCH64
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.machine.x86_registers import X86_64

ENTRIES = glossary().entries
TERMS = {item.term for item in ENTRIES}
LONGEST_SHORT = LONGEST_SENTENCE = 25
TABLES = [table for name in MODELS for table in model(name).TABLES] + [AARCH64, X86_64]
TRACEPOINTS = set(
    re.findall(
        r"tracepoint\(\s*\"(\w+)\"",
        "\n".join(path.read_text(encoding="utf-8")
                  for path in Path("kerneltui/kernel").rglob("*.py")),
    )
)  # fmt: skip
ACPI_TABLES = {"RSDP", "XSDT", "APIC", "FACP", "HPET", "DSDT"}


def sentences(text):
    return re.split(r"(?<=[.?!])\s+", text)


def names_on_screen():
    yield from (f"trace.{kind}" for kind in INSTRUCTIONS)
    yield from (
        f"trace.{kind}"
        for kind in ("line", "tx", "rx", "tracepoint", "unmodelled", "split", "poke")
    )
    yield from (f"trace.{kind}" for kind in KINDS)
    yield from (f"tracepoint.{name}" for name in TRACEPOINTS)
    yield from (f"table.{name}" for name in ACPI_TABLES)
    for table in TABLES:
        for register in table.registers:
            for index in range(register.count):
                name = register.label(index)
                yield name
                yield from (f"{name}.{field.name}" for field in register.fields)


NAMES = set(names_on_screen())


def test_entries_are_made_of_short_sentences():
    for entry in ENTRIES:
        assert len(sentences(entry.short)) == 1, f"{entry.term}: one sentence"
        assert len(entry.short.split()) <= LONGEST_SHORT, entry.term
        assert 1 <= len(sentences(entry.text)) <= 4, entry.term
        for sentence in [entry.short, *sentences(entry.text), *sentences(entry.who)]:
            assert len(sentence.split()) <= LONGEST_SENTENCE, (entry.term, sentence)
            begins_well = not sentence or sentence[0].isupper() or sentence[0].isdigit()
            assert begins_well, (entry.term, sentence)
            assert not sentence or sentence.endswith("."), (entry.term, sentence)


def test_an_entry_begins_with_a_verb_and_does_not_explain_the_word_by_itself():
    for entry in ENTRIES:
        verb = entry.short.split()[0]
        assert verb.endswith("s"), f"{entry.term} is the subject: 'Is', 'Holds', 'Means'"
        said = entry.short.removeprefix(verb).lower()
        word = rf"\b{re.escape(entry.term.lower())}\b"
        assert not re.search(word, said), f"{entry.term} says itself"


def test_related_words_are_there_and_are_others():
    for entry in ENTRIES:
        assert set(entry.see) <= TERMS - {entry.term}, entry.term
        assert entry.see, f"{entry.term} is related to none"


def test_no_word_stands_there_twice():
    spellings = Counter(word for item in ENTRIES for word in item.spellings)
    assert [word for word, count in spellings.items() if count > 1] == []


def test_what_an_entry_is_said_to_explain_is_on_some_screen():
    lost = []
    for entry in ENTRIES:
        for pattern in entry.names:
            alone = structs.replace(entry, names=[pattern])
            if not any(alone.explains(name) for name in NAMES):
                lost.append((entry.term, pattern))
    assert lost == []


def test_every_kind_of_event_tracepoint_and_table_is_explained():
    kinds = {name for name in NAMES if name.startswith(("trace.", "tracepoint.", "table."))}
    assert {name for name in kinds if glossary().of_name(name) is None} == set()
    assert len(kinds) > 40


def test_words_are_found_in_sentences_and_capitals_matter():
    found = [
        item.term
        for item in glossary().words_in("If SPIs wait, the I/O APICs' end of interrupt, IF is 1.")
    ]
    assert found == ["SPI", "I/O APIC", "EOI", "RFLAGS.IF"]
    assert list(glossary().words_in("GICC_PPI and ultra-edges")) == []


def test_a_sentence_has_its_subject():
    assert glossary().find("GIC").sentences.startswith("The GIC is Arm's interrupt controller")
    assert glossary().find("IPIs") is glossary().find("inter-processor interrupt")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("short:", "shorts:", "shorts"),
        ("article: a\n", "article: der\n", "article"),
        ("see: [", "see: [[1], ", "see"),
    ],
)
def test_a_mistake_in_the_file_names_its_line(tmp_path, before, after, message):
    path = tmp_path / NAME
    text = (configs_dir() / NAME).read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    line = text[: text.index(before)].count("\n") + 1
    with pytest.raises(UserError, match=rf"{NAME}:\d+: .*{message}") as caught:
        Glossary(ConfigFile.load(path).decode(GlossarySpec).terms)
    assert abs(int(str(caught.value).split(":")[1]) - line) <= 2


def test_it_is_read_from_the_prepared_file():
    file = ConfigFile.load(configs_dir() / NAME)
    assert file._parsed is None, "make it anew: python -m kerneltui.preparing"
    assert len(file.decode(GlossarySpec).terms) == len(ENTRIES)
