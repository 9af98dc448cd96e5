"""Who has made an interrupt by software, which function serves it, which bits a chip has."""

import pytest

from kerneltui.debugger.meaning import meaning
from kerneltui.debugger.references import FieldReference, InterruptReference, RegisterReference
from kerneltui.scenarios.scenario import open_session

PARTS = frozenset({"path"})


def booted(board, scenario):
    session = open_session(board, scenario)
    session.boot()
    session.follows_story = True
    return session


def said_next(session, kind):
    """What the path says comes next after the first ``kind`` of an interrupt by software."""
    for _ in range(80):
        session.next_step()
        path = session.view(PARTS).path
        step = session.story.step()
        if step is not None and step.course == "ipi" and step.kind.value == kind:
            return path.next_sentence
    raise AssertionError("no such step")


@pytest.mark.parametrize(
    ("board", "scenario", "sender"),
    [
        ("rpi4", "priority-of-irqs", "this core itself"),
        ("rpi4", "ipi", "core 0"),
        ("rpi3", "ipi", "the sender"),
        ("x86", "ipi", "the sender"),
    ],
)
def test_the_sender_is_known_where_the_acknowledge_tells_it(board, scenario, sender):
    session = booted(board, scenario)
    assert said_next(session, "who") == f"The handler does what {sender} wants done."
    session.close()


@pytest.mark.parametrize("number", [2, 3, 4, 30])
def test_the_function_of_a_handler_has_a_name(number):
    session = booted("rpi4", "priority-of-irqs")
    text = " ".join(meaning(session, InterruptReference("gic", "gic", number)).sentences)
    function = "TimeManager.handle" if number == 30 else "PriorityOfIrqs._handle"
    assert f"is the function {function};" in text
    session.close()


def test_bits_that_a_chip_does_not_have_are_told():
    session = booted("rpi4", "timer-callbacks")

    def who(name, field=""):
        place = RegisterReference("gic", name.partition("_")[0], name)
        return meaning(session, FieldReference(place, field) if field else place).who

    mask = "This chip does not have bits 2:0: they read as zero."
    assert mask in who("GICC_PMR")
    assert mask in who("GICC_PMR", "Priority")
    assert "bits 2:0, 10:8, 18:16 and 26:24: they" in who("GICD_IPRIORITYR8")
    assert "does not have" not in who("GICC_CTLR")
    assert "reads back what" not in who("GICC_PMR")
    assert "once" not in who("GICC_PMR")
    session.close()
