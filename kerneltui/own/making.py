"""Making a kernel with drivers of a person's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from kerneltui.errors import UserError
from kerneltui.machine.meter import METER, DriverMistakeError
from kerneltui.own.driver import OwnDriver

Made = TypeVar("Made")


def kernel_with(drivers: Sequence[OwnDriver], make: Callable[[Any], Made]) -> Callable[[Any], Made]:
    """``make``, where what fails in the making of a driver is told with file and line.

    What is made then raises :class:`UserError`.
    """
    if not drivers:
        return make

    def made(cpu: Any) -> Made:
        try:
            with METER.alone():
                return make(cpu)
        except (Exception, SystemExit, DriverMistakeError) as error:
            from kerneltui.own.loading import told  # most kernels need none

            raise UserError(told(error, drivers[0].path)) from None

    return made
