"""Looks of a line's pieces: what a style's name means in the theme that is on.

In Python and not in the stylesheet: as rules of it, eighteen names took a twentieth of what our
part of the first picture takes.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color

LOOKS: Mapping[str, tuple[str, str]] = {
    "text": ("foreground", ""),
    "dim": ("foreground 60%", ""),
    "strong": ("foreground", "bold"),
    "head": ("foreground", "bold"),
    "changed": ("warning", "bold"),
    "alert": ("error", "bold"),
    "interrupt": ("text-secondary", "bold"),
    "good": ("success", "bold"),
    "breakpoint": ("error", "bold"),
    "now": ("primary", "bold"),
    "pointed": ("background on success", "bold"),
    "keyword": ("text-primary", "bold"),
    "string": ("text-success", ""),
    "number": ("text-warning", ""),
    "comment": ("foreground 60%", "italic"),
    "definition": ("text-secondary", "bold"),
    "reverse": ("foreground", "bold reverse"),
}
"""By name the colour, one of the theme's variables, and the attributes; ``A on B`` has a ground."""
GROUNDS: Mapping[str, str] = {"here": "warning 20%", "cursor": "primary 35%"}
"""What may follow a name: ``keyword here``."""


def look(style: str, theme: Mapping[str, str], ground: Color | None = None) -> Style:
    """What a style means where the theme's variables are these.

    ``ground`` is what it stands on; None: the theme's background.  Raises KeyError for a name that
    is in neither table.
    """
    name, *grounds = style.split()
    colors, attributes = LOOKS[name]
    color, _, own_ground = colors.partition(" on ")
    if ground is None:
        ground = _color("background", theme)
    if own_ground:
        ground += _color(own_ground, theme)
    front = (ground + _color(color, theme)).rich_color
    found = Style.parse(attributes) + Style.from_color(front, ground.rich_color)
    for further in grounds:
        found += ground_of(further, theme)
    return found


def ground_of(name: str, theme: Mapping[str, str]) -> Style:
    """One of :data:`GROUNDS`, and nothing else."""
    ground = _color("background", theme) + _color(GROUNDS[name], theme)
    return Style(bgcolor=ground.rich_color)


def _color(text: str, theme: Mapping[str, str]) -> Color:
    """A variable, and how much of what is below it covers."""
    name, _, share = text.partition(" ")
    color = Color.parse(theme[name])
    return color.multiply_alpha(int(share.rstrip("%")) / 100) if share else color
