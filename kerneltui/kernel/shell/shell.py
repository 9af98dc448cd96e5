"""The shell: typed lines are commands.

Interrupt handlers only collect characters; editing, echo and commands run outside IRQ context, in
:meth:`Shell.run`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from difflib import get_close_matches
from typing import NamedTuple

from kerneltui.kernel.bsp.pc import Pc
from kerneltui.kernel.irq import IrqHandler, KernelError
from kerneltui.kernel.programs.tasks_program import Tasks
from kerneltui.kernel.programs.timer_callbacks import Callback
from kerneltui.kernel.shell.line_editor import LineEditor
from kerneltui.kernel.shell.shell_arguments import UsageError, duration_ns, task_request
from kerneltui.kernel.tasks.task import Task
from kerneltui.kernel.time.calendar import xt_to_unix
from kerneltui.kernel.workload import TimeoutRequest

PROMPT = "> "
TASKS_HEAD = " ID NAME     STATE    C   USER ms  KERN ms  IRQ ms    SW WAITS FOR"
MOST_WAITING = 4096
"""Characters that wait to be read; what comes beyond is dropped."""


class ShellCommand(NamedTuple):
    """A command as ``help`` prints it; ``run`` is the method's name."""

    name: str
    arguments: str
    help: str
    run: str


COMMANDS = {
    command.name: command
    for command in (
        ShellCommand("help", "", "this list", "_help"),
        ShellCommand("once", "DURATION TEXT", "print TEXT once, so long from now", "_once"),
        ShellCommand("every", "DURATION TEXT", "print TEXT again and again", "_every"),
        ShellCommand("cancel", "ID", "cancel a timeout", "_cancel"),
        ShellCommand("timers", "", "the pending timeouts, next due first", "_timers"),
        ShellCommand("tasks", "", "the tasks, and where the time went", "_tasks"),
        ShellCommand(
            "spawn", "NAME OPERATIONS", "start a task: compute 5ms; sleep 1s; forever", "_spawn"
        ),
        ShellCommand("kill", "ID", "end a task", "_kill"),
        ShellCommand("irqs", "", "interrupts: number, count, handler", "_irqs"),
        ShellCommand("clocks", "", "the devices that measure time and interrupt", "_clocks"),
        ShellCommand("date", "", "the time of day", "_date"),
        ShellCommand("uptime", "", "time since power-on", "_uptime"),
        ShellCommand("regs", "", "some system registers", "_regs"),
        ShellCommand("boot", "", "the boot log", "_boot"),
        ShellCommand("panic", "TEXT", "stop for good", "_panic"),
    )
}


class Shell:
    """Commands on the console of a kernel with timeouts and tasks.

    ``dropped`` counts the characters that have been lost because too many waited.
    """

    def __init__(self, kernel: Tasks) -> None:
        self.editor = LineEditor()
        self.dropped = 0
        self._told = 0
        """how many of those dropped have been told"""
        self._waiting: deque[int] = deque()
        self._kernel = kernel
        self._boot_log: tuple[str, ...] = ()

    def keep_boot_log(self) -> None:
        """What ``boot`` prints is what has been logged so far."""
        self._boot_log = tuple(self._kernel.console.screen.log)

    # -- characters -------------------------------------------------------------------------------

    def receive(self, char: int) -> None:
        """A character has arrived: in IRQ context nothing is done but to keep it."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(char)
        else:
            self.dropped += 1

    def has_work(self) -> bool:
        """Whether :meth:`run` is to be called: input, or a log line has taken the prompt's line."""
        return bool(self._waiting) or not self._kernel.console.screen.in_line

    def run(self) -> None:
        """Outside IRQ context: edit and execute what has been typed, see to it that it shows."""
        console = self._kernel.console
        while self._waiting:
            if not console.screen.in_line:
                self._prompt()
            echo, line = self.editor.feed(self._waiting.popleft())
            if echo:
                console.write(echo)
            if line is not None:
                self.execute(line)
        if self.dropped > self._told:
            console.warn(f"{self.dropped - self._told} typed characters dropped: too many waited")
            self._told = self.dropped
        if not console.screen.in_line:
            self._prompt()

    def _prompt(self) -> None:
        self._kernel.console.write(PROMPT + self.editor.text)

    # -- lines ------------------------------------------------------------------------------------

    def execute(self, line: str) -> None:
        """Carry out a line; errors are printed."""
        name, _, rest = line.strip().partition(" ")
        if not name:
            return
        command = COMMANDS.get(name)
        try:
            if command is None:
                raise UsageError(_unknown(name))
            self._call(command, rest.strip())
        except UsageError as error:
            self._print(f"{name}: {error}")

    def _call(self, command: ShellCommand, rest: str) -> None:
        """Methods take as many arguments as the table names; the last takes the rest of the line.

        Raises UsageError when there are fewer, or any where there should be none.
        """
        wanted = len(command.arguments.split())
        given = rest.split(maxsplit=max(wanted - 1, 0))
        if len(given) < wanted:
            missing = command.arguments.split()[len(given)]
            raise UsageError(f"{missing} is missing: {command.name} {command.arguments}")
        if len(given) > wanted:
            raise UsageError(f"takes no arguments, but '{rest}' was given")
        method: Callable[..., None] = getattr(self, command.run)
        method(*given)

    def _print(self, text: str) -> None:
        self._kernel.console.write(f"{text}\n")

    def _help(self) -> None:
        for command in COMMANDS.values():
            self._print(f"{command.name + ' ' + command.arguments:<20} {command.help}")

    # -- timeouts ---------------------------------------------------------------------------------

    def _once(self, delay: str, text: str) -> None:
        manager, delay_ns = self._kernel.time_manager, duration_ns(delay)
        ident = manager.set_timeout_once(delay_ns, self._callback(text), text)
        self._print(f"timeout {ident}")

    def _every(self, period: str, text: str) -> None:
        manager, period_ns = self._kernel.time_manager, duration_ns(period)
        if period_ns == 0:
            raise UsageError("a period of 0 leaves no time for anything else")
        ident = manager.set_timeout_periodic(period_ns, self._callback(text), text)
        self._print(f"timeout {ident}")

    def _callback(self, text: str) -> Callback:
        return Callback(self._kernel, TimeoutRequest(text, text=text))

    def _cancel(self, ident: str) -> None:
        number = _number(ident, "timers")
        owner = self._kernel.owner(number)
        if owner is not None:
            raise UsageError(f"it is task {owner}'s; kill {owner} ends that with its timers")
        if not self._kernel.time_manager.cancel(number):
            raise UsageError(f"there is no timeout {ident} (any more)")

    def _timers(self) -> None:
        manager = self._kernel.time_manager
        with manager.lock:
            found = [(item.ident, item.due_ns, item.period_ns, item.name) for item in manager.queue]
        now_ns = manager.uptime_ns()
        if not found:
            self._print("no timeout is pending")
        for ident, due_ns, period_ns, name in found:
            again = f"every {_seconds(period_ns)}" if period_ns is not None else "once"
            self._print(f"{ident:>3}  in {_seconds(max(due_ns - now_ns, 0))}, {again}: {name}")
        timers = self._kernel.timers
        next_ns = timers.time_until_next_timer()
        if next_ns is not None:
            count = timers.pending_timer_count()
            self._print(f"{count} of tasks, the next in {_seconds(next_ns)}")

    # -- tasks ------------------------------------------------------------------------------------

    def _spawn(self, name: str, operations: str) -> None:
        task = self._kernel.spawn(task_request(name, operations))
        self._print(f"task {task.id}")

    def _kill(self, ident: str) -> None:
        try:
            self._kernel.kill(_number(ident, "tasks"))
        except KernelError as error:
            raise UsageError(str(error)) from None

    def _tasks(self) -> None:
        self._print(TASKS_HEAD)
        queue = self._kernel.run_queue
        for task in sorted(queue.tasks.values(), key=lambda item: item.sort_key):
            self._print(_task_line(task))
        ready = ", ".join(task.name for task in queue.ready) or "nobody"
        self._print(f"policy {queue.policy}; ready: {ready}")

    # -- looking ----------------------------------------------------------------------------------

    def _irqs(self) -> None:
        smp = self._kernel.smp
        others = smp.others_online(0)
        for title, handlers in self._kernel.platform.irq_manager.handlers():
            self._print(f"{title}, core 0:" if others else f"{title}:")
            self._print_handlers(handlers)
        for core in others:
            self._print(f"Core {core}:")
            self._print_handlers(smp.irq_handlers(core))

    def _print_handlers(self, handlers: list[IrqHandler]) -> None:
        for handler in handlers:
            self._print(f"{handler.irq.number:>5} {handler.count:>8}  {handler.name}")

    def _clocks(self) -> None:
        platform = self._kernel.platform
        if isinstance(platform, Pc) and platform.clock is not None and platform.source is not None:
            self._print(f"Clock device: {platform.clock.compatible}")
            self._print(f"Timer device: {platform.source.compatible}")
            for counter in platform.idle_counters():
                self._print(f"      {counter.label:<12} {float(counter.hz) / 1e6:.6f} MHz")
        else:
            self._print(f"Clock and timer device: {platform.timer.compatible}")
        for line in platform.timer_lines():
            self._print(line)

    def _date(self) -> None:
        platform = self._kernel.platform
        clock = platform.wall_clock if isinstance(platform, Pc) else None
        if clock is None:
            raise UsageError("this board has no clock that knows the time of day")
        self._print(f"{clock.now()} UTC, Unix {xt_to_unix(clock.now_xt())}")

    def _uptime(self) -> None:
        self._print(f"up {_seconds(self._kernel.platform.uptime_ns())}")

    def _regs(self) -> None:
        for name, value in self._kernel.arch.registers().items():
            self._print(f"{name:<14} {value:#018x}")

    def _boot(self) -> None:
        for line in self._boot_log:
            self._print(line)

    def _panic(self, text: str) -> None:
        self._kernel.panic(text)


def _number(text: str, lister: str) -> int:
    """Raises UsageError; ``lister`` is the command that prints the numbers."""
    if not text.isdecimal():
        raise UsageError(f"'{text}' is no number; {lister} prints the IDs")
    return int(text)


def _task_line(task: Task) -> str:
    core = "-" if task.core is None else task.core
    user_ms, kernel_ms, irq_ms = (
        f"{ns / 1e6:.3f}" for ns in (task.times.user_ns, task.times.kernel_ns, task.times.irq_ns)
    )
    line = f"{task.id:>3} {task.name:<8.8} {task.state.value:<8} {core} {user_ms:>9} {kernel_ms:>8}"
    return f"{line} {irq_ms:>7} {task.switches:>5} {task.waits_for}".rstrip()


def _unknown(name: str) -> str:
    close = get_close_matches(name, COMMANDS, n=1)
    return f"unknown command; did you mean '{close[0]}'?" if close else "unknown command; try help"


def _seconds(ns: int) -> str:
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{seconds}.{rest // 1000:06} s"
