"""What timeouts, tasks, events, lines of code and of the console, and ACPI tables are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kerneltui.debugger.doer import doer_of
from kerneltui.debugger.event_words import EventWords
from kerneltui.debugger.image_source import path_of
from kerneltui.debugger.kernel_source import function_around, paths_named, source_lines
from kerneltui.debugger.lookup import exists, register_of_event
from kerneltui.debugger.meaning.parts import Meaning, Section, gone, sentence
from kerneltui.debugger.meaning.registers import register
from kerneltui.debugger.recorder import InputView
from kerneltui.debugger.references import (
    CodeReference,
    ConsoleReference,
    EventReference,
    TableReference,
    TaskReference,
    TimeoutReference,
)
from kerneltui.debugger.session import Session
from kerneltui.debugger.trace import SCENARIO
from kerneltui.debugger.views.firmware import firmware_views
from kerneltui.debugger.views.source import variables_of
from kerneltui.debugger.writers import code_path
from kerneltui.glossary import GlossaryEntry, glossary
from kerneltui.machine.instructions import INSTRUCTIONS
from kerneltui.units import format_duration, format_time

STATES = {
    "new": "it has not begun yet", "ready": "it waits for a core", "running": "it has a core",
    "sleeping": "it waits for the end of its sleep", "blocked": "it waits for something",
    "done": "it has ended",
}  # fmt: skip


def timeout(session: Session, reference: TimeoutReference) -> Meaning:
    """When it is due, and what happens then."""
    word = glossary().find("timeout")
    view = session.view(frozenset({"timeouts"}))
    item = next((item for item in view.timeouts if item.ident == reference.ident), None)
    if item is None or word is None:
        return gone(reference)
    wait = f"{format_duration(-item.in_ns)} ago" if item.in_ns < 0 else format_duration(item.in_ns)
    sentences = [word.sentences, f"This one is called '{item.name}'."]
    if item.handling:
        sentences.append("Its callback is running now.")
    elif item.armed:
        sentences.append("The comparator is armed for it.")
    elif item.in_ns < 0:
        sentences.append("It is overdue: the kernel has not come to it yet.")
    else:
        sentences.append("The comparator is armed for one that is due sooner.")
    period = "none: it comes once" if item.period_ns is None else format_duration(item.period_ns)
    rows = (
        ("due", f"{format_time(item.due_ns)} s, in uptime"),
        ("late by" if item.in_ns < 0 else "in", wait.removesuffix(" ago")),
        ("period", period),
        ("id", str(item.ident)),
    )
    return Meaning(str(reference), tuple(sentences), word.who, "", (Section("Now", rows),),
                   (word,))  # fmt: skip


def task(session: Session, reference: TaskReference) -> Meaning:
    """What it does or waits for."""
    word = glossary().find("task")
    view = session.view(frozenset({"tasks"}))
    item = next((item for item in view.tasks if item.id == reference.id), None)
    if item is None or word is None:
        return gone(reference)
    sentences = [word.sentences, f"This one is called '{item.name}'."]
    if item.id <= 0:
        sentences = ["An idle task stands for a core that has nothing to do.",
                     "The core sleeps while it is the current one."]  # fmt: skip
    rows = [("state", f"{item.state}: {STATES.get(item.state, '')}".rstrip(": "))]
    if item.waits_for:
        rows.append(("waits for", item.waits_for))
    if item.wakes_in_ns is not None:
        rows.append(("wakes in", format_duration(item.wakes_in_ns)))
    if item.operation:
        rows.append(("operation", item.operation))
    if item.quantum_left_ns is not None:
        rows.append(("quantum left", format_duration(max(item.quantum_left_ns, 0))))
    rows += [
        ("user time", format_duration(item.user_ns)),
        ("kernel time", format_duration(item.kernel_ns)),
        ("interrupt time", format_duration(item.irq_ns)),
        ("runs", str(item.switches)),
        ("latency", f"{format_duration(item.worst_latency_ns)} at worst"),
    ]
    return Meaning(f"{reference}, '{item.name}'", tuple(sentences),
                   "The scheduler gives it a core, and takes it away.", "",
                   (Section("Now", tuple(rows)),), (word,))  # fmt: skip


# -- what has happened -----------------------------------------------------------------------------


def event(session: Session, reference: EventReference) -> Meaning:
    """What kind of event it is, and what it went to."""
    step, time_ns, core, kind, _, _, text = reference.event
    told = tuple(_words_of_event(kind, text))
    sentences = [entry.sentences for entry in told]
    known = INSTRUCTIONS.get(kind)
    if known is not None and (known.is_exception or known.is_return):
        if text:  # the glossary speaks of the teaching kernel, which handles them at EL1
            sentences = [said.replace("_EL1", f"_{text}") for said in sentences]
        sentences.append(EventWords(session.machine, session.names).sentence(reference.event))
    doer = doer_of(session.history, reference.event)
    sections = [Section("This event", (
        ("what", session.names.as_text(reference.event)),
        *((("by", f"{doer.function} ({code_path(doer.file)}:{doer.line})"),) if doer else ()),
        ("when", f"{format_time(time_ns)} s, after {step} instructions"),
        ("core", str(core)),
    ))]  # fmt: skip
    manual, who = "", told[0].who if told else ""
    if kind in {"tx", "rx"}:
        sentences.append(_character(kind, text))
    place = register_of_event(session, reference)
    if place is not None:
        about = register(session, place)
        sentences += [f"It went to the register {place}.", *about.sentences]
        manual, who = about.manual, about.who
        told += about.told
    return Meaning(f"{kind} in the trace", tuple(sentences), who, manual, tuple(sections), told)


def _words_of_event(kind: str, text: str) -> Iterator[GlossaryEntry]:
    names = [f"trace.{kind}"]
    if kind == "tracepoint":
        names.insert(0, f"tracepoint.{text.partition(' ')[0]}")
    for name in names:
        entry = glossary().of_name(name)
        if entry is not None:
            yield entry


def _character(kind: str, by: str) -> str:
    if kind == "tx":
        return "The last bit of a character has left the board."
    who = "The scenario" if by == SCENARIO else "Somebody at this terminal"
    return f"A character has arrived whole. {who} typed it."


def code(session: Session, reference: CodeReference) -> Meaning:
    """A line of the kernel, and its function: what that does in its own words, and what it has."""
    if not exists(session, reference):
        return gone(reference)
    if reference.address is not None:
        return _instruction(session, reference.address)
    running = {
        (frame.file, frame.line): frame.function
        for core in session.machine.cores for frame in core.frames()
    }  # fmt: skip
    line = reference.line
    paths = paths_named(session.machine, reference.file)
    here = [path for path in paths if (path, line) in running]
    path = next(iter([*here, *paths]), "")
    function = running.get((path, line), reference.function)
    sections: tuple[Section, ...] = ()
    if path:
        text = "".join(source_lines(path)[line - 1 : line]).strip()
        if text:
            sections = (Section("Here", (("line", text),)),)
        sections += _docstring(path, line)
    if here:
        sentences = (
            f"{function} is a function of the kernel that has not returned yet.",
            "It stands on the call stack, with the line where it is now.",
        )
        sections += _variables(session, path, line)
    elif function:
        sentences = (
            f"{function} is a function of the kernel, in the file {reference.file}.",
            "No core is at this line now.",
        )
    else:
        sentences = (
            f"This line of the file {reference.file} is outside of all functions.",
            "It was done with when the kernel was loaded.",
        )
    return Meaning(str(reference), sentences, "", "", sections)


def _instruction(session: Session, address: int) -> Meaning:
    """An instruction of an image."""
    core: Any = session.core
    (line,) = core.disassemble(address, 1)
    file, number = core.source_at(address)
    name = session.machine.program.symbols.name_at(address)
    rows = [("instruction", line.text), ("as a word", f"{line.word:#010x}")]
    if name:
        rows.append(("symbol", name))
    if number:
        path = path_of(session.machine.program, file)
        text = "".join(source_lines(path)[number - 1 : number]).strip() if path else ""
        rows.append((f"{file.rpartition('/')[2]}:{number}", text))
    said = "The core on show executes it next." if core.engine.pc == address else ""
    sentences = ("It is an instruction of the image, as it lies in memory now.", said)
    return Meaning(
        f"{address:#x}", tuple(filter(None, sentences)), "", "", (Section("Here", tuple(rows)),)
    )


def _variables(session: Session, path: str, line: int) -> tuple[Section, ...]:
    """What the innermost function that is at a line holds, on the core on show before others."""
    cores = session.machine.cores
    for core in (cores[session.focus], *cores):
        for frame in core.kernel_frames():
            if (frame.f_code.co_filename, frame.f_lineno) == (path, line):
                rows = tuple((item.name, item.value) for item in variables_of(frame))
                return (Section("Its variables", rows),) if rows else ()
    return ()


def _docstring(path: str, number: int) -> tuple[Section, ...]:
    """What the innermost function around a line says of itself, its first paragraph."""
    around = function_around(path, number)
    if around is None:
        return ()
    first = " ".join(around.doc.partition("\n\n")[0].split())
    first = re.sub(r":\w+:`~?([^`]*)`|``([^`]*)``", lambda found: found[1] or found[2], first)
    return (Section("What its source says", (("", sentence(first)),)),) if first else ()


# -- console ---------------------------------------------------------------------------------------


def console_line(session: Session, reference: ConsoleReference) -> Meaning:
    """Who has written it."""
    lines = session.recorder.console.lines()
    text = lines[reference.number - 1] if reference.number <= len(lines) else ""
    sentences = ["The board has sent this line on its serial line, one character after the other."]
    said = text.strip()
    typed = next((item for item in session.recorder.inputs()
                  if item.text.strip() and said.endswith(item.text.strip())), None)  # fmt: skip
    if text.startswith("["):
        sentences.append("It is from the kernel's log. Before it stands the uptime in seconds.")
        if text.startswith("[W"):
            sentences.append("W marks a warning.")
    if typed is not None:
        sentences.append(_typed(typed))
    return Meaning(
        str(reference), tuple(sentences),
        "The kernel writes each character to the UART, which sends it.",
        sections=(Section("The line", (("", text),)),),
    )  # fmt: skip


def _typed(item: InputView) -> str:
    who = "The scenario" if item.by == SCENARIO else "Somebody at this terminal"
    return (
        f"{who} typed '{item.text.strip()}'. It began to arrive at the UART at "
        f"{format_time(item.at_ns)} s, and the board has sent it back as an echo."
    )


def table(session: Session, reference: TableReference) -> Meaning:
    """A table of the firmware: what it is for, and what it says."""
    entry = glossary().of_name(f"table.{reference.signature}")
    tables = {(item.signature, item.address): item
              for item in firmware_views(session.machine.memory)}  # fmt: skip
    found = tables.get((reference.signature, reference.address))
    unused = f"{reference.signature} is an ACPI table that the kernel does not use."
    sentences = (unused,) if entry is None else (entry.sentences,)
    sections: tuple[Section, ...] = ()
    if found is not None:
        state = "sound" if found.is_sound else "broken: the kernel refuses it"
        place = (("place", f"{found.address:#x}, {found.length} bytes"), ("checksum", state))
        sections = (Section("Where", place),
                    Section("What it says", tuple(("", said) for said in found.lines)))  # fmt: skip
    return Meaning(str(reference), sentences, "" if entry is None else entry.who,
                   "ACPI Specification 6.4, 5.2", sections,
                   () if entry is None else (entry,))  # fmt: skip
