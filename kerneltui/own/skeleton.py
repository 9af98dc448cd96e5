"""The beginning of a driver: a class whose methods say what they have to do."""

from __future__ import annotations

import re

from kerneltui.builtin import configs_dir
from kerneltui.errors import UserError, suggestion
from kerneltui.kernel.roles import Post
from kerneltui.own.loading import check_role

FILES = {
    "Gicv2": "gicv2", "BcmInterruptController": "bcm_ic", "I8259Driver": "i8259",
    "ArchTimer": "timer", "Pl011Driver": "pl011", "Ns16550Driver": "ns16550",
    "PitClockEvent": "clock_pit", "HpetClockEvent": "clock_hpet",
    "ApicTimerDriver": "clock_arat", "TimeoutQueue": "queue",
}  # fmt: skip
"""Under ``configs/drivers``, by the class that the driver stands for."""
ON_RPI3 = {"0xFE00_3000": "0x3F00_3000", 'Irq("gic", 99)': 'Irq("peripheral", 3)'}
"""What is elsewhere on a Raspberry Pi 3."""
CLASS = "MyDriver"


def skeleton(name: str, role: str, board: str, device: str = "") -> str:
    """The text of the file.  Raises :class:`UserError` for what there is not."""
    post = _meant(check_role(role, board), device)
    text = (configs_dir() / "drivers" / f"{FILES[post.stands_for]}.py").read_text(encoding="utf-8")
    if board == "rpi3":
        for here, there in ON_RPI3.items():
            text = text.replace(here, there)
    return text.replace(CLASS, class_name(name))


def _meant(found: tuple[Post, ...], device: str) -> Post:
    if not device:
        return found[0]
    names = {post.name: post for post in found if post.name}
    if device not in names:
        hint = suggestion(device, names) if names else "; this role has only one"
        raise UserError(f"there is no device '{device}' for the role{hint}")
    return names[device]


def class_name(name: str) -> str:
    """``my_timer`` becomes ``MyTimer``.  Raises :class:`UserError` where that is no name."""
    stem = re.split(r"[/\\\\]", name)[-1].removesuffix(".py")
    words = [word for word in re.split(r"[\W_]+", stem) if word]
    made = "".join(word[0].upper() + word[1:] for word in words)
    if not made.isidentifier():
        raise UserError(f"'{name}' is no name for a driver; write letters and digits: my_driver")
    return made
