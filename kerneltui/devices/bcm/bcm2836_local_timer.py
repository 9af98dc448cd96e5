"""The local timer of the BCM2836's cores: local interrupt 0 (QA7, revision 3.4, section 4.11).

A count of 28 bits runs down at both edges of the crystal's clock.  It takes the re-load value at
zero, which sets the interrupt flag; all the time while the timer is disabled; and when software
stores a one to the re-load bit.  Nothing else touches it: a new re-load value leaves a running
count alone.  Where the manual is open: with a re-load value of 0 the count stays at zero, and makes
no further interrupt, until there is another value.
"""

from __future__ import annotations

from collections.abc import Callable

from kerneltui.devices.bcm.bcm2836_local_ic_registers import BCM2836_LOCAL
from kerneltui.hw.clock import NEVER, Clock, ns_to_ticks, ticks_to_ns

FLAG, ENABLE, RELOAD = BCM2836_LOCAL["LOCAL_TIMER_CONTROL_STATUS"].masks(
    "INTERRUPT_FLAG", "TIMER_ENABLE", "RELOAD"
)
CLEAR_FLAG, RELOAD_NOW = BCM2836_LOCAL["LOCAL_TIMER_CLEAR_RELOAD"].masks(
    "INTERRUPT_FLAG_CLEAR", "RELOAD"
)


class LocalTimer:
    """The count, and the flag in ``control``, which is the state of its control register.

    ``flag_changed(level)`` is called when the flag is set or cleared.
    """

    def __init__(
        self,
        name: str,
        control: list[int],
        crystal_hz: int,
        clock: Clock,
        flag_changed: Callable[[bool], None],
    ) -> None:
        self._control = control
        self._edges_hz = 2 * crystal_hz
        self._clock = clock
        self._flag_changed = flag_changed
        self._deadline = clock.deadline(name, self._reached_zero)
        self.reset()

    def reset(self) -> None:
        """Disabled, with a re-load value of 0; the registers are their owner's to reset."""
        self._counting = False
        self._reload = 0
        self._load()
        self._arm()

    @property
    def due_ns(self) -> int | None:
        """When the count will set the flag (virtual time, ns); None while it will not."""
        return self._deadline.due if self._deadline.due < NEVER else None

    def control_written(self) -> None:
        """A timer that runs keeps its count; enabling one starts a whole period."""
        self._pass_zeros()
        control = self._control[0]
        self._reload = control & RELOAD
        if not self._counting or self._is_at_rest():
            self._load()
        self._counting = bool(control & ENABLE)
        self._arm()

    def clear_reload_written(self, value: int) -> None:
        """Clearing the flag leaves the count alone; re-loading makes no interrupt."""
        self._pass_zeros()
        if value & CLEAR_FLAG:
            self._set_flag(False)
        if value & RELOAD_NOW:
            self._load()
        self._arm()

    def _load(self) -> None:
        """Begin a count: it is zero ``_zero_at`` edges after ``_loaded_ns``."""
        self._loaded_ns = self._clock.now
        self._zero_at = self._reload

    def _edges(self) -> int:
        return ns_to_ticks(self._clock.now - self._loaded_ns, self._edges_hz)

    def _is_at_rest(self) -> bool:
        return self._edges() >= self._zero_at

    def _pass_zeros(self) -> None:
        """Catch up with the re-loads at zero, before the re-load value or the count changes."""
        late = self._edges() - self._zero_at
        if self._counting and self._reload and late >= 0:
            self._zero_at += (late // self._reload + 1) * self._reload

    def _arm(self) -> None:
        """Wait for the next zero; none matters while the flag is still set."""
        if not self._counting or self._control[0] & FLAG or self._is_at_rest():
            self._deadline.cancel()
        else:
            self._deadline.arm(self._loaded_ns + ticks_to_ns(self._zero_at, self._edges_hz))

    def _reached_zero(self) -> None:
        self._set_flag(True)

    def _set_flag(self, flag: bool) -> None:
        control = self._control[0]
        self._control[0] = control | FLAG if flag else control & ~FLAG
        self._flag_changed(flag)
