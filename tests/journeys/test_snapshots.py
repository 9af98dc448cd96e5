"""Pictures of the dashboard.  ``pytest --snapshot-update`` accepts new ones: look at them first."""

from __future__ import annotations

import pytest
from dashboard import booted

from kerneltui.tui.app import KernelTui

WIDE, NARROW = (140, 40), (80, 24)
MOMENTS = {
    "first-idle": [],
    "timer-event": ["n"],
    "in-the-handler": ["i", "s", "s", "s", "s"],
}


def app(board="rpi4", scenario="timer-callbacks", *, with_path=False, **options):
    made = KernelTui(booted(board, scenario), with_path=with_path, **options)
    made.animation_level = "none"
    return made


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["140x40", "80x24"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_rpi4(snap_compare, moment, size):
    assert snap_compare(app(), terminal_size=size, press=MOMENTS[moment])


@pytest.mark.parametrize("size", [WIDE, (100, 30), NARROW], ids=["140x40", "100x30", "80x24"])
@pytest.mark.parametrize(("board", "steps"), [("rpi4", 4), ("rpi3", 5), ("x86", 12)])
def test_the_path(snap_compare, board, steps, size):
    """As the CPU takes it, who it is, and the timer of a PC."""
    assert snap_compare(app(board, with_path=True), terminal_size=size, press=["full_stop"] * steps)


def test_a_broken_path(snap_compare):
    made = app(scenario="fault-pmr", with_path=True)
    assert snap_compare(made, terminal_size=WIDE, press=["full_stop"] * 3)


def test_rpi3(snap_compare):
    assert snap_compare(app("rpi3"), terminal_size=WIDE, press=MOMENTS["in-the-handler"])


def test_overload(snap_compare):
    assert snap_compare(app(scenario="overload"), terminal_size=WIDE, press=["n", "n", "n", "i"])


def test_help(snap_compare):
    assert snap_compare(app(), terminal_size=WIDE, press=["question_mark"])


def test_choosing_a_scenario(snap_compare):
    assert snap_compare(app(), terminal_size=NARROW, press=["o"])


def test_projector_light(snap_compare):
    light = app(theme="projector-light")
    assert snap_compare(light, terminal_size=WIDE, press=MOMENTS["in-the-handler"])


def test_typing(snap_compare):
    assert snap_compare(app(), terminal_size=NARROW, press=["n", "c", "h", "i"])


def test_the_filter(snap_compare):
    assert snap_compare(app(), terminal_size=NARROW, press=["n", "slash", "e", "o", "i"])


def test_too_small(snap_compare):
    assert snap_compare(app(), terminal_size=(79, 24))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["140x40", "80x24"])
@pytest.mark.parametrize("panel", ["p", "t"])
def test_tasks(snap_compare, panel, size):
    made = app(scenario="round-robin")
    made.session.run_until(1_000_000_000)
    assert snap_compare(made, terminal_size=size, press=["t", panel])
