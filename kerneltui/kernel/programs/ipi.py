"""IPI: twice a second core 0 calls another core, which calls back.

Both calls are interprocessor interrupts.  Core 0 computes for a while after its call, still in the
timer's handler with interrupts masked: the answer comes meanwhile, and waits in core 0's interrupt
controller until that handler has returned.
"""

from __future__ import annotations

from functools import partial

from kerneltui.kernel.programs.timer_callbacks import TimerCallbacks
from kerneltui.kernel.smp import KernelCore

INTERVAL_NS = 500_000_000
ANSWER_NS = 200
"""What a called core has to think about."""
BUSY_NS = 5_000
"""What core 0 has to do before it can take the answer, which is there sooner."""


class Ipi(TimerCallbacks):
    """Calls each other core in turn, and prints the answer.

    ``asked`` counts the calls, ``answered`` those of each core that came back; ``last`` is who ran
    the latest, and when (uptime, ns).
    """

    asked = 0
    last = (0, 0)

    def wants_cores(self) -> bool:
        """Somebody has to answer."""
        return True

    def boot(self) -> None:
        """Boot as ever, then begin to call."""
        super().boot()
        self.answered = dict.fromkeys(self.smp.others_online(0), 0)
        if not self.answered:
            self.console.warn("There is no other core to call")
            return
        self.time_manager.set_timeout_periodic(INTERVAL_NS, self.ask, "call a core")

    def ask(self) -> None:
        """The timeout: call the next core."""
        cores = tuple(self.answered)
        target = cores[self.asked % len(cores)]
        self.asked += 1
        self.smp.cores[0].call(target, partial(self.answer, self.asked))
        self.cpu.compute(BUSY_NS)

    def answer(self, call: int, core: KernelCore) -> None:
        """On the called core: note who and when, call back."""
        core.cpu.compute(ANSWER_NS)
        self.last = core.number, core.clock.uptime_ns()
        core.call(0, partial(self.report, call, core.number, core.last_latency_ns))

    def report(self, call: int, number: int, latency_ns: int, core: KernelCore) -> None:
        """On core 0 again: say how long the call was under way to the other core."""
        self.answered[number] += 1
        text = f"core {number} answered call {call} after {latency_ns / 1000:.1f} us"
        core.console.info(text)
        core.cpu.tracepoint("call_answered", name=f"core {number}", id=call)
