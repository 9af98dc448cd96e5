"""The PC as a whole: wires, messages, firmware; what a board can do without; the explained way."""

import functools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerneltui.configfile import available
from kerneltui.debugger.way import best_way, ways_to_core
from kerneltui.errors import UserError
from kerneltui.hw.rule import first_shut
from kerneltui.kernel.pc.acpi import find_tables
from kerneltui.machine.board import load_board
from kerneltui.machine.machine import Machine
from kerneltui.scenarios.scenario import open_session

X86 = available("boards")["x86"].read_text()
APIC, IO_APIC = 0xFEE0_0000, (0xFEC0_0000, 0xFEC0_1000)
ID, TPR, EOI, LDR, DFR, SVR, LINT0 = (
    APIC + it for it in (0x020, 0x080, 0x0B0, 0x0D0, 0x0E0, 0x0F0, 0x350)
)
EXTINT, MASKED, LEVEL = 7 << 8, 1 << 16, 1 << 15
IDT, VECTOR, PIC_VECTOR = 0x2_0000, 0x41, 0x30
IF = 1 << 9
board = functools.cache(load_board)


class Quiet:
    """A kernel that sleeps with interrupts let in, and notes what comes."""

    def __init__(self, cpu):
        self.cpu = cpu
        self.vectors = []

    def boot(self):
        for vector in range(32, 256):
            address = self.cpu.place_code(functools.partial(self.handler, vector))
            low = address & 0xFFFF | 0x8E00 << 32 | 8 << 16 | address >> 16 << 48
            self.cpu.memory.write(IDT + 16 * vector, low, 8)
        self.cpu.load_idt(IDT, 0xFFF)

    def idle(self):
        while True:
            self.cpu.wait_for_interrupt()

    def handler(self, vector):
        self.vectors.append(vector)
        self.cpu.cli()
        self.cpu.return_from_interrupt()


class Pc:
    """A machine at its first HLT; pokes are the debugger's, so they take no time."""

    def __init__(self, made=None):
        self.machine = Machine(made or board("x86"), Quiet)
        self.machine.run(idle=True)
        self.open(0)

    def open(self, core, flag=IF):
        self.machine.cores[core].regs.store("RFLAGS")[0] = flag | 2
        self.machine.cores[core].wakes_on = 3

    def write(self, address, value, cpu=0):
        self.machine.memory.write(address, value, 4, cpu)

    def port(self, number, *values):
        for value in values:
            self.machine.spaces["port"].write(number, value, 1)

    def entry(self, chip, pin, low, destination=0):
        for index, value in ((0x11 + 2 * pin, destination << 24), (0x10 + 2 * pin, low)):
            self.write(IO_APIC[chip], index)
            self.write(IO_APIC[chip] + 0x10, value)

    def enable_apic(self, cpu=0):
        self.write(SVR, 0x1FF, cpu)

    def init_pic(self, mask=0):
        self.port(0x20, 0x11)
        self.port(0x21, PIC_VECTOR, 4, 1, mask & 0xFF)
        self.port(0xA0, 0x11)
        self.port(0xA1, PIC_VECTOR + 8, 2, 1, mask >> 8)

    def start_pit(self, count=1_000):
        self.port(0x43, 0x34)
        self.port(0x40, count & 0xFF, count >> 8)

    def taken(self, ns=10_000_000):
        self.machine.run(interrupt=True, until=self.machine.now + ns)
        self.machine.run(instructions=2)
        return self.machine.program.vectors

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.machine.close()


# -- what is there ---------------------------------------------------------------------------------


def test_the_pc_has_valid_acpi_tables_in_rom_that_describe_it():
    with Pc() as pc:
        tables = find_tables(pc.machine.memory)
        madt, fadt, hpet = tables.madt, tables.fadt, tables.hpet
        assert (madt.local_apic_address, len(madt.io_apics)) == (APIC, 2)
        assert [(chip.address, chip.gsi_base) for chip in madt.io_apics] == [
            (IO_APIC[0], 0), (IO_APIC[1], 24),
        ]  # fmt: skip
        ids = [chip.id for chip in madt.io_apics]
        assert len({0, 1, *ids}) == 4, "APIC IDs are unique"
        assert fadt.pm_timer_port == 0x408
        assert hpet.address == 0xFED0_0000
        before = pc.machine.memory.read(0xE_0000, 8)
        pc.write(0xE_0000, 0)
        assert (
            pc.machine.memory.read(0xE_0000, 8) == before == int.from_bytes(b"RSD PTR ", "little")
        )


def test_a_processor_without_an_apic_finds_nothing_at_its_page():
    with Pc(board("x86").with_features("-apic")) as pc:
        for core in pc.machine.cores:
            assert core.memory.window_at(APIC) is None
            assert core.memory.window_at(IO_APIC[0]) is not None


def test_the_second_core_waits_to_be_started():
    with Pc() as pc:
        assert [str(core.state) for core in pc.machine.cores] == ["waiting", "off"]


# -- ways ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", [None, "hpet"])
def test_irq_0_of_the_pit_is_gsi_2(gone):
    with Pc(board("x86").without(gone) if gone else None) as pc:
        pc.enable_apic()
        pc.entry(0, 2, VECTOR)
        pc.start_pit()
        assert pc.taken() == [VECTOR]


@pytest.mark.parametrize("gone", [None, "hpet"])
@pytest.mark.parametrize("how", ["virtual wire", "globally off", "no feature"])
def test_irq_0_comes_through_the_pic_with_the_apic_off(gone, how):
    made = board("x86").without(gone) if gone else board("x86")
    made = made.with_features("-apic") if how == "no feature" else made
    with Pc(made) as pc:
        if how == "virtual wire":
            pc.enable_apic()
            pc.write(LINT0, EXTINT)
        elif how == "globally off":
            pc.machine.spaces["MSR"].write(0x1B, APIC, 8)
        pc.init_pic(mask=0xFFFE)
        pc.start_pit()
        assert pc.taken() == [PIC_VECTOR]
        assert first_shut(best_way(ways_to_core(pc.machine, "pic", 0)).gates).register in {
            "master ISR",
            "master IRR",
        }


def test_the_rtcs_interrupt_goes_through_the_slave():
    with Pc() as pc:
        pc.enable_apic()
        pc.write(LINT0, EXTINT)
        pc.init_pic(mask=0xFFFF & ~(1 << 8 | 1 << 2))
        pc.machine.devices["rtc"].outputs["irq"][0].set(True)
        assert pc.taken() == [PIC_VECTOR + 8]


def test_gsi_30_comes_through_the_second_io_apic():
    with Pc() as pc:
        pc.enable_apic()
        pc.entry(1, 30 - 24, VECTOR + 1)
        pc.write(0xFED0_0010, 1)
        pc.machine.memory.write(0xFED0_0108, 14_318, 8)
        pc.write(0xFED0_0100, 1 << 2 | 30 << 9)
        assert pc.taken() == [VECTOR + 1]


def test_irqs_reach_both_controllers():
    with Pc() as pc:
        pc.machine.devices["uart0"].outputs["irq"][0].set(True)
        assert pc.machine.wiring["uart0.irq"] == ["ioapic0 gsi 4", "pic irq 4"]
        for name in ("ioapic0", "pic"):
            states = pc.machine.controllers[name].interrupts(0)
            assert next(item for item in states if item.number == 4).line


def test_a_message_reaches_the_core_that_it_names():
    with Pc() as pc:
        pc.enable_apic(0)
        pc.enable_apic(1)
        pc.entry(0, 4, VECTOR, destination=1)
        pc.machine.devices["uart0"].outputs["irq"][0].set(True)
        assert [core.inputs for core in pc.machine.cores] == [0, 1]


# -- boards with changes ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ioapic0", "ioapic1", "pic", "pit", "hpet", "acpi", "rtc"])
def test_a_pc_without_a_device_is_wired_and_tells_so_in_its_tables(name):
    made = board("x86").without(name)
    assert name not in made.spec.devices
    assert name in board("x86").spec.devices
    with Pc(made) as pc:
        tables = find_tables(pc.machine.memory)
        assert (tables.hpet is None) == (name == "hpet")
        assert (tables.fadt is None) == (name == "acpi")
        assert len(tables.madt.io_apics) == (1 if name.startswith("ioapic") else 2)
        ends = [target for targets in pc.machine.wiring.values() for target in targets]
        assert not any(target.partition(" ")[0] == name for target in ends)
        assert ends


def test_io_apics_need_a_local_apic():
    with pytest.raises(UserError, match="'ioapic0' has no local APIC to send its messages to"):
        Machine(board("x86").without("lapic"), Quiet)


def test_a_machine_without_any_apic_still_has_its_other_devices():
    made = board("x86").without("ioapic0").without("ioapic1").without("lapic")
    with Pc(made) as pc:
        assert find_tables(pc.machine.memory).madt is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hepet", "no device 'hepet' on x86; did you mean 'hpet'"),
        ("", "no device ''"),
        ("uart0", "'uart0' is the console"),
    ],
)
def test_what_cannot_be_removed_is_said(name, said):
    with pytest.raises(ValueError, match=r".") as caught:
        board("x86").without(name)
    text = str(caught.value)
    assert all(part in text for part in said.split("; ")), text
    assert "\n" not in text


def test_features_are_added_and_removed():
    changed = board("x86").with_features("-arat,-invtsc,+arat")
    assert changed.spec.cpu.features == ["apic", "tsc-deadline", "arat"]
    assert "invtsc" in board("x86").spec.cpu.features
    assert board("x86").with_features("+arat").spec.cpu.features.count("arat") == 1
    machine = Machine(changed, Quiet)
    assert all(core.features == {"apic", "tsc-deadline", "arat"} for core in machine.cores)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("x86", "-aratt", "did you mean 'arat'"),
        ("x86", "arat", "must begin with + or -"),
        ("x86", "", "must begin with + or -"),
        ("x86", "-arat,", "must begin with + or -"),
        ("x86", "-", "no feature ''"),
        ("rpi4", "-arat", "rpi4 is no x86 board"),
    ],
)
def test_what_is_no_feature_is_said(name, changes, said):
    with pytest.raises(ValueError, match=r".") as caught:
        board(name).with_features(changes)
    assert said in str(caught.value)


WRONG = {
    "feature": ("invtsc]", "invtcs]", "unknown feature 'invtcs'; did you mean 'invtsc'"),
    "core pin": ("intr: cpu intr", "intr: cpu irq", "'cpu intr' and 'cpu nmi'"),
    "lint": ("lapic lint0", "lapic lint2", "lint0"),
    "gsi": ("ioapic1 gsi 30", "ioapic1 gsi 23", "'gsi' 24-47"),
    "cascade": ("pic irq 4]", "pic irq 2]", "cascade"),
    "firmware base": ("base: 0xE_0000\n  sci", "base: 0xF_FF00\n  sci", "no 'rom: true' memory at"),
    "sci": ("sci: 9", "sci: 16", "from 0 to 15"),
    "trigger": ("trigger: level", "trigger: leval", "leval"),
}


@pytest.mark.parametrize("case", WRONG)
def test_every_mistake_in_the_file_is_named_with_its_line(tmp_path, case):
    old, new, said = WRONG[case]
    assert X86.count(old) == 1
    path = tmp_path / "mine.yaml"
    path.write_text(X86.replace(old, new))
    line = X86[: X86.index(old)].count("\n") + 1
    with pytest.raises(UserError) as caught:
        Machine(load_board(str(path)), Quiet)
    place = re.match(rf"{re.escape(str(path))}:(\d+): ", str(caught.value))
    assert place, str(caught.value)
    assert said in str(caught.value)
    assert abs(int(place[1]) - line) <= 2


# -- the explanation is the behaviour --------------------------------------------------------------


def _device_line(pc, name, output):
    return pc.machine.devices[name].outputs[output][0]


IO_POKES = {
    "masked": lambda pc: pc.entry(0, 4, VECTOR | MASKED),
    "level": lambda pc: pc.entry(0, 4, VECTOR | LEVEL),
    "level, masked": lambda pc: pc.entry(0, 4, VECTOR | LEVEL | MASKED),
    "to core 1": lambda pc: pc.entry(0, 4, VECTOR, destination=1),
    "to nobody": lambda pc: pc.entry(0, 4, VECTOR, destination=7),
    "to everybody": lambda pc: pc.entry(0, 4, VECTOR, destination=0xFF),
    "logical to 0": lambda pc: pc.entry(0, 4, VECTOR | 1 << 11, destination=1),
    "logical to 1": lambda pc: pc.entry(0, 4, VECTOR | 1 << 11, destination=2),
    "lowest priority": lambda pc: pc.entry(0, 4, VECTOR | 1 << 8 | 1 << 11, destination=3),
    "no logical ID": lambda pc: pc.write(LDR, 0),
    "task priority equal": lambda pc: pc.write(TPR, VECTOR & 0xF0),
    "task priority below": lambda pc: pc.write(TPR, (VECTOR & 0xF0) - 0x10),
    "task priority of core 1": lambda pc: pc.write(TPR, 0xF0, 1),
    "software disabled": lambda pc: pc.write(SVR, 0xFF),
    "globally disabled": lambda pc: pc.machine.spaces["MSR"].write(0x1B, APIC, 8),
    "interrupts masked": lambda pc: pc.open(0, 0),
    "ID changed": lambda pc: pc.write(ID, 5 << 24),
}


@settings(max_examples=75)
@given(
    pokes=st.lists(st.sampled_from(sorted(IO_POKES)), max_size=4),
    level=st.sampled_from(["low", "high", "high before"]),
)
def test_a_gsi_is_taken_exactly_when_all_gates_are_open(pokes, level):
    with Pc() as pc:
        for cpu in (0, 1):
            pc.enable_apic(cpu)
            pc.write(LDR, 1 << 24 + cpu, cpu)
        pc.entry(0, 4, VECTOR)
        line = _device_line(pc, "uart0", "irq")
        if level == "high before":
            pc.entry(0, 4, VECTOR | LEVEL | MASKED)
            line.set(True)
            pc.entry(0, 4, VECTOR | LEVEL)
        for name in pokes:
            IO_POKES[name](pc)
        line.set(level != "low")
        gates = best_way(ways_to_core(pc.machine, "ioapic0", 4)).gates
        before = pc.machine.core.interrupts_taken
        pc.machine.run(interrupt=True, until=pc.machine.now + 1_000)
        arrived = pc.machine.core.interrupts_taken - before
        sent = [gate for gate in gates if gate.name != "last one ended"]
        assert (arrived == 1) == (first_shut(_without_sent(sent, pc)) is None), gates


def _without_sent(gates, pc):
    """What was sent before need no longer be let out: the way from the local APIC decides."""
    start = next(n for n, gate in enumerate(gates) if gate.name == "requested")
    if gates[start].open:
        return gates[start:]
    return gates


PIC_POKES = {
    "masked": lambda pc: pc.port(0x21, 0xFF),
    "other masked": lambda pc: pc.port(0x21, 0xEF),
    "all open": lambda pc: pc.port(0x21, 0),
    "LINT0 masked": lambda pc: pc.write(LINT0, EXTINT | MASKED),
    "LINT0 as NMI": lambda pc: pc.write(LINT0, 4 << 8),
    "LINT0 fixed": lambda pc: pc.write(LINT0, VECTOR),
    "LINT0 fixed level": lambda pc: pc.write(LINT0, VECTOR | LEVEL),
    "task priority": lambda pc: pc.write(TPR, 0xF0),
    "software disabled": lambda pc: pc.write(SVR, 0xFF),
    "globally disabled": lambda pc: pc.machine.spaces["MSR"].write(0x1B, APIC, 8),
    "interrupts masked": lambda pc: pc.open(0, 0),
}


@settings(max_examples=75)
@given(
    pokes=st.lists(st.sampled_from(sorted(PIC_POKES)), max_size=4),
    irq=st.sampled_from([4, 8]),
    level=st.booleans(),
)
def test_an_isa_interrupt_is_taken_exactly_when_all_gates_are_open(pokes, irq, level):
    with Pc() as pc:
        pc.enable_apic()
        pc.write(LINT0, EXTINT)
        pc.init_pic()
        for name in pokes:
            PIC_POKES[name](pc)
        line = _device_line(pc, *(("uart0", "irq") if irq == 4 else ("rtc", "irq")))
        line.set(level)
        gates = best_way(ways_to_core(pc.machine, "pic", irq)).gates
        seen = pc.machine.core.interrupts_taken
        pc.machine.run(interrupt=True, until=pc.machine.now + 1_000)
        taken = pc.machine.core.interrupts_taken - seen
        assert (taken == 1) == (first_shut(gates) is None), gates


def test_the_shut_gate_names_what_to_look_at():
    with Pc() as pc:
        pc.enable_apic()
        pc.entry(1, 6, VECTOR | MASKED)
        _device_line(pc, "hpet", "irq30").set(True)
        shut = first_shut(best_way(ways_to_core(pc.machine, "ioapic1", 30)).gates)
        assert (shut.name, shut.register) == ("let through", "IOREDTBL6_LOW")
        pc.entry(1, 6, VECTOR | LEVEL)
        pc.write(TPR, 0xF0)
        shut = first_shut(
            [
                it
                for it in best_way(ways_to_core(pc.machine, "ioapic1", 30)).gates
                if it.name != "last one ended"
            ]
        )
        assert (shut.name, shut.register) == ("passes the TPR", "TPR")


def test_an_entry_that_sends_no_vector_ends_at_a_shut_gate():
    with Pc() as pc:
        pc.enable_apic()
        pc.entry(0, 4, VECTOR | 4 << 8)
        _device_line(pc, "uart0", "irq").set(True)
        shut = first_shut(best_way(ways_to_core(pc.machine, "ioapic0", 4)).gates)
        assert (shut.name, shut.register) == ("as a vector", "IOREDTBL4_LOW")


@pytest.mark.parametrize("gsi", [-1, 24])
def test_an_io_apic_knows_its_own_gsis(gsi):
    with Pc() as pc, pytest.raises(ValueError, match="GSIs 0 to 23"):
        ways_to_core(pc.machine, "ioapic0", gsi)


# -- boards that cannot be ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "text"),
    [
        ("LOCAL_APIC: 0xFEE0_0000", "LOCAL_APIC: 0xFEE0_1000", True, "lie at 0xfee00000"),
        ("IO_APIC: 0xFEC0_1000", "IO_APIC: 0x1_FEC0_1000", False, "more than 32 bits"),
        ("gsi_base: 24", "gsi_base: 5_000_000_000", False, "more than 32 bits"),
        ("gsi_base: 24", "gsi_base: 12", True, "overlap those of 'ioapic0'"),
        ("NS16550: 0x3F8", "NS16550: 0x1_0000", True, "beyond the last port, 0xffff"),
        ("NS16550: 0x3F8", "NS16550: 0x1_0000", True, "beyond the last port"),
        ("- {isa: 0, gsi: 2}", "- {isa: 9, gsi: 2}", True, "ISA IRQ 9 has an override already"),
        ("bsp: x86", "bsp: rpi4", True, "does not run on 'intel,x86-64'"),
        ("timers: 3", "timers: 99", True, "timers must be 3 to 24"),
    ],
)
def test_a_board_that_cannot_be_gets_one_sentence_with_its_file(tmp_path, old, new, line, text):
    source = load_board("x86").file.path.read_text()
    assert old in source
    path = tmp_path / "pc.yaml"
    path.write_text(source.replace(old, new))
    with pytest.raises(UserError) as caught:
        open_session(str(path), "timer-callbacks")
    assert text in str(caught.value)
    assert str(path) in str(caught.value)
    if line:
        number = next(n for n, item in enumerate(path.read_text().split("\n"), 1) if new in item)
        told = int(str(caught.value).removeprefix(f"{path}:").partition(":")[0])
        assert abs(told - number) <= 2


def test_what_processor_and_local_apic_share_is_told_once():
    board = load_board("x86").with_features("-tsc-deadline")
    assert board.device_config("lapic").tsc_hz == board.spec.cpu.tsc_hz
    assert not board.device_config("lapic").tsc_deadline
    assert load_board("x86").device_config("lapic").tsc_deadline
