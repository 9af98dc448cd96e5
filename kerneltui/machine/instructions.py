"""What cores execute and take, each told once: what it accesses, how it is exported, its words.

An event of a core is a kind with two numbers, ``target`` and ``value``: of an access the address
(or encoding) and what was moved; of an exception the vector and the address that it returns to.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kerneltui.hw.register import MEMORY, MSRS, PORTS, SYSTEM_REGISTERS
from kerneltui.units import format_duration

TARGET, VALUE = "target", "value"


class Fact(msgspec.Struct, frozen=True):
    """One of the two numbers, as an exported event names it."""

    key: str
    which: str
    """:data:`TARGET` or :data:`VALUE`"""
    is_hex: bool = True


class Instruction(msgspec.Struct, frozen=True):
    """An instruction by its mnemonic, or an exception by its kind."""

    kind: str
    past: str
    """what happened, to be filled with ``target``, ``value``, ``operand`` (value, or target where
    that is 0), ``time`` (the value as a duration) and ``name``: see :meth:`told`"""
    next: str
    """what is to happen"""
    facts: tuple[Fact, ...] | None = None
    """None: target and value, where one of them is not zero"""
    space: str = ""
    """the address space that it accesses, or empty"""
    is_store: bool = False
    is_exception: bool = False
    is_external: bool = False
    """an exception that is an interrupt"""
    is_call: bool = False
    """it asks the kernel for something"""
    is_return: bool = False
    """it ends an exception"""
    is_wait: bool = False
    """until an interrupt"""
    is_vectored: bool = False
    """an interrupt whose number the core knows when it takes it"""
    story: str = ""
    """what happened and what for, in a sentence that begins with the core; filled as ``past``"""

    def exported(self, target: int, value: int) -> dict[str, int | str]:
        """The numbers by the names of :attr:`facts`, in their order."""
        facts = self.facts
        if facts is None:
            facts = _BOTH if target or value else ()
        found: dict[str, int | str] = {}
        for fact in facts:
            number = target if fact.which == TARGET else value
            found[fact.key] = hex(number) if fact.is_hex else number
        return found

    def told(self, target: int, value: int, name: str) -> str:
        """What happened, in words; ``name`` is the register's."""
        return self._filled(self.past, target, value, name)

    def announced(self, target: int, value: int, name: str) -> str:
        """What is to happen; ``name`` is the register's, or says what a call asks for."""
        return self._filled(self.next, target, value, name)

    def explained(self, target: int, value: int, name: str, level: str = "") -> str:
        """What happened and what for, in a sentence without its subject; may be empty.

        ``level`` is the exception level of an AArch64 core that it is about, as ``EL1``.
        """
        return self._filled(self.story, target, value, name, level)

    def _filled(self, words: str, target: int, value: int, name: str, level: str = "") -> str:
        time = format_duration(value) if "{time}" in words else ""
        return words.format(
            target=target, value=value, operand=value or target, time=time, name=name, level=level
        )


_BOTH = (Fact("target", TARGET), Fact("value", VALUE))


def _load(kind: str, space: str) -> Instruction:
    return Instruction(
        kind, f"{kind} {{name}} = {{value:#x}}", f"{kind} {{name}}", space=space,
        story="reads {name}: {value:#x}",
    )  # fmt: skip


def _store(kind: str, space: str) -> Instruction:
    words = f"{kind} {{name}} <- {{value:#x}}"
    story = "writes {value:#x} to {name}"
    return Instruction(kind, words, words, space=space, is_store=True, story=story)


def _plain(kind: str, words: str, *facts: Fact, story: str) -> Instruction:
    return Instruction(kind, words, words, facts or None, story=story)


def _with_operand(kind: str, words: str, *facts: Fact, story: str) -> Instruction:
    return Instruction(kind, f"{kind} {{operand:#x}}", words, facts or None, story=story)


def _wait(kind: str, does: str = "sleeps", ends: str = "an interrupt comes") -> Instruction:
    story = f"{does} ({kind.upper()}) until {ends}"
    return Instruction(kind, kind, kind, is_wait=True, story=story)


def _exception(kind: str, *, is_external: bool = False) -> Instruction:
    """AArch64: a vector is an address."""
    story = ("keeps its place in ELR_{level} ({value:#x}) and its state in SPSR_{level}, masks "
             "interrupts and jumps to the code at VBAR_{level} + {target:#x}")  # fmt: skip
    return Instruction(
        kind, f"{kind.upper()} taken, from {{value:#x}}",
        f"take {kind.upper()}, vector at {{target:#x}}",
        (Fact("vector", TARGET), Fact("elr", VALUE)), is_exception=True, is_external=is_external,
        story=story,
    )  # fmt: skip


def _vectored(kind: str, words: str, *, is_external: bool = False) -> Instruction:
    """x86-64: a vector is a number."""
    story = ("pushes its place (RIP {value:#x}) and RFLAGS onto the stack and jumps through gate "
             "{target:#04x} of the IDT")  # fmt: skip
    return Instruction(
        kind, f"{kind.upper()} taken, vector {{target:#04x}} from {{value:#x}}", words,
        (Fact("vector", TARGET), Fact("rip", VALUE)), is_exception=True, is_external=is_external,
        is_call=kind == "int", is_vectored=is_external, story=story,
    )  # fmt: skip


ALL = (
    # of every core
    _plain("compute", "compute {time}", Fact("ns", VALUE, is_hex=False),
           story="works for {time} without touching hardware"),
    # AArch64
    _load("ldr", MEMORY), _store("str", MEMORY),
    _load("mrs", SYSTEM_REGISTERS), _store("msr", SYSTEM_REGISTERS),
    _plain("daifset", "msr daifset, #{value}", Fact("bits", VALUE, is_hex=False),
           story="masks exceptions (DAIF bits {value:#x}): no interrupt of these kinds gets in"),
    _plain("daifclr", "msr daifclr, #{value}", Fact("bits", VALUE, is_hex=False),
           story="lets exceptions in again (DAIF bits {value:#x})"),
    _wait("wfi"), _wait("wfe", ends="an interrupt or another core's event comes"),
    _wait("b", "loops in place"),
    _plain("sev", "sev", story="wakes parked cores (SEV)"),
    Instruction("svc", "svc #{value}", "svc #{target}{name}",
                (Fact("immediate", VALUE, is_hex=False),), is_call=True,
                story="asks the kernel for a service (SVC): a system call"),
    Instruction("eret", "eret", "eret to {target:#x}", (Fact("elr", TARGET), Fact("spsr", VALUE)),
                is_return=True,
                story="returns to {target:#x} (ERET) and takes its state back from SPSR_{level}"),
    _exception("irq", is_external=True), _exception("fiq", is_external=True), _exception("sync"),
    # x86-64
    _load("load", MEMORY), _store("store", MEMORY), _load("in", PORTS), _store("out", PORTS),
    _load("rdmsr", MSRS), _store("wrmsr", MSRS), _load("rdtsc", MSRS),
    _wait("hlt"), _plain("cli", "cli", story="closes interrupts (CLI, IF = 0)"),
    _plain("sti", "sti", story="opens interrupts (STI, IF = 1) after the next instruction"),
    _plain("pushf", "pushf", story="reads its flags (PUSHF), to put them back later"),
    _with_operand("popf", "popf {value:#x}", story="puts its flags back (POPF): {value:#x}"),
    _with_operand("push", "push {value:#x}", story="pushes {operand:#x} onto the stack"),
    _with_operand("lidt", "lidt {target:#x}",
                  story="loads the address of its IDT (LIDT): {target:#x}"),
    _with_operand("add rsp", "add rsp, {value}",
                  story="drops what was pushed onto the stack ({value:#x} bytes)"),
    _with_operand("cpuid", "cpuid {target:#x}", Fact("leaf", TARGET),
                  story="asks what the processor can do (CPUID leaf {target:#x})"),
    Instruction("iret", "iret", "iret", (Fact("rip", TARGET), Fact("rflags", VALUE)),
                is_return=True,
                story="returns to {target:#x} (IRET) and takes its flags back from the stack"),
    _vectored("intr", "take INTR: acknowledge, vector through the IDT", is_external=True),
    _vectored("nmi", "take NMI, vector 0x02", is_external=True),
    _vectored("fault", "take FAULT, vector at {target:#x}"),
    _vectored("int", "int {target:#04x}{name}"),
)  # fmt: skip
INSTRUCTIONS = {item.kind: item for item in ALL}
"""By kind: all that cores tell observers of."""
SPACES = {kind: item.space for kind, item in INSTRUCTIONS.items() if item.space}
"""The instructions that access hardware, and the address space of each."""
STORES = frozenset(kind for kind, item in INSTRUCTIONS.items() if item.is_store)
EXTERNAL = frozenset(kind for kind, item in INSTRUCTIONS.items() if item.is_external)
"""The exceptions that are interrupts."""


class Written(msgspec.Struct, frozen=True):
    """Bits of one of the core's own registers that an instruction or an exception writes."""

    register: str
    mask: int = -1
    ones_at: int | None = None
    """only those that are one in the event's value, so far to the left"""
    not_after: str = ""
    """not where this instruction has led to the exception"""
    effect: Callable[[int, int], int] | None = None
    """of an instruction: from what the bits held, and the event's value, to what they hold then;
    None where the value does not tell it"""

    def bits(self, value: int, before: str) -> int:
        """Those that it writes; ``before`` is the core's instruction before."""
        if self.not_after and before == self.not_after:
            return 0
        return self.mask if self.ones_at is None else value << self.ones_at


_DAIF_AT = 6
_IF_BIT = 1 << 9
_IF = Written("RFLAGS", _IF_BIT)
_IF_OF_VALUE = Written("RFLAGS", _IF_BIT, effect=lambda _, value: value)
_ENTRY_TO_EL1 = Written("DAIF"), Written("SPSR_EL1"), Written("ELR_EL1")
_THROUGH_GATE = _IF, Written("RIP"), Written("RSP")
WRITES = {
    "daifset": (Written("DAIF", ones_at=_DAIF_AT,
                        effect=lambda held, value: held | value << _DAIF_AT),),
    "daifclr": (Written("DAIF", ones_at=_DAIF_AT,
                        effect=lambda held, value: held & ~(value << _DAIF_AT)),),
    "svc": (Written("ESR_EL1"),),
    "eret": (Written("DAIF", effect=lambda _, value: value),),
    "irq": _ENTRY_TO_EL1,
    "fiq": _ENTRY_TO_EL1,
    "sync": (*_ENTRY_TO_EL1, Written("ESR_EL1", not_after="svc"),
             Written("FAR_EL1", not_after="svc")),
    "cli": (Written("RFLAGS", _IF_BIT, effect=lambda _, __: 0),),
    "sti": (Written("RFLAGS", _IF_BIT, effect=lambda _, __: _IF_BIT),),
    "popf": (_IF_OF_VALUE,),
    "iret": (_IF_OF_VALUE, Written("RSP")),
    "lidt": (Written("IDTR_BASE"), Written("IDTR_LIMIT")),
    "push": (Written("RSP"),),
    "add rsp": (Written("RSP"),),
    "intr": _THROUGH_GATE,
    "nmi": _THROUGH_GATE,
    "fault": _THROUGH_GATE,
    "int": _THROUGH_GATE,
}  # fmt: skip
"""By kind: the core's own registers that an instruction writes without naming them, and an
exception; whether one writes the mask bits, :meth:`HostedCore.masks_on_entry` knows."""
