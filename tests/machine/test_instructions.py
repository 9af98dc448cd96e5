"""The table of what cores execute and take: complete, and its words."""

import ast
from pathlib import Path

import pytest

from kerneltui import machine
from kerneltui.machine.aarch64_core import Aarch64Core
from kerneltui.machine.instructions import EXTERNAL, INSTRUCTIONS, SPACES, STORES
from kerneltui.machine.x86_core import X86Core

TELLING = {"_pause", "_begin", "_load", "_store", "_take", "_enter", "instruction", "read_tsc"}
"""The cores' methods that are told a kind, as the first or second argument."""


def kinds_in(path):
    """The kinds that a core's source names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in TELLING:
            for item in node.args[:2]:
                if isinstance(item, ast.Constant) and isinstance(item.value, str):
                    yield item.value


def test_the_table_has_all_that_cores_tell_of_and_no_more():
    folder = Path(machine.__file__).parent
    named = {kind for path in folder.glob("*_core.py") for kind in kinds_in(path)}
    assert {"mrs", "sev", "lidt", "rdmsr", "sync", "int", "compute"} <= named
    for core in (Aarch64Core, X86Core):
        named |= {core.LOAD, core.STORE, core.WAIT, *core.PINS}
    named |= {"wfe", "b"}  # of machine code alone
    assert named | {"fault", "rdtsc"} == set(INSTRUCTIONS)  # these two go by a variable


def test_what_is_an_access_a_store_an_interrupt():
    assert SPACES["mrs"] == SPACES["msr"] == "system register"
    assert {kind for kind in SPACES if kind in STORES} == STORES == {
        "str", "store", "msr", "out", "wrmsr",
    }  # fmt: skip
    assert {"irq", "fiq", "intr", "nmi"} == EXTERNAL
    assert {kind for kind, item in INSTRUCTIONS.items() if item.is_exception} - EXTERNAL == {
        "sync", "fault", "int",
    }  # fmt: skip
    assert {kind for kind, item in INSTRUCTIONS.items() if item.is_call} == {"svc", "int"}


@pytest.mark.parametrize(
    ("kind", "target", "value", "told", "announced", "exported"),
    [
        ("str", 0x10, 0x2A, "str R <- 0x2a", "str R <- 0x2a", None),
        ("in", 0x60, 7, "in R = 0x7", "in R", None),
        ("compute", 0, 1500, "compute 1.5 us", "compute 1.5 us", {"ns": 1500}),
        ("daifset", 0, 2, "msr daifset, #2", "msr daifset, #2", {"bits": 2}),
        ("svc", 0, 3, "svc #3", "svc #0R", {"immediate": 3}),
        ("eret", 0x80, 5, "eret", "eret to 0x80", {"elr": "0x80", "spsr": "0x5"}),
        ("iret", 0x80, 2, "iret", "iret", {"rip": "0x80", "rflags": "0x2"}),
        ("fiq", 0x300, 8, "FIQ taken, from 0x8", "take FIQ, vector at 0x300",
         {"vector": "0x300", "elr": "0x8"}),
        ("sync", 0x200, 8, "SYNC taken, from 0x8", "take SYNC, vector at 0x200",
         {"vector": "0x200", "elr": "0x8"}),
        ("nmi", 2, 8, "NMI taken, vector 0x02 from 0x8", "take NMI, vector 0x02",
         {"vector": "0x2", "rip": "0x8"}),
        ("fault", 14, 8, "FAULT taken, vector 0x0e from 0x8", "take FAULT, vector at 0xe",
         {"vector": "0xe", "rip": "0x8"}),
        ("int", 0x80, 8, "INT taken, vector 0x80 from 0x8", "int 0x80R",
         {"vector": "0x80", "rip": "0x8"}),
        ("cpuid", 6, 0, "cpuid 0x6", "cpuid 0x6", {"leaf": "0x6"}),
        ("push", 0xFF0, 0xEC, "push 0xec", "push 0xec", {"target": "0xff0", "value": "0xec"}),
        ("popf", 0, 0, "popf 0x0", "popf 0x0", {}),
        ("add rsp", 0, 16, "add rsp 0x10", "add rsp, 16", {"target": "0x0", "value": "0x10"}),
        ("hlt", 0, 0, "hlt", "hlt", {}),
    ],
)  # fmt: skip
def test_words_and_exported_numbers(kind, target, value, told, announced, exported):
    item = INSTRUCTIONS[kind]
    assert item.told(target, value, "R") == told
    assert item.announced(target, value, "R") == announced
    if exported is not None:
        assert item.exported(target, value) == exported
