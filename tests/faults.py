"""The built-in scenarios "Find the fault" as data: what is seen, what holds an interrupt up, what
mends it.

A row is a scenario on a board.  Its symptom is checked at ``until``; the interrupt is asked about,
and the mend is poked, at ``at``.
"""

import os
from functools import cache
from typing import NamedTuple

from kerneltui.configfile import available
from kerneltui.scenarios import reading

ECHO = "hello"
TICK = "Tick"
PIS = ("rpi3", "rpi4")
TIMER = {"rpi3": "local:1", "rpi4": "30", "x86": "vector:0xec"}
SYSTEM_TIMER = {"rpi3": "periph:3", "rpi4": "99"}


GROUP = "Find the fault"
CASES = "Cases of the course"
"""Scenarios of lessons, with several faults each: ``lesson check`` plays them."""


load_scenario = cache(reading.load_scenario)
"""Tests ask for the same files over and over."""


def ordinary():
    """The names of all built-in scenarios where all is to work: no faults to be found."""
    groups = {name: load_scenario(name).spec.group for name in sorted(available("scenarios"))}
    return [name for name, group in groups.items() if group not in {GROUP, CASES}]


def each_once(names, turn=0):
    """(board, scenario): each scenario on one of its boards, and the boards in turn.

    Tests take other turns each: what one of them leaves out, another one runs.  With
    ``KERNELTUI_TESTS=all`` each scenario is on all of its boards.
    """
    for place, name in enumerate(names, turn):
        boards = load_scenario(name).boards
        chosen = (
            boards if os.environ.get("KERNELTUI_TESTS") == "all" else [boards[place % len(boards)]]
        )
        for board in chosen:
            yield board, name


def is_puzzle(name):
    """Whether a scenario is of the group."""
    return load_scenario(name).spec.group == GROUP


class Cause(NamedTuple):
    """What is expected of one scenario on one board."""

    name: str
    board: str
    interrupt: str
    """to ask about: an INTID of the GIC, or ``local:``, ``periph:``, ``gsi:``, ``isa:``,
    ``vector:`` and a number"""
    verdict: str
    """``shut`` (a gate is), ``waits`` (it comes by itself, later), ``lost`` (it came and is gone)
    or ``misbehaves`` (it is taken, and something is wrong: at the wrong time, again and again,
    never ended); where the core has stopped for good, that is the gate"""
    words: tuple[str, ...]
    """what the headline of an explanation has to name: registers or causes"""
    mend: str | None = None
    """one store after which it arrives, or arrives as it should, as ``REGISTER.FIELD=VALUE``; an
    explanation may offer another one; None where none does"""
    at: str = "2.1s"
    until: str = "2.2s"
    seen: tuple[str, ...] = ()
    """what the console has by ``until``"""
    unseen: tuple[str, ...] = ()
    """what it has not, and has once it is mended"""
    halts: str = ""
    """why the boot core has stopped for good"""
    interrupts: tuple[int, int] | None = None
    """least and most interrupts of that number handled by ``until``"""


def _on(board: str, *rest: object, **more: object) -> Cause:
    name, *others = rest
    return Cause(name, board, *others, **more)  # type: ignore[arg-type]


def _timer(
    name: str,
    words: tuple[str, ...],
    mend: str | None,
    *,
    boards: tuple[str, ...] = PIS,
    verdict: str = "shut",
    **more: object,
) -> list[Cause]:
    """No tick, though the console is fine unless ``seen`` and ``unseen`` say otherwise."""
    told: dict[str, object] = {"seen": (ECHO,), "unseen": (TICK,), "interrupts": (0, 0)} | more
    return [_on(board, name, TIMER[board], verdict, words, mend, **told) for board in boards]


def _silent(name: str, words: tuple[str, ...], mend: str, **more: object) -> list[Cause]:
    """Neither tick nor echo."""
    told: dict[str, object] = {"seen": (), "unseen": (TICK,)} | more
    return _timer(name, words, mend, boards=("rpi4",), **told)  # type: ignore[arg-type]


def _deaf(name: str, words: tuple[str, ...], mend: str) -> Cause:
    """Ticks, but no echo."""
    return Cause(name, "rpi4", "153", "shut", words, mend, seen=(TICK,), unseen=(ECHO,),
                 interrupts=(0, 0))  # fmt: skip


CAUSES = [
    *_timer("fault-timer-off", ("CNTP_CTL_EL0", "ENABLE"), "CNTP_CTL_EL0.ENABLE=1"),
    *_timer("fault-imask", ("CNTP_CTL_EL0", "IMASK"), "CNTP_CTL_EL0.IMASK=0"),
    *_timer("fault-never-due", ("wrong time",), None, verdict="misbehaves"),
    *(
        Cause("fault-compare-past", board, SYSTEM_TIMER[board], "waits", ("due in",),
              seen=("Message count: 1",), unseen=("Message count: 2",), interrupts=(0, 0))
        for board in PIS
    ),
    *(
        Cause("fault-storm", board, SYSTEM_TIMER[board], "misbehaves", ("again",),
              seen=("Message count: 1",), unseen=("Message count: 2",), interrupts=(900, 2000),
              at="1.05s", until="1.06s")
        for board in PIS
    ),
    *_timer("fault-route", ("CORE0_TIMER_INTERRUPT_CONTROL",),
            "CORE0_TIMER_INTERRUPT_CONTROL.CNTPNSIRQ_IRQ=1", boards=("rpi3",)),
    *_timer("fault-wrong-controller", ("CORE0_TIMER_INTERRUPT_CONTROL",),
            "CORE0_TIMER_INTERRUPT_CONTROL.CNTPNSIRQ_IRQ=1", boards=("rpi3",)),
    *_silent("fault-distributor-off", ("GICD_CTLR",), "GICD_CTLR.EnableGrp0=1"),
    *_silent("fault-cpu-interface", ("GICC_CTLR",), "GICC_CTLR.EnableGrp0=1"),
    *_silent("fault-pmr", ("GICC_PMR",), "GICC_PMR=0xff"),
    *_silent("fault-priority", ("GICC_PMR",), "GICC_PMR=0xff"),
    *_silent("fault-group", ("group", "GICD_IGROUPR0"), "GICD_IGROUPR0.GROUP_STATUS[30]=0"),
    *_timer("fault-not-enabled", ("GICD_ISENABLER0",), "GICD_ISENABLER0.PPI[14]=1",
            boards=("rpi4",)),
    *_timer("fault-ppi-29", ("GICD_ISENABLER0",), "GICD_ISENABLER0.PPI[14]=1", boards=("rpi4",)),
    _deaf("fault-spi-offset", ("GICD_ISENABLER4",), "GICD_ISENABLER4.SET_ENABLE[25]=1"),
    _deaf("fault-no-target", ("GICD_ITARGETSR38",), "GICD_ITARGETSR38.CPU_TARGETS1=1"),
    _deaf("fault-other-core", ("GICD_ITARGETSR38",), "GICD_ITARGETSR38.CPU_TARGETS1=1"),
    Cause("fault-running-priority", "rpi4", "153", "waits", ("running",), seen=(),
          unseen=(ECHO,), at="2s", interrupts=(0, 0)),
    Cause("fault-no-eoi", "rpi4", "30", "misbehaves", ("never ended",), "GICC_EOIR=30",
          seen=(TICK,), unseen=(ECHO,), interrupts=(1, 1)),
    Cause("fault-no-eoi", "x86", "vector:0xec", "misbehaves", ("never ended",), "EOI=0",
          seen=(TICK,), unseen=(ECHO,), interrupts=(1, 1)),
    Cause("fault-wrong-eoi", "rpi4", "30", "misbehaves",
          ("its own handler", "ended 31", "had acknowledged 30", "irq 30 stays active"),
          "GICD_ICACTIVER0.PPI[14]=1", seen=(TICK,), unseen=(ECHO,), interrupts=(1, 1)),
    Cause("fault-spurious", "rpi4", "30", "shut", ("core",), halts="IRQ 1023",
          seen=(TICK, "Kernel panic")),
    Cause("fault-early-eoi", "x86", "gsi:20", "misbehaves", ("again",), seen=(TICK,),
          interrupts=(8, 8)),
    Cause("fault-no-handler", "rpi3", "local:1", "shut", ("core",), halts="for IRQ 1",
          unseen=(TICK,)),
    Cause("fault-no-handler", "rpi4", "30", "shut", ("core",), halts="for IRQ 30",
          unseen=(TICK,)),
    Cause("fault-no-handler", "x86", "vector:0xec", "shut", ("core",), halts="for vector 0xec",
          unseen=(TICK,)),
    *_timer("fault-daif", ("DAIF",), "DAIF.I=0", at="1.9585s", until="1.9586s", seen=()),
    *_timer("fault-if", ("RFLAGS", "IF"), "RFLAGS.IF=1", boards=("x86",), seen=()),
    *(
        Cause("fault-vbar", board, TIMER[board], "shut", ("core",), halts="no code at 0x280",
              unseen=(TICK,))
        for board in PIS
    ),
    *(
        Cause("fault-vbar-misaligned", board, TIMER[board], "shut", ("0x80040", "VBAR_EL1"),
              halts="no code at 0x80280", unseen=(TICK,))
        for board in PIS
    ),
    *_timer("fault-tpr", ("TPR",), "TPR=0", boards=("x86",), seen=()),
    Cause("fault-ioapic-mask", "x86", "gsi:4", "shut", ("IOREDTBL4_LOW", "MASK"),
          "ioapic0/IOREDTBL4_LOW.MASK=0", at="0.6s", seen=(TICK,), unseen=(ECHO,),
          interrupts=(0, 0)),
    Cause("fault-override", "x86", "gsi:2", "shut", ("IOREDTBL2_LOW",), seen=(ECHO,),
          unseen=(TICK,), interrupts=(0, 0)),
    Cause("fault-svr", "x86", "gsi:4", "shut", ("SVR",), "SVR.ENABLE=1", at="0.6s",
          unseen=(ECHO,), interrupts=(0, 0)),
    *_timer("fault-lvt", ("LVT_TIMER", "MASK"), "LVT_TIMER.MASK=0", boards=("x86",), at="0.4s"),
    *_timer("fault-count-first", ("INIT_COUNT",), "INIT_COUNT=1000000", boards=("x86",)),
    *_timer("fault-divide", ("wrong time",), "DIV_CONF=0b1011", boards=("x86",),
            verdict="misbehaves", at="0.1s", until="0.9s", seen=()),
    Cause("fault-slave-eoi", "x86", "isa:8", "misbehaves", ("never ended",),
          "I8259_SLAVE/OCW2=0x60", at="6.5s", until="7s", seen=("aligned with",),
          unseen=("set by",), interrupts=(1, 1)),
    Cause("fault-rtc-c", "x86", "gsi:8", "lost", ("edge",), at="6.5s", until="7s",
          unseen=("set by",), interrupts=(1, 1)),
    Cause("fault-pic-beside-apic", "x86", "isa:0", "shut", ("core",), until="0.2s",
          halts="vector 0x20", unseen=(TICK,)),
    Cause("fault-hpet-legacy", "x86", "isa:0", "shut", ("LEG_RT_CNF",),
          "GEN_CONF.LEG_RT_CNF=1", seen=(ECHO,), unseen=(TICK,), interrupts=(0, 0)),
    Cause("fault-remote-irr", "x86", "gsi:30", "misbehaves", ("REMOTE_IRR",), "ioapic1/EOIR=0x50",
          seen=(TICK, "Heartbeat 1 "), unseen=("Heartbeat 2 ",), interrupts=(1, 1), at="2.5s",
          until="3s"),
    Cause("fault-tsc-past", "x86", "vector:0xec", "misbehaves", ("again",),
          at="1.305s", until="1.31s", interrupts=(300, 1000)),
    Cause("fault-left-raised", "rpi4", "30", "shut", ("GICC_PMR",), "GICC_PMR=0xff",
          seen=(TICK, ECHO), unseen=("again",), interrupts=(2, 2)),
    Cause("fault-lost-tick", "x86", "gsi:2", "lost", ("edge",),
          seen=(TICK, ECHO), interrupts=(15, 25)),
    Cause("fault-trigger", "x86", "gsi:2", "misbehaves", ("again",),
          "ioapic0/IOREDTBL2_LOW.TRIGGER=0", at="1.951s", until="1.951s", seen=(TICK,),
          interrupts=(50, 1000)),
    Cause("fault-lost-edge", "x86", "gsi:4", "lost", ("edge",), at="1.2s",
          seen=(TICK,), unseen=(ECHO,), interrupts=(2, 2)),
]  # fmt: skip
