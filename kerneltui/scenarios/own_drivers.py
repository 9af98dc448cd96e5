"""Whether drivers of a person's own can take the places that they want in a scenario."""

from __future__ import annotations

from collections.abc import Sequence

from kerneltui.configfile import ConfigFile
from kerneltui.errors import UserError
from kerneltui.kernel.faults import classes_of
from kerneltui.kernel.pc.boot_parameters import parse
from kerneltui.kernel.programs import PROGRAMS
from kerneltui.kernel.roles import POSTS
from kerneltui.machine.checked_board import Board
from kerneltui.own.driver import OwnDriver
from kerneltui.scenarios.reading import ImageScenario, Scenario
from kerneltui.scenarios.spec import ScenarioSpec


def no_drivers(_: str) -> tuple[OwnDriver, ...]:
    """The kernel's own are used."""
    return ()


def kind_for_drivers(board: Board, scenario: Scenario) -> str:
    """The kind of board that drivers are to be for; empty where none can be: an image runs."""
    return "" if isinstance(scenario, ImageScenario) else board.spec.bsp


def check_drivers(
    drivers: Sequence[OwnDriver],
    bsp: str,
    spec: ScenarioSpec,
    file: ConfigFile,
    *,
    boot: str,
    queue: str,
) -> None:
    """Raises :class:`UserError` where they cannot.

    ``boot`` are all boot parameters, ``queue`` what the command line wants of the queue.
    """
    if not drivers:
        return
    from kerneltui.debugger.kernel_source import forget_source

    forget_source()  # a file may have been loaded anew
    for driver in drivers:
        option, post = f"--driver {driver.role}", driver.post
        if post not in POSTS.get(bsp, ()):
            raise UserError(f"{option}: {driver.path} was loaded for another kind of board")
        for number, name in enumerate(spec.faults):
            wrong = {base.__name__ for item in classes_of(name) for base in item.__mro__}
            if post.stands_for in wrong:
                said = f"the fault '{name}' is in the driver that {driver.path} stands for"
                raise file.error(("faults", number), said)
        if driver.role == "queue" and queue:
            raise UserError(f"{option}: leave out --queue, which chooses one of the kernel's own")
        if driver.role == "queue" and not PROGRAMS[spec.program].has_queue:
            raise UserError(f"{option}: this scenario has no queue of timeouts")
        wanted = parse(boot).clock
        if driver.role == "clock" and wanted not in {None, post.name}:
            raise UserError(f"{option}: {driver.path} is of {post.name}, but clock={wanted}")
