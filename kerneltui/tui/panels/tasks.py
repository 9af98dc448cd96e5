"""The kernel's tasks and where the time has gone."""

from __future__ import annotations

from collections.abc import Iterator

from kerneltui.debugger.references import CoreReference, TaskReference
from kerneltui.debugger.views import MachineView
from kerneltui.debugger.views.tasks import CoreTimesView, SchedulingView, TaskView
from kerneltui.tui import signs
from kerneltui.tui.panels.base import Panel, fit
from kerneltui.tui.panels.fitting import fitted, shortened_piece
from kerneltui.tui.panels.kinds import STARVES_AFTER, TASKS
from kerneltui.tui.widgets.lines import Line, Piece, plain, with_text
from kerneltui.units import format_briefly, format_duration, format_time

BAR = (
    ("user", signs.COMPUTES, "good"),
    ("kernel", signs.IN_KERNEL, "head"),
    ("irq", signs.INTERRUPTED, "interrupt"),
)
"""Whose the time was, and how it is drawn."""
FIGURES = f"{'user':>9}{'kernel':>9}{'interrupt':>10}{'runs':>6}{'latency':>9}"
GAUGE = " ▏▎▍▌▋▊▉█"
GAUGE_CELLS = 8
WIDE_COLUMNS = 3
"""More cores than that have narrower columns, so that four fit 80 cells."""
PARTS = ("idle", "user", "kernel", "interrupt", "scheduler")


NO_TASKS = "This program has no tasks. Press o and open wake-tasks or round-robin."
NO_LOOK = "This kernel offers no look inside: its tasks cannot be seen."


class TasksPanel(Panel):
    """Policy and run queue, the cores, then each task in two lines."""

    KIND = TASKS
    HAS_MORE_ZOOMED = True
    PARTS = frozenset({"tasks", "scheduling"})

    @fitted
    def content(self, view: MachineView, width: int) -> list[Line]:
        """Scheduler, cores, tasks; sums where there is room."""
        scheduling = view.scheduling
        if scheduling is None:
            return [plain(NO_TASKS if view.offers_look else NO_LOOK, "dim")]
        tasks = {task.id: task for task in view.tasks}
        lines = [_policy(scheduling, tasks)]
        lines += [core_line(core, tasks, width) for core in scheduling.cores]
        lines.append(((fit(" share of a core", width - len(FIGURES)) + FIGURES, "dim"),))
        for task in view.tasks:
            if task.id > 0:
                lines += task_lines(task, scheduling, width)
        if self.zoomed:
            lines += sums(scheduling.cores)
        return lines

    def caption(self, view: MachineView) -> str:
        """How many there are, and how many starve."""
        scheduling = view.scheduling
        if scheduling is None:
            return ""
        count = sum(task.id > 0 for task in view.tasks)
        starving = sum(starves(task, scheduling) for task in view.tasks)
        plural = "" if count == 1 else "s"
        return f"{count} task{plural}" + (f", {starving} starving" if starving else "")


def starves(task: TaskView, scheduling: SchedulingView) -> bool:
    """Whether it has been in the run queue for too long."""
    return (task.ready_for_ns or 0) > STARVES_AFTER * scheduling.quantum_ns


def _policy(scheduling: SchedulingView, tasks: dict[int, TaskView]) -> Line:
    quanta = f", quanta of {format_duration(scheduling.quantum_ns)}"
    ready: list[Piece] = []
    for ident in scheduling.ready:
        ready += [(", ", "text")] if ready else []
        ready.append((tasks[ident].name, "text", TaskReference(ident)))
    return (
        (scheduling.policy, "strong"),
        (quanta if scheduling.policy == "rr" else ", nobody is preempted", "dim"),
        ("   ready: ", "dim"),
        *(ready or [("nobody", "dim")]),
    )


def core_line(core: CoreTimesView, tasks: dict[int, TaskView], width: int) -> Line:
    """Who runs, and the core's time up to now, in shares."""
    total_ns = max(core.elapsed_ns + core.unbooked_ns, 1)
    asleep = core.running <= 0 and core.mode == "user"
    idle_ns = core.idle_ns + (core.unbooked_ns if asleep else 0)
    times = {"user": core.user_ns, "kernel": core.kernel_ns + core.scheduler_ns, "irq": core.irq_ns}
    if not asleep:
        times["kernel" if core.mode == "scheduler" else core.mode] += core.unbooked_ns
    who = "idle" if core.running <= 0 else tasks[core.running].name
    doing = "" if asleep else f", {'interrupt' if core.mode == 'irq' else core.mode}"
    said = f" idle {_percent(idle_ns, total_ns)}"
    thing = CoreReference(core.core)
    runner = thing if core.running <= 0 else TaskReference(core.running)
    told = fit(fit(who, min(len(who), 20 - len(doing))) + doing, 20)
    is_cut = len(who) > 20 - len(doing)
    return (
        (f" core {core.core}  ", "dim", thing),
        with_text(("", "text", runner), told, f"{who}{doing} " if is_cut else None),
        *_bar(times, total_ns, width - 29 - len(said)),
        (said, "text"),
    )


def task_lines(task: TaskView, scheduling: SchedulingView, width: int) -> Iterator[Line]:
    """What it is doing, then where its time has gone."""
    runs, starving = task.state == "running", starves(task, scheduling)
    look = "alert" if starving else "strong" if runs else "dim" if task.state == "done" else "text"
    core = "-" if task.core is None else f"core {task.core}"
    before, after = f"{task.id:>2} ", f" {task.state:<9}{core:<8}"
    room = width - len(before) - 9 - len(after) - 1
    thing = TaskReference(task.id)
    yield (
        (
            signs.TASK_RUNS if runs else signs.STARVES if starving else " ",
            "alert" if starving else "good",
            thing,
        ),
        (before, look, thing),
        shortened_piece(task.name, 9, look, thing),
        (after, look, thing),
        shortened_piece(_doing(task, scheduling), room, look if starving else "text", thing),
    )
    times = _times(task, scheduling)
    total_ns = max(core.elapsed_ns + core.unbooked_ns for core in scheduling.cores)
    share = _percent(sum(times.values()), max(total_ns, 1))
    user, kernel, irq = (format_briefly(ns) for ns in times.values())
    figures = f"{user:>9}{kernel:>9}{irq:>10}"
    figures += f"{task.switches:>6}{format_briefly(task.worst_latency_ns):>9}"
    bar = _bar(times, max(total_ns, 1), width - len(figures) - len(share) - 5)
    yield (
        ("    ", "text", thing), *((*piece, thing) for piece in bar), (f" {share}", "text", thing),
        (figures, "dim", thing),
    )  # fmt: skip


def _times(task: TaskView, scheduling: SchedulingView) -> dict[str, int]:
    """Up to now: a running one's last stretch is in no account yet."""
    times = {"user": task.user_ns, "kernel": task.kernel_ns, "irq": task.irq_ns}
    for core in scheduling.cores:
        if core.running == task.id and core.mode in times:
            times[core.mode] += core.unbooked_ns
    return times


def _doing(task: TaskView, scheduling: SchedulingView) -> str:
    """Why it does not run, or what it does and for how long it may."""
    then = f"; then {task.operation}" if task.operation else ""
    if task.waits_for:
        if task.wakes_in_ns is None:
            return f"for {task.waits_for}{then}"
        return f"{task.waits_for}, in {format_duration(task.wakes_in_ns)}{then}"
    if task.ready_for_ns is not None:
        verb = "starves" if starves(task, scheduling) else "ready"
        return f"{verb} for {format_duration(task.ready_for_ns)}{then}"
    if task.quantum_left_ns is None:
        return task.operation
    left_ns = max(task.quantum_left_ns, 0)
    return (
        f"{task.operation} {gauge(left_ns, scheduling.quantum_ns)} {format_briefly(left_ns)} left"
    )


def gauge(left: int, whole: int) -> str:
    """What is left of a whole, between two marks."""
    eighths = min(left * 8 * GAUGE_CELLS // max(whole, 1), 8 * GAUGE_CELLS)
    full, part = divmod(eighths, 8)
    return f"▕{(GAUGE[8] * full + GAUGE[part]).ljust(GAUGE_CELLS)[:GAUGE_CELLS]}▏"


def _bar(times: dict[str, int], total_ns: int, width: int) -> Iterator[tuple[str, str]]:
    """Shares of a whole; a dot for each cell that is nobody's of them."""
    before = used_ns = 0
    for name, char, look in BAR:
        used_ns += times[name]
        cells = min((2 * used_ns * width + total_ns) // (2 * total_ns), width)
        yield char * (cells - before), look
        before = cells
    yield signs.NOT_ITS_OWN * (width - before), "dim"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:5.1f}%"


def sums(cores: tuple[CoreTimesView, ...]) -> Iterator[Line]:
    """The accounts of each core, below each other to be added up."""
    columns = [
        (core.idle_ns, core.user_ns, core.kernel_ns, core.irq_ns, core.scheduler_ns)
        for core in cores
    ]
    yield plain("booked, in s", "head")
    yield _row("", [f"core {core.core}" for core in cores], "dim")
    for name, row in zip(PARTS, zip(*columns, strict=True), strict=True):
        yield _row(name, [format_time(ns) for ns in row], "text")
    totals = [sum(column) for column in columns]
    same = totals == [core.elapsed_ns for core in cores]
    yield _row("sum", [format_time(ns) for ns in totals], "good" if same else "alert")
    yield _row("elapsed", [format_time(core.elapsed_ns) for core in cores], "strong")


def _row(name: str, cells: list[str], look: str) -> Line:
    width = 19 if len(cells) <= WIDE_COLUMNS else 16
    return ((f" {name:<10}", "dim"), ("".join(f"{cell:>{width}}" for cell in cells), look))
