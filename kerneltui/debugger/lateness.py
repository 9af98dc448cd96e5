"""Why the present handler or callback was late, in words, from what has been recorded."""

from __future__ import annotations

from itertools import islice

from kerneltui.debugger.latencies import Begin, Latencies
from kerneltui.debugger.numbering import interrupt_label
from kerneltui.debugger.recorder import EVENTS_BEHIND, Recorder
from kerneltui.debugger.trace import EventNames
from kerneltui.machine.instructions import EXTERNAL, INSTRUCTIONS, SPACES, STORES
from kerneltui.units import format_duration

UNMASKS = frozenset(("daifclr", "sti", "popf"))
MASK_REGISTER = "DAIF"


def why_late(recorder: Recorder, names: EventNames, core: int) -> str:
    """``40 us late: irq 153's handler was running``; empty before the first handler of a core.

    It tells of the handler or the timer callback that has begun last on ``core``.  Where nothing
    held it back, the way itself took the time.
    """
    latencies = recorder.latencies
    begin = latencies.last_begin(core)
    if begin is None:
        return ""
    late = f"{format_duration(max(begin.at_ns - begin.since_ns, 0))} late"
    running = _running(latencies, begin, core)
    if running:
        return f"{late}: {running}'s handler was running"
    opened = _opened_by(recorder, names, core, begin)
    return f"{late}: {opened}" if opened else f"{late}: nothing held it back"


def _running(latencies: Latencies, begin: Begin, core: int) -> str:
    """The handler that took most of the time, if that was half of it."""
    took: dict[str, int] = {}
    for run in latencies.runs(core):
        overlap = min(run.end_ns, begin.at_ns) - max(run.begin_ns, begin.since_ns)
        is_own = run.begin_ns == begin.at_ns
        if overlap > 0 and not is_own:
            name, number, _ = run.key
            label = interrupt_label(latencies.numbering(name), number)
            took[label] = took.get(label, 0) + overlap
    longest = max(took, key=lambda label: took[label], default="")
    return longest if longest and 2 * took[longest] >= begin.at_ns - begin.since_ns else ""


def _opened_by(recorder: Recorder, names: EventNames, core: int, begin: Begin) -> str:
    """What the core did just before it took the interrupt, if that has let it in."""
    own = (
        event
        for event in islice(reversed(recorder.events), EVENTS_BEHIND)
        if event[2] == core and event[3] in INSTRUCTIONS and event[1] <= begin.at_ns
    )
    for event in own:
        if event[3] in EXTERNAL:
            break
    opener = next(own, None)
    if opener is None or opener[1] < begin.since_ns:
        return ""
    kind, target, _, text = opener[3:]
    register = text or names.name(kind, target)
    if kind in UNMASKS or (kind in STORES and register == MASK_REGISTER):
        return "interrupts were masked"
    if INSTRUCTIONS[kind].is_return:
        return "an exception's handler was running"
    if kind in STORES and kind in SPACES:
        return f"it was held back until '{names.as_text(opener)}'"
    return ""
