"""The conditions on an interrupt's way into a core with all exception levels, as rules.

Document: Arm Architecture Reference Manual for A-profile, DDI 0487, D1.3.6.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from kerneltui.hw.rule import Gate, Opens, Place, Rule
from kerneltui.machine.aarch64_registers import MASK_F
from kerneltui.machine.core import CoreState
from kerneltui.machine.native import exceptions as ex
from kerneltui.machine.native.core_state import NativeCoreState


def _is_unmasked(kind: str) -> Any:
    def test(core: NativeCoreState, _cpu: int, _number: int) -> bool:
        pstate, target = core.engine.pstate, ex.target_of(kind, core.scr, core.hcr)
        level = ex.level_of(pstate)
        return ex.is_let_in(kind, pstate, target) or level > target

    return test


def _is_not_below(kind: str) -> Any:
    def test(core: NativeCoreState, _cpu: int, _number: int) -> bool:
        return ex.level_of(core.engine.pstate) <= ex.target_of(kind, core.scr, core.hcr)

    return test


def _no_fiq(core: NativeCoreState, _cpu: int, _number: int) -> bool:
    is_in = core.inputs & MASK_F
    return not (
        is_in and ex.is_let_in(ex.FIQ, core.engine.pstate, ex.target_of(ex.FIQ, core.scr, core.hcr))
    )


def _rules(kind: str, letter: str, bit: int) -> tuple[Rule, ...]:
    name = kind.upper()
    return (
        Rule(
            f"{name}s let in", Place("DAIF", letter),
            f"DAIF.{letter} to be 0: {{or_return}}MSR DAIFClr, #{bit}",
            "DDI 0487 D1.3.6", test=_is_unmasked(kind), says=f"the core masks {name}s",
        ),
        Rule(
            "level is not above its target", Place("CurrentEL", "EL"),
            f"the core to leave this level (ERET), or {name}s to be routed to it "
            f"(HCR_EL2.{letter}MO, SCR_EL3.{name})",
            "DDI 0487 D1.3.6", test=_is_not_below(kind),
            says=f"the core is at a level above that which takes {name}s: they wait",
            opens=Opens.EVENT,
        ),
    )  # fmt: skip


RULES = {"irq": _rules(ex.IRQ, "I", 2), "fiq": _rules(ex.FIQ, "F", 1)}


def judged(core: NativeCoreState, rules: Iterable[Rule]) -> list[Gate]:
    """How rules stand on a core."""
    is_on = core.state not in {CoreState.OFF, CoreState.HALTED}
    says, needs = "this core has not been started", "the kernel to start this core"
    if core.halt_reason:
        says = f"this core has stopped for good: {core.halt_reason}"
        needs = "a start from reset"
    gates = [
        Gate("core is on", is_on, f"core {core.index}", "state", int(is_on), needs, "", says=says)
    ]
    if not core.engine.is_started:
        return gates
    or_return = "the handler to return (ERET), or " if core.depth else ""
    for rule in rules:
        gate = rule.gate(core, core.regs, 0, 0, or_return=or_return)
        if core.depth and gate.register == core.MASK_REGISTER:
            gate = replace(gate, opens=Opens.END)
        gates.append(gate)
    return gates
