"""A PC whose kernel only sets up what panels show, and then sleeps with interrupts off."""

from __future__ import annotations

from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.kernel.inspector import Inspector
from kerneltui.machine.board import load_board

LAPIC, IO_APIC, HPET = 0xFEE0_0000, 0xFEC0_0000, 0xFED0_0000
TIMER_VECTOR, UART_VECTOR, IPI_VECTOR = 0xEF, 0x44, 0x51
XT_2026 = 134_117_640_000_000_000
UNIX_2026_NS = 1_767_290_400_000_000_000


class Program:
    """Start-up code of the second core: it sleeps at once."""

    def __init__(self, cpu):
        self.cpu = cpu

    def boot(self):
        self.cpu.write(LAPIC + 0xF0, 0x1FF)

    def idle(self):
        while True:
            self.cpu.wait_for_interrupt()


class TimeOfDay(Inspector):
    def time_of_day(self, raw):
        return XT_2026 + 1_234_567, UNIX_2026_NS + 123_456_700, "2026-01-01 18:00:00.123", -1500


class PanelKernel:
    """Both cores up, the local APICs' vectors pending, as nobody takes them."""

    def __init__(self, cpu):
        self.cpu = cpu
        self.asleep = 0

    @property
    def inspector(self):
        return TimeOfDay()

    def boot(self):
        cpu = self.cpu
        self.set_up_pics()
        cpu.write(LAPIC + 0xF0, 0x1FF)
        cpu.write(LAPIC + 0x350, 0x1_0700)
        cpu.write(LAPIC + 0x360, 0x400)
        cpu.write(LAPIC + 0x3E0, 0x3)
        cpu.write(LAPIC + 0x320, 0x2_0000 | TIMER_VECTOR)
        cpu.write(LAPIC + 0x380, 62_500)
        cpu.write(LAPIC + 0x80, 0x40)
        self.redirect(2, 0x30)
        self.redirect(4, UART_VECTOR, destination=1)
        self.redirect(9, 0x1_A000 | 0x49)
        cpu.write(HPET + 0x10, 1, 8)
        self.start_core(1)
        cpu.write(LAPIC + 0x300, 1 << 18 | IPI_VECTOR)

    def set_up_pics(self):
        for port, base, cascade in ((0x20, 0x20, 4), (0xA0, 0x28, 2)):
            self.cpu.write_port(port, 0x11)
            for value in (base, cascade, 0x01, 0xFB if port == 0x20 else 0xFF):
                self.cpu.write_port(port + 1, value)
        self.cpu.write_port(0x4D1, 0x02)

    def redirect(self, pin, low, destination=0):
        for index, value in ((0x11 + 2 * pin, destination << 24), (0x10 + 2 * pin, low)):
            self.cpu.write(IO_APIC, index)
            self.cpu.write(IO_APIC + 0x10, value)

    def start_core(self, apic_id):
        page = self.cpu.place_program(Program) >> 12
        self.cpu.write(LAPIC + 0x310, apic_id << 24)
        self.cpu.write(LAPIC + 0x300, 0x4500)
        self.cpu.write(LAPIC + 0x300, 0x4600 | page)

    def idle(self):
        while True:
            self.cpu.wait_for_interrupt()


def pc_session(board=None):
    """At the first idle."""
    session = Session(Setup(board or load_board("x86"), PanelKernel, scenario_name="panels"))
    session.boot()
    return session
