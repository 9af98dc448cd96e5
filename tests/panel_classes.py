"""The classes of all panels, in order of their numbers: the app makes each when it is wanted."""

from __future__ import annotations

from kerneltui.tui.panels import panel_class
from kerneltui.tui.panels.kinds import KINDS

PANELS = tuple(map(panel_class, KINDS))
