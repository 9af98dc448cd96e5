"""Machines that run the proof kernels, and what comes of them."""

import hashlib
from pathlib import Path

from kerneltui.debugger.recorder import Recorder
from kerneltui.machine.board import load_board
from kerneltui.machine.machine import Machine
from kerneltui.machine.native.firmware import FirmwareOptions, board_for_image
from kerneltui.machine.native.image import load_image

IMAGES = Path(__file__).parent / "images"
MS = 1_000_000
AT_EL3 = ("el3",)
"""The proof kernels that begin there, on all cores"""
OPEN = []
"""The machines of a test"""


def image_path(name):
    """The file of a proof kernel."""
    return IMAGES / f"{name}.elf"


class Run:
    """A machine that runs a proof kernel, with the text that it sends and when it was sent."""

    def __init__(self, name, board="rpi4", typed=(), traced=False):
        is_old = name in AT_EL3
        firmware = FirmwareOptions(entry="el3" if is_old else "el2")
        found = board_for_image(load_board(board), firmware)
        image = load_image(image_path(name), level=3 if is_old else 2, all_cores=is_old)
        self.machine = Machine(found, image)
        OPEN.append(self.machine)
        self.text, self.times = "", []
        self.hash, self.events = hashlib.sha256(), 0
        self.taken = []
        if traced:
            Recorder(self.machine, self._event)
        self.machine.terminal.on_output = self._sent
        self.machine.terminal.play(list(typed))

    def _sent(self, byte):
        self.text += chr(byte)
        self.times.append(self.machine.now)

    def _event(self, event):
        self.events += 1
        self.hash.update(repr(event).encode())

    def until(self, ns):
        """Run to a virtual time, in one go."""
        self.machine.run(until=ns)
        return self

    @property
    def outcome(self):
        """All that must be the same, however the machine was run."""
        cores = self.machine.cores
        return (
            self.text, tuple(self.times), self.machine.now, self.machine.halt_reason,
            tuple((core.retired, core.interrupts_taken, core.state) for core in cores),
            tuple(core.engine.general() if core.engine.is_started else () for core in cores),
            self.events, self.hash.hexdigest(),
        )  # fmt: skip
