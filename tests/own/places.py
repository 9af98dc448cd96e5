"""Where the kernel's own drivers lie, as files that a person could have written."""

from pathlib import Path

import kerneltui.kernel
from kerneltui.kernel.roles import POSTS
from kerneltui.scenarios.changes import Changes

KERNEL = Path(kerneltui.kernel.__file__).parent
PLACES = [(board, post) for board, found in POSTS.items() for post in found]
"""Each role on each board; of clock devices each one."""
IDS = [f"{board}-{post.stands_for}" for board, post in PLACES]
QUEUES = ("sorted_list", "vec", "heap", "wheel")


def source_of(post):
    """The file of the kernel's own driver."""
    return KERNEL / f"{post.source.replace('.', '/')}.py"


def queue_file(name):
    """That of one of the kernel's queues."""
    return KERNEL / "time" / "queues" / f"{name}.py"


def changes_of(post):
    """What makes the kernel use the device that the driver is of."""
    if post.role == "clock":
        return Changes(append=f"clock={post.name}")
    if post.stands_for == "I8259Driver":
        return Changes(append="apic=off")
    return Changes()
