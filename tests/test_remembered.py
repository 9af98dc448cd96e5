"""What a person has chosen is found again, and nothing can go wrong with it."""

import pytest

from kerneltui import remembered
from kerneltui.remembered import WITH_PATH, recall, remember


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(remembered, "_path", lambda: tmp_path / "new" / "choices.json")
    return tmp_path / "new" / "choices.json"


def test_a_choice_is_found_again(file):
    assert recall(WITH_PATH, usual=True) is True
    remember(WITH_PATH, choice=False)
    assert recall(WITH_PATH, usual=True) is False
    remember("other", choice=True)
    assert recall(WITH_PATH, usual=True) is False
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b'{"with_path": 3}', b"\xff\xfe", b"[" * 9_999, b"x" * 20_000],
)
def test_a_broken_file_is_as_none(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    assert recall(WITH_PATH, usual=True) is True
    remember(WITH_PATH, choice=False)
    assert recall(WITH_PATH, usual=True) is False


def test_where_nothing_can_be_written_nothing_is_said(file, capfd):
    file.parent.write_text("no folder")
    remember(WITH_PATH, choice=False)
    assert recall(WITH_PATH, usual=True) is True
    assert capfd.readouterr() == ("", "")
