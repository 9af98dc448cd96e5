"""Timer callbacks: timeouts on the platform's timer, and an echoing console.

On a Raspberry Pi the timer is the architectural one, on a PC what the kernel has chosen.  After
chapter 20 of the Rust Raspberry Pi OS tutorials.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager

from kerneltui.kernel.arch.cpu import Cpu
from kerneltui.kernel.faults import variant
from kerneltui.kernel.kernel import VERSION, Kernel, KernelInspector
from kerneltui.kernel.time.queues.timeout import Timeout
from kerneltui.kernel.time.time_manager import TimeManager
from kerneltui.kernel.time.timeout_queue import OWN, TimeoutQueue
from kerneltui.kernel.workload import TimeoutRequest, Workload


class Callback:
    """What a requested timeout does when it is due."""

    __slots__ = ("_kernel", "_request")

    def __init__(self, kernel: TimerCallbacks, request: TimeoutRequest) -> None:
        self._kernel = kernel
        self._request = request

    def __reduce__(self) -> tuple[object, ...]:
        """How it is pickled: thousands of them are saved at once."""
        return Callback, (self._kernel, self._request)

    def __call__(self) -> None:
        """Compute, print, set further timeouts: whatever the request asks for."""
        request = self._request
        if request.busy_ns:
            self._kernel.cpu.compute(request.busy_ns)
        if request.text is not None:
            self._kernel.console.info(request.text)
        for following in request.then:
            self._kernel.request(following)


class TimerCallbacks(Kernel):
    """Sets the workload's timeouts, then echoes what is typed."""

    def __init__(self, cpu: Cpu, board: str, workload: Workload) -> None:
        super().__init__(cpu, board, workload)
        self.time_manager = self._time_manager()
        self._is_up = False
        """all that the boot does before it sets timeouts is done"""
        self._timeouts_set = 0
        """how many of the workload's"""

    def _time_manager(self) -> TimeManager:
        return variant(TimeManager, self.workload)(
            self.cpu,
            self.platform.timer,
            self.console,
            lock=self.queue_lock(),
            queue=self.workload.own.get(TimeoutQueue.__name__, self.workload.queue),
        )

    def queue_lock(self) -> AbstractContextManager[object]:
        """What guards the timeout queue: the boot core alone touches it, in handlers too."""
        return self.arch.irq_lock()

    @property
    def inspector(self) -> TimeInspector:
        """What the debugger sees."""
        return TimeInspector(self)

    def request(self, request: TimeoutRequest) -> None:
        """Set one of the workload's timeouts."""
        callback, name = Callback(self, request), request.name
        if request.at_ns is not None:
            self.time_manager.set_timeout_at(request.at_ns, callback, name)
        elif request.every_ns is not None:
            every_ns, catch_up = request.every_ns, request.catch_up
            self.time_manager.set_timeout_periodic(every_ns, callback, name, catch_up)
        elif request.once_ns is not None:
            self.time_manager.set_timeout_once(request.once_ns, callback, name)

    def boot(self) -> None:
        """Vectors, drivers, interrupts on, boot log, timeouts.

        Setting thousands of timeouts takes long: the boot can be entered anew between them.
        """
        if not self._is_up:
            self._bring_all_up()
            self._is_up = True
        requests = self.workload.timeouts
        while self._timeouts_set < len(requests):
            self.cpu.landing()
            self.request(requests[self._timeouts_set])
            self._timeouts_set += 1
        self._say_ready()

    def _bring_all_up(self) -> None:
        self.bring_up()
        self.time_manager = self._time_manager()
        self.register_drivers()
        self.init_drivers()
        self.arch.enable_irqs()
        self.platform.start()
        if self.wants_cores() or self.platform.STARTS_CORES:
            self.start_cores()
        self._print_boot_log()

    def _say_ready(self) -> None:
        """The last line of the boot."""
        self.console.info("Echoing input now")

    def wants_cores(self) -> bool:
        """Whether the others are started where the platform does not do so for every program."""
        return False

    def register_drivers(self) -> None:
        """The platform's; subclasses add their own."""
        self.platform.register_drivers(self.drivers, self.time_manager)

    def _print_boot_log(self) -> None:
        info = self.console.info
        info(f"kerneltui kernel version {VERSION}")
        info(f"Booting on: {self.platform.board_name}")
        info(f"Current privilege level: {self.arch.privilege()}")
        info("Exception handling state:")
        for name, masked in self.arch.exception_masks().items():
            info(f"      {name + ':':<8}{'Masked' if masked else 'Unmasked'}")
        for line in self.platform.timer_lines():
            info(line)
        info("Drivers loaded:")
        for number, name in enumerate(self.drivers.names(), 1):
            info(f"      {number}. {name}")
        info("Registered IRQ handlers:")
        for title, handlers in self.platform.irq_manager.handlers():
            info(f"      {title}:")
            for handler in handlers:
                info(f"            {handler.irq.number:>3}. {handler.name}")

    def idle(self) -> None:
        """Everything happens in handlers."""
        while True:
            self.cpu.wait_for_interrupt()


class TimeInspector(KernelInspector):
    """Timeouts as the time manager has them."""

    def __init__(self, kernel: TimerCallbacks) -> None:
        super().__init__(kernel)
        self._manager = kernel.time_manager
        workload = kernel.workload
        self._structure = OWN if TimeoutQueue.__name__ in workload.own else workload.queue

    def timeouts(self) -> Collection[Timeout]:
        return self._manager.queue

    def queue_structure(self) -> str:
        return self._structure

    def handled_timeout(self) -> Timeout | None:
        return self._manager.handling

    def armed_timeout(self) -> int | None:
        """The head of the queue, except while it is being handled."""
        return self._manager.armed_for

    def expects_timer_event(self) -> bool:
        """Only while a timeout is pending."""
        return bool(self._manager.queue)

    def worst_lateness_ns(self) -> int:
        return self._manager.worst_lateness_ns
