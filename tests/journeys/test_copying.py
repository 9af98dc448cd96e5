"""The keys y and Y: text for other programs."""

import base64
from pathlib import Path

import pytest
from dashboard import dashboard

from kerneltui.statefolder import state_folder, tilde
from kerneltui.tui.copying import FILE


def copied():
    return (state_folder() / FILE).read_text(encoding="utf-8")


@pytest.fixture
def sent(monkeypatch):
    """What is written to the terminal beside pictures."""
    found = []

    def watch(seen):
        write = seen.app._driver.write
        monkeypatch.setattr(
            seen.app._driver, "write", lambda text: (found.append(text), write(text))
        )

    return found, watch


async def test_a_row_goes_to_the_terminal_and_to_a_file(sent):
    found, watch = sent
    async with dashboard(notifications=True) as seen:
        watch(seen)
        await seen.press("3", "down", "y")
        row = seen.app.arrangement.current.row_text
        assert "Once 2" in row
        await seen.until(lambda: f"Copied: {row[:20]}" in seen.screen())
        assert "It is also in" in seen.screen()
    assert copied() == row
    asked = f"\x1b]52;c;{base64.b64encode(row.encode()).decode()}\a"
    assert asked in found


async def test_the_whole_panel_is_copied_with_what_lies_below_its_edge():
    async with dashboard(size=(80, 24), with_path=True, notifications=True) as seen:
        await seen.press("d", "1", "Y")
        await seen.until(lambda: "Copied: panel 1" in seen.screen())
        lines = len(seen.app.panels.registers.lines)
    text = copied()
    assert text.startswith("Registers: rpi4, timer-callbacks, t ")
    assert "GICC_PMR" in text
    assert lines > 24
    assert abs(len(text.splitlines()) - 2 - lines) <= 1


async def test_a_folder_that_cannot_be_written_is_not_named(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    async with dashboard(notifications=True) as seen:
        await seen.press("3", "down", "y")
        await seen.until(lambda: "Copied: " in seen.screen())
        assert "It is also in" not in seen.screen()


def test_the_home_folder_is_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tilde(tmp_path / "a" / "b") == "~/a/b"
    assert tilde(Path("/elsewhere/c")) == "/elsewhere/c"
