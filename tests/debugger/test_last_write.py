"""Who wrote it last: stores by all faces of a register, exceptions, and nobody."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moments import spot

from kerneltui.debugger import history as history_module
from kerneltui.debugger.ear import By
from kerneltui.debugger.last_write import find_last_write, last_write
from kerneltui.debugger.session import Session
from kerneltui.debugger.setup import Setup
from kerneltui.debugger.watch import FREE, NEXT_INTERRUPT
from kerneltui.kernel.arch import aarch64
from kerneltui.kernel.drivers import gicv2, io_apic
from kerneltui.machine.aarch64_registers import AARCH64
from kerneltui.machine.board import load_board
from kerneltui.scenarios.scenario import open_session

MS = 1_000_000
EVERY_BIT = -1


def writer(session, owner, window, name, mask, cpu=0):
    return last_write(session.history, owner, spot(session, owner, window, name, mask, cpu))


def code_at(found):
    """The source line that it names."""
    return Path(found.file).read_text().splitlines()[found.line - 1].strip()


@pytest.fixture(scope="module")
def sessions():
    """By board and scenario: 300 ms after power-on."""
    made: dict[tuple[str, str], Session] = {}

    def get(board, scenario="timer-callbacks"):
        if (board, scenario) not in made:
            session = made[board, scenario] = open_session(board, scenario)
            session.boot()
            session.run_until(300 * MS)
        made[board, scenario].go_to_end()
        return made[board, scenario]

    yield get
    for session in made.values():
        session.close()


# -- what the kernels of the boards have done ------------------------------------------------------


def test_the_priority_mask_was_opened_at_boot(sessions):
    found = writer(sessions("rpi4"), "gic", "GICC", "GICC_PMR", 0xF0)
    assert (found.by, found.function, found.core) == (By.CODE, "Gicv2.init_core", 0)
    assert found.file == gicv2.__file__
    assert code_at(found) == "self._cpu.write(self._gicc + GICC_PMR, self.PRIORITY_MASK)"
    assert (found.register, found.value, found.caller) == ("GICC_PMR", 0xFF, None)
    assert not found.changed_since


def test_the_trace_tells_the_same_step_and_time():
    session = open_session("rpi4", "timer-callbacks")
    session.boot()
    found = writer(session, "gic", "GICC", "GICC_PMR", 0xF0)
    stores = [event for event in session.recorder.events if event[3:5] == ("str", 0xFF84_2004)]
    assert [(found.step, found.t_ns, found.core, found.value)] == [
        (step, now, core, value) for step, now, core, _, _, value, _ in stores
    ]
    session.close()


def test_ones_count_in_the_face_that_sets(sessions):
    session = sessions("rpi4")
    found = writer(session, "gic", "GICD", "GICD_ISENABLER0", 1 << 30)
    assert (found.function, found.register, found.value) == (
        "Gicv2.enable", "GICD_ISENABLER0", 1 << 30,
    )  # fmt: skip
    # The same state, asked for by its other face.
    assert writer(session, "gic", "GICD", "GICD_ICENABLER0", 1 << 30) == found
    # Its neighbour, in the same register, was zero in that store.
    assert writer(session, "gic", "GICD", "GICD_ISENABLER0", 1 << 29).by is By.RESET


def test_a_banked_register_is_each_cores_own(sessions):
    session = sessions("rpi4", "ipi")
    for core in range(4):
        found = writer(session, "gic", "GICC", "GICC_PMR", 0xF0, core)
        assert (found.core, found.function) == (core, "Gicv2.init_core")
    alone = sessions("rpi4")
    for core in (1, 2, 3):
        assert writer(alone, "gic", "GICC", "GICC_PMR", 0xF0, core).by is By.RESET


def test_the_timers_mask_is_written_with_each_timeout(sessions):
    for board in ("rpi3", "rpi4"):
        found = writer(sessions(board), "timer", "GENERIC_TIMER", "CNTP_CTL_EL0", 2)
        assert found.by is By.CODE
        assert found.function == "ArchTimer._switch_on"
        assert found.caller.function == "ArchTimer.set_timeout_irq"
        assert found.t_ns > 1 * MS


def test_the_chip_of_the_pi_3(sessions):
    session = sessions("rpi3")
    found = writer(session, "local-ic", "BCM2836_LOCAL", "CORE0_TIMER_INTERRUPT_CONTROL", 1 << 1)
    assert found.function == "BcmInterruptController.enable"
    found = writer(session, "ic", "BCM2835_IC", "DISABLE_IRQS_2", 1 << 25)
    assert (found.function, found.register) == ("BcmInterruptController.enable", "ENABLE_IRQS_2")
    assert writer(session, "ic", "BCM2835_IC", "ENABLE_IRQS_1", 1 << 3).by is By.RESET


def test_a_register_behind_a_window(sessions):
    session = sessions("x86")
    found = writer(session, "ioapic0", "IO_APIC_INDIRECT", "IOREDTBL4_LOW", 1 << 16)
    assert (found.register, found.function, found.file) == (
        "IOREDTBL4_LOW", "IoApicDriver._write", io_apic.__file__,
    )  # fmt: skip
    assert found.caller is not None
    assert found.caller.function == "IoApicDriver.unmask"
    found = writer(session, "ioapic0", "IO_APIC_INDIRECT", "IOREDTBL5_LOW", 1 << 16)
    assert found.caller.function == "IoApicDriver.mask"
    assert found.value & 1 << 16


def test_the_8259s_mask_is_a_face_of_ocw1(sessions):
    for window in ("I8259_MASTER", "I8259_SLAVE"):
        found = writer(sessions("x86"), "pic", window, "IMR", 1)
        assert (found.function, found.register, found.value) == (
            "I8259Driver.mask_all", "OCW1", 0xFF,
        )  # fmt: skip


def test_the_local_vector_table(sessions):
    session = sessions("x86")
    found = writer(session, "lapic", "LOCAL_APIC", "LVT_TIMER", 1 << 16)
    assert found.function == "ApicTimerDriver._set_lvt"
    # Software enable does not mask it; nothing else ever wrote it.
    assert writer(session, "lapic", "LOCAL_APIC", "LVT_THERMAL", 1 << 16).by is By.RESET


def test_what_shares_its_port_with_the_divisor(sessions):
    session = sessions("x86")
    enables = writer(session, "uart0", "NS16550", "IER", 1)
    divisor = writer(session, "uart0", "NS16550", "DLM", 1)
    assert enables.register == "IER"
    assert divisor.register == "DLM"
    assert divisor.step < enables.step


def test_hardware_alone_changes_it(sessions):
    assert writer(sessions("rpi4"), "core 0", "", "ISR_EL1", 1 << 7).by is By.HARDWARE
    assert writer(sessions("x86"), "lapic", "LOCAL_APIC", "IRR0", 1).by is By.HARDWARE


# -- a core's own registers ------------------------------------------------------------------------


def at_an_interrupt(session):
    session.go_to_end()
    session.advance(NEXT_INTERRUPT)
    return session


@pytest.mark.parametrize(
    ("board", "name", "bit", "kind"),
    [("rpi3", "DAIF", 7, "irq"), ("rpi4", "DAIF", 7, "irq"), ("x86", "RFLAGS", 9, "intr")],
)
def test_the_entry_of_an_exception_masks(sessions, board, name, bit, kind):
    session = at_an_interrupt(sessions(board))
    found = writer(session, "core 0", "", name, 1 << bit)
    assert (found.by, found.instruction, found.core) == (By.EXCEPTION, kind, 0)
    assert found.step == session.core.retired - 1
    *_, event = (event for event in session.recorder.events if event[3] == kind)
    assert found.vector == event[4]
    assert found.t_ns == event[1]


def test_the_vector_table_was_installed_at_boot(sessions):
    found = writer(sessions("rpi4"), "core 0", "", "VBAR_EL1", EVERY_BIT)
    assert (found.function, found.file) == ("Vectors.install", aarch64.__file__)
    found = writer(sessions("x86"), "core 0", "", "IDTR_BASE", EVERY_BIT)
    assert (found.function, found.instruction) == ("Vectors.install", "lidt")


# -- programs --------------------------------------------------------------------------------------


class Program:
    """Does one deed after the other, with a moment of computing between, and notes when."""

    deeds: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def __init__(self, cpu):
        self.cpu = cpu
        self.done = 0
        self.notes: list[tuple[int, int]] = []
        """the deed's number and the instruction of its last store"""

    def boot(self):
        pass

    def idle(self):
        while self.done < len(self.deeds):
            self.cpu.run_task(100)
            kind, arguments = self.deeds[self.done]
            getattr(self, kind)(*arguments)
            self.notes.append((self.done, self.cpu.retired - 1))
            self.done += 1
        while True:
            self.cpu.wait_for_interrupt()


GICD, GICC = 0xFF84_1000, 0xFF84_2000
TIMER = 0xDF00
ENCODINGS = {register.stem: register.offset for register in AARCH64.registers}


class Arm(Program):
    """Stores to faces, lanes and views of the Pi 4's registers."""

    def targets(self, place, value, size):
        self.cpu.write(GICD + 0x820 + place, value, size)

    def enable(self, bits):
        self.cpu.write(GICD + 0x104, bits)

    def disable(self, bits):
        self.cpu.write(GICD + 0x184, bits)

    def priority_mask(self, value):
        self.cpu.write(GICC + 4, value)

    def timer(self, op2, value):
        self.cpu.write_sysreg(3 << 14 | 3 << 11 | 14 << 7 | 2 << 3 | op2, value)

    def daifset(self, bits):
        self.cpu.mask(bits)

    def daifclr(self, bits):
        self.cpu.unmask(bits)

    def daif(self, value):
        self.cpu.write_sysreg(ENCODINGS["DAIF"], value)


def small(most):
    return st.integers(0, most)


ARM_DEEDS = st.one_of(
    *(
        st.tuples(
            st.just("targets"),
            st.tuples(st.sampled_from(range(0, 8, size)), small(256**size - 1), st.just(size)),
        )
        for size in (1, 2, 4, 8)
    ),
    *(st.tuples(st.just(kind), st.tuples(small(7))) for kind in ("enable", "disable")),
    st.tuples(st.just("priority_mask"), st.tuples(small(255))),
    st.tuples(st.just("timer"), st.tuples(small(2), small(3))),
    *(st.tuples(st.just(kind), st.tuples(small(15))) for kind in ("daifset", "daifclr")),
    st.tuples(st.just("daif"), st.tuples(st.sampled_from([0, 0x80, 0x3C0]))),
)

ARM_SPOTS = {
    # What is asked for, and whether a deed writes it.
    ("gic", "GICD", "GICD_ITARGETSR8", 0xFF): lambda kind, at: kind == "targets" and at[0] < 1,
    ("gic", "GICD", "GICD_ITARGETSR8", 0xFF0000): (
        lambda kind, at: kind == "targets" and at[0] <= 2 < at[0] + at[2]
    ),
    ("gic", "GICD", "GICD_ITARGETSR9", 0xFF00): (
        lambda kind, at: kind == "targets" and at[0] <= 5 < at[0] + at[2]
    ),
    ("gic", "GICD", "GICD_ISENABLER1", 2): (
        lambda kind, at: kind in {"enable", "disable"} and at[0] & 2
    ),
    ("gic", "GICC", "GICC_PMR", 0xF0): lambda kind, at: kind == "priority_mask",
    ("timer", "GENERIC_TIMER", "CNTP_CTL_EL0", 2): lambda kind, at: kind == "timer" and at[0] == 1,
    ("timer", "GENERIC_TIMER", "CNTP_CVAL_EL0", EVERY_BIT): (
        lambda kind, at: kind == "timer" and at[0] in {0, 2}
    ),
    ("core 0", "", "DAIF", 0x80): (
        lambda kind, at: kind == "daif" or (kind in {"daifset", "daifclr"} and at[0] & 2)
    ),
}


class Pc(Program):
    """Stores to windows, overlays and the local APIC of the PC."""

    def select(self, index):
        self.cpu.write(0xFEC0_0000, index)

    def data(self, value):
        self.cpu.write(0xFEC0_0010, value)

    def port(self, port, value, size):
        self.cpu.write_port(port, value, size)

    def spurious(self, value):
        self.cpu.write(0xFEE0_00F0, value)

    def thermal(self, value):
        self.cpu.write(0xFEE0_0330, value)

    def timer_entry(self, value):
        self.cpu.write(0xFEE0_0320, value)

    def command(self, value):
        self.cpu.write(0xFEE0_0300, value)

    def destination(self, value):
        self.cpu.write(0xFEE0_0310, value)

    def deadline(self, value):
        self.cpu.write_msr(0x6E0, value)

    def apic_base(self, value):
        self.cpu.write_msr(0x1B, value)

    def cli(self):
        self.cpu.cli()

    def sti(self):
        self.cpu.sti()

    def popf(self, value):
        self.cpu.write_flags(value)


MASKED = 1 << 16
TO_DEADLINE = 2 << 17
INIT, OTHERS, IS_LEVEL = 0x4500, 3 << 18, 1 << 15
ON, OFF = 0xFEE0_0800, 0xFEE0_0000
PC_DEEDS = st.one_of(
    st.tuples(st.just("select"), st.tuples(st.sampled_from([0x10, 0x11, 0x12]))),
    st.tuples(st.just("data"), st.tuples(small(255).map(lambda value: MASKED | value))),
    # ICW1 and what follows it, OCW3, and what port 21h is then; a store of both ports at once.
    st.tuples(
        st.just("port"),
        st.tuples(st.just(0x20), st.sampled_from([0x10, 0x11, 0x12, 0x13, 0x0B]), st.just(1)),
    ),
    st.tuples(st.just("port"), st.tuples(st.just(0x21), st.just(0xFF), st.just(1))),
    st.tuples(st.just("port"), st.tuples(st.just(0x20), st.just(0xFF0B), st.just(2))),
    # LCR with and without DLAB; IER or DLM.
    st.tuples(
        st.just("port"), st.tuples(st.just(0x3FB), st.sampled_from([0x03, 0x83]), st.just(1))
    ),
    st.tuples(st.just("port"), st.tuples(st.just(0x3F9), st.just(0), st.just(1))),
    st.tuples(st.just("spurious"), st.tuples(st.sampled_from([0xFF, 0x1FF]))),
    st.tuples(st.just("thermal"), st.tuples(st.sampled_from([0x40, MASKED | 0x40]))),
    # A change of the timer's mode clears the deadline; counter 0 or 1, and what restarts it.
    st.tuples(st.just("timer_entry"), st.tuples(st.sampled_from([MASKED, MASKED | TO_DEADLINE]))),
    st.tuples(st.just("deadline"), st.tuples(st.sampled_from([0, 1 << 60]))),
    st.tuples(
        st.just("port"), st.tuples(st.just(0x43), st.sampled_from([0x30, 0x74, 0x40]), st.just(1))
    ),
    st.tuples(st.just("port"), st.tuples(st.sampled_from([0x40, 0x41]), small(3), st.just(1))),
    # INIT messages: sent, taken back (which does nothing), to all others; and the APIC off and on.
    st.tuples(
        st.just("command"),
        st.tuples(st.sampled_from([INIT, INIT & ~0x4000 | IS_LEVEL, INIT | OTHERS])),
    ),
    st.tuples(st.just("destination"), st.tuples(st.sampled_from([1 << 24, 2 << 24]))),
    st.tuples(st.just("apic_base"), st.tuples(st.sampled_from([ON, OFF]))),
    *(st.tuples(st.just(kind), st.just(())) for kind in ("cli", "sti")),
    st.tuples(st.just("popf"), st.tuples(st.sampled_from([0, 0x200]))),
)


class Reference:
    """The naive one: carries out the deeds one by one and notes who wrote what last."""

    def __init__(self, deeds):
        self.last = {}
        self.number = 0
        self.index, self.dlab = 0, False
        self.is_there = True
        self.reset_apic()
        self.last.clear()
        self.rest: list[str] = []
        """the initialization command words that are still to come at port 21h"""
        for self.number, (kind, arguments) in enumerate(deeds):
            getattr(self, kind)(*arguments)

    def wrote(self, name):
        self.last[name] = self.number

    def select(self, index):
        self.index = index

    def data(self, value):
        if self.index in {0x10, 0x12}:
            self.wrote("IOREDTBL0_LOW" if self.index == 0x10 else "IOREDTBL1_LOW")

    def reset_apic(self):
        self.enabled, self.masked = False, True
        self.mode = self.armed = self.whom = 0
        self.wrote("LVT_THERMAL")
        self.wrote("IA32_TSC_DEADLINE")
        self.wrote("ICR_HIGH")

    def apic_base(self, value):
        if value == OFF or not self.is_there:
            self.reset_apic()
        self.is_there = value == ON

    def deadline(self, value):
        if self.mode:
            self.armed = value
        self.wrote("IA32_TSC_DEADLINE")

    def timer_entry(self, value):
        if not self.is_there:
            return
        mode = value & TO_DEADLINE
        if mode != self.mode and self.armed:
            self.armed = 0
            self.wrote("IA32_TSC_DEADLINE")
        self.mode = mode

    def destination(self, value):
        if self.is_there:
            self.whom = value
            self.wrote("ICR_HIGH")

    def command(self, value):
        if self.is_there and not value & IS_LEVEL and (value & OTHERS or self.whom == 1 << 24):
            self.wrote("LVT_THERMAL of core 1")
            self.wrote("RFLAGS of core 1")

    def thermal(self, value):
        if not self.is_there:
            return
        self.masked = value >= MASKED or not self.enabled
        self.wrote("LVT_THERMAL")

    def spurious(self, value):
        if not self.is_there:
            return
        self.enabled = value == 0x1FF
        if not self.enabled and not self.masked:
            self.masked = True
            self.wrote("LVT_THERMAL")

    def port(self, port, value, size):
        for place in range(size):
            self.byte(port + place, value >> 8 * place & 0xFF)

    def byte(self, port, value):
        if port == 0x43:
            self.wrote(f"COUNTER{value >> 6}") if value & 0x30 else None
        elif port in {0x40, 0x41}:
            self.wrote(f"COUNTER{port - 0x40}")
        elif port == 0x3FB:
            self.dlab = value == 0x83
        elif port == 0x3F9:
            self.wrote("DLM" if self.dlab else "IER")
        elif port == 0x20 and value & 0x10:
            self.rest = ["ICW2", *["ICW3"] * (not value & 2), *["ICW4"] * (value & 1)]
            self.wrote("IMR")
        elif port == 0x21 and self.rest:
            self.rest.pop(0)
        elif port == 0x21:
            self.wrote("IMR")

    def cli(self):
        self.wrote("RFLAGS")

    def sti(self):
        self.wrote("RFLAGS")

    def popf(self, value):
        self.wrote("RFLAGS")


PC_SPOTS = {
    "IOREDTBL0_LOW": ("ioapic0", "IO_APIC_INDIRECT", "IOREDTBL0_LOW", MASKED),
    "IOREDTBL1_LOW": ("ioapic0", "IO_APIC_INDIRECT", "IOREDTBL1_LOW", MASKED),
    "IMR": ("pic", "I8259_MASTER", "IMR", 1),
    "IER": ("uart0", "NS16550", "IER", 1),
    "DLM": ("uart0", "NS16550", "DLM", 1),
    "LVT_THERMAL": ("lapic", "LOCAL_APIC", "LVT_THERMAL", MASKED),
    "RFLAGS": ("core 0", "", "RFLAGS", 1 << 9),
    "IA32_TSC_DEADLINE": ("lapic", "LOCAL_APIC_MSR", "IA32_TSC_DEADLINE", EVERY_BIT),
    "ICR_HIGH": ("lapic", "LOCAL_APIC", "ICR_HIGH", 0xFF << 24),
    "LVT_THERMAL of core 1": ("lapic", "LOCAL_APIC", "LVT_THERMAL", MASKED, 1),
    "RFLAGS of core 1": ("core 1", "", "RFLAGS", 1 << 9),
    "COUNTER0": ("pit", "I8254_PORTS", "COUNTER0", 0xFF),
    "COUNTER1": ("pit", "I8254_PORTS", "COUNTER1", 0xFF),
}


def ran(board, program, deeds, instructions):
    """A session of a program, with as many checkpoints as can be."""
    kernel = type("Doer", (program,), {"deeds": tuple(deeds)})
    session = Session(Setup(board=load_board(board), kernel=kernel))
    # The first checkpoint: in the midst of the first task, where no instruction begins.
    session.history.on = False
    session.run_until(20)
    session.history.on = True
    session.advance(FREE, instructions=instructions)
    return session


@pytest.fixture
def _checkpoints_everywhere(monkeypatch):
    monkeypatch.setattr(history_module, "EVERY", 3)
    monkeypatch.setattr(history_module, "SHARE", 0)


def both_moments(session, earlier):
    """The end, and an earlier instruction if there is one."""
    yield
    if session.go_to_instruction(earlier):
        yield


def stored(session):
    """Number of the deed -> its instruction; each deed is one, after one of computing."""
    assert dict(session.machine.program.notes).items() <= {n: 2 * n + 1 for n in range(99)}.items()
    return {number: 2 * number + 1 for number in range(session.machine.core.retired // 2)}


def check(session, place, step):
    """``step`` is the instruction that wrote there last, or None."""
    found = writer(session, *place)
    if step is None:
        assert found.by is By.RESET
        return
    assert (found.by, found.step, found.core) == (By.CODE, step, 0)
    kind = session.machine.program.deeds[step // 2][0]
    function = getattr(Pc, kind, None) or getattr(Arm, kind)
    assert found.function == function.__qualname__
    assert found.line == inspect.getsourcelines(function)[1] + 1


@pytest.mark.usefixtures("_checkpoints_everywhere")
@settings(max_examples=30)
@given(st.lists(ARM_DEEDS, min_size=1, max_size=24), small(60), small(60))
def test_programs_of_stores_on_the_pi_4(deeds, instructions, earlier):
    session = ran("rpi4", Arm, deeds, instructions)
    for _ in both_moments(session, earlier):
        done = stored(session)
        for place, writes in ARM_SPOTS.items():
            wrote = [number for number in done if writes(*deeds[number])]
            check(session, place, done[wrote[-1]] if wrote else None)
    session.close()


@pytest.mark.usefixtures("_checkpoints_everywhere")
@settings(max_examples=30)
@given(st.lists(PC_DEEDS, min_size=1, max_size=24), small(60), small(60))
def test_programs_of_stores_on_the_pc(deeds, instructions, earlier):
    session = ran("x86", Pc, deeds, instructions)
    for _ in both_moments(session, earlier):
        done = stored(session)
        expected = Reference(deeds[: len(done)]).last
        for name, place in PC_SPOTS.items():
            check(session, place, done[expected[name]] if name in expected else None)
    session.close()


@pytest.mark.usefixtures("_checkpoints_everywhere")
def test_the_search_leaves_out_what_did_not_access_it():
    deeds = [("priority_mask", (0xF0,)), *[("enable", (1,))] * 30]
    session = ran("rpi4", Arm, deeds, 61)
    loads = []
    scout = session.history.scout
    load = scout.load
    scout.load = lambda checkpoint: loads.append(checkpoint) or load(checkpoint)
    place = spot(session, "gic", "GICC", "GICC_PMR", 0xF0)
    search = find_last_write(session.history, "gic", place)
    told = 0
    while True:
        try:
            next(search)
        except StopIteration as end:
            found = end.value
            break
        told += 1
    assert found.step == 1
    assert told > 5
    assert len(loads) <= 2
    session.close()
