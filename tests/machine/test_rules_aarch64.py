"""The rules of an AArch64 core: with all gates open it takes the interrupt next, and only then."""

import pytest
from core_bench import IRQ_WIRE, Bench, Kernel
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.hw.rule import first_shut
from kerneltui.machine.aarch64_core import Aarch64Core


class Ready(Kernel):
    """Vectors as a test wants them; the handlers only say that they run, and mask nothing."""

    kinds = ("irq", "fiq")
    unmasked = 3

    def boot(self):
        self.vectors(**{kind: lambda kind=kind: self.took(kind) for kind in self.kinds})
        self.cpu.unmask(self.unmasked)

    def took(self, kind):
        self.log.append(kind)
        self.cpu.write(IRQ_WIRE + 4 * (kind == "fiq"), 0)


def outcome(kinds, unmasked, inputs, pin):
    """The gates of an input that is up, and whether the core takes it as the next thing."""
    kernel = type("Made", (Ready,), {"kinds": kinds, "unmasked": unmasked})
    bench = Bench(kernel)
    bench.run(until=10_000)
    core = bench.core
    # The wires go up without the core being told, so that its gates are seen before it acts.
    core.inputs = sum(core.PINS[name] for name in inputs)
    gates = core.gates(pin)
    bench.kernel.log.clear()
    core._interrupted()
    bench.run(until=20_000)
    return gates, bench.kernel.log[:1] == [pin]


subsets = st.sets(st.sampled_from(["irq", "fiq"]))


@settings(max_examples=40)
@given(subsets, st.integers(0, 3), subsets, st.sampled_from(["irq", "fiq"]))
def test_an_input_is_taken_next_exactly_when_its_gates_are_open(kinds, unmasked, others, pin):
    gates, taken = outcome(tuple(kinds), unmasked, others | {pin}, pin)
    assert taken is (first_shut(gates) is None)


CORE_SHUTS = {
    ("irq", "IRQs let in"): (("irq", "fiq"), 1, {"irq"}),
    ("irq", "code at the vector"): (("fiq",), 3, {"irq"}),
    ("irq", "no FIQ first"): (("irq", "fiq"), 3, {"irq", "fiq"}),
    ("fiq", "FIQs let in"): (("irq", "fiq"), 2, {"fiq"}),
    ("fiq", "code at the vector"): (("irq",), 3, {"fiq"}),
}


def core_is_right(pin, name):
    gates, taken = outcome(*CORE_SHUTS[pin, name], pin)
    return not taken and [gate.name for gate in gates if not gate.open] == [name]


@pytest.mark.parametrize(
    ("pin", "rule"),
    [(pin, rule) for pin, rules in Aarch64Core.RULES.items() for rule in rules],
    ids=lambda item: getattr(item, "name", item),
)
def test_each_rule_of_the_core_is_needed(monkeypatch, pin, rule):
    assert core_is_right(pin, rule.name)
    left = tuple(item for item in Aarch64Core.RULES[pin] if item is not rule)
    monkeypatch.setitem(Aarch64Core.RULES, pin, left)
    assert not core_is_right(pin, rule.name)
