"""What comes after the first picture: it is there at once for whoever is quicker."""

from __future__ import annotations

import subprocess
import sys

import pytest
from dashboard import dashboard

from kerneltui.tui.app import KernelTui
from kerneltui.tui.layout import ORDER
from kerneltui.tui.panels.kinds import KINDS


async def test_what_the_first_picture_does_not_show_is_mounted_in_its_place():
    async with dashboard(with_path=True) as seen:
        await seen.until(lambda: seen.app.query("#filter"))
        placed = seen.app.query_one("#panels").children
        assert list(placed) == [seen.app.panels[kind] for kind in ORDER]
        assert len(placed) == len(KINDS)


@pytest.mark.parametrize("with_path", [True, False])
async def test_what_is_wanted_before_the_rest_is_mounted_comes_at_once(monkeypatch, with_path):
    monkeypatch.setattr(KernelTui, "on_ready", lambda _: None)
    async with dashboard(with_path=with_path, keys=["t"]) as seen:
        timeline = seen.app.panels.timeline
        await seen.until(lambda: seen.app.focused is timeline and timeline.size.width)
    async with dashboard(with_path=with_path, keys=["/"]) as seen:
        await seen.write("eoi")
        assert seen.app.panels.registers.filter == "eoi"


async def test_a_key_that_is_quicker_than_the_first_layouts_keeps_the_focus():
    for _ in range(5):
        async with dashboard(keys=["c"]) as seen:
            await seen.painted()
            assert seen.app.focused is seen.app.panels.console


def test_no_tls_is_loaded_for_the_first_picture_and_who_wants_it_has_it():
    program = """
from kerneltui.launch import load_asyncio
load_asyncio()
from asyncio import run, sleep, sslproto
assert sslproto.ssl is None
run(sleep(0))
import ssl
assert ssl.create_default_context
"""
    subprocess.run([sys.executable, "-c", program], check=True)
