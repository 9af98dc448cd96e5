"""Pictures of APICs, 8259s, counters, clocks and ACPI tables, on the real devices of a PC."""

import msgspec
import pytest
from read_back import read_back

from kerneltui.debugger.rates import COUNT_DOWN_NS, WINDOW_NS, CounterReading, Rate, RateMeter
from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.views.firmware import firmware_views
from kerneltui.hw.bus import AddressSpace, Memory, Rom
from kerneltui.kernel.inspector import Inspector
from kerneltui.kernel.pc import acpi as kernel_acpi
from kerneltui.machine.board import load_board
from kerneltui.scenarios.scenario import open_session

MS, S = 1_000_000, 1_000_000_000
LAPIC, IO_APIC, HPET = 0xFEE0_0000, 0xFEC0_0000, 0xFED0_0000
EOI, SVR, TPR, ICR, LVT_TIMER, LINT0, LINT1 = 0xB0, 0xF0, 0x80, 0x300, 0x320, 0x350, 0x360
INIT_COUNT, DIV_CONF, ESR, TSC_DEADLINE_MSR = 0x380, 0x3E0, 0x280, 0x6E0


class TimeOfDay(Inspector):
    def __init__(self, of_day):
        self.of_day = of_day

    def time_of_day(self, raw):
        return self.of_day


class Sleeper:
    """A kernel that leaves everything as it is; ``of_day`` is its time of day."""

    of_day = None

    def __init__(self, cpu):
        self.cpu = cpu

    @property
    def inspector(self):
        return TimeOfDay(self.of_day)

    def boot(self):
        pass

    def idle(self):
        while True:
            self.cpu.wait_for_interrupt()


class Pc:
    """A session on the PC, and a hand on its registers."""

    def __init__(self, board=None):
        self.session = Session(Setup(board or load_board("x86"), Sleeper))
        self.session.boot()
        self.machine = self.session.machine

    def write(self, address, value, size=4, cpu=0):
        self.machine.memory.write(address, value, size, cpu)

    def out(self, port, value):
        self.machine.spaces["port"].write(port, value, 1)

    def wrmsr(self, number, value, cpu=0):
        self.machine.spaces["MSR"].write(number, value, 8, cpu)

    def redirect(self, pin, low, high=0, chip=IO_APIC):
        for index, value in ((0x11 + 2 * pin, high), (0x10 + 2 * pin, low)):
            self.write(chip, index)
            self.write(chip + 0x10, value)

    def cmos(self, index, value):
        self.out(0x70, index)
        self.out(0x71, value)

    def view(self):
        self.session.generation += 1
        return self.session.view()

    def run_for(self, ns):
        self.session.run_until(self.machine.now + ns)
        return self.session.view()

    def look(self):
        """As when the core falls asleep, or wakes."""
        self.session.recorder.activity(self.machine.core)

    def counter(self, name, view=None):
        view = view or self.view()
        return next(item for item in view.counters if f"{item.device} {item.name}" == name)


@pytest.fixture
def pc():
    made = Pc()
    made.write(LAPIC + SVR, 0x1FF)
    return made


# -- local APIC ------------------------------------------------------------------------------------


def test_every_core_has_a_local_apic_of_its_own(pc):
    pc.write(LAPIC + TPR, 0x20, cpu=1)
    first, second = pc.view().local_apics
    assert (first.core, first.ident, first.enabled, first.is_on) == (0, 0, True, True)
    assert (second.core, second.ident, second.enabled, second.is_on) == (1, 1, False, True)
    assert (first.tpr, first.ppr, second.tpr, second.ppr) == (0, 0, 0x20, 0x20)


def test_an_interrupt_goes_from_irr_to_isr_and_raises_ppr(pc):
    for vector in (0x31, 0xEF):
        pc.write(LAPIC + ICR, 1 << 18 | vector)
    pc.write(LAPIC + TPR, 0x40)
    apic = pc.view().local_apics[0]
    assert (apic.irr, apic.isr, apic.tmr) == (1 << 0x31 | 1 << 0xEF, 0, 0)
    assert pc.machine.devices["lapic"].take(0) == 0xEF
    apic = pc.view().local_apics[0]
    assert (apic.irr, apic.isr, apic.ppr) == (1 << 0x31, 1 << 0xEF, 0xE0)
    pc.write(LAPIC + EOI, 0)
    apic = pc.view().local_apics[0]
    assert (apic.isr, apic.ppr) == (0, 0x40)


def test_the_local_vector_table_by_name(pc):
    pc.write(LAPIC + LINT0, 0x1_0700)
    pc.write(LAPIC + LINT1, 0x400)
    pc.write(LAPIC + LVT_TIMER, 0xEC)
    lvt = {item.name: item for item in pc.view().local_apics[0].lvt}
    assert (lvt["LINT0"].mode, lvt["LINT0"].masked) == ("ExtINT", True)
    assert (lvt["LINT1"].mode, lvt["LINT1"].masked) == ("NMI", False)
    assert lvt["TIMER"] == type(lvt["TIMER"])("TIMER", 0xEC, "fixed", False)
    assert lvt["ERROR"].masked


def test_the_timer_in_its_three_modes(pc):
    pc.write(LAPIC + DIV_CONF, 0x3)
    pc.write(LAPIC + INIT_COUNT, 62_500)
    apic = pc.view().local_apics[0]
    assert (apic.timer_mode, apic.timer_initial, apic.timer_divide) == ("one-shot", 62_500, 16)
    apic = pc.run_for(4 * MS).local_apics[0]
    assert apic.timer_current == 62_500 - 25_000
    pc.write(LAPIC + LVT_TIMER, 0x2_0000 | 0xEC)
    assert pc.view().local_apics[0].timer_mode == "periodic"
    pc.write(LAPIC + LVT_TIMER, 0x4_0000 | 0xEC)
    pc.wrmsr(TSC_DEADLINE_MSR, 1 << 60)
    apic = pc.view().local_apics[0]
    assert (apic.timer_mode, apic.timer_deadline) == ("TSC-deadline", 1 << 60)


def test_errors_by_name_once_software_has_asked_for_them(pc):
    pc.write(LAPIC + ICR, 0x4_0005)
    assert pc.view().local_apics[0].errors == ()
    pc.write(LAPIC + ESR, 0)
    found = pc.view().local_apics[0].errors
    assert found == ("SEND_ILLEGAL_VECTOR", "RECEIVE_ILLEGAL_VECTOR")


def test_without_the_feature_the_apic_is_off():
    off = Pc(load_board("x86").with_features("-apic"))
    assert [apic.is_on for apic in off.view().local_apics] == [False, False]


# -- I/O APICs and 8259s ---------------------------------------------------------------------------


def test_redirections_at_reset_say_so_and_know_their_wires(pc):
    first, second = pc.view().io_apics
    assert (first.name, first.gsi_base, len(first.entries)) == ("ioapic0", 0, 24)
    assert (second.name, second.gsi_base) == ("ioapic1", 24)
    assert all(item.at_reset and item.masked for item in (*first.entries, *second.entries))
    assert [item.gsi for item in second.entries] == list(range(24, 48))
    wires = {item.gsi: item.source for item in (*first.entries, *second.entries)}
    assert wires[4] == "uart0.irq"
    assert wires[2] == "hpet.legacy_pit"
    assert wires[30] == "hpet.irq30"
    assert wires[5] == ""


def test_a_redirection_field_by_field(pc):
    pc.redirect(9, 0xA949, 0x0300_0000)
    found = pc.view().io_apics[0].entries[9]
    assert found == type(found)(
        gsi=9, vector=0x49, mode="lowest priority", destination=3, logical=True, active_low=True,
        level=True, masked=False, remote_irr=False, line=False, source="acpi.sci", at_reset=False,
    )  # fmt: skip


def test_a_destination_alone_is_not_the_reset_state(pc):
    pc.redirect(9, 1 << 16, 0x0100_0000)
    assert not pc.view().io_apics[0].entries[9].at_reset


def test_a_level_that_was_sent_stands_in_remote_irr_and_tmr_until_its_end(pc):
    pc.redirect(9, 0x8000 | 0x49)
    line = pc.machine.devices["ioapic0"].input("gsi", 9)
    line(True)
    view = pc.view()
    found, apic = view.io_apics[0].entries[9], view.local_apics[0]
    assert (found.line, found.remote_irr) == (True, True)
    assert apic.irr == apic.tmr == 1 << 0x49
    line(False)
    pc.machine.devices["lapic"].take(0)
    pc.write(LAPIC + EOI, 0)
    found = pc.view().io_apics[0].entries[9]
    assert (found.line, found.remote_irr) == (False, False)


def test_a_masked_pin_shows_its_line(pc):
    pc.machine.devices["ioapic1"].input("gsi", 30)(True)
    found = pc.view().io_apics[1].entries[6]
    assert (found.gsi, found.line, found.at_reset) == (30, True, True)


def test_both_8259s(pc):
    for port, base, cascade, mask in ((0x20, 0x20, 4, 0xEB), (0xA0, 0x28, 2, 0xFF)):
        pc.out(port, 0x11)
        for value in (base, cascade, 1, mask):
            pc.out(port + 1, value)
    pc.out(0x4D1, 0x02)
    line = pc.machine.devices["pic"].input("irq", 4)
    line(True)
    master, slave = pc.view().pics
    assert (master.name, master.irr, master.imr, master.isr) == ("master", 0x10, 0xEB, 0)
    assert (master.base, master.level) == (0x20, 0)
    assert (slave.name, slave.imr, slave.base, slave.level) == ("slave", 0xFF, 0x28, 0x02)
    assert pc.machine.devices["pic"].acknowledge() == 0x24
    assert pc.view().pics[0].isr == 0x10


# -- counters --------------------------------------------------------------------------------------


def test_true_counters_have_no_error_once_they_were_measured(pc):
    pc.write(HPET + 0x10, 1, 8)
    before = pc.view()
    assert {item.note for item in before.counters} == {"not yet measured"}
    assert pc.counter("core 0 TSC", pc.run_for(99 * MS)).note == "not yet measured"
    view = pc.run_for(1 * MS)
    names = {f"{item.device} {item.name}" for item in view.counters}
    assert names == {"core 0 TSC", "hpet MAIN_CNT", "acpi PM_TMR"}
    for item in view.counters:
        assert (item.error_ppm, item.note) == (0, "")
        assert abs(item.measured_hz - item.hz) <= 10
    assert pc.counter("core 0 TSC", view).measured_hz == 2_400_000_000


def test_a_halted_hpet_stands_still(pc):
    pc.view()
    found = pc.counter("hpet MAIN_CNT", pc.run_for(S))
    assert (found.measured_hz, found.error_ppm, found.note) == (0, None, "stands still")


def test_the_time_stamp_counter_loses_what_deep_idle_takes():
    idle = Pc(load_board("x86").with_features("-invtsc"))
    idle.view()
    found = idle.counter("core 0 TSC", idle.run_for(S))
    assert (found.measured_hz, found.note) == (0, "stands still: deep idle")


def test_what_counts_down_is_measured_while_it_is_not_loaded_anew(pc):
    pc.write(LAPIC + INIT_COUNT, 4_000_000_000)
    first = pc.counter("lapic0 CUR_COUNT", pc.run_for(WINDOW_NS))
    assert (first.measured_hz, first.note, first.hz) == (None, "counts down", 50_000_000)
    pc.look()
    found = pc.counter("lapic0 CUR_COUNT", pc.run_for(2 * MS))
    assert (found.measured_hz, found.error_ppm, found.note) == (50_000_000, 0, "")
    pc.write(LAPIC + INIT_COUNT, 3_000_000_000)
    unseen = pc.counter("lapic0 CUR_COUNT", pc.run_for(2 * MS))
    assert (unseen.measured_hz, unseen.note) == (None, "counts down")
    pc.run_for(WINDOW_NS)
    pc.look()
    pc.run_for(WINDOW_NS)
    pc.look()
    pc.write(LAPIC + INIT_COUNT, 2_000_000_000)
    again = pc.counter("lapic0 CUR_COUNT", pc.run_for(2 * MS))
    assert (again.measured_hz, again.error_ppm) == (50_000_000, 0), "as of the last look"


def test_a_timer_that_deep_idle_stops_says_so():
    without = Pc(load_board("x86").with_features("-arat"))
    without.write(LAPIC + INIT_COUNT, 1_000_000_000)
    found = without.counter("lapic0 CUR_COUNT", without.run_for(S))
    assert (found.measured_hz, found.note) == (0, "stands still: deep idle")
    assert without.counter("core 0 TSC").note == ""


@pytest.mark.parametrize("board", ["rpi4", "x86"])
def test_a_first_look_after_a_long_run_knows_the_rates_already(board):
    session = open_session(board, "timer-callbacks")
    session.run_until(3 * S)
    counters = session.view().counters
    assert counters
    for item in counters:
        if item.name != "CUR_COUNT":
            assert (item.error_ppm, item.note) == (0, "")


@pytest.mark.parametrize(
    ("board", "names"),
    [
        ("rpi3", {"timer CNTPCT_EL0", "timer CNTVCT_EL0", "system-timer CLO"}),
        ("rpi4", {"timer CNTPCT_EL0", "timer CNTVCT_EL0", "system-timer CLO"}),
    ],
)
def test_the_counters_of_the_pis(board, names):
    session = open_session(board, "timer-callbacks")
    session.boot()
    session.view()
    session.run_until(session.machine.now + 3 * S)
    view = session.view()
    assert {f"{item.device} {item.name}" for item in view.counters} == names
    assert all((item.error_ppm, item.note) == (0, "") for item in view.counters)
    assert (view.local_apics, view.io_apics, view.pics, view.firmware) == ((), (), (), ())
    assert view.rtc is None
    assert view.wall_clock is None


def test_going_back_and_a_restart_measure_what_was_measured_there(pc):
    pc.view()
    moment = pc.session.here
    pc.run_for(S)
    assert pc.counter("core 0 TSC").note == ""
    pc.session.go_to(moment)
    pc.machine = pc.session.machine
    assert pc.counter("core 0 TSC").note == "not yet measured"
    pc.run_for(S)
    assert pc.counter("core 0 TSC").note == ""
    pc.session.restart()
    pc.session.boot()
    assert pc.counter("core 0 TSC").note == "not yet measured"


def rates(*looks, hz=1_000_000, bits=32):
    """What a meter says after looks at (time in ns, value)."""
    meter = RateMeter()
    return [looked(meter, at, CounterReading("d", "C", value, hz, bits)) for at, value in looks]


def looked(meter, at, counter):
    """The rate at a moment, at which a look is taken too."""
    (found,) = meter.measure(at, [counter])
    meter.look(at, [counter])
    assert meter.due_ns == at + min(max(at, COUNT_DOWN_NS), WINDOW_NS)
    return found


def test_a_counter_that_runs_fast_or_slow_has_an_error():
    assert rates((0, 0), (S, 1_000_100))[-1] == Rate(1_000_100, 100, "")
    assert rates((0, 0), (S, 999_500))[-1] == Rate(999_500, -500, "")


def test_one_tick_is_no_error_two_are():
    assert rates((0, 5), (S, 5 + 1_000_001))[-1].error_ppm == 0
    assert rates((0, 5), (S, 5 + 999_999))[-1].error_ppm == 0
    assert rates((0, 5), (S, 5 + 1_000_002))[-1].error_ppm == 2


def test_looks_less_than_the_window_apart_are_no_measure():
    close, enough = rates((0, 0), (WINDOW_NS - 1, 0), (WINDOW_NS, 100_000))[1:]
    assert close.note == "not yet measured"
    assert (enough.hz, enough.note) == (1_000_000, "")


def test_a_rate_stays_until_there_is_a_newer_one():
    found = rates((0, 0), (S, 1_000_100), (S + 1, 1_000_100), (2 * S, 2_000_100))
    assert [rate.error_ppm for rate in found] == [None, 100, 100, 0]


def test_what_counts_down_has_no_rate_where_it_was_loaded_between():
    meter = RateMeter()
    looks = [(0, 5000), (S // 100, 4000), (S // 50, 2000), (S // 25, 4000), (S // 20, 3990)]
    said = [looked(meter, at, CounterReading("d", "C", v, 100_000, None)) for at, v in looks]
    assert [rate.hz for rate in said] == [None, 100_000, 100_000, 100_000, 100_000]
    meter = RateMeter()
    fits = [looked(meter, at, CounterReading("d", "P", 77, 100_000, None)) for at in (0, S, 2 * S)]
    assert {(rate.hz, rate.note) for rate in fits} == {(None, "counts down")}


def test_only_looks_are_remembered_and_a_measure_is_none():
    meter = RateMeter()
    for at in (0, S // 2, S):
        meter.measure(at, [CounterReading("d", "C", at // 1000, 1_000_000, 32)])
    assert meter.due_ns == 0
    (found,) = meter.measure(2 * S, [CounterReading("d", "C", 2_000_000, 1_000_000, 32)])
    assert found.note == "not yet measured"


def test_a_meter_says_the_same_again_where_it_is_taken_back_to():
    meter = RateMeter()
    counters = [CounterReading("d", "C", n * 1_000_100, 1_000_000, 32) for n in range(4)]
    states, said = [], []
    for at, counter in enumerate(counters):
        states.append((meter.save(), meter.due_ns))
        said.append(looked(meter, at * S, counter))
    for at in (2, 0, 3, 1):
        meter.load(states[at][0])
        assert meter.due_ns == states[at][1]
        assert meter.measure(at * S, [counters[at]]) == [said[at]]
    assert [rate.error_ppm for rate in said] == [None, 100, 100, 100]


def test_a_counter_that_comes_round_is_measured():
    assert rates((0, 0xFFF0_0000), (S, (0xFFF0_0000 + 1_000_000) % (1 << 32)))[-1].error_ppm == 0


def test_a_counter_that_may_have_come_round_twice_is_not():
    assert rates((0, 0), (2 * S, 1), hz=10_000_000, bits=24)[-1].note == "came round unseen"
    assert rates((0, 0), (S, 10_000_000), hz=10_000_000, bits=24)[-1].note == "came round unseen"
    assert rates((0, 0), (S // 2, 5_000_000), hz=10_000_000, bits=24)[-1].error_ppm == 0


def test_a_counter_that_was_set_has_no_rate():
    assert rates((0, 5_000_000), (S, 0))[-1].note == "was set"
    assert rates((0, 7), (S, 7))[-1] == Rate(0, None, "stands still")


# -- time of day -----------------------------------------------------------------------------------


def test_the_rtc_as_a_date(pc):
    found = pc.view().rtc
    assert (found.date, found.is_bcd, found.is_24h) == ("2026-01-01 12:00:00", True, True)
    assert found.raw == (0x00, 0x00, 0x12, 0x05, 0x01, 0x01, 0x26, 0x20)
    assert not found.updating
    assert pc.run_for(3 * S).rtc.date == "2026-01-01 12:00:02"


def test_the_rtc_says_that_it_is_updating(pc):
    pc.session.run_until(S - 100_000)
    assert pc.session.view().rtc.updating
    pc.session.run_until(S + 10 * MS)
    assert not pc.session.view().rtc.updating


def test_the_rtc_in_binary_with_twelve_hours_and_held(pc):
    pc.cmos(0x0B, 0x84)
    for index, value in ((0, 59), (2, 58), (4, 0x8B), (7, 31), (8, 12), (9, 99), (0x32, 19)):
        pc.cmos(index, value)
    found = pc.run_for(5 * S).rtc
    assert (found.date, found.held) == ("1999-12-31 23:58:59", True)
    assert (found.is_bcd, found.is_24h) == (False, False)


def test_the_wall_clock_is_the_kernels(pc):
    assert pc.view().wall_clock is None
    pc.session.kernel.of_day = (134_117_640_000_000_000, 7, "2026-01-01 12:00:00.000", None)
    found = pc.view().wall_clock
    assert (found.xt, found.unix_ns) == (134_117_640_000_000_000, 7)
    assert (found.text, found.drift_ns) == ("2026-01-01 12:00:00.000", None)


# -- ACPI tables -----------------------------------------------------------------------------------


def with_firmware(**changes):
    board = load_board("x86")
    return board._with(firmware=msgspec.structs.replace(board.spec.firmware, **changes))


class Peeking:
    """The kernel's parser reads through this."""

    def __init__(self, memory):
        self.memory = memory

    def read(self, address, size=4):
        return self.memory.peek(address, size)


def test_every_table_is_found_and_sound(pc):
    tables = {item.signature: item for item in pc.view().firmware}
    assert list(tables) == ["RSDP", "XSDT", "FACP", "DSDT", "APIC", "HPET"]
    assert all(item.is_sound for item in tables.values())
    assert tables["RSDP"].address == 0xE_0000


def test_the_tables_say_what_the_kernel_reads_in_them(pc):
    found = kernel_acpi.find_tables(Peeking(pc.machine.memory))
    said = {item.signature: item.lines for item in pc.view().firmware}
    assert said["RSDP"][-1].endswith(f"XSDT at {pc.view().firmware[1].address:#x}")
    assert (
        said["APIC"][0] == f"local APICs at {found.madt.local_apic_address:#x}; a pair of 8259s too"
    )
    for chip in found.madt.io_apics:
        line = f"I/O APIC {chip.id} at {chip.address:#x}, GSIs from {chip.gsi_base}"
        assert line in said["APIC"]
    for core in found.madt.processors:
        assert f"core {core.uid}: local APIC {core.apic_id}" in said["APIC"]
    assert "ISA IRQ 0 is GSI 2; polarity and trigger are those of its bus" in said["APIC"]
    assert "ISA IRQ 9 is GSI 9; active high, level" in said["APIC"]
    assert "NMI at LINT1 of every core; polarity and trigger are those of its bus" in said["APIC"]
    assert f"SCI is ISA interrupt {found.fadt.sci_interrupt}" in said["FACP"]
    assert f"PM timer of 24 bits at port {found.fadt.pm_timer_port:#x}" in said["FACP"]
    assert f"RTC: a CMOS clock, century at index {found.fadt.century_index:#x}" in said["FACP"]
    timers = f"{found.hpet.comparators} timers at {found.hpet.address:#x}, counter of 64 bits"
    assert said["HPET"][0] == timers
    assert str(found.hpet.minimum_tick_ticks) in said["HPET"][1]


@pytest.mark.parametrize("signature", ["RSDP", "XSDT", "FACP", "APIC", "HPET", "DSDT"])
def test_a_wrong_checksum_is_a_line_and_the_rest_is_shown(signature):
    broken = Pc(with_firmware(bad_checksums=[signature]))
    tables = {item.signature: item for item in broken.view().firmware}
    assert [name for name, item in tables.items() if not item.is_sound] == [signature]
    assert "wrong checksum" in tables[signature].lines[0]
    assert len(tables) == 6
    whole = {item.signature: item for item in Pc().view().firmware}
    assert tables[signature].lines[1:] == whole[signature].lines


def rom(data, base=0xE_0000):
    memory = AddressSpace("memory")
    made = Rom(0x2_0000)
    made.load(base - 0xE_0000, data)
    memory.attach(0xE_0000, 0x2_0000, "bios", made)
    return memory


def image(pc):
    """The firmware's bytes."""
    return bytearray(pc.machine.memory.peek(0xE_0000 + at, 1) for at in range(0x400))


def test_broken_tables_end_in_lines_too(pc):
    tables = {item.signature: item for item in pc.view().firmware}
    at = {name: item.address - 0xE_0000 for name, item in tables.items()}
    data = image(pc)
    data[at["HPET"] + 4 : at["HPET"] + 8] = (7).to_bytes(4, "little")
    data[at["APIC"] + 45] = 0
    data[at["FACP"] + 4 : at["FACP"] + 8] = (40).to_bytes(4, "little")
    found = {item.signature: item for item in firmware_views(rom(data))}
    assert "wrong length: 7 bytes" in found["HPET"].lines[0]
    assert "broken: entry of 0 bytes" in found["APIC"].lines[-1]
    assert "too short" in found["FACP"].lines[-1]
    assert not any(found[name].is_sound for name in ("HPET", "APIC", "FACP"))


def test_a_root_pointer_into_nothing_is_shown_as_that(pc):
    data = image(pc)
    data[24:32] = (0xFFFF_0000_0000).to_bytes(8, "little")
    rsdp, xsdt = firmware_views(rom(data))
    assert not rsdp.is_sound
    assert (xsdt.address, xsdt.is_sound) == (0xFFFF_0000_0000, False)


def test_the_root_pointer_may_lie_anywhere_in_the_bios_area():
    found = Pc(with_firmware(base=0xF_1230)).view().firmware
    assert found[0].address == 0xF_1230
    assert len(found) == 6


def test_no_tables_without_a_rom():
    memory = AddressSpace("memory")
    assert firmware_views(memory) == ()
    memory.attach(0, 1 << 20, "ram", Memory(1 << 20))
    memory.write(0xE_0000, int.from_bytes(b"RSD PTR ", "little"), 8)
    assert firmware_views(memory) == ()
    assert firmware_views(rom(b"")) == ()


# -- looking ---------------------------------------------------------------------------------------


def test_looking_changes_nothing(pc):
    pc.write(LAPIC + ICR, 1 << 18 | 0x51)
    pc.write(LAPIC + INIT_COUNT, 10_000)
    pc.redirect(9, 0x8000 | 0x49)
    pc.run_for(S)
    before = pc.session.machine.save()
    for _ in range(3):
        pc.view()
    assert pc.session.machine.save() == before


def test_the_view_of_a_pc_is_json(pc):
    pc.write(LAPIC + ICR, 1 << 18 | 0xFE)
    view = pc.run_for(S)
    assert view.local_apics[0].irr == 1 << 0xFE
    assert read_back(view) == view
