"""Roles: the parts of the kernel that a driver of a person's own can play.

Each role is a protocol, in the file named here or beside what uses it.  A :class:`Post` is a role
on a kind of board: which of the kernel's own classes the driver stands for, and what it is made
with.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import msgspec

PIS, PC = ("rpi3", "rpi4"), ("x86",)
ALL = (*PIS, *PC)


class Post(msgspec.Struct, frozen=True):
    """A role on a kind of board."""

    role: str
    device: str
    """what the driver is of, in words"""
    stands_for: str
    """the name of the kernel's class, as ``variant`` knows it"""
    source: str
    """where that is: a module of the kernel"""
    protocol: str
    """``module:Class``, under the kernel"""
    arguments: tuple[str, ...]
    """what it is made with, by position; in the end what is passed by name, after ``*``"""
    chips: tuple[tuple[str, ...], ...]
    """what the board must have, as ``compatible`` of board files: of each group one"""
    defaults: str = ""
    """``module:Class``, whose methods are for a driver that has none of its own"""
    name: str = ""
    """the clock device, as the boot parameter ``clock=`` calls it; the class says it as ``name``"""


_CONTROLLER = "roles.interrupt_controller:InterruptControllerDriver"
_CONTROLLER_REST = "roles.interrupt_controller:InterruptControllerRest"
_UART_ROLE = "platform:ConsoleDriver", ("cpu", "base")
_UART_REST = "roles.uart:UartRest"
_TIMER = Post(
    "timer", "the timer that the kernel's timeouts are set by", "ArchTimer", "drivers.arch_timer",
    "time.time_manager:TimerDriver", ("cpu",),
    (("arm,armv8-timer", "brcm,bcm2835-system-timer"),),
)  # fmt: skip
_QUEUE = Post(
    "queue", "the queue of timeouts", "TimeoutQueue", "time.queues.sorted_list",
    "time.timeout_queue:TimeoutQueue", (), (),
)  # fmt: skip


def _clock(
    name: str, device: str, cls: str, module: str, arguments: tuple[str, ...], chip: str
) -> Post:
    return Post(
        "clock", device, cls, f"drivers.{module}", "time.clockevent:ClockEvent", arguments,
        ((chip,),), "roles.clock_device:ClockRest", name,
    )  # fmt: skip


_PL011 = Post(
    "uart",
    "the PL011 UART",
    "Pl011Driver",
    "drivers.pl011",
    *_UART_ROLE,
    (("arm,pl011",),),
    _UART_REST,
)
POSTS: dict[str, tuple[Post, ...]] = {
    "rpi3": (
        Post(
            "irq-controller", "the two interrupt controllers", "BcmInterruptController",
            "drivers.bcm_ic", _CONTROLLER, ("cpu", "local", "peripheral", "number"),
            (("brcm,bcm2836-l1-intc",), ("brcm,bcm2836-armctrl-ic",)), _CONTROLLER_REST,
        ),
        _TIMER, _PL011, _QUEUE,
    ),
    "rpi4": (
        Post(
            "irq-controller", "the GICv2", "Gicv2", "drivers.gicv2", _CONTROLLER,
            ("cpu", "gicd", "gicc"), (("arm,gic-400",),), _CONTROLLER_REST,
        ),
        _TIMER, _PL011, _QUEUE,
    ),
    "x86": (
        Post(
            "irq-controller", "the pair of 8259s", "I8259Driver", "drivers.i8259",
            "roles.interrupt_controller:PicDriver", ("cpu",), (("intel,i8259",),),
            "roles.interrupt_controller:PicRest",
        ),
        _clock("pit", "counter 0 of the 8254", "PitClockEvent", "pit", ("cpu",), "intel,i8254"),
        _clock(
            "hpet", "comparator 0 of the HPET", "HpetClockEvent", "hpet",
            ("cpu", "base", "*", "standard_routing"), "intel,hpet",
        ),
        _clock(
            "arat", "the timer of the local APIC", "ApicTimerDriver", "apic_timer",
            ("cpu", "base", "vector"), "intel,local-apic",
        ),
        Post(
            "uart", "the 16550 UART", "Ns16550Driver", "drivers.ns16550", *_UART_ROLE,
            (("ns16550a",),), _UART_REST,
        ),
        _QUEUE,
    ),
}  # fmt: skip
"""By the kind of board.  Where a role has several, the first is the usual one."""
ROLES = ("irq-controller", "timer", "uart", "clock", "queue")
"""All of them, as people call them."""
ABSENT = {
    ("clock", "rpi3"): "a Raspberry Pi's timer measures and interrupts: its role is timer",
    ("clock", "rpi4"): "a Raspberry Pi's timer measures and interrupts: its role is timer",
    ("timer", "x86"): "what interrupts on a PC is apart from what measures: the role is clock",
}
"""Why a kind of board has no such role."""


def posts(role: str, board: str) -> tuple[Post, ...]:
    """Those of a role on a kind of board; none where it has no such role."""
    return tuple(post for post in POSTS.get(board, ()) if post.role == role)


def found(place: str) -> Any:
    """The class at ``module:Class`` under the kernel."""
    module, _, cls = place.partition(":")
    return getattr(import_module(f"kerneltui.kernel.{module}"), cls)
