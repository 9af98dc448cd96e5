"""What styles look like in each theme, and the stylesheet that is read without its spaces."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard import dashboard
from rich.color import Color as RichColor
from textual.css.stylesheet import Stylesheet

import kerneltui.tui
from kerneltui.tui.stylesheet import compact
from kerneltui.tui.themes import theme_names
from kerneltui.tui.widgets.bar import Bar
from kerneltui.tui.widgets.looks import GROUNDS, LOOKS, look

PLAIN = {
    "background": "#000000",
    "foreground": "#ffffff",
    "success": "#00ff00",
    "warning": "#ff8000",
}
VARIABLES = dict.fromkeys(
    ("background", "panel", "foreground", "primary", "success"), "#123456"
)  # fmt: skip


def color(text):
    return RichColor.parse(text).triplet


def rules(css):
    sheet = Stylesheet(variables=VARIABLES)
    sheet.add_source(css, read_from=("", ""))
    return [(rule.selectors, rule.styles.css_lines) for rule in sheet.rules]


def test_a_share_of_a_colour_lets_the_ground_through():
    found = look("dim", PLAIN)
    assert found.color.triplet == color("#999999")
    assert found.bgcolor.triplet == color("#000000")


def test_a_look_may_bring_a_ground_or_be_followed_by_one():
    assert look("pointed", PLAIN).bgcolor.triplet == color("#00ff00")
    found = look("text here", PLAIN)
    assert found.color.triplet == color("#ffffff")
    assert found.bgcolor.triplet == color("#331900")


def test_a_name_that_is_no_look_is_an_error():
    with pytest.raises(KeyError):
        look("texxt", PLAIN)


async def test_every_look_can_be_told_from_its_ground_in_every_theme():
    async with dashboard() as seen:
        for theme in theme_names():
            seen.app.theme = theme
            for style in [*LOOKS, *(f"text {ground}" for ground in GROUNDS)]:
                found = look(style, seen.app.theme_variables)
                assert found.color != found.bgcolor, (theme, style)


async def test_bars_follow_the_theme():
    async with dashboard(theme="projector-dark") as seen:
        bar = seen.app.screen.query_one("#tabs", Bar)
        before = {segment.style.color for segment in bar.render_line(0) if segment.style}
        seen.app.theme = "projector-light"
        await seen.painted()
        after = {segment.style.color for segment in bar.render_line(0) if segment.style}
        assert before.isdisjoint(after)


def test_the_stylesheet_means_the_same_without_spaces_and_comments():
    css = (Path(kerneltui.tui.__file__).parent / "kerneltui.tcss").read_text("utf-8")
    assert rules(compact(css)) == rules(css)
    assert "/*" not in compact(css)
    assert len(compact(css).split("\n")) == 1


def test_a_pseudo_class_keeps_its_space_and_a_descendant_too():
    css = "Panel:focus { color: red; }\n.-path  #panels:hover,\n.b { color: blue; padding: 0 1; }"
    assert compact(css) == "Panel:focus{color:red;}.-path #panels:hover,.b{color:blue;padding:0 1;}"
