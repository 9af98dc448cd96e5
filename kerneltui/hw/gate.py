"""Gates: the conditions on an interrupt's way from its source to a CPU.

A controller decides delivery by its gates and shows the same gates to whoever asks why an
interrupt did not arrive: there is no second copy of the rules.
"""

from __future__ import annotations

import msgspec


class Gate(msgspec.Struct, frozen=True):
    """One condition.

    ``name`` is short ("enabled"); ``register`` and ``field`` name what decides, ``value`` is what
    it holds and ``needs`` what would open the gate, in words; ``ref`` cites document and section.
    ``ends_by`` is the register that a handler writes at its end, where the gate opens by that.
    """

    name: str
    open: bool
    register: str
    field: str
    value: int
    needs: str
    ref: str
    ends_by: str = ""


def first_shut(gates: list[Gate]) -> Gate | None:
    """The first gate that stops the interrupt, or None when it gets through."""
    return next((gate for gate in gates if not gate.open), None)
