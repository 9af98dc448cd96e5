"""BCM2836 local interrupt controller: QA7 revision 3.4, sentence by sentence."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.devices.bcm.bcm2836_local_ic import Bcm2836LocalIc, Config
from kerneltui.hw.clock import Clock
from kerneltui.hw.rule import first_shut

CONTROL, PRESCALER, GPU_ROUTING, PMU_SET, PMU_CLEAR = 0x00, 0x08, 0x0C, 0x10, 0x14
TIMER_LS, TIMER_MS, LOCAL_ROUTING, AXI_IRQ = 0x1C, 0x20, 0x24, 0x30
LOCAL_TIMER, LOCAL_CLEAR = 0x34, 0x38
TIMER_CONTROL, MAILBOX_CONTROL, IRQ_SOURCE, FIQ_SOURCE = 0x40, 0x50, 0x60, 0x70
MAILBOX_SET, MAILBOX_CLEAR = 0x80, 0xC0
FLAG, INTERRUPT, ENABLE = 1 << 31, 1 << 29, 1 << 28
CLEAR, RELOAD = 1 << 31, 1 << 30
TIMER_PINS = ["cntpsirq", "cntpnsirq", "cnthpirq", "cntvirq"]
EDGE_NS = 10**9 / 38_400_000


@pytest.fixture
def ic():
    return Bcm2836LocalIc("local", Config(), Clock(), 4)


def levels(ic, output="irq"):
    return [int(line.level) for line in ic.outputs[output]]


def only(core):
    return [int(core == other) for other in range(4)]


def sources(ic, base=IRQ_SOURCE):
    return [ic.regs.read(base + 4 * core) for core in range(4)]


def advance(ic, ns):
    ic.clock.advance(ic.clock.now + ns)


@pytest.mark.parametrize("core", range(4))
@pytest.mark.parametrize("bit", range(4))
@pytest.mark.parametrize(
    ("fiq_bit", "irq_bit", "destination"),
    [(0, 0, None), (0, 1, "irq"), (1, 0, "fiq"), (1, 1, "fiq")],
)
def test_truth_table_of_core_related_interrupts(ic, core, bit, fiq_bit, irq_bit, destination):
    ic.input(TIMER_PINS[bit], cpu=core)(True)
    assert levels(ic) == levels(ic, "fiq") == [0] * 4
    ic.regs.write(TIMER_CONTROL + 4 * core, fiq_bit << (4 + bit) | irq_bit << bit)
    for output, base in (("irq", IRQ_SOURCE), ("fiq", FIQ_SOURCE)):
        hit = output == destination
        assert levels(ic, output) == (only(core) if hit else [0] * 4)
        assert sources(ic, base)[core] == (1 << bit if hit else 0)


@pytest.mark.parametrize("core", range(4))
@pytest.mark.parametrize("mailbox", range(4))
def test_a_mailbox_interrupts_its_core_as_long_as_it_is_not_zero(ic, core, mailbox):
    place = 0x10 * core + 4 * mailbox
    ic.regs.write(MAILBOX_SET + place, 0x8000_0001)
    assert levels(ic) == [0] * 4
    ic.regs.write(MAILBOX_CONTROL + 4 * core, 1 << mailbox)
    assert levels(ic) == only(core)
    assert sources(ic)[core] == 0x10 << mailbox
    ic.regs.write(MAILBOX_CLEAR + place, 1)
    assert levels(ic) == only(core)
    ic.regs.write(MAILBOX_CLEAR + place, 0x8000_0000)
    assert levels(ic) == [0] * 4


def test_write_set_and_write_clear_as_in_the_manuals_examples(ic):
    ic.regs.write(MAILBOX_SET, 0x3084_0008)
    ic.regs.write(MAILBOX_SET, 0xFC06_0014)
    assert ic.regs.read(MAILBOX_CLEAR) == 0xFC86_001C
    ic.regs.write(MAILBOX_CLEAR, 0xFFFF_FFFF)
    ic.regs.write(MAILBOX_SET, 0x3084_0008)
    ic.regs.write(MAILBOX_CLEAR, 0xFC06_0014)
    assert ic.regs.read(MAILBOX_CLEAR) == 0x0080_0008
    assert ic.regs.read(MAILBOX_SET) == 0, "write-set addresses are write only"


@pytest.mark.parametrize("core", range(4))
def test_gpu_irq_and_fiq_each_go_to_one_core(ic, core):
    other = (core + 1) % 4
    ic.input("gpu-irq")(True)
    ic.input("gpu-fiq")(True)
    assert (levels(ic), levels(ic, "fiq")) == (only(0), only(0))
    ic.regs.write(GPU_ROUTING, other << 2 | core)
    assert (levels(ic), levels(ic, "fiq")) == (only(core), only(other))
    assert sources(ic) == [0x100 * on for on in only(core)]
    assert sources(ic, FIQ_SOURCE) == [0x100 * on for on in only(other)]
    ic.input("gpu-irq")(False)
    assert (levels(ic), levels(ic, "fiq")) == ([0] * 4, only(other))


def test_pmu_routing_is_set_and_cleared_bit_by_bit(ic):
    for core in range(4):
        ic.input("pmu", cpu=core)(True)
    ic.regs.write(PMU_SET, 0x41)
    ic.regs.write(PMU_SET, 0x0C)
    assert ic.regs.read(PMU_SET) == ic.regs.read(PMU_CLEAR) == 0x4D
    assert (levels(ic), levels(ic, "fiq")) == ([1, 0, 0, 1], [0, 0, 1, 0])
    assert sources(ic) == [0x200, 0, 0, 0x200]
    ic.regs.write(PMU_CLEAR, 0x40)
    assert (levels(ic), levels(ic, "fiq")) == ([1, 0, 1, 1], [0] * 4)


def test_axi_interrupt_is_for_core_0_only(ic):
    ic.input("axi")(True)
    assert levels(ic) == [0] * 4
    ic.regs.write(AXI_IRQ, 1 << 20)
    assert sources(ic) == [0x400, 0, 0, 0]
    assert levels(ic) == only(0)


@pytest.mark.parametrize("code", range(8))
def test_local_timer_goes_where_the_routing_code_says(ic, code):
    ic.regs.write(LOCAL_ROUTING, code)
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 384)
    advance(ic, 9_999)
    assert levels(ic) == levels(ic, "fiq") == [0] * 4
    advance(ic, 1)
    hit, miss = ("fiq", "irq") if code & 4 else ("irq", "fiq")
    assert levels(ic, hit) == only(code & 3)
    assert levels(ic, miss) == [0] * 4
    base = FIQ_SOURCE if code & 4 else IRQ_SOURCE
    assert sources(ic, base)[code & 3] == 0x800


def test_local_timer_counts_both_edges_of_the_crystal_and_never_drifts(ic):
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 1000)
    for period in range(1, 50):
        due = -(-period * 1000 * 625 // 24)
        ic.clock.advance(due - 1)
        assert levels(ic) == [0] * 4
        ic.clock.advance(due)
        assert levels(ic) == only(0)
        ic.regs.write(LOCAL_CLEAR, CLEAR)
        assert levels(ic) == [0] * 4


def test_flag_is_set_at_each_reload_whatever_the_interrupt_enable_says(ic):
    ic.regs.write(LOCAL_TIMER, ENABLE | 384)
    advance(ic, 10_000)
    assert ic.regs.read(LOCAL_TIMER) == FLAG | ENABLE | 384
    assert levels(ic) == [0] * 4
    ic.regs.write(LOCAL_TIMER, FLAG | INTERRUPT | ENABLE | 384)
    assert levels(ic) == only(0), "a one to the read-only flag leaves it"


def test_clearing_the_flag_keeps_the_phase_of_the_count(ic):
    ic.regs.write(LOCAL_TIMER, ENABLE | 384)
    advance(ic, 34_000)
    ic.regs.write(LOCAL_CLEAR, CLEAR)
    advance(ic, 5_999)
    assert not ic.regs.read(LOCAL_TIMER) & FLAG
    advance(ic, 1)
    assert ic.regs.read(LOCAL_TIMER) & FLAG


def test_reload_postpones_without_an_interrupt_as_a_watchdog_needs(ic):
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 384)
    for _ in range(5):
        advance(ic, 9_999)
        ic.regs.write(LOCAL_CLEAR, RELOAD)
        assert not ic.regs.read(LOCAL_TIMER) & FLAG
    advance(ic, 10_000)
    assert levels(ic) == only(0)


def test_a_disabled_local_timer_waits_at_its_reload_value(ic):
    ic.regs.write(LOCAL_TIMER, INTERRUPT | 384)
    advance(ic, 1_003_000)
    assert not ic.regs.read(LOCAL_TIMER) & FLAG
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 384)
    advance(ic, 9_999)
    assert not ic.regs.read(LOCAL_TIMER) & FLAG, "enabling starts a whole period"
    ic.regs.write(LOCAL_TIMER, INTERRUPT | 384)
    advance(ic, 1_000_000)
    assert not ic.regs.read(LOCAL_TIMER) & FLAG
    assert ic.clock.armed() == []


def test_the_flag_is_read_only(ic):
    ic.regs.write(LOCAL_TIMER, FLAG | INTERRUPT | ENABLE | 384)
    assert ic.regs.read(LOCAL_TIMER) == INTERRUPT | ENABLE | 384
    assert levels(ic) == [0] * 4
    advance(ic, 10_000)
    for value in (INTERRUPT | ENABLE | 384, INTERRUPT | 384, INTERRUPT):
        ic.regs.write(LOCAL_TIMER, value)
        assert ic.regs.read(LOCAL_TIMER) == FLAG | value
        assert levels(ic) == only(0)
    ic.regs.write(LOCAL_CLEAR, CLEAR)
    assert ic.regs.read(LOCAL_TIMER) == INTERRUPT


def test_a_store_leaves_a_running_count_alone(ic):
    ic.regs.write(LOCAL_TIMER, ENABLE | 384)
    advance(ic, 6_000)
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 384)
    advance(ic, 3_999)
    assert levels(ic) == [0] * 4
    advance(ic, 1)
    assert levels(ic) == only(0)


@pytest.mark.parametrize("reload", [48, 3840])
def test_a_new_reload_value_counts_from_the_next_zero_on(ic, reload):
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 384)
    advance(ic, 35_000)
    ic.regs.write(LOCAL_CLEAR, CLEAR)
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | reload)
    for wait in (5_000, reload * 10_000 // 384, reload * 10_000 // 384):
        advance(ic, wait - 1)
        assert levels(ic) == [0] * 4
        advance(ic, 1)
        assert levels(ic) == only(0)
        ic.regs.write(LOCAL_CLEAR, CLEAR)


def test_the_reload_bit_brings_a_new_value_in_at_once(ic):
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 3840)
    advance(ic, 5_000)
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 384)
    ic.regs.write(LOCAL_CLEAR, RELOAD)
    advance(ic, 9_999)
    assert levels(ic) == [0] * 4
    advance(ic, 1)
    assert levels(ic) == only(0)


def test_a_count_without_a_reload_value_stays_at_zero_until_there_is_one(ic):
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 384)
    advance(ic, 5_000)
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE)
    advance(ic, 5_000)
    assert levels(ic) == only(0), "it has come to zero"
    ic.regs.write(LOCAL_CLEAR, CLEAR)
    advance(ic, 10**9)
    assert levels(ic) == [0] * 4
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 384)
    advance(ic, 9_999)
    assert levels(ic) == [0] * 4
    advance(ic, 1)
    assert levels(ic) == only(0)


class NaiveTimer:
    """Section 4.11, edge by edge."""

    def __init__(self):
        self.reload = self.count = self.flag = 0
        self.enabled = False

    def store(self, reload, enabled):
        if not self.enabled or not enabled or not self.count:
            self.count = reload
        self.reload, self.enabled = reload, enabled

    def command(self, clear, reload):
        if clear:
            self.flag = 0
        if reload:
            self.count = self.reload

    def edge(self):
        if self.enabled and self.count:
            self.count -= 1
            if not self.count:
                self.flag, self.count = 1, self.reload


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("store"), st.integers(0, 6), st.sampled_from([False, True, True])),
            st.tuples(st.just("command"), st.booleans(), st.booleans()),
            st.tuples(st.just("edges"), st.integers(1, 15), st.none()),
        ),
        max_size=40,
    )
)
def test_the_local_timer_counts_as_a_counter_would(actions):
    ic = Bcm2836LocalIc("local", Config(crystal_hz=500_000_000), Clock(), 4)
    naive = NaiveTimer()
    for kind, first, second in actions:
        if kind == "store":
            naive.store(first, second)
            ic.regs.write(LOCAL_TIMER, INTERRUPT | (ENABLE if second else 0) | first)
        elif kind == "command":
            naive.command(first, second)
            ic.regs.write(LOCAL_CLEAR, (CLEAR if first else 0) | (RELOAD if second else 0))
        else:
            for _ in range(first):
                naive.edge()
                advance(ic, 1)
                assert ic.regs.read(LOCAL_TIMER) >> 31 == naive.flag
        assert levels(ic) == [naive.flag, 0, 0, 0]


def test_no_reload_value_no_interrupt(ic):
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE)
    advance(ic, 10**9)
    assert levels(ic) == [0] * 4


def test_reading_the_low_half_of_the_core_timer_holds_the_high_half(ic):
    wrap = -(-(1 << 32) * 10**9 // 19_200_000)
    ic.clock.advance(wrap - 1)
    assert ic.regs.read(TIMER_LS) == 0xFFFF_FFFF
    ic.clock.advance(wrap)
    assert ic.regs.peek(TIMER_LS) == 0
    assert ic.regs.read(TIMER_MS) == 0
    assert ic.regs.read(TIMER_LS) == 0
    assert ic.regs.read(TIMER_MS) == 1


@pytest.mark.parametrize("offset", [CONTROL, PRESCALER, TIMER_LS, TIMER_MS])
def test_stores_to_the_core_timer_are_reported(ic, offset):
    told = []
    ic.regs.on_unmodelled = told.append
    before = ic.regs.peek(offset)
    ic.regs.write(offset, 0x300)
    assert ic.regs.peek(offset) == before
    assert len(told) == 1


def test_source_registers_are_read_only(ic):
    for core in range(4):
        ic.regs.write(IRQ_SOURCE + 4 * core, 0xFFFF_FFFF)
        ic.regs.write(FIQ_SOURCE + 4 * core, 0xFFFF_FFFF)
    assert sources(ic) == sources(ic, FIQ_SOURCE) == levels(ic) == [0] * 4


def test_registers_have_the_names_that_drivers_use(ic):
    names = {slot.offset: slot.name for slot in ic.regs.slots()}
    assert names[0x44] == "CORE1_TIMER_INTERRUPT_CONTROL"
    assert names[0x60] == "CORE0_INTERRUPT_SOURCE"
    assert names[0xFC] == "MAILBOX15_CLEAR"


@pytest.mark.parametrize("wire", [("cntpsirq", 0, 4), ("gpu-irq", 1, 0), ("spi", 0, 0)])
def test_unknown_inputs_are_refused(ic, wire):
    with pytest.raises(ValueError, match="cntpnsirq"):
        ic.input(*wire)


def test_interrupts_tells_where_each_source_goes(ic):
    ic.regs.write(GPU_ROUTING, 2)
    ic.regs.write(TIMER_CONTROL + 4, 2)
    ic.input("cntpnsirq", cpu=1)(True)
    states = ic.interrupts(1)
    assert [state.number for state in states] == list(range(12))
    assert [state.source for state in states if state.pending] == ["local 1"]
    assert states[8].targets == (2,)
    assert states[4].line is None
    assert not any(state.pending for state in ic.interrupts(0))


def gates(ic, entrance, core, output):
    """The rules of its passage to an output of a core; None where there is none."""
    found = [item.gates for item in ic.passages(entrance, core) if item.output == output]
    assert len(found) < 2
    return found[0] if found else None


def test_the_first_shut_gate_names_the_register_that_would_open_it(ic):
    assert first_shut(gates(ic, 1, 2, "irq")).register == "cntpnsirq"
    ic.input("cntpnsirq", cpu=2)(True)
    shut = first_shut(gates(ic, 1, 2, "irq"))
    assert (shut.register, shut.field) == ("CORE2_TIMER_INTERRUPT_CONTROL", "CNTPNSIRQ_IRQ")
    ic.regs.write(TIMER_CONTROL + 8, 0x22)
    shut = first_shut(gates(ic, 1, 2, "irq"))
    assert (shut.field, shut.value) == ("CNTPNSIRQ_FIQ", 1)
    assert first_shut(gates(ic, 1, 2, "fiq")) is None
    assert gates(ic, 10, 0, "fiq") is None, "the AXI monitor has no way to a FIQ"
    assert [item.output for item in ic.passages(ic.entrance("gpu-irq", 1), 1)] == ["irq"]
    assert [item.output for item in ic.passages(ic.entrance("gpu-fiq", 1), 1)] == ["fiq"]
    for wrong in (12, -1, "gpu-irq"):
        with pytest.raises(ValueError, match="sources 0 to 11"):
            ic.passages(wrong, 0)


SOURCE_PINS = {0: "cntpsirq", 1: "cntpnsirq", 2: "cnthpirq", 3: "cntvirq", 8: "gpu-irq", 9: "pmu",
               10: "axi", "gpu-fiq": "gpu-fiq"}  # fmt: skip


@pytest.mark.parametrize("core", [0, 2])
@pytest.mark.parametrize("entrance", [*range(12), "gpu-fiq"])
def test_the_stores_that_gates_want_open_them(ic, entrance, core):
    if entrance in SOURCE_PINS:
        ic.input(SOURCE_PINS[entrance], cpu=core)(True)
    elif entrance == 11:
        ic.regs.write(LOCAL_TIMER, ENABLE | 100)
        advance(ic, 10_000)
    else:
        ic.regs.write(0x80 + 4 * (4 * core + entrance - 4), 1)
    for passage in ic.passages(entrance, core):
        for gate in gates(ic, entrance, core, passage.output):
            if not gate.open and gate.wants is not None:
                lsb = (gate.spot.mask & -gate.spot.mask).bit_length() - 1
                clears = gate.register.endswith("CLEAR")
                held = 0 if clears else ic.regs.peek(gate.spot.key) & ~gate.spot.mask
                ic.regs.write(gate.spot.key, held | gate.wants << lsb)
        shut = first_shut(gates(ic, entrance, core, passage.output))
        if entrance == 10 and core:
            assert (shut.name, shut.wants) == ("this core", None)
        else:
            assert shut is None
        assert ic.outputs[passage.output][core].level is (shut is None)


def test_what_is_inside_is_a_cause(ic):
    (mailbox,) = ic.own_causes(6, 1)
    assert mailbox.title == "mailbox 6"
    (gate,) = mailbox.gates
    assert (gate.register, gate.open, gate.needs) == (
        "MAILBOX6_CLEAR", False, "a store to MAILBOX6_SET",
    )  # fmt: skip
    ic.regs.write(0x80 + 4 * 6, 0x30)
    assert first_shut(ic.own_causes(6, 1)[0].gates) is None
    assert not ic.own_causes(1, 0)

    def shut():
        (cause,) = ic.own_causes(11, 0)
        return [gate.name for gate in cause.gates if not gate.open]

    assert shut() == ["timer enabled", "has a period", "flag set"]
    ic.regs.write(LOCAL_TIMER, ENABLE)
    assert shut() == ["has a period", "flag set"]
    ic.regs.write(LOCAL_TIMER, ENABLE | 384)
    assert shut() == ["flag set"]
    assert first_shut(ic.own_causes(11, 0)[0].gates).due_ns == 10_000
    advance(ic, 10_000)
    ic.regs.write(LOCAL_TIMER, 0)
    assert shut() == [], "a flag that is set stays so"


def test_every_gate_names_a_field_of_the_table_or_a_wire(ic):
    fields = {slot.name: {field.name for field in slot.register.fields} for slot in ic.regs.slots()}
    for core in range(4):
        for entrance in (*range(12), "gpu-fiq"):
            for gate in (gate for item in ic.passages(entrance, core) for gate in item.gates):
                if gate.field == "level":
                    assert gate.spot is None
                    assert gate.register == SOURCE_PINS[entrance]
                else:
                    assert gate.field in fields[gate.register]
                    assert ic.regs.slot_for(gate.spot.key).name == gate.register


WORDS = st.sampled_from([0, 1, 2, 4, 8, 0x0F, 0x55, 0xF0, 0xFF])
ACTIONS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([*TIMER_PINS, "pmu"]), st.integers(0, 3), st.booleans()
        ),
        st.tuples(st.sampled_from(["gpu-irq", "gpu-fiq", "axi"]), st.just(0), st.booleans()),
        st.tuples(
            st.just("write"),
            st.sampled_from(
                [GPU_ROUTING, PMU_SET, PMU_CLEAR, LOCAL_ROUTING]
                + [base + 4 * core for base in (0x40, 0x50) for core in range(4)]
                + list(range(0x80, 0x100, 4))
            ),
            WORDS,
        ),
        st.tuples(st.just("write"), st.just(AXI_IRQ), st.sampled_from([0, 1 << 20])),
        st.tuples(
            st.just("write"),
            st.just(LOCAL_TIMER),
            st.builds(int.__or__, st.integers(0, 1000), st.sampled_from([0, INTERRUPT, ENABLE,
                                                                       INTERRUPT | ENABLE])),
        ),
        st.tuples(st.just("write"), st.just(LOCAL_CLEAR), st.sampled_from([CLEAR, RELOAD])),
        st.tuples(st.just("advance"), st.integers(0, 50_000), st.none()),
    ),
    max_size=30,
)  # fmt: skip


@given(ACTIONS)
def test_an_output_is_high_exactly_when_some_source_has_all_gates_open(actions):
    ic = Bcm2836LocalIc("local", Config(), Clock(), 4)
    for kind, where, what in actions:
        if kind == "write":
            ic.regs.write(where, what)
        elif kind == "advance":
            advance(ic, where)
        else:
            ic.input(kind, cpu=where)(what)
        for output, base in (("irq", IRQ_SOURCE), ("fiq", FIQ_SOURCE)):
            for core in range(4):
                ways = {n: gates(ic, n, core, output) for n in range(12)}
                if output == "fiq":
                    ways[8] = gates(ic, "gpu-fiq", core, output)
                open_ = [n for n, way in ways.items() if way and first_shut(way) is None]
                assert ic.outputs[output][core].level == bool(open_)
                assert ic.regs.peek(base + 4 * core) == sum(1 << n for n in open_)


def test_a_snapshot_goes_on_alike(ic):
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 384)
    ic.regs.write(MAILBOX_CONTROL + 8, 1)
    advance(ic, 4_000)
    twin = pickle.loads(pickle.dumps(ic))
    for each in (ic, twin):
        advance(each, 5_999)
        assert levels(each) == [0] * 4
        advance(each, 1)
        assert levels(each) == only(0)
        each.regs.write(MAILBOX_SET + 0x20, 4)
        assert levels(each) == [1, 0, 1, 0]


def test_reset_forgets_everything_but_the_levels_of_its_inputs(ic):
    ic.input("gpu-irq")(True)
    ic.regs.write(GPU_ROUTING, 3)
    ic.regs.write(LOCAL_TIMER, INTERRUPT | ENABLE | 384)
    ic.regs.write(MAILBOX_CONTROL, 1)
    ic.regs.write(MAILBOX_SET, 1)
    advance(ic, 10_000)
    ic.reset()
    assert levels(ic) == only(0)
    assert sources(ic) == [0x100, 0, 0, 0]
    assert ic.clock.armed() == []
