"""GIC-400 with the Security Extensions: what is delivered, to whom, and who can end it."""

import pickle

import pytest
from gic400_bench import SPURIOUS, SecureBench
from hypothesis import given, settings
from hypothesis import strategies as st
from test_rules_arm import rules_of, shut, the_tests, without

from kerneltui.devices.arm.gic400_distributor import Distributor
from kerneltui.devices.arm.gic400_interfaces import CpuInterfaces
from kerneltui.hw.rule import first_shut
from kerneltui.machine.state import State

OTHER_GROUP = 1022
TIMER = 30


def driven(bench, cpu=0):
    """What a kernel does that knows nothing of groups."""
    bench.ns_write("GICD_CTLR", 1, cpu)
    bench.ns_write("GICD_ISENABLER0", 1 << TIMER, cpu)
    bench.ns_write("GICC_PMR", 0xF0, cpu)
    bench.ns_write("GICC_CTLR", 1, cpu)


def group0(bench, number=40, fiq=False):
    """Secure software's own interrupt, of a priority that only it can give."""
    bench.group(number, 0)
    bench.enable(number, priority=0x10)
    bench.write("GICC_CTLR", 0x1E7 | 8 * fiq)


# -- after the firmware's set-up -------------------------------------------------------------------


def test_what_the_firmware_leaves():
    bench = SecureBench(cpus=4, irqs=224)
    for cpu in range(4):
        assert [bench.read(f"GICD_IGROUPR{n}", cpu) for n in range(7)] == [0xFFFF_FFFF] * 7
        assert (bench.read("GICC_CTLR", cpu), bench.read("GICC_PMR", cpu)) == (0x1E7, 0xF8)
        assert (bench.ns_read("GICC_CTLR", cpu), bench.ns_read("GICC_PMR", cpu)) == (0x61, 0xF0)
    assert (bench.read("GICD_CTLR"), bench.ns_read("GICD_CTLR")) == (3, 1)


def test_a_driver_that_knows_nothing_of_groups_gets_its_timer_as_irq():
    bench = SecureBench()
    told = bench.remarks()
    driven(bench)
    assert bench.read("GICD_CTLR") == 3, "a non-secure 1 is the enable of group 1"
    assert bench.read("GICC_CTLR") == 0x67, "of the bypass bits those of group 1 are cleared"
    bench.line(TIMER, True)
    assert (bench.irq(), bench.fiq()) == (True, False)
    assert bench.ns_read("GICC_HPPIR") == TIMER
    assert bench.ns_read("GICC_IAR") == TIMER
    assert not bench.irq()
    assert bench.ns_read("GICC_IAR") == SPURIOUS
    bench.line(TIMER, False)
    bench.ns_write("GICC_EOIR", TIMER)
    assert bench.ns_read("GICC_RPR") == 0xFF
    assert bench.bit("GICD_ISACTIVER", TIMER) == 0
    bench.line(TIMER, True)
    assert bench.irq()
    assert told == []


def test_without_the_firmwares_set_up_nothing_fires_and_it_is_said_why():
    bench = SecureBench(ready=False)
    told = bench.remarks()
    driven(bench)
    bench.line(TIMER, True)
    assert not bench.irq()
    assert told == [("ignored", TIMER)]
    enabled = bench.gate("enabled", TIMER)
    assert not enabled.open
    assert "a non-secure access has written it: ignored (RAZ/WI)" in enabled.says
    assert "non-secure ones cannot see a group 0 interrupt" in enabled.needs
    mask = bench.gate("passes the mask", TIMER)
    assert "a non-secure one cannot change a mask below 0x80" in mask.needs
    # Only group 1 is forwarded: that is where the interrupt belongs.
    forwarded = bench.gate("group forwarded", TIMER)
    assert (forwarded.register, forwarded.field, forwarded.wants) == (
        "GICD_IGROUPR0", "GROUP_STATUS[30]", 1,
    )  # fmt: skip


def test_an_interrupt_of_group_1_is_told_of_as_without_security():
    bench = SecureBench()
    gate = bench.gate("enabled", 40)
    assert gate.says == "the distributor has it disabled"
    assert gate.needs == "a one written to this bit"
    assert len(bench.gic.passages(40, 0)) == 1


def test_a_driver_that_uses_group_0_numbers_of_priority_is_masked_as_it_means():
    bench = SecureBench()
    driven(bench)
    gicd = bench.gic.files["GICD_NS"]
    gicd.write(0x400 + TIMER, 0xA0, 1)
    bench.line(TIMER, True)
    bench.ns_write("GICC_PMR", 0xA0)
    assert not bench.irq()
    bench.ns_write("GICC_PMR", 0xB0)
    assert bench.irq()
    bench.ns_read("GICC_IAR")
    assert bench.read("GICC_RPR") == 0xD0
    assert bench.ns_read("GICC_RPR") == 0xA0


# -- who sees which group --------------------------------------------------------------------------


@pytest.mark.parametrize("fiq", [False, True])
def test_group_0_is_signalled_as_fiq_where_that_is_enabled(fiq):
    bench = SecureBench()
    group0(bench, fiq=fiq)
    bench.line(40, True)
    assert (bench.irq(), bench.fiq()) == (not fiq, fiq)
    assert bench.ns_read("GICC_HPPIR") == bench.ns_read("GICC_IAR") == SPURIOUS
    assert bench.read("GICC_AIAR") == SPURIOUS
    assert bench.read("GICC_HPPIR") == 40
    assert bench.read("GICC_IAR") == 40
    assert bench.ns_read("GICC_RPR") == 0, "more urgent than all that it may use"
    assert bench.read("GICC_RPR") == 0x10


def test_with_fiq_the_way_forks_and_each_says_what_goes_there():
    bench = SecureBench()
    group0(bench, fiq=True)
    bench.enable(41)
    bench.line(40, True)
    bench.line(41, True)

    def told(number):
        return {
            passage.output: [gate.says for gate in passage.gates if not gate.open]
            for passage in bench.gic.passages(number, 0)
        }

    assert told(40) == {"fiq": [], "irq": ["group 0 goes to FIQ"]}
    assert [*told(40)] == ["fiq", "irq"]
    bench.read("GICC_IAR")
    bench.write("GICC_EOIR", 40)
    bench.line(40, False)
    assert told(41) == {"irq": [], "fiq": ["group 1 goes to IRQ"]}
    assert [*told(41)] == ["irq", "fiq"]


def test_a_non_secure_acknowledge_of_group_0_is_told_of():
    bench = SecureBench()
    group0(bench)
    texts = []
    bench.gic.on_remark = lambda device, kind, number, text: texts.append((kind, text))
    bench.line(40, True)
    assert bench.irq()
    bench.ns_read("GICC_IAR")
    ((kind, text),) = texts
    assert kind == "spurious"
    assert "of group 0, which non-secure accesses cannot see" in text


@pytest.mark.parametrize(("control", "got"), [(0x1E3, OTHER_GROUP), (0x1E7, 40)])
def test_secure_software_acknowledges_group_1_with_ackctl_or_by_the_alias(control, got):
    bench = SecureBench()
    bench.write("GICC_CTLR", control)
    bench.enable(40)
    bench.line(40, True)
    assert bench.read("GICC_HPPIR") == got
    assert bench.read("GICC_AHPPIR") == 40
    assert bench.read("GICC_IAR") == got
    if got == OTHER_GROUP:
        assert bench.read("GICC_AIAR") == 40
        bench.write("GICC_AEOIR", 40)
    else:
        bench.write("GICC_EOIR", 40)
    assert bench.bit("GICD_ISACTIVER", 40) == 0
    assert bench.read("GICC_RPR") == 0xFF


def test_ackctl_does_not_concern_non_secure_accesses():
    bench = SecureBench()
    bench.write("GICC_CTLR", 0x1E3)
    bench.enable(40)
    bench.line(40, True)
    assert bench.ns_read("GICC_IAR") == 40


def test_group_0_pre_empts_the_handler_of_a_non_secure_interrupt():
    bench = SecureBench()
    group0(bench, fiq=True)
    bench.enable(41, priority=0x80)
    bench.line(41, True)
    assert bench.ns_read("GICC_IAR") == 41
    bench.line(40, True)
    assert bench.fiq()
    assert bench.read("GICC_IAR") == 40
    bench.line(40, False)
    assert [bench.read("GICC_APR0"), bench.read("GICC_NSAPR0")] == [1 << 2, 1 << 16]
    bench.write("GICC_EOIR", 40)
    assert bench.ns_read("GICC_APR0") == 1
    bench.ns_write("GICC_EOIR", 41)
    assert bench.read("GICC_RPR") == 0xFF


# -- ends ------------------------------------------------------------------------------------------


def test_a_non_secure_end_of_group_0_is_ignored_and_told_of():
    bench = SecureBench()
    group0(bench)
    bench.line(40, True)
    bench.read("GICC_IAR")
    told = bench.remarks()
    bench.ns_write("GICC_EOIR", 40)
    assert told == [("misuse", 40)]
    assert bench.bit("GICD_ISACTIVER", 40) == 1
    assert bench.read("GICC_RPR") == 0x10
    bench.write("GICC_EOIR", 40)
    assert bench.bit("GICD_ISACTIVER", 40) == 0


def test_a_secure_end_of_group_1_acts_as_with_ackctl():
    bench = SecureBench()
    bench.write("GICC_CTLR", 0x1E3)
    bench.enable(40)
    bench.line(40, True)
    bench.ns_read("GICC_IAR")
    bench.write("GICC_EOIR", 40)
    assert bench.bit("GICD_ISACTIVER", 40) == 0
    assert bench.read("GICC_RPR") == 0xFF


S, NS = 0x200, 0x400


@pytest.mark.parametrize(
    ("mode", "end", "splits"),
    [(0, "ns", False), (NS, "ns", True), (S, "ns", False), (S | NS, "ns", True),
     (0, "GICC_EOIR", False), (NS, "GICC_EOIR", False), (S, "GICC_EOIR", True),
     (0, "GICC_AEOIR", False), (NS, "GICC_AEOIR", True), (S, "GICC_AEOIR", False)],
)  # fmt: skip
def test_each_view_has_a_mode_of_its_end(mode, end, splits):
    bench = SecureBench()
    bench.write("GICC_CTLR", 0x1E7 | mode)
    bench.enable(40)
    bench.edge(40)
    bench.line(40, True)
    bench.ns_read("GICC_IAR")
    if end == "ns":
        assert bench.ns_read("GICC_CTLR") == 0x61 | (0x200 if mode & NS else 0)
        bench.ns_write("GICC_EOIR", 40)
    else:
        bench.write(end, 40)
    assert bench.read("GICC_RPR") == 0xFF
    assert bench.bit("GICD_ISACTIVER", 40) == splits


@pytest.mark.parametrize(
    ("mode", "group", "secure", "deactivates"),
    [(NS, 1, False, True), (S, 1, False, False), (NS, 0, False, False), (S, 0, True, True),
     (S, 1, True, True), (NS, 1, True, False)],
)  # fmt: skip
def test_a_deactivation_needs_the_mode_of_its_view_and_a_group_that_is_seen(
    mode, group, secure, deactivates
):
    bench = SecureBench()
    bench.write("GICC_CTLR", 0x1E7 | mode)
    bench.group(40, group)
    bench.set_bit("GICD_ISACTIVER", 40)
    told = bench.remarks()
    (bench.write if secure else bench.ns_write)("GICC_DIR", 40)
    assert bench.bit("GICD_ISACTIVER", 40) == (not deactivates)
    assert told == ([] if deactivates else [("misuse", 40)])


# -- software generated interrupts -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("secure", "nsatt", "group", "grant", "sent"),
    [(True, 0, 0, 0, True), (True, 0, 1, 0, False), (True, 1, 0, 0, False), (True, 1, 1, 0, True),
     (False, 0, 0, 0, False), (False, 1, 0, 0, False), (False, 0, 1, 0, True),
     (False, 1, 1, 0, True), (False, 0, 0, 1, True), (False, 0, 0, 2, True),
     (False, 0, 0, 3, True)],
)  # fmt: skip
def test_an_sgi_is_sent_where_view_and_group_fit(secure, nsatt, group, grant, sent):
    """Table 4-24."""
    bench = SecureBench()
    bench.group(3, group, cpu=1)
    bench.write("GICD_NSACR0", grant << 6, 1)
    told = bench.remarks()
    (bench.write if secure else bench.ns_write)("GICD_SGIR", 0x0002_0003 | nsatt << 15)
    assert bench.bit("GICD_ISPENDR", 3, 1) == sent
    assert bench.read("GICD_SPENDSGIR0", 1) == (1 << 24 if sent else 0)
    assert told == ([] if sent else [("dropped", 3)])


def test_an_sgi_to_all_goes_to_those_of_its_group():
    bench = SecureBench(cpus=4)
    bench.group(3, 0, cpu=2)
    bench.ns_write("GICD_SGIR", 0x0100_0003)
    assert [bench.bit("GICD_ISPENDR", 3, cpu) for cpu in range(4)] == [0, 1, 0, 1]


def test_pending_sgis_of_group_0_are_hidden():
    bench = SecureBench()
    bench.group(3, 0)
    told = bench.remarks()
    bench.ns_write("GICD_SPENDSGIR0", 0x0102_0102)
    assert told == [("ignored", 3)]
    assert bench.read("GICD_SPENDSGIR0") == bench.ns_read("GICD_SPENDSGIR0") == 0x0002_0102
    bench.write("GICD_SPENDSGIR0", 0x0300_0000)
    bench.ns_write("GICD_CPENDSGIR0", 0xFFFF_FFFF)
    assert bench.read("GICD_CPENDSGIR0") == 0x0300_0000
    assert bench.ns_read("GICD_CPENDSGIR0") == 0


# -- what is ignored -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "number", "rule"),
    [("GICD_ISENABLER1", 0x300, 40, "enabled"), ("GICD_ISPENDR1", 0x100, 40, "pending"),
     ("GICD_ITARGETSR10", 0x02, None, "targets this core")],
)  # fmt: skip
def test_an_ignored_store_is_known_where_its_gate_is_shown(name, value, number, rule):
    bench = SecureBench(ready=False)
    told = bench.remarks()
    bench.ns_write(name, value)
    assert told == ([] if number is None else [("ignored", number)])
    for cpu in (0, 1):
        assert "ignored (RAZ/WI)" in bench.gate(rule, 40, cpu).says
    assert "ignored" not in bench.gate(rule, 50).says
    bench.gic.reset()
    assert "ignored" not in bench.gate(rule, 40).says


def test_a_store_to_the_groups_is_told_of_and_one_of_zeros_is_not():
    bench = SecureBench(ready=False)
    told = bench.remarks()
    bench.ns_write("GICD_IGROUPR0", 1 << TIMER)
    bench.ns_write("GICD_IGROUPR2", 1 << 5)
    bench.ns_write("GICD_IGROUPR1", 0)
    bench.ns_write("GICD_ICENABLER1", 0xFFFF_FFFF)
    assert told == [("ignored", TIMER), ("ignored", 69)]


# -- the rules are the behaviour -------------------------------------------------------------------

SECURE_SHUTS = {
    "enabled": lambda bench: bench.set_bit("GICD_ICENABLER", 40),
    "group forwarded": lambda bench: bench.write("GICD_CTLR", 2),
    "targets this core": lambda bench: bench.write_byte(0x800, 40, 2),
    "pending": lambda bench: bench.line(40, False),
    "inactive": lambda bench: bench.set_bit("GICD_ISACTIVER", 40),
    "passes the mask": lambda bench: bench.write("GICC_PMR", 0x10),
    "group signalled": lambda bench: bench.write("GICC_CTLR", 0x1EE),
}


def is_right(name):
    bench = SecureBench()
    group0(bench, fiq=True)
    bench.line(40, True)
    if not bench.fiq() or shut(bench.gates(40, 0)):
        return False
    SECURE_SHUTS[name](bench)
    told = shut(bench.gates(40, 0)) == [name]
    return told and not bench.fiq() and bench.read("GICC_IAR") != 40


DERIVED = {
    "STANDING": {"STANDING_TESTS": the_tests}, "MOVING": {"MOVING_TESTS": the_tests},
    "RULES": {"TESTS": the_tests},
}  # fmt: skip


@pytest.mark.parametrize(
    ("owner", "table", "rule"),
    [
        case
        for case in rules_of(
            (Distributor, "STANDING"), (Distributor, "MOVING"), (CpuInterfaces, "RULES")
        )
        if case.values[2].name in SECURE_SHUTS
    ],
)
def test_each_rule_is_needed_for_a_secure_interrupt_too(monkeypatch, owner, table, rule):
    assert is_right(rule.name)
    without(monkeypatch, owner, table, rule, **DERIVED[table])
    assert not is_right(rule.name)


@pytest.mark.parametrize("fiq", [False, True])
@pytest.mark.parametrize("number", [40, 41])
def test_the_rule_of_the_line_says_which_one_is_up(number, fiq):
    bench = SecureBench()
    group0(bench, fiq=fiq)
    bench.enable(41)
    bench.line(number, True)
    names = {rule.name for rule in CpuInterfaces.LINES.values()}
    for passage in bench.gic.passages(number, 0):
        is_open = [gate.open for gate in passage.gates if gate.name in names]
        assert is_open == [bench.gic.outputs[passage.output][0].level] * fiq


IDS = (0, 1, 30, 33, 34, 40)
some_id, core, views = st.sampled_from(IDS), st.integers(0, 1), st.booleans()
BITMAPS = ["ISENABLE", "ISENABLE", "ICENABLE", "ISPEND", "ICPEND", "ISACTIVE", "ICACTIVE"]
CONTROLS = [0, 1, 7, 0xF, 0xF, 0x1EF, 0x20F, 0x60F]
steps = st.one_of(
    st.tuples(st.just("line"), some_id, st.booleans(), core),
    st.tuples(st.just("group"), some_id, st.integers(0, 1), core),
    st.tuples(st.just("byte"), st.just(0x400), some_id,
              st.sampled_from(range(0, 256, 32)), core, views),
    st.tuples(st.just("byte"), st.just(0x800), some_id, st.integers(0, 3), core, views),
    st.tuples(st.just("bit"), st.sampled_from(BITMAPS), some_id, core, views),
    st.tuples(st.just("store"), st.just("GICD_CTLR"), st.integers(0, 3), core, views),
    st.tuples(st.just("store"), st.just("GICC_CTLR"), st.sampled_from(CONTROLS), core, views),
    st.tuples(st.just("store"), st.sampled_from(["GICC_PMR", "GICC_EOIR", "GICC_DIR"]),
              st.sampled_from([0x40, 0xC0, 0xFF, *IDS]), core, views),
    st.tuples(st.just("store"), st.just("GICC_BPR"), st.integers(0, 7), core, views),
    st.tuples(st.just("store"), st.just("GICC_APR0"), st.sampled_from([0, 1, 1 << 8]), core,
              views),
    st.tuples(st.just("store"), st.sampled_from(["GICD_NSACR0", "GICD_NSACR2"]),
              st.sampled_from([0, 0x5555_5555, 0xFFFF_FFFF]), core, st.just(True)),
    st.tuples(st.just("store"), st.just("GICD_SGIR"), st.sampled_from(
        [0x0003_0000, 0x0003_8000, 0x0100_0001, 0x0200_0000]), core, views),
    st.tuples(st.just("load"), st.sampled_from(["GICC_IAR", "GICC_AIAR"]), core, views),
)  # fmt: skip


def play(bench, step):
    kind, *rest = step
    if kind == "line":
        if rest[0] >= 16:
            bench.line(*rest)
        return
    if kind == "group":
        bench.group(*rest)
        return
    *rest, secure = rest
    if kind == "byte":
        base, number, value, cpu = rest
        file = bench.gic.files["GICD" if secure else "GICD_NS"]
        file.write(base + number, value, 1, cpu)
    elif kind == "bit":
        stem, number, cpu = rest
        store = bench.write if secure else bench.ns_write
        store(f"GICD_{stem}R{number // 32}", 1 << number % 32, cpu)
    elif kind == "store":
        (bench.write if secure else bench.ns_write)(*rest)
    else:
        (bench.read if secure else bench.ns_read)(*rest)


def lively():
    """Two cores with everything on, in both groups, and group 0 as FIQ."""
    bench = SecureBench(irqs=64, priority_bits=8)
    for cpu in (0, 1):
        bench.write("GICC_CTLR", 0x1EF, cpu)
        bench.write("GICD_ISENABLER0", 0xFFFF_FFFF, cpu)
        bench.write("GICD_IGROUPR0", 0x7FFF_FFFE, cpu)
    bench.write("GICD_IGROUPR1", 0xFFFF_FFFD)
    bench.write("GICD_ISENABLER1", 0xFFFF_FFFF)
    for number in range(32, 64):
        bench.write_byte(0x800, number, 3)
    return bench


@given(st.lists(steps, min_size=5, max_size=40))
def test_an_interrupt_is_delivered_iff_all_its_gates_are_open_and_only_to_its_world(history):
    bench = lively()
    for step in history:
        play(bench, step)
    for cpu in (0, 1):
        opened = [
            (number, passage.output)
            for number in range(64)
            for passage in bench.gic.passages(number, cpu)
            if first_shut(passage.gates) is None
        ]
        levels = {"irq": bench.irq(cpu), "fiq": bench.fiq(cpu)}
        up = [output for output, level in levels.items() if level]
        assert [output for _, output in opened] == up
        shown = bench.ns_peek("GICC_IAR", cpu) & 0x3FF
        if opened and bench.bit("GICD_IGROUPR", opened[0][0], cpu):
            assert up == ["irq"]
            assert shown == bench.ns_read("GICC_IAR", cpu) & 0x3FF == opened[0][0]
        else:
            assert shown == bench.ns_read("GICC_IAR", cpu) & 0x3FF == SPURIOUS
            got = bench.read("GICC_IAR", cpu) & 0x3FF
            assert got == (opened[0][0] if opened else SPURIOUS)


@settings(max_examples=50)
@given(st.lists(steps, max_size=25), st.lists(steps, min_size=1, max_size=25))
def test_no_non_secure_store_changes_anything_of_group_0(before, after):
    bench = lively()
    for step in before:
        play(bench, step)
    for cpu in (0, 1):
        bench.write("GICD_NSACR0", 0, cpu)
    bench.write("GICD_NSACR2", 0)

    def secrets():
        """Of the interrupts 0 and 33, and the secure controls."""
        held = [bench.peek(name) & mask for name, mask in (
            ("GICD_ISENABLER0", 1), ("GICD_ISPENDR0", 1), ("GICD_ISACTIVER0", 1),
            ("GICD_ISENABLER1", 2), ("GICD_ISPENDR1", 2), ("GICD_ISACTIVER1", 2),
            ("GICD_IPRIORITYR0", 0xFF), ("GICD_IPRIORITYR8", 0xFF00), ("GICD_ITARGETSR8", 0xFF00),
            ("GICD_ICFGR2", 0xC), ("GICD_CTLR", 1), ("GICC_CTLR", 0x27F & ~2), ("GICC_BPR", 7),
            ("GICC_APR0", 0xFFFF_FFFF), ("GICD_IGROUPR0", 0xFFFF_FFFF),
            ("GICD_IGROUPR1", 0xFFFF_FFFF),
        )]  # fmt: skip
        return held, bench.peek("GICC_PMR") < 0x80

    for number in (0, 33):
        bench.group(number, 0)
    held = secrets()
    for step in after:
        if step[0] in {"byte", "bit", "store", "load"}:
            play(bench, (*step[:-1], False))
            assert secrets() == held, step


@settings(max_examples=40)
@given(st.lists(steps, max_size=30), st.lists(steps, max_size=20))
def test_a_restored_copy_goes_on_alike_and_looking_changes_nothing(before, after):
    bench = lively()
    for step in before:
        play(bench, step)
    frozen, state = pickle.dumps(bench), State(bench)
    held = state.save()
    for name in bench.seen:
        for cpu in (0, 1):
            bench.ns_peek(name, cpu)
    bench.gic.interrupts(0)
    bench.gates(33, 1)
    assert state.save() == held
    copy = pickle.loads(frozen)

    def seen(one):
        told = [one.peek(name, cpu) for name in one.places for cpu in (0, 1)]
        told += [one.ns_peek(name, cpu) for name in one.seen for cpu in (0, 1)]
        gates = [gate for number in IDS for gate in one.gates(number, 0)]
        return told, gates, [one.irq(0), one.irq(1), one.fiq(0), one.fiq(1)]

    at_save = seen(bench)
    for step in after:
        play(bench, step)
        play(copy, step)
        assert seen(bench) == seen(copy)
    state.load(held)
    assert seen(bench) == at_save
