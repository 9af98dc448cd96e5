"""The proof kernels: what they print, and when, to the nanosecond.

The times can be told by hand: an instruction takes 1 ns, a load from a device 100 ns on top, a
store 60 ns, a system register of the timer 10 ns, an exception 40 ns to enter and to leave, WFI
20 ns; a character of 10 bits takes 86,823 ns at the baud rate of the divisor 26 + 3/64.
"""

from itertools import pairwise

import pytest
from native_bench import MS, Run

from kerneltui.machine.core import CoreState

S = 1000 * MS
CHARACTER_NS = 86_823
"""10 bits at 48 MHz / 16 / (26 + 3/64)"""


def test_the_generic_timer_by_way_of_the_gic():
    run = Run("cntp_gic").until(1 * S)
    assert run.text == "." * 9
    assert run.machine.core.interrupts_taken == 999
    assert run.times[:3] == [100_102_308, 200_117_123, 300_131_938]


def test_a_period_of_the_timer_is_its_ticks_and_what_the_handler_takes():
    taken = []
    run = Run("cntp_gic")
    while len(taken) < 4:
        run.machine.run(interrupt=True)
        taken.append(run.machine.now)
    # 54,000 ticks of 54 MHz are 1 ms.  The new period begins when TVAL is written: after the wait's
    # end (20), the entry (40), branch, push, two loads of constants (1 each) and a read of GICC_IAR
    # (101).  The counter is up to a tick (18.5 ns) behind the time then.
    for before, after in pairwise(taken):
        assert 1_000_000 + 165 - 19 < after - before <= 1_000_000 + 165


@pytest.mark.parametrize(
    ("board", "first"), [("rpi4", 200_087_276), ("rpi3", 200_087_128)], ids=("gic", "bcm2835-ic")
)
def test_the_system_timer(board, first):
    run = Run(f"system_timer_{board}", board).until(1 * S)
    assert run.text == "TTTT"
    assert run.times == [first + n * 200 * MS for n in range(4)]


def test_four_cores_from_the_spin_table():
    run = Run("four_cores").until(2 * MS)
    assert run.text == "0123=4"
    # Each waits for the lock by WFE, until another core's store to it: about 20 us for 4000 turns.
    assert run.times[0] == 20_374 + CHARACTER_NS
    assert all(core.state is CoreState.WAITING for core in run.machine.cores)
    assert {core.privilege() for core in run.machine.cores} == {"EL2"}


def test_mmu_on_without_isb_and_a_translation_fault():
    run = Run("mmu").until(1 * MS)
    assert run.text == "HF!"
    core = run.machine.core
    assert core.engine.pc >> 32 == 0xFFFFFF80
    peek = {slot.name: core.regs.peek(slot.offset, 8) for slot in core.regs.slots()}
    # A data abort from the same level (0x25), by a load: translation fault, level 1 (D19.2.37).
    assert peek["ESR_EL1"] == 0x25 << 26 | 1 << 25 | 0b000101
    assert peek["FAR_EL1"] == 0x1234000
    assert peek["ELR_EL1"] & 0xFFFFFFFF == run.machine.core.image.symbols.by_name["missing"] + 4


def test_el0_calls_and_is_interrupted():
    run = Run("el0_svc").until(3 * MS)
    assert run.text == "a1b2ic3"
    core = run.machine.core
    assert core.privilege() == "EL0"
    assert core.regs.peek(core.regs.table["ESR_EL1"].offset, 8) == 0x15 << 26 | 1 << 25 | 3


def test_from_el3_with_the_armstubs_set_up_of_the_gic():
    run = Run("el3").until(6 * MS)
    assert run.text == "nnSnnn", "IRQs of a non-secure driver; a FIQ of EL3, of the secure timer"
    core, *others = run.machine.cores
    assert core.privilege() == "EL1"
    assert [item.privilege() for item in others] == ["EL3"] * 3
    # The secure timer was armed some 1.2 us after the start, for 135,000 ticks.
    sent = run.times[2] - CHARACTER_NS
    assert 2_500_000 < sent < 2_502_500


def test_waits_of_all_kinds():
    run = Run("delay").until(500 * MS)
    assert run.text == "123i4i"
    first, second, third, taken, fourth, again = run.times
    # 5,400,000 ticks; a read of the counter may be late by 50 us, not more.
    assert 100 * MS < first - CHARACTER_NS < 100 * MS + 50_000 + 20_000
    assert second - first == 1_000_000 * 2 + 66
    assert CHARACTER_NS <= third - second < CHARACTER_NS + 300
    assert 100 * MS < taken - third < 100 * MS + 400
    assert fourth - taken == CHARACTER_NS
    # 10,800,000 ticks from the handler's write of TVAL on, less what the counter was past a tick
    # then, and from the entry to that write again: 40 + 1 (b) + 1 (ldr =) + 101 (IAR) + 1 (ldr =).
    assert again - taken == 200_000_144 - 15


def test_what_is_typed_is_echoed():
    run = Run("echo", typed=[(5 * MS, b"hello\r")]).until(30 * MS)
    assert run.text == "hello\r!"


def test_a_storm_is_said_in_words():
    run = Run("storm").until(1 * S)
    core = run.machine.core
    assert core.state is CoreState.HALTED
    assert run.machine.halt_reason == (
        "exception storm: the vector VBAR_EL2 + 0x200 = 0x40200, where no code is, raises the "
        "exception again, at 0x40200: an instruction that is undefined; it began with an "
        "instruction that is undefined, at 0x80008 (bad)"
    )


def test_a_jump_to_nowhere_and_a_loop_that_nothing_ends_are_said_in_words():
    run = Run("jump").until(1 * MS)
    assert run.machine.core.trouble == (
        "core 0 jumped to 0x1200000000: nothing there can be executed; X30 is 0x80010 (_start+0x10)"
    )
    assert run.machine.now == 1 * MS


def test_a_run_of_waiting_loops_is_short():
    run = Run("delay").until(60 * S)
    assert run.machine.now == 60 * S
    assert run.machine.core.retired < 200 * MS, "turns of the loop are not counted"
