"""Themes of our own, beside those that Textual brings: two for a projector."""

from __future__ import annotations

from textual.theme import Theme

THEMES = (
    Theme(
        name="projector-dark",
        primary="#66c8ff",
        secondary="#00ffff",
        accent="#66c8ff",
        warning="#ffff00",
        error="#ff9a9a",
        success="#7dff7d",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#000000",
        dark=True,
    ),
    Theme(
        name="projector-light",
        primary="#00309c",
        secondary="#00309c",
        accent="#00309c",
        warning="#7a3b00",
        error="#a80000",
        success="#005a00",
        foreground="#000000",
        background="#ffffff",
        surface="#ffffff",
        panel="#ffffff",
        dark=False,
    ),
)
DEFAULT_THEME = "textual-dark"


def theme_names() -> list[str]:
    """Every theme that ``--theme`` takes."""
    from textual.theme import BUILTIN_THEMES

    return sorted([*BUILTIN_THEMES, *(theme.name for theme in THEMES)])
