"""Two I/O APICs: timeouts on the clock device, and a heartbeat on GSI 30.

The heartbeat is the HPET's comparator 2, routed to an input of the second I/O APIC.  With the clock
on the PIT, whose IRQ 0 arrives at GSI 2, the fault ``ignore-overrides`` silences the timeouts and
leaves the heartbeat.
"""

from __future__ import annotations

from kerneltui.kernel.bsp.pc import Pc
from kerneltui.kernel.drivers.hpet import HpetHeartbeat
from kerneltui.kernel.programs.timer_callbacks import TimeInspector, TimerCallbacks

GSI = 30


class SecondIoApic(TimerCallbacks):
    """Prints a line at each beat."""

    is_beating = False
    beats = 0

    def register_drivers(self) -> None:
        """The heartbeat's driver comes up last."""
        super().register_drivers()
        platform = self.platform
        if not isinstance(platform, Pc) or platform.tables.hpet is None:
            self.console.warn("No heartbeat: there is no HPET")
            return
        heartbeat = HpetHeartbeat(platform.cpu, platform.tables.hpet.address, GSI, self._beat)
        self.drivers.register(heartbeat, heartbeat.irq)
        self.is_beating = True

    @property
    def inspector(self) -> HeartbeatInspector:
        """What the debugger sees."""
        return HeartbeatInspector(self)

    def _beat(self) -> None:
        self.beats += 1
        self.cpu.tracepoint("heartbeat", number=self.beats)
        self.console.info(f"Heartbeat {self.beats} through GSI {GSI}")
        self.cpu.tracepoint("timer_callback_done", name=f"heartbeat {self.beats}")


class HeartbeatInspector(TimeInspector):
    """Timeouts beside a heartbeat."""

    def __init__(self, kernel: SecondIoApic) -> None:
        super().__init__(kernel)
        self._is_beating = kernel.is_beating

    def expects_timer_event(self) -> bool:
        """The heartbeat goes on without any timeout."""
        return self._is_beating or super().expects_timer_event()
