"""The exception model of AArch64 at EL1, in the words of DDI 0487, chapter D1."""

import pytest
from core_bench import (
    ALL_MASKED,
    COSTS,
    ENCODING,
    F_BIT,
    FIQ_WIRE,
    I_BIT,
    IRQ_WIRE,
    WIRES,
    Bench,
    Kernel,
)

from kerneltui.hw.bus import AddressSpace
from kerneltui.hw.clock import Clock
from kerneltui.machine.aarch64_core import Aarch64Core
from kerneltui.machine.core import CoreState, StopReason

EL1H = 0b0101
IRQ_MASK, FIQ_MASK = 0b0010, 0b0001


def daif(bench):
    return bench.reg("DAIF")


class Handles(Kernel):
    """Interrupts on; the handlers log what they see and lower their wire."""

    masks = IRQ_MASK | FIQ_MASK

    def boot(self):
        self.vectors(irq=self.irq, fiq=self.fiq, sync=self.sync)
        self.cpu.unmask(self.masks)

    def see(self, kind):
        read = self.cpu.read_sysreg
        names = ("DAIF", "SPSR_EL1", "ELR_EL1", "ESR_EL1", "FAR_EL1", "ISR_EL1")
        self.log.append((kind, {name: read(ENCODING[name]) for name in names}))

    def irq(self):
        self.see("irq")
        self.cpu.write(IRQ_WIRE, 0)

    def fiq(self):
        self.see("fiq")
        self.cpu.write(FIQ_WIRE, 0)

    def sync(self):
        self.see("sync")


def test_out_of_reset_all_exceptions_are_masked_at_el1():
    bench = Bench(Kernel)
    assert daif(bench) == ALL_MASKED
    assert bench.reg("CurrentEL") >> 2 == 1
    assert bench.reg("VBAR_EL1") == 0


def test_entry_masks_everything_and_saves_what_was_and_return_restores_it():
    bench = Bench(Handles)
    bench.raise_irq_at(1000)
    bench.run(until=5000)
    ((kind, seen),) = bench.kernel.log
    assert kind == "irq"
    assert seen["DAIF"] == ALL_MASKED
    assert seen["SPSR_EL1"] == (ALL_MASKED & ~I_BIT & ~F_BIT) | EL1H
    assert seen["ELR_EL1"] != 0
    assert seen["ISR_EL1"] == I_BIT
    assert daif(bench) == ALL_MASKED & ~I_BIT & ~F_BIT


def test_the_return_address_lies_where_the_kernel_was():
    class TwoPlaces(Handles):
        def idle(self):
            self.here()
            self.there()
            super().idle()

        def here(self):
            self.cpu.compute(1000)
            self.cpu.compute(1000)

        def there(self):
            self.cpu.compute(1000)

    bench = Bench(TwoPlaces)
    for due in (500, 700, 2500, 4000):
        bench.raise_irq_at(due)
    bench.run(until=10_000)
    addresses = [seen["ELR_EL1"] for _, seen in bench.kernel.log]
    assert len(addresses) == 4
    assert addresses[0] == addresses[1]
    assert len(set(addresses)) == 3
    assert all(address % 4 == 0 for address in addresses)


@pytest.mark.parametrize("order", ["irq first", "fiq first"])
def test_fiq_is_taken_before_irq(order):
    bench = Bench(Handles)
    raise_first, raise_second = bench.raise_irq_at, bench.raise_fiq_at
    if order == "fiq first":
        raise_first, raise_second = raise_second, raise_first
    raise_first(1000)
    raise_second(1000)
    bench.run(until=9000)
    assert [kind for kind, _ in bench.kernel.log] == ["fiq", "irq"]


def test_each_mask_bit_holds_back_its_own_exception_only():
    class FiqOnly(Handles):
        masks = FIQ_MASK

    bench = Bench(FiqOnly)
    bench.core.set_irq(True)
    bench.core.set_fiq(True)
    bench.run(until=2000)
    assert [kind for kind, _ in bench.kernel.log] == ["fiq"]


def test_an_irq_that_falls_while_masked_is_never_taken():
    class Late(Handles):
        def boot(self):
            self.vectors(irq=self.irq)
            self.cpu.compute(1000)
            self.cpu.unmask(IRQ_MASK)

    bench = Bench(Late)
    bench.raise_irq_at(200)
    bench.at(400, lambda: bench.core.set_irq(False))
    bench.run(until=9000)
    assert bench.kernel.log == []


class Nesting(Kernel):
    """The IRQ handler lets FIQs in, saving SPSR and ELR as a real one must."""

    def boot(self):
        self.vectors(irq=self.irq, fiq=self.fiq)
        self.cpu.unmask(IRQ_MASK | FIQ_MASK)

    def irq(self):
        cpu = self.cpu
        self.log.append(("irq", cpu.depth))
        spsr, elr = (cpu.read_sysreg(ENCODING[name]) for name in ("SPSR_EL1", "ELR_EL1"))
        cpu.write(IRQ_WIRE, 0)
        cpu.unmask(FIQ_MASK)
        cpu.compute(1000)
        cpu.mask(FIQ_MASK)
        cpu.write_sysreg(ENCODING["SPSR_EL1"], spsr)
        cpu.write_sysreg(ENCODING["ELR_EL1"], elr)
        self.log.append(("irq ends", cpu.depth))

    def fiq(self):
        self.log.append(("fiq", self.cpu.depth))
        self.cpu.write(FIQ_WIRE, 0)


def test_a_nested_exception_runs_on_top_and_returns_into_the_handler():
    bench = Bench(Nesting)
    bench.raise_irq_at(1000)
    bench.raise_fiq_at(1500)
    bench.run(until=9000)
    assert bench.kernel.log == [("irq", 1), ("fiq", 2), ("irq ends", 1)]
    assert bench.core.depth == 0
    assert daif(bench) == ALL_MASKED & ~I_BIT & ~F_BIT


def test_a_handler_that_does_not_save_spsr_returns_with_the_inner_masks():
    class Forgetful(Nesting):
        def irq(self):
            self.cpu.write(IRQ_WIRE, 0)
            self.cpu.unmask(FIQ_MASK)
            self.cpu.compute(1000)

    bench = Bench(Forgetful)
    bench.raise_irq_at(1000)
    bench.raise_fiq_at(1500)
    bench.run(until=9000)
    assert daif(bench) & I_BIT, "the inner SPSR has I set, and the outer ERET restores that"


def test_nothing_at_an_address_is_a_data_abort_with_the_address():
    class Wild(Handles):
        def idle(self):
            self.log.append(self.cpu.read(0xDEAD_0000))
            super().idle()

    bench = Bench(Wild)
    bench.run(until=5000)
    (kind, seen), value = bench.kernel.log
    assert kind == "sync"
    assert seen["ESR_EL1"] >> 26 == 0x25
    assert seen["ESR_EL1"] >> 25 & 1 == 1
    assert seen["ESR_EL1"] & 0x3F == 0x10
    assert seen["FAR_EL1"] == 0xDEAD_0000
    assert value == 0
    assert bench.core.interrupts_taken == 0


def test_a_store_outside_the_map_aborts_too_and_masks_do_not_hold_it_back():
    class Wild(Handles):
        masks = 0

        def idle(self):
            self.cpu.write(WIRES + 8, 1)
            super().idle()

    bench = Bench(Wild)
    bench.run(until=5000)
    ((kind, seen),) = bench.kernel.log
    assert (kind, seen["FAR_EL1"]) == ("sync", WIRES + 8)


@pytest.mark.parametrize("access", ["mrs", "msr"])
def test_an_unknown_system_register_is_undefined(access):
    class Odd(Handles):
        def idle(self):
            if access == "mrs":
                self.cpu.read_sysreg(0xFFFF)
            else:
                self.cpu.write_sysreg(0xFFFF, 1)
            super().idle()

    bench = Bench(Odd)
    bench.run(until=5000)
    ((kind, seen),) = bench.kernel.log
    assert kind == "sync"
    assert seen["ESR_EL1"] >> 26 == 0x00
    assert seen["FAR_EL1"] == 0


def test_without_vectors_the_core_halts_and_says_where_it_looked():
    class Bare(Kernel):
        def boot(self):
            self.cpu.unmask(IRQ_MASK)

    bench = Bench(Bare)
    bench.core.set_irq(True)
    assert bench.run() is StopReason.HALTED
    assert "irq exception, but no code at 0x280" in bench.core.halt_reason


def test_a_vbar_that_points_elsewhere_is_found_out_too():
    class Lost(Kernel):
        def boot(self):
            self.vectors(irq=int)
            self.cpu.write_sysreg(ENCODING["VBAR_EL1"], 0x9_0000)
            self.cpu.unmask(IRQ_MASK)

    bench = Bench(Lost)
    bench.core.set_irq(True)
    assert bench.run() is StopReason.HALTED
    assert "0x90280" in bench.core.halt_reason


def test_a_table_that_is_not_aligned_is_looked_for_below():
    """Bits 10:0 of VBAR_EL1 are RES0 (D19.2.153)."""

    class Misaligned(Kernel):
        def boot(self):
            self.at = self.cpu.place_vectors({0x280: int}, 4)
            self.next_at = self.cpu.place_vectors({0x280: int})
            self.cpu.write_sysreg(ENCODING["VBAR_EL1"], self.at)
            self.cpu.unmask(IRQ_MASK)

    bench = Bench(Misaligned)
    bench.core.set_irq(True)
    assert bench.run() is StopReason.HALTED
    at = bench.kernel.at
    assert at % 0x800 == 0x40
    assert bench.kernel.next_at % 0x800 == 0
    assert bench.core.regs.peek(ENCODING["VBAR_EL1"], 8) == at - 0x40
    assert f"no code at {at - 0x40 + 0x280:#x}" in bench.core.halt_reason
    on, _, at_vector, *_ = bench.core.gates("irq")
    assert (at_vector.name, at_vector.open) == ("code at the vector", False)
    for told in (at_vector.says, on.says):
        assert f"{at:#x}" in told
    assert "2 KiB" in on.needs


def test_a_handler_must_end_with_eret():
    class NoReturn(Kernel):
        def boot(self):
            table = {0x280: self.handler}
            self.cpu.write_sysreg(ENCODING["VBAR_EL1"], self.cpu.place_vectors(table))
            self.cpu.unmask(IRQ_MASK)

        def handler(self):
            self.cpu.write(IRQ_WIRE, 0)

    bench = Bench(NoReturn)
    bench.core.set_irq(True)
    assert bench.run() is StopReason.HALTED
    assert "without ERET" in bench.core.halt_reason
    assert "0x280" in bench.core.halt_reason


def test_a_handler_that_faults_for_ever_halts_with_one_line():
    class Hopeless(Handles):
        def sync(self):
            self.cpu.read(0xDEAD_0000)

        def idle(self):
            self.cpu.read(0xDEAD_0000)

    bench = Bench(Hopeless)
    assert bench.run() is StopReason.HALTED
    assert bench.core.state is CoreState.HALTED
    assert "RecursionError" in bench.core.halt_reason
    assert "\n" not in bench.core.halt_reason


def test_the_exception_entry_is_a_step_of_its_own():
    bench = Bench(Handles)
    bench.raise_irq_at(1000)
    bench.run(until=1000)
    bench.run(instructions=0)
    kinds = []
    for _ in range(12):
        kinds.append(bench.core.pending.kind)
        bench.run(instructions=1)
    start = kinds.index("irq")
    assert kinds[start : start + 9] == ["irq", *["mrs"] * 6, "str", "eret"]


def test_read_only_registers_ignore_writes():
    class Pokes(Kernel):
        def boot(self):
            for name in ("CurrentEL", "MPIDR_EL1", "ISR_EL1"):
                self.cpu.write_sysreg(ENCODING[name], ~0 & (1 << 64) - 1)

    bench = Bench(Pokes)
    bench.run()
    assert bench.core.halt_reason == ""
    assert bench.reg("CurrentEL") == 1 << 2
    assert bench.reg("MPIDR_EL1") & 0xFF == 0
    assert bench.reg("ISR_EL1") == 0


def test_writing_daif_whole_sets_just_these_four_bits():
    class Writes(Kernel):
        def boot(self):
            self.cpu.write_sysreg(ENCODING["DAIF"], (1 << 64) - 1)
            self.log.append(self.cpu.read_sysreg(ENCODING["DAIF"]))
            self.cpu.write_sysreg(ENCODING["DAIF"], 0)
            self.log.append(self.cpu.read_sysreg(ENCODING["DAIF"]))
            for bits in (8, 4, 2, 1):
                self.cpu.mask(bits)
                self.log.append(self.cpu.read_sysreg(ENCODING["DAIF"]))

    bench = Bench(Writes)
    bench.run()
    assert bench.kernel.log == [ALL_MASKED, 0, 0x200, 0x300, 0x380, 0x3C0]


def test_unmasking_takes_a_waiting_interrupt_at_once():
    class Window(Handles):
        masks = 0

        def idle(self):
            self.cpu.unmask(IRQ_MASK)
            self.log.append("next instruction")
            super().idle()

    bench = Bench(Window)
    bench.core.set_irq(True)
    bench.run(until=3000)
    assert [entry[0] if entry != "next instruction" else entry for entry in bench.kernel.log] == [
        "irq",
        "next instruction",
    ]


def test_each_core_knows_its_number():
    cores = [
        Aarch64Core(n, Clock(), AddressSpace("memory"), AddressSpace("sys"), COSTS)
        for n in range(4)
    ]
    assert [core.regs.peek(ENCODING["MPIDR_EL1"], 8) & 0xFF for core in cores] == [0, 1, 2, 3]
