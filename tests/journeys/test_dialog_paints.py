"""How often a dialog is painted, and the dashboard dimmed behind it."""

from __future__ import annotations

from unittest.mock import patch

from dashboard import booted, dashboard
from textual._context import visible_screen_stack
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen
from textual.visual import RenderOptions, RichVisual

from kerneltui.tui.screens import dimmed as dimmed_module
from kerneltui.tui.screens.dialog import Chooser
from kerneltui.tui.screens.dimmed import Dimmed
from kerneltui.tui.screens.why import WhyScreen
from kerneltui.tui.widgets.bar import Bar


def lines(visual, screen):
    width, height = screen.size
    options = RenderOptions(screen._get_style, screen.styles, None, None)
    return visual.render_strips(width, height, screen.visual_style, options)


def told(strips):
    """Each cell with its style."""
    return [
        [(char, segment.style) for segment in strip for char in segment.text] for strip in strips
    ]


async def test_the_dashboard_is_dimmed_as_textual_dims_it_and_each_line_once():
    async with dashboard(session=booted("rpi4")) as seen:
        await seen.press("question_mark")
        screen = seen.app.screen
        assert isinstance(screen, ModalScreen)
        visible_screen_stack.set([seen.app.screen_stack[0]])  # as the app does to paint
        ours = screen.render()
        assert isinstance(ours, Dimmed)
        theirs = RichVisual(screen, BackgroundScreen(seen.app.screen_stack[0], ours._color))
        before = lines(ours, screen)
        assert told(before) == told(lines(theirs, screen))
        with patch.object(dimmed_module, "_dimmed", side_effect=AssertionError("dimmed anew")):
            again = lines(ours, screen)
        assert all(one is other for one, other in zip(before, again, strict=True))
        # What stands behind a dialog can change all the same.
        seen.app.screen_stack[0].query_one("#status", Bar).say((("another text", "text"),))
        await seen.painted()
        assert told(lines(ours, screen)) == told(lines(theirs, screen)) != told(before)


async def test_the_first_picture_of_the_window_of_w_is_whole():
    said, cleared = [], []
    say, clear = WhyScreen._say, Chooser._clear_caches

    def recorded(screen, gate, text, can_go):
        before = screen._said
        say(screen, gate, text, can_go)
        said.append((before != screen._said, screen._room))

    def counted(chooser):
        clear(chooser)
        cleared.append(bool(chooser.size))

    with patch.object(WhyScreen, "_say", recorded), patch.object(Chooser, "_clear_caches", counted):
        async with dashboard("x86") as seen:
            await seen.press("2", "w")
            shown = seen.app.screen
            assert isinstance(shown, WhyScreen)
            assert said[0] == (True, 0)
            assert [changes for changes, _ in said[1:2]] == [False]
            assert True not in cleared
            await seen.press("down")
            assert shown._said[0] is shown._gates[shown._shown].gate
