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


def app(board="rpi4", scenario="timer-callbacks", **options):
    made = KernelTui(booted(board, scenario), **options)
    made.animation_level = "none"
    return made


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["140x40", "80x24"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_rpi4(snap_compare, moment, size):
    assert snap_compare(app(), terminal_size=size, press=MOMENTS[moment])


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
