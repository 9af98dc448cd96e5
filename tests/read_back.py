"""A view as JSON and back again, by the types that its fields name."""

from __future__ import annotations

import sys

import msgspec

from kerneltui.debugger import views
from kerneltui.debugger.views import MachineView


def read_back(view: MachineView) -> MachineView:
    """What a reader of ``run --json`` gets.

    The types of parts are imported when these are made; a decoder looks for their names in the
    module of the view.
    """
    for module in [sys.modules[name] for name in sys.modules if name.startswith("kerneltui.")]:
        for name, kind in list(vars(module).items()):
            if name.endswith("View") or name in {"RawEvent", "RegisterReference"}:
                vars(views).setdefault(name, kind)
    return msgspec.json.decode(msgspec.json.encode(view), type=MachineView)
