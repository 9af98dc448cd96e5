"""No rule of a PC's devices can go: without it the explanation or the delivery is wrong."""

import pytest
import test_i8259 as pics
import test_io_apic as ios
import test_local_apic_promises as locals_
import test_sources_promises as sources
from apic_bench import Bench
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kerneltui.devices.x86.i8259 import I8259Pair
from kerneltui.devices.x86.i8259_chip import I8259
from kerneltui.devices.x86.io_apic import IoApic
from kerneltui.devices.x86.io_apic_registers import ENTRY
from kerneltui.devices.x86.local_apic import LocalApic
from kerneltui.hw.device import Passage
from kerneltui.hw.rule import required
from kerneltui.hw.rule import tests_of as asked_of

SEARCH = settings(
    max_examples=250,
    phases=(Phase.generate,),
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def fails(check, found):
    try:
        check(found)
    except AssertionError:
        return True
    return False


class Found(BaseException):
    """Ends a search at once: nothing is to be shrunk."""


def search(strategy, check):
    """Fails where the check never does."""

    @SEARCH
    @given(strategy)
    def look(found):
        if fails(check, found):
            raise Found

    with pytest.raises(Found):
        look()


def either(name, strategy):
    """The state that shows it, where random ones seldom do."""
    return st.just(DIRECTED[name]) if name in DIRECTED else strategy


def without(item, name):
    kept = tuple(gate for gate in item.gates if gate.name != name)
    if isinstance(item, Passage):
        return Passage(lambda: kept, item.output, item.message, item.vector)
    return replace(item, gates=kept)


def hide(monkeypatch, cls, method, name):
    """Leave a gate out of the explanation alone."""
    whole = getattr(cls, method)

    def fewer(self, *arguments):
        return [without(item, name) for item in whole(self, *arguments)]

    monkeypatch.setattr(cls, method, fewer)


# -- without a gate the explanation is wrong -------------------------------------------------------

HELPERS = {"count set", "GATE high", "clock runs", "FIFOs on"}
"""They say why the last one is shut, and are open when that is: tested one by one."""


UP = ("pin", "lint0", True, 0)
DIRECTED = {
    "device at the input": [("init", pics.MASTER, 1, 0x0C), ("line", 3, True)],
    "the slave gives the vector": [("init", pics.MASTER, 1, 0), ("line", 9, True)],
    "the slave knows its input": [("init", pics.SLAVE, 1, 5), ("line", 9, True)],
    "may pre-empt": [
        ("message", 0xA3, 0, False, 0), ("take", 0), ("message", 0xA3, 0, False, 0)],
    "no external interrupt first": [
        ("write", "LVT_LINT0", 0x700, 0), UP, ("message", 0x40, 0, False, 0)],
    "pin let through": [("write", "LVT_LINT0", 0x1_0700, 0), UP],
    "as ExtINT": [("write", "LVT_LINT0", 0x200, 0), UP],
    "vector is legal": (0x0F, 0, [], False),
    "last one ended": (0x8059, 0, [], True),
    "accepting": [("write", "SVR", 0xFF, 0), ("message", 0x40, 0, False, 0),
                  ("write", "SVR", 0x1FF, 0)],
}  # fmt: skip
"""States that random steps would seldom come to."""

BEFORE = {
    "hpet": [("write", "T0_CONF_CAP", 0x2806), ("write", "T0_COMP", 100), ("write", "GEN_CONF", 1),
             ("wait", sources.MS)],
    "uart": [("write", "MCR", 8)],
}  # fmt: skip
"""Where random steps would seldom come to."""


def source_gates():
    for kind, (_, _, _, outputs) in sources.KINDS.items():
        made, _ = sources.made(kind)
        names = {
            gate.name
            for output in outputs
            for cause in made.device.causes(output, 0)
            for gate in cause.gates
        }
        yield from ((kind, name) for name in sorted(names - HELPERS))


@pytest.mark.parametrize(("kind", "name"), list(source_gates()))
def test_a_source_is_not_explained_without(monkeypatch, kind, name):
    cls, _, steps, _ = sources.KINDS[kind]
    hide(monkeypatch, cls, "causes", name)

    def check(history):
        made, outputs = sources.made(kind)
        for step in (*BEFORE.get(kind, ()), *history):
            made.play(step)
            for output in outputs:
                made.check(output)

    search(st.lists(steps, min_size=2, max_size=12), check)


def check_pic(history):
    pic = pics.Pic()
    for step in history:
        pics.play(pic, step)
    pics.check_the_acknowledge(pic)


@pytest.mark.parametrize(
    "name", [*(rule.name for rule in (*I8259.RULES, I8259.ANSWERS)),
             "the slave gives the vector", "the slave knows its input"],
)  # fmt: skip
def test_the_8259_is_not_explained_without(monkeypatch, name):
    hide(monkeypatch, I8259Pair, "passages", name)
    is_pics = name in DIRECTED and name != "may pre-empt"
    found = st.just(DIRECTED[name]) if is_pics else st.lists(pics.steps, min_size=3, max_size=20)
    search(found, check_pic)


def check_local(history):
    bench = Bench(cpus=2)
    bench.apic.external = bench.acknowledge_pic
    for step in history:
        locals_.play(bench, step)
    for cpu in (0, 1):
        locals_.check_the_next_vector(bench, cpu, locals_.VECTORS)


@pytest.mark.parametrize(
    "name",
    [rule.name for rule in (LocalApic.REQUESTED, *LocalApic.SIGNALLING[1:], *LocalApic.RANK)]
    + ["pin active", "let through", "as ExtINT"],
)
def test_the_local_apic_is_not_explained_without(monkeypatch, name):
    hide(monkeypatch, LocalApic, "passages", name)
    place = "pin let through" if name == "let through" else name
    search(either(place, st.lists(locals_.steps, min_size=3, max_size=25)), check_local)


def check_io(found):
    for came, told in ios.arrivals(*found):
        assert came == told


IO_STATES = st.tuples(
    ios.entries, st.sampled_from([0, 1, 2, 3, 7, 0xFF]), st.lists(ios.local_pokes, max_size=4),
    st.booleans(),
)  # fmt: skip


@pytest.mark.parametrize("name", [rule.name for rule in (*IoApic.SENDING, *IoApic.RECEIVED)])
def test_the_io_apic_is_not_explained_without(monkeypatch, name):
    hide(monkeypatch, IoApic, "passages", name)
    search(either(name, IO_STATES), check_io)


# -- without a rule the device does something else -------------------------------------------------


def drop(monkeypatch, cls, table, rule, derived):
    """Take a rule out of its table, and make anew what is derived from that."""
    rules = tuple(item for item in getattr(cls, table) if item is not rule)
    monkeypatch.setattr(cls, table, rules)
    for name, value in derived(rules).items():
        monkeypatch.setattr(cls, name, value)


def differs(monkeypatch, change, observe, strategy):
    def same(found):
        before = observe(found)
        with monkeypatch.context() as patch:
            change(patch)
            assert observe(found) == before

    search(strategy, same)


def see_pic(history):
    pic = pics.Pic()
    seen = []
    for step in history:
        pics.play(pic, step)
        seen.append(pic.intr)
    return seen, pic.ack()


@pytest.mark.parametrize("rule", I8259.STANDING, ids=lambda rule: rule.name)
def test_the_8259_does_something_else_without(monkeypatch, rule):
    def change(patch):
        drop(patch, I8259, "STANDING", rule,
             lambda rules: {"STANDING_TESTS": asked_of(rules)})  # fmt: skip

    differs(monkeypatch, change, see_pic, st.lists(pics.steps, min_size=2, max_size=20))


def see_local(history):
    bench = Bench(cpus=2)
    bench.apic.external = bench.acknowledge_pic
    seen = []
    for step in history:
        locals_.play(bench, step)
        seen.append((bench.intr(0), bench.intr(1)))
    return seen, [bench.take(cpu) for cpu in (0, 1)], list(bench.nmis)


@pytest.mark.parametrize(
    ("table", "tests", "rule"),
    [("SIGNALLING", "TESTS", rule) for rule in LocalApic.SIGNALLING[1:]]
    + [("ACCEPTING", "ACCEPTING_TESTS", rule) for rule in LocalApic.ACCEPTING[1:]],
    ids=lambda item: getattr(item, "name", None),
)
def test_the_local_apic_does_something_else_without(monkeypatch, table, tests, rule):
    def change(patch):
        drop(patch, LocalApic, table, rule, lambda rules: {tests: asked_of(rules)})

    name = "accepting" if table == "ACCEPTING" else rule.name
    histories = st.lists(locals_.steps, min_size=3, max_size=25)
    differs(monkeypatch, change, see_local, either(name, histories))


def io_derived(rules):
    bits, wanted = required(ENTRY, rules)
    return {
        "SENDING_BITS": bits, "SENDING_WANTED": wanted, "SENDING_TESTS": asked_of(rules),
    }  # fmt: skip


@pytest.mark.parametrize("rule", IoApic.SENDING, ids=lambda rule: rule.name)
def test_the_io_apic_does_something_else_without(monkeypatch, rule):
    def change(patch):
        drop(patch, IoApic, "SENDING", rule, io_derived)

    def observe(history):
        bench = ios.IoBench()
        for step in history:
            ios.play(bench, step)
        return bench.sent()

    differs(monkeypatch, change, observe, st.lists(ios.steps, min_size=2, max_size=15))
