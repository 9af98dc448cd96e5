"""An x86 core's gates are its behaviour: it takes what they are all open for, as the next."""

import itertools

import pytest
from x86_bench import IDT, INTR_WIRE, NMI_WIRE, VECTOR, Bench, Kernel, write_gate

from kerneltui.hw.rule import first_shut
from kerneltui.machine.x86_core import X86Core

TABLES = ("right", "too short", "not present", "no code")


class Probe(Kernel):
    """Comes into one state, asks for the gates, and executes one instruction."""

    enabled = nmi_waits = in_nmi = False
    table = "right"

    def boot(self):
        self.gate(2, self.nmi)
        self.gate(VECTOR, lambda: self.log.append("intr"))
        place = IDT + 16 * VECTOR
        if self.table == "not present":
            held = self.cpu.memory.read(place, 8)
            self.cpu.memory.write(place, held & ~(1 << 47), 8)
        elif self.table == "no code":
            self.cpu.memory.write(place, 0x1234 | 0x8E00 << 32, 8)
        if self.in_nmi:
            self.cpu.write(NMI_WIRE, 1)
        else:
            self.probe()

    def nmi(self):
        if self.in_nmi:
            self.in_nmi = False
            self.probe()
        else:
            self.log.append("nmi")

    def probe(self):
        if self.table == "too short":
            self.cpu.load_idt(IDT, 16 * VECTOR + 14)
        if self.enabled:
            self.cpu.sti()
        self.cpu.read(0)
        self.cpu.set_nmi(self.nmi_waits)
        self.cpu.set_intr(True)
        self.gates = {pin: self.cpu.gates(pin, VECTOR) for pin in ("intr", "nmi")}
        self.log.clear()
        self.cpu.read(0)
        self.log.append("nothing")


def taken(state):
    bench = Bench(type("State", (Probe,), state))
    bench.run()
    kernel = bench.kernel
    return kernel.gates, (kernel.log or ["shutdown"])[0]


STATES = [
    dict(zip(("enabled", "nmi_waits", "in_nmi", "table"), values, strict=True))
    for values in itertools.product((False, True), (False, True), (False, True), TABLES)
]


def check(state):
    gates, first = taken(state)
    assert (first_shut(gates["intr"]) is None) == (first == "intr")
    is_nmi = first_shut(gates["nmi"]) is None and state["nmi_waits"]
    assert is_nmi == (first == "nmi")


@pytest.mark.parametrize("state", STATES, ids=lambda state: "-".join(map(str, state.values())))
def test_what_is_taken_next_is_what_all_gates_are_open_for(state):
    check(state)


def test_the_shadow_of_sti_is_a_gate():
    seen = []

    class Shadow(Kernel):
        def boot(self):
            self.gate(VECTOR, lambda: self.log.append("intr"))
            self.cpu.write(INTR_WIRE, 1)
            self.cpu.sti()
            seen.append(first_shut(self.cpu.gates("intr", VECTOR)))
            assert self.log == []
            self.cpu.read(0)
            assert self.log == ["intr"]
            seen.append(first_shut(self.cpu.gates("intr", VECTOR)))

    bench = Bench(Shadow)
    bench.run()
    assert "AssertionError" not in bench.core.halt_reason
    assert [gate and gate.name for gate in seen] == ["STI has taken effect", None]


def test_asleep_after_sti_an_interrupt_is_taken():
    seen = []

    class Asleep(Kernel):
        def boot(self):
            self.gate(VECTOR, lambda: seen.append("intr"))
            self.cpu.sti()

    bench = Bench(Asleep)
    bench.at(50_000, lambda: seen.append(first_shut(bench.core.gates("intr", VECTOR))))
    bench.raise_intr_at(60_000)
    bench.run(until=100_000)
    assert seen == [None, "intr"]


def test_gates_tell_what_memory_holds():
    bench = Bench(Kernel)
    gates = {gate.name: gate for gate in bench.core.gates("intr", VECTOR)}
    present = gates["gate present"]
    assert (present.open, present.register, present.field, present.value) == (
        False, f"IDT gate {VECTOR:#04x}", "P", 0,
    )  # fmt: skip
    assert f"{IDT + 16 * VECTOR:#x}" in present.needs
    write_gate(bench.core, VECTOR, lambda: None)
    gates = {gate.name: gate for gate in bench.core.gates("intr", VECTOR)}
    assert gates["gate present"].value == 1
    assert gates["code at the gate"].open
    assert "within the IDT" not in {gate.name for gate in bench.core.gates("intr")}


NAMES = ["INTR let in", "no NMI first", "within the IDT", "gate present",
         "code at the gate", "last NMI ended"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_without_one_gate_the_explanation_is_wrong(monkeypatch, name):
    whole = X86Core.gates

    def fewer(self, pin, vector=None):
        return [gate for gate in whole(self, pin, vector) if gate.name != name]

    monkeypatch.setattr(X86Core, "gates", fewer)
    wrong = 0
    for state in STATES:
        try:
            check(state)
        except AssertionError:
            wrong += 1
    assert wrong
