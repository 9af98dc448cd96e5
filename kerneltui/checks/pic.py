"""The role of a PC's pair of 8259s: bits that let interrupts in, and their ends."""

from __future__ import annotations

from kerneltui.checks.bench import Bench
from kerneltui.checks.case import Cases, expect, nothing_seen
from kerneltui.kernel.irq import Irq

CASES = Cases()
REF = "Intel 8259A (231468-003)"
WIRES = {4: "uart0.irq", 8: "hpet.legacy_rtc", 9: "acpi.sci", 0: "hpet.legacy_pit"}
"""Wires that end at the 8259s, by ISA interrupt."""
ALL = 0xFF


def _serve(bench: Bench, *irqs: int) -> None:
    bench.platform.irq_manager.init()  # type: ignore[attr-defined]
    for irq in irqs:

        def lower(irq: int = irq) -> None:
            bench.wire(WIRES[irq], level=False)

        bench.handle(Irq("isa", irq), lower)


@CASES.case(
    "after init every interrupt is masked",
    f"{REF}, OCW1; Intel ICH9 (316972), 13.4",
    "an interrupt of the firmware's comes before anybody handles it, as a processor exception",
)
def _masked(bench: Bench) -> None:
    bench.platform.irq_manager.init()  # type: ignore[attr-defined]
    for name in ("I8259_MASTER/IMR", "I8259_SLAVE/IMR"):
        chip, _, register = name.partition("/")
        held = bench.register(register, chip)
        expect(held == ALL, f"{chip}'s mask is {held:#04x} after init, not 0xff")


@CASES.case(
    "an interrupt comes as its vector",
    f"{REF}, ICW2",
    "the first tick looks like a double fault: out of reset the vectors are the exceptions'",
)
def _vectors(bench: Bench) -> None:
    base = bench.driver.vector_base
    expect(base % 8 == 0 and 0x20 <= base <= 0xE0, f"vector_base is {base:#x}")
    _serve(bench, 4)
    bench.let_in()
    bench.wire(WIRES[4], level=True)
    said = f"ISA interrupt 4 does not come as vector {base + 4:#x}"
    bench.expect_arrived(bench.calls, Irq("isa", 4), said)


@CASES.case(
    "interrupts of the second chip come too",
    f"{REF}, ICW3 (cascade), OCW1",
    "the clock works, but nothing from 8 on: the cascade is shut, or not told to the chips",
)
def _second_chip(bench: Bench) -> None:
    _serve(bench, 8, 9)
    bench.let_in()
    for count, irq in enumerate((8, 9), 1):
        bench.wire(WIRES[irq], level=True)
        said = f"ISA interrupt {irq} does not come"
        bench.expect_arrived(len(bench.calls) == count, Irq("isa", irq), said)


@CASES.case(
    "to unmask one leaves the others as they are",
    f"{REF}, OCW1: a store replaces all eight bits",
    "the driver that comes up last works alone",
)
def _others_stay(bench: Bench) -> None:
    _serve(bench, 0, 4, 8, 9)
    bench.let_in()
    for irq in (0, 4, 8, 9):
        bench.wire(WIRES[irq], level=True)
        bench.expect_arrived(
            bench.calls and bench.calls[-1][0] == irq,
            Irq("isa", irq),
            f"ISA interrupt {irq} does not come, though it was unmasked",
        )


@CASES.case(
    "an interrupt comes again after its end",
    f"{REF}, OCW2",
    "one interrupt works, and no second one: it was not ended, or not at both chips",
)
def _again(bench: Bench) -> None:
    _serve(bench, 4, 8)
    bench.let_in()
    for count, irq in enumerate((4, 8, 8, 4, 4), 1):
        bench.wire(WIRES[irq], level=True)
        said = f"interrupt number {count}, ISA {irq}, does not come"
        bench.expect_arrived(len(bench.calls) == count, Irq("isa", irq), said)
    for chip in ("I8259_MASTER", "I8259_SLAVE"):
        held = bench.register("ISR", chip)
        expect(held == 0, f"all are ended, but {chip} has {held:#04x} in service")


@CASES.case(
    "what is masked stays out",
    f"{REF}, OCW1",
    "an interrupt that nobody handles: the kernel panics",
)
def _stays_out(bench: Bench) -> None:
    _serve(bench, 4)
    bench.let_in()
    taken = bench.machine.core.interrupts_taken
    bench.wire(WIRES[8], level=True)
    bench.pass_time(10_000)
    expect(
        bench.machine.core.interrupts_taken == taken,
        "an interrupt is taken that nobody has unmasked",
    )
    bench.wire(WIRES[4], level=True)
    nothing_seen(bench.calls, "no interrupt has come: it keeps out what is unmasked too")


@CASES.case(
    "a request that is gone before it is taken is known as spurious",
    f"{REF}, Interrupt sequence; OCW3 (read the ISR)",
    "a handler of interrupt 7 runs for nobody, and its end ends another interrupt",
)
def _spurious(bench: Bench) -> None:
    _serve(bench)
    for irq in (7, 15):
        expect(
            bench.driver.is_spurious(irq) is True,
            f"is_spurious({irq}) does not answer True though nothing is in service",
        )


@CASES.case(
    "after a spurious one of the second chip the first lets interrupts in again",
    f"{REF}, Interrupt sequence; cascade mode",
    "after one glitch nothing below the cascade is served any more",
)
def _spurious_end(bench: Bench) -> None:
    manager = bench.platform.irq_manager
    _serve(bench, 8, 4)
    bench.wire(WIRES[8], level=True)
    bench.wire(WIRES[8], level=False, unseen=True)
    before = bench.machine.core.interrupts_taken
    bench.let_in()
    bench.pass_time(10_000)
    expect(bench.machine.core.interrupts_taken > before, "the request has left nothing behind")
    held = bench.register("ISR", "I8259_MASTER")
    expect(held == 0, f"the first chip has {held:#04x} in service after a spurious interrupt 15")
    bench.wire(WIRES[4], level=True)
    expect(bench.calls and bench.calls[-1][0] == 4, "ISA interrupt 4 does not come after it")
    expect(manager.spurious >= 1, "it was not counted as spurious")  # type: ignore[attr-defined]
