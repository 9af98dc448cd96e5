"""The dashboard's stylesheet, as its parser likes it."""

from __future__ import annotations

from pathlib import Path


def compact(css: str) -> str:
    """The same rules without comments, and without the spaces that only people need.

    Each stretch of spaces is a token of its own to Textual's parser: a third of all.  A colon is
    followed by a space in a declaration, and by none before a pseudo-class.
    """
    first, *rest = css.split("/*")
    css = " ".join((first + "".join(text.partition("*/")[2] for text in rest)).split())
    for mark in "{};,":
        css = css.replace(f" {mark}", mark).replace(f"{mark} ", mark)
    return css.replace(": ", ":")


def dashboard_css() -> str:
    """What ``kerneltui.tcss`` says."""
    return compact(Path(__file__).with_name("kerneltui.tcss").read_text("utf-8"))
