"""Which of the PC's clock and timer devices the kernel uses.

The wish of a boot parameter comes first, then what follows in the order of preference, then that
order from its start; the first that is not refused is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from kerneltui.kernel.irq import KernelError

ORDER = {"clock": ("arat", "hpet", "pit"), "timer": ("tsc", "hpet", "acpi", "pit")}
"""Each boot parameter's devices, best first."""


class Candidate(Protocol):
    """A clock device or a timer device."""

    name: str

    def missing(self) -> str:
        """Why the kernel refuses the device, in words; empty when it does not."""


Device = TypeVar("Device", bound=Candidate)


def choose(
    parameter: str, wanted: str | None, candidates: Sequence[Device]
) -> tuple[Device, list[str]]:
    """The device for ``parameter`` (``clock`` or ``timer``), and a sentence for each decision.

    ``wanted`` is the parameter's value, None without a wish; the candidates come in any order.
    Raises KernelError, with all reasons, when every candidate is refused, and for an unknown wish.
    """
    order = ORDER[parameter]
    if wanted is not None and wanted not in order:
        raise KernelError(f"{parameter}={wanted} is none of {', '.join(order)}")
    first = 0 if wanted is None else order.index(wanted)
    by_name = {device.name: device for device in candidates}
    log: list[str] = []
    for name in order[first:] + order[:first]:
        if name not in by_name:
            continue
        reason = by_name[name].missing()
        if not reason:
            log.append(f"{parameter}: {name.upper()} chosen")
            return by_name[name], log
        log.append(f"{parameter}={name} refused: {reason}")
    raise KernelError(f"There is no {parameter} device: {'; '.join(log)}")
