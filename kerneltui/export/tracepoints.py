"""What the text of a tracepoint's event says: its name, and its facts.

Names of timeouts, tasks and handlers may hold anything, also what looks like a further fact: they
stand last, or before numbers alone.  Of a switch of tasks only the number counts: see ``id``.
"""

from __future__ import annotations

import re

_FORMS = {
    "irq_handler_entry": r"irq=(?P<irq>\d+) domain=(?P<domain>\w+) name=(?P<name>.*)",
    "irq_handler_exit": r"irq=(?P<irq>\d+)",
    "irq_spurious": r"irq=(?P<irq>\d+) domain=(?P<domain>\w+)",
    "timer_callback": r"name=(?P<name>.*?)(?: id=(?P<id>\d+) due=(?P<due>-?\d+))?",
    "timer_callback_done": r"name=(?P<name>.*?)(?: id=(?P<id>\d+))?",
    "hrtimer_start": r"name=(?P<name>.*) id=(?P<id>\d+) expires=(?P<due>-?\d+)",
    "hrtimer_expire_entry": r"name=(?P<name>.*) id=(?P<id>\d+)",
    "sched_wakeup": r"name=(?P<name>.*) id=(?P<id>-?\d+)",
    "sched_switch": r".* id=(?P<id>-?\d+)",
    "sys_enter": r"id=(?P<id>-?\d+)",
    "sys_exit": r"id=(?P<id>-?\d+) ret=(?P<ret>-?\d+)",
}
_PATTERNS = {name: re.compile(form, re.DOTALL) for name, form in _FORMS.items()}


def name_of(text: str) -> str:
    """The tracepoint's name."""
    return text.partition(" ")[0]


def facts_of(text: str) -> tuple[str, dict[str, str]]:
    """The tracepoint's name and its facts; none of a tracepoint that is not known here."""
    name, _, rest = text.partition(" ")
    pattern = _PATTERNS.get(name)
    found = pattern.fullmatch(rest) if pattern is not None else None
    facts = found.groupdict() if found is not None else {}
    if None in facts.values():
        facts = {fact: value for fact, value in facts.items() if value is not None}
    return name, facts
