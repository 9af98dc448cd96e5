"""Rigs of the x86 PC's families of traces (QEMU's q35)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kerneltui.conformance.rig import Rig

RIGS: dict[str, Callable[[Mapping[str, Any]], Rig]] = {}
