"""The role of a Raspberry Pi's interrupt controller: which interrupt it is, and its end."""

from __future__ import annotations

from collections.abc import Iterable

from kerneltui.checks.bench import Bench
from kerneltui.checks.case import Cases, LeftOutError, expect, nothing_seen
from kerneltui.kernel.irq import Irq, IrqHandler, KernelError

CASES = Cases()
GIC = "Arm IHI 0048B (GICv2)"
BCM = "BCM2835 ARM Peripherals, chapter 7; BCM2836 QA7, 4.6 to 4.10"
REF = f"{GIC} 4.3 and 4.4; {BCM}"
UART = "uart0.irq"
WIRES = (
    UART, "system-timer.match1", "system-timer.match3", "timer.cntpnsirq0", "timer.cntvirq0",
)  # fmt: skip
"""Wires that a case can drive; what each arrives as is the board's to say."""
NOTHING_COMES = "no interrupt has come"
AGAIN = ": retriggered: "
"""The controller's remark on what was ended too early."""
NO_END = f"{NOTHING_COMES}: there is nothing to end"


def _serve(bench: Bench, *wires: str) -> dict[str, Irq]:
    """A handler for each that the board has, which takes its wire back: what each arrives as."""
    pins = bench.pins(wires)
    bench.driver.init()
    for wire, irq in pins.items():

        def lower(wire: str = wire) -> None:
            bench.wire(wire, level=False)

        bench.handle(irq, lower)
    return pins


def _raise_all(bench: Bench, wires: Iterable[str]) -> None:
    """One interrupt of each wire, one after the other."""
    bench.let_in()
    for wire in wires:
        bench.wire(wire, level=True)


@CASES.case(
    "an interrupt that is enabled reaches its handler",
    REF,
    "nothing happens: the classic of the first lesson on interrupts",
)
def _arrives(bench: Bench) -> None:
    irq = _serve(bench, UART)[UART]
    bench.let_in()
    expect(not bench.calls, "the handler runs before anything has interrupted")
    bench.wire(UART, level=True)
    said = f"the wire of interrupt {irq.number} has risen, and no handler has run"
    bench.expect_arrived(bench.calls, irq, said)
    expect(len(bench.calls) == 1, f"one interrupt, but the handler ran {len(bench.calls)} times")


@CASES.case(
    "interrupts of a core's own timer arrive too",
    f"{GIC} 2.2.1 (PPIs); QA7, 4.6",
    "the UART works, but no timeout ever comes: private interrupts lie in other registers",
)
def _private(bench: Bench) -> None:
    wire = "timer.cntpnsirq0"
    irq = _serve(bench, wire)[wire]
    bench.let_in()
    bench.wire(wire, level=True)
    said = f"the timer's interrupt {irq.number} does not reach its handler"
    bench.expect_arrived(bench.calls, irq, said)


@CASES.case(
    "every interrupt that is enabled arrives, whatever was enabled after it",
    f"{GIC} 4.3.5 (GICD_ISENABLERn); QA7, 4.6",
    "the last driver to come up works alone: a store has switched the others off",
)
def _all_of_them(bench: Bench) -> None:
    pins = _serve(bench, *WIRES)
    bench.let_in()
    for wire, irq in pins.items():
        bench.wire(wire, level=True)
        bench.expect_arrived(
            bench.calls and bench.calls[-1][0] == irq.number,
            irq,
            f"interrupt {irq.number} ({irq.domain}) does not reach its handler",
        )


@CASES.case(
    "what is not enabled stays out",
    f"{GIC} 4.3.5; BCM2835, 7.5",
    "an interrupt without a handler: the kernel panics",
)
def _not_enabled(bench: Bench) -> None:
    enabled, *others = bench.pins(("timer.cntpnsirq0", UART, "system-timer.match3"))
    nothing_seen(others, "this board has too few wires for that")
    _serve(bench, enabled)
    bench.let_in()
    taken = bench.machine.core.interrupts_taken
    for wire, irq in bench.pins(others).items():
        bench.wire(wire, level=True)
        bench.pass_time(10_000)
        expect(
            bench.machine.core.interrupts_taken == taken,
            f"interrupt {irq.number} interrupts though nobody has enabled it",
        )
        bench.wire(wire, level=False)
    bench.wire(enabled, level=True)
    nothing_seen(bench.calls, f"{NOTHING_COMES}: it keeps out what is enabled too")


@CASES.case(
    "an interrupt comes again, and again",
    f"{GIC} 4.4.5 (GICC_EOIR)",
    "the first interrupt works, and no second one ever comes: the first was not ended",
)
def _again(bench: Bench) -> None:
    irq = _serve(bench, UART)[UART]
    bench.let_in()
    for number in range(1, 6):
        bench.wire(UART, level=True)
        said = f"interrupt number {number} of one wire does not come"
        bench.expect_arrived(len(bench.calls) == number, irq, said)


@CASES.case(
    "an interrupt that is served lets the others in",
    f"{GIC} 4.4.5 (GICC_EOIR), 3.2 (the running priority)",
    "after the first interrupt every other one is held back",
)
def _others_after_it(bench: Bench) -> None:
    pins = _serve(bench, *WIRES)
    bench.let_in()
    for count, wire in enumerate((*pins, *reversed(pins)), 1):
        bench.wire(wire, level=True)
        said = f"after {count - 1} interrupts {wire} is held back"
        bench.expect_arrived(len(bench.calls) == count, pins[wire], said)


@CASES.case(
    "of two that wait both are served, each by its own handler",
    f"{GIC} 3.2; BCM2835, 7.5",
    "one of two interrupts is lost, or a handler runs for the other's",
)
def _two_at_once(bench: Bench) -> None:
    pins = _serve(bench, *(wire for wire in WIRES if not wire.startswith("timer.")))
    nothing_seen(len(pins) > 1, "this board has only one device that interrupts")
    for wire in pins:
        bench.wire(wire, level=True)
    bench.let_in()
    bench.pass_time(10_000)
    wanted = sorted(irq.number for irq in pins.values())
    served = sorted(number for number, _ in bench.calls)
    expect(served == wanted, f"interrupts {wanted} wait, but {served} are served")


@CASES.case(
    "where nothing is pending nothing is handled, and nothing ended",
    f"{GIC} 3.2.1 and 4.4.4 (ID 1023 is spurious)",
    "a handler runs for nothing, or ID 1023 is looked up in a table and the kernel panics",
)
def _spurious(bench: Bench) -> None:
    _serve(bench, UART)
    bench.driver.handle_pending()
    expect(not bench.calls, "handle_pending() runs a handler though nothing is pending")
    wrong = [text for text in bench.remarks if ": misuse:" in text]
    expect(not wrong, f"the controller is used wrongly where nothing is pending ({wrong[:1]})")
    _raise_all(bench, (UART,))
    nothing_seen(bench.calls, f"{NOTHING_COMES}: it handles none where one is pending too")


@CASES.case(
    "an interrupt is ended as it was acknowledged",
    f"{GIC} 4.4.5: a write that does not match the last acknowledge is unpredictable",
    "on a real board anything can happen; here the controller says that it is used wrongly",
    "rpi4",
)
def _no_misuse(bench: Bench) -> None:
    pins = _serve(bench, *WIRES)
    _raise_all(bench, pins)
    wrong = [text for text in bench.remarks if ": misuse:" in text]
    expect(not wrong, f"the controller is used wrongly: {wrong[0] if wrong else ''}")
    nothing_seen(bench.calls, NO_END)
    handled = {number for number, _ in bench.calls}
    open_still = [number for number in sorted(handled) if _is_active(bench, number)]
    expect(not open_still, f"interrupts {open_still} have been handled, and are active still")


def _is_active(bench: Bench, number: int) -> bool:
    """Whether an interrupt has been acknowledged and not ended."""
    return bool(bench.register(f"GICD_ISACTIVER{number // 32}", "GICD") >> number % 32 & 1)


@CASES.case(
    "an interrupt is ended after its handler, not before",
    f"{GIC} 3.2.1 and 4.4.5: what is ended while its line is high is pending again",
    "it is pending again while its handler runs: where handlers let interrupts in it comes twice",
    "rpi4",
)
def _ended_after(bench: Bench) -> None:
    pins = _serve(bench, *WIRES)
    _raise_all(bench, pins)
    again = [text.rpartition(AGAIN)[2] for text in bench.remarks if AGAIN in text]
    expect(not again, f"the interrupt's handler had not run yet: {again[0] if again else ''}")
    nothing_seen(bench.calls, NO_END)


@CASES.case(
    "a second handler for one interrupt is refused",
    "kernel/roles/interrupt_controller.py: register_handler",
    "the second driver takes the first one's interrupt, in silence",
)
def _one_handler(bench: Bench) -> None:
    irq = _serve(bench, UART)[UART]
    try:
        bench.driver.register_handler(IrqHandler(irq, "another", bench.keep_out))
    except KernelError:
        return
    expect(False, "register_handler() takes a second handler for one interrupt")


@CASES.case(
    "the boot log can list the handlers",
    "kernel/roles/interrupt_controller.py: handlers",
    "the log and the panel of interrupts show no handlers",
)
def _listed(bench: Bench) -> None:
    pins = _serve(bench, UART, "timer.cntpnsirq0")
    listed = {item.irq.number for _, group in bench.driver.handlers() for item in group}
    wanted = {irq.number for irq in pins.values()}
    expect(listed == wanted, f"handlers() lists {sorted(listed)}, not {sorted(wanted)}")


@CASES.case(
    "a call interrupts the core that it is for",
    f"{GIC} 4.3.15 (GICD_SGIR) and 4.4.5; QA7, 4.8 (mailboxes)",
    "programs with several cores stand still: a core that sleeps is never woken",
)
def _call(bench: Bench) -> None:
    cls = type(bench.driver)
    if cls.send_ipi.__module__.endswith("roles.interrupt_controller"):
        raise LeftOutError(f"{cls.__name__} has no send_ipi: only programs with several cores do")
    bench.driver.init()
    bench.handle(bench.platform.irq_call, lambda: None)
    bench.let_in()
    for number in (1, 2):
        bench.driver.send_ipi(0)
        bench.pass_time(10_000)
        expect(len(bench.calls) == number, f"call number {number} does not interrupt the core")
