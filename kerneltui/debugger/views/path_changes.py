"""What a step of the story has changed: registers by name, or in words that it was none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerneltui.debugger.marks import StepKind
from kerneltui.machine.core import CoreState

if TYPE_CHECKING:
    from kerneltui.debugger.sight import Sight, Story

MOST_CHANGES = 3
NO_REGISTER = "no register"
NOTHING_DONE = "no register: nothing had to be done"
NOT_ASLEEP = "no register: the wait was over at once"
OF_THE_CORE = "only the core's own register"
ELSEWHERE = {
    StepKind.ASLEEP: "no register: the core waits",
    StepKind.DUE: "no register but the counter, which counts by itself",
    StepKind.TAKEN: "only the core's own state: it keeps its place and masks interrupts",
    StepKind.CALLED: "only the core's own state: it keeps its place",
    StepKind.FAULT: "only the core's own state: it keeps its place",
    StepKind.EXPIRED: "only the timeout queue, and no register",
    StepKind.WOKEN: "only the state of the task, and no register",
    StepKind.SWITCHED: "only which task the core runs, and no register",
    StepKind.RETURNED: "only the core's own state, which it takes back",
}
"""What a step changes that changes no register of a device."""


def register_changes(sight: Sight, owners: list[str], source: str) -> list[str]:
    """As ``NAME old → new``, at most :data:`MOST_CHANGES`.

    What matters first: what a person has stored, what was accessed, devices on the way (``owners``,
    in order, the first one of them ``source``), all others.  Of several steps at one moment each
    tells its own part.
    """
    story = sight.story
    devices = set(sight.machine.devices)
    first: dict[str, int] = {}
    if story is not None and story.sentence:
        named = story.stored or (story.register,)
        first = {name: place - len(named) for place, name in enumerate(named)}
        if story.by_itself:
            return []
        if story.kind is StepKind.LINE and story.line:
            return [f"{story.line} low → HIGH"]
        if story.ahead & {StepKind.LINE, StepKind.PENDING}:
            devices = {source} - {story.owner}
        elif story.kind is StepKind.PENDING:
            devices -= {source} - {story.owner}
    order = {owner: place for place, owner in enumerate(owners)}
    found = [
        (first.get(slot.name, order.get(device, len(order))), device, window, slot.name, old, new)
        for device, window, slot, old, new in sight.registers.changed(sight.focus, sight.before)
        if device in devices
    ]
    windows: dict[str, set[str]] = {}
    for _, _, window, name, _, _ in found:
        windows.setdefault(name, set()).add(window)
    told: list[str] = []
    seen: set[tuple[str, int, int]] = set()
    for _, device, window, name, old, new in sorted(found, key=lambda item: item[0]):
        # The same bits may be there once more, where ones set them and where ones clear them.
        if (device, old, new) not in seen:
            seen.add((device, old, new))
            whole = f"{window}/{name}" if len(windows[name]) > 1 else name
            told.append(f"{whole} {old:#x} → {new:#x}")
    return told[:MOST_CHANGES]


def unchanged_words(sight: Sight) -> str:
    """Where no register has changed, what the step has changed instead, or that it was nothing.

    Empty where nobody knows what the registers held before, and where no step is told.
    """
    story = sight.story
    if story is None or (sight.before is None and not sight.registers.baseline):
        return ""
    core = sight.machine.cores[story.core]
    if story.kind is StepKind.ASLEEP and core.state is CoreState.RUNNING:
        return NOT_ASLEEP
    if any(name in core.regs.table for name in story.stored):
        return OF_THE_CORE
    return words_of(story)


def words_of(story: Story) -> str:
    """For a step that has changed no register."""
    if not story.sentence or story.stored:
        return NO_REGISTER
    return NOTHING_DONE if story.by_itself else ELSEWHERE.get(story.kind, NO_REGISTER)
