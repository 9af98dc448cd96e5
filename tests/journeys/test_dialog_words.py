"""What a dialog says is there in full, in the smallest terminal too."""

from __future__ import annotations

import pytest
from dashboard import dashboard

from kerneltui.debugger.references import FieldReference, RegisterReference
from kerneltui.tui.dialogs import WHERE, ask_where_to_go

SIZES = pytest.mark.parametrize("size", [(80, 24), (100, 30)], ids=["80x24", "100x30"])


def said(seen):
    """All that stands in the dialog, as one text."""
    region = seen.app.screen.query_one("#dialog").region
    rows = seen.screen().splitlines()[region.y : region.bottom]
    return " ".join(" ".join(row[region.x : region.right].strip("│╭╮╰╯─ ") for row in rows).split())


@SIZES
@pytest.mark.parametrize("board", ["rpi3", "rpi4", "x86"])
async def test_go_to_says_all_places_and_what_enter_alone_does(board, size):
    async with dashboard(board, size=size) as seen:
        await seen.press("g")
        assert f"rite {WHERE}" in said(seen)


@SIZES
async def test_go_to_names_the_register_under_the_cursor_in_full(size):
    field = FieldReference(RegisterReference("gic", "GICD", "GICD_ITARGETSR10"), "CPU_TARGETS3")
    async with dashboard(size=size) as seen:
        seen.app.carry_out(ask_where_to_go(seen.app.situation, field))
        await seen.painted()
        name = "GICD_ITARGETSR10.CPU_TARGETS3"
        assert f"Enter alone: the last write of {name}. Or write {WHERE}" in said(seen)
        await seen.write("nowhere")
        await seen.press("enter")
        assert "or a register: its last write." in said(seen)
        assert "Enter goes on" in said(seen)
