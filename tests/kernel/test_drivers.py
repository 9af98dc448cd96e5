"""Drivers on a fake processor: which registers they touch, in which order, with which bits.

Addresses are written out from the manuals here, not taken from the drivers.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_bench import FakeCpu

from kerneltui.kernel.console import Console
from kerneltui.kernel.drivers.arch_timer import ArchTimer
from kerneltui.kernel.drivers.bcm_ic import BcmInterruptController
from kerneltui.kernel.drivers.gicv2 import Gicv2
from kerneltui.kernel.drivers.pl011 import Pl011Driver
from kerneltui.kernel.drivers.system_timer import SystemTimerDriver
from kerneltui.kernel.faults.faulty_arch_timer import RoundDueDown
from kerneltui.kernel.irq import Irq, IrqHandler, KernelError

GICD, GICC = 0xFF84_1000, 0xFF84_2000
IAR, EOIR = GICC + 0xC, GICC + 0x10
LOCAL, PERIPHERAL = 0x4000_0000, 0x3F00_B200
UART = 0xFE20_1000
TIMER = 0xFE00_3000
CNTFRQ = 3 << 14 | 3 << 11 | 14 << 7 | 0 << 3 | 0
CNTPCT = CNTFRQ | 1
CNTP_CTL = 3 << 14 | 3 << 11 | 14 << 7 | 2 << 3 | 1
CNTP_CVAL = CNTP_CTL + 1


@pytest.fixture
def cpu():
    return FakeCpu()


# -- GICv2 -----------------------------------------------------------------------------------------


def gic(cpu, **options):
    return Gicv2(cpu, GICD, GICC, **options)


def test_intid_99_is_bit_3_of_isenabler_3(cpu):
    gic(cpu).enable(Irq("gic", 99))
    assert cpu.stores == [(GICD + 0x100 + 4 * 3, 1 << 3)]


def test_intid_99_is_the_last_byte_of_itargetsr_24_and_others_keep_theirs(cpu):
    register = GICD + 0x800 + 4 * 24
    cpu.answers[register] = 0x0002_0400
    gic(cpu).target(Irq("gic", 99), 0b0001)
    assert cpu.stores == [(register, 0x0102_0400)]


@given(st.integers(0, 1019))
def test_enabling_sets_exactly_the_bit_of_the_intid(intid):
    cpu = FakeCpu()
    gic(cpu).enable(Irq("gic", intid))
    ((address, value),) = cpu.stores
    assert (address - GICD - 0x100) * 8 + value.bit_length() - 1 == intid
    assert value & (value - 1) == 0


def test_bring_up_targets_all_spis_here_and_opens_the_way(cpu):
    cpu.answers[GICD + 0x004] = 6  # 32 * (6 + 1) = 224 interrupts
    cpu.answers[GICD + 0x800] = 0x0101_0101
    gic(cpu).init()
    assert cpu.stores[:48] == [(GICD + 0x800 + n, 0x0101_0101) for n in range(32, 224, 4)]
    assert cpu.stores[48:] == [(GICD, 1), (GICC + 4, 0xFF), (GICC, 1)]


@pytest.mark.parametrize(
    ("number", "priority", "value"), [(0, 4, 0xB0), (1, 8, 0x70), (2, 13, 0x20)]
)
def test_a_software_interrupt_is_an_sgi_whose_priority_byte_is_lower_the_higher_it_is(
    cpu, number, priority, value
):
    irq = gic(cpu).software_irq(number, priority)
    assert irq == Irq("gic", 2 + number)
    assert cpu.stores == [(GICD + 0x400 + 2 + number, value)]


def test_it_is_raised_by_the_filter_for_the_sender_alone(cpu):
    gic(cpu).raise_software_irq(Irq("gic", 3))
    assert cpu.stores == [(GICD + 0xF00, 0b10 << 24 | 3)]


def test_the_mask_is_the_priority_that_does_not_get_through_any_more(cpu):
    driver = gic(cpu)
    driver.hold_back(8)
    driver.hold_back(0)
    assert cpu.stores == [(GICC + 4, 0x70), (GICC + 4, 0xFF)]


def served(cpu, drain, acknowledged, numbers=(30, 99)):
    """The order of handler calls and register accesses while interrupts are served."""
    log = []
    driver = gic(cpu, drain=drain)
    for number in numbers:
        name = f"handle {number}"
        driver.register_handler(
            IrqHandler(Irq("gic", number), name, lambda name=name: log.append(name))
        )
    cpu.answers[IAR] = list(acknowledged)
    write = cpu.write
    cpu.write = lambda address, value, size=4: (
        log.append(f"end {value:#x}" if address == EOIR else "?"),
        write(address, value),
    )
    driver.handle_pending()
    return log


def test_one_interrupt_an_exception_ended_after_its_handler(cpu):
    assert served(cpu, False, [30, 99, 1023]) == ["handle 30", "end 0x1e"]


def test_draining_goes_on_until_an_id_of_1020_or_more_and_ends_before_handling(cpu):
    log = served(cpu, True, [99, 30, 99, 1023])
    assert log == ["end 0x63", "handle 99", "end 0x1e", "handle 30", "end 0x63", "handle 99"]
    assert cpu.loads.count(IAR) == 4


@pytest.mark.parametrize("special", [1020, 1021, 1022, 1023])
@pytest.mark.parametrize("drain", [True, False])
def test_special_ids_are_neither_handled_nor_ended(special, drain):
    assert served(FakeCpu(), drain, [special]) == []


def test_the_end_carries_the_source_core_of_a_software_interrupt(cpu):
    log = served(cpu, False, [2 << 10 | 5, 1023], numbers=(5,))
    assert log == ["handle 5", "end 0x805"]


def test_an_unhandled_intid_is_an_error(cpu):
    cpu.answers[IAR] = [42]
    with pytest.raises(KernelError, match="IRQ 42"):
        gic(cpu).handle_pending()


# -- the Raspberry Pi 3's pair ---------------------------------------------------------------------


def pair(cpu, log, local=(), peripheral=()):
    driver = BcmInterruptController(cpu, LOCAL, PERIPHERAL)
    for domain, numbers in (("local", local), ("peripheral", peripheral)):
        for number in numbers:
            told = (domain, number)
            driver.register_handler(
                IrqHandler(Irq(domain, number), "x", lambda told=told: log.append(told))
            )
    return driver


def test_local_interrupt_1_is_enabled_in_core_0s_timer_control(cpu):
    cpu.answers[LOCAL + 0x40] = 0b1000
    pair(cpu, []).enable(Irq("local", 1))
    assert cpu.stores == [(LOCAL + 0x40, 0b1010)]


@pytest.mark.parametrize(
    ("number", "offset", "bit"), [(0, 0x10, 0), (3, 0x10, 3), (31, 0x10, 31), (57, 0x14, 25)]
)
def test_peripheral_interrupts_have_two_set_enable_registers(cpu, number, offset, bit):
    pair(cpu, []).enable(Irq("peripheral", number))
    assert cpu.stores == [(PERIPHERAL + offset, 1 << bit)]


def test_all_that_is_pending_is_handled_local_first_then_by_number(cpu):
    log = []
    driver = pair(cpu, log, local=(0, 1, 3), peripheral=(1, 3, 57))
    cpu.answers |= {
        LOCAL + 0x60: 1 << 8 | 0b1010,
        PERIPHERAL + 4: 0b1010,
        PERIPHERAL + 8: 1 << 25,
    }
    driver.handle_pending()
    assert log == [
        ("local", 1), ("local", 3), ("peripheral", 1), ("peripheral", 3), ("peripheral", 57),
    ]  # fmt: skip


def test_without_a_peripheral_interrupt_the_other_controller_is_not_asked(cpu):
    log = []
    cpu.answers[LOCAL + 0x60] = 0b0010
    pair(cpu, log, local=(1,)).handle_pending()
    assert log == [("local", 1)]
    assert cpu.loads == [LOCAL + 0x60]


@pytest.mark.parametrize("bit", [4, 9, 11])
def test_a_local_source_that_nobody_handles_is_an_error(cpu, bit):
    cpu.answers[LOCAL + 0x60] = 1 << bit
    cpu.answers[LOCAL + 0xC0] = 1
    with pytest.raises(KernelError, match=f"IRQ {bit}$"):
        pair(cpu, []).handle_pending()


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("core", [0, 3])
def test_a_software_interrupt_is_a_mailbox_of_the_core(cpu, core, number):
    driver = BcmInterruptController(cpu, LOCAL, PERIPHERAL, core)
    irq = driver.software_irq(number, 4 + number)
    driver.enable(irq)
    driver.raise_software_irq(irq)
    assert irq == Irq("local", 5 + number)
    place = LOCAL + 0x80 + 0x10 * core + 4 * (1 + number)
    assert cpu.stores == [(LOCAL + 0x50 + 4 * core, 1 << 1 + number), (place, 1)]


def test_a_mailbox_is_emptied_before_its_handler_and_passed_over_when_it_is_empty(cpu):
    log = []
    cpu.answers |= {LOCAL + 0x60: 0b111 << 5, LOCAL + 0xC4: 1, LOCAL + 0xC8: 0, LOCAL + 0xCC: 8}
    write = cpu.write
    cpu.write = lambda address, value: (log.append((address, value)), write(address, value))
    pair(cpu, log, local=(5, 6, 7)).handle_pending()
    assert log == [(LOCAL + 0xC4, 1), ("local", 5), (LOCAL + 0xCC, 8), ("local", 7)]


# -- Arm generic timer -----------------------------------------------------------------------------


@given(st.sampled_from([19_200_000, 54_000_000, 1_000_000, 62_500_000, 3]), st.integers(0, 10**18))
def test_the_compare_value_is_the_first_tick_that_is_not_before_the_due_time(hz, due):
    cpu = FakeCpu()
    cpu.sysregs[CNTFRQ] = hz
    ArchTimer(cpu).set_timeout_irq(due)
    ticks = cpu.sysregs[CNTP_CVAL]
    assert ticks * 10**9 >= due * hz
    assert (ticks - 1) * 10**9 < due * hz


def test_the_fault_round_due_down_comes_up_to_a_tick_early(cpu):
    cpu.sysregs[CNTFRQ] = 54_000_000
    RoundDueDown(cpu).set_timeout_irq(1001)
    assert cpu.sysregs[CNTP_CVAL] == 54
    ArchTimer(cpu).set_timeout_irq(1001)
    assert cpu.sysregs[CNTP_CVAL] == 55


def test_arming_enables_and_unmasks_and_concluding_only_disables(cpu):
    cpu.sysregs |= {CNTFRQ: 1_000_000, CNTP_CTL: 0b010}
    timer = ArchTimer(cpu)
    timer.set_timeout_irq(5000)
    assert cpu.sysregs[CNTP_CTL] & 0b11 == 0b01
    cpu.sysregs[CNTP_CTL] |= 0b100
    timer.conclude_timeout_irq()
    assert cpu.sysregs[CNTP_CTL] & 0b11 == 0b00


def test_uptime_and_resolution(cpu):
    cpu.sysregs |= {CNTFRQ: 19_200_000, CNTPCT: 19_200_000 * 3 + 1}
    timer = ArchTimer(cpu)
    assert timer.uptime_ns() == 3 * 10**9 + 52
    assert timer.resolution_ns() == 52


# -- BCM System Timer ------------------------------------------------------------------------------


def test_channel_3_is_set_an_interval_ahead_and_then_cleared_by_writing_one(cpu):
    cpu.answers[TIMER + 4] = 5_000_000
    timer = SystemTimerDriver(cpu, TIMER, 1_000_000)
    timer.init()
    assert cpu.stores == [(TIMER + 0x18, 6_000_000)]
    cpu.stores.clear()
    timer.handle()
    assert cpu.stores == [(TIMER + 0x18, 6_000_000), (TIMER, 0b1000)]


def test_the_compare_register_has_32_bits(cpu):
    cpu.answers[TIMER + 4] = 0xFFFF_FFF0
    SystemTimerDriver(cpu, TIMER, 0x20).init()
    assert cpu.stores == [(TIMER + 0x18, 0x10)]


def test_the_64_bit_counter_is_read_again_when_it_wraps_meanwhile(cpu):
    cpu.answers |= {TIMER + 8: [0, 1, 1, 1], TIMER + 4: [0xFFFF_FFFF, 3]}
    assert SystemTimerDriver(cpu, TIMER, 1).uptime_ns() == ((1 << 32) + 3) * 1000


# -- PL011 -----------------------------------------------------------------------------------------


def test_921600_baud_from_48_mhz_is_a_divisor_of_3_and_16_64ths(cpu):
    Pl011Driver(cpu, UART).init()
    stores = dict(cpu.stores)
    assert (stores[UART + 0x24], stores[UART + 0x28]) == (3, 16)
    baud = 48_000_000 / (16 * (3 + 16 / 64))
    assert abs(baud - 921_600) / 921_600 < 0.002


def test_the_divisor_takes_effect_with_the_line_control_and_enabling_comes_last(cpu):
    Pl011Driver(cpu, UART).init()
    order = [address - UART for address, _ in cpu.stores]
    assert order[0] == 0x30
    assert cpu.stores[0][1] & 1 == 0
    assert order.index(0x24) < order.index(0x28) < order.index(0x2C) < len(order) - 1
    assert order[-1] == 0x30
    assert cpu.stores[-1][1] == 1 << 9 | 1 << 8 | 1
    assert dict(cpu.stores)[UART + 0x2C] == 0b111 << 4  # 8 bits, FIFOs
    assert dict(cpu.stores)[UART + 0x38] == 1 << 6 | 1 << 4  # RX and RX timeout


def test_bring_up_waits_for_what_is_still_on_the_wire(cpu):
    cpu.answers[UART + 0x18] = [1 << 3, 1 << 3, 0]
    Pl011Driver(cpu, UART).init()
    assert cpu.loads == [UART + 0x18] * 3
    assert cpu.computed > 0


def test_a_full_fifo_is_waited_for(cpu):
    cpu.answers[UART + 0x18] = [1 << 5, 1 << 5, 0]
    Pl011Driver(cpu, UART).write_char(0x41)
    assert cpu.loads == [UART + 0x18] * 3
    assert cpu.stores == [(UART, 0x41)]


def echo(cpu, typed):
    cpu.answers |= {
        UART + 0x40: 1 << 4,
        UART + 0x18: [0] * sum(3 if char in (0x0D, 0x0A) else 2 for char in typed) + [1 << 4],
        UART: list(typed) or 0,
    }
    Pl011Driver(cpu, UART).handle()
    return bytes(value for address, value in cpu.stores if address == UART)


def test_characters_are_echoed_until_the_fifo_is_empty(cpu):
    assert echo(cpu, b"abc") == b"abc"
    assert (UART + 0x44, 1 << 4) in cpu.stores


@pytest.mark.parametrize("end", [b"\r", b"\n"])
def test_either_line_end_comes_back_as_both(cpu, end):
    assert echo(cpu, b"a" + end) == b"a\r\n"


def test_error_flags_beside_a_character_are_not_echoed(cpu):
    assert echo(cpu, [0x741]) == b"A"


# -- console ---------------------------------------------------------------------------------------


class Wire:
    def __init__(self):
        self.sent = bytearray()
        self.flushed_at = []

    def write_char(self, char):
        self.sent.append(char)

    def flush(self):
        self.flushed_at.append(len(self.sent))


class Clock:
    def uptime_ns(self):
        return 12_003_045_678


def test_a_log_line_has_the_uptime_in_front_and_is_out_before_the_kernel_goes_on():
    wire = Wire()
    console = Console(None, wire, Clock())
    console.info("hello")
    console.warn("careful")
    assert bytes(wire.sent) == b"[   12.003045] hello\r\n[W  12.003045] careful\r\n"
    assert wire.flushed_at == [22, len(wire.sent)]


def test_what_is_not_ascii_is_a_question_mark():
    wire = Wire()
    Console(None, wire, Clock()).write("é\n☃")
    assert bytes(wire.sent) == b"?\r\n?"
